//! `GET /v1/tracked-enterprises`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::follow_up::TrackedEnterprise;
use crate::store::rulings::effects;

/// Which entries, and which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrackedEnterprisesQuery {
    /// Of this enterprise alone, by its key after aliases (`uscc:…`)
    enterprise: Option<String>,
    /// Also those that were taken back
    #[serde(default)]
    taken_back: bool,
    /// The `next` of the page before
    #[param(value_type = Option<String>)]
    after: Option<Uuid>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// List the enterprises of your regions that are on the tracking list
#[utoipa::path(get, path = "/v1/tracked-enterprises", tag = "refusals",
    params(TrackedEnterprisesQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<TrackedEnterprise>), (status = "4XX", body = ProblemBody)))]
pub async fn list_tracked_enterprises(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<TrackedEnterprisesQuery>,
) -> Result<Json<Page<TrackedEnterprise>>, Problem> {
    let mut db = app.store.read().await?;
    let after = query.after.map(|id| id.to_string()).unwrap_or_default();
    let (sight, rows) = ((&caller).into(), query.limit.rows());
    let (holding, enterprise) = (!query.taken_back, query.enterprise.as_deref());
    let items = effects::list_tracked(&mut db, &sight, &after, holding, enterprise, rows).await?;
    let items = items.into_iter().map(TrackedEnterprise::from).collect();
    Ok(Json(Page::of(
        items,
        query.limit,
        |item: &TrackedEnterprise| item.tracked_id.clone(),
    )))
}
