//! The duplicate index: keyed rows of samplings that count, and for whom they are.

use std::collections::HashMap;

use sync_core::model::{Digest, Millis, SampleId, TeamId, UserId};
use sync_core::sync::wire::IndexRow;

use crate::args;
use crate::store::feed::Audience;
use crate::store::reference::teams;
use crate::store::{Result, Row, Session, Tx, bulk, statements};

/// Whether the row `i` of the index concerns the task `t`: one of its product kind; a sampling of an unknown kind, and a
/// year, concern everybody who works in its region.
macro_rules! concerns {
    () => {
        "((i.kind <> 'year' AND t.product_kind = i.product_kind) OR ((i.kind = 'year' OR i.product_kind IS NULL) \
          AND (i.region IS NULL OR NOT EXISTS (SELECT 1 FROM task_regions r WHERE r.task_id = t.task_id) \
            OR EXISTS (SELECT 1 FROM task_regions r WHERE r.task_id = t.task_id AND i.region LIKE r.prefix || '%'))))"
    };
}

/// Whether the person `$2` holds the task `t`, by a team or as one of a body that has no team for it yet.
macro_rules! held_by_person {
    () => {
        "(t.team_id IN (SELECT m.team_id FROM team_members m WHERE m.user_id = $2) \
          OR (t.team_id IS NULL AND t.body_id IN (SELECT u.organisation_id FROM users u WHERE u.user_id = $2)))"
    };
}

statements! {
    /// Keeps the first key.
    INSERT_KEY = "INSERT INTO index_keys (name, key) VALUES ('duplicates', $1) ON CONFLICT (name) DO NOTHING";
    /// The key of all hashes.
    FIND_KEY = "SELECT key FROM index_keys WHERE name = 'duplicates'";
    /// A row stands no longer.
    REMOVE = "UPDATE index_rows SET removed = 1, changed_at = $2 WHERE row_id = $1";
    /// Whose tasks a row concerns: those of its product kind; a sampling of an unknown kind, and a year, concern everybody
    /// who works in its region.
    LIST_AUDIENCES = "SELECT DISTINCT t.team_id, t.body_id FROM tasks t WHERE t.body_id IS NOT NULL AND t.cancelled_at IS NULL \
        AND (($1 <> 'year' AND t.product_kind = $2) OR (($1 = 'year' OR CAST($2 AS TEXT) IS NULL) \
          AND (CAST($3 AS TEXT) IS NULL OR NOT EXISTS (SELECT 1 FROM task_regions r WHERE r.task_id = t.task_id) \
            OR EXISTS (SELECT 1 FROM task_regions r WHERE r.task_id = t.task_id AND CAST($3 AS TEXT) LIKE r.prefix || '%')))) \
        ORDER BY t.body_id, t.team_id";
    /// The rows that concern a task, by the same measure.
    LIST_OF_TASK = concat!("SELECT i.* FROM index_rows i WHERE i.removed = 0 AND EXISTS \
        (SELECT 1 FROM tasks t WHERE t.task_id = $1 AND ", concerns!(), ") ORDER BY i.row_id");
    /// The rows that concern a task and no other open task of a team.
    LIST_LOST_BY_TEAM = concat!("SELECT i.* FROM index_rows i WHERE i.removed = 0 AND EXISTS \
        (SELECT 1 FROM tasks t WHERE t.task_id = $1 AND ", concerns!(), ") AND NOT EXISTS (SELECT 1 FROM tasks t \
          WHERE t.team_id = $2 AND t.cancelled_at IS NULL AND t.task_id <> $1 AND ", concerns!(), ") ORDER BY i.row_id");
    /// The rows that concern a task and no other open task of a body that no team has.
    LIST_LOST_BY_BODY = concat!("SELECT i.* FROM index_rows i WHERE i.removed = 0 AND EXISTS \
        (SELECT 1 FROM tasks t WHERE t.task_id = $1 AND ", concerns!(), ") AND NOT EXISTS (SELECT 1 FROM tasks t \
          WHERE t.body_id = $2 AND t.team_id IS NULL AND t.cancelled_at IS NULL AND t.task_id <> $1 AND ", concerns!(), ") \
        ORDER BY i.row_id");
    /// The rows that concern a task and an open task of a person as well.
    LIST_KEPT_BY_PERSON = concat!("SELECT i.* FROM index_rows i WHERE i.removed = 0 AND EXISTS \
        (SELECT 1 FROM tasks t WHERE t.task_id = $1 AND ", concerns!(), ") AND EXISTS (SELECT 1 FROM tasks t \
          WHERE t.cancelled_at IS NULL AND ", held_by_person!(), " AND ", concerns!(), ") ORDER BY i.row_id");
    /// The rows that concern the tasks of a team and no open task of a person.
    LIST_LOST_BY_PERSON = concat!("SELECT i.* FROM index_rows i WHERE i.removed = 0 AND EXISTS \
        (SELECT 1 FROM tasks t WHERE t.team_id = $1 AND ", concerns!(), ") AND NOT EXISTS (SELECT 1 FROM tasks t \
          WHERE t.cancelled_at IS NULL AND ", held_by_person!(), " AND ", concerns!(), ") ORDER BY i.row_id");
}

bulk! {
    /// What is known of samplings beside their facts.
    LIST_SAMPLINGS = ("SELECT s.sample_id, s.signed, COALESCE(s.product_name, p.product_name) AS product_name, o.outcome, \
        COALESCE(p.region, v.region) AS region \
        FROM samples s LEFT JOIN visits v ON v.document_id = s.document_id \
        LEFT JOIN prior_samplings p ON p.prior_sampling_id = s.sample_id \
        LEFT JOIN subject_outcomes o ON o.subject = 'sample/' || s.sample_id \
        WHERE s.sample_id IN (", 0, 1, ") ORDER BY s.sample_id, s.document_id");
    /// The rows of samplings that stand.
    LIST_OF_SAMPLES = ("SELECT * FROM index_rows WHERE removed = 0 AND sample_id IN (", 0, 1, ") ORDER BY row_id");
    /// Puts rows.
    PUT = ("INSERT INTO index_rows (row_id, sample_id, kind, key_hash, sampled_on, authority_id, level, sampling_kind, \
        product_kind, region, removed, changed_at) VALUES", 0, 12,
        " ON CONFLICT (row_id) DO UPDATE SET kind = excluded.kind, key_hash = excluded.key_hash, \
        sampled_on = excluded.sampled_on, authority_id = excluded.authority_id, level = excluded.level, \
        sampling_kind = excluded.sampling_kind, product_kind = excluded.product_kind, region = excluded.region, \
        removed = 0, changed_at = excluded.changed_at");
}

/// A row and what decides for whom it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    /// As it goes to phones.
    pub row: IndexRow,
    /// 产品名称, normalised.
    pub product_kind: Option<String>,
    /// GB/T 2260.
    pub region: Option<String>,
}

/// What is known of a sampling beside its facts.
#[derive(Clone, Debug)]
pub struct Sampling {
    /// Whether its sheet is signed.
    pub signed: bool,
    /// 产品名称 as written.
    pub product_name: Option<String>,
    /// Its validity as one word; none before it was ruled.
    pub outcome: Option<String>,
    /// Where.
    pub region: Option<String>,
}

/// Keeps a key, unless there is one.
pub async fn insert_key(tx: &mut Tx, key: &[u8; 32]) -> Result<()> {
    tx.exec(&INSERT_KEY, args![key]).await.map(drop)
}

/// The key of all hashes.
pub async fn find_key(db: &mut Session) -> Result<Option<Vec<u8>>> {
    let row = db.optional(&FIND_KEY, args![]).await?;
    row.map(|row| row.get("key")).transpose()
}

/// Samplings, own or prior: where several records have one id, the first.
pub async fn list_samplings(
    db: &mut Session,
    ids: &[SampleId],
) -> Result<HashMap<SampleId, Sampling>> {
    let mut samplings = HashMap::new();
    let keys = ids.iter().map(|id| (*id).into());
    for row in db.all_of(&LIST_SAMPLINGS, args![], keys).await? {
        let sampling = Sampling {
            signed: row.get::<i64>("signed")? == 1,
            product_name: row.get("product_name")?,
            outcome: row.get("outcome")?,
            region: row.get("region")?,
        };
        samplings.entry(row.get("sample_id")?).or_insert(sampling);
    }
    Ok(samplings)
}

fn stored(row: &Row) -> Result<StoredRow> {
    Ok(StoredRow {
        row: IndexRow {
            row_id: row.get("row_id")?,
            key_hash: row.get::<Digest>("key_hash")?,
            kind: row.get("kind")?,
            sampled_on: row.get("sampled_on")?,
            authority_id: row.get("authority_id")?,
            level: row.get("level")?,
            sampling_kind: row.get("sampling_kind")?,
        },
        product_kind: row.get("product_kind")?,
        region: row.get("region")?,
    })
}

/// The rows of samplings that stand.
pub async fn list_of_samples(
    db: &mut Session,
    ids: &[SampleId],
) -> Result<HashMap<SampleId, Vec<StoredRow>>> {
    let mut standing: HashMap<SampleId, Vec<StoredRow>> = HashMap::new();
    let keys = ids.iter().map(|id| (*id).into());
    for row in db.all_of(&LIST_OF_SAMPLES, args![], keys).await? {
        let of_sample = standing.entry(row.get("sample_id")?).or_default();
        of_sample.push(stored(&row)?);
    }
    Ok(standing)
}

/// The rows that a phone needs for a task.
pub async fn list_of_task(
    db: &mut Session,
    task: sync_core::model::TaskId,
) -> Result<Vec<StoredRow>> {
    let rows = db.all(&LIST_OF_TASK, args![task]).await?;
    rows.iter().map(stored).collect()
}

/// The rows that concern a task and nothing else that its former holder has.
pub async fn list_lost(
    db: &mut Session,
    task: sync_core::model::TaskId,
    by: &Audience,
) -> Result<Vec<StoredRow>> {
    let rows = match by {
        Audience::Team(team) => db.all(&LIST_LOST_BY_TEAM, args![task, *team]).await?,
        Audience::Organisation(body) => db.all(&LIST_LOST_BY_BODY, args![task, *body]).await?,
        _ => Vec::new(),
    };
    rows.iter().map(stored).collect()
}

/// The rows that concern a task and that a person has for another one too.
pub async fn list_kept(
    db: &mut Session,
    task: sync_core::model::TaskId,
    by: UserId,
) -> Result<Vec<StoredRow>> {
    let rows = db.all(&LIST_KEPT_BY_PERSON, args![task, by]).await?;
    rows.iter().map(stored).collect()
}

/// The rows that a person had by a team alone that they left.
pub async fn list_left(db: &mut Session, team: TeamId, by: UserId) -> Result<Vec<StoredRow>> {
    let rows = db.all(&LIST_LOST_BY_PERSON, args![team, by]).await?;
    rows.iter().map(stored).collect()
}

/// Puts rows.
pub async fn put(tx: &mut Tx, rows: &[(SampleId, StoredRow)], now: Millis) -> Result<()> {
    let columns = rows.iter().map(|(id, new)| {
        args![
            &new.row.row_id,
            *id,
            &new.row.kind,
            new.row.key_hash,
            &new.row.sampled_on,
            new.row.authority_id,
            &new.row.level,
            &new.row.sampling_kind,
            new.product_kind.clone(),
            new.region.clone(),
            false,
            now,
        ]
    });
    tx.exec_rows(&PUT, columns.collect()).await
}

/// A row stands no longer.
pub async fn remove(tx: &mut Tx, row_id: &str, now: Millis) -> Result<()> {
    tx.exec(&REMOVE, args![row_id, now]).await.map(drop)
}

/// Whom a row concerns: the team of a task, or the whole body where no team has it yet.
pub async fn list_audiences(db: &mut Session, row: &StoredRow) -> Result<Vec<Audience>> {
    let columns = args![&row.row.kind, row.product_kind.clone(), row.region.clone()];
    let rows = db.all(&LIST_AUDIENCES, columns).await?;
    teams::holders(&rows)
}
