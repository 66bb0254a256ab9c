//! `POST /v1/enterprises/{id}/aliases`.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::{EnterpriseId, EnterpriseKey};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::enterprises::{AliasQuery, Aliased};
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, enterprises};

/// Which key the enterprise stands for from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAlias {
    /// `uscc:…` that was wrong, `server:…` of a record that is merged, or `device:…` that a phone drew offline.
    #[schema(value_type = String)]
    from_key: EnterpriseKey,
    /// In your words.
    reason: String,
}

/// Correct or merge an enterprise: another key stands for it, and all visits concerned are ruled again
#[utoipa::path(post, path = "/v1/enterprises/{id}/aliases", tag = "enterprises", request_body = NewAlias,
    params(("id" = String, Path, description = "The enterprise that is right"), AliasQuery), security(("access_token" = [])),
    responses((status = 200, body = Aliased), (status = "4XX", body = ProblemBody)))]
pub async fn create_alias(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<EnterpriseId>,
    Query(query): Query<AliasQuery>,
    Json(body): Json<NewAlias>,
) -> Result<Json<Aliased>, Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let (alias, again) = enterprises::alias(&mut work, id, body.from_key, &body.reason).await?;
    let written = !query.dry_run;
    if written {
        work.commit().await?;
    }
    Ok(Json(Aliased {
        alias,
        again,
        written,
    }))
}
