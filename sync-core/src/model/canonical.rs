//! Canonical JSON: sorted keys, no spaces, one spelling of every value. What is hashed must have one text.

use std::borrow::Cow;

use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::{Error, Value};

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

/// As [`canonical_json`] of what `value` becomes, without making that first: facts are written for every ruling. What has no
/// JSON is `null`.
pub fn canonical_text(value: &impl Serialize) -> String {
    let mut text = Vec::with_capacity(4_096);
    match value.serialize(Writer { text: &mut text }) {
        Ok(()) => String::from_utf8(text).unwrap_or_default(),
        Err(_) => "null".to_owned(),
    }
}

struct Writer<'t> {
    text: &'t mut Vec<u8>,
}

impl<'t> Writer<'t> {
    fn spells(self, value: &impl Serialize) -> Result<(), Error> {
        serde_json::to_writer(self.text, value)
    }

    fn list(self, closes: &'static str) -> List<'t> {
        self.text.push(b'[');
        List {
            text: self.text,
            is_first: true,
            closes,
        }
    }

    fn entries(self, closes: &'static str) -> Entries<'t> {
        self.text.push(b'{');
        Entries {
            begins: self.text.len(),
            text: self.text,
            written: Vec::new(),
            closes,
        }
    }

    /// `{"variant":`, before what the variant holds.
    fn variant(self, name: &'static str) -> Self {
        self.text.push(b'{');
        spell(&name, self.text);
        self.text.push(b':');
        self
    }
}

macro_rules! spelt {
    ($($name:ident: $kind:ty),*) => {$(
        fn $name(self, value: $kind) -> Result<(), Error> { self.spells(&value) }
    )*};
}

impl<'t> Serializer for Writer<'t> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = List<'t>;
    type SerializeTuple = List<'t>;
    type SerializeTupleStruct = List<'t>;
    type SerializeTupleVariant = List<'t>;
    type SerializeMap = Entries<'t>;
    type SerializeStruct = Entries<'t>;
    type SerializeStructVariant = Entries<'t>;

    spelt!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_f32: f32, serialize_f64: f64, serialize_char: char, serialize_str: &str
    );

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Error> {
        self.spells(&bytes)
    }
    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Error> {
        self.spells(&())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.spells(&variant)
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let Writer { text } = self.variant(variant);
        value.serialize(Writer { text })?;
        text.push(b'}');
        Ok(())
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<List<'t>, Error> {
        Ok(self.list("]"))
    }
    fn serialize_tuple(self, _: usize) -> Result<List<'t>, Error> {
        Ok(self.list("]"))
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'t>, Error> {
        Ok(self.list("]"))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'t>, Error> {
        Ok(self.variant(variant).list("]}"))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'t>, Error> {
        Ok(self.entries("}"))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries<'t>, Error> {
        Ok(self.entries("}"))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries<'t>, Error> {
        Ok(self.variant(variant).entries("}}"))
    }
}

struct List<'t> {
    text: &'t mut Vec<u8>,
    is_first: bool,
    closes: &'static str,
}

impl List<'_> {
    fn item<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        if !std::mem::take(&mut self.is_first) {
            self.text.push(b',');
        }
        value.serialize(Writer { text: self.text })
    }

    fn close(self) -> Result<(), Error> {
        self.text.extend_from_slice(self.closes.as_bytes());
        Ok(())
    }
}

macro_rules! lists {
    ($($kind:ident, $item:ident;)*) => {$(
        impl serde::ser::$kind for List<'_> {
            type Ok = ();
            type Error = Error;
            fn $item<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }
            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}
lists! {
    SerializeSeq, serialize_element;
    SerializeTuple, serialize_element;
    SerializeTupleStruct, serialize_field;
    SerializeTupleVariant, serialize_field;
}

/// Entries as they come, each `"key":value,`; they are put in their order when all are there.
struct Entries<'t> {
    text: &'t mut Vec<u8>,
    begins: usize,
    /// Their keys, and where each begins.
    written: Vec<(Cow<'static, str>, usize)>,
    closes: &'static str,
}

impl Entries<'_> {
    fn key(&mut self, key: Cow<'static, str>) {
        let begins = self.text.len();
        spell(&key, self.text);
        self.text.push(b':');
        self.written.push((key, begins));
    }

    fn value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Writer { text: self.text })?;
        self.text.push(b',');
        Ok(())
    }

    fn close(mut self) -> Result<(), Error> {
        let is_sorted =
            |pair: &[(Cow<'static, str>, usize)]| pair[0].0.as_bytes() < pair[1].0.as_bytes();
        if !self.written.windows(2).all(is_sorted) {
            self.sort();
        }
        if !self.written.is_empty() {
            self.text.pop();
        }
        self.text.extend_from_slice(self.closes.as_bytes());
        Ok(())
    }

    fn sort(&mut self) {
        let came = self.text.split_off(self.begins);
        let end = self.begins + came.len();
        let ends = self.written.iter().skip(1).map(|(_, begins)| *begins);
        let ends: Vec<usize> = ends.chain([end]).collect();
        let mut sorted: Vec<_> = self.written.iter().zip(ends).collect();
        // Of two under one key the last one stays, as in a map.
        sorted.sort_by(|((a, _), _), ((b, _), _)| a.as_bytes().cmp(b.as_bytes()));
        for (index, ((key, begins), end)) in sorted.iter().enumerate() {
            let next = sorted.get(index + 1);
            if next.is_none_or(|((next, _), _)| next != key) {
                let entry = &came[begins - self.begins..end - self.begins];
                self.text.extend_from_slice(entry);
            }
        }
    }
}

impl serde::ser::SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Error;
    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Error> {
        let key = match serde_json::to_value(key)? {
            Value::String(key) => key,
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => return Err(Error::custom("a key is a text")),
        };
        self.key(key.into());
        Ok(())
    }
    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }
    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

macro_rules! structs {
    ($($kind:ident),*) => {$(
        impl serde::ser::$kind for Entries<'_> {
            type Ok = ();
            type Error = Error;
            fn serialize_field<T: ?Sized + Serialize>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.key(key.into());
                self.value(value)
            }
            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}
structs!(SerializeStruct, SerializeStructVariant);

/// A text or a scalar: it always has a spelling, and memory takes it.
fn spell(value: &impl Serialize, text: &mut Vec<u8>) {
    let _ = serde_json::to_writer(text, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;

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

    #[test]
    fn what_is_written_at_once_is_what_its_value_would_be() {
        use std::collections::BTreeMap;

        #[derive(Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Kind {
            Bare,
            Holds(i64),
            Pair(bool, char),
            Named { z: u8, a: Option<&'static str> },
        }
        #[derive(Serialize)]
        struct Mixed {
            z: f64,
            kinds: Vec<Kind>,
            #[serde(skip_serializing_if = "Option::is_none")]
            nothing: Option<u8>,
            by_number: BTreeMap<i64, ()>,
            by_text: BTreeMap<String, [u8; 2]>,
            empty: BTreeMap<u8, u8>,
            #[serde(flatten)]
            more: BTreeMap<String, Value>,
            a: (),
        }
        let texts = ["", "\"", "!", "#", "\\", "\n", "中", "a", "A", "\u{1f}"];
        let mixed = Mixed {
            z: 1.5,
            kinds: vec![
                Kind::Bare,
                Kind::Holds(-1),
                Kind::Pair(true, '"'),
                Kind::Named { z: 1, a: None },
                Kind::Named {
                    z: 2,
                    a: Some("文"),
                },
            ],
            nothing: None,
            by_number: BTreeMap::from([(-2, ()), (1, ()), (10, ()), (9, ())]),
            by_text: texts.map(|text| (text.to_owned(), [1, 2])).into(),
            empty: BTreeMap::new(),
            more: BTreeMap::from([
                (
                    "m".to_owned(),
                    serde_json::json!({ "y": [1, {}], "x": null }),
                ),
                ("z".to_owned(), Value::Bool(true)),
            ]),
            a: (),
        };
        let value = serde_json::to_value(&mixed).unwrap();
        assert_eq!(canonical_text(&mixed), canonical_json(&value));
        for scalar in [Value::Null, Value::from("a\"b"), Value::from(u64::MAX)] {
            assert_eq!(canonical_text(&scalar), canonical_json(&scalar));
        }
        let keyed_by_list = BTreeMap::from([(vec![1], 1)]);
        assert_eq!(canonical_text(&keyed_by_list), "null");
    }
}
