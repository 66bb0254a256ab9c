//! DUP6, 六个月内不得重复抽查: the same authority does not sample the same product twice within six months.
//!
//! 晋市监发〔2023〕212号 二: “严格执行对同一监管部门不得在6个月内对同一生产者按照同一标准生产的同一商标、同一规格型号的产品
//! 进行2次以上的监督抽查规定”. The second is the violation, since 以上 includes the number itself. The scope is the
//! producer, so that samples of its goods from the market count.

use super::descriptor::{
    Citation, DefaultValue, EXEMPT_KINDS_MEANING, Message, Parameter, Rule, ScopeKind, Words,
};
use super::engine::Ruling;
use super::product::{Against, Sampling, all, day_of, same_occasion, sheet_of};
use super::rulebook::RuleSettings;
use super::{SampleFact, SamplingSource, Validity};
use crate::model::SampleId;

/// 六个月内不得重复抽查
pub const RULE: Rule = Rule {
    id: "DUP6",
    title: Words {
        zh: "六个月内不得重复抽查",
        en: "No second sampling within six months",
    },
    citation: Citation {
        source: "晋市监发〔2023〕212号 二",
        quote: "严格执行对同一监管部门不得在6个月内对同一生产者按照同一标准生产的同一商标、同一规格型号的产品进行2次以上的监督抽查规定",
    },
    scope: ScopeKind::Product,
    predicate: Words {
        zh: "同一监管部门在首次抽样之日起六个月内（含对应日，月末截断）对同一生产者、标准、商标、规格型号的产品再次抽样；不论上传先后，按抽样日期",
        en: "the same authority samples the same producer, standards, trademark and model again no later than the corresponding day six months on (clamped to the month's end); by sampling date, whatever the order of upload",
    },
    exceptions: Words {
        zh: "跟踪、应急、复查不计也不受限；同一次进门的不同批号为一次；生产者无信用代码（与同名有代码的也比对）、标准部分相同、缺少要素、日期跨越界限、先后不能确定的转人工裁定",
        en: "tracking, emergency and recheck are neither counted nor limited; lots drawn on one occasion are one sampling; a producer without a credit code (held against its namesakes with one as well), standards shared in part, missing keys, a date that may lie on either side of the boundary, and an order that cannot be told need a ruling",
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
            name: "max_samplings",
            default: DefaultValue::Number {
                value: 1,
                min: 1,
                max: 100,
            },
            meaning: Words {
                zh: "期限内允许的抽查次数",
                en: "samplings allowed within the window",
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
            key: "within_window",
            words: Words {
                zh: "{authority}已于 {earlier_day} 抽查过同一产品（{earlier}），{day} 的抽样在 {months} 个月之内",
                en: "{authority} sampled the same product on {earlier_day} ({earlier}); {day} is within {months} months",
            },
        },
        Message {
            key: "unsure",
            words: Words {
                zh: "可能与 {earlier_day} 的抽样（{earlier}）重复，须人工裁定（{why}）",
                en: "may repeat the sampling of {earlier_day} ({earlier}); a person decides ({why})",
            },
        },
        Message {
            key: "incomplete_key",
            words: Words {
                zh: "既往抽样缺少产品要素（生产者、标准、商标或规格型号），不能自动比对，须人工裁定",
                en: "this sampling made elsewhere lacks part of its product key (producer, standard, trademark or model); a person decides",
            },
        },
    ],
};

pub(super) fn against(
    ruling: &Ruling<'_>,
    settings: &RuleSettings,
    earlier: &Sampling<'_>,
    later: &Sampling<'_>,
) -> Against {
    let authority = match (earlier.authority, later.authority) {
        (Some(a), Some(b)) if a == b => Against::Certain,
        (Some(_), Some(_)) => return Against::Nothing,
        _ => Against::Possible("authority_unknown"),
    };
    // Where the order cannot be told, the window is measured from whichever may be first.
    let (first, second) = match later.when.lo < earlier.when.lo {
        true => (later, earlier),
        false => (earlier, later),
    };
    let stands = all([
        authority,
        first
            .within(second, settings.number("window_months"))
            .into(),
        earlier.sameness(later).into(),
    ]);
    let exempt = |it: &Sampling<'_>| settings.lists("exempt_kinds", &it.fact.sampling_kind);
    let exempted = stands != Against::Nothing
        && (exempt(earlier) || exempt(later) || same_occasion(ruling, earlier.fact, later.fact));
    if exempted { Against::Nothing } else { stands }
}

/// A sampling made elsewhere of which nobody wrote down whose product it was.
pub(super) fn names_no_producer(sample: &SampleFact) -> bool {
    matches!(sample.source, SamplingSource::Imported { .. }) && sample.product.producer.is_empty()
}

/// A sampling made elsewhere that lacks part of its key can be compared with nothing for certain.
pub(super) fn incomplete(ruling: &mut Ruling<'_>, id: SampleId, sample: &SampleFact) {
    let imported = matches!(sample.source, SamplingSource::Imported { .. });
    if !imported || !sample.product.incomplete {
        return;
    }
    if let Some((book, _)) = ruling.binding(&RULE, sample) {
        let validity = Validity::NeedsRuling;
        ruling.judge(&RULE, book, id, validity, "incomplete_key", vec![]);
    }
}

pub(super) fn allowed(settings: &RuleSettings) -> i64 {
    settings.number("max_samplings")
}

pub(super) fn duplicate(ruling: &mut Ruling<'_>, id: SampleId, winner: SampleId) {
    let sample = &ruling.facts.samples[&id];
    let earlier = &ruling.facts.samples[&winner];
    let Some((book, settings)) = ruling.binding(&RULE, sample) else {
        return;
    };
    let arguments = vec![
        ("authority", ruling.name_of(ruling.authority_of(sample))),
        ("earlier_day", day_of(earlier)),
        ("earlier", sheet_of(winner, Some(earlier))),
        ("day", day_of(sample)),
        ("months", settings.number("window_months").to_string()),
    ];
    ruling.judge_against(
        &RULE,
        book,
        id,
        Validity::Duplicate,
        "within_window",
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

    fn twice(first: &str, second: &str) -> Facts {
        let mut facts = product();
        facts.drawn(1, CITY, first);
        facts.drawn(2, CITY, second);
        facts
    }

    #[test]
    fn violates_when_the_same_authority_samples_the_product_again() {
        let facts = twice("2025-03-01", "2025-04-01");
        assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Duplicate));
        let found = &facts.ruled().findings[0];
        assert_eq!(found.message, "DUP6.within_window");
        assert_eq!(found.winner, Some(Subject::Sample(sample_id(1))));
    }

    #[test]
    fn violates_by_the_order_of_sampling_whichever_came_in_first() {
        let facts = twice("2025-05-01", "2025-03-01");
        assert_eq!((facts.validity(1), facts.validity(2)), (Duplicate, Valid));
    }

    #[test]
    fn violates_with_goods_of_the_producer_sampled_from_the_market() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.at(2).enterprise = Some(EnterpriseKey("uscc:921405020000B2F60D".into()));
        facts.at(2).channel = "circulation".into();
        assert_eq!(facts.validity(2), Duplicate);
    }

    #[test]
    fn violates_against_a_prior_sampling_that_was_imported() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        let prior = facts.at(1);
        (prior.document_id, prior.entry_id, prior.task_id) = (None, None, None);
        prior.source = SamplingSource::Imported {
            origin: "e-CQS".into(),
        };
        assert_eq!(facts.validity(2), Duplicate);
        facts.at(1).authority_id = None;
        assert_eq!(
            facts.validity(2),
            NeedsRuling,
            "an unknown authority may be the same"
        );
    }

    #[test]
    fn passes_another_product_and_another_authority() {
        type Differ = fn(&mut ProductFact);
        let differences: [Differ; 4] = [
            |p| p.producer = "913708810000A3D495".into(),
            |p| p.trademark = "晋".into(),
            |p| p.spec_model = "170".into(),
            |p| p.standards = BTreeSet::from(["GB/T 31888-2025".into()]),
        ];
        for differ in differences {
            let mut product = uniform();
            differ(&mut product);
            let sameness = crate::rules::product::sameness(&uniform(), &product);
            assert_eq!(sameness, crate::rules::product::Sameness::Different);
        }
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.at(2).product = another_model();
        assert_eq!(facts.validity(2), Valid);
        let mut facts = product();
        facts.drawn(1, PUDONG, "2025-03-01");
        facts.drawn(2, CITY, "2025-04-01");
        assert_eq!(facts.validity(2), Valid);
    }

    #[test]
    fn violates_when_history_lacks_part_of_its_key_and_what_is_drawn_here_does_not() {
        let mut facts = twice("2025-03-01", "2025-10-01");
        for n in [1, 2] {
            facts.at(n).product.incomplete = true;
        }
        facts.at(1).source = SamplingSource::Imported {
            origin: "e-CQS".into(),
        };
        assert_eq!((facts.validity(1), facts.validity(2)), (NeedsRuling, Valid));
        assert!(facts.said().contains("DUP6.incomplete_key"));
        facts.decide_sample(1, Valid, 1);
        assert_eq!(facts.validity(1), Valid);
    }

    #[test]
    fn exempts_history_that_names_no_producer_from_standing_in_the_way_of_its_like() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        for n in [1, 2] {
            let sample = facts.at(n);
            sample.product.producer.clear();
            sample.product.incomplete = true;
            sample.source = SamplingSource::Imported {
                origin: "e-CQS".into(),
            };
        }
        facts.scope = ScopeKey::Product {
            product: facts.at(1).product.scope_digest(),
        };
        let ruled = (facts.validity(1), facts.validity(2));
        assert_eq!(ruled, (NeedsRuling, NeedsRuling));
        assert!(!facts.said().contains("DUP6.unsure"));
    }

    #[test]
    fn exempts_tracking_emergency_and_recheck_which_neither_count_nor_are_limited() {
        for kind in ["tracking", "emergency", "recheck"] {
            for n in [1, 2] {
                let mut facts = twice("2025-03-01", "2025-04-01");
                facts.at(n).sampling_kind = kind.into();
                assert_eq!(facts.validity(2), Valid, "{kind} {n}");
            }
        }
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.at(2).sampling_kind = "special".into();
        assert_eq!(facts.validity(2), Duplicate);
    }

    #[test]
    fn exempts_different_lots_drawn_on_one_occasion() {
        let mut facts = twice("2025-03-01", "2025-03-01");
        facts.at(2).sampled = about(noon("2025-03-01") + 30 * MINUTE);
        facts.at(2).lot_no = Some("another".into());
        assert_eq!(facts.validity(2), Duplicate);
        facts.at(2).entry_id = Some(entry_id(1));
        assert_eq!(facts.validity(2), Valid);
    }

    #[test]
    fn exempts_lots_of_a_first_entry_and_its_continuation_and_not_of_an_excess_one() {
        let mut facts = twice("2025-03-01", "2025-03-02");
        facts.at(2).document_id = Some(document(1));
        facts.standings.insert(entry_id(1), First);
        facts.standings.insert(entry_id(2), Continuation);
        assert_eq!(facts.validity(2), Valid);
        facts.standings.insert(entry_id(2), Excess);
        assert_eq!(facts.validity(2), Duplicate);
        facts.standings.insert(entry_id(2), Continuation);
        facts.at(2).document_id = Some(document(2));
        assert_eq!(facts.validity(2), Duplicate, "another door");
    }

    #[test]
    fn boundary_the_corresponding_day_six_months_on_still_violates_and_the_next_day_passes() {
        for (first, last_inside, free) in SIX_MONTHS {
            assert_eq!(twice(first, last_inside).validity(2), Duplicate, "{first}");
            assert_eq!(twice(first, free).validity(2), Valid, "{first}");
            // Whichever came in first: the earlier sampling opens the window.
            assert_eq!(twice(last_inside, first).validity(1), Duplicate, "{first}");
            assert_eq!(twice(free, first).validity(1), Valid, "{first}");
        }
    }

    #[test]
    fn boundary_the_day_ends_at_midnight_in_shanghai() {
        let midnight = shanghai_midnight("2025-09-02".parse().unwrap());
        let mut facts = twice("2025-03-01", "2025-09-01");
        facts.at(2).sampled = between(midnight - 10_000, midnight - 1);
        assert_eq!(facts.validity(2), Duplicate, "23:59");
        facts.at(2).sampled = between(midnight, midnight + 10_000);
        assert_eq!(facts.validity(2), Valid, "00:00");
        facts.at(2).sampled = between(midnight - 1, midnight);
        assert_eq!(facts.validity(2), NeedsRuling, "a claim across midnight");
        facts.at(2).sampled = about(noon("2025-09-02"));
        let first_midnight = shanghai_midnight("2025-03-02".parse().unwrap());
        facts.at(1).sampled = between(first_midnight - 1, first_midnight);
        assert_eq!(
            facts.validity(2),
            NeedsRuling,
            "the earlier claim across midnight"
        );
    }

    #[test]
    fn boundary_what_a_machine_cannot_tell_needs_a_ruling() {
        type Spoil = fn(&mut SampleFact);
        let spoils: [(&str, Spoil); 5] = [
            ("standards shared in part", |s| {
                s.product.standards.insert("GB 18401-2010".into());
            }),
            ("no standards", |s| s.product.standards.clear()),
            ("no trademark", |s| s.product.trademark.clear()),
            ("no model", |s| s.product.spec_model.clear()),
            ("incomplete", |s| s.product.incomplete = true),
        ];
        for (name, spoil) in spoils {
            for n in [1, 2] {
                let mut facts = twice("2025-03-01", "2025-04-01");
                spoil(facts.at(n));
                let ruled = (facts.validity(1), facts.validity(2));
                assert_eq!(ruled, (Valid, NeedsRuling), "{name} {n}");
            }
        }
    }

    #[test]
    fn boundary_intervals_that_overlap_by_a_millisecond_have_no_order() {
        let mut facts = twice("2025-03-01", "2025-03-01");
        let at = noon("2025-03-01");
        facts.at(1).sampled = between(at, at + 10);
        facts.at(2).sampled = between(at + 10, at + 20);
        assert_eq!(
            (facts.validity(1), facts.validity(2)),
            (NeedsRuling, NeedsRuling)
        );
        facts.at(2).sampled = between(at + 11, at + 20);
        assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Duplicate));
        let equal = twice("2025-03-01", "2025-03-01");
        assert_eq!(
            (equal.validity(1), equal.validity(2)),
            (NeedsRuling, NeedsRuling)
        );
    }

    #[test]
    fn boundary_a_producer_known_by_its_name_alone_may_be_the_one_of_that_name_with_a_code() {
        for (first, second) in [("2025-03-01", "2025-04-01"), ("2025-04-01", "2025-03-01")] {
            for n in [1, 2] {
                let mut facts = twice(first, second);
                facts.at(n).product = by_name();
                let (earlier, later) = if first < second { (1, 2) } else { (2, 1) };
                assert_eq!(facts.validity_of_all(earlier), Valid, "{n}");
                assert_eq!(facts.validity_of_all(later), NeedsRuling, "{n}");
                assert_eq!(
                    facts.said_of_all(),
                    BTreeSet::from(["DUP6.unsure".to_owned()])
                );
            }
        }
        let mut both = twice("2025-03-01", "2025-04-01");
        for n in [1, 2] {
            both.at(n).product = by_name();
        }
        assert_eq!(both.validity_of_all(2), NeedsRuling, "neither has a code");
        let mut free = twice("2025-03-01", "2025-09-02");
        free.at(1).product = by_name();
        assert_eq!(free.validity_of_all(2), Valid, "the window is the same");
    }

    #[test]
    fn passes_two_producers_of_one_name_with_codes_of_their_own() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.at(2).product.producer = "913708810000A3D495".into();
        assert_eq!(facts.said_of_all(), BTreeSet::new());
        // Either of them may be the one that is known by the name alone.
        facts.drawn(3, CITY, "2025-05-01").product = by_name();
        assert_eq!(
            [1, 2, 3].map(|n| facts.validity_of_all(n)),
            [Valid, Valid, NeedsRuling]
        );
        facts.at(3).product.producer = "另一家".into();
        assert_eq!(facts.validity_of_all(3), Valid);
    }

    #[test]
    fn boundary_what_a_name_makes_uncertain_makes_nothing_a_duplicate_by_its_code() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.drawn(3, CITY, "2025-02-01").product = by_name();
        assert_eq!(facts.validity_of_all(3), Valid);
        assert_eq!(
            [1, 2].map(|n| facts.validity_of_all(n)),
            [NeedsRuling, NeedsRuling]
        );
        // What a code says of itself stands for certain where no name speaks before it.
        facts.at(3).sampled = about(noon("2025-05-01"));
        assert_eq!(
            [1, 2, 3].map(|n| facts.validity_of_all(n)),
            [Valid, Duplicate, NeedsRuling]
        );
        facts.decide_sample(3, Valid, 1);
        assert_eq!(
            [1, 2, 3].map(|n| facts.validity_of_all(n)),
            [Valid, Duplicate, Valid]
        );
    }

    #[test]
    fn boundary_the_same_code_under_two_names_is_one_producer() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.at(1).product.producer_name = "高平服饰".into();
        assert_eq!(facts.validity_of_all(2), Duplicate);
        facts.at(1).product.producer_name.clear();
        assert_eq!(facts.validity_of_all(2), Duplicate);
    }

    #[test]
    fn boundary_samplings_by_code_and_by_name_add_up_to_what_a_rulebook_allows() {
        let lenient = "id = 'shanxi'\nversion = 2\nextends = 'national'\nregion = '140000'\n\
            effective_from = '2025-01-01'\nsource = 's'\n[rules.DUP6]\nmax_samplings = 2";
        let books = Rulebooks::builtin().with(lenient).unwrap();
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.drawn(3, CITY, "2025-03-15").product = by_name();
        let outcome = |n: u8| {
            let ruled = rule_all(&facts, &books);
            ruled.outcomes[&Subject::Sample(sample_id(n.into()))].clone()
        };
        let validity = |validity| Outcome::Sample { validity };
        assert_eq!(outcome(3), validity(Valid));
        assert_eq!(outcome(2), validity(NeedsRuling));
    }

    #[test]
    fn boundary_what_depends_on_a_sample_that_needs_a_ruling_needs_one_too_and_on_a_void_one_does_not()
     {
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.survived.insert(sample_id(1), NeedsRuling);
        assert_eq!(facts.validity(2), NeedsRuling);
        for out in [Void, Duplicate] {
            facts.survived.insert(sample_id(1), out);
            assert_eq!(facts.validity(2), Valid);
        }
        facts.decide_sample(1, Valid, 1);
        assert_eq!(facts.validity(2), Duplicate);
    }

    #[test]
    fn boundary_a_duplicate_does_not_open_a_window_of_its_own() {
        let mut facts = twice("2025-01-10", "2025-06-01");
        facts.drawn(3, CITY, "2025-08-01");
        assert_eq!((facts.validity(2), facts.validity(3)), (Duplicate, Valid));
    }

    #[test]
    fn boundary_a_rulebook_that_allows_two_lets_the_second_pass_and_not_the_third() {
        let lenient = "id = 'shanxi'\nversion = 2\nextends = 'national'\nregion = '140000'\n\
            effective_from = '2025-01-01'\nsource = 's'\n[rules.DUP6]\nmax_samplings = 2";
        let books = Rulebooks::builtin().with(lenient).unwrap();
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.drawn(3, CITY, "2025-05-01");
        let ruled = rule(&facts, &books);
        assert_eq!(
            [1, 2, 3].map(|n| ruled.validity(n)),
            [Valid, Valid, Duplicate]
        );
    }

    #[test]
    fn boundary_keys_that_both_sheets_lack_are_not_the_same_for_that() {
        type Spoil = fn(&mut SampleFact);
        let spoils: [Spoil; 3] = [
            |s| s.product.standards.clear(),
            |s| s.product.trademark.clear(),
            |s| s.product.spec_model.clear(),
        ];
        for spoil in spoils {
            let mut facts = twice("2025-03-01", "2025-04-01");
            spoil(facts.at(1));
            spoil(facts.at(2));
            assert_eq!(facts.validity(2), NeedsRuling);
        }
    }

    #[test]
    fn exempts_what_is_out_already_from_any_further_word_and_from_standing_in_the_way() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.survived.insert(sample_id(2), Void);
        assert_eq!(facts.said(), BTreeSet::new());
        let mut facts = twice("2025-03-01", "2025-03-01");
        facts.survived.insert(sample_id(1), Void);
        assert_eq!((facts.validity(2), facts.said()), (Valid, BTreeSet::new()));
    }

    #[test]
    fn boundary_a_tested_duplicate_may_yet_open_a_window_so_what_follows_needs_a_ruling() {
        let mut facts = twice("2025-01-10", "2025-06-01");
        facts.drawn(3, CITY, "2025-08-01");
        facts.at(2).custody.testing_started_at_ms = Some(1);
        assert_eq!(
            [1, 2, 3].map(|n| facts.validity(n)),
            [Valid, NeedsRuling, NeedsRuling]
        );
    }

    #[test]
    fn boundary_a_certain_duplicate_stays_out_though_another_rule_has_its_doubts() {
        let mut facts = twice("2025-01-10", "2025-06-01");
        facts.drawn(3, CITY, "2025-08-01");
        facts.at(2).lot_no = None;
        assert_eq!(
            [1, 2, 3].map(|n| facts.validity(n)),
            [Valid, Duplicate, Valid]
        );
        assert!(facts.said().contains("DUPLOT.unsure"));
    }

    #[test]
    fn violates_against_a_second_sampling_that_a_person_let_stand() {
        let mut facts = twice("2025-01-10", "2025-06-01");
        facts.drawn(3, CITY, "2025-08-01");
        facts.decide_sample(2, Valid, 1);
        assert_eq!(
            [1, 2, 3].map(|n| facts.validity(n)),
            [Valid, Valid, Duplicate]
        );
    }

    #[test]
    fn violates_across_two_doors_though_both_entries_are_first() {
        let mut facts = product();
        facts.enters(1, about(noon("2025-03-01")), uniform());
        let other = facts.enters(2, about(noon("2025-04-01")), uniform());
        other.campaign_id = CampaignId(Uuid::from_u128(78));
        for n in [1, 2] {
            facts.standings.insert(entry_id(n), First);
        }
        assert_eq!(facts.validity(2), Duplicate);
        facts.entries.clear();
        facts.at(1).document_id = None;
        facts.at(2).document_id = None;
        assert_eq!(
            facts.validity(2),
            Duplicate,
            "no document is no common document"
        );
    }

    #[test]
    fn boundary_a_producer_who_is_not_named_may_be_the_same() {
        use crate::rules::product::{Sameness, sameness};
        let unnamed = ProductFact {
            producer: String::new(),
            ..uniform()
        };
        let unsure = Sameness::Unsure("missing_keys");
        assert_eq!(sameness(&unnamed, &uniform()), unsure);
        assert_eq!(sameness(&uniform(), &unnamed), unsure);
    }
}
