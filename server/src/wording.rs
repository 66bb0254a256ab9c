//! A finding as people read it: what the rule engine says, with its words in Chinese and English beside the key.

use serde::{Serialize, Serializer};
use serde_json::Value;
use sync_core::rules::{Finding, Lang, render};

/// The finding with `zh` and `en`.
pub fn finding(finding: &Finding) -> Value {
    let mut view = serde_json::to_value(finding).unwrap_or_default();
    if let Value::Object(fields) = &mut view {
        fields.insert("zh".to_owned(), render(finding, Lang::ZhCn).into());
        fields.insert("en".to_owned(), render(finding, Lang::En).into());
    }
    view
}

/// For `#[serde(serialize_with)]` on a record's findings.
pub fn findings<S: Serializer>(said: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    said.iter()
        .map(finding)
        .collect::<Vec<_>>()
        .serialize(serializer)
}
