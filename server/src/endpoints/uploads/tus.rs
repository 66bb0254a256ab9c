//! What every request and answer of tus has: the version, the method in a header, and what is offered.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use sync_core::limits::EVIDENCE_BYTES_MAX;

use crate::problem::{Code, Problem};

/// The version that is spoken.
const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,expiration,checksum,termination";
const ALGORITHMS: &str = "sha1,sha256";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// Whether tus is spoken at a path.
pub fn is_spoken_at(path: &str) -> bool {
    let below = path.strip_prefix("/v1/uploads");
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// Clients whose HTTP library knows no PATCH say POST, and the method in a header.
pub fn overridden(mut request: Request) -> Request {
    if request.method() == Method::POST && is_spoken_at(request.uri().path()) {
        let method = match request
            .headers()
            .get(METHOD_OVERRIDE)
            .map(HeaderValue::as_bytes)
        {
            Some(b"PATCH") => Method::PATCH,
            Some(b"HEAD") => Method::HEAD,
            Some(b"DELETE") => Method::DELETE,
            Some(b"OPTIONS") => Method::OPTIONS,
            _ => return request,
        };
        *request.method_mut() = method;
    }
    request
}

/// Says in every answer which version is spoken, and to who asks what is offered.
pub async fn speak(request: Request, next: Next) -> Response {
    if !is_spoken_at(request.uri().path()) {
        return next.run(request).await;
    }
    let asks = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    let refused = response.status() == StatusCode::PRECONDITION_FAILED;
    let headers = response.headers_mut();
    headers.insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    if asks || refused {
        headers.insert(TUS_VERSION, HeaderValue::from_static(VERSION));
    }
    if asks {
        headers.insert(TUS_EXTENSION, HeaderValue::from_static(EXTENSIONS));
        headers.insert(TUS_MAX_SIZE, HeaderValue::from(EVIDENCE_BYTES_MAX));
        headers.insert(TUS_CHECKSUM_ALGORITHM, HeaderValue::from_static(ALGORITHMS));
    }
    response
}

/// Refuses who speaks another version, or none.
pub fn version(headers: &HeaderMap) -> Result<(), Problem> {
    let spoken = headers.get(TUS_RESUMABLE).map(HeaderValue::as_bytes);
    match spoken == Some(VERSION.as_bytes()) {
        true => Ok(()),
        false => Err(Problem::new(Code::TusVersionUnsupported)),
    }
}
