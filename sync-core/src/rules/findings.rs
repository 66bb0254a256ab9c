//! What comes out of ruling: one outcome a subject, and findings that say why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{DocumentId, EntryId, RefusalId, SampleId};

/// What is ruled upon.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// A visit as a whole.
    Visit(DocumentId),
    /// One entry; its outcome is a [`Standing`].
    Entry(EntryId),
    /// One sample; its outcome is a [`Validity`].
    Sample(SampleId),
    /// One refusal; its outcome is a [`RefusalStanding`].
    Refusal(RefusalId),
}

/// Standing of an entry (domain.md §4); at most one `First` per door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not ruled yet.
    Pending,
    /// The one entry of its door.
    First,
    /// Belongs to the first entry: suspension, grant, handover, after a resolved refusal, or a declared joint entry.
    Continuation,
    /// A second entry (二次进厂).
    Excess,
    /// Ended without a sample drawn: does not count against a later one.
    Uncounted,
    /// Cannot be told; a person decides.
    Contested,
}

/// What a refusal (拒检) is, by the officers whose confirmation counts or by a person's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalStanding {
    /// Nothing that counts confirms it: it is no refusal, and what follows a refusal does not follow.
    Unconfirmed,
    /// Its samplers took it back, and nobody had confirmed it.
    Withdrawn,
    /// 确认: it was one.
    Confirmed,
    /// 不成立
    NotEstablished,
    /// The enterprise gave way and was sampled.
    ResolvedSampled,
    /// Officers found different things, or confirmed what was taken back; a person decides.
    Contested,
}

impl RefusalStanding {
    /// Whether sampling goes on as if there had been no refusal.
    pub fn is_resolved(self) -> bool {
        matches!(self, Self::NotEstablished | Self::ResolvedSampled)
    }
}

/// Validity of a sample, orthogonal to its custody. Ordered from mild to severe: where several rules speak, the most
/// severe stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// Not ruled yet.
    Pending,
    /// Nothing stands against it.
    Valid,
    /// Counts, but a rule was broken and somebody answers for it.
    ValidWithViolation,
    /// Cannot be told, or must not be told by a machine; a person decides.
    NeedsRuling,
    /// The same product was sampled before it.
    Duplicate,
    /// Must not have been taken.
    Void,
}

impl Validity {
    /// Whether the sample counts in DUP6, YEAR3 and quotas: valid, valid with violation, pending.
    pub fn counts(self) -> bool {
        matches!(self, Self::Pending | Self::Valid | Self::ValidWithViolation)
    }
    /// Whether a laboratory may receive and test it.
    pub fn may_be_tested(self) -> bool {
        self.counts()
    }
}

/// The outcome of one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    /// Of an entry.
    Entry {
        /// Its standing.
        standing: Standing,
    },
    /// Of a sample.
    Sample {
        /// Its validity.
        validity: Validity,
    },
    /// Of a refusal.
    Refusal {
        /// What it is.
        refusal: RefusalStanding,
    },
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// A rule was broken; the sample still counts.
    Violation,
    /// A person must decide.
    NeedsRuling,
    /// Voids the sample or makes it a duplicate.
    Fatal,
}

/// One finding. Two runs over the same facts give the same bytes (I4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Id of the rule: `ENTRY1`, `DUP6`, …
    pub rule_id: String,
    /// How grave.
    pub severity: Severity,
    /// About what.
    pub subject: Subject,
    /// The article, as the rulebook's rule cites it.
    pub citation: String,
    /// Which rulebook version spoke, as `shanghai@2`.
    pub rulebook: String,
    /// What stands instead, where something does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winner: Option<Subject>,
    /// Key of the message template in the catalogue (zh-CN and en), as `DUP6.within_window`.
    pub message: String,
    /// Arguments of the message, sorted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, String>,
}

/// What ruling a scope yields. Ordered collections throughout, so that the bytes are a function of the facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// This scope's word on each subject that it speaks of.
    #[serde(with = "pairs")]
    pub outcomes: BTreeMap<Subject, Outcome>,
    /// Sorted by subject, then rule, then message.
    pub findings: Vec<Finding>,
}

/// JSON has only text keys: outcomes travel as a list of pairs.
mod pairs {
    use super::{BTreeMap, Outcome, Subject};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(
        map: &BTreeMap<Subject, Outcome>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Subject, Outcome>, D::Error> {
        Ok(Vec::<(Subject, Outcome)>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}
