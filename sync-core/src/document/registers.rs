//! How a form lies in the document: one flat map of scalars an item, so that two phones that fill different fields of
//! one form both keep theirs, and a form made twice hides none of its fields.
//!
//! Nested fields get dotted keys (`sampled_party.name`). What makes sense only as a whole (a time claim, a signature, a
//! list of standards) is one register that holds JSON as bytes; text is text. A field that was emptied holds null:
//! nothing is ever deleted, because a delete beside an edit loses the edit.

use std::collections::BTreeMap;

use automerge::{Automerge, ChangeHash as Head, ObjId, ReadDoc, ScalarValue, Value};
use serde_json::Value as Json;

use crate::limits::DOCUMENT_DEPTH_MAX;
use crate::model::{ChangeHash, canonical_json};

/// The scalars of one item, by dotted key.
pub(super) type Registers = BTreeMap<String, ScalarValue>;

/// Objects that are one register although they have parts: half of one phone's claim with half of another's would be a
/// time that nobody claimed.
fn is_whole(path: &[String]) -> bool {
    let Some(name) = path.last() else {
        return false;
    };
    name.ends_with("_at")
        || matches!(
            name.as_str(),
            "subject" | "location" | "party_signature" | "signature" | "statement"
        )
        || (path.len() >= 2 && matches!(path[path.len() - 2].as_str(), "signatures" | "answers"))
}

fn key_of(path: &[String]) -> String {
    let escaped: Vec<String> = path
        .iter()
        .map(|part| part.replace('%', "%25").replace('.', "%2E"))
        .collect();
    escaped.join(".")
}

fn path_of(key: &str) -> Vec<String> {
    key.split('.')
        .map(|part| part.replace("%2E", ".").replace("%25", "%"))
        .collect()
}

/// The registers of a value; fields that are null are absent.
pub(super) fn registers_of(value: &Json) -> Registers {
    let mut registers = Registers::new();
    flatten(value, &mut Vec::new(), &mut registers);
    registers
}

fn flatten(value: &Json, path: &mut Vec<String>, registers: &mut Registers) {
    let whole = || ScalarValue::Bytes(canonical_json(value).into_bytes());
    let scalar = match value {
        Json::Null => return,
        Json::Object(map) if !is_whole(path) => {
            for (name, value) in map {
                path.push(name.clone());
                flatten(value, path, registers);
                path.pop();
            }
            return;
        }
        Json::Bool(truth) => ScalarValue::Boolean(*truth),
        Json::String(text) => ScalarValue::from(text.as_str()),
        Json::Number(number) => number.as_i64().map_or_else(whole, ScalarValue::Int),
        Json::Object(_) | Json::Array(_) => whole(),
    };
    registers.insert(key_of(path), scalar);
}

/// The value that registers hold, or the key of the one that cannot be read.
pub(super) fn value_of(registers: &Registers) -> Result<serde_json::Map<String, Json>, String> {
    let mut root = serde_json::Map::new();
    for (key, scalar) in registers {
        let value = match scalar {
            ScalarValue::Null => continue,
            ScalarValue::Str(text) => Json::from(text.as_str()),
            ScalarValue::Int(number) => Json::from(*number),
            ScalarValue::Boolean(truth) => Json::from(*truth),
            ScalarValue::Bytes(bytes) => serde_json::from_slice(bytes).map_err(|_| key.clone())?,
            _ => return Err(key.clone()),
        };
        let mut path = path_of(key);
        // A key of a thousand dots would build a value too deep to walk.
        if path.len() > DOCUMENT_DEPTH_MAX {
            return Err(key.clone());
        }
        let Some(last) = path.pop() else { continue };
        let mut map = &mut root;
        for part in path {
            let below = map
                .entry(part)
                .or_insert_with(|| Json::Object(Default::default()));
            map = below.as_object_mut().ok_or_else(|| key.clone())?;
        }
        if map.insert(last, value).is_some() {
            return Err(key.clone());
        }
    }
    Ok(root)
}

/// An item as it lies in the document, with the change that set each register.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) registers: Registers,
    pub(super) setters: BTreeMap<String, ChangeHash>,
}

/// Reads an item now or as of `heads`, which must be known here; the key of a register that is no scalar otherwise.
pub(super) fn read(
    doc: &Automerge,
    item: &ObjId,
    heads: Option<&[Head]>,
) -> Result<Stored, String> {
    let mut stored = Stored {
        registers: Registers::new(),
        setters: BTreeMap::new(),
    };
    let range = match heads {
        Some(heads) => doc.map_range_at(item, .., heads),
        None => doc.map_range(item, ..),
    };
    for entry in range {
        let key = entry.key.to_string();
        if let Some(hash) = doc.hash_for_opid(&entry.id()) {
            stored.setters.insert(key.clone(), ChangeHash(hash.0));
        }
        match entry.value.into_value() {
            Value::Scalar(scalar) => stored.registers.insert(key, scalar.into_owned()),
            Value::Object(_) => return Err(key),
        };
    }
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_form_comes_back_from_its_registers() {
        let form = json!({
            "sheet_no": "S-1", "test_qty_milli": 2000, "is_export": false, "standards": ["GB 1", "GB 2"],
            "sampled_party": {"name": "某厂"}, "seals": {"A.1": "test", "A%2E1": "spare"},
            "sampled_at": {"wall_ms": 5, "token": "t"},
        });
        let registers = registers_of(&form);
        assert!(matches!(registers["sampled_at"], ScalarValue::Bytes(_)));
        assert!(matches!(
            registers["sampled_party.name"],
            ScalarValue::Str(_)
        ));
        assert_eq!(value_of(&registers).map(Json::Object), Ok(form));
    }

    #[test]
    fn hostile_registers_are_named_and_nothing_panics() {
        for (key, scalar) in [
            ("a", ScalarValue::Bytes(b"{".to_vec())),
            ("a", ScalarValue::F64(f64::NAN)),
            ("a", ScalarValue::Uint(u64::MAX)),
            (&".".repeat(100_000), ScalarValue::Int(1)),
        ] {
            assert_eq!(
                value_of(&Registers::from([(key.into(), scalar)])),
                Err(key.to_owned())
            );
        }
        let clash = Registers::from([
            ("a".to_owned(), ScalarValue::Int(1)),
            ("a.b".to_owned(), ScalarValue::Int(1)),
        ]);
        assert_eq!(value_of(&clash), Err("a.b".to_owned()));
    }
}
