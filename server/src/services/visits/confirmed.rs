//! What enforcement confirmed of a visit (现场确认), for its dossier: the documents as they read, with what proves each of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_core::document::read_confirmation;
use sync_core::model::{DocumentId, EnterpriseKey, Location, UserId};
use sync_core::rules::{ConfirmationFact, EntryFact, Facts};

use super::RulingView;
use super::reading::times;
use crate::problem::Problem;
use crate::services::projection::{self, Certified};
use crate::services::visits::AsideView;
use crate::store::Session;
use crate::store::sync::{changes, confirmations, documents};

/// Confirmations of a visit, told.
pub struct Confirmed {
    /// Each document.
    pub told: Vec<Value>,
    /// Whom they mention.
    pub mentioned: BTreeSet<UserId>,
}

/// Reads every confirmation that names a visit: also what does not count, and what waits or lies in quarantine.
pub async fn of_visit(
    db: &mut Session,
    facts: &Facts,
    visit: DocumentId,
    rulings: &[RulingView],
) -> Result<Confirmed, Problem> {
    let (mut told, mut mentioned) = (Vec::new(), BTreeSet::new());
    let mut certified = Certified::default();
    for id in confirmations::list_of_visit(db, visit).await? {
        let Some(row) = documents::find(db, id).await? else {
            continue;
        };
        let enterprise = EnterpriseKey(row.enterprise_key.clone());
        let read = projection::confirmation(db, &mut certified, &row, &enterprise).await?;
        let Some((document, around)) = read else {
            continue;
        };
        let reading = read_confirmation(&document, &around);
        let aside = changes::list_aside(db, id).await?;
        let aside: Vec<AsideView> = aside.into_iter().map(AsideView::from).collect();
        mentioned.extend(reading.projection.authors.iter().copied());
        let fact = reading.projection.fact.clone();
        if let Some(fact) = &fact {
            mentioned.extend(fact.officers.iter().copied());
            mentioned.extend(fact.opinions.iter().map(|it| it.officer));
        }
        told.push(json!({
            "findings": findings(rulings, &reading.projection.identity.confirmation.to_string()),
            "proof": fact.as_ref().map(|fact| proof(facts, visit, fact)),
            "aside": aside, "reading": reading,
        }));
    }
    Ok(Confirmed { told, mentioned })
}

/// What the rulings that stand say of one confirmation, each with its article.
fn findings(rulings: &[RulingView], confirmation: &str) -> Vec<Value> {
    let stands = |it: &&RulingView| {
        let others = rulings.iter();
        let mut newer = others.filter(|other| other.subject == it.subject);
        !newer.any(|other| other.version > it.version)
    };
    let said = rulings.iter().filter(stands).flat_map(|it| &it.findings);
    let of_it = said.filter(|it| it["arguments"]["confirmation"] == confirmation);
    of_it.cloned().collect()
}

/// Where, when and beside whom it was made, as far as that is known.
fn proof(facts: &Facts, visit: DocumentId, fact: &ConfirmationFact) -> Value {
    let known = facts.visits.get(&visit);
    let (happened, entry) = match fact.subject {
        sync_core::model::ConfirmedSubject::Refusal(id) => {
            let refusal = known.and_then(|known| known.refusals.get(&id));
            (
                refusal.map(|it| it.refused),
                refusal.and_then(|it| it.entry_id.as_ref()),
            )
        }
        sync_core::model::ConfirmedSubject::OnSiteReport(id) => {
            let report = known.and_then(|known| known.reports.get(&id));
            (
                report.map(|it| it.reported),
                report.and_then(|it| it.entry_id.as_ref()),
            )
        }
    };
    let entry = entry.and_then(|id| facts.entries.get(id));
    let together = fact.co_signatures.iter().map(|it| {
        json!({
            "device_id": it.device_id, "user_id": it.user_id, "asked": times(&it.asked),
            "answered": times(&it.answered),
            "metres_apart": it.asked_from.as_ref().zip(it.answered_from.as_ref()).map(|(a, b)| metres(a, b)),
        })
    });
    json!({
        "metres_from_entry": nearest(entry, fact.location.as_ref()), "location": fact.location,
        "confirmed": times(&fact.confirmed), "happened": happened.map(|it| times(&it)),
        "co_signatures": together.collect::<Vec<_>>(), "opinions": fact.opinions,
    })
}

fn metres(a: &Location, b: &Location) -> i64 {
    a.millimetres_from(b) / 1_000
}

/// How far from the nearest place where a phone of the entry walked in; none where one of the two is not known.
fn nearest(entry: Option<&EntryFact>, stood: Option<&Location>) -> Option<i64> {
    let stood = stood.filter(|place| place.counts())?;
    let arrivals = entry?.arrivals.iter();
    let places = arrivals.filter_map(|it| it.location.as_ref());
    let places = places.filter(|place| place.counts());
    places.map(|place| metres(stood, place)).min()
}
