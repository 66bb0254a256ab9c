//! `POST` and `GET /v1/organisations/{id}/suspensions`, `POST /v1/suspensions/{id}/lift`.

use fieldseal_tests::World;
use serde_json::{Value, json};

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

#[test]
fn a_lifted_suspension_is_as_if_never_decided_and_stays_to_be_seen() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    phone.enters("铸造");
    let sample = phone.draws("T1");
    phone.syncs();
    let body = w.id("organisation", "晋阳");
    let path = format!("/v1/organisations/{body}/suspensions");
    let decision = json!({ "decided_at": "2025-02-01T00:00:00Z", "reason": "违规抽样" });
    let by_city = |path: &str, body: Value| w.call("POST", "晋城", path, body);
    let made = by_city(&path, decision.clone()).expect(201);
    assert_eq!(w.validity(sample), "void");
    let lift = format!("/v1/suspensions/{}/lift", made.text("suspension_id"));
    w.call("POST", "王", &lift, json!({ "reason": "x" }))
        .expect_problem(403, "role_forbidden");
    by_city(&lift, json!({ "reason": " " })).expect_problem(422, "value_invalid");
    let outside = json!({ "reason": "x", "from": "2025-01-01T00:00:00Z" });
    by_city(&lift, outside).expect_problem(422, "value_invalid");
    let why = json!({ "reason": "复核后撤销" });
    by_city(&lift, why.clone()).expect(201);
    assert_eq!(w.validity(sample), "valid");
    by_city(&lift, why).expect(200);
    let listed = w.call("GET", "晋城", &path, Value::Null).expect(200).body;
    let lifts = listed["items"][0]["lifts"].as_array().unwrap().clone();
    assert_eq!(lifts.len(), 1);
    assert_eq!(lifts[0]["reason"], "复核后撤销");
    assert_eq!(lifts[0]["lifted_by"], json!(w.id("user", "晋城")));
    // Decided again: the lift is undone, not erased.
    w.minutes(1);
    by_city(&path, decision).expect(200);
    assert_eq!(w.validity(sample), "void");
    let listed = w.call("GET", "晋城", &path, Value::Null).expect(200).body;
    let lifts = listed["items"][0]["lifts"].as_array().unwrap().clone();
    assert_eq!(
        (lifts.len(), listed["items"].as_array().unwrap().len()),
        (1, 1)
    );
    assert_eq!(lifts[0]["undo_reason"], "违规抽样");
    let held = phone.syncs();
    assert_eq!(held.unsent, 0);
    let known = phone.client.references("organisation").unwrap();
    let own = known.iter().find(|it| it.id == body).unwrap();
    assert_eq!(own.record["suspended"].as_array().unwrap().len(), 1);
}

#[test]
fn a_suspension_that_is_ended_early_still_voids_what_was_sampled_before_its_end() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let body = w.id("organisation", "晋阳");
    let path = format!("/v1/organisations/{body}/suspensions");
    let decision = json!({ "decided_at": "2025-02-01T00:00:00Z", "reason": "违规抽样" });
    let made = w.call("POST", "晋城", &path, decision).expect(201);
    phone.enters("铸造");
    let before = phone.draws("T1");
    phone.syncs();
    w.at("2025-03-03 09:00");
    let lift = format!("/v1/suspensions/{}/lift", made.text("suspension_id"));
    let ended = json!({ "reason": "整改完成", "from": "2025-03-02T00:00:00+08:00" });
    w.call("POST", "晋城", &lift, ended).expect(201);
    phone.syncs();
    phone.enters("五金店");
    let after = phone.draws("T2");
    phone.syncs();
    assert_eq!(w.validity(before), "void");
    assert_eq!(w.validity(after), "valid");
}

#[test]
fn strangers_neither_see_nor_lift_a_suspension() {
    let w = World::shanxi();
    let body = w.id("organisation", "晋阳");
    let path = format!("/v1/organisations/{body}/suspensions");
    let decision = json!({ "reason": "违规抽样" });
    let made = w.call("POST", "晋城", &path, decision).expect(201);
    let elsewhere = w.server.admin("310000");
    let listed = w.server.get(&path, &elsewhere).expect(200).body;
    assert_eq!(listed["items"], json!([]));
    let lift = format!("/v1/suspensions/{}/lift", made.text("suspension_id"));
    w.server
        .post(&lift, &elsewhere, json!({ "reason": "x" }))
        .expect_problem(404, "not_found");
    // Its own people see it, and what the city decided the province may lift.
    let own = w.call("GET", "钱", &path, Value::Null).expect(200).body;
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    w.call("POST", "山西", &lift, json!({ "reason": "省局复核" }))
        .expect(201);
}
