//! `GET /v1/organisations/{id}`.

use axum::extract::State;
use sync_core::model::OrganisationId;

use super::Organisation;
use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::organisations;

/// Read an organisation that you may see
#[utoipa::path(get, path = "/v1/organisations/{id}", tag = "organisations",
    params(("id" = String, Path, description = "Its id")), security(("access_token" = [])),
    responses((status = 200, body = Organisation), (status = "4XX", body = ProblemBody)))]
pub async fn get_organisation(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<OrganisationId>,
) -> Result<Json<Organisation>, Problem> {
    Ok(Json(organisations::get(&app, &caller, id).await?.into()))
}
