//! `GET /v1/visits/{id}/rulings`.

use axum::extract::State;
use sync_core::model::DocumentId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::visits::{self, RulingView};

/// Read every ruling in a visit, in every version
#[utoipa::path(get, path = "/v1/visits/{id}/rulings", tag = "visits",
    params(("id" = String, Path, description = "Its document id")), security(("access_token" = [])),
    responses((status = 200, body = Vec<RulingView>), (status = "4XX", body = ProblemBody)))]
pub async fn list_visit_rulings(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DocumentId>,
) -> Result<Json<Vec<RulingView>>, Problem> {
    Ok(Json(visits::rulings(&app, &caller, id).await?))
}
