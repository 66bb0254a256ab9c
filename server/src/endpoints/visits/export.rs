//! `GET /v1/visits.csv`.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderName;
use futures_util::TryStreamExt as _;

use super::list::VisitsFileQuery;
use crate::access::Principal;
use crate::app::App;
use crate::extract::Query;
use crate::problem::{Problem, ProblemBody};
use crate::services::spreadsheet;
use crate::services::visits::search::{self, Filter};

/// Under which name such a file is kept.
pub const DISPOSITION: &str = "attachment; filename=\"visits.csv\"; filename*=UTF-8''%E6%8A%BD%E6%A0%B7%E8%AE%B0%E5%BD%95.csv";

/// The file. One that cannot be read to its end is cut off, so that nobody takes it for whole.
pub async fn file(app: &App, caller: &Principal, filter: Filter) -> Result<Body, Problem> {
    let file = search::export(app, caller, filter).await?;
    let file = file.map_err(|problem| std::io::Error::other(problem.code().as_str()));
    Ok(Body::from_stream(file))
}

/// The same list as a file for spreadsheets: UTF-8 with a byte order mark, headings in Chinese
///
/// Every visit that the filter finds, however many. What begins like a formula has an apostrophe before it. The export is on
/// the audit trail (`visits.exported`).
#[utoipa::path(get, path = "/v1/visits.csv", tag = "visits", params(VisitsFileQuery),
    security(("access_token" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), (status = "4XX", body = ProblemBody)))]
pub async fn export_visits(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<VisitsFileQuery>,
) -> Result<([(HeaderName, &'static str); 3], Body), Problem> {
    let file = file(&app, &caller, query.filter()?).await?;
    Ok((spreadsheet::headers(DISPOSITION), file))
}
