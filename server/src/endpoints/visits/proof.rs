//! `GET /v1/visits/{id}/proof`: that a visit's chain stands under a checkpoint.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::DocumentId;
use utoipa::IntoParams;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::log::checkpoints::{self, VisitProof};

/// Under which checkpoint.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProofQuery {
    /// Its number; the newest if it is not said
    pub checkpoint: Option<i64>,
}

/// Prove that a visit's chain stands under a signed checkpoint
#[utoipa::path(get, path = "/v1/visits/{id}/proof", tag = "proof",
    params(("id" = String, Path, description = "The visit's document id"), ProofQuery), security(("access_token" = [])),
    responses((status = 200, body = VisitProof), (status = "4XX", body = ProblemBody)))]
pub async fn get_visit_proof(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DocumentId>,
    Query(query): Query<ProofQuery>,
) -> Result<Json<VisitProof>, Problem> {
    let proof = checkpoints::prove_visit(&app, &caller, id, query.checkpoint).await?;
    Ok(Json(proof))
}
