//! Quantities as exact decimals: twelve kilograms are 12 000 thousandths, and no float rounds them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::NotAnId;

/// An amount in thousandths of its unit (数量, 千分之一).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Milli(pub i64);

impl fmt::Display for Milli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        if self.0 < 0 {
            f.write_str("-")?;
        }
        if part == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{part:03}").trim_end_matches('0'))
    }
}

impl FromStr for Milli {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let parse = || {
            let (negative, digits) = text
                .strip_prefix('-')
                .map_or((false, text), |it| (true, it));
            let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
            let numeric = |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit());
            if !numeric(whole) || !numeric(part) || part.len() > 3 {
                return None;
            }
            let part = format!("{part:0<3}").parse::<i64>().ok()?;
            let value = whole
                .parse::<i64>()
                .ok()?
                .checked_mul(1000)?
                .checked_add(part)?;
            Some(Self(if negative { -value } else { value }))
        };
        parse().ok_or_else(|| NotAnId {
            kind: "Milli",
            text: text.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_exact_to_the_thousandth() {
        for (text, value) in [
            ("12", 12_000),
            ("0.5", 500),
            ("4.125", 4_125),
            ("-1.05", -1_050),
        ] {
            assert_eq!(text.parse(), Ok(Milli(value)));
            assert_eq!(Milli(value).to_string(), text);
        }
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "1.2345",
            "1e3",
            "9223372036854775807",
            "１",
        ] {
            assert!(bad.parse::<Milli>().is_err(), "{bad}");
        }
    }
}
