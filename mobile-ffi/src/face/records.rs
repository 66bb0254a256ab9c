//! Records that cross the border: plain, with ids as texts and signed integers.

use serde_json::Value;
use sync_core::model::{ConfirmedSubject, EvidenceReview, EvidenceSubject, SealSubject};
use sync_core::sync::advice::{Preview as CorePreview, Spoken, SpokenDoor, Stands};
use sync_core::sync::cases::Case;
use sync_core::sync::wire::RulingNotice;

use super::fields::{id, ids, maybe_id, text, word};
use crate::client::Done;
use crate::error::ClientError;
use crate::types::{
    ArrivalInput, CodeRead, ConfirmationInput, ConfirmationSummary, ConflictInfo, Continues,
    DoctorItem, Enrolled, EnterpriseChoice, EvidenceItem, EvidenceSummary, Freed, LeaseInfo,
    ParcelMade, ParcelOpened, Reference, RefusalInput, ReportInput, RuledItem, SetAside, SignerAct,
    SignerInfo, VisitStart, VisitSummary,
};

// The client's own, under the names that they have beyond the border: nothing in them is an id.
pub use crate::types::{
    CodeToShow as CodeShown, EnterpriseFound as EnterpriseInfo, NotSampledInput as NotSampledForm,
    OpinionInput as OpinionForm, PartyAct as PartySignatureAct,
};

/// Who this phone is to the server.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Owner {
    /// The install.
    pub device_id: String,
    /// The person it was enrolled for.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
    /// Their organisation.
    pub organisation_id: String,
}

impl From<Enrolled> for Owner {
    fn from(it: Enrolled) -> Self {
        Self {
            device_id: it.device_id,
            user_id: it.user_id.to_string(),
            user_name: it.user_name,
            organisation_id: it.organisation_id.to_string(),
        }
    }
}

/// Somebody who can sign on this phone.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Signatory {
    /// The person.
    pub user_id: String,
    /// Their name, as certified.
    pub user_name: String,
    /// 抽样员证 / 执法证
    pub certificate_no: Option<String>,
}

impl From<SignerInfo> for Signatory {
    fn from(it: SignerInfo) -> Self {
        Self {
            user_id: it.user_id.to_string(),
            user_name: it.user_name,
            certificate_no: it.certificate_no,
        }
    }
}

/// A record of reference data, whole.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ReferenceRecord {
    /// Within its kind.
    pub id: String,
    /// Grows.
    pub version: i64,
    /// The record as JSON.
    pub json: String,
}

impl From<Reference> for ReferenceRecord {
    fn from(it: Reference) -> Self {
        Self {
            id: it.id,
            version: it.version,
            json: it.record.to_string(),
        }
    }
}

fn field(record: &Value, name: &str) -> Option<String> {
    record.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn number(record: &Value, name: &str) -> i64 {
    record.get(name).and_then(Value::as_i64).unwrap_or(0)
}

fn list(record: &Value, name: &str) -> Vec<String> {
    let values = record.get(name).and_then(Value::as_array);
    let texts = values.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// 任务
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TaskInfo {
    /// Its id.
    pub task_id: String,
    /// As planned: `T1`.
    pub code: String,
    /// 批次
    pub campaign_id: String,
    /// The team that has it.
    pub team_id: Option<String>,
    /// 组织抽查部门
    pub authority_id: String,
    /// 产品
    pub product_name: String,
    /// `routine`, `special`, …
    pub sampling_kind: String,
    /// `assigned`, `accepted`, `cancelled`, `reassigned`, …
    pub state: String,
    /// 受检单位: their ids.
    pub enterprises: Vec<String>,
    /// The record as JSON.
    pub json: String,
}

impl From<Reference> for TaskInfo {
    fn from(it: Reference) -> Self {
        let named = |name: &str| field(&it.record, name);
        Self {
            code: named("code").unwrap_or_default(),
            campaign_id: named("campaign_id").unwrap_or_default(),
            team_id: named("team_id"),
            authority_id: named("authority_id").unwrap_or_default(),
            product_name: named("product_name").unwrap_or_default(),
            sampling_kind: named("sampling_kind").unwrap_or_default(),
            state: named("state").unwrap_or_default(),
            enterprises: list(&it.record, "enterprises"),
            json: it.record.to_string(),
            task_id: it.id,
        }
    }
}

/// 实施细则
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ProductRuleInfo {
    /// Its id.
    pub rule_id: String,
    /// 产品
    pub product_name: String,
    /// 依据标准
    pub standards: Vec<String>,
    /// 计量单位
    pub unit: String,
    /// 最小抽样基数, thousandths of the unit.
    pub min_base_milli: i64,
    /// 检验样品数量, thousandths of the unit.
    pub test_qty_milli: i64,
    /// 备用样品数量, thousandths of the unit.
    pub spare_qty_milli: i64,
    /// The record as JSON.
    pub json: String,
}

impl From<Reference> for ProductRuleInfo {
    fn from(it: Reference) -> Self {
        Self {
            product_name: field(&it.record, "product_name").unwrap_or_default(),
            standards: list(&it.record, "standards"),
            unit: field(&it.record, "unit").unwrap_or_default(),
            min_base_milli: number(&it.record, "min_base_milli"),
            test_qty_milli: number(&it.record, "test_qty_milli"),
            spare_qty_milli: number(&it.record, "spare_qty_milli"),
            json: it.record.to_string(),
            rule_id: it.id,
        }
    }
}

/// By what this phone rules, and how current that is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RulesHeld {
    /// Versions of rulebooks, as `shanxi@2`.
    pub rulebooks: Vec<String>,
    /// The duplicate index is complete up to this instant, milliseconds of the server's clock; none was ever received.
    pub index_as_of_ms: Option<i64>,
}

/// At which enterprise a visit begins.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Place {
    /// One that the server listed.
    Listed {
        /// Which.
        enterprise_id: String,
    },
    /// One that nobody listed: made here, perhaps offline.
    Unlisted {
        /// 单位名称
        name: String,
        /// 统一社会信用代码; with it two phones name the same enterprise.
        uscc: Option<String>,
        /// Why there is no code.
        no_uscc_reason: Option<String>,
        /// 地址
        address: String,
        /// GB/T 2260.
        region: Option<String>,
    },
}

/// The start of a visit. A teammate's phone that starts the same joins it: both write one document.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VisitPlan {
    /// Campaign.
    pub campaign_id: String,
    /// Where.
    pub place: Place,
    /// The team; none writes a document of one's own, which gets a finding.
    #[uniffi(default = None)]
    pub team_id: Option<String>,
    /// Which plant, where one code has several.
    #[uniffi(default = None)]
    pub site: Option<String>,
}

impl VisitPlan {
    pub(super) fn read(self) -> Done<VisitStart> {
        Ok(VisitStart {
            campaign_id: id(&self.campaign_id)?,
            enterprise: match self.place {
                Place::Listed { enterprise_id } => EnterpriseChoice::Listed {
                    enterprise_id: id(&enterprise_id)?,
                },
                Place::Unlisted {
                    name,
                    uscc,
                    no_uscc_reason,
                    address,
                    region,
                } => EnterpriseChoice::Unlisted {
                    name,
                    uscc,
                    no_uscc_reason,
                    address,
                    region,
                },
            },
            team_id: maybe_id(self.team_id.as_ref())?,
            site: self.site,
        })
    }
}

/// Why an arrival is no second entry.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Continuation {
    /// A signed permission to walk in again.
    ReEntryGrant {
        /// Which.
        grant_id: String,
    },
    /// Another team of the body takes over.
    Handover {
        /// From which.
        from_team_id: String,
    },
    /// A refusal was resolved.
    ResolvedRefusal,
}

/// Walking in (进门).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ArrivalForm {
    /// Samplers present.
    pub samplers: Vec<String>,
    /// 监督抽查通知书 number shown.
    #[uniffi(default = None)]
    pub notice_no: Option<String>,
    /// 出示证件
    #[uniffi(default = false)]
    pub id_shown: bool,
    /// Local officers who came along (属地监管人员协助抽样).
    #[uniffi(default = [])]
    pub assisting: Vec<String>,
    /// Declared joint entry (联合).
    #[uniffi(default = None)]
    pub joint_entry_id: Option<String>,
    /// Why this is no second entry.
    #[uniffi(default = None)]
    pub continues: Option<Continuation>,
}

impl ArrivalForm {
    pub(super) fn read(self) -> Done<ArrivalInput> {
        Ok(ArrivalInput {
            samplers: ids(&self.samplers)?,
            notice_no: self.notice_no,
            id_shown: self.id_shown,
            assisting: ids(&self.assisting)?,
            joint_entry_id: maybe_id(self.joint_entry_id.as_ref())?,
            resumes: None,
            continues: match self.continues {
                None => None,
                Some(Continuation::ReEntryGrant { grant_id }) => Some(Continues::ReEntryGrant {
                    grant_id: id(&grant_id)?,
                }),
                Some(Continuation::Handover { from_team_id }) => Some(Continues::Handover {
                    from: id(&from_team_id)?,
                }),
                Some(Continuation::ResolvedRefusal) => Some(Continues::ResolvedRefusal),
            },
        })
    }
}

/// A record of a visit, or of a confirmation.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum RecordRef {
    /// The visit as a whole.
    Visit,
    /// 抽样单
    Sheet {
        /// Which.
        id: String,
    },
    /// 拒检认定表
    Refusal {
        /// Which.
        id: String,
    },
    /// 未抽到样品
    NotSampled {
        /// Which.
        id: String,
    },
    /// 现场报告
    OnSiteReport {
        /// Which.
        id: String,
    },
    /// 现场确认
    Confirmation {
        /// Which.
        id: String,
    },
}

fn other_record() -> ClientError {
    ClientError::new(
        "record.other_kind",
        "This is not done with a record of this kind",
    )
}

impl RecordRef {
    pub(super) fn of_evidence(&self) -> Done<EvidenceSubject> {
        Ok(match self {
            Self::Visit => EvidenceSubject::Visit,
            Self::Sheet { id: it } => EvidenceSubject::Sheet(id(it)?),
            Self::Refusal { id: it } => EvidenceSubject::Refusal(id(it)?),
            Self::NotSampled { id: it } => EvidenceSubject::NotSampled(id(it)?),
            Self::OnSiteReport { id: it } => EvidenceSubject::OnSiteReport(id(it)?),
            Self::Confirmation { id: it } => EvidenceSubject::Confirmation(id(it)?),
        })
    }

    pub(super) fn of_seal(&self) -> Done<SealSubject> {
        self.of_evidence()?.sealed_as().ok_or_else(other_record)
    }

    pub(super) fn of_case(&self) -> Done<ConfirmedSubject> {
        match self {
            Self::Refusal { id: it } => Ok(ConfirmedSubject::Refusal(id(it)?)),
            Self::OnSiteReport { id: it } => Ok(ConfirmedSubject::OnSiteReport(id(it)?)),
            _ => Err(other_record()),
        }
    }

    pub(super) fn sealed(subject: SealSubject) -> Self {
        match subject {
            SealSubject::Sheet(it) => Self::Sheet { id: it.to_string() },
            SealSubject::Refusal(it) => Self::Refusal { id: it.to_string() },
            SealSubject::NotSampled(it) => Self::NotSampled { id: it.to_string() },
            SealSubject::OnSiteReport(it) => Self::OnSiteReport { id: it.to_string() },
            SealSubject::Confirmation(it) => Self::Confirmation { id: it.to_string() },
        }
    }

    fn confirmed(subject: &ConfirmedSubject) -> Self {
        match subject {
            ConfirmedSubject::Refusal(it) => Self::Refusal { id: it.to_string() },
            ConfirmedSubject::OnSiteReport(it) => Self::OnSiteReport { id: it.to_string() },
        }
    }
}

/// One person signs: their PIN opens their key, their finger drew the name.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct SignatureAct {
    /// Who.
    pub user_id: String,
    /// Opens the key.
    pub pin: String,
    /// The drawing; its hash is signed.
    pub handwriting: Vec<u8>,
}

impl SignatureAct {
    /// Of all who sign.
    pub(super) fn read_all(people: Vec<Self>) -> Done<Vec<SignerAct>> {
        people.into_iter().map(Self::read).collect()
    }

    pub(super) fn read(self) -> Done<SignerAct> {
        Ok(SignerAct {
            user_id: id(&self.user_id)?,
            pin: self.pin,
            handwriting: self.handwriting,
        })
    }
}

/// 拒检
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RefusalForm {
    /// `no_reason`, `fraud`, `obstruction`, `unreasonable_price`, `concealment`.
    pub kind: String,
    /// 事实认定
    pub fact_description: String,
    /// The product that was refused.
    pub product: String,
    /// Who saw it.
    #[uniffi(default = None)]
    pub witness: Option<String>,
    /// 后果已告知: the consequence was explained.
    #[uniffi(default = false)]
    pub consequence_explained: bool,
    /// 告知内容
    #[uniffi(default = None)]
    pub consequence: Option<String>,
    /// 任务来源
    #[uniffi(default = None)]
    pub task_id: Option<String>,
}

impl RefusalForm {
    pub(super) fn read(self) -> Done<RefusalInput> {
        Ok(RefusalInput {
            kind: self.kind,
            fact_description: self.fact_description,
            product: self.product,
            witness: self.witness,
            consequence_explained: self.consequence_explained,
            consequence: self.consequence,
            task_id: maybe_id(self.task_id.as_ref())?,
        })
    }
}

/// 现场报告
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ReportForm {
    /// `unlicensed`, `three_no`, `self_evident_violation`.
    pub grounds: String,
    /// In words.
    pub description: String,
    /// The organising authority, and whoever else is told.
    #[uniffi(default = [])]
    pub recipients: Vec<String>,
}

impl ReportForm {
    pub(super) fn read(self) -> Done<ReportInput> {
        Ok(ReportInput {
            grounds: self.grounds,
            description: self.description,
            recipients: ids(&self.recipients)?,
        })
    }
}

/// 现场确认
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConfirmationForm {
    /// `confirmed`, `not_established`, `resolved_sampled`.
    pub outcome: String,
    /// 处置
    pub measures: String,
    /// 意见
    pub opinion: String,
    /// 执法人员: who will sign.
    pub officers: Vec<String>,
}

impl ConfirmationForm {
    pub(super) fn read(self) -> Done<ConfirmationInput> {
        Ok(ConfirmationInput {
            outcome: self.outcome,
            measures: self.measures,
            opinion: self.opinion,
            officers: ids(&self.officers)?,
        })
    }
}

/// One row of the list of visits.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VisitRow {
    /// The document.
    pub document_id: String,
    /// Campaign.
    pub campaign_id: String,
    /// As recorded.
    pub enterprise_name: String,
    /// Wall time of the first arrival.
    pub entered_at_ms: Option<i64>,
    /// Sheets that are not voided.
    pub sheets: i64,
    /// Sheets that bear a seal.
    pub sealed: i64,
    /// Changes that the server has not acknowledged yet.
    pub unsent: i64,
    /// When it last changed here.
    pub updated_at_ms: i64,
}

impl From<VisitSummary> for VisitRow {
    fn from(it: VisitSummary) -> Self {
        Self {
            document_id: it.document_id.to_string(),
            campaign_id: it.campaign_id.to_string(),
            enterprise_name: it.enterprise_name,
            entered_at_ms: it.entered_at_ms,
            sheets: it.sheets,
            sealed: it.sealed,
            unsent: it.unsent,
            updated_at_ms: it.updated_at_ms,
        }
    }
}

/// A finding of the rules, in words.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FindingInfo {
    /// `ENTRY1`, `DUP6`, …
    pub rule_id: String,
    /// `notice`, `violation`, `needs_ruling`, `fatal`.
    pub severity: String,
    /// `visit/…`, `entry/…`, `sample/…`, `refusal/…`.
    pub subject: String,
    /// The article, as the rulebook cites it.
    pub citation: String,
    /// Which rulebook version spoke.
    pub rulebook: String,
    /// What stands instead, where something does.
    pub winner: Option<String>,
    /// Key of the message, as `DUP6.within_window`.
    pub message: String,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<Spoken> for FindingInfo {
    fn from(it: Spoken) -> Self {
        Self {
            severity: word(&it.finding.severity),
            subject: word(&it.finding.subject),
            winner: it.finding.winner.as_ref().map(word),
            rule_id: it.finding.rule_id,
            citation: it.finding.citation,
            rulebook: it.finding.rulebook,
            message: it.finding.message,
            zh: it.zh,
            en: it.en,
        }
    }
}

/// How something stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OutcomeInfo {
    /// `entry/…`, `sample/…`, `refusal/…`.
    pub subject: String,
    /// `first`, `excess`, …; `valid`, `duplicate`, …; `confirmed`, ….
    pub outcome: String,
}

impl From<Stands> for OutcomeInfo {
    fn from(it: Stands) -> Self {
        Self {
            subject: word(&it.subject),
            outcome: word(&it.outcome),
        }
    }
}

/// What leases say of a door.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DoorInfo {
    /// As it is acted on, as JSON.
    pub json: String,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl DoorInfo {
    pub(super) fn of(it: &SpokenDoor) -> Done<Self> {
        Ok(Self {
            json: text(&it.door)?,
            zh: it.zh.clone(),
            en: it.en.clone(),
        })
    }
}

/// What the rules say of a visit before the sample is cut.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PreviewInfo {
    /// From the phone's own documents and reference data.
    pub findings: Vec<FindingInfo>,
    /// Of the visit's entries and samples.
    pub outcomes: Vec<OutcomeInfo>,
    /// What the duplicate index adds: advice, for the server may know more, and of later.
    pub advice: Vec<FindingInfo>,
    /// The index is complete up to this instant; none was ever received.
    pub index_as_of_ms: Option<i64>,
    /// What leases say of the door now.
    pub door: Option<DoorInfo>,
    /// Rulebook versions that spoke.
    pub rulebooks: Vec<String>,
}

impl PreviewInfo {
    pub(super) fn of(it: CorePreview) -> Done<Self> {
        Ok(Self {
            findings: it.findings.into_iter().map(FindingInfo::from).collect(),
            outcomes: it.outcomes.into_iter().map(OutcomeInfo::from).collect(),
            advice: it.advice.into_iter().map(FindingInfo::from).collect(),
            index_as_of_ms: it.index_as_of_ms,
            door: it.door.as_ref().map(DoorInfo::of).transpose()?,
            rulebooks: it.rulebooks.into_iter().collect(),
        })
    }
}

/// A ruling of the server, in its highest version.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RulingInfo {
    /// Its id.
    pub ruling_id: String,
    /// On what.
    pub subject: String,
    /// 1, 2, …
    pub version: i64,
    /// How it stands.
    pub outcome: String,
    /// Why.
    pub findings: Vec<FindingInfo>,
    /// `engine`, or the user who decided.
    pub actor: String,
    /// Rulebook versions used.
    pub rulebook: String,
    /// When, milliseconds of the server's clock.
    pub decided_at_ms: i64,
}

impl From<RulingNotice> for RulingInfo {
    fn from(it: RulingNotice) -> Self {
        let findings = it.findings.into_iter();
        Self {
            ruling_id: it.ruling_id.to_string(),
            subject: word(&it.subject),
            version: it.version,
            outcome: word(&it.outcome),
            findings: findings
                .map(|it| FindingInfo::from(Spoken::from(it)))
                .collect(),
            actor: it.actor,
            rulebook: it.rulebook,
            decided_at_ms: it.decided_at_ms,
        }
    }
}

/// How something that is ruled stands, in the doctor's words.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RuledInfo {
    /// On what.
    pub subject: String,
    /// Whether somebody should look at it.
    pub needs_attention: bool,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<RuledItem> for RuledInfo {
    fn from(it: RuledItem) -> Self {
        Self {
            subject: word(&it.subject),
            needs_attention: it.needs_attention,
            zh: it.zh,
            en: it.en,
        }
    }
}

/// One item of the sync doctor.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DoctorRow {
    /// Its document.
    pub document_id: String,
    /// The change.
    pub hash: String,
    /// Whether this install wrote it.
    pub own: bool,
    /// `queued`, `received`, `held`, …
    pub state: String,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<DoctorItem> for DoctorRow {
    fn from(it: DoctorItem) -> Self {
        Self {
            document_id: it.document_id.to_string(),
            hash: it.hash.to_string(),
            own: it.own,
            state: it.state,
            zh: it.zh,
            en: it.en,
        }
    }
}

/// One of the values that two phones wrote apart.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConflictSide {
    /// The change that wrote it: what settling names.
    pub change: String,
    /// The value as JSON.
    pub json: String,
}

/// Two phones wrote one field without knowing of each other.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConflictRow {
    /// Where, as a path.
    pub path: String,
    /// The values, the one that is shown first.
    pub sides: Vec<ConflictSide>,
    /// Nobody has settled it since.
    pub open: bool,
}

impl From<ConflictInfo> for ConflictRow {
    fn from(it: ConflictInfo) -> Self {
        let sides = it.values.into_iter().zip(it.changes);
        Self {
            path: it.path,
            sides: sides
                .map(|(value, change)| ConflictSide {
                    change: change.to_string(),
                    json: value.to_string(),
                })
                .collect(),
            open: it.open,
        }
    }
}

/// What is captured.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EvidenceForm {
    /// `image/jpeg`, `video/mp4`, …
    pub media_type: String,
    /// `place`, `label`, `stock`, `sealing`, `refusal`, `signature`, `paper_form`, `other`.
    pub kind: String,
    /// What it shows.
    pub shows: RecordRef,
}

/// A piece of evidence in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EvidenceRef {
    /// In the manifest.
    pub evidence_id: String,
    /// SHA-256 of the bytes, hexadecimal.
    pub sha256: String,
}

/// Where a piece of evidence stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EvidenceRow {
    /// In its manifest.
    pub evidence_id: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Length.
    pub size_bytes: i64,
    /// As `image/jpeg`.
    pub media_type: String,
    /// `place`, `label`, …
    pub kind: String,
    /// Its original lies on this phone.
    pub on_phone: bool,
    /// What the server last said it has of it.
    pub sent_bytes: i64,
    /// `expected`, `uploading`, `checking`, `verified` or `mismatch`.
    pub state: String,
    /// Why it waits here: `turn`, `paused`, `metered`, `held`, `queued`.
    pub waits: Option<String>,
    /// Whether somebody should look at it.
    pub needs_attention: bool,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<EvidenceItem> for EvidenceRow {
    fn from(it: EvidenceItem) -> Self {
        Self {
            evidence_id: it.evidence_id.to_string(),
            sha256: it.sha256.to_string(),
            size_bytes: it.size_bytes,
            media_type: it.media_type,
            kind: it.kind,
            on_phone: it.on_phone,
            sent_bytes: it.sent_bytes,
            state: it.state,
            waits: it.waits,
            needs_attention: it.needs_attention,
            zh: it.zh,
            en: it.en,
        }
    }
}

/// What a visit says of its evidence as a whole.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EvidenceTotals {
    /// Entries of the manifest.
    pub total: i64,
    /// Verified by the server.
    pub verified: i64,
    /// Every entry is verified.
    pub complete: bool,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<EvidenceSummary> for EvidenceTotals {
    fn from(it: EvidenceSummary) -> Self {
        Self {
            total: it.tally.total,
            verified: it.tally.verified,
            complete: it.complete,
            zh: it.zh,
            en: it.en,
        }
    }
}

/// What was let go.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SpaceFreed {
    /// Originals.
    pub files: i64,
    /// Their bytes.
    pub bytes: i64,
}

impl From<Freed> for SpaceFreed {
    fn from(it: Freed) -> Self {
        Self {
            files: it.files.into(),
            bytes: it.bytes,
        }
    }
}

/// A review of a piece of evidence by the authority (影像审查).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ReviewInfo {
    /// The piece.
    pub evidence_id: String,
    /// 1, 2, …
    pub version: i64,
    /// `accepted`, `questioned`, `rejected`.
    pub verdict: String,
    /// Why.
    pub reason: String,
    /// 组织抽查部门
    pub authority: String,
    /// When, milliseconds of the server's clock.
    pub at_ms: i64,
}

impl From<EvidenceReview> for ReviewInfo {
    fn from(it: EvidenceReview) -> Self {
        Self {
            evidence_id: it.evidence_id.to_string(),
            version: it.version,
            verdict: word(&it.verdict),
            reason: it.reason,
            authority: it.authority,
            at_ms: it.at_ms,
        }
    }
}

/// A door that a team holds for a time (门锁).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LeaseRow {
    /// Its id.
    pub lease_id: String,
    /// In which campaign.
    pub campaign_id: String,
    /// Key of the enterprise when it was given.
    pub enterprise_key: String,
    /// Who holds it.
    pub team_id: String,
    /// From when, milliseconds of the server's clock.
    pub granted_at_ms: i64,
    /// Until when, milliseconds of the server's clock.
    pub expires_at_ms: i64,
    /// When it was given back, if it was.
    pub released_at_ms: Option<i64>,
}

impl From<LeaseInfo> for LeaseRow {
    fn from(it: LeaseInfo) -> Self {
        Self {
            lease_id: it.lease_id.to_string(),
            campaign_id: it.campaign_id.to_string(),
            enterprise_key: it.enterprise_key.to_string(),
            team_id: it.team_id.to_string(),
            granted_at_ms: it.granted_at_ms,
            expires_at_ms: it.expires_at_ms,
            released_at_ms: it.released_at_ms,
        }
    }
}

/// What a code says, once everything in it was verified.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CodeHeard {
    /// `question` or `answer`.
    pub kind: String,
    /// Who shows it, as certified.
    pub user_name: String,
    /// 抽样员证 / 执法证
    pub certificate_no: Option<String>,
    /// When it was made, by the wall clock of that phone.
    pub at_ms: i64,
    /// How far that phone is from here, in millimetres, where both places are known.
    pub distance_mm: Option<i64>,
    /// Of an answer: the visit of which it speaks.
    pub document_id: Option<String>,
    /// Of an answer: what in it.
    pub subject: Option<RecordRef>,
}

impl From<CodeRead> for CodeHeard {
    fn from(it: CodeRead) -> Self {
        Self {
            kind: it.kind,
            user_name: it.user_name,
            certificate_no: it.certificate_no,
            at_ms: it.at_ms,
            distance_mm: it.distance_mm,
            document_id: it.document_id.map(|it| it.to_string()),
            subject: it.subject.as_ref().map(RecordRef::confirmed),
        }
    }
}

/// A parcel (密封包) as a file for the share sheet.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ParcelFile {
    /// Its id.
    pub parcel_id: String,
    /// What the file may be called: nothing of what is inside.
    pub file_name: String,
    /// For whom it is.
    pub recipient: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Confirmations for which one parcel has no room, the newest first: they reach the other phone over the network.
    pub left_out: Vec<String>,
}

impl From<ParcelMade> for ParcelFile {
    fn from(it: ParcelMade) -> Self {
        Self {
            parcel_id: it.parcel_id.to_string(),
            file_name: it.file_name,
            recipient: it.recipient,
            bytes: it.bytes,
            left_out: it.left_out.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What was in a parcel.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ParcelTaken {
    /// Its id.
    pub parcel_id: String,
    /// Who made it, as certified.
    pub sender_name: String,
    /// Visits in it.
    pub visits: Vec<String>,
    /// Confirmations in it.
    pub confirmations: Vec<String>,
    /// Changes that are new here.
    pub changes: i64,
    /// What came and does not stand, each with why.
    pub aside: Vec<AsideInfo>,
}

/// Something of a parcel that does not stand (隔离).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AsideInfo {
    /// Of which document.
    pub document_id: String,
    /// Which change; none where it is none, or the whole document.
    pub hash: Option<String>,
    /// Stable code, as the server would say it.
    pub code: String,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<SetAside> for AsideInfo {
    fn from(it: SetAside) -> Self {
        Self {
            document_id: it.document_id.to_string(),
            hash: it.hash.map(|it| it.to_string()),
            code: it.code,
            zh: it.zh,
            en: it.en,
        }
    }
}

impl From<ParcelOpened> for ParcelTaken {
    fn from(it: ParcelOpened) -> Self {
        let texts = |ids: Vec<_>| ids.iter().map(ToString::to_string).collect();
        let visits: Vec<sync_core::model::DocumentId> = it.visits;
        Self {
            parcel_id: it.parcel_id.to_string(),
            sender_name: it.sender_name,
            visits: texts(visits),
            confirmations: texts(it.confirmations),
            changes: it.changes.into(),
            aside: it.aside.into_iter().map(AsideInfo::from).collect(),
        }
    }
}

/// A sealed refusal or report that waits for enforcement, or was settled.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseRow {
    /// Its visit.
    pub document_id: String,
    /// What in it.
    pub subject: RecordRef,
    /// `no_reason`, …; `unlicensed`, …
    pub kind: String,
    /// 事实认定
    pub description: String,
    /// 单位名称
    pub enterprise_name: String,
    /// 地址
    pub address: String,
    /// When it happened, by the clock of the phone that recorded it.
    pub recorded_at_ms: i64,
    /// How far it is from here, in millimetres.
    pub distance_mm: Option<i64>,
    /// How it stands, in Chinese.
    pub state_zh: String,
    /// The same in English.
    pub state_en: String,
    /// Nothing that counts was found yet.
    pub waiting: bool,
    /// Why who reads may not confirm it, as a stable code; none if they may.
    pub objection: Option<String>,
}

impl From<Case> for CaseRow {
    fn from(it: Case) -> Self {
        Self {
            document_id: it.document_id.to_string(),
            subject: RecordRef::confirmed(&it.subject),
            kind: it.kind,
            description: it.description,
            enterprise_name: it.enterprise_name,
            address: it.address,
            recorded_at_ms: it.recorded_at_ms,
            distance_mm: it.distance_mm,
            state_zh: it.state_zh,
            state_en: it.state_en,
            waiting: it.waiting,
            objection: it.objection,
        }
    }
}

/// One row of the list of confirmations of a visit.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConfirmationRow {
    /// The document.
    pub document_id: String,
    /// What it confirms.
    pub subject: RecordRef,
    /// What it says; none before anything was written.
    pub outcome: Option<String>,
    /// It bears a seal that its phone signed.
    pub sealed: bool,
    /// Codes of what is wrong with it.
    pub faults: Vec<String>,
}

impl From<ConfirmationSummary> for ConfirmationRow {
    fn from(it: ConfirmationSummary) -> Self {
        Self {
            document_id: it.document_id.to_string(),
            subject: RecordRef::confirmed(&it.subject),
            outcome: it.outcome,
            sealed: it.sealed,
            faults: it.faults,
        }
    }
}
