//! `POST /v1/tokens` with a refresh token.

use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::{TestDevice, TestServer};
use serde_json::json;
use sync_core::limits::REFRESH_TOKEN_MS;

fn phone(server: &TestServer) -> TestDevice {
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let user = server.user(&admin, &body, "zhang", &["sampler"]);
    TestDevice::enrolled(server, &admin, &user, 1)
}

#[test]
fn a_refresh_token_of_a_phone_is_worth_nothing_without_its_key() {
    let server = TestServer::start();
    let device = phone(&server);
    let grant = json!({ "grant": "refresh", "refresh_token": device.refresh });
    server
        .call("POST", "/v1/tokens", None, grant)
        .expect_problem(401, "refresh_token_invalid");
    let mut thief = TestDevice::new(5);
    thief.id = device.id.clone();
    thief
        .refresh_with(&server, &device.refresh)
        .expect_problem(403, "signature_invalid");
    device.refresh_with(&server, &device.refresh).expect(201);
}

#[test]
fn a_lost_answer_can_be_asked_for_again_but_an_older_token_ends_the_session() {
    let server = TestServer::start();
    let device = phone(&server);
    let first = device.refresh.clone();
    let lost = device.refresh_with(&server, &first).expect(201);
    let second = device.refresh_with(&server, &first).expect(201);
    device
        .refresh_with(&server, &lost.text("refresh_token"))
        .expect_problem(401, "refresh_token_invalid");
    let third = device
        .refresh_with(&server, &second.text("refresh_token"))
        .expect(201);
    device
        .refresh_with(&server, &first)
        .expect_problem(401, "refresh_token_reused");
    let latest = third.text("refresh_token");
    device
        .refresh_with(&server, &latest)
        .expect_problem(401, "session_ended");
    server
        .get("/v1/organisations", &third.text("access_token"))
        .expect_problem(401, "session_ended");
}

#[test]
fn without_a_device_any_reuse_ends_the_session() {
    let server = TestServer::start();
    server.admin("140000");
    let grant = json!({ "grant": "password", "username": "admin-140000", "password": PASSWORD });
    let first = server
        .call("POST", "/v1/tokens", None, grant)
        .expect(201)
        .text("refresh_token");
    let refresh = |token: &str| {
        let grant = json!({ "grant": "refresh", "refresh_token": token });
        server.call("POST", "/v1/tokens", None, grant)
    };
    let next = refresh(&first).expect(201).text("refresh_token");
    refresh(&first).expect_problem(401, "refresh_token_reused");
    refresh(&next).expect_problem(401, "session_ended");
}

#[test]
fn a_refresh_token_ends_with_its_time() {
    let server = TestServer::start();
    let device = phone(&server);
    server.clock.advance_ms(REFRESH_TOKEN_MS);
    device
        .refresh_with(&server, &device.refresh)
        .expect_problem(401, "refresh_token_invalid");
}
