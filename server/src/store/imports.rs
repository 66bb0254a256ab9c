//! Imports that run in the background, how far each one is, and what scopes somebody's change left to be ruled again.

use sync_core::model::{Millis, UserId};
use uuid::Uuid;

use super::{Result, Row, Session, Tx, statements};
use crate::args;

/// Nothing was done yet.
pub const WAITING: &str = "waiting";
/// Its rows are tried, and nothing is kept.
pub const TRYING: &str = "trying";
/// Its good rows are written.
pub const WRITING: &str = "writing";
/// It came to its end; whether anything was written says `written`.
pub const DONE: &str = "done";
/// It stopped for a reason that is none of a row.
pub const FAILED: &str = "failed";

/// All of an import but its file, which may be large.
macro_rules! imports {
    ($rest:literal) => {
        concat!(
            "SELECT import_id, kind, act, user_id, session_id, made_at, state, rows_all, rows_done, chunks_written, created, \
             updated, unchanged, written, problem, detail, attempts, steps, ended_at, bad FROM imports ",
            $rest
        )
    };
}

statements! {
    /// A file is taken.
    INSERT = "INSERT INTO imports (import_id, kind, act, user_id, session_id, made_at, state, file) \
        VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7)";
    /// How many of a person have not ended.
    COUNT_OPEN = "SELECT COUNT(*) AS n FROM imports WHERE user_id = $1 AND ended_at IS NULL";
    /// Those that ended long ago are nobody's any more.
    FORGET = "DELETE FROM imports WHERE ended_at IS NOT NULL AND ended_at < $1";
    /// One of a person.
    FIND_OWN = imports!("WHERE import_id = $1 AND user_id = $2");
    /// Any.
    FIND = imports!("WHERE import_id = $1");
    /// Its file.
    FIND_FILE = "SELECT file FROM imports WHERE import_id = $1 AND user_id = $2";
    /// The latest of a person, of a kind or of all.
    LIST_OWN = imports!("WHERE user_id = $1 AND (CAST($2 AS TEXT) = '' OR kind = $2) AND made_at >= $3 \
        ORDER BY made_at DESC, import_id DESC LIMIT $4");
    /// The one that waits longest and that nobody has.
    FIND_DUE = imports!("WHERE ended_at IS NULL AND leased_until <= $1 ORDER BY made_at, import_id LIMIT 1");
    /// An attempt takes it, unless another has it.
    TAKE = "UPDATE imports SET lease = $2, leased_until = $3, attempts = attempts + 1 \
        WHERE import_id = $1 AND ended_at IS NULL AND leased_until <= $4";
    /// The attempt that has it tried some of its rows.
    TRIED = "UPDATE imports SET state = 'trying', rows_all = $3, rows_done = $4, leased_until = $5, \
        steps = steps + 1 WHERE import_id = $1 AND lease = $2 AND ended_at IS NULL";
    /// All its rows were tried, and are to be written from now on.
    WRITES = "UPDATE imports SET state = 'writing', rows_all = $3, rows_done = 0, unchanged = $4, bad = $5, leased_until = $6, \
        attempts = 1, steps = steps + 1 WHERE import_id = $1 AND lease = $2 AND ended_at IS NULL";
    /// A chunk of them was written.
    WROTE = "UPDATE imports SET rows_done = rows_done + $3, chunks_written = $4, created = created + $5, \
        updated = updated + $6, unchanged = unchanged + $7, bad = $8, leased_until = $9, attempts = 1, steps = steps + 1 \
        WHERE import_id = $1 AND lease = $2 AND ended_at IS NULL";
    /// It was tried, and no more is to be done.
    END_TRIED = "UPDATE imports SET state = 'done', rows_done = rows_all, created = $3, updated = $4, unchanged = $5, bad = $6, \
        ended_at = $7, lease = NULL, steps = steps + 1 WHERE import_id = $1 AND lease = $2 AND ended_at IS NULL";
    /// All that was to be written is.
    END_WRITTEN = "UPDATE imports SET state = 'done', written = 1, ended_at = $3, lease = NULL, steps = steps + 1 \
        WHERE import_id = $1 AND lease = $2 AND ended_at IS NULL";
    /// It stopped.
    END_FAILED = "UPDATE imports SET state = 'failed', problem = $3, detail = $4, ended_at = $5, lease = NULL, steps = steps + 1 \
        WHERE import_id = $1 AND lease = $2 AND ended_at IS NULL";
    /// Whose imports are under way or ended a moment ago, and how often each was told of.
    LIST_STEPS = "SELECT import_id, user_id, steps FROM imports WHERE ended_at IS NULL \
        UNION ALL SELECT import_id, user_id, steps FROM imports WHERE ended_at IS NOT NULL AND ended_at >= $1";

    /// Somebody's change left scopes to be ruled again: as many as wait now.
    INSERT_RERULING = "INSERT INTO rerulings (reruling_id, user_id, subject, scopes, made_at) \
        SELECT $1, $2, $3, (SELECT COUNT(*) FROM dirty_scopes WHERE marked_at <= CAST($4 AS BIGINT)), $4";
    /// Of old ones nobody asks any more.
    FORGET_RERULINGS = "DELETE FROM rerulings WHERE made_at < $1";
    /// The latest change of a person, and how many of its scopes still wait.
    FIND_RERULING = "SELECT r.subject, r.scopes, r.made_at, \
        (SELECT COUNT(*) FROM dirty_scopes d WHERE d.marked_at <= r.made_at) AS remaining \
        FROM rerulings r WHERE r.user_id = $1 AND r.made_at >= $2 ORDER BY r.made_at DESC, r.reruling_id DESC LIMIT 1";
    /// How many scopes still wait that anybody's change of late has marked.
    COUNT_RERULED = "SELECT COUNT(*) AS n FROM dirty_scopes \
        WHERE marked_at <= (SELECT MAX(made_at) FROM rerulings WHERE made_at >= $1)";
}

/// An import, without its file.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// Its id.
    pub import_id: Uuid,
    /// What the file holds, as it stands in addresses.
    pub kind: String,
    /// `try`, `write` or `skip`.
    pub act: String,
    /// Who imports.
    pub user: UserId,
    /// In which session they asked for it.
    pub session: Uuid,
    /// When.
    pub made_at: Millis,
    /// `waiting`, `trying`, `writing`, `done` or `failed`.
    pub state: String,
    /// Rows of the step under way.
    pub rows_all: i64,
    /// How many of them are done.
    pub rows_done: i64,
    /// Chunks whose rows are kept.
    pub chunks_written: i64,
    /// Rows that made a record, or would.
    pub created: i64,
    /// Rows that changed one.
    pub updated: i64,
    /// Rows that told what was known.
    pub unchanged: i64,
    /// Whether all that was to be written is.
    pub written: bool,
    /// Why it failed, by code.
    pub problem: Option<String>,
    /// What else is to be said of that.
    pub detail: Option<String>,
    /// Times it was begun since it last got on.
    pub attempts: i64,
    /// When it ended.
    pub ended_at: Option<Millis>,
    /// The rows that cannot be taken, as JSON.
    pub bad: String,
}

fn import(row: &Row) -> Result<ImportRow> {
    Ok(ImportRow {
        import_id: row.get("import_id")?,
        kind: row.get("kind")?,
        act: row.get("act")?,
        user: row.get("user_id")?,
        session: row.get("session_id")?,
        made_at: row.get("made_at")?,
        state: row.get("state")?,
        rows_all: row.get("rows_all")?,
        rows_done: row.get("rows_done")?,
        chunks_written: row.get("chunks_written")?,
        created: row.get("created")?,
        updated: row.get("updated")?,
        unchanged: row.get("unchanged")?,
        written: row.get("written")?,
        problem: row.get("problem")?,
        detail: row.get("detail")?,
        attempts: row.get("attempts")?,
        ended_at: row.get("ended_at")?,
        bad: row.get("bad")?,
    })
}

/// A file to be imported.
pub struct NewImport {
    /// Its id.
    pub import_id: Uuid,
    /// What it holds.
    pub kind: &'static str,
    /// `try`, `write` or `skip`.
    pub act: &'static str,
    /// Who imports.
    pub user: UserId,
    /// In which session.
    pub session: Uuid,
    /// When.
    pub made_at: Millis,
    /// Its bytes.
    pub file: Vec<u8>,
}

/// Takes a file, to be imported later.
pub async fn insert(tx: &mut Tx, new: NewImport) -> Result<()> {
    let values = args![
        new.import_id,
        new.kind,
        new.act,
        new.user,
        new.session,
        new.made_at,
        new.file
    ];
    tx.exec(&INSERT, values).await.map(drop)
}

/// How many of a person's imports have not ended.
pub async fn count_open(db: &mut Session, user: UserId) -> Result<i64> {
    db.one(&COUNT_OPEN, args![user]).await?.get("n")
}

/// Drops what ended before a time.
pub async fn forget(tx: &mut Tx, before: Millis) -> Result<()> {
    tx.exec(&FORGET, args![before]).await.map(drop)
}

/// One of a person's.
pub async fn find_own(db: &mut Session, id: Uuid, user: UserId) -> Result<Option<ImportRow>> {
    let row = db.optional(&FIND_OWN, args![id, user]).await?;
    row.as_ref().map(import).transpose()
}

/// Any by id.
pub async fn find(db: &mut Session, id: Uuid) -> Result<Option<ImportRow>> {
    let row = db.optional(&FIND, args![id]).await?;
    row.as_ref().map(import).transpose()
}

/// The file of one of a person's.
pub async fn find_file(db: &mut Session, id: Uuid, user: UserId) -> Result<Option<Vec<u8>>> {
    let row = db.optional(&FIND_FILE, args![id, user]).await?;
    row.map(|row| row.get("file")).transpose()
}

/// The latest of a person since a time, the newest first; of one kind, or of all if it is empty.
pub async fn list_own(
    db: &mut Session,
    user: UserId,
    kind: &str,
    since: Millis,
    rows_max: u32,
) -> Result<Vec<ImportRow>> {
    let rows = db
        .all(&LIST_OWN, args![user, kind, since, rows_max])
        .await?;
    rows.iter().map(import).collect()
}

/// The one that waits longest and that nobody has.
pub async fn find_due(db: &mut Session, now: Millis) -> Result<Option<ImportRow>> {
    let row = db.optional(&FIND_DUE, args![now]).await?;
    row.as_ref().map(import).transpose()
}

/// Takes one for an attempt, until a time; false where another has it.
pub async fn take(tx: &mut Tx, id: Uuid, lease: &str, until: Millis, now: Millis) -> Result<bool> {
    Ok(tx.exec(&TAKE, args![id, lease, until, now]).await? == 1)
}

/// Whose hands an import is in: its id, and the attempt that has it. What they tell is taken only while they have it.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which import.
    pub import_id: Uuid,
    /// Which attempt.
    pub lease: String,
}

impl Held {
    /// So many of its rows were tried; false where another attempt has it.
    pub async fn tried(&self, tx: &mut Tx, all: i64, done: i64, until: Millis) -> Result<bool> {
        let values = args![self.import_id, &self.lease, all, done, until];
        Ok(tx.exec(&TRIED, values).await? == 1)
    }

    /// All was tried; so many rows are to be written, and these cannot be taken.
    pub async fn writes(
        &self,
        tx: &mut Tx,
        all: i64,
        unchanged: i64,
        bad: &str,
        until: Millis,
    ) -> Result<bool> {
        let values = args![self.import_id, &self.lease, all, unchanged, bad, until];
        Ok(tx.exec(&WRITES, values).await? == 1)
    }

    /// So many rows of a chunk were written, in the transaction of the chunk.
    pub async fn wrote(&self, tx: &mut Tx, chunk: &Chunk<'_>, until: Millis) -> Result<bool> {
        let values = args![
            self.import_id,
            &self.lease,
            chunk.rows,
            chunk.chunks_written,
            chunk.created,
            chunk.updated,
            chunk.unchanged,
            chunk.bad,
            until
        ];
        Ok(tx.exec(&WROTE, values).await? == 1)
    }

    /// It was tried and no more.
    pub async fn end_tried(
        &self,
        tx: &mut Tx,
        counts: [i64; 3],
        bad: &str,
        now: Millis,
    ) -> Result<bool> {
        let [created, updated, unchanged] = counts;
        let values = args![
            self.import_id,
            &self.lease,
            created,
            updated,
            unchanged,
            bad,
            now
        ];
        Ok(tx.exec(&END_TRIED, values).await? == 1)
    }

    /// All is written.
    pub async fn end_written(&self, tx: &mut Tx, now: Millis) -> Result<bool> {
        let values = args![self.import_id, &self.lease, now];
        Ok(tx.exec(&END_WRITTEN, values).await? == 1)
    }

    /// It stopped, for this reason.
    pub async fn end_failed(
        &self,
        tx: &mut Tx,
        problem: &str,
        detail: Option<&str>,
        now: Millis,
    ) -> Result<bool> {
        let values = args![self.import_id, &self.lease, problem, detail, now];
        Ok(tx.exec(&END_FAILED, values).await? == 1)
    }
}

/// What came of a chunk.
pub struct Chunk<'a> {
    /// Rows that it had.
    pub rows: i64,
    /// Chunks that are written with it.
    pub chunks_written: i64,
    /// Rows that made a record.
    pub created: i64,
    /// Rows that changed one.
    pub updated: i64,
    /// Rows that told what was known.
    pub unchanged: i64,
    /// All rows of the file that cannot be taken, as JSON.
    pub bad: &'a str,
}

/// Whose imports are under way, or ended since a time, and how often each was told of: what live pages compare.
pub async fn list_steps(db: &mut Session, since: Millis) -> Result<Vec<(Uuid, UserId, i64)>> {
    let rows = db.all(&LIST_STEPS, args![since]).await?;
    let steps = rows.iter().map(|row| {
        Ok((
            row.get("import_id")?,
            row.get("user_id")?,
            row.get("steps")?,
        ))
    });
    steps.collect()
}

/// Notes that a change left scopes to be ruled again, in the transaction that marked them.
pub async fn insert_reruling(
    tx: &mut Tx,
    id: Uuid,
    user: UserId,
    subject: &str,
    now: Millis,
) -> Result<()> {
    tx.exec(&INSERT_RERULING, args![id, user, subject, now])
        .await
        .map(drop)
}

/// Drops what was written before a time.
pub async fn forget_rerulings(tx: &mut Tx, before: Millis) -> Result<()> {
    tx.exec(&FORGET_RERULINGS, args![before]).await.map(drop)
}

/// A change, and how far what it marked is ruled.
#[derive(Clone, Debug)]
pub struct RerulingRow {
    /// What was changed.
    pub subject: String,
    /// Scopes that waited when it was written.
    pub scopes: i64,
    /// Those of them that still do.
    pub remaining: i64,
    /// When.
    pub made_at: Millis,
}

/// The latest change of a person since a time.
pub async fn find_reruling(
    db: &mut Session,
    user: UserId,
    since: Millis,
) -> Result<Option<RerulingRow>> {
    let row = db.optional(&FIND_RERULING, args![user, since]).await?;
    let row = row.map(|row| {
        Ok(RerulingRow {
            subject: row.get("subject")?,
            scopes: row.get("scopes")?,
            remaining: row.get("remaining")?,
            made_at: row.get("made_at")?,
        })
    });
    row.transpose()
}

/// How many scopes wait that changes since a time have marked.
pub async fn count_reruled(db: &mut Session, since: Millis) -> Result<i64> {
    db.one(&COUNT_RERULED, args![since]).await?.get("n")
}
