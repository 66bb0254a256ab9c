//! The phone's SQLite: WAL, `synchronous=FULL`, foreign keys, versioned migrations. What belongs together is one
//! transaction, so that a kill at any instruction leaves all of it or nothing. A damaged file is set aside under another
//! name, never overwritten.

mod between_phones;
mod evidence;
mod quarantine;
mod reading;
mod writing;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sync_core::model::{Actor, ChangeHash, Millis};
use sync_core::sync::wire::{DocumentHeader, SignedTip};

use crate::error::ClientError;
use crate::fault::Faults;
use crate::media::Reserve;

pub use between_phones::CodeKind;
pub use evidence::{CapturedFile, EntryKey, EntryState, MediaEntry, StoredReceipt};
pub use reading::{DocumentRow, SignerRow, StoredChange};
pub use writing::Write;

/// Migrations in order; each is applied once, the database's `user_version` says how far it is.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_phone.sql"),
    include_str!("../../migrations/0002_evidence.sql"),
    include_str!("../../migrations/0003_between_phones.sql"),
    include_str!("../../migrations/0004_quarantine.sql"),
];

/// The setting under which papers of the server's wait to be brought back to it.
pub const PAPERS: &str = "papers";
/// Reference records that the server signed, so that it can take them back.
pub const SIGNED_KINDS: [&str; 2] = ["lease", "re_entry_grant"];

/// One phone's store.
pub struct Store {
    pub(crate) db: Connection,
    pub(crate) faults: Faults,
    pub(crate) reserve: Reserve,
}

/// What a list shows of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Campaign.
    pub campaign_id: String,
    /// Of the identity.
    pub enterprise_key: String,
    /// As recorded.
    pub enterprise_name: String,
    /// Wall time of the first arrival.
    pub entered_at_ms: Option<Millis>,
    /// Not voided.
    pub sheets: i64,
    /// Sealed.
    pub sealed: i64,
}

/// A document as it now is.
#[derive(Debug, Clone)]
pub struct DocumentState {
    /// Its identity.
    pub header: DocumentHeader,
    /// `save()` bytes; disposable.
    pub snapshot: Vec<u8>,
    /// For lists.
    pub columns: Columns,
    /// When it changed here.
    pub updated_at_ms: Millis,
}

/// One change of this install with its signature.
#[derive(Debug, Clone)]
pub struct OwnChange {
    /// Hash.
    pub hash: ChangeHash,
    /// This install's actor.
    pub actor: Actor,
    /// Its number.
    pub seq: u64,
    /// Raw chunk.
    pub bytes: Vec<u8>,
    /// Signed when it was made.
    pub tip: SignedTip,
}

impl Store {
    /// Opens or makes the database. If the file is damaged it is renamed to `<name>.damaged-<wall>` and a fresh one made;
    /// the new name is kept in the setting `set_aside`.
    pub fn open(path: &Path, wall_ms: Millis, faults: Faults) -> Result<Self, ClientError> {
        match Self::try_open(path, faults.clone()) {
            Ok(store) => Ok(store),
            Err(error) if is_damage(&error) => {
                let aside = set_aside(path, wall_ms)?;
                tracing::error!(%error, aside = %aside.display(), "the database is damaged and was set aside");
                let store = Self::try_open(path, faults)?;
                store.put_setting("set_aside", &aside.display().to_string())?;
                Ok(store)
            }
            Err(error) if is_full(&error) && Reserve::beside(path).give() => {
                Self::open(path, wall_ms, faults)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn try_open(path: &Path, faults: Faults) -> Result<Self, rusqlite::Error> {
        let mut db = Connection::open(path)?;
        db.busy_timeout(std::time::Duration::from_secs(10))?;
        db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        let sound: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
            return Err(rusqlite::Error::SqliteFailure(code, Some(sound)));
        }
        let version: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for (number, migration) in (1u32..)
            .zip(MIGRATIONS)
            .filter(|(number, _)| *number > version)
        {
            let tx = db.transaction()?;
            tx.execute_batch(migration)?;
            tx.pragma_update(None, "user_version", number)?;
            tx.commit()?;
        }
        let reserve = Reserve::beside(path);
        Ok(Self {
            db,
            faults,
            reserve,
        })
    }
}

/// Whether the disk has no room. Some files of SQLite's own are mapped, and then it is no write that fails.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::DiskFull;
    use rusqlite::ffi::{SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_WRITE};
    let mapped = |code| [SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_WRITE].contains(&code);
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            failure.code == DiskFull || mapped(failure.extended_code)
        }
        _ => false,
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseCorrupt | NotADatabase)
    )
}

fn set_aside(path: &Path, wall_ms: Millis) -> Result<PathBuf, ClientError> {
    let named = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    // Never onto an older one: several damaged files are all kept.
    let mut number = 0;
    let aside = loop {
        let aside = named(&format!(".damaged-{wall_ms}-{number}"));
        if !aside.exists() {
            break aside;
        }
        number += 1;
    };
    let failed =
        |e: std::io::Error| ClientError::new("store.failed", "The damaged file stays").with(e);
    std::fs::rename(path, &aside).map_err(failed)?;
    for suffix in ["-wal", "-shm"] {
        let beside = named(suffix);
        if beside.exists() {
            let mut name = aside.as_os_str().to_owned();
            name.push(suffix);
            std::fs::rename(beside, PathBuf::from(name)).map_err(failed)?;
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests;
