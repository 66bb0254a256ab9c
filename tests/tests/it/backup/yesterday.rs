//! Yesterday's backup, and a server whose disk is gone: phones bring back what came since.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use fieldseal_tests::soundness::{assert_log_holds, assert_whole, receipts_on, received};
use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, TestServer, World, seed};
use mobile_ffi::SyncOutcome;
use rand::RngExt as _;
use serde_json::{Value, json};
use sync_core::model::DocumentId;
use tempfile::TempDir;

use super::{backup, put_object, restore};

/// A world on a folder of its own; phones lie elsewhere, as phones do.
struct Place {
    base: TempDir,
}

impl Place {
    fn new() -> (Self, World) {
        let place = Self {
            base: TempDir::new().unwrap(),
        };
        std::fs::create_dir_all(place.path("phones")).unwrap();
        std::fs::create_dir_all(place.data()).unwrap();
        let server = TestServer::start_in(&place.data());
        let world = World::with(server, &["bodies", "shanxi"]);
        (place, world)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn phone(&self, w: &World, owner: &str, seed: u64) -> Phone {
        let file = self.path("phones").join(format!("{owner}-{seed}.db"));
        let phone = w.phone_on(owner, file, seed);
        w.enrols(&phone);
        phone
    }

    /// The server is gone with its disk; a backup is put on a new one.
    fn loses_everything_and_restores(&self, w: &mut World, from: &Path, phones: &[&Phone]) {
        w.server.stop();
        std::fs::remove_dir_all(self.data()).unwrap();
        restore(from, &self.data()).ok();
        self.starts(w, phones);
    }

    fn starts(&self, w: &mut World, phones: &[&Phone]) {
        let clock = w.server.clock.clone();
        w.server = TestServer::start_on(&self.data(), clock);
        for phone in phones {
            phone.network.redirect(&w.server.url(""));
        }
        w.forgets_tokens();
    }
}

/// What a dossier says that does not depend on when the server heard of it.
fn said(w: &World, visit: DocumentId) -> Value {
    let dossier = w.dossier(visit);
    let samples = dossier["samples"].as_array().unwrap().iter();
    let samples: Vec<Value> = samples
        .map(|sample| json!([sample["sample_id"], sample["sheet_no"], sample["validity"]]))
        .collect();
    let rulings = w.rulings(visit).into_iter();
    let rulings: Vec<Value> = rulings
        .map(|ruling| json!([ruling["subject"], ruling["outcome"]]))
        .collect();
    let suspensions = dossier["records"]["suspensions"].as_array().unwrap().iter();
    let mut notes: Vec<String> = suspensions
        .map(|it| word(&it["record"]["reason"]))
        .collect();
    notes.sort();
    let seals = dossier["seals"].as_array().unwrap().len();
    json!({
        "samples": samples, "rulings": rulings, "notes": notes, "seals": seals,
        "conflicts": dossier["conflicts"], "aside": dossier["aside"],
    })
}

#[test]
fn yesterdays_backup_made_while_phones_synced_loses_nothing() {
    let mut dice = seed::dice();
    let (place, mut w) = Place::new();
    let (mut wang, mut zhao, mut li) = (
        place.phone(&w, "王", 1),
        place.phone(&w, "赵", 2),
        place.phone(&w, "李", 3),
    );
    put_object(&place.data(), "evidence/early", b"early");
    let visits = [wang.enters("铸造"), zhao.enters("服饰"), li.enters("消防")];
    wang.draws("T1");
    // Backups are made while three phones write and sync as fast as they can.
    let mut backups = Vec::new();
    let stop = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for (phone, visit) in [&wang, &zhao, &li].into_iter().zip(visits) {
            let stop = &stop;
            threads.spawn(move || {
                let mut number = 0;
                while !stop.load(Ordering::SeqCst) || number < 10 {
                    phone
                        .client
                        .suspend(visit, &format!("{}-{number}", phone.owner))
                        .unwrap();
                    phone.syncs();
                    number += 1;
                }
            });
        }
        for number in 0..3 {
            let to = place.path(&format!("backup-{number}"));
            backup(&place.data(), &to).ok();
            backups.push(to);
        }
        stop.store(true, Ordering::SeqCst);
    });
    for backup in &backups {
        assert_whole(&backup.join("database/fieldseal.db"));
    }
    // The next day's work, in any order.
    let (mut entered, mut drawn) = (visits.to_vec(), 0);
    for _ in 0..12 {
        let phone = match dice.random_range(0..3) {
            0 => &mut wang,
            1 => &mut zhao,
            _ => &mut li,
        };
        match dice.random_range(0..3) {
            0 if phone.owner == "王" => {
                drawn += 1;
                phone.draws_with("T1", json!({ "lot_no": format!("第{drawn}批") }));
            }
            1 => drop(phone.suspends(&format!("again-{}", dice.random::<u32>()))),
            _ => drop(phone.syncs()),
        }
    }
    let late = wang.draws("T2");
    w.sync_all(&[&wang, &zhao, &li]);
    entered.sort();
    let before: Vec<Value> = entered.iter().map(|visit| said(&w, *visit)).collect();
    let mut receipts = receipts_on(wang.file());
    for phone in [&wang, &zhao, &li] {
        receipts.extend(received(
            phone.network.answers().iter().flat_map(|it| &it.receipts),
        ));
    }

    w.minutes(26 * 60);
    let from = &backups[dice.random_range(0..backups.len())];
    place.loses_everything_and_restores(&mut w, from, &[&wang, &zhao, &li]);
    assert_eq!(
        std::fs::read(place.data().join("objects/evidence/early")).unwrap(),
        b"early"
    );
    w.call("GET", "admin", &format!("/v1/samples/{late}"), Value::Null)
        .expect(404);
    let mut order = [&wang, &zhao, &li];
    order.rotate_left(dice.random_range(0..3));
    w.sync_all(&order);
    let after: Vec<Value> = entered.iter().map(|visit| said(&w, *visit)).collect();
    assert_eq!(before, after);
    for phone in order {
        let doctor = phone.client.doctor().unwrap();
        let odd: Vec<_> = doctor.iter().filter(|it| it.state != "received").collect();
        assert!(odd.is_empty(), "{odd:?}");
        let rulings = phone.client.rulings(phone.visit()).unwrap();
        let shown: Vec<_> = rulings
            .iter()
            .map(|it| (it.ruling_id.to_string(), it.version))
            .collect();
        let mut known: Vec<_> = w
            .rulings(phone.visit())
            .iter()
            .map(|it| (word(&it["ruling_id"]), it["version"].as_i64().unwrap()))
            .collect();
        known.sort();
        assert!(
            known.iter().all(|it| shown.contains(it)),
            "{shown:?} {known:?}"
        );
        receipts.extend(receipts_on(phone.file()));
        let again = phone.syncs();
        assert_eq!((again.sent, again.received), (0, 0), "it is asked once");
    }
    assert_log_holds(&w.server, &receipts);
}

#[test]
fn the_server_and_a_restored_copy_of_it_never_give_one_sheet_number_twice() {
    let (place, mut w) = Place::new();
    let wang = place.phone(&w, "王", 1);
    backup(&place.data(), &place.path("backup")).ok();
    let zhao = place.phone(&w, "赵", 2);
    let numbers = |phone: &Phone| {
        let file = rusqlite::Connection::open(phone.file()).unwrap();
        let mut read = file.prepare("SELECT sheet_no FROM sheet_numbers").unwrap();
        let rows = read.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    let mut all = [numbers(&wang), numbers(&zhao)].concat();
    // Twice from one backup, and once more from what the first restore made: each gives to a phone of its own.
    for round in 0..3 {
        place.loses_everything_and_restores(&mut w, &place.path("backup"), &[&wang]);
        let new = place.phone(&w, "赵", 10 + round);
        let given = numbers(&new);
        assert!(!given.is_empty());
        all.extend(given);
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count, "a sheet number was given twice");
}

#[test]
fn a_phone_enrolled_since_the_backup_needs_a_new_code_and_is_then_who_it_was() {
    let (place, mut w) = Place::new();
    let zhao = place.phone(&w, "赵", 1);
    backup(&place.data(), &place.path("backup")).ok();
    let mut wang = place.phone(&w, "王", 2);
    let visit = wang.enters("铸造");
    let sent = wang.draws("T1");
    wang.syncs();
    let enrolled = wang.client.enrolled().unwrap().unwrap().device_id;
    let unsent = wang.draws("T2");
    place.loses_everything_and_restores(&mut w, &place.path("backup"), &[&zhao, &wang]);

    // It is told what helps, as often as it asks, and goes on recording.
    for _ in 0..2 {
        let report = wang.client.sync().unwrap();
        assert_eq!(report.outcome, SyncOutcome::EnrolmentNeeded, "{report:?}");
        assert_eq!(report.last_error.as_deref(), Some("device_unknown"));
    }
    let doctor = wang.client.doctor().unwrap();
    let waits = doctor.iter().find(|it| it.state == "queued").unwrap();
    assert!(waits.en.contains("code"), "{waits:?}");
    let later = wang.draws_with("T1", json!({ "lot_no": "第二批" }));

    w.enrols(&wang);
    assert_eq!(wang.client.enrolled().unwrap().unwrap().device_id, enrolled);
    w.sync_all(&[&wang, &zhao]);
    for sample in [sent, unsent, later] {
        assert_eq!(w.validity(sample), "valid");
    }
    assert_eq!(w.standings(visit), ["first"]);
    assert_eq!(w.aside(visit), [""; 0]);
    assert!(
        wang.client
            .doctor()
            .unwrap()
            .iter()
            .all(|it| it.state == "received")
    );
    assert!(zhao.client.visit(visit).unwrap() == wang.client.visit(visit).unwrap());
}

#[test]
fn what_a_phone_wrote_that_was_enrolled_since_the_backup_and_is_lost_comes_from_its_teammates() {
    let (place, mut w) = Place::new();
    let zhao = place.phone(&w, "赵", 1);
    backup(&place.data(), &place.path("backup")).ok();
    let mut wang = place.phone(&w, "王", 2);
    let visit = wang.enters("铸造");
    let sample = wang.draws("T1");
    w.sync_all(&[&wang, &zhao]);
    let before = said(&w, visit);
    drop(wang);
    place.loses_everything_and_restores(&mut w, &place.path("backup"), &[&zhao]);
    zhao.syncs();
    assert_eq!(said(&w, visit), before);
    assert_eq!(w.validity(sample), "valid");
}

#[test]
fn a_lease_given_since_the_backup_is_taken_back_and_of_two_the_earlier_one_stands() {
    let (place, mut w) = Place::new();
    let (wang, li) = (place.phone(&w, "王", 1), place.phone(&w, "李", 2));
    backup(&place.data(), &place.path("backup")).ok();
    let early = wang.leases("铸造", 24).unwrap();
    w.minutes(10);
    let phones = [&wang, &li];
    place.loses_everything_and_restores(&mut w, &place.path("backup"), &phones);
    // Who syncs first is told by the server that knows it again.
    wang.syncs();
    li.tries_to_sync();
    assert_eq!(li.leases("铸造", 24).unwrap_err().code, "lease_held");
    assert_eq!(wang.syncs().outcome, SyncOutcome::Complete);
    assert_eq!(wang.door("铸造").door.name(), "held");

    // The other way round: the door was given away before the one who held it came back.
    place.loses_everything_and_restores(&mut w, &place.path("backup"), &phones);
    let late = li.tries_to_sync();
    assert_eq!(late.outcome, SyncOutcome::Complete);
    let list = |w: &World| {
        let leases = w.get("/v1/leases")["items"].as_array().unwrap().clone();
        let leases = leases.into_iter();
        leases
            .map(|it| (word(&it["lease_id"]), word(&it["ending"])))
            .collect::<Vec<_>>()
    };
    // 李's phone was told of 王's lease before, and brings it back itself: nobody is given that door.
    assert_eq!(li.leases("铸造", 24).unwrap_err().code, "lease_held");
    assert_eq!(list(&w), [(early.lease_id.to_string(), "null".to_owned())]);

    // A phone that never heard of it takes the door, and keeps it until the earlier one comes to light.
    place.loses_everything_and_restores(&mut w, &place.path("backup"), &[&wang]);
    let sun = place.phone(&w, "孙", 3);
    let other = sun.leases("铸造", 24).unwrap();
    w.sync_all(&[&wang, &sun]);
    let mut found = list(&w);
    found.sort();
    let mut wanted = vec![
        (early.lease_id.to_string(), "null".to_owned()),
        (other.lease_id.to_string(), "superseded".to_owned()),
    ];
    wanted.sort();
    assert_eq!(found, wanted);
    assert_eq!(wang.door("铸造").door.name(), "held");
    assert_eq!(sun.door("铸造").door.name(), "held_elsewhere");
    assert_eq!(wang.leases("铸造", 24).unwrap().lease_id, early.lease_id);
}

#[test]
fn a_permit_to_walk_in_again_given_since_the_backup_comes_back_with_the_phones() {
    let (place, mut w) = Place::new();
    let wang = place.phone(&w, "王", 1);
    backup(&place.data(), &place.path("backup")).ok();
    let grant = json!({
        "campaign_id": w.id("campaign", "JC-2025-01"), "body_id": w.id("organisation", "晋阳"),
        "enterprise_id": w.id("enterprise", "铸造"), "reason": "补样", "expires_at": "2025-03-31T00:00:00Z",
    });
    let given = w
        .call("POST", "晋城", "/v1/re-entry-grants", grant)
        .expect(201)
        .body;
    wang.syncs();
    place.loses_everything_and_restores(&mut w, &place.path("backup"), &[&wang]);
    assert_eq!(w.get("/v1/re-entry-grants")["items"], json!([]));
    wang.syncs();
    assert_eq!(w.get("/v1/re-entry-grants")["items"], json!([given]));
    wang.syncs();
    assert_eq!(wang.client.references("re_entry_grant").unwrap().len(), 1);
}

#[test]
fn a_refresh_token_rotated_since_the_backup_makes_nobody_a_thief() {
    let (place, mut w) = Place::new();
    let mut wang = place.phone(&w, "王", 1);
    let rotated = |w: &World, wang: &Phone| {
        w.minutes(11);
        wang.syncs();
    };
    rotated(&w, &wang);
    backup(&place.data(), &place.path("backup")).ok();
    rotated(&w, &wang);
    rotated(&w, &wang);
    w.minutes(11);
    wang.enters("铸造");
    let sample = wang.draws("T1");
    place.loses_everything_and_restores(&mut w, &place.path("backup"), &[&wang]);
    let report = wang.client.sync().unwrap();
    assert_eq!(report.outcome, SyncOutcome::LoginNeeded, "{report:?}");
    wang.syncs();
    assert_eq!(w.validity(sample), "valid");
    let device = wang.client.enrolled().unwrap().unwrap().device_id;
    assert_eq!(
        w.get(&format!("/v1/devices/{device}"))["revoked_at"],
        Value::Null
    );
    let ended = w
        .server
        .reads("SELECT COUNT(*) AS n FROM sessions WHERE end_reason = 'reuse'");
    assert_eq!(ended[0].get::<i64>("n").unwrap(), 0);
    rotated(&w, &wang);
}
