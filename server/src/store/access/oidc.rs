//! Logins at an OpenID Connect provider: those under way, the codes that are taken for tokens, and who is bound to whom.

use sync_core::model::{Millis, UserId};

use crate::args;
use crate::store::{Result, Session, Tx, statements};

statements! {
    /// Begins a login.
    INSERT_LOGIN = "INSERT INTO oidc_logins (state_hash, browser_hash, expires_at) VALUES ($1, $2, $3)";
    /// Takes it: whoever comes second, late or with another browser finds nothing.
    TAKE_LOGIN = "DELETE FROM oidc_logins WHERE state_hash = $1 AND browser_hash = $2 AND expires_at > $3";
    /// Forgets those whose time is over.
    PURGE_LOGINS = "DELETE FROM oidc_logins WHERE expires_at <= $1";
    /// Hands out a code.
    INSERT_CODE = "INSERT INTO oidc_codes (code_hash, user_id, expires_at) VALUES ($1, $2, $3)";
    /// Takes it.
    TAKE_CODE = "DELETE FROM oidc_codes WHERE code_hash = $1 AND expires_at > $2 RETURNING user_id";
    /// Forgets those whose time is over.
    PURGE_CODES = "DELETE FROM oidc_codes WHERE expires_at <= $1";
    /// Who somebody is here.
    FIND_IDENTITY = "SELECT user_id FROM oidc_identities WHERE issuer = $1 AND subject = $2";
    /// Who a person is there.
    FIND_SUBJECT = "SELECT subject FROM oidc_identities WHERE issuer = $1 AND user_id = $2";
    /// Binds.
    INSERT_IDENTITY = "INSERT INTO oidc_identities (issuer, subject, user_id, bound_at) VALUES ($1, $2, $3, $4)";
    /// Unbinds a person, everywhere.
    DELETE_IDENTITIES = "DELETE FROM oidc_identities WHERE user_id = $1";
}

/// Begins a login, and forgets those that have expired.
pub async fn insert_login(
    tx: &mut Tx,
    state: [u8; 32],
    browser: [u8; 32],
    expires_at: Millis,
    now: Millis,
) -> Result<()> {
    tx.exec(&PURGE_LOGINS, args![now]).await?;
    tx.exec(&INSERT_LOGIN, args![state, browser, expires_at])
        .await
        .map(drop)
}

/// Takes a login; false if there is none, or another browser began it.
pub async fn take_login(
    tx: &mut Tx,
    state: [u8; 32],
    browser: [u8; 32],
    now: Millis,
) -> Result<bool> {
    Ok(tx.exec(&TAKE_LOGIN, args![state, browser, now]).await? == 1)
}

/// Hands out a code, and forgets those that have expired.
pub async fn insert_code(
    tx: &mut Tx,
    code: [u8; 32],
    user: UserId,
    expires_at: Millis,
    now: Millis,
) -> Result<()> {
    tx.exec(&PURGE_CODES, args![now]).await?;
    tx.exec(&INSERT_CODE, args![code, user, expires_at])
        .await
        .map(drop)
}

/// Takes a code; whose it is.
pub async fn take_code(tx: &mut Tx, code: [u8; 32], now: Millis) -> Result<Option<UserId>> {
    let row = tx.optional(&TAKE_CODE, args![code, now]).await?;
    row.map(|row| row.get("user_id")).transpose()
}

/// Who somebody is here.
pub async fn find_identity(
    db: &mut Session,
    issuer: &str,
    subject: &str,
) -> Result<Option<UserId>> {
    let row = db.optional(&FIND_IDENTITY, args![issuer, subject]).await?;
    row.map(|row| row.get("user_id")).transpose()
}

/// Who a person is at a provider.
pub async fn find_subject(db: &mut Session, issuer: &str, user: UserId) -> Result<Option<String>> {
    let row = db.optional(&FIND_SUBJECT, args![issuer, user]).await?;
    row.map(|row| row.get("subject")).transpose()
}

/// Binds a person of a provider to one here.
pub async fn bind(
    tx: &mut Tx,
    issuer: &str,
    subject: &str,
    user: UserId,
    now: Millis,
) -> Result<()> {
    tx.exec(&INSERT_IDENTITY, args![issuer, subject, user, now])
        .await
        .map(drop)
}

/// Unbinds a person from every provider; how many there were.
pub async fn unbind(tx: &mut Tx, user: UserId) -> Result<u64> {
    tx.exec(&DELETE_IDENTITIES, args![user]).await
}
