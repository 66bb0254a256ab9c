//! `PATCH /v1/users/{id}`: disable, enable, give a new password, other roles and regions, another number of a certificate.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::UserId;
use utoipa::ToSchema;

use super::User;
use crate::access::{Principal, Role};
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::people;
use crate::services::wanted::Wanted;

/// What is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// false disables and ends every session; what phones hold is untouched.
    active: Option<bool>,
    /// A new password; ends every session.
    password: Option<String>,
    /// Another number of an officer's certificate (执法证号); "" takes it away. Their phones get new certificates.
    certificate_no: Option<String>,
    /// What they may act as from the next request on, all of it; must fit the kind of the organisation. Their phones get new
    /// certificates. Who is no longer enforcement has no `certificate_no`. Nobody takes `admin` from themselves or from the last
    /// active administrator (`administrator_needed`).
    #[schema(value_type = Option<Vec<String>>)]
    roles: Option<Vec<Role>>,
    /// GB/T 2260 codes of what they see from the next request on, all of them: inside the authority's region and yours, at
    /// least one. Phones of enforcement get what stands in a new region, and give up what stands in one that was left.
    regions: Option<Vec<String>>,
}

/// Disable or enable a person, give them a new password, roles or regions, or note the number of their certificate
#[utoipa::path(patch, path = "/v1/users/{id}", tag = "users",
    params(("id" = String, Path, description = "Their id")),
    request_body = UserChange, security(("access_token" = [])),
    responses((status = 200, body = User), (status = "4XX", body = ProblemBody)))]
pub async fn update_user(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<UserId>,
    Json(body): Json<UserChange>,
) -> Result<Json<User>, Problem> {
    let change = people::Change {
        active: body.active,
        password: body.password,
        certificate_no: body.certificate_no,
        roles: body.roles.map(|it| Wanted::Whole(it.into_iter().collect())),
        regions: body
            .regions
            .map(|it| Wanted::Whole(it.into_iter().collect())),
    };
    Ok(Json(
        people::change(&app, &caller, id, change).await?.into(),
    ))
}
