//! History rules from the first day: the boundary days of DUP6 and UPPER, imported before or after what was drawn here.

use fieldseal_tests::World;

const COLUMNS: &str = "source,confidence,authority,sheet_no,sampled_on,sampling_kind,enterprise_uscc,region,\
    product_name,producer_uscc,standards,trademark,spec_model\n";
const CITY: &str = "晋城示例市市场监督管理局";
const PROVINCE: &str = "山西示例省市场监督管理局";

fn history(authority: &str, day: &str, kind: &str) -> String {
    format!(
        "{COLUMNS}e-CQS,confirmed,{authority},E-1,{day},{kind},911405810000B3G78L,140581,学生服,911405810000B3G78L,\
         GB/T 31888-2015,示例,标准型\n"
    )
}

/// How a sample of 2025-03-01 stands against this history, and under which of these rules.
fn ruled(file: &str, imported_first: bool) -> (String, Vec<String>) {
    let w = World::shanxi();
    if imported_first {
        assert_eq!(w.imports("prior-samplings", file)["created"], 1);
    }
    let mut a = w.phone("王");
    let visit = a.enters("服饰");
    let sample = a.draws("T3");
    a.syncs();
    if !imported_first {
        assert_eq!(w.validity(sample), "valid", "nothing was known yet");
        assert_eq!(w.imports("prior-samplings", file)["created"], 1);
    }
    let mut rules = w.rules(visit, sample);
    rules.retain(|rule| ["DUP6", "UPPER"].contains(&rule.as_str()));
    let prior = w.get("/v1/prior-samplings")["items"][0].clone();
    assert_eq!(prior["validity"], "valid");
    (w.validity(sample), rules)
}

#[test]
fn the_corresponding_day_is_inside_and_the_day_before_it_is_out() {
    for (authority, rule) in [(CITY, "DUP6"), (PROVINCE, "UPPER")] {
        // Six months before the first of March; the last of August corresponds to the last of February.
        for (day, validity) in [("2024-09-01", "duplicate"), ("2024/8/31", "valid")] {
            for imported_first in [true, false] {
                let file = history(authority, day, "routine");
                let (stands, rules) = ruled(&file, imported_first);
                assert_eq!(stands, validity, "{rule} on {day}");
                let expected: &[&str] = match validity {
                    "duplicate" => &[rule],
                    _ => &[],
                };
                assert_eq!(rules, expected, "{day}");
            }
        }
    }
}

#[test]
fn history_of_exempt_kinds_stands_against_nothing() {
    for kind in ["tracking", "应急抽查"] {
        let (stands, rules) = ruled(&history(CITY, "2025-02-01", kind), true);
        assert_eq!((stands.as_str(), rules.len()), ("valid", 0), "{kind}");
    }
}
