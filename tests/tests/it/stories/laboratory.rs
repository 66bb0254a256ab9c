//! The laboratory refuses what was ruled out, and records what has no sheet (只做不录).

use fieldseal_tests::World;
use serde_json::json;

#[test]
fn a_duplicate_is_refused_at_the_laboratory_with_the_rule_that_speaks_against_it() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    a.enters("铸造");
    let first = a.draws("T1");
    w.minutes(30);
    b.enters("铸造");
    let second = b.draws("T5");
    w.sync_all(&[&a, &b]);
    w.receives("钱", first).expect(201);
    let answer = w
        .receives("钱", second)
        .expect_problem(409, "sample_refused");
    assert_eq!(answer.body["errors"][0]["detail"], "ENTRY1");
}

#[test]
fn a_sample_without_a_sheet_is_recorded_all_the_same() {
    let w = World::shanxi();
    let path = "/v1/samples/019550d0-0000-7000-8000-000000000001/receipt";
    let body = json!({ "seals": ["X-1"], "condition": "完好", "accepted": true });
    w.call("POST", "钱", path, body.clone()).expect(202);
    w.call("POST", "钱", path, body).expect(200);
}

#[test]
fn testing_cannot_begin_before_the_sample_was_received() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    assert_eq!(w.starts_testing("钱", sample).status / 100, 4);
    w.receives("钱", sample).expect(201);
    w.starts_testing("钱", sample).expect(201);
}
