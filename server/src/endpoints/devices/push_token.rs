//! `/v1/devices/{id}/push-token`: where a phone is woken.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::model::DeviceId;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::clock::rfc3339;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::wakes;

/// Where the phone is reached.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPushToken {
    /// The push provider, by the name that the operator gave it.
    endpoint: String,
    /// What the phone is called there: an FCM token, the address of a Web Push subscription, …
    token: String,
}

/// As it is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct PushToken {
    /// The push provider.
    endpoint: String,
    /// What the phone is called there.
    token: String,
    /// Since when, RFC 3339.
    #[schema(format = DateTime)]
    registered_at: String,
}

/// Say where the calling phone is woken when something waits for it
///
/// It replaces what was registered before. A wake says `sync.wanted` and nothing else.
#[utoipa::path(put, path = "/v1/devices/{id}/push-token", tag = "devices",
    params(("id" = String, Path, description = "The calling phone")),
    request_body = NewPushToken, security(("access_token" = [])),
    responses((status = 200, body = PushToken), (status = "4XX", body = ProblemBody)))]
pub async fn put_push_token(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DeviceId>,
    Json(body): Json<NewPushToken>,
) -> Result<Json<PushToken>, Problem> {
    let kept = wakes::register(&app, &caller, id, &body.endpoint, &body.token).await?;
    Ok(Json(PushToken {
        endpoint: kept.endpoint,
        token: kept.token,
        registered_at: rfc3339(kept.registered_at),
    }))
}

/// The calling phone is not woken any more
#[utoipa::path(delete, path = "/v1/devices/{id}/push-token", tag = "devices",
    params(("id" = String, Path, description = "The calling phone")), security(("access_token" = [])),
    responses((status = 204, description = "It is not"), (status = "4XX", body = ProblemBody)))]
pub async fn delete_push_token(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DeviceId>,
) -> Result<StatusCode, Problem> {
    wakes::unregister(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
