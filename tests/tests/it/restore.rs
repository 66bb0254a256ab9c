//! A server whose database was replaced by an older copy: phones offer again what they hold, and nothing is lost (I1). The
//! copy is of files: these run on SQLite.

use std::path::Path;

use fieldseal_tests::{Phone, TestServer, World};
use serde_json::json;
use tempfile::TempDir;

const DATABASE: [&str; 3] = ["fieldseal.db", "fieldseal.db-wal", "fieldseal.db-shm"];

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in DATABASE {
        let _ = std::fs::remove_file(to.join(name));
        if from.join(name).exists() {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

/// The server is stopped, something happens to its folder, and another one starts on it.
fn restart(w: &mut World, phones: &[&Phone], meanwhile: impl FnOnce(&Path)) {
    w.server.stop();
    meanwhile(w.server.folder());
    let (folder, clock) = (w.server.folder().to_owned(), w.server.clock.clone());
    w.server = TestServer::start_on(&folder, clock);
    for phone in phones {
        phone.network.redirect(&w.server.url(""));
    }
}

#[test]
fn what_a_restored_server_does_not_know_is_offered_again_however_far_it_has_gone_on_since() {
    let folder = TempDir::new().unwrap();
    let mut w = World::with(TestServer::start_in(folder.path()), &["bodies", "shanxi"]);
    let (mut wang, zhao, mut li) = (w.phone("王"), w.phone("赵"), w.phone("李"));
    let visit = wang.enters("铸造");
    let early = wang.draws("T1");
    w.sync_all(&[&wang, &zhao]);
    let backup = folder.path().join("backup");
    restart(&mut w, &[&wang, &zhao, &li], |folder| copy(folder, &backup));
    let late = wang.draws("T2");
    w.sync_all(&[&wang, &zhao]);
    assert_eq!(w.validity(late), "valid");
    // The author's phone is lost, and so is the database: what the teammate's phone holds brings it back.
    drop(wang);
    restart(&mut w, &[&zhao, &li], |folder| copy(&backup, folder));
    w.call(
        "GET",
        "admin",
        &format!("/v1/samples/{late}"),
        serde_json::Value::Null,
    )
    .expect(404);
    // Others work on first, until the feed is longer than it was when the teammate last read it.
    li.enters("服饰");
    for _ in 0..12 {
        li.suspends("停电");
        li.syncs();
    }
    zhao.syncs();
    assert_eq!(w.validity(late), "valid");
    assert_eq!(w.validity(early), "valid");
    assert_eq!(w.standings(visit), ["first"]);
    let doctor = zhao.client.doctor().unwrap();
    let odd: Vec<_> = doctor.iter().filter(|it| it.state != "received").collect();
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn a_server_that_only_starts_again_asks_nobody_for_anything_again() {
    let folder = TempDir::new().unwrap();
    let mut w = World::with(TestServer::start_in(folder.path()), &["bodies", "shanxi"]);
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.syncs();
    restart(&mut w, &[&wang], |_| {});
    let report = wang.syncs();
    assert_eq!((report.sent, report.received), (0, 0), "{report:?}");
}

#[test]
fn what_the_restored_server_no_longer_lists_is_gone_from_the_phone_too() {
    let folder = TempDir::new().unwrap();
    let mut w = World::with(TestServer::start_in(folder.path()), &["bodies", "shanxi"]);
    let li = w.phone("李");
    let backup = folder.path().join("backup");
    restart(&mut w, &[&li], |folder| copy(folder, &backup));
    w.assigns("T1", "晋阳", None);
    li.syncs();
    let t1 = w.id("task", "T1");
    let has = |phone: &Phone| {
        let tasks = phone.client.tasks().unwrap();
        tasks.iter().any(|task| task.id == t1)
    };
    assert!(has(&li));
    restart(&mut w, &[&li], |folder| copy(&backup, folder));
    li.syncs();
    assert!(!has(&li));
    assert_eq!(li.client.tasks().unwrap().len(), 2);
}

#[test]
fn what_a_stolen_phone_wrote_waits_for_a_person_and_so_does_a_teammates_work_that_builds_on_it() {
    let folder = TempDir::new().unwrap();
    let mut w = World::with(TestServer::start_in(folder.path()), &["bodies", "shanxi"]);
    let (mut stolen, mut mate) = (w.phone("王"), w.phone("赵"));
    let visit = stolen.enters("铸造");
    let early = stolen.draws("T1");
    stolen.syncs();
    let backup = folder.path().join("backup");
    restart(&mut w, &[&stolen, &mate], |folder| copy(folder, &backup));
    let sample = stolen.draws_with("T1", json!({ "lot_no": "第二批" }));
    stolen.syncs();
    mate.syncs();
    mate.goes_to("铸造");
    let built = mate.draws_with("T2", json!({}));
    mate.syncs();
    // The server is set back to before it received the sample; then the theft is reported. Of what the teammate's phone
    // offers again the stolen phone's part comes after the revocation, whatever its times claim.
    restart(&mut w, &[&stolen, &mate], |folder| copy(&backup, folder));
    w.revokes(&stolen);
    mate.syncs();
    assert_eq!(
        w.standings(visit),
        ["first"],
        "what was received before stands"
    );
    assert_eq!(w.validity(early), "valid");
    let aside = w.dossier(visit)["aside"].clone();
    let mut states = w.aside(visit);
    states.sort();
    states.dedup();
    assert_eq!(
        states,
        ["held:depends_on_quarantined", "quarantined:author.revoked"]
    );
    for item in aside.as_array().unwrap() {
        assert!(
            item["claimed_at"].as_str() < item["received_at"].as_str(),
            "{item}"
        );
        assert!(
            !item["content"]["touched"].as_array().unwrap().is_empty(),
            "readable beside the record: {item}"
        );
    }
    let doctor = mate.client.doctor().unwrap();
    assert!(
        doctor
            .iter()
            .any(|item| item.en.starts_with("held: depends on quarantined ")),
        "{doctor:?}"
    );

    // Neither a teammate nor the laboratory lets it in; the authority does, and again changes nothing.
    for nobody in ["赵", "钱"] {
        assert!(
            w.admits(nobody, visit)
                .iter()
                .all(|answer| answer.code() == "role_forbidden")
        );
    }
    let let_in = w.admits("晋城", visit);
    assert!(let_in.iter().all(|answer| answer.status == 201));
    assert_eq!(w.aside(visit), [""; 0]);
    assert_eq!(
        (w.validity(sample), w.validity(built)),
        ("valid".into(), "valid".into())
    );
    let before = (w.dossier(visit), mate.syncs());
    for answer in &let_in {
        let path = format!("/v1/quarantine/{}/admission", answer.text("item_id"));
        let again = w
            .call("POST", "晋城", &path, json!({ "reason": "再次点击" }))
            .expect(201);
        assert_eq!(again.body["admitted"], true);
    }
    assert_eq!(w.dossier(visit), before.0);
    assert_eq!(mate.syncs().received, 0, "nothing new for anybody");

    // Every phone of the team gets it, one that is new as well.
    let fresh = w.phone("王");
    assert!(
        fresh.client.visit(visit).unwrap() == mate.client.visit(visit).unwrap(),
        "both hold the same"
    );
    assert!(
        mate.client
            .doctor()
            .unwrap()
            .iter()
            .all(|item| item.state == "received")
    );
}

#[test]
fn a_server_whose_database_file_was_deleted_is_not_ready() {
    let server = TestServer::start();
    std::fs::remove_file(server.folder().join("fieldseal.db")).unwrap();
    server
        .call("GET", "/health/ready", None, serde_json::Value::Null)
        .expect_problem(503, "not_ready");
}
