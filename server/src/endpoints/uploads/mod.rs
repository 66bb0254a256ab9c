//! `/v1/uploads`: evidence comes up by tus 1.0.0 (<https://tus.io/protocols/resumable-upload>), so that stock clients work
//! unchanged. Here is what is said in headers; what is done is in `services/uploads`.

pub mod append;
pub mod create;
pub mod get;
pub mod terminate;
pub mod tus;

use aws_lc_rs::digest;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::problem::{Code, Problem};
use crate::services::uploads::receive::{Bringing, Checksum, Received};
use crate::store::uploads::{UPLOADING, UploadRow};

const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

/// The media type of bytes that follow an offset.
const OFFSET_OCTET_STREAM: &str = "application/offset+octet-stream";

fn malformed(name: &HeaderName, detail: impl Into<String>) -> Problem {
    Problem::new(Code::HeaderInvalid).field(name.as_str(), detail)
}

/// The text of a header that comes once at most.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(malformed(name, "came more than once"));
    }
    let text = value.to_str();
    text.map(Some)
        .map_err(|_| malformed(name, "is no printable ASCII"))
}

/// A whole number in a header: digits and nothing else.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<i64>, Problem> {
    let Some(text) = text(headers, name)? else {
        return Ok(None);
    };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten();
    let number = number.ok_or_else(|| malformed(name, "is no whole number from 0 on"))?;
    Ok(Some(number))
}

/// Whether the body holds bytes of a file; nothing else may.
fn is_octets(headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(kind) = text(headers, &header::CONTENT_TYPE)? else {
        return Ok(false);
    };
    let media = kind.split(';').next().unwrap_or_default().trim();
    Ok(media.eq_ignore_ascii_case(OFFSET_OCTET_STREAM))
}

fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(text) = text(headers, &UPLOAD_CHECKSUM)? else {
        return Ok(None);
    };
    let Some((algorithm, value)) = text.split_once(' ') else {
        return Err(malformed(
            &UPLOAD_CHECKSUM,
            "is no algorithm, space, base64",
        ));
    };
    let algorithm: &'static digest::Algorithm = match algorithm {
        "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha256" => &digest::SHA256,
        _ => return Err(Problem::new(Code::ChecksumAlgorithmUnknown)),
    };
    let value = STANDARD.decode(value.trim());
    let value = value.map_err(|_| malformed(&UPLOAD_CHECKSUM, "is no base64"))?;
    if value.len() != algorithm.output_len() {
        return Err(malformed(&UPLOAD_CHECKSUM, "is no hash of that length"));
    }
    Ok(Some(Checksum { algorithm, value }))
}

/// What a request brings.
fn bringing(headers: &HeaderMap, offset: i64, body: Body) -> Result<Bringing, Problem> {
    let length = number(headers, &header::CONTENT_LENGTH)?;
    Ok(Bringing {
        offset,
        length: length.and_then(|length| length.try_into().ok()),
        checksum: checksum(headers)?,
        waits: headers.contains_key(header::EXPECT),
        body: body.into_data_stream(),
    })
}

/// Where an upload stands, and until when.
fn told(row: &UploadRow) -> AppendHeaders<Vec<(HeaderName, HeaderValue)>> {
    let mut told = vec![(UPLOAD_OFFSET, HeaderValue::from(row.offset_bytes))];
    told.extend(expiry(row));
    AppendHeaders(told)
}

/// Until when it may be gone on with.
fn expiry(row: &UploadRow) -> Option<(HeaderName, HeaderValue)> {
    let at = jiff::Timestamp::from_millisecond(row.expires_at).ok()?;
    let text = jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .ok()?;
    let value = HeaderValue::from_str(&text).ok()?;
    (row.state == UPLOADING).then_some((UPLOAD_EXPIRES, value))
}

/// The answer to a request that brought bytes.
fn answer(received: Received) -> Response {
    let told = told(&received.row);
    match received.problem {
        None => (axum::http::StatusCode::NO_CONTENT, told).into_response(),
        Some(problem) => (told, problem).into_response(),
    }
}
