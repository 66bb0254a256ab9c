//! What goes into the client and comes out of it: owned, plain, serializable, so that a binding can be generated.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_core::model::{
    CampaignId, ChangeHash, ConfirmedSubject, DeviceId, Digest, DocumentId, EnterpriseId,
    EnterpriseKey, EvidenceId, EvidenceSubject, JointEntryId, LeaseId, Location, Millis,
    OrganisationId, ParcelId, ReEntryGrantId, SampleId, SuspensionId, TaskId, TeamId, UserId,
};

/// Who this phone is to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The install.
    pub device_id: String,
    /// The person it was enrolled for.
    pub user_id: UserId,
    /// Their name.
    pub user_name: String,
    /// Their organisation.
    pub organisation_id: OrganisationId,
}

/// Somebody who can sign on this phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerInfo {
    /// The person.
    pub user_id: UserId,
    /// Their name, as certified.
    pub user_name: String,
    /// 抽样员证
    pub certificate_no: Option<String>,
}

/// One record of reference data as it was sent; `record` has the fields of its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// `task`, `enterprise`, `product_rule`, `campaign`, `team`, …
    pub kind: String,
    /// Within the kind.
    pub id: String,
    /// Grows.
    pub version: i64,
    /// The record.
    pub record: Value,
}

/// At which enterprise a visit begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "enterprise", rename_all = "snake_case")]
pub enum EnterpriseChoice {
    /// One that the server listed.
    Listed {
        /// Which.
        enterprise_id: EnterpriseId,
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

/// The start of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitStart {
    /// Campaign.
    pub campaign_id: CampaignId,
    /// Where.
    pub enterprise: EnterpriseChoice,
    /// The roster; none writes a document of one's own, which gets a finding.
    pub team_id: Option<TeamId>,
    /// Which plant, where one code has several.
    #[serde(default)]
    pub site: Option<String>,
}

/// A door that a team holds for a time (门锁).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseInfo {
    /// Its id.
    pub lease_id: LeaseId,
    /// In which campaign.
    pub campaign_id: CampaignId,
    /// Key of the enterprise when it was given.
    pub enterprise_key: EnterpriseKey,
    /// Who holds it.
    pub team_id: TeamId,
    /// From when, milliseconds of the server's clock.
    pub granted_at_ms: Millis,
    /// Until when, milliseconds of the server's clock.
    pub expires_at_ms: Millis,
    /// When it was given back, if it was.
    #[serde(default)]
    pub released_at_ms: Option<Millis>,
}

/// Walking in (进门).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrivalInput {
    /// Samplers present.
    pub samplers: Vec<UserId>,
    /// 监督抽查通知书 number shown.
    pub notice_no: Option<String>,
    /// 出示证件
    pub id_shown: bool,
    /// Local officers who came along (属地监管人员协助抽样).
    #[serde(default)]
    pub assisting: Vec<UserId>,
    /// Declared joint entry (联合).
    #[serde(default)]
    pub joint_entry_id: Option<JointEntryId>,
    /// Resumption after this recorded suspension.
    #[serde(default)]
    pub resumes: Option<SuspensionId>,
    /// Why this is no second entry.
    #[serde(default)]
    pub continues: Option<Continues>,
}

/// Why an arrival continues an earlier entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Continues {
    /// A signed permission to walk in again.
    ReEntryGrant {
        /// Which.
        grant_id: ReEntryGrantId,
    },
    /// Another team of the body takes over.
    Handover {
        /// From which.
        from: TeamId,
    },
    /// A refusal was resolved.
    ResolvedRefusal,
}

/// A file to capture as evidence (影像).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureInput {
    /// Where it is now; it is copied from there and left alone.
    pub file: PathBuf,
    /// `image/jpeg`, `video/mp4`, …
    pub media_type: String,
    /// `place`, `label`, `stock`, `sealing`, `refusal`, `signature`, `paper_form`, `other`.
    pub kind: String,
    /// What it shows.
    pub subject: EvidenceSubject,
    /// Where the phone was, as its host says.
    pub location: Option<Location>,
}

/// One piece of evidence as bytes; a file is captured as it lies ([`CaptureInput`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceInput {
    /// `place`, `label`, `stock`, `sealing`, `notice`, …
    pub kind: String,
    /// `photo` or `video`.
    pub medium: String,
    /// The sheet it belongs to; none = the visit.
    pub sample_id: Option<SampleId>,
    /// `image/jpeg`, …
    pub mime: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// One sampler signs: their PIN opens their key, their finger drew the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerAct {
    /// Who.
    pub user_id: UserId,
    /// Opens the key.
    pub pin: String,
    /// The drawing; its hash is signed.
    pub handwriting: Vec<u8>,
}

/// What the sampled party did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
#[uniffi(name = "PartySignatureAct")]
pub enum PartyAct {
    /// Signed, perhaps with a stamp (盖章).
    Signed {
        /// Who signed for the party.
        name: String,
        /// The drawing.
        handwriting: Vec<u8>,
        /// Photo of the stamp.
        stamp: Option<Vec<u8>>,
    },
    /// Would not sign; somebody saw it.
    Refused {
        /// In their words.
        reason: String,
        /// Who saw it.
        witness: String,
        /// The witness's drawing, if they signed.
        handwriting: Option<Vec<u8>>,
    },
}

/// 拒检
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalInput {
    /// `no_reason`, `fraud`, `obstruction`, `unreasonable_price`, `concealment`.
    pub kind: String,
    /// 事实认定
    pub fact_description: String,
    /// The product that was refused.
    pub product: String,
    /// Who saw it.
    pub witness: Option<String>,
    /// 后果已告知: the consequence was explained.
    pub consequence_explained: bool,
    /// 告知内容: what they were told of it, word by word.
    #[serde(default)]
    pub consequence: Option<String>,
    /// 任务来源; its level is the authority's.
    #[serde(default)]
    pub task_id: Option<TaskId>,
}

/// 未抽到样品
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
#[uniffi(name = "NotSampledForm")]
pub struct NotSampledInput {
    /// `closed`, `stopped`, `converted`, …
    pub reason: String,
    /// In words.
    pub note: String,
    /// 证书编号; 无 is explicit.
    #[serde(default)]
    pub licence_no: String,
    /// Photo of the local bureau's stamp: 转产, 停产 and 倒闭 want it.
    #[serde(default)]
    #[uniffi(default = None)]
    pub bureau_stamp: Option<Vec<u8>>,
}

/// What the enterprise shows to say that an upper level sampled it already.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorClaimInput {
    /// 组织抽查部门 by name.
    pub authority: String,
    /// ISO date.
    pub sampled_on: String,
    /// 编号
    #[serde(default)]
    pub sheet_no: Option<String>,
    /// Of the manifest: the photo of the proof.
    #[serde(default)]
    pub photo: Option<EvidenceId>,
    /// The sheet that it speaks against.
    #[serde(default)]
    pub sample_id: Option<SampleId>,
}

/// 现场报告
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportInput {
    /// `unlicensed`, `three_no`, `self_evident_violation`.
    pub grounds: String,
    /// In words.
    pub description: String,
    /// The organising authority, and whoever else is told.
    #[serde(default)]
    pub recipients: Vec<OrganisationId>,
}

/// 现场确认: what officers find of a refusal or a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmationInput {
    /// `confirmed`, `not_established`, `resolved_sampled`.
    pub outcome: String,
    /// 处置
    pub measures: String,
    /// 意见
    pub opinion: String,
    /// 执法人员: who will sign. Names and numbers of certificates (执法证号) are those that are certified on this phone.
    pub officers: Vec<UserId>,
}

/// 复核意见 of a second officer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
#[uniffi(name = "OpinionForm")]
pub struct OpinionInput {
    /// Whether they hold the confirmation to be true.
    pub agrees: bool,
    /// Why, in their words.
    pub reason: String,
}

/// One row of the list of confirmations of a visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmationSummary {
    /// The document.
    pub document_id: DocumentId,
    /// What it confirms.
    pub subject: ConfirmedSubject,
    /// What it says, as it was sealed or as it stands; none before anything was written.
    pub outcome: Option<String>,
    /// It bears a seal that its phone signed.
    pub sealed: bool,
    /// Codes of what is wrong with it.
    pub faults: Vec<String>,
}

/// A code to show to the other phone's camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
#[uniffi(name = "CodeShown")]
pub struct CodeToShow {
    /// What the other phone answers.
    pub nonce: String,
    /// What the QR code says.
    pub text: String,
}

/// What a code says, once everything in it was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRead {
    /// `question` or `answer`.
    pub kind: String,
    /// What it is answered by.
    pub nonce: String,
    /// The phone that shows it.
    pub device_id: DeviceId,
    /// Its person.
    pub user_id: UserId,
    /// Their name, as certified.
    pub user_name: String,
    /// 抽样员证 / 执法证
    pub certificate_no: Option<String>,
    /// When it was made, by the wall clock of that phone.
    pub at_ms: Millis,
    /// Where that phone says that it was.
    pub location: Option<Location>,
    /// How far that is from here, in millimetres, where both are known.
    pub distance_mm: Option<i64>,
    /// Of an answer: the visit of which it speaks.
    pub document_id: Option<DocumentId>,
    /// Of an answer: what in it.
    pub subject: Option<ConfirmedSubject>,
}

/// A parcel (密封包) as a file for the share sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParcelMade {
    /// Its id.
    pub parcel_id: ParcelId,
    /// What the file may be called: nothing of what is inside.
    pub file_name: String,
    /// For whom it is.
    pub recipient: String,
    /// Confirmations for which there was no room, the newest first: they reach the other phone over the network.
    pub left_out: Vec<DocumentId>,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What was in a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelOpened {
    /// Its id.
    pub parcel_id: ParcelId,
    /// The phone that made it.
    pub sender_device: DeviceId,
    /// Its person, as certified.
    pub sender_name: String,
    /// Visits in it.
    pub visits: Vec<DocumentId>,
    /// Confirmations in it.
    pub confirmations: Vec<DocumentId>,
    /// Changes that are new here and stand in their documents.
    pub changes: u32,
    /// What came and does not stand, each with why. It is kept, unless it is no change or of a document that is not for this
    /// phone.
    pub aside: Vec<SetAside>,
}

/// Something of a parcel that does not stand (隔离).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Of which document.
    pub document_id: DocumentId,
    /// Which change; none where it is none, or the whole document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<ChangeHash>,
    /// Stable code, as the server would say it: `author.region`, `change.transplanted`, …; `change.held` where it waits.
    pub code: String,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

/// One row of the list of visits, from columns: no document is opened for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitSummary {
    /// The document.
    pub document_id: DocumentId,
    /// Campaign.
    pub campaign_id: CampaignId,
    /// As recorded.
    pub enterprise_name: String,
    /// Key of the identity.
    pub enterprise_key: String,
    /// Wall time of the first arrival.
    pub entered_at_ms: Option<Millis>,
    /// Sheets that are not voided.
    pub sheets: i64,
    /// Sheets that bear a seal.
    pub sealed: i64,
    /// Changes that the server has not acknowledged yet.
    pub unsent: i64,
    /// When it last changed here.
    pub updated_at_ms: Millis,
}

/// Two phones wrote one field at the same time; the losing value is kept here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConflictInfo {
    /// The document.
    pub document_id: DocumentId,
    /// Where, as a path.
    pub path: String,
    /// The values, winner first.
    pub values: Vec<Value>,
    /// The changes that wrote them, in the same order.
    pub changes: Vec<ChangeHash>,
    /// Nobody has settled it since.
    pub open: bool,
}

/// How far a sync is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncProgress {
    /// Changes the server has spoken about.
    pub sent: u32,
    /// Feed items stored.
    pub received: u32,
    /// Changes still unsent.
    pub unsent: u32,
}

/// What one listed enterprise is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
#[uniffi(name = "EnterpriseInfo")]
pub struct EnterpriseFound {
    /// The server's id.
    pub enterprise_id: String,
    /// 单位名称
    pub name: String,
    /// 统一社会信用代码
    pub uscc: Option<String>,
    /// 地址
    pub address: String,
    /// GB/T 2260.
    pub region: Option<String>,
}

use sync_core::sync::evidence::EvidenceTally;
pub use sync_core::sync::session::Outcome as SyncOutcome;

/// What one sync did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    /// How it ended.
    pub outcome: SyncOutcome,
    /// Round trips that were answered.
    pub round_trips: u32,
    /// Changes that the server has now said something about.
    pub sent: u32,
    /// Feed items taken in.
    pub received: u32,
    /// Changes still unsent.
    pub unsent: u32,
    /// When to try again, on the monotonic clock, if it is not complete.
    pub retry_in_ms: Option<i64>,
    /// Code of the last failure.
    pub last_error: Option<String>,
}

/// One item of the sync doctor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoctorItem {
    /// Its document.
    pub document_id: DocumentId,
    /// The change.
    pub hash: ChangeHash,
    /// Whether this install wrote it.
    pub own: bool,
    /// Stable name of the state: `queued`, `received`, `held`, …
    pub state: String,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

/// One ruling in the doctor's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuledItem {
    /// On what.
    pub subject: sync_core::rules::Subject,
    /// Whether somebody should look at it.
    pub needs_attention: bool,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

/// A piece of evidence in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceAdded {
    /// In the manifest.
    pub evidence_id: String,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
}

/// Where a piece of evidence of a visit stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceItem {
    /// Its visit.
    pub document_id: DocumentId,
    /// In its manifest.
    pub evidence_id: EvidenceId,
    /// SHA-256.
    pub sha256: Digest,
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

/// What a visit says of its evidence as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceSummary {
    /// In numbers.
    pub tally: EvidenceTally,
    /// Every entry of the manifest is verified.
    pub complete: bool,
    /// 中文
    pub zh: String,
    /// English: `3 of 7 verified, 2 uploading, 2 on the phone`.
    pub en: String,
}

/// How far one file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadProgress {
    /// Its visit.
    pub document_id: DocumentId,
    /// In its manifest.
    pub evidence_id: EvidenceId,
    /// What the server has.
    pub sent_bytes: i64,
    /// Of.
    pub total_bytes: i64,
}

/// What one run of uploads did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadReport {
    /// How it ended: `complete` when nothing is left that may go now.
    pub outcome: SyncOutcome,
    /// Files that the server has whole now.
    pub files: u32,
    /// Bytes of files that this run put on the way, those that were lost there among them.
    pub bytes: i64,
    /// Files that were tried and wait for another time.
    pub put_off: u32,
    /// Files that went aside.
    pub aside: u32,
    /// When to try again, if it was said.
    pub retry_in_ms: Option<i64>,
    /// Code of the last failure.
    pub last_error: Option<String>,
}

/// What was let go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freed {
    /// Originals.
    pub files: u32,
    /// Their bytes.
    pub bytes: i64,
}

/// So many files of so many bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
#[uniffi(name = "FileAmount")]
pub struct Amount {
    /// Files.
    pub files: i64,
    /// Bytes of them all.
    pub bytes: i64,
}

impl Amount {
    /// Of files with these lengths.
    pub fn of(lengths: impl Iterator<Item = i64>) -> Self {
        lengths.fold(Self::default(), |sum, bytes| Self {
            files: sum.files + 1,
            bytes: sum.bytes + bytes,
        })
    }
}

/// What a phone's store takes up. Parcels and renditions are not kept on a phone: the one is made anew when it is asked
/// for, the other is the server's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, uniffi::Record)]
#[uniffi(name = "StorageInfo")]
pub struct StorageUse {
    /// The database with its log, bytes.
    pub database_bytes: i64,
    /// Room that is kept free for forms, bytes.
    pub reserve_bytes: i64,
    /// Originals that wait to be sent, or are being sent.
    pub waiting: Amount,
    /// Originals of which the server has every byte and has not signed for it.
    pub checking: Amount,
    /// Originals that are not sent, for a reason.
    pub aside: Amount,
    /// Originals that the server has signed for: cleaning lets these go.
    pub received: Amount,
    /// Files that no manifest names.
    pub unnamed: Amount,
    /// Files of damaged stores.
    pub damaged: Amount,
}

/// What a phone holds that no server has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsentWork {
    /// Changes in the outbox.
    pub changes: i64,
    /// Originals that no server has signed for.
    pub originals: i64,
    /// Damaged stores that were set aside, and of which not everything could be read.
    pub damaged_stores: i64,
}

impl UnsentWork {
    /// The number that a forced wipe names.
    pub fn total(&self) -> i64 {
        self.changes + self.originals + self.damaged_stores
    }
}
