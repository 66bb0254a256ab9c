//! Fields of documents and what stands in them, as people call and read them: where the story, a conflict, an amendment or
//! what lies aside tells what was written. A field without a word, and a value that is nothing but itself, stand as they are.

use serde_json::Value;
use sync_core::model::Milli;
use sync_core::model::fault_words::{place_in_chinese, place_in_english};
use sync_core::wording::in_list;

use super::super::language::Language;
use super::super::regions;
use super::super::when::{Count, When, written_day};
use super::view::Teller;

/// Bytes of a hash that are shown of it, as digits: enough to tell two apart.
const HASH_SHOWN: usize = 12;

/// A field by its place in an item, `sampled_party.name` or a path of its parts.
pub fn name(teller: &Teller<'_>, path: &[&str]) -> String {
    let language = teller.language();
    let joint = language.pick("·", ", ");
    let parts = path.iter().flat_map(|part| part.split('.'));
    let told = parts.map(|part| match is_id(part) {
        // One of several: who it is of, where that is somebody.
        true => teller.known(part).unwrap_or_else(|| short(part)),
        false => match language {
            Language::Zh => place_in_chinese(part),
            Language::En => place_in_english(part),
        },
    });
    Vec::from_iter(told).join(joint)
}

/// What stands in it: JSON as the document has it.
pub fn value(teller: &Teller<'_>, root: &str, field: &str, written: &str) -> String {
    match serde_json::from_str::<Value>(written) {
        Ok(value) => read(teller, root, field, &value),
        Err(_) => written.to_owned(),
    }
}

fn read(teller: &Teller<'_>, root: &str, field: &str, value: &Value) -> String {
    let (w, language) = (teller.w(), teller.language());
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => w.yes.to_owned(),
        Value::Bool(false) => w.no.to_owned(),
        Value::Number(number) => match (number.as_i64(), field.rsplit('_').next()) {
            (Some(milli), Some("milli")) => Milli(milli).to_string(),
            (Some(fen), Some("fen")) => {
                format!("{} {}", Milli(fen * 10), w.yuan)
            }
            (Some(number), Some("serial")) => number.to_string(),
            (Some(number), _) => Count(number).to_string(),
            (None, _) => number.to_string(),
        },
        Value::String(text) => plain(teller, root, field, text),
        Value::Array(items) => {
            let told = items.iter().map(|it| read(teller, root, field, it));
            Vec::from_iter(told).join(language.pick("、", ", "))
        }
        Value::Object(fields) => {
            if let Some(wall) = fields.get("wall_ms").and_then(Value::as_i64) {
                return When::at(language, wall).text;
            }
            let e7 = |name: &str| fields.get(name)?.as_i64().map(|it| it as f64 / 1e7);
            if let (Some(latitude), Some(longitude)) = (e7("latitude_e7"), e7("longitude_e7")) {
                return format!("{latitude:.5}, {longitude:.5}");
            }
            // What is one register is told part by part.
            let told = fields.iter().filter_map(|(part, value)| {
                let said = read(teller, root, part, value);
                (!said.is_empty()).then(|| format!("{} {said}", name(teller, &[part.as_str()])))
            });
            Vec::from_iter(told).join(language.pick("；", "; "))
        }
    }
}

/// A text: a word of a list, somebody, a region, a hash, or what was typed.
fn plain(teller: &Teller<'_>, root: &str, field: &str, text: &str) -> String {
    let list = match (root, field) {
        (_, "sampling_kind" | "channel" | "spare_location" | "purpose") => field,
        ("evidence", "kind") => "evidence_kind",
        ("refusals", "kind") => "refusal_kind",
        ("not_sampled", "reason") => "not_sampled_reason",
        (_, "grounds") => "report_grounds",
        (_, "task_level") => "authority_level",
        (_, "outcome") => "confirmation_outcome",
        ("sheets", "seals") => "seal_use",
        _ => "",
    };
    if let Some(words) = in_list(list, text) {
        return teller.language().pick(words.zh, words.en).to_owned();
    }
    let w = teller.w();
    match (field, text) {
        ("kind", "visit") => return w.visit.to_owned(),
        ("kind", _) => return name(teller, &[text]),
        ("party", "signed") => return w.party_signed.to_owned(),
        ("party", "refused_to_sign") => return w.party_refused.to_owned(),
        _ => {}
    }
    match field {
        "region" => regions::named(teller.language(), text),
        _ if field.ends_with("_date") || field.ends_with("_on") => {
            written_day(teller.language(), text)
        }
        _ if is_id(text) => teller.known(text).unwrap_or_else(|| short(text)),
        _ if is_hash(text) => short(text),
        _ => text.to_owned(),
    }
}

/// Whether it is an id of something: 8-4-4-4-12 digits, or the hash of a document.
fn is_id(text: &str) -> bool {
    text.parse::<uuid::Uuid>().is_ok()
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn short(text: &str) -> String {
    // The end of an id of ours differs most; of a hash any part does.
    let begin = text.len().saturating_sub(HASH_SHOWN);
    match is_hash(text) {
        true => format!("{}…", &text[..HASH_SHOWN]),
        false => format!("…{}", text.get(begin..).unwrap_or(text)),
    }
}
