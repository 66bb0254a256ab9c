//! One-time codes with which a phone is enrolled for a person; only their hashes are kept.

use sync_core::model::{Millis, UserId};

use crate::args;
use crate::store::{Result, Tx, statements};

statements! {
    /// Keeps a new code's hash.
    INSERT = "INSERT INTO enrolment_codes (code_hash, user_id, created_by, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5)";
    /// Uses a code up.
    TAKE = "UPDATE enrolment_codes SET used_at = $2 \
        WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING user_id";
}

/// Keeps a new code's hash.
pub async fn insert_code(
    tx: &mut Tx,
    hash: [u8; 32],
    user: UserId,
    created_by: UserId,
    now: Millis,
    expires_at: Millis,
) -> Result<()> {
    tx.exec(&INSERT, args![hash, user, created_by, now, expires_at])
        .await
        .map(drop)
}

/// Uses a code up: for whom it was, if it was still good.
pub async fn take(tx: &mut Tx, hash: [u8; 32], now: Millis) -> Result<Option<UserId>> {
    tx.optional(&TAKE, args![hash, now])
        .await?
        .map(|row| row.get("user_id"))
        .transpose()
}
