//! Challenges: a random text that a key signs once to show that it is there. On a weak network a signed request arrives
//! twice: the very same one finds its challenge again, and no other ever does.

use sync_core::limits::CHALLENGE_MS;
use sync_core::model::Millis;
use uuid::Uuid;

use crate::app::App;
use crate::crypto::labelled_hash;
use crate::problem::{Code, Problem};
use crate::store::Tx;
use crate::store::access::challenges;
pub use crate::store::access::challenges::Taken;

/// Hands out a challenge; until when it can be used.
pub async fn issue(app: &App) -> Result<(String, Millis), Problem> {
    let challenge = hex::encode(app.random::<32>());
    let expires_at = app.now() + CHALLENGE_MS;
    let mut tx = app.store.begin_beside().await?;
    challenges::insert_challenge(&mut tx, hash(&challenge), expires_at, app.now()).await?;
    tx.commit().await?;
    Ok((challenge, expires_at))
}

/// Takes a challenge for one request: `signed` is what the key signed, `beside` what was shown with it (a code, a name, a
/// refresh token). Signatures are malleable, so they do not tell requests apart.
pub async fn take(
    app: &App,
    tx: &mut Tx,
    challenge: &str,
    signed: &[u8],
    beside: &[u8],
) -> Result<Taken, Problem> {
    let parts = [
        labelled_hash("signed", signed),
        labelled_hash("beside", beside),
    ];
    let request = labelled_hash("challenged request", &parts.concat());
    challenges::take(tx, hash(challenge), request, app.now())
        .await?
        .ok_or(Problem::new(Code::ChallengeInvalid))
}

/// Notes the session that the request of a challenge began.
pub async fn began(tx: &mut Tx, challenge: &str, session: Uuid) -> Result<(), Problem> {
    Ok(challenges::set_session(tx, hash(challenge), session).await?)
}

fn hash(challenge: &str) -> [u8; 32] {
    labelled_hash("challenge", challenge.as_bytes())
}
