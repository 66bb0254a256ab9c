//! `POST /v1/returned-papers`: only what the server signed counts.

use fieldseal_tests::{TestDevice, World};
use serde_json::{Value, json};
use sync_core::limits::RETURNED_PAPERS_MAX;

/// A phone of the body, its certificate, and a lease that it took.
fn papers(w: &World) -> (TestDevice, Value, Value) {
    let admin = w.token("admin");
    let user = w.id("user", "王");
    let device = TestDevice::new(60);
    let code = w.server.enrolment_code(&admin, &user);
    let enrolled = device.enrol(&w.server, &code).expect(201);
    let mut device = device;
    device.id = enrolled.text("device_id");
    device.access = enrolled.body["tokens"]["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let door = json!({
        "team_id": w.id("team", "甲组"), "enterprise_id": w.id("enterprise", "铸造"), "duration_s": 3_600,
    });
    let lease = w
        .server
        .post("/v1/leases", &device.access, door)
        .expect(201);
    (
        device,
        enrolled.body["certificate"].clone(),
        lease.body["signed"].clone(),
    )
}

#[test]
fn what_is_known_stays_as_it_is_and_what_was_forged_is_nothing() {
    let w = World::shanxi();
    let (device, certificate, lease) = papers(&w);
    let send = |body: Value| {
        w.server
            .post("/v1/returned-papers", &device.access, body)
            .expect(200)
            .body
    };
    let all = json!({ "certificates": [certificate], "leases": [{ "signed": lease }] });
    let before = w.server.rows();
    let nothing = json!({ "certificates": 0, "leases": 0, "re_entry_grants": 0 });
    assert_eq!(
        send(all.clone()),
        json!({ "certificates": 1, "leases": 1, "re_entry_grants": 0 })
    );
    assert_eq!(send(json!({})), nothing);
    // Longer than it was given, for another door, in the name of a lease, or under a key of somebody's own.
    let mut longer = lease.clone();
    let text = longer["payload"]
        .as_str()
        .unwrap()
        .replace("expires_at_ms\":1", "expires_at_ms\":2");
    longer["payload"] = json!(text);
    let mut other_key = certificate.clone();
    other_key["key_id"] = json!("0000000000000000");
    let forged = json!({
        "certificates": [lease, other_key], "leases": [{ "signed": longer }, { "signed": certificate }],
    });
    assert_eq!(send(forged), nothing);
    assert_eq!(w.server.rows(), before, "and nothing was written");
    // A stranger's word that a team gave its lease back is no more than a word.
    let li = w.phone("李");
    drop(li);
    let admin = w.token("admin");
    let user = w.id("user", "李");
    let stranger = TestDevice::enrolled(&w.server, &admin, &user, 61);
    let word = json!({ "leases": [{ "signed": lease, "released_at_ms": 1 }] });
    w.server
        .post("/v1/returned-papers", &stranger.access, word.clone())
        .expect(200);
    let held = |w: &World| w.get("/v1/leases")["items"][0]["ending"].clone();
    assert_eq!(held(&w), Value::Null);
    send(word);
    assert_eq!(held(&w), "released", "its own team's word ends it");
}

#[test]
fn as_many_papers_as_allowed_are_taken_and_one_more_is_not() {
    let w = World::shanxi();
    let (device, certificate, _) = papers(&w);
    let of = |count: usize| json!({ "certificates": vec![certificate.clone(); count] });
    let send = |body| w.server.post("/v1/returned-papers", &device.access, body);
    let taken = send(of(RETURNED_PAPERS_MAX)).expect(200);
    assert_eq!(taken.body["certificates"], RETURNED_PAPERS_MAX);
    send(of(RETURNED_PAPERS_MAX + 1)).expect_problem(422, "value_invalid");
}
