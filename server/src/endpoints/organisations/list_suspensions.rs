//! `GET /v1/organisations/{id}/suspensions`.

use axum::extract::State;
use sync_core::model::OrganisationId;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::reference::suspensions::{self, Suspension};

/// List the suspensions of an inspection body that you may see, those that were lifted too
#[utoipa::path(get, path = "/v1/organisations/{id}/suspensions", tag = "organisations",
    params(("id" = String, Path, description = "The inspection body"), PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Suspension>), (status = "4XX", body = ProblemBody)))]
pub async fn list_suspensions(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<OrganisationId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Suspension>>, Problem> {
    let mut db = app.store.read().await?;
    let (sight, after) = ((&caller).into(), query.after());
    let items = suspensions::list_seen(&mut db, &sight, id, &after, query.rows()).await?;
    Ok(Json(Page::new(items, &query, |item| {
        item.suspension_id.to_string()
    })))
}
