//! `GET /v1/devices`.

use axum::extract::State;

use super::Device;
use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::{Page, PageQuery};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::devices;

/// List the devices that you may see
#[utoipa::path(get, path = "/v1/devices", tag = "devices", params(PageQuery), security(("access_token" = [])),
    responses((status = 200, body = Page<Device>), (status = "4XX", body = ProblemBody)))]
pub async fn list_devices(
    State(app): State<App>,
    caller: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Device>>, Problem> {
    let rows = devices::list(&app, &caller, &query.after(), query.rows()).await?;
    let items: Vec<Device> = rows.into_iter().map(Device::from).collect();
    Ok(Json(Page::new(items, &query, |item| {
        item.device_id.to_string()
    })))
}
