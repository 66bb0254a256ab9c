//! What a change may depend on and refer to. Owns step 3: the history of a document, and whether a change follows from
//! the part of it that the change names.

use std::collections::{HashMap, HashSet};

use automerge::Automerge;

use super::columns::{Key, Reference};
use super::{ChangeHeader, Inspected, Unsafe};
use crate::model::ids::{Actor, ChangeHash};

/// The changes of one document, as far as causality needs them.
#[derive(Debug, Default)]
pub(super) struct History {
    nodes: Vec<Node>,
    by_hash: HashMap<ChangeHash, usize>,
    /// Each actor's changes in the order of their sequence numbers, which is that of their operations.
    chains: HashMap<Actor, Vec<usize>>,
    heads: HashSet<ChangeHash>,
}

#[derive(Debug)]
struct Node {
    hash: ChangeHash,
    actor: Actor,
    seq: u64,
    start_op: u64,
    max_op: u64,
    deps: Vec<usize>,
}

/// What becomes of a change before it is applied.
pub(super) enum Place {
    /// It is in the history.
    Known,
    /// Another change of its actor has its number.
    Taken { by: ChangeHash },
    /// Some of its dependencies are not here.
    Waits { waiting_for: Vec<ChangeHash> },
    /// All it depends on is here, and it follows from it.
    Follows,
}

/// How far each actor's changes reach in the closure of some dependencies.
struct Closure {
    /// The last sequence number per actor: whatever is before it is in the closure too.
    seqs: HashMap<Actor, u64>,
    max_op: u64,
}

impl History {
    /// Reads the history of a document whose changes have all passed the guard, or were written here.
    pub(super) fn of(document: &Automerge) -> Self {
        let mut history = Self::default();
        for change in document.get_changes_meta(&[]) {
            // An actor of another length cannot have come through the guard and cannot be named by what does.
            let Ok(actor) = change.actor.to_bytes().try_into() else {
                continue;
            };
            history.insert(
                ChangeHash(change.hash.0),
                Actor(actor),
                (change.seq, change.start_op, change.max_op),
                change.deps.iter().map(|dep| ChangeHash(dep.0)),
            );
        }
        history
    }

    /// Takes a change in that is about to be applied.
    pub(super) fn add(&mut self, header: &ChangeHeader) {
        self.insert(
            header.hash,
            header.actor,
            (header.seq, header.start_op, header.max_op),
            header.deps.iter().copied(),
        );
    }

    fn insert(
        &mut self,
        hash: ChangeHash,
        actor: Actor,
        (seq, start_op, max_op): (u64, u64, u64),
        deps: impl Iterator<Item = ChangeHash>,
    ) {
        let mut parents = Vec::new();
        for dep in deps {
            self.heads.remove(&dep);
            parents.extend(self.by_hash.get(&dep).copied());
        }
        let index = self.nodes.len();
        self.nodes.push(Node {
            hash,
            actor,
            seq,
            start_op,
            max_op,
            deps: parents,
        });
        self.by_hash.insert(hash, index);
        self.heads.insert(hash);
        let chain = self.chains.entry(actor).or_default();
        let place = chain.partition_point(|&other| self.nodes[other].seq < seq);
        chain.insert(place, index);
    }

    /// Where the change stands to this history.
    pub(super) fn place(&self, change: &Inspected<'_>) -> Result<Place, Unsafe> {
        let header = change.header();
        if self.by_hash.contains_key(&header.hash) {
            return Ok(Place::Known);
        }
        // Before anything else: two changes under one number are an alarm even while one of them waits.
        if let Some(node) = self.by_number(header.actor, header.seq) {
            return Ok(Place::Taken { by: node.hash });
        }
        let mut waiting_for: Vec<_> = header
            .deps
            .iter()
            .copied()
            .filter(|dep| !self.by_hash.contains_key(dep))
            .collect();
        if !waiting_for.is_empty() {
            waiting_for.sort_unstable();
            waiting_for.dedup();
            return Ok(Place::Waits { waiting_for });
        }
        if header.deps.is_empty() && !self.nodes.is_empty() {
            return Err(Unsafe::Unbound);
        }
        let closure = self.closure(&header.deps);
        let expected = closure.max_op + 1;
        if header.start_op != expected {
            return Err(Unsafe::StartOp {
                expected,
                found: header.start_op,
            });
        }
        let before = closure.seqs.get(&header.actor).copied().unwrap_or(0);
        if before + 1 != header.seq {
            return Err(Unsafe::PredecessorNotAncestor { seq: header.seq });
        }
        if header
            .other_actors
            .iter()
            .any(|actor| !closure.seqs.contains_key(actor))
        {
            return Err(Unsafe::UnknownActor);
        }
        self.check_references(change, &closure)?;
        Ok(Place::Follows)
    }

    /// Every operation that the change refers to is its own and earlier, or lies in what it depends on. Otherwise it
    /// would mean one thing here and another where that operation has not arrived.
    fn check_references(&self, change: &Inspected<'_>, closure: &Closure) -> Result<(), Unsafe> {
        let header = change.header();
        let known = |reference: &Reference| {
            // Within the change an operation refers only to earlier ones: `inspect` has seen to that.
            if reference.actor == 0 && reference.counter >= header.start_op {
                return true;
            }
            named_actor(header, reference)
                .is_some_and(|actor| self.operation_lies_in(closure, actor, reference.counter))
        };
        change
            .operations()
            .for_each(change.bytes(), header.start_op, |operation| {
                let element = match &operation.key {
                    Key::Element(reference) => Some(reference),
                    Key::Head | Key::Property(_) => None,
                };
                let all_known = operation
                    .object
                    .iter()
                    .chain(element)
                    .chain(operation.predecessors)
                    .all(known);
                if all_known {
                    Ok(())
                } else {
                    Err(Unsafe::UnknownOperation {
                        index: operation.index,
                    })
                }
            })
    }

    fn operation_lies_in(&self, closure: &Closure, actor: Actor, counter: u64) -> bool {
        let Some(&reach) = closure.seqs.get(&actor) else {
            return false;
        };
        let Some(chain) = self.chains.get(&actor) else {
            return false;
        };
        let place = chain.partition_point(|&index| self.nodes[index].max_op < counter);
        chain.get(place).is_some_and(|&index| {
            let node = &self.nodes[index];
            node.start_op <= counter && node.seq <= reach
        })
    }

    fn by_number(&self, actor: Actor, seq: u64) -> Option<&Node> {
        let chain = self.chains.get(&actor)?;
        let place = chain.partition_point(|&index| self.nodes[index].seq < seq);
        chain
            .get(place)
            .map(|&index| &self.nodes[index])
            .filter(|node| node.seq == seq)
    }

    fn closure(&self, deps: &[ChangeHash]) -> Closure {
        let mut closure = Closure {
            seqs: HashMap::new(),
            max_op: 0,
        };
        let covers_everything =
            !self.heads.is_empty() && self.heads.iter().all(|head| deps.contains(head));
        if covers_everything {
            for (actor, chain) in &self.chains {
                if let Some(&last) = chain.last() {
                    closure.seqs.insert(*actor, self.nodes[last].seq);
                    closure.max_op = closure.max_op.max(self.nodes[last].max_op);
                }
            }
            return closure;
        }
        let mut seen = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = deps
            .iter()
            .filter_map(|dep| self.by_hash.get(dep).copied())
            .collect();
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let node = &self.nodes[index];
            let reach = closure.seqs.entry(node.actor).or_default();
            *reach = node.seq.max(*reach);
            closure.max_op = closure.max_op.max(node.max_op);
            open.extend(&node.deps);
        }
        closure
    }
}

/// The actor that a reference names by its place in the change's list.
pub(super) fn named_actor(header: &ChangeHeader, reference: &Reference) -> Option<Actor> {
    match reference.actor.checked_sub(1) {
        None => Some(header.actor),
        Some(place) => header
            .other_actors
            .get(usize::try_from(place).ok()?)
            .copied(),
    }
}
