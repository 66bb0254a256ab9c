//! `fieldseal audit` as an operator runs it, beside the server's folder.

use fieldseal_tests::child::run;
use fieldseal_tests::{TestServer, World};

use super::PROGRAM;

/// What it says of a folder: its exit code, what is found, and what went wrong.
fn audits(data: &std::path::Path, more: &[&str]) -> (i32, String, String) {
    let mut args = vec!["audit", "--data", data.to_str().unwrap()];
    args.extend(more);
    let output = run(PROGRAM, &args, "");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn an_audit_ends_well_or_names_every_place_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start_on_sqlite(folder.path());
    let mut w = World::with(server, &["bodies", "shanxi"]);
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    wang.draws("T1");
    wang.syncs();
    w.rules_entry("晋城", visit, "first");
    w.server.stop();
    let (code, out, err) = audits(folder.path(), &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("audited: ") && out.contains(" chains"),
        "{out}"
    );
    assert!(out.contains("OK: everything is as the log says"), "{out}");
    // Behind the server's back, with a program of its own.
    let database = folder.path().join("fieldseal.sqlite");
    let files: Vec<_> = folder.path().read_dir().unwrap().flatten().collect();
    let database = match database.exists() {
        true => database,
        false => files
            .iter()
            .map(std::fs::DirEntry::path)
            .find(|path| std::fs::read(path).is_ok_and(|it| it.starts_with(b"SQLite format 3")))
            .unwrap(),
    };
    let edited = rusqlite::Connection::open(&database).unwrap();
    edited
        .execute(
            "UPDATE rulings SET outcome = 'excess' WHERE version = 1",
            [],
        )
        .unwrap();
    edited
        .execute("DELETE FROM audit_events WHERE act = 'device.enrolled'", [])
        .unwrap();
    drop(edited);
    let (code, out, err) = audits(folder.path(), &["--without-objects"]);
    assert_eq!(code, 1, "{out}");
    for words in [
        "rulings, ruling_id ",
        "audit_events, audit_event_id ",
        "is missing",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
    assert!(!out.contains("OK"), "{out}");
    assert!(err.contains("faults"), "{err}");
}

#[test]
fn an_audit_of_nothing_says_that_there_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = audits(&folder.path().join("new"), &[]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("OK"), "{out}");
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    let (code, out, err) = audits(&file, &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.starts_with("fieldseal: ") && err.contains("file"),
        "{err}"
    );
}
