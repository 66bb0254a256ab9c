//! `GET /v1/rulings/{id}`.

use axum::extract::State;
use sync_core::model::RulingId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::decisions;
use crate::services::visits::RulingView;

/// Read one version of a ruling
#[utoipa::path(get, path = "/v1/rulings/{id}", tag = "rulings",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = RulingView), (status = "4XX", body = ProblemBody)))]
pub async fn get_ruling(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<RulingId>,
) -> Result<Json<RulingView>, Problem> {
    Ok(Json(decisions::get(&app, &caller, id).await?))
}
