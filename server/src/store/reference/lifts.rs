//! Lifts of suspensions (暂停承检资格) and recusals (回避): put beside what was decided, and undone when it is decided again.

use serde::Serialize;
use sync_core::model::{Millis, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::args;
use crate::store::{Result, Row, Session, Tx, statements};

statements! {
    /// All of one suspension or recusal, oldest first.
    LIST = "SELECT * FROM lifts WHERE subject_id = $1 ORDER BY lifted_at, lift_id";
    /// Adds one.
    INSERT = "INSERT INTO lifts (lift_id, subject_id, from_at, reason, lifted_by, lifted_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// The same was decided again.
    UNDO = "UPDATE lifts SET undone_by = $2, undone_at = $3, undo_reason = $4 \
        WHERE subject_id = $1 AND undone_at IS NULL";
}

/// One lift.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lift {
    /// Its id.
    #[schema(value_type = String)]
    pub lift_id: Uuid,
    /// From when a suspension no longer holds, milliseconds; none where it is as if it had never been decided.
    pub from_ms: Option<Millis>,
    /// Why.
    pub reason: String,
    /// Who lifted it.
    #[schema(value_type = String)]
    pub lifted_by: UserId,
    /// When, milliseconds.
    pub lifted_at_ms: Millis,
    /// Who decided the same again.
    #[schema(value_type = Option<String>)]
    pub undone_by: Option<UserId>,
    /// When, milliseconds.
    pub undone_at_ms: Option<Millis>,
    /// Why.
    pub undo_reason: Option<String>,
}

impl Lift {
    /// The lift that stands among those of one suspension or recusal.
    pub fn standing(lifts: &[Self]) -> Option<&Self> {
        lifts.iter().find(|lift| lift.undone_at_ms.is_none())
    }
}

fn lift(row: &Row) -> Result<Lift> {
    Ok(Lift {
        lift_id: row.get("lift_id")?,
        from_ms: row.get("from_at")?,
        reason: row.get("reason")?,
        lifted_by: row.get("lifted_by")?,
        lifted_at_ms: row.get("lifted_at")?,
        undone_by: row.get("undone_by")?,
        undone_at_ms: row.get("undone_at")?,
        undo_reason: row.get("undo_reason")?,
    })
}

/// One that stands.
pub fn new(
    lift_id: Uuid,
    from_ms: Option<Millis>,
    reason: String,
    by: UserId,
    now: Millis,
) -> Lift {
    Lift {
        lift_id,
        from_ms,
        reason,
        lifted_by: by,
        lifted_at_ms: now,
        undone_by: None,
        undone_at_ms: None,
        undo_reason: None,
    }
}

/// All of one suspension or recusal, oldest first.
pub async fn list(db: &mut Session, subject: Uuid) -> Result<Vec<Lift>> {
    db.all(&LIST, args![subject])
        .await?
        .iter()
        .map(lift)
        .collect()
}

/// Adds one.
pub async fn insert(tx: &mut Tx, subject: Uuid, row: &Lift) -> Result<()> {
    let columns = args![
        row.lift_id,
        subject,
        row.from_ms,
        &row.reason,
        row.lifted_by,
        row.lifted_at_ms
    ];
    tx.exec(&INSERT, columns).await.map(drop)
}

/// Undoes the one that stands.
pub async fn undo(tx: &mut Tx, subject: Uuid, by: UserId, at: Millis, reason: &str) -> Result<()> {
    tx.exec(&UNDO, args![subject, by, at, reason])
        .await
        .map(drop)
}
