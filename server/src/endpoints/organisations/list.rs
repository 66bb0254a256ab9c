//! `GET /v1/organisations`.

use axum::extract::State;

use super::Organisation;
use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::organisations;

/// List the organisations that you may see
#[utoipa::path(get, path = "/v1/organisations", tag = "organisations", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Organisation>), (status = "4XX", body = ProblemBody)))]
pub async fn list_organisations(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Organisation>>, Problem> {
    let rows = organisations::list(&app, &caller, &query.after(), query.rows()).await?;
    let items: Vec<Organisation> = rows.into_iter().map(Organisation::from).collect();
    Ok(Json(Page::new(items, &query, |item| {
        item.organisation_id.to_string()
    })))
}
