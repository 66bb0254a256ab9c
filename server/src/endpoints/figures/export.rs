//! `GET /v1/figures.csv`.

use axum::extract::State;
use axum::http::HeaderName;

use super::FiguresQuery;
use crate::access::Principal;
use crate::app::App;
use crate::extract::Query;
use crate::problem::{Problem, ProblemBody};
use crate::services::{figures, spreadsheet};

/// Under which name the file is kept.
pub const DISPOSITION: &str = "attachment; filename=\"figures.csv\"; filename*=UTF-8''%E6%8A%BD%E6%9F%A5%E7%BB%9F%E8%AE%A1.csv";

/// The same figures as a file for spreadsheets: UTF-8 with a byte order mark, headings in Chinese, the sum as the last line
///
/// The export is on the audit trail (`figures.exported`).
#[utoipa::path(get, path = "/v1/figures.csv", tag = "figures", params(FiguresQuery), security(("access_token" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), (status = "4XX", body = ProblemBody)))]
pub async fn export_figures(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<FiguresQuery>,
) -> Result<([(HeaderName, &'static str); 3], Vec<u8>), Problem> {
    let (grouping, filter) = query.asked()?;
    let file = figures::export(&app, &caller, grouping, &filter).await?;
    Ok((spreadsheet::headers(DISPOSITION), file))
}
