//! What lies aside of a visit, readable beside it: what a held or quarantined change would write, read on a scratch copy
//! behind the guard. Unsafe bytes are never read.

use std::collections::BTreeMap;

use automerge::Automerge;
use sync_core::document::history::{ChangeRecord, record_of};
use sync_core::guard::{self, Admission, Inspected};
use sync_core::model::ChangeHash;
use sync_core::sync::wire::{ChangeStatus, QuarantineKind};

use crate::store::sync::changes::ChangeRow;

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
    inspected
        .iter()
        .zip(&batch.admissions)
        .filter(|(_, admission)| **admission == Admission::Admitted)
        .filter_map(|(change, _)| {
            let hash = change.header().hash;
            Some((hash, record_of(&batch.document, &hash)?))
        })
        .collect()
}
