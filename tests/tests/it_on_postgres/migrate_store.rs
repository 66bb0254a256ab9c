//! `fieldseal migrate-store`: a server moves from SQLite to PostgreSQL, and nobody in the field notices.

use std::path::Path;
use std::process::Output;

use fieldseal_tests::child;
use fieldseal_tests::postgres::TestDatabase;
use fieldseal_tests::{TestServer, World};
use serde_json::Value;
use tempfile::TempDir;

fn migrate(folder: &Path, to: &str) -> Output {
    let from = format!("sqlite://{}", folder.join("fieldseal.db").display());
    let args = ["migrate-store", "--from", &from, "--to", to];
    child::run(env!("CARGO_BIN_EXE_server"), &args, "")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_story_goes_on_after_the_move_with_the_same_phones_and_nothing_is_offered_twice_or_lost() {
    let folder = TempDir::new().unwrap();
    let mut w = World::with(
        TestServer::start_on_sqlite(folder.path()),
        &["bodies", "shanxi"],
    );
    let (mut wang, zhao, mut li) = (w.phone("王"), w.phone("赵"), w.phone("李"));
    let visit = wang.enters("铸造");
    let sample = wang.draws("T1");
    w.minutes(30);
    li.enters("铸造");
    let duplicate = li.draws("T5");
    w.sync_all(&[&wang, &zhao, &li]);
    // What is not through yet stays on the phone while the server moves.
    wang.offline();
    let late = wang.draws("T2");
    let before = (w.dossier(visit), w.rulings(visit));
    w.server.stop();

    let database = TestDatabase::empty();
    let moved = migrate(folder.path(), database.url());
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    let again = migrate(folder.path(), database.url());
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert!(
        text(&again.stdout).contains("there already"),
        "{}",
        text(&again.stdout)
    );

    w.server = w.server.start_again(Some(database));
    for phone in [&wang, &zhao, &li] {
        phone.network.redirect(&w.server.url(""));
    }
    assert_eq!((w.dossier(visit), w.rulings(visit)), before);
    let report = zhao.syncs();
    assert_eq!((report.sent, report.received), (0, 0), "{report:?}");
    w.sync_all(&[&wang, &zhao, &li]);
    assert_eq!(w.validity(sample), "valid");
    assert_eq!(w.validity(duplicate), "duplicate");
    assert_eq!(w.validity(late), "valid");
}

#[test]
fn a_target_that_holds_something_else_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let mut source = TestServer::start_on_sqlite(folder.path());
    source.admin("140000");
    source.stop();
    let other = TestServer::start();
    let admin = other.admin("310000");
    let url = other.database_url().unwrap().to_owned();
    let refused = migrate(folder.path(), &url);
    assert!(!refused.status.success());
    assert!(
        text(&refused.stderr).contains("migrate_target_not_empty"),
        "{}",
        text(&refused.stderr)
    );
    let listed = other
        .call("GET", "/v1/users", Some(&admin), Value::Null)
        .expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_move_that_was_killed_half_way_is_run_again_and_gives_the_same() {
    let folder = TempDir::new().unwrap();
    let server = TestServer::start_on_sqlite(folder.path());
    let mut w = World::with(server, &["bodies", "shanxi"]);
    w.server.stop();
    let database = TestDatabase::empty();
    for wait in [20, 60, 100, 150, 200, 300] {
        let from = format!("sqlite://{}", folder.path().join("fieldseal.db").display());
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_server"))
            .args(["migrate-store", "--from", &from, "--to", database.url()])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let moved = migrate(folder.path(), database.url());
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    let fresh = TestDatabase::empty();
    let whole = migrate(folder.path(), fresh.url());
    let tables = |told: &Output| -> Vec<String> {
        let lines = text(&told.stdout);
        lines
            .lines()
            .filter(|line| line.contains(" rows "))
            .map(str::to_owned)
            .collect()
    };
    assert!(tables(&whole).len() > 30, "{}", text(&whole.stdout));
    assert_eq!(tables(&moved), tables(&whole));
}
