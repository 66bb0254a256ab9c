//! `/v1/samples`: samples and how they stand, and what the laboratory reports about them.

pub mod get;
pub mod list;
pub mod receipt;
pub mod service;
pub mod testing_started;

use axum::http::StatusCode;

use crate::problem::Problem;
use crate::services::custody::Reported;

/// 201 for a new report, 202 while no sheet is known, 200 for one that stood before.
fn report_status(reported: &Reported) -> StatusCode {
    match (reported.repeated, reported.event.without_sheet) {
        (true, _) => StatusCode::OK,
        (false, true) => StatusCode::ACCEPTED,
        (false, false) => StatusCode::CREATED,
    }
}

/// A text of the report, trimmed.
fn text(field: &str, text: &str, chars_max: usize) -> Result<String, Problem> {
    let text = text.trim();
    let chars = text.chars().count();
    if (1..=chars_max).contains(&chars) {
        return Ok(text.to_owned());
    }
    let detail = format!("is a text of 1 to {chars_max} characters");
    Err(Problem::value(field, detail))
}
