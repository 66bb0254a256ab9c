//! 行政区划 (GB/T 2260): six digits, two for each level.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::NotAnId;

/// The level of a region, by its trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionLevel {
    /// 全国, written 000000.
    National,
    /// 省
    Province,
    /// 市
    City,
    /// 县, 区
    County,
}

/// A region (行政区划代码, GB/T 2260).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    /// The six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// By trailing `00`.
    pub fn level(&self) -> RegionLevel {
        match self.prefix().len() {
            0 => RegionLevel::National,
            2 => RegionLevel::Province,
            4 => RegionLevel::City,
            _ => RegionLevel::County,
        }
    }
    /// This region is the other one or lies above it.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(self.prefix())
    }
    /// The digits that everything inside begins with: `14` for 140000, `1405` for 140500, nothing for the country. So SQL
    /// can compare with `LIKE prefix || '%'`.
    pub fn prefix(&self) -> &str {
        let mut prefix = self.0.as_str();
        while let Some(shorter) = prefix.strip_suffix("00") {
            prefix = shorter;
        }
        prefix
    }
}

impl FromStr for Region {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let digits = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        // 370011 would be a county of no city: a gap in the middle names nothing.
        let gap = digits
            && ((&text[0..2] == "00" && text != "000000")
                || (&text[2..4] == "00" && &text[4..6] != "00"));
        if !digits || gap {
            return Err(NotAnId {
                kind: "Region",
                text: text.into(),
            });
        }
        Ok(Self(text.into()))
    }
}
impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl From<Region> for String {
    fn from(region: Region) -> String {
        region.0
    }
}
impl TryFrom<String> for Region {
    type Error = NotAnId;
    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_contains_itself_and_what_lies_below() {
        let region = |text: &str| text.parse::<Region>().unwrap();
        assert_eq!(region("140000").level(), RegionLevel::Province);
        assert_eq!(region("140500").level(), RegionLevel::City);
        assert_eq!(region("140525").level(), RegionLevel::County);
        assert!(region("140000").contains(&region("140525")));
        assert!(region("140500").contains(&region("140581")));
        assert!(region("140525").contains(&region("140525")));
        assert!(!region("140525").contains(&region("140500")));
        assert!(!region("370800").contains(&region("140525")));
        assert!(region("000000").contains(&region("370811")));
        assert_eq!(region("000000").prefix(), "");
        assert_eq!(region("140500").prefix(), "1405");
        for bad in [
            "14052",
            "1405255",
            "14x525",
            "370011",
            "001100",
            "１４０５２５",
            "",
        ] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }
}
