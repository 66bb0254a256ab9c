//! `GET /v1/tasks.csv`.

use axum::extract::State;
use axum::http::HeaderName;

use crate::access::Principal;
use crate::app::App;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::disclosures;
use crate::services::spreadsheet;

const DISPOSITION: &str =
    "attachment; filename=\"tasks.csv\"; filename*=UTF-8''%E6%8A%BD%E6%9F%A5%E4%BB%BB%E5%8A%A1.csv";

/// The tasks that you may see as a file for spreadsheets: UTF-8 with a byte order mark, headings in Chinese
///
/// Details of tasks must not reach an enterprise before the team does (不得提前通知): that you took the file is on the audit trail
/// (`tasks.exported`) and stands with each of the tasks, and NOTICE tells it of samples that were drawn later.
#[utoipa::path(get, path = "/v1/tasks.csv", tag = "tasks", security(("access_token" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), (status = "4XX", body = ProblemBody)))]
pub async fn export_tasks(
    State(app): State<App>,
    caller: Principal,
) -> Result<([(HeaderName, &'static str); 3], Vec<u8>), Problem> {
    let file = disclosures::export(&app, &caller).await?;
    Ok((spreadsheet::headers(DISPOSITION), file))
}
