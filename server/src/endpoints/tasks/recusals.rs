//! `GET /v1/tasks/{id}/recusals`.

use axum::extract::State;
use sync_core::model::TaskId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::recusals;
use crate::store::reference::recusals::Recusal;

/// List the conflicts of interest (回避) declared with a task that you may see, those that were lifted too
#[utoipa::path(get, path = "/v1/tasks/{id}/recusals", tag = "tasks",
    params(("id" = String, Path, description = "The task")), security(("access_token" = [])),
    responses((status = 200, body = Vec<Recusal>), (status = "4XX", body = ProblemBody)))]
pub async fn list_recusals(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<TaskId>,
) -> Result<Json<Vec<Recusal>>, Problem> {
    Ok(Json(recusals::list(&app, &caller, id).await?))
}
