//! `GET /v1/figures`.

use axum::extract::State;

use super::FiguresQuery;
use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::figures::{self, Told};

/// Count entries, samples, refusals, what was not sampled, duplicates and evidence, of the visits that you may see
#[utoipa::path(get, path = "/v1/figures", tag = "figures", params(FiguresQuery), security(("access_token" = [])),
    responses((status = 200, body = Told), (status = "4XX", body = ProblemBody)))]
pub async fn list_figures(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<FiguresQuery>,
) -> Result<Json<Told>, Problem> {
    let (grouping, filter) = query.asked()?;
    Ok(Json(figures::tell(&app, &caller, grouping, &filter).await?))
}
