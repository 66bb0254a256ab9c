//! `GET /v1/enterprises`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::enterprises::{self, Enterprise};

/// Which ones.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EnterpriseQuery {
    /// Part of the name, or a whole 统一社会信用代码
    q: Option<String>,
    /// The `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<Uuid>,
    /// Rows, at most 200
    limit: Option<u32>,
}

/// List the enterprises that you may see
#[utoipa::path(get, path = "/v1/enterprises", tag = "enterprises", params(EnterpriseQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Enterprise>), (status = "4XX", body = ProblemBody)))]
pub async fn list_enterprises(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<EnterpriseQuery>,
) -> Result<Json<Page<Enterprise>>, Problem> {
    let mut db = app.store.read().await?;
    let sight = (&caller).into();
    let page = PageQuery::new(query.after, query.limit);
    let (part, after) = (query.q.unwrap_or_default(), page.after());
    let items = enterprises::list_seen(&mut db, &sight, &after, &part, page.limit()).await?;
    Ok(Json(Page::new(items, &page, |item| {
        item.enterprise_id.to_string()
    })))
}
