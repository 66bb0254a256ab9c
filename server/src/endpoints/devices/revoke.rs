//! `POST /v1/devices/{id}/revocation`: a lost or stolen phone.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::DeviceId;
use utoipa::ToSchema;

use super::Device;
use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::devices;

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// In words, for the audit trail.
    reason: String,
}

/// Revoke a device: its sessions end, and what it sends from now on is quarantined
#[utoipa::path(post, path = "/v1/devices/{id}/revocation", tag = "devices",
    params(("id" = String, Path, description = "Its id")),
    request_body = Revocation, security(("access_token" = [])),
    responses((status = 200, body = Device), (status = "4XX", body = ProblemBody)))]
pub async fn revoke_device(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DeviceId>,
    Json(body): Json<Revocation>,
) -> Result<Json<Device>, Problem> {
    Ok(Json(
        devices::revoke(&app, &caller, id, &body.reason)
            .await?
            .into(),
    ))
}
