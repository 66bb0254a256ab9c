//! `GET /v1/quarantine`.

use axum::extract::State;
use serde::Deserialize;
use sync_core::limits::LIST_ROWS_MAX;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::Page;
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
    /// Rows, at most 200
    limit: Option<u32>,
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
    let limit = query.limit.unwrap_or(LIST_ROWS_MAX).clamp(1, LIST_ROWS_MAX);
    let before = query.after.unwrap_or(Uuid::max()).to_string();
    let items = quarantine::list(&app, &caller, &before, limit).await?;
    let full = items.len() == limit as usize;
    let next = items
        .last()
        .filter(|_| full)
        .map(|item| item.item_id.clone());
    Ok(Json(Page { items, next }))
}
