//! Time stamps (可信时间戳, RFC 3161) of checkpoints by an authority that the operator names: somebody else's clock and key
//! beside ours. What waits for one lies in the database with its checkpoint, is asked for one at a time, tried again with
//! growing pauses for as long as it takes, and holds nothing up: a checkpoint is one before it is stamped and without it
//! (docs/adr/0020-time-stamps-of-checkpoints.md).

pub mod token;

use std::io::Read;
use std::time::Duration;

use sync_core::limits::{
    STAMP_ANSWER_BYTES_MAX, STAMP_LEASE_MS, STAMP_LOOK_MS, STAMP_REQUEST_S, STAMPS_AT_ONCE,
};
use sync_core::proof::Signed;
use sync_core::proof::log::CheckpointPayload;
use token::{Roots, Stamp};

use crate::app::App;
use crate::clock::rfc3339;
use crate::crypto;
use crate::problem::Problem;
use crate::services::webhooks::pause_ms;
use crate::store::log::{self, CheckpointRow};

/// An authority of time stamps.
#[derive(Debug)]
pub struct Authority {
    url: String,
    roots: Roots,
    policy: Option<String>,
    agent: ureq::Agent,
}

impl Authority {
    /// From its address, the certificates that are believed (PEM), and the policy that is asked for, if one is; a sentence
    /// about what is missing or wrong.
    pub fn read(
        url: Option<&str>,
        roots: Option<&str>,
        policy: Option<&str>,
    ) -> Result<Option<Self>, String> {
        let Some(url) = url else {
            return match roots.is_some() || policy.is_some() {
                true => Err("--tsa-ca and --tsa-policy want a --tsa-url".to_owned()),
                false => Ok(None),
            };
        };
        // Most authorities answer without encryption: what they answer is signed, and a hash is all that is asked.
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err("--tsa-url is an http:// or https:// address".to_owned());
        }
        let roots = roots.ok_or("--tsa-url needs --tsa-ca: the roots that are believed")?;
        let roots = Roots::read(roots).map_err(|why| format!("--tsa-ca {why}"))?;
        token::question(&[0; 32], [1; 8], policy)
            .map_err(|_| "--tsa-policy is an object identifier, as 1.2.3.4".to_owned())?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(STAMP_REQUEST_S)))
            .build()
            .new_agent();
        Ok(Some(Self {
            url: url.to_owned(),
            roots,
            policy: policy.map(str::to_owned),
            agent,
        }))
    }

    /// Asks for a stamp of some bytes; the answer as it came, and what it says, or why it is worth nothing. Blocks.
    fn stamp(&self, message: &[u8], nonce: [u8; 8]) -> Result<(Vec<u8>, Stamp), String> {
        let policy = self.policy.as_deref();
        let asked = token::question(&crypto::sha256(message), nonce, policy);
        let asked = asked.map_err(|error| error.to_string())?;
        let answer = self
            .agent
            .post(&self.url)
            .header("content-type", "application/timestamp-query")
            .header("accept", "application/timestamp-reply")
            .send(&asked[..]);
        let mut answer = answer.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("HTTP {}", answer.status().as_u16()));
        }
        let mut bytes = Vec::new();
        let reader = answer.body_mut().as_reader();
        reader
            .take(STAMP_ANSWER_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        let stamp = token::believe(&bytes, message, Some(nonce), policy, &self.roots);
        let stamp = stamp.map_err(|why| format!("the answer {why}"))?;
        Ok((bytes, stamp))
    }
}

/// Looks what waits for a stamp and asks for it, until it is dropped.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(Duration::from_millis(STAMP_LOOK_MS)).await;
        if let Err(problem) = look(&app).await {
            let code = problem.code().as_str();
            tracing::warn!(code, "no time stamp was asked for; it is tried again");
        }
    }
}

/// One look: everything that is due is asked for, newest first, since the newest stands over all before it.
pub async fn look(app: &App) -> Result<(), Problem> {
    if app.authority.get().is_none() {
        return Ok(());
    }
    let due = {
        let mut db = app.store.read().await?;
        log::list_unstamped(&mut db, app.now(), STAMPS_AT_ONCE).await?
    };
    for row in due {
        // Whoever does not answer for one does not answer for the next.
        if !ask(app, row).await? {
            break;
        }
    }
    Ok(())
}

/// Tries to have a checkpoint stamped now, once, for a bundle; gives it as it stands then.
pub async fn try_now(app: &App, row: CheckpointRow) -> Result<CheckpointRow, Problem> {
    let number = row.payload.number;
    if app.authority.get().is_none() || row.stamp_state != log::WAITING {
        return Ok(row);
    }
    ask(app, row).await?;
    let mut db = app.store.read().await?;
    super::checkpoints::find(&mut db, Some(number)).await
}

/// Asks for the stamp of a checkpoint, and keeps it or why there is none; false where the authority failed. Nothing where
/// another server is at it.
async fn ask(app: &App, row: CheckpointRow) -> Result<bool, Problem> {
    let number = row.payload.number;
    let now = app.now();
    let mut tx = app.store.begin_beside().await?;
    if !log::claim_stamp(&mut tx, &row, now + STAMP_LEASE_MS).await? {
        return Ok(true);
    }
    tx.commit().await?;
    let message = Signed::<CheckpointPayload>::message(&row.signed.payload);
    let nonce = app.random();
    let asking = app.clone();
    let asked = tokio::task::spawn_blocking(move || {
        let authority = asking.authority.get()?;
        let stamped = authority.stamp(&message, nonce);
        Some(stamped.map(|(bytes, stamp)| (bytes, stamp, authority.roots.pem.clone())))
    });
    let asked = asked.await.map_err(|error| Problem::internal(&error))?;
    let mut tx = app.store.begin_beside().await?;
    let held = match asked {
        None => return Ok(true),
        Some(Ok((bytes, stamp, roots))) => {
            log::put_stamp(&mut tx, number, bytes, &roots).await?;
            let at = rfc3339(stamp.at_ms);
            tracing::info!(checkpoint = number, at, authority = %stamp.authority, "a checkpoint was stamped");
            count("stamped");
            true
        }
        Some(Err(why)) => {
            let due = app.now() + pause_ms(app, row.stamp_attempts, None);
            log::put_stamp_problem(&mut tx, number, due, &why).await?;
            tracing::warn!(
                checkpoint = number,
                why,
                "no time stamp came; it is asked for again"
            );
            count("failed");
            false
        }
    };
    tx.commit().await?;
    Ok(held)
}

fn count(outcome: &'static str) {
    metrics::counter!("fieldseal_time_stamp_attempts_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_has_an_address_and_roots_or_there_is_none() {
        let url = Some("http://tsa.example.cn");
        assert!(Authority::read(None, None, None).unwrap().is_none());
        for (url, roots, policy, told) in [
            (None, Some(""), None, "want a --tsa-url"),
            (None, None, Some("1.2.3"), "want a --tsa-url"),
            (url, None, None, "needs --tsa-ca"),
            (url, Some("nothing"), None, "has no root certificate"),
            (Some("tsa.example.cn"), Some(""), None, "is an http://"),
        ] {
            let error = Authority::read(url, roots, policy).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
