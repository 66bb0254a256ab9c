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

/// Takes back one attempt that turned out to be right.
pub async fn take_back(tx: &mut Tx, subject: [u8; 32]) -> Result<()> {
    tx.exec(&TAKE_BACK, args![subject]).await.map(drop)
}
