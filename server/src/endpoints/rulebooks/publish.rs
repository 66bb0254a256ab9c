//! `POST /v1/rulebooks`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::Work;
use crate::services::reference::rulebooks::{self, RulebookText};

/// The next version of a rulebook, or the first of a new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRulebook {
    /// TOML: `id`, `version`, `region`, `effective_from` (today or later), `source`, perhaps `extends`, and `[rules.…]`.
    text: String,
}

/// Publish a version of a rulebook; it goes to every phone, and what was ruled under an older one keeps it
#[utoipa::path(post, path = "/v1/rulebooks", tag = "rulebooks", request_body = NewRulebook, security(("access_token" = [])),
    responses((status = 201, body = RulebookText), (status = 200, body = RulebookText, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn publish_rulebook(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewRulebook>,
) -> Result<(StatusCode, Json<RulebookText>), Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let (published, change) = rulebooks::publish(&mut work, &body.text).await?;
    work.commit().await?;
    Ok((put_status(change), Json(published)))
}
