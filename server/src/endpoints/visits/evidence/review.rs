//! `POST /v1/visits/{id}/evidence/{evidence_id}/reviews`: the authority decides on a piece of evidence.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_core::model::{Digest, DocumentId, EvidenceId, ReviewVerdict};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::evidence::reading::ReviewView;
use crate::services::evidence::reviewing::{self, NewReview};

/// What is decided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewDecision {
    /// `accepted`, `questioned` or `rejected`.
    #[schema(value_type = String)]
    verdict: ReviewVerdict,
    /// Why; must be said where it is not accepted.
    #[serde(default)]
    reason: String,
    /// The `version` of the review that you saw; 0 where there was none.
    #[schema(minimum = 0)]
    expected_version: i64,
    /// The bytes that you looked at; refused where the manifest names others by now.
    #[schema(value_type = Option<String>)]
    sha256: Option<Digest>,
}

/// Accept, question or reject a piece of evidence (影像审查)
///
/// The authority that commissioned the sampling decides, or one above it. What is rejected counts as no evidence; what is
/// questioned counts and is told; both go to the phones of the team as something to answer.
#[utoipa::path(post, path = "/v1/visits/{id}/evidence/{evidence_id}/reviews", tag = "evidence",
    params(("id" = String, Path, description = "The visit's document id"),
        ("evidence_id" = String, Path, description = "Its entry in the manifest")),
    request_body = ReviewDecision, security(("access_token" = [])),
    responses((status = 201, body = ReviewView), (status = "4XX", body = ProblemBody)))]
pub async fn review_evidence(
    State(app): State<App>,
    caller: Principal,
    Path((id, evidence_id)): Path<(DocumentId, EvidenceId)>,
    Json(body): Json<ReviewDecision>,
) -> Result<(StatusCode, Json<ReviewView>), Problem> {
    let new = NewReview {
        verdict: body.verdict,
        reason: body.reason,
        expected_version: body.expected_version,
        sha256: body.sha256,
    };
    let decided = reviewing::review(&app, &caller, id, evidence_id, new).await?;
    Ok((StatusCode::CREATED, Json(decided)))
}
