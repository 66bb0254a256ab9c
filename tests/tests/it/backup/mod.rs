//! `fieldseal backup` and `fieldseal restore`, as an operator runs them beside a server, on SQLite.

mod command;
mod cut;
mod yesterday;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fieldseal_tests::child::run;

const PROGRAM: &str = env!("CARGO_BIN_EXE_server");

/// How a command ended.
struct Ended {
    well: bool,
    out: String,
    err: String,
}

impl Ended {
    #[track_caller]
    fn ok(self) -> String {
        assert!(self.well, "{}", self.err);
        self.out
    }

    /// It failed, with one sentence that begins with this code.
    #[track_caller]
    fn refused(&self, code: &str) {
        assert!(!self.well, "{} passed: {}", code, self.out);
        let wanted = format!("fieldseal: {code}: ");
        assert!(self.err.contains(&wanted), "{code}: {}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

fn fieldseal(args: &[&str]) -> Ended {
    let ended = run(PROGRAM, args, "");
    Ended {
        well: ended.status.success(),
        out: String::from_utf8(ended.stdout).unwrap(),
        err: String::from_utf8(ended.stderr).unwrap(),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn backup(data: &Path, to: &Path) -> Ended {
    fieldseal(&["backup", "--data", text(data), "--to", text(to)])
}

fn restore(from: &Path, data: &Path) -> Ended {
    fieldseal(&["restore", "--from", text(from), "--data", text(data)])
}

fn check(from: &Path) -> Ended {
    fieldseal(&["restore", "--check", "--from", text(from)])
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(here) = open.pop() {
        for entry in here.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

/// A piece of evidence in a data folder, as the object store keeps it.
fn put_object(data: &Path, name: &str, bytes: &[u8]) {
    let file = data.join("objects").join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
}
