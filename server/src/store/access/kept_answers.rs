//! Answers kept under the `Idempotency-Key` of their request.

use sync_core::model::Millis;

use crate::args;
use crate::store::{Result, Tx, statements};

statements! {
    /// Claims a key; a second claim changes nothing.
    CLAIM = "INSERT INTO kept_answers (caller, key_hash, fingerprint, claimed_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (caller, key_hash) DO NOTHING";
    /// What is known under a key.
    FIND = "SELECT fingerprint, claimed_at, status, answer FROM kept_answers WHERE caller = $1 AND key_hash = $2";
    /// Takes over the claim of a request that never ended.
    CLAIM_AGAIN = "UPDATE kept_answers SET claimed_at = $4 \
        WHERE caller = $1 AND key_hash = $2 AND claimed_at = $3 AND status IS NULL";
    /// Keeps the answer.
    KEEP = "UPDATE kept_answers SET status = $3, answer = $4 WHERE caller = $1 AND key_hash = $2";
    /// Gives a claim up: nothing was done under it.
    GIVE_UP = "DELETE FROM kept_answers WHERE caller = $1 AND key_hash = $2 AND status IS NULL";
    /// Forgets what is too old.
    PURGE = "DELETE FROM kept_answers WHERE claimed_at <= $1";
}

/// What is known under a key.
pub struct Known {
    /// Of the request.
    pub fingerprint: [u8; 32],
    /// When it began.
    pub claimed_at: Millis,
    /// Status and sealed answer, once it has ended.
    pub answer: Option<(i64, Vec<u8>)>,
}

/// Claims a key, and forgets those that are too old; none if the claim is the caller's now.
pub async fn claim(
    tx: &mut Tx,
    (caller, key): (&str, [u8; 32]),
    fingerprint: [u8; 32],
    (now, forget_until): (Millis, Millis),
) -> Result<Option<Known>> {
    tx.exec(&PURGE, args![forget_until]).await?;
    if tx
        .exec(&CLAIM, args![caller, key, fingerprint, now])
        .await?
        == 1
    {
        return Ok(None);
    }
    let row = tx.one(&FIND, args![caller, key]).await?;
    let status: Option<i64> = row.get("status")?;
    let answer: Option<Vec<u8>> = row.get("answer")?;
    Ok(Some(Known {
        fingerprint: row.get("fingerprint")?,
        claimed_at: row.get("claimed_at")?,
        answer: status.zip(answer),
    }))
}

/// Takes over a claim of that time; false if somebody was quicker.
pub async fn claim_again(
    tx: &mut Tx,
    (caller, key): (&str, [u8; 32]),
    before: Millis,
    now: Millis,
) -> Result<bool> {
    let args = args![caller, key, before, now];
    Ok(tx.exec(&CLAIM_AGAIN, args).await? == 1)
}

/// Keeps the answer.
pub async fn keep(
    tx: &mut Tx,
    (caller, key): (&str, [u8; 32]),
    status: u16,
    answer: Vec<u8>,
) -> Result<()> {
    let args = args![caller, key, i64::from(status), answer];
    tx.exec(&KEEP, args).await.map(drop)
}

/// Gives a claim up.
pub async fn give_up(tx: &mut Tx, (caller, key): (&str, [u8; 32])) -> Result<()> {
    tx.exec(&GIVE_UP, args![caller, key]).await.map(drop)
}
