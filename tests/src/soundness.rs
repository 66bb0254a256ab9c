//! What must hold of the files of a server and of phones after any kill: they are whole, every change stands once, and
//! whatever a receipt says is there.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use sync_core::proof::{ReceiptPayload, Signed};

/// A document and a change of it, as hex.
pub type Received = BTreeSet<(String, String)>;

fn open(file: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    Connection::open_with_flags(file, flags).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// A database that SQLite itself finds no fault with.
#[track_caller]
pub fn assert_whole(file: &Path) {
    let told: String = open(file)
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("an integrity check");
    assert_eq!(told, "ok", "{}", file.display());
}

/// What receipts say.
pub fn received<'a>(receipts: impl IntoIterator<Item = &'a Signed<ReceiptPayload>>) -> Received {
    let mut received = Received::new();
    for receipt in receipts {
        let told: ReceiptPayload = serde_json::from_str(&receipt.payload).expect("a receipt");
        let document = told.document_id.to_string();
        let hashes = told.hashes.iter();
        received.extend(hashes.map(|hash| (document.clone(), hash.to_string())));
    }
    received
}

/// What the receipts say that a phone has stored.
pub fn receipts_on(phone: &Path) -> Received {
    let database = open(phone);
    let mut stored = database
        .prepare("SELECT signed FROM receipts")
        .expect("a phone's file");
    let texts = stored.query_map([], |row| row.get::<_, String>(0));
    let receipts: Vec<Signed<ReceiptPayload>> = texts
        .expect("receipts")
        .map(|text| serde_json::from_str(&text.expect("a receipt")).expect("a receipt"))
        .collect();
    received(&receipts)
}

/// The log of a server: every change once, one change under each number of an author, and all that was received.
#[track_caller]
pub fn assert_log_holds(server: &Path, received: &Received) {
    assert_whole(server);
    let database = open(server);
    let count = |sql: &str| {
        let counted = database.query_row(sql, [], |row| row.get::<_, i64>(0));
        counted.unwrap_or_else(|error| panic!("{sql}: {error}"))
    };
    let changes = count("SELECT COUNT(*) FROM changes");
    assert!(changes > 0, "the log is empty");
    let distinct = count("SELECT COUNT(*) FROM (SELECT DISTINCT document_id, hash FROM changes)");
    assert_eq!(changes, distinct, "a change stands twice in the log");
    let numbers = count(
        "SELECT COUNT(*) FROM (SELECT 1 FROM changes GROUP BY document_id, actor, seq HAVING COUNT(*) > 1)",
    );
    assert_eq!(numbers, 0, "two changes under one number");
    let aside = count("SELECT COUNT(*) FROM changes WHERE status <> 'accepted'");
    assert_eq!(aside, 0, "an honest change is held or quarantined");
    let ordinals = count(
        "SELECT COUNT(*) FROM (SELECT 1 FROM changes GROUP BY document_id HAVING COUNT(DISTINCT ordinal) <> COUNT(*))",
    );
    assert_eq!(ordinals, 0, "two changes at one place of a document");
    let mut listed = database
        .prepare("SELECT lower(hex(document_id)), lower(hex(hash)) FROM changes")
        .expect("the log");
    assert!(
        received.len() > 50,
        "{} receipts are no trial",
        received.len()
    );
    let rows = listed.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let stored: Received = rows
        .expect("the log")
        .map(|row| row.expect("a row"))
        .collect();
    let lost: Vec<_> = received.difference(&stored).collect();
    assert!(lost.is_empty(), "received and lost: {lost:?}");
}
