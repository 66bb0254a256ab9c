//! Times of a query as people give them: civil days in Asia/Shanghai, the last one included.

use sync_core::model::{Millis, shanghai_midnight};

use crate::problem::{Code, Problem};

/// The problem of a query parameter.
pub fn invalid(field: &str) -> Problem {
    Problem::new(Code::QueryInvalid).detail(format!("{field} is malformed"))
}

/// The instant at which the day of `from` begins.
pub fn from(day: Option<&str>) -> Result<Option<Millis>, Problem> {
    midnight(day, "from", 0)
}

/// The instant at which the day of `to` is over.
pub fn until(day: Option<&str>) -> Result<Option<Millis>, Problem> {
    midnight(day, "to", 1)
}

fn midnight(day: Option<&str>, field: &str, days_later: i32) -> Result<Option<Millis>, Problem> {
    let Some(day) = day else {
        return Ok(None);
    };
    let date: jiff::civil::Date = day.parse().map_err(|_| invalid(field))?;
    let date = date
        .checked_add(jiff::Span::new().days(days_later))
        .map_err(|_| invalid(field))?;
    Ok(Some(shanghai_midnight(date)))
}
