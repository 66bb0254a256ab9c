//! `/v1/devices`.

mod agreement_key;
mod enrol;
mod push_token;
mod revoke;
mod signers;

use fieldseal_tests::TestServer;

/// A server with an administrator of 山西 and two samplers of a body there: (admin, their ids).
fn with_samplers(server: &TestServer) -> (String, String, String) {
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let first = server.user(&admin, &body, "zhang", &["sampler"]);
    let second = server.user(&admin, &body, "li", &["sampler"]);
    (admin, first, second)
}
