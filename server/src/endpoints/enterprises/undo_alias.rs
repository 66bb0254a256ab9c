//! `POST /v1/enterprise-aliases/{id}/undoing`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::enterprises::{AliasQuery, Aliased};
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, enterprises};

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUndoing {
    /// In your words.
    reason: String,
}

/// Undo an alias: the keys stand apart again
#[utoipa::path(post, path = "/v1/enterprise-aliases/{id}/undoing", tag = "enterprises", request_body = NewUndoing,
    params(("id" = String, Path, description = "The alias"), AliasQuery), security(("access_token" = [])),
    responses((status = 200, body = Aliased), (status = "4XX", body = ProblemBody)))]
pub async fn undo_alias(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
    Query(query): Query<AliasQuery>,
    Json(body): Json<NewUndoing>,
) -> Result<Json<Aliased>, Problem> {
    let mut work = Work::begin(&app, &caller).await?;
    let (alias, again) = enterprises::undo(&mut work, id, &body.reason).await?;
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
