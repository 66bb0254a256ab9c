//! A phone as a process of its own, for tests that kill it: it notes down one thing after another and syncs in between,
//! and says on its output what it has acknowledged.

use std::io::Write;
use std::path::Path;

use mobile_ffi::{Client, Host};
use sync_core::model::DocumentId;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, visit, first] = arguments.as_slice() else {
        panic!("phone FILE VISIT FIRST");
    };
    let visit: DocumentId = visit.parse().expect("a document id");
    let first: u64 = first.parse().expect("a number");
    let client = Client::open(Path::new(file), Host::system()).expect("the store opens");
    for number in first.. {
        let reason = format!("note-{number}");
        client.suspend(visit, &reason).expect("it is noted down");
        say(&reason);
        client.sync().expect("the store works");
    }
}

/// One line, out of the process at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").expect("somebody listens");
    out.flush().expect("somebody listens");
}
