//! `POST /v1/re-entry-grants`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_core::model::{CampaignId, EnterpriseId, OrganisationId};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, re_entry_grants};
use crate::store::reference::re_entry_grants::ReEntryGrant;

/// Who may enter again, and where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReEntryGrant {
    /// A campaign of your authority, or of one in your regions.
    #[schema(value_type = String)]
    campaign_id: CampaignId,
    /// 承检机构.
    #[schema(value_type = String)]
    body_id: OrganisationId,
    /// The enterprise.
    #[schema(value_type = String)]
    enterprise_id: EnterpriseId,
    /// In your words.
    reason: String,
    /// Until when it may be used, RFC 3339.
    expires_at: String,
}

/// Permit a body to enter an enterprise once more in a campaign
#[utoipa::path(post, path = "/v1/re-entry-grants", tag = "re-entry-grants", request_body = NewReEntryGrant,
    security(("access_token" = [])),
    responses((status = 201, body = ReEntryGrant), (status = 200, body = ReEntryGrant, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn create_re_entry_grant(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewReEntryGrant>,
) -> Result<(StatusCode, Json<ReEntryGrant>), Problem> {
    let new = re_entry_grants::NewReEntryGrant {
        campaign: body.campaign_id,
        body: body.body_id,
        enterprise: body.enterprise_id,
        reason: body.reason,
        expires_at: body.expires_at,
    };
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = re_entry_grants::grant(&mut work, new).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
