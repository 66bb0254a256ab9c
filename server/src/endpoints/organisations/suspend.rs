//! `POST /v1/organisations/{id}/suspensions`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_core::model::OrganisationId;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, suspensions};
use crate::store::reference::suspensions::Suspension;

/// The decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSuspension {
    /// Who decided: your authority if it is not said, or one in your regions.
    #[schema(value_type = Option<String>)]
    authority_id: Option<OrganisationId>,
    /// When, RFC 3339; now if it is not said.
    decided_at: Option<String>,
    /// In your words.
    reason: String,
}

/// Suspend an inspection body for one year from the decision
#[utoipa::path(post, path = "/v1/organisations/{id}/suspensions", tag = "organisations", request_body = NewSuspension,
    params(("id" = String, Path, description = "The inspection body")), security(("access_token" = [])),
    responses((status = 201, body = Suspension), (status = 200, body = Suspension, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn suspend_body(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<OrganisationId>,
    Json(body): Json<NewSuspension>,
) -> Result<(StatusCode, Json<Suspension>), Problem> {
    let by = body.authority_id.unwrap_or(caller.organisation);
    let decided_at = body.decided_at.as_deref();
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = suspensions::suspend(&mut work, id, by, decided_at, &body.reason).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
