//! What lies aside of a visit, readable beside it: what a held or quarantined change would write, read on a scratch copy
//! behind the guard. Unsafe bytes are never read.

use std::collections::BTreeMap;

use automerge::Automerge;
use sync_core::document::history::{ChangeRecord, record_of};
use sync_core::guard::{self, Admission, Batch, Inspected};
use sync_core::model::ChangeHash;
use sync_core::sync::wire::{ChangeStatus, QuarantineKind};

use crate::store::sync::changes::ChangeRow;

/// Second changes under one number that are read for one document: each costs a copy of it.
const DOUBLED_READ_MAX: usize = 16;

/// What each of these changes would write; none for one that cannot be put on the document, since it waits for what is
/// not here.
pub fn legible(document: &Automerge, rows: &[ChangeRow]) -> BTreeMap<ChangeHash, ChangeRecord> {
    let safe = rows.iter().filter(|row| {
        !matches!(
            row.status,
            ChangeStatus::Quarantined {
                quarantine: QuarantineKind::Unsafe,
                ..
            }
        )
    });
    let inspected: Vec<Inspected<'_>> = safe
        .filter_map(|row| guard::inspect(&row.bytes).ok())
        .collect();
    let batch = guard::admit_batch(document, &inspected);
    let mut read = BTreeMap::new();
    put_admitted(&mut read, &inspected, &batch);
    // Of two changes under one number the second stands on a copy that ends where it begins, and what builds on it too.
    let doubled = inspected
        .iter()
        .zip(&batch.admissions)
        .filter(|(_, admission)| matches!(admission, Admission::Equivocation { .. }));
    for (change, _) in doubled.take(DOUBLED_READ_MAX) {
        let deps = change.header().deps.iter();
        let deps: Vec<_> = deps.map(|dep| automerge::ChangeHash(dep.0)).collect();
        if let Ok(before) = batch.document.fork_at(&deps) {
            put_admitted(
                &mut read,
                &inspected,
                &guard::admit_batch(&before, &inspected),
            );
        }
    }
    read
}

/// Reads what a batch admitted and what was not read before.
fn put_admitted(
    read: &mut BTreeMap<ChangeHash, ChangeRecord>,
    inspected: &[Inspected<'_>],
    batch: &Batch,
) {
    for (change, admission) in inspected.iter().zip(&batch.admissions) {
        let hash = change.header().hash;
        if *admission == Admission::Admitted
            && !read.contains_key(&hash)
            && let Some(record) = record_of(&batch.document, &hash)
        {
            read.insert(hash, record);
        }
    }
}
