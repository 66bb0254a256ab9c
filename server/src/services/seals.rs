//! What anybody is told who holds a printed form, and so the digest of its seal: whether it is known here, between which times
//! it was sealed, and whether it stands. Nothing else, whoever asks. Whoever has no form has nothing to ask with: a digest
//! is 256 bits, and nobody asks for many.

use std::net::IpAddr;

use sync_core::limits::{FAILURES_WINDOW_MS, SEAL_QUESTIONS_MAX};
use sync_core::model::Digest;

use super::logins::Place;
use crate::app::App;
use crate::crypto::labelled_hash;
use crate::problem::{Code, Problem};
use crate::store::access::attempts;
use crate::store::seals;
pub use crate::store::seals::SealRow;

/// What is known of a seal; none where nothing is. Every question counts on the address, whatever is answered.
pub async fn ask(app: &App, digest: Digest, address: IpAddr) -> Result<Option<SealRow>, Problem> {
    let now = app.now();
    let subject = labelled_hash("seal question", &Place::Address(address).bytes());
    let mut tx = app.store.begin_beside().await?;
    attempts::purge(&mut tx, now - FAILURES_WINDOW_MS).await?;
    let (questions, window_at) = attempts::count(&mut tx, subject, now).await?;
    tx.commit().await?;
    if questions > SEAL_QUESTIONS_MAX {
        let wait_ms = window_at + FAILURES_WINDOW_MS - now;
        let seconds = u64::try_from(wait_ms / 1_000 + 1).unwrap_or(1);
        return Err(Problem::new(Code::AttemptsExceeded).retry_after_s(seconds));
    }
    let mut db = app.store.read().await?;
    Ok(seals::find(&mut db, digest).await?)
}
