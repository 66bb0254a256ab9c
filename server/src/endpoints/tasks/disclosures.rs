//! `GET /v1/tasks/{id}/disclosures`.

use axum::extract::State;
use sync_core::model::TaskId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::disclosures;
use crate::store::reference::disclosures::Disclosure;

/// List to whom details of a task went: who first took it out in a file, and which enterprises were told; the 64 earliest
#[utoipa::path(get, path = "/v1/tasks/{id}/disclosures", tag = "tasks",
    params(("id" = String, Path, description = "The task")), security(("access_token" = [])),
    responses((status = 200, body = Vec<Disclosure>), (status = "4XX", body = ProblemBody)))]
pub async fn list_task_disclosures(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<TaskId>,
) -> Result<Json<Vec<Disclosure>>, Problem> {
    Ok(Json(disclosures::list(&app, &caller, id).await?))
}
