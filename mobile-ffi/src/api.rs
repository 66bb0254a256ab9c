//! Requests to the server: JSON for access, zstd JSON for a sync. Answers are inflated within a bound.

use std::io::Read as _;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::limits::{JSON_BODY_BYTES_MAX, PAGE_COMPRESSED_BYTES_MAX, PAGE_INFLATED_BYTES_MAX};
use sync_core::sync::session::Failure;
use sync_core::sync::wire::{SyncRequest, SyncResponse};

use crate::error::ClientError;
use crate::host::{HttpAnswer, HttpRequest, Transport, TransportError};

/// The compression level: higher ones gain little on forms.
const ZSTD_LEVEL: i32 = 9;

/// One server.
#[derive(Clone)]
pub struct Api {
    /// As `https://host:port`, without a slash at the end.
    pub base: String,
    /// How to get there.
    pub transport: Arc<dyn Transport>,
}

/// What became of sending a page.
pub enum Pushed {
    /// Compresses to more than a page may be.
    TooLarge,
    /// The answer.
    Answered(Box<SyncResponse>),
    /// None.
    Failed(Failure),
}

impl Api {
    /// A JSON call.
    pub fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<T, ClientError> {
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        headers.extend(token.map(|token| ("authorization".to_owned(), format!("Bearer {token}"))));
        let body = body.map(Value::to_string).unwrap_or_default().into_bytes();
        if !body.is_empty() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let answer = self.transport.send(HttpRequest {
            method: method.to_owned(),
            url: format!("{}{path}", self.base),
            headers,
            body,
            answer_bytes_max: JSON_BODY_BYTES_MAX,
        });
        let answer = answer.map_err(|error| {
            let code = transport_failure(&error);
            ClientError::new(code, "The server cannot be reached").with(error)
        })?;
        if !(200..300).contains(&answer.status) {
            return Err(problem(&answer));
        }
        let text = if answer.body.is_empty() {
            b"null".as_slice()
        } else {
            &answer.body
        };
        serde_json::from_slice(text).map_err(|error| {
            ClientError::new("network.unreadable", "The answer cannot be read").with(error)
        })
    }

    /// `POST /v1/sync`.
    pub fn sync(&self, token: &str, request: &SyncRequest) -> Pushed {
        let Ok(json) = serde_json::to_vec(request) else {
            return Pushed::Failed(Failure::Unreadable);
        };
        let Ok(body) = zstd::bulk::compress(&json, ZSTD_LEVEL) else {
            return Pushed::Failed(Failure::Unreadable);
        };
        if body.len() > PAGE_COMPRESSED_BYTES_MAX || json.len() > PAGE_INFLATED_BYTES_MAX {
            return Pushed::TooLarge;
        }
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let answer = self.transport.send(HttpRequest {
            method: "POST".to_owned(),
            url: format!("{}/v1/sync", self.base),
            headers: vec![
                header("authorization", &format!("Bearer {token}")),
                header("content-type", "application/json"),
                header("content-encoding", "zstd"),
                header("accept-encoding", "zstd"),
            ],
            body,
            answer_bytes_max: PAGE_INFLATED_BYTES_MAX,
        });
        match answer {
            Err(TransportError::TimedOut) => Pushed::Failed(Failure::TimedOut),
            Err(TransportError::Unreachable(_)) => Pushed::Failed(Failure::Unreachable),
            Ok(answer) if answer.status == 200 => match read_answer(&answer) {
                Some(answer) => Pushed::Answered(Box::new(answer)),
                None => Pushed::Failed(Failure::Unreadable),
            },
            Ok(answer) => Pushed::Failed(Failure::Status {
                status: answer.status,
                code: problem(&answer).code,
                retry_after_ms: retry_after_ms(&answer),
            }),
        }
    }
}

/// The body of a sync's answer; a feed may be larger than a page that goes up, but not without bound.
const FEED_INFLATED_BYTES_MAX: u64 = 4 * PAGE_INFLATED_BYTES_MAX as u64;

fn read_answer(answer: &HttpAnswer) -> Option<SyncResponse> {
    let mut json = Vec::new();
    if answer.header("content-encoding") == Some("zstd") {
        let decoder = zstd::stream::read::Decoder::new(answer.body.as_slice()).ok()?;
        decoder
            .take(FEED_INFLATED_BYTES_MAX + 1)
            .read_to_end(&mut json)
            .ok()?;
    } else {
        json.clone_from(&answer.body);
    }
    if json.len() as u64 > FEED_INFLATED_BYTES_MAX {
        return None;
    }
    match serde_json::from_slice(&json) {
        Ok(answer) => Some(answer),
        Err(error) => {
            tracing::warn!(%error, "a sync's answer cannot be read");
            None
        }
    }
}

fn transport_failure(error: &TransportError) -> &'static str {
    match error {
        TransportError::TimedOut => "network.timed_out",
        TransportError::Unreachable(_) => "network.unreachable",
    }
}

fn retry_after_ms(answer: &HttpAnswer) -> Option<i64> {
    let seconds: i64 = answer.header("retry-after")?.trim().parse().ok()?;
    Some(seconds.saturating_mul(1_000))
}

/// The server's problem (RFC 9457) as an error of ours: its code is stable.
fn problem(answer: &HttpAnswer) -> ClientError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    ClientError {
        code: text("code").unwrap_or_else(|| format!("http.{}", answer.status)),
        message: text("title").unwrap_or_else(|| format!("The server answered {}", answer.status)),
        details: text("detail").unwrap_or_default(),
    }
}
