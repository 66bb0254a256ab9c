//! A CSV file as rows with named cells. UTF-8 with or without a byte-order mark; headers in English or Chinese.

use std::collections::BTreeMap;

use sync_core::limits::{FIELD_CHARS_MAX, IMPORT_ROWS_MAX};

use super::BadRow;
use crate::problem::{Code, Problem};

/// A column: its English and its Chinese header, and whether it must be there.
pub struct Column {
    /// As documented and reported.
    pub name: &'static str,
    /// As printed on Chinese forms.
    pub zh: &'static str,
    /// Whether the file must have it.
    pub required: bool,
}

/// A row.
#[derive(Clone)]
pub struct Cells {
    /// Line of the file, from 1.
    pub line: u64,
    cells: BTreeMap<&'static str, String>,
}

impl Cells {
    /// A cell; empty where the file has no such column.
    pub fn text(&self, column: &'static str) -> String {
        self.cells.get(column).cloned().unwrap_or_default()
    }

    /// Whether another row has the same cells.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.cells == other.cells
    }

    /// A cell that may be empty.
    pub fn optional(&self, column: &'static str) -> Option<String> {
        self.cells
            .get(column)
            .filter(|text| !text.is_empty())
            .cloned()
    }

    /// A cell with several values between semicolons, or 、 and ； as Chinese forms have them.
    pub fn list(&self, column: &'static str) -> Vec<String> {
        let text = self.text(column);
        let parts = text.split([';', '；', '、']).map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// Reads a file. What is wrong with the file as a whole is a problem; what is wrong with a row is told beside the others.
pub fn read(columns: &[Column], file: &[u8]) -> Result<Vec<Result<Cells, BadRow>>, Problem> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    if std::str::from_utf8(file).is_err() {
        let detail = "the file is not UTF-8 (GBK, perhaps, as Excel writes it in China); save it as “CSV UTF-8”";
        return Err(invalid(detail));
    }
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err(invalid("the file is empty: not even a header"));
    }
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(file);
    let header = reader
        .headers()
        .map_err(|error| invalid(&error.to_string()))?
        .clone();
    let mut places = Vec::new();
    for title in &header {
        let column = columns
            .iter()
            .find(|column| title.eq_ignore_ascii_case(column.name) || title == column.zh);
        let Some(column) = column else {
            return Err(invalid(&format!("the header {title:?} is none of ours")));
        };
        if places.contains(&column.name) {
            return Err(invalid(&format!("the column {} stands twice", column.name)));
        }
        places.push(column.name);
    }
    if let Some(column) = columns
        .iter()
        .find(|column| column.required && !places.contains(&column.name))
    {
        return Err(invalid(&format!(
            "the column {} ({}) is missing",
            column.name, column.zh
        )));
    }
    let mut rows = Vec::new();
    let mut lines = Lines::new(file);
    for record in reader.records() {
        let record = record.map_err(|error| invalid(&error.to_string()))?;
        let line = lines.of(record.position().map_or(0, csv::Position::byte));
        // Spreadsheets leave rows behind in which there is nothing.
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.len() == IMPORT_ROWS_MAX {
            return Err(invalid(&format!(
                "the file has more than {IMPORT_ROWS_MAX} rows; split it, what is imported twice changes nothing"
            )));
        }
        rows.push(cells(&places, line, &record));
    }
    Ok(rows)
}

/// Lines as an editor counts them. The reader's own count is off where lines end in CR LF, since it meets the LF with the
/// next record, and where empty ones lie between.
struct Lines<'a> {
    file: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(file: &'a [u8]) -> Self {
        Self {
            file,
            at: 0,
            line: 1,
        }
    }

    /// The line of a record that the reader began to look for at this byte; records are asked for in order.
    fn of(&mut self, byte: u64) -> u64 {
        let begun = usize::try_from(byte).unwrap_or(usize::MAX);
        let ends = |byte: &u8| matches!(*byte, b'\r' | b'\n');
        while let Some(next) = self.file.get(self.at)
            && (self.at < begun || ends(next))
        {
            // A CR alone ended lines on old machines.
            let lone = *next == b'\r' && self.file.get(self.at + 1) != Some(&b'\n');
            self.line += u64::from(*next == b'\n' || lone);
            self.at += 1;
        }
        self.line
    }
}

fn cells(places: &[&'static str], line: u64, record: &csv::StringRecord) -> Result<Cells, BadRow> {
    let bad = |column: Option<&str>, message: String| BadRow {
        line,
        column: column.map(str::to_owned),
        code: Code::ValueInvalid.as_str().to_owned(),
        message,
    };
    if record.len() != places.len() {
        return Err(bad(
            None,
            format!("has {} cells, the header {}", record.len(), places.len()),
        ));
    }
    let mut cells = BTreeMap::new();
    for (column, text) in places.iter().zip(record) {
        if text.chars().count() > FIELD_CHARS_MAX {
            return Err(bad(
                Some(column),
                format!("is longer than {FIELD_CHARS_MAX} characters"),
            ));
        }
        cells.insert(*column, text.to_owned());
    }
    Ok(Cells { line, cells })
}

fn invalid(detail: &str) -> Problem {
    Problem::new(Code::ImportInvalid).detail(detail)
}
