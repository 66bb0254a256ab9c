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

/// Starts a command and kills it after a while.
fn cut(args: &[&str], after: Duration) {
    let mut child = Command::new(PROGRAM)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    let _ = child.kill();
    let _ = child.wait();
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
    let window = begun.elapsed();
    let (mut whole, mut none, mut left) = (0, 0, 0);
    for kill in 0..KILLS {
        let to = path("to").join(format!("{kill}"));
        let after = window.mul_f64(dice.random_range(0.0..1.1));
        cut(&["backup", "--data", text(&data), "--to", text(&to)], after);
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
    let window = begun.elapsed();
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
        cut(
            &["restore", "--from", text(&from), "--data", text(&data)],
            after,
        );
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
