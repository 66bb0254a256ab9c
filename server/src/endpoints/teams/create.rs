//! `POST /v1/teams`.

use std::collections::BTreeSet;

use sync_core::model::{CampaignId, OrganisationId, UserId};

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, teams};
use crate::store::reference::teams::Team;

/// What it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    /// 承检机构.
    #[schema(value_type = String)]
    body_id: OrganisationId,
    /// Its campaign.
    #[schema(value_type = String)]
    campaign_id: CampaignId,
    /// Its name.
    name: String,
    /// The roster: people of the body.
    #[schema(value_type = Vec<String>)]
    members: BTreeSet<UserId>,
}

/// Form a team, or give the one of that name this roster
#[utoipa::path(post, path = "/v1/teams", tag = "teams", request_body = NewTeam, security(("access_token" = [])),
    responses((status = 201, body = Team), (status = 200, body = Team, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn create_team(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewTeam>,
) -> Result<(StatusCode, Json<Team>), Problem> {
    let new = teams::NewTeam {
        body: body.body_id,
        campaign: body.campaign_id,
        name: body.name,
        members: body.members,
    };
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = teams::put(&mut work, new).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
