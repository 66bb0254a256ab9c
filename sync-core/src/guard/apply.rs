//! Changes against a document. Owns steps 5 and 6, and the order in which a batch is taken.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;

use automerge::{Automerge, Change};

use super::causality::{History, Place};
use super::depth::Objects;
use super::quiet::{catch, shorten};
use super::{Inspected, Unsafe};
use crate::model::ids::ChangeHash;

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It passed and is in the new document.
    Admitted,
    /// The document had it already, or it stood earlier in the same batch.
    AlreadyKnown,
    /// It waits for changes that are not here, or that were refused in the same batch. To be tried again when they
    /// arrive or are admitted.
    Held {
        /// The missing changes, sorted; never empty.
        waiting_for: Vec<ChangeHash>,
    },
    /// Another change of the same actor has its number: an integrity alarm. Keep both, prefer neither silently.
    Equivocation {
        /// The change that the document has under this number, or that was tried under it before in the same batch.
        known: ChangeHash,
    },
    /// It failed the guard and goes to quarantine.
    Rejected(Unsafe),
}

/// A batch after the guard.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The document with every admitted change in it.
    pub document: Automerge,
    /// That document saved, in the very bytes that were loaded again to verify it. None when nothing was admitted.
    pub snapshot: Option<Vec<u8>>,
    /// What became of each change, in the order in which they were given.
    pub admissions: Vec<Admission>,
}

impl Batch {
    /// Whether anything was admitted, so that there is something to store.
    pub fn has_changed(&self) -> bool {
        self.snapshot.is_some()
    }
}

/// Steps 3 to 6 for one change. See [`admit_batch`].
pub fn admit(document: &Automerge, change: &Inspected<'_>) -> (Admission, Batch) {
    let batch = admit_batch(document, std::slice::from_ref(change));
    (batch.admissions[0].clone(), batch)
}

/// Steps 3 to 6 for many changes of one document, in any order.
///
/// The copy, the saving and the loading are done once for all of them. Only when something fails are they done for
/// smaller parts, so that exactly the guilty change is rejected and the rest is unharmed.
///
/// The document must hold its first change already, which binds what follows to it, and consist of changes that passed
/// the guard or were written here. The authorship of the changes must be proved: otherwise a carrier could take a
/// number away from its owner and raise a false alarm.
pub fn admit_batch(document: &Automerge, changes: &[Inspected<'_>]) -> Batch {
    let (mut batch, again) = pass(document, changes);
    // A number is not taken by a change that was itself refused, so the next under it gets its turn. One turn: an actor
    // that signs ever more changes under one number is an alarm either way, and must not buy work with them.
    if !again.is_empty() {
        let others: Vec<_> = again.iter().map(|&index| changes[index].clone()).collect();
        let (turn, _) = pass(&batch.document, &others);
        for (index, admission) in again.into_iter().zip(turn.admissions) {
            batch.admissions[index] = admission;
        }
        batch.document = turn.document;
        batch.snapshot = turn.snapshot.or(batch.snapshot);
    }
    batch
}

/// One pass over the changes. Returns also those that lost their number to a change which was then refused.
fn pass(document: &Automerge, changes: &[Inspected<'_>]) -> (Batch, Vec<usize>) {
    let mut admissions: Vec<Option<Admission>> = vec![None; changes.len()];
    let mut following = order(document, changes, &mut admissions);

    let mut good = document.clone();
    let mut snapshot = None;
    let mut rejected: HashSet<ChangeHash> = HashSet::new();
    let mut part = following.len();
    while !following.is_empty() {
        // What depends on a rejected change waits for it; it is not at fault.
        following.retain(|&index| {
            let header = changes[index].header();
            let mut waiting_for: Vec<_> = header
                .deps
                .iter()
                .copied()
                .filter(|dep| rejected.contains(dep))
                .collect();
            if waiting_for.is_empty() {
                return true;
            }
            waiting_for.sort_unstable();
            waiting_for.dedup();
            rejected.insert(header.hash);
            admissions[index] = Some(Admission::Held { waiting_for });
            false
        });
        part = part.clamp(1, following.len().max(1));
        let Some(tried) = following.get(..part) else {
            break;
        };
        match apply(&good, changes, tried) {
            Ok((next, saved)) => {
                good = next;
                snapshot = Some(saved);
                for index in following.drain(..part) {
                    admissions[index] = Some(Admission::Admitted);
                }
                part *= 2;
            }
            Err(reason) if part == 1 => {
                let index = following.remove(0);
                rejected.insert(changes[index].header().hash);
                admissions[index] = Some(Admission::Rejected(reason));
            }
            Err(_) => part /= 2,
        }
    }

    // Each change was placed, found to wait or tried.
    let mut admissions: Vec<Admission> = admissions
        .into_iter()
        .map(|admission| admission.unwrap_or(Admission::AlreadyKnown))
        .collect();
    let mut again = Vec::new();
    for index in 0..changes.len() {
        match &admissions[index] {
            Admission::Equivocation { known } if rejected.contains(known) => again.push(index),
            // A copy of a change shares its fate.
            Admission::AlreadyKnown if rejected.contains(&changes[index].header().hash) => {
                let hash = changes[index].header().hash;
                let judged = (0..changes.len()).find(|&other| {
                    changes[other].header().hash == hash
                        && admissions[other] != Admission::AlreadyKnown
                });
                if let Some(judged) = judged {
                    admissions[index] = admissions[judged].clone();
                }
            }
            _ => {}
        }
    }
    let batch = Batch {
        document: good,
        snapshot,
        admissions,
    };
    (batch, again)
}

/// Steps 3 and 4: places every change, and returns those that follow, each after what it depends on.
fn order(
    document: &Automerge,
    changes: &[Inspected<'_>],
    admissions: &mut [Option<Admission>],
) -> Vec<usize> {
    let mut history = History::of(document);
    let mut objects = Objects::of(document);
    let mut following = Vec::new();
    let mut waiting: HashMap<ChangeHash, Vec<usize>> = HashMap::new();
    let mut open: Vec<usize> = (0..changes.len()).rev().collect();
    while let Some(index) = open.pop() {
        let change = &changes[index];
        let admission = match history.place(change) {
            Ok(Place::Known) => Admission::AlreadyKnown,
            Ok(Place::Taken { by }) => Admission::Equivocation { known: by },
            Ok(Place::Waits { waiting_for }) => {
                // The first of them is enough to wake it; it then finds out whether others are missing.
                waiting.entry(waiting_for[0]).or_default().push(index);
                Admission::Held { waiting_for }
            }
            Ok(Place::Follows) => match objects.check(change) {
                Ok(()) => {
                    history.add(change.header());
                    following.push(index);
                    let woken = waiting.remove(&change.header().hash);
                    open.extend(woken.into_iter().flatten().rev());
                    continue;
                }
                Err(reason) => Admission::Rejected(reason),
            },
            Err(reason) => Admission::Rejected(reason),
        };
        admissions[index] = Some(admission);
    }
    following
}

/// Steps 5 and 6 for some changes on top of a sound document, in an order in which each follows.
pub(super) fn apply(
    sound: &Automerge,
    changes: &[Inspected<'_>],
    tried: &[usize],
) -> Result<(Automerge, Vec<u8>), Unsafe> {
    // The copy is thrown away when something panics, and the document it was made from is only read.
    let scratch = catch(AssertUnwindSafe(|| {
        let mut decoded = Vec::with_capacity(tried.len());
        for &index in tried {
            let change = Change::try_from(changes[index].bytes());
            decoded.push(change.map_err(|error| refused(&error))?);
        }
        let mut scratch = sound.clone();
        scratch
            .apply_changes(decoded)
            .map_err(|error| refused(&error))?;
        Ok(scratch)
    }))?;
    // Automerge panics when a change that it writes again has another hash: that is the round trip failing.
    let scratch = catch(AssertUnwindSafe(|| {
        round_trip(sound, scratch, changes, tried)
    }))
    .map_err(|reason| match reason {
        Unsafe::Panicked { .. } => Unsafe::RoundTrip,
        other => other,
    })?;
    catch(AssertUnwindSafe(|| save(scratch)))
}

/// Every change comes out of the copy as the bytes that went in. Automerge writes them anew from its columns; the name of
/// a change is SHA-256 over these very bytes, so to compare them is to compare the names too, and nothing rests on the
/// name that Automerge remembers.
fn round_trip(
    sound: &Automerge,
    scratch: Automerge,
    changes: &[Inspected<'_>],
    tried: &[usize],
) -> Result<Automerge, Unsafe> {
    let mut expected: HashSet<&[u8]> = tried.iter().map(|&index| changes[index].bytes()).collect();
    for change in scratch.get_changes(&sound.get_heads()) {
        if !expected.remove(change.raw_bytes()) {
            return Err(Unsafe::RoundTrip);
        }
    }
    if expected.is_empty() {
        Ok(scratch)
    } else {
        Err(Unsafe::RoundTrip)
    }
}

/// The copy can be saved, and loaded again: loading recomputes the hash of every change from what was saved.
pub(super) fn save(scratch: Automerge) -> Result<(Automerge, Vec<u8>), Unsafe> {
    let saved = scratch.save();
    let loaded = Automerge::load(&saved).map_err(|error| Unsafe::SnapshotUnloadable {
        reason: shorten(&error.to_string()),
    })?;
    if loaded.get_heads() != scratch.get_heads() {
        return Err(Unsafe::RoundTrip);
    }
    Ok((scratch, saved))
}

fn refused(error: &dyn std::error::Error) -> Unsafe {
    Unsafe::Refused {
        reason: shorten(&error.to_string()),
    }
}
