//! `GET /v1/visits/{id}/bundle`: a visit with everything that proves it, as a ZIP.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sync_core::model::DocumentId;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Path, Query};
use crate::problem::{Code, Problem, ProblemBody};
use crate::ranges::{self, Answer};
use crate::services::bundles::{self, Continues};

/// What goes into it.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BundleQuery {
    /// Sums in SM3 (GM/T 0004) beside those in SHA-256
    #[serde(default)]
    pub sm3: bool,
}

/// Whether the request goes on with a bundle: it names one, or asks for a range and names none.
fn continues(headers: &HeaderMap) -> Continues {
    for name in [header::IF_RANGE, header::IF_MATCH, header::IF_NONE_MATCH] {
        let named = headers.get(name).and_then(|value| value.to_str().ok());
        let named = named.and_then(|tag| {
            tag.trim()
                .trim_start_matches("W/")
                .trim_matches('"')
                .parse::<Uuid>()
                .ok()
        });
        if let Some(id) = named {
            return Continues::This(id);
        }
    }
    match headers.contains_key(header::RANGE) {
        true => Continues::Last,
        false => Continues::No,
    }
}

/// Take a visit out with everything that proves it (证据包): dossier, changes, evidence, rulings, forms, log, signatures, keys,
/// and how to check them without this server. A cut download goes on with `Range` and `If-Range` for a day; the export is
/// logged.
#[utoipa::path(get, path = "/v1/visits/{id}/bundle", tag = "proof",
    params(("id" = String, Path, description = "The visit's document id"), BundleQuery),
    security(("access_token" = [])),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip"),
        (status = 206, body = Vec<u8>, content_type = "application/zip"),
        (status = 304, description = "The client has these bytes"), (status = "4XX", body = ProblemBody)))]
pub async fn get_visit_bundle(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DocumentId>,
    Query(query): Query<BundleQuery>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let bundle = bundles::open(&app, &caller, id, continues(&headers), query.sm3).await?;
    let (etag, length) = (bundle.etag(), bundle.length());
    let response = Response::builder()
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, &etag)
        .header(header::CONTENT_TYPE, "application/zip")
        .header(
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"visit-{id}.zip\""),
        )
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(header::CACHE_CONTROL, "private, no-store");
    let (response, part) = match ranges::answer(&method, &headers, &etag, length) {
        Answer::NotModified => {
            let response = response
                .status(StatusCode::NOT_MODIFIED)
                .body(Body::empty());
            return response.map_err(|error| Problem::internal(&error));
        }
        Answer::PreconditionFailed => return Err(Problem::new(Code::PreconditionFailed)),
        Answer::Unsatisfiable => {
            let mut response = Problem::new(Code::RangeUnsatisfiable).into_response();
            let told = HeaderValue::from_str(&format!("bytes */{length}"));
            let told = told.map_err(|error| Problem::internal(&error))?;
            response.headers_mut().insert(header::CONTENT_RANGE, told);
            return Ok(response);
        }
        Answer::Parts(parts) if parts.len() == 1 => {
            let part = parts[0].clone();
            let told = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            let response = response.status(StatusCode::PARTIAL_CONTENT);
            (response.header(header::CONTENT_RANGE, told), Some(part))
        }
        // Nobody needs several parts of a ZIP at once.
        Answer::Whole | Answer::Parts(_) => (response, None),
    };
    if method == Method::GET {
        bundles::note_read(&app, &caller, &bundle, part.as_ref()).await?;
    }
    let part = part.unwrap_or(0..length);
    let response = response.header(header::CONTENT_LENGTH, part.end - part.start);
    let body = Body::from_stream(bundle.bytes(&app, part));
    response
        .body(body)
        .map_err(|error| Problem::internal(&error))
}
