//! `DELETE /v1/sessions`.

use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Principal;
use crate::app::App;
use crate::problem::{Problem, ProblemBody};
use crate::services::sessions;

/// End all of your sessions but the one that asks
#[utoipa::path(delete, path = "/v1/sessions", tag = "sessions", security(("access_token" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn end_other_sessions(
    State(app): State<App>,
    caller: Principal,
) -> Result<StatusCode, Problem> {
    sessions::end_others(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
