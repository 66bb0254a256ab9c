//! `GET /v1/users/{id}`.

use axum::extract::State;
use sync_core::model::UserId;

use super::User;
use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::people;

/// Read a person that you may see
#[utoipa::path(get, path = "/v1/users/{id}", tag = "users",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = User), (status = "4XX", body = ProblemBody)))]
pub async fn get_user(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<UserId>,
) -> Result<Json<User>, Problem> {
    Ok(Json(people::get(&app, &caller, id).await?.into()))
}
