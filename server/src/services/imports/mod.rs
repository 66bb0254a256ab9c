//! Imports from CSV. A file is one transaction: a bad row stops it, unless bad rows are to be skipped; a dry run does all
//! of it and keeps nothing. The rows go through the same services as the API, and the same file again changes nothing.

mod kinds;
mod spelling;
mod table;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::kinds::Kind;
use super::reference::{Change, Work};
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

/// Imports a file.
pub async fn run(
    app: &App,
    caller: &Principal,
    kind: Kind,
    file: &[u8],
    options: Options,
) -> Result<Report, Problem> {
    let rows = table::read(kind.columns(), file)?;
    let mut work = Work::begin(app, caller).await?;
    let mut report = Report::default();
    let mut told: HashMap<String, table::Cells> = HashMap::new();
    for row in rows {
        let outcome = match row {
            Ok(row) => match contradicted(&mut told, kind, &row) {
                Some(bad) => Err(vec![bad]),
                None => kinds::put(&mut work, kind, &row)
                    .await
                    .map_err(|problem| bad(row.line, &problem)),
            },
            Err(bad) => Err(vec![bad]),
        };
        match outcome {
            Ok(Change::Created) => report.created += 1,
            Ok(Change::Updated) => report.updated += 1,
            Ok(Change::Unchanged) => report.unchanged += 1,
            Err(bad) => report.bad.extend(bad),
        }
    }
    if report
        .bad
        .iter()
        .any(|bad| bad.code == Code::Internal.as_str())
    {
        return Err(Problem::new(Code::Internal));
    }
    if options.dry_run {
        return Ok(report);
    }
    if !report.bad.is_empty() && !options.skip_bad {
        let errors = report.bad.iter().map(|bad| FieldError {
            field: match &bad.column {
                Some(column) => format!("line {}, column {column}", bad.line),
                None => format!("line {}", bad.line),
            },
            detail: format!("{}: {}", bad.code, bad.message),
        });
        return Err(Problem::new(Code::ImportInvalid).fields(errors));
    }
    // The same file again does nothing, and leaves no trail of it.
    if report.created + report.updated > 0 {
        let subject = format!("import:{}", kind.as_str());
        let detail = serde_json::json!({ "created": report.created, "updated": report.updated });
        work.audit("import.done", subject, detail).await?;
    }
    work.commit().await?;
    report.written = true;
    Ok(report)
}

/// Two rows of one file that say different things of one record: the file would change it on each import.
fn contradicted(
    told: &mut HashMap<String, table::Cells>,
    kind: Kind,
    row: &table::Cells,
) -> Option<BadRow> {
    let key = kinds::told_of(kind, row)?;
    let Some(before) = told.get(&key) else {
        told.insert(key, row.clone());
        return None;
    };
    (!before.says_the_same(row)).then(|| BadRow {
        line: row.line,
        column: None,
        code: Code::Conflict.as_str().to_owned(),
        message: format!("contradicts line {} of the file", before.line),
    })
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
