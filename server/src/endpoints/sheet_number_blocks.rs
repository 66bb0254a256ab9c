//! `POST /v1/sheet-number-blocks`: numbers of sheets (编号) that one phone may use while it is offline.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Principal;
use crate::app::App;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::sheet_numbers;

/// Which request it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSheetNumberBlock {
    /// Drawn by the phone: the same request gets the same block, however often it is sent.
    #[schema(value_type = String)]
    request_id: Uuid,
}

/// The first and the last number; all between them are the phone's.
#[derive(Debug, Serialize, ToSchema)]
pub struct SheetNumberBlock {
    /// As it is printed on the sheet.
    first: String,
    /// As it is printed on the sheet.
    last: String,
}

/// Take a block of sheet numbers for this phone
#[utoipa::path(post, path = "/v1/sheet-number-blocks", tag = "devices",
    request_body = NewSheetNumberBlock, security(("access_token" = [])),
    responses((status = 201, body = SheetNumberBlock), (status = "4XX", body = ProblemBody)))]
pub async fn create_sheet_number_block(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewSheetNumberBlock>,
) -> Result<(StatusCode, Json<SheetNumberBlock>), Problem> {
    let (first, last) = sheet_numbers::take_block(&app, &caller, body.request_id).await?;
    Ok((StatusCode::CREATED, Json(SheetNumberBlock { first, last })))
}
