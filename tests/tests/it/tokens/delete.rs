//! `DELETE /v1/tokens`.

use fieldseal_tests::TestServer;
use serde_json::Value;

#[test]
fn logging_out_ends_the_access_token_at_once() {
    let server = TestServer::start();
    let token = server.admin("140000");
    let other = server.log_in("admin-140000");
    server
        .call("DELETE", "/v1/tokens", Some(&token), Value::Null)
        .expect(204);
    server
        .get("/v1/users", &token)
        .expect_problem(401, "session_ended");
    server.get("/v1/users", &other).expect(200);
}
