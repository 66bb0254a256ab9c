//! `POST /v1/leases`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_core::model::{EnterpriseId, TeamId};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, leases};
use crate::store::reference::leases::Lease;

/// Which door, and for how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLease {
    /// A team to which you belong; the door is of its campaign and its body.
    #[schema(value_type = String)]
    team_id: TeamId,
    /// The enterprise.
    #[schema(value_type = String)]
    enterprise_id: EnterpriseId,
    /// Seconds from now: 72 hours at most.
    #[schema(minimum = 1, maximum = 259_200)]
    duration_s: i64,
}

/// Take a door for your team before you leave the net (门锁)
///
/// Asked again while it holds, the same lease is given. `lease_held`: another team has it, or had it until less than a
/// day ago.
#[utoipa::path(post, path = "/v1/leases", tag = "leases", request_body = NewLease, security(("access_token" = [])),
    responses((status = 201, body = Lease), (status = 200, body = Lease, description = "Your team holds it"),
        (status = "4XX", body = ProblemBody)))]
pub async fn create_lease(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewLease>,
) -> Result<(StatusCode, Json<Lease>), Problem> {
    let new = leases::NewLease {
        team: body.team_id,
        enterprise: body.enterprise_id,
        duration_ms: body.duration_s.saturating_mul(1_000),
    };
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = leases::take(&mut work, new).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
