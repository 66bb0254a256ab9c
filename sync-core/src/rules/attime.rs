//! ATTIME, 实时记录: recorded at the scene, at the time.
//!
//! 沪市监产质〔2024〕31号 （十二）: “杜绝只做不录、少录错录、先做后录”.

use super::descriptor::{Citation, DefaultValue, Message, Parameter, Rule, ScopeKind, Words};
use super::engine::Ruling;
use super::{EvidenceFact, SamplingSource, Validity};

/// 实时记录
pub const RULE: Rule = Rule {
    id: "ATTIME",
    title: Words {
        zh: "实时记录",
        en: "Recorded at the time",
    },
    citation: Citation {
        source: "沪市监产质〔2024〕31号 （十二）",
        quote: "杜绝只做不录、少录错录、先做后录",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "抽样时间与证明的区间矛盾、早于进门，或影像早于记录的抽样时间超过限度（事后补录）",
        en: "the claimed time contradicts what is proven, lies before the entry, or the evidence is earlier than the sheet by more than the limit (late keying)",
    },
    exceptions: Words {
        zh: "现场离线记录符合要求；没有可信时间的只作提示",
        en: "capture offline at the scene complies; a phone without a trusted time gets a notice",
    },
    parameters: &[Parameter {
        name: "late_keying_minutes",
        default: DefaultValue::Number {
            value: 120,
            min: 1,
            max: 100_000,
        },
        meaning: Words {
            zh: "影像与抽样时间允许的差距（分钟）",
            en: "how much earlier evidence may be than the sheet, in minutes",
        },
    }],
    messages: &[
        Message {
            key: "contradicts",
            words: Words {
                zh: "所报时间与证明的区间矛盾",
                en: "the claimed time contradicts what is proven",
            },
        },
        Message {
            key: "before_entry",
            words: Words {
                zh: "抽样早于进门",
                en: "sampled before anybody entered",
            },
        },
        Message {
            key: "late_keying",
            words: Words {
                zh: "影像比记录的抽样时间早 {minutes} 分钟以上，疑为事后补录",
                en: "the evidence is more than {minutes} minutes earlier than the sheet: keyed late",
            },
        },
        Message {
            key: "no_claim",
            words: Words {
                zh: "手机没有可信时间，以证明的区间为准",
                en: "the phone had no trusted time; the proven interval is used",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, settings)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        if sample.source != SamplingSource::Captured {
            continue;
        }
        if sample.sampled.contradicts() {
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::NeedsRuling,
                "contradicts",
                vec![],
            );
        } else if sample.sampled.unclaimed() {
            ruling.judge(&RULE, book, id, Validity::Valid, "no_claim", vec![]);
        }
        let when = sample.sampled.usable();
        let entry = sample
            .entry_id
            .as_ref()
            .and_then(|id| ruling.facts.entries.get(id));
        if entry.is_some_and(|entry| when.before(&entry.entered.usable())) {
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::ValidWithViolation,
                "before_entry",
                vec![],
            );
        }
        let minutes = settings.number("late_keying_minutes");
        let own = |e: &&EvidenceFact| e.sample_id == Some(id);
        let visit = sample
            .document_id
            .and_then(|id| ruling.facts.visits.get(&id));
        let late = visit
            .into_iter()
            .flat_map(|visit| visit.evidence.iter().filter(own))
            .any(|e| e.captured.usable().hi.saturating_add(minutes * MINUTE_MS) < when.lo);
        if late {
            let arguments = vec![("minutes", minutes.to_string())];
            ruling.judge(
                &RULE,
                book,
                id,
                Validity::ValidWithViolation,
                "late_keying",
                arguments,
            );
        }
    }
}

const MINUTE_MS: i64 = 60_000;
