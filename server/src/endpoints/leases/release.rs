//! `POST /v1/leases/{id}/release`.

use axum::extract::State;
use sync_core::model::LeaseId;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, leases};
use crate::store::reference::leases::Lease;

/// Give a lease back (交还门锁): from now on another team may take the door
#[utoipa::path(post, path = "/v1/leases/{id}/release", tag = "leases",
    params(("id" = String, Path, description = "The lease")), security(("access_token" = [])),
    responses((status = 200, body = Lease), (status = "4XX", body = ProblemBody)))]
pub async fn release_lease(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<Lease>, Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let (row, _) = leases::release(&mut work, LeaseId(id)).await?;
    work.commit().await?;
    Ok(Json(row))
}
