//! Push providers as the operator configures them: each is a webhook. A phone names a provider and its own token there, and
//! never an address.

use std::collections::BTreeMap;

use sync_core::model::Millis;
use uuid::Uuid;

use crate::clock::rfc3339;
use crate::services::webhooks::{Request, Webhook};

/// The providers of this server.
#[derive(Debug)]
pub struct Providers {
    by_name: BTreeMap<String, Webhook>,
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
            let webhook = Webhook::to(url).ok_or("--wake-endpoint leads to an https:// address")?;
            if by_name.insert(name.to_owned(), webhook).is_some() {
                return Err(format!("--wake-endpoint names {name} twice"));
            }
        }
        for secret in secrets {
            let (name, secret) = secret
                .split_once('=')
                .ok_or("--wake-secret is NAME=whsec_…")?;
            let webhook = by_name.get_mut(name);
            let webhook =
                webhook.ok_or_else(|| format!("--wake-secret: there is no endpoint {name}"))?;
            if !webhook.signed_with(secret) {
                return Err("--wake-secret is whsec_ and 24 to 64 bytes as base64".to_owned());
            }
        }
        if let Some((name, _)) = by_name.iter().find(|(_, it)| !it.is_signed()) {
            return Err(format!("--wake-endpoint {name} has no --wake-secret"));
        }
        Ok((!by_name.is_empty()).then_some(Self { by_name }))
    }

    /// Whether there is one of this name.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// A wake for a token, signed now; none where the provider is not configured any more.
    pub fn request(&self, name: &str, token: &str, id: Uuid, now: Millis) -> Option<Request> {
        let body = serde_json::json!({
            "type": "sync.wanted", "timestamp": rfc3339(now), "data": { "token": token },
        });
        let webhook = self.by_name.get(name)?;
        Some(webhook.request(id, now, body.to_string()))
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
}
