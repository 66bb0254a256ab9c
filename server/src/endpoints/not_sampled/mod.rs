//! `/v1/not-sampled`: the list of enterprises that were not sampled (未抽到企业名单).

pub mod export;
pub mod list;

use serde::Deserialize;
use sync_core::model::{CampaignId, Millis, TaskId};
use utoipa::IntoParams;

use super::days::{from, until};
use crate::problem::Problem;
use crate::services::not_sampled::Filter;

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotSampledQuery {
    /// Of this campaign
    #[param(value_type = Option<String>)]
    campaign: Option<CampaignId>,
    /// Of this task: of its campaign, its body and its team
    #[param(value_type = Option<String>)]
    task: Option<TaskId>,
    /// First civil day in Asia/Shanghai, ISO 8601
    from: Option<String>,
    /// Last civil day in Asia/Shanghai, ISO 8601
    to: Option<String>,
}

impl NotSampledQuery {
    fn filter(self) -> Result<Filter, Problem> {
        Ok(Filter {
            campaign: self.campaign.map(|id| id.to_string()),
            task: self.task.map(|id| id.to_string()),
            from: from(self.from.as_deref())?.unwrap_or(Millis::MIN),
            until: until(self.to.as_deref())?.unwrap_or(Millis::MAX),
        })
    }
}
