//! Hostile changes by name, each built by hand, and honest ones that must pass.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, Change, ObjType, ROOT, ReadDoc, ScalarValue};

use super::crafting::*;
use super::*;
use crate::limits::*;
use crate::model::ids::ChangeHash;

fn actor(byte: u8) -> ActorId {
    ActorId::from([byte; 16])
}

/// A document with its first change, by an actor of its own, as every document begins.
fn document() -> Automerge {
    let mut document = Automerge::new().with_actor(actor(0));
    let mut transaction = document.transaction();
    transaction.put(ROOT, "schema", 1).unwrap();
    let fields = transaction
        .put_object(ROOT, "fields", ObjType::Map)
        .unwrap();
    for field in 0..8 {
        transaction
            .put(&fields, format!("field{field}"), "")
            .unwrap();
    }
    transaction.commit_with(CommitOptions::default().with_time(0));
    document
}

/// What `edit` writes on a copy of the document, as it would travel.
fn written(
    document: &Automerge,
    author: u8,
    edit: impl FnOnce(&mut automerge::transaction::Transaction<'_>),
) -> (Automerge, Vec<u8>) {
    let mut phone = document.clone().with_actor(actor(author));
    let mut transaction = phone.transaction();
    edit(&mut transaction);
    let (hash, _) = transaction.commit_with(CommitOptions::default().with_time(0));
    let change = phone.get_change_by_hash(&hash.unwrap()).unwrap();
    (phone, wire_bytes(&change))
}

fn put(document: &Automerge, author: u8, key: &str, value: &str) -> (Automerge, Vec<u8>) {
    written(document, author, |transaction| {
        transaction.put(ROOT, key, value).unwrap();
    })
}

fn heads(document: &Automerge) -> Vec<[u8; 32]> {
    document.get_heads().iter().map(|head| head.0).collect()
}

/// The next operation number of the document.
fn next_op(document: &Automerge) -> u64 {
    1 + document
        .get_changes_meta(&[])
        .iter()
        .map(|change| change.max_op)
        .max()
        .unwrap_or(0)
}

fn refusal(document: &Automerge, bytes: &[u8]) -> &'static str {
    let change = match inspect(bytes) {
        Ok(change) => change,
        Err(reason) => return reason.code(),
    };
    match admit(document, &change).0 {
        Admission::Rejected(reason) => reason.code(),
        other => panic!("not refused but {other:?}"),
    }
}

fn hash_of(bytes: &[u8]) -> ChangeHash {
    inspect(bytes).unwrap().header().hash
}

#[test]
fn an_honest_change_is_admitted_and_comes_back_as_it_was() {
    let document = document();
    let (phone, bytes) = put(&document, 1, "name", "泽州示例铸造");
    let change = inspect(&bytes).unwrap();
    assert_eq!(change.header().hash.0, phone.get_heads()[0].0);
    assert_eq!(change.header().seq, 1);
    assert_eq!(
        change.header().deps,
        vec![ChangeHash(document.get_heads()[0].0)]
    );
    let (admission, batch) = admit(&document, &change);
    assert_eq!(admission, Admission::Admitted);
    assert_eq!(batch.document.get_heads(), phone.get_heads());
    let loaded = Automerge::load(&batch.snapshot.unwrap()).unwrap();
    assert_eq!(loaded.get_heads(), phone.get_heads());
    assert_eq!(
        document.get_heads().len(),
        1,
        "the document given is left as it was"
    );
    assert_ne!(document.get_heads(), phone.get_heads());
}
