//! `GET /v1/campaigns`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::campaigns::{self, Campaign};

/// List the campaigns that you may see
#[utoipa::path(get, path = "/v1/campaigns", tag = "campaigns", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Campaign>), (status = "4XX", body = ProblemBody)))]
pub async fn list_campaigns(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Campaign>>, Problem> {
    let mut db = app.store.read().await?;
    let sight = (&caller).into();
    let items = campaigns::list_seen(&mut db, &sight, &query.after(), query.rows()).await?;
    Ok(Json(Page::new(items, &query, |item| {
        item.campaign_id.to_string()
    })))
}
