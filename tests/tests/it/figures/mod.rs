//! `/v1/figures`: how many of what there are, and for whom.

use fieldseal_tests::World;
use fieldseal_tests::phone::signed_by_party;
use mobile_ffi::NotSampledInput;
use serde_json::{Value, json};
use sync_core::model::SealSubject;

/// A body at two enterprises: a sheet of two products, one that was begun a second time and never sealed, an enterprise that
/// was not sampled, and a second team at the first door.
fn world() -> World {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.draws("T1");
    wang.fills("T1", json!({}));
    w.minutes(60);
    wang.enters("五金店");
    wang.draws("T2");
    w.minutes(60);
    let tailor = wang.enters("服饰");
    let input = NotSampledInput {
        reason: "stock_too_small".to_owned(),
        licence_no: "XK-01".to_owned(),
        note: "只剩两套".to_owned(),
        bureau_stamp: None,
    };
    let id = wang.client.not_sampled(tailor, input).unwrap();
    let subject = SealSubject::NotSampled(id);
    wang.tries_to_seal_with(subject, signed_by_party()).unwrap();
    wang.syncs();
    w
}

fn told(w: &World, who: &str, query: &str) -> Value {
    let path = format!("/v1/figures?{query}");
    w.call("GET", who, &path, Value::Null).expect(200).body
}

fn names(told: &Value) -> Vec<String> {
    let rows = told["rows"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

fn sum(tally: &Value) -> i64 {
    let tally = tally.as_object().unwrap();
    tally.values().map(|n| n.as_i64().unwrap()).sum()
}

#[test]
fn whatever_happened_is_counted_once_by_body_region_and_month() {
    let w = world();
    let visits = w.call("GET", "晋城", "/v1/visits", Value::Null).expect(200);
    let visits = visits.body["items"].as_array().unwrap().clone();
    let pieces: i64 = visits
        .iter()
        .map(|visit| visit["evidence"]["total"].as_i64().unwrap())
        .sum();
    for (by, expected) in [
        ("body", vec!["晋阳示例检测"]),
        ("region", vec!["140502", "140525", "140581"]),
        ("month", vec!["2025-03"]),
    ] {
        let told = told(&w, "晋城", &format!("by={by}"));
        assert_eq!(
            (&told["by"], names(&told)),
            (
                &json!(by),
                expected.into_iter().map(str::to_owned).collect()
            )
        );
        let total = &told["total"];
        assert_eq!(sum(&total["entries"]), 3, "{total}");
        assert_eq!(sum(&total["samples"]), 2, "{total}");
        assert_eq!(total["not_sampled"], json!({ "stock_too_small": 1 }));
        assert_eq!(total["duplicates_prevented"], 1, "{total}");
        assert_eq!(total["duplicates_found"], 0, "{total}");
        assert_eq!(total["evidence"]["pieces"], pieces);
        assert_eq!(total["evidence"]["complete"], 0);
        for field in ["entries", "samples", "not_sampled"] {
            let rows = told["rows"].as_array().unwrap().iter();
            let rows: i64 = rows.map(|row| sum(&row[field])).sum();
            assert_eq!(rows, sum(&total[field]), "{by} {field}");
        }
    }
}

#[test]
fn figures_by_product_name_what_was_sampled_and_count_the_whole_once() {
    let w = world();
    let told = told(&w, "晋城", "by=product");
    assert_eq!(names(&told), ["检查井盖", "电动车头盔"]);
    let rows = told["rows"].as_array().unwrap();
    for row in rows {
        assert_eq!(
            (sum(&row["entries"]), sum(&row["samples"])),
            (1, 1),
            "{row}"
        );
    }
    assert_eq!(sum(&told["total"]["entries"]), 3);
    assert_eq!(rows[0]["duplicates_prevented"], 1);
}

#[test]
fn figures_are_of_what_was_asked_and_of_what_one_sees() {
    let w = world();
    let entries = |who: &str, query: &str| sum(&told(&w, who, query)["total"]["entries"]);
    let campaign = w.id("campaign", "JC-2025-01");
    let body = w.id("organisation", "晋阳");
    for (query, count) in [
        ("", 3),
        ("region=140525", 1),
        ("region=140000", 3),
        ("from=2025-03-02", 0),
        ("to=2025-03-01", 3),
        (&format!("campaign={campaign}"), 3),
        (&format!("body={body}&region=140502"), 1),
        ("campaign=x", 0),
    ] {
        assert_eq!(entries("晋城", query), count, "{query}");
    }
    for who in ["李", "刘"] {
        let told = told(&w, who, "by=region");
        assert_eq!(
            (names(&told), sum(&told["total"]["entries"])),
            (vec![], 0),
            "{who}"
        );
    }
    for (query, status, code) in [
        ("by=colour", 400, "query_invalid"),
        ("from=x", 400, "query_invalid"),
        ("region=9", 422, "value_invalid"),
    ] {
        let path = format!("/v1/figures?{query}");
        w.call("GET", "晋城", &path, Value::Null)
            .expect_problem(status, code);
    }
}

#[test]
fn the_file_has_the_same_figures_and_who_took_it_is_on_the_trail() {
    let w = world();
    let path = "/v1/figures.csv?by=region";
    let answer = w.call("GET", "晋城", path, Value::Null).expect(200);
    let file = answer
        .raw
        .strip_prefix('\u{feff}')
        .expect("a byte order mark");
    let lines: Vec<_> = file.split("\r\n").collect();
    assert!(lines[0].starts_with("分组,进门次数,"), "{}", lines[0]);
    assert_eq!(lines.len(), 6, "{file}");
    assert!(lines[2].starts_with("140525,1,1,0,0,1,"), "{}", lines[2]);
    assert!(lines[4].starts_with("合计,3,"), "{}", lines[4]);
    let trail = w.get("/v1/audit-events?act=figures.exported");
    assert_eq!(trail["items"][0]["subject"], "figures:region");
}
