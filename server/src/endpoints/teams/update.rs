//! `PATCH /v1/teams/{id}`.

use std::collections::BTreeSet;

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::{TeamId, UserId};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, teams};
use crate::services::wanted::Wanted;
use crate::store::reference::teams::Team;

/// What is to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamChange {
    /// The whole roster.
    #[schema(value_type = Vec<String>)]
    members: BTreeSet<UserId>,
}

/// Give a team another roster
#[utoipa::path(patch, path = "/v1/teams/{id}", tag = "teams", request_body = TeamChange,
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = Team), (status = "4XX", body = ProblemBody)))]
pub async fn update_team(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<TeamId>,
    Json(body): Json<TeamChange>,
) -> Result<Json<Team>, Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let members = Wanted::Whole(body.members);
    let team = teams::update_roster(&mut work, id, &members).await?;
    work.commit().await?;
    Ok(Json(team))
}
