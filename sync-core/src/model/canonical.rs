//! Canonical JSON: sorted keys, no spaces, one spelling of every value. What is hashed must have one text.

use serde::Serialize;
use serde_json::Value;

/// The canonical text: keys sorted by their bytes, no spaces, strings as `serde_json` escapes them. Numbers are integers
/// in everything that is hashed here; others are spelt as `serde_json` spells them.
pub fn canonical_json(value: &Value) -> String {
    let mut text = Vec::new();
    write(value, &mut text);
    // What serde_json writes is UTF-8.
    String::from_utf8(text).unwrap_or_default()
}

fn write(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            // Sorted here and not left to the map, whose order is a cargo feature of serde_json.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            text.push(b'{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                spell(key, text);
                text.push(b':');
                write(value, text);
            }
            text.push(b'}');
        }
        Value::Array(items) => {
            text.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                write(item, text);
            }
            text.push(b']');
        }
        scalar => spell(scalar, text),
    }
}

/// A text or a scalar: it always has a spelling, and memory takes it.
fn spell(value: &impl Serialize, text: &mut Vec<u8>) {
    let _ = serde_json::to_writer(text, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_text() {
        let a: Value =
            serde_json::from_str(r#"{ "b" : [1, null, true], "a": {"中":"文","A":"\u0041\n"} }"#)
                .unwrap();
        let b: Value =
            serde_json::from_str(r#"{"a":{"A":"A\n","中":"文"},"b":[1,null,true]}"#).unwrap();
        assert_eq!(canonical_json(&a), canonical_json(&b));
        assert_eq!(
            canonical_json(&a),
            r#"{"a":{"A":"A\n","中":"文"},"b":[1,null,true]}"#
        );
    }
}
