//! BATCH3, 每个任务不得超过3个批次.
//!
//! 沪市监产质〔2024〕31号 (三): “每个任务不得超过3个批次”. 原则上 leaves the overshoot to a person; it is not void.

use std::collections::BTreeMap;

use super::descriptor::{
    Citation, DefaultValue, EXEMPT_KINDS_MEANING, Message, Parameter, Rule, ScopeKind, Words,
};
use super::engine::Ruling;
use super::overshoot::{Counted, Place, places};
use super::{SampleFact, Validity};
use crate::model::SampleId;

/// 每个任务不得超过3个批次
pub const RULE: Rule = Rule {
    id: "BATCH3",
    title: Words {
        zh: "每个任务不得超过3个批次",
        en: "No more than three batches a task in one visit",
    },
    citation: Citation {
        source: "沪市监产质〔2024〕31号 （三）",
        quote: "每个任务不得超过3个批次",
    },
    scope: ScopeKind::Visit,
    predicate: Words {
        zh: "一次进门中一个任务的批次超过限定数；最早的若干批成立，其余转人工裁定",
        en: "more batches of one task in one visit than allowed: the earliest stand, the rest need a ruling",
    },
    exceptions: Words {
        zh: "专项、应急、跟踪、复查不计也不受限；先后不能确定的转人工裁定",
        en: "special, emergency, tracking and recheck are neither counted nor limited; where the order cannot be told a person decides",
    },
    parameters: &[
        Parameter {
            name: "max_batches",
            default: DefaultValue::Number {
                value: 3,
                min: 1,
                max: 100,
            },
            meaning: Words {
                zh: "每次每个任务允许的批次数（批）",
                en: "batches of one task allowed a visit",
            },
        },
        Parameter {
            name: "exempt_kinds",
            default: DefaultValue::List(&["special", "emergency", "tracking", "recheck"]),
            meaning: EXEMPT_KINDS_MEANING,
        },
    ],
    messages: &[
        Message {
            key: "over",
            words: Words {
                zh: "本次此任务已抽 {max} 个批次，此批次超出",
                en: "this visit already drew {max} batches of the task; this one is over the limit",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "本次各批次先后不能确定，此批次可能超出 {max} 个",
                en: "the order of this visit's batches cannot be told; this one may be over {max}",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>) {
    let mut tasks: BTreeMap<_, Vec<(SampleId, Counted)>> = BTreeMap::new();
    for (id, sample, limit) in limited(ruling) {
        let Some(task_id) = sample.task_id else {
            continue;
        };
        let counted = Counted {
            when: sample.sampled.usable(),
            certain: ruling.so_far_here(id).counts(),
            limit: Some(limit),
            decided: ruling.is_decided(id) && ruling.so_far(id).counts(),
        };
        tasks.entry(task_id).or_default().push((id, counted));
    }
    for batches in tasks.values() {
        let counted: Vec<Counted> = batches.iter().map(|(_, counted)| *counted).collect();
        for ((id, _), place) in batches.iter().zip(places(&counted)) {
            say(ruling, *id, place);
        }
    }
}

/// Samples that the limit binds, with the limit.
fn limited<'a>(ruling: &Ruling<'a>) -> Vec<(SampleId, &'a SampleFact, i64)> {
    let bound = |(id, sample): (SampleId, &'a SampleFact)| {
        let (_, settings) = ruling.binding(&RULE, sample)?;
        let exempt = settings.lists("exempt_kinds", &sample.sampling_kind)
            || matches!(ruling.so_far_here(id), Validity::Void | Validity::Duplicate);
        (!exempt).then(|| (id, sample, settings.number("max_batches")))
    };
    ruling.samples().into_iter().filter_map(bound).collect()
}

fn say(ruling: &mut Ruling<'_>, id: SampleId, place: Place) {
    let key = match place {
        Place::Within => return,
        Place::Over => "over",
        Place::Unsure => "unsure",
    };
    let Some((book, settings)) = ruling.binding(&RULE, &ruling.facts.samples[&id]) else {
        return;
    };
    let max = vec![("max", settings.number("max_batches").to_string())];
    ruling.judge(&RULE, book, id, Validity::NeedsRuling, key, max);
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn drawn(count: u8) -> Facts {
        Facts::batches(count, PUDONG, |_| PUDONG)
    }

    #[test]
    fn violates_with_the_fourth_batch_which_needs_a_ruling_and_is_not_void() {
        let facts = drawn(5);
        assert_eq!(
            [1, 2, 3, 4, 5].map(|n| facts.validity(n)),
            [Valid, Valid, Valid, NeedsRuling, NeedsRuling]
        );
        assert!(facts.said().contains("BATCH3.over"));
    }

    #[test]
    fn violates_by_the_order_of_sampling_and_not_of_arrival() {
        let mut facts = drawn(4);
        facts.at(1).sampled = about(noon(NOON) + 60 * MINUTE);
        assert_eq!((facts.validity(1), facts.validity(4)), (NeedsRuling, Valid));
    }

    #[test]
    fn passes_two_batches_and_any_number_where_no_rulebook_limits_them() {
        assert_eq!(drawn(2).said(), BTreeSet::new());
        let shanxi = Facts::batches(4, CITY, |_| PUDONG);
        assert_eq!(shanxi.validity(4), Valid);
    }

    #[test]
    fn exempts_special_emergency_tracking_and_recheck_which_neither_count_nor_are_limited() {
        for kind in ["special", "emergency", "tracking", "recheck"] {
            for n in [1, 4] {
                let mut facts = drawn(4);
                facts.at(n).sampling_kind = kind.into();
                assert_eq!(facts.validity(4), Valid, "{kind} {n}");
            }
        }
        let mut facts = drawn(4);
        facts.at(4).sampling_kind = "linked".into();
        assert_eq!(facts.validity(4), NeedsRuling);
    }

    #[test]
    fn exempts_what_is_void_and_what_a_person_let_stand() {
        let mut facts = drawn(4);
        facts.at(1).voided = Some("写错".into());
        assert_eq!(facts.validity(4), Valid, "a spoiled sheet");
        let mut facts = drawn(4);
        facts.at(1).export_only = true;
        assert_eq!((facts.validity(1), facts.validity(4)), (Void, Valid));
        let mut facts = drawn(4);
        facts.decide_sample(1, Void, 1);
        assert_eq!(facts.validity(4), Valid);
        let mut facts = drawn(5);
        facts.decide_sample(4, Valid, 1);
        assert_eq!((facts.validity(4), facts.validity(5)), (Valid, NeedsRuling));
        assert!(
            !facts
                .ruled()
                .findings
                .iter()
                .any(|f| f.subject == Subject::Sample(sample_id(4)))
        );
    }

    #[test]
    fn boundary_exactly_three_batches_pass_and_the_fourth_does_not() {
        assert_eq!(drawn(3).said(), BTreeSet::new());
        assert_eq!(drawn(4).validity(4), NeedsRuling);
    }

    #[test]
    fn boundary_where_the_last_place_is_disputed_both_need_a_ruling() {
        let mut facts = drawn(4);
        facts.at(4).sampled = facts.at(3).sampled;
        assert_eq!(
            [2, 3, 4].map(|n| facts.validity(n)),
            [Valid, NeedsRuling, NeedsRuling]
        );
        assert!(facts.said().contains("BATCH3.unsure"));
        let mut facts = drawn(4);
        facts.at(1).signers.clear();
        assert_eq!(
            facts.validity(4),
            NeedsRuling,
            "what needs a ruling may yet count"
        );
        assert!(facts.said().contains("BATCH3.unsure") && !facts.said().contains("BATCH3.over"));
    }

    #[test]
    fn boundary_batches_are_counted_task_by_task() {
        let facts = Facts::batches(6, PUDONG, |n| 900 + u128::from(n % 2));
        assert_eq!((facts.validity(6), facts.said()), (Valid, BTreeSet::new()));
        let facts = Facts::batches(7, PUDONG, |n| 900 + u128::from(n % 2));
        assert_eq!((facts.validity(6), facts.validity(7)), (Valid, NeedsRuling));
    }

    #[test]
    fn exempts_what_was_a_duplicate_or_void_before() {
        for out in [Void, Duplicate] {
            let mut facts = drawn(4);
            facts.survived.insert(sample_id(1), out);
            assert_eq!(facts.validity(4), Valid);
        }
    }
}
