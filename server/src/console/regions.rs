//! What regions are called (行政区划名称): a table of names by their codes of GB/T 2260, so that people read places and not
//! numbers. It is for reading alone: nothing is ruled, scoped or refused by it, and a code that it does not know is shown as it
//! is. Where it is from: `server/regions/README.md`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::language::Language;

/// `CODE⇥NAME`, a line each.
const TABLE: &str = include_str!("../../regions/gb2260.tsv");

static NAMES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter_map(|line| line.split_once('\t'));
    rows.collect()
});

/// The names of a region and of those above it, outermost first, as addresses are written: 山西省晋城市高平市.
fn path(code: &str) -> Option<String> {
    let own = NAMES.get(code)?;
    let above = [format!("{}0000", &code[..2]), format!("{}00", &code[..4])];
    let above = above.iter().filter(|it| it.as_str() != code);
    let above = above.filter_map(|it| NAMES.get(it.as_str()).copied());
    let mut parts: Vec<&str> = above.collect();
    // 110000 is both of the first two.
    parts.dedup();
    parts.push(own);
    Some(parts.concat())
}

/// A region as people read it, with its code; the code alone where no name is known.
pub fn named(language: Language, code: &str) -> String {
    if code == "000000" {
        let all = language.pick("全国", "The whole country");
        return format!("{all} {code}");
    }
    match path(code) {
        Some(name) => format!("{name} {code}"),
        None => code.to_owned(),
    }
}

/// Several, as a list.
pub fn all_named(language: Language, codes: &[String]) -> String {
    let named = codes.iter().map(|code| named(language, code));
    Vec::from_iter(named).join(language.pick("、", ", "))
}

#[cfg(test)]
mod tests {
    use sync_core::model::Region;

    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_region_and_has_a_name_and_those_above_it_are_there() {
        assert_eq!(TABLE.lines().count(), NAMES.len(), "no code twice");
        assert!(NAMES.len() > 3_000, "{}", NAMES.len());
        for (code, name) in NAMES.iter() {
            // The districts of Hong Kong and Macao are no regions of the six digits that we take.
            let special = code.starts_with("81") || code.starts_with("82");
            assert!(special || code.parse::<Region>().is_ok(), "{code}");
            assert!(!name.is_empty() && name.trim() == *name, "{code}");
            assert!(
                NAMES.contains_key(format!("{}0000", &code[..2]).as_str()),
                "{code}"
            );
        }
    }

    #[test]
    fn a_region_is_named_with_those_above_it() {
        for (code, name) in [
            ("140581", "山西省晋城市高平市 140581"),
            ("140500", "山西省晋城市 140500"),
            ("140000", "山西省 140000"),
            ("310120", "上海市奉贤区 310120"),
            ("000000", "全国 000000"),
            ("149999", "149999"),
            ("14", "14"),
            ("", ""),
            ("山西省", "山西省"),
        ] {
            assert_eq!(named(Language::Zh, code), name);
        }
    }
}
