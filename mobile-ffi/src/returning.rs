//! What the server signed and no longer knows after it was restored: certificates, leases and permits are brought back
//! before anything is offered again, so that whose work it is can be told when it comes.

use serde_json::{Value, json};
use sync_core::limits::RETURNED_PAPERS_MAX;
use sync_core::sync::session::Failure;

use crate::api::Api;
use crate::client::{Client, Done};
use crate::store::PAPERS;

impl Client {
    /// Brings everything back that waits for it. A server that cannot read it goes without.
    pub(crate) fn bring_back(&self, api: &Api, token: &str) -> Done<Result<(), Failure>> {
        let waiting = self.lock().store.setting(PAPERS)?;
        let Some(waiting) = waiting else {
            return Ok(Ok(()));
        };
        for body in self.papers(&waiting)? {
            let answer: Result<Value, _> =
                api.call("POST", "/v1/returned-papers", Some(token), Some(&body));
            match answer {
                Ok(_) => {}
                Err(refusal) if is_final(&refusal.failure) => {
                    tracing::warn!(error = %refusal.error, "the server takes no papers back");
                }
                Err(refusal) => return Ok(Err(refusal.failure)),
            }
        }
        self.lock()
            .store
            .write(|write| write.remove_setting(PAPERS))?;
        Ok(Ok(()))
    }

    /// As many requests as it takes, devices before the people on them.
    fn papers(&self, waiting: &str) -> Done<Vec<Value>> {
        let records: Vec<(String, String, Value)> =
            serde_json::from_str(waiting).unwrap_or_default();
        let certificates = self.lock().store.list_signed_certificates()?;
        let mut bodies: Vec<Value> = certificates
            .chunks(RETURNED_PAPERS_MAX)
            .map(|some| json!({ "certificates": some }))
            .collect();
        for some in records.chunks(RETURNED_PAPERS_MAX) {
            let of = |wanted: &str, fields: &[&str]| -> Vec<Value> {
                let kind = some.iter().filter(|(kind, _, _)| kind == wanted);
                kind.map(|(_, _, record)| picked(record, fields)).collect()
            };
            bodies.push(json!({
                "leases": of("lease", &["signed", "released_at_ms"]),
                "re_entry_grants": of("re_entry_grant", &["signed", "reason", "granted_by"]),
            }));
        }
        Ok(bodies)
    }
}

fn picked(record: &Value, fields: &[&str]) -> Value {
    let there = fields.iter().filter_map(|field| {
        let value = record.get(*field)?;
        Some(((*field).to_owned(), value.clone()))
    });
    Value::Object(there.collect())
}

/// Sent again it would be refused again.
fn is_final(failure: &Failure) -> bool {
    matches!(failure, Failure::Status { status: 400 | 403 | 404 | 405 | 413 | 415 | 422, code, .. }
        if !code.is_empty() && !["device_revoked", "device_unknown", "user_disabled"].contains(&code.as_str()))
}
