//! To whom details of tasks went: exports, and what enterprises were found to have been told.

use serde::Serialize;
use sync_core::model::{EnterpriseKey, Millis, TaskId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::args;
use crate::store::{Result, Row, Session, Tx, bulk, statements};

statements! {
    /// Adds one.
    INSERT = "INSERT INTO task_disclosures (disclosure_id, task_id, how, enterprise_key, user_id, at, detail, noted_by, noted_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Those of a task, the earliest first.
    LIST_OF_TASK = "SELECT * FROM task_disclosures WHERE task_id = $1 ORDER BY at, disclosure_id LIMIT $2";
    /// That an enterprise was told at that time.
    FIND_TOLD = "SELECT * FROM task_disclosures WHERE task_id = $1 AND how = 'told' AND enterprise_key = $2 AND at = $3 \
        ORDER BY disclosure_id LIMIT 1";
}

bulk! {
    /// Exports: the first by each person is kept.
    INSERT_EXPORTS = ("INSERT INTO task_disclosures (disclosure_id, task_id, how, user_id, at, detail, noted_by, noted_at) VALUES",
        0, 8, " ON CONFLICT (task_id, user_id) WHERE how = 'export' DO NOTHING");
}

/// That details of a task left the house.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Disclosure {
    /// Its id.
    #[schema(value_type = String)]
    pub disclosure_id: Uuid,
    /// The task.
    #[schema(value_type = String)]
    pub task_id: TaskId,
    /// `export`: the list of tasks was taken out as a file; `told`: an enterprise heard of it.
    pub how: String,
    /// Key of the enterprise that it reached; none where nobody knows.
    #[schema(value_type = Option<String>)]
    pub enterprise: Option<EnterpriseKey>,
    /// Who gave it out, where that is known.
    #[schema(value_type = Option<String>)]
    pub user_id: Option<UserId>,
    /// When, milliseconds.
    pub at_ms: Millis,
    /// In the words of whoever noted it.
    pub detail: String,
    /// Who noted it.
    #[schema(value_type = String)]
    pub noted_by: UserId,
    /// When that was, milliseconds.
    pub noted_at_ms: Millis,
}

fn disclosure(row: &Row) -> Result<Disclosure> {
    Ok(Disclosure {
        disclosure_id: row.get("disclosure_id")?,
        task_id: row.get("task_id")?,
        how: row.get("how")?,
        enterprise: row
            .get::<Option<String>>("enterprise_key")?
            .map(EnterpriseKey),
        user_id: row.get("user_id")?,
        at_ms: row.get("at")?,
        detail: row.get("detail")?,
        noted_by: row.get("noted_by")?,
        noted_at_ms: row.get("noted_at")?,
    })
}

/// Adds one that somebody found.
pub async fn insert(tx: &mut Tx, row: &Disclosure) -> Result<()> {
    let columns = args![
        row.disclosure_id,
        row.task_id,
        &row.how,
        row.enterprise.as_ref().map(|it| it.0.clone()),
        row.user_id,
        row.at_ms,
        &row.detail,
        row.noted_by,
        row.noted_at_ms
    ];
    tx.exec(&INSERT, columns).await.map(drop)
}

/// Somebody took these tasks out as a file; what they took before stays as it was noted first.
pub async fn insert_exports(
    tx: &mut Tx,
    exported: impl IntoIterator<Item = (Uuid, TaskId)>,
    by: UserId,
    detail: &str,
    now: Millis,
) -> Result<()> {
    let rows = exported.into_iter();
    let rows = rows.map(|(id, task)| args![id, task, "export", by, now, detail, by, now]);
    tx.exec_rows(&INSERT_EXPORTS, rows.collect()).await
}

/// Those of a task, the earliest first.
pub async fn list_of_task(
    db: &mut Session,
    task: TaskId,
    rows_max: u32,
) -> Result<Vec<Disclosure>> {
    let rows = db.all(&LIST_OF_TASK, args![task, rows_max]).await?;
    rows.iter().map(disclosure).collect()
}

/// That an enterprise was told at that time, where it is known.
pub async fn find_told(
    db: &mut Session,
    task: TaskId,
    enterprise: &EnterpriseKey,
    at: Millis,
) -> Result<Option<Disclosure>> {
    let found = db.optional(&FIND_TOLD, args![task, enterprise, at]).await?;
    found.as_ref().map(disclosure).transpose()
}
