//! `POST /v1/samples/{id}/testing-started` and `…/service`.

use fieldseal_tests::World;
use serde_json::json;

#[test]
fn testing_begins_once_after_receipt_and_an_attempt_before_it_is_kept() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    w.starts_testing("钱", sample)
        .expect_problem(409, "sample_not_received");
    w.receives("钱", sample).expect(201);
    let first = w.starts_testing("钱", sample).expect(201);
    let again = w.starts_testing("钱", sample).expect(200);
    assert_eq!(
        again.text("custody_event_id"),
        first.text("custody_event_id")
    );
    let path = format!("/v1/samples/{sample}/testing-started");
    w.call("POST", "钱", &path, json!({ "note": "第二次" }))
        .expect_problem(409, "report_contradicts");
    let custody = w.sample(sample)["custody"].clone();
    let told = custody.as_array().unwrap().iter();
    let told: Vec<_> = told
        .map(|event| (event["act"].as_str().unwrap(), event["rule_id"].as_str()))
        .collect();
    let expected = [
        ("testing_started", Some("NOT_RECEIVED")),
        ("receipt", None),
        ("testing_started", None),
        ("testing_started", Some("INTEGRITY")),
    ];
    for event in expected {
        assert!(told.contains(&event), "{told:?}");
    }
    assert_eq!(told.len(), expected.len());
}

#[test]
fn a_result_is_served_once_on_what_was_received_and_not_tomorrow() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    let path = format!("/v1/samples/{sample}/service");
    let serve = |at: &str| w.call("POST", "晋城", &path, json!({ "served_at": at }));
    serve("2025-03-01T01:00:00Z").expect_problem(409, "sample_not_received");
    w.receives("钱", sample).expect(201);
    serve("2025-03-09T01:00:00Z").expect_problem(422, "value_invalid");
    serve("yesterday").expect_problem(422, "value_invalid");
    serve("2025-03-01T01:00:00Z").expect(201);
    serve("2025-03-01T09:00:00+08:00").expect(200);
    serve("2025-03-01T00:59:00Z").expect_problem(409, "report_contradicts");
}
