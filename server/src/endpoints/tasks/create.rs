//! `POST /v1/tasks`.

use sync_core::model::{CampaignId, EnterpriseId};

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::Principal;
use crate::app::App;
use crate::endpoints::put_status;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::reference::{Work, tasks};
use crate::store::reference::tasks::Task;

/// What it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// Its campaign; the authority is the campaign's.
    #[schema(value_type = String)]
    campaign_id: CampaignId,
    /// Its number within the campaign.
    code: String,
    /// Product kind in words.
    product_name: String,
    /// routine, special, emergency, tracking, linked, evaluative, recheck
    sampling_kind: String,
    /// The plan that it stands in.
    plan_no: Option<String>,
    /// Batches to sample.
    quota_batches: i64,
    /// GB/T 2260 codes.
    #[serde(default)]
    regions: Vec<String>,
    /// Target enterprises.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    enterprises: Vec<EnterpriseId>,
    /// ISO date.
    due_on: Option<String>,
}

/// Draft a task
#[utoipa::path(post, path = "/v1/tasks", tag = "tasks", request_body = NewTask, security(("access_token" = [])),
    responses((status = 201, body = Task), (status = 200, body = Task, description = "It was there before"),
        (status = "4XX", body = ProblemBody)))]
pub async fn create_task(
    State(app): State<App>,
    caller: Principal,
    Json(body): Json<NewTask>,
) -> Result<(StatusCode, Json<Task>), Problem> {
    let new = tasks::NewTask {
        campaign: body.campaign_id,
        code: body.code,
        product_name: body.product_name,
        sampling_kind: body.sampling_kind,
        plan_no: body.plan_no,
        quota_batches: body.quota_batches,
        regions: body.regions,
        enterprises: body.enterprises,
        due_on: body.due_on,
    };
    let mut work = Work::begin(&app, &caller).await?;
    let (row, change) = tasks::put(&mut work, new).await?;
    work.commit().await?;
    Ok((put_status(change), Json(row)))
}
