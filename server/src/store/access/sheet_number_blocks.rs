//! Blocks of sheet numbers (编号), each given to one phone for one request.

use sync_core::model::{DeviceId, Millis};
use uuid::Uuid;

use crate::args;
use crate::store::{Result, Row, Tx, statements};

statements! {
    /// The block of a request.
    FIND = "SELECT first_no, last_no, series FROM sheet_number_blocks WHERE device_id = $1 AND request_id = $2";
    /// The block behind the last one, unless somebody takes it at this moment.
    INSERT_NEXT = "INSERT INTO sheet_number_blocks (first_no, last_no, device_id, request_id, created_at, series) \
        SELECT CAST(COALESCE(MAX(last_no), 0) + 1 AS BIGINT), CAST(COALESCE(MAX(last_no), 0) + $1 AS BIGINT), $2, $3, $4, $5 \
        FROM sheet_number_blocks WHERE 1 = 1 ON CONFLICT DO NOTHING RETURNING first_no, last_no, series";
}

/// A block of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Of the epoch that gave it; the first one's has no name.
    pub series: String,
    /// The first number.
    pub first: i64,
    /// The last one.
    pub last: i64,
}

/// Whose next block it is to be.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// How many numbers.
    pub size: i64,
    /// By which phone.
    pub device: DeviceId,
    /// Its request.
    pub request: Uuid,
    /// Of the epoch that stands.
    pub series: &'a str,
}

fn block(row: Option<Row>) -> Result<Option<Block>> {
    row.map(|row| {
        Ok(Block {
            series: row.get("series")?,
            first: row.get("first_no")?,
            last: row.get("last_no")?,
        })
    })
    .transpose()
}

/// The block that a request got before.
pub async fn find(tx: &mut Tx, device: DeviceId, request: Uuid) -> Result<Option<Block>> {
    block(
        tx.optional(&FIND, args![device, request.to_string()])
            .await?,
    )
}

/// Takes the next block; none where another transaction took it first.
pub async fn insert_next(tx: &mut Tx, asked: Asked<'_>, now: Millis) -> Result<Option<Block>> {
    let args = args![
        asked.size,
        asked.device,
        asked.request.to_string(),
        now,
        asked.series
    ];
    block(tx.optional(&INSERT_NEXT, args).await?)
}
