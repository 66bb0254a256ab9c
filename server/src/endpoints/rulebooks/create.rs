//! `POST /v1/rulebooks`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, rulebooks};
use crate::services::ruling::rulebooks::RulebookView;

/// What it says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRulebook {
    /// TOML, as the rulebooks that the server carries.
    text: String,
}

/// Publish a version of a rulebook; what happened before it takes effect keeps the version that held then
#[utoipa::path(post, path = "/v1/rulebooks", tag = "rulebooks", request_body = NewRulebook, security(("access_token" = [])),
    responses((status = 201, body = RulebookView), (status = "4XX", body = ProblemBody)))]
pub async fn create_rulebook(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewRulebook>,
) -> Result<(StatusCode, Json<RulebookView>), Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let book = rulebooks::publish(&mut work, &body.text).await?;
    work.commit().await?;
    Ok((StatusCode::CREATED, Json(book)))
}
