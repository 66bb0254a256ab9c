//! `GET /v1/devices/{id}/doctor`.

use axum::extract::State;
use sync_core::model::DeviceId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::quarantine;
use crate::services::visits::AsideView;

/// Read what of a device's is not through and why, in the same words as on the phone
#[utoipa::path(get, path = "/v1/devices/{id}/doctor", tag = "devices",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = Vec<AsideView>), (status = "4XX", body = ProblemBody)))]
pub async fn get_doctor(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DeviceId>,
) -> Result<Json<Vec<AsideView>>, Problem> {
    Ok(Json(quarantine::doctor(&app, &caller, id).await?))
}
