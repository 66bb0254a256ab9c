//! Logging in with a password: attempts are counted first, and an unknown name takes as long as a wrong password.

use std::net::IpAddr;

use sync_core::limits::{ACCOUNT_FAILURES_MAX, ADDRESS_FAILURES_MAX, FAILURES_WINDOW_MS};

use super::people::normal_username;
use crate::app::App;
use crate::crypto::labelled_hash;
use crate::problem::{Code, Problem};
use crate::store::access::users::UserRow;
use crate::store::access::{attempts, users};

/// What attempts are counted on.
pub struct Attempt {
    subjects: Vec<([u8; 32], i64)>,
}

/// Counts an attempt on an account (if one is named) and from an address; refuses if there were too many.
pub async fn attempt(
    app: &App,
    account: Option<&str>,
    address: IpAddr,
) -> Result<Attempt, Problem> {
    let mut subjects = vec![(
        labelled_hash("address", &address_block(address)),
        ADDRESS_FAILURES_MAX,
    )];
    if let Some(account) = account {
        subjects.push((
            labelled_hash("account", account.as_bytes()),
            ACCOUNT_FAILURES_MAX,
        ));
    }
    let now = app.now();
    let mut wait_ms = 0;
    let mut tx = app.store.begin().await?;
    attempts::purge(&mut tx, now - FAILURES_WINDOW_MS).await?;
    for (subject, max) in &subjects {
        let (failures, window_at) = attempts::count(&mut tx, *subject, now).await?;
        if failures > *max {
            wait_ms = wait_ms.max(window_at + FAILURES_WINDOW_MS - now);
        }
    }
    tx.commit().await?;
    if wait_ms > 0 {
        let seconds = u64::try_from(wait_ms / 1_000 + 1).unwrap_or(1);
        return Err(Problem::new(Code::AttemptsExceeded).retry_after_s(seconds));
    }
    Ok(Attempt { subjects })
}

impl Attempt {
    /// It was right: the account starts anew, and the address is not charged for it.
    pub async fn succeeded(self, app: &App) -> Result<(), Problem> {
        let mut tx = app.store.begin().await?;
        for (position, (subject, _)) in self.subjects.into_iter().enumerate() {
            if position == 0 {
                attempts::take_back(&mut tx, subject).await?;
            } else {
                attempts::clear(&mut tx, subject).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

/// An IPv6 network counts as one address: a single host has 2⁶⁴ of them.
fn address_block(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets()[..8].to_vec(),
    }
}

/// The active person of a name and password.
pub async fn check_password(
    app: &App,
    username: &str,
    password: String,
    address: IpAddr,
) -> Result<UserRow, Problem> {
    let username = normal_username(username);
    let attempt = attempt(app, Some(&username), address).await?;
    let mut db = app.store.read().await?;
    let user = users::find_by_name(&mut db, &username).await?;
    drop(db);
    let stored = user.as_ref().map(|user| user.password_hash.clone());
    let right = app.passwords.verify(password, stored).await?;
    let Some(user) = user.filter(|_| right) else {
        return Err(Problem::new(Code::CredentialsWrong));
    };
    attempt.succeeded(app).await?;
    if !user.active {
        return Err(Problem::new(Code::UserDisabled));
    }
    Ok(user)
}
