//! Concurrent edits of one field. Automerge lets one value win by its operation counter, not by a clock, and the next
//! edit erases the others, so the losing values are recorded here.
//!
//! A conflict is a function of the *set* of changes, never of the order in which they arrived (I3): it is what somebody
//! saw, or sees now, at a merge. For every change with two dependencies or more, and for the current heads, the fields
//! with several values at those heads are conflicts.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash as Head, ObjId, ObjType, ROOT, ReadDoc, Value, ValueRef};
use serde::{Deserialize, Serialize};

use super::history::{actor_of, scalar_json};
use crate::model::{Actor, ChangeHash};

/// One field that two people set without knowing of each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConflictRecord {
    /// Where, from the root: `sheets`, the sheet's id, `lot_no`.
    pub path: Vec<String>,
    /// The values, by the hash of the change that set each.
    pub values: Vec<ConflictValue>,
    /// The change whose value is shown.
    pub winner: ChangeHash,
    /// Nobody has set the field since.
    pub open: bool,
}

/// One of the values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConflictValue {
    /// The change that set it.
    pub change: ChangeHash,
    /// Its author's actor.
    pub actor: Actor,
    /// JSON text of the value; `{}` for a map.
    pub value: String,
}

/// All conflicts that anybody met, sorted by path.
pub fn conflicts(doc: &Automerge) -> Vec<ConflictRecord> {
    let mut found = BTreeMap::new();
    for change in doc.get_changes_meta(&[]) {
        if change.deps.len() >= 2 {
            collect(doc, Some(&change.deps), &mut found);
        }
    }
    collect(doc, None, &mut found);
    found.into_values().collect()
}

type Found = BTreeMap<(Vec<String>, BTreeSet<ChangeHash>), ConflictRecord>;

/// Notes down the fields with several values at `heads`, or now, where they are open; a stack instead of recursion, whatever
/// the depth.
fn collect(doc: &Automerge, heads: Option<&[Head]>, found: &mut Found) {
    let mut maps: Vec<(ObjId, Vec<String>)> = vec![(ROOT, Vec::new())];
    while let Some((map, path)) = maps.pop() {
        let range = match heads {
            Some(heads) => doc.map_range_at(&map, .., heads),
            None => doc.map_range(&map, ..),
        };
        for item in range {
            let is_map = |kind: &ObjType| matches!(kind, ObjType::Map | ObjType::Table);
            let here = || path.iter().cloned().chain([item.key.to_string()]).collect();
            // Nearly every field has one value, which the walk itself gives.
            if !item.conflict {
                if matches!(&item.value, ValueRef::Object(kind) if is_map(kind)) {
                    maps.push((item.id(), here()));
                }
                continue;
            }
            let values = match heads {
                Some(heads) => doc.get_all_at(&map, &*item.key, heads),
                None => doc.get_all(&map, &*item.key),
            };
            let values = values.unwrap_or_default();
            for (value, id) in &values {
                if matches!(value, Value::Object(kind) if is_map(kind)) {
                    maps.push((id.clone(), here()));
                }
            }
            if values.len() >= 2 {
                note(doc, here(), &values, heads.is_none(), found);
            }
        }
    }
}

fn note(
    doc: &Automerge,
    path: Vec<String>,
    values: &[(Value<'_>, ObjId)],
    open: bool,
    found: &mut Found,
) {
    // `get_all` ends with the winner.
    let sides: Vec<ConflictValue> = values
        .iter()
        .filter_map(|(value, id)| {
            let hash = doc.hash_for_opid(id)?;
            Some(ConflictValue {
                change: ChangeHash(hash.0),
                actor: actor_of(doc, &hash)?,
                value: match value {
                    Value::Object(_) => "{}".to_owned(),
                    Value::Scalar(scalar) => scalar_json(scalar).to_string(),
                },
            })
        })
        .collect();
    // Two people who set the same value do not disagree.
    let distinct: BTreeSet<&str> = sides.iter().map(|side| side.value.as_str()).collect();
    let Some(winner) = sides.last().map(|side| side.change) else {
        return;
    };
    if distinct.len() < 2 {
        return;
    }
    let mut values = sides;
    values.sort();
    let key = (
        path.clone(),
        values.iter().map(|side| side.change).collect(),
    );
    let record = found.entry(key).or_insert(ConflictRecord {
        path,
        values,
        winner,
        open,
    });
    record.open |= open;
}
