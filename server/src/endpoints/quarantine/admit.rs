//! `POST /v1/quarantine/{id}/admission`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::quarantine;
use crate::services::visits::AsideView;

/// Why it is let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdmission {
    /// In the person's words; kept for ever.
    reason: String,
}

/// Let a quarantined change in: it stands although its author may not write there, and what depends on it is released
#[utoipa::path(post, path = "/v1/quarantine/{id}/admission", tag = "quarantine",
    params(("id" = String, Path, description = "Its `item_id`")), security(("access_token" = [])),
    responses((status = 201, body = AsideView), (status = "4XX", body = ProblemBody)))]
pub async fn admit_change(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
    Json(body): Json<NewAdmission>,
) -> Result<(StatusCode, Json<AsideView>), Problem> {
    Ok((
        StatusCode::CREATED,
        Json(quarantine::admit(&app, &caller, id, &body.reason).await?),
    ))
}
