//! `PATCH /v1/users/{id}`.

use fieldseal_tests::{TestDevice, TestServer};
use serde_json::json;

#[test]
fn a_disabled_person_can_do_nothing_until_enabled_again() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let user = server.user(&admin, &body, "li", &["sampler"]);
    let device = TestDevice::enrolled(&server, &admin, &user, 1);
    let path = format!("/v1/users/{user}");
    server
        .call("PATCH", &path, Some(&admin), json!({ "active": false }))
        .expect(200);
    server
        .get("/v1/organisations", &device.access)
        .expect_problem(403, "user_disabled");
    device
        .refresh_with(&server, &device.refresh)
        .expect_problem(401, "session_ended");
    server
        .call("PATCH", &path, Some(&admin), json!({ "active": true }))
        .expect(200);
    server
        .get("/v1/organisations", &device.access)
        .expect_problem(401, "session_ended");
    server.log_in("li");
}

#[test]
fn a_new_password_ends_what_the_old_one_began() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let user = server.user(&admin, &body, "li", &["sampler"]);
    let token = server.log_in("li");
    let change = json!({ "password": "another long password" });
    server
        .call("PATCH", &format!("/v1/users/{user}"), Some(&admin), change)
        .expect(200);
    server
        .get("/v1/organisations", &token)
        .expect_problem(401, "session_ended");
    let old = json!({ "grant": "password", "username": "li", "password": fieldseal_tests::server::PASSWORD });
    server
        .call("POST", "/v1/tokens", None, old)
        .expect_problem(401, "credentials_wrong");
}
