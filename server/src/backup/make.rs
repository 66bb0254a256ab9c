//! Makes a backup, beside a server that goes on serving.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{FORMAT, FileSum, Manifest, PARTIAL};
use super::{BackupError, Programs, Result, at, copying, damaged, objects};
use crate::clock::{Clock, SystemClock, rfc3339};
use crate::config::DataConfig;
use crate::data_folder::{BELONGINGS, DataFolder, OBJECTS, make_private, sync_folder};
use crate::objects::is_staged;
use crate::rng::{Rng, SystemRng};
use crate::store::Store;
use crate::store::whole::{self, Contents};

/// A backup that is there.
pub struct Made {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Whether the key with which the server signs lies in it.
    pub has_key: bool,
}

/// Makes one in the folder `to`, which appears when everything in it is durable.
pub async fn make(config: &DataConfig, to: &Path, programs: &Programs) -> Result<Made> {
    let data = DataFolder::at(&config.data);
    check_target(&data, to)?;
    let missing = || BackupError::SourceMissing(data.database().display().to_string());
    if config.database_url.is_some() {
        data.make()?;
    } else if !data.path().is_dir() {
        return Err(missing());
    }
    let hold = data.open()?;
    if config.database_url.is_none() && !data.database().is_file() {
        return Err(missing());
    }
    let partial = partial_name(to)?;
    make_private(&partial).map_err(at(&partial))?;
    let made = fill(config, &data, &partial, programs).await;
    let made = made.and_then(|made| {
        copying::sync_tree(&partial)?;
        put(&partial, to)?;
        Ok(made)
    });
    if made.is_err() {
        // What cannot be removed either is told by its name.
        let _ = fs::remove_dir_all(&partial);
    }
    hold.let_go();
    made
}

fn check_target(data: &DataFolder, to: &Path) -> Result<()> {
    let invalid = |why| Err(BackupError::TargetInvalid(to.to_owned(), why));
    if to.file_name().is_none() {
        return invalid("is no name of a folder");
    }
    if to.to_string_lossy().contains(PARTIAL) {
        return invalid("is a name that only unfinished backups have");
    }
    if to.exists() || to.is_symlink() {
        let empty = fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_none());
        if !empty {
            return Err(BackupError::TargetExists(to.to_owned()));
        }
    }
    let parent = parent(to);
    make_private(&parent).map_err(at(&parent))?;
    let parent = parent.canonicalize().map_err(at(&parent))?;
    for folder in BELONGINGS {
        let own = data.path().join(folder).canonicalize();
        if own.is_ok_and(|own| parent.starts_with(own)) {
            return invalid("lies within what is to be backed up");
        }
    }
    Ok(())
}

fn parent(to: &Path) -> PathBuf {
    match to.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("."),
    }
}

/// Beside the folder that it becomes, so that it is renamed and not copied.
fn partial_name(to: &Path) -> Result<PathBuf> {
    let mut random = [0; 8];
    SystemRng.fill(&mut random);
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(PARTIAL);
    name.push(hex::encode(random));
    let parent = parent(to);
    Ok(parent.canonicalize().map_err(at(&parent))?.join(name))
}

fn put(partial: &Path, to: &Path) -> Result<()> {
    fs::rename(partial, to).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::DirectoryNotEmpty => {
            BackupError::TargetExists(to.to_owned())
        }
        _ => at(to)(error),
    })?;
    let parent = parent(to);
    sync_folder(&parent).map_err(at(&parent))
}

async fn fill(
    config: &DataConfig,
    data: &DataFolder,
    folder: &Path,
    programs: &Programs,
) -> Result<Made> {
    let mut files: BTreeMap<String, FileSum> = BTreeMap::new();
    let kind = match config.database_url {
        Some(_) => "postgres",
        None => "sqlite",
    };
    let name = Manifest::database_file(kind);
    let file = folder.join(&name);
    let below = parent(&file);
    make_private(&below).map_err(at(&below))?;
    // The database first: a file that it names was there before it was copied, and files are only added.
    let made_at = rfc3339(SystemClock.now());
    let contents = match &config.database_url {
        Some(url) => dump(url, &file, programs).await?,
        None => {
            whole::copy_sqlite(&data.database(), &file).await?;
            read_copy(&file, &name).await?
        }
    };
    copying::settle(&file)?;
    files.insert(name, copying::sum(&file)?.into());
    let elsewhere = config.objects_elsewhere()?;
    for folder_name in BELONGINGS {
        if folder_name == OBJECTS && elsewhere.is_some() {
            continue;
        }
        let source = data.path().join(folder_name);
        for path in copying::list(&source)? {
            // Half of a file that becomes one later, or never.
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            if folder_name == OBJECTS && is_staged(&file_name) {
                continue;
            }
            let path = Path::new(folder_name).join(path);
            let from = data.path().join(&path);
            let name = Manifest::data_file(&path).ok_or_else(|| {
                BackupError::TargetInvalid(from.clone(), "has a name that is no UTF-8")
            })?;
            match copying::copy(&from, &folder.join(&name)) {
                Ok(sum) => drop(files.insert(name, sum.into())),
                // An upload that was finished meanwhile: its pieces are gone, and what they became came later than the
                // database that was copied.
                Err(BackupError::Io { .. }) if !from.exists() => {}
                Err(error) => return Err(error),
            }
        }
    }
    if let Some(objects) = &elsewhere {
        files.extend(objects::fetch(objects, folder).await?);
    }
    let manifest = Manifest {
        format: FORMAT,
        fieldseal: env!("CARGO_PKG_VERSION").to_owned(),
        made_at,
        database: kind.to_owned(),
        schema: contents.schema,
        epoch: contents.epoch,
        feed_position: contents.feed_position,
        rows: contents.rows,
        files,
    };
    manifest.write(folder)?;
    let in_files = manifest
        .data_files()
        .any(|(path, _, _)| path.starts_with(crate::data_folder::KEYS));
    let has_key = in_files || contents.has_key;
    Ok(Made { manifest, has_key })
}

/// Reads the copy and lets SQLite look for faults in it: a backup of a damaged database is noticed tonight, not on the
/// day that it is needed.
async fn read_copy(file: &Path, name: &str) -> Result<Contents> {
    if let Some(fault) = whole::fault_of_sqlite(file).await? {
        return Err(damaged(name, format!("is not sound: {fault}")));
    }
    Ok(whole::contents_of_sqlite(file).await?)
}

async fn dump(url: &str, file: &Path, programs: &Programs) -> Result<Contents> {
    let store = Store::connect_postgres(url, 1).await?;
    let mut db = store.read().await?;
    let snapshot = whole::export_snapshot(&mut db).await?;
    let contents = whole::contents(&mut db).await?;
    programs.dump(url, &snapshot, file)?;
    drop(db);
    store.close().await;
    Ok(contents)
}
