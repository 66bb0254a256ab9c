//! `DELETE /v1/tokens`: log out.

use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Principal;
use crate::app::App;
use crate::problem::{Problem, ProblemBody};
use crate::services::sessions;

/// Log out: end the session of the token; nothing that a phone holds is touched
#[utoipa::path(delete, path = "/v1/tokens", tag = "tokens", security(("access_token" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn delete_tokens(
    State(app): State<App>,
    caller: Principal,
) -> Result<StatusCode, Problem> {
    sessions::log_out(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
