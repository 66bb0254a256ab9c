//! Who an enterprise is, and who a phone is.

use fieldseal_tests::World;
use serde_json::json;

#[test]
fn a_corrected_code_brings_two_doors_together() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    // The first team read a licence on which the code could not be read.
    a.offline();
    let unread = a.goes_to_as(w.unlisted_foundry(), "铸造");
    a.arrives();
    let mine = a.draws("T1");
    w.minutes(30);
    let known = b.enters("铸造");
    let theirs = b.draws("T5");
    w.sync_all(&[&b, &a]);
    assert_eq!(w.standings(unread), ["first"]);
    assert_eq!(
        w.standings(known),
        ["first"],
        "two doors until somebody says it is one"
    );
    let key = w.dossier(unread)["visit"]["enterprise"]
        .as_str()
        .unwrap()
        .to_owned();
    w.aliases("铸造", &key);
    assert_eq!(w.standings(unread), ["first"]);
    assert_eq!(w.standings(known), ["excess"]);
    assert_eq!(w.validity(mine), "valid");
    assert_eq!(w.validity(theirs), "duplicate");
}

#[test]
fn a_phone_restored_from_a_backup_loses_nothing_and_doubles_nothing() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let early = a.draws("T1");
    a.syncs();
    let backup = w.folder().join("backup.db");
    a.backs_up(&backup);
    w.minutes(10);
    let late = a.draws_with("T2", json!({}));
    a.syncs();
    // The phone is lost; its backup goes onto a new one, which draws an actor of its own.
    let mut restored = w.phone_on("王", backup, 999);
    w.enrols(&restored);
    w.minutes(10);
    restored.enters("铸造");
    let third = restored.draws_with("T1", json!({ "lot_no": "换机后" }));
    restored.syncs();
    let dossier = w.dossier(visit);
    assert_eq!(dossier["facts"]["samples"].as_object().unwrap().len(), 3);
    for sample in [early, late, third] {
        assert_ne!(w.validity(sample), "pending");
    }
    let doctor = restored.client.doctor().unwrap();
    assert!(
        doctor.iter().all(|item| item.state != "quarantined"),
        "{doctor:?}"
    );
}
