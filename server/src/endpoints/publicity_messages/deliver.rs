//! `POST /v1/publicity-messages/{id}/delivery`: somebody entered it, and notes the number that they got.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::follow_up::{self, PublicityMessage};

/// That it was entered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The number under which it stands there.
    receipt: String,
}

/// Note that a message was entered in the credit publicity system
#[utoipa::path(post, path = "/v1/publicity-messages/{id}/delivery", tag = "refusals",
    params(("id" = String, Path, description = "The message")),
    request_body = Delivery, security(("access_token" = [])),
    responses((status = 200, body = PublicityMessage), (status = "4XX", body = ProblemBody)))]
pub async fn deliver_publicity_message(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
    Json(body): Json<Delivery>,
) -> Result<Json<PublicityMessage>, Problem> {
    let message = follow_up::deliver(&app, &caller, id, &body.receipt).await?;
    Ok(Json(message))
}
