//! One entry by one task (一次任务进一次门): who stands at the door, whoever synced first.

use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, World};
use mobile_ffi::{ArrivalInput, Continues, NotSampledInput};
use serde_json::json;
use sync_core::model::{JointEntryId, ReEntryGrantId, TeamId};
use sync_core::rules::Outcome;

#[test]
fn two_phones_of_one_team_make_one_document_and_one_entry() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("赵"));
    a.offline();
    b.offline();
    let mine = a.enters("铸造");
    w.minutes(3);
    let theirs = b.enters("铸造");
    assert_eq!(mine, theirs, "the identity is derived, not drawn");
    a.draws("T1");
    w.sync_all(&[&b, &a]);
    assert_eq!(w.standings(mine), ["first"]);
    let dossier = w.dossier(mine);
    let entries = dossier["facts"]["entries"].as_object().unwrap();
    let entry = entries.values().next().unwrap();
    assert_eq!(entry["arrivals"].as_array().unwrap().len(), 2);
    assert_eq!(w.get("/v1/visits")["items"].as_array().unwrap().len(), 1);
    let (left, right) = (a.client.visit(mine).unwrap(), b.client.visit(mine).unwrap());
    assert_eq!(left, right, "both phones show the same visit");
}

#[test]
fn of_two_teams_the_earlier_stands_in_either_order_of_sync() {
    for earlier_syncs_first in [true, false] {
        let w = World::shanxi();
        let (mut a, mut b) = (w.phone("王"), w.phone("李"));
        a.offline();
        b.offline();
        let first = a.enters("铸造");
        let duplicate = {
            a.draws("T1");
            w.minutes(30);
            b.enters("铸造");
            b.draws("T5")
        };
        let other = b.draws("T6");
        if earlier_syncs_first {
            w.sync_all(&[&a, &b]);
        } else {
            w.sync_all(&[&b, &a]);
        }
        assert_eq!(w.standings(first), ["first"]);
        assert_eq!(w.standings(b.visit()), ["excess"]);
        assert_eq!(w.validity(duplicate), "duplicate");
        assert_eq!(w.validity(other), "valid_with_violation");
        let rules = w.rules(b.visit(), duplicate);
        assert!(rules.contains(&"ENTRY1".to_owned()), "{rules:?}");
    }
}

#[test]
fn of_two_entries_at_one_moment_none_stands_until_a_person_rules() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    a.offline();
    b.offline();
    let (one, other) = (a.enters("铸造"), b.enters("铸造"));
    let (mine, theirs) = (a.draws("T1"), b.draws("T5"));
    w.sync_all(&[&a, &b]);
    assert_eq!(w.standings(one), ["contested"]);
    assert_eq!(w.standings(other), ["contested"]);
    assert_eq!(w.validity(mine), "needs_ruling");
    w.rules_entry("晋城", one, "first");
    w.sync_all(&[&a, &b]);
    assert_eq!(w.standings(one), ["first"]);
    assert_eq!(w.standings(other), ["excess"]);
    assert_eq!(w.validity(mine), "valid");
    assert_eq!(w.validity(theirs), "duplicate");
    let told = b.client.rulings(other).unwrap();
    assert!(!told.is_empty(), "the ruling came down to the phone");
}

#[test]
fn a_resumption_on_the_next_day_continues_only_after_a_recorded_suspension() {
    for suspended in [true, false] {
        let w = World::shanxi();
        let mut a = w.phone("王");
        let visit = a.enters("铸造");
        a.draws("T1");
        w.minutes(60);
        let suspension = suspended.then(|| a.suspends("停电"));
        a.syncs();
        w.at("2025-03-02 09:00");
        match suspension {
            Some(suspension) => a.resumes(suspension),
            None => a.arrives(),
        }
        a.draws_with("T2", json!({ "lot_no": "次日批" }));
        a.syncs();
        // A declared resumption belongs to the entry that it resumes; an undeclared one is an entry of its own.
        let expected: &[&str] = if suspended {
            &["first"]
        } else {
            &["first", "contested"]
        };
        assert_eq!(w.standings(visit), expected);
    }
}

#[test]
fn an_entry_without_a_sample_does_not_count_against_a_later_one() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    let first = a.enters("铸造");
    let input = NotSampledInput {
        reason: "stopped".to_owned(),
        note: "停产检修".to_owned(),
        licence_no: "无".to_owned(),
        bureau_stamp: Some(b"stamp of the county".to_vec()),
    };
    a.client.not_sampled(first, input).unwrap();
    a.syncs();
    w.minutes(60);
    let second = b.enters("铸造");
    let sample = b.draws("T5");
    b.syncs();
    assert_eq!(w.standings(first), ["uncounted"]);
    assert_eq!(w.standings(second), ["first"]);
    assert_eq!(w.validity(sample), "valid");
}

#[test]
fn a_late_upload_that_precedes_takes_the_door_until_testing_has_begun() {
    for testing_began in [false, true] {
        let w = World::shanxi();
        let (mut a, mut b) = (w.phone("王"), w.phone("李"));
        a.offline();
        let early = a.enters("铸造");
        let mine = a.draws("T1");
        w.minutes(45);
        let late = b.enters("铸造");
        let theirs = b.draws("T5");
        b.syncs();
        assert_eq!(w.standings(late), ["first"]);
        if testing_began {
            w.receives("钱", theirs).expect(201);
            w.starts_testing("钱", theirs).expect(201);
        }
        w.minutes(60);
        w.sync_all(&[&a, &b]);
        if testing_began {
            assert_eq!(w.validity(theirs), "needs_ruling", "never a silent flip");
        } else {
            assert_eq!(w.standings(early), ["first"]);
            assert_eq!(w.standings(late), ["excess"]);
            assert_eq!(w.validity(mine), "valid");
            assert_eq!(w.validity(theirs), "duplicate");
        }
        let standings = [w.standings(early), w.standings(late)].concat();
        let firsts = standings.iter().filter(|it| *it == "first");
        assert!(firsts.count() <= 1, "{standings:?}");
    }
}

/// Walks in and says how that is to be understood.
fn enters_as(phone: &mut Phone, enterprise: &str, declare: impl FnOnce(&mut ArrivalInput)) {
    phone.goes_to(enterprise);
    let mut arrival = phone.arrival();
    declare(&mut arrival);
    phone.arrives_as(arrival);
}

#[test]
fn a_team_that_takes_over_continues_the_entry_that_it_took_over_and_no_better_one() {
    for (from, standing) in [("甲组", "continuation"), ("丙组", "contested")] {
        let w = World::shanxi();
        let (mut a, mut b) = (w.phone("王"), w.phone("李"));
        let first = a.enters("铸造");
        a.draws("T1");
        a.syncs();
        w.minutes(60);
        let team: TeamId = w.id("team", from).parse().unwrap();
        enters_as(&mut b, "铸造", |it| {
            it.continues = Some(Continues::Handover { from: team })
        });
        b.draws("T6");
        b.syncs();
        assert_eq!(w.standings(first), ["first"]);
        assert_eq!(w.standings(b.visit()), [standing], "handed over by {from}");
    }
}

#[test]
fn a_make_up_sample_needs_a_grant_that_the_server_gave_for_this_door() {
    for (enterprise, expires, standing) in [
        ("铸造", "2025-03-09T00:00:00Z", "continuation"),
        ("五金店", "2025-03-09T00:00:00Z", "contested"),
        ("铸造", "2025-03-03T00:00:00Z", "contested"),
    ] {
        let w = World::shanxi();
        let mut a = w.phone("王");
        let visit = a.enters("铸造");
        a.draws("T1");
        a.syncs();
        let grant = json!({
            "campaign_id": w.id("campaign", "JC-2025-01"), "body_id": w.id("organisation", "晋阳"),
            "enterprise_id": w.id("enterprise", enterprise), "reason": "补样",
            "expires_at": expires,
        });
        let grant = w.call("POST", "晋城", "/v1/re-entry-grants", grant);
        let grant: ReEntryGrantId = grant.expect(201).body["grant_id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        w.at("2025-03-04 09:00");
        a.syncs();
        enters_as(&mut a, "铸造", |it| {
            it.continues = Some(Continues::ReEntryGrant { grant_id: grant })
        });
        let made_up = a.draws_with("T2", json!({ "lot_no": "补样批" }));
        // The phone asks of the grant what the server asks.
        let foreseen = a.client.preview(visit).unwrap().outcomes;
        let entries = foreseen.iter().filter_map(|it| match &it.outcome {
            Outcome::Entry { standing } => Some(word(&json!(standing))),
            Outcome::Sample { .. } | Outcome::Refusal { .. } => None,
        });
        assert_eq!(entries.collect::<Vec<_>>(), ["first", standing]);
        a.syncs();
        let validity = match standing {
            "continuation" => "valid",
            _ => "needs_ruling",
        };
        assert_eq!(w.standings(visit), ["first", standing]);
        assert_eq!(w.validity(made_up), validity);
    }
}

#[test]
fn a_sheet_that_nobody_walked_in_for_is_kept_and_needs_a_ruling() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    let sample = a.unruly().draws("T1");
    a.syncs();
    assert_eq!(w.validity(sample), "needs_ruling");
    assert!(w.rules(visit, sample).contains(&"ATTIME".to_owned()));
}

/// A rulebook of Shanxi that limits a visit as Shanghai's does.
const LIMITS: &str = "id = \"shanxi\"\nversion = 2\nextends = \"national\"\nregion = \"140000\"\n\
    effective_from = \"2025-03-01\"\nsource = \"示例\"\n\
    [rules.TASK3]\nenabled = true\n[rules.BATCH3]\nenabled = true\n";

#[test]
fn teams_of_two_bodies_that_enter_together_draw_for_three_tasks_between_them() {
    for joint in [true, false] {
        let w = World::shanxi();
        w.publishes_rulebook(LIMITS);
        let (mut a, mut b) = (w.phone("王"), w.phone("刘"));
        let id = joint.then(|| JointEntryId(uuid::Uuid::from_u128(5)));
        enters_as(&mut a, "铸造", |it| it.joint_entry_id = id);
        let mut drawn: Vec<_> = ["T1", "T2", "T3"]
            .map(|task| {
                (a.visit(), {
                    w.minutes(5);
                    a.draws(task)
                })
            })
            .into();
        w.minutes(5);
        b.works_in("JC-2025-01");
        enters_as(&mut b, "铸造", |it| it.joint_entry_id = id);
        drawn.push((
            b.visit(),
            b.draws_with("T4", json!({ "spec_model": "儿童型" })),
        ));
        w.sync_all(&[&b, &a]);
        for (visit, sample) in &drawn[..3] {
            assert_eq!(
                w.validity(*sample),
                "valid",
                "{:?}",
                w.rules(*visit, *sample)
            );
        }
        let (visit, fourth) = drawn[3];
        let over = w.rules(visit, fourth).contains(&"TASK3".to_owned());
        assert_eq!((w.validity(fourth) == "needs_ruling", over), (joint, joint));
    }
}

#[test]
fn teams_of_one_body_that_enter_together_draw_three_batches_of_a_task_between_them() {
    let w = World::shanxi();
    w.publishes_rulebook(LIMITS);
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    // The task is team A's, and B's phone was never told of it.
    b.unruly();
    let id = Some(JointEntryId(uuid::Uuid::from_u128(5)));
    enters_as(&mut a, "铸造", |it| it.joint_entry_id = id);
    enters_as(&mut b, "铸造", |it| it.joint_entry_id = id);
    let mut drawn = Vec::new();
    for (n, phone) in [&a, &b, &a, &b].into_iter().enumerate() {
        w.minutes(5);
        let model = json!({ "spec_model": format!("型号{n}") });
        drawn.push((phone.visit(), phone.draws_with("T1", model)));
    }
    w.sync_all(&[&b, &a]);
    for (visit, sample) in &drawn[..3] {
        assert_eq!(
            w.validity(*sample),
            "valid",
            "{:?}",
            w.rules(*visit, *sample)
        );
    }
    let (visit, fourth) = drawn[3];
    assert_eq!(w.validity(fourth), "needs_ruling");
    // TRACE: its pictures are still on their way.
    assert_eq!(w.rules(visit, fourth), ["BATCH3", "TRACE"]);
}
