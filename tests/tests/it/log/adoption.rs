//! A server that was there before the log: its rows are taken into it when it begins, as what they are then.

use std::io::Read;
use std::path::Path;

use fieldseal_server::services::bundles::checking::{Trusted, check};
use fieldseal_server::services::log::audit::{Audited, audit};
use fieldseal_tests::{Phone, TestServer, World};
use sync_core::model::{DocumentId, canonical_json};
use sync_core::proof::log::{Line, chain};

use super::{checkpoint, followed};
use crate::visits::bundle::{by_hand, unpacked, written};
use crate::visits::manifest::photo;

fn audited(w: &World) -> Audited {
    let audited = audit(&w.server.app, true);
    w.server.runtime.block_on(audited).unwrap()
}

/// What the binary before the log left behind: everything but what the log brought.
const BEFORE: [&str; 10] = [
    "DROP TABLE log_chains",
    "DROP TABLE log_lines",
    "DROP TABLE log_leaves",
    "DROP TABLE log_nodes",
    "DROP TABLE checkpoints",
    "DROP TABLE exports",
    "DROP TABLE blob_sums",
    "DROP TABLE seals",
    "DELETE FROM schema_migrations WHERE name = '0033_log'",
    "DELETE FROM schema_migrations WHERE name = '0035_seals'",
];

/// The server ends, and another one follows it.
fn again(w: &mut World) {
    w.server.stop();
    let (folder, clock) = (w.server.folder().to_owned(), w.server.clock.clone());
    w.server = TestServer::start_on(&folder, clock);
    w.forgets_tokens();
}

/// A world in which everything was done that is logged, by a server without a log, and the server that follows it.
fn upgraded(folder: &Path) -> (World, Phone, DocumentId) {
    let mut w = World::with(TestServer::start_in(folder), &["bodies", "shanxi"]);
    let mut wang = w.phone("王");
    let (visit, _) = w.does_all_that_is_logged(&mut wang);
    let bytes = b"what the camera saw";
    let photo = photo(bytes);
    let piece = wang.client.add_evidence(visit, photo).unwrap();
    wang.syncs();
    assert_eq!(w.brings_bytes(&wang, visit, bytes), piece.sha256);
    for sql in BEFORE {
        w.server.writes(sql);
    }
    again(&mut w);
    wang.network.redirect(&w.server.url(""));
    (w, wang, visit)
}

#[test]
fn rows_of_before_the_log_are_adopted_once_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let (mut w, phone, visit) = upgraded(folder.path());
    let found = audited(&w);
    assert_eq!(found.faults, []);
    let lines = found.counted["adopted lines"];
    assert!(found.adopted.is_some() && lines > 10, "{lines}");
    let (chain, _) = followed(&w, visit);
    let kinds: Vec<&str> = chain.iter().map(|line| line.kind.as_str()).collect();
    for kind in [
        "adopted-changes",
        "adopted-ruling",
        "adopted-decision",
        "adopted-custody",
        "adopted-evidence",
    ] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    // The log goes on behind them.
    phone.draws("T1");
    phone.syncs();
    checkpoint(&w);
    let (chain, _) = followed(&w, visit);
    assert_eq!(chain.last().unwrap().kind, "ruling");
    assert_eq!(audited(&w).faults, []);
    // Another start adopts nothing, whatever was added behind its back.
    let late = "INSERT INTO decisions (decision_id, subject, document_id, user_id, reason, decided_at) \
        SELECT '00000000-0000-0000-0000-000000000000', subject, document_id, user_id, 'late', decided_at FROM decisions";
    assert_eq!(w.server.writes(late), 1);
    again(&mut w);
    let found = audited(&w);
    assert_eq!(found.counted["adopted lines"], lines);
    let places: Vec<&str> = found.faults.iter().map(|it| it.place.as_str()).collect();
    assert_eq!(
        places,
        ["decisions, decision_id 00000000-0000-0000-0000-000000000000"]
    );
}

#[test]
fn a_visit_of_before_the_log_is_taken_out_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let (w, _, visit) = upgraded(folder.path());
    let token = w.token("晋城");
    let url = w.server.url(&format!("/v1/visits/{visit}/bundle"));
    let answer = ureq::get(url)
        .header("authorization", format!("Bearer {token}"))
        .call();
    let mut bytes = Vec::new();
    answer
        .unwrap()
        .body_mut()
        .as_reader()
        .read_to_end(&mut bytes)
        .unwrap();
    let file = folder.path().join("old.zip");
    std::fs::write(&file, bytes).unwrap();
    let report = check(&file, &Trusted::default()).unwrap();
    assert_eq!(report.faults, []);
    assert!(report.checked["adopted"] > 4 && report.checked["ruling"] > 0);
    let files = unpacked(&std::fs::read(&file).unwrap());
    let folder = written(&files);
    let folder = folder.path();
    let guide = std::fs::read_to_string(folder.join("VERIFY.md")).unwrap();
    by_hand(folder, &guide).unwrap();
}

#[test]
fn a_line_that_is_adopted_when_the_log_had_begun_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (w, phone, visit) = upgraded(folder.path());
    w.minutes(5);
    phone.suspends("停电");
    phone.syncs();
    assert_eq!(audited(&w).faults, []);
    w.minutes(5);
    // Somebody who knows how lines are written gives a decision of theirs one, as if it had always been there.
    let (_, head) = followed(&w, visit);
    let late = "INSERT INTO decisions (decision_id, subject, document_id, user_id, reason, decided_at) \
        SELECT '00000000-0000-0000-0000-000000000000', subject, document_id, user_id, 'late', decided_at FROM decisions";
    w.server.writes(late);
    let row = "SELECT * FROM decisions WHERE decision_id = '00000000-0000-0000-0000-000000000000'";
    let row = w.server.reads(row).remove(0);
    let body = fieldseal_server::store::log::record_of(row);
    let line = Line::after(
        &head,
        visit,
        w.now(),
        "adopted-decision",
        canonical_json(&body),
    );
    let (text, hash) = (line.text(), chain::head_after(&line).hash);
    let sqlite = w.server.database().is_none();
    let bytes = |hex: &str| match sqlite {
        true => format!("x'{hex}'"),
        false => format!("decode('{hex}', 'hex')"),
    };
    let (name, hash) = (bytes(&visit.to_string()), bytes(&hash.to_string()));
    let text = text.replace('\'', "''");
    for sql in [
        format!(
            "INSERT INTO log_lines (chain, line, kind, text, hash) \
             VALUES ({name}, {}, 'adopted-decision', '{text}', {hash})",
            line.number
        ),
        format!(
            "UPDATE log_chains SET lines = {}, head = {hash} WHERE chain = {name}",
            line.number
        ),
    ] {
        assert_eq!(w.server.writes(sql.leak()), 1);
    }
    let why: Vec<String> = audited(&w).faults.into_iter().map(|it| it.why).collect();
    assert!(
        why.contains(&"is adopted behind lines that are not".to_owned()),
        "{why:?}"
    );
    assert!(
        why.iter().any(|it| it.contains("when the log had begun")),
        "{why:?}"
    );
}
