//! What else is written down in a visit: arrivals, suspensions, evidence, refusals and the rest, as the document keeps
//! them. They are read by projection; the author is never among their fields, because it is the change's.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use jiff::civil::Date;

use super::fault::{Fault, text_faults};
use super::ids::{
    AmendmentId, AnswerId, ArrivalId, ConfirmationId, DeviceId, Digest, EnterpriseRecordId,
    EvidenceId, JointEntryId, NotSampledId, OnSiteReportId, OpinionId, OrganisationId,
    PriorClaimId, ReEntryGrantId, RecusalId, RefusalId, SampleId, SealId, SuspensionId, TaskId,
    TeamId, UserId,
};
use super::place::{CoordinateSystem, Location, on_earth};
use super::review::EvidenceAnswer;
use super::sheet::Party;
use super::time::{Millis, TimeClaim, shanghai_date};
use crate::limits::{EVIDENCE_BYTES_MAX, PAPER_NUMBER_CHARS_MAX};
use crate::rules::ConfirmationOutcome;

/// 进门: one phone's record of walking in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Its id.
    pub arrival_id: ArrivalId,
    /// When.
    pub entered_at: TimeClaim,
    /// Samplers present (抽样人员).
    #[serde(default)]
    pub samplers: BTreeSet<UserId>,
    /// 属地监管人员协助抽样
    #[serde(default)]
    pub assisting: BTreeSet<UserId>,
    /// 监督抽查通知书编号
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_no: Option<String>,
    /// 出示证件
    #[serde(default)]
    pub id_shown: bool,
    /// Declared resumption after this suspension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<SuspensionId>,
    /// A signed permission to enter again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub re_entry_grant: Option<ReEntryGrantId>,
    /// Handover from another team of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover_from: Option<TeamId>,
    /// Sampling goes on after a refusal was resolved.
    #[serde(default)]
    pub after_resolved_refusal: bool,
    /// 联合: entered together with another team or body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joint_entry_id: Option<JointEntryId>,
    /// Which plant, where one USCC has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Where the phone was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// 中断: a recorded interruption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Its id.
    pub suspension_id: SuspensionId,
    /// When.
    pub suspended_at: TimeClaim,
    /// Why.
    pub reason: String,
}

impl Location {
    pub(super) fn faults(&self, path: &str, faults: &mut Vec<Fault>) {
        let mut wrong = |name: &str, code: &str| {
            faults.push(Fault::new(format!("{path}.{name}"), code));
        };
        if !on_earth(self.latitude_e7, 0) {
            wrong("latitude_e7", "out_of_range");
        }
        if !on_earth(0, self.longitude_e7) {
            wrong("longitude_e7", "out_of_range");
        }
        if self.accuracy_mm <= 0 {
            wrong("accuracy_mm", "positive");
        }
        if CoordinateSystem::of(&self.crs_source).is_none() {
            wrong("crs_source", "unknown");
        }
    }
}

impl Arrival {
    /// What is wrong with the record of walking in: where the phone was, and texts that nobody types.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(location) = &self.location {
            location.faults("location", &mut faults);
        }
        told(self, faults)
    }
}

/// What a piece of evidence shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum EvidenceSubject {
    /// The visit.
    Visit,
    /// A sheet.
    Sheet(SampleId),
    /// A refusal.
    Refusal(RefusalId),
    /// 未抽到样品
    NotSampled(NotSampledId),
    /// 现场报告
    OnSiteReport(OnSiteReportId),
    /// 现场确认, in a document of its own.
    Confirmation(ConfirmationId),
}

impl EvidenceSubject {
    /// What a seal over it would name; none of the visit as a whole.
    pub fn sealed_as(&self) -> Option<SealSubject> {
        match self {
            Self::Visit => None,
            Self::Sheet(id) => Some(SealSubject::Sheet(*id)),
            Self::Refusal(id) => Some(SealSubject::Refusal(*id)),
            Self::NotSampled(id) => Some(SealSubject::NotSampled(*id)),
            Self::OnSiteReport(id) => Some(SealSubject::OnSiteReport(*id)),
            Self::Confirmation(id) => Some(SealSubject::Confirmation(*id)),
        }
    }
}

/// 影像种类: what a piece of evidence shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// 场所
    Place,
    /// 标签
    Label,
    /// 库存
    Stock,
    /// 封样
    Sealing,
    /// 拒检
    Refusal,
    /// 签字
    Signature,
    /// 纸质文书
    PaperForm,
    /// 其他
    Other,
}

/// 影像清单 entry: the bytes travel beside the document and count only when they hash to this (I7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceEntry {
    /// Its id.
    pub evidence_id: EvidenceId,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// Their number.
    pub size_bytes: i64,
    /// As `image/jpeg`.
    pub media_type: String,
    /// An [`EvidenceKind`] by its word; an authority's rulebook may ask for kinds of its own.
    pub kind: String,
    /// What it belongs to.
    pub subject: EvidenceSubject,
    /// When it was captured.
    pub captured_at: TimeClaim,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// On which phone, as it says of itself; whose it is, the certificate of the change's author tells (I5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// 纸质文书: which paper it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<PaperForm>,
    /// 补正: what was answered to reviews of it, each by its own id, so that two phones that answer both keep theirs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<AnswerId, EvidenceAnswer>,
}

/// 纸质文书: what stands on a paper form that was photographed, so that paper and record are one case. The photograph's own
/// hash is the entry's, and the entry is in a signed change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperForm {
    /// 编号, as it stands on the paper: the record's.
    pub number: String,
    /// The digest of the seal that is printed on it; none on a paper that was filled in before anybody sealed the record,
    /// whose photograph the seal covers instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Digest>,
}

impl EvidenceEntry {
    /// Everything wrong with the entry, sorted. `now` is the phone's wall clock or the server's receipt. The hash has no
    /// fault of its own: what is no SHA-256 is no entry that can be read.
    pub fn faults(&self, now: Millis) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.size_bytes <= 0 {
            faults.push(Fault::new("size_bytes", "positive"));
        }
        if self.size_bytes > EVIDENCE_BYTES_MAX {
            let fault = Fault::new("size_bytes", "too_large");
            faults.push(fault.with("bytes_max", EVIDENCE_BYTES_MAX));
        }
        if !is_media_type(&self.media_type) {
            faults.push(Fault::new("media_type", "format"));
        }
        required(&mut faults, "kind", &self.kind);
        let of_a_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !self.kind.trim().is_empty() && !self.kind.chars().all(of_a_word) {
            faults.push(Fault::new("kind", "format"));
        }
        match (&self.paper, self.known_kind()) {
            (None, EvidenceKind::PaperForm) => faults.push(Fault::new("paper", "required")),
            (Some(paper), EvidenceKind::PaperForm) => {
                required(&mut faults, "paper.number", &paper.number);
                if paper.number.chars().count() > PAPER_NUMBER_CHARS_MAX {
                    let fault = Fault::new("paper.number", "too_long");
                    faults.push(fault.with("chars_max", PAPER_NUMBER_CHARS_MAX));
                }
            }
            (Some(_), _) => faults.push(Fault::new("paper", "no_paper_form")),
            (None, _) => {}
        }
        time_faults(&mut faults, "captured_at", &self.captured_at, now);
        if let Some(location) = &self.location {
            location.faults("location", &mut faults);
        }
        let says_nothing =
            |it: &EvidenceAnswer| it.supplement.is_none() && it.words.trim().is_empty();
        if self.answers.values().any(says_nothing) {
            faults.push(Fault::new("answers.words", "required"));
        }
        told(self, faults)
    }

    /// What it shows; what is none of the list is something else.
    pub fn known_kind(&self) -> EvidenceKind {
        known(&self.kind).unwrap_or(EvidenceKind::Other)
    }

    /// Everything wrong with the entry once it is known whose phone signed it.
    pub fn faults_by(&self, author: Option<DeviceId>, now: Millis) -> Vec<Fault> {
        let mut faults = self.faults(now);
        if let (Some(named), Some(author)) = (self.device_id, author)
            && named != author
        {
            faults.push(Fault::new("device_id", "not_the_author"));
            faults.sort();
        }
        faults
    }

    /// `photo`, `video` or `file`.
    pub fn medium(&self) -> &'static str {
        match self.media_type.split('/').next() {
            Some("image") => "photo",
            Some("video") => "video",
            _ => "file",
        }
    }
}

/// `image/jpeg`: two tokens of RFC 6838 without parameters, in small letters, so that one type has one spelling.
pub fn is_media_type(text: &str) -> bool {
    // RFC 6838 §4.2.
    const TOKEN_CHARS_MAX: usize = 127;
    let token = |part: &str| {
        (1..=TOKEN_CHARS_MAX).contains(&part.len())
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "!#$&-^_.+".contains(c))
    };
    text.split_once('/')
        .is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// 回避: a declared conflict of interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recusal {
    /// Its id.
    pub recusal_id: RecusalId,
    /// The person; none when it is the whole body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// In their words.
    pub reason: String,
    /// When.
    pub declared_at: TimeClaim,
}

/// 拒检认定表, as far as the visit records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its id.
    pub refusal_id: RefusalId,
    /// A [`RefusalKind`] by its word. What somebody wrote down stays readable if it is none.
    pub kind: String,
    /// 受检单位: the enterprise with its legal representative and contact.
    #[serde(default)]
    pub party: Party,
    /// 任务来源
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
    /// 任务级别: `national`, `province`, `city`, `county`.
    #[serde(default)]
    pub task_level: String,
    /// 产品
    #[serde(default)]
    pub product_name: String,
    /// 事实认定
    pub fact_description: String,
    /// 见证人
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<String>,
    /// 后果已告知
    #[serde(default)]
    pub consequence_explained: bool,
    /// 告知内容: what they were told of it, where it is written down word by word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequence: Option<String>,
    /// 影像: hashes of the evidence that was there when it was sealed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<EvidenceId, Digest>,
    /// 撤回: why its samplers took it back. The record stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_reason: Option<String>,
    /// When.
    pub refused_at: TimeClaim,
}

/// Why it is a refusal (拒检情形).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// 无理由拒检
    NoReason,
    /// 弄虚作假
    Fraud,
    /// 阻碍
    Obstruction,
    /// 要价不合理
    UnreasonablePrice,
    /// 隐匿
    Concealment,
}

/// 任务级别
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorityLevel {
    /// 国家
    National,
    /// 省级
    Province,
    /// 市级
    City,
    /// 县级
    County,
}

/// A word of a list, where it is one.
fn known<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(word.into()).ok()
}

fn required(faults: &mut Vec<Fault>, path: &str, text: &str) {
    if text.trim().is_empty() {
        faults.push(Fault::new(path, "required"));
    }
}

/// In the order in which faults are told, with those of every text of the form.
fn told<T: Serialize>(form: &T, mut faults: Vec<Fault>) -> Vec<Fault> {
    text_faults(
        "",
        &serde_json::to_value(form).unwrap_or_default(),
        &mut faults,
    );
    faults.sort();
    faults.dedup();
    faults
}

fn time_faults(faults: &mut Vec<Fault>, path: &str, at: &TimeClaim, now: Millis) {
    if shanghai_date(at.earliest()) > shanghai_date(now) {
        faults.push(Fault::new(path, "in_the_future"));
    }
}

impl Refusal {
    /// The kind, where it is one of the list.
    pub fn known_kind(&self) -> Option<RefusalKind> {
        known(&self.kind)
    }

    /// Everything wrong with the form, sorted. `now` is the phone's wall clock or the server's receipt.
    pub fn faults(&self, now: Millis) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.known_kind().is_none() {
            faults.push(Fault::new("kind", "unknown").with("kind", &self.kind));
        }
        required(&mut faults, "fact_description", &self.fact_description);
        required(&mut faults, "product_name", &self.product_name);
        self.party.faults("party", &mut faults);
        if !self.task_level.is_empty() && known::<AuthorityLevel>(&self.task_level).is_none() {
            faults.push(Fault::new("task_level", "unknown").with("level", &self.task_level));
        }
        if !self.consequence_explained {
            faults.push(Fault::new("consequence_explained", "required"));
        }
        time_faults(&mut faults, "refused_at", &self.refused_at, now);
        told(self, faults)
    }
}

/// Why nothing was sampled (未抽到样品原因).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotSampledReason {
    /// 倒闭
    Closed,
    /// 注销
    Deregistered,
    /// 停产
    Stopped,
    /// 转产
    Converted,
    /// 全部出口
    ExportOnly,
    /// 不在本辖区
    OutsideRegion,
    /// 不在抽查范围
    NotInScope,
    /// 基数不足
    StockTooSmall,
    /// 整改中
    Rectifying,
    /// 非生产企业
    NotAProducer,
    /// 地址不符
    AddressWrong,
    /// 其他
    Other,
}

impl NotSampledReason {
    /// 转产, 停产 and 倒闭 want the local bureau's stamp; the others do not.
    pub fn wants_stamp(self) -> bool {
        matches!(self, Self::Converted | Self::Stopped | Self::Closed)
    }
}

/// 未抽到样品
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotSampled {
    /// Its id.
    pub not_sampled_id: NotSampledId,
    /// A [`NotSampledReason`] by its word.
    pub reason: String,
    /// 受检单位
    #[serde(default)]
    pub party: Party,
    /// 当地市场监管部门盖章: the photo of the local bureau's stamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bureau_stamp: Option<Digest>,
    /// 证书编号; 无 is explicit.
    #[serde(default)]
    pub licence_no: String,
    /// In words.
    #[serde(default)]
    pub explanation: String,
    /// 影像, as with a refusal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<EvidenceId, Digest>,
    /// When.
    pub recorded_at: TimeClaim,
}

impl NotSampled {
    /// The reason, where it is one of the list.
    pub fn known_reason(&self) -> Option<NotSampledReason> {
        known(&self.reason)
    }

    /// Everything wrong with the form, sorted. `now` is the phone's wall clock or the server's receipt.
    pub fn faults(&self, now: Millis) -> Vec<Fault> {
        let mut faults = Vec::new();
        let reason = self.known_reason();
        if reason.is_none() {
            faults.push(Fault::new("reason", "unknown").with("reason", &self.reason));
        }
        if reason.is_some_and(NotSampledReason::wants_stamp) && self.bureau_stamp.is_none() {
            faults.push(Fault::new("bureau_stamp", "required").with("reason", &self.reason));
        }
        if reason == Some(NotSampledReason::Other) {
            required(&mut faults, "explanation", &self.explanation);
        }
        required(&mut faults, "licence_no", &self.licence_no);
        self.party.faults("party", &mut faults);
        time_faults(&mut faults, "recorded_at", &self.recorded_at, now);
        told(self, faults)
    }
}

/// What is illegal at sight (无需检验即可判定违法的情形).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportGrounds {
    /// 无证无照
    Unlicensed,
    /// 三无产品
    ThreeNo,
    /// 其他无需检验即可判定违法
    SelfEvidentViolation,
}

/// 现场报告: stop and report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnSiteReport {
    /// Its id.
    pub report_id: OnSiteReportId,
    /// [`ReportGrounds`] by its word.
    pub grounds: String,
    /// In words.
    pub description: String,
    /// The organising authority, and whoever else is told.
    #[serde(default)]
    pub recipients: BTreeSet<OrganisationId>,
    /// 终止抽样
    pub sampling_terminated: bool,
    /// 影像, as with a refusal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<EvidenceId, Digest>,
    /// When.
    pub reported_at: TimeClaim,
}

impl OnSiteReport {
    /// The grounds, where they are of the list.
    pub fn known_grounds(&self) -> Option<ReportGrounds> {
        known(&self.grounds)
    }

    /// Everything wrong with the form, sorted. `now` is the phone's wall clock or the server's receipt.
    pub fn faults(&self, now: Millis) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.known_grounds().is_none() {
            faults.push(Fault::new("grounds", "unknown").with("grounds", &self.grounds));
        }
        required(&mut faults, "description", &self.description);
        if self.recipients.is_empty() {
            faults.push(Fault::new("recipients", "required"));
        }
        if !self.sampling_terminated {
            faults.push(Fault::new("sampling_terminated", "required"));
        }
        time_faults(&mut faults, "reported_at", &self.reported_at, now);
        told(self, faults)
    }
}

/// What the enterprise shows to say that an upper level sampled it already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorSamplingClaim {
    /// Its id.
    pub claim_id: PriorClaimId,
    /// 组织抽查部门 by name.
    pub authority: String,
    /// ISO date.
    pub sampled_on: String,
    /// 编号
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet_no: Option<String>,
    /// The photo of the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<EvidenceId>,
    /// The sheet that it speaks against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_id: Option<SampleId>,
    /// When it was claimed.
    pub claimed_at: TimeClaim,
}

impl PriorSamplingClaim {
    /// Everything wrong with the claim, sorted. `now` is the phone's wall clock or the server's receipt.
    pub fn faults(&self, now: Millis) -> Vec<Fault> {
        let mut faults = Vec::new();
        required(&mut faults, "authority", &self.authority);
        match self.sampled_on.parse::<Date>() {
            Ok(date) if date > shanghai_date(now) => {
                faults.push(Fault::new("sampled_on", "in_the_future"));
            }
            Ok(_) => {}
            Err(_) => faults.push(Fault::new("sampled_on", "format")),
        }
        if self.photo.is_none() {
            faults.push(Fault::new("photo", "required"));
        }
        time_faults(&mut faults, "claimed_at", &self.claimed_at, now);
        told(self, faults)
    }
}

/// 受检单位 as a team found it, or a correction of it. The identity never changes: the server's alias follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnterpriseRecord {
    /// Its id.
    pub record_id: EnterpriseRecordId,
    /// What was found.
    pub party: Party,
    /// Why it differs, where it corrects.
    #[serde(default)]
    pub reason: String,
    /// When.
    pub recorded_at: TimeClaim,
}

/// What a confirmation is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum ConfirmedSubject {
    /// 拒检
    Refusal(RefusalId),
    /// 现场报告
    OnSiteReport(OnSiteReportId),
}

impl From<ConfirmedSubject> for SealSubject {
    fn from(subject: ConfirmedSubject) -> Self {
        match subject {
            ConfirmedSubject::Refusal(id) => Self::Refusal(id),
            ConfirmedSubject::OnSiteReport(id) => Self::OnSiteReport(id),
        }
    }
}

/// 现场确认: what enforcement found on site. What it confirms is its document's identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Its id.
    pub confirmation_id: ConfirmationId,
    /// 结论: a [`crate::rules::ConfirmationOutcome`] by its word.
    pub outcome: String,
    /// 处置
    #[serde(default)]
    pub measures: String,
    /// 意见
    #[serde(default)]
    pub opinion: String,
    /// 执法人员, by person.
    #[serde(default)]
    pub officers: BTreeMap<UserId, Officer>,
    /// Where they stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// 影像: hashes of the evidence that was there when it was sealed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<EvidenceId, Digest>,
    /// When.
    pub confirmed_at: TimeClaim,
}

/// 执法人员, as the form names them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Officer {
    /// 姓名
    pub name: String,
    /// 执法证号
    pub certificate_no: String,
}

impl Confirmation {
    /// What they found, where it is one of the list.
    pub fn known_outcome(&self) -> Option<ConfirmationOutcome> {
        known(&self.outcome)
    }

    /// Everything wrong with the form, sorted. `now` is the phone's wall clock or the server's receipt.
    pub fn faults(&self, subject: &ConfirmedSubject, now: Millis) -> Vec<Fault> {
        let mut faults = Vec::new();
        let outcome = self.known_outcome();
        let sampled = outcome == Some(ConfirmationOutcome::ResolvedSampled);
        // What is illegal at sight is not resolved by sampling it.
        if outcome.is_none() || (sampled && matches!(subject, ConfirmedSubject::OnSiteReport(_))) {
            faults.push(Fault::new("outcome", "unknown").with("outcome", &self.outcome));
        }
        required(&mut faults, "measures", &self.measures);
        required(&mut faults, "opinion", &self.opinion);
        if self.officers.is_empty() {
            faults.push(Fault::new("officers", "required"));
        }
        for (number, officer) in self.officers.values().enumerate() {
            let path = |name: &str| format!("officers.{number}.{name}");
            required(&mut faults, &path("name"), &officer.name);
            required(
                &mut faults,
                &path("certificate_no"),
                &officer.certificate_no,
            );
        }
        if let Some(location) = &self.location {
            location.faults("location", &mut faults);
        }
        time_faults(&mut faults, "confirmed_at", &self.confirmed_at, now);
        told(self, faults)
    }
}

/// 复核意见: what a second officer says of a confirmation that was not made on site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// Its id.
    pub opinion_id: OpinionId,
    /// The digest of the confirmation's seal: of what it speaks.
    pub seal: Digest,
    /// Whether they hold it to be true.
    pub agrees: bool,
    /// Why, in their words.
    pub reason: String,
    /// When.
    pub given_at: TimeClaim,
    /// Over the opinion's digest, as an officer.
    pub signature: PersonSignature,
}

/// What a seal covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum SealSubject {
    /// 抽样单
    Sheet(SampleId),
    /// 拒检认定表
    Refusal(RefusalId),
    /// 未抽到样品
    NotSampled(NotSampledId),
    /// 现场报告
    OnSiteReport(OnSiteReportId),
    /// 现场确认, in a document of its own.
    Confirmation(ConfirmationId),
}

impl SealSubject {
    /// 编号 of a record that people give none: a mark of its kind and the random half of its id, in groups of four. A sheet
    /// has its own.
    pub fn number(&self) -> Option<String> {
        let (mark, id) = match self {
            Self::Sheet(_) => return None,
            Self::Refusal(id) => ("JJ", id.0),
            Self::NotSampled(id) => ("WC", id.0),
            Self::OnSiteReport(id) => ("XC", id.0),
            Self::Confirmation(id) => ("QR", id.0),
        };
        let (_, random) = id.as_u64_pair();
        let [a, b, c, d] = [48, 32, 16, 0].map(|shift| (random >> shift) & 0xffff);
        Some(format!("{mark}-{a:04X}-{b:04X}-{c:04X}-{d:04X}"))
    }
}

/// One person's signature on a seal or an amendment, with their own key, bound to their handwriting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSignature {
    /// Serial of the signer's certificate.
    pub certificate_serial: i64,
    /// SHA-256 of the handwriting (手写签名).
    pub handwriting: Digest,
    /// P-256 over `proof::seal_statement(seal, "sampler" or "officer", handwriting, none)`, base64.
    pub signature: String,
}

/// The sampled party's word (受检单位签字盖章).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "party", rename_all = "snake_case")]
pub enum PartySignature {
    /// Signed by hand, and stamped.
    Signed {
        /// Who signed, by name.
        name: String,
        /// SHA-256 of the handwriting.
        handwriting: Digest,
        /// SHA-256 of the photo of the stamp (盖章).
        stamp: Digest,
    },
    /// 拒绝签字, with what they said, before a witness.
    RefusedToSign {
        /// 拒签理由, in their words.
        #[serde(default)]
        reason: String,
        /// 见证人
        witness: String,
        /// SHA-256 of the witness's handwriting, if the witness signed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handwriting: Option<Digest>,
    },
}

/// A change after sealing, with its reason and a signature of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amendment {
    /// Its id.
    pub amendment_id: AmendmentId,
    /// What is amended.
    pub subject: SealSubject,
    /// The seal beside which it stands.
    pub seal_id: SealId,
    /// Why.
    pub reason: String,
    /// When.
    pub amended_at: TimeClaim,
    /// Over the amendment's digest, as on a seal.
    pub signature: PersonSignature,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW_MS: Millis = 1_740_800_000_000;

    fn at() -> TimeClaim {
        TimeClaim {
            wall_ms: NOW_MS,
            ..TimeClaim::default()
        }
    }

    fn tomorrow() -> TimeClaim {
        TimeClaim {
            wall_ms: NOW_MS + 86_400_000,
            ..TimeClaim::default()
        }
    }

    fn named() -> Party {
        Party {
            name: "泽州示例铸造".into(),
            ..Party::default()
        }
    }

    fn keys(faults: &[Fault]) -> Vec<String> {
        faults.iter().map(|fault| fault.key("form")).collect()
    }

    #[test]
    fn every_check_of_a_refusal_has_its_code() {
        let check = |change: &dyn Fn(&mut Refusal), expected: &[&str]| {
            let mut refusal = Refusal {
                refusal_id: RefusalId(Uuid::from_u128(1)),
                kind: "no_reason".into(),
                party: named(),
                task_id: None,
                task_level: "city".into(),
                product_name: "检查井盖".into(),
                fact_description: "负责人拒绝".into(),
                witness: None,
                consequence_explained: true,
                consequence: None,
                evidence: BTreeMap::new(),
                withdrawn_reason: None,
                refused_at: at(),
            };
            change(&mut refusal);
            assert_eq!(keys(&refusal.faults(NOW_MS)), expected);
        };
        check(&|_| {}, &[]);
        for kind in ["fraud", "obstruction", "unreasonable_price", "concealment"] {
            check(&|it| it.kind = kind.into(), &[]);
        }
        check(&|it| it.kind = "mood".into(), &["form.kind.unknown"]);
        check(
            &|it| it.fact_description = " ".into(),
            &["form.fact_description.required"],
        );
        check(
            &|it| it.product_name.clear(),
            &["form.product_name.required"],
        );
        check(&|it| it.party.name.clear(), &["form.party.name.required"]);
        check(
            &|it| it.party.uscc = Some("911405250000B1E537".into()),
            &["form.party.uscc.check_digit"],
        );
        check(
            &|it| it.party.region = Some("1405".into()),
            &["form.party.region.format"],
        );
        check(&|it| it.task_level.clear(), &[]);
        check(
            &|it| it.task_level = "village".into(),
            &["form.task_level.unknown"],
        );
        check(
            &|it| it.consequence_explained = false,
            &["form.consequence_explained.required"],
        );
        check(
            &|it| it.refused_at = tomorrow(),
            &["form.refused_at.in_the_future"],
        );
        check(
            &|it| it.witness = Some("a\0b".into()),
            &["form.witness.control_character"],
        );
    }

    #[test]
    fn every_check_of_a_confirmation_has_its_code() {
        let refusal = ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(1)));
        let report = ConfirmedSubject::OnSiteReport(OnSiteReportId(Uuid::from_u128(1)));
        let check =
            |subject: &ConfirmedSubject, change: &dyn Fn(&mut Confirmation), expected: &[&str]| {
                let officer = Officer {
                    name: "赵六".into(),
                    certificate_no: "14050001".into(),
                };
                let mut confirmation = Confirmation {
                    confirmation_id: ConfirmationId(Uuid::from_u128(1)),
                    outcome: "confirmed".into(),
                    measures: "责令改正".into(),
                    opinion: "拒检成立".into(),
                    officers: BTreeMap::from([(UserId(Uuid::from_u128(1)), officer)]),
                    location: None,
                    evidence: BTreeMap::new(),
                    confirmed_at: at(),
                };
                change(&mut confirmation);
                assert_eq!(keys(&confirmation.faults(subject, NOW_MS)), expected);
            };
        for outcome in ["confirmed", "not_established", "resolved_sampled"] {
            check(&refusal, &|it| it.outcome = outcome.into(), &[]);
        }
        check(&report, &|_| {}, &[]);
        let unknown = ["form.outcome.unknown"];
        check(
            &report,
            &|it| it.outcome = "resolved_sampled".into(),
            &unknown,
        );
        check(&refusal, &|it| it.outcome = "maybe".into(), &unknown);
        check(
            &refusal,
            &|it| it.measures.clear(),
            &["form.measures.required"],
        );
        check(
            &refusal,
            &|it| it.opinion = " ".into(),
            &["form.opinion.required"],
        );
        check(
            &refusal,
            &|it| it.officers.clear(),
            &["form.officers.required"],
        );
        check(
            &refusal,
            &|it| *it.officers.first_entry().unwrap().get_mut() = Officer::default(),
            &[
                "form.officers.0.certificate_no.required",
                "form.officers.0.name.required",
            ],
        );
        check(
            &refusal,
            &|it| it.confirmed_at = tomorrow(),
            &["form.confirmed_at.in_the_future"],
        );
        check(
            &refusal,
            &|it| {
                it.location = Some(Location {
                    latitude_e7: 0,
                    longitude_e7: 0,
                    accuracy_mm: 0,
                    crs_source: "mars".into(),
                    mocked: true,
                });
            },
            &[
                "form.location.accuracy_mm.positive",
                "form.location.crs_source.unknown",
            ],
        );
        check(
            &refusal,
            &|it| it.measures = "a\0b".into(),
            &["form.measures.control_character"],
        );
    }

    #[test]
    fn what_was_not_sampled_has_a_reason_and_three_of_them_want_the_bureaus_stamp() {
        let check = |reason: &str, stamp: Option<Digest>, expected: &[&str]| {
            let record = NotSampled {
                not_sampled_id: NotSampledId(Uuid::from_u128(1)),
                reason: reason.into(),
                party: named(),
                bureau_stamp: stamp,
                licence_no: "无".into(),
                explanation: String::new(),
                evidence: BTreeMap::new(),
                recorded_at: at(),
            };
            assert_eq!(keys(&record.faults(NOW_MS)), expected, "{reason}");
        };
        for reason in ["converted", "stopped", "closed"] {
            check(reason, None, &["form.bureau_stamp.required"]);
            check(reason, Some(Digest([1; 32])), &[]);
        }
        for reason in [
            "deregistered",
            "export_only",
            "outside_region",
            "not_in_scope",
            "stock_too_small",
            "rectifying",
            "not_a_producer",
            "address_wrong",
        ] {
            check(reason, None, &[]);
        }
        check("other", None, &["form.explanation.required"]);
        check("tired", None, &["form.reason.unknown"]);
    }

    #[test]
    fn a_report_ends_the_sampling_and_names_who_is_told() {
        let check = |change: &dyn Fn(&mut OnSiteReport), expected: &[&str]| {
            let mut report = OnSiteReport {
                report_id: OnSiteReportId(Uuid::from_u128(1)),
                grounds: "three_no".into(),
                description: "无厂名厂址".into(),
                recipients: BTreeSet::from([OrganisationId(Uuid::from_u128(2))]),
                sampling_terminated: true,
                evidence: BTreeMap::new(),
                reported_at: at(),
            };
            change(&mut report);
            assert_eq!(keys(&report.faults(NOW_MS)), expected);
        };
        check(&|_| {}, &[]);
        check(&|it| it.grounds = "ugly".into(), &["form.grounds.unknown"]);
        check(
            &|it| it.sampling_terminated = false,
            &["form.sampling_terminated.required"],
        );
        check(&|it| it.recipients.clear(), &["form.recipients.required"]);
        check(&|it| it.description.clear(), &["form.description.required"]);
    }

    #[test]
    fn a_claim_of_an_earlier_sampling_has_its_authority_its_day_and_its_photo() {
        let check = |change: &dyn Fn(&mut PriorSamplingClaim), expected: &[&str]| {
            let mut claim = PriorSamplingClaim {
                claim_id: PriorClaimId(Uuid::from_u128(1)),
                authority: "省局".into(),
                sampled_on: "2025-02-01".into(),
                sheet_no: None,
                photo: Some(EvidenceId(Uuid::from_u128(3))),
                sample_id: None,
                claimed_at: at(),
            };
            change(&mut claim);
            assert_eq!(keys(&claim.faults(NOW_MS)), expected);
        };
        check(&|_| {}, &[]);
        check(&|it| it.authority.clear(), &["form.authority.required"]);
        check(&|it| it.photo = None, &["form.photo.required"]);
        for (day, code) in [
            ("2025-02-30", "form.sampled_on.format"),
            ("去年", "form.sampled_on.format"),
            ("2025-03-02", "form.sampled_on.in_the_future"),
        ] {
            check(&|it| it.sampled_on = day.into(), &[code]);
        }
    }

    fn photo() -> EvidenceEntry {
        EvidenceEntry {
            evidence_id: EvidenceId(Uuid::from_u128(1)),
            sha256: Digest([1; 32]),
            size_bytes: 1,
            media_type: "image/jpeg".into(),
            kind: "label".into(),
            subject: EvidenceSubject::Visit,
            captured_at: at(),
            location: Some(Location {
                latitude_e7: 354_900_000,
                longitude_e7: 1_128_500_000,
                accuracy_mm: 5_000,
                crs_source: "gcj02".into(),
                mocked: false,
            }),
            device_id: None,
            paper: None,
            answers: Default::default(),
        }
    }

    #[test]
    fn a_photographed_paper_names_its_number_and_nothing_else_names_one() {
        let paper = |number: String| Some(PaperForm { number, seal: None });
        let check = |kind: &str, paper: Option<PaperForm>, expected: &[&str]| {
            let mut entry = photo();
            entry.kind = kind.into();
            entry.paper = paper;
            assert_eq!(keys(&entry.faults(NOW_MS)), expected);
        };
        check("paper_form", paper("S-1".into()), &[]);
        check("paper_form", None, &["form.paper.required"]);
        check(
            "paper_form",
            paper(" ".into()),
            &["form.paper.number.required"],
        );
        check("label", paper("S-1".into()), &["form.paper.no_paper_form"]);
        let long = |chars| paper("号".repeat(chars));
        check("paper_form", long(PAPER_NUMBER_CHARS_MAX), &[]);
        let past = PAPER_NUMBER_CHARS_MAX + 1;
        check("paper_form", long(past), &["form.paper.number.too_long"]);
    }

    #[test]
    fn what_a_phone_did_not_say_of_a_piece_of_evidence_is_not_written_down() {
        let mut entry = photo();
        let plain = serde_json::to_value(&entry).unwrap();
        assert_eq!(
            plain.get("device_id"),
            None,
            "entries of before stay what they are"
        );
        assert_eq!(plain["location"].get("mocked"), None);
        entry.location.as_mut().unwrap().mocked = true;
        entry.device_id = Some(DeviceId(Uuid::from_u128(9)));
        let told = serde_json::to_value(&entry).unwrap();
        assert_eq!(told["location"]["mocked"], true);
        assert_eq!(
            serde_json::from_value::<EvidenceEntry>(told).unwrap(),
            entry
        );
    }

    #[test]
    fn every_check_of_a_piece_of_evidence_has_its_code() {
        let check = |change: &dyn Fn(&mut EvidenceEntry), expected: &[&str]| {
            let mut entry = photo();
            change(&mut entry);
            assert_eq!(keys(&entry.faults(NOW_MS)), expected);
        };
        check(&|_| {}, &[]);
        check(&|it| it.location = None, &[]);
        check(&|it| it.size_bytes = 0, &["form.size_bytes.positive"]);
        check(&|it| it.size_bytes = -1, &["form.size_bytes.positive"]);
        for odd in [
            "",
            "image",
            "image/",
            "/jpeg",
            "Image/JPEG",
            "image/jpeg; q=1",
            "照片/图",
        ] {
            check(
                &|it| it.media_type = odd.into(),
                &["form.media_type.format"],
            );
        }
        for known in ["video/mp4", "application/pdf", "image/svg+xml"] {
            check(&|it| it.media_type = known.into(), &[]);
        }
        check(&|it| it.kind = " ".into(), &["form.kind.required"]);
        check(&|it| it.kind = "现场".into(), &["form.kind.format"]);
        check(
            &|it| it.captured_at = tomorrow(),
            &["form.captured_at.in_the_future"],
        );
        type Change = fn(&mut Location);
        let at_place =
            |change: Change| move |it: &mut EvidenceEntry| change(it.location.as_mut().unwrap());
        let cases: [(Change, &str); 6] = [
            (
                |it| it.latitude_e7 = 900_000_001,
                "latitude_e7.out_of_range",
            ),
            (|it| it.latitude_e7 = i64::MIN, "latitude_e7.out_of_range"),
            (
                |it| it.longitude_e7 = -1_800_000_001,
                "longitude_e7.out_of_range",
            ),
            (|it| it.accuracy_mm = 0, "accuracy_mm.positive"),
            (|it| it.crs_source.clear(), "crs_source.unknown"),
            (|it| it.crs_source = "mars".into(), "crs_source.unknown"),
        ];
        for (change, code) in cases {
            check(&at_place(change), &[&format!("form.location.{code}")]);
        }
        let pole =
            |it: &mut Location| (it.latitude_e7, it.longitude_e7) = (-900_000_000, 1_800_000_000);
        check(&at_place(pole), &[]);
    }

    #[test]
    fn an_arrival_is_checked_for_where_the_phone_was_and_what_nobody_types() {
        let check = |fields: serde_json::Value, expected: &[&str]| {
            let mut arrival =
                serde_json::json!({ "arrival_id": Uuid::from_u128(1), "entered_at": at() });
            for (name, value) in fields.as_object().unwrap() {
                arrival[name] = value.clone();
            }
            let arrival: Arrival = serde_json::from_value(arrival).unwrap();
            assert_eq!(keys(&arrival.faults()), expected);
        };
        let at_place = |latitude: i64, longitude: i64, accuracy: i64, crs: &str| {
            serde_json::json!({ "location": {
                "latitude_e7": latitude, "longitude_e7": longitude, "accuracy_mm": accuracy, "crs_source": crs,
            } })
        };
        check(serde_json::json!({}), &[]);
        check(at_place(-900_000_000, 1_800_000_000, 1, "wgs84"), &[]);
        check(
            at_place(900_000_001, -1_800_000_001, 0, "mars"),
            &[
                "form.location.accuracy_mm.positive",
                "form.location.crs_source.unknown",
                "form.location.latitude_e7.out_of_range",
                "form.location.longitude_e7.out_of_range",
            ],
        );
        check(
            serde_json::json!({ "notice_no": "通\u{0}知", "site": "长".repeat(4_001) }),
            &["form.notice_no.control_character", "form.site.too_long"],
        );
    }

    /// What phones wrote before there were devices and mock locations, and what they write since.
    #[test]
    fn the_stored_form_of_an_entry_stays_as_it_was_released() {
        let at = r#"{"wall_ms":1740790800000,"token_rtt_ms":0}"#;
        let before = |place: &str| {
            format!(
                concat!(
                    r#"{{"evidence_id":"00000000-0000-0000-0000-000000000001","sha256":"{}","size_bytes":1,"#,
                    r#""media_type":"image/jpeg","kind":"label","subject":{{"kind":"visit"}},"captured_at":{},"#,
                    r#""location":{{"latitude_e7":354900000,"longitude_e7":1128500000,"accuracy_mm":5000,"crs_source":"gcj02"{}}}"#,
                ),
                "01".repeat(32),
                at,
                place
            )
        };
        let mut entry = photo();
        entry.captured_at = serde_json::from_str(at).unwrap();
        let old = format!("{}}}", before(""));
        assert_eq!(serde_json::to_string(&entry).unwrap(), old);
        assert_eq!(serde_json::from_str::<EvidenceEntry>(&old).unwrap(), entry);

        entry.location.as_mut().unwrap().mocked = true;
        entry.device_id = Some(DeviceId(Uuid::from_u128(2)));
        let new = format!(
            r#"{},"device_id":"00000000-0000-0000-0000-000000000002"}}"#,
            before(r#","mocked":true"#)
        );
        assert_eq!(serde_json::to_string(&entry).unwrap(), new);
        assert_eq!(serde_json::from_str::<EvidenceEntry>(&new).unwrap(), entry);
    }

    #[test]
    fn a_kind_is_one_of_the_list_or_something_else() {
        let mut entry = photo();
        let words = [
            ("place", EvidenceKind::Place),
            ("label", EvidenceKind::Label),
            ("stock", EvidenceKind::Stock),
            ("sealing", EvidenceKind::Sealing),
            ("refusal", EvidenceKind::Refusal),
            ("signature", EvidenceKind::Signature),
            ("paper_form", EvidenceKind::PaperForm),
            ("other", EvidenceKind::Other),
            ("notice", EvidenceKind::Other),
        ];
        for (word, kind) in words {
            entry.kind = word.into();
            entry.paper = (kind == EvidenceKind::PaperForm).then(|| PaperForm {
                number: "S-1".into(),
                seal: None,
            });
            assert_eq!((entry.known_kind(), entry.faults(NOW_MS)), (kind, vec![]));
        }
    }

    #[test]
    fn evidence_is_captured_by_the_phone_that_signs_for_it() {
        let (own, other) = (DeviceId(Uuid::from_u128(1)), DeviceId(Uuid::from_u128(2)));
        let mut entry = photo();
        assert_eq!(
            entry.faults_by(Some(own), NOW_MS),
            [],
            "before it was noted"
        );
        entry.device_id = Some(own);
        assert_eq!(entry.faults_by(Some(own), NOW_MS), []);
        assert_eq!(
            entry.faults_by(None, NOW_MS),
            [],
            "nobody is certified here"
        );
        let faults = entry.faults_by(Some(other), NOW_MS);
        assert_eq!(keys(&faults), ["form.device_id.not_the_author"]);
    }

    #[test]
    fn evidence_may_be_as_large_as_the_limit_and_no_larger() {
        let mut film = photo();
        film.size_bytes = EVIDENCE_BYTES_MAX;
        assert_eq!(film.faults(NOW_MS), []);
        film.size_bytes += 1;
        assert_eq!(keys(&film.faults(NOW_MS)), ["form.size_bytes.too_large"]);
    }

    #[test]
    fn what_is_no_sha_256_is_no_entry_of_the_manifest() {
        let whole = serde_json::to_value(photo()).unwrap();
        assert!(serde_json::from_value::<EvidenceEntry>(whole.clone()).is_ok());
        let hex = "01".repeat(32);
        for odd in ["", "01", &hex[..62], &format!("{hex}01"), &"zz".repeat(32)] {
            let mut entry = whole.clone();
            entry["sha256"] = odd.into();
            assert!(
                serde_json::from_value::<EvidenceEntry>(entry).is_err(),
                "{odd}"
            );
        }
    }
}
