//! `GET /v1/checkpoints/{number}`: one, and what proves that it extends an earlier one.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Checkpoint;
use crate::app::App;
use crate::extract::{Json, Path, Query};
use crate::problem::{Problem, ProblemBody};
use crate::services::log::checkpoints;

/// What it is to be compared with.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SinceQuery {
    /// The number of an earlier checkpoint
    pub since: Option<i64>,
}

/// A checkpoint, and its proof.
#[derive(Serialize, ToSchema)]
pub struct ProvedCheckpoint {
    #[serde(flatten)]
    pub checkpoint: Checkpoint,
    /// The earlier one that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Checkpoint>,
    /// Hashes that prove that this tree begins with the earlier one (RFC 9162 §2.1.4.2, hashed as lines of text).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<Vec<String>>,
}

/// Read a checkpoint; with `since`, also the proof that it extends an earlier one
#[utoipa::path(get, path = "/v1/checkpoints/{number}", tag = "proof",
    params(("number" = i64, Path, description = "Its number"), SinceQuery),
    responses((status = 200, body = ProvedCheckpoint), (status = "4XX", body = ProblemBody)))]
pub async fn get_checkpoint(
    State(app): State<App>,
    Path(number): Path<i64>,
    Query(query): Query<SinceQuery>,
) -> Result<Json<ProvedCheckpoint>, Problem> {
    let mut db = app.store.read().await?;
    let row = checkpoints::find(&mut db, Some(number)).await?;
    let since = match query.since {
        None => None,
        Some(since) if since > number => {
            return Err(Problem::value(
                "since",
                "is the number of a later checkpoint",
            ));
        }
        Some(since) => Some(checkpoints::find(&mut db, Some(since)).await?),
    };
    let extends = match &since {
        None => None,
        Some(since) => {
            let (earlier, later) = (since.payload.leaves, row.payload.leaves);
            let proof = checkpoints::extends(&mut db, earlier, later).await?;
            Some(proof.iter().map(ToString::to_string).collect())
        }
    };
    Ok(Json(ProvedCheckpoint {
        checkpoint: row.into(),
        since: since.map(Into::into),
        extends,
    }))
}
