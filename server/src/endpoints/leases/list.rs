//! `GET /v1/leases`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::leases::{self, Lease};

/// List the leases that you may see, open and ended
#[utoipa::path(get, path = "/v1/leases", tag = "leases", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Lease>), (status = "4XX", body = ProblemBody)))]
pub async fn list_leases(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Lease>>, Problem> {
    let mut db = app.store.read().await?;
    let (sight, after) = ((&caller).into(), query.after());
    let items = leases::list_seen(&mut db, &sight, &after, query.rows()).await?;
    Ok(Json(Page::new(items, &query, |item| {
        item.lease_id.to_string()
    })))
}
