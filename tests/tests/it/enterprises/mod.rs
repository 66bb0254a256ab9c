//! `/v1/enterprises` and the aliases between their keys.

mod alias;

use fieldseal_tests::TestServer;
use serde_json::json;

#[test]
fn an_alias_is_undone_once_and_never_makes_a_circle() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let make = |uscc: &str| {
        let new = json!({ "name": uscc, "region": "140525", "uscc": uscc });
        let made = server.post("/v1/enterprises", &admin, new).expect(201);
        (made.text("enterprise_id"), made.text("key"))
    };
    let (right, right_key) = make("911405250000B1E536");
    let (wrong, wrong_key) = make("921405020000B2F60D");
    let path = format!("/v1/enterprises/{right}/aliases");
    let body = json!({ "from_key": wrong_key, "reason": "录错代码" });
    let alias = server
        .post(&path, &admin, body.clone())
        .expect(200)
        .text("alias_id");
    assert_eq!(
        server
            .post(&path, &admin, body)
            .expect(200)
            .text("alias_id"),
        alias
    );
    let circle = json!({ "from_key": right_key, "reason": "反了" });
    server
        .post(&format!("/v1/enterprises/{wrong}/aliases"), &admin, circle)
        .expect_problem(422, "value_invalid");
    let undoing = format!("/v1/enterprise-aliases/{alias}/undoing");
    let stranger = server.admin("310000");
    let why = json!({ "reason": "更正有误" });
    server
        .post(&undoing, &stranger, why.clone())
        .expect_problem(404, "not_found");
    for _ in 0..2 {
        let undone = server.post(&undoing, &admin, why.clone()).expect(200);
        assert!(undone.body["undone_at_ms"].is_i64());
    }
}

#[test]
fn a_code_with_a_wrong_check_digit_or_none_in_it_is_refused_wherever_it_stands() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    for code in ["911405250000B1E537", "", " ", " 911405250000B1E536"] {
        let new = json!({ "name": "坏", "region": "140525", "uscc": code });
        server
            .post("/v1/enterprises", &admin, new)
            .expect_problem(422, "value_invalid");
        for field in ["enterprise_uscc", "producer_uscc"] {
            let mut new = json!({
                "source": "旧系统", "confidence": "reported", "sampled_on": "2025-02-01", "sampling_kind": "routine",
            });
            new[field] = json!(code);
            server
                .post("/v1/prior-samplings", &admin, new)
                .expect_problem(422, "value_invalid");
        }
    }
    // A file has a cell for each column, and an empty one says that there is none.
    let file = "统一社会信用代码,企业名称,行政区划\n,没有代码的厂,140525\n";
    let bytes = Some(file.as_bytes().to_vec());
    let path = "/v1/imports/enterprises";
    let report = server.call_raw("POST", path, Some(&admin), "text/csv", bytes);
    assert_eq!(report.expect(200).body["created"], 1);
}
