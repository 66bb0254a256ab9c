//! UPPER, 上抽下不抽: a lower level does not repeat what an upper level has sampled.
//!
//! 晋市监发〔2023〕212号 二: “坚持‘上抽下不抽’的原则”. Only the order of sampling counts: lower first and upper later are
//! both valid, whatever the order of upload.

use super::Validity;
use super::descriptor::{
    Citation, DefaultValue, EXEMPT_KINDS_MEANING, Message, Parameter, Rule, ScopeKind, Words,
};
use super::engine::Ruling;
use super::product::{Against, Sampling, all, day_of, sheet_of};
use super::rulebook::RuleSettings;
use crate::model::SampleId;

/// 上抽下不抽
pub const RULE: Rule = Rule {
    id: "UPPER",
    title: Words {
        zh: "上抽下不抽",
        en: "What the upper level sampled, the lower does not",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 二",
        quote: "坚持“上抽下不抽”的原则",
    },
    scope: ScopeKind::Product,
    predicate: Words {
        zh: "上级部门抽样后六个月内（含对应日），下级部门再抽同一产品，下级的为重复",
        en: "a lower authority samples the same product no later than the corresponding day six months after an ancestor authority did: the lower one is the duplicate",
    },
    exceptions: Words {
        zh: "下级先抽、上级后抽，均有效；跟踪、应急、复查不计；不能确定先后的，下级的转人工裁定",
        en: "lower first and upper later are both valid; tracking, emergency and recheck do not count; where the order cannot be told the lower one needs a ruling",
    },
    parameters: &[
        Parameter {
            name: "window_months",
            default: DefaultValue::Number {
                value: 6,
                min: 1,
                max: 60,
            },
            meaning: Words {
                zh: "期限（月）",
                en: "window, in months",
            },
        },
        Parameter {
            name: "exempt_kinds",
            default: DefaultValue::List(&["tracking", "emergency", "recheck"]),
            meaning: EXEMPT_KINDS_MEANING,
        },
    ],
    messages: &[
        Message {
            key: "upper_sampled_before",
            words: Words {
                zh: "上级{authority}已于 {earlier_day} 抽查过同一产品（{earlier}），{day} 不得再抽",
                en: "{authority}, an upper level, sampled the same product on {earlier_day} ({earlier}); not again on {day}",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "上级可能已于 {earlier_day} 抽查过同一产品（{earlier}），须人工裁定（{why}）",
                en: "an upper level may have sampled the same product on {earlier_day} ({earlier}); a person decides ({why})",
            },
        },
    ],
};

pub(super) fn against(
    _: &Ruling<'_>,
    settings: &RuleSettings,
    earlier: &Sampling<'_>,
    later: &Sampling<'_>,
) -> Against {
    let exempt = |it: &Sampling<'_>| settings.lists("exempt_kinds", &it.fact.sampling_kind);
    let Some(upper) = earlier.authority else {
        return Against::Nothing;
    };
    if !later.is_below(upper) || exempt(earlier) || exempt(later) {
        return Against::Nothing;
    }
    all([
        earlier
            .within(later, settings.number("window_months"))
            .into(),
        earlier.sameness(later).into(),
    ])
}

pub(super) fn duplicate(ruling: &mut Ruling<'_>, id: SampleId, winner: SampleId) {
    let sample = &ruling.facts.samples[&id];
    let earlier = &ruling.facts.samples[&winner];
    let Some((book, _)) = ruling.binding(&RULE, sample) else {
        return;
    };
    let arguments = vec![
        ("authority", ruling.name_of(ruling.authority_of(earlier))),
        ("earlier_day", day_of(earlier)),
        ("earlier", sheet_of(winner, Some(earlier))),
        ("day", day_of(sample)),
    ];
    let key = "upper_sampled_before";
    ruling.judge_against(
        &RULE,
        book,
        id,
        Validity::Duplicate,
        key,
        arguments,
        Some(winner),
    );
}

pub(super) fn unsure(ruling: &mut Ruling<'_>, id: SampleId, other: SampleId, why: &'static str) {
    let sample = &ruling.facts.samples[&id];
    let earlier = &ruling.facts.samples[&other];
    let Some((book, _)) = ruling.binding(&RULE, sample) else {
        return;
    };
    let arguments = vec![
        ("earlier_day", day_of(earlier)),
        ("earlier", sheet_of(other, Some(earlier))),
        ("why", why.to_owned()),
    ];
    ruling.judge_against(
        &RULE,
        book,
        id,
        Validity::NeedsRuling,
        "unsure",
        arguments,
        Some(other),
    );
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn levels(first: (u128, &str), second: (u128, &str)) -> Facts {
        let mut facts = product();
        facts.drawn(1, first.0, first.1);
        facts.drawn(2, second.0, second.1);
        facts
    }

    #[test]
    fn violates_when_a_lower_level_samples_after_any_level_above_it() {
        for (upper, lower) in [(PROVINCE, CITY), (PROVINCE, COUNTY), (NATION, COUNTY)] {
            let facts = levels((upper, "2025-03-01"), (lower, "2025-04-01"));
            assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Duplicate));
            assert!(facts.said().contains("UPPER.upper_sampled_before"));
        }
    }

    #[test]
    fn violates_by_the_order_of_sampling_whichever_came_in_first() {
        let facts = levels((CITY, "2025-04-01"), (PROVINCE, "2025-03-01"));
        assert_eq!((facts.validity(1), facts.validity(2)), (Duplicate, Valid));
    }

    #[test]
    fn passes_the_upper_level_after_the_lower_and_authorities_of_other_lines() {
        let facts = levels((CITY, "2025-03-01"), (PROVINCE, "2025-04-01"));
        assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Valid));
        let facts = levels((SHANGHAI, "2025-03-01"), (CITY, "2025-04-01"));
        assert_eq!(facts.validity(2), Valid);
        let mut facts = levels((PROVINCE, "2025-03-01"), (CITY, "2025-04-01"));
        facts.at(2).product = another_model();
        assert_eq!(facts.validity(2), Valid);
    }

    #[test]
    fn exempts_tracking_emergency_and_recheck_which_neither_count_nor_are_limited() {
        for kind in ["tracking", "emergency", "recheck"] {
            for n in [1, 2] {
                let mut facts = levels((PROVINCE, "2025-03-01"), (CITY, "2025-04-01"));
                facts.at(n).sampling_kind = kind.into();
                assert_eq!(facts.validity(2), Valid, "{kind} {n}");
            }
        }
    }

    #[test]
    fn boundary_the_corresponding_day_is_still_inside_and_the_next_one_is_free() {
        for (first, last_inside, free) in SIX_MONTHS {
            let inside = levels((PROVINCE, first), (CITY, last_inside));
            assert_eq!(inside.validity(2), Duplicate, "{first}");
            let outside = levels((PROVINCE, first), (CITY, free));
            assert_eq!(outside.validity(2), Valid, "{first}");
        }
    }

    #[test]
    fn boundary_a_producer_without_a_credit_code_is_never_ruled_by_a_machine() {
        for n in [1, 2] {
            let mut facts = levels((PROVINCE, "2025-03-01"), (CITY, "2025-04-01"));
            facts.at(n).product = by_name();
            assert_eq!(facts.validity_of_all(2), NeedsRuling, "{n}");
            assert_eq!(facts.validity_of_all(1), Valid, "{n}");
            assert!(facts.said_of_all().contains("UPPER.unsure"));
        }
        let facts = levels((CITY, "2025-03-01"), (PROVINCE, "2025-04-01"));
        let mut facts = facts;
        facts.at(1).product = by_name();
        assert_eq!(facts.said_of_all(), BTreeSet::new(), "lower first");
    }

    #[test]
    fn passes_cities_side_by_side_under_one_province() {
        let mut facts = levels((CITY, "2025-03-01"), (CITY, "2025-04-01"));
        let sibling = OrganisationFact {
            region: Some("140800".into()),
            ..facts.organisations[&organisation(CITY)].clone()
        };
        facts.organisations.insert(organisation(1408), sibling);
        let task_of = TaskFact {
            authority_id: organisation(1408),
            ..facts.tasks[&task(CITY)].clone()
        };
        facts.tasks.insert(task(1408), task_of);
        facts.at(2).task_id = Some(task(1408));
        assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Valid));
        assert_eq!(facts.said(), BTreeSet::new());
    }

    #[test]
    fn boundary_where_levels_sampled_at_one_time_only_the_lower_needs_a_ruling() {
        for (a, b) in [(PROVINCE, CITY), (CITY, PROVINCE)] {
            let facts = levels((a, NOON), (b, NOON));
            let lower = if a == CITY { 1 } else { 2 };
            assert_eq!(facts.validity(lower), NeedsRuling);
            assert_eq!(facts.validity(3 - lower), Valid);
        }
    }

    #[test]
    fn boundary_a_circle_of_parents_ends_the_climb() {
        let mut facts = levels((SHANGHAI, "2025-03-01"), (CITY, "2025-04-01"));
        for (child, parent) in [(PROVINCE, CITY), (CITY, PROVINCE)] {
            let child = facts.organisations.get_mut(&organisation(child)).unwrap();
            child.parent_id = Some(organisation(parent));
        }
        assert_eq!(facts.validity(2), Valid);
    }
}
