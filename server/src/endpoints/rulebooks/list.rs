//! `GET /v1/rulebooks`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::Page;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::rulebooks::{self, RulebookVersion};

/// List every version of every rulebook, those that ship with the server too
#[utoipa::path(get, path = "/v1/rulebooks", tag = "rulebooks", security(("access_token" = [])),
    responses((status = 200, body = Page<RulebookVersion>), (status = "4XX", body = ProblemBody)))]
pub async fn list_rulebooks(
    State(app): State<App>,
    _: Principal,
) -> Result<Json<Page<RulebookVersion>>, Problem> {
    let mut db = app.store.read().await?;
    let texts = rulebooks::list(&app, &mut db).await?;
    let items = texts.into_iter().map(|text| text.head).collect();
    Ok(Json(Page { items, next: None }))
}
