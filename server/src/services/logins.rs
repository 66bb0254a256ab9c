//! Logging in with a password: attempts are counted first, and an unknown name takes as long as a wrong password.
//!
//! A stranger who guesses must wait, and must not be able to lock the owner out. So failures count three times: on the
//! place (an address, or an enrolled phone that proved its key), on the account at that place, and on the account
//! everywhere. The last stops a guesser with many addresses, and does not stop places from which the owner has logged in.

use std::net::IpAddr;

use sync_core::limits::{
    ACCOUNT_FAILURES_ANYWHERE_MAX, ACCOUNT_FAILURES_MAX, ADDRESS_FAILURES_MAX, FAILURES_WINDOW_MS,
    KNOWN_ADDRESS_MS,
};
use sync_core::model::DeviceId;

use super::people::normal_username;
use crate::app::App;
use crate::crypto::labelled_hash;
use crate::problem::{Code, Problem};
use crate::store::access::users::UserRow;
use crate::store::access::{attempts, users};

/// Where somebody tries.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Anywhere in the network.
    Address(IpAddr),
    /// On an enrolled phone, which has proved its key or its session.
    Device(DeviceId),
}

impl Place {
    /// The bytes that attempts are counted on. An IPv6 network counts as one address: a host has 2⁶⁴ of them.
    pub(super) fn bytes(self) -> Vec<u8> {
        match self {
            Place::Device(device) => device.to_string().into_bytes(),
            Place::Address(address) => match address.to_canonical() {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets()[..8].to_vec(),
            },
        }
    }
}

/// What an attempt was counted on.
pub struct Attempt {
    /// Given back if it was right: these count what went wrong.
    charged: Vec<[u8; 32]>,
    /// The account at the place: forgotten if it was right, and the place is known from then on.
    at_place: Option<[u8; 32]>,
}

/// Counts an attempt at a place, on an account if one is named; refuses if there were too many.
pub async fn attempt(app: &App, account: Option<&str>, place: Place) -> Result<Attempt, Problem> {
    let now = app.now();
    let bytes = place.bytes();
    let mut tx = app.store.begin_beside().await?;
    attempts::purge(&mut tx, now - FAILURES_WINDOW_MS).await?;
    attempts::purge_known(&mut tx, now - KNOWN_ADDRESS_MS).await?;

    let mut limits = Vec::new();
    if let Place::Address(_) = place {
        limits.push((labelled_hash("address", &bytes), ADDRESS_FAILURES_MAX));
    }
    let mut at_place = None;
    if let Some(account) = account {
        let pair = labelled_hash(
            "account-place",
            &[account.as_bytes(), &[0], &bytes].concat(),
        );
        limits.push((pair, ACCOUNT_FAILURES_MAX));
        at_place = Some(pair);
        let known = match place {
            Place::Device(_) => true,
            Place::Address(_) => attempts::is_known(&mut tx, pair).await?,
        };
        if !known {
            let everywhere = labelled_hash("account", account.as_bytes());
            limits.push((everywhere, ACCOUNT_FAILURES_ANYWHERE_MAX));
        }
    }
    let mut wait_ms = 0;
    for (subject, max) in &limits {
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
    let charged = limits.into_iter().map(|(subject, _)| subject);
    Ok(Attempt {
        charged: charged.filter(|it| Some(*it) != at_place).collect(),
        at_place,
    })
}

impl Attempt {
    /// It was right: nobody is charged for it, the account starts anew at this place, and the place is known.
    pub async fn succeeded(self, app: &App) -> Result<(), Problem> {
        let mut tx = app.store.begin_beside().await?;
        for subject in self.charged {
            attempts::take_back(&mut tx, subject).await?;
        }
        if let Some(pair) = self.at_place {
            attempts::clear(&mut tx, pair).await?;
            attempts::know(&mut tx, pair, app.now()).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// The active person of a name and password.
pub async fn check_password(
    app: &App,
    username: &str,
    password: String,
    place: Place,
) -> Result<UserRow, Problem> {
    let username = normal_username(username);
    let attempt = attempt(app, Some(&username), place).await?;
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
