//! What the laboratory reported about samples: append-only; one report of a kind counts, others are kept beside it.

use std::collections::HashMap;

use serde::Serialize;
use sync_core::model::{Millis, OrganisationId, SampleId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Sight;
use crate::args;
use crate::store::log::{self, Note};
use crate::store::{Result, Row, Session, Tx, bulk, statements};

statements! {
    /// Appends a report.
    INSERT = "INSERT INTO custody_events (custody_event_id, sample_id, act, standing, body_hash, body, at, user_id, \
        organisation_id, rule_id, ruling_id, without_sheet, attempt) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    /// A visit with the sample's sheet.
    FIND_VISIT = "SELECT document_id FROM samples WHERE sample_id = $1 ORDER BY document_id DESC LIMIT 1";
    /// All reports on a sample.
    LIST = "SELECT * FROM custody_events WHERE sample_id = $1 ORDER BY at, custody_event_id";
    /// The report of a kind that counts: that of the last attempt.
    FIND_STANDING = "SELECT * FROM custody_events WHERE sample_id = $1 AND act = $2 AND standing = 1 \
        ORDER BY attempt DESC LIMIT 1";
    /// Samples that laboratories reported and of which no sheet is known (只做不录): those of the caller's organisation or
    /// of one in their regions.
    LIST_WITHOUT_SHEET = "SELECT DISTINCT e.sample_id FROM custody_events e \
        JOIN organisations w ON w.organisation_id = e.organisation_id \
        WHERE e.without_sheet = 1 AND e.sample_id > $3 \
          AND NOT EXISTS (SELECT 1 FROM samples s WHERE s.sample_id = e.sample_id) \
          AND (e.organisation_id = $2 OR EXISTS (SELECT 1 FROM user_regions ur \
            WHERE ur.user_id = $1 AND w.region LIKE ur.prefix || '%')) \
        ORDER BY e.sample_id LIMIT $4";
    /// Whether such a one is seen.
    SEES_WITHOUT_SHEET = "SELECT e.sample_id FROM custody_events e \
        JOIN organisations w ON w.organisation_id = e.organisation_id \
        WHERE e.sample_id = $3 AND NOT EXISTS (SELECT 1 FROM samples s WHERE s.sample_id = e.sample_id) \
          AND (e.organisation_id = $2 OR EXISTS (SELECT 1 FROM user_regions ur \
            WHERE ur.user_id = $1 AND w.region LIKE ur.prefix || '%')) LIMIT 1";
    /// The same report of the same laboratory, whatever became of it.
    FIND_SAME = "SELECT * FROM custody_events WHERE sample_id = $1 AND act = $2 AND body_hash = $3 AND standing = $4 \
        AND organisation_id = $5 ORDER BY at LIMIT 1";
}

bulk! {
    /// All reports on samples.
    LIST_OF_SAMPLES = ("SELECT * FROM custody_events WHERE sample_id IN (", 0, 1, ") ORDER BY at, custody_event_id");
}

/// The columns of a report, in the order of `INSERT`.
const COLUMNS: [&str; 13] = [
    "custody_event_id",
    "sample_id",
    "act",
    "standing",
    "body_hash",
    "body",
    "at",
    "user_id",
    "organisation_id",
    "rule_id",
    "ruling_id",
    "without_sheet",
    "attempt",
];

/// One report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CustodyEvent {
    /// Its id.
    #[schema(value_type = String)]
    pub custody_event_id: Uuid,
    /// The sample.
    #[schema(value_type = String)]
    pub sample_id: SampleId,
    /// receipt, testing_started, service
    pub act: String,
    /// Whether it counts; a refused or contradicting one is kept but does not.
    pub standing: bool,
    /// Which delivery it is about: a sample that was turned away may be delivered again, and the last receipt stands.
    pub attempt: i64,
    /// SHA-256 of the report.
    #[serde(skip)]
    pub body_hash: Vec<u8>,
    /// The report as it came.
    #[schema(value_type = Object)]
    pub body: serde_json::Value,
    /// When, milliseconds.
    pub at_ms: Millis,
    /// Who reported.
    #[schema(value_type = String)]
    pub user_id: UserId,
    /// Their laboratory.
    #[schema(value_type = String)]
    pub organisation_id: OrganisationId,
    /// The rule under which it was refused; `INTEGRITY` where it contradicts the report that stands, `NOT_RECEIVED` where
    /// no laboratory, or another one, had accepted the sample.
    pub rule_id: Option<String>,
    /// The ruling for which it was refused.
    pub ruling_id: Option<String>,
    /// No sheet was known when the sample came (只做不录).
    pub without_sheet: bool,
}

fn event(row: &Row) -> Result<CustodyEvent> {
    Ok(CustodyEvent {
        custody_event_id: row.get("custody_event_id")?,
        sample_id: row.get::<Uuid>("sample_id").map(SampleId)?,
        act: row.get("act")?,
        standing: row.get("standing")?,
        attempt: row.get("attempt")?,
        body_hash: row.get("body_hash")?,
        body: super::json(row, "body")?,
        at_ms: row.get("at")?,
        user_id: row.get("user_id")?,
        organisation_id: row.get("organisation_id")?,
        rule_id: row.get("rule_id")?,
        ruling_id: row.get("ruling_id")?,
        without_sheet: row.get("without_sheet")?,
    })
}

/// Appends a report.
pub async fn insert(tx: &mut Tx, row: &CustodyEvent) -> Result<()> {
    let args = args![
        row.custody_event_id,
        row.sample_id.0,
        &row.act,
        row.standing,
        row.body_hash.clone(),
        row.body.to_string(),
        row.at_ms,
        row.user_id,
        row.organisation_id,
        row.rule_id.clone(),
        row.ruling_id.clone(),
        row.without_sheet,
        row.attempt,
    ];
    let chain = tx.optional(&FIND_VISIT, args![row.sample_id.0]).await?;
    let chain = chain.and_then(|found| found.get("document_id").ok());
    tx.note(Note::row(chain, row.at_ms, log::CUSTODY, &COLUMNS, &args));
    tx.exec(&INSERT, args).await.map(drop)
}

/// All reports on a sample, in order.
pub async fn list(db: &mut Session, id: SampleId) -> Result<Vec<CustodyEvent>> {
    db.all(&LIST, args![id.0])
        .await?
        .iter()
        .map(event)
        .collect()
}

/// The reports on samples that count, those on each in order.
pub async fn list_standing_of(
    db: &mut Session,
    ids: impl IntoIterator<Item = SampleId>,
) -> Result<HashMap<SampleId, Vec<CustodyEvent>>> {
    let mut standing: HashMap<SampleId, Vec<CustodyEvent>> = HashMap::new();
    let keys = ids.into_iter().map(|id| id.0.into());
    for row in db.all_of(&LIST_OF_SAMPLES, args![], keys).await? {
        let event = event(&row)?;
        if event.standing {
            standing.entry(event.sample_id).or_default().push(event);
        }
    }
    Ok(standing)
}

/// Samples that laboratories reported without a sheet, as far as the caller sees them, after an id.
pub async fn list_without_sheet(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    limit: u32,
) -> Result<Vec<SampleId>> {
    let args = args![sight.user, sight.organisation, after, limit];
    let rows = db.all(&LIST_WITHOUT_SHEET, args).await?;
    rows.iter()
        .map(|row| row.get::<Uuid>("sample_id").map(SampleId))
        .collect()
}

/// Whether the caller sees a sample that was reported without a sheet.
pub async fn sees_without_sheet(db: &mut Session, sight: &Sight, id: SampleId) -> Result<bool> {
    let args = args![sight.user, sight.organisation, id.0];
    Ok(db.optional(&SEES_WITHOUT_SHEET, args).await?.is_some())
}

/// The reports that count.
pub async fn list_standing(db: &mut Session, id: SampleId) -> Result<Vec<CustodyEvent>> {
    Ok(list(db, id)
        .await?
        .into_iter()
        .filter(|event| event.standing)
        .collect())
}

/// The report of a kind that counts.
pub async fn find_standing(
    db: &mut Session,
    id: SampleId,
    act: &str,
) -> Result<Option<CustodyEvent>> {
    db.optional(&FIND_STANDING, args![id.0, act])
        .await?
        .as_ref()
        .map(event)
        .transpose()
}

/// The same report, among those that count or those that do not.
pub async fn find_same(
    db: &mut Session,
    report: &CustodyEvent,
    standing: bool,
) -> Result<Option<CustodyEvent>> {
    let args = args![
        report.sample_id.0,
        &report.act,
        report.body_hash.clone(),
        standing,
        report.organisation_id
    ];
    let row = db.optional(&FIND_SAME, args).await?;
    row.as_ref().map(event).transpose()
}
