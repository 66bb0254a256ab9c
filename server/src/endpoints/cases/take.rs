//! `POST /v1/cases/{document_id}/{subject_id}/taking`: somebody takes a case.

use axum::extract::State;
use sync_core::model::DocumentId;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::casework::CaseFile;
use crate::services::casework::acts::{Act, act};

/// Take a case (领办): others see who has it
#[utoipa::path(post, path = "/v1/cases/{document_id}/{subject_id}/taking", tag = "cases",
    params(("document_id" = String, Path, description = "The visit"),
        ("subject_id" = String, Path, description = "The refusal or the report")),
    security(("access_token" = [])),
    responses((status = 200, body = CaseFile), (status = "4XX", body = ProblemBody)))]
pub async fn take_case(
    State(app): State<App>,
    caller: Principal,
    Path((document, subject)): Path<(DocumentId, Uuid)>,
) -> Result<Json<CaseFile>, Problem> {
    let done = Act::Take;
    Ok(Json(act(&app, &caller, document, subject, done).await?))
}
