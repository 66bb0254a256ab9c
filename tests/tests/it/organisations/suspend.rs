//! `POST /v1/organisations/{id}/suspensions`.

use fieldseal_tests::World;
use serde_json::json;

#[test]
fn what_a_body_samples_while_suspended_is_void() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    phone.enters("铸造");
    let sample = phone.draws("T1");
    phone.syncs();
    assert_eq!(w.validity(sample), "valid");
    let path = format!(
        "/v1/organisations/{}/suspensions",
        w.id("organisation", "晋阳")
    );
    let admin = w.server.log_in("admin");
    let decision = json!({ "decided_at": "2025-02-01T00:00:00Z", "reason": "违规抽样" });
    let made = w.server.post(&path, &admin, decision.clone()).expect(201);
    // 2026-02-01 00:00 UTC: the first instant at which it no longer holds.
    assert_eq!(made.body["until_ms"], 1_769_904_000_000_i64);
    w.server.post(&path, &admin, decision).expect(200);
    assert_eq!(w.validity(sample), "void");
    let tomorrow = json!({ "decided_at": "2025-12-31T00:00:00Z", "reason": "x" });
    w.server
        .post(&path, &admin, tomorrow)
        .expect_problem(422, "value_invalid");
}
