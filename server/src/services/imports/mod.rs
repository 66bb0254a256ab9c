//! Imports from CSV. A bad row stops a file, unless bad rows are to be skipped; a dry run tries all of it and keeps nothing.
//! The rows go through the same services as the API, and the same file again changes nothing. A file is no single
//! transaction, which would keep every phone waiting: it is tried whole first, and then written in chunks, so that a server
//! that dies between two of them leaves the beginning of a good file, which goes on when it is sent again. `jobs.rs` does the
//! same for those who do not wait for it.

pub mod jobs;
mod kinds;
mod spelling;
mod table;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sync_core::limits::IMPORT_CHUNK_ROWS;
use utoipa::ToSchema;

pub use self::kinds::Kind;
use self::table::Cells;
use super::reference::{self, Change, Work};
use crate::access::Principal;
use crate::app::App;
use crate::problem::{Code, FieldError, Problem};

/// How to import.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Do all of it, keep nothing.
    pub dry_run: bool,
    /// Write the good rows although there are bad ones.
    pub skip_bad: bool,
}

/// A row that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BadRow {
    /// Line of the file, from 1; the header is the first.
    pub line: u64,
    /// The column as documented, if it is one.
    pub column: Option<String>,
    /// Stable code.
    pub code: String,
    /// What is wrong.
    pub message: String,
}

/// What came of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Rows that made a record.
    pub created: u64,
    /// Rows that changed one.
    pub updated: u64,
    /// Rows that told what was known.
    pub unchanged: u64,
    /// Rows that cannot be taken.
    pub bad: Vec<BadRow>,
    /// Whether the good rows were kept.
    pub written: bool,
}

/// Imports a file: first every row is tried and nothing kept, then all are written, both in chunks between which others
/// write as well.
pub async fn run(
    app: &App,
    caller: &Principal,
    kind: Kind,
    file: &[u8],
    options: Options,
) -> Result<Report, Problem> {
    let rows = table::read(kind.columns(), file)?;
    let (chunks, told) = chunks(kind, rows);
    let mut report = told.clone();
    let mut good = Vec::with_capacity(chunks.len());
    for chunk in &chunks {
        let (tried, left) = put(app, caller, kind, chunk, false).await?;
        report.add(tried);
        good.push(left);
    }
    report.bad.sort_by_key(|bad| bad.line);
    if options.dry_run {
        return Ok(report);
    }
    if !report.bad.is_empty() && !options.skip_bad {
        return Err(invalid(&report.bad));
    }
    let (known_bad, mut written) = (report.bad.len(), told);
    written.bad = report.bad;
    for chunk in good.iter().filter(|chunk| !chunk.is_empty()) {
        let (done, _) = put(app, caller, kind, chunk, true).await?;
        let stops = !done.bad.is_empty() && !options.skip_bad;
        written.add(done);
        if stops {
            break;
        }
    }
    reference::rule(app).await;
    // What was good a moment ago and is not now: somebody changed something in between.
    if written.bad.len() > known_bad && !options.skip_bad {
        let kept = written.created + written.updated;
        return Err(invalid(&written.bad).detail(overtaken(kept)));
    }
    written.written = true;
    Ok(written)
}

/// What is told where rows that were good a moment ago are not any more.
fn overtaken(kept: u64) -> String {
    format!(
        "something changed while the file was read: {kept} of its rows are written; the same file again goes on"
    )
}

impl Report {
    fn add(&mut self, other: Self) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.bad.extend(other.bad);
    }
}

fn invalid(bad: &[BadRow]) -> Problem {
    let errors = bad.iter().map(|bad| FieldError {
        field: match &bad.column {
            Some(column) => format!("line {}, column {column}", bad.line),
            None => format!("line {}", bad.line),
        },
        detail: format!("{}: {}", bad.code, bad.message),
    });
    Problem::new(Code::ImportInvalid).fields(errors)
}

/// The rows in chunks, those on one record beside each other so that none is tried without what the file said before; and
/// what can be told of the others already.
fn chunks(kind: Kind, rows: Vec<Result<Cells, BadRow>>) -> (Vec<Vec<Cells>>, Report) {
    let mut report = Report::default();
    let mut groups: Vec<Vec<Cells>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let row = match row {
            Ok(row) => row,
            Err(bad) => {
                report.bad.push(bad);
                continue;
            }
        };
        let place = *places
            .entry(kinds::told_of(kind, &row))
            .or_insert(groups.len());
        let Some(group) = groups.get_mut(place) else {
            groups.push(vec![row]);
            continue;
        };
        if group.iter().any(|before| before.says_the_same(&row)) {
            report.unchanged += 1;
        } else if kinds::changes_again(kind) || group.len() == IMPORT_CHUNK_ROWS {
            report.bad.push(BadRow {
                line: row.line,
                column: None,
                code: Code::Conflict.as_str().to_owned(),
                message: format!("contradicts line {} of the file", group[0].line),
            });
        } else {
            group.push(row);
        }
    }
    let mut chunks: Vec<Vec<Cells>> = Vec::new();
    for group in groups {
        match chunks.last_mut() {
            Some(chunk) if chunk.len() + group.len() <= IMPORT_CHUNK_ROWS => chunk.extend(group),
            _ => chunks.push(group),
        }
    }
    (chunks, report)
}

/// Puts a chunk in one transaction, and keeps it or not; what came of it, and the rows that are good.
async fn put(
    app: &App,
    caller: &Principal,
    kind: Kind,
    chunk: &[Cells],
    keep: bool,
) -> Result<(Report, Vec<Cells>), Problem> {
    let mut work = Work::begin(app, caller).await?;
    let (report, good) = put_rows(&mut work, kind, chunk).await?;
    if keep {
        note(&mut work, kind, &report).await?;
        work.keep().await?;
    }
    Ok((report, good))
}

/// Puts the rows of a chunk in a transaction of the caller's; what came of it, and the rows that are good.
async fn put_rows(
    work: &mut Work<'_>,
    kind: Kind,
    chunk: &[Cells],
) -> Result<(Report, Vec<Cells>), Problem> {
    kinds::lock(work, kind, chunk).await?;
    let (mut report, mut good) = (Report::default(), Vec::with_capacity(chunk.len()));
    for row in chunk {
        match kinds::put(work, kind, row).await {
            Ok(change) => {
                match change {
                    Change::Created => report.created += 1,
                    Change::Updated => report.updated += 1,
                    Change::Unchanged => report.unchanged += 1,
                }
                good.push(row.clone());
            }
            // A fault of the server or of its database is none of the row.
            Err(problem) if problem.code().status().is_server_error() => return Err(problem),
            Err(problem) => report.bad.extend(bad(row.line, &problem)),
        }
    }
    Ok((report, good))
}

/// Leaves a trail of what was written. The same file again does nothing, and leaves none.
async fn note(work: &mut Work<'_>, kind: Kind, report: &Report) -> Result<(), Problem> {
    if report.created + report.updated > 0 {
        let subject = format!("import:{}", kind.as_str());
        let detail = serde_json::json!({ "created": report.created, "updated": report.updated });
        work.audit("import.done", subject, detail).await?;
    }
    Ok(())
}

fn bad(line: u64, problem: &Problem) -> Vec<BadRow> {
    let code = problem.code().as_str().to_owned();
    if problem.errors().is_empty() {
        let message = problem.code().title().to_owned();
        return vec![BadRow {
            line,
            column: None,
            code,
            message,
        }];
    }
    let errors = problem.errors().iter();
    errors
        .map(|error| BadRow {
            line,
            column: Some(error.field.clone()),
            code: code.clone(),
            message: error.detail.clone(),
        })
        .collect()
}
