//! Kill points of the store: what was acknowledged is there after reopening, what was not is not there by half.

use std::sync::Arc;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{ActorId, Automerge, ROOT};
use sync_core::model::{Actor, ChangeHash, DocumentId};
use sync_core::proof::TipStatement;
use sync_core::sync::bearing::Links;
use sync_core::sync::wire::{ChangeStatus, DocumentHeader, SignedTip};

use super::{Columns, DocumentState, OwnChange, Store};
use crate::fault::Faults;
use crate::host::SystemRng;

fn none() -> std::collections::BTreeSet<ChangeHash> {
    std::collections::BTreeSet::new()
}

fn state(n: u8) -> DocumentState {
    DocumentState {
        header: DocumentHeader {
            document_id: DocumentId([n; 32]),
            kind: "visit".into(),
            preimage: "{}".into(),
        },
        snapshot: vec![n],
        columns: Columns {
            campaign_id: uuid::Uuid::nil().to_string(),
            ..Columns::default()
        },
        updated_at_ms: i64::from(n),
    }
}

fn change(document: u8, seq: u8) -> OwnChange {
    let (document_id, actor) = (DocumentId([document; 32]), Actor([9; 16]));
    // The last of so many, of an actor who writes the same every time.
    let mut automerge = Automerge::new().with_actor(ActorId::from(&actor.0[..]));
    for number in 1..=seq {
        let mut tx = automerge.transaction();
        tx.put(ROOT, "document", i64::from(document)).unwrap();
        tx.put(ROOT, "number", i64::from(number)).unwrap();
        tx.commit_with(CommitOptions::default().with_time(0));
    }
    let last = automerge.get_last_local_change().unwrap();
    let hash = ChangeHash(last.hash().0);
    let tip = TipStatement {
        document_id,
        actor,
        seq: u64::from(seq),
        hash,
    };
    OwnChange {
        hash,
        actor,
        seq: u64::from(seq),
        bytes: last.raw_bytes().to_vec(),
        tip: SignedTip {
            tip,
            signature: "s".into(),
        },
    }
}

fn record(store: &mut Store, n: u8) -> Result<(), crate::ClientError> {
    store.write(|write| {
        write.put_document(&state(n))?;
        write.insert_own_change(DocumentId([n; 32]), &change(n, 1))
    })
}

#[test]
fn a_kill_before_the_commit_leaves_nothing_and_one_after_it_leaves_everything() {
    for (place, kept) in [("before_commit", 0), ("after_commit", 1)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        let faults = Faults::default();
        let mut store = Store::open(&path, 0, faults.clone()).unwrap();
        faults.set(Some(Arc::new(move |at| at == place)));
        assert_eq!(record(&mut store, 1).unwrap_err().code, "test.killed");
        drop(store);
        let store = Store::open(&path, 0, Faults::default()).unwrap();
        assert_eq!(store.list_document_ids().unwrap().len(), kept, "{place}");
        assert_eq!(store.list_changes(None).unwrap().len(), kept, "{place}");
        assert_eq!(
            store.read_outbox(1_000, &none()).unwrap().len(),
            kept,
            "{place}"
        );
    }
}

#[test]
fn a_damaged_file_is_set_aside_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    std::fs::write(
        &path,
        b"this was a database once, and is none any more".repeat(100),
    )
    .unwrap();
    let store = Store::open(&path, 7, Faults::default()).unwrap();
    let aside = store.salvages().unwrap().remove(0).aside;
    let kept = std::fs::read(&aside).unwrap();
    assert!(kept.starts_with(b"this was a database once"));
    assert_eq!(aside, store.salvages().unwrap()[0].aside);
    assert!(store.list_document_ids().unwrap().is_empty());
}

#[test]
fn a_store_of_the_first_version_is_brought_up_to_date_with_all_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    let own = change(1, 1);
    {
        // As the first release wrote it: it said its version in the header alone.
        let mut db = rusqlite::Connection::open(&path).unwrap();
        db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
            .unwrap();
        db.execute_batch(super::MIGRATIONS[0]).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        let tx = db.transaction().unwrap();
        tx.execute(
            "INSERT INTO documents (document_id, kind, preimage, snapshot, campaign_id, enterprise_key, updated_at)
             VALUES (?1, 'visit', '{}', x'01', ?2, 'k', 3)",
            [DocumentId([1; 32]).to_string(), uuid::Uuid::nil().to_string()],
        )
        .unwrap();
        tx.execute(
            "INSERT INTO changes (hash, document_id, actor, seq, bytes, own, status, unsent)
             VALUES (?1, ?2, ?3, 1, ?4, 1, 'queued', 1)",
            rusqlite::params![
                own.hash.to_string(),
                DocumentId([1; 32]).to_string(),
                own.actor.to_string(),
                own.bytes
            ],
        )
        .unwrap();
        tx.execute(
            "INSERT INTO settings (key, value) VALUES ('server_url', 'u')",
            [],
        )
        .unwrap();
        tx.execute(
            "INSERT INTO sheet_numbers (block_id, sheet_no) VALUES ('b', 'A1')",
            [],
        )
        .unwrap();
        tx.execute(
            "INSERT INTO evidence_files (sha256, document_id, mime, size_bytes, captured_at) VALUES ('h', 'd', 'm', 1, 1)",
            [],
        )
        .unwrap();
        tx.commit().unwrap();
    }
    let (store, salvage) =
        Store::open_sealed(&path, None, &SystemRng, 0, Faults::default()).unwrap();
    assert_eq!(salvage, None);
    assert_eq!(store.setting("server_url").unwrap().as_deref(), Some("u"));
    assert_eq!(store.count_sheet_numbers().unwrap(), 1);
    let outbox = store.read_outbox(1_000, &none()).unwrap();
    assert_eq!((outbox.len(), &outbox[0].bytes), (1, &own.bytes));
    let headers = "SELECT preimage FROM document_headers";
    let preimage: String = store.db.query_row(headers, [], |row| row.get(0)).unwrap();
    assert_eq!(preimage, "{}");
    let version: i64 = store
        .db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(usize::try_from(version).unwrap(), super::MIGRATIONS.len());
}

#[test]
fn what_a_visit_shares_is_kept_with_it_and_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    let mut store = Store::open(&path, 0, Faults::default()).unwrap();
    let links = |enterprise: &str| -> Links {
        serde_json::from_value(serde_json::json!({
            "campaign": uuid::Uuid::nil(), "body": uuid::Uuid::nil(), "enterprise": enterprise,
            "samples": [], "refusals": [], "scopes": [],
        }))
        .unwrap()
    };
    let put = |store: &mut Store, it: &str| {
        let mut state = state(1);
        state.columns.links = Some(links(it));
        store.write(|write| write.put_document(&state)).unwrap();
    };
    let id = DocumentId([1; 32]);
    put(&mut store, "one");
    put(&mut store, "another");
    assert_eq!(store.list_links().unwrap(), [(id, Some(links("another")))]);
    // As another version of the app read it.
    store
        .db
        .execute("UPDATE visit_links SET version = version + 1", [])
        .unwrap();
    assert_eq!(store.list_links().unwrap(), [(id, None)]);
    store.put_links(&[(id, &links("anew"))]).unwrap();
    assert_eq!(store.list_links().unwrap(), [(id, Some(links("anew")))]);
    store.write(|write| write.drop_copy(id)).unwrap();
    assert_eq!(store.list_links().unwrap(), []);
    let rows = "SELECT COUNT(*) FROM visit_links";
    let rows: i64 = store.db.query_row(rows, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phone.db");
    let newer = i64::try_from(super::MIGRATIONS.len()).unwrap() + 1;
    {
        let mut store = Store::open(&path, 0, Faults::default()).unwrap();
        record(&mut store, 1).unwrap();
        store
            .db
            .execute_batch("CREATE TABLE of_tomorrow (a TEXT) STRICT")
            .unwrap();
        store.db.pragma_update(None, "user_version", newer).unwrap();
        let said = newer.to_string();
        store.put_setting(super::opening::VERSION, &said).unwrap();
    }
    let before = std::fs::read(&path).unwrap();
    let refused = Store::open(&path, 0, Faults::default());
    assert_eq!(refused.err().unwrap().code, "store.newer_version");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let names = std::fs::read_dir(folder.path()).unwrap();
    let aside = names.filter(|it| {
        let name = it.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("damaged")
    });
    assert_eq!(aside.count(), 0);
}

#[test]
fn migrations_add_tables_and_columns_behind_others_and_nothing_else() {
    // A damaged store is read by the places of its columns.
    let mut before: std::collections::BTreeMap<String, Vec<String>> = Default::default();
    for version in 1..=super::MIGRATIONS.len() {
        let mut db = rusqlite::Connection::open_in_memory().unwrap();
        super::opening::migrate(&mut db, version).unwrap();
        let mut statement = db
            .prepare(
                "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                 WHERE m.type = 'table' ORDER BY m.name, c.cid",
            )
            .unwrap();
        let mut now: std::collections::BTreeMap<String, Vec<String>> = Default::default();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        for row in rows.unwrap() {
            let (table, column): (String, String) = row.unwrap();
            now.entry(table).or_default().push(column);
        }
        for (table, columns) in &before {
            if let Some(later) = now.get(table) {
                assert!(later.starts_with(columns), "{table} in version {version}");
            }
        }
        before = now;
    }
}

#[test]
fn a_status_takes_a_change_out_of_the_outbox_and_a_restored_server_puts_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("phone.db"), 0, Faults::default()).unwrap();
    record(&mut store, 1).unwrap();
    let hash = change(1, 1).hash.to_string();
    store
        .write(|write| write.put_status(&hash, None, &ChangeStatus::Accepted))
        .unwrap();
    assert_eq!(store.count_unsent().unwrap(), 0);
    store.write(|write| write.offer_everything_again()).unwrap();
    assert_eq!(store.read_outbox(1_000, &none()).unwrap().len(), 1);
}

#[test]
fn a_revoked_document_is_dropped_unless_this_phone_wrote_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("phone.db"), 0, Faults::default()).unwrap();
    record(&mut store, 1).unwrap();
    store.write(|write| write.put_document(&state(2))).unwrap();
    store
        .write(|write| {
            write.drop_copy(DocumentId([1; 32]))?;
            write.drop_copy(DocumentId([2; 32]))
        })
        .unwrap();
    assert_eq!(store.list_document_ids().unwrap(), [DocumentId([1; 32])]);
}

#[test]
fn a_sheet_number_is_given_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("phone.db"), 0, Faults::default()).unwrap();
    let block = ["A1".to_owned(), "A2".to_owned()];
    store
        .write(|write| write.put_sheet_numbers("b", &block))
        .unwrap();
    let mut take = || store.write(|write| write.take_sheet_number(5)).unwrap();
    assert_eq!(
        [take(), take(), take()],
        [Some("A1".into()), Some("A2".into()), None]
    );
    store
        .write(|write| write.put_sheet_numbers("b", &block))
        .unwrap();
    assert_eq!(store.count_sheet_numbers().unwrap(), 0);
}

#[test]
fn the_outbox_keeps_the_order_in_which_changes_were_applied() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("phone.db"), 0, Faults::default()).unwrap();
    record(&mut store, 1).unwrap();
    for seq in 2..=5 {
        store
            .write(|write| write.insert_own_change(DocumentId([1; 32]), &change(1, seq)))
            .unwrap();
    }
    let seqs: Vec<_> = store
        .read_outbox(1_000, &none())
        .unwrap()
        .iter()
        .map(|c| c.tip.as_ref().unwrap().tip.seq)
        .collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
    assert_eq!(store.read_outbox(1, &none()).unwrap().len(), 1);
}
