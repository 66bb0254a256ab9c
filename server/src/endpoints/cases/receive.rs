//! `POST /v1/cases/{document_id}/{subject_id}/receipt`: the authority has an on-site report.

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

/// The receipt.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseReceipt {
    /// 回执编号
    receipt_no: String,
    /// In words.
    note: Option<String>,
}

/// Receive an on-site report (接收现场报告), with the number of its receipt
#[utoipa::path(post, path = "/v1/cases/{document_id}/{subject_id}/receipt", tag = "cases",
    params(("document_id" = String, Path, description = "The visit"),
        ("subject_id" = String, Path, description = "The refusal or the report")),
    request_body = CaseReceipt, security(("access_token" = [])),
    responses((status = 200, body = CaseFile), (status = "4XX", body = ProblemBody)))]
pub async fn receive_case(
    State(app): State<App>,
    caller: Principal,
    Path((document, subject)): Path<(DocumentId, Uuid)>,
    Json(body): Json<CaseReceipt>,
) -> Result<Json<CaseFile>, Problem> {
    let done = Act::Receive {
        receipt_no: body.receipt_no,
        note: body.note,
    };
    Ok(Json(act(&app, &caller, document, subject, done).await?))
}
