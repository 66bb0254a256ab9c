//! `POST /v1/tasks/{id}/recusals`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_core::model::{EnterpriseId, TaskId, UserId};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, recusals};
use crate::store::reference::recusals::Recusal;

/// Who stays away from whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRecusal {
    /// The enterprise.
    #[schema(value_type = String)]
    enterprise_id: EnterpriseId,
    /// A person of the body that has the task; the whole body if it is not said.
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// In your words.
    reason: String,
}

/// Declare a conflict of interest (回避) of the body that has the task, or of one of its people
#[utoipa::path(post, path = "/v1/tasks/{id}/recusals", tag = "tasks", request_body = NewRecusal,
    params(("id" = String, Path, description = "The task")), security(("access_token" = [])),
    responses((status = 201, body = Recusal), (status = 200, body = Recusal, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn declare_recusal(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<TaskId>,
    Json(body): Json<NewRecusal>,
) -> Result<(StatusCode, Json<Recusal>), Problem> {
    let (at, who) = (body.enterprise_id, body.user_id);
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = recusals::declare(&mut work, id, at, who, &body.reason).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
