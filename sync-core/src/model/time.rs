//! Time as two intervals: what a phone *claims* from a signed server time and its monotonic clock, and what is *proven*
//! by the token before and the receipt after. No point in time is ever trusted by itself.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::limits::{CLOCK_DRIFT_PPM, CLOCK_MARGIN_MS};

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = i64;

/// Asia/Shanghai has kept UTC+8 without daylight saving since 1991.
const SHANGHAI_OFFSET_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// The civil day in Asia/Shanghai at an instant; instants outside jiff's years are clamped to them.
pub fn shanghai_date(at: Millis) -> Date {
    let days = (at.saturating_add(SHANGHAI_OFFSET_MS)).div_euclid(DAY_MS);
    let epoch = Date::constant(1970, 1, 1);
    let span = jiff::Span::new().try_days(days);
    match span.and_then(|span| epoch.checked_add(span)) {
        Ok(date) => date,
        Err(_) if days < 0 => Date::MIN,
        Err(_) => Date::MAX,
    }
}

/// An instant for people, to the minute of Asia/Shanghai: `2025-03-01 09:30`.
pub fn shanghai_minute(at: Millis) -> String {
    let minute = at.saturating_add(SHANGHAI_OFFSET_MS).rem_euclid(DAY_MS) / 60_000;
    format!(
        "{} {:02}:{:02}",
        shanghai_date(at),
        minute / 60,
        minute % 60
    )
}

/// The first instant of a civil day in Asia/Shanghai.
pub fn shanghai_midnight(date: Date) -> Millis {
    let days = Date::constant(1970, 1, 1)
        .until(date)
        .map_or(0, |span| i64::from(span.get_days()));
    days * DAY_MS - SHANGHAI_OFFSET_MS
}

/// The corresponding day `months` later, clamped to the month's end: 2023-08-31 + 6 = 2024-02-29.
pub fn add_months(date: Date, months: i32) -> Date {
    date.checked_add(jiff::Span::new().months(months))
        .unwrap_or(Date::MAX)
}

/// The civil day `days` later.
pub fn add_days(date: Date, days: i32) -> Date {
    date.checked_add(jiff::Span::new().days(days))
        .unwrap_or(Date::MAX)
}

/// A closed interval of instants, `lo <= hi`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Interval {
    /// Earliest instant, milliseconds.
    pub lo: Millis,
    /// Latest instant, milliseconds.
    pub hi: Millis,
}

impl Interval {
    /// An interval; the ends are swapped if they come the wrong way round.
    pub fn new(a: Millis, b: Millis) -> Self {
        Self {
            lo: a.min(b),
            hi: a.max(b),
        }
    }
    /// Wholly before the other one.
    pub fn before(&self, other: &Self) -> bool {
        self.hi < other.lo
    }
    /// Shares at least one instant with the other one.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.lo <= other.hi && other.lo <= self.hi
    }
    /// Contains the other one whole.
    pub fn contains(&self, other: &Self) -> bool {
        self.lo <= other.lo && other.hi <= self.hi
    }
    /// First and last civil day in Asia/Shanghai.
    pub fn shanghai_days(&self) -> (Date, Date) {
        (shanghai_date(self.lo), shanghai_date(self.hi))
    }
}

/// What a phone notes down when something happens; stored in the document as it was read, never computed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeClaim {
    /// The wall clock, milliseconds: shown to people, decides nothing.
    pub wall_ms: Millis,
    /// The instant in the last signed server-time token, or none if the phone never had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_at_ms: Option<Millis>,
    /// That token in its wire form (see `proof::TimeToken`), so that anyone can check it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Round trip in which the token arrived, milliseconds on the monotonic clock.
    #[serde(default)]
    pub token_rtt_ms: i64,
    /// Monotonic milliseconds from the token's arrival until now; none after a reboot since the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<i64>,
}

impl TimeClaim {
    /// The claimed interval: token + elapsed ± (drift of 100 ppm + 5 s), within one boot; none after a reboot or
    /// without a token.
    pub fn claimed(&self) -> Option<Interval> {
        let (token, elapsed) = (self.token_at_ms?, self.elapsed_ms?);
        if elapsed < 0 || self.token_rtt_ms < 0 {
            return None;
        }
        let drift = elapsed.saturating_mul(CLOCK_DRIFT_PPM) / 1_000_000 + CLOCK_MARGIN_MS;
        let lo = token.saturating_add(elapsed).saturating_sub(drift);
        let hi = token
            .saturating_add(self.token_rtt_ms)
            .saturating_add(elapsed)
            .saturating_add(drift);
        Some(Interval { lo, hi })
    }

    /// The earliest instant that is claimed; the wall clock where nothing can be.
    pub fn earliest(&self) -> Millis {
        self.claimed().map_or(self.wall_ms, |claimed| claimed.lo)
    }

    /// Before what it cannot have been: the earliest instant that is claimed; after a reboot the last time that the server
    /// told; the wall clock, which somebody may have set, only where it never told one.
    pub fn not_before(&self) -> Millis {
        let known = self.claimed().map(|claimed| claimed.lo);
        known.or(self.token_at_ms).unwrap_or(self.wall_ms)
    }

    /// The latest instant that is claimed; the wall clock where nothing can be.
    pub fn latest(&self) -> Millis {
        self.claimed().map_or(self.wall_ms, |claimed| claimed.hi)
    }
}

/// When something happened, as far as it can be known: the input of every rule about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimeFact {
    /// [last signed server-time token, server receipt]. Open ends are `i64::MIN` (no token) and `i64::MAX` (not received).
    pub proven: Interval,
    /// What the phone claims, if it can claim anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Interval>,
    /// The wall clock of the phone, milliseconds.
    pub wall_ms: Millis,
}

impl TimeFact {
    /// The claimed interval where it lies inside the proven one, widened by the margin of the claim itself; otherwise
    /// the proven one, which is wide and therefore overlaps what it cannot be told from.
    pub fn usable(&self) -> Interval {
        match self.claimed {
            Some(claimed) if !self.contradicts() => Interval {
                lo: claimed.lo.max(self.proven.lo),
                hi: claimed.hi.min(self.proven.hi),
            },
            _ => self.proven,
        }
    }
    /// The earliest instant at which it may have happened, as far as one is known: what was in force then binds. Without
    /// a token nothing bounds it from below; then the receipt does, and before that only the wall clock is left.
    pub fn earliest_known(&self) -> Millis {
        let usable = self.usable();
        match (usable.lo, usable.hi) {
            (i64::MIN, i64::MAX) => self.wall_ms,
            (i64::MIN, hi) => hi,
            (lo, _) => lo,
        }
    }
    /// The claim lies outside what is proven: somebody's clock or story is wrong.
    pub fn contradicts(&self) -> bool {
        self.claimed
            .is_some_and(|claimed| !claimed.overlaps(&self.proven))
    }
    /// There is no claim: a reboot since the token, or never a token.
    pub fn unclaimed(&self) -> bool {
        self.claimed.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_that_was_rebooted_believes_the_servers_last_time_before_its_wall() {
        let claim = |token_at_ms, elapsed_ms| TimeClaim {
            wall_ms: 9_000_000,
            token_at_ms,
            elapsed_ms,
            ..TimeClaim::default()
        };
        assert_eq!(claim(Some(1_000_000), None).not_before(), 1_000_000);
        assert_eq!(claim(None, None).not_before(), 9_000_000);
        let told = claim(Some(1_000_000), Some(500_000));
        assert_eq!(told.not_before(), told.earliest());
        assert!((1_400_000..=1_500_000).contains(&told.not_before()));
    }

    #[test]
    fn the_corresponding_day_is_clamped_to_the_months_end() {
        assert_eq!(
            add_months(Date::constant(2023, 8, 31), 6),
            Date::constant(2024, 2, 29)
        );
        assert_eq!(
            add_months(Date::constant(2025, 3, 1), 6),
            Date::constant(2025, 9, 1)
        );
    }

    #[test]
    fn a_shanghai_day_begins_at_sixteen_utc() {
        let midnight = shanghai_midnight(Date::constant(2025, 9, 1));
        assert_eq!(shanghai_date(midnight), Date::constant(2025, 9, 1));
        assert_eq!(shanghai_date(midnight - 1), Date::constant(2025, 8, 31));
        assert_eq!(midnight.rem_euclid(DAY_MS), 16 * 3_600_000);
    }

    #[test]
    fn an_instant_is_told_by_the_clock_of_shanghai() {
        let midnight = shanghai_midnight(Date::constant(2025, 9, 1));
        assert_eq!(shanghai_minute(midnight), "2025-09-01 00:00");
        assert_eq!(shanghai_minute(midnight - 1), "2025-08-31 23:59");
        assert_eq!(
            shanghai_minute(midnight + 9 * 3_600_000 + 30 * 60_000),
            "2025-09-01 09:30"
        );
    }

    #[test]
    fn a_claim_widens_with_the_time_since_the_token() {
        let claim = TimeClaim {
            wall_ms: 0,
            token_at_ms: Some(1_000_000_000),
            elapsed_ms: Some(10_000_000),
            token_rtt_ms: 300,
            ..TimeClaim::default()
        };
        let interval = claim.claimed().unwrap();
        assert_eq!(interval.lo, 1_010_000_000 - 6_000);
        assert_eq!(interval.hi, 1_010_000_300 + 6_000);
    }

    #[test]
    fn a_claim_outside_the_proven_interval_falls_back_to_it() {
        let fact = TimeFact {
            proven: Interval::new(100, 200),
            claimed: Some(Interval::new(300, 400)),
            wall_ms: 0,
        };
        assert!(fact.contradicts());
        assert_eq!(fact.usable(), Interval::new(100, 200));
    }
}
