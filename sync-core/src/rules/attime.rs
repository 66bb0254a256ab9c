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
        zh: "没有进门记录、抽样时间与证明的区间矛盾、早于进门，或影像早于记录的抽样时间超过限度（事后补录）",
        en: "no entry is recorded, the claimed time contradicts what is proven, lies before the entry, or the evidence is earlier than the sheet by more than the limit (late keying)",
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
            key: "no_entry",
            words: Words {
                zh: "没有任何人的进门记录，不能判断是否一次进门",
                en: "nobody's entry is recorded; whether it was the one entry cannot be told",
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
        if sample.entry_id.is_none() {
            ruling.judge(&RULE, book, id, Validity::NeedsRuling, "no_entry", vec![]);
        }
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

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    /// Evidence of the sheet captured so many minutes, and further milliseconds, before the sample may have been drawn.
    fn captured(minutes: i64, further_ms: i64) -> impl FnOnce(&mut Facts) {
        move |f| {
            // Both are known to within five seconds.
            let at = noon(NOON) - minutes * MINUTE - 10_000 - further_ms;
            let evidence = &mut at_visit(f).evidence[0];
            (evidence.sample_id, evidence.captured) = (Some(sample_id(1)), about(at));
        }
    }

    #[test]
    fn violates_when_the_evidence_is_far_older_than_the_sheet() {
        let key = "ATTIME.late_keying";
        assert_eq!(after(captured(240, 0), key), (ValidWithViolation, true));
    }

    #[test]
    fn violates_when_the_claim_contradicts_what_is_proven() {
        let contradict = |f: &mut Facts| f.first().sampled.proven = Interval { lo: 0, hi: 1 };
        assert_eq!(after(contradict, "ATTIME.contradicts"), (NeedsRuling, true));
    }

    #[test]
    fn violates_when_a_sample_was_provably_drawn_before_anybody_entered() {
        let early = |f: &mut Facts| {
            entered(f, noon(NOON) + 60 * MINUTE);
        };
        assert_eq!(
            after(early, "ATTIME.before_entry"),
            (ValidWithViolation, true)
        );
    }

    #[test]
    fn violates_when_a_sample_was_drawn_and_nobody_is_recorded_to_have_entered() {
        let nobody = |f: &mut Facts| f.first().entry_id = None;
        assert_eq!(after(nobody, "ATTIME.no_entry"), (NeedsRuling, true));
        let prior = |f: &mut Facts| {
            nobody(f);
            f.first().source = SamplingSource::Claimed;
        };
        assert_eq!(after(prior, "ATTIME.no_entry"), (Valid, false));
    }

    #[test]
    fn passes_what_was_recorded_at_the_scene_however_late_it_was_received() {
        let offline = |f: &mut Facts| {
            captured(1, 0)(f);
            f.first().sampled.proven.hi = noon("2025-03-20");
        };
        assert_eq!(after(offline, "ATTIME.late_keying"), (Valid, false));
    }

    #[test]
    fn exempts_a_phone_without_a_trusted_time_which_gets_a_notice_and_no_more() {
        let unclaimed = |f: &mut Facts| f.first().sampled.claimed = None;
        assert_eq!(after(unclaimed, "ATTIME.no_claim"), (Valid, true));
        let prior = |f: &mut Facts| {
            unclaimed(f);
            f.first().source = SamplingSource::Claimed;
        };
        assert_eq!(after(prior, "ATTIME.no_claim"), (Valid, false));
    }

    #[test]
    fn boundary_two_hours_pass_and_a_millisecond_more_is_late_keying() {
        let key = "ATTIME.late_keying";
        assert_eq!(after(captured(120, 0), key), (Valid, false));
        assert_eq!(after(captured(120, 1), key), (ValidWithViolation, true));
    }

    #[test]
    fn boundary_a_sample_whose_interval_touches_the_entry_is_not_before_it() {
        let enter = |at| {
            move |f: &mut Facts| {
                entered(f, at);
            }
        };
        let key = "ATTIME.before_entry";
        let touching = noon(NOON) + 10_000;
        assert_eq!(after(enter(touching), key), (Valid, false));
        assert_eq!(after(enter(touching + 1), key), (ValidWithViolation, true));
    }

    #[test]
    fn boundary_evidence_of_the_visit_or_of_another_sheet_says_nothing_of_this_one() {
        for of in [None, Some(sample_id(2))] {
            let other = |f: &mut Facts| {
                captured(240, 0)(f);
                at_visit(f).evidence[0].sample_id = of;
            };
            assert!(!after(other, "ATTIME.late_keying").1);
        }
    }
}
