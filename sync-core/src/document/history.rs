//! Who changed what when: every change of a document with the fields that it touched, and which change made an item.

use automerge::{
    Automerge, ChangeHash as Head, ChangeMetadata, ObjId, PatchAction, Prop, ReadDoc, ScalarValue,
    Value,
};
use serde::{Deserialize, Serialize};

use crate::model::{Actor, ChangeHash, Millis};

/// One change, in an order that is the same for everybody who holds the same changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Its hash.
    pub hash: ChangeHash,
    /// Its author's actor.
    pub actor: Actor,
    /// Its number among the actor's changes of this document.
    pub seq: u64,
    /// What the author's clock said, milliseconds; decides nothing.
    pub wall_ms: Millis,
    /// What the author called it: the page of the form, or the reason of an amendment.
    pub message: Option<String>,
    /// The fields it touched, by path.
    pub touched: Vec<Touched>,
}

/// One field before and after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Touched {
    /// Where, from the root.
    pub path: Vec<String>,
    /// JSON text of the value before; none if there was none.
    pub old: Option<String>,
    /// JSON text of the value after; none if it was deleted.
    pub new: Option<String>,
}

/// The history of a document without its skeleton, sorted by first operation, then hash: a topological order that does
/// not depend on arrival.
pub fn history(doc: &Automerge) -> Vec<ChangeRecord> {
    let mut metas: Vec<_> = doc
        .get_changes_meta(&[])
        .into_iter()
        .filter(|meta| !meta.deps.is_empty())
        .collect();
    metas.sort_by_key(|meta| (meta.start_op, meta.hash));
    metas.iter().filter_map(|meta| record(doc, meta)).collect()
}

/// One change of a document; none where the document has no such change.
pub fn record_of(doc: &Automerge, change: &ChangeHash) -> Option<ChangeRecord> {
    record(doc, &doc.get_change_meta_by_hash(&Head(change.0))?)
}

fn record(doc: &Automerge, meta: &ChangeMetadata<'_>) -> Option<ChangeRecord> {
    Some(ChangeRecord {
        hash: ChangeHash(meta.hash.0),
        actor: actor_bytes(meta.actor.to_bytes())?,
        seq: meta.seq,
        wall_ms: meta.timestamp,
        message: meta.message.as_deref().map(str::to_owned),
        touched: touched(doc, &meta.deps, &meta.hash),
    })
}

/// What lies between `before` and the change `after` that builds on it.
pub fn touched(doc: &Automerge, before: &[Head], after: &Head) -> Vec<Touched> {
    let mut touched: Vec<Touched> = doc
        .diff(before, &[*after])
        .into_iter()
        .filter_map(|patch| {
            let mut path: Vec<String> =
                patch.path.iter().map(|(_, prop)| prop_text(prop)).collect();
            let (key, new) = match &patch.action {
                PatchAction::PutMap { key, value, .. } => (Some(key.clone()), json(&value.0)),
                PatchAction::DeleteMap { key } => (Some(key.clone()), None),
                PatchAction::Increment { prop, value } => {
                    (Some(prop_text(prop)), Some(format!("{value:+}")))
                }
                PatchAction::SpliceText { value, .. } => (
                    None,
                    Some(serde_json::Value::from(value.make_string()).to_string()),
                ),
                // A conflict is no edit; it has a record of its own.
                PatchAction::Conflict { .. } => return None,
                other => (
                    None,
                    Some(serde_json::Value::from(other.to_string()).to_string()),
                ),
            };
            let old = key.as_deref().and_then(|key| {
                let (value, _) = doc.get_at(&patch.obj, key, before).ok()??;
                json(&value)
            });
            path.extend(key);
            Some(Touched { path, old, new })
        })
        .collect();
    touched.sort();
    touched
}

/// The change that made an object; none for the root.
pub fn maker_of(doc: &Automerge, object: &ObjId) -> Option<ChangeHash> {
    doc.hash_for_opid(object).map(|hash| ChangeHash(hash.0))
}

/// The actor whose change it is; none where the document has no such change.
pub fn author_of(doc: &Automerge, change: &ChangeHash) -> Option<Actor> {
    actor_of(doc, &Head(change.0))
}

/// The actor of a change of this document.
pub(super) fn actor_of(doc: &Automerge, hash: &Head) -> Option<Actor> {
    actor_bytes(doc.get_change_meta_by_hash(hash)?.actor.to_bytes())
}

fn actor_bytes(bytes: &[u8]) -> Option<Actor> {
    bytes.try_into().ok().map(Actor)
}

fn prop_text(prop: &Prop) -> String {
    match prop {
        Prop::Map(key) => key.clone(),
        Prop::Seq(index) => index.to_string(),
    }
}

fn json(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Object(_) => Some("{}".to_owned()),
        Value::Scalar(scalar) => Some(scalar_json(scalar).to_string()),
    }
}

/// A scalar as JSON; bytes as the JSON that a whole register holds, else as hex.
pub(super) fn scalar_json(scalar: &ScalarValue) -> serde_json::Value {
    match scalar {
        ScalarValue::Str(text) => text.as_str().into(),
        ScalarValue::Int(number) | ScalarValue::Timestamp(number) => (*number).into(),
        ScalarValue::Uint(number) => (*number).into(),
        ScalarValue::F64(number) => (*number).into(),
        ScalarValue::Boolean(truth) => (*truth).into(),
        ScalarValue::Counter(count) => i64::from(count).into(),
        ScalarValue::Bytes(bytes) => {
            serde_json::from_slice(bytes).unwrap_or_else(|_| hex::encode(bytes).into())
        }
        ScalarValue::Null | ScalarValue::Unknown { .. } => serde_json::Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use automerge::transaction::{CommitOptions, Transactable};
    use automerge::{ActorId, Change, ObjType, ROOT};

    use super::*;
    use crate::document::conflicts::conflicts;

    fn edit(
        doc: &Automerge,
        actor: u8,
        edit: impl FnOnce(&mut automerge::transaction::Transaction<'_>),
    ) -> Automerge {
        let mut doc = doc.fork().with_actor(ActorId::from(&[actor; 16][..]));
        doc.transact_with::<_, _, automerge::AutomergeError, _>(
            |_| CommitOptions::default().with_time(0),
            |tx| {
                edit(tx);
                Ok(())
            },
        )
        .unwrap();
        doc
    }

    fn merged(changes: &[Change]) -> Automerge {
        let mut doc = Automerge::new();
        for change in changes {
            doc.apply_changes([change.clone()]).unwrap();
        }
        doc
    }

    /// Two people set one field apart; a third merges and sets it anew; one of them also edits again before the merge.
    fn story() -> Vec<Change> {
        let base = edit(&Automerge::new(), 1, |tx| {
            let sheets = tx.put_object(ROOT, "sheets", ObjType::Map).unwrap();
            let sheet = tx.put_object(&sheets, "s1", ObjType::Map).unwrap();
            tx.put(&sheet, "lot_no", "A").unwrap();
            tx.put(&sheet, "grade", "合格品").unwrap();
        });
        let sheet = |doc: &Automerge| {
            let (_, sheets) = doc.get(ROOT, "sheets").unwrap().unwrap();
            doc.get(&sheets, "s1").unwrap().unwrap().1
        };
        let at = sheet(&base);
        let mut left = edit(&base, 2, |tx| tx.put(&at, "lot_no", "B").unwrap());
        let mut right = edit(&base, 3, |tx| {
            tx.put(&at, "lot_no", "C").unwrap();
            tx.put(&at, "grade", "一等品").unwrap();
        });
        left.merge(&mut right).unwrap();
        let healed = edit(&left, 4, |tx| tx.put(&at, "lot_no", "D").unwrap());
        healed.get_changes(&[])
    }

    #[test]
    fn a_conflict_is_kept_after_it_was_healed() {
        let found = conflicts(&merged(&story()));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].path, ["sheets", "s1", "lot_no"]);
        let values: Vec<&str> = found[0]
            .values
            .iter()
            .map(|side| side.value.as_str())
            .collect();
        assert!(
            values.contains(&"\"B\"") && values.contains(&"\"C\""),
            "{values:?}"
        );
        assert!(!found[0].open);
    }

    #[test]
    fn conflicts_and_history_do_not_depend_on_the_order_of_arrival() {
        let changes = story();
        let expected = merged(&changes);
        // Root first and the merge last; the two sides either way, and all of it backwards through the queue.
        for order in [
            vec![0, 1, 2, 3],
            vec![0, 2, 1, 3],
            vec![3, 2, 1, 0],
            vec![1, 3, 0, 2],
        ] {
            let shuffled: Vec<Change> = order.iter().map(|i| changes[*i].clone()).collect();
            let doc = merged(&shuffled);
            assert_eq!(conflicts(&doc), conflicts(&expected), "{order:?}");
            assert_eq!(history(&doc), history(&expected), "{order:?}");
        }
    }

    #[test]
    fn history_tells_old_and_new_of_each_field() {
        let records = history(&merged(&story()));
        let right = records
            .iter()
            .find(|record| record.actor == Actor([3; 16]))
            .unwrap();
        let expected = Touched {
            path: vec!["sheets".into(), "s1".into(), "grade".into()],
            old: Some("\"合格品\"".into()),
            new: Some("\"一等品\"".into()),
        };
        assert!(right.touched.contains(&expected), "{right:?}");
    }

    #[test]
    fn an_item_leads_to_the_change_that_made_it() {
        let changes = story();
        let doc = merged(&changes);
        let (_, sheets) = doc.get(ROOT, "sheets").unwrap().unwrap();
        let (_, sheet) = doc.get(&sheets, "s1").unwrap().unwrap();
        assert_eq!(
            maker_of(&doc, &sheet),
            Some(ChangeHash(changes[0].hash().0))
        );
        assert_eq!(maker_of(&doc, &ROOT), None);
    }
}
