//! Tasks (抽查任务), what they are about, and who had them when.

use serde::Serialize;
use sync_core::model::{
    CampaignId, EnterpriseId, EnterpriseKey, Millis, OrganisationId, Region, TaskId, TeamId, UserId,
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::samples::counting_of;
use super::{Sight, enterprises, json, sees_task, to_json};
use crate::args;
use crate::store::{Result, Row, Session, StoreError, Tx, statements};

/// An open task (`OPEN`) that the caller sees, whose day is before `$3`, and of whose batches some are not sampled.
macro_rules! late_and_seen {
    () => {
        concat!(
            "t.state IN ('approved', 'assigned', 'accepted', 'in_progress') AND t.due_on < $3 AND t.quota_batches > (",
            counting_of!("t.task_id"),
            ") AND ",
            sees_task!()
        )
    };
}

statements! {
    /// Adds one.
    INSERT = "INSERT INTO tasks (task_id, campaign_id, code, authority_id, product_name, product_kind, sampling_kind, \
        plan_no, quota_batches, regions, state, due_on, created_at, changed_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)";
    /// Adds a region.
    INSERT_REGION = "INSERT INTO task_regions (task_id, prefix) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    /// Adds a target.
    INSERT_TARGET = "INSERT INTO task_targets (task_id, enterprise_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    /// Moves one on.
    UPDATE = "UPDATE tasks SET state = $2, body_id = $3, team_id = $4, approved_at = $5, cancelled_at = $6, \
        changed_at = $7 WHERE task_id = $1";
    /// Any by id, for the server itself.
    FIND = "SELECT t.* FROM tasks t WHERE t.task_id = $1";
    /// By its number within a campaign.
    FIND_BY_CODE = "SELECT t.* FROM tasks t WHERE t.campaign_id = $1 AND t.code = $2";
    /// One that the caller sees.
    FIND_SEEN = concat!("SELECT t.* FROM tasks t WHERE t.task_id = $3 AND ", sees_task!());
    /// Those that the caller sees, a page.
    LIST_SEEN = concat!("SELECT t.* FROM tasks t WHERE t.task_id > $3 AND ", sees_task!(), " ORDER BY t.task_id LIMIT $4");
    /// Late ones that the caller sees, the day that passed last first, a page.
    LIST_LATE = concat!("SELECT t.* FROM tasks t WHERE ", late_and_seen!(), " \
        AND (t.due_on < $4 OR (t.due_on = $4 AND t.task_id > $5)) ORDER BY t.due_on DESC, t.task_id LIMIT $6");
    /// How many late ones the caller sees.
    COUNT_LATE = concat!("SELECT COUNT(*) AS late FROM tasks t WHERE ", late_and_seen!());
    /// The targets of one.
    LIST_TARGETS = "SELECT enterprise_id FROM task_targets WHERE task_id = $1 ORDER BY enterprise_id";
    /// The tasks of a team.
    LIST_OF_TEAM = "SELECT t.* FROM tasks t WHERE t.team_id = $1 ORDER BY t.task_id";
    /// Tasks of a body that go to the enterprise with this key (ENTRY1-PLAN).
    LIST_AT_KEY = "SELECT o.task_id, o.campaign_id, o.state FROM tasks o \
        JOIN task_targets y ON y.task_id = o.task_id \
        JOIN enterprises e ON e.enterprise_id = y.enterprise_id \
        WHERE o.body_id = $1 AND e.enterprise_key = $2 ORDER BY o.task_id";
    /// The keys of the targets of one.
    LIST_TARGET_KEYS = "SELECT e.enterprise_id, e.enterprise_key FROM task_targets x \
        JOIN enterprises e ON e.enterprise_id = x.enterprise_id WHERE x.task_id = $1 ORDER BY e.enterprise_id";
    /// Appends to the history.
    INSERT_EVENT = "INSERT INTO task_events (task_event_id, task_id, ordinal, at, event, body_id, team_id, user_id, reason) \
        VALUES ($1, $2, (SELECT COUNT(*) FROM task_events WHERE task_id = $2), $3, $4, $5, $6, $7, $8)";
    /// The history of one.
    LIST_EVENTS = "SELECT at, event, body_id, team_id, reason FROM task_events WHERE task_id = $1 ORDER BY ordinal";
}

/// States in which a task may still be given to somebody, and in which it can be late.
pub const OPEN: [&str; 4] = ["approved", "assigned", "accepted", "in_progress"];

/// A task for one product kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Task {
    /// Its id.
    #[schema(value_type = String)]
    pub task_id: TaskId,
    /// Its campaign.
    #[schema(value_type = String)]
    pub campaign_id: CampaignId,
    /// Its number within the campaign.
    pub code: String,
    /// 组织抽查部门.
    #[schema(value_type = String)]
    pub authority_id: OrganisationId,
    /// Product kind in words.
    pub product_name: String,
    /// The same, normalised.
    pub product_kind: String,
    /// routine, special, emergency, tracking, linked, evaluative, recheck
    pub sampling_kind: String,
    /// The plan that it stands in.
    pub plan_no: Option<String>,
    /// Batches to sample.
    pub quota_batches: i64,
    /// GB/T 2260 codes.
    pub regions: Vec<String>,
    /// Target enterprises.
    #[schema(value_type = Vec<String>)]
    pub enterprises: Vec<EnterpriseId>,
    /// draft, approved, assigned, accepted, …, cancelled
    pub state: String,
    /// 承检机构.
    #[schema(value_type = Option<String>)]
    pub body_id: Option<OrganisationId>,
    /// 抽样组.
    #[schema(value_type = Option<String>)]
    pub team_id: Option<TeamId>,
    /// ISO date.
    pub due_on: Option<String>,
    /// When it was approved, milliseconds.
    pub approved_at_ms: Option<Millis>,
    /// When it was cancelled, milliseconds.
    pub cancelled_at_ms: Option<Millis>,
    /// When it was last changed, milliseconds.
    pub changed_at_ms: Millis,
}

/// What happened to a task, and who had it until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaskEvent {
    /// When, milliseconds.
    pub at_ms: Millis,
    /// created, approved, assigned, reassigned, cancelled
    pub event: String,
    /// The body that had it before.
    #[schema(value_type = Option<String>)]
    pub body_id: Option<OrganisationId>,
    /// The team that had it before.
    #[schema(value_type = Option<String>)]
    pub team_id: Option<TeamId>,
    /// Why.
    pub reason: Option<String>,
}

/// A task of a body at an enterprise where another task would send it.
pub struct AtTarget {
    /// The task.
    pub task_id: TaskId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// How far it is.
    pub state: String,
    /// The enterprise, as the task in question names it.
    pub enterprise_id: EnterpriseId,
    /// Its key after aliases.
    pub enterprise: EnterpriseKey,
}

/// An open task of the same body at the same enterprise in another campaign (ENTRY1-PLAN).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Clash {
    /// Always ENTRY1-PLAN.
    pub rule_id: String,
    /// The other task.
    #[schema(value_type = String)]
    pub task_id: TaskId,
    /// Its campaign.
    #[schema(value_type = String)]
    pub campaign_id: CampaignId,
    /// Where both would go.
    #[schema(value_type = String)]
    pub enterprise_id: EnterpriseId,
}

async fn task(db: &mut Session, row: &Row) -> Result<Task> {
    let task_id = row.get("task_id")?;
    let targets = db.all(&LIST_TARGETS, args![task_id]).await?;
    Ok(Task {
        task_id,
        campaign_id: row.get("campaign_id")?,
        code: row.get("code")?,
        authority_id: row.get("authority_id")?,
        product_name: row.get("product_name")?,
        product_kind: row.get("product_kind")?,
        sampling_kind: row.get("sampling_kind")?,
        plan_no: row.get("plan_no")?,
        quota_batches: row.get("quota_batches")?,
        regions: json(row, "regions")?,
        enterprises: targets
            .iter()
            .map(|row| row.get("enterprise_id"))
            .collect::<Result<_>>()?,
        state: row.get("state")?,
        body_id: row.get("body_id")?,
        team_id: row.get("team_id")?,
        due_on: row.get("due_on")?,
        approved_at_ms: row.get("approved_at")?,
        cancelled_at_ms: row.get("cancelled_at")?,
        changed_at_ms: row.get("changed_at")?,
    })
}

async fn found(db: &mut Session, row: Option<Row>) -> Result<Option<Task>> {
    match row {
        Some(row) => Ok(Some(task(db, &row).await?)),
        None => Ok(None),
    }
}

async fn every(db: &mut Session, rows: Vec<Row>) -> Result<Vec<Task>> {
    let mut tasks = Vec::with_capacity(rows.len());
    for row in &rows {
        tasks.push(task(db, row).await?);
    }
    Ok(tasks)
}

/// Adds one with its regions and targets.
pub async fn insert(tx: &mut Tx, row: &Task) -> Result<()> {
    let args = args![
        row.task_id,
        row.campaign_id,
        &row.code,
        row.authority_id,
        &row.product_name,
        &row.product_kind,
        &row.sampling_kind,
        row.plan_no.clone(),
        row.quota_batches,
        to_json(&row.regions),
        &row.state,
        row.due_on.clone(),
        row.changed_at_ms,
    ];
    tx.exec(&INSERT, args).await?;
    for region in &row.regions {
        let region: Region = region.parse().map_err(|_| StoreError::Column {
            name: "regions",
            wanted: "a list of regions",
        })?;
        tx.exec(&INSERT_REGION, args![row.task_id, region.prefix()])
            .await?;
    }
    for target in &row.enterprises {
        tx.exec(&INSERT_TARGET, args![row.task_id, *target]).await?;
    }
    Ok(())
}

/// Writes where it stands and who has it.
pub async fn update(tx: &mut Tx, row: &Task) -> Result<()> {
    let args = args![
        row.task_id,
        &row.state,
        row.body_id,
        row.team_id,
        row.approved_at_ms,
        row.cancelled_at_ms,
        row.changed_at_ms
    ];
    tx.exec(&UPDATE, args).await.map(drop)
}

/// Any by id.
pub async fn find(db: &mut Session, id: TaskId) -> Result<Option<Task>> {
    let row = db.optional(&FIND, args![id]).await?;
    found(db, row).await
}

/// By number.
pub async fn find_by_code(
    db: &mut Session,
    campaign: CampaignId,
    code: &str,
) -> Result<Option<Task>> {
    let row = db.optional(&FIND_BY_CODE, args![campaign, code]).await?;
    found(db, row).await
}

/// One that the caller sees.
pub async fn find_seen(db: &mut Session, sight: &Sight, id: TaskId) -> Result<Option<Task>> {
    let row = db
        .optional(&FIND_SEEN, args![sight.user, sight.organisation, id])
        .await?;
    found(db, row).await
}

/// Those that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    limit: u32,
) -> Result<Vec<Task>> {
    let rows = db
        .all(
            &LIST_SEEN,
            args![sight.user, sight.organisation, after, limit],
        )
        .await?;
    every(db, rows).await
}

/// Late ones that the caller sees: open, due before a day (ISO), and with batches that nobody sampled; the day that passed last
/// first, behind a day and id.
pub async fn list_late(
    db: &mut Session,
    sight: &Sight,
    today: &str,
    (due_on, after): (&str, &str),
    limit: u32,
) -> Result<Vec<Task>> {
    let seen = args![sight.user, sight.organisation, today, due_on, after, limit];
    let rows = db.all(&LIST_LATE, seen).await?;
    every(db, rows).await
}

/// How many late ones the caller sees.
pub async fn count_late(db: &mut Session, sight: &Sight, today: &str) -> Result<i64> {
    let seen = args![sight.user, sight.organisation, today];
    db.one(&COUNT_LATE, seen).await?.get("late")
}

/// The tasks of a team.
pub async fn list_of_team(db: &mut Session, team: TeamId) -> Result<Vec<Task>> {
    let rows = db.all(&LIST_OF_TEAM, args![team]).await?;
    every(db, rows).await
}

/// Tasks that a body has, open or not, at a task's targets, under whichever of its keys an enterprise stands there.
pub async fn list_at_targets(
    db: &mut Session,
    task: &Task,
    body: OrganisationId,
) -> Result<Vec<AtTarget>> {
    let mut there = Vec::new();
    for target in db.all(&LIST_TARGET_KEYS, args![task.task_id]).await? {
        let key = EnterpriseKey(target.get("enterprise_key")?);
        let standing = enterprises::resolve_key(db, &key).await?;
        for key in enterprises::keys_of(db, &key).await? {
            for row in db.all(&LIST_AT_KEY, args![body, &key]).await? {
                there.push(AtTarget {
                    task_id: row.get("task_id")?,
                    campaign_id: row.get("campaign_id")?,
                    state: row.get("state")?,
                    enterprise_id: target.get("enterprise_id")?,
                    enterprise: standing.clone(),
                });
            }
        }
    }
    there.sort_by_key(|it| (it.task_id, it.enterprise_id));
    there.dedup_by_key(|it| (it.task_id, it.enterprise_id));
    Ok(there)
}

/// Appends to the history; the task is as it was before.
pub async fn insert_event(
    tx: &mut Tx,
    id: Uuid,
    before: &Task,
    at: Millis,
    event: &str,
    by: UserId,
    reason: Option<String>,
) -> Result<()> {
    let args = args![
        id,
        before.task_id,
        at,
        event,
        before.body_id,
        before.team_id,
        by,
        reason
    ];
    tx.exec(&INSERT_EVENT, args).await.map(drop)
}

/// The history of a task.
pub async fn list_events(db: &mut Session, id: TaskId) -> Result<Vec<TaskEvent>> {
    let rows = db.all(&LIST_EVENTS, args![id]).await?;
    rows.iter()
        .map(|row| {
            Ok(TaskEvent {
                at_ms: row.get("at")?,
                event: row.get("event")?,
                body_id: row.get("body_id")?,
                team_id: row.get("team_id")?,
                reason: row.get("reason")?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_late_tasks_asks_for_every_open_state() {
        for state in OPEN {
            for asked in [LIST_LATE, COUNT_LATE] {
                assert!(asked.sql.contains(&format!("'{state}'")), "{state}");
            }
        }
    }
}
