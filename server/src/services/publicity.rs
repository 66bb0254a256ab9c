//! Telling the credit publicity system (国家企业信用信息公示系统) over HTTP what follows from confirmed refusals: the outbox as signed
//! webhooks to the operator's gateway, tried again until each message is taken, entered by hand, or overtaken before it was
//! ever sent. What was sent without an answer may have been taken: it goes on, and what is newer follows it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use sync_core::limits::{
    NAME_CHARS_MAX, PUBLICITY_ANSWER_BYTES_MAX, PUBLICITY_AT_ONCE, PUBLICITY_LOOK_MS,
    WEBHOOK_LEASE_MS,
};
use tokio::task::JoinSet;

use super::audit;
use super::ruling::follow;
use super::webhooks::{Answer, Webhook, pause_ms};
use crate::app::App;
use crate::clock::rfc3339;
use crate::problem::Problem;
use crate::store::feed;
use crate::store::rulings::effects::{self, MessageRow};

/// The gateway of this server.
#[derive(Debug)]
pub struct Gateway(Webhook);

impl Gateway {
    /// From an address and `whsec_…`; a sentence about what is missing or unsafe.
    pub fn read(endpoint: Option<&str>, secrets: &[String]) -> Result<Option<Self>, String> {
        let Some(endpoint) = endpoint else {
            return match secrets.is_empty() {
                true => Ok(None),
                false => Err("--publicity-secret has no --publicity-endpoint".to_owned()),
            };
        };
        let webhook = Webhook::to(endpoint);
        let mut webhook = webhook.ok_or("--publicity-endpoint leads to an https:// address")?;
        for secret in secrets {
            if !webhook.signed_with(secret) {
                return Err("--publicity-secret is whsec_ and 24 to 64 bytes as base64".to_owned());
            }
        }
        match webhook.is_signed() {
            true => Ok(Some(Self(webhook))),
            false => Err("--publicity-endpoint has no --publicity-secret".to_owned()),
        }
    }
}

/// What the gateway answers with.
#[derive(Deserialize)]
struct Receipt {
    /// The number under which it stands there.
    receipt: String,
}

/// Looks what is to be told and tells it, until it is dropped.
pub async fn run(app: App) {
    loop {
        tokio::time::sleep(Duration::from_millis(PUBLICITY_LOOK_MS)).await;
        if let Err(problem) = look(&app).await {
            let code = problem.code().as_str();
            tracing::warn!(code, "messages were not delivered; it is tried again");
        }
    }
}

/// One look: everything that is due is told.
pub async fn look(app: &App) -> Result<(), Problem> {
    while deliver_due(app).await? {}
    Ok(())
}

/// Tells what is due; whether there may be more.
async fn deliver_due(app: &App) -> Result<bool, Problem> {
    let Some(gateway) = app.publicity.get() else {
        return Ok(false);
    };
    let now = app.now();
    let mut db = app.store.read().await?;
    let due = effects::list_due(&mut db, now, PUBLICITY_AT_ONCE).await?;
    let full = u32::try_from(due.len()).is_ok_and(|count| count == PUBLICITY_AT_ONCE);
    let mut telling = Vec::new();
    for message in due {
        let told = effects::list_messages(&mut db, &message.effect_key).await?;
        let stands_as = follow::stands_there(&told).and_then(|it| it.receipt.clone());
        telling.push((message, stands_as));
    }
    drop(db);
    let mut sending = JoinSet::new();
    for (message, stands_as) in telling {
        let mut tx = app.store.begin_beside().await?;
        if !effects::claim(&mut tx, &message, now + WEBHOOK_LEASE_MS).await? {
            continue;
        }
        tx.commit().await?;
        // The same for every attempt but for what is signed anew.
        let body = body(&message, stands_as.as_deref()).to_string();
        let request = gateway.0.request(message.message_id, now, body);
        sending.spawn_blocking(move || (message, request.send(PUBLICITY_ANSWER_BYTES_MAX)));
    }
    while let Some(sent) = sending.join_next().await {
        let (message, answer) = sent.map_err(|error| Problem::internal(&error))?;
        note(app, &message, answer).await?;
    }
    Ok(full)
}

fn body(message: &MessageRow, stands_as: Option<&str>) -> serde_json::Value {
    let record: serde_json::Value = serde_json::from_str(&message.record).unwrap_or_default();
    json!({
        "type": format!("publicity.{}", message.action), "timestamp": rfc3339(message.created_at),
        "data": {
            "message_id": message.message_id, "subject": message.effect_key, "version": message.version,
            "stands_as": stands_as, "record": record,
        },
    })
}

/// The number in an answer: without one nobody could find the entry again.
fn receipt(said: &[u8]) -> Option<String> {
    let receipt: Receipt = serde_json::from_slice(said).ok()?;
    let receipt = receipt.receipt.trim();
    let fits = !receipt.is_empty() && receipt.chars().count() <= NAME_CHARS_MAX;
    fits.then(|| receipt.to_owned())
}

/// Notes what became of an attempt. Whatever failed is tried again for as long as it waits: an entry that the law asks for is
/// never given up, and why it was not taken stands with it.
async fn note(app: &App, message: &MessageRow, answer: Answer) -> Result<(), Problem> {
    let now = app.now();
    let (why, retry_after_s) = match answer {
        Answer::Taken(said) => match receipt(&said) {
            Some(receipt) => return taken(app, message, &receipt).await,
            None => ("the answer has no receipt".to_owned(), None),
        },
        Answer::Gone => ("HTTP 410".to_owned(), None),
        Answer::Failed { why, retry_after_s } => (why, retry_after_s),
    };
    let due = now + pause_ms(app, message.attempts, retry_after_s);
    let mut tx = app.store.begin_beside().await?;
    effects::failed(&mut tx, message.message_id, due, &why).await?;
    tx.commit().await?;
    count("failed");
    Ok(())
}

async fn taken(app: &App, message: &MessageRow, receipt: &str) -> Result<(), Problem> {
    let (id, now) = (message.message_id, app.now());
    let mut tx = app.store.begin().await?;
    let subject = format!("publicity_message:{id}");
    let mut news = Vec::new();
    let act = match effects::deliver_told(&mut tx, id, receipt, now).await? {
        true => {
            news = follow::delivered(&mut tx, &message.effect_key, now).await?;
            "publicity.delivered"
        }
        // Somebody entered it by hand meanwhile: their number stands, and this one is kept beside it.
        false => {
            let known = effects::find_any_message(&mut tx, id).await?;
            if known.is_some_and(|known| known.receipt.as_deref() == Some(receipt)) {
                return Ok(());
            }
            "publicity.delivered_twice"
        }
    };
    let detail = json!({ "receipt": receipt, "over": "http" });
    audit::record(app, &mut tx, audit::Actor::default(), act, subject, detail).await?;
    if !news.is_empty() {
        feed::append(&mut tx, &news, now).await?;
    }
    tx.commit().await?;
    count("taken");
    Ok(())
}

fn count(outcome: &'static str) {
    metrics::counter!("fieldseal_publicity_attempts_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_has_a_safe_address_and_a_secret() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let read = |url: Option<&str>, secrets: &[String]| Gateway::read(url, secrets);
        let url = Some("https://publicity.example.org/in");
        assert!(read(None, &[]).unwrap().is_none());
        assert!(read(url, std::slice::from_ref(&secret)).unwrap().is_some());
        assert!(read(url, &[]).is_err());
        assert!(read(None, std::slice::from_ref(&secret)).is_err());
        assert!(read(url, &["whsec_short".to_owned()]).is_err());
        assert!(read(Some("http://publicity.example.org/in"), &[secret]).is_err());
    }

    #[test]
    fn an_answer_without_a_number_is_no_receipt() {
        assert_eq!(receipt(br#"{"receipt": " 1 "}"#).as_deref(), Some("1"));
        for said in [
            &b""[..],
            b"ok",
            br#"{"receipt": " "}"#,
            br#"{"receipt": 1}"#,
            br#"{}"#,
        ] {
            assert_eq!(receipt(said), None);
        }
    }
}
