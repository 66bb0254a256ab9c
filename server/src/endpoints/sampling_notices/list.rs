//! `GET /v1/sampling-notices`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::sampling_notices::{self, NoticeRow};

/// List the notices of sampling (监督抽查通知书) that you may see
#[utoipa::path(get, path = "/v1/sampling-notices", tag = "sampling-notices", params(PageQuery),
    security(("access_token" = [])),
    responses((status = 200, body = Page<NoticeRow>), (status = "4XX", body = ProblemBody)))]
pub async fn list_sampling_notices(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<NoticeRow>>, Problem> {
    let mut db = app.store.read().await?;
    let (sight, after) = ((&caller).into(), query.after());
    let items = sampling_notices::list_seen(&mut db, &sight, &after, query.rows()).await?;
    Ok(Json(Page::new(items, &query, |item| {
        item.notice_id.to_string()
    })))
}
