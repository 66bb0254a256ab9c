//! Puts a backup where a server will start: everything is checked and made ready beside what is there, then put into
//! place in a few renames. Cut anywhere, it is run again; what was there before is set aside, never overwritten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::manifest::{Manifest, check};
use super::{BackupError, Programs, Result, at, copying, damaged, objects};
use crate::clock::{Clock, SystemClock};
use crate::config::DataConfig;
use crate::data_folder::{BELONGINGS, DataFolder, OBJECTS, make_private, sync_folder};
use crate::rng::{Rng, SystemRng};
use crate::store::whole;
use crate::store::{Store, feed, migrations};

/// Folders in which a restore makes things ready; those of one that was cut are removed by the next.
const READY: &str = "restore-ready-";
const ASIDE: &str = "set-aside-";

/// What was done.
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// Where that lies now which was there before; none where nothing was.
    pub set_aside: Option<PathBuf>,
    /// The epoch that begins.
    pub epoch: String,
}

/// Restores the backup `from` into a data folder (and an empty PostgreSQL database).
pub async fn restore(config: &DataConfig, from: &Path, programs: &Programs) -> Result<Restored> {
    let manifest = check(from)?;
    match (manifest.database.as_str(), &config.database_url) {
        ("sqlite", Some(_)) => {
            let why = "restore it without FIELDSEAL_DATABASE_URL, then `fieldseal migrate-store`";
            return Err(BackupError::Mismatch(manifest.database, why));
        }
        ("postgres", None) => {
            let why = "FIELDSEAL_DATABASE_URL names the empty database for it";
            return Err(BackupError::Mismatch(manifest.database, why));
        }
        _ => {}
    }
    let data = DataFolder::at(&config.data);
    data.make()?;
    let _hold = data.take()?;
    let place = Place::new(&data)?;
    let elsewhere = config.objects_elsewhere()?;
    if let Some(objects) = &elsewhere {
        // Joined with what is there, and named by nothing until the database is in its place.
        objects::give_back(objects, &manifest, from).await?;
    }
    let elsewhere = elsewhere.is_some();
    let database = from.join(Manifest::database_file(&manifest.database));
    let epoch = match &config.database_url {
        None => {
            let ready = ready_sqlite(&place, &manifest, &database).await?;
            ready_files(&place, &manifest, from, elsewhere)?;
            place.begin()?;
            place.set_database_aside()?;
            place.put_files(&manifest)?;
            // The database last: what it names is there.
            place.rename(&place.ready.join("fieldseal.db"), &data.database())?;
            ready
        }
        Some(url) => {
            // No server starts on a database whose filling has not ended.
            let store = fill_postgres(url, &manifest, &database, programs).await?;
            ready_files(&place, &manifest, from, elsewhere)?;
            place.begin()?;
            place.put_files(&manifest)?;
            let epoch = begin_epoch(&store).await?;
            whole::end_filling(&store).await?;
            store.close().await;
            epoch
        }
    };
    fs::remove_dir_all(&place.ready).map_err(at(&place.ready))?;
    data.end_restoring().map_err(at(data.path()))?;
    let set_aside = place.aside.is_dir().then_some(place.aside);
    Ok(Restored {
        manifest,
        set_aside,
        epoch,
    })
}

struct Place<'a> {
    data: &'a DataFolder,
    ready: PathBuf,
    /// Takes what was there before; the one of the restore that was cut here, if one was.
    aside: PathBuf,
    /// Takes what a restore that was cut had put into place already.
    again: PathBuf,
}

impl<'a> Place<'a> {
    fn new(data: &'a DataFolder) -> Result<Self> {
        let folder = data.path();
        for entry in fs::read_dir(folder).map_err(at(folder))? {
            let entry = entry.map_err(at(folder))?;
            if entry.file_name().to_string_lossy().starts_with(READY) {
                fs::remove_dir_all(entry.path()).map_err(at(&entry.path()))?;
            }
        }
        let mut random = [0; 8];
        SystemRng.fill(&mut random);
        let ready = folder.join(format!("{READY}{}", hex::encode(random)));
        make_private(&ready).map_err(at(&ready))?;
        let now = jiff::Timestamp::from_millisecond(SystemClock.now()).unwrap_or_default();
        let name = format!("{ASIDE}{}", now.strftime("%Y%m%dT%H%M%SZ"));
        let begun = data.set_aside_by_cut_restore().map_err(at(folder))?;
        let begun = begun.filter(|name| Self::is_aside(name));
        let begun = begun.map(|name| folder.join(name));
        // The folder of the cut one may not be there yet, and is nobody else's.
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let names = std::iter::once(name.clone()).chain(numbered);
        let mut free = names
            .map(|name| folder.join(name))
            .filter(|path| !path.exists() && Some(path) != begun.as_ref());
        let mut fresh = || free.next().unwrap_or_else(|| folder.join(&name));
        let aside = begun.clone().unwrap_or_else(&mut fresh);
        let again = fresh();
        Ok(Self {
            data,
            ready,
            aside,
            again,
        })
    }

    /// A name that a restore gave, and no way out of the data folder.
    fn is_aside(name: &str) -> bool {
        name.starts_with(ASIDE) && Path::new(name).file_name() == Some(name.as_ref())
    }

    /// From here on things are put into place.
    fn begin(&self) -> Result<()> {
        let name = self.aside.file_name().unwrap_or_default();
        let begun = self.data.begin_restoring(&name.to_string_lossy());
        begun.map_err(at(self.data.path()))
    }

    /// The database with its log, together: a database without its log is damaged, and has lost what was written last.
    fn set_database_aside(&self) -> Result<()> {
        let files = self.data.database_files();
        let [database, ..] = &files;
        // A restore that was cut between the two leaves the log behind; one that was cut later, what it has restored.
        let restored = database.exists() && self.below(&self.aside, database).exists();
        let folder = if restored { &self.again } else { &self.aside };
        for old in files.iter().filter(|old| old.exists()) {
            self.rename(old, &self.below(folder, old))?;
        }
        Ok(())
    }

    fn set_aside(&self, path: &Path) -> Result<()> {
        if !path.exists() && !path.is_symlink() {
            return Ok(());
        }
        let kept = self.below(&self.aside, path);
        let to = if kept.exists() {
            self.below(&self.again, path)
        } else {
            kept
        };
        self.rename(path, &to)
    }

    fn below(&self, folder: &Path, path: &Path) -> PathBuf {
        folder.join(path.strip_prefix(self.data.path()).unwrap_or(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let folder = to.parent().unwrap_or(to);
        make_private(folder).map_err(at(folder))?;
        fs::rename(from, to).map_err(at(from))?;
        sync_folder(folder).map_err(at(folder))?;
        let left = from.parent().unwrap_or(from);
        sync_folder(left).map_err(at(left))
    }

    /// Evidence is joined with what is there, because it is named by its content and what came since the backup may lie
    /// nowhere else; everything else is replaced.
    fn put_files(&self, manifest: &Manifest) -> Result<()> {
        for folder in BELONGINGS.iter().filter(|folder| **folder != OBJECTS) {
            self.set_aside(&self.data.path().join(folder))?;
        }
        for (path, _, _) in manifest.data_files() {
            let ready = self.ready.join(&path);
            // Not made ready where the same lies in its place.
            if ready.exists() {
                let target = self.data.path().join(&path);
                self.set_aside(&target)?;
                self.rename(&ready, &target)?;
            }
        }
        Ok(())
    }
}

/// Copies what is not in its place already, and checks again what was copied.
fn ready_files(
    place: &Place<'_>,
    manifest: &Manifest,
    from: &Path,
    objects_elsewhere: bool,
) -> Result<()> {
    for (path, name, wanted) in manifest.data_files() {
        if objects_elsewhere && path.starts_with(OBJECTS) {
            continue;
        }
        let there = place.data.path().join(&path);
        if path.starts_with(OBJECTS) && there.is_file() {
            let (bytes, sha256) = copying::sum(&there)?;
            if bytes == wanted.bytes && sha256 == wanted.sha256 {
                continue;
            }
        }
        let copied = copying::copy(&from.join(name), &place.ready.join(&path))?;
        same(name, copied, &wanted.sha256)?;
    }
    copying::sync_tree(&place.ready)
}

fn same(name: &str, copied: copying::Sum, wanted: &str) -> Result<()> {
    match copied.1 == wanted {
        true => Ok(()),
        false => Err(damaged(name, "changed while it was read")),
    }
}

/// The database as it will stand: checked by SQLite, migrated, and in a new epoch.
async fn ready_sqlite(place: &Place<'_>, manifest: &Manifest, from: &Path) -> Result<String> {
    let name = Manifest::database_file("sqlite");
    let ready = place.ready.join("fieldseal.db");
    let copied = copying::copy(from, &ready)?;
    same(&name, copied, &manifest.files[&name].sha256)?;
    if let Some(fault) = whole::fault_of_sqlite(&ready).await? {
        return Err(damaged(&name, format!("is not sound: {fault}")));
    }
    compare(manifest, &whole::contents_of_sqlite(&ready).await?)?;
    let store = Store::open_sqlite(&ready).await?;
    let epoch = begin_epoch(&store).await?;
    store.close().await;
    let wal = place.ready.join("fieldseal.db-wal");
    if wal.exists() {
        let error = io::Error::other("the log was not written back");
        return Err(at(&wal)(error));
    }
    copying::settle(&ready)?;
    Ok(epoch)
}

async fn fill_postgres(
    url: &str,
    manifest: &Manifest,
    dump: &Path,
    programs: &Programs,
) -> Result<Store> {
    let store = Store::connect_postgres(url, 2).await?;
    match whole::fill_state(&store).await? {
        // Only the mark: nothing came, or nothing stayed.
        whole::FillState::Empty | whole::FillState::Begun => {
            whole::begin_filling(&store).await?;
            programs.restore(url, dump)?;
        }
        // Everything came, and then it was cut.
        whole::FillState::Filled => {}
        whole::FillState::Foreign(tables) => return Err(BackupError::NotEmpty(tables)),
    }
    let mut db = store.read().await?;
    let contents = whole::contents(&mut db).await?;
    drop(db);
    compare(manifest, &contents)?;
    migrations::run(&store).await?;
    Ok(store)
}

fn compare(manifest: &Manifest, found: &whole::Contents) -> Result<()> {
    let tables = manifest.rows.keys().chain(found.rows.keys());
    for table in tables {
        let rows = |rows: &std::collections::BTreeMap<String, i64>| {
            rows.get(table).copied().unwrap_or_default()
        };
        let (there, wanted) = (rows(&found.rows), rows(&manifest.rows));
        if there != wanted {
            return Err(BackupError::CheckFailed(table.clone(), there, wanted));
        }
    }
    Ok(())
}

/// Restored, whether or not it ever starts: cursors of the epochs before it end here, and every phone offers again.
async fn begin_epoch(store: &Store) -> Result<String> {
    let mut chance = [0; 8];
    SystemRng.fill(&mut chance);
    let mut tx = store.begin().await?;
    let now = SystemClock.now();
    let epoch = feed::begin_epoch(&mut tx, feed::Begun::Restored, chance, now).await?;
    tx.commit().await?;
    Ok(epoch)
}
