//! `POST /v1/campaigns`.

use sync_core::model::OrganisationId;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, campaigns};
use crate::store::reference::campaigns::Campaign;

/// What it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCampaign {
    /// 组织抽查部门; yours, or one in your regions.
    #[schema(value_type = String)]
    authority_id: OrganisationId,
    /// Number of the plan.
    code: String,
    /// Its name.
    name: String,
}

/// Make a campaign, or name the one of that number anew
#[utoipa::path(post, path = "/v1/campaigns", tag = "campaigns", request_body = NewCampaign, security(("access_token" = [])),
    responses((status = 201, body = Campaign), (status = 200, body = Campaign, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn create_campaign(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewCampaign>,
) -> Result<(StatusCode, Json<Campaign>), Problem> {
    let new = campaigns::NewCampaign {
        authority: body.authority_id,
        code: body.code,
        name: body.name,
    };
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = campaigns::put(&mut work, new).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
