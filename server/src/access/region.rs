//! Regions by GB/T 2260 and what lies below them: 140000 ⊃ 140500 ⊃ 140525. A scope is a prefix of digits, so that SQL can
//! compare it with `LIKE prefix || '%'`.

use super::role::AuthorityLevel;

/// The six digits, if the text is a code that names a region: a province, a city, a county, or `000000` for the country.
pub fn parse(code: &str) -> Option<&str> {
    let digits = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    // A county without a city, or a city without a province, names nothing.
    let hollow = (code.get(2..4) == Some("00") && code.get(4..) != Some("00"))
        || (code.get(..2) == Some("00") && code != "000000");
    (digits && !hollow).then_some(code)
}

/// The digits that everything inside the region begins with: `14` for 140000, `1405` for 140500, nothing for the country.
pub fn prefix(code: &str) -> &str {
    match code.as_bytes() {
        [b'0', b'0', ..] => "",
        [.., b'0', b'0', b'0', b'0'] => code.get(..2).unwrap_or(code),
        [.., b'0', b'0'] => code.get(..4).unwrap_or(code),
        _ => code,
    }
}

/// The level of the authority that such a region has.
pub fn level(code: &str) -> AuthorityLevel {
    match prefix(code).len() {
        0 => AuthorityLevel::National,
        2 => AuthorityLevel::Province,
        4 => AuthorityLevel::City,
        _ => AuthorityLevel::County,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_province_holds_its_cities_and_counties_and_no_other() {
        let province = prefix("140000");
        for inside in ["140000", "140500", "140525"] {
            assert!(inside.starts_with(province), "{inside}");
        }
        assert!(!"310115".starts_with(province));
        assert!("140525".starts_with(prefix("140500")));
        assert!(!"140500".starts_with(prefix("140525")));
        assert!("370811".starts_with(prefix("000000")));
    }

    #[test]
    fn a_code_with_a_hole_names_no_region() {
        for good in ["000000", "140000", "140500", "140525"] {
            assert_eq!(parse(good), Some(good));
        }
        for bad in [
            "",
            "14",
            "1405255",
            "14052x",
            "140025",
            "001234",
            "１４０５２５",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
