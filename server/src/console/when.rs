//! Times and numbers as people read them: Asia/Shanghai, in the order of the language, and for a time that is an interval
//! its bounds where one points at it, and in words for those who listen.

use askama::Template;
use askama::filters::HtmlSafe;
use jiff::civil::Date;
use serde_json::Value;
use sync_core::model::{Interval, Millis, shanghai_date, shanghai_midnight, shanghai_minute};

use super::dossier::view::millis;
use super::language::Language;
use crate::clock::rfc3339;
use crate::services::visits::VisitView;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A day of Asia/Shanghai.
pub fn day(language: Language, at: Millis) -> String {
    date(language, shanghai_date(at))
}

/// A day as records write it, `2025-03-01`; as it stands where it is none.
pub fn written_day(language: Language, text: &str) -> String {
    let of = text.trim().parse().ok();
    of.map_or_else(|| text.to_owned(), |of| date(language, of))
}

fn date(language: Language, date: Date) -> String {
    match language {
        Language::Zh => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        Language::En => {
            let month = usize::try_from(date.month() - 1).unwrap_or_default();
            let month = MONTHS.get(month).copied().unwrap_or_default();
            format!("{} {month} {}", date.day(), date.year())
        }
    }
}

/// A time of Asia/Shanghai, to the minute.
pub fn minute(language: Language, at: Millis) -> String {
    let of_day = shanghai_minute(at);
    let of_day = of_day.split(' ').next_back().unwrap_or_default();
    let joint = language.pick(" ", ", ");
    format!("{}{joint}{of_day}", day(language, at))
}

/// A time of Asia/Shanghai, to the second.
pub fn second(language: Language, at: Millis) -> String {
    let of_minute = at
        .saturating_sub(shanghai_midnight(shanghai_date(at)))
        .rem_euclid(60_000);
    format!("{}:{:02}", minute(language, at), of_minute / 1_000)
}

/// A time as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(
    source = "<time datetime=\"{{ machine }}\" title=\"{{ hover }}\">{{ text }}<span class=\"unseen\">{{ heard }}</span></time>",
    ext = "html"
)]
pub struct When {
    /// RFC 3339.
    pub machine: String,
    /// As people read it.
    pub text: String,
    /// More of it, where one points at it.
    pub hover: String,
    /// The same for those who listen; empty where the text says all.
    pub heard: String,
}

impl HtmlSafe for When {}

impl When {
    /// An instant of the server's clock.
    pub fn at(language: Language, at: Millis) -> Self {
        Self {
            machine: rfc3339(at),
            text: minute(language, at),
            hover: format!(
                "{} {}",
                second(language, at),
                language.words().shanghai_time
            ),
            heard: String::new(),
        }
    }

    /// A time of which only bounds are known: shown by its middle, with its bounds.
    pub fn between(language: Language, interval: Interval) -> Self {
        let middle = interval.lo + (interval.hi - interval.lo) / 2;
        let bounds = bounds(language, interval);
        Self {
            machine: rfc3339(middle),
            text: minute(language, middle),
            heard: format!("{}{bounds}", language.pick("，", ", ")),
            hover: bounds,
        }
    }

    /// A time of which a dossier tells both intervals: the claimed one, else the proven one, else what the phone's clock said.
    pub fn of_times(language: Language, times: &Value) -> Option<Self> {
        let of = |it: &Value| {
            Some(Interval {
                lo: millis(it["from"].as_str()?)?,
                hi: millis(it["to"].as_str()?)?,
            })
        };
        match of(&times["claimed"]).or_else(|| of(&times["proven"])) {
            Some(interval) => Some(Self::between(language, interval)),
            None => Some(Self::at(language, millis(times["wall"].as_str()?)?)),
        }
    }
}

impl VisitView {
    /// When it was first entered, with the bounds of that.
    pub(super) fn entered(&self, language: Language) -> Option<When> {
        let at = self.entered_at.as_deref().and_then(millis)?;
        Some(match self.entered {
            Some(bounds) => When::between(language, bounds),
            None => When::at(language, at),
        })
    }
}

/// The bounds of a time in words.
pub fn bounds(language: Language, interval: Interval) -> String {
    let (from, to) = (second(language, interval.lo), second(language, interval.hi));
    match language {
        Language::Zh => format!("{from} 至 {to} 之间（北京时间）"),
        Language::En => format!("between {from} and {to} (Shanghai time)"),
    }
}

/// A number with its thousands apart, as both languages write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(pub i64);

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl HtmlSafe for Count {}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-03-01 09:00 in Shanghai.
    const MORNING: Millis = 1_740_790_800_000;

    #[test]
    fn times_are_those_of_shanghai_in_the_order_of_the_language() {
        assert_eq!(minute(Language::Zh, MORNING), "2025年3月1日 09:00");
        assert_eq!(minute(Language::En, MORNING), "1 Mar 2025, 09:00");
        assert_eq!(
            second(Language::Zh, MORNING + 5_400),
            "2025年3月1日 09:00:05"
        );
        assert_eq!(written_day(Language::Zh, "2025-03-05"), "2025年3月5日");
        assert_eq!(written_day(Language::En, "2025-03-05"), "5 Mar 2025");
        for as_it_stands in ["", "2025年春", "2025-13-01", "2025-03"] {
            assert_eq!(written_day(Language::Zh, as_it_stands), as_it_stands);
        }
        // Half past four in the evening of the day before, in London: the day is Shanghai's.
        assert_eq!(day(Language::En, MORNING - 9 * 3_600_000 + 1), "1 Mar 2025");
    }

    #[test]
    fn an_interval_is_told_to_those_who_point_and_to_those_who_listen() {
        let interval = Interval {
            lo: MORNING,
            hi: MORNING + 38_000,
        };
        let shown = When::between(Language::Zh, interval).to_string();
        let told = "2025年3月1日 09:00:00 至 2025年3月1日 09:00:38 之间（北京时间）";
        assert_eq!(shown.matches(told).count(), 2, "{shown}");
    }

    #[test]
    fn what_a_dossier_tells_of_a_time_is_the_narrowest_it_knows() {
        let interval = |from: &str, to: &str| serde_json::json!({ "from": from, "to": to });
        let claimed = interval("2025-03-01T00:59:55Z", "2025-03-01T01:00:05Z");
        let proven = interval("2025-03-01T00:50:00Z", "2025-03-01T01:30:00Z");
        let wall = "2025-03-01T01:00:01Z";
        let told = |times| When::of_times(Language::Zh, &times).unwrap();
        let of = told(serde_json::json!({ "claimed": claimed, "proven": proven, "wall": wall }));
        assert_eq!(of.text, "2025年3月1日 09:00");
        assert!(
            of.hover.starts_with("2025年3月1日 08:59:55 至"),
            "{}",
            of.hover
        );
        let of = told(serde_json::json!({ "proven": proven, "wall": wall }));
        assert_eq!(of.text, "2025年3月1日 09:10");
        let of = told(serde_json::json!({ "wall": wall }));
        assert_eq!(of.hover, "2025年3月1日 09:00:01 北京时间");
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-12_345, "-12,345"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(Count(number).to_string(), text);
        }
    }
}
