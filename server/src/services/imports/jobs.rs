//! Imports that nobody waits for: the console takes a file, and whoever sent it may leave and come back. A job tries and
//! writes it chunk by chunk, as [`super::run`] does; how far it is stands in the transaction of each chunk, so that after a
//! server died the next one goes on behind the last chunk that was kept. An attempt has an import for some seconds at a time,
//! and what it tells is taken only while it has it: two servers on one database never write the same chunk.

use std::collections::BTreeSet;
use std::time::Duration;

use sync_core::limits::{
    IMPORT_ATTEMPTS_MAX, IMPORT_KEPT_MS, IMPORT_LEASE_MS, IMPORTS_AT_ONCE, IMPORTS_OPEN_MAX,
    WORK_AWAITED_MS,
};
use sync_core::model::{Millis, UserId};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{BadRow, Cells, Kind, Report, chunks, note, overtaken, put, put_rows, table};
use crate::access::{Principal, Role};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::services::reference::{self, Work};
use crate::store::access::{organisations, users};
use crate::store::imports::{self, Chunk, Held, NewImport};
pub use crate::store::imports::{DONE, FAILED, ImportRow, TRYING, WAITING, WRITING};
use crate::store::{Session, StoreError, Tx};

/// How long the job rests when it has nothing to do, or something failed.
const REST: Duration = Duration::from_secs(1);
/// Between two looks at an import that somebody waits for.
const LOOK: Duration = Duration::from_millis(30);
/// Who imports.
const IMPORTERS: [Role; 2] = [Role::Authority, Role::Admin];

/// What is to be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// All of it is tried and nothing kept.
    Try,
    /// It is written, unless a row is bad.
    Write,
    /// Its good rows are written.
    Skip,
}

impl Act {
    /// As it is stored, and as forms send it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Try => "try",
            Self::Write => "write",
            Self::Skip => "skip",
        }
    }

    /// The one of a word; none but these tries only.
    pub fn of(word: &str) -> Self {
        match word {
            "write" => Self::Write,
            "skip" => Self::Skip,
            _ => Self::Try,
        }
    }
}

/// Takes a file, to be imported by whichever server comes to it first. Its bytes are durable when this returns.
pub async fn take(
    app: &App,
    caller: &Principal,
    kind: Kind,
    act: Act,
    file: Vec<u8>,
) -> Result<Uuid, Problem> {
    let import_id = app.new_uuid();
    let now = app.now();
    let mut tx = app.store.begin().await?;
    if imports::count_open(&mut tx, caller.user).await? >= IMPORTS_OPEN_MAX {
        let detail = format!("{IMPORTS_OPEN_MAX} of your imports are under way; wait for one");
        return Err(Problem::new(Code::Overloaded).detail(detail));
    }
    imports::forget(&mut tx, now - IMPORT_KEPT_MS).await?;
    let new = NewImport {
        import_id,
        kind: kind.as_str(),
        act: act.as_str(),
        user: caller.user,
        session: caller.session,
        made_at: now,
        file,
    };
    imports::insert(&mut tx, new).await?;
    tx.commit().await?;
    app.imports_wanted.notify_one();
    Ok(import_id)
}

/// One of the caller's own.
pub async fn find(app: &App, caller: &Principal, id: Uuid) -> Result<ImportRow, Problem> {
    let mut db = app.store.read().await?;
    let row = imports::find_own(&mut db, id, caller.user).await?;
    row.ok_or(Problem::new(Code::NotFound))
}

/// The file of one of the caller's own.
pub async fn file_of(app: &App, caller: &Principal, id: Uuid) -> Result<Vec<u8>, Problem> {
    let mut db = app.store.read().await?;
    let file = imports::find_file(&mut db, id, caller.user).await?;
    file.ok_or(Problem::new(Code::NotFound))
}

/// The caller's own since a time, the newest first; of one kind, or of all.
pub async fn list(
    app: &App,
    caller: &Principal,
    kind: Option<Kind>,
    since: Millis,
    rows_max: u32,
) -> Result<Vec<ImportRow>, Problem> {
    let mut db = app.store.read().await?;
    let kind = kind.map_or("", Kind::as_str);
    Ok(imports::list_own(&mut db, caller.user, kind, since, rows_max).await?)
}

/// The rows of an import that cannot be taken.
pub fn bad_rows(row: &ImportRow) -> Result<Vec<BadRow>, Problem> {
    serde_json::from_str(&row.bad).map_err(|error| Problem::internal(&error))
}

/// Waits a moment for one to end: most files are short, and their page then shows at once what came of them.
pub async fn await_a_moment(app: &App, caller: &Principal, id: Uuid) -> Result<(), Problem> {
    let until = Instant::now() + Duration::from_millis(WORK_AWAITED_MS);
    while find(app, caller, id).await?.ended_at.is_none() && Instant::now() < until {
        sleep(LOOK).await;
    }
    Ok(())
}

/// Runs until it is dropped, and with it what is under way.
pub async fn run(app: App) {
    let mut running = JoinSet::new();
    loop {
        if running.len() < IMPORTS_AT_ONCE {
            match next(&app).await {
                Ok(Some((row, held))) => {
                    let app = app.clone();
                    running.spawn(async move { attempt(&app, row, held).await });
                    continue;
                }
                Ok(None) => {}
                Err(_) => tracing::warn!("looking for imports failed; it is tried again"),
            }
        }
        tokio::select! {
            Some(ended) = running.join_next() => if ended.is_err() {
                tracing::error!("an import ended where it should not; it is begun again");
            },
            () = app.imports_wanted.notified(), if running.len() < IMPORTS_AT_ONCE => {}
            () = sleep(REST) => {}
        }
    }
}

/// Takes the one that waits longest.
async fn next(app: &App) -> Result<Option<(ImportRow, Held)>, StoreError> {
    let now = app.now();
    let found = {
        let mut db = app.store.read().await?;
        imports::find_due(&mut db, now).await?
    };
    let Some(row) = found else { return Ok(None) };
    let lease = app.new_uuid().to_string();
    let mut tx = app.store.begin_beside().await?;
    let until = now + IMPORT_LEASE_MS;
    let taken = imports::take(&mut tx, row.import_id, &lease, until, now).await?;
    let row = imports::find(&mut tx, row.import_id).await?;
    tx.commit().await?;
    Ok(row.filter(|_| taken).map(|row| {
        let import_id = row.import_id;
        (row, Held { import_id, lease })
    }))
}

/// Why an attempt goes no further.
enum Stop {
    /// Another attempt has the import.
    Lost,
    /// The import ends with this.
    Ends(Problem),
    /// The server or its database is in the way: another attempt follows.
    Later(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        match problem.code().status().is_server_error() {
            true => Self::Later(problem),
            false => Self::Ends(problem),
        }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

/// What was told is told only by whoever has the import.
fn still_held(held: bool) -> Result<(), Stop> {
    if held { Ok(()) } else { Err(Stop::Lost) }
}

async fn attempt(app: &App, row: ImportRow, held: Held) {
    let given_up = row.attempts > IMPORT_ATTEMPTS_MAX;
    let stopped = match given_up {
        true => Err(Stop::Ends(Problem::fault("an import was begun too often"))),
        false => import(app, &row, &held).await,
    };
    let problem = match stopped {
        Ok(()) => return reference::rule(app).await,
        Err(Stop::Lost) => return tracing::warn!(import = %row.import_id, "another attempt has it"),
        Err(Stop::Later(problem)) => {
            let code = problem.code().as_str();
            return tracing::warn!(import = %row.import_id, code, "an import waits to be begun again");
        }
        Err(Stop::Ends(problem)) => problem,
    };
    if let Err(error) = end(app, &held, &problem).await {
        tracing::warn!(import = %row.import_id, %error, "how an import ended was not noted; it is begun again");
    }
    // What was written before it stopped.
    reference::rule(app).await;
}

async fn end(app: &App, held: &Held, problem: &Problem) -> Result<(), StoreError> {
    let mut tx = app.store.begin_beside().await?;
    let code = problem.code().as_str();
    held.end_failed(&mut tx, code, problem.told(), app.now())
        .await?;
    tx.commit().await
}

/// Who imports, as they are now: what they may no longer do, what they began does not do for them.
async fn caller_of(app: &App, user: UserId, session: Uuid) -> Result<Principal, Problem> {
    let mut db = app.store.read().await?;
    let gone = || Problem::new(Code::UserDisabled);
    let found = users::find(&mut db, user).await?;
    let row = found.filter(|row| row.active).ok_or_else(gone)?;
    let kind = kind_of(&mut db, &row).await?.ok_or_else(gone)?;
    let caller = Principal {
        user,
        organisation: row.organisation,
        organisation_kind: kind,
        roles: row.roles,
        region_prefixes: users::list_regions(&mut db, user).await?,
        device: None,
        session,
    };
    match caller.has_any(&IMPORTERS) {
        true => Ok(caller),
        false => Err(Problem::new(Code::RoleForbidden)),
    }
}

async fn kind_of(
    db: &mut Session,
    row: &users::UserRow,
) -> Result<Option<crate::access::OrganisationKind>, StoreError> {
    let organisation = organisations::find(db, row.organisation).await?;
    Ok(organisation.map(|it| it.kind))
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

fn counted(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

fn json(bad: &[BadRow]) -> Result<String, Problem> {
    serde_json::to_string(bad).map_err(|error| Problem::internal(&error))
}

/// Whatever is left to be done of one.
async fn import(app: &App, row: &ImportRow, held: &Held) -> Result<(), Stop> {
    let kind = Kind::of(&row.kind).ok_or(Problem::new(Code::NotFound))?;
    let file = {
        let mut db = app.store.read().await?;
        imports::find_file(&mut db, row.import_id, row.user).await?
    };
    let rows = table::read(kind.columns(), &file.ok_or(Stop::Lost)?)?;
    let (chunks, told) = chunks(kind, rows);
    let bad = match row.state.as_str() {
        WRITING => bad_rows(row)?,
        _ => match try_all(app, row, held, kind, (&chunks, told)).await? {
            Some(bad) => bad,
            None => return Ok(()),
        },
    };
    write(app, row, held, kind, (&chunks, bad)).await
}

/// Tries every row; the bad ones, if the others are to be written.
async fn try_all(
    app: &App,
    row: &ImportRow,
    held: &Held,
    kind: Kind,
    (chunks, told): (&[Vec<Cells>], Report),
) -> Result<Option<Vec<BadRow>>, Stop> {
    let known = count(told.bad.len()) + counted(told.unchanged);
    let of_chunks: usize = chunks.iter().map(Vec::len).sum();
    let all = known + count(of_chunks);
    let known_unchanged = counted(told.unchanged);
    let (mut report, mut done) = (told, known);
    tell(app, async |tx, until| {
        held.tried(tx, all, done, until).await
    })
    .await?;
    let mut good = 0;
    for chunk in chunks {
        let caller = caller_of(app, row.user, row.session).await?;
        let (tried, left) = put(app, &caller, kind, chunk, false).await?;
        report.add(tried);
        good += left.len();
        done += count(chunk.len());
        tell(app, async |tx, until| {
            held.tried(tx, all, done, until).await
        })
        .await?;
    }
    report.bad.sort_by_key(|bad| bad.line);
    let bad = json(&report.bad)?;
    let writes =
        row.act != Act::Try.as_str() && (report.bad.is_empty() || row.act == Act::Skip.as_str());
    if !writes {
        let counts = [report.created, report.updated, report.unchanged].map(counted);
        let now = app.now();
        tell(app, async |tx, _| {
            held.end_tried(tx, counts, &bad, now).await
        })
        .await?;
        return Ok(None);
    }
    let good = count(good);
    tell(app, async |tx, until| {
        held.writes(tx, good, known_unchanged, &bad, until).await
    })
    .await?;
    Ok(Some(report.bad))
}

/// Writes the good rows, behind the last chunk that was kept.
async fn write(
    app: &App,
    row: &ImportRow,
    held: &Held,
    kind: Kind,
    (chunks, mut bad): (&[Vec<Cells>], Vec<BadRow>),
) -> Result<(), Stop> {
    let lines: BTreeSet<u64> = bad.iter().map(|bad| bad.line).collect();
    let mut created = counted_of(row);
    let kept = usize::try_from(row.chunks_written).unwrap_or_default();
    for (at, chunk) in chunks.iter().enumerate().skip(kept) {
        let good = chunk.iter().filter(|cells| !lines.contains(&cells.line));
        let good: Vec<Cells> = good.cloned().collect();
        let caller = caller_of(app, row.user, row.session).await?;
        let mut work = Work::begin(app, &caller).await?;
        let (report, _) = put_rows(&mut work, kind, &good).await?;
        note(&mut work, kind, &report).await?;
        // What was good a moment ago and is not now: somebody changed something in between.
        let stops = !report.bad.is_empty() && row.act != Act::Skip.as_str();
        created += report.created + report.updated;
        bad.extend(report.bad);
        bad.sort_by_key(|bad| bad.line);
        let bad = json(&bad)?;
        let told = Chunk {
            rows: count(good.len()),
            chunks_written: count(at + 1),
            created: counted(report.created),
            updated: counted(report.updated),
            unchanged: counted(report.unchanged),
            bad: &bad,
        };
        let until = app.now() + IMPORT_LEASE_MS;
        still_held(held.wrote(&mut work.tx, &told, until).await?)?;
        work.keep().await?;
        if stops {
            let problem = Problem::new(Code::ImportInvalid).detail(overtaken(created));
            return Err(Stop::Ends(problem));
        }
    }
    let now = app.now();
    tell(app, async |tx, _| held.end_written(tx, now).await).await
}

/// Rows that were written before this attempt.
fn counted_of(row: &ImportRow) -> u64 {
    (row.created + row.updated).unsigned_abs()
}

/// Tells how far it is in a transaction of its own, and has it for longer.
async fn tell(
    app: &App,
    what: impl AsyncFnOnce(&mut Tx, Millis) -> Result<bool, StoreError>,
) -> Result<(), Stop> {
    let mut tx = app.store.begin_beside().await?;
    let until = app.now() + IMPORT_LEASE_MS;
    still_held(what(&mut tx, until).await?)?;
    Ok(tx.commit().await?)
}
