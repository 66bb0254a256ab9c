//! `GET /v1/cases/{document_id}/{subject_id}`.

use axum::extract::State;
use sync_core::model::DocumentId;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::casework::{self, CaseFile};

/// A case whole: what an on-site report says, what was done with it, what enforcement found, what the rules say
#[utoipa::path(get, path = "/v1/cases/{document_id}/{subject_id}", tag = "cases",
    params(("document_id" = String, Path, description = "The visit"),
        ("subject_id" = String, Path, description = "The refusal or the report")),
    security(("access_token" = [])),
    responses((status = 200, body = CaseFile), (status = "4XX", body = ProblemBody)))]
pub async fn get_case(
    State(app): State<App>,
    caller: Principal,
    Path((document, subject)): Path<(DocumentId, Uuid)>,
) -> Result<Json<CaseFile>, Problem> {
    Ok(Json(
        casework::file(&app, &caller, document, subject).await?,
    ))
}
