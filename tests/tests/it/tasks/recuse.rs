//! `POST` and `GET /v1/tasks/{id}/recusals`, `POST /v1/recusals/{id}/lift`.

use fieldseal_tests::World;
use serde_json::{Value, json};

#[test]
fn a_recusal_is_declared_once_for_the_body_that_has_the_task() {
    let w = World::shanxi();
    let admin = w.server.log_in("admin");
    let path = format!("/v1/tasks/{}/recusals", w.id("task", "T1"));
    let new = json!({ "enterprise_id": w.id("enterprise", "铸造"), "reason": "利害关系" });
    let made = w.server.post(&path, &admin, new.clone()).expect(201);
    assert_eq!(made.text("body_id"), w.id("organisation", "晋阳"));
    let again = w.server.post(&path, &admin, new.clone()).expect(200);
    assert_eq!(again.text("recusal_id"), made.text("recusal_id"));
    let mut stranger = new;
    stranger["user_id"] = json!("01900000-0000-7000-8000-000000000000");
    w.server
        .post(&path, &admin, stranger)
        .expect_problem(422, "value_invalid");
}

#[test]
fn a_recusal_at_assignment_asks_for_a_ruling_until_the_authority_lifts_it() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    assert_eq!(w.validity(sample), "valid");
    let path = format!("/v1/tasks/{}/recusals", w.id("task", "T1"));
    let new = json!({ "enterprise_id": w.id("enterprise", "铸造"), "user_id": w.id("user", "王"),
        "reason": "亲属在该企业任职" });
    let made = w.call("POST", "晋城", &path, new.clone()).expect(201);
    assert_eq!(w.validity(sample), "needs_ruling");
    assert!(w.rules(visit, sample).contains(&"RECUSE".to_owned()));
    w.receives("钱", sample)
        .expect_problem(409, "sample_refused");
    let lift = format!("/v1/recusals/{}/lift", made.text("recusal_id"));
    let why = json!({ "reason": "经核实并非亲属" });
    for who in ["王", "钱"] {
        w.call("POST", who, &lift, why.clone())
            .expect_problem(403, "role_forbidden");
    }
    let elsewhere = w.server.admin("310000");
    w.server
        .post(&lift, &elsewhere, why.clone())
        .expect_problem(404, "not_found");
    w.call("POST", "晋城", &lift, why.clone()).expect(201);
    w.call("POST", "晋城", &lift, why).expect(200);
    assert_eq!(w.validity(sample), "valid");
    let listed = w.call("GET", "晋城", &path, Value::Null).expect(200).body;
    assert_eq!(listed[0]["lifts"][0]["reason"], "经核实并非亲属");
    a.syncs();
    let on_the_phone = || a.client.references("recusal").unwrap().len();
    assert_eq!(on_the_phone(), 0, "the phone forgets it too");
    w.minutes(1);
    w.call("POST", "晋城", &path, new).expect(200);
    assert_eq!(w.validity(sample), "needs_ruling", "declared again");
    a.syncs();
    assert_eq!(on_the_phone(), 1);
    let listed = w.call("GET", "晋城", &path, Value::Null).expect(200).body;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(
        listed[0]["lifts"][0]["undone_by"],
        json!(w.id("user", "晋城"))
    );
}

#[test]
fn a_recusal_at_entry_asks_for_a_ruling_and_a_person_gives_it() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    let me = w.id("user", "王").parse().unwrap();
    a.client
        .declare_recusal(visit, Some(me), "与厂长是同学")
        .unwrap();
    a.syncs();
    assert_eq!(w.validity(sample), "needs_ruling");
    assert!(w.rules(visit, sample).contains(&"RECUSE".to_owned()));
    w.minutes(1);
    let path = format!("/v1/samples/{sample}/rulings");
    let body = json!({ "validity": "valid_with_violation", "reason": "另有一名抽样人员全程在场" });
    w.call("POST", "晋城", &path, body).expect(201);
    assert_eq!(w.validity(sample), "valid_with_violation");
    assert!(
        w.rules(visit, sample).contains(&"RECUSE".to_owned()),
        "the finding stays to be seen"
    );
    w.receives("钱", sample).expect(201);
}
