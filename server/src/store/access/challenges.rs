//! Challenges: handed out, and taken once.

use sync_core::model::Millis;

use crate::args;
use crate::store::{Result, Tx, statements};

statements! {
    /// Hands one out.
    INSERT = "INSERT INTO challenges (challenge_hash, expires_at) VALUES ($1, $2)";
    /// Takes it: whoever comes second finds nothing.
    TAKE = "DELETE FROM challenges WHERE challenge_hash = $1 RETURNING expires_at";
    /// Forgets those that nobody took.
    PURGE = "DELETE FROM challenges WHERE expires_at <= $1";
}

/// Hands one out, and forgets those that have expired.
pub async fn insert_challenge(
    tx: &mut Tx,
    hash: [u8; 32],
    expires_at: Millis,
    now: Millis,
) -> Result<()> {
    tx.exec(&PURGE, args![now]).await?;
    tx.exec(&INSERT, args![hash, expires_at]).await.map(drop)
}

/// Takes it out; true if it was there and has not expired.
pub async fn take(tx: &mut Tx, hash: [u8; 32], now: Millis) -> Result<bool> {
    match tx.optional(&TAKE, args![hash]).await? {
        Some(row) => Ok(row.get::<i64>("expires_at")? > now),
        None => Ok(false),
    }
}
