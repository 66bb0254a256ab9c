//! Challenges: handed out, and taken by one request, which may arrive twice.

use sync_core::model::Millis;
use uuid::Uuid;

use crate::args;
use crate::store::{Result, Tx, statements};

statements! {
    /// Hands one out.
    INSERT = "INSERT INTO challenges (challenge_hash, expires_at) VALUES ($1, $2)";
    /// Takes it for a request: whoever comes second changes nothing.
    TAKE = "UPDATE challenges SET taken_for = $2 WHERE challenge_hash = $1 AND taken_for IS NULL AND expires_at > $3";
    /// The same request again.
    FIND_TAKEN = "SELECT session_id FROM challenges WHERE challenge_hash = $1 AND taken_for = $2 AND expires_at > $3";
    /// Notes the session that the request began.
    SET_SESSION = "UPDATE challenges SET session_id = $2 WHERE challenge_hash = $1";
    /// Forgets those whose time is over.
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

/// How a request found its challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Free.
    First,
    /// Taken by the very same request before, which began this session, if it began one.
    Again(Option<Uuid>),
}

/// Takes it for a request; none if it is unknown, expired, or another request has it.
pub async fn take(
    tx: &mut Tx,
    hash: [u8; 32],
    request: [u8; 32],
    now: Millis,
) -> Result<Option<Taken>> {
    if tx.exec(&TAKE, args![hash, request, now]).await? == 1 {
        return Ok(Some(Taken::First));
    }
    let found = tx.optional(&FIND_TAKEN, args![hash, request, now]).await?;
    found
        .map(|row| row.get("session_id").map(Taken::Again))
        .transpose()
}

/// Notes which session the request of a challenge began.
pub async fn set_session(tx: &mut Tx, hash: [u8; 32], session: Uuid) -> Result<()> {
    tx.exec(&SET_SESSION, args![hash, session]).await.map(drop)
}
