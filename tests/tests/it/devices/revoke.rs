//! `POST /v1/devices/{id}/revocation`.

use fieldseal_tests::{TestDevice, TestServer};
use serde_json::json;

use super::with_samplers;

#[test]
fn a_revoked_phone_can_neither_act_nor_refresh_nor_log_in() {
    let server = TestServer::start();
    let (admin, user, _) = with_samplers(&server);
    let device = TestDevice::enrolled(&server, &admin, &user, 1);
    let path = format!("/v1/devices/{}/revocation", device.id);
    let first = server
        .post(&path, &admin, json!({ "reason": "lost" }))
        .expect(200);
    server.clock.advance_ms(1_000);
    let again = server
        .post(&path, &admin, json!({ "reason": "again" }))
        .expect(200);
    assert_eq!(
        first.body, again.body,
        "a second revocation changes nothing"
    );

    server
        .get("/v1/organisations", &device.access)
        .expect_problem(403, "device_revoked");
    device
        .refresh_with(&server, &device.refresh)
        .expect_problem(403, "device_revoked");
    let grant = json!({
        "grant": "password", "username": "zhang", "password": fieldseal_tests::server::PASSWORD,
        "device": device.proof(&server),
    });
    server
        .call("POST", "/v1/tokens", None, grant)
        .expect_problem(403, "device_revoked");
}
