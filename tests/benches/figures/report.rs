//! Medians, in a table.

use std::fmt;
use std::time::Duration;

/// Rows of figures.
#[derive(Default)]
pub struct Table(Vec<(String, String, String)>);

impl Table {
    /// A figure that is told as it is.
    pub fn add(&mut self, place: &str, what: &str, figure: String) {
        println!("{place}: {what}: {figure}");
        self.0.push((place.to_owned(), what.to_owned(), figure));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| | What | Median |\n|---|---|---|")?;
        for (place, what, figure) in &self.0 {
            writeln!(f, "| {place} | {what} | {figure} |")?;
        }
        Ok(())
    }
}

/// The one in the middle.
pub fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("no figure is NaN"));
    values[values.len() / 2]
}

/// Milliseconds, to be read.
pub fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}
