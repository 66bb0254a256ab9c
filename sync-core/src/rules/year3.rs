//! YEAR3, 同一年度抽查不得超过3次: one producer or seller is not visited more than three times a year.
//!
//! 沪市监产质〔2024〕31号 (三): “在同一年度内，除专项抽查（应急抽查）、跟踪抽查外，原则上对同一家生产者或销售者抽查不得超过3次，
//! ……前述限制数适用于全市各级市场监管部门”. So the visits of the city and all its districts count together and national ones
//! do not; 原则上 leaves the overshoot to a person.

use super::SampleFact;
use super::descriptor::{
    Citation, DefaultValue, EXEMPT_KINDS_MEANING, Message, Parameter, Rule, ScopeKind, Words,
};
use super::engine::Ruling;
use super::occasion::Occasions;
use super::overshoot::{self, Seat};

/// 同一年度抽查不得超过3次
pub const RULE: Rule = Rule {
    id: "YEAR3",
    title: Words {
        zh: "同一年度抽查不得超过3次",
        en: "No more than three visits a year",
    },
    citation: Citation {
        source: "沪市监产质〔2024〕31号 （三）",
        quote: "在同一年度内，除专项抽查（应急抽查）、跟踪抽查外，原则上对同一家生产者或销售者抽查不得超过3次，……前述限制数适用于全市各级市场监管部门",
    },
    scope: ScopeKind::EnterpriseYear,
    predicate: Words {
        zh: "同一自然年（上海时间）内，全市各级对同一家生产者或销售者的抽查超过限定次数；最早的若干次成立，其余转人工裁定",
        en: "more visits of one sampled party in one calendar year (Asia/Shanghai) by the authorities of the city and its districts than allowed; the earliest stand, the rest need a ruling",
    },
    exceptions: Words {
        zh: "专项、应急、跟踪、复查不计也不受限；同一次中只计其他任务；联合进门为一次；国家级抽查不计",
        en: "special, emergency, tracking and recheck are neither counted nor limited; in a mixed visit only the other tasks count; a joint entry is one visit; national samplings do not count",
    },
    parameters: &[
        Parameter {
            name: "max_visits",
            default: DefaultValue::Number {
                value: 3,
                min: 1,
                max: 365,
            },
            meaning: Words {
                zh: "每年允许的次数（次）",
                en: "visits allowed a calendar year",
            },
        },
        Parameter {
            name: "exempt_kinds",
            default: DefaultValue::List(&["special", "emergency", "tracking", "recheck"]),
            meaning: EXEMPT_KINDS_MEANING,
        },
        Parameter {
            name: "counted_levels",
            default: DefaultValue::List(&["province", "city", "county"]),
            meaning: Words {
                zh: "计入的组织部门层级",
                en: "levels of the organising authorities that count",
            },
        },
    ],
    messages: &[
        Message {
            key: "over",
            words: Words {
                zh: "{year} 年内该单位已被抽查 {max} 次，本次（{day}）超出，须人工裁定",
                en: "this party was already visited {max} times in {year}; the visit of {day} is over the limit and needs a ruling",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "{year} 年内的次数不能确定，本次（{day}）可能超出 {max} 次",
                en: "the visits of {year} cannot be counted for certain; that of {day} may be over {max}",
            },
        },
    ],
};

pub(super) fn check(ruling: &mut Ruling<'_>, year: i16) {
    let occasions = Occasions::of(ruling);
    let seat = |ruling: &Ruling<'_>, id, sample: &SampleFact| {
        let authority = ruling.authority_of(sample);
        if authority.is_some() {
            let (_, settings) = ruling.binding(&RULE, sample)?;
            let known = authority.and_then(|id| ruling.facts.organisations.get(&id));
            let level = known.and_then(|organisation| organisation.level.as_deref());
            level.filter(|level| settings.lists("counted_levels", level))?;
        }
        let (first, last) = sample.sampled.usable().shanghai_days();
        let this_year = first.year() == year && last.year() == year;
        Some(Seat {
            within: (),
            as_one: occasions.find(ruling, id, sample),
            // Of a sampling elsewhere without an authority it is not known whether it counts.
            certain: this_year && authority.is_some(),
        })
    };
    let arguments = |sample: &SampleFact| {
        vec![
            ("year", year.to_string()),
            ("day", super::product::day_of(sample)),
        ]
    };
    // What turns out to be over needs a ruling and so no longer counts for certain; it can only push later ones from
    // "over" to "unsure", and those need a ruling either way, so one pass is enough.
    overshoot::check(ruling, &RULE, "max_visits", seat, arguments);
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    fn visits(days: &[&str]) -> Facts {
        let mut facts = year(2025);
        for (n, day) in (1..).zip(days) {
            facts.drawn(n, PUDONG, day);
        }
        facts
    }
    const FOUR: [&str; 4] = ["2025-04-01", "2025-01-01", "2025-02-01", "2025-12-31"];

    #[test]
    fn violates_with_the_fourth_visit_which_needs_a_ruling_while_the_earliest_three_stand() {
        let facts = visits(&FOUR);
        assert_eq!(
            [1, 2, 3, 4].map(|n| facts.validity(n)),
            [Valid, Valid, Valid, NeedsRuling]
        );
        assert!(facts.said().contains("YEAR3.over"));
    }

    #[test]
    fn violates_across_all_authorities_of_the_city_and_its_districts() {
        let mut facts = visits(&FOUR);
        facts.at(1).task_id = Some(task(SHANGHAI));
        facts.at(1).authority_id = Some(organisation(SHANGHAI));
        assert_eq!(facts.validity(4), NeedsRuling);
    }

    #[test]
    fn passes_where_no_rulebook_limits_the_year_and_on_a_visit_of_another_party() {
        let mut shanxi = year(2025);
        for (n, day) in (1..).zip(FOUR) {
            shanxi.drawn(n, CITY, day);
        }
        assert_eq!(shanxi.validity(4), Valid);
        let mut facts = visits(&FOUR);
        facts.at(1).enterprise = Some(EnterpriseKey("uscc:913101150000C1H82U".into()));
        assert_eq!(facts.validity(4), Valid);
    }

    #[test]
    fn exempts_special_emergency_tracking_and_recheck_which_neither_count_nor_are_limited() {
        for kind in ["special", "emergency", "tracking", "recheck"] {
            for n in [1, 4] {
                let mut facts = visits(&FOUR);
                facts.at(n).sampling_kind = kind.into();
                assert_eq!(facts.validity(4), Valid, "{kind} {n}");
            }
        }
        for kind in ["linked", "evaluative"] {
            let mut facts = visits(&FOUR);
            facts.at(4).sampling_kind = kind.into();
            assert_eq!(facts.validity(4), NeedsRuling, "{kind}");
        }
    }

    #[test]
    fn exempts_in_a_mixed_visit_the_exempt_sample_and_counts_the_other() {
        let mut facts = visits(&FOUR);
        let tracked = facts.drawn(5, PUDONG, "2025-12-31");
        tracked.entry_id = Some(entry_id(4));
        tracked.sampling_kind = "tracking".into();
        assert_eq!((facts.validity(4), facts.validity(5)), (NeedsRuling, Valid));
        let tracked = facts.at(5);
        tracked.entry_id = Some(entry_id(1));
        tracked.sampled = about(noon("2025-04-01"));
        facts.at(1).sampling_kind = "special".into();
        assert_eq!(
            facts.validity(4),
            Valid,
            "a visit of exempt kinds alone does not count"
        );
    }

    #[test]
    fn exempts_national_samplings_and_those_of_other_provinces() {
        for authority in [NATION, PROVINCE] {
            let mut facts = visits(&FOUR);
            facts.at(1).authority_id = Some(organisation(authority));
            facts.at(1).task_id = Some(task(authority));
            assert_eq!(facts.validity(4), Valid);
        }
    }

    #[test]
    fn exempts_what_was_ruled_void_or_a_duplicate_and_doubts_what_needs_a_ruling() {
        for (survived, fourth) in [
            (Void, Valid),
            (Duplicate, Valid),
            (NeedsRuling, NeedsRuling),
        ] {
            let mut facts = visits(&FOUR);
            facts.survived.insert(sample_id(1), survived);
            assert_eq!(facts.validity(4), fourth);
            assert!(!facts.said().contains("YEAR3.over"));
        }
    }

    #[test]
    fn boundary_a_sampling_elsewhere_without_an_authority_may_be_one_of_the_citys() {
        let mut facts = visits(&FOUR);
        let claimed = facts.at(1);
        (claimed.authority_id, claimed.task_id, claimed.entry_id) = (None, None, None);
        claimed.source = SamplingSource::Claimed;
        assert_eq!((facts.validity(1), facts.validity(4)), (Valid, NeedsRuling));
        assert_eq!(facts.said(), BTreeSet::from(["YEAR3.unsure".to_owned()]));
        facts.at(1).sampling_kind = "tracking".into();
        assert_eq!(facts.validity(4), Valid);
    }

    #[test]
    fn boundary_a_phone_that_never_had_a_token_is_bound_by_what_is_in_force_at_receipt() {
        let mut facts = visits(&["2025-01-01", "2025-02-01", "2025-03-01"]);
        facts.drawn(5, PUDONG, NOON).sampled = proven_only(i64::MIN, noon("2025-06-01"));
        assert_eq!(facts.validity(5), NeedsRuling);
        assert_eq!(facts.said(), BTreeSet::from(["YEAR3.unsure".to_owned()]));
    }

    #[test]
    fn boundary_exactly_three_visits_pass_and_the_fourth_does_not() {
        assert_eq!(visits(&FOUR[..3]).said(), BTreeSet::new());
        assert_eq!(visits(&FOUR).validity(4), NeedsRuling);
    }

    #[test]
    fn boundary_several_samples_of_one_entry_are_one_visit() {
        let mut facts = visits(&["2025-01-01", "2025-02-01", "2025-02-01", "2025-03-01"]);
        facts.at(3).entry_id = Some(entry_id(2));
        assert_eq!((facts.validity(4), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn boundary_a_joint_entry_is_one_visit_and_two_days_are_two() {
        let mut facts = visits(&["2025-01-01", "2025-02-01", "2025-03-01", "2025-03-01"]);
        let at = about(noon("2025-03-01"));
        for n in [3, 4] {
            let joint = Some(JointEntryId(Uuid::from_u128(5)));
            facts.enters(n, at, uniform()).joint_entry_id = joint;
            facts.at(n).task_id = Some(task(PUDONG));
        }
        assert_eq!((facts.validity(3), facts.validity(4)), (Valid, Valid));
        let next_day = about(noon("2025-03-02"));
        facts.entry(4).entered = next_day;
        facts.at(4).sampled = next_day;
        assert_eq!((facts.validity(3), facts.validity(4)), (Valid, NeedsRuling));
        facts.entry(4).entered = at;
        facts.at(4).sampled = at;
        facts.entry(4).joint_entry_id = None;
        assert_eq!(
            (facts.validity(3), facts.validity(4)),
            (NeedsRuling, NeedsRuling)
        );
    }

    #[test]
    fn boundary_the_year_turns_at_midnight_in_shanghai() {
        let mut facts = visits(&FOUR);
        let midnight = shanghai_midnight("2026-01-01".parse().unwrap());
        facts.at(4).sampled = between(midnight - 9, midnight - 1);
        assert_eq!(facts.validity(4), NeedsRuling, "23:59");
        facts.at(4).sampled = between(midnight, midnight + 9);
        let fourth = Subject::Sample(sample_id(4));
        assert!(!facts.ruled().outcomes.contains_key(&fourth), "00:00");
        facts.at(4).sampled = between(midnight - 1, midnight);
        assert_eq!(facts.validity(4), NeedsRuling, "a claim across midnight");
        let begin = shanghai_midnight("2025-01-01".parse().unwrap());
        let mut facts = visits(&FOUR);
        facts.at(2).sampled = between(begin - 1, begin);
        assert_eq!(facts.validity(4), NeedsRuling);
        assert!(
            facts.said().contains("YEAR3.unsure"),
            "one of the earlier may be last year's"
        );
    }

    #[test]
    fn boundary_a_new_rulebook_version_changes_later_verdicts_and_leaves_earlier_ones() {
        let stricter = "id = 'shanghai'\nversion = 2\nextends = 'national'\nregion = '310000'\n\
            effective_from = '2025-03-15'\nsource = 's'\n[rules.YEAR3]\nenabled = true\nmax_visits = 2";
        let books = Rulebooks::builtin().with(stricter).unwrap();
        let early = rule(&visits(&["2025-01-01", "2025-02-01", "2025-03-14"]), &books);
        assert_eq!(early.validity(3), Valid);
        let mut across = visits(&["2025-01-01", "2025-02-01", "2025-03-14"]);
        across.drawn(4, PUDONG, "2025-03-15").entry_id = Some(entry_id(3));
        let across = rule(&across, &books);
        assert_eq!(
            across.validity(3),
            NeedsRuling,
            "the stricter of the two binds"
        );
        let late = rule(&visits(&["2025-01-01", "2025-02-01", "2025-03-15"]), &books);
        assert_eq!(late.validity(3), NeedsRuling);
        assert_eq!(late.findings[0].rulebook, "shanghai@2");
    }

    #[test]
    fn exempts_national_samplings_even_where_a_national_rulebook_limits_the_year() {
        let national = "id = 'national'\nversion = 2\nregion = '000000'\n\
            effective_from = '2025-01-01'\nsource = 's'\n[rules.YEAR3]\nenabled = true";
        let books = Rulebooks::builtin().with(national).unwrap();
        let drawn_for = |authority| {
            let mut facts = year(2025);
            for (n, day) in (1..).zip(FOUR) {
                facts.drawn(n, authority, day);
            }
            rule(&facts, &books).validity(4)
        };
        assert_eq!(drawn_for(NATION), Valid);
        assert_eq!(drawn_for(PUDONG), NeedsRuling);
    }

    #[test]
    fn exempts_a_whole_visit_of_which_a_person_let_one_sample_stand() {
        for (decided, other) in [
            (Valid, Valid),
            (NeedsRuling, NeedsRuling),
            (Void, NeedsRuling),
        ] {
            let mut facts = visits(&FOUR);
            facts.drawn(5, PUDONG, FOUR[3]).entry_id = Some(entry_id(4));
            facts.decide_sample(4, decided, 1);
            assert_eq!((facts.validity(4), facts.validity(5)), (decided, other));
            let fourth = Subject::Sample(sample_id(4));
            let findings = facts.ruled().findings;
            assert!(findings.iter().all(|finding| finding.subject != fourth));
        }
    }

    #[test]
    fn boundary_a_visit_takes_its_place_by_its_first_sample() {
        let mut facts = visits(&["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"]);
        facts.drawn(5, PUDONG, "2025-05-01").entry_id = Some(entry_id(1));
        assert_eq!(
            [1, 2, 3, 4, 5].map(|n| facts.validity(n)),
            [Valid, Valid, Valid, NeedsRuling, Valid]
        );
        assert!(facts.said().contains("YEAR3.over"));
    }

    #[test]
    fn violates_where_an_earlier_visit_was_valid_with_a_violation_which_counts() {
        let mut facts = visits(&FOUR);
        facts.survived.insert(sample_id(1), ValidWithViolation);
        assert_eq!(facts.validity(4), NeedsRuling);
        assert!(facts.said().contains("YEAR3.over"));
    }
}
