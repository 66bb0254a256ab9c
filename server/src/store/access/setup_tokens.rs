//! The one-time tokens of the first run, as hashes.

use sync_core::model::Millis;

use crate::args;
use crate::store::{Result, Session, Tx, statements};

statements! {
    /// Adds one.
    INSERT = "INSERT INTO setup_tokens (token_hash, expires_at) VALUES ($1, $2)";
    /// Whether one is good still.
    FIND_GOOD = "SELECT expires_at FROM setup_tokens WHERE expires_at > $1 LIMIT 1";
    /// Takes all of them: whoever comes second finds none.
    TAKE = "DELETE FROM setup_tokens RETURNING token_hash, expires_at";
}

/// Adds one.
pub async fn insert(tx: &mut Tx, hash: [u8; 32], expires_at: Millis) -> Result<()> {
    tx.exec(&INSERT, args![hash, expires_at]).await.map(drop)
}

/// Whether one is good still.
pub async fn any_good(db: &mut Session, now: Millis) -> Result<bool> {
    Ok(db.optional(&FIND_GOOD, args![now]).await?.is_some())
}

/// Takes all of them: each hash and when it expires.
pub async fn take(tx: &mut Tx) -> Result<Vec<(Vec<u8>, Millis)>> {
    let rows = tx.all(&TAKE, args![]).await?;
    rows.iter()
        .map(|row| Ok((row.get("token_hash")?, row.get("expires_at")?)))
        .collect()
}
