//! `GET /v1/checkpoints`: all of them, newest first.

use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Checkpoint;
use crate::app::App;
use crate::endpoints::list::{Limit, Page};
use crate::extract::{Json, Query};
use crate::problem::{Problem, ProblemBody};
use crate::store::log;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CheckpointsQuery {
    /// The `next` of the page before
    pub after: Option<i64>,
    /// Rows of the page; 200 if it is not said
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200)]
    pub limit: Limit,
}

/// List the checkpoints of the log, newest first
#[utoipa::path(get, path = "/v1/checkpoints", tag = "proof", params(CheckpointsQuery),
    responses((status = 200, body = Page<Checkpoint>), (status = "4XX", body = ProblemBody)))]
pub async fn list_checkpoints(
    State(app): State<App>,
    Query(query): Query<CheckpointsQuery>,
) -> Result<Json<Page<Checkpoint>>, Problem> {
    let mut db = app.store.read().await?;
    let before = query.after.unwrap_or(i64::MAX);
    let rows = log::list_checkpoints(&mut db, before, query.limit.rows()).await?;
    let items = rows.into_iter().map(Checkpoint::from).collect();
    Ok(Json(Page::of(items, query.limit, |it| {
        it.number.to_string()
    })))
}
