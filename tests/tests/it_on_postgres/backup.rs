//! Backup and restore of a server on PostgreSQL, with the real `pg_dump` and `pg_restore`. What a backup is as a folder,
//! and how it is refused, is the same on both databases and told beside this binary.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use fieldseal_tests::child::run;
use fieldseal_tests::postgres::TestDatabase;
use fieldseal_tests::world::word;
use fieldseal_tests::{TestServer, World};
use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_server");

fn fieldseal(args: &[&str]) -> Result<String, String> {
    let ended = run(PROGRAM, args, "");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    match ended.status.success() {
        true => Ok(text(ended.stdout)),
        false => Err(text(ended.stderr)),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn backup(data: &Path, url: &str, to: &Path) -> Result<String, String> {
    fieldseal(&[
        "backup",
        "--data",
        text(data),
        "--database-url",
        url,
        "--to",
        text(to),
    ])
}

fn restore(from: &Path, data: &Path, url: &str, more: &[&str]) -> Result<String, String> {
    let args = [
        "restore",
        "--from",
        text(from),
        "--data",
        text(data),
        "--database-url",
        url,
    ];
    fieldseal(&[args.as_slice(), more].concat())
}

#[track_caller]
fn refused(ended: Result<String, String>, code: &str) {
    let told = ended.expect_err(code);
    assert!(told.contains(&format!("fieldseal: {code}: ")), "{told}");
}

#[test]
fn yesterdays_dump_made_while_phones_synced_loses_nothing() {
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    std::fs::create_dir_all(path("data/objects/evidence")).unwrap();
    std::fs::write(path("data/objects/evidence/early"), "early").unwrap();
    let mut w = World::with(TestServer::start_in(&path("data")), &["bodies", "shanxi"]);
    let (mut wang, zhao) = (w.phone("王"), w.phone("赵"));
    let visit = wang.enters("铸造");
    let early = wang.draws("T1");
    w.sync_all(&[&wang, &zhao]);
    let url = w.server.database_url().unwrap().to_owned();
    let stop = AtomicBool::new(false);
    let from = path("backup");
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                wang.suspends("停电");
                wang.syncs();
            }
        });
        let told = backup(&path("data"), &url, &from);
        stop.store(true, Ordering::SeqCst);
        assert!(told.unwrap().contains("Backed up"));
    });
    let late = wang.draws("T2");
    w.sync_all(&[&wang, &zhao]);
    let lines = |w: &World| {
        let dossier = w.dossier(visit);
        let notes = dossier["records"]["suspensions"].as_array().unwrap().len();
        let rulings: Vec<_> = w
            .rulings(visit)
            .iter()
            .map(|it| word(&it["outcome"]))
            .collect();
        (notes, rulings, dossier["aside"].clone())
    };
    let before = lines(&w);

    // Onto a live database nothing is restored.
    refused(
        restore(&from, &path("other"), &url, &[]),
        "restore_target_not_empty",
    );
    w.server.stop();
    let database = TestDatabase::empty();
    let told = restore(&from, &path("data"), database.url(), &[]).unwrap();
    assert!(told.contains("new epoch"), "{told}");
    w.server = w.server.start_again(Some(database));
    w.forgets_tokens();
    for phone in [&wang, &zhao] {
        phone.network.redirect(&w.server.url(""));
    }
    w.call("GET", "admin", &format!("/v1/samples/{late}"), Value::Null)
        .expect(404);
    w.sync_all(&[&zhao, &wang]);
    assert_eq!(lines(&w), before);
    assert_eq!(
        (w.validity(early), w.validity(late)),
        ("valid".into(), "valid".into())
    );
    let doctor = wang.client.doctor().unwrap();
    assert!(doctor.iter().all(|it| it.state == "received"), "{doctor:?}");
}

/// A `pg_restore` that does something first, and then says that it failed.
fn failing(folder: &Path, first: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let file = folder.join("pg_restore");
    std::fs::write(
        &file,
        format!("#!/bin/sh\n{first}\necho it was cut >&2\nexit 1\n"),
    )
    .unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_restore_that_was_cut_serves_nobody_and_is_run_again() {
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    std::fs::create_dir(path("data")).unwrap();
    let server = TestServer::start_in(&path("data"));
    server.admin("140000");
    let from = path("backup");
    backup(&path("data"), server.database_url().unwrap(), &from).unwrap();
    for (name, first) in [("before", ""), ("after", "pg_restore \"$@\"")] {
        let database = TestDatabase::empty();
        let url = database.url();
        failing(&path(name), first);
        let programs = path(name);
        let (data, bin) = (path(&format!("{name}-data")), ["--pg-bin", text(&programs)]);
        refused(restore(&from, &data, url, &bin), "backup_program_failed");
        let serve = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--data",
            text(&data),
            "--database-url",
            url,
        ];
        let told = fieldseal(&serve).unwrap_err();
        assert!(told.contains("restore_unfinished"), "{told}");
        restore(&from, &data, url, &[]).unwrap();
        let admin = [
            "admin",
            "create",
            "--username",
            "li",
            "--data",
            text(&data),
            "--database-url",
            url,
        ];
        fieldseal(&admin).unwrap();
        refused(restore(&from, &data, url, &[]), "restore_target_not_empty");
    }
    let nowhere = ["--pg-bin", "/nowhere"];
    let database = TestDatabase::empty();
    let told = restore(&from, &path("none"), database.url(), &nowhere);
    refused(told, "backup_program_missing");
    // Of SQLite there is nothing in it.
    refused(
        fieldseal(&[
            "restore",
            "--from",
            text(&from),
            "--data",
            text(&path("none")),
        ]),
        "restore_database_mismatch",
    );
}
