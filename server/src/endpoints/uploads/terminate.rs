//! `DELETE /v1/uploads/{id}`: gives up an upload.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use sync_core::model::UploadId;

use super::tus;
use crate::access::Principal;
use crate::app::App;
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};
use crate::services::uploads;

/// Give up an upload of your device (tus 1.0.0: termination)
///
/// What came of it is deleted. Evidence that was verified stays.
#[utoipa::path(delete, path = "/v1/uploads/{id}", tag = "uploads", security(("access_token" = [])),
    params(("id" = String, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`")),
    responses((status = 204, description = "Given up"), (status = "4XX", body = ProblemBody)))]
pub async fn terminate_upload(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<UploadId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    tus::version(&headers)?;
    uploads::terminate(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
