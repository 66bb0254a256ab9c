//! `GET /v1/visits/{id}/log`: the lines of a visit's chain.

use axum::extract::State;
use serde::Deserialize;
use sync_core::model::DocumentId;
use utoipa::IntoParams;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::list::Limit;
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::log::{self, Lines};

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinesQuery {
    /// The `next` of the page before
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    pub after: Option<u64>,
    /// Lines of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    pub lines: Limit,
}

/// Read what was logged of a visit (存证日志), line by line: each carries the SHA-256 of the line before, newline included
#[utoipa::path(get, path = "/v1/visits/{id}/log", tag = "proof",
    params(("id" = String, Path, description = "The visit's document id"), LinesQuery), security(("access_token" = [])),
    responses((status = 200, body = Lines), (status = "4XX", body = ProblemBody)))]
pub async fn list_visit_log(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DocumentId>,
    Query(query): Query<LinesQuery>,
) -> Result<Json<Lines>, Problem> {
    let after = query.after.unwrap_or(0);
    let rows = query.lines.rows() - 1;
    Ok(Json(log::lines(&app, &caller, id, after, rows).await?))
}
