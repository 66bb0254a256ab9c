//! Recusals (回避): conflicts of interest declared when a task is assigned.

use serde::Serialize;
use sync_core::model::{EnterpriseKey, Millis, OrganisationId, TaskId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::lifts::{self, Lift};
use crate::args;
use crate::store::{Result, Row, Session, Tx, statements};

statements! {
    /// Adds one.
    INSERT = "INSERT INTO recusals (recusal_id, task_id, body_id, user_id, enterprise_key, reason, declared_by, declared_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// One by its id.
    FIND = "SELECT * FROM recusals WHERE recusal_id = $1";
    /// Those of a task, oldest first.
    LIST_OF_TASK = "SELECT * FROM recusals WHERE task_id = $1 ORDER BY declared_at, recusal_id";
}

/// A conflict of interest with an enterprise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Recusal {
    /// Its id.
    #[schema(value_type = String)]
    pub recusal_id: Uuid,
    /// The task with which it was declared; it holds for all work of the body at the enterprise.
    #[schema(value_type = String)]
    pub task_id: TaskId,
    /// 承检机构.
    #[schema(value_type = String)]
    pub body_id: OrganisationId,
    /// Who stays away; nobody of the body may go where it is not said.
    #[schema(value_type = Option<String>)]
    pub user_id: Option<UserId>,
    /// Key of the enterprise.
    #[schema(value_type = String)]
    pub enterprise_key: EnterpriseKey,
    /// Why.
    pub reason: String,
    /// Who declared it.
    #[schema(value_type = String)]
    pub declared_by: UserId,
    /// When, milliseconds.
    pub declared_at_ms: Millis,
    /// Whether and why it was lifted, and declared again.
    pub lifts: Vec<Lift>,
}

async fn recusal(db: &mut Session, row: &Row) -> Result<Recusal> {
    let recusal_id = row.get("recusal_id")?;
    Ok(Recusal {
        lifts: lifts::list(db, recusal_id).await?,
        recusal_id,
        task_id: row.get("task_id")?,
        body_id: row.get("body_id")?,
        user_id: row.get("user_id")?,
        enterprise_key: row.get("enterprise_key")?,
        reason: row.get("reason")?,
        declared_by: row.get("declared_by")?,
        declared_at_ms: row.get("declared_at")?,
    })
}

/// Those of a task, oldest first.
pub async fn list_of_task(db: &mut Session, task: TaskId) -> Result<Vec<Recusal>> {
    let mut found = Vec::new();
    for row in db.all(&LIST_OF_TASK, args![task]).await? {
        found.push(recusal(db, &row).await?);
    }
    Ok(found)
}

/// One by its id.
pub async fn find(db: &mut Session, id: Uuid) -> Result<Option<Recusal>> {
    match db.optional(&FIND, args![id]).await? {
        Some(row) => recusal(db, &row).await.map(Some),
        None => Ok(None),
    }
}

/// Adds one.
pub async fn insert(tx: &mut Tx, row: &Recusal) -> Result<()> {
    let columns = args![
        row.recusal_id,
        row.task_id,
        row.body_id,
        row.user_id,
        &row.enterprise_key,
        &row.reason,
        row.declared_by,
        row.declared_at_ms
    ];
    tx.exec(&INSERT, columns).await.map(drop)
}
