//! What the document itself tells a dossier: arrivals, entries, sheets as sealed, seals, amendments and other records.

use std::collections::BTreeMap;

use automerge::Automerge;
use serde::Serialize;
use serde_json::{Value, json};
use sync_core::document::reading::{self, Told};
use sync_core::document::{DocumentError, ListedRecord, Surroundings, VisitDocument, project};
use sync_core::model::{Interval, Millis, TimeFact};

use super::RulingView;
use crate::clock::rfc3339;
use crate::services::projection::Around;

/// The document's share of a dossier.
pub struct Reading {
    pub arrivals: Vec<Value>,
    pub entries: Vec<Value>,
    pub samples: Vec<Value>,
    pub seals: Vec<Value>,
    pub amendments: Vec<Value>,
    pub records: Value,
}

/// Reads it, and puts beside each subject how its newest ruling has it.
pub fn read(
    document: Automerge,
    around: &Around,
    rulings: &[RulingView],
) -> Result<Reading, DocumentError> {
    let visit = VisitDocument::from_automerge(document)?;
    let projection = project(&visit, around);
    let mut outcomes: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
    for ruling in rulings {
        let newest = outcomes.entry(&ruling.subject).or_insert((0, "pending"));
        *newest = (*newest).max((ruling.version, &ruling.outcome));
    }
    let outcome = |subject: String| outcomes.get(subject.as_str()).map_or("pending", |it| it.1);

    let mut arrivals = Vec::new();
    let mut entries = Vec::new();
    for (id, entry) in &projection.entries {
        for arrival in &entry.arrivals {
            arrivals.push(json!({
                "arrival_id": arrival.arrival_id, "entry_id": id, "device_id": arrival.device_id,
                "user_id": arrival.user_id, "samplers": arrival.samplers, "assisting": arrival.assisting,
                "notice_no": arrival.notice_no, "id_shown": arrival.id_shown,
                "entered": times(&arrival.entered),
            }));
        }
        entries.push(json!({
            "entry_id": id, "standing": outcome(format!("entry/{id}")), "entered": times(&entry.entered),
            "drew_samples": entry.drew_samples, "joint_entry_id": entry.joint_entry_id,
            "continues": entry.continues, "unexplained_resumption_of": entry.unexplained_resumption_of,
        }));
    }
    let samples = projection
        .sheets
        .iter()
        .map(|listed| {
            let id = listed.sheet.sample_id;
            json!({
                "sample_id": id, "sheet_no": listed.sheet.sheet_no, "sealed": listed.sealed,
                "amended": listed.amended, "faults": listed.faults, "author": listed.author,
                "validity": outcome(format!("sample/{id}")), "sheet": listed.sheet,
            })
        })
        .collect();
    let read = reading::read(&visit, around, projection);
    let records = json!({
        "enterprise": told(around, &read.enterprise, &read.unreadable, "enterprise/"),
        "suspensions": told(around, &read.suspensions, &read.unreadable, "suspensions/"),
        "recusals": told(around, &read.recusals, &read.unreadable, "recusals/"),
        "refusals": told_as_sealed(&visit, around, &read.refusals),
        "not_sampled": told_as_sealed(&visit, around, &read.not_sampled),
        "on_site_reports": told_as_sealed(&visit, around, &read.on_site_reports),
        "prior_claims": told(around, &read.prior_claims, &read.unreadable, "prior_claims/"),
        "evidence": told(around, &read.evidence, &read.unreadable, "evidence/"),
        "notes": read.notes,
    });
    Ok(Reading {
        arrivals,
        entries,
        samples,
        seals: json_of(read.seals),
        amendments: json_of(read.amendments),
        records,
    })
}

fn json_of<T: Serialize>(list: Vec<T>) -> Vec<Value> {
    list.iter().map(|it| json!(it)).collect()
}

/// Records with who wrote them and when the server heard of it; unreadable ones by their path.
fn told<T: Serialize>(
    around: &Around,
    records: &[Told<T>],
    unreadable: &[String],
    shelf: &str,
) -> Vec<Value> {
    let read = records.iter().map(|told| {
        json!({
            "record": told.record, "by": told.by,
            "received_at": around.received_at(&told.maker).map(rfc3339),
        })
    });
    let unreadable = unreadable
        .iter()
        .filter(|path| path.starts_with(shelf))
        .map(|path| json!({ "unreadable": path }));
    read.chain(unreadable).collect()
}

/// Records that people seal, as they are shown: sealed ones as they were sealed.
fn told_as_sealed<T: Serialize>(
    visit: &VisitDocument,
    around: &Around,
    records: &[ListedRecord<T>],
) -> Vec<Value> {
    let told = records.iter().map(|listed| {
        json!({
            "record": listed.record, "by": reading::author(visit, around, &listed.maker),
            "received_at": around.received_at(&listed.maker).map(rfc3339),
            "sealed": listed.seal_id.is_some(), "seal_id": listed.seal_id, "amended": listed.amended,
            "signers": listed.signers, "faults": listed.faults,
        })
    });
    told.collect()
}

/// Both intervals for people: an open end is none.
pub fn times(fact: &TimeFact) -> Value {
    let end = |at: Millis| (at != Millis::MIN && at != Millis::MAX).then(|| rfc3339(at));
    let interval = |it: Interval| json!({ "from": end(it.lo), "to": end(it.hi) });
    json!({
        "claimed": fact.claimed.map(interval), "proven": interval(fact.proven), "wall": rfc3339(fact.wall_ms),
        "contradicts": fact.contradicts(),
    })
}
