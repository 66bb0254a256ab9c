//! How deep objects lie. Owns step 4, which needs no recursion and no applied change: an operation that makes an object
//! names the object it is made in.

use std::collections::HashMap;

use automerge::{ActorId, Automerge, ObjId, ObjType, ReadDoc};

use super::causality::named_actor;
use super::columns::{Action, Key, ObjectKind, Reference};
use super::{ChangeHeader, Inspected, Unsafe};
use crate::limits::DOCUMENT_DEPTH_MAX;
use crate::model::ids::Actor;

/// The objects of a document and of the changes that are about to be applied to it.
pub(super) struct Objects<'a> {
    document: &'a Automerge,
    /// Those that were looked up or made so far, by the operation that makes them.
    seen: HashMap<(Actor, u64), Object>,
}

#[derive(Debug, Clone, Copy)]
struct Object {
    kind: ObjectKind,
    /// Levels below the root; the root lies at 0.
    depth: usize,
}

const ROOT: Object = Object {
    kind: ObjectKind::Map,
    depth: 0,
};

impl<'a> Objects<'a> {
    pub(super) fn of(document: &'a Automerge) -> Self {
        Self {
            document,
            seen: HashMap::new(),
        }
    }

    /// Every operation writes to an object of the kind that its key fits, and none makes an object too deep.
    pub(super) fn check(&mut self, change: &Inspected<'_>) -> Result<(), Unsafe> {
        let header = change.header();
        change
            .operations()
            .for_each(change.bytes(), header.start_op, |operation| {
                let index = operation.index;
                let object = match operation.object {
                    None => ROOT,
                    Some(reference) => self
                        .find(header, &reference)
                        .ok_or(Unsafe::UnknownOperation { index })?,
                };
                let fits = match operation.key {
                    Key::Property(_) => object.kind == ObjectKind::Map && !operation.insert,
                    // Nothing stands at the head itself, it can only be inserted after.
                    Key::Head => object.kind != ObjectKind::Map && operation.insert,
                    Key::Element(_) => object.kind != ObjectKind::Map,
                };
                if !fits {
                    return Err(Unsafe::Operation {
                        index,
                        reason: "its key does not fit its object",
                    });
                }
                if let Action::Make(kind) = operation.action {
                    let depth = object.depth + 1;
                    if depth > DOCUMENT_DEPTH_MAX {
                        return Err(Unsafe::Depth { index, depth });
                    }
                    self.seen.insert(
                        (header.actor, header.start_op + index as u64),
                        Object { kind, depth },
                    );
                }
                Ok(())
            })
    }

    fn find(&mut self, header: &ChangeHeader, reference: &Reference) -> Option<Object> {
        let actor = named_actor(header, reference)?;
        let key = (actor, reference.counter);
        if let Some(object) = self.seen.get(&key) {
            return Some(*object);
        }
        let id = ObjId::Id(reference.counter, ActorId::from(actor.0), 0);
        let kind = match self.document.object_type(&id).ok()? {
            ObjType::Map | ObjType::Table => ObjectKind::Map,
            ObjType::List => ObjectKind::List,
            ObjType::Text => ObjectKind::Text,
        };
        // The document has passed the guard, so the way up is short.
        let depth = self.document.parents(&id).ok()?.count();
        let object = Object { kind, depth };
        self.seen.insert(key, object);
        Some(object)
    }
}
