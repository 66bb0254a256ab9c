//! Requests to the server: JSON for access, zstd JSON for a sync. Answers are inflated within a bound.

use std::io::Read as _;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::limits::{JSON_BODY_BYTES_MAX, PAGE_COMPRESSED_BYTES_MAX, PAGE_INFLATED_BYTES_MAX};
use sync_core::sync::retry::retry_after_ms;
use sync_core::sync::session::Failure;
use sync_core::sync::tus as upload;
use sync_core::sync::wire::{SyncRequest, SyncResponse};

use crate::error::ClientError;
use crate::host::{Clock, HttpAnswer, HttpRequest, Transport, TransportError};

/// The type of the server's problems.
const PROBLEM: &str = "application/problem+json";

/// The compression level: higher ones gain little on forms.
const ZSTD_LEVEL: i32 = 9;

/// One server.
#[derive(Clone)]
pub struct Api {
    /// As `https://host:port`, without a slash at the end.
    pub base: String,
    /// How to get there.
    pub transport: Arc<dyn Transport>,
    /// For dates in answers.
    pub clock: Arc<dyn Clock>,
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

/// Why a call was not answered as asked: for the session, and for the app.
#[derive(Debug)]
pub struct Refusal {
    /// For the session.
    pub failure: Failure,
    /// For the app.
    pub error: Box<ClientError>,
}

impl From<Refusal> for ClientError {
    fn from(refusal: Refusal) -> Self {
        *refusal.error
    }
}

impl Api {
    /// A JSON call.
    pub fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<T, Refusal> {
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
            let failure = transport_failure(&error);
            let error =
                ClientError::new(&failure.code(), "The server cannot be reached").with(error);
            Refusal {
                failure,
                error: Box::new(error),
            }
        })?;
        if !(200..300).contains(&answer.status) {
            let failure = self.failure(&answer);
            let error = problem(&answer).unwrap_or_else(|| {
                let message = format!("The server answered {}", answer.status);
                ClientError::new(&failure.code(), message)
            });
            return Err(Refusal {
                failure,
                error: Box::new(error),
            });
        }
        let text = if answer.body.is_empty() {
            b"null".as_slice()
        } else {
            &answer.body
        };
        serde_json::from_slice(text).map_err(|error| Refusal {
            failure: Failure::Unreadable,
            error: Box::new(
                ClientError::new("network.unreadable", "The answer cannot be read").with(error),
            ),
        })
    }

    fn failure(&self, answer: &HttpAnswer) -> Failure {
        let asked = answer
            .header("retry-after")
            .and_then(|value| retry_after_ms(value, answer.header("date"), self.clock.wall_ms()));
        Failure::Status {
            status: answer.status,
            code: problem(answer).map(|it| it.code).unwrap_or_default(),
            retry_after_ms: asked,
        }
    }

    /// One request about an upload; any answer is one, whoever gave it.
    pub fn upload(
        &self,
        method: &str,
        path: &str,
        token: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<upload::Answer, Failure> {
        let mut all = vec![
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("tus-resumable".to_owned(), upload::TUS_VERSION.to_owned()),
        ];
        all.extend(headers);
        let answer = self.transport.send(HttpRequest {
            method: method.to_owned(),
            url: format!("{}{path}", self.base),
            headers: all,
            body,
            answer_bytes_max: JSON_BODY_BYTES_MAX,
        });
        let answer = answer.map_err(|error| transport_failure(&error))?;
        let number = |name: &str| answer.header(name)?.trim().parse().ok();
        let Failure::Status {
            status,
            code,
            retry_after_ms,
        } = self.failure(&answer)
        else {
            return Err(Failure::Unreadable);
        };
        let kind = answer.header("content-type").unwrap_or_default();
        Ok(upload::Answer {
            status,
            ours: answer.header("tus-resumable").is_some() || kind.starts_with(PROBLEM),
            code,
            location: answer.header("location").map(str::to_owned),
            offset: number("upload-offset"),
            length: number("upload-length"),
            retry_after_ms,
        })
    }

    /// `POST /v1/sync`.
    pub fn sync(&self, token: &str, request: &SyncRequest) -> Pushed {
        let Some(body) = packed(request) else {
            return Pushed::TooLarge;
        };
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
            Err(error) => Pushed::Failed(transport_failure(&error)),
            Ok(answer) if answer.status == 200 => match read_answer(&answer) {
                Some(answer) => Pushed::Answered(Box::new(answer)),
                None => Pushed::Failed(Failure::Unreadable),
            },
            Ok(answer) => Pushed::Failed(self.failure(&answer)),
        }
    }
}

/// A page as it travels; none if it is larger than a page may be.
pub fn packed(request: &SyncRequest) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(request).ok()?;
    let body = zstd::bulk::compress(&json, ZSTD_LEVEL).ok()?;
    let fits = body.len() <= PAGE_COMPRESSED_BYTES_MAX && json.len() <= PAGE_INFLATED_BYTES_MAX;
    fits.then_some(body)
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

fn transport_failure(error: &TransportError) -> Failure {
    match error {
        TransportError::TimedOut => Failure::TimedOut,
        TransportError::Unreachable(_) => Failure::Unreachable,
    }
}

/// The server's problem (RFC 9457) as an error of ours: its code is stable. Whatever else comes is none of our server's: a
/// captive portal, a proxy on the way.
fn problem(answer: &HttpAnswer) -> Option<ClientError> {
    let kind = answer.header("content-type").unwrap_or_default();
    if !kind.starts_with(PROBLEM) {
        return None;
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(ClientError {
        code: text("code").filter(|code| !code.is_empty())?,
        message: text("title").unwrap_or_else(|| format!("The server answered {}", answer.status)),
        details: text("detail").unwrap_or_default(),
        objections: Vec::new(),
    })
}
