//! What the guard costs, measured by hand: `cargo run --release --example guard_cost`.

#![expect(
    clippy::disallowed_methods,
    reason = "a measurement needs a clock, and is not part of the core"
)]
#![expect(
    clippy::unwrap_used,
    reason = "a measurement stops at the first surprise"
)]

use std::time::Instant;

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, ObjType, ROOT};
use sync_core::guard::{admit_batch, inspect, wire_bytes};

fn main() {
    let mut document = Automerge::new().with_actor(ActorId::from([0; 16]));
    let mut transaction = document.transaction();
    let fields = transaction
        .put_object(ROOT, "fields", ObjType::Map)
        .unwrap();
    for field in 0..60 {
        transaction
            .put(&fields, format!("field{field:02}"), "某个字段的值")
            .unwrap();
    }
    transaction.commit();
    let mut phone = document.clone().with_actor(ActorId::from([1; 16]));
    for edit in 0..60 {
        let mut transaction = phone.transaction();
        transaction
            .put(&fields, format!("field{edit:02}"), format!("第{edit}次"))
            .unwrap();
        transaction.commit();
    }
    let wire: Vec<_> = phone
        .get_changes(&document.get_heads())
        .iter()
        .map(wire_bytes)
        .collect();
    println!("a one-field change: {} bytes", wire[0].len());
    document.merge(&mut phone.clone()).unwrap();
    let saved = document.save();
    println!("the document: {} bytes saved", saved.len());

    let rounds = 500;
    time("inspect, a change", rounds * wire.len(), || {
        for _ in 0..rounds {
            for bytes in &wire {
                std::hint::black_box(inspect(bytes).unwrap());
            }
        }
    });
    time("clone of the document", rounds, || {
        for _ in 0..rounds {
            std::hint::black_box(document.clone());
        }
    });
    time("save", rounds, || {
        for _ in 0..rounds {
            std::hint::black_box(document.save());
        }
    });
    time("load", rounds, || {
        for _ in 0..rounds {
            std::hint::black_box(Automerge::load(&saved).unwrap());
        }
    });

    time("history", rounds, || {
        for _ in 0..rounds {
            std::hint::black_box(document.get_changes_meta(&[]));
        }
    });

    for count in [1, 11] {
        let mut next = document.clone().with_actor(ActorId::from([2; 16]));
        for edit in 0..count {
            let mut transaction = next.transaction();
            transaction
                .put(&fields, format!("field{edit:02}"), "later")
                .unwrap();
            transaction.commit();
        }
        let wire: Vec<_> = next
            .get_changes(&document.get_heads())
            .iter()
            .map(wire_bytes)
            .collect();
        let decoded: Vec<_> = wire
            .iter()
            .map(|bytes| automerge::Change::try_from(&bytes[..]).unwrap())
            .collect();
        time(
            &format!("Automerge applies {count}, a batch"),
            rounds,
            || {
                for _ in 0..rounds {
                    let mut scratch = document.clone();
                    scratch.apply_changes(decoded.clone()).unwrap();
                }
            },
        );
        time(
            &format!("Automerge returns {count}, a batch"),
            rounds,
            || {
                for _ in 0..rounds {
                    std::hint::black_box(next.get_changes(&document.get_heads()));
                }
            },
        );
        time(
            &format!("inspect and admit {count}, a batch"),
            rounds,
            || {
                for _ in 0..rounds {
                    let changes: Vec<_> =
                        wire.iter().map(|bytes| inspect(bytes).unwrap()).collect();
                    let batch = admit_batch(&document, &changes);
                    assert!(batch.has_changed());
                }
            },
        );
    }
}

fn time(what: &str, count: usize, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let each = start.elapsed() / count as u32;
    println!("{what}: {each:?}");
}
