//! `GET /v1/enterprises/{id}`.

use axum::extract::State;
use sync_core::model::EnterpriseId;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Code, Problem, ProblemBody};
use crate::store::reference::enterprises::{self, Enterprise};

/// Read one that you may see
#[utoipa::path(get, path = "/v1/enterprises/{id}", tag = "enterprises",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = Enterprise), (status = "4XX", body = ProblemBody)))]
pub async fn get_enterprise(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<EnterpriseId>,
) -> Result<Json<Enterprise>, Problem> {
    let mut db = app.store.read().await?;
    let found = enterprises::find_seen(&mut db, &(&caller).into(), id).await?;
    Ok(Json(found.ok_or(Problem::new(Code::NotFound))?))
}
