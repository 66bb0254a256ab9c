//! What every operation shares: problems, request ids, limits, documents, health.

use std::collections::HashSet;

use fieldseal_server::problem::Code;
use fieldseal_tests::TestServer;
use serde_json::{Value, json};
use sync_core::limits::JSON_BODY_BYTES_MAX;

#[test]
fn codes_are_distinct() {
    let distinct: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(distinct.len(), Code::ALL.len());
}

#[test]
fn whatever_is_wrong_with_a_request_has_a_code() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let token = Some(admin.as_str());
    let path = "/v1/organisations";
    let raw =
        |kind: &str, body: &[u8]| server.call_raw("POST", path, token, kind, Some(body.to_vec()));
    raw("application/json", b"{").expect_problem(400, "json_malformed");
    raw("application/json", b"{\"kind\":\"authority\"}").expect_problem(422, "body_invalid");
    raw("text/plain", b"{}").expect_problem(415, "media_type_unsupported");
    let unknown = json!({ "kind": "station", "name": "站", "region": "140500", "colour": "red" });
    let answer = server
        .post(path, &admin, unknown)
        .expect_problem(422, "body_invalid");
    assert!(answer.text("detail").contains("colour"), "{}", answer.body);
    let nowhere = json!({ "kind": "station", "name": "站", "region": "140025" });
    let answer = server
        .post(path, &admin, nowhere)
        .expect_problem(422, "value_invalid");
    assert_eq!(answer.body["errors"][0]["field"], "region");

    server
        .get("/v1/organisations/nonsense", &admin)
        .expect_problem(400, "path_invalid");
    server
        .get("/v1/organisations?colour=red", &admin)
        .expect_problem(400, "query_invalid");
    server
        .get("/v1/nothing", &admin)
        .expect_problem(404, "route_unknown");
    server
        .call("PUT", path, token, Value::Null)
        .expect_problem(405, "method_not_allowed");
}

#[test]
fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let send = |bytes| {
        let body = Some(vec![b' '; bytes]);
        server.call_raw(
            "POST",
            "/v1/organisations",
            Some(&admin),
            "application/json",
            body,
        )
    };
    send(JSON_BODY_BYTES_MAX).expect_problem(400, "json_malformed");
    send(JSON_BODY_BYTES_MAX + 1).expect_problem(413, "body_too_large");
}

#[test]
fn a_problem_is_problem_json_with_its_request_id() {
    let server = TestServer::start();
    let answer = server.call("GET", "/v1/users", None, Value::Null);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(
        answer.headers["x-request-id"],
        answer.body["request_id"].as_str().unwrap()
    );
    assert_eq!(answer.body["type"], "/docs/problems#token_missing");
    assert_eq!(answer.body["status"], 401);
}

#[test]
fn head_needs_a_token_where_get_does() {
    let server = TestServer::start();
    assert_eq!(
        server.call("HEAD", "/v1/users", None, Value::Null).status,
        401
    );
}

#[test]
fn the_documents_need_no_token_and_no_other_server() {
    let server = TestServer::start();
    let page = server.call("GET", "/docs", None, Value::Null).expect(200);
    let html = page.body.as_str().unwrap();
    assert!(html.contains("/v1/enrolment-codes"));
    assert!(!html.contains("<script") && !html.contains("http://") && !html.contains("https://"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let document = server
        .call("GET", "/v1/openapi.json", None, Value::Null)
        .expect(200);
    assert!(document.body["paths"]["/v1/devices"]["post"].is_object());
    let problems = server
        .call("GET", "/docs/problems", None, Value::Null)
        .expect(200);
    assert!(
        problems
            .body
            .as_str()
            .unwrap()
            .contains("id=\"refresh_token_reused\"")
    );
    for path in ["/health/live", "/health/ready"] {
        server.call("GET", path, None, Value::Null).expect(200);
    }
    let metrics = server
        .call("GET", "/metrics", None, Value::Null)
        .expect(200);
    assert!(
        metrics
            .body
            .as_str()
            .unwrap()
            .contains("fieldseal_requests_total")
    );
}
