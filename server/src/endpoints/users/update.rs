//! `PATCH /v1/users/{id}`: disable, enable, give a new password or another number of a certificate.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::UserId;
use utoipa::ToSchema;

use super::User;
use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::people;

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
}

/// Disable or enable a person, give them a new password, or note the number of their certificate
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
    };
    Ok(Json(
        people::change(&app, &caller, id, change).await?.into(),
    ))
}
