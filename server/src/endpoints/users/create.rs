//! `POST /v1/users`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_core::model::OrganisationId;
use utoipa::ToSchema;

use super::User;
use crate::access::{Principal, Role};
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::people;

/// A new person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Their organisation, one that you see.
    #[schema(value_type = String)]
    organisation_id: OrganisationId,
    /// For logging in; case does not matter.
    username: String,
    /// As people write it; certificates carry it.
    display_name: String,
    /// What they may act as; must fit the kind of the organisation.
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    /// GB/T 2260 codes inside the authority's region; without any, that region.
    #[serde(default)]
    regions: Vec<String>,
    /// The number on an officer's certificate (执法证号); certified on their phones. For enforcement alone.
    certificate_no: Option<String>,
    /// Their first password, at least 10 characters.
    password: String,
}

/// Make a person in an organisation that you see
#[utoipa::path(post, path = "/v1/users", tag = "users",
    request_body = NewUser, security(("access_token" = [])),
    responses((status = 201, body = User), (status = "4XX", body = ProblemBody)))]
pub async fn create_user(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewUser>,
) -> Result<(StatusCode, Json<User>), Problem> {
    let new = people::NewUser {
        organisation: body.organisation_id,
        username: body.username,
        display_name: body.display_name,
        roles: body.roles,
        regions: body.regions,
        certificate_no: body.certificate_no,
        password: body.password,
    };
    let person = people::create(&app, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(person.into())))
}
