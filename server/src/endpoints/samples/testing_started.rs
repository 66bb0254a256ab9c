//! `POST /v1/samples/{id}/testing-started`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::limits::FIELD_CHARS_MAX;
use sync_core::model::SampleId;
use utoipa::ToSchema;

use super::{report_status, text};
use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::custody::{self, Act};
use crate::store::reference::custody::CustodyEvent;

/// The report.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestingStart {
    /// What to remember about it.
    note: Option<String>,
}

/// Report that testing began: from now on no ruling changes silently
#[utoipa::path(post, path = "/v1/samples/{id}/testing-started", tag = "samples", request_body = TestingStart,
    params(("id" = String, Path, description = "The sample")), security(("access_token" = [])),
    responses((status = 201, body = CustodyEvent), (status = 200, body = CustodyEvent, description = "Reported before"),
        (status = 202, body = CustodyEvent, description = "No sheet is known yet (只做不录); it is recorded all the same"),
        (status = "4XX", body = ProblemBody)))]
pub async fn start_testing(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<SampleId>,
    Json(body): Json<TestingStart>,
) -> Result<(StatusCode, Json<CustodyEvent>), Problem> {
    let note = body.note.as_deref().filter(|note| !note.trim().is_empty());
    let note = note
        .map(|note| text("note", note, FIELD_CHARS_MAX))
        .transpose()?;
    let work = custody::begin(&app, &caller).await?;
    let report = serde_json::json!(TestingStart { note });
    let reported = custody::report(work, id, Act::TestingStarted, report).await?;
    Ok((report_status(&reported), Json(reported.event)))
}
