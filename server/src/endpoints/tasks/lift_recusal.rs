//! `POST /v1/recusals/{id}/lift`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, recusals};
use crate::store::reference::recusals::Recusal;

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecusalLift {
    /// In your words.
    reason: String,
}

/// Lift a recusal (回避); declaring it again undoes the lift
#[utoipa::path(post, path = "/v1/recusals/{id}/lift", tag = "tasks", request_body = RecusalLift,
    params(("id" = String, Path, description = "The recusal")), security(("access_token" = [])),
    responses((status = 201, body = Recusal), (status = 200, body = Recusal, description = "It was lifted before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn lift_recusal(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
    Json(body): Json<RecusalLift>,
) -> Result<(StatusCode, Json<Recusal>), Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = recusals::lift(&mut work, id, &body.reason).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
