//! `POST /v1/enterprises`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, enterprises};
use crate::store::reference::enterprises::Enterprise;

/// What it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnterprise {
    /// 统一社会信用代码, if it has one.
    uscc: Option<String>,
    /// Its name.
    name: String,
    /// Its address.
    address: Option<String>,
    /// GB/T 2260, inside your regions.
    region: String,
    /// 法定代表人.
    legal_representative: Option<String>,
    /// Plants under the one code.
    #[serde(default)]
    sites: Vec<String>,
}

/// List an enterprise, or change what is told about it
#[utoipa::path(post, path = "/v1/enterprises", tag = "enterprises", request_body = NewEnterprise, security(("access_token" = [])),
    responses((status = 201, body = Enterprise), (status = 200, body = Enterprise, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn create_enterprise(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewEnterprise>,
) -> Result<(StatusCode, Json<Enterprise>), Problem> {
    let new = enterprises::NewEnterprise {
        uscc: body.uscc,
        name: body.name,
        address: body.address,
        region: body.region,
        legal_representative: body.legal_representative,
        sites: body.sites,
    };
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change, _) = enterprises::put(&mut work, new).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
