//! Webhooks that the server calls, signed as [Standard Webhooks](https://www.standardwebhooks.com) says: where one leads and
//! with what it is signed is the operator's alone to say. One request, what came back, and when to come again.

use std::io::Read;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::limits::{WEBHOOK_REQUEST_S, WEBHOOK_RETRY_BASE_MS, WEBHOOK_RETRY_MAX_MS};
use sync_core::model::Millis;
use uuid::Uuid;

use crate::app::App;
use crate::services::oidc::provider::is_safe;

/// How secrets are written.
const SECRET_PREFIX: &str = "whsec_";
/// Bytes of a secret at least, and at most.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Where webhooks go, and what signs them.
#[derive(Debug)]
pub struct Webhook {
    url: String,
    /// All of them sign, so that one can follow another.
    secrets: Vec<hmac::Key>,
    agent: ureq::Agent,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was taken; with the bytes that were asked for.
    Taken(Vec<u8>),
    /// It is not there any more.
    Gone,
    /// It was not taken, and why; the other side may say after how many seconds to come again.
    Failed {
        /// For the operator: a status, or what is wrong with the way there. Nothing of what was sent.
        why: String,
        /// `Retry-After`, in seconds.
        retry_after_s: Option<i64>,
    },
}

/// One request, ready to be sent.
pub struct Request {
    url: String,
    id: String,
    timestamp: String,
    signature: String,
    body: String,
    agent: ureq::Agent,
}

impl Webhook {
    /// One that leads there; none where that is no encrypted address and not this machine either.
    pub fn to(url: &str) -> Option<Self> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // Where it leads is the operator's to say, and nobody else's.
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(WEBHOOK_REQUEST_S)))
            .build()
            .new_agent();
        is_safe(url).then(|| Self {
            url: url.to_owned(),
            secrets: Vec::new(),
            agent,
        })
    }

    /// This secret signs too; false where it is none.
    #[must_use]
    pub fn signed_with(&mut self, secret: &str) -> bool {
        let bytes = secret.strip_prefix(SECRET_PREFIX);
        let bytes = bytes.and_then(|text| STANDARD.decode(text).ok());
        let Some(bytes) = bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len())) else {
            return false;
        };
        self.secrets.push(hmac::Key::new(hmac::HMAC_SHA256, &bytes));
        true
    }

    /// Whether anything signs.
    pub fn is_signed(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// A request under an id that every attempt has, signed now.
    pub fn request(&self, id: Uuid, now: Millis, body: String) -> Request {
        let (id, timestamp) = (
            format!("msg_{}", id.simple()),
            now.div_euclid(1_000).to_string(),
        );
        let secrets = self.secrets.iter();
        let signatures: Vec<String> = secrets
            .map(|secret| signature(secret, &id, &timestamp, &body))
            .collect();
        Request {
            url: self.url.clone(),
            signature: signatures.join(" "),
            id,
            timestamp,
            body,
            agent: self.agent.clone(),
        }
    }
}

/// `v1,` and HMAC-SHA256 over id, timestamp and body, as base64.
fn signature(secret: &hmac::Key, id: &str, timestamp: &str, body: &str) -> String {
    let signed = hmac::sign(secret, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(signed))
}

impl Request {
    /// Sends it, and says what came back; of what is said beside the status no more than so many bytes are read. Blocks.
    pub fn send(self, read_bytes_max: u64) -> Answer {
        let failed = |why: String| Answer::Failed {
            why,
            retry_after_s: None,
        };
        let answered = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", &self.timestamp)
            .header("webhook-signature", &self.signature)
            .send(self.body);
        let mut answer = match answered {
            Ok(answer) => answer,
            Err(error) => return failed(error.to_string()),
        };
        match answer.status().as_u16() {
            200..=299 => {
                let mut said = Vec::new();
                let reader = answer.body_mut().as_reader();
                match reader.take(read_bytes_max).read_to_end(&mut said) {
                    Ok(_) => Answer::Taken(said),
                    Err(error) => failed(error.to_string()),
                }
            }
            410 => Answer::Gone,
            status => {
                let after = answer.headers().get("retry-after");
                let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
                Answer::Failed {
                    why: format!("HTTP {status}"),
                    retry_after_s: after.filter(|seconds| *seconds >= 0),
                }
            }
        }
    }
}

/// Twice as long each time, and by chance up to half of it less, so that requests do not come together; what the other side
/// asks for where that is longer. Never longer than the bound.
pub fn pause_ms(app: &App, attempts: i64, retry_after_s: Option<i64>) -> Millis {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX).min(20);
    let whole = (WEBHOOK_RETRY_BASE_MS << doublings).min(WEBHOOK_RETRY_MAX_MS);
    let chance = i64::from(u16::from_be_bytes(app.random()));
    let pause = whole - whole / 2 * chance / i64::from(u16::MAX);
    let asked = retry_after_s.map_or(0, |seconds| seconds.saturating_mul(1_000));
    pause.max(asked.min(WEBHOOK_RETRY_MAX_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_standards_own_example() {
        let secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret).unwrap());
        let (id, timestamp) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330");
        let signed = signature(&key, id, timestamp, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_secret_signs_so_that_one_can_follow_another() {
        let mut webhook = Webhook::to("http://127.0.0.1:1/").unwrap();
        assert!(!webhook.is_signed());
        assert!(webhook.signed_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert!(webhook.signed_with("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
        assert!(!webhook.signed_with("whsec_short"));
        let request = webhook.request(Uuid::nil(), 1_000, "{}".to_owned());
        let signatures = request.signature.split(' ');
        assert_eq!(signatures.filter(|it| it.starts_with("v1,")).count(), 2);
    }
}
