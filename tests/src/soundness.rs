//! What must hold of a server and of phones after any kill: their files are whole, every change stands once, whatever a
//! receipt says is there, and so is whatever a phone was told was saved. And the dice that choose when to kill.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rusqlite::{Connection, OpenFlags};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sync_core::document::VisitDocument;
use sync_core::model::DocumentId;
use sync_core::proof::{EvidenceReceiptRecord, ReceiptPayload, Signed};

use crate::world::word;
use crate::{Phone, TestServer, World};

/// A document and a change of it, as hex.
pub type Received = BTreeSet<(String, String)>;

fn open(file: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    Connection::open_with_flags(file, flags).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// Fewer acknowledged things than this would prove little.
pub const ACKNOWLEDGED_MIN: usize = 51;

/// A database that SQLite itself finds no fault with.
#[track_caller]
pub fn assert_whole(file: &Path) {
    let told: String = open(file)
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("an integrity check");
    assert_eq!(told, "ok", "{}", file.display());
}

/// After a kill of a phone: every original that its store knows lies whole under its hash, and every manifest entry that it
/// wrote has one. A file that is not known yet was acknowledged to nobody; no half one is under a hash. Files that were read
/// before are named in `read` and not read again: nothing writes in them.
#[track_caller]
pub fn assert_originals_whole(file: &Path, read: &mut BTreeSet<String>) {
    let folder = PathBuf::from(format!("{}.media", file.display()));
    let store = open(file);
    let column = |sql: &str| -> BTreeSet<String> {
        let mut rows = store.prepare(sql).expect("a phone's file");
        let texts = rows.query_map([], |row| row.get(0)).expect("rows");
        texts.map(|text| text.expect("a text")).collect()
    };
    let known = column("SELECT sha256 FROM media WHERE on_phone = 1");
    let entered = column("SELECT sha256 FROM media_entries");
    assert_eq!(known, entered, "a row without its entry");
    let mut lying = BTreeSet::new();
    for found in std::fs::read_dir(&folder).into_iter().flatten() {
        let path = found.expect("a folder").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".part") {
            continue;
        }
        if read.insert(name.clone()) {
            let bytes = std::fs::read(&path).expect("an original");
            assert_eq!(hex::encode(Sha256::digest(bytes)), name, "half a file");
        }
        lying.insert(name);
    }
    assert!(known.is_subset(&lying), "acknowledged and gone");
    for snapshot in documents(&store) {
        let visit = VisitDocument::load(&snapshot).expect("a document");
        for entry in visit.evidence().items {
            let sha256 = entry.value.sha256.to_string();
            assert!(entered.contains(&sha256), "an entry without its file");
        }
    }
}

fn documents(store: &Connection) -> Vec<Vec<u8>> {
    let mut rows = store
        .prepare("SELECT snapshot FROM documents")
        .expect("a phone's file");
    let snapshots = rows.query_map([], |row| row.get(0)).expect("rows");
    snapshots.map(|it| it.expect("bytes")).collect()
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
    received(&signed_on::<Signed<ReceiptPayload>>(
        phone,
        "SELECT signed FROM receipts",
    ))
}

/// Receipts for evidence that stand on a phone.
pub fn evidence_receipts_on(phone: &Path) -> Vec<EvidenceReceiptRecord> {
    let sql =
        "SELECT signed FROM evidence_receipts WHERE stands = 1 ORDER BY document_id, evidence_id";
    signed_on(phone, sql)
}

fn signed_on<T: DeserializeOwned>(phone: &Path, sql: &str) -> Vec<T> {
    let database = open(phone);
    let mut stored = database.prepare(sql).expect("a phone's file");
    let texts = stored.query_map([], |row| row.get::<_, String>(0));
    texts
        .expect("receipts")
        .map(|text| serde_json::from_str(&text.expect("a receipt")).expect("a receipt"))
        .collect()
}

/// The log of a server: every change once, one change under each number of an author, and all that was received.
#[track_caller]
pub fn assert_log_holds(server: &TestServer, received: &Received) {
    match server.database() {
        None => assert_whole(&server.folder().join("fieldseal.db")),
        // A dump reads every row of every table.
        Some(database) => assert!(!database.dump().is_empty()),
    }
    let count = |sql| -> i64 {
        let rows = server.reads(sql);
        rows[0].get("n").expect("a count")
    };
    let changes = count("SELECT COUNT(*) AS n FROM changes");
    assert!(changes > 0, "the log is empty");
    let distinct = count(
        "SELECT COUNT(*) AS n FROM (SELECT DISTINCT document_id, hash FROM changes) AS found",
    );
    assert_eq!(changes, distinct, "a change stands twice in the log");
    let numbers = count(
        "SELECT COUNT(*) AS n FROM \
         (SELECT 1 AS twice FROM changes GROUP BY document_id, actor, seq HAVING COUNT(*) > 1) AS found",
    );
    assert_eq!(numbers, 0, "two changes under one number");
    let aside = count("SELECT COUNT(*) AS n FROM changes WHERE status <> 'accepted'");
    assert_eq!(aside, 0, "an honest change is held or quarantined");
    let ordinals = count(
        "SELECT COUNT(*) AS n FROM (SELECT 1 AS twice FROM changes \
         GROUP BY document_id HAVING COUNT(DISTINCT ordinal) <> COUNT(*)) AS found",
    );
    assert_eq!(ordinals, 0, "two changes at one place of a document");
    assert!(
        received.len() > 50,
        "{} receipts are no trial",
        received.len()
    );
    let rows = server.reads("SELECT document_id, hash FROM changes");
    let stored: Received = rows
        .iter()
        .map(|row| {
            let bytes = |column| hex::encode(row.get::<Vec<u8>>(column).expect("bytes"));
            (bytes("document_id"), bytes("hash"))
        })
        .collect();
    let lost: Vec<_> = received.difference(&stored).collect();
    assert!(lost.is_empty(), "received and lost: {lost:?}");
}

/// How often each thing that was saved stands in a dossier: notes, words, sheets, seals.
fn standing(dossier: &Value) -> BTreeMap<String, usize> {
    let list = |value: &Value| value.as_array().expect("it is there").clone();
    let mut found: Vec<String> = Vec::new();
    for suspension in list(&dossier["records"]["suspensions"]) {
        found.push(word(&suspension["record"]["reason"]));
    }
    for part in word(&dossier["records"]["notes"]).split_inclusive(']') {
        found.extend(part.rfind('[').map(|at| part[at..].to_owned()));
    }
    for sample in list(&dossier["samples"]) {
        found.push(word(&sample["sample_id"]));
    }
    for evidence in list(&dossier["records"]["evidence"]) {
        found.push(word(&evidence["record"]["evidence_id"]));
    }
    for seal in list(&dossier["seals"]) {
        found.push(word(&seal["seal_id"]));
    }
    let mut counts = BTreeMap::new();
    for one in found {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

/// Everything acknowledged stands in exactly one dossier, once; nothing else stands twice; no number was given twice.
#[track_caller]
pub fn assert_nothing_lost_or_doubled(w: &World, visits: &[DocumentId], acknowledged: &[String]) {
    assert!(
        acknowledged.len() >= ACKNOWLEDGED_MIN,
        "only {}",
        acknowledged.len()
    );
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut numbers, mut sheets) = (BTreeSet::new(), 0);
    for visit in visits {
        let dossier = w.dossier(*visit);
        for (one, count) in standing(&dossier) {
            *counts.entry(one).or_default() += count;
        }
        for sample in dossier["samples"].as_array().expect("it is there") {
            numbers.insert(word(&sample["sheet_no"]));
            sheets += 1;
        }
        assert_eq!(dossier["conflicts"], serde_json::json!([]));
        assert_eq!(dossier["aside"], serde_json::json!([]));
    }
    for one in acknowledged {
        assert!(
            counts.contains_key(one),
            "{one} was acknowledged and is lost"
        );
    }
    for (one, count) in &counts {
        assert_eq!(*count, 1, "{one} stands {count} times");
    }
    assert_eq!(numbers.len(), sheets, "a sheet number was given twice");
}

/// Both phones show the same of every visit.
#[track_caller]
pub fn assert_phones_agree(one: &Phone, other: &Phone, visits: &[DocumentId]) {
    for visit in visits {
        let shown = one.client.visit(*visit).expect("it is there");
        assert_eq!(shown, other.client.visit(*visit).expect("it is there"));
    }
}

/// A moment inside a window.
pub fn within(dice: &mut ChaCha8Rng, window: Duration) -> Duration {
    window.mul_f64(dice.random_range(0.0..1.0))
}
