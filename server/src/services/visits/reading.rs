//! What the document itself tells a dossier: arrivals, entries, sheets as sealed, seals, amendments and other records.

use std::collections::BTreeMap;

use automerge::Automerge;
use serde::Serialize;
use serde_json::{Value, json};
use sync_core::document::{
    Certificates, DocumentError, Items, ListedRecord, Surroundings, VisitDocument, history, project,
};
use sync_core::model::{ChangeHash, Interval, Millis, SealSubject, TimeFact};

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
    let (seals, amendments) = sealed(&visit, around);
    let records = json!({
        "enterprise": told(&visit, around, visit.enterprise()),
        "suspensions": told(&visit, around, visit.suspensions()),
        "recusals": told(&visit, around, visit.recusals()),
        "refusals": told_as_sealed(&visit, around, &projection.refusals),
        "not_sampled": told_as_sealed(&visit, around, &projection.not_sampled),
        "on_site_reports": told_as_sealed(&visit, around, &projection.on_site_reports),
        "prior_claims": told(&visit, around, visit.prior_claims()),
        "evidence": told(&visit, around, visit.evidence()),
        "notes": visit.notes().unwrap_or_default(),
    });
    Ok(Reading {
        arrivals,
        entries,
        samples,
        seals,
        amendments,
        records,
    })
}

fn sealed(visit: &VisitDocument, around: &Around) -> (Vec<Value>, Vec<Value>) {
    let seals = visit.seals().items;
    let mut subjects: Vec<SealSubject> = Vec::new();
    let shown = seals
        .iter()
        .map(|seal| {
            let subject = &seal.value.statement.subject;
            if !subjects.contains(subject) {
                subjects.push(*subject);
            }
            let verdict = visit.verify_seal(seal, around);
            json!({
                "seal_id": seal.value.seal_id, "subject": subject, "statement": seal.value.statement,
                "digest": seal.value.statement.digest(), "device_signed": verdict.device_signed,
                "signers": verdict.signers, "party_signed": verdict.party_signed, "faults": verdict.faults,
                "signatures": seal.value.signatures, "party_signature": seal.value.party_signature,
                "sealed_at": seal.value.sealed_at,
                "by": author(visit, around, &seal.maker),
            })
        })
        .collect();
    let amendments = subjects
        .iter()
        .flat_map(|subject| {
            visit.amendments(subject).into_iter().map(move |record| {
                json!({
                    "subject": subject, "by": author(visit, around, &record.change),
                    "verdict": visit.verify_amendment(&record, around), "amendment": record,
                })
            })
        })
        .collect();
    (shown, amendments)
}

/// Items with who wrote them and when the server heard of it; unreadable ones by their path.
fn told<T: Serialize>(visit: &VisitDocument, around: &Around, items: Items<T>) -> Vec<Value> {
    let read = items.items.iter().map(|item| {
        json!({
            "record": item.value, "by": author(visit, around, &item.maker),
            "received_at": around.received_at(&item.maker).map(rfc3339),
        })
    });
    let unreadable = items
        .unreadable
        .iter()
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
            "record": listed.record, "by": author(visit, around, &listed.maker),
            "received_at": around.received_at(&listed.maker).map(rfc3339),
            "sealed": listed.seal_id.is_some(), "seal_id": listed.seal_id, "amended": listed.amended,
            "signers": listed.signers, "faults": listed.faults,
        })
    });
    told.collect()
}

/// The certified author of a change.
fn author(visit: &VisitDocument, around: &Around, change: &ChangeHash) -> Option<Value> {
    let actor = history::author_of(visit.automerge(), change)?;
    let certificate = around.device(&actor)?;
    Some(json!({
        "user_id": certificate.user_id, "user_name": certificate.user_name, "device_id": certificate.device_id,
    }))
}

/// Both intervals for people: an open end is none.
fn times(fact: &TimeFact) -> Value {
    let end = |at: Millis| (at != Millis::MIN && at != Millis::MAX).then(|| rfc3339(at));
    let interval = |it: Interval| json!({ "from": end(it.lo), "to": end(it.hi) });
    json!({
        "claimed": fact.claimed.map(interval), "proven": interval(fact.proven), "wall": rfc3339(fact.wall_ms),
        "contradicts": fact.contradicts(),
    })
}
