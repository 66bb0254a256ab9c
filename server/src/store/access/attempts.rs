//! Attempts to log in, counted before the password is looked at, so that parallel guesses count too.

use sync_core::model::Millis;

use crate::args;
use crate::store::{Result, Tx, statements};

statements! {
    /// Forgets windows that are over.
    PURGE = "DELETE FROM login_attempts WHERE window_at <= $1";
    /// Counts one more.
    COUNT = "INSERT INTO login_attempts (subject_hash, failures, window_at) VALUES ($1, 1, $2) \
        ON CONFLICT (subject_hash) DO UPDATE SET failures = login_attempts.failures + 1 \
        RETURNING failures, window_at";
    /// Forgets all of a subject.
    CLEAR = "DELETE FROM login_attempts WHERE subject_hash = $1";
    /// Forgets places that were not used for long.
    PURGE_KNOWN = "DELETE FROM known_login_places WHERE seen_at <= $1";
    /// Whether somebody logged in there.
    FIND_KNOWN = "SELECT seen_at FROM known_login_places WHERE subject_hash = $1";
    /// Somebody logged in there.
    KNOW = "INSERT INTO known_login_places (subject_hash, seen_at) VALUES ($1, $2) \
        ON CONFLICT (subject_hash) DO UPDATE SET seen_at = excluded.seen_at";
    /// Takes one back.
    TAKE_BACK = "UPDATE login_attempts SET failures = failures - 1 WHERE subject_hash = $1 AND failures > 0";
}

/// Forgets windows that began at or before an instant.
pub async fn purge(tx: &mut Tx, until: Millis) -> Result<()> {
    tx.exec(&PURGE, args![until]).await.map(drop)
}

/// Counts an attempt; says how many there are in the window, and when it began.
pub async fn count(tx: &mut Tx, subject: [u8; 32], now: Millis) -> Result<(i64, Millis)> {
    let row = tx.one(&COUNT, args![subject, now]).await?;
    Ok((row.get("failures")?, row.get("window_at")?))
}

/// Forgets all attempts on a subject.
pub async fn clear(tx: &mut Tx, subject: [u8; 32]) -> Result<()> {
    tx.exec(&CLEAR, args![subject]).await.map(drop)
}

/// Forgets places that were last used at or before an instant.
pub async fn purge_known(tx: &mut Tx, until: Millis) -> Result<()> {
    tx.exec(&PURGE_KNOWN, args![until]).await.map(drop)
}

/// Whether an account was logged into at a place, both in one hash.
pub async fn is_known(tx: &mut Tx, subject: [u8; 32]) -> Result<bool> {
    let row = tx.optional(&FIND_KNOWN, args![subject]).await?;
    Ok(row.is_some())
}

/// Remembers that an account was logged into at a place.
pub async fn know(tx: &mut Tx, subject: [u8; 32], now: Millis) -> Result<()> {
    tx.exec(&KNOW, args![subject, now]).await.map(drop)
}

/// Takes back one attempt that turned out to be right.
pub async fn take_back(tx: &mut Tx, subject: [u8; 32]) -> Result<()> {
    tx.exec(&TAKE_BACK, args![subject]).await.map(drop)
}
