//! `GET /v1/visits/{id}/evidence`.

use axum::extract::State;
use sync_core::model::DocumentId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::evidence::reading::{self, VisitEvidence};

/// Read how far the evidence of a visit is, piece by piece, with the server's receipts
#[utoipa::path(get, path = "/v1/visits/{id}/evidence", tag = "evidence",
    params(("id" = String, Path, description = "The visit's document id")), security(("access_token" = [])),
    responses((status = 200, body = VisitEvidence), (status = "4XX", body = ProblemBody)))]
pub async fn list_visit_evidence(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DocumentId>,
) -> Result<Json<VisitEvidence>, Problem> {
    Ok(Json(reading::of_visit(&app, &caller, id).await?))
}
