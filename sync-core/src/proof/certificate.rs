//! Certificates: what the server vouches for about a key. They travel with the changes and are cached on every phone, so
//! that phones verify each other without a network.

use serde::{Deserialize, Serialize};

use super::Payload;
use crate::model::{Actor, DeviceId, Millis, OrganisationId, UserId};

/// A role of domain.md §1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 抽样人员
    Sampler,
    /// 承检机构: reviews and submits results.
    InspectionBody,
    /// 受托单位
    EntrustedUnit,
    /// 组织抽查部门: plans, approves, assigns, rules.
    Authority,
    /// 现场执法监管人员: confirms refusals on site.
    Enforcement,
    /// 产品质量科
    QualitySection,
    /// 分管局领导
    Leader,
    /// 新闻宣传科 / 综合执法支队
    Consulted,
    /// 监测站(点)
    Station,
    /// 县局 as a consolidator of risk reports.
    County,
    /// Receives samples at the laboratory; never one of their samplers (抽样与检验分离).
    LabReceiver,
    /// Runs the house: organisations, users, devices, imports.
    Admin,
}

/// What kind of organisation somebody belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationKind {
    /// 组织抽查部门
    Authority,
    /// 承检机构
    InspectionBody,
    /// 受托单位
    EntrustedUnit,
    /// 监测站(点)
    Station,
    /// Taken into a consultation.
    Consulted,
}

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateKind {
    /// The install's key: signs tips and parcels.
    Device,
    /// A person's key on that install, opened by their own PIN: signs seals.
    Signer,
}

/// What is certified. A device's changes are judged by this, whoever carried them (I5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificatePayload {
    /// Grows with every certificate of the server.
    pub serial: i64,
    /// Whose key.
    pub kind: CertificateKind,
    /// The install on which the key lives.
    pub device_id: DeviceId,
    /// The install's Automerge actor.
    pub actor: Actor,
    /// SEC1 point of the P-256 key, base64.
    pub public_key: String,
    /// SEC1 point of another P-256 key of the same install, to which parcels are sealed, base64: a key that signs does
    /// nothing else. None where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement_key: Option<String>,
    /// The person.
    pub user_id: UserId,
    /// Shown to people beside a signature.
    pub user_name: String,
    /// 抽样员证 / 执法证, if the person holds one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_no: Option<String>,
    /// The person's organisation.
    pub organisation_id: OrganisationId,
    /// Its kind.
    pub organisation_kind: OrganisationKind,
    /// The person's roles.
    pub roles: Vec<Role>,
    /// GB/T 2260 codes of the jurisdiction, six digits each.
    pub regions: Vec<String>,
    /// First instant of validity.
    pub not_before_ms: Millis,
    /// Last instant of validity.
    pub not_after_ms: Millis,
}

impl Payload for CertificatePayload {
    const CONTEXT: &'static str = "certificate";
}
