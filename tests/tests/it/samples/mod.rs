//! `/v1/samples`: what the laboratory reports.

mod receipt;
mod rulings;
mod testing_started;

use fieldseal_tests::TestServer;
use serde_json::json;

const SAMPLE: &str = "01900000-0000-7000-8000-00000000abcd";

fn laboratory() -> (TestServer, String) {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    server.user(&admin, &body, "zhao", &["lab_receiver"]);
    let zhao = server.log_in("zhao");
    (server, zhao)
}

#[test]
fn a_sample_without_a_sheet_is_recorded_all_the_same() {
    let (server, zhao) = laboratory();
    let path = format!("/v1/samples/{SAMPLE}/receipt");
    let report = json!({ "seals": ["F-1"], "condition": "完好", "accepted": true });
    let first = server.post(&path, &zhao, report.clone()).expect(202);
    assert_eq!(first.body["without_sheet"], true);
    let again = server.post(&path, &zhao, report).expect(200);
    assert_eq!(
        again.text("custody_event_id"),
        first.text("custody_event_id")
    );
}

#[test]
fn a_different_report_on_the_same_receipt_is_kept_beside_it_and_told() {
    let (server, zhao) = laboratory();
    let path = format!("/v1/samples/{SAMPLE}/receipt");
    let report = json!({ "seals": ["F-1"], "condition": "完好", "accepted": true });
    server.post(&path, &zhao, report).expect(202);
    let other = json!({ "seals": ["F-2"], "condition": "破损", "accepted": true });
    server
        .post(&path, &zhao, other)
        .expect_problem(409, "report_contradicts");
}

#[test]
fn testing_begins_only_on_what_was_accepted() {
    let (server, zhao) = laboratory();
    let testing = format!("/v1/samples/{SAMPLE}/testing-started");
    server
        .post(&testing, &zhao, json!({}))
        .expect_problem(409, "sample_not_received");
    let receipt = format!("/v1/samples/{SAMPLE}/receipt");
    let silent = json!({ "seals": [], "condition": "破损", "accepted": false });
    server
        .post(&receipt, &zhao, silent)
        .expect_problem(422, "value_invalid");
    let refused =
        json!({ "seals": [], "condition": "破损", "accepted": false, "reason": "封条破损" });
    server.post(&receipt, &zhao, refused).expect(202);
    server
        .post(&testing, &zhao, json!({}))
        .expect_problem(409, "sample_not_received");
}
