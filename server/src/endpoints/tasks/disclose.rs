//! `POST /v1/tasks/{id}/disclosures`.

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
use crate::services::reference::{Work, disclosures};
use crate::store::reference::disclosures::Disclosure;

/// That an enterprise heard of a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDisclosure {
    /// The enterprise.
    #[schema(value_type = String)]
    enterprise_id: EnterpriseId,
    /// When it heard of it, RFC 3339; not in the future.
    #[schema(format = DateTime)]
    told_at: String,
    /// Who told it, where that is known.
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// How it is known, in your words.
    detail: String,
}

/// Report that an enterprise was told of a task (违规提前通知): samples of the task that were drawn there later need a ruling
#[utoipa::path(post, path = "/v1/tasks/{id}/disclosures", tag = "tasks", request_body = NewDisclosure,
    params(("id" = String, Path, description = "The task")), security(("access_token" = [])),
    responses((status = 201, body = Disclosure), (status = 200, body = Disclosure, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn disclose_task(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<TaskId>,
    Json(body): Json<NewDisclosure>,
) -> Result<(StatusCode, Json<Disclosure>), Problem> {
    let at = body.told_at.parse::<jiff::Timestamp>();
    let at = at.map_err(|_| Problem::value("told_at", "is no RFC 3339 time"))?;
    let (at, to, by) = (at.as_millisecond(), body.enterprise_id, body.user_id);
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = disclosures::report(&mut work, id, to, at, by, &body.detail).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
