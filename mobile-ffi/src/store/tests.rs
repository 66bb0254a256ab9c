//! Kill points of the store: what was acknowledged is there after reopening, what was not is not there by half.

use std::sync::Arc;

use sync_core::model::{Actor, ChangeHash, DocumentId};
use sync_core::proof::TipStatement;
use sync_core::sync::wire::{ChangeStatus, DocumentHeader, SignedTip};

use super::{Columns, DocumentState, OwnChange, Store};
use crate::fault::Faults;

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
    let hash = ChangeHash([document.wrapping_mul(31).wrapping_add(seq); 32]);
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
        bytes: vec![seq; 3],
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
    let aside = store.setting("set_aside").unwrap().unwrap();
    let kept = std::fs::read(aside).unwrap();
    assert!(kept.starts_with(b"this was a database once"));
    assert!(store.list_document_ids().unwrap().is_empty());
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
