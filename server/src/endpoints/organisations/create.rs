//! `POST /v1/organisations`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_core::model::OrganisationId;
use utoipa::ToSchema;

use super::Organisation;
use crate::access::{OrganisationKind, Principal};
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::organisations;

/// A new organisation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganisation {
    /// authority, inspection_body, entrusted_unit, station, consulted
    #[schema(value_type = String)]
    kind: OrganisationKind,
    /// Its name.
    name: String,
    /// 统一社会信用代码.
    uscc: Option<String>,
    /// GB/T 2260, six digits, inside yours.
    region: String,
    /// Above it.
    #[schema(value_type = Option<String>)]
    parent_id: Option<OrganisationId>,
}

/// Make an organisation inside your regions
#[utoipa::path(post, path = "/v1/organisations", tag = "organisations",
    request_body = NewOrganisation, security(("access_token" = [])),
    responses((status = 201, body = Organisation), (status = "4XX", body = ProblemBody)))]
pub async fn create_organisation(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewOrganisation>,
) -> Result<(StatusCode, Json<Organisation>), Problem> {
    let new = organisations::NewOrganisation {
        kind: body.kind,
        name: body.name,
        uscc: body.uscc,
        region: body.region,
        parent: body.parent_id,
    };
    let row = organisations::create(&app, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}
