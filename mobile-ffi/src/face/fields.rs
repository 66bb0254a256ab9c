//! Ids, words and JSON at the border: texts outside, types inside.

use std::str::FromStr;

use serde::Serialize;
use serde_json::Value;

use crate::client::Done;
use crate::error::ClientError;

/// An id that an app gives.
pub(super) fn id<T: FromStr>(text: &str) -> Done<T> {
    let read = text.trim().parse();
    // Not the text itself: what stands in an id's place by mistake may be a name or a PIN.
    let length = || format!("a text of {} characters", text.chars().count());
    read.map_err(|_| ClientError::new("id.malformed", "This is no such id").with(length()))
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

/// The word under which something is written: of what has a kind and an id `kind/id`, of another tagged value its tag's.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(Value::Object(fields)) => {
            let named = |name: &str| fields.get(name).and_then(Value::as_str);
            if let (Some(kind), Some(id)) = (named("kind"), named("id")) {
                return format!("{kind}/{id}");
            }
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

#[cfg(test)]
mod tests {
    use sync_core::model::RefusalId;
    use sync_core::rules::{Outcome, RefusalStanding, Severity, Subject};

    use super::*;

    #[test]
    fn subjects_are_told_with_their_kind_and_outcomes_by_their_word() {
        let id = "0190a000-0000-7000-8000-000000000001";
        let subject = Subject::Refusal(super::id::<RefusalId>(id).unwrap());
        assert_eq!(word(&subject), format!("refusal/{id}"));
        let outcome = Outcome::Refusal {
            refusal: RefusalStanding::Confirmed,
        };
        assert_eq!(word(&outcome), "confirmed");
        assert_eq!(word(&Severity::NeedsRuling), "needs_ruling");
    }

    #[test]
    fn fields_are_an_object_and_ids_are_ids() {
        assert_eq!(fields("[]").unwrap_err().code, "json.malformed");
        assert_eq!(fields("{").unwrap_err().code, "json.malformed");
        assert!(fields("{}").is_ok());
        assert_eq!(
            super::id::<RefusalId>("x").unwrap_err().code,
            "id.malformed"
        );
    }
}
