//! `POST /v1/re-entry-grants`.

use fieldseal_tests::World;
use serde_json::json;

#[test]
fn a_permission_is_given_once_signed_and_sent_to_the_teams_of_its_body() {
    let w = World::shanxi();
    let admin = w.server.log_in("admin");
    let new = json!({
        "campaign_id": w.id("campaign", "JC-2025-01"), "body_id": w.id("organisation", "晋阳"),
        "enterprise_id": w.id("enterprise", "铸造"), "reason": "补样", "expires_at": "2025-03-08T00:00:00Z",
    });
    let made = w
        .server
        .post("/v1/re-entry-grants", &admin, new.clone())
        .expect(201);
    let again = w.server.post("/v1/re-entry-grants", &admin, new.clone());
    assert_eq!(again.expect(200).text("grant_id"), made.text("grant_id"));
    let list = w.server.get("/v1/re-entry-grants", &admin).expect(200).body;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let phone = w.phone("王");
    let held = phone.client.references("re_entry_grant").unwrap();
    assert_eq!(held[0].id, made.text("grant_id"));
    let mut past = new;
    past["expires_at"] = json!("2025-02-01T00:00:00Z");
    w.server
        .post("/v1/re-entry-grants", &admin, past)
        .expect_problem(422, "value_invalid");
}
