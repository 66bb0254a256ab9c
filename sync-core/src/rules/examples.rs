//! Examples of every rule: what violates, passes, is exempt and lies on the boundary; the resolution table of conflicts,
//! line by line; and the properties that hold for any facts.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::testing::*;
use super::*;
use crate::model::*;
use Standing::{Contested, Continuation, Excess, First, Uncounted};
use Validity::{Duplicate, NeedsRuling, Valid, ValidWithViolation, Void};

const NOON: &str = "2025-03-01";

mod entry1 {
    use super::*;
    use crate::rules::entry1::{Assignment, plan_collisions};

    /// Two teams at one gate, `minutes` apart.
    fn two_teams(minutes: i64, second: ProductFact) -> Facts {
        let mut facts = door();
        facts.enters(1, about(noon(NOON)), uniform());
        facts.enters(2, about(noon(NOON) + minutes * MINUTE), second);
        facts
    }

    #[test]
    fn of_two_teams_the_earlier_entry_stands_and_the_same_product_is_a_duplicate() {
        let facts = two_teams(30, uniform());
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Excess));
        assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Duplicate));
        let earlier = two_teams(-30, uniform());
        assert_eq!((earlier.standing(1), earlier.standing(2)), (Excess, First));
    }

    #[test]
    fn another_product_from_the_second_entry_is_valid_and_the_body_answers_for_it() {
        let facts = two_teams(30, another_model());
        assert_eq!(facts.validity(2), ValidWithViolation);
        assert!(facts.said().contains("ENTRY1.second_entry"));
    }

    #[test]
    fn a_single_entry_is_first() {
        let mut facts = door();
        facts.enters(1, about(noon(NOON)), uniform());
        assert_eq!(facts.standing(1), First);
        assert!(facts.ruled().findings.is_empty());
    }

    #[test]
    fn times_that_touch_are_contested_and_a_millisecond_apart_are_not() {
        let mut facts = door();
        facts.enters(1, between(0, 1_000), uniform());
        facts.enters(2, between(1_000, 2_000), uniform());
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (Contested, Contested)
        );
        assert_eq!(
            (facts.validity(1), facts.validity(2)),
            (NeedsRuling, NeedsRuling)
        );
        facts.entries.get_mut(&entry_id(2)).unwrap().entered = between(1_001, 2_000);
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Excess));
    }

    #[test]
    fn a_chain_of_overlaps_is_contested_together_and_no_later_entry_is_first() {
        let mut facts = door();
        facts.enters(1, between(0, 10), uniform());
        facts.enters(2, between(5, 20), uniform());
        facts.enters(3, between(15, 30), uniform());
        facts.enters(4, between(100, 110), uniform());
        for n in 1..=4 {
            assert_eq!(facts.standing(n), Contested, "{n}");
        }
    }

    #[test]
    fn a_lease_decides_where_claimed_times_overlap() {
        let mut facts = two_teams(0, uniform());
        let lease = Interval {
            lo: noon(NOON) - MINUTE,
            hi: noon(NOON) + MINUTE,
        };
        facts.entries.get_mut(&entry_id(2)).unwrap().lease = Some(lease);
        assert_eq!((facts.standing(1), facts.standing(2)), (Excess, First));
        assert!(facts.said().contains("ENTRY1.lease_decided"));
        // A lease that does not cover the claim is none.
        let late = Interval {
            lo: noon(NOON),
            hi: noon(NOON) + MINUTE,
        };
        facts.entries.get_mut(&entry_id(2)).unwrap().lease = Some(late);
        assert_eq!(facts.standing(2), Contested);
    }

    #[test]
    fn a_lease_never_defeats_a_provably_earlier_entry() {
        let mut facts = door();
        facts.enters(1, between(0, 10), uniform());
        facts.enters(2, between(5, 20), uniform());
        facts.enters(3, between(15, 30), uniform()).lease = Some(Interval { lo: 0, hi: 99 });
        assert_eq!(facts.standing(3), Contested);
        facts.enters(9, between(40, 50), uniform()).lease = Some(Interval { lo: 0, hi: 99 });
        facts.entries.remove(&entry_id(2));
        facts.entries.remove(&entry_id(3));
        assert_eq!((facts.standing(1), facts.standing(9)), (First, Excess));
    }

    #[test]
    fn a_lease_does_not_decide_after_a_reboot() {
        let mut facts = two_teams(0, uniform());
        let at = noon(NOON);
        let leased = facts.entries.get_mut(&entry_id(2)).unwrap();
        leased.lease = Some(Interval {
            lo: at - MINUTE,
            hi: at + MINUTE,
        });
        facts.entries.get_mut(&entry_id(1)).unwrap().entered =
            proven_only(at - MINUTE, at + MINUTE);
        assert_eq!(facts.standing(2), Contested);
    }

    #[test]
    fn an_entry_without_a_sample_does_not_count_against_a_later_one() {
        let mut facts = two_teams(30, uniform());
        facts.entries.get_mut(&entry_id(1)).unwrap().drew_samples = false;
        facts.samples.remove(&sample_id(1));
        assert_eq!((facts.standing(1), facts.standing(2)), (Uncounted, First));
    }

    #[test]
    fn an_honoured_grant_continues_and_one_that_is_not_is_contested() {
        let mut facts = two_teams(24 * 60, uniform());
        let grant = |honoured| ContinuationFact::ReEntryGrant {
            grant_id: ReEntryGrantId(Uuid::from_u128(1)),
            honoured,
        };
        facts.entries.get_mut(&entry_id(2)).unwrap().continues = Some(grant(true));
        assert_eq!(
            (facts.standing(2), facts.validity(2)),
            (Continuation, Valid)
        );
        facts.entries.get_mut(&entry_id(2)).unwrap().continues = Some(grant(false));
        assert_eq!(
            (facts.standing(2), facts.validity(2)),
            (Contested, NeedsRuling)
        );
    }

    #[test]
    fn a_handover_continues_only_from_a_team_that_entered() {
        let mut facts = two_teams(60, uniform());
        let entry = facts.entries.get_mut(&entry_id(2)).unwrap();
        entry.continues = Some(ContinuationFact::Handover { from: team(1) });
        assert_eq!(facts.standing(2), Continuation);
        let entry = facts.entries.get_mut(&entry_id(2)).unwrap();
        entry.continues = Some(ContinuationFact::Handover { from: team(8) });
        assert_eq!(facts.standing(2), Contested);
    }

    #[test]
    fn an_entry_after_a_resolved_refusal_continues_and_after_an_open_one_is_contested() {
        let mut facts = two_teams(60, uniform());
        let entry = facts.entries.get_mut(&entry_id(2)).unwrap();
        entry.continues = Some(ContinuationFact::ResolvedRefusal);
        facts.visits.get_mut(&document(1)).unwrap().refused = true;
        assert_eq!(facts.standing(2), Contested);
        facts.visits.get_mut(&document(1)).unwrap().confirmations = vec![ConfirmationFact {
            officers: BTreeSet::from([user(20), user(21)]),
            organisations: BTreeSet::new(),
            outcome: ConfirmationOutcome::ResolvedSampled,
        }];
        assert_eq!(facts.standing(2), Continuation);
    }

    #[test]
    fn an_unexplained_resumption_and_several_sites_are_contested() {
        let mut facts = two_teams(24 * 60, uniform());
        let second = facts.entries.get_mut(&entry_id(2)).unwrap();
        second.unexplained_resumption_of = Some(entry_id(1));
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Contested));
        let mut facts = two_teams(30, uniform());
        facts.visits.get_mut(&document(1)).unwrap().sites = BTreeSet::from(["东厂".into()]);
        assert_eq!(facts.standing(1), First);
        facts.visits.get_mut(&document(2)).unwrap().sites = BTreeSet::from(["西厂".into()]);
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (Contested, Contested)
        );
    }

    #[test]
    fn a_joint_entry_is_one_entry() {
        let mut facts = two_teams(0, uniform());
        for entry in facts.entries.values_mut() {
            entry.joint_entry_id = Some(JointEntryId(Uuid::from_u128(5)));
        }
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (First, Continuation)
        );
        let later = about(noon("2025-03-05"));
        facts.entries.get_mut(&entry_id(2)).unwrap().entered = later;
        assert_eq!(facts.standing(2), Excess, "not on another day");
    }

    #[test]
    fn the_rest_is_ruled_around_a_persons_decision_and_the_last_decision_stands() {
        let mut facts = two_teams(30, uniform());
        facts.decide_entry(2, First, 10);
        assert_eq!((facts.standing(1), facts.standing(2)), (Excess, First));
        facts.decide_entry(1, First, 20);
        assert_eq!((facts.standing(1), facts.standing(2)), (First, Contested));
        facts.decide_entry(2, Continuation, 30);
        assert_eq!(
            (facts.standing(1), facts.standing(2)),
            (First, Continuation)
        );
        facts.decide_sample(2, Void, 40);
        assert_eq!(facts.validity(2), Void);
    }

    #[test]
    fn one_body_with_open_tasks_at_one_enterprise_in_two_campaigns_is_flagged_in_the_plan() {
        let assigned = |task_no, campaign, open| Assignment {
            task_id: task(task_no),
            campaign_id: CampaignId(Uuid::from_u128(campaign)),
            body_id: organisation(BODY),
            enterprise: enterprise(),
            open,
        };
        let same = [assigned(1, 1, true), assigned(2, 1, true)];
        assert!(
            plan_collisions(&same).is_empty(),
            "one campaign groups its tasks"
        );
        assert!(plan_collisions(&[assigned(1, 1, true), assigned(2, 2, false)]).is_empty());
        let found = plan_collisions(&[assigned(1, 1, true), assigned(2, 2, true)]);
        assert_eq!(found[0].tasks, BTreeSet::from([task(1), task(2)]));
    }
}

mod dup6 {
    use super::*;

    fn twice(first: &str, second: &str) -> Facts {
        let mut facts = product();
        facts.drawn(1, CITY, first);
        facts.drawn(2, CITY, second);
        facts
    }

    #[test]
    fn the_corresponding_day_six_months_on_still_violates_and_the_next_day_passes() {
        assert_eq!(twice("2023-08-31", "2024-02-29").validity(2), Duplicate);
        assert_eq!(twice("2023-08-31", "2024-03-01").validity(2), Valid);
        assert_eq!(twice("2025-03-01", "2025-09-01").validity(2), Duplicate);
        assert_eq!(twice("2025-03-01", "2025-09-02").validity(2), Valid);
    }

    #[test]
    fn the_order_is_that_of_sampling_whichever_came_in_first() {
        let facts = twice("2025-05-01", "2025-03-01");
        assert_eq!((facts.validity(1), facts.validity(2)), (Duplicate, Valid));
    }

    #[test]
    fn another_product_and_another_authority_pass() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.samples.get_mut(&sample_id(2)).unwrap().product = another_model();
        assert_eq!(facts.validity(2), Valid);
        let mut facts = product();
        facts.drawn(1, PUDONG, "2025-03-01");
        facts.drawn(2, CITY, "2025-04-01");
        assert_eq!(facts.validity(2), Valid);
    }

    #[test]
    fn a_market_sample_of_the_producers_goods_counts() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        let market = facts.samples.get_mut(&sample_id(2)).unwrap();
        market.enterprise = Some(EnterpriseKey("uscc:921405020000B2F60D".into()));
        market.channel = "circulation".into();
        assert_eq!(facts.validity(2), Duplicate);
    }

    #[test]
    fn exempt_kinds_are_neither_counted_nor_limited() {
        for kind in ["tracking", "emergency", "recheck"] {
            for n in [1, 2] {
                let mut facts = twice("2025-03-01", "2025-04-01");
                facts.samples.get_mut(&sample_id(n)).unwrap().sampling_kind = kind.into();
                assert_eq!(facts.validity(2), Valid, "{kind} {n}");
            }
        }
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.samples.get_mut(&sample_id(2)).unwrap().sampling_kind = "special".into();
        assert_eq!(facts.validity(2), Duplicate);
    }

    #[test]
    fn what_a_machine_cannot_tell_needs_a_ruling() {
        type Spoil = fn(&mut SampleFact);
        let spoils: [(&str, Spoil); 5] = [
            ("no uscc", |s| s.product.producer_has_uscc = false),
            ("some standards", |s| {
                s.product.standards.insert("GB 18401-2010".into());
            }),
            ("no trademark", |s| s.product.trademark.clear()),
            ("incomplete", |s| s.product.incomplete = true),
            ("boundary day", |s| {
                let at = noon("2025-09-01");
                s.sampled = between(at, at + 13 * 60 * MINUTE);
            }),
        ];
        for (name, spoil) in spoils {
            let mut facts = twice("2025-03-01", "2025-04-01");
            spoil(facts.samples.get_mut(&sample_id(2)).unwrap());
            assert_eq!(
                (facts.validity(1), facts.validity(2)),
                (Valid, NeedsRuling),
                "{name}"
            );
        }
    }

    #[test]
    fn an_order_that_cannot_be_told_needs_a_ruling_for_both() {
        let facts = twice("2025-03-01", "2025-03-01");
        assert_eq!(
            (facts.validity(1), facts.validity(2)),
            (NeedsRuling, NeedsRuling)
        );
    }

    #[test]
    fn what_depends_on_a_sample_that_needs_a_ruling_needs_one_too_and_on_a_void_one_does_not() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.survived.insert(sample_id(1), NeedsRuling);
        assert_eq!(facts.validity(2), NeedsRuling);
        facts.survived.insert(sample_id(1), Void);
        assert_eq!(facts.validity(2), Valid);
        facts.decide_sample(1, Valid, 1);
        assert_eq!(facts.validity(2), Duplicate);
    }

    #[test]
    fn a_duplicate_does_not_open_a_window_of_its_own() {
        let mut facts = twice("2025-01-10", "2025-06-01");
        facts.drawn(3, CITY, "2025-08-01");
        assert_eq!((facts.validity(2), facts.validity(3)), (Duplicate, Valid));
    }

    #[test]
    fn different_lots_on_one_occasion_are_one_sampling() {
        let mut facts = twice("2025-03-01", "2025-03-01");
        let second = facts.samples.get_mut(&sample_id(2)).unwrap();
        second.sampled = about(noon("2025-03-01") + 30 * MINUTE);
        second.lot_no = Some("another".into());
        assert_eq!(facts.validity(2), Duplicate);
        facts.samples.get_mut(&sample_id(2)).unwrap().entry_id = Some(entry_id(1));
        assert_eq!(facts.validity(2), Valid);
    }

    #[test]
    fn a_late_upload_that_precedes_a_tested_sample_makes_it_need_a_ruling_never_a_silent_flip() {
        for fix in [
            |c: &mut CustodyFact| c.testing_started_at_ms = Some(1),
            |c: &mut CustodyFact| c.served_at_ms = Some(1),
        ] {
            let mut facts = twice("2025-03-01", "2025-04-01");
            fix(&mut facts.samples.get_mut(&sample_id(2)).unwrap().custody);
            assert_eq!((facts.validity(1), facts.validity(2)), (Valid, NeedsRuling));
            assert!(facts.said().contains("CUSTODY.fixed"));
        }
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts
            .samples
            .get_mut(&sample_id(2))
            .unwrap()
            .custody
            .received_at_ms = Some(1);
        assert_eq!(facts.validity(2), Duplicate);
    }

    #[test]
    fn of_two_bodies_of_one_authority_the_earlier_valid_sample_stands() {
        let mut facts = twice("2025-03-01", "2025-04-01");
        facts.samples.get_mut(&sample_id(2)).unwrap().body_id = Some(organisation(501));
        assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Duplicate));
    }
}

mod upper_and_duplot {
    use super::*;

    fn levels(first: (u128, &str), second: (u128, &str)) -> Facts {
        let mut facts = product();
        facts.drawn(1, first.0, first.1);
        facts.drawn(2, second.0, second.1);
        facts
    }

    #[test]
    fn the_lower_level_is_the_duplicate_only_if_it_sampled_later() {
        let facts = levels((PROVINCE, "2025-03-01"), (CITY, "2025-09-01"));
        assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Duplicate));
        assert_eq!(
            levels((PROVINCE, "2025-03-01"), (CITY, "2025-09-02")).validity(2),
            Valid
        );
        let facts = levels((CITY, "2025-03-01"), (PROVINCE, "2025-04-01"));
        assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Valid));
        assert_eq!(
            levels((PROVINCE, "2025-03-01"), (COUNTY, "2025-04-01")).validity(2),
            Duplicate
        );
        assert_eq!(
            levels((SHANGHAI, "2025-03-01"), (CITY, "2025-04-01")).validity(2),
            Valid
        );
    }

    #[test]
    fn where_levels_sampled_at_one_time_only_the_lower_needs_a_ruling() {
        for (a, b) in [(PROVINCE, CITY), (CITY, PROVINCE)] {
            let facts = levels((a, NOON), (b, NOON));
            let lower = if a == CITY { 1 } else { 2 };
            assert_eq!(facts.validity(lower), NeedsRuling);
            assert_eq!(facts.validity(3 - lower), Valid);
        }
    }

    #[test]
    fn emergency_sampling_below_an_upper_level_is_exempt() {
        let mut facts = levels((PROVINCE, "2025-03-01"), (CITY, "2025-04-01"));
        facts.samples.get_mut(&sample_id(2)).unwrap().sampling_kind = "emergency".into();
        assert_eq!(facts.validity(2), Valid);
    }

    #[test]
    fn one_lot_twice_in_one_task_is_a_duplicate_and_an_unknown_lot_needs_a_ruling() {
        let lots = |first: Option<&str>, second: Option<&str>| {
            let mut facts = levels((CITY, "2025-03-01"), (CITY, "2025-03-02"));
            for (n, lot) in [(1, first), (2, second)] {
                let sample = facts.samples.get_mut(&sample_id(n)).unwrap();
                sample.entry_id = Some(entry_id(1));
                sample.lot_no = lot.map(str::to_owned);
            }
            facts
        };
        assert_eq!(lots(Some("A"), Some("A")).validity(2), Duplicate);
        assert_eq!(lots(Some("A"), Some("B")).validity(2), Valid);
        assert_eq!(lots(Some("A"), None).validity(2), NeedsRuling);
        let mut other_task = lots(Some("A"), Some("A"));
        other_task.samples.get_mut(&sample_id(2)).unwrap().task_id = Some(task(99));
        assert_eq!(other_task.validity(2), Valid);
    }
}

mod year_and_visit_limits {
    use super::*;

    fn visits(days: &[&str]) -> Facts {
        let mut facts = year(2025);
        for (n, day) in (1..).zip(days) {
            facts.drawn(n, PUDONG, day).sampling_kind = "routine".into();
        }
        facts
    }
    const FOUR: [&str; 4] = ["2025-04-01", "2025-01-01", "2025-02-01", "2025-12-31"];

    #[test]
    fn the_earliest_three_visits_stand_and_the_fourth_needs_a_ruling() {
        let facts = visits(&FOUR);
        assert_eq!(
            [1, 2, 3, 4].map(|n| facts.validity(n)),
            [Valid, Valid, Valid, NeedsRuling]
        );
        assert_eq!(visits(&FOUR[..3]).validity(1), Valid);
    }

    #[test]
    fn exempt_kinds_are_neither_counted_nor_limited_in_a_year() {
        for kind in ["special", "emergency", "tracking", "recheck"] {
            for n in [1, 4] {
                let mut facts = visits(&FOUR);
                facts.samples.get_mut(&sample_id(n)).unwrap().sampling_kind = kind.into();
                assert_eq!(facts.validity(4), Valid, "{kind} {n}");
            }
        }
        let mut facts = visits(&FOUR);
        facts.samples.get_mut(&sample_id(4)).unwrap().sampling_kind = "evaluative".into();
        assert_eq!(facts.validity(4), NeedsRuling);
    }

    #[test]
    fn national_samplings_and_other_provinces_do_not_count_in_a_year() {
        for authority in [NATION, PROVINCE] {
            let mut facts = visits(&FOUR);
            let first = facts.samples.get_mut(&sample_id(1)).unwrap();
            first.authority_id = Some(organisation(authority));
            first.task_id = Some(task(authority));
            assert_eq!(facts.validity(4), Valid);
        }
    }

    #[test]
    fn a_joint_entry_is_one_visit_of_the_year() {
        let mut facts = visits(&["2025-01-01", "2025-02-01", "2025-03-01", "2025-03-01"]);
        let at = about(noon("2025-03-01"));
        for n in [3, 4] {
            let fact = facts.enters(n, at, uniform());
            fact.joint_entry_id = Some(JointEntryId(Uuid::from_u128(5)));
            let drawn = facts.samples.get_mut(&sample_id(n.into())).unwrap();
            drawn.task_id = Some(task(PUDONG));
        }
        assert_eq!((facts.validity(3), facts.validity(4)), (Valid, Valid));
        facts.entries.get_mut(&entry_id(4)).unwrap().joint_entry_id = None;
        assert_eq!(
            (facts.validity(3), facts.validity(4)),
            (NeedsRuling, NeedsRuling)
        );
    }

    #[test]
    fn a_new_rulebook_version_changes_later_verdicts_and_leaves_earlier_ones() {
        let stricter = "id = 'shanghai'\nversion = 2\nextends = 'national'\nregion = '310000'\n\
            effective_from = '2025-03-15'\nsource = 's'\n[rules.YEAR3]\nenabled = true\nmax_visits = 2";
        let books = Rulebooks::builtin().with(stricter).unwrap();
        let early = rule(&visits(&["2025-01-01", "2025-02-01", "2025-03-14"]), &books);
        assert_eq!(early.validity(3), Valid);
        let late = rule(&visits(&["2025-01-01", "2025-02-01", "2025-03-15"]), &books);
        assert_eq!(late.validity(3), NeedsRuling);
        assert_eq!(late.findings[0].rulebook, "shanghai@2");
    }

    #[test]
    fn the_year_turns_at_midnight_in_shanghai() {
        let mut facts = visits(&FOUR);
        let midnight = shanghai_midnight("2026-01-01".parse().unwrap());
        facts.samples.get_mut(&sample_id(4)).unwrap().sampled = between(midnight - 9, midnight - 1);
        assert_eq!(facts.validity(4), NeedsRuling);
        facts.samples.get_mut(&sample_id(4)).unwrap().sampled = between(midnight, midnight + 9);
        assert!(
            !facts
                .ruled()
                .outcomes
                .contains_key(&Subject::Sample(sample_id(4)))
        );
    }

    fn batches(count: u8, authority: u128, task_of: fn(u8) -> u128) -> Facts {
        let mut facts = one_sample(authority);
        for n in 1..=count {
            let at = noon(NOON) + i64::from(n) * MINUTE;
            let mut drawn = sample(authority, about(at));
            drawn.task_id = Some(task(task_of(n)));
            let template = facts.tasks[&task(authority)].clone();
            facts.tasks.insert(task(task_of(n)), template);
            facts.samples.insert(sample_id(n.into()), drawn);
        }
        facts
    }

    #[test]
    fn the_fourth_task_of_a_visit_needs_a_ruling_in_shanghai_alone() {
        let tasks = |n: u8| 900 + u128::from(n);
        assert_eq!(batches(3, PUDONG, tasks).validity(3), Valid);
        let facts = batches(4, PUDONG, tasks);
        assert_eq!((facts.validity(3), facts.validity(4)), (Valid, NeedsRuling));
        assert!(facts.said().contains("TASK3.over"));
        assert_ne!(batches(4, CITY, tasks).validity(4), NeedsRuling);
        let mut exempt = batches(4, PUDONG, tasks);
        exempt.samples.get_mut(&sample_id(1)).unwrap().sampling_kind = "tracking".into();
        assert_eq!(exempt.validity(4), Valid);
    }

    #[test]
    fn the_fourth_batch_of_a_task_needs_a_ruling_in_shanghai_alone() {
        assert_eq!(batches(3, PUDONG, |_| PUDONG).validity(3), Valid);
        let facts = batches(4, PUDONG, |_| PUDONG);
        assert_eq!((facts.validity(3), facts.validity(4)), (Valid, NeedsRuling));
        assert!(facts.said().contains("BATCH3.over"));
        assert_ne!(batches(4, CITY, |_| CITY).validity(4), NeedsRuling);
        let mut exempt = batches(4, PUDONG, |_| PUDONG);
        exempt.samples.get_mut(&sample_id(1)).unwrap().sampling_kind = "special".into();
        assert_eq!(exempt.validity(4), Valid);
    }
}

mod one_visit;
mod properties;
