//! `GET /v1/scopes/{scope}/facts`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::ruled_facts::{self, ScopeFacts};

/// Read the facts that a scope was ruled from last, and the findings
///
/// Only for those who see every visit and every prior sampling in them.
#[utoipa::path(get, path = "/v1/scopes/{scope}/facts", tag = "rulings",
    params(("scope" = String, Path, description = "As rulings name it, percent-encoded: `visit%2F…`, `door%2F…`")),
    security(("access_token" = [])),
    responses((status = 200, body = ScopeFacts), (status = "4XX", body = ProblemBody)))]
pub async fn get_scope_facts(
    State(app): State<App>,
    caller: Principal,
    Path(scope): Path<String>,
) -> Result<Json<ScopeFacts>, Problem> {
    Ok(Json(ruled_facts::of_scope(&app, &caller, &scope).await?))
}
