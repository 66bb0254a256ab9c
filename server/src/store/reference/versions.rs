//! Versions of the records that travel to phones: one number a record, growing with each publication.

use crate::args;
use crate::store::{Result, Session, Tx, statements};

statements! {
    /// The next version of a record.
    NEXT = "INSERT INTO reference_versions (kind, record_id, version) VALUES ($1, $2, 1) \
        ON CONFLICT (kind, record_id) DO UPDATE SET version = reference_versions.version + 1 RETURNING version";
    /// The version that was published last.
    FIND = "SELECT version FROM reference_versions WHERE kind = $1 AND record_id = $2";
}

/// Whether a record was ever published.
pub async fn exists(db: &mut Session, kind: &str, id: &str) -> Result<bool> {
    Ok(db.optional(&FIND, args![kind, id]).await?.is_some())
}

/// The version that was published last; 0 before the first.
pub async fn last(db: &mut Session, kind: &str, id: &str) -> Result<i64> {
    let found = db.optional(&FIND, args![kind, id]).await?;
    found.map_or(Ok(0), |row| row.get("version"))
}

/// The next version of a record, beginning with 1.
pub async fn next(tx: &mut Tx, kind: &str, id: &str) -> Result<i64> {
    tx.one(&NEXT, args![kind, id]).await?.get("version")
}
