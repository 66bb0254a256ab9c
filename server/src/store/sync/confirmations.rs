//! Confirmations (现场确认) as projected: whose case they are, and what they say to the rules of the visit that they name.

use sync_core::document::ConfirmationProjection;
use sync_core::model::{ConfirmedSubject, DocumentId, Millis};
use sync_core::rules::ConfirmationFact;

use crate::args;
use crate::store::{Result, Session, StoreError, Tx, Value, bulk, statements};

statements! {
    /// Confirmations of a visit.
    LIST_OF_VISIT = "SELECT document_id FROM confirmations WHERE visit_id = $1 ORDER BY document_id";
}

bulk! {
    /// Confirmations as they stand.
    PUT = ("INSERT INTO confirmations (document_id, visit_id, confirmation_id, subject_kind, subject_id, region, outcome, \
        confirmed_at, faults, fact, changed_at) VALUES", 0, 11,
        " ON CONFLICT (document_id) DO UPDATE SET outcome = excluded.outcome, confirmed_at = excluded.confirmed_at, \
        faults = excluded.faults, fact = excluded.fact, changed_at = excluded.changed_at");
    /// What they say of visits.
    LIST_FACTS = ("SELECT visit_id, fact FROM confirmations WHERE fact IS NOT NULL AND visit_id IN (", 0, 1,
        ") ORDER BY visit_id, document_id");
}

fn json(name: &'static str, value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Column {
        name,
        wanted: "plain data",
    })
}

/// What a confirmation is of, as it is stored: the kind of record, and its id.
pub fn subject_columns(subject: &ConfirmedSubject) -> (&'static str, String) {
    match subject {
        ConfirmedSubject::Refusal(id) => ("refusal", id.to_string()),
        ConfirmedSubject::OnSiteReport(id) => ("on_site_report", id.to_string()),
    }
}

/// Stores confirmations as they stand.
pub async fn put(tx: &mut Tx, confirmed: &[ConfirmationProjection], now: Millis) -> Result<()> {
    let mut rows = Vec::new();
    for it in confirmed {
        let (subject_kind, subject_id) = subject_columns(&it.identity.subject);
        let fact = it.fact.as_ref();
        rows.push(args![
            it.document_id,
            it.identity.visit.document_id(),
            it.identity.confirmation.to_string(),
            subject_kind,
            subject_id,
            it.identity.region.to_string(),
            it.record.as_ref().map(|form| form.record.outcome.clone()),
            fact.map(|fact| fact.confirmed.earliest_known()),
            json("faults", &it.faults)?,
            fact.map(|fact| json("fact", fact)).transpose()?,
            now
        ]);
    }
    tx.exec_rows(&PUT, rows).await
}

/// What sealed confirmations say of visits, those that came before their visit among them.
pub async fn list_facts(
    db: &mut Session,
    visits: impl IntoIterator<Item = DocumentId>,
) -> Result<Vec<(DocumentId, ConfirmationFact)>> {
    let ids = visits.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_FACTS, args![], ids).await?;
    let facts = rows.iter().map(|row| {
        let fact: String = row.get("fact")?;
        let fact = serde_json::from_str(&fact).map_err(|_| StoreError::Column {
            name: "fact",
            wanted: "a fact of the rules",
        })?;
        Ok((row.get("visit_id")?, fact))
    });
    facts.collect()
}

/// Confirmations of a visit, by their documents.
pub async fn list_of_visit(db: &mut Session, visit: DocumentId) -> Result<Vec<DocumentId>> {
    let rows = db.all(&LIST_OF_VISIT, args![visit]).await?;
    rows.iter().map(|row| row.get("document_id")).collect()
}
