//! `/v1/figures` (统计): how many of what there are.

pub mod export;
pub mod list;

use serde::Deserialize;
use sync_core::model::Region;
use utoipa::{IntoParams, ToSchema};

use super::days::{from, until};
use crate::problem::Problem;
use crate::services::figures::{Filter, Grouping};

/// What figures are told by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// 承检机构
    #[default]
    Body,
    /// 产品
    Product,
    /// 行政区划
    Region,
    /// 月份
    Month,
}

impl By {
    /// By its word; the inspection body where none is said, and nothing where there is none of that name.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "" | "body" => Some(Self::Body),
            "product" => Some(Self::Product),
            "region" => Some(Self::Region),
            "month" => Some(Self::Month),
            _ => None,
        }
    }
}

/// Of which visits, and by what.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FiguresQuery {
    /// By what; the inspection body if it is not said
    #[serde(default)]
    #[param(inline)]
    pub by: By,
    /// First civil day in Asia/Shanghai, ISO 8601
    pub from: Option<String>,
    /// Last civil day in Asia/Shanghai, ISO 8601
    pub to: Option<String>,
    /// Campaign
    pub campaign: Option<String>,
    /// Inspection body
    pub body: Option<String>,
    /// GB/T 2260: a county, or a city or province with all that lies in it
    pub region: Option<String>,
}

impl FiguresQuery {
    /// What is asked; empty texts ask nothing.
    pub fn asked(&self) -> Result<(Grouping, Filter), Problem> {
        let given = |text: &Option<String>| {
            let text = text.as_deref().map(str::trim);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let region = given(&self.region).map(|code| code.parse::<Region>());
        let region = region
            .transpose()
            .map_err(|_| Problem::value("region", "is no region of GB/T 2260"))?;
        let grouping = match self.by {
            By::Body => Grouping::Body,
            By::Product => Grouping::Product,
            By::Region => Grouping::Region,
            By::Month => Grouping::Month,
        };
        let filter = Filter {
            from: from(given(&self.from).as_deref())?,
            until: until(given(&self.to).as_deref())?,
            campaign: given(&self.campaign),
            body: given(&self.body),
            region: region.map(|region| region.prefix().to_owned()),
        };
        Ok((grouping, filter))
    }
}
