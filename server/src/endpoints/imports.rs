//! `POST /v1/imports/{kind}`: a CSV file.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path, Query, bytes_problem};
use crate::problem::{Code, Problem, ProblemBody};
use crate::services::imports::{self, Kind, Options, Report};

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Do all of it and name each bad row, but write nothing
    #[serde(default)]
    dry_run: bool,
    /// Write the good rows although there are bad ones; otherwise a bad row stops the file
    #[serde(default)]
    skip_bad: bool,
}

/// Import a CSV file (UTF-8, headers in English or Chinese); the same file again changes nothing
#[utoipa::path(post, path = "/v1/imports/{kind}", tag = "imports", security(("access_token" = [])),
    params(("kind" = Kind, Path, description = "What the file holds"), ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = Report), (status = "4XX", body = ProblemBody)))]
pub async fn import_file(
    State(app): State<App>,
    caller: Principal,
    Path(kind): Path<Kind>,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Report>, Problem> {
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !media.is_some_and(|media| media.to_ascii_lowercase().starts_with("text/csv")) {
        return Err(Problem::new(Code::MediaTypeUnsupported).detail("send Content-Type: text/csv"));
    }
    let body = body.map_err(|rejection| bytes_problem(&rejection))?;
    let options = Options {
        dry_run: query.dry_run,
        skip_bad: query.skip_bad,
    };
    Ok(Json(
        imports::run(&app, &caller, kind, &body, options).await?,
    ))
}
