//! `GET /v1/samples`.

use axum::extract::State;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::samples::{self, Sample};

/// List the samples that you may see
#[utoipa::path(get, path = "/v1/samples", tag = "samples", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Sample>), (status = "4XX", body = ProblemBody)))]
pub async fn list_samples(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Sample>>, Problem> {
    let mut db = app.store.read().await?;
    let sight = (&caller).into();
    let items = samples::list_seen(&mut db, &sight, &query.after(), query.limit()).await?;
    Ok(Json(Page::new(items, &query, |item| {
        item.sample_id.to_string()
    })))
}
