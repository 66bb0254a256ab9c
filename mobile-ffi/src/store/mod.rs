//! The phone's SQLite: WAL, `synchronous=FULL`, foreign keys, versioned migrations. What belongs together is one
//! transaction, so that a kill at any instruction leaves all of it or nothing. A damaged file is set aside under another
//! name, never overwritten, and what can be read of it is carried over ([ADR 19](../../../docs/adr/0019-the-phones-store.md)).

mod between_phones;
mod evidence;
pub(crate) mod opening;
mod pages;
mod quarantine;
mod reading;
mod salvage;
mod sealing;
mod writing;

use std::path::Path;

use rusqlite::Connection;
use sync_core::model::{Actor, ChangeHash, Millis};
use sync_core::sync::wire::{DocumentHeader, SignedTip};

use crate::error::ClientError;
use crate::fault::Faults;
use crate::host::{Rng, SystemRng};
use crate::media::Reserve;

use opening::Opening;

pub use between_phones::CodeKind;
pub use evidence::{CapturedFile, EntryKey, EntryState, MediaEntry, StoredReceipt};
pub use reading::{DocumentRow, SignerRow, StoredChange};
pub use salvage::{LostChange, Salvage};
pub use writing::Write;

pub(crate) use opening::is_damage;

/// Migrations in order; each is applied once, the database's `user_version` says how far it is.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_phone.sql"),
    include_str!("../../migrations/0002_evidence.sql"),
    include_str!("../../migrations/0003_between_phones.sql"),
    include_str!("../../migrations/0004_quarantine.sql"),
    include_str!("../../migrations/0005_headers.sql"),
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
    /// Opens or makes the database, under no key. See [`Store::open_sealed`].
    pub fn open(path: &Path, wall_ms: Millis, faults: Faults) -> Result<Self, ClientError> {
        let (store, _) = Self::open_sealed(path, None, &SystemRng, wall_ms, faults)?;
        Ok(store)
    }

    /// Opens or makes the database under a key, or none. A damaged file is set aside as `<name>.damaged-<wall>-<number>`,
    /// never overwritten, and what can be read of it is carried into a new one; then it is said what.
    ///
    /// # Errors
    /// `store.wrong_key`, `store.key_needed`, `store.not_sealed`, `store.sealing_unsupported`, `store.newer_version`,
    /// `store.full`, `store.failed`: what lies there stays as it is.
    pub fn open_sealed(
        path: &Path,
        key: Option<&[u8; 32]>,
        rng: &dyn Rng,
        wall_ms: Millis,
        faults: Faults,
    ) -> Result<(Self, Option<Salvage>), ClientError> {
        let opening = Opening {
            path,
            key,
            rng,
            wall_ms,
            faults,
        };
        opening.run()
    }

    /// What stands in the place of a store that was wiped: nothing is in it, and nothing goes in.
    pub(crate) fn wiped() -> Result<Self, ClientError> {
        let mut db = Connection::open_in_memory()?;
        opening::migrate(&mut db, MIGRATIONS.len())?;
        db.pragma_update(None, "query_only", true)?;
        Ok(Self {
            db,
            faults: Faults::default(),
            reserve: Reserve::nowhere(),
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

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;
