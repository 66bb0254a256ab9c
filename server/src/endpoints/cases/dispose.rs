//! `POST /v1/cases/{document_id}/{subject_id}/disposal`: what became of an on-site report.

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

/// What was decided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseDisposal {
    /// 处置结果
    result: String,
    /// 文书编号 of what was decided, if there is one.
    reference_no: Option<String>,
}

/// Say what became of a report (处置)
#[utoipa::path(post, path = "/v1/cases/{document_id}/{subject_id}/disposal", tag = "cases",
    params(("document_id" = String, Path, description = "The visit"),
        ("subject_id" = String, Path, description = "The refusal or the report")),
    request_body = CaseDisposal, security(("access_token" = [])),
    responses((status = 200, body = CaseFile), (status = "4XX", body = ProblemBody)))]
pub async fn dispose_of_case(
    State(app): State<App>,
    caller: Principal,
    Path((document, subject)): Path<(DocumentId, Uuid)>,
    Json(body): Json<CaseDisposal>,
) -> Result<Json<CaseFile>, Problem> {
    let done = Act::Dispose {
        result: body.result,
        reference_no: body.reference_no,
    };
    Ok(Json(act(&app, &caller, document, subject, done).await?))
}
