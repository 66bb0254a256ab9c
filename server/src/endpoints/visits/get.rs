//! `GET /v1/visits/{id}`: the dossier.

use axum::extract::State;
use sync_core::model::DocumentId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::visits::{self, Dossier};

/// Read a visit whole: facts, rulings, decisions, conflicts, what is held or quarantined, and its history
#[utoipa::path(get, path = "/v1/visits/{id}", tag = "visits",
    params(("id" = String, Path, description = "Its document id")), security(("access_token" = [])),
    responses((status = 200, body = Dossier), (status = "4XX", body = ProblemBody)))]
pub async fn get_visit(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DocumentId>,
) -> Result<Json<Dossier>, Problem> {
    Ok(Json(visits::dossier(&app, &caller, id).await?))
}
