//! `POST /v1/prior-samplings`.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_core::model::OrganisationId;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, prior_samplings};
use crate::store::reference::prior_samplings::PriorSampling;

/// What is known of it. What is not known stays missing, and a sampling that lacks what tells products apart needs a
/// ruling.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPriorSampling {
    /// e-CQS, a spreadsheet, …
    source: String,
    /// confirmed, reported, uncertain
    confidence: String,
    /// 组织抽查部门.
    #[schema(value_type = Option<String>)]
    authority_id: Option<OrganisationId>,
    /// 编号.
    sheet_no: Option<String>,
    /// Civil day, such as 2025-03-01.
    sampled_on: String,
    /// routine, special, …
    sampling_kind: String,
    /// production, circulation, online
    #[serde(default = "production")]
    channel: String,
    /// 受检单位's 统一社会信用代码.
    enterprise_uscc: Option<String>,
    /// GB/T 2260, inside your regions.
    region: Option<String>,
    /// 产品名称.
    product_name: Option<String>,
    /// 标称生产者's 统一社会信用代码.
    producer_uscc: Option<String>,
    /// 标称生产者.
    producer_name: Option<String>,
    /// Codes with their years.
    #[serde(default)]
    standards: Vec<String>,
    /// 商标.
    trademark: Option<String>,
    /// 规格型号.
    spec_model: Option<String>,
    /// 批号.
    lot_no: Option<String>,
}

fn production() -> String {
    "production".to_owned()
}

/// Record a sampling made elsewhere; it rules like our own
#[utoipa::path(post, path = "/v1/prior-samplings", tag = "prior-samplings", request_body = NewPriorSampling,
    security(("access_token" = [])),
    responses((status = 201, body = PriorSampling), (status = 200, body = PriorSampling, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn create_prior_sampling(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewPriorSampling>,
) -> Result<(StatusCode, Json<PriorSampling>), Problem> {
    let new = prior_samplings::NewPriorSampling {
        source: body.source,
        confidence: body.confidence,
        authority: body.authority_id,
        sheet_no: body.sheet_no,
        sampled_on: body.sampled_on,
        sampling_kind: body.sampling_kind,
        channel: body.channel,
        enterprise_uscc: body.enterprise_uscc,
        region: body.region,
        product_name: body.product_name,
        producer_uscc: body.producer_uscc,
        producer_name: body.producer_name,
        standards: body.standards,
        trademark: body.trademark,
        spec_model: body.spec_model,
        lot_no: body.lot_no,
    };
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = prior_samplings::put(&mut work, new).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
