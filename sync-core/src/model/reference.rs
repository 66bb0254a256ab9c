//! Reference data as it travels to phones. The server is its only author.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::{
    CampaignId, EnterpriseKey, OrganisationId, PriorSamplingId, ProductRuleId, TaskId, TeamId,
    UserId,
};
use super::quantity::Milli;
use super::region::Region;
use super::sheet::SamplingKind;
use super::time::Millis;

/// 实施细则
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductRule {
    /// Its id.
    pub rule_id: ProductRuleId,
    /// 产品
    pub product_name: String,
    /// Whose rule.
    pub authority_id: OrganisationId,
    /// As printed.
    pub version: String,
    /// 依据标准
    pub standards: Vec<String>,
    /// 计量单位
    pub unit: String,
    /// 最小抽样基数
    pub min_base_milli: Milli,
    /// 检验样品数量
    pub test_qty_milli: Milli,
    /// 备用样品数量
    pub spare_qty_milli: Milli,
    /// 抽样方法
    pub method: String,
    /// 检验项目
    pub items: Vec<String>,
}

/// 企业名录 entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enterprise {
    /// How identities name it.
    pub key: EnterpriseKey,
    /// 名称
    pub name: String,
    /// 地址
    pub address: String,
    /// 行政区划
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// What it is an alias of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_of: Option<EnterpriseKey>,
}

/// 抽查任务
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub task_id: TaskId,
    /// 批次
    pub campaign_id: CampaignId,
    /// 组织抽查部门
    pub authority_id: OrganisationId,
    /// 承检机构
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_id: Option<OrganisationId>,
    /// 抽样类别
    pub sampling_kind: SamplingKind,
    /// 产品
    pub product_name: String,
    /// In an approved plan, or approved.
    pub approved: bool,
    /// When it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at_ms: Option<Millis>,
    /// 实施细则
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_rule_id: Option<ProductRuleId>,
    /// Last day, ISO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<String>,
}

/// The product tasks of one commission (一次任务).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its id.
    pub campaign_id: CampaignId,
    /// As `JC-2025-01`.
    pub code: String,
    /// In words.
    pub name: String,
    /// 组织抽查部门
    pub authority_id: OrganisationId,
}

/// 抽样组
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its id.
    pub team_id: TeamId,
    /// Where it works.
    pub campaign_id: CampaignId,
    /// 承检机构
    pub body_id: OrganisationId,
    /// Who belongs to it.
    pub members: BTreeSet<UserId>,
}

/// A sampling made elsewhere or before, without names or results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorSampling {
    /// Its id.
    pub prior_id: PriorSamplingId,
    /// `e-CQS`, `spreadsheet`, …
    pub origin: String,
    /// Per cent: how far the import is believed.
    pub confidence: u8,
    /// 组织抽查部门
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority_id: Option<OrganisationId>,
    /// 受检单位
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enterprise: Option<EnterpriseKey>,
    /// 同一产品
    pub product: crate::rules::ProductFact,
    /// ISO date.
    pub sampled_on: String,
    /// 抽样类别
    pub sampling_kind: SamplingKind,
}
