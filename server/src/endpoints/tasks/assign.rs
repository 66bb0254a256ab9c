//! `POST /v1/tasks/{id}/assignment`.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::model::{OrganisationId, TaskId, TeamId};
use utoipa::{IntoParams, ToSchema};

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, tasks};
use crate::store::reference::tasks::{Clash, Task};

/// Who gets it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// 承检机构.
    #[schema(value_type = String)]
    body_id: OrganisationId,
    /// A team of it in the task's campaign, once there is one.
    #[schema(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// Why it is taken from somebody else.
    reason: Option<String>,
}

/// Whether to assign, or only to tell.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AssignmentQuery {
    /// Tell what ENTRY1-PLAN says of it, and write nothing
    #[serde(default)]
    dry_run: bool,
}

/// Who has it now, and what to see to before anybody travels.
#[derive(Debug, Serialize, ToSchema)]
pub struct Assignment {
    /// The task.
    task: Task,
    /// Where the body would enter one enterprise in two campaigns.
    findings: Vec<Clash>,
    /// Whether it was written.
    written: bool,
}

/// Assign or reassign a task
#[utoipa::path(post, path = "/v1/tasks/{id}/assignment", tag = "tasks", request_body = NewAssignment,
    params(("id" = String, Path, description = "Its id"), AssignmentQuery), security(("access_token" = [])),
    responses((status = 200, body = Assignment), (status = "4XX", body = ProblemBody)))]
pub async fn assign_task(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<TaskId>,
    Query(query): Query<AssignmentQuery>,
    Json(body): Json<NewAssignment>,
) -> Result<Json<Assignment>, Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let (task, findings) =
        tasks::assign(&mut work, id, body.body_id, body.team_id, body.reason).await?;
    let written = !query.dry_run;
    if written {
        work.commit().await?;
    }
    Ok(Json(Assignment {
        task,
        findings,
        written,
    }))
}
