//! `/v1/not-sampled`: the list of enterprises that were not sampled (未抽到企业名单).

pub mod export;
pub mod list;

use serde::Deserialize;
use sync_core::model::Millis;
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
    campaign: Option<String>,
    /// Of this task: of its campaign, its body and its team
    task: Option<String>,
    /// First civil day in Asia/Shanghai, ISO 8601
    from: Option<String>,
    /// Last civil day in Asia/Shanghai, ISO 8601
    to: Option<String>,
}

impl NotSampledQuery {
    fn filter(self) -> Result<Filter, Problem> {
        Ok(Filter {
            campaign: self.campaign,
            task: self.task,
            from: from(self.from.as_deref())?.unwrap_or(Millis::MIN),
            until: until(self.to.as_deref())?.unwrap_or(Millis::MAX),
        })
    }
}
