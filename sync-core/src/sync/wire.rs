//! The messages of `POST /v1/sync`. JSON under zstd: readable in a log, and the base64 of a change costs nothing once
//! compressed. One round trip carries changes up and everything new down; every message can be sent again and changes
//! nothing (I9).

use serde::{Deserialize, Serialize};

use crate::model::{ChangeHash, DeviceId, Digest, DocumentId, Millis, OrganisationId, RulingId};
use crate::proof::log::{CheckpointNews, SeenCheckpoint};
use crate::proof::{
    CertificatePayload, KeyId, KeyNotice, ReceiptPayload, Signed, TimeTokenPayload, TipStatement,
};
use crate::rules::{Finding, Outcome, Subject};

/// What a phone sends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncRequest {
    /// Where the phone stands; none at the first sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Changes, those of a document in causal order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<PushedChange>,
    /// One signature for every (document, actor) of the page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tips: Vec<SignedTip>,
    /// Identity preimages of the documents of the page, so that the server can start one it has never seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentHeader>,
    /// How much feed the phone takes in this answer, in inflated bytes; the server has a bound of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed_bytes_max: Option<u32>,
    /// The server's keys that the phone believes, the newest of them: it is told of those that are missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_keys: Vec<KeyId>,
    /// The checkpoint of the server's log that the phone has seen last; number 0 with no leaves where it has seen none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<SeenCheckpoint>,
}

/// A place in the feed. Every start of the server begins an epoch; a database knows the epochs of its own past and where
/// each ended. A cursor beyond such an end, or of an epoch that it does not know, was given by a database of which this one
/// is an older copy: its positions mean nothing, and the phone offers every change again that it holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// Of the server when the position was given.
    pub epoch: String,
    /// Everything up to and including this position has been seen.
    pub position: i64,
    /// Where the feed ended when this was given: what the phone pushed lies before it, even if it has not read so far yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
}

impl Cursor {
    /// The furthest position of which its holder was told.
    pub fn reach(&self) -> i64 {
        self.seen.unwrap_or(self.position).max(self.position)
    }
}

/// Which document a change belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentHeader {
    /// SHA-256 of the preimage.
    pub document_id: DocumentId,
    /// `visit` or `confirmation`.
    pub kind: String,
    /// The exact preimage text; its hash is checked against the id.
    pub preimage: String,
}

/// One raw change chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushedChange {
    /// The document.
    pub document_id: DocumentId,
    /// Hash of the chunk, recomputed by whoever receives it.
    pub hash: ChangeHash,
    /// The chunk, base64.
    pub bytes: String,
}

/// A device's signature over the tip of its own changes in one document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedTip {
    /// What is signed; see `proof::tip_statement`.
    pub tip: TipStatement,
    /// ECDSA P-256, DER or raw r‖s, base64.
    pub signature: String,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncResponse {
    /// One status for every change of the request, in its order.
    pub statuses: Vec<ChangeReport>,
    /// What is durable.
    pub receipts: Vec<Signed<ReceiptPayload>>,
    /// What is new since the cursor, in the order of positions.
    pub items: Vec<FeedItem>,
    /// Where the phone stands after `items`.
    pub cursor: Cursor,
    /// There is more behind `cursor`: ask again at once.
    pub more: bool,
    /// The server's database is an older copy of the one that gave the cursor: the feed starts over, and the phone offers
    /// all changes it holds.
    pub epoch_changed: bool,
    /// Reference data and the duplicate index are complete up to this instant, once this answer is taken in; none while
    /// there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of_ms: Option<Millis>,
    /// The server's time for this device.
    pub time_token: Signed<TimeTokenPayload>,
    /// What the phone does not know of the server's keys, in the order in which it can be believed; taken in before
    /// everything else, which may be signed by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_keys: Vec<KeyNotice>,
    /// Where browsers reach the server, for the codes on printed forms; none where nobody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// A newer checkpoint than the one that the phone named, with the proof that it extends that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<CheckpointNews>,
}

/// What became of one pushed change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReport {
    /// As pushed; an item whose hash could not be read is named by its place alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<ChangeHash>,
    /// The place in the request, from 0.
    pub index: u32,
    /// What became of it.
    #[serde(flatten)]
    pub status: ChangeStatus,
}

/// The states of a change at the server. Every one but `Refused` is stored; what is refused as unreadable is stored too,
/// in quarantine, unless its bytes could not even be taken off the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ChangeStatus {
    /// Stored and part of its document.
    Accepted,
    /// Stored; waits for another change, or depends on quarantined material.
    Held {
        /// `waiting_for` or `depends_on_quarantined`.
        reason: HeldReason,
        /// The change that is missing or quarantined.
        waiting_for: ChangeHash,
    },
    /// Stored aside.
    Quarantined {
        /// Which of the two kinds.
        quarantine: QuarantineKind,
        /// Stable code, as `change.run_length_exceeds` or `author.revoked`.
        code: String,
        /// For people.
        detail: String,
    },
    /// Could not be taken off the wire, or was turned away for now ([`ASIDE_FULL`]): the phone keeps it and shows why.
    Refused {
        /// Stable code.
        code: String,
        /// For people.
        detail: String,
    },
}

/// Code under which the server turns a change away unstored: too much of what its carrier brought lies aside already.
pub const ASIDE_FULL: &str = "device.aside_full";

impl ChangeStatus {
    /// The stable code of why it does not stand; none where it does, or only waits.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Quarantined { code, .. } | Self::Refused { code, .. } => Some(code),
            Self::Accepted | Self::Held { .. } => None,
        }
    }

    /// Nothing is wrong with the item and the server has not kept it: it stays in the outbox and is offered again.
    pub fn is_turned_away(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == ASIDE_FULL)
    }
}

/// Why a change is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldReason {
    /// A change that it builds on has not arrived.
    WaitingFor,
    /// A change that it builds on is in quarantine; a person may admit it.
    DependsOnQuarantined,
}

/// The two kinds of quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineKind {
    /// Failed the guard; never applied.
    Unsafe,
    /// Safe bytes by an author who may not write that document, or from a revoked device; a person may admit them.
    Unauthorised,
    /// A second hash for the same (document, actor, seq): an integrity alarm; both are kept.
    Equivocation,
}

/// One thing that is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedItem {
    /// Its place in the feed.
    pub position: i64,
    /// What it is.
    #[serde(flatten)]
    pub entry: FeedEntry,
}

/// The kinds of things that come down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum FeedEntry {
    /// Accepted changes of one document, with what proves their authors.
    Changes(DocumentPage),
    /// A document newly in scope, whole: raw changes and signatures, never `save()` bytes.
    Grant(DocumentPage),
    /// No longer in scope: drop copies of others' work, never the phone's own unsent work.
    Revoke {
        /// Which document.
        document_id: DocumentId,
    },
    /// The status of a change of this device has changed since it was pushed.
    Status {
        /// Its document.
        document_id: DocumentId,
        /// The change.
        hash: ChangeHash,
        /// What it is now.
        #[serde(flatten)]
        status: ChangeStatus,
    },
    /// A version of a ruling on a subject that is in scope.
    Ruling(RulingNotice),
    /// A certificate, before the changes that need it.
    Certificate {
        /// Server-signed.
        certificate: Signed<CertificatePayload>,
    },
    /// A key was revoked: later changes of that device do not stand by themselves.
    DeviceRevoked {
        /// Which device.
        device_id: DeviceId,
        /// Since when, by the server's clock.
        revoked_at_ms: Millis,
    },
    /// One record of reference data in its current version, or its removal.
    Reference {
        /// `organisation`, `campaign`, `task`, `team`, `enterprise`, `enterprise_alias`, `product_rule`, `rulebook`,
        /// `re_entry_grant`, `recusal`, `sampling_notice`.
        kind: String,
        /// Identifier within the kind.
        id: String,
        /// Grows with each version.
        version: i64,
        /// The record, or none when it is gone or no longer in scope.
        record: Option<serde_json::Value>,
    },
    /// Rows of the duplicate index for the product kinds of the phone's tasks.
    Index(IndexPage),
}

/// Changes of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPage {
    /// Which document.
    #[serde(flatten)]
    pub document: DocumentHeader,
    /// In causal order.
    pub changes: Vec<PulledChange>,
    /// Signatures that cover them.
    pub tips: Vec<SignedTip>,
}

/// One change as it comes down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulledChange {
    /// Its hash.
    pub hash: ChangeHash,
    /// The chunk, base64.
    pub bytes: String,
    /// When the server received it first: the upper end of every proven interval in it.
    pub received_at_ms: Millis,
    /// A person admitted it from quarantine: it stands although its author may not write here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub admitted: bool,
}

/// One version of a ruling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulingNotice {
    /// Its id.
    pub ruling_id: RulingId,
    /// On what.
    pub subject: Subject,
    /// The visit in which the subject is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_id: Option<DocumentId>,
    /// 1, 2, …: the highest stands.
    pub version: i64,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Why.
    pub findings: Vec<Finding>,
    /// `engine`, or the user who decided.
    pub actor: String,
    /// Rulebook versions used.
    pub rulebook: String,
    /// Hash of the facts.
    pub facts: Digest,
    /// When.
    pub decided_at_ms: Millis,
}

/// A part of the duplicate index: no names, no results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPage {
    /// When these rows were put. How current the index is as a whole, the answer says.
    pub as_of_ms: Millis,
    /// Key of the hashes, base64; the same for all rows of one server.
    pub key: String,
    /// Rows to put, by `row_id`.
    pub rows: Vec<IndexRow>,
    /// Rows to drop.
    pub removed: Vec<String>,
}

/// One sampling that may stand against another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexRow {
    /// Stable name of the row.
    pub row_id: String,
    /// HMAC-SHA-256, see `rules::index`: phones compute the hashes of a sheet with the same functions.
    pub key_hash: Digest,
    /// `product`: the whole key is equal; `standard`: one standard is, a person decides; `year`.
    pub kind: String,
    /// Civil day in Asia/Shanghai, ISO 8601.
    pub sampled_on: String,
    /// Under which authority.
    pub authority_id: OrganisationId,
    /// `national`, `province`, `city`, `county`.
    pub level: String,
    /// `routine`, …: exempt kinds are told apart.
    pub sampling_kind: String,
}
