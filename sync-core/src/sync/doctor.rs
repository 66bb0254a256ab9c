//! The sync doctor: where an item stands and why it is not through, in the same words on phone, API and console.

use serde::{Deserialize, Serialize};

use super::evidence::out_of;
use super::session::Outcome as SyncOutcome;
use super::wire::{ASIDE_FULL, ChangeStatus, HeldReason, QuarantineKind};
use crate::model::ChangeHash;
use crate::rules::{Finding, Outcome, RefusalStanding, Standing, Validity};

/// Where an item stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ItemState {
    /// Saved here, not sent yet.
    Queued {
        /// Why not.
        because: QueuedBecause,
    },
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

/// Why something is still on the phone alone. In none of these cases is it lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum QueuedBecause {
    /// No sync was tried since, or it went no further than this.
    NotTried,
    /// The last one did not reach the server.
    Offline,
    /// The server asked for patience.
    Busy,
    /// The session is over.
    LoginNeeded,
    /// The account or its role may not sync.
    Forbidden,
    /// The phone was revoked.
    DeviceRevoked,
    /// The phone or its server was restored from a backup, or the phone is new: it needs a code.
    EnrolmentNeeded,
    /// It was sent, and nobody took it.
    Undelivered {
        /// Stable code.
        code: String,
    },
    /// The phone's own store failed in the last sync.
    StoreFailed,
}

impl QueuedBecause {
    /// After a sync that ended like this.
    pub fn after(outcome: SyncOutcome, last_error: Option<&str>) -> Self {
        match outcome {
            SyncOutcome::Complete => Self::NotTried,
            SyncOutcome::Offline => Self::Offline,
            SyncOutcome::Busy => Self::Busy,
            SyncOutcome::LoginNeeded => Self::LoginNeeded,
            SyncOutcome::Forbidden => Self::Forbidden,
            SyncOutcome::DeviceRevoked => Self::DeviceRevoked,
            SyncOutcome::EnrolmentNeeded => Self::EnrolmentNeeded,
            SyncOutcome::Incompatible => Self::Undelivered {
                code: last_error.unwrap_or("unknown").to_owned(),
            },
            SyncOutcome::StoreFailed => Self::StoreFailed,
        }
    }

    /// Whether somebody must act before it goes.
    pub(super) fn needs_attention(&self) -> bool {
        !matches!(self, Self::NotTried | Self::Offline | Self::Busy)
    }

    pub(super) fn words(&self) -> Words {
        match self {
            Self::NotTried => words("已保存在本机，等待发送", "saved here, waiting to be sent"),
            Self::Offline => words(
                "已保存在本机，等待网络：上次没有连上服务器",
                "saved here, waiting for a network: the last try did not reach the server",
            ),
            Self::Busy => words(
                "已保存在本机，服务器繁忙，稍后自动重发",
                "saved here, the server is busy: it is sent again later by itself",
            ),
            Self::LoginNeeded => words(
                "已保存在本机，重新登录后发送，内容不会丢失",
                "saved here, waiting for you to log in again: nothing is lost",
            ),
            Self::Forbidden => words(
                "已保存在本机，您的账号或角色目前不能上传，请联系管理员，内容不会丢失",
                "saved here, your account may not send it now: ask your administrator, nothing is lost",
            ),
            Self::DeviceRevoked => words(
                "已保存在本机，本机已被注销，不再上传，内容没有删除，请联系管理员",
                "saved here, this phone was revoked and sends nothing: nothing was deleted, ask your administrator",
            ),
            Self::EnrolmentNeeded => words(
                "已保存在本机，本机需要重新登记：请向管理员索取新的登记码，登记后照常发送，内容不会丢失",
                "saved here, this phone must be enrolled anew: ask your administrator for a new code, then it is sent, \
                 nothing is lost",
            ),
            Self::Undelivered { code } => {
                let (why_zh, why_en) = code_words(code)
                    .map_or_else(Default::default, |(zh, en)| {
                        (format!("：{zh}"), format!(", {en}"))
                    });
                words(
                    format!("已保存在本机，上次未能送达{why_zh}（{code}），下次同步再试"),
                    format!(
                        "saved here, could not be delivered{why_en} ({code}): the next sync tries again"
                    ),
                )
            }
            Self::StoreFailed => words(
                "已保存在本机，上次同步时本机存储出错，下次同步再试",
                "saved here, the phone's own store failed during the last sync: the next sync tries again",
            ),
        }
    }
}

/// What a code of quarantine or refusal means to whoever recorded the work; none where the kind says enough.
fn code_words(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "author.revoked" => (
            "送达时其作者的手机已被注销",
            "it arrived after its author's phone had been revoked",
        ),
        "author.unknown" => (
            "没有为其作者的手机签发过证书",
            "no phone is certified for its author",
        ),
        "author.unproved" | "author.unsigned" => (
            "缺少其作者手机的签名",
            "the signature of its author's phone is missing",
        ),
        "author.role" => (
            "其作者没有在此记录的资格（抽样人员或现场执法监管人员）",
            "its author is not certified to write here: as a sampler, or as enforcement",
        ),
        "author.region" => (
            "其作者的辖区不含该企业所在地",
            "its author's jurisdiction does not cover the enterprise",
        ),
        "parcel.recipient_role" => (
            "接收人既不是该承检机构人员，也不是该辖区执法人员，未予接收",
            "whoever opened it is neither of the inspection body nor enforcement of the region: it was not taken in",
        ),
        "item.malformed" => ("内容残缺，无法读取", "it is damaged and cannot be read"),
        "author.body" => (
            "其作者所属单位不得在此记录",
            "its author's organisation may not write here",
        ),
        "author.solo" => (
            "该检查记录只属于另一人",
            "the visit belongs to one other person",
        ),
        "author.expired" => (
            "送达和记录时其作者手机的证书均已过期，请重新登记该手机",
            "its author's phone had outlived its certificate when this was recorded and when it arrived: enrol it anew",
        ),
        ASIDE_FULL => (
            "本机上传的内容在服务器上待处理过多，请联系管理员",
            "too much of what this phone brought waits at the server for others or for a person: ask your administrator",
        ),
        "page.too_large" | "change.too_large" => (
            "内容过大，一次同步装不下",
            "it is too large for one page of a sync",
        ),
        _ => return None,
    })
}

/// What a code says by itself, where nothing of the item is kept.
pub fn reason(code: &str) -> Words {
    let (zh, en) = code_words(code).unwrap_or(("未予接收", "it was not taken in"));
    words(format!("{zh}（{code}）"), format!("{en} ({code})"))
}

/// A state in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

pub(super) fn words(zh: impl Into<String>, en: impl Into<String>) -> Words {
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
            Self::Queued { .. } => "queued",
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
            Self::Queued { because } => because.needs_attention(),
            Self::Sending | Self::Received | Self::Uploading { .. } => false,
            Self::Held { .. } | Self::Quarantined { .. } | Self::Refused { .. } => true,
            Self::Ruled { outcome, .. } => !matches!(
                outcome.as_str(),
                "valid" | "first" | "continuation" | "uncounted" | "pending"
            ),
        }
    }

    /// Of several that are held, without the names of what each waits for.
    pub(super) fn held_words() -> Words {
        words(
            "暂存：等待此前的内容送到，或由有权人员准入",
            "held: waiting for what has not come, or for a person to admit it",
        )
    }

    /// In words.
    pub fn words(&self) -> Words {
        match self {
            Self::Queued { because } => because.words(),
            Self::Sending => words("正在发送", "being sent"),
            Self::Received => words("服务器已收到并保存", "received and stored by the server"),
            Self::Held {
                reason: HeldReason::WaitingFor,
                waiting_for,
            } => words(
                format!("暂存：等待 {waiting_for}（此前的一次修改还没有送到，送到后自动接上）"),
                format!("held: waiting for {waiting_for}"),
            ),
            Self::Held {
                reason: HeldReason::DependsOnQuarantined,
                waiting_for,
            } => words(
                format!("暂存：依赖被隔离的 {waiting_for}（有权人员准入后自动接上）"),
                format!("held: depends on quarantined {waiting_for}"),
            ),
            Self::Quarantined { quarantine, code } => {
                let (zh, en) = match quarantine {
                    QuarantineKind::Unsafe => ("内容不安全，已隔离", "unsafe content"),
                    QuarantineKind::Unauthorised => (
                        "不能自动采用，已隔离，可由有权人员准入",
                        "it may not stand by itself; a person may admit it",
                    ),
                    QuarantineKind::Equivocation => (
                        "同一序号出现两份不同内容，两份都已保留",
                        "two contents under one number; both are kept",
                    ),
                };
                let (why_zh, why_en) = code_words(code)
                    .map_or_else(Default::default, |(zh, en)| {
                        (format!("：{zh}"), format!(": {en}"))
                    });
                words(
                    format!("{zh}{why_zh}（{code}）"),
                    format!("quarantined: {en}{why_en} ({code})"),
                )
            }
            Self::Refused { code } => {
                let (zh, en) =
                    code_words(code).unwrap_or(("服务器无法读取", "refused as unreadable"));
                words(
                    format!("{zh}，保留在本机（{code}）"),
                    format!("{en}, kept here ({code})"),
                )
            }
            Self::Uploading {
                sent_bytes,
                total_bytes,
            } => {
                let count = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
                let (sent, total) = out_of(count(*sent_bytes), count(*total_bytes));
                words(
                    format!("正在上传 {sent} / {total}"),
                    format!("uploading {sent} of {total}"),
                )
            }
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
        Outcome::Refusal { refusal } => match refusal {
            RefusalStanding::Unconfirmed => "unconfirmed",
            RefusalStanding::Withdrawn => "withdrawn",
            RefusalStanding::Confirmed => "confirmed",
            RefusalStanding::NotEstablished => "not_established",
            RefusalStanding::ResolvedSampled => "resolved_sampled",
            RefusalStanding::Contested => "contested",
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
        "unconfirmed" => "未经确认",
        "withdrawn" => "已撤回",
        "confirmed" => "拒检成立",
        "not_established" => "拒检不成立",
        "resolved_sampled" => "已解决并抽样",
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
        assert!(
            state
                .words()
                .en
                .starts_with(&format!("held: waiting for {hash}"))
        );
        assert!(state.words().zh.starts_with(&format!("暂存：等待 {hash}")));
        assert!(state.needs_attention());
    }

    #[test]
    fn whatever_is_unsent_says_why_and_that_it_is_kept() {
        let outcomes = [
            SyncOutcome::Complete,
            SyncOutcome::Offline,
            SyncOutcome::Busy,
            SyncOutcome::LoginNeeded,
            SyncOutcome::Forbidden,
            SyncOutcome::DeviceRevoked,
            SyncOutcome::EnrolmentNeeded,
            SyncOutcome::Incompatible,
            SyncOutcome::StoreFailed,
        ];
        let all = outcomes.map(|outcome| QueuedBecause::after(outcome, Some("http.413")));
        let mut said = std::collections::BTreeSet::new();
        for because in all {
            let state = ItemState::Queued { because };
            assert_eq!(state.name(), "queued");
            let words = state.words();
            assert!(words.zh.starts_with("已保存在本机") && words.en.starts_with("saved here"));
            said.insert((words.zh, words.en));
        }
        assert_eq!(said.len(), 9, "each reason in words of its own");
    }

    #[test]
    fn what_the_server_has_no_room_for_says_so_and_that_it_is_kept() {
        let because = QueuedBecause::after(SyncOutcome::Incompatible, Some(ASIDE_FULL));
        let state = ItemState::Queued { because };
        assert!(state.needs_attention(), "a person must make room");
        let words = state.words();
        assert!(words.zh.starts_with("已保存在本机") && words.zh.contains("待处理过多"));
        assert!(words.en.contains("waits at the server") && words.en.contains("tries again"));
    }

    #[test]
    fn a_quarantined_item_says_what_its_code_means() {
        let state = ItemState::Quarantined {
            quarantine: QuarantineKind::Unauthorised,
            code: "author.revoked".into(),
        };
        assert!(state.words().zh.contains("手机已被注销"));
        assert!(state.words().en.contains("(author.revoked)"));
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
        assert_eq!(state.words().en, "uploading 3 of 7 MB");
        assert!(!state.needs_attention());
    }
}
