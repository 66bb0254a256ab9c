//! `POST /v1/tasks/{id}/cancellation`.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::TaskId;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, tasks};
use crate::store::reference::tasks::Task;

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCancellation {
    /// In your words.
    reason: String,
}

/// Cancel a task
#[utoipa::path(post, path = "/v1/tasks/{id}/cancellation", tag = "tasks", request_body = NewCancellation,
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = Task), (status = "4XX", body = ProblemBody)))]
pub async fn cancel_task(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<TaskId>,
    Json(body): Json<NewCancellation>,
) -> Result<Json<Task>, Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let task = tasks::cancel(&mut work, id, &body.reason).await?;
    work.commit().await?;
    Ok(Json(task))
}
