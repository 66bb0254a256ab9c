//! `POST /v1/cases/{document_id}/{subject_id}/hand-over`: an on-site report goes to the case office.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::{DocumentId, OrganisationId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::casework::CaseFile;
use crate::services::casework::acts::{Act, act};

/// To whom, and their receipt.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseHandOver {
    /// 移交单位: the case office (案件机构、综合执法支队) by name.
    office: String,
    /// The same, where it is an organisation here: its people see the case from then on.
    #[schema(value_type = Option<String>)]
    office_id: Option<OrganisationId>,
    /// 移交回执编号
    receipt_no: String,
    /// In words.
    note: Option<String>,
}

/// Hand a report over to the case office (移交案件机构), with the number of its receipt
#[utoipa::path(post, path = "/v1/cases/{document_id}/{subject_id}/hand-over", tag = "cases",
    params(("document_id" = String, Path, description = "The visit"),
        ("subject_id" = String, Path, description = "The refusal or the report")),
    request_body = CaseHandOver, security(("access_token" = [])),
    responses((status = 200, body = CaseFile), (status = "4XX", body = ProblemBody)))]
pub async fn hand_over_case(
    State(app): State<App>,
    caller: Principal,
    Path((document, subject)): Path<(DocumentId, Uuid)>,
    Json(body): Json<CaseHandOver>,
) -> Result<Json<CaseFile>, Problem> {
    let done = Act::HandOver {
        office: body.office,
        office_id: body.office_id,
        receipt_no: body.receipt_no,
        note: body.note,
    };
    Ok(Json(act(&app, &caller, document, subject, done).await?))
}
