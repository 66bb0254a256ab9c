//! `GET /v1/visits/{id}/evidence/{evidence_id}/renditions/{name}`: what the server made of an original.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use sync_core::model::{DocumentId, EvidenceId};

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::media;
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};
use crate::services::evidence::content::{Part, Rendition, Way, open};

/// Read a picture that was made of an original for people to look at: `thumbnail` or `screen`
#[utoipa::path(get, path = "/v1/visits/{id}/evidence/{evidence_id}/renditions/{name}", tag = "evidence",
    params(("id" = String, Path, description = "The visit's document id"),
        ("evidence_id" = String, Path, description = "Its entry in the manifest"),
        ("name" = String, Path, description = "`thumbnail` or `screen`")),
    security(("access_token" = [])),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"),
        (status = 206, body = Vec<u8>, content_type = "image/jpeg"),
        (status = 304, description = "The client has these bytes"), (status = "4XX", body = ProblemBody)))]
pub async fn get_evidence_rendition(
    State(app): State<App>,
    caller: Principal,
    Path((id, evidence_id, name)): Path<(DocumentId, EvidenceId, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let part = Part::Rendition(Rendition::parse(&name)?);
    let readable = open(&app, &caller, id, evidence_id, part).await?;
    media::send(&app, &caller, readable, &method, &headers, Way::Token).await
}
