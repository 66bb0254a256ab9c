//! NOTICE, 不得提前通知: nobody at the enterprise hears of the sampling before the team walks in, and the notice that it then
//! shows is for this enterprise, these samplers and this day.
//!
//! 晋市监发〔2023〕212号 五: “不得违规提前通知透露抽查相关信息”.

use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::engine::{Ruling, Said};
use super::{DisclosureFact, NoticeFact, SampleFact, Severity, Subject, Validity};
use crate::model::{Interval, shanghai_minute};

/// 不得提前通知
pub const RULE: Rule = Rule {
    id: "NOTICE",
    title: Words {
        zh: "不得提前通知",
        en: "No advance notice",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 五",
        quote: "不得违规提前通知透露抽查相关信息",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "进门之前企业已得知任务；进门时出示的通知书属于别的企业、别的抽样人员或不在有效期内",
        en: "the enterprise heard of the task before the team walked in; the notice shown at the gate is another enterprise's, names none of the samplers, or is not in force",
    },
    exceptions: Words {
        zh: "进门时或之后告知的通过；不知去向的导出只作提示；没有登记的通知书不判断",
        en: "what was told at the gate or later passes; an export of which nobody knows whom it reached is a notice to people; a notice that is not on record is not judged",
    },
    parameters: &[],
    messages: &[
        Message {
            key: "told_before",
            words: Words {
                zh: "进门之前（{at}）已向企业透露任务信息",
                en: "the enterprise was told of the task before the team walked in ({at})",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "不能确定企业得知任务（{at}）是否在进门之前",
                en: "whether the enterprise heard of the task ({at}) before the team walked in cannot be told",
            },
        },
        Message {
            key: "given_out",
            words: Words {
                zh: "进门之前（{at}）任务信息曾被导出，去向不明",
                en: "task details were given out before the team walked in ({at}); to whom they went is not known",
            },
        },
        Message {
            key: "other_enterprise",
            words: Words {
                zh: "出示的通知书 {notice} 属于别的企业",
                en: "the notice {notice} that was shown is another enterprise's",
            },
        },
        Message {
            key: "other_samplers",
            words: Words {
                zh: "出示的通知书 {notice} 没有列明在场的抽样人员",
                en: "the notice {notice} names none of the samplers who were there",
            },
        },
        Message {
            key: "not_in_force",
            words: Words {
                zh: "出示的通知书 {notice} 不在有效期内",
                en: "the notice {notice} that was shown was not in force",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    for (id, sample) in ruling.samples() {
        let Some((book, _)) = ruling.binding(&RULE, sample) else {
            continue;
        };
        let task = sample.task_id.and_then(|id| ruling.facts.tasks.get(&id));
        let entry = sample.entry_id.as_ref();
        let entry = entry.and_then(|id| ruling.facts.entries.get(id));
        let walked_in = entry.map_or(sample.sampled, |entry| entry.entered).usable();
        for told in task.into_iter().flat_map(|task| &task.disclosures) {
            if let Some((validity, key)) = judged(told, sample, walked_in) {
                let arguments = vec![("at", shanghai_minute(told.at_ms))];
                ruling.judge(&RULE, book, id, validity, key, arguments);
            }
        }
    }
    for (document_id, visit) in ruling.visits() {
        let Some((book, _)) = ruling.visit_binding(&RULE, document_id, visit) else {
            continue;
        };
        let entries = ruling.facts.entries.values();
        let of_visit = entries.filter(|entry| entry.document_id == document_id);
        let mut said = Vec::new();
        for arrival in of_visit.flat_map(|entry| &entry.arrivals) {
            let number = arrival.notice_no.as_ref();
            let known = number.and_then(|number| visit.notices.get_key_value(number));
            let Some((number, notice)) = known else {
                continue;
            };
            let there = std::iter::once(&arrival.user_id).chain(&arrival.samplers);
            let named = notice.samplers.is_empty()
                || there.into_iter().any(|user| notice.samplers.contains(user));
            for (wrong, key) in [
                (notice.enterprise != visit.enterprise, "other_enterprise"),
                (!named, "other_samplers"),
                (!in_force(notice, arrival.entered.usable()), "not_in_force"),
            ] {
                if wrong {
                    said.push((key, number.clone()));
                }
            }
        }
        for (key, number) in said {
            ruling.say(Said {
                rule: &RULE,
                book,
                severity: Severity::Violation,
                subject: Subject::Visit(document_id),
                winner: None,
                key,
                arguments: vec![("notice", number)],
            });
        }
    }
}

/// What a disclosure means for a sample; none where it was somebody else's, or in time.
fn judged(
    told: &DisclosureFact,
    sample: &SampleFact,
    walked_in: Interval,
) -> Option<(Validity, &'static str)> {
    let ours = told.enterprise.is_none() || told.enterprise == sample.enterprise;
    if !ours || told.at_ms > walked_in.hi {
        return None;
    }
    Some(match (&told.enterprise, told.at_ms < walked_in.lo) {
        (None, true) => (Validity::Valid, "given_out"),
        (None, false) => return None,
        (Some(_), true) => (Validity::NeedsRuling, "told_before"),
        (Some(_), false) => (Validity::NeedsRuling, "unsure"),
    })
}

/// Whether it may have been in force when they walked in.
fn in_force(notice: &NoticeFact, walked_in: Interval) -> bool {
    notice.valid.overlaps(&walked_in)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    /// When they walked in, known to within five seconds.
    fn gate() -> Millis {
        noon(NOON) - 30 * MINUTE
    }
    fn told(at_ms: Millis, enterprise: Option<EnterpriseKey>) -> impl FnOnce(&mut Facts) {
        move |f| {
            entered(f, gate());
            at_task(f).disclosures.insert(DisclosureFact {
                at_ms,
                enterprise,
                user_id: Some(user(7)),
                how: "export".into(),
            });
        }
    }
    fn shown(change: impl FnOnce(&mut NoticeFact)) -> impl FnOnce(&mut Facts) {
        move |f| {
            entered(f, gate());
            let mut notice = NoticeFact {
                enterprise: enterprise(),
                samplers: BTreeSet::from([user(1), user(2)]),
                valid: Interval::new(gate() - 24 * 60 * MINUTE, gate() + 24 * 60 * MINUTE),
            };
            change(&mut notice);
            at_visit(f).notices.insert("通知书1号".into(), notice);
        }
    }

    #[test]
    fn violates_when_the_enterprise_was_told_before_the_team_walked_in() {
        let early = told(gate() - 60 * MINUTE, Some(enterprise()));
        assert_eq!(after(early, "NOTICE.told_before"), (NeedsRuling, true));
    }

    #[test]
    fn violates_when_the_notice_is_anothers_or_not_in_force() {
        let other = shown(|it| it.enterprise = EnterpriseKey("uscc:911405250000B1E536".into()));
        assert_eq!(after(other, "NOTICE.other_enterprise"), (Valid, true));
        let strangers = shown(|it| it.samplers = BTreeSet::from([user(8)]));
        assert_eq!(after(strangers, "NOTICE.other_samplers"), (Valid, true));
    }

    #[test]
    fn passes_what_is_told_at_the_gate_or_later_and_a_notice_in_order() {
        let later = told(gate() + 60 * MINUTE, Some(enterprise()));
        assert_eq!(after(later, "NOTICE.told_before"), (Valid, false));
        let mut facts = one_sample(CITY);
        shown(|_| ())(&mut facts);
        assert!(!facts.said().iter().any(|key| key.starts_with("NOTICE.")));
    }

    #[test]
    fn exempts_what_somebody_else_was_told_and_only_shows_an_export_of_unknown_reach() {
        let other = EnterpriseKey("uscc:911405250000B1E536".into());
        let elsewhere = told(gate() - 60 * MINUTE, Some(other));
        assert_eq!(after(elsewhere, "NOTICE.told_before"), (Valid, false));
        let unknown = || told(gate() - 60 * MINUTE, None);
        assert_eq!(after(unknown(), "NOTICE.given_out"), (Valid, true));
        assert_eq!(after(unknown(), "NOTICE.told_before"), (Valid, false));
        let unlisted = |f: &mut Facts| {
            entered(f, gate());
            at_visit(f).notices.clear();
        };
        assert_eq!(after(unlisted, "NOTICE.not_in_force"), (Valid, false));
        let unnamed = shown(|it| it.samplers.clear());
        assert_eq!(after(unnamed, "NOTICE.other_samplers"), (Valid, false));
    }

    #[test]
    fn boundary_what_touches_the_time_of_entry_needs_a_ruling_and_a_millisecond_decides() {
        let at = |at_ms| told(at_ms, Some(enterprise()));
        let (before, unsure) = ("NOTICE.told_before", "NOTICE.unsure");
        assert_eq!(after(at(gate() - 5_001), before), (NeedsRuling, true));
        assert_eq!(after(at(gate() - 5_000), unsure), (NeedsRuling, true));
        assert_eq!(after(at(gate() + 5_000), unsure), (NeedsRuling, true));
        assert_eq!(after(at(gate() + 5_001), unsure), (Valid, false));
    }

    #[test]
    fn boundary_a_notice_holds_on_its_last_instant_and_not_after() {
        let until = |hi| shown(move |it| it.valid.hi = hi);
        let key = "NOTICE.not_in_force";
        assert!(!after(until(gate() - 5_000), key).1);
        assert!(after(until(gate() - 5_001), key).1);
        let from = |lo| shown(move |it| it.valid.lo = lo);
        assert!(!after(from(gate() + 5_000), key).1);
        assert!(after(from(gate() + 5_001), key).1);
    }
}
