//! `GET /v1/visits/{id}/evidence/{evidence_id}`.

use axum::extract::State;
use sync_core::model::{DocumentId, EvidenceId};

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::evidence::reviewing::{self, PieceFile};

/// Read all about one piece of evidence: manifest and bytes, every review, what was answered, where else it stands
#[utoipa::path(get, path = "/v1/visits/{id}/evidence/{evidence_id}", tag = "evidence",
    params(("id" = String, Path, description = "The visit's document id"),
        ("evidence_id" = String, Path, description = "Its entry in the manifest")),
    security(("access_token" = [])),
    responses((status = 200, body = PieceFile), (status = "4XX", body = ProblemBody)))]
pub async fn get_evidence(
    State(app): State<App>,
    caller: Principal,
    Path((id, evidence_id)): Path<(DocumentId, EvidenceId)>,
) -> Result<Json<PieceFile>, Problem> {
    Ok(Json(reviewing::file(&app, &caller, id, evidence_id).await?))
}
