//! Identifiers as newtypes, so that a task cannot be passed for a team. None of them is made here: UUIDv7s and hashes
//! are passed in by whoever has a clock and randomness.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is no identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {kind}")]
pub struct NotAnId {
    /// What was wanted, as the type's name.
    pub kind: &'static str,
    /// What came instead.
    pub text: String,
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::parse_str(text).map(Self)
                    .map_err(|_| NotAnId { kind: stringify!($name), text: text.into() })
            }
        }
    )*};
}

uuid_ids! {
    /// An organisation: an authority (组织抽查部门), an inspection body (承检机构), an entrusted unit (受托单位), a station.
    OrganisationId;
    /// A person who may log in.
    UserId;
    /// One install of the app on one phone.
    DeviceId;
    /// The product tasks of one commission, within which one body enters an enterprise once (一次任务进一次门).
    CampaignId;
    /// An assigned task (抽查任务) for one product kind.
    TaskId;
    /// The roster that works together in one campaign.
    TeamId;
    /// An enterprise as the server lists it; aliases point from one to another.
    EnterpriseId;
    /// A sampling sheet (抽样单) and with it the batch and the sample (样品).
    SampleId;
    /// One phone's record of walking in.
    ArrivalId;
    /// A recorded interruption of a visit.
    SuspensionId;
    /// A piece of evidence named in the manifest (影像).
    EvidenceId;
    /// What a sampler says to a review of a piece of evidence (影像补正).
    AnswerId;
    /// A seal over one subject of a document.
    SealId;
    /// A record of refused sampling (拒检).
    RefusalId;
    /// A record that no sample was obtained (未抽到样品).
    NotSampledId;
    /// A report from the scene (现场报告).
    OnSiteReportId;
    /// What a supervisor found on site (现场确认).
    ConfirmationId;
    /// A second officer's word on a confirmation (复核意见).
    OpinionId;
    /// A declared conflict of interest (回避).
    RecusalId;
    /// A sampling elsewhere that the enterprise claims at the gate.
    PriorClaimId;
    /// A correction of what a document says of its enterprise.
    EnterpriseRecordId;
    /// A signed change after sealing, with its reason.
    AmendmentId;
    /// One version of a ruling.
    RulingId;
    /// A version-controlled product rule (实施细则).
    ProductRuleId;
    /// A sampling made elsewhere or before.
    PriorSamplingId;
    /// The entry that two teams or bodies made together (联合).
    JointEntryId;
    /// A signed permission to walk in again.
    ReEntryGrantId;
    /// A door taken by one team for a time (门锁).
    LeaseId;
    /// What one phone hands another without a network (密封包).
    ParcelId;
    /// A question and its answer between two phones that meet (到场互签).
    CoSignatureId;
    /// An upload (上传) of one file of evidence by one device.
    UploadId;
}

macro_rules! hash_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; 32]);
        impl $name {
            /// The 32 bytes.
            pub fn as_bytes(&self) -> &[u8; 32] { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&hex::encode(self.0)) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), hex::encode(self.0))
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String { id.to_string() }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let refuse = || NotAnId { kind: stringify!($name), text: text.into() };
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| refuse())?;
                // One spelling only: an identifier is compared as text in databases and URLs.
                if text.bytes().any(|b| b.is_ascii_uppercase()) { return Err(refuse()); }
                Ok(Self(bytes))
            }
        }
        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> { text.parse() }
        }
    )*};
}

hash_ids! {
    /// A document: SHA-256 of its identity preimage, so that two phones that meet no network name the same one.
    DocumentId;
    /// A change: Automerge's SHA-256 of the chunk.
    ChangeHash;
    /// SHA-256 of any other bytes: a sealed subtree, a file, a set of facts.
    Digest;
}

/// The Automerge actor of one install, 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Actor(pub [u8; 16]);

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}
impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Actor({self})")
    }
}
impl From<Actor> for String {
    fn from(actor: Actor) -> String {
        actor.to_string()
    }
}
impl FromStr for Actor {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAnId {
            kind: "Actor",
            text: text.into(),
        })?;
        Ok(Self(bytes))
    }
}
impl TryFrom<String> for Actor {
    type Error = NotAnId;
    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

/// What stands for an enterprise in identities: its valid USCC, else an id the server issued, else one the device drew.
/// Never a typed name. Written `uscc:…`, `server:…` or `device:…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnterpriseKey(pub String);

impl fmt::Display for EnterpriseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entry (次, 进门) of one visit: `<document>/<Shanghai day of its first arrival>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub String);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
