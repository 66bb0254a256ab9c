//! What is wrong with a form: a path, a stable code and the arguments of a message.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
