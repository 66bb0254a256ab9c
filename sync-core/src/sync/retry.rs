//! When to try again: exponentially and with jitter, and never sooner than a `Retry-After` asks, which is read from an
//! answer and kept over a restart of the app.

use serde::{Deserialize, Serialize};

use crate::limits::{SYNC_RETRY_BASE_MS, SYNC_RETRY_MAX_MS};
use crate::model::Millis;

/// How long to wait after so many failures in a row, in milliseconds, by a fresh random number.
pub(super) fn wait_ms(failures: u32, asked_ms: Option<i64>, random: u64) -> i64 {
    let doubled = SYNC_RETRY_BASE_MS.saturating_mul(1 << failures.min(20));
    let backoff = doubled.min(SYNC_RETRY_MAX_MS);
    match asked_ms.unwrap_or(0) {
        0 => backoff / 2 + spread(random, backoff) / 2,
        asked => asked.saturating_add(spread(random, backoff) / 2),
    }
}

/// A random part of a span.
pub(super) fn spread(random: u64, span_ms: i64) -> i64 {
    i64::try_from(random % span_ms.unsigned_abs().max(1)).unwrap_or(0)
}

/// What a `Retry-After` header asks for, in milliseconds: seconds, or an HTTP date, which counts from the answer's own
/// `Date` where it has one, since the phone's clock may lie. None where it is neither.
pub fn retry_after_ms(value: &str, date: Option<&str>, wall_ms: Millis) -> Option<i64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds: i64 = value.parse().unwrap_or(i64::MAX);
        return Some(seconds.saturating_mul(1_000));
    }
    let until = http_date_ms(value)?;
    let from = date.and_then(http_date_ms).unwrap_or(wall_ms);
    Some(until.saturating_sub(from).max(0))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`: the only form that is still sent.
fn http_date_ms(text: &str) -> Option<Millis> {
    let stamp = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim());
    Some(stamp.ok()?.as_millisecond())
}

/// The server asked to be left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    asked_ms: i64,
    wall_ms: Millis,
    monotonic_ms: i64,
    boot_id: String,
}

impl Hold {
    /// As of now, by the phone's clocks.
    pub fn new(asked_ms: i64, wall_ms: Millis, monotonic_ms: i64, boot_id: String) -> Self {
        Self {
            asked_ms,
            wall_ms,
            monotonic_ms,
            boot_id,
        }
    }

    /// What is left of it. Within one boot nobody can set the clock back; after a reboot the wall clock is asked, and one
    /// that was set meanwhile, so that more were left than was asked for, is not believed: nothing waits for ever.
    pub fn left_ms(&self, wall_ms: Millis, monotonic_ms: i64, boot_id: &str) -> i64 {
        let passed = if boot_id == self.boot_id {
            monotonic_ms.saturating_sub(self.monotonic_ms)
        } else {
            wall_ms.saturating_sub(self.wall_ms)
        };
        if passed < 0 {
            return 0;
        }
        self.asked_ms.saturating_sub(passed).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[test]
    fn seconds_and_dates_are_read_and_anything_else_is_none() {
        assert_eq!(retry_after_ms("120", None, 0), Some(120_000));
        assert_eq!(retry_after_ms(" 0 ", None, 0), Some(0));
        let later = "Sun, 06 Nov 1994 08:50:37 GMT";
        assert_eq!(retry_after_ms(later, Some(DATE), 0), Some(60_000));
        let at = 784_111_777_000;
        assert_eq!(retry_after_ms(later, None, at), Some(60_000));
        assert_eq!(retry_after_ms(DATE, Some(later), at), Some(0), "past");
        assert_eq!(
            retry_after_ms("99999999999999999999999", None, 0),
            Some(i64::MAX)
        );
        for none in ["", "-5", "1.5", "soon", "1e3", "Sun, 99 Nov 1994"] {
            assert_eq!(retry_after_ms(none, None, 0), None, "{none}");
        }
    }

    #[test]
    fn a_hold_is_left_by_time_and_a_clock_that_was_set_prolongs_it_for_nobody() {
        let hold = Hold::new(60_000, 1_000_000, 5_000, "a".into());
        assert_eq!(hold.left_ms(0, 25_000, "a"), 40_000);
        assert_eq!(hold.left_ms(9_999_999, 65_000, "a"), 0);
        assert_eq!(hold.left_ms(1_010_000, 0, "b"), 50_000);
        assert_eq!(hold.left_ms(2_000_000, 0, "b"), 0);
        assert_eq!(hold.left_ms(0, 0, "b"), 0, "set back by the user");
    }
}
