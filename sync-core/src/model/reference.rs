//! Reference data as it travels to phones. The server is its only author.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::identity::VisitIdentity;
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
}

/// One key of an enterprise stands for another (更正、合并): a wrong code corrected, two records merged, one that a phone
/// made offline recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnterpriseAlias {
    /// The key that is no longer used.
    pub from_key: EnterpriseKey,
    /// The key that stands for it.
    pub to_key: EnterpriseKey,
}

impl EnterpriseAlias {
    /// The key that stands for this one after all aliases; in a circle, which the server makes none of, the key itself.
    pub fn resolve(aliases: &[Self], key: &EnterpriseKey) -> EnterpriseKey {
        let mut standing = key;
        for _ in 0..=aliases.len() {
            match aliases.iter().find(|alias| alias.from_key == *standing) {
                Some(alias) => standing = &alias.to_key,
                None => return standing.clone(),
            }
        }
        key.clone()
    }

    /// The visit in which work begun as `wanted` goes on: one that this phone holds for the same campaign, body and team at
    /// the same enterprise under whichever key, else a new one under the key that stands.
    pub fn visit_of(
        aliases: &[Self],
        held: impl IntoIterator<Item = VisitIdentity>,
        wanted: VisitIdentity,
    ) -> VisitIdentity {
        let enterprise = Self::resolve(aliases, &wanted.enterprise);
        let same = |it: &VisitIdentity| {
            (it.campaign, it.body, &it.team) == (wanted.campaign, wanted.body, &wanted.team)
                && Self::resolve(aliases, &it.enterprise) == enterprise
        };
        let held = held.into_iter().filter(same);
        // The key that stands goes before those that it replaced; among these the order is the same on every phone.
        held.min_by_key(|it| (it.enterprise != enterprise, it.enterprise.clone()))
            .unwrap_or(VisitIdentity {
                enterprise,
                ..wanted.clone()
            })
    }
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
    /// Bodies that had it before, and until when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_bodies: Vec<(OrganisationId, Millis)>,
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

/// 回避, declared when a task was assigned; it holds for all work of the body at the enterprise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignedRecusal {
    /// Key of the enterprise when it was declared.
    pub enterprise_key: EnterpriseKey,
    /// As rules take it.
    #[serde(flatten)]
    pub fact: crate::rules::RecusalFact,
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
