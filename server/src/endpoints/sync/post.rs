//! `POST /v1/sync`: changes up, everything new down.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::access::Principal;
use crate::app::App;
use crate::extract::bytes_problem;
use crate::problem::{Code, Problem, ProblemBody};
use crate::services::sync::{self, admission, intake};

/// Compression of answers: zstd's own default, the best for the processor it takes.
const ZSTD_LEVEL: i32 = 3;

/// Sends changes and takes what is new
///
/// The body is a `SyncRequest` as JSON, plain or under `Content-Encoding: zstd`; the answer is a `SyncResponse`, under
/// zstd where `Accept-Encoding` names it. Everything can be sent again and changes nothing. Every item of the request has
/// a status of its own: `accepted`, `held`, `quarantined` or, if it could not be taken off the wire, `refused`.
///
/// Too many at once are told `overloaded` with `Retry-After`, each another one. Whoever has much to read (a first sync) waits
/// in a lane of its own; what it sent is taken all the same, and if there is no room to read then, the answer brings nothing
/// down and says `more`. Every page that came down is done with: the next request goes on from its cursor.
#[utoipa::path(post, path = "/v1/sync", tag = "sync", security(("access_token" = [])),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses((status = 200, body = serde_json::Value), (status = 400, body = ProblemBody),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 503, body = ProblemBody, description = "No room now, or no database: come again after `Retry-After`",
            headers(("Retry-After" = u64, description = "In seconds")))))]
pub async fn sync(
    State(app): State<App>,
    caller: Principal,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let started = std::time::Instant::now();
    if !is_json(&headers) {
        return Err(Problem::new(Code::MediaTypeUnsupported)
            .detail("send Content-Type: application/json; zstd goes into Content-Encoding"));
    }
    let body = body.map_err(|error| bytes_problem(&error))?;
    let zstd = match headers
        .get(header::CONTENT_ENCODING)
        .map(HeaderValue::as_bytes)
    {
        None | Some(b"identity") => false,
        Some(b"zstd") => true,
        Some(_) => {
            return Err(
                Problem::new(Code::MediaTypeUnsupported).detail("Content-Encoding is zstd or none")
            );
        }
    };
    // What is inflated is bounded by the places: it comes after one was had.
    let place = admission::enter(&app, caller.needed_device()?).await?;
    let intake = intake::read(&body, zstd)?;
    let (answer, _place) = sync::sync(&app, &caller, intake, place).await?;
    metrics::histogram!("fieldseal_sync_seconds").record(started.elapsed().as_secs_f64());

    let json = serde_json::to_vec(&answer).map_err(|error| Problem::internal(&error))?;
    let wanted = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|coding| coding.trim() == "zstd"));
    let mut response = if wanted {
        let packed = zstd::encode_all(json.as_slice(), ZSTD_LEVEL)
            .map_err(|error| Problem::internal(&error))?;
        let mut response = (StatusCode::OK, packed).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"));
        response
    } else {
        (StatusCode::OK, json).into_response()
    };
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

/// As every other operation takes it: `application/json` with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let named = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    named
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
