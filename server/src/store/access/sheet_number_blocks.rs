//! Blocks of sheet numbers (编号), each given to one phone for one request.

use sync_core::model::{DeviceId, Millis};
use uuid::Uuid;

use crate::args;
use crate::store::{Result, Row, Tx, statements};

statements! {
    /// The block of a request.
    FIND = "SELECT first_no, last_no FROM sheet_number_blocks WHERE device_id = $1 AND request_id = $2";
    /// The block behind the last one, unless somebody takes it at this moment.
    INSERT_NEXT = "INSERT INTO sheet_number_blocks (first_no, last_no, device_id, request_id, created_at) \
        SELECT CAST(COALESCE(MAX(last_no), 0) + 1 AS BIGINT), CAST(COALESCE(MAX(last_no), 0) + $1 AS BIGINT), $2, $3, $4 \
        FROM sheet_number_blocks WHERE 1 = 1 ON CONFLICT DO NOTHING RETURNING first_no, last_no";
}

fn block(row: Option<Row>) -> Result<Option<(i64, i64)>> {
    row.map(|row| Ok((row.get("first_no")?, row.get("last_no")?)))
        .transpose()
}

/// The block that a request got before.
pub async fn find(tx: &mut Tx, device: DeviceId, request: Uuid) -> Result<Option<(i64, i64)>> {
    block(
        tx.optional(&FIND, args![device, request.to_string()])
            .await?,
    )
}

/// Takes the next block; none where another transaction took it first.
pub async fn insert_next(
    tx: &mut Tx,
    size: i64,
    device: DeviceId,
    request: Uuid,
    now: Millis,
) -> Result<Option<(i64, i64)>> {
    block(
        tx.optional(&INSERT_NEXT, args![size, device, request.to_string(), now])
            .await?,
    )
}
