//! `GET /v1/devices/{id}`.

use axum::extract::State;
use sync_core::model::DeviceId;

use super::Device;
use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::devices;

/// Read a device that you may see
#[utoipa::path(get, path = "/v1/devices/{id}", tag = "devices",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = Device), (status = "4XX", body = ProblemBody)))]
pub async fn get_device(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DeviceId>,
) -> Result<Json<Device>, Problem> {
    Ok(Json(devices::get(&app, &caller, id).await?.into()))
}
