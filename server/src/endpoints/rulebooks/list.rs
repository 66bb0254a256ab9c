//! `GET /v1/rulebooks`.

use axum::extract::State;

use crate::app::App;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::ruling::rulebooks::{self, RulebookView};

/// List every version of every rulebook: those of the server and those published since
#[utoipa::path(get, path = "/v1/rulebooks", tag = "rulebooks", security(("access_token" = [])),
    responses((status = 200, body = Vec<RulebookView>), (status = "4XX", body = ProblemBody)))]
pub async fn list_rulebooks(State(app): State<App>) -> Result<Json<Vec<RulebookView>>, Problem> {
    let mut db = app.store.read().await?;
    let books = rulebooks::in_force(&app.rulebooks, &mut db).await?;
    Ok(Json(books.books().iter().map(RulebookView::from).collect()))
}
