//! 影像审查: what the authority decides on a piece of evidence, as phones are told it, and what the samplers answer. A decision
//! is the server's alone; an answer stands in the visit's document, beside what was signed, and is always late.

use serde::{Deserialize, Serialize};

use super::ids::{Digest, DocumentId, EvidenceId, OrganisationId};
use super::records::EvidenceEntry;
use super::time::{Millis, TimeClaim};

/// The kind of [`EvidenceReview`] among reference data.
pub const EVIDENCE_REVIEW: &str = "evidence_review";

/// 审查结论
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewVerdict {
    /// 采信: it counts.
    Accepted,
    /// 存疑: it counts, and its samplers are asked.
    Questioned,
    /// 不采信: it does not count as evidence.
    Rejected,
}

impl ReviewVerdict {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Questioned, Self::Rejected];

    /// As it is stored and told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Questioned => "questioned",
            Self::Rejected => "rejected",
        }
    }
}

/// The newest decision on one piece of evidence, as it goes down to the phones of the visit's team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceReview {
    /// The visit.
    pub document_id: DocumentId,
    /// The entry of its manifest.
    pub evidence_id: EvidenceId,
    /// The bytes that were looked at; where the entry names others by now, nobody has decided on those.
    pub sha256: Digest,
    /// 1, 2, …: the highest stands.
    pub version: i64,
    /// What was decided.
    pub verdict: ReviewVerdict,
    /// Why, in the words of who decided; may be empty where it was accepted.
    pub reason: String,
    /// 组织抽查部门 of who decided.
    pub authority_id: OrganisationId,
    /// Its name.
    pub authority: String,
    /// When.
    pub at_ms: Millis,
}

impl EvidenceReview {
    /// Names it: there is one for each piece of a visit.
    pub fn record_id(&self) -> String {
        format!("{}/{}", self.document_id, self.evidence_id)
    }

    /// 待办: whether the samplers still have something to say to it. What was accepted asks for nothing, and what was answered
    /// waits for the authority.
    pub fn wants_answer(&self, entry: &EvidenceEntry) -> bool {
        self.verdict != ReviewVerdict::Accepted
            && self.sha256 == entry.sha256
            && !entry.answers.values().any(|it| it.review >= self.version)
    }
}

/// 影像补正: what a sampler says to a review, in words, by a supplementary picture, or both. It moves nothing that was
/// signed; the picture is an entry of the manifest of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceAnswer {
    /// The version of the review that is answered.
    pub review: i64,
    /// 说明
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// 补充影像: its entry in the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplement: Option<EvidenceId>,
    /// When.
    pub answered_at: TimeClaim,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_is_stored_under_its_word() {
        for verdict in ReviewVerdict::ALL {
            let stored = serde_json::to_value(verdict).unwrap();
            assert_eq!(stored, verdict.as_str());
        }
    }
}
