//! Files for spreadsheets: CSV in UTF-8 that Excel reads as such, and no text in it that a spreadsheet would compute.

use axum::http::{HeaderName, header};

use crate::problem::Problem;

/// Tells Excel that the file is UTF-8.
pub const BOM: &str = "\u{feff}";

/// A text that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it, as people type it.
pub fn harmless(text: &str) -> String {
    let starts = |c: char| {
        matches!(
            c,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'
        )
    };
    match text
        .trim_start_matches([' ', '\u{a0}', '\u{3000}'])
        .starts_with(starts)
    {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

/// Lines of a file.
pub fn lines<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> Result<Vec<u8>, Problem> {
    let mut file = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        file.write_record(row)
            .map_err(|error| Problem::internal(&error))?;
    }
    file.into_inner().map_err(|error| Problem::internal(&error))
}

/// A whole file: its headings, then its rows. What people wrote goes through [`harmless`] first.
pub fn file<const N: usize>(
    headings: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, Problem> {
    let mut file = BOM.as_bytes().to_vec();
    let headings = std::iter::once(headings.map(str::to_owned));
    file.extend(lines(headings.chain(rows))?);
    Ok(file)
}

/// What a file is answered with; `disposition` says under which name it is kept.
pub fn headers(disposition: &'static str) -> [(HeaderName, &'static str); 3] {
    [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_text_in_a_spreadsheet() {
        for formula in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            " =1",
            "\u{3000}＝1",
            "\r=1",
        ] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for text in ["示例企业", "", "91140502", "(=)", "无"] {
            assert_eq!(harmless(text), text);
        }
    }
}
