//! `POST /v1/cases/{document_id}/{subject_id}/giving-back`: a case is given back.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::DocumentId;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::casework::CaseFile;
use crate::services::casework::acts::{Act, act};

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseReturn {
    /// In words.
    reason: String,
}

/// Give a case back (退回); an authority does it for somebody who cannot
#[utoipa::path(post, path = "/v1/cases/{document_id}/{subject_id}/giving-back", tag = "cases",
    params(("document_id" = String, Path, description = "The visit"),
        ("subject_id" = String, Path, description = "The refusal or the report")),
    request_body = CaseReturn, security(("access_token" = [])),
    responses((status = 200, body = CaseFile), (status = "4XX", body = ProblemBody)))]
pub async fn give_back_case(
    State(app): State<App>,
    caller: Principal,
    Path((document, subject)): Path<(DocumentId, Uuid)>,
    Json(body): Json<CaseReturn>,
) -> Result<Json<CaseFile>, Problem> {
    let done = Act::GiveBack {
        reason: body.reason,
    };
    Ok(Json(act(&app, &caller, document, subject, done).await?))
}
