//! `POST /v1/prior-samplings`.

use fieldseal_tests::TestServer;
use serde_json::json;

#[test]
fn a_sampling_made_elsewhere_is_recorded_once_and_seen_in_its_region_alone() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let new = json!({
        "source": "e-CQS", "confidence": "reported", "sheet_no": "X-1", "sampled_on": "2025-02-01",
        "sampling_kind": "routine", "region": "140525", "enterprise_uscc": "911405250000B1E536",
    });
    let made = server
        .post("/v1/prior-samplings", &admin, new.clone())
        .expect(201);
    let again = server.post("/v1/prior-samplings", &admin, new).expect(200);
    let id = made.text("prior_sampling_id");
    assert_eq!(again.text("prior_sampling_id"), id);
    let items =
        |token: &str| server.get("/v1/prior-samplings", token).expect(200).body["items"].clone();
    assert_eq!(items(&admin)[0]["prior_sampling_id"], json!(id));
    assert_eq!(items(&server.admin("310000")), json!([]));
    assert_eq!(
        items(&server.admin("000000"))[0]["prior_sampling_id"],
        json!(id)
    );
}

#[test]
fn a_sampling_of_another_region_or_of_tomorrow_is_refused() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let new = |day: &str, region: &str| {
        json!({
            "source": "e-CQS", "confidence": "reported", "sampled_on": day, "sampling_kind": "routine",
            "region": region,
        })
    };
    server
        .post("/v1/prior-samplings", &admin, new("2025-02-01", "310115"))
        .expect_problem(403, "scope_forbidden");
    server
        .post("/v1/prior-samplings", &admin, new("2025-03-02", "140525"))
        .expect_problem(422, "value_invalid");
}
