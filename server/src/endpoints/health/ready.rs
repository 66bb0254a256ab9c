//! `GET /health/ready`: the database answers too.

use axum::extract::State;

use crate::app::App;
use crate::problem::{Problem, ProblemBody};
use crate::services::readiness;

/// Whether the server can work: its database answers
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, body = String), (status = 503, body = ProblemBody)))]
pub async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    readiness::check(&app).await?;
    Ok("ready\n")
}
