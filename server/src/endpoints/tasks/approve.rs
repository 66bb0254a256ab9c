//! `POST /v1/tasks/{id}/approval`.

use axum::extract::State;
use sync_core::model::TaskId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, tasks};
use crate::store::reference::tasks::Task;

/// Put a task into the approved plan
#[utoipa::path(post, path = "/v1/tasks/{id}/approval", tag = "tasks",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = Task), (status = "4XX", body = ProblemBody)))]
pub async fn approve_task(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<TaskId>,
) -> Result<Json<Task>, Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let task = tasks::approve(&mut work, id).await?;
    work.commit().await?;
    Ok(Json(task))
}
