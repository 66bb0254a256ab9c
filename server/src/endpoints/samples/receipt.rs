//! `POST /v1/samples/{id}/receipt`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::model::SampleId;
use utoipa::ToSchema;

use super::report_status;
use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::custody;
use crate::services::reference::Work;
use crate::store::reference::custody::CustodyEvent;

/// The report.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleReceipt {
    /// 封条号, as found.
    seals: Vec<String>,
    /// Of the seals and the goods.
    condition: String,
    /// Whether the laboratory took it in.
    accepted: bool,
    /// Why not.
    reason: Option<String>,
}

/// Report that a sample arrived, and whether it was taken in
#[utoipa::path(post, path = "/v1/samples/{id}/receipt", tag = "samples", request_body = SampleReceipt,
    params(("id" = String, Path, description = "The sample")), security(("access_token" = [])),
    responses((status = 201, body = CustodyEvent), (status = 200, body = CustodyEvent, description = "Reported before"),
        (status = 202, body = CustodyEvent, description = "No sheet is known yet (只做不录); it is recorded all the same"),
        (status = "4XX", body = ProblemBody)))]
pub async fn receive_sample(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<SampleId>,
    Json(body): Json<SampleReceipt>,
) -> Result<(StatusCode, Json<CustodyEvent>), Problem> {
    if !body.accepted
        && body
            .reason
            .as_deref()
            .is_none_or(|reason| reason.trim().is_empty())
    {
        return Err(Problem::value(
            "reason",
            "is needed when a sample is not accepted",
        ));
    }
    let work = Work::begin(&app, &caller).await?;
    let report = serde_json::json!(body);
    let reported = custody::report(work, id, "receipt", report, body.accepted).await?;
    Ok((report_status(&reported), Json(reported.event)))
}
