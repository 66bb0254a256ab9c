//! Visits as a caller sees them: a sampler their own, a body its own, an authority those of its tasks and campaigns and
//! of its regions and below, enforcement the cases of its regions. The scope is inside every query.

use std::collections::HashMap;

use sync_core::model::{DocumentId, Millis};

use crate::access::{OrganisationKind, Principal};
use crate::args;
use crate::store::bulk::bulk;
use crate::store::{Result, Row, Session, Value, statements};
use sync_core::proof::Role;

/// Takes $1 user, $2 organisation, $3 whether they sample only, $4 as what they see more than their own: 1 for an authority,
/// 2 for who only enforces there and sees the cases of their regions, 0 for anybody else. What can be looked up once for a
/// whole list is: a list asks this of every visit there is, where its caller sees few.
macro_rules! in_sight {
    () => {
        "((v.body_id = $2 AND $3 = 0) \
            OR v.team_id IN (SELECT m.team_id FROM team_members m WHERE m.user_id = $1) \
            OR v.document_id IN (SELECT a.document_id FROM document_authors a WHERE a.user_id = $1) \
            OR ($4 = 1 AND (\
                  EXISTS (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND v.region LIKE r.prefix || '%') \
               OR v.campaign_id IN (SELECT c.campaign_id FROM campaigns c \
                    JOIN organisations o ON o.organisation_id = c.authority_id \
                    JOIN user_regions r ON o.region LIKE r.prefix || '%' WHERE r.user_id = $1) \
               OR EXISTS (SELECT 1 FROM samples s WHERE s.document_id = v.document_id \
                    AND s.task_id IN (SELECT t.task_id FROM tasks t WHERE t.authority_id = $2)))) \
            OR ($4 = 2 AND v.document_id IN (SELECT s.document_id FROM shared_documents s \
                  JOIN user_regions r ON s.region LIKE r.prefix || '%' WHERE r.user_id = $1)))"
    };
}
pub(crate) use in_sight;

/// Visits `v` that a caller sees, by the arguments of [`in_sight`].
macro_rules! seen {
    ($rest:literal) => {
        concat!(
            "FROM visits v WHERE ",
            $crate::store::sync::visits::in_sight!(),
            $rest
        )
    };
}

/// Confirmations whose visit is seen, that one wrote in, or that are written for a region whose people one belongs to: their
/// visit may not be here yet. The columns are those of [`seen`].
macro_rules! seen_confirmed {
    ($rest:literal) => {
        concat!(
            "FROM confirmations c WHERE (EXISTS (SELECT 1 ",
            seen!(" AND v.document_id = c.visit_id"),
            ") OR EXISTS (SELECT 1 FROM document_authors w WHERE w.document_id = c.document_id AND w.user_id = $1) \
             OR ($4 >= 1 AND EXISTS (SELECT 1 FROM user_regions u WHERE u.user_id = $1 AND c.region LIKE u.prefix || '%')))",
            $rest
        )
    };
}
pub(crate) use seen;

/// What [`from_row`] reads of a visit `v`.
macro_rules! listed {
    ($rest:expr) => {
        concat!(
            "SELECT v.*, (SELECT c.code FROM campaigns c WHERE c.campaign_id = v.campaign_id) AS campaign_code, \
             (SELECT c.name FROM campaigns c WHERE c.campaign_id = v.campaign_id) AS campaign_name, \
             (SELECT b.name FROM organisations b WHERE b.organisation_id = v.body_id) AS body_name ",
            $rest
        )
    };
}
pub(super) use listed;

statements! {
    /// Whether a caller sees a visit, or a confirmation.
    SEES = concat!("SELECT v.document_id ", seen!(" AND v.document_id = $5"),
        " UNION ALL SELECT c.document_id ", seen_confirmed!(" AND c.document_id = $5"));
    /// One visit's row.
    FIND = listed!(seen!(" AND v.document_id = $5"));
    /// Quarantined changes of visits and confirmations that a caller sees, newest first. Whether they see one is asked of each,
    /// and not for all visits first.
    LIST_QUARANTINED = concat!("SELECT q.item_id FROM changes q WHERE q.status = 'quarantined' AND q.item_id < $5 \
        AND (EXISTS (SELECT 1 ", seen!(" AND v.document_id = q.document_id) OR EXISTS (SELECT 1 "),
        seen_confirmed!(" AND c.document_id = q.document_id)) ORDER BY q.item_id DESC LIMIT $6"));
}

bulk! {
    /// How the enterprises of visits are called that a caller sees.
    LIST_NAMED = (concat!("SELECT v.document_id, v.enterprise_name, v.enterprise ", seen!(" AND v.document_id IN (")), 4, 1, ")");
}

/// A row of `visits`.
#[derive(Clone, Debug)]
pub struct VisitListRow {
    /// Its document.
    pub document_id: DocumentId,
    /// Campaign.
    pub campaign_id: String,
    /// Body.
    pub body_id: String,
    /// Roster.
    pub team_id: Option<String>,
    /// Key after aliases.
    pub enterprise: String,
    /// Of that key.
    pub uscc: Option<String>,
    /// Name.
    pub enterprise_name: Option<String>,
    /// GB/T 2260.
    pub region: Option<String>,
    /// See domain.md §4.
    pub state: String,
    /// Earliest entry.
    pub entered_at: Option<Millis>,
    /// What the list is sorted by.
    pub sort_at: Millis,
    /// Sheets.
    pub samples: i64,
    /// Conflicts.
    pub conflicts: i64,
    /// VisitFact as JSON.
    pub fact: String,
    /// When it last changed.
    pub changed_at: Millis,
    /// Number of its campaign.
    pub campaign_code: Option<String>,
    /// Name of its campaign.
    pub campaign_name: Option<String>,
    /// Name of its body.
    pub body_name: Option<String>,
}

pub(super) fn from_row(row: &Row) -> Result<VisitListRow> {
    Ok(VisitListRow {
        document_id: row.get("document_id")?,
        campaign_id: row.get("campaign_id")?,
        body_id: row.get("body_id")?,
        team_id: row.get("team_id")?,
        enterprise: row.get("enterprise")?,
        uscc: row.get("uscc")?,
        enterprise_name: row.get("enterprise_name")?,
        region: row.get("region")?,
        state: row.get("state")?,
        entered_at: row.get("entered_at")?,
        sort_at: row.get("sort_at")?,
        samples: row.get("samples")?,
        conflicts: row.get("conflicts")?,
        fact: row.get("fact")?,
        changed_at: row.get("changed_at")?,
        campaign_code: row.get("campaign_code")?,
        campaign_name: row.get("campaign_name")?,
        body_name: row.get("body_name")?,
    })
}

/// The first four arguments of every query that says what a caller sees of visits.
pub(crate) fn sight(caller: &Principal) -> Vec<Value> {
    let samples_only = caller.roles.iter().all(|role| *role == Role::Sampler);
    let enforces_only = caller.roles.iter().all(|role| *role == Role::Enforcement);
    let more: i64 = match caller.organisation_kind {
        OrganisationKind::Authority if enforces_only => 2,
        OrganisationKind::Authority => 1,
        _ => 0,
    };
    args![caller.user, caller.organisation, samples_only, more]
}

/// Whether the caller sees the visit, or the confirmation.
pub async fn sees(db: &mut Session, caller: &Principal, document: DocumentId) -> Result<bool> {
    let mut values = sight(caller);
    values.extend(args![document]);
    Ok(db.optional(&SEES, values).await?.is_some())
}

/// One that the caller sees.
pub async fn find(
    db: &mut Session,
    caller: &Principal,
    document: DocumentId,
) -> Result<Option<VisitListRow>> {
    let mut values = sight(caller);
    values.extend(args![document]);
    db.optional(&FIND, values)
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

/// How the enterprises of those of these visits are called that the caller sees.
pub async fn list_named(
    db: &mut Session,
    caller: &Principal,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<HashMap<DocumentId, String>> {
    let documents = documents.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_NAMED, sight(caller), documents).await?;
    let named = rows.iter().map(|row| {
        let name: Option<String> = row.get("enterprise_name")?;
        let name = match name {
            Some(name) => name,
            None => row.get("enterprise")?,
        };
        Ok((row.get("document_id")?, name))
    });
    named.collect()
}

/// Names of quarantined changes before one, newest first.
pub async fn list_quarantined(
    db: &mut Session,
    caller: &Principal,
    before: &str,
    rows_max: u32,
) -> Result<Vec<uuid::Uuid>> {
    let mut values = sight(caller);
    values.extend(args![before, rows_max]);
    db.all(&LIST_QUARANTINED, values)
        .await?
        .iter()
        .map(|row| row.get("item_id"))
        .collect()
}
