//! `POST /v1/tasks/{id}/recusals`.

use fieldseal_tests::World;
use serde_json::json;

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
