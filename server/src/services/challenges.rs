//! Challenges: a random text that a key signs once to show that it is there.

use sync_core::limits::CHALLENGE_MS;
use sync_core::model::Millis;

use crate::app::App;
use crate::crypto::labelled_hash;
use crate::problem::{Code, Problem};
use crate::store::Tx;
use crate::store::access::challenges;

/// Hands out a challenge; until when it can be used.
pub async fn issue(app: &App) -> Result<(String, Millis), Problem> {
    let challenge = hex::encode(app.random::<32>());
    let expires_at = app.now() + CHALLENGE_MS;
    let mut tx = app.store.begin_beside().await?;
    challenges::insert_challenge(&mut tx, hash(&challenge), expires_at, app.now()).await?;
    tx.commit().await?;
    Ok((challenge, expires_at))
}

/// Takes a challenge, once.
pub async fn take(app: &App, tx: &mut Tx, challenge: &str) -> Result<(), Problem> {
    if challenges::take(tx, hash(challenge), app.now()).await? {
        Ok(())
    } else {
        Err(Problem::new(Code::ChallengeInvalid))
    }
}

fn hash(challenge: &str) -> [u8; 32] {
    labelled_hash("challenge", challenge.as_bytes())
}
