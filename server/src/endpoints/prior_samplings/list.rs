//! `GET /v1/prior-samplings`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::prior_samplings::{self, PriorSampling};

/// List the samplings made elsewhere that you may see, and how they stand
#[utoipa::path(get, path = "/v1/prior-samplings", tag = "prior-samplings", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<PriorSampling>), (status = "4XX", body = ProblemBody)))]
pub async fn list_prior_samplings(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<PriorSampling>>, Problem> {
    let mut db = app.store.read().await?;
    let (sight, after) = ((&caller).into(), query.after());
    let items = prior_samplings::list_seen(&mut db, &sight, &after, query.rows()).await?;
    Ok(Json(Page::new(items, &query, |item| {
        item.prior_sampling_id.to_string()
    })))
}
