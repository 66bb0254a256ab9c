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
use crate::services::custody::{self, Act};
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
    let served: jiff::Timestamp = body
        .served_at
        .trim()
        .parse()
        .map_err(|_| Problem::value("served_at", "is no RFC 3339 time"))?;
    if served.as_millisecond() > app.now() {
        return Err(Problem::value("served_at", "lies in the future"));
    }
    let work = custody::begin(&app, &caller).await?;
    // One instant has many spellings, and is one report.
    let served_at = served.to_string();
    let report = serde_json::json!(ResultService { served_at });
    let reported = custody::report(work, id, Act::Service, report).await?;
    Ok((report_status(&reported), Json(reported.event)))
}
