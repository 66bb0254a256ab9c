//! `POST /v1/product-rules`.

use sync_core::model::OrganisationId;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, product_rules};
use crate::store::reference::product_rules::ProductRule;

/// What it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProductRule {
    /// Who makes it; yours, or one in your regions.
    #[schema(value_type = String)]
    authority_id: OrganisationId,
    /// Product kind in words.
    product_name: String,
    /// Codes with their years.
    standards: Vec<String>,
    /// Of all quantities here.
    unit: String,
    /// 抽样基数, thousandths of the unit.
    min_base_milli: i64,
    /// 检验样品量, thousandths of the unit.
    test_qty_milli: i64,
    /// 备用样品量, thousandths of the unit.
    spare_qty_milli: i64,
    /// How to draw.
    method: Option<String>,
    /// What to test.
    #[serde(default)]
    items: Vec<String>,
}

/// Make a version of a product rule
#[utoipa::path(post, path = "/v1/product-rules", tag = "product-rules", request_body = NewProductRule, security(("access_token" = [])),
    responses((status = 201, body = ProductRule), (status = 200, body = ProductRule, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn create_product_rule(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewProductRule>,
) -> Result<(StatusCode, Json<ProductRule>), Problem> {
    let new = product_rules::NewProductRule {
        authority: body.authority_id,
        product_name: body.product_name,
        standards: body.standards,
        unit: body.unit,
        min_base_milli: body.min_base_milli,
        test_qty_milli: body.test_qty_milli,
        spare_qty_milli: body.spare_qty_milli,
        method: body.method,
        items: body.items,
    };
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = product_rules::put(&mut work, new).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
