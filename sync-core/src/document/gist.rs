//! What a visit says, whoever holds it and whenever it was played: its reading and its rulings without ids, times, places and
//! signatures, in one order. Two phones that hold the same have the same gist, and so has a visit that was recorded again
//! word by word on another server.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::reading::VisitReading;
use crate::model::Digest;
use crate::sync::wire::RulingNotice;

/// Lists of a reading whose records are told one by one.
const LISTS: [&str; 9] = [
    "sheets",
    "refusals",
    "not_sampled",
    "on_site_reports",
    "arrivals",
    "enterprise",
    "suspensions",
    "prior_claims",
    "evidence",
];

/// The gist as canonical JSON: sorted keys, sorted lists, no white space.
pub fn gist(reading: &VisitReading, rulings: &[RulingNotice]) -> String {
    let read = serde_json::to_value(reading).unwrap_or_default();
    let mut told = Map::new();
    for name in LISTS {
        let records = read.get(name).and_then(Value::as_array);
        let records = records.into_iter().flatten().map(bare);
        told.insert(name.to_owned(), sorted(records));
    }
    let conflicts = reading.conflicts.iter().map(|it| {
        let mut values: Vec<_> = it.values.iter().map(|it| it.value.clone()).collect();
        values.sort();
        json!({ "field": it.path.last(), "open": it.open, "values": values })
    });
    told.insert("conflicts".to_owned(), sorted(conflicts));
    told.insert("notes".to_owned(), json!(reading.notes));
    told.insert("rulings".to_owned(), sorted(rulings.iter().map(ruled)));
    Value::Object(told).to_string()
}

/// SHA-256 of the gist.
pub fn gist_digest(reading: &VisitReading, rulings: &[RulingNotice]) -> Digest {
    Digest(Sha256::digest(gist(reading, rulings)).into())
}

/// Of what kind of subject it is, what came out, and why.
fn ruled(ruling: &RulingNotice) -> Value {
    let findings = ruling.findings.iter();
    let findings = findings.map(|it| json!([it.rule_id, it.severity, it.message]));
    let outcome = serde_json::to_value(&ruling.outcome).unwrap_or_default();
    let subject = serde_json::to_value(&ruling.subject).unwrap_or_default();
    json!({ "of": subject["kind"], "outcome": outcome, "findings": sorted(findings) })
}

fn sorted(values: impl Iterator<Item = Value>) -> Value {
    let mut values: Vec<Value> = values.collect();
    values.sort_by_key(Value::to_string);
    Value::Array(values)
}

/// Drawn anew each time, or said by a clock, or a signature.
fn is_passing(key: &str) -> bool {
    let ends = ["_id", "_at", "_ms", "_no", "location", "by", "maker"];
    let is_passing = ends.iter().any(|end| key.ends_with(end));
    // Numbers that people give stay.
    is_passing && !["notice_no", "licence_no", "lot_no"].contains(&key)
}

fn is_id(text: &str) -> bool {
    uuid::Uuid::parse_str(text).is_ok()
}

fn bare(value: &Value) -> Value {
    match value {
        Value::Object(fields) if fields.keys().any(|key| is_id(key)) => {
            sorted(fields.values().map(bare))
        }
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| !is_passing(key));
            Value::Object(kept.map(|(key, it)| (key.clone(), bare(it))).collect())
        }
        Value::Array(values) => sorted(values.iter().map(bare)),
        Value::String(text) if is_id(text) => Value::Null,
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RefusalId, RulingId, SampleId};
    use crate::rules::{Outcome, Subject, Validity};

    #[test]
    fn a_ruling_says_of_what_it_is_and_not_which_one() {
        let of = |subject| {
            let validity = Validity::Valid;
            ruled(&RulingNotice {
                ruling_id: RulingId(uuid::Uuid::from_u128(1)),
                subject,
                document_id: None,
                version: 1,
                outcome: Outcome::Sample { validity },
                findings: Vec::new(),
                actor: "engine".to_owned(),
                rulebook: "cn@1".to_owned(),
                facts: Digest([0; 32]),
                decided_at_ms: 0,
            })
        };
        let sample = |number| Subject::Sample(SampleId(uuid::Uuid::from_u128(number)));
        assert_eq!(of(sample(1))["of"], "sample");
        assert_eq!(of(sample(1)), of(sample(2)));
        let refusal = Subject::Refusal(RefusalId(uuid::Uuid::from_u128(1)));
        assert_ne!(of(sample(1)), of(refusal));
    }

    #[test]
    fn ids_and_times_are_no_part_of_what_is_said_and_the_rest_is() {
        let one = json!({
            "sample_id": "0190a000-0000-7000-8000-000000000001", "sampled_at": { "wall_ms": 1 }, "lot_no": "L1",
            "seals": { "S-2": "spare", "S-1": "test" },
            "evidence": { "0190a000-0000-7000-8000-000000000002": true },
        });
        let mut other = one.clone();
        other["sample_id"] = json!("0190a000-0000-7000-8000-000000000009");
        other["sampled_at"]["wall_ms"] = json!(2);
        other["evidence"] = json!({ "0190a000-0000-7000-8000-000000000008": true });
        assert_eq!(bare(&one), bare(&other));
        other["lot_no"] = json!("L2");
        assert_ne!(bare(&one), bare(&other));
        assert_eq!(bare(&one)["evidence"], json!([true]));
    }
}
