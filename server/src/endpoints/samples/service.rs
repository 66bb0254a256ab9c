//! `POST /v1/samples/{id}/service`.

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
pub struct ResultService {
    /// When the result was served, RFC 3339.
    served_at: String,
}

/// Report that the result was served on the enterprise
#[utoipa::path(post, path = "/v1/samples/{id}/service", tag = "samples", request_body = ResultService,
    params(("id" = String, Path, description = "The sample")), security(("access_token" = [])),
    responses((status = 201, body = CustodyEvent), (status = 200, body = CustodyEvent, description = "Reported before"),
        (status = 202, body = CustodyEvent, description = "No sheet is known yet (只做不录); it is recorded all the same"),
        (status = "4XX", body = ProblemBody)))]
pub async fn serve_result(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<SampleId>,
    Json(body): Json<ResultService>,
) -> Result<(StatusCode, Json<CustodyEvent>), Problem> {
    if body.served_at.parse::<jiff::Timestamp>().is_err() {
        return Err(Problem::value("served_at", "is no RFC 3339 time"));
    }
    let work = Work::begin(&app, &caller).await?;
    let report = serde_json::json!(body);
    let reported = custody::report(work, id, "service", report, false).await?;
    Ok((report_status(&reported), Json(reported.event)))
}
