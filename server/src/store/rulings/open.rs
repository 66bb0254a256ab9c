//! What the rules leave to a person (裁定): entries that are contested and samples that need a ruling, scoped as lists of visits
//! are.

use sync_core::model::{DocumentId, Millis};

use crate::access::Principal;
use crate::args;
use crate::store::sync::visits::{in_sight, sight};
use crate::store::{Result, Session, statements};

statements! {
    /// A page, the newest visit first. Few of all subjects are open: those are gone through, and each one's visit is looked up;
    /// the order of a CROSS JOIN is the one that SQLite keeps.
    LIST = concat!("SELECT v.sort_at, v.document_id, v.enterprise, v.enterprise_name, s.subject, s.kind, s.outcome \
        FROM subject_outcomes s CROSS JOIN visits v WHERE v.document_id = s.document_id \
          AND s.outcome IN ('contested', 'needs_ruling') AND s.kind IN ('entry', 'sample') \
          AND (CAST($9 AS TEXT) = '' OR s.kind = $9) AND (v.sort_at < $5 OR (v.sort_at = $5 AND (v.document_id < $6 OR (v.document_id = $6 AND s.subject > $7)))) \
          AND ", in_sight!(), " ORDER BY v.sort_at DESC, v.document_id DESC, s.subject LIMIT $8");
}

/// Where a page ended: what visits are sorted by, the visit, the subject.
pub type Place = (Millis, DocumentId, String);

/// Something that a person has to decide.
#[derive(Clone, Debug)]
pub struct OpenRow {
    /// What visits are sorted by.
    pub sort_at: Millis,
    /// The visit.
    pub document: DocumentId,
    /// 受检单位, by its key after aliases.
    pub enterprise: String,
    /// Its name.
    pub enterprise_name: Option<String>,
    /// `entry/…` or `sample/…`.
    pub subject: String,
    /// `entry` or `sample`.
    pub kind: String,
    /// `contested` or `needs_ruling`.
    pub outcome: String,
}

/// A page of them, in visits that the caller sees; of one kind, or of both if it is empty.
pub async fn list(
    db: &mut Session,
    caller: &Principal,
    kind: &str,
    after: Option<Place>,
    rows_max: u32,
) -> Result<Vec<OpenRow>> {
    let first = || (Millis::MAX, DocumentId([u8::MAX; 32]), String::new());
    let after = after.unwrap_or_else(first);
    let mut values = sight(caller);
    values.extend(args![after.0, after.1, after.2, rows_max, kind]);
    let rows = db.all(&LIST, values).await?;
    let rows = rows.iter().map(|row| {
        Ok(OpenRow {
            sort_at: row.get("sort_at")?,
            document: row.get("document_id")?,
            enterprise: row.get("enterprise")?,
            enterprise_name: row.get("enterprise_name")?,
            subject: row.get("subject")?,
            kind: row.get("kind")?,
            outcome: row.get("outcome")?,
        })
    });
    rows.collect()
}
