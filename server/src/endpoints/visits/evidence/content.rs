//! `GET /v1/visits/{id}/evidence/{evidence_id}/content`: an original.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use sync_core::model::{DocumentId, EvidenceId};

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::media;
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};
use crate::services::evidence::content::{Part, Way, open};

/// Read an original, whole or by ranges; every read of one is in the audit trail
#[utoipa::path(get, path = "/v1/visits/{id}/evidence/{evidence_id}/content", tag = "evidence",
    params(("id" = String, Path, description = "The visit's document id"),
        ("evidence_id" = String, Path, description = "Its entry in the manifest")),
    security(("access_token" = [])),
    responses((status = 200, body = Vec<u8>, content_type = "*/*"),
        (status = 206, body = Vec<u8>, content_type = "*/*"),
        (status = 304, description = "The client has these bytes"), (status = "4XX", body = ProblemBody)))]
pub async fn get_evidence_content(
    State(app): State<App>,
    caller: Principal,
    Path((id, evidence_id)): Path<(DocumentId, EvidenceId)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let readable = open(&app, &caller, id, evidence_id, Part::Original).await?;
    media::send(&app, &caller, readable, &method, &headers, Way::Token).await
}
