//! The sync doctor: where an item stands and why it is not through, in the same words on phone, API and console.

use serde::{Deserialize, Serialize};

use super::wire::{ChangeStatus, HeldReason, QuarantineKind};
use crate::model::ChangeHash;
use crate::rules::{Finding, Outcome, Standing, Validity};

/// Where an item stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ItemState {
    /// Saved here, not sent yet.
    Queued,
    /// On its way.
    Sending,
    /// The server has it and it is part of its document.
    Received,
    /// The server has it; it waits for something.
    Held {
        /// For what.
        reason: HeldReason,
        /// The change that is missing or quarantined.
        waiting_for: ChangeHash,
    },
    /// Kept aside.
    Quarantined {
        /// Which kind.
        quarantine: QuarantineKind,
        /// Stable code.
        code: String,
    },
    /// The server could not read it; it stays here.
    Refused {
        /// Stable code.
        code: String,
    },
    /// Bytes on their way, in parts.
    Uploading {
        /// Done.
        sent_bytes: u64,
        /// Of.
        total_bytes: u64,
    },
    /// Ruled: what came out, by which rule.
    Ruled {
        /// `duplicate`, `void`, `needs_ruling`, `excess`, …
        outcome: String,
        /// The rule, where a finding names one.
        rule_id: Option<String>,
        /// What stands instead.
        winner: Option<String>,
    },
}

/// A state in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

fn words(zh: impl Into<String>, en: impl Into<String>) -> Words {
    Words {
        zh: zh.into(),
        en: en.into(),
    }
}

impl From<&ChangeStatus> for ItemState {
    fn from(status: &ChangeStatus) -> Self {
        match status {
            ChangeStatus::Accepted => Self::Received,
            ChangeStatus::Held {
                reason,
                waiting_for,
            } => Self::Held {
                reason: *reason,
                waiting_for: *waiting_for,
            },
            ChangeStatus::Quarantined {
                quarantine, code, ..
            } => Self::Quarantined {
                quarantine: *quarantine,
                code: code.clone(),
            },
            ChangeStatus::Refused { code, .. } => Self::Refused { code: code.clone() },
        }
    }
}

impl ItemState {
    /// The state of a ruled subject.
    pub fn ruled(outcome: &Outcome, findings: &[Finding]) -> Self {
        let gravest = findings.iter().max_by_key(|finding| finding.severity);
        Self::Ruled {
            outcome: outcome_name(outcome).to_owned(),
            rule_id: gravest.map(|finding| finding.rule_id.clone()),
            winner: gravest
                .and_then(|finding| finding.winner.as_ref())
                .and_then(|winner| serde_json::to_value(winner).ok())
                .and_then(|winner| winner.get("id")?.as_str().map(str::to_owned)),
        }
    }

    /// The stable name, as `held`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Received => "received",
            Self::Held { .. } => "held",
            Self::Quarantined { .. } => "quarantined",
            Self::Refused { .. } => "refused",
            Self::Uploading { .. } => "uploading",
            Self::Ruled { .. } => "ruled",
        }
    }

    /// Whether somebody should look at it.
    pub fn needs_attention(&self) -> bool {
        match self {
            Self::Queued | Self::Sending | Self::Received | Self::Uploading { .. } => false,
            Self::Held { .. } | Self::Quarantined { .. } | Self::Refused { .. } => true,
            Self::Ruled { outcome, .. } => !matches!(
                outcome.as_str(),
                "valid" | "first" | "continuation" | "uncounted" | "pending"
            ),
        }
    }

    /// In words.
    pub fn words(&self) -> Words {
        match self {
            Self::Queued => words("已保存在本机，等待发送", "saved here, waiting to be sent"),
            Self::Sending => words("正在发送", "being sent"),
            Self::Received => words("服务器已收到并保存", "received and stored by the server"),
            Self::Held {
                reason: HeldReason::WaitingFor,
                waiting_for,
            } => words(
                format!("暂存：等待 {waiting_for}"),
                format!("held: waiting for {waiting_for}"),
            ),
            Self::Held {
                reason: HeldReason::DependsOnQuarantined,
                waiting_for,
            } => words(
                format!("暂存：依赖被隔离的 {waiting_for}"),
                format!("held: depends on quarantined {waiting_for}"),
            ),
            Self::Quarantined { quarantine, code } => {
                let (zh, en) = match quarantine {
                    QuarantineKind::Unsafe => ("内容不安全，已隔离", "unsafe content"),
                    QuarantineKind::Unauthorised => (
                        "作者无权写入，已隔离，可由有权人员准入",
                        "its author may not write here; a person may admit it",
                    ),
                    QuarantineKind::Equivocation => (
                        "同一序号出现两份不同内容，两份都已保留",
                        "two contents under one number; both are kept",
                    ),
                };
                words(
                    format!("{zh}（{code}）"),
                    format!("quarantined: {en} ({code})"),
                )
            }
            Self::Refused { code } => words(
                format!("服务器无法读取，保留在本机（{code}）"),
                format!("refused as unreadable, kept here ({code})"),
            ),
            Self::Uploading {
                sent_bytes,
                total_bytes,
            } => words(
                format!(
                    "正在上传 {} / {}",
                    megabytes(*sent_bytes),
                    megabytes(*total_bytes)
                ),
                format!(
                    "uploading {} of {}",
                    megabytes(*sent_bytes),
                    megabytes(*total_bytes)
                ),
            ),
            Self::Ruled {
                outcome,
                rule_id,
                winner,
            } => {
                let zh = outcome_zh(outcome);
                let en = outcome.replace('_', " ");
                let by_zh = rule_id
                    .as_ref()
                    .map(|rule| format!("，依据 {rule}"))
                    .unwrap_or_default();
                let by_en = rule_id
                    .as_ref()
                    .map(|rule| format!(" by {rule}"))
                    .unwrap_or_default();
                let for_zh = winner
                    .as_ref()
                    .map(|id| format!("，以 {id} 为准"))
                    .unwrap_or_default();
                let for_en = winner
                    .as_ref()
                    .map(|id| format!(", {id} stands"))
                    .unwrap_or_default();
                words(
                    format!("裁定为{zh}{by_zh}{for_zh}"),
                    format!("ruled {en}{by_en}{for_en}"),
                )
            }
        }
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1_000_000.0)
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Entry { standing } => match standing {
            Standing::Pending => "pending",
            Standing::First => "first",
            Standing::Continuation => "continuation",
            Standing::Excess => "excess",
            Standing::Uncounted => "uncounted",
            Standing::Contested => "contested",
        },
        Outcome::Sample { validity } => match validity {
            Validity::Pending => "pending",
            Validity::Valid => "valid",
            Validity::ValidWithViolation => "valid_with_violation",
            Validity::NeedsRuling => "needs_ruling",
            Validity::Duplicate => "duplicate",
            Validity::Void => "void",
        },
    }
}

fn outcome_zh(outcome: &str) -> &str {
    match outcome {
        "pending" => "待定",
        "first" => "首次进门",
        "continuation" => "延续进门",
        "excess" => "重复进门",
        "uncounted" => "不计次",
        "contested" => "有争议，待人工裁定",
        "valid" => "有效",
        "valid_with_violation" => "有效但违规",
        "needs_ruling" => "待人工裁定",
        "duplicate" => "重复抽样",
        "void" => "无效",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SampleId;
    use crate::rules::{Severity, Subject};

    #[test]
    fn a_held_item_names_what_it_waits_for_in_both_languages() {
        let hash = ChangeHash([0xab; 32]);
        let state = ItemState::from(&ChangeStatus::Held {
            reason: HeldReason::WaitingFor,
            waiting_for: hash,
        });
        assert_eq!(state.words().en, format!("held: waiting for {hash}"));
        assert_eq!(state.words().zh, format!("暂存：等待 {hash}"));
        assert!(state.needs_attention());
    }

    #[test]
    fn a_ruled_item_names_the_rule_and_what_stands() {
        let loser = Subject::Sample(SampleId(uuid::Uuid::nil()));
        let winner = Subject::Sample(SampleId(uuid::Uuid::from_u128(7)));
        let finding = Finding {
            rule_id: "ENTRY1".into(),
            severity: Severity::Fatal,
            subject: loser,
            citation: "S2 §6".into(),
            rulebook: "national@1".into(),
            winner: Some(winner),
            message: "ENTRY1.excess".into(),
            arguments: Default::default(),
        };
        let outcome = Outcome::Sample {
            validity: Validity::Duplicate,
        };
        let words = ItemState::ruled(&outcome, &[finding]).words();
        assert_eq!(
            words.en,
            "ruled duplicate by ENTRY1, 00000000-0000-0000-0000-000000000007 stands"
        );
        assert!(words.zh.starts_with("裁定为重复抽样，依据 ENTRY1"));
    }

    #[test]
    fn an_upload_shows_how_far_it_is() {
        let state = ItemState::Uploading {
            sent_bytes: 3_000_000,
            total_bytes: 7_000_000,
        };
        assert_eq!(state.words().en, "uploading 3.0 MB of 7.0 MB");
        assert!(!state.needs_attention());
    }
}
