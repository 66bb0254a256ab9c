//! `POST /v1/samples/{id}/receipt`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::limits::{FIELD_CHARS_MAX, NAME_CHARS_MAX, RECEIPT_SEALS_MAX};
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
pub struct SampleReceipt {
    /// 封条号, as found; their order means nothing.
    seals: Vec<String>,
    /// Of the seals and the goods.
    condition: String,
    /// Whether the laboratory took it in.
    accepted: bool,
    /// Why not; needed when it was not.
    reason: Option<String>,
}

impl SampleReceipt {
    /// Trimmed and put in order, so that the same report has the same bytes; or what is wrong with it.
    fn checked(mut self) -> Result<Self, Problem> {
        if self.seals.len() > RECEIPT_SEALS_MAX {
            let detail = format!("are more than {RECEIPT_SEALS_MAX}");
            return Err(Problem::value("seals", detail));
        }
        for seal in &mut self.seals {
            *seal = text("seals", seal, NAME_CHARS_MAX)?;
        }
        self.seals.sort();
        self.seals.dedup();
        self.condition = text("condition", &self.condition, FIELD_CHARS_MAX)?;
        self.reason = match self.reason.as_deref().map(str::trim) {
            Some("") | None if !self.accepted => {
                let detail = "is needed when a sample is not accepted";
                return Err(Problem::value("reason", detail));
            }
            Some("") | None => None,
            Some(reason) => Some(text("reason", reason, FIELD_CHARS_MAX)?),
        };
        Ok(self)
    }
}

/// Report that a sample arrived, and whether it was taken in
///
/// One that was turned away may be delivered again: another report about it is the receipt of another attempt, and the
/// last one stands. A sample that was taken in has one receipt.
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
    let body = body.checked()?;
    let work = custody::begin(&app, &caller).await?;
    let act = Act::Receipt {
        accepted: body.accepted,
    };
    let report = serde_json::json!(body);
    let reported = custody::report(work, id, act, report).await?;
    Ok((report_status(&reported), Json(reported.event)))
}
