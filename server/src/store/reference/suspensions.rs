//! Suspensions (暂停承检资格): a body that broke the rules is ineligible for a year.

use serde::Serialize;
use sync_core::model::{Millis, OrganisationId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Sight;
use super::lifts::{self, Lift};
use crate::args;
use crate::store::{Result, Row, Session, Tx, statements};

statements! {
    /// Adds one.
    INSERT = "INSERT INTO body_suspensions (suspension_id, body_id, authority_id, decided_at, until_at, reason, decided_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// The one that this authority decided at this time.
    FIND = "SELECT * FROM body_suspensions WHERE body_id = $1 AND authority_id = $2 AND decided_at = $3";
    /// The newest that this authority decided.
    FIND_NEWEST = "SELECT * FROM body_suspensions WHERE body_id = $1 AND authority_id = $2 \
        ORDER BY decided_at DESC LIMIT 1";
    /// One by its id.
    FIND_BY_ID = "SELECT * FROM body_suspensions WHERE suspension_id = $1";
    /// Those of a body that the caller sees: their own, their authority's, or in their regions. A page.
    LIST_SEEN = "SELECT s.* FROM body_suspensions s \
        JOIN organisations w ON w.organisation_id = s.authority_id \
        JOIN organisations b ON b.organisation_id = s.body_id \
        WHERE s.body_id = $3 AND s.suspension_id > $4 AND (s.body_id = $2 OR s.authority_id = $2 \
          OR EXISTS (SELECT 1 FROM user_regions ur WHERE ur.user_id = $1 \
            AND (w.region LIKE ur.prefix || '%' OR b.region LIKE ur.prefix || '%'))) \
        ORDER BY s.suspension_id LIMIT $5";
    /// Whether a body has work of an authority.
    HAS_WORK = "SELECT task_id FROM tasks WHERE body_id = $1 AND authority_id = $2 ORDER BY task_id LIMIT 1";
}

/// A suspension, in force from the decision until just before the year is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Suspension {
    /// Its id.
    #[schema(value_type = String)]
    pub suspension_id: Uuid,
    /// 承检机构.
    #[schema(value_type = String)]
    pub body_id: OrganisationId,
    /// Who decided.
    #[schema(value_type = String)]
    pub authority_id: OrganisationId,
    /// When, milliseconds.
    pub decided_at_ms: Millis,
    /// The first instant at which it no longer holds, milliseconds.
    pub until_ms: Millis,
    /// Why.
    pub reason: String,
    /// Who recorded it.
    #[schema(value_type = String)]
    pub decided_by: UserId,
    /// Whether and why it was lifted, and decided again.
    pub lifts: Vec<Lift>,
}

async fn suspension(db: &mut Session, row: &Row) -> Result<Suspension> {
    let suspension_id = row.get("suspension_id")?;
    Ok(Suspension {
        lifts: lifts::list(db, suspension_id).await?,
        suspension_id,
        body_id: row.get("body_id")?,
        authority_id: row.get("authority_id")?,
        decided_at_ms: row.get("decided_at")?,
        until_ms: row.get("until_at")?,
        reason: row.get("reason")?,
        decided_by: row.get("decided_by")?,
    })
}

/// The one that this authority decided at this time.
pub async fn find(
    db: &mut Session,
    body: OrganisationId,
    authority: OrganisationId,
    decided_at: Millis,
) -> Result<Option<Suspension>> {
    let row = db
        .optional(&FIND, args![body, authority, decided_at])
        .await?;
    match row {
        Some(row) => suspension(db, &row).await.map(Some),
        None => Ok(None),
    }
}

/// One by its id.
pub async fn find_by_id(db: &mut Session, id: Uuid) -> Result<Option<Suspension>> {
    match db.optional(&FIND_BY_ID, args![id]).await? {
        Some(row) => suspension(db, &row).await.map(Some),
        None => Ok(None),
    }
}

/// Those of a body that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    sight: &Sight,
    body: OrganisationId,
    after: &str,
    limit: u32,
) -> Result<Vec<Suspension>> {
    let args = args![sight.user, sight.organisation, body, after, limit];
    let mut seen = Vec::new();
    for row in db.all(&LIST_SEEN, args).await? {
        seen.push(suspension(db, &row).await?);
    }
    Ok(seen)
}

/// Adds one.
pub async fn insert(tx: &mut Tx, row: &Suspension) -> Result<()> {
    let columns = args![
        row.suspension_id,
        row.body_id,
        row.authority_id,
        row.decided_at_ms,
        row.until_ms,
        &row.reason,
        row.decided_by
    ];
    tx.exec(&INSERT, columns).await.map(drop)
}

/// Whether a body has work of an authority: then it may be suspended from wherever it is.
pub async fn has_work(
    db: &mut Session,
    body: OrganisationId,
    authority: OrganisationId,
) -> Result<bool> {
    Ok(db
        .optional(&HAS_WORK, args![body, authority])
        .await?
        .is_some())
}

/// The newest that this authority decided.
pub async fn find_newest(
    db: &mut Session,
    body: OrganisationId,
    authority: OrganisationId,
) -> Result<Option<Suspension>> {
    match db.optional(&FIND_NEWEST, args![body, authority]).await? {
        Some(row) => Ok(Some(suspension(db, &row).await?)),
        None => Ok(None),
    }
}
