//! What the feed says to people who listen: rows about visits that they see, by position. Phones read the feed itself.

use sync_core::model::DocumentId;

use super::visits::{seen, sight};
use crate::access::Principal;
use crate::args;
use crate::store::{Result, Session, statements};

statements! {
    /// What happened to visits that a caller sees, behind one position and up to another. What is written in a confirmation
    /// happens to its case; a visit that goes to enforcement goes there for each of its cases. What goes to a team and to
    /// enforcement is told once. A case office hears of the cases that were handed over to it, and of nothing else of a visit.
    LIST_SEEN = concat!("SELECT f.position, f.entry, f.subject, COALESCE(c.visit_id, f.document_id) AS visit_id, \
        COALESCE(c.subject_id, k.subject_id) AS case_subject FROM feed f \
        LEFT JOIN confirmations c ON c.document_id = f.document_id \
        LEFT JOIN cases k ON f.entry = 'grant' AND k.document_id = f.document_id \
        WHERE f.position > $5 AND f.position <= $6 \
        AND (f.entry IN ('changes', 'ruling') OR (f.entry = 'reference' AND f.subject LIKE 'case/%') \
            OR (f.entry = 'grant' AND f.audience LIKE 'region/%')) \
        AND (c.document_id IS NOT NULL OR f.entry = 'grant' OR f.audience NOT LIKE 'region/%') \
        AND ((f.entry = 'reference' AND EXISTS (SELECT 1 FROM case_progress p WHERE p.document_id = f.document_id \
              AND p.office_id = $2 AND f.subject LIKE '%/' || p.subject_id)) \
          OR COALESCE(c.visit_id, f.document_id) IN (SELECT v.document_id ", seen!(")) \
        ORDER BY f.position, case_subject LIMIT $7"));
}

/// A row of the feed, as far as it is told to people.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its place.
    pub position: i64,
    /// `changes`, `ruling`, `reference` or `grant`.
    pub entry: String,
    /// The visit.
    pub visit: DocumentId,
    /// The ruling's id, or `case/…`.
    pub subject: Option<String>,
    /// The case of the visit that it is about.
    pub case: Option<String>,
}

/// What happened to visits that the caller sees, behind `after` and up to `until`, in order.
pub async fn list_seen(
    db: &mut Session,
    caller: &Principal,
    after: i64,
    until: i64,
    rows_max: i64,
) -> Result<Vec<EventRow>> {
    let mut values = sight(caller);
    values.extend(args![after, until, rows_max]);
    let rows = db.all(&LIST_SEEN, values).await?;
    let rows = rows.iter().map(|row| {
        Ok(EventRow {
            position: row.get("position")?,
            entry: row.get("entry")?,
            visit: row.get("visit_id")?,
            subject: row.get("subject")?,
            case: row.get("case_subject")?,
        })
    });
    rows.collect()
}
