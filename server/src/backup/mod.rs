//! Backup and restore of a whole server: the database as it stood at one instant, then its files, which are only ever
//! added, so that every file that the database names is there. A backup is a folder that appears whole or not at all; a
//! restore checks every byte of it before it touches anything, and sets aside what it replaces.

mod copying;
mod make;
mod manifest;
mod objects;
mod programs;
mod restore;

use std::io;
use std::path::{Path, PathBuf};

pub use make::{Made, make};
pub use manifest::{Manifest, check};
pub use programs::Programs;
pub use restore::{Restored, restore};

use crate::data_folder::FolderError;
use crate::objects::{ObjectsError, OpenObjectsError};
use crate::store::StoreError;

/// Why there is no backup, or none that can be restored. Each begins with its stable code.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Nothing to back up.
    #[error("backup_source_missing: there is no database of a server at {0}")]
    SourceMissing(String),
    /// A backup is never written over anything.
    #[error("backup_target_exists: {0} is there already; a backup gets a folder of its own")]
    TargetExists(PathBuf),
    /// The backup cannot lie there.
    #[error("backup_target_invalid: {0} {1}")]
    TargetInvalid(PathBuf, &'static str),
    /// There is no such folder.
    #[error("backup_missing: there is no folder {0}")]
    Missing(PathBuf),
    /// No backup, or what one left that was cut.
    #[error("backup_incomplete: {0} {1}")]
    Incomplete(PathBuf, &'static str),
    /// A file is not what was backed up.
    #[error("backup_damaged: {file} {why}; nothing was restored")]
    Damaged {
        /// Which file, as the manifest names it.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// Written by a version to come.
    #[error(
        "backup_format_newer: the backup has format {0}, and this version reads up to {1}; use a newer fieldseal"
    )]
    FormatNewer(u32, u32),
    /// Its database knows a migration that this binary does not.
    #[error(
        "backup_schema_newer: the backup is of a newer version of Fieldseal (migration {0}); restore it with that version"
    )]
    SchemaNewer(String),
    /// Of the other database.
    #[error("restore_database_mismatch: the backup is of {0}; {1}")]
    Mismatch(String, &'static str),
    /// Only an empty PostgreSQL database is filled.
    #[error(
        "restore_target_not_empty: the database holds {0} tables; restore into an empty one (createdb)"
    )]
    NotEmpty(u64),
    /// The restored database does not hold what the manifest counts.
    #[error("restore_check_failed: {0} holds {1} rows, and {2} were backed up")]
    CheckFailed(String, i64, i64),
    /// `pg_dump` or `pg_restore` cannot be run.
    #[error(
        "backup_program_missing: {0} cannot be run ({1}); it comes with PostgreSQL's client programs, and --pg-bin says where it is"
    )]
    ProgramMissing(&'static str, io::Error),
    /// It ran, and failed.
    #[error("backup_program_failed: {0} said: {1}")]
    ProgramFailed(&'static str, String),
    /// Somebody has the data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file cannot be read or written.
    #[error("backup_file_failed: {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Evidence lies in a store of objects that does not open as configured.
    #[error(transparent)]
    OpenObjects(#[from] OpenObjectsError),
    /// The store of objects fails.
    #[error("backup_objects_failed: {0}")]
    Objects(#[from] ObjectsError),
    /// The database fails.
    #[error("backup_database_failed: {0}")]
    Store(#[from] StoreError),
}

/// A result of backing up or restoring.
pub type Result<T, E = BackupError> = std::result::Result<T, E>;

/// Says which file it was.
fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { path, source }
}

fn damaged(file: &str, why: impl Into<String>) -> BackupError {
    BackupError::Damaged {
        file: file.to_owned(),
        why: why.into(),
    }
}
