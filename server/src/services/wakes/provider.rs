//! Push providers as the operator configures them, and one request to one of them: a webhook signed as Standard Webhooks
//! says. A phone names a provider and its own token there, and never an address.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::limits::WAKE_REQUEST_S;
use sync_core::model::Millis;
use uuid::Uuid;

use crate::clock::rfc3339;
use crate::services::oidc::provider::is_safe;

/// How secrets are written.
const SECRET_PREFIX: &str = "whsec_";
/// Bytes of a secret at least, and at most.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A provider.
#[derive(Debug)]
struct Provider {
    url: String,
    /// All of them sign, so that one can follow another.
    secrets: Vec<hmac::Key>,
}

/// The providers of this server.
#[derive(Debug)]
pub struct Providers {
    by_name: BTreeMap<String, Provider>,
    agent: ureq::Agent,
}

/// What a provider answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took the wake.
    Taken,
    /// It knows the token no longer.
    Gone,
    /// It did not, and why; it may say after how many seconds to come again.
    Failed {
        /// For the operator: a status, or what is wrong with the way there. No token.
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

impl Providers {
    /// From `NAME=URL` and `NAME=whsec_…`; a sentence about what is missing or unsafe.
    pub fn read(endpoints: &[String], secrets: &[String]) -> Result<Option<Self>, String> {
        let mut by_name = BTreeMap::new();
        for endpoint in endpoints {
            let (name, url) = endpoint
                .split_once('=')
                .ok_or("--wake-endpoint is NAME=URL")?;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
            if name.is_empty() || !name.chars().all(plain) {
                return Err("a name of --wake-endpoint is of a-z, 0-9, - and _".to_owned());
            }
            if !is_safe(url) {
                return Err("--wake-endpoint leads to an https:// address".to_owned());
            }
            let provider = Provider {
                url: url.to_owned(),
                secrets: Vec::new(),
            };
            if by_name.insert(name.to_owned(), provider).is_some() {
                return Err(format!("--wake-endpoint names {name} twice"));
            }
        }
        for secret in secrets {
            let (name, secret) = secret
                .split_once('=')
                .ok_or("--wake-secret is NAME=whsec_…")?;
            let provider = by_name.get_mut(name);
            let provider =
                provider.ok_or_else(|| format!("--wake-secret: there is no endpoint {name}"))?;
            let bytes = secret.strip_prefix(SECRET_PREFIX);
            let bytes = bytes.and_then(|text| STANDARD.decode(text).ok());
            let bytes = bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len()));
            let bytes = bytes.ok_or("--wake-secret is whsec_ and 24 to 64 bytes as base64")?;
            provider
                .secrets
                .push(hmac::Key::new(hmac::HMAC_SHA256, &bytes));
        }
        if let Some((name, _)) = by_name.iter().find(|(_, it)| it.secrets.is_empty()) {
            return Err(format!("--wake-endpoint {name} has no --wake-secret"));
        }
        if by_name.is_empty() {
            return Ok(None);
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // Where it leads is the operator's to say, and nobody else's.
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(WAKE_REQUEST_S)))
            .build()
            .new_agent();
        Ok(Some(Self { by_name, agent }))
    }

    /// Whether there is one of this name.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// A wake for a token, signed now; none where the provider is not configured any more.
    pub fn request(&self, name: &str, token: &str, id: Uuid, now: Millis) -> Option<Request> {
        let provider = self.by_name.get(name)?;
        let body = serde_json::json!({
            "type": "sync.wanted", "timestamp": rfc3339(now), "data": { "token": token },
        });
        let (id, timestamp, body) = (
            format!("msg_{}", id.simple()),
            now.div_euclid(1_000).to_string(),
            body.to_string(),
        );
        let signatures: Vec<String> = provider
            .secrets
            .iter()
            .map(|secret| signature(secret, &id, &timestamp, &body))
            .collect();
        Some(Request {
            url: provider.url.clone(),
            signature: signatures.join(" "),
            id,
            timestamp,
            body,
            agent: self.agent.clone(),
        })
    }
}

/// `v1,` and HMAC-SHA256 over id, timestamp and body, as base64.
fn signature(secret: &hmac::Key, id: &str, timestamp: &str, body: &str) -> String {
    let signed = hmac::sign(secret, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(signed))
}

impl Request {
    /// Sends it, and says what came back. Blocks.
    pub fn send(self) -> Answer {
        let answered = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", &self.timestamp)
            .header("webhook-signature", &self.signature)
            .send(self.body);
        let answer = match answered {
            Ok(answer) => answer,
            Err(error) => {
                return Answer::Failed {
                    why: error.to_string(),
                    retry_after_s: None,
                };
            }
        };
        // What it says beside its status is not read: nothing here depends on it.
        match answer.status().as_u16() {
            200..=299 => Answer::Taken,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(endpoints: &[&str], secrets: &[&str]) -> Result<Option<Providers>, String> {
        let owned = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        Providers::read(&owned(endpoints), &owned(secrets))
    }

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn a_signature_is_the_one_of_the_standards_own_example() {
        let bytes = STANDARD.decode(SECRET.strip_prefix(SECRET_PREFIX).unwrap());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes.unwrap());
        let (id, timestamp) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330");
        let signed = signature(&key, id, timestamp, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn providers_are_named_safely_and_each_has_a_secret() {
        let secret = format!("push={SECRET}");
        assert!(read(&[], &[]).unwrap().is_none());
        let url = "push=https://push.example.org/wake?a=b";
        assert!(read(&[url], &[&secret]).unwrap().unwrap().has("push"));
        for (endpoints, secrets) in [
            (&[url][..], &[][..]),
            (&["push=http://push.example.org/wake"], &[&*secret]),
            (&["https://push.example.org"], &[&*secret]),
            (&["Push=https://push.example.org"], &[&*secret]),
            (&[url, url], &[&*secret]),
            (&[url], &["push=whsec_short"]),
            (&[url], &["push=MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]),
            (
                &[url],
                &[&*secret, "other=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            ),
        ] {
            assert!(
                read(endpoints, secrets).is_err(),
                "{endpoints:?} {secrets:?}"
            );
        }
    }

    #[test]
    fn every_secret_of_a_provider_signs_so_that_one_can_follow_another() {
        let second = "push=whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let first = format!("push={SECRET}");
        let providers = read(&["push=http://127.0.0.1:1/"], &[&first, second]).unwrap();
        let request = providers.unwrap().request("push", "t", Uuid::nil(), 1_000);
        let signature = request.unwrap().signature;
        assert_eq!(
            signature
                .split(' ')
                .filter(|it| it.starts_with("v1,"))
                .count(),
            2
        );
    }
}
