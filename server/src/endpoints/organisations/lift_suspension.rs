//! `POST /v1/suspensions/{id}/lift`.

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
use crate::services::reference::{Work, suspensions};
use crate::store::reference::suspensions::Suspension;

/// Why, and from when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspensionLift {
    /// From when it no longer holds, RFC 3339 (解除); without it, it is as if it had never been decided (撤销).
    from: Option<String>,
    /// In your words.
    reason: String,
}

/// Lift a suspension; suspending the body again from the same instant undoes the lift
#[utoipa::path(post, path = "/v1/suspensions/{id}/lift", tag = "organisations", request_body = SuspensionLift,
    params(("id" = String, Path, description = "The suspension")), security(("access_token" = [])),
    responses((status = 201, body = Suspension), (status = 200, body = Suspension, description = "It was lifted before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn lift_suspension(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
    Json(body): Json<SuspensionLift>,
) -> Result<(StatusCode, Json<Suspension>), Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let from = body.from.as_deref();
    let (row, change) = suspensions::lift(&mut work, id, from, &body.reason).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
