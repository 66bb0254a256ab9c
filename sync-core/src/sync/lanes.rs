//! What goes on a page. Every document is a lane of its own: inside it the causal order holds, between lanes nothing
//! waits. A lane is cut only where a signature ends, because a page carries one for every (document, actor) in it.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::wire::{DocumentHeader, PushedChange, SignedTip};
use crate::model::{Actor, ChangeHash, DocumentId};

/// One change of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its document.
    pub document: DocumentHeader,
    /// Its hash.
    pub hash: ChangeHash,
    /// Who wrote it.
    pub actor: Actor,
    /// The raw chunk.
    pub bytes: Vec<u8>,
    /// The signature over exactly this change. A phone signs every change of its own when it makes it; of another's it
    /// has the signatures that came with them, which cover several.
    pub tip: Option<SignedTip>,
}

/// Changes that cannot be parted: every author's last one among them is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// In causal order, all of one document.
    pub changes: Vec<Outgoing>,
}

impl Parcel {
    /// What it takes on a page, in inflated bytes.
    fn inflated_bytes(&self) -> usize {
        let of = |change: &Outgoing| {
            let tip = if change.tip.is_some() { TIP_BYTES } else { 0 };
            CHANGE_FRAME_BYTES
                + change.document.preimage.len()
                + change.bytes.len().div_ceil(3) * 4
                + tip
        };
        self.changes.iter().map(of).sum()
    }
}

/// The frame of a change in JSON: document, hash, names.
const CHANGE_FRAME_BYTES: usize = 200;
/// A tip in JSON.
const TIP_BYTES: usize = 350;

/// What is sent at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Its parcels.
    pub parcels: Vec<Parcel>,
}

impl Page {
    /// All changes, in order.
    pub fn changes(&self) -> impl Iterator<Item = &Outgoing> {
        self.parcels.iter().flat_map(|parcel| &parcel.changes)
    }

    /// How many changes.
    pub fn len(&self) -> usize {
        self.changes().count()
    }

    /// Nothing to send.
    pub fn is_empty(&self) -> bool {
        self.parcels.is_empty()
    }

    /// As they travel.
    pub fn pushed(&self) -> Vec<PushedChange> {
        let push = |change: &Outgoing| PushedChange {
            document_id: change.document.document_id,
            hash: change.hash,
            bytes: STANDARD.encode(&change.bytes),
        };
        self.changes().map(push).collect()
    }

    /// The last signature of every (document, actor).
    pub fn tips(&self) -> Vec<SignedTip> {
        let mut tips: BTreeMap<(DocumentId, Actor), &SignedTip> = BTreeMap::new();
        for tip in self.changes().filter_map(|change| change.tip.as_ref()) {
            let entry = tips
                .entry((tip.tip.document_id, tip.tip.actor))
                .or_insert(tip);
            if entry.tip.seq < tip.tip.seq {
                *entry = tip;
            }
        }
        tips.into_values().cloned().collect()
    }

    /// The documents of the page, each once.
    pub fn documents(&self) -> Vec<DocumentHeader> {
        let mut seen = BTreeSet::new();
        self.changes()
            .filter(|change| seen.insert(change.document.document_id))
            .map(|change| change.document.clone())
            .collect()
    }
}

/// Cuts lanes into parcels: as soon as no author's last change waits for a signature, a parcel ends. What is left at
/// the end of a lane without one may be the half of a parcel whose rest was not read yet, so it is given apart.
fn parcels(lane: Vec<Outgoing>) -> (Vec<Parcel>, Option<Parcel>) {
    let mut done = Vec::new();
    let mut open = Vec::new();
    let mut unsigned: BTreeSet<Actor> = BTreeSet::new();
    for change in lane {
        if change.tip.is_some() {
            unsigned.remove(&change.actor);
        } else {
            unsigned.insert(change.actor);
        }
        open.push(change);
        if unsigned.is_empty() {
            done.push(Parcel {
                changes: std::mem::take(&mut open),
            });
        }
    }
    let rest = (!open.is_empty()).then_some(Parcel { changes: open });
    (done, rest)
}

/// Fills a page of at most `inflated_bytes_max` and `parcels_max` from outgoing changes, those of a document in causal
/// order. A parcel that does not fit closes its own lane and no other; one that fits no page at all goes alone.
pub fn fill(outgoing: Vec<Outgoing>, inflated_bytes_max: usize, parcels_max: usize) -> Page {
    let mut order: Vec<DocumentId> = Vec::new();
    let mut lanes: BTreeMap<DocumentId, Vec<Outgoing>> = BTreeMap::new();
    for change in outgoing {
        let id = change.document.document_id;
        lanes
            .entry(id)
            .or_insert_with(|| {
                order.push(id);
                Vec::new()
            })
            .push(change);
    }
    let mut page = Page::default();
    let mut bytes = 0;
    let mut unsigned = None;
    for id in order {
        let (signed, rest) = parcels(lanes.remove(&id).unwrap_or_default());
        unsigned = unsigned.or(rest);
        for parcel in signed {
            let wanted = parcel.inflated_bytes();
            let fits = bytes + wanted <= inflated_bytes_max || page.is_empty();
            if page.parcels.len() >= parcels_max.max(1) || !fits {
                break;
            }
            bytes += wanted;
            page.parcels.push(parcel);
        }
    }
    // Alone, it goes as it is, and the server says what it thinks of it.
    if page.is_empty() {
        page.parcels.extend(unsigned);
    }
    page
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::proof::TipStatement;

    pub(crate) fn outgoing(document: u8, actor: u8, seq: u64, size: usize) -> Outgoing {
        let document_id = DocumentId([document; 32]);
        let mut hash = [document; 32];
        hash[1] = actor;
        hash[2] = u8::try_from(seq).unwrap();
        let (actor, hash) = (Actor([actor; 16]), ChangeHash(hash));
        let tip = TipStatement {
            document_id,
            actor,
            seq,
            hash,
        };
        Outgoing {
            document: DocumentHeader {
                document_id,
                kind: "visit".into(),
                preimage: "p".into(),
            },
            hash,
            actor,
            bytes: vec![0; size],
            tip: Some(SignedTip {
                tip,
                signature: "s".into(),
            }),
        }
    }

    fn unsigned(mut change: Outgoing) -> Outgoing {
        change.tip = None;
        change
    }

    #[test]
    fn a_page_carries_one_tip_for_every_document_and_actor_and_it_is_the_last() {
        let all = vec![
            outgoing(1, 1, 1, 10),
            outgoing(1, 1, 2, 10),
            outgoing(2, 1, 1, 10),
        ];
        let page = fill(all, 1_000_000, 100);
        let tips: Vec<_> = page
            .tips()
            .iter()
            .map(|t| (t.tip.document_id, t.tip.seq))
            .collect();
        assert_eq!(tips, [(DocumentId([1; 32]), 2), (DocumentId([2; 32]), 1)]);
        assert_eq!(page.documents().len(), 2);
    }

    #[test]
    fn a_lane_is_cut_only_where_a_signature_ends() {
        let all = vec![
            unsigned(outgoing(1, 7, 1, 10)),
            outgoing(1, 1, 1, 10),
            outgoing(1, 7, 2, 10),
            outgoing(1, 1, 2, 10),
        ];
        let page = fill(all, 1_000_000, 1);
        assert_eq!(page.len(), 3);
        assert!(page.tips().iter().any(|t| t.tip.actor == Actor([7; 16])));
    }

    #[test]
    fn what_does_not_fit_closes_its_own_lane_and_no_other() {
        let all = vec![
            outgoing(1, 1, 1, 100),
            outgoing(1, 1, 2, 100_000),
            outgoing(1, 1, 3, 100),
            outgoing(2, 1, 1, 100),
        ];
        let page = fill(all, 10_000, 100);
        let sent: Vec<_> = page
            .changes()
            .map(|c| (c.document.document_id.0[0], c.hash.0[2]))
            .collect();
        assert_eq!(sent, [(1, 1), (2, 1)]);
    }

    #[test]
    fn a_parcel_that_fits_no_page_goes_alone() {
        let page = fill(
            vec![outgoing(1, 1, 1, 100_000), outgoing(1, 1, 2, 1)],
            10_000,
            100,
        );
        assert_eq!(page.len(), 1);
    }
}
