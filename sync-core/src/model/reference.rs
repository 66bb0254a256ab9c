//! Reference data as it travels to phones. The server is its only author.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::fault::{Fault, text_faults};
use super::identity::VisitIdentity;
use super::ids::{
    CampaignId, DocumentId, EnterpriseKey, OrganisationId, PriorSamplingId, ProductRuleId,
    RefusalId, TaskId, TeamId, UserId,
};
use super::product::normalise_text;
use super::quantity::Milli;
use super::records::ConfirmedSubject;
use super::region::Region;
use super::sheet::SamplingKind;
use super::states::CaseState;
use super::time::{Interval, Millis, add_days, shanghai_midnight};
use crate::rules::NoticeFact;

/// The kind of [`CaseProgress`] among reference data.
pub const CASE_PROGRESS: &str = "case";

/// 案件进展: what became of a case (案件线索), as the server last knew it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseProgress {
    /// The visit.
    pub document_id: DocumentId,
    /// The refusal or the report.
    pub subject: ConfirmedSubject,
    /// Where it is.
    #[serde(flatten)]
    pub state: CaseState,
    /// Of what people did with it: 0 where nobody did anything yet.
    pub version: i64,
    /// When it came to that state.
    pub at_ms: Millis,
    /// Who has taken it (领办).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<CaseHolder>,
    /// 接收: of a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<CaseReceived>,
    /// 移交: of a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over: Option<CaseHandedOver>,
    /// 处置: of a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposed: Option<CaseDisposed>,
}

/// Who has taken a case (领办).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseHolder {
    /// Their id.
    pub user_id: UserId,
    /// As people write it.
    pub name: String,
    /// Since when.
    pub since_ms: Millis,
}

/// 接收: the authority has the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseReceived {
    /// 回执编号
    pub receipt_no: String,
    /// When.
    pub at_ms: Millis,
}

/// 移交: the report went to the case office (案件机构).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseHandedOver {
    /// 移交单位
    pub office: String,
    /// 移交回执编号
    pub receipt_no: String,
    /// When.
    pub at_ms: Millis,
}

/// 处置: what became of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseDisposed {
    /// 处置结果
    pub result: String,
    /// 文书编号 of what was decided, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_no: Option<String>,
    /// When.
    pub at_ms: Millis,
}

impl CaseProgress {
    /// Names it: there is one for each case of a visit.
    pub fn record_id(&self) -> String {
        let subject = match self.subject {
            ConfirmedSubject::Refusal(id) => id.0,
            ConfirmedSubject::OnSiteReport(id) => id.0,
        };
        format!("{}/{subject}", self.document_id)
    }
}

/// The kind of [`TrackedEnterprise`] among reference data.
pub const TRACKED_ENTERPRISE: &str = "tracked_enterprise";

/// 跟踪抽查名单: an enterprise that a confirmed refusal put on it, as enforcement of the region is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackedEnterprise {
    /// 受检单位, by its key after aliases.
    pub enterprise: EnterpriseKey,
    /// The visit.
    pub document_id: DocumentId,
    /// The refusal from which it follows.
    pub refusal_id: RefusalId,
    /// Since when.
    pub since_ms: Millis,
}

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
    /// Since when it binds; an older server did not say.
    #[serde(default)]
    pub created_at_ms: Millis,
}

impl ProductRule {
    /// Of the versions for one product, the one in force at an instant: the newest that was there by then. What was drawn
    /// before the first was written down is held to the first.
    pub fn in_force(versions: &[Self], at: Millis) -> Option<&Self> {
        version_in_force(versions, at, |rule| {
            let version = rule.version.parse().unwrap_or(0);
            (rule.created_at_ms, version)
        })
    }
}

/// Of versions, the one in force at an instant, as [`ProductRule::in_force`] has it; `since` tells when one came into force, and
/// its number.
pub fn version_in_force<T>(
    versions: &[T],
    at: Millis,
    since: impl Fn(&T) -> (Millis, i64),
) -> Option<&T> {
    let there = versions.iter().filter(|it| since(it).0 <= at);
    let first = || versions.iter().min_by_key(|it| since(it));
    there.max_by_key(|it| since(it)).or_else(first)
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

/// 监督抽查通知书, as its authority issued it: shown at the gate, and not before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplingNotice {
    /// 编号
    pub notice_no: String,
    /// 组织抽查部门
    pub authority_id: OrganisationId,
    /// 受检单位
    pub enterprise: EnterpriseKey,
    /// 抽查产品: the tasks for which it holds.
    #[serde(default)]
    pub tasks: BTreeSet<TaskId>,
    /// 抽样人员; none where it names nobody.
    #[serde(default)]
    pub samplers: BTreeSet<UserId>,
    /// First day, ISO, Asia/Shanghai.
    pub valid_from: String,
    /// Last day, ISO, Asia/Shanghai.
    pub valid_until: String,
}

impl SamplingNotice {
    /// A number as it is compared: people type brackets and blanks as their keyboard has them.
    pub fn number_key(number: &str) -> String {
        let brackets = |c| match c {
            '〔' | '【' | '［' | '[' => '(',
            '〕' | '】' | '］' | ']' => ')',
            other => other,
        };
        let plain: String = number.chars().map(brackets).collect();
        let plain = normalise_text(&plain);
        plain.chars().filter(|c| !c.is_whitespace()).collect()
    }

    /// Everything wrong with it, sorted.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.notice_no.trim().is_empty() {
            faults.push(Fault::new("notice_no", "required"));
        }
        if self.tasks.is_empty() {
            faults.push(Fault::new("tasks", "required"));
        }
        let days = [
            ("valid_from", &self.valid_from),
            ("valid_until", &self.valid_until),
        ];
        for (path, day) in days {
            if day.parse::<Date>().is_err() {
                faults.push(Fault::new(path, "format"));
            }
        }
        let (from, until) = (
            self.valid_from.parse::<Date>(),
            self.valid_until.parse::<Date>(),
        );
        if matches!((from, until), (Ok(from), Ok(until)) if until < from) {
            faults.push(Fault::new("valid_until", "before_its_beginning"));
        }
        text_faults(
            "",
            &serde_json::to_value(self).unwrap_or_default(),
            &mut faults,
        );
        faults.sort();
        faults.dedup();
        faults
    }

    /// For the rules, with the enterprise after aliases; none where its days are no days.
    pub fn fact(&self, alias: impl FnOnce(&EnterpriseKey) -> EnterpriseKey) -> Option<NoticeFact> {
        let (from, until) = (
            self.valid_from.parse().ok()?,
            self.valid_until.parse().ok()?,
        );
        Some(NoticeFact {
            enterprise: alias(&self.enterprise),
            samplers: self.samplers.clone(),
            valid: Interval::new(
                shanghai_midnight(from),
                shanghai_midnight(add_days(until, 1)) - 1,
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::time::shanghai_minute;
    use super::*;

    fn notice() -> SamplingNotice {
        SamplingNotice {
            notice_no: "通知书1号".into(),
            authority_id: OrganisationId(Uuid::from_u128(1)),
            enterprise: EnterpriseKey("uscc:911405250000B1E536".into()),
            tasks: BTreeSet::from([TaskId(Uuid::from_u128(2))]),
            samplers: BTreeSet::from([UserId(Uuid::from_u128(3))]),
            valid_from: "2025-03-01".into(),
            valid_until: "2025-03-31".into(),
        }
    }

    #[test]
    fn every_check_of_a_notice_has_its_code() {
        let check = |change: fn(&mut SamplingNotice), expected: &[&str]| {
            let mut notice = notice();
            change(&mut notice);
            let faults = notice.faults();
            let keys: Vec<String> = faults.iter().map(|it| it.key("notice")).collect();
            assert_eq!(keys, expected);
        };
        check(|_| (), &[]);
        check(|it| it.samplers.clear(), &[]);
        check(|it| it.valid_until = "2025-03-01".into(), &[]);
        check(
            |it| it.notice_no = " ".into(),
            &["notice.notice_no.required"],
        );
        check(|it| it.tasks.clear(), &["notice.tasks.required"]);
        check(
            |it| it.valid_from = "2025-02-30".into(),
            &["notice.valid_from.format"],
        );
        check(
            |it| it.valid_until = "2025-02-28".into(),
            &["notice.valid_until.before_its_beginning"],
        );
        check(
            |it| it.notice_no = "a\0b".into(),
            &["notice.notice_no.control_character"],
        );
    }

    #[test]
    fn a_number_is_the_same_however_its_brackets_and_blanks_are_typed() {
        let key = SamplingNotice::number_key;
        assert_eq!(key(" 晋市监抽〔2025〕12号"), key("晋市监抽[2025] 12 号"));
        assert_eq!(key("晋市监抽（2025）12号"), key("晋市监抽(2025)12号"));
        assert_ne!(key("晋市监抽〔2025〕12号"), key("晋市监抽〔2025〕13号"));
    }

    #[test]
    fn a_notice_holds_from_the_first_instant_of_its_first_day_to_the_last_of_its_last() {
        let fact = notice().fact(Clone::clone).unwrap();
        assert_eq!(shanghai_minute(fact.valid.lo), "2025-03-01 00:00");
        assert_eq!(shanghai_minute(fact.valid.lo - 1), "2025-02-28 23:59");
        assert_eq!(shanghai_minute(fact.valid.hi), "2025-03-31 23:59");
        assert_eq!(shanghai_minute(fact.valid.hi + 1), "2025-04-01 00:00");
        let mut odd = notice();
        odd.valid_from = "soon".into();
        assert_eq!(odd.fact(Clone::clone), None);
        let merged = EnterpriseKey("server:x".into());
        let fact = notice().fact(|_| merged.clone()).unwrap();
        assert_eq!(fact.enterprise, merged);
    }
}
