//! Leases on doors (门锁): taken before a team leaves the net, checked offline, worth something only where times overlap.

use fieldseal_tests::{Phone, World};
use mobile_ffi::DoorState;
use serde_json::Value;
use sync_core::model::DocumentId;
use sync_core::rules::Standing;

/// What ENTRY1 says of the entries of a visit.
fn said(w: &World, visit: DocumentId) -> Vec<Value> {
    let rulings = w.rulings(visit).into_iter();
    let findings = rulings.flat_map(|it| it["findings"].as_array().cloned().unwrap_or_default());
    findings.filter(|it| it["rule_id"] == "ENTRY1").collect()
}

fn says(w: &World, visit: DocumentId, message: &str) -> bool {
    said(w, visit).iter().any(|it| it["message"] == message)
}

/// Two phones without a net: where they are at one moment, none is before the other.
fn offline(w: &World) -> (Phone, Phone) {
    let (a, b) = (w.phone("王"), w.phone("李"));
    a.offline();
    b.offline();
    (a, b)
}

#[test]
fn of_two_teams_that_ask_for_one_door_one_gets_it_and_the_other_is_told_until_when() {
    let w = World::shanxi();
    let (wang, zhao, li) = (w.phone("王"), w.phone("赵"), w.phone("李"));
    let lease = wang.leases("铸造", 24).unwrap();
    let refused = li.leases("铸造", 24).unwrap_err();
    assert_eq!(refused.code, "lease_held");
    assert!(refused.details.contains("2025-03-02"), "{refused:?}");
    assert_eq!(
        zhao.leases("铸造", 24).unwrap(),
        lease,
        "one team, one lease"
    );
    // Another door, another campaign, another body: nobody is in anybody's way.
    li.leases("服饰", 24).unwrap();
    w.phone("刘").leases("铸造", 24).unwrap();
}

#[test]
fn a_lease_is_checked_offline_by_every_phone_of_the_body_and_ends_with_its_time() {
    let w = World::shanxi();
    let (wang, zhao, mut li) = (w.phone("王"), w.phone("赵"), w.phone("李"));
    let lease = wang.leases("铸造", 2).unwrap();
    w.sync_all(&[&wang, &zhao, &li]);
    for phone in [&wang, &zhao, &li] {
        phone.offline();
    }
    w.minutes(60);
    let states = [&wang, &zhao, &li].map(|phone| phone.door("铸造").door.name());
    assert_eq!(states, ["held", "held", "held_elsewhere"]);
    let warned = li.door("铸造");
    assert!(
        warned
            .en
            .contains("held by another team until 2025-03-01 11:00"),
        "{warned:?}"
    );
    assert!(warned.zh.contains("2025-03-01 11:00"), "{warned:?}");
    assert_eq!(zhao.client.leases().unwrap(), [lease]);
    // The preview of a visit warns before anybody has walked in.
    let visit = li.goes_to("铸造");
    let preview = li.client.preview(visit).unwrap();
    let door = preview.door.expect("the door is known").door;
    assert!(matches!(door, DoorState::HeldElsewhere { .. }), "{door:?}");
    w.minutes(61);
    let states = [&wang, &zhao, &li].map(|phone| phone.door("铸造").door.name());
    assert_eq!(states, ["ended", "ended", "free"]);
}

#[test]
fn a_lease_that_somebody_altered_on_the_phone_is_not_believed() {
    let w = World::shanxi();
    let wang = w.phone("王");
    wang.leases("铸造", 1).unwrap();
    wang.syncs();
    let file = rusqlite::Connection::open(wang.file()).unwrap();
    let longer = "UPDATE reference_records SET record = replace(record, 'expires_at_ms\\\":1', 'expires_at_ms\\\":9') WHERE kind = 'lease'";
    assert_eq!(file.execute(longer, []).unwrap(), 1);
    let record: String = file
        .query_row(
            "SELECT record FROM reference_records WHERE kind = 'lease'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(record.contains("expires_at_ms\\\":9"), "{record}");
    assert!(wang.client.leases().unwrap().is_empty());
    assert_eq!(wang.door("铸造").door, DoorState::Free);
}

#[test]
fn of_two_entries_at_one_moment_the_holder_of_the_lease_stands_in_either_order_of_sync() {
    for holder_syncs_first in [true, false] {
        let w = World::shanxi();
        let lease = {
            let wang = w.phone("王");
            wang.leases("铸造", 24).unwrap()
        };
        let (mut a, mut b) = offline(&w);
        w.minutes(10);
        // The other team is even a little earlier, but not so that it could be told.
        let other = b.enters("铸造");
        let theirs = b.draws("T5");
        w.server.clock.advance_ms(2_000);
        let held = a.enters("铸造");
        let mine = a.draws("T1");
        match holder_syncs_first {
            true => w.sync_all(&[&a, &b]),
            false => w.sync_all(&[&b, &a]),
        }
        assert_eq!(w.standings(held), ["first"]);
        assert_eq!(w.standings(other), ["excess"]);
        assert_eq!(w.validity(mine), "valid");
        assert_eq!(w.validity(theirs), "duplicate");
        let decided = said(&w, held);
        let arguments = decided[0]["arguments"].to_string();
        assert_eq!(decided[0]["message"], "ENTRY1.lease_decided");
        assert!(
            arguments.contains(&lease.lease_id.to_string()),
            "{arguments}"
        );
        assert!(says(&w, other, "ENTRY1.held_elsewhere"));
        let rulings = w.rulings(held);
        let entry = rulings.iter().find(|it| {
            it["subject"]
                .as_str()
                .is_some_and(|it| it.starts_with("entry/"))
        });
        let path = format!(
            "/v1/rulings/{}/facts",
            entry.unwrap()["ruling_id"].as_str().unwrap()
        );
        let facts = w.get(&path).to_string();
        assert!(facts.contains(&lease.lease_id.to_string()), "{facts}");
    }
}

#[test]
fn a_lease_does_not_beat_an_entry_that_is_provably_earlier() {
    let w = World::shanxi();
    let wang = w.phone("王");
    wang.leases("铸造", 24).unwrap();
    let (mut a, mut b) = offline(&w);
    w.minutes(10);
    let early = b.enters("铸造");
    b.draws("T5");
    w.minutes(20);
    let held = a.enters("铸造");
    a.draws("T1");
    w.sync_all(&[&a, &b]);
    assert_eq!(w.standings(early), ["first"]);
    assert_eq!(w.standings(held), ["excess"]);
    assert!(
        says(&w, early, "ENTRY1.held_elsewhere"),
        "a finding, and no more"
    );
    assert!(!says(&w, held, "ENTRY1.lease_decided"));
}

#[test]
fn a_phone_with_a_slow_clock_and_an_expired_lease_does_not_beat_an_earlier_entry() {
    for (minutes_between, expected) in [(0, ["contested", "contested"]), (20, ["first", "excess"])]
    {
        let w = World::shanxi();
        let (mut slow, mut other) = (w.phone("王"), w.phone("李"));
        slow.leases("铸造", 1).unwrap();
        slow.clock.lie_by_ms(-3 * 3_600_000);
        slow.syncs();
        slow.offline();
        other.offline();
        w.minutes(120);
        assert_eq!(
            slow.door("铸造").door.name(),
            "ended",
            "whatever the wall says"
        );
        let early = other.enters("铸造");
        other.draws("T5");
        w.minutes(minutes_between);
        let late = slow.enters("铸造");
        slow.draws("T1");
        w.sync_all(&[&slow, &other]);
        let standings = [w.standings(early), w.standings(late)].concat();
        assert_eq!(
            standings, expected,
            "{minutes_between} minutes between them"
        );
        assert!(!says(&w, late, "ENTRY1.lease_decided"));
    }
}

#[test]
fn a_phone_that_was_switched_off_cannot_claim_its_lease() {
    let w = World::shanxi();
    let wang = w.phone("王");
    wang.leases("铸造", 24).unwrap();
    let (mut a, mut b) = offline(&w);
    a.clock.reboot();
    assert_eq!(a.door("铸造").door.name(), "held_unproven");
    let (held, other) = (a.enters("铸造"), b.enters("铸造"));
    a.draws("T1");
    b.draws("T5");
    w.sync_all(&[&a, &b]);
    assert_eq!(w.standings(held), ["contested"]);
    assert_eq!(w.standings(other), ["contested"]);
}

#[test]
fn a_lease_that_was_given_back_decides_for_whoever_took_the_door_then() {
    let w = World::shanxi();
    let (wang, li) = (w.phone("王"), w.phone("李"));
    let lease = wang.leases("铸造", 24).unwrap();
    w.minutes(10);
    wang.client.release_lease(lease.lease_id).unwrap();
    li.leases("铸造", 24).unwrap();
    w.minutes(10);
    let (mut a, mut b) = offline(&w);
    assert_eq!(a.door("铸造").door.name(), "held_elsewhere");
    assert_eq!(b.door("铸造").door.name(), "held");
    let (gone, held) = (a.enters("铸造"), b.enters("铸造"));
    a.draws("T1");
    b.draws("T5");
    w.sync_all(&[&a, &b]);
    assert_eq!(w.standings(gone), ["excess"]);
    assert_eq!(w.standings(held), ["first"]);
}

#[test]
fn a_lease_on_an_enterprise_that_was_merged_counts_for_the_merged_door() {
    let w = World::shanxi();
    let wang = w.phone("王");
    wang.leases("五金店", 24).unwrap();
    let (mut a, mut b) = offline(&w);
    w.minutes(10);
    let held = a.enters("五金店");
    a.draws("T2");
    let other = b.enters("铸造");
    b.draws("T6");
    w.sync_all(&[&a, &b]);
    assert_eq!(w.standings(other), ["first"], "two doors as yet");
    w.aliases("铸造", "uscc:921405020000B2F60D");
    w.sync_all(&[&a, &b]);
    assert_eq!(w.standings(held), ["first"]);
    assert_eq!(w.standings(other), ["excess"]);
    // Nobody else gets the merged door, under whichever of its names, and phones say so too.
    for name in ["铸造", "五金店"] {
        assert_eq!(b.leases(name, 1).unwrap_err().code, "lease_held", "{name}");
        assert_eq!(b.door(name).door.name(), "held_elsewhere", "{name}");
        assert_eq!(a.door(name).door.name(), "held", "{name}");
    }
}

#[test]
fn a_phone_rules_by_the_leases_that_it_has_as_the_server_does() {
    let w = World::shanxi();
    let wang = w.phone("王");
    wang.leases("铸造", 24).unwrap();
    let mut li = w.phone("李");
    li.offline();
    w.minutes(10);
    let visit = li.enters("铸造");
    li.draws("T5");
    let warned = |phone: &Phone| {
        let preview = phone.client.preview(visit).unwrap();
        let spoken = preview.findings.into_iter();
        spoken
            .filter(|it| it.finding.message == "ENTRY1.held_elsewhere")
            .map(|it| it.zh)
            .collect::<Vec<_>>()
    };
    let offline = warned(&li);
    assert_eq!(offline.len(), 1);
    li.online().syncs();
    assert_eq!(warned(&li), offline);
    assert!(says(&w, visit, "ENTRY1.held_elsewhere"));
    let first = serde_json::to_value(Standing::First).unwrap();
    assert_eq!(w.standings(visit), [first.as_str().unwrap()]);
}
