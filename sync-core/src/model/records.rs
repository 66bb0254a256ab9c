//! What else is written down in a visit: arrivals, suspensions, evidence, refusals and the rest, as the document keeps
//! them. They are read by projection; the author is never among their fields, because it is the change's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::{
    AmendmentId, ArrivalId, Digest, EnterpriseRecordId, EvidenceId, JointEntryId, NotSampledId,
    OnSiteReportId, OrganisationId, PriorClaimId, ReEntryGrantId, RecusalId, RefusalId, SampleId,
    SealId, SuspensionId, TeamId, UserId,
};
use super::sheet::Party;
use super::time::TimeClaim;

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

/// 坐标. Integers: a float has several spellings, and what is sealed must have one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// WGS-84 latitude in ten-millionths of a degree.
    pub latitude_e7: i64,
    /// WGS-84 longitude in ten-millionths of a degree.
    pub longitude_e7: i64,
    /// Radius of uncertainty, millimetres.
    pub accuracy_mm: i64,
    /// What it was before it became WGS-84: `wgs84`, `gcj02`.
    pub crs_source: String,
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
    /// `place`, `label`, `stock`, `sealing`, …
    pub kind: String,
    /// What it shows.
    pub subject: EvidenceSubject,
    /// When it was captured.
    pub captured_at: TimeClaim,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

impl EvidenceEntry {
    /// `photo`, `video` or `file`.
    pub fn medium(&self) -> &'static str {
        match self.media_type.split('/').next() {
            Some("image") => "photo",
            Some("video") => "video",
            _ => "file",
        }
    }
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
    /// `no_reason`, `fraud`, `obstruction`, `unreasonable_price`, `concealment`.
    pub kind: String,
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
    /// When.
    pub refused_at: TimeClaim,
}

/// 未抽到样品
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotSampled {
    /// Its id.
    pub not_sampled_id: NotSampledId,
    /// `closed`, `deregistered`, `stopped`, …
    pub reason: String,
    /// 证书编号
    #[serde(default)]
    pub licence_no: String,
    /// In words.
    #[serde(default)]
    pub explanation: String,
    /// When.
    pub recorded_at: TimeClaim,
}

/// 现场报告: stop and report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnSiteReport {
    /// Its id.
    pub report_id: OnSiteReportId,
    /// `unlicensed` 无证无照, `three_no` 三无产品, `self_evident_violation`.
    pub grounds: String,
    /// In words.
    pub description: String,
    /// The organising authority, and whoever else is told.
    #[serde(default)]
    pub recipients: BTreeSet<OrganisationId>,
    /// 终止抽样
    pub sampling_terminated: bool,
    /// When.
    pub reported_at: TimeClaim,
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
}

/// One person's signature on a seal or an amendment, with their own key, bound to their handwriting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonSignature {
    /// Serial of the signer's certificate.
    pub certificate_serial: i64,
    /// SHA-256 of the handwriting (手写签名).
    pub handwriting: Digest,
    /// P-256 over `proof::seal_statement(seal, "sampler", handwriting, none)`, base64.
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
