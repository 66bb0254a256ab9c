//! The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a request that changes something, sent again
//! under the same key, is answered as it was the first time and done once. Most operations need none, because what they
//! put has a key of its own; this is for the rest (a one-time code, a login), and for what arrives so late that others
//! have acted meanwhile.
//!
//! Answers hold secrets, so they are kept sealed under the key and the body, and of the key only a hash: whoever reads
//! the database reads neither, and whoever guesses a key must know the request as well.

use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sync_core::limits::{
    IDEMPOTENCY_KEY_CHARS_MAX, IDEMPOTENCY_KEY_MS, IMPORT_BYTES_MAX, IMPORT_REQUEST_S,
    JSON_BODY_BYTES_MAX, KEPT_ANSWER_BYTES_MAX,
};

use super::operations::Operation;
use crate::app::App;
use crate::crypto::labelled_hash;
use crate::problem::{Code, Problem};
use crate::store::access::kept_answers;

/// The header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Operations that take no key: a challenge is nothing but a fresh random text, a page of changes is known by its hashes and
/// answered with what is new, and the bytes of an upload by the offset where they begin.
const WITHOUT: [&str; 5] = [
    "create_challenge",
    "sync",
    "create_upload",
    "append_upload",
    "terminate_upload",
];

/// Whether an operation heeds the header.
pub fn heeds(method: &Method, operation: &str) -> bool {
    !method.is_safe() && !WITHOUT.contains(&operation)
}

/// One request under its key.
struct Keyed {
    caller: String,
    key: [u8; 32],
    fingerprint: [u8; 32],
    seal: [u8; 32],
}

/// Runs what follows, once for every key of a caller.
pub async fn once(
    app: &App,
    operation: &Operation,
    caller: Option<String>,
    request: Request,
    next: Next,
) -> Response {
    let asked = request.headers().get(&IDEMPOTENCY_KEY).cloned();
    let Some(key) = asked.filter(|_| heeds(request.method(), operation.id)) else {
        return next.run(request).await;
    };
    match keyed(app, operation, caller, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn keyed(
    app: &App,
    operation: &Operation,
    caller: Option<String>,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len()))
        .filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
    let key = key.ok_or_else(|| {
        let detail =
            format!("Idempotency-Key has 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters and no space");
        Problem::new(Code::HeaderInvalid).detail(detail)
    })?;
    let bytes_max = match operation.id {
        "import_file" => IMPORT_BYTES_MAX,
        _ => JSON_BODY_BYTES_MAX,
    };
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, bytes_max)
        .await
        .map_err(|_| Problem::new(Code::BodyTooLarge))?;
    let uri = parts.uri.to_string();
    let told = [uri.as_bytes(), &[0], &body].concat();
    let keyed = Keyed {
        caller: caller.unwrap_or_else(|| "public".to_owned()),
        key: labelled_hash("idempotency key", key.as_bytes()),
        fingerprint: labelled_hash(operation.id, &told),
        seal: labelled_hash("idempotency seal", &[key.as_bytes(), &[0], &told].concat()),
    };
    if let Some(response) = keyed.claim(app).await? {
        return Ok(response);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    keyed.keep(app, response).await
}

impl Keyed {
    fn place(&self) -> (&str, [u8; 32]) {
        (&self.caller, self.key)
    }

    /// Claims the key, or gives the answer that was kept.
    async fn claim(&self, app: &App) -> Result<Option<Response>, Problem> {
        let now = app.now();
        let mut tx = app.store.begin_beside().await?;
        let times = (now, now - IDEMPOTENCY_KEY_MS);
        let known = kept_answers::claim(&mut tx, self.place(), self.fingerprint, times).await?;
        let Some(known) = known else {
            tx.commit().await?;
            return Ok(None);
        };
        if known.fingerprint != self.fingerprint {
            return Err(Problem::new(Code::IdempotencyKeyReused));
        }
        if let Some((status, sealed)) = known.answer {
            return Ok(Some(self.open(status, sealed)?));
        }
        // Under way, or its server died: then whether it was done is not known, and doing it again is what a request
        // without a key would do.
        let over = Duration::from_secs(IMPORT_REQUEST_S).as_millis();
        let waited = u128::try_from(now - known.claimed_at).unwrap_or(0);
        let mine = waited > over
            && kept_answers::claim_again(&mut tx, self.place(), known.claimed_at, now).await?;
        if !mine {
            return Err(Problem::new(Code::IdempotencyKeyInUse).retry_after_s(1));
        }
        tx.commit().await?;
        Ok(None)
    }

    /// Keeps what was done; what failed changed nothing and may be tried again under its key.
    async fn keep(&self, app: &App, response: Response) -> Result<Response, Problem> {
        let (parts, body) = response.into_parts();
        let mut tx = app.store.begin_beside().await?;
        if !parts.status.is_success() {
            kept_answers::give_up(&mut tx, self.place()).await?;
            tx.commit().await?;
            return Ok(Response::from_parts(parts, body));
        }
        let bytes = to_bytes(body, usize::MAX)
            .await
            .map_err(|error| Problem::internal(&error))?;
        if bytes.len() <= KEPT_ANSWER_BYTES_MAX {
            let sealed = self.seal(&app.random(), &bytes)?;
            kept_answers::keep(&mut tx, self.place(), parts.status.as_u16(), sealed).await?;
        } else {
            kept_answers::give_up(&mut tx, self.place()).await?;
        }
        tx.commit().await?;
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }

    fn cipher(&self) -> Result<LessSafeKey, Problem> {
        let key = UnboundKey::new(&AES_256_GCM, &self.seal);
        key.map(LessSafeKey::new)
            .map_err(|error| Problem::internal(&error))
    }

    fn seal(&self, nonce: &[u8; NONCE_LEN], answer: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut sealed = answer.to_vec();
        let unique = Nonce::assume_unique_for_key(*nonce);
        self.cipher()?
            .seal_in_place_append_tag(unique, Aad::from(self.fingerprint), &mut sealed)
            .map_err(|error| Problem::internal(&error))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    fn open(&self, status: i64, mut sealed: Vec<u8>) -> Result<Response, Problem> {
        let unreadable = || Problem::fault("a kept answer cannot be read");
        let (nonce, sealed) = sealed
            .split_first_chunk_mut::<NONCE_LEN>()
            .ok_or_else(unreadable)?;
        let unique = Nonce::assume_unique_for_key(*nonce);
        let answer = self
            .cipher()?
            .open_in_place(unique, Aad::from(self.fingerprint), sealed)
            .map_err(|error| Problem::internal(&error))?;
        let status = u16::try_from(status)
            .ok()
            .and_then(|it| StatusCode::from_u16(it).ok());
        let mut response = Response::new(Body::from(answer.to_vec()));
        *response.status_mut() = status.ok_or_else(unreadable)?;
        if !answer.is_empty() {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        Ok(response)
    }
}
