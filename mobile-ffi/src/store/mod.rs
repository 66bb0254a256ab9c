//! The phone's SQLite: WAL, `synchronous=FULL`, foreign keys, versioned migrations. What belongs together is one
//! transaction, so that a kill at any instruction leaves all of it or nothing. A damaged file is set aside under another
//! name, never overwritten, and what can be read of it is carried over ([ADR 19](../../../docs/adr/0019-the-phones-store.md)).

mod between_phones;
mod evidence;
mod in_use;
mod looking;
pub(crate) mod opening;
mod pages;
mod quarantine;
mod reading;
mod salvage;
mod sealing;
mod shapes;
mod writing;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use sync_core::model::{Actor, ChangeHash, Millis};
use sync_core::sync::bearing::Links;
use sync_core::sync::wire::{DocumentHeader, SignedTip};

use crate::error::{ClientError, STORE_DAMAGED};
use crate::fault::Faults;
use crate::host::{Rng, SystemRng};
use crate::media::Reserve;

use looking::FoundSound;
use opening::{Look, Opening};
use sealing::StoreKey;

pub use between_phones::CodeKind;
pub use evidence::{CapturedFile, EntryKey, EntryState, MediaEntry, StoredReceipt};
pub use looking::LookThrough;
pub use reading::{ChangeStanding, DocumentRow, SignerRow, StoredChange};
pub use salvage::{LostChange, Salvage};
pub use writing::Write;

pub(crate) use in_use::InUse;
pub(crate) use opening::is_damage;

/// Migrations in order; each is applied once, the database's `user_version` says how far it is.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_phone.sql"),
    include_str!("../../migrations/0002_evidence.sql"),
    include_str!("../../migrations/0003_between_phones.sql"),
    include_str!("../../migrations/0004_quarantine.sql"),
    include_str!("../../migrations/0005_headers.sql"),
    include_str!("../../migrations/0006_lists.sql"),
    include_str!("../../migrations/0007_links.sql"),
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
    /// Where it lies, and under which key; none once it was wiped.
    place: Option<(PathBuf, Option<StoreKey>)>,
    /// Damage was found while it is open: nothing is written any more.
    damaged: Cell<bool>,
    /// Also held by a look at it: one at a time.
    looked_at: Arc<()>,
}

/// What is kept of a document beside it: what a list shows of it, and what it may share with others.
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
    /// Of a visit.
    pub links: Option<Links>,
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
        Self::opened(Look::Through, path, key, rng, wall_ms, faults)
    }

    /// The same without reading all of it first, where it was read and found sound lately: that takes as long however much
    /// it holds. What is found later goes to `leave`.
    ///
    /// # Errors
    /// As above; and `store.damaged` from whatever meets damage first.
    pub fn open_as_due(
        path: &Path,
        key: Option<&[u8; 32]>,
        rng: &dyn Rng,
        wall_ms: Millis,
        faults: Faults,
    ) -> Result<(Self, Option<Salvage>), ClientError> {
        Self::opened(Look::AsDue, path, key, rng, wall_ms, faults)
    }

    fn opened(
        look: Look,
        path: &Path,
        key: Option<&[u8; 32]>,
        rng: &dyn Rng,
        wall_ms: Millis,
        faults: Faults,
    ) -> Result<(Self, Option<Salvage>), ClientError> {
        let opening = Opening {
            look,
            path,
            key,
            rng,
            wall_ms,
            faults,
        };
        opening.run()
    }

    /// The next opening reads everything first; whether it would not have.
    pub(crate) fn distrust(path: &Path) -> bool {
        let trusted = FoundSound::of(path).is_some();
        if let Err(error) = FoundSound::withdraw(path) {
            tracing::error!(%error, "it is not noted that the store is to be read whole");
            return false;
        }
        trusted
    }

    /// What reads all of it while it is open, where that is due.
    pub fn look_through(&self, wall_ms: Millis) -> Option<LookThrough> {
        let (path, key) = self.place.as_ref()?;
        let due = FoundSound::of(path).is_none_or(|it| it.is_old(wall_ms));
        let busy = self.damaged.get() || Arc::strong_count(&self.looked_at) > 1;
        (due && !busy).then(|| LookThrough {
            path: path.clone(),
            key: key.clone(),
            _one: self.looked_at.clone(),
        })
    }

    /// Damage was found while it is open: from here on nothing is written to its files, and the next opening salvages it.
    pub(crate) fn leave(&self) {
        let Some((path, _)) = &self.place else {
            return;
        };
        if self.damaged.replace(true) {
            return;
        }
        Self::distrust(path);
        let kept = self
            .db
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .and_then(|_| self.db.pragma_update(None, "query_only", true));
        if let Err(error) = kept {
            tracing::error!(%error, "the damaged store is not kept from being written");
        }
    }

    /// Damage that a statement met is found damage; nothing is written where some was found.
    fn heed<T>(&self, done: Result<T, ClientError>) -> Result<T, ClientError> {
        if done.as_ref().is_err_and(|it| it.code == STORE_DAMAGED) {
            self.leave();
        }
        done
    }

    fn unless_damaged(&self) -> Result<(), ClientError> {
        match self.damaged.get() {
            false => Ok(()),
            true => Err(ClientError::damaged("found while it was open")),
        }
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
            place: None,
            damaged: Cell::new(false),
            looked_at: Arc::default(),
        })
    }
}

/// Whether a value cannot be read as what its column holds. Nothing else than damage makes one so: what is written was that.
pub(crate) fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, InvalidColumnType, Utf8Error};
    matches!(
        error,
        FromSqlConversionFailure(..) | InvalidColumnType(..) | Utf8Error(..)
    )
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
