//! BATCH3, 每个任务不得超过3个批次.
//!
//! 沪市监产质〔2024〕31号 (三): “每个任务不得超过3个批次”. 原则上 leaves the overshoot to a person; it is not void. One 次 is one
//! entry: teams that entered together draw three batches of a task between them.

use super::SampleFact;
use super::descriptor::{
    Citation, DefaultValue, EXEMPT_KINDS_MEANING, Message, Parameter, Rule, ScopeKind, Words,
};
use super::engine::Ruling;
use super::occasion::Occasions;
use super::overshoot::{self, Seat};

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
    scope: ScopeKind::EnterpriseYear,
    predicate: Words {
        zh: "一次进门中一个任务的批次超过限定数；最早的若干批成立，其余转人工裁定",
        en: "more batches of one task in one visit than allowed: the earliest stand, the rest need a ruling",
    },
    exceptions: Words {
        zh: "专项、应急、跟踪、复查不计也不受限；重复、作废的不计；联合进门合并为一次；先后不能确定的转人工裁定",
        en: "special, emergency, tracking and recheck are neither counted nor limited; duplicates and void samples do not count; a joint entry is one visit; where the order cannot be told a person decides",
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
    let occasions = Occasions::of(ruling);
    let seat = |ruling: &Ruling<'_>, id, sample: &SampleFact| {
        ruling.binding(&RULE, sample)?;
        Some(Seat {
            within: (occasions.find(ruling, id, sample), sample.task_id?),
            as_one: id,
            certain: true,
        })
    };
    overshoot::check(ruling, &RULE, "max_batches", seat, |_| vec![]);
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    /// Batches of one entry and one task.
    const LIMIT: Limit = Limit {
        rule: "BATCH3",
        drawn: |count| Facts::batches(count, PUDONG, |_| 900),
        elsewhere: |count| Facts::batches(count, CITY, |_| 900),
    };

    #[test]
    fn violates_with_the_fourth_batch_which_needs_a_ruling_and_is_not_void() {
        LIMIT.puts_the_fourth_over();
    }

    #[test]
    fn violates_by_the_order_of_sampling_and_not_of_arrival() {
        LIMIT.goes_by_the_order_of_sampling();
    }

    #[test]
    fn violates_across_a_joint_entry_of_two_bodies_and_not_across_two_entries() {
        LIMIT.adds_up_over_a_joint_entry();
    }

    #[test]
    fn violates_across_an_entry_and_its_continuation_and_not_across_an_excess_one() {
        LIMIT.adds_up_over_a_continuation();
    }

    #[test]
    fn passes_two_batches_and_any_number_where_no_rulebook_limits_them() {
        LIMIT.holds_only_where_a_rulebook_says_so();
    }

    #[test]
    fn exempts_special_emergency_tracking_and_recheck_which_neither_count_nor_are_limited() {
        LIMIT.leaves_out_the_exempt_kinds();
    }

    #[test]
    fn exempts_what_is_void_or_a_duplicate_and_what_a_person_let_stand() {
        LIMIT.leaves_out_what_is_out_and_what_a_person_let_stand();
    }

    #[test]
    fn boundary_exactly_three_batches_pass_and_the_fourth_does_not() {
        LIMIT.lets_three_pass();
    }

    #[test]
    fn boundary_where_the_last_place_is_disputed_both_need_a_ruling() {
        LIMIT.doubts_a_disputed_place();
    }

    #[test]
    fn boundary_batches_are_counted_task_by_task() {
        let facts = Facts::batches(6, PUDONG, |n| 900 + u128::from(n % 2));
        assert_eq!((facts.validity(6), facts.said()), (Valid, BTreeSet::new()));
        let facts = Facts::batches(7, PUDONG, |n| 900 + u128::from(n % 2));
        assert_eq!((facts.validity(6), facts.validity(7)), (Valid, NeedsRuling));
    }
}
