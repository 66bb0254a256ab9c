//! Backups and restores that are killed at any moment: there is a whole one or none, and the old server or the restored
//! one, never half of each. The seed is printed; with `FIELDSEAL_SEED` a run is repeated.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fieldseal_tests::seed::dice;
use fieldseal_tests::soundness::assert_whole;
use rand::RngExt as _;
use tempfile::TempDir;

use super::{PROGRAM, backup, check, fieldseal, files, put_object, restore, text};

const KILLS: u32 = 40;
const OBJECTS: usize = 24;
const OBJECT_BYTES: usize = 200_000;

/// Starts a command and kills it after a while; how long it took if it ended before that.
fn cut(args: &[&str], after: Duration) -> Option<Duration> {
    let begun = Instant::now();
    let mut child = Command::new(PROGRAM)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while begun.elapsed() < after {
        if child.try_wait().unwrap().is_some() {
            return Some(begun.elapsed());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn a_server_with_evidence(data: &Path, name: &str) {
    fieldseal(&["admin", "create", "--username", name, "--data", text(data)]).ok();
    for number in 0..OBJECTS {
        let bytes = vec![u8::try_from(number).unwrap(); OBJECT_BYTES];
        put_object(data, &format!("evidence/{number:02}/{name}"), &bytes);
    }
}

fn users(database: &Path) -> i64 {
    assert_whole(database);
    let database = rusqlite::Connection::open(database).unwrap();
    database
        .query_row("SELECT COUNT(*) FROM users", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_backup_killed_at_any_moment_is_whole_or_none() {
    let mut dice = dice();
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    let data = path("data");
    a_server_with_evidence(&data, "wang");
    let begun = Instant::now();
    backup(&data, &path("measured")).ok();
    let mut window = begun.elapsed();
    let (mut whole, mut none, mut left) = (0, 0, 0);
    for kill in 0..KILLS {
        let to = path("to").join(format!("{kill}"));
        let after = window.mul_f64(dice.random_range(0.0..1.1));
        let command = ["backup", "--data", text(&data), "--to", text(&to)];
        window = window.min(cut(&command, after).unwrap_or(window));
        if to.exists() {
            check(&to).ok();
            whole += 1;
        } else {
            none += 1;
        }
    }
    for entry in path("to").read_dir().into_iter().flatten() {
        let found = entry.unwrap().path();
        if text(&found).contains(".partial-") {
            left += 1;
            restore(&found, &path("new")).refused("backup_incomplete");
            // Nor by another way to the same folder.
            let link = path("link");
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(&found, &link).unwrap();
            restore(&link, &path("new")).refused("backup_incomplete");
        }
    }
    println!("within {window:?}: {whole} whole, {none} none, {left} left");
    assert!(left > 5, "the kills do not hit: {left} of {KILLS}");
    assert!(!path("new").exists());
}

#[test]
fn a_restore_killed_at_any_moment_leaves_the_old_server_or_the_new_or_says_that_it_did_not_end() {
    let mut dice = dice();
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    a_server_with_evidence(&path("source"), "wang");
    let from = path("backup");
    backup(&path("source"), &from).ok();
    let measure = path("measure");
    a_server_with_evidence(&measure, "li");
    let begun = Instant::now();
    restore(&from, &measure).ok();
    let mut window = begun.elapsed();
    let (mut old, mut new, mut unfinished) = (0, 0, 0);
    for kill in 0..KILLS {
        let data = path("data").join(format!("{kill}"));
        a_server_with_evidence(&data, "li");
        fieldseal(&[
            "admin",
            "create",
            "--username",
            "zhao",
            "--data",
            text(&data),
        ])
        .ok();
        let before = files(&data);
        let after = window.mul_f64(dice.random_range(0.2..1.1));
        let command = ["restore", "--from", text(&from), "--data", text(&data)];
        // The machine may have been busy when the first was measured.
        window = window.min(cut(&command, after).unwrap_or(window));
        // Whoever starts now has one of the two, or is refused.
        let tried = backup(&data, &path("tried").join(format!("{kill}")));
        if tried.well {
            match users(&data.join("fieldseal.db")) {
                2 => old += 1,
                1 => new += 1,
                other => panic!("{other} users"),
            }
        } else {
            tried.refused("restore_unfinished");
            let serve = ["serve", "--listen", "127.0.0.1:0", "--data", text(&data)];
            fieldseal(&serve).refused("restore_unfinished");
            unfinished += 1;
        }
        restore(&from, &data).ok();
        assert_eq!(users(&data.join("fieldseal.db")), 1);
        // Every byte that was there is there still, in its place or aside.
        let now = files(&data);
        for (name, bytes) in &before {
            if name.starts_with("objects") || name.starts_with("keys") {
                let kept = now
                    .iter()
                    .any(|(path, there)| path.ends_with(name) && there == bytes);
                assert!(kept, "{} is lost", name.display());
            }
        }
        let aside = now
            .keys()
            .filter(|it| it.starts_with("objects") || it.ends_with("fieldseal.db"));
        let databases: Vec<_> = aside.filter(|it| it.ends_with("fieldseal.db")).collect();
        assert!(
            databases.iter().any(|it| users(&data.join(it)) == 2),
            "{databases:?}"
        );
        let ready = data
            .read_dir()
            .unwrap()
            .any(|it| text(&it.unwrap().path()).contains("restore-"));
        assert!(!ready, "nothing unfinished is left");
        std::fs::remove_dir_all(&data).unwrap();
    }
    println!("within {window:?}: {old} old, {new} new, {unfinished} unfinished");
    assert!(old + unfinished > 5, "the kills do not hit");
}

/// The server was killed and its last words are in its log; then the restore was killed too, between the database and
/// that log. Whoever opens what was set aside finds both.
#[test]
fn a_log_that_a_cut_restore_left_behind_joins_the_database_it_belongs_to() {
    let base = TempDir::new().unwrap();
    let path = |name: &str| base.path().join(name);
    a_server_with_evidence(&path("source"), "wang");
    let from = path("backup");
    backup(&path("source"), &from).ok();
    let data = path("data");
    a_server_with_evidence(&data, "li");
    let database = data.join("fieldseal.db");
    let open = rusqlite::Connection::open(&database).unwrap();
    open.pragma_update(None, "journal_mode", "WAL").unwrap();
    open.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    open.execute_batch("CREATE TABLE said_last (word TEXT); INSERT INTO said_last VALUES ('kept')")
        .unwrap();
    // What a kill leaves: the files as they are while it is open.
    let (log, words) = (
        data.join("fieldseal.db-wal"),
        std::fs::read(data.join("fieldseal.db-wal")).unwrap(),
    );
    let bytes = std::fs::read(&database).unwrap();
    drop(open);
    let aside = data.join("set-aside-20260101T000000Z");
    std::fs::create_dir(&aside).unwrap();
    std::fs::remove_file(&database).unwrap();
    std::fs::write(aside.join("fieldseal.db"), bytes).unwrap();
    std::fs::write(&log, words).unwrap();
    std::fs::write(
        data.join("restore-unfinished"),
        "set-aside-20260101T000000Z",
    )
    .unwrap();

    restore(&from, &data).ok();
    assert_eq!(users(&database), 1);
    let old = aside.join("fieldseal.db");
    assert_whole(&old);
    let open = rusqlite::Connection::open(&old).unwrap();
    let word: String = open
        .query_row("SELECT word FROM said_last", [], |row| row.get(0))
        .unwrap();
    assert_eq!(word, "kept");
    // A second one sets aside what the first restored, and touches nothing that it set aside.
    restore(&from, &data).ok();
    assert_eq!(users(&old), 1);
    assert!(!data.join("restore-unfinished").exists());
}
