//! `DELETE /v1/sessions/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};
use crate::services::sessions;

/// End a session: its access tokens fail at once; nothing that a phone holds is touched
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
pub async fn end_session(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    sessions::end(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
