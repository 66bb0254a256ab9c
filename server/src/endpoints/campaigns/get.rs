//! `GET /v1/campaigns/{id}`.

use axum::extract::State;
use sync_core::model::CampaignId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem, ProblemBody};
use crate::store::reference::campaigns::{self, Campaign};

/// Read one that you may see
#[utoipa::path(get, path = "/v1/campaigns/{id}", tag = "campaigns",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = Campaign), (status = "4XX", body = ProblemBody)))]
pub async fn get_campaign(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<CampaignId>,
) -> Result<Json<Campaign>, Problem> {
    let mut db = app.store.read().await?;
    let found = campaigns::find_seen(&mut db, &(&caller).into(), id).await?;
    Ok(Json(found.ok_or(Problem::new(Code::NotFound))?))
}
