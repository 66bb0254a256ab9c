//! `POST /v1/checkpoints`: a checkpoint now.

use axum::extract::State;

use super::Checkpoint;
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::log::checkpoints;

/// Make a checkpoint over everything that is logged by now. Where nothing was logged since the newest one, that is it.
#[utoipa::path(post, path = "/v1/checkpoints", tag = "proof", security(("access_token" = [])),
    responses((status = 200, body = Checkpoint), (status = "4XX", body = ProblemBody)))]
pub async fn create_checkpoint(State(app): State<App>) -> Result<Json<Checkpoint>, Problem> {
    Ok(Json(checkpoints::make(&app).await?.into()))
}
