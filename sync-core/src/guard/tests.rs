//! Hostile changes by name, each built by hand, and honest ones that must pass.

use std::panic::AssertUnwindSafe;

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

#[test]
fn everything_that_forms_write_is_admitted_in_any_order() {
    let mut document = document();
    let mut phones = [document.clone(), document.clone(), document.clone()];
    let mut wire = Vec::new();
    for round in 0..6_u8 {
        for (number, phone) in phones.iter_mut().enumerate() {
            let author = number as u8 + 1;
            let (next, bytes) = written(phone, author, |transaction| {
                let key = format!("k{}", round % 3);
                match round {
                    0 => {
                        let notes = transaction
                            .put_object(ROOT, "notes", ObjType::Text)
                            .unwrap();
                        transaction
                            .splice_text(&notes, 0, 0, "现场记录 aaaaaaaaaaaaaaaa")
                            .unwrap();
                        let list = transaction
                            .put_object(ROOT, "seals", ObjType::List)
                            .unwrap();
                        for (place, value) in [true, false, true].into_iter().enumerate() {
                            transaction.insert(&list, place, value).unwrap();
                        }
                        transaction.insert_object(&list, 0, ObjType::Map).unwrap();
                        transaction
                            .put(ROOT, "tally", ScalarValue::counter(3))
                            .unwrap();
                    }
                    1 => {
                        for field in 0..300 {
                            transaction
                                .put(ROOT, format!("field {field}"), field)
                                .unwrap();
                        }
                        transaction.increment(ROOT, "tally", -2).unwrap();
                    }
                    2 => {
                        let (_, notes) = transaction.get(ROOT, "notes").unwrap().unwrap();
                        transaction.splice_text(&notes, 2, 5, "x").unwrap();
                        let (_, list) = transaction.get(ROOT, "seals").unwrap().unwrap();
                        transaction.delete(&list, 1).unwrap();
                        transaction.put(&list, 0, 2.5).unwrap();
                    }
                    3 => transaction
                        .put(ROOT, key, ScalarValue::Bytes(vec![0; 4000]))
                        .unwrap(),
                    4 => transaction.delete(ROOT, "field 7").unwrap(),
                    _ => {
                        transaction
                            .put(ROOT, key, ScalarValue::Timestamp(-1))
                            .unwrap();
                        transaction.put(ROOT, "null", ()).unwrap();
                        transaction.put(ROOT, "big", u64::MAX).unwrap();
                        transaction.put(ROOT, "small", i64::MIN).unwrap();
                    }
                }
            });
            *phone = next;
            wire.push(bytes);
        }
        if round == 2 {
            let [first, second, third] = &mut phones;
            first.merge(second).unwrap();
            third.merge(first).unwrap();
        }
    }
    let mut together = phones[0].clone();
    together.merge(&mut phones[1]).unwrap();
    together.merge(&mut phones[2]).unwrap();

    wire.reverse();
    let changes: Vec<_> = wire.iter().map(|bytes| inspect(bytes).unwrap()).collect();
    let batch = admit_batch(&document, &changes);
    assert_eq!(batch.admissions, vec![Admission::Admitted; wire.len()]);
    assert_eq!(batch.document.get_heads(), together.get_heads());
    assert_eq!(batch.document.hydrate(None), together.hydrate(None));

    // One at a time, held until what they wait for is there, it is the same document.
    let mut held: Vec<_> = changes.iter().collect();
    while !held.is_empty() {
        let before = held.len();
        held.retain(|change| match admit(&document, change) {
            (Admission::Admitted, batch) => {
                document = batch.document;
                false
            }
            (Admission::Held { waiting_for }, _) => {
                assert!(!waiting_for.is_empty());
                true
            }
            (other, _) => panic!("{other:?}"),
        });
        assert!(held.len() < before, "nothing moves");
    }
    assert_eq!(document.get_heads(), together.get_heads());
}

#[test]
fn wire_bytes_of_a_large_change_are_not_compressed() {
    let (phone, bytes) = put(&document(), 1, "note", &"长".repeat(4000));
    let mut change = phone.get_changes(&[]).pop().unwrap();
    assert_eq!(change.bytes()[8], 2, "Automerge would compress it");
    assert_eq!(bytes[8], 1);
    assert!(inspect(&bytes).is_ok());
    assert_eq!(
        refusal(&document(), &change.bytes()),
        "change.not_a_change_chunk"
    );
}

#[test]
fn a_change_naming_an_unknown_actor_is_refused_where_automerge_panics() {
    let document = document();
    let mut crafted = Crafted::put_null(1, &heads(&document), next_op(&document), "k");
    crafted.other_actors = vec![vec![9; 16]];
    assert_eq!(refusal(&document, &crafted.bytes()), "change.unknown_actor");

    // The same without anything to depend on, as small as it gets.
    let mut crafted = Crafted::put_null(1, &[], 1, "k");
    crafted.other_actors = vec![vec![9; 16]];
    let bytes = crafted.bytes();
    assert!(bytes.len() < 100);
    assert_eq!(refusal(&Automerge::new(), &bytes), "change.unknown_actor");
    let outcome = super::quiet::catch(AssertUnwindSafe(|| {
        let change = Change::try_from(&bytes[..]).unwrap();
        Automerge::new().apply_changes([change]).unwrap();
        Ok(())
    }));
    assert!(
        matches!(outcome, Err(Unsafe::Panicked { .. })),
        "the step is needed no more"
    );
    // If ever one gets past the step before, the panic stays in here.
    let inspected = [inspect(&bytes).unwrap()];
    let applied = apply::apply(&Automerge::new(), &inspected, &[0]);
    assert!(matches!(applied, Err(Unsafe::Panicked { .. })));
}

#[test]
fn a_run_that_stands_for_millions_of_operations_is_refused_unread() {
    let count = 50_000_000_i64;
    let mut crafted = Crafted::put_null(1, &[], 1, "k");
    crafted.columns = vec![
        (KEY_STRING, run(count, &text("k"))),
        (INSERT, unsigned(count as u64)),
        (ACTION, run(count, &unsigned(1))),
        (VALUE_META, run(count, &unsigned(0))),
        (PREDECESSORS, run(count, &unsigned(0))),
    ];
    let bytes = crafted.bytes();
    assert!(bytes.len() < 100);
    assert_eq!(
        refusal(&Automerge::new(), &bytes),
        "change.too_many_operations"
    );

    for (column, data, code) in [
        (
            KEY_STRING,
            run(i64::MAX, &text("k")),
            "change.keys_too_large",
        ),
        (KEY_STRING, nulls(u64::MAX), "change.run_length_exceeds"),
        (INSERT, unsigned(u64::MAX), "change.run_length_exceeds"),
        (
            INSERT,
            [unsigned(1), unsigned(0)].concat(),
            "change.run_length_exceeds",
        ),
        (
            ACTION,
            run(i64::MAX, &unsigned(1)),
            "change.too_many_operations",
        ),
        (ACTION, signed(i64::MIN), "change.run_length_exceeds"),
        (ACTION, nulls(0), "change.run_length_exceeds"),
        (
            VALUE_META,
            run(i64::MAX, &unsigned(0)),
            "change.run_length_exceeds",
        ),
        (
            VALUE_META,
            run(1, &unsigned(u64::MAX)),
            "change.run_length_exceeds",
        ),
        (VALUE, vec![0; 9], "change.run_length_exceeds"),
        (
            PREDECESSORS,
            run(1, &unsigned(u64::MAX)),
            "change.too_many_predecessors",
        ),
        (
            PREDECESSORS,
            run(1, &unsigned(1)),
            "change.run_length_exceeds",
        ),
        (OBJECT_ACTOR, nulls(u64::MAX), "change.run_length_exceeds"),
        (
            PREDECESSOR_ACTOR,
            run(1, &unsigned(0)),
            "change.run_length_exceeds",
        ),
        (
            PREDECESSOR_COUNTER,
            run(i64::MAX, &signed(0)),
            "change.run_length_exceeds",
        ),
    ] {
        let crafted = Crafted::put_null(1, &[], 1, "k").with_column(column, data);
        assert_eq!(
            refusal(&Automerge::new(), &crafted.bytes()),
            code,
            "column {column:#x}"
        );
    }
}

#[test]
fn keys_are_bounded_as_they_would_be_written_out() {
    let key = "k".repeat(1024);
    let with = |count: i64| {
        let mut crafted = Crafted::put_null(1, &[], 1, "k");
        crafted.columns = vec![
            (KEY_STRING, run(count, &text(&key))),
            (INSERT, unsigned(count as u64)),
            (ACTION, run(count, &unsigned(1))),
            (VALUE_META, run(count, &unsigned(0))),
            (PREDECESSORS, run(count, &unsigned(0))),
        ];
        crafted.bytes()
    };
    let allowed = (CHANGE_KEY_BYTES_MAX / key.len()) as i64;
    assert!(inspect(&with(allowed)).is_ok());
    assert_eq!(
        inspect(&with(allowed + 1)).unwrap_err().code(),
        "change.keys_too_large"
    );
}

#[test]
fn what_would_inflate_is_refused_before_anything_is_inflated() {
    // The type of a compressed change, of a compressed column, of a whole document and of a bundle.
    let contents = Crafted::put_null(1, &[], 1, "k").contents();
    for chunk_type in [0, 2, 3, 4, 255] {
        let refused = inspect(&chunk(chunk_type, &contents)).unwrap_err();
        assert_eq!(refused, Unsafe::NotAChangeChunk { chunk_type });
    }
    let mut crafted = Crafted::put_null(1, &[], 1, "k");
    crafted.columns[0].0 |= 0b1000;
    assert_eq!(
        inspect(&crafted.bytes()).unwrap_err().code(),
        "change.column"
    );
}

#[test]
fn columns_that_are_never_written_are_refused() {
    for (specification, data) in [
        (0x94, unsigned(1)),
        (0xa5, run(1, &text("bold"))),
        (0x7fff_fff2, run(1, &unsigned(0))),
    ] {
        let crafted = Crafted::put_null(1, &[], 1, "k").with_column(specification, data);
        assert_eq!(
            inspect(&crafted.bytes()).unwrap_err(),
            Unsafe::Column { specification }
        );
    }
    let mut twice = Crafted::put_null(1, &[], 1, "k");
    twice.columns.insert(0, twice.columns[0].clone());
    assert_eq!(inspect(&twice.bytes()).unwrap_err().code(), "change.column");
    let mut turned = Crafted::put_null(1, &[], 1, "k");
    turned.columns.swap(0, 1);
    assert_eq!(
        inspect(&turned.bytes()).unwrap_err().code(),
        "change.column"
    );
    let mut trailing = Crafted::put_null(1, &[], 1, "k");
    trailing.trailing = vec![0];
    assert_eq!(
        inspect(&trailing.bytes()).unwrap_err(),
        Unsafe::TrailingBytes { bytes: 1 }
    );
}

#[test]
fn maps_nest_as_deep_as_allowed_and_no_deeper() {
    let document = document();
    let nested =
        |levels| Crafted::nested_maps(1, &heads(&document), next_op(&document), levels).bytes();
    let deepest = nested(DOCUMENT_DEPTH_MAX as u64);
    let (admission, batch) = admit(&document, &inspect(&deepest).unwrap());
    assert_eq!(admission, Admission::Admitted);
    assert_eq!(
        refusal(&document, &nested(DOCUMENT_DEPTH_MAX as u64 + 1)),
        "change.depth"
    );
    let bomb = nested(5_000);
    assert_eq!(refusal(&document, &bomb), "change.depth");

    // One more level in a change of its own, inside what is there already.
    let deep = batch.document;
    let mut innermost = ROOT;
    while let Some((_, inner)) = deep.get(&innermost, "k").unwrap() {
        innermost = inner;
    }
    let (_, bytes) = written(&deep, 2, |transaction| {
        transaction
            .put_object(&innermost, "k", ObjType::Map)
            .unwrap();
    });
    assert_eq!(refusal(&deep, &bytes), "change.depth");
    let (_, bytes) = written(&deep, 2, |transaction| {
        transaction
            .put(&innermost, "k", "a leaf makes no level")
            .unwrap();
    });
    assert_eq!(
        admit(&deep, &inspect(&bytes).unwrap()).0,
        Admission::Admitted
    );
}

#[test]
fn depth_is_counted_across_the_changes_of_one_batch() {
    let mut phone = document();
    let mut wire = Vec::new();
    let mut inner = ROOT;
    for _ in 0..=DOCUMENT_DEPTH_MAX {
        let parent = inner.clone();
        let (next, bytes) = written(&phone, 1, |transaction| {
            inner = transaction.put_object(&parent, "k", ObjType::Map).unwrap();
        });
        phone = next;
        wire.push(bytes);
    }
    let changes: Vec<_> = wire.iter().map(|bytes| inspect(bytes).unwrap()).collect();
    let batch = admit_batch(&document(), &changes);
    let (last, rest) = batch.admissions.split_last().unwrap();
    assert!(
        rest.iter()
            .all(|admission| *admission == Admission::Admitted)
    );
    assert!(
        matches!(last, Admission::Rejected(Unsafe::Depth { depth, .. }) if *depth == DOCUMENT_DEPTH_MAX + 1)
    );
}

#[test]
fn operation_numbers_that_do_not_follow_are_refused() {
    let document = document();
    let right = next_op(&document);
    for start_op in [1, 2, right - 1, right + 1, u64::from(u32::MAX) - 1] {
        let crafted = Crafted::put_null(1, &heads(&document), start_op, "k");
        assert_eq!(
            refusal(&document, &crafted.bytes()),
            "change.start_op",
            "{start_op}"
        );
    }
    let crafted = Crafted::put_null(1, &heads(&document), right, "k");
    assert_eq!(
        admit(&document, &inspect(&crafted.bytes()).unwrap()).0,
        Admission::Admitted
    );
    for start_op in [u64::from(u32::MAX) + 1, u64::MAX] {
        let crafted = Crafted::put_null(1, &heads(&document), start_op, "k");
        assert_eq!(
            refusal(&document, &crafted.bytes()),
            "change.counter_too_large"
        );
    }
    let crafted = Crafted::put_null(1, &heads(&document), 0, "k");
    assert_eq!(refusal(&document, &crafted.bytes()), "change.malformed");
}

#[test]
fn a_document_that_automerge_takes_but_could_not_load_again_is_not_kept() {
    let document = document();
    let (phone, _) = put(&document, 1, "a", "1");
    // Numbered below what it depends on. Step 3 refuses it; this is what holds if ever one gets past it.
    let crafted = Crafted::put_null(2, &heads(&phone), 1, "b").bytes();
    let mut scratch = phone.clone();
    let change = Change::try_from(crafted.as_slice()).unwrap();
    scratch.apply_changes([change]).unwrap();
    let kept = quiet::catch(AssertUnwindSafe(|| apply::save(scratch)));
    let reason = kept.map(drop).unwrap_err();
    assert_eq!(reason.code(), "change.snapshot_unloadable", "{reason}");
    assert!(apply::save(phone).is_ok());
}

#[test]
fn a_wrong_checksum_is_refused_where_automerge_does_not_look() {
    let (_, mut bytes) = put(&document(), 1, "name", "value");
    bytes[4] ^= 1;
    assert!(
        Change::from_bytes(bytes.clone()).is_ok(),
        "the step is needed no more"
    );
    assert_eq!(inspect(&bytes).unwrap_err(), Unsafe::ChecksumMismatch);
    bytes[4] ^= 1;
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    assert_eq!(inspect(&bytes).unwrap_err(), Unsafe::ChecksumMismatch);
}

#[test]
fn garbage_has_a_reason_where_load_incremental_is_content() {
    let mut document = document();
    let garbage = b"this is not a change at all, whatever it says";
    assert_eq!(
        document.load_incremental(garbage).ok(),
        Some(0),
        "the step is needed no more"
    );
    assert_eq!(inspect(garbage).unwrap_err(), Unsafe::NotAChunk);
    assert_eq!(inspect(&[]).unwrap_err(), Unsafe::NotAChunk);
}

#[test]
fn a_chunk_must_fill_its_bytes() {
    let (_, bytes) = put(&document(), 1, "name", "value");
    for end in 4..bytes.len() {
        assert_eq!(
            inspect(&bytes[..end]).unwrap_err(),
            Unsafe::LengthMismatch,
            "{end}"
        );
    }
    let twice = [bytes.clone(), bytes].concat();
    assert_eq!(inspect(&twice).unwrap_err(), Unsafe::LengthMismatch);
}

#[test]
fn a_change_is_as_long_as_allowed_and_no_longer() {
    let with = |padding: usize| {
        let mut crafted = Crafted::put_null(1, &[], 1, "k");
        crafted.message = vec![b'm'; padding];
        crafted.bytes()
    };
    let frame = with(200_000).len() - 200_000;
    let longest = with(CHANGE_BYTES_MAX - frame);
    assert_eq!(longest.len(), CHANGE_BYTES_MAX);
    assert!(inspect(&longest).is_ok());
    let refused = inspect(&with(CHANGE_BYTES_MAX - frame + 1)).unwrap_err();
    assert_eq!(
        refused,
        Unsafe::TooLarge {
            bytes: CHANGE_BYTES_MAX + 1
        }
    );
}

#[test]
fn a_change_has_as_many_operations_dependencies_and_actors_as_allowed_and_no_more() {
    let with = |count: usize| {
        let count = count as i64;
        let mut crafted = Crafted::put_null(1, &[], 1, "k");
        crafted.columns = vec![
            (KEY_STRING, run(count, &text("k"))),
            (INSERT, unsigned(count as u64)),
            (ACTION, run(count, &unsigned(1))),
            (VALUE_META, run(count, &unsigned(0))),
            (PREDECESSORS, run(count, &unsigned(0))),
        ];
        crafted.bytes()
    };
    assert_eq!(
        inspect(&with(CHANGE_OPS_MAX)).unwrap().header().max_op,
        CHANGE_OPS_MAX as u64
    );
    assert_eq!(
        inspect(&with(CHANGE_OPS_MAX + 1)).unwrap_err(),
        Unsafe::TooManyOperations
    );

    let with = |count: usize| {
        let deps: Vec<_> = (0..count).map(|dep| [dep as u8; 32]).collect();
        Crafted::put_null(1, &deps, 1, "k").bytes()
    };
    assert!(inspect(&with(CHANGE_DEPENDENCIES_MAX)).is_ok());
    let refused = inspect(&with(CHANGE_DEPENDENCIES_MAX + 1)).unwrap_err();
    assert_eq!(refused.code(), "change.too_many_dependencies");

    let with = |count: usize| {
        let mut crafted = Crafted::put_null(1, &[], 1, "k");
        crafted.other_actors = (0..count).map(|other| vec![other as u8; 16]).collect();
        crafted.bytes()
    };
    assert!(inspect(&with(CHANGE_ACTORS_MAX)).is_ok());
    assert_eq!(
        inspect(&with(CHANGE_ACTORS_MAX + 1)).unwrap_err().code(),
        "change.too_many_actors"
    );

    // An operation may name as many predecessors as there are earlier operations.
    let with = |count: usize| {
        Crafted::put_null(1, &[], u64::from(u32::MAX) - 1, "k")
            .with_column(PREDECESSORS, run(1, &unsigned(count as u64)))
            .with_column(PREDECESSOR_ACTOR, run(count as i64, &unsigned(0)))
            .with_column(PREDECESSOR_COUNTER, run(count as i64, &signed(1)))
            .bytes()
    };
    assert!(inspect(&with(CHANGE_PREDECESSORS_MAX)).is_ok());
    assert_eq!(
        inspect(&with(CHANGE_PREDECESSORS_MAX + 1)).unwrap_err(),
        Unsafe::TooManyPredecessors
    );

    let mut crafted = Crafted::put_null(1, &[], 1, "k");
    crafted.actor = vec![1; 15];
    assert_eq!(
        inspect(&crafted.bytes()).unwrap_err(),
        Unsafe::ActorLength { bytes: 15 }
    );
}

#[test]
fn a_change_waits_for_what_it_depends_on() {
    let document = document();
    let (phone, first) = put(&document, 1, "a", "1");
    let (_, second) = put(&phone, 1, "b", "2");
    let (admission, batch) = admit(&document, &inspect(&second).unwrap());
    assert_eq!(
        admission,
        Admission::Held {
            waiting_for: vec![hash_of(&first)]
        }
    );
    assert!(!batch.has_changed());
    let document = admit(&document, &inspect(&first).unwrap()).1.document;
    assert_eq!(
        admit(&document, &inspect(&second).unwrap()).0,
        Admission::Admitted
    );
    assert_eq!(
        admit(&document, &inspect(&first).unwrap()).0,
        Admission::AlreadyKnown
    );
}

#[test]
fn a_change_beside_its_authors_change_before_it_is_refused() {
    let document = document();
    let (phone, first) = put(&document, 1, "a", "1");
    // Its second, which depends only on what its first depends on.
    let mut beside = Crafted::put_null(1, &heads(&document), next_op(&document), "b");
    beside.seq = 2;
    assert_eq!(
        refusal(&phone, &beside.bytes()),
        "change.predecessor_not_ancestor"
    );
    assert_eq!(
        refusal(&document, &beside.bytes()),
        "change.predecessor_not_ancestor"
    );
    // And one that leaves a number out.
    let mut gap = Crafted::put_null(1, &[hash_of(&first).0], next_op(&phone), "b");
    gap.seq = 3;
    assert_eq!(
        refusal(&phone, &gap.bytes()),
        "change.predecessor_not_ancestor"
    );
}

#[test]
fn a_second_change_under_one_number_is_an_alarm_and_changes_nothing() {
    let document = document();
    let (phone, first) = put(&document, 1, "a", "1");
    let (_, second) = put(&document, 1, "a", "2");
    let (admission, batch) = admit(&phone, &inspect(&second).unwrap());
    assert_eq!(
        admission,
        Admission::Equivocation {
            known: hash_of(&first)
        }
    );
    assert_eq!(batch.document.get_heads(), phone.get_heads());

    let both = [
        inspect(&first).unwrap(),
        inspect(&second).unwrap(),
        inspect(&first).unwrap(),
    ];
    let batch = admit_batch(&document, &both);
    assert_eq!(
        batch.admissions,
        [
            Admission::Admitted,
            Admission::Equivocation {
                known: hash_of(&first)
            },
            Admission::AlreadyKnown
        ]
    );
}

#[test]
fn a_second_beginning_is_refused() {
    let crafted = Crafted::put_null(1, &[], 1, "k");
    assert_eq!(refusal(&document(), &crafted.bytes()), "change.unbound");
    assert_eq!(
        admit(&Automerge::new(), &inspect(&crafted.bytes()).unwrap()).0,
        Admission::Admitted
    );
}

#[test]
fn what_a_change_refers_to_lies_in_what_it_depends_on() {
    let begun = document();
    let (phone, first) = put(&begun, 1, "a", "1");
    // The server has the first change of actor 1; the change below does not depend on it, yet overwrites its value.
    let unseen = next_op(&begun);
    let mut crafted = Crafted::put_null(2, &heads(&begun), unseen, "a")
        .with_column(PREDECESSORS, literals(&[unsigned(1)]))
        .with_column(PREDECESSOR_ACTOR, literals(&[unsigned(1)]))
        .with_column(PREDECESSOR_COUNTER, literals(&[signed(unseen as i64)]));
    crafted.other_actors = vec![vec![1; 16]];
    assert_eq!(
        refusal(&phone, &crafted.bytes()),
        "change.operation",
        "it is not before it"
    );
    crafted.deps = vec![hash_of(&first).0];
    crafted.start_op = unseen + 1;
    assert_eq!(
        admit(&phone, &inspect(&crafted.bytes()).unwrap()).0,
        Admission::Admitted
    );

    // Actor 1 goes on while actor 2 writes beside it. The server has both, and what follows claims to overwrite what
    // actor 1 wrote in between: there it would mean something, on a phone without that change it could not be applied.
    let (mut ahead, _) = put(&phone, 1, "a", "2");
    let (beside, second) = put(&phone, 2, "b", "3");
    let between = next_op(&phone);
    ahead.merge(&mut beside.clone()).unwrap();
    let mut crafted = Crafted::put_null(2, &[hash_of(&second).0], between + 1, "a")
        .with_column(PREDECESSORS, literals(&[unsigned(1)]))
        .with_column(PREDECESSOR_ACTOR, literals(&[unsigned(1)]))
        .with_column(PREDECESSOR_COUNTER, literals(&[signed(between as i64)]));
    crafted.seq = 2;
    crafted.other_actors = vec![vec![1; 16]];
    assert_eq!(
        refusal(&ahead, &crafted.bytes()),
        "change.unknown_operation"
    );
    crafted = crafted.with_column(PREDECESSOR_COUNTER, literals(&[signed(between as i64 - 1)]));
    let bytes = crafted.bytes();
    assert_eq!(
        admit(&ahead, &inspect(&bytes).unwrap()).0,
        Admission::Admitted
    );

    // In an object that nothing it depends on has made.
    let crafted = Crafted::put_null(2, &heads(&phone), next_op(&phone), "a")
        .with_column(OBJECT_ACTOR, literals(&[unsigned(0)]))
        .with_column(OBJECT_COUNTER, literals(&[unsigned(1)]));
    assert_eq!(
        refusal(&phone, &crafted.bytes()),
        "change.unknown_operation"
    );

    // In something that is no object.
    let mut crafted = Crafted::put_null(2, &heads(&phone), next_op(&phone), "a")
        .with_column(OBJECT_ACTOR, literals(&[unsigned(1)]))
        .with_column(OBJECT_COUNTER, literals(&[unsigned(1)]));
    crafted.other_actors = vec![vec![0; 16]];
    assert_eq!(
        refusal(&phone, &crafted.bytes()),
        "change.unknown_operation"
    );
}

#[test]
fn a_predecessor_under_another_key_does_not_survive_the_round_trip() {
    let document = document();
    // Operation 1 of actor 0 put `schema`; this change claims to overwrite it under another key.
    let mut crafted = Crafted::put_null(1, &heads(&document), next_op(&document), "other")
        .with_column(PREDECESSORS, literals(&[unsigned(1)]))
        .with_column(PREDECESSOR_ACTOR, literals(&[unsigned(1)]))
        .with_column(PREDECESSOR_COUNTER, literals(&[signed(1)]));
    crafted.other_actors = vec![vec![0; 16]];
    let bytes = crafted.bytes();
    let change = inspect(&bytes).unwrap();
    let (admission, batch) = admit(&document, &change);
    assert!(matches!(admission, Admission::Rejected(_)), "{admission:?}");
    assert_eq!(batch.document.get_heads(), document.get_heads());
    crafted.columns[0].1 = literals(&[text("schema")]);
    assert_eq!(
        admit(&document, &inspect(&crafted.bytes()).unwrap()).0,
        Admission::Admitted
    );
}

#[test]
fn spellings_that_automerge_would_not_write_are_refused() {
    let document = document();
    // A run of one instead of a literal: the same operations, other bytes.
    let crafted = Crafted::put_null(1, &heads(&document), next_op(&document), "k")
        .with_column(ACTION, run(1, &unsigned(1)));
    assert_eq!(refusal(&document, &crafted.bytes()), "change.round_trip");
}

#[test]
fn one_guilty_change_does_not_harm_its_batch() {
    let document = document();
    let mut phone = document.clone();
    let mut wire = Vec::new();
    for number in 0..10 {
        let (next, bytes) = put(&phone, 1, "field", &number.to_string());
        phone = next;
        wire.push(bytes);
    }
    // It passes everything but the round trip; another depends on it.
    let guilty = Crafted::put_null(2, &heads(&document), next_op(&document), "k")
        .with_column(ACTION, run(1, &unsigned(1)))
        .bytes();
    let mut after = Crafted::put_null(3, &[hash_of(&guilty).0], next_op(&document) + 1, "k");
    after.time = 1;
    let after = after.bytes();
    // Under the number of the guilty one, and honest.
    let honest = Crafted::put_null(2, &heads(&document), next_op(&document), "k").bytes();
    wire.insert(4, guilty.clone());
    wire.insert(2, after);
    wire.push(guilty.clone());
    wire.push(honest.clone());
    let changes: Vec<_> = wire.iter().map(|bytes| inspect(bytes).unwrap()).collect();
    let batch = admit_batch(&document, &changes);
    for (place, (bytes, admission)) in wire.iter().zip(&batch.admissions).enumerate() {
        match place {
            2 => {
                let waiting_for = vec![hash_of(&guilty)];
                assert_eq!(*admission, Admission::Held { waiting_for });
            }
            5 | 12 => assert_eq!(*admission, Admission::Rejected(Unsafe::RoundTrip)),
            _ => assert_eq!(
                *admission,
                Admission::Admitted,
                "{place}: {}",
                hash_of(bytes)
            ),
        }
    }
    let (_, alone) = admit(&phone, &inspect(&honest).unwrap());
    assert_eq!(batch.document.get_heads(), alone.document.get_heads());
    let loaded = Automerge::load(&batch.snapshot.unwrap()).unwrap();
    assert_eq!(loaded.get_heads(), batch.document.get_heads());
}

#[test]
fn many_refused_changes_under_one_number_buy_no_work() {
    let document = document();
    let wire: Vec<_> = (0..2_000)
        .map(|time| {
            let mut guilty = Crafted::put_null(2, &heads(&document), next_op(&document), "k")
                .with_column(ACTION, run(1, &unsigned(1)));
            guilty.time = time;
            guilty.bytes()
        })
        .collect();
    let changes: Vec<_> = wire.iter().map(|bytes| inspect(bytes).unwrap()).collect();
    let batch = admit_batch(&document, &changes);
    let tried = batch
        .admissions
        .iter()
        .filter(|admission| matches!(admission, Admission::Rejected(_)))
        .count();
    assert_eq!(tried, 2);
    assert!(!batch.has_changed());
}

#[test]
fn codes_are_distinct_and_have_words() {
    let reasons = [
        Unsafe::TooLarge { bytes: 1 },
        Unsafe::NotAChunk,
        Unsafe::NotAChangeChunk { chunk_type: 2 },
        Unsafe::LengthMismatch,
        Unsafe::ChecksumMismatch,
        Unsafe::Malformed { field: "x" },
        Unsafe::ActorLength { bytes: 1 },
        Unsafe::TooManyDependencies { count: 1 },
        Unsafe::TooManyActors { count: 1 },
        Unsafe::Column { specification: 1 },
        Unsafe::RunLengthExceeds { column: "x" },
        Unsafe::TooManyOperations,
        Unsafe::TooManyPredecessors,
        Unsafe::KeysTooLarge,
        Unsafe::Operation {
            index: 1,
            reason: "x",
        },
        Unsafe::TrailingBytes { bytes: 1 },
        Unsafe::CounterTooLarge,
        Unsafe::Unbound,
        Unsafe::PredecessorNotAncestor { seq: 1 },
        Unsafe::StartOp {
            expected: 1,
            found: 2,
        },
        Unsafe::UnknownActor,
        Unsafe::UnknownOperation { index: 1 },
        Unsafe::Depth {
            index: 1,
            depth: 17,
        },
        Unsafe::Refused { reason: "x".into() },
        Unsafe::Panicked { reason: "x".into() },
        Unsafe::RoundTrip,
        Unsafe::SnapshotUnloadable { reason: "x".into() },
    ];
    let mut codes: Vec<_> = reasons.iter().map(Unsafe::code).collect();
    assert!(codes.iter().all(|code| code.starts_with("change.")));
    assert!(reasons.iter().all(|reason| !reason.to_string().is_empty()));
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), reasons.len());
}
