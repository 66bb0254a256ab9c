//! `GET /v1/teams/{id}`.

use axum::extract::State;
use sync_core::model::TeamId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem, ProblemBody};
use crate::store::reference::teams::{self, Team};

/// Read one that you may see
#[utoipa::path(get, path = "/v1/teams/{id}", tag = "teams",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = Team), (status = "4XX", body = ProblemBody)))]
pub async fn get_team(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<TeamId>,
) -> Result<Json<Team>, Problem> {
    let mut db = app.store.read().await?;
    let found = teams::find_seen(&mut db, &(&caller).into(), id).await?;
    Ok(Json(found.ok_or(Problem::new(Code::NotFound))?))
}
