//! Ids, words and JSON at the border: texts outside, types inside.

use std::str::FromStr;

use serde::Serialize;
use serde_json::Value;

use crate::client::Done;
use crate::error::ClientError;

/// An id that an app gives.
pub(super) fn id<T: FromStr>(text: &str) -> Done<T> {
    let read = text.trim().parse();
    read.map_err(|_| ClientError::new("id.malformed", "This is no such id").with(text))
}

/// An id that may be left out.
pub(super) fn maybe_id<T: FromStr>(text: Option<&String>) -> Done<Option<T>> {
    text.map(|text| id(text)).transpose()
}

/// Several ids.
pub(super) fn ids<T: FromStr>(texts: &[String]) -> Done<Vec<T>> {
    texts.iter().map(|text| id(text)).collect()
}

/// Fields of a form as JSON: an object.
pub(super) fn fields(json: &str) -> Done<Value> {
    let malformed = || ClientError::new("json.malformed", "Fields are given as a JSON object");
    match serde_json::from_str(json) {
        Ok(Value::Object(fields)) => Ok(Value::Object(fields)),
        Ok(_) => Err(malformed()),
        Err(error) => Err(malformed().with(error)),
    }
}

/// The word under which something is written: of a tagged value its tag's.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(Value::Object(fields)) => {
            let mut values = fields.into_iter().filter_map(|(_, it)| match it {
                Value::String(text) => Some(text),
                _ => None,
            });
            values.next().unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// Anything as JSON text.
pub(super) fn text<T: Serialize>(value: &T) -> Done<String> {
    serde_json::to_string(value)
        .map_err(|error| ClientError::new("store.failed", "This cannot be shown").with(error))
}
