//! One opening of a folder at a time. Two clients of one store would number their changes alike, and what one of them
//! acknowledged would be set aside: whoever opens holds a lock beside the database, which the system lets go of with the
//! process.
//!
//! The lock is SQLite's own, on an empty database: the standard library's locks of files are not there on Android.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use sync_core::limits::STORE_OPENED_WITHIN_MS;

use super::opening::beside;
use crate::error::{ClientError, IN_USE};

/// The file that is locked. It is empty, and stays when a store is wiped: somebody may wait for it.
const LOCK: &str = ".lock";

/// The folder is this client's until this is dropped.
pub(crate) struct InUse {
    _locked: Connection,
}

impl InUse {
    /// Takes the lock of the database at `path`, waiting [`STORE_OPENED_WITHIN_MS`] for whoever is closing it.
    ///
    /// # Errors
    /// `store.in_use` where it stays taken.
    pub(crate) fn take(path: &Path) -> Result<Self, ClientError> {
        let db = Connection::open(beside(path, LOCK))?;
        db.busy_timeout(Duration::from_millis(STORE_OPENED_WITHIN_MS))?;
        match db.execute_batch("BEGIN EXCLUSIVE") {
            Ok(()) => Ok(Self { _locked: db }),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                let message = "This folder is open already: use that one, or close it first";
                Err(ClientError::new(IN_USE, message))
            }
            Err(error) => Err(error.into()),
        }
    }
}
