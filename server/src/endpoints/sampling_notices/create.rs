//! `POST /v1/sampling-notices`.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_core::model::{CampaignId, EnterpriseId, OrganisationId, TaskId, UserId};
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, rule, sampling_notices};
use crate::store::reference::sampling_notices::NoticeRow;

/// A notice as it is issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSamplingNotice {
    /// 编号, as it stands on the paper; one number of an authority is one notice.
    notice_no: String,
    /// A campaign of your authority, or of one in your regions.
    #[schema(value_type = String)]
    campaign_id: CampaignId,
    /// 承检机构
    #[schema(value_type = String)]
    body_id: OrganisationId,
    /// 受检单位
    #[schema(value_type = String)]
    enterprise_id: EnterpriseId,
    /// 抽查产品: tasks of the campaign.
    #[schema(value_type = Vec<String>)]
    tasks: BTreeSet<TaskId>,
    /// 抽样人员 of the body; none where it names nobody.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    samplers: BTreeSet<UserId>,
    /// First day, ISO, Asia/Shanghai.
    valid_from: String,
    /// Last day, ISO, Asia/Shanghai.
    valid_until: String,
}

/// Issue a notice of sampling (监督抽查通知书): the body's phones hold it, and NOTICE judges by it what is shown at the gate
#[utoipa::path(post, path = "/v1/sampling-notices", tag = "sampling-notices", request_body = NewSamplingNotice,
    security(("access_token" = [])),
    responses((status = 201, body = NoticeRow), (status = 200, body = NoticeRow, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn create_sampling_notice(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewSamplingNotice>,
) -> Result<(StatusCode, Json<NoticeRow>), Problem> {
    let new = sampling_notices::NewNotice {
        notice_no: body.notice_no,
        campaign: body.campaign_id,
        body: body.body_id,
        enterprise: body.enterprise_id,
        tasks: body.tasks,
        samplers: body.samplers,
        valid_from: body.valid_from,
        valid_until: body.valid_until,
    };
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = sampling_notices::issue(&mut work, new).await?;
    work.commit().await?;
    rule(&app).await;
    Ok((put_status(change), Json(row)))
}
