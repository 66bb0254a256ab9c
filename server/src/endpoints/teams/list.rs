//! `GET /v1/teams`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::teams::{self, Team};

/// List the teams that you may see
#[utoipa::path(get, path = "/v1/teams", tag = "teams", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Team>), (status = "4XX", body = ProblemBody)))]
pub async fn list_teams(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Team>>, Problem> {
    let mut db = app.store.read().await?;
    let sight = (&caller).into();
    let items = teams::list_seen(&mut db, &sight, &query.after(), query.rows()).await?;
    Ok(Json(Page::new(items, &query, |item| {
        item.team_id.to_string()
    })))
}
