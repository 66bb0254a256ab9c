//! `GET /v1/quarantine`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::quarantine;
use crate::services::visits::AsideView;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QuarantineQuery {
    /// The `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<Uuid>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// List the quarantined changes of visits that you may see, newest first
#[utoipa::path(get, path = "/v1/quarantine", tag = "quarantine", params(QuarantineQuery),
    security(("access_token" = [])),
    responses((status = 200, body = Page<AsideView>), (status = "4XX", body = ProblemBody)))]
pub async fn list_quarantine(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<QuarantineQuery>,
) -> Result<Json<Page<AsideView>>, Problem> {
    let before = query.after.unwrap_or(Uuid::max()).to_string();
    let items = quarantine::list(&app, &caller, &before, query.limit.rows()).await?;
    Ok(Json(Page::of(items, query.limit, |item| {
        item.item_id.clone()
    })))
}
