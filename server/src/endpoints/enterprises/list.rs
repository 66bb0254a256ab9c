//! `GET /v1/enterprises`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Limit, Page};
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
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
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
    let after = query.after.map(|id| id.to_string()).unwrap_or_default();
    let (part, rows) = (query.q.unwrap_or_default(), query.limit.rows());
    let items = enterprises::list_seen(&mut db, &sight, &after, &part, rows).await?;
    Ok(Json(Page::of(items, query.limit, |item| {
        item.enterprise_id.to_string()
    })))
}
