//! `POST /v1/users`.

use fieldseal_tests::TestServer;
use fieldseal_tests::server::PASSWORD;
use serde_json::{Value, json};

fn new_user(organisation: &str, username: &str, roles: &[&str], regions: &[&str]) -> Value {
    json!({
        "organisation_id": organisation, "username": username, "display_name": username,
        "roles": roles, "regions": regions, "password": PASSWORD,
    })
}

#[test]
fn nobody_is_given_a_wider_region_than_the_giver_has() {
    let server = TestServer::start();
    let province = server.admin("140000");
    let own =
        server.get("/v1/organisations", &province).body["items"][0]["organisation_id"].clone();
    let own = own.as_str().unwrap();
    let narrow = new_user(own, "narrow", &["admin"], &["140500"]);
    server.post("/v1/users", &province, narrow).expect(201);
    let narrow = server.log_in("narrow");
    let wide = new_user(own, "wide", &["admin"], &[]);
    server
        .post("/v1/users", &narrow, wide)
        .expect_problem(403, "scope_forbidden");
    let outside = new_user(own, "outside", &["admin"], &["370800"]);
    server
        .post("/v1/users", &province, outside)
        .expect_problem(422, "value_invalid");
}

#[test]
fn a_body_has_no_administrators_and_a_name_belongs_to_one_person() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let wrong = new_user(&body, "x", &["admin"], &[]);
    server
        .post("/v1/users", &admin, wrong)
        .expect_problem(422, "value_invalid");
    server
        .post(
            "/v1/users",
            &admin,
            new_user(&body, "li", &["sampler"], &[]),
        )
        .expect(201);
    let again = new_user(&body, "LI", &["sampler"], &[]);
    server
        .post("/v1/users", &admin, again)
        .expect_problem(409, "conflict");
}

#[test]
fn a_password_one_character_short_is_refused() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    for (password, status) in [("九个字的密码不够长", 422), ("十个字的密码正好够长", 201)]
    {
        let mut new = new_user(&body, "li", &["sampler"], &[]);
        new["password"] = password.into();
        server.post("/v1/users", &admin, new).expect(status);
    }
}
