//! What is wrong with a form: a path, a stable code and the arguments of a message.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limits::FIELD_CHARS_MAX;

/// One fault of a form. The code is stable; the words are the catalogue's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fault {
    /// Where, as `sampled_party.uscc`.
    pub path: String,
    /// What, as `required`, `check_digit`, `before_minimum`.
    pub code: String,
    /// Arguments of the message.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, String>,
}

impl Fault {
    /// A fault without arguments.
    pub fn new(path: impl Into<String>, code: &str) -> Self {
        Self {
            path: path.into(),
            code: code.into(),
            arguments: BTreeMap::new(),
        }
    }
    /// The same with one more argument.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.arguments.insert(name.into(), value.to_string());
        self
    }
    /// As findings name it: `<form>.<path>.<code>`.
    pub fn key(&self, form: &str) -> String {
        format!("{form}.{}.{}", self.path, self.code)
    }
}

/// A fault for every text of a form that is longer than the limit or holds what nobody types: a null byte or another
/// control character. Names of a map (the numbers of seals) are texts as well, and stand under the map's path.
pub(super) fn text_faults(path: &str, value: &serde_json::Value, faults: &mut Vec<Fault>) {
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match value {
        serde_json::Value::String(text) => one_text(path, text, faults),
        serde_json::Value::Object(map) => {
            for (name, value) in map {
                // A token is signed bytes, not somebody's words.
                if name == "token" {
                    continue;
                }
                let before = faults.len();
                one_text(path, name, faults);
                if faults.len() == before {
                    text_faults(&below(name), value, faults);
                }
            }
        }
        serde_json::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                text_faults(&below(&index.to_string()), value, faults);
            }
        }
        _ => {}
    }
}

fn one_text(path: &str, text: &str, faults: &mut Vec<Fault>) {
    if text.chars().count() > FIELD_CHARS_MAX {
        faults.push(Fault::new(path, "too_long").with("chars_max", FIELD_CHARS_MAX));
    }
    let typed = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if !text.chars().all(typed) {
        faults.push(Fault::new(path, "control_character"));
    }
}
