//! What a backup says of itself: when it was made, of which database and epoch, how many rows every table has, and the
//! length and hash of every file. `SHA256SUMS` says the same to `sha256sum --check`, and holds the manifest's own hash.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use sync_core::limits::BACKUP_MANIFEST_BYTES_MAX;

use super::copying::{self, Sum};
use super::{BackupError, Result, at, damaged};
use crate::data_folder::BELONGINGS;
use crate::store::migrations::MIGRATIONS;

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;
/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";
/// The name of the list that coreutils check.
pub const SUMS: &str = "SHA256SUMS";
/// A folder that is being written, and what a backup leaves that was killed.
pub const PARTIAL: &str = ".partial-";
/// The folder of the database.
const DATABASE: &str = "database";
/// The folder of what lies in the data folder.
const DATA: &str = "data";

/// The manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of the backup itself.
    pub format: u32,
    /// Which version wrote it.
    pub fieldseal: String,
    /// RFC 3339: the database is as it stood then.
    pub made_at: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// The newest migration of the database.
    pub schema: String,
    /// The epoch that stood; none in a database that never served.
    pub epoch: Option<String>,
    /// Where the feed ended.
    pub feed_position: i64,
    /// Rows of every table.
    pub rows: BTreeMap<String, i64>,
    /// Every file but this one and the list of sums, by its path.
    pub files: BTreeMap<String, FileSum>,
}

/// A file of the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSum {
    /// Its length.
    pub bytes: u64,
    /// In hex.
    pub sha256: String,
}

impl From<Sum> for FileSum {
    fn from((bytes, sha256): Sum) -> Self {
        Self { bytes, sha256 }
    }
}

impl Manifest {
    /// The database's file, by its path in the backup.
    pub fn database_file(database: &str) -> String {
        match database {
            "sqlite" => format!("{DATABASE}/fieldseal.db"),
            _ => format!("{DATABASE}/fieldseal.dump"),
        }
    }

    /// Where a file of the data folder lies in a backup.
    pub fn data_file(path: &Path) -> Option<String> {
        let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
        Some(format!("{DATA}/{}", parts?.join("/")))
    }

    /// The files of the data folder, each by its path there and in the backup.
    pub fn data_files(&self) -> impl Iterator<Item = (PathBuf, &str, &FileSum)> {
        self.files.iter().filter_map(|(name, sum)| {
            let below = name.strip_prefix(DATA)?.strip_prefix('/')?;
            Some((PathBuf::from(below), name.as_str(), sum))
        })
    }

    /// How long all files are together.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }

    /// Writes the manifest and the sums into the folder: the last of a backup.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let text = self.text();
        copying::write(&folder.join(MANIFEST), text.as_bytes())?;
        copying::write(&folder.join(SUMS), self.sums(text.as_bytes()).as_bytes())
    }

    fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    fn sums(&self, manifest: &[u8]) -> String {
        let mut lines: Vec<String> = self
            .files
            .iter()
            .map(|(name, file)| format!("{}  {name}\n", file.sha256))
            .collect();
        let own = hex::encode(digest(&SHA256, manifest));
        lines.push(format!("{own}  {MANIFEST}\n"));
        lines.concat()
    }

    /// A path that a backup may name: below its own folders, and nowhere else.
    fn may_name(&self, name: &str) -> bool {
        let path = Path::new(name);
        let plain = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let of_data = self
            .data_files()
            .filter(|(_, it, _)| *it == name)
            .any(|(below, _, _)| BELONGINGS.iter().any(|folder| below.starts_with(folder)));
        plain && (of_data || name == Self::database_file(&self.database))
    }
}

fn read(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let file = folder.join(name);
    let length = std::fs::metadata(&file).map_err(at(&file))?.len();
    if length > BACKUP_MANIFEST_BYTES_MAX {
        return Err(damaged(name, "is longer than any that was written"));
    }
    std::fs::read(&file).map_err(at(&file))
}

/// Reads a backup whole: nothing is missing, cut or another than it was.
pub fn check(folder: &Path) -> Result<Manifest> {
    if !folder.is_dir() {
        return Err(BackupError::Missing(folder.to_owned()));
    }
    let incomplete = |why| Err(BackupError::Incomplete(folder.to_owned(), why));
    // A name alone tells it: a backup gets its own when it is whole.
    let real = folder.canonicalize().map_err(at(folder))?;
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    if name.contains(PARTIAL) {
        return incomplete("was left by a backup that did not end");
    }
    match (folder.join(MANIFEST).is_file(), folder.join(SUMS).is_file()) {
        (true, true) => {}
        (false, false) => return incomplete("holds no manifest.json: it is no backup"),
        (true, false) => return Err(damaged(SUMS, "is missing")),
        (false, true) => return Err(damaged(MANIFEST, "is missing")),
    }
    let text = read(folder, MANIFEST)?;
    let sums = read(folder, SUMS)?;
    let own = format!("{}  {MANIFEST}\n", hex::encode(digest(&SHA256, &text)));
    if !sums.ends_with(own.as_bytes()) {
        return Err(damaged(MANIFEST, "is not as it was written"));
    }
    // Before its shape is asked for, which a later format may change.
    #[derive(Deserialize)]
    struct Told {
        format: u32,
    }
    let told: Told = serde_json::from_slice(&text)
        .map_err(|error| damaged(MANIFEST, format!("cannot be read: {error}")))?;
    if told.format > FORMAT {
        return Err(BackupError::FormatNewer(told.format, FORMAT));
    }
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| damaged(MANIFEST, format!("cannot be read: {error}")))?;
    if sums != manifest.sums(&text).as_bytes() {
        return Err(damaged(SUMS, "is not as it was written"));
    }
    if !["sqlite", "postgres"].contains(&manifest.database.as_str()) {
        return Err(damaged(MANIFEST, "names a database that nobody knows"));
    }
    if !manifest
        .files
        .contains_key(&Manifest::database_file(&manifest.database))
    {
        return Err(damaged(MANIFEST, "names no database"));
    }
    // Names are numbered, so that they are in order.
    let newest = MIGRATIONS.last().map_or("", |migration| migration.name);
    if manifest.schema.as_str() > newest {
        return Err(BackupError::SchemaNewer(manifest.schema));
    }
    for (name, wanted) in &manifest.files {
        if !manifest.may_name(name) {
            return Err(damaged(MANIFEST, format!("names {name}")));
        }
        let file = folder.join(name);
        match std::fs::metadata(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(damaged(name, "is missing"));
            }
            Err(error) => return Err(at(&file)(error)),
            Ok(it) if it.len() != wanted.bytes => {
                let why = format!("has {} bytes, and {} were written", it.len(), wanted.bytes);
                return Err(damaged(name, why));
            }
            Ok(_) => {}
        }
        if copying::sum(&file)?.1 != wanted.sha256 {
            return Err(damaged(name, "is not as it was written"));
        }
    }
    Ok(manifest)
}
