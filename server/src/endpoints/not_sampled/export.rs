//! `GET /v1/not-sampled.csv`.

use axum::extract::State;
use axum::http::HeaderName;

use super::NotSampledQuery;
use crate::access::Principal;
use crate::app::App;
use crate::extract::Query;
use crate::problem::{Problem, ProblemBody};
use crate::services::not_sampled;
use crate::services::spreadsheet;

const DISPOSITION: &str = "attachment; filename=\"not-sampled.csv\"; filename*=UTF-8''%E6%9C%AA%E6%8A%BD%E5%88%B0%E4%BC%81%E4%B8%9A%E5%90%8D%E5%8D%95.csv";

/// The same list as a file for spreadsheets: UTF-8 with a byte order mark, headings in Chinese
///
/// What begins like a formula has an apostrophe before it. The export is on the audit trail (`not_sampled.exported`).
#[utoipa::path(get, path = "/v1/not-sampled.csv", tag = "not-sampled", params(NotSampledQuery),
    security(("access_token" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), (status = "4XX", body = ProblemBody)))]
pub async fn export_not_sampled(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<NotSampledQuery>,
) -> Result<([(HeaderName, &'static str); 3], Vec<u8>), Problem> {
    let file = not_sampled::export(&app, &caller, &query.filter()?).await?;
    Ok((spreadsheet::headers(DISPOSITION), file))
}
