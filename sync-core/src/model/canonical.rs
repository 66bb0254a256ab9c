//! Canonical JSON: sorted keys, no spaces, one spelling of every value. What is hashed must have one text.

use serde_json::Value;

/// The canonical text: keys sorted by their bytes, no spaces, strings as `serde_json` escapes them. Numbers are integers
/// in everything that is hashed here; others are spelt as `serde_json` spells them.
pub fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            // Sorted here and not left to the map, whose order is a cargo feature of serde_json.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            text.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                // A text always has a spelling.
                text.push_str(&serde_json::to_string(key).unwrap_or_default());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
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
