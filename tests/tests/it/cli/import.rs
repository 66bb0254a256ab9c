//! `fieldseal import` as an operator meets it: the command as a child process, against a server as another.

use std::path::PathBuf;
use std::process::Output;

use fieldseal_tests::child::{ServerProcess, run};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_server");
const PASSWORD: &str = "long enough to pass";
const GOOD: &str = "统一社会信用代码,企业名称,行政区划\n911405250000B1E536,泽州示例铸造,140525\n";
const BAD: &str = "统一社会信用代码,企业名称,行政区划\n911405250000B1E536,泽州示例铸造,140525\n\
    911405250000B1E537,坏,140525\n,,140581\n";

struct Desk {
    server: ServerProcess,
    folder: TempDir,
}

fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let made = run(
        PROGRAM,
        &[
            "admin",
            "create",
            "--username",
            "wang",
            "--password-stdin",
            "--data",
            data.to_str().unwrap(),
        ],
        PASSWORD,
    );
    assert!(made.status.success(), "{made:?}");
    let server = ServerProcess::start(PROGRAM, &data);
    Desk { server, folder }
}

impl Desk {
    fn file(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("file.csv");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn import(&self, text: &str, more: &[&str], password: &str) -> Output {
        let file = self.file(text);
        let mut args = vec!["import", "enterprises", file.to_str().unwrap()];
        args.extend(["--server", &self.server.url, "--username", "wang"]);
        args.extend(more);
        run(PROGRAM, &args, password)
    }
}

fn told(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_good_file_is_imported_once_and_the_command_says_so() {
    let desk = desk();
    let dry = desk.import(GOOD, &["--dry-run"], PASSWORD);
    assert!(dry.status.success(), "{dry:?}");
    assert!(
        told(&dry).0.contains("nothing written: 1 created"),
        "{dry:?}"
    );
    let first = desk.import(GOOD, &[], &format!("{PASSWORD}\n"));
    assert!(first.status.success(), "{first:?}");
    assert!(
        told(&first).0.contains("1 created, 0 updated, 0 unchanged"),
        "{first:?}"
    );
    // Two logins and two requests, each under a key of its own: what a network repeats is done once.
    let file = desk.folder.path().join("data/fieldseal.db");
    let kept: i64 = rusqlite::Connection::open(file)
        .unwrap()
        .query_row("SELECT COUNT(*) FROM kept_answers", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 4);
    let again = desk.import(GOOD, &["--password-stdin"], PASSWORD);
    assert!(again.status.success(), "{again:?}");
    assert!(
        told(&again).0.contains("0 created, 0 updated, 1 unchanged"),
        "{again:?}"
    );
}

#[test]
fn each_bad_row_is_told_by_line_column_and_code_and_the_command_fails() {
    let desk = desk();
    let stopped = desk.import(BAD, &[], PASSWORD);
    assert_eq!(stopped.status.code(), Some(1), "{stopped:?}");
    let (out, err) = told(&stopped);
    assert!(out.starts_with("Nothing written"), "{out}");
    for words in [
        "file.csv: line 3, column uscc: ",
        "file.csv: line 4, column name: ",
        "(value_invalid)",
    ] {
        assert!(err.contains(words), "{err}");
    }
    let skipped = desk.import(BAD, &["--skip-bad"], PASSWORD);
    assert_eq!(
        skipped.status.code(),
        Some(1),
        "bad rows are told although the rest is written"
    );
    assert!(told(&skipped).0.contains("1 created"), "{skipped:?}");
    assert!(
        told(&skipped).1.contains("line 3, column uscc"),
        "{skipped:?}"
    );
    let again = desk.import(GOOD, &[], PASSWORD);
    assert!(told(&again).0.contains("1 unchanged"), "{again:?}");
}

#[test]
fn a_wrong_password_a_missing_file_and_a_deaf_server_are_told_apart() {
    let desk = desk();
    let wrong = desk.import(GOOD, &[], "not the password");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(told(&wrong).1.contains("(credentials_wrong)"), "{wrong:?}");
    let headless = desk.import("colour\nred\n", &[], PASSWORD);
    assert!(
        told(&headless).1.contains("(import_invalid)"),
        "{headless:?}"
    );
    let args = ["import", "tasks", "/nowhere/file.csv", "--username", "wang"];
    let missing = run(PROGRAM, &args, "");
    assert!(
        told(&missing).1.contains("cannot read /nowhere/file.csv"),
        "{missing:?}"
    );
    let file = desk.file(GOOD);
    let server = "http://127.0.0.1:9";
    let args = [
        "import",
        "tasks",
        file.to_str().unwrap(),
        "--server",
        server,
        "--username",
        "wang",
    ];
    let deaf = run(PROGRAM, &args, PASSWORD);
    assert!(
        told(&deaf)
            .1
            .contains("cannot reach the server at http://127.0.0.1:9"),
        "{deaf:?}"
    );
}
