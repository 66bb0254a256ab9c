//! `GET /v1/visits/{id}/evidence/{evidence_id}/link`: an address for a player that has no token.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use sync_core::model::{DocumentId, EvidenceId};
use utoipa::{IntoParams, ToSchema};

use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::evidence::content;

/// To what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// `thumbnail` or `screen`; the original if it is not said
    rendition: Option<String>,
}

/// A link.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvidenceLink {
    /// Its path on this server. Whoever has it reads these bytes as you, until it expires or your session ends.
    pub url: String,
    /// When it expires.
    pub expires_at: String,
}

/// Get a signed address of these bytes for five minutes, for players and pictures that send no token
#[utoipa::path(get, path = "/v1/visits/{id}/evidence/{evidence_id}/link", tag = "evidence",
    params(("id" = String, Path, description = "The visit's document id"),
        ("evidence_id" = String, Path, description = "Its entry in the manifest"), LinkQuery),
    security(("access_token" = [])),
    responses((status = 200, body = EvidenceLink), (status = "4XX", body = ProblemBody)))]
pub async fn get_evidence_link(
    State(app): State<App>,
    caller: Principal,
    Path((id, evidence_id)): Path<(DocumentId, EvidenceId)>,
    Query(query): Query<LinkQuery>,
) -> Result<impl IntoResponse, Problem> {
    let rendition = query.rendition.as_deref();
    let (url, expires_at) = content::link(&app, &caller, id, evidence_id, rendition).await?;
    let link = EvidenceLink {
        url,
        expires_at: rfc3339(expires_at),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(link)))
}
