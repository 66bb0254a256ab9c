//! `GET /v1/media/{token}`: bytes of evidence by a signed link; and how all such bytes are sent, by a link or by a token:
//! whole or in ranges, a piece at a time, so that no browser executes them and no cache keeps them.

use std::ops::Range;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::response::Builder;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};

use crate::access::Principal;
use crate::app::App;
use crate::extract::Path;
use crate::problem::{Code, Problem, ProblemBody};
use crate::ranges::{self, Answer};
use crate::services::evidence::content::{self, Readable, Way, note_read};

/// Read the bytes that a link was made for; it needs no token and ends with the session in which it was made
#[utoipa::path(get, path = "/v1/media/{token}", tag = "evidence",
    params(("token" = String, Path, description = "As `GET …/link` gave it")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The client has these bytes"), (status = "4XX", body = ProblemBody)))]
pub async fn read_media(
    State(app): State<App>,
    Path(token): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (caller, readable) = content::follow(&app, &token).await?;
    send(&app, &caller, readable, &method, &headers, Way::Link).await
}

/// Sends what is asked for of something that the caller may read.
pub async fn send(
    app: &App,
    caller: &Principal,
    readable: Readable,
    method: &Method,
    headers: &HeaderMap,
    way: Way,
) -> Result<Response, Problem> {
    let length = readable.length;
    let (status, parts) = match ranges::answer(method, headers, &readable.etag, length) {
        Answer::Whole => (StatusCode::OK, Vec::new()),
        Answer::Parts(parts) => (StatusCode::PARTIAL_CONTENT, parts),
        Answer::NotModified => {
            return built(head(&readable, StatusCode::NOT_MODIFIED), Body::empty());
        }
        Answer::PreconditionFailed => return Err(Problem::new(Code::PreconditionFailed)),
        Answer::Unsatisfiable => {
            let mut response = Problem::new(Code::RangeUnsatisfiable).into_response();
            let told = HeaderValue::from_str(&format!("bytes */{length}"));
            let told = told.map_err(|error| Problem::internal(&error))?;
            response.headers_mut().insert(header::CONTENT_RANGE, told);
            return Ok(response);
        }
    };
    if method == Method::GET {
        let told: Vec<(u64, u64)> = match status {
            StatusCode::OK => Vec::new(),
            _ => parts.iter().map(|it| (it.start, it.end - 1)).collect(),
        };
        note_read(app, caller, &readable, &told, way).await?;
    }
    match (status, parts.as_slice()) {
        (StatusCode::OK, _) => {
            let response = typed(head(&readable, status), readable.media_type, length);
            built(response, bytes(app, &readable, 0..length))
        }
        (_, [part]) => {
            let told = content_range(part, length);
            let response = head(&readable, status).header(header::CONTENT_RANGE, told);
            let response = typed(response, readable.media_type, part.end - part.start);
            built(response, bytes(app, &readable, part.clone()))
        }
        _ => several(app, &readable, parts),
    }
}

fn content_range(part: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", part.start, part.end - 1)
}

fn bytes(app: &App, readable: &Readable, part: Range<u64>) -> Body {
    Body::from_stream(app.objects.stream(&readable.object, part))
}

/// What every answer says of something.
fn head(readable: &Readable, status: StatusCode) -> Builder {
    let disposition = match readable.inline {
        true => "inline",
        false => "attachment",
    };
    let disposition = format!("{disposition}; filename=\"{}\"", readable.filename);
    Response::builder()
        .status(status)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, &readable.etag)
        .header(header::CONTENT_DISPOSITION, disposition)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        )
        .header("cross-origin-resource-policy", "same-origin")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CACHE_CONTROL, "private, no-store")
}

fn typed(response: Builder, media_type: &str, length: u64) -> Builder {
    response
        .header(header::CONTENT_TYPE, media_type)
        .header(header::CONTENT_LENGTH, length)
}

fn built(response: Builder, body: Body) -> Result<Response, Problem> {
    response
        .body(body)
        .map_err(|error| Problem::internal(&error))
}

/// Several parts, each with its own head, as `multipart/byteranges`.
fn several(app: &App, readable: &Readable, parts: Vec<Range<u64>>) -> Result<Response, Problem> {
    // By chance, so that nobody could have put it into the bytes.
    let boundary = hex::encode(app.random::<16>());
    let end = Bytes::from(format!("\r\n--{boundary}--\r\n"));
    let mut length = end.len() as u64;
    let mut pieces = Vec::new();
    for part in parts {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
            readable.media_type,
            content_range(&part, readable.length)
        );
        length += head.len() as u64 + (part.end - part.start);
        let bytes = app.objects.stream(&readable.object, part);
        let head = stream::once(async { Ok(Bytes::from(head)) });
        pieces.push(head.chain(bytes).boxed());
    }
    pieces.push(stream::once(async { Ok(end) }).boxed());
    let media_type = format!("multipart/byteranges; boundary={boundary}");
    let response = head(readable, StatusCode::PARTIAL_CONTENT);
    let body = Body::from_stream(stream::iter(pieces).flatten());
    built(typed(response, &media_type, length), body)
}
