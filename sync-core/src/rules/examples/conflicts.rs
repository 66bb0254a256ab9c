//! The table of conflicts and their resolutions, a test a line. Two of its lines are held where the log is kept and not
//! here: the same upload again changes nothing, and a different payload under one id is an integrity alarm.

use super::*;

fn two_teams(minutes: i64, second: ProductFact) -> Facts {
    let mut facts = door();
    facts.enters(1, about(noon(NOON)), uniform());
    facts.enters(2, about(noon(NOON) + minutes * MINUTE), second);
    facts
}
fn twice(first: u128, second: u128) -> Facts {
    let mut facts = product();
    facts.drawn(1, first, "2025-03-01");
    facts.drawn(2, second, "2025-04-01");
    facts
}

#[test]
fn two_teams_of_a_body_at_one_enterprise_the_earliest_stands_and_only_the_same_product_is_a_duplicate()
 {
    for (minutes, first, second) in [(30, 1, 2), (-30, 2, 1)] {
        let same = two_teams(minutes, uniform());
        assert_eq!(
            (same.standing(first), same.standing(second)),
            (First, Excess)
        );
        assert_eq!(
            (same.validity(first), same.validity(second)),
            (Valid, Duplicate)
        );
        let different = two_teams(minutes, another_model());
        assert_eq!(different.validity(second), ValidWithViolation);
        let said = different.ruled().findings;
        let flagged = |f: &Finding| {
            f.message == "ENTRY1.second_entry" && f.arguments["body"] == "晋阳示例检测"
        };
        assert!(said.iter().any(flagged));
    }
}

#[test]
fn two_bodies_of_one_authority_the_earliest_valid_sample_of_a_product_stands() {
    let mut facts = twice(CITY, CITY);
    facts.at(2).body_id = Some(organisation(501));
    assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Duplicate));
    facts.survived.insert(sample_id(1), Void);
    assert_eq!(facts.validity(2), Valid, "the earliest that is valid");
}

#[test]
fn of_an_upper_and_a_lower_level_the_lower_is_the_duplicate_only_if_it_sampled_later() {
    let facts = twice(PROVINCE, CITY);
    assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Duplicate));
    let facts = twice(CITY, PROVINCE);
    assert_eq!((facts.validity(1), facts.validity(2)), (Valid, Valid));
}

#[test]
fn entry_times_closer_than_their_clocks_can_tell_need_a_ruling() {
    let mut facts = two_teams(0, uniform());
    facts.entry(2).entered = about(noon(NOON) + 10_000);
    assert_eq!(
        (facts.standing(1), facts.standing(2)),
        (Contested, Contested)
    );
    assert_eq!(
        (facts.validity(1), facts.validity(2)),
        (NeedsRuling, NeedsRuling)
    );
    facts.entry(2).entered = about(noon(NOON) + 10_001);
    assert_eq!((facts.standing(1), facts.standing(2)), (First, Excess));
}

#[test]
fn a_late_upload_that_precedes_an_accepted_sample_rules_anew_but_never_flips_a_tested_or_served_one()
 {
    let alone = |facts: &Facts| {
        let mut alone = facts.clone();
        alone.samples.remove(&sample_id(1));
        alone.validity(2)
    };
    type Fix = fn(&mut CustodyFact);
    let fixes: [(Fix, Validity); 4] = [
        (|_| (), Duplicate),
        (|custody| custody.received_at_ms = Some(1), Duplicate),
        (
            |custody| custody.testing_started_at_ms = Some(1),
            NeedsRuling,
        ),
        (|custody| custody.served_at_ms = Some(1), NeedsRuling),
    ];
    for (fix, ruled) in fixes {
        let mut facts = twice(CITY, CITY);
        fix(&mut facts.at(2).custody);
        assert_eq!((alone(&facts), facts.validity(2)), (Valid, ruled));
        let mut facts = two_teams(30, uniform());
        fix(&mut facts.at(2).custody);
        assert_eq!(facts.validity(2), ruled, "at the door as well");
    }
}

#[test]
fn of_too_many_visits_in_a_year_the_earliest_three_stand_and_the_rest_need_a_ruling() {
    let mut facts = year(2025);
    let days = [
        "2025-05-01",
        "2025-04-01",
        "2025-03-01",
        "2025-02-01",
        "2025-01-01",
    ];
    for (n, day) in (1..).zip(days) {
        facts.drawn(n, PUDONG, day);
    }
    assert_eq!(
        [1, 2, 3, 4, 5].map(|n| facts.validity(n)),
        [NeedsRuling, NeedsRuling, Valid, Valid, Valid]
    );
}

#[test]
fn refused_at_nine_and_sampled_at_fourteen_keeps_both_facts_and_enforcement_decides() {
    let refused = |f: &mut Facts| {
        at_visit(f).refused = true;
        at_visit(f).refused_at = Some(about(noon(NOON) - 5 * 60 * MINUTE));
    };
    let mut facts = one_sample(CITY);
    refused(&mut facts);
    assert_eq!(facts.validity(1), NeedsRuling);
    assert!(facts.said().contains("REFUSE.sampled_after_refusal"));
    facts.decide_sample(1, Valid, 1);
    assert_eq!(facts.validity(1), Valid);
    assert!(at_visit(&mut facts).refused, "the refusal is kept");
}

#[test]
fn not_sampled_against_sampled_keeps_both_and_the_authority_rules() {
    let mut facts = one_sample(CITY);
    at_visit(&mut facts).not_sampled = true;
    assert_eq!(facts.validity(1), NeedsRuling);
    facts.decide_sample(1, Void, 1);
    assert_eq!(facts.validity(1), Void);
}

#[test]
fn a_sample_of_a_task_cancelled_while_the_team_was_offline_is_kept_and_needs_a_ruling() {
    let cancelled = |f: &mut Facts| at_task(f).cancelled_at_ms = Some(noon(NOON) - 60 * MINUTE);
    assert_eq!(after(cancelled, "ASSIGN.cancelled"), (NeedsRuling, true));
}

#[test]
fn one_seal_or_sheet_number_twice_keeps_both_and_freezes_their_lab_receipt() {
    let seal = ScopeKey::SealNumber {
        seal_no: "F1".into(),
    };
    let sheet = ScopeKey::SheetNumber {
        sheet_no: "B1".into(),
    };
    for scope in [seal, sheet] {
        let mut facts = facts(scope);
        for n in [1, 2] {
            let drawn = facts.drawn(n, CITY, NOON);
            drawn.seal_numbers.insert("F1".into());
            drawn.sheet_no = Some("B1".into());
        }
        for n in [1, 2] {
            assert_eq!(facts.validity(n), NeedsRuling);
            assert!(!facts.validity(n).may_be_tested());
        }
    }
}

#[test]
fn an_edit_after_signing_is_shown_as_an_amendment_and_two_seals_need_a_ruling() {
    let amended = |f: &mut Facts| f.first().amended = true;
    assert_eq!(after(amended, "FORM.amended"), (Valid, true));
    let resealed = |f: &mut Facts| {
        f.first().amended = true;
        f.first().distinct_seals = 2;
    };
    assert_eq!(after(resealed, "SEALED.two_seals"), (NeedsRuling, true));
}
