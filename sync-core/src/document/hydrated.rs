//! Reads typed values out of `automerge::hydrate::Value` with serde. Values come from untrusted authors: a wrong type is
//! an error with its path, never a panic, and the caller reads item by item, so that one bad item hides no other.

use std::fmt;

use automerge::ScalarValue;
use automerge::hydrate::{Map, Value};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// Why an item cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(String);

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Reads `T` from a hydrated value. Depth is bounded by the guard before anything is hydrated.
pub fn from_hydrated<T: DeserializeOwned>(value: &Value) -> Result<T, ReadError> {
    T::deserialize(Hydrated(value))
}

#[derive(Clone, Copy)]
struct Hydrated<'de>(&'de Value);

impl<'de> IntoDeserializer<'de, ReadError> for Hydrated<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// Keys in one order, so that the error for a document with two faults is the same everywhere.
fn sorted(map: &Map) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = map.iter().map(|(key, held)| (key, &held.value)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

impl<'de> de::Deserializer<'de> for Hydrated<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Value::Scalar(scalar) => visit_scalar(scalar, visitor),
            Value::Text(text) => visitor.visit_string(text.to_string()),
            Value::Map(map) => visitor.visit_map(MapDeserializer::new(
                sorted(map)
                    .into_iter()
                    .map(|(key, value)| (key.as_str(), Hydrated(value))),
            )),
            Value::List(list) => visitor.visit_seq(SeqDeserializer::new(
                list.iter().map(|held| Hydrated(&held.value)),
            )),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.0 {
            Value::Scalar(ScalarValue::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.0 {
            Value::Scalar(ScalarValue::Str(variant)) => {
                visitor.visit_enum(variant.as_str().into_deserializer())
            }
            Value::Map(map) => {
                let single = sorted(map);
                de::value::MapAccessDeserializer::new(MapDeserializer::new(
                    single
                        .into_iter()
                        .map(|(key, value)| (key.as_str(), Hydrated(value))),
                ))
                .deserialize_enum(name, variants, visitor)
            }
            other => Err(de::Error::invalid_type(
                unexpected(other),
                &"an enumeration",
            )),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn visit_scalar<'de, V: Visitor<'de>>(
    scalar: &'de ScalarValue,
    visitor: V,
) -> Result<V::Value, ReadError> {
    match scalar {
        ScalarValue::Str(text) => visitor.visit_borrowed_str(text),
        ScalarValue::Int(number) | ScalarValue::Timestamp(number) => visitor.visit_i64(*number),
        ScalarValue::Uint(number) => visitor.visit_u64(*number),
        ScalarValue::F64(number) => visitor.visit_f64(*number),
        ScalarValue::Boolean(truth) => visitor.visit_bool(*truth),
        ScalarValue::Null => visitor.visit_unit(),
        ScalarValue::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
        ScalarValue::Counter(count) => visitor.visit_i64(i64::from(count)),
        ScalarValue::Unknown { .. } => Err(de::Error::invalid_type(
            de::Unexpected::Other("a value of unknown type"),
            &visitor,
        )),
    }
}

fn unexpected(value: &Value) -> de::Unexpected<'_> {
    match value {
        Value::Scalar(ScalarValue::Int(number) | ScalarValue::Timestamp(number)) => {
            de::Unexpected::Signed(*number)
        }
        Value::Scalar(ScalarValue::Boolean(truth)) => de::Unexpected::Bool(*truth),
        Value::Scalar(ScalarValue::Null) => de::Unexpected::Unit,
        Value::Scalar(_) => de::Unexpected::Other("another scalar"),
        Value::Text(_) => de::Unexpected::Other("a text object"),
        Value::Map(_) => de::Unexpected::Map,
        Value::List(_) => de::Unexpected::Seq,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use automerge::transaction::Transactable;
    use automerge::{Automerge, ObjType, ROOT};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Channel {
        Production,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "purpose", rename_all = "snake_case")]
    enum Purpose {
        Case { case_no: Option<String> },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sheet {
        name: String,
        count: i64,
        channel: Channel,
        #[serde(default)]
        lot: Option<String>,
        note: String,
        #[serde(flatten)]
        purpose: Purpose,
        seals: BTreeMap<String, bool>,
    }

    fn sheet(edit: impl FnOnce(&mut automerge::transaction::Transaction<'_>)) -> Value {
        let mut doc = Automerge::new();
        doc.transact(|tx| {
            tx.put(ROOT, "name", "井盖")?;
            tx.put(ROOT, "count", 3)?;
            tx.put(ROOT, "channel", "production")?;
            tx.put(ROOT, "purpose", "case")?;
            tx.put(ROOT, "case_no", ScalarValue::Null)?;
            let seals = tx.put_object(ROOT, "seals", ObjType::Map)?;
            tx.put(&seals, "F-1", true)?;
            let note = tx.put_object(ROOT, "note", ObjType::Text)?;
            tx.splice_text(&note, 0, 0, "堆场东侧")?;
            edit(tx);
            Ok::<_, automerge::AutomergeError>(())
        })
        .unwrap();
        doc.hydrate(None)
    }

    #[test]
    fn every_shape_of_the_schema_is_read() {
        let read: Sheet = from_hydrated(&sheet(|_| {})).unwrap();
        let expected = Sheet {
            name: "井盖".into(),
            count: 3,
            channel: Channel::Production,
            lot: None,
            note: "堆场东侧".into(),
            purpose: Purpose::Case { case_no: None },
            seals: BTreeMap::from([("F-1".into(), true)]),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_wrong_type_is_an_error_and_no_panic() {
        for (key, value) in [
            ("count", ScalarValue::Str("three".into())),
            ("count", ScalarValue::Bytes(vec![1])),
            ("channel", ScalarValue::Int(7)),
            ("channel", ScalarValue::Str("by_drone".into())),
            ("purpose", ScalarValue::Null),
            ("seals", ScalarValue::F64(f64::NAN)),
        ] {
            let read = from_hydrated::<Sheet>(&sheet(|tx| tx.put(ROOT, key, value).unwrap()));
            assert!(read.is_err(), "{key}: {read:?}");
        }
    }
}
