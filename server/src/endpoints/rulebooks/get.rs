//! `GET /v1/rulebooks/{id}/versions/{version}`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem, ProblemBody};
use crate::services::reference::rulebooks::{self, RulebookText};

/// Read a version of a rulebook
#[utoipa::path(get, path = "/v1/rulebooks/{id}/versions/{version}", tag = "rulebooks", security(("access_token" = [])),
    params(("id" = String, Path, description = "As `shanghai`"), ("version" = i64, Path, description = "As `2`")),
    responses((status = 200, body = RulebookText), (status = "4XX", body = ProblemBody)))]
pub async fn get_rulebook(
    State(app): State<App>,
    _: Principal,
    Path((id, version)): Path<(String, i64)>,
) -> Result<Json<RulebookText>, Problem> {
    let mut db = app.store.read().await?;
    let texts = rulebooks::list(&app, &mut db).await?;
    let mut texts = texts.into_iter();
    let found = texts.find(|text| text.head.rulebook_id == id && text.head.version == version);
    found.map(Json).ok_or(Problem::new(Code::NotFound))
}
