//! `GET /v1/re-entry-grants`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::re_entry_grants::{self, ReEntryGrant};

/// List the permissions to walk in again that you may see
#[utoipa::path(get, path = "/v1/re-entry-grants", tag = "re-entry-grants", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<ReEntryGrant>), (status = "4XX", body = ProblemBody)))]
pub async fn list_re_entry_grants(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ReEntryGrant>>, Problem> {
    let mut db = app.store.read().await?;
    let (sight, after) = ((&caller).into(), query.after());
    let items = re_entry_grants::list_seen(&mut db, &sight, &after, query.rows()).await?;
    Ok(Json(Page::new(items, &query, |item| {
        item.grant_id.to_string()
    })))
}
