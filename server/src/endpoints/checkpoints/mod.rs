//! `/v1/checkpoints`: signed roots over the heads of all chains of the log (存证日志). They tell of no record, so that anybody
//! may keep them and watch that each extends the one before.

pub mod create;
pub mod get;
pub mod list;

use serde::Serialize;
use sync_core::proof::Signed;
use sync_core::proof::log::CheckpointPayload;
use utoipa::ToSchema;

use crate::clock::rfc3339;
use crate::store::log::CheckpointRow;

/// A checkpoint.
#[derive(Serialize, ToSchema)]
pub struct Checkpoint {
    /// 1, 2, ….
    pub number: i64,
    /// Leaves of the tree.
    pub leaves: u64,
    /// Its root, SHA-256 in hex.
    pub root: String,
    /// When it was made.
    pub made_at: String,
    /// `none`, `waiting` or `stamped`: the time stamp (可信时间戳) of an authority.
    pub time_stamp: String,
    /// Exactly as signed: Ed25519 over `fieldseal/checkpoint/1`, a newline and the payload.
    #[schema(value_type = Object)]
    pub checkpoint: Signed<CheckpointPayload>,
}

impl From<CheckpointRow> for Checkpoint {
    fn from(row: CheckpointRow) -> Self {
        Self {
            number: row.payload.number,
            leaves: row.payload.leaves,
            root: row.payload.root.to_string(),
            made_at: rfc3339(row.payload.made_at_ms),
            time_stamp: row.stamp_state,
            checkpoint: row.signed,
        }
    }
}
