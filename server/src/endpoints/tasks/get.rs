//! `GET /v1/tasks/{id}`.

use axum::extract::State;
use serde::Serialize;
use sync_core::model::TaskId;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem, ProblemBody};
use crate::store::reference::samples;
use crate::store::reference::tasks::{self, Task, TaskEvent};

/// A task, how far its quota is met, and what happened to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskDetail {
    /// The task.
    #[serde(flatten)]
    task: Task,
    /// Samples that count toward the quota: duplicates, void ones and those that need a ruling do not.
    counting_batches: i64,
    /// Make-up samples (补样) that persons granted in place of samples that do not count.
    make_up_batches: i64,
    /// Batches still to be drawn: the quota less what counts, never below none.
    open_batches: i64,
    /// Who had it when.
    history: Vec<TaskEvent>,
}

/// Read a task that you may see, with its quota and history
#[utoipa::path(get, path = "/v1/tasks/{id}", tag = "tasks",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = TaskDetail), (status = "4XX", body = ProblemBody)))]
pub async fn get_task(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<TaskId>,
) -> Result<Json<TaskDetail>, Problem> {
    let mut db = app.store.read().await?;
    let found = tasks::find_seen(&mut db, &(&caller).into(), id).await?;
    let task = found.ok_or(Problem::new(Code::NotFound))?;
    let counting_batches = samples::count_of_task(&mut db, id).await?;
    let make_up_batches = samples::count_make_ups(&mut db, id).await?;
    let history = tasks::list_events(&mut db, id).await?;
    Ok(Json(TaskDetail {
        open_batches: (task.quota_batches - counting_batches).max(0),
        make_up_batches,
        task,
        counting_batches,
        history,
    }))
}
