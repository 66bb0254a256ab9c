//! `GET /v1/rulebooks/{id}/versions/{version}/differences`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::rulebooks::{self, Differences};

/// With which version it is compared.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DifferencesQuery {
    /// Another version of the rulebook; the one before it if it is not said
    from: Option<i64>,
}

/// Compare a version of a rulebook with another one, line by line
#[utoipa::path(get, path = "/v1/rulebooks/{id}/versions/{version}/differences", tag = "rulebooks", params(DifferencesQuery,
    ("id" = String, Path, description = "As `shanghai`"), ("version" = i64, Path, description = "As `2`")),
    security(("access_token" = [])), responses((status = 200, body = Differences), (status = "4XX", body = ProblemBody)))]
pub async fn get_rulebook_differences(
    State(app): State<App>,
    _: Principal,
    Path((id, version)): Path<(String, i64)>,
    Query(query): Query<DifferencesQuery>,
) -> Result<Json<Differences>, Problem> {
    let mut db = app.store.read().await?;
    let found = rulebooks::compare(&app, &mut db, &id, version, query.from).await?;
    Ok(Json(found))
}
