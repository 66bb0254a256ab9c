//! `POST /v1/tokens` with a password.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldseal_server::services::sessions;
use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::{Answer, TestDevice, TestServer};
use serde_json::{Value, json};
use sync_core::limits::{
    ACCESS_TOKEN_S, ACCOUNT_FAILURES_ANYWHERE_MAX, ACCOUNT_FAILURES_MAX, ADDRESS_FAILURES_MAX,
    FAILURES_WINDOW_MS,
};

fn try_password(server: &TestServer, username: &str, password: &str) -> Answer {
    let grant = json!({ "grant": "password", "username": username, "password": password });
    server.call("POST", "/v1/tokens", None, grant)
}

#[test]
fn an_unknown_name_and_a_wrong_password_get_one_answer() {
    let server = TestServer::start();
    server.admin("140000");
    let mut unknown = try_password(&server, "nobody", PASSWORD).expect(401).body;
    let mut wrong = try_password(&server, "admin-140000", "wrong")
        .expect(401)
        .body;
    for body in [&mut unknown, &mut wrong] {
        body["request_id"] = "".into();
    }
    assert_eq!(unknown, wrong);
    assert_eq!(wrong["code"], "credentials_wrong");
}

#[test]
fn an_account_waits_after_too_many_failures_even_with_the_right_password() {
    let server = TestServer::start();
    server.admin("140000");
    for _ in 0..ACCOUNT_FAILURES_MAX {
        try_password(&server, "admin-140000", "wrong").expect_problem(401, "credentials_wrong");
    }
    let answer = try_password(&server, "admin-140000", PASSWORD);
    let answer = answer.expect_problem(429, "attempts_exceeded");
    let wait: i64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        (1..=FAILURES_WINDOW_MS / 1_000 + 1).contains(&wait),
        "{wait}"
    );
    server.clock.advance_ms(wait * 1_000);
    try_password(&server, "ADMIN-140000", PASSWORD).expect(201);
}

/// Tries a password from anywhere; the code of the problem, or nothing.
fn try_from(server: &TestServer, username: &str, password: &str, from: [u8; 4]) -> &'static str {
    let name = username.to_owned();
    let attempt = sessions::log_in(
        &server.app,
        &name,
        password.to_owned(),
        None,
        IpAddr::from(from),
    );
    match server.runtime.block_on(attempt) {
        Ok(_) => "",
        Err(problem) => problem.code().as_str(),
    }
}

#[test]
fn a_stranger_who_guesses_keeps_nobody_out_but_themselves() {
    let server = TestServer::start();
    server.admin("140000");
    let (home, stranger) = ([192, 0, 2, 1], [198, 51, 100, 9]);
    for _ in 0..ACCOUNT_FAILURES_MAX {
        let told = try_from(&server, "admin-140000", "wrong", stranger);
        assert_eq!(told, "credentials_wrong");
    }
    let told = try_from(&server, "admin-140000", PASSWORD, stranger);
    assert_eq!(told, "attempts_exceeded", "the stranger waits");
    assert_eq!(try_from(&server, "admin-140000", PASSWORD, home), "");
}

#[test]
fn a_guesser_with_many_addresses_waits_and_the_owner_at_a_known_place_does_not() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let user = server.user(&admin, &body, "zhang", &["sampler"]);
    let phone = TestDevice::enrolled(&server, &admin, &user, 1);
    let home = [192, 0, 2, 1];
    assert_eq!(try_from(&server, "zhang", PASSWORD, home), "");
    for number in 0..ACCOUNT_FAILURES_ANYWHERE_MAX {
        let from = [198, 51, 100, u8::try_from(number).unwrap()];
        assert_eq!(
            try_from(&server, "zhang", "wrong", from),
            "credentials_wrong"
        );
    }
    let elsewhere = [203, 0, 113, 5];
    assert_eq!(
        try_from(&server, "zhang", PASSWORD, elsewhere),
        "attempts_exceeded"
    );
    assert_eq!(try_from(&server, "zhang", PASSWORD, home), "", "known");
    let grant = json!({
        "grant": "password", "username": "zhang", "password": PASSWORD, "device": phone.proof(&server),
    });
    server.call("POST", "/v1/tokens", None, grant).expect(201);
    server.clock.advance_ms(FAILURES_WINDOW_MS);
    assert_eq!(try_from(&server, "zhang", PASSWORD, elsewhere), "");
}

#[test]
fn one_address_that_tries_many_accounts_waits() {
    let server = TestServer::start();
    server.admin("140000");
    let from = [198, 51, 100, 9];
    for number in 0..ADDRESS_FAILURES_MAX {
        // Unknown names take as long as known ones, and count the same; a few are enough of each.
        let name = format!("nobody-{}", number % 20);
        assert_eq!(
            try_from(&server, &name, "wrong", from),
            "credentials_wrong",
            "{number}"
        );
    }
    let told = try_from(&server, "admin-140000", PASSWORD, from);
    assert_eq!(told, "attempts_exceeded");
}

/// A token that our own key signed, with this header and these claims.
fn signed(server: &TestServer, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = server.app.keys.sign_bytes(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_token_of_our_own_key_is_good_only_for_us_for_its_time_and_under_its_name() {
    let server = TestServer::start();
    let own = server.admin("140000");
    let claims = URL_SAFE_NO_PAD
        .decode(own.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": server.app.keys.key_id() });
    let ask = |header: &Value, claims: &Value| {
        let answer = server.get("/v1/users", &signed(&server, header, claims));
        (answer.status, answer.code().to_owned())
    };
    assert_eq!(ask(&header, &claims).0, 200, "made like ours");
    let invalid = (401, "token_invalid".to_owned());
    for (field, value) in [
        ("aud", json!("another-api")),
        ("iss", json!("another-server")),
        ("sub", json!("01954f37-0000-7000-8000-000000000000")),
        ("sid", json!("01954f37-0000-7000-8000-000000000000")),
        ("dev", json!("01954f37-0000-7000-8000-000000000000")),
        ("exp", Value::Null),
        ("admin", json!(true)),
    ] {
        let mut other = claims.clone();
        other[field] = value;
        assert_eq!(ask(&header, &other), invalid, "{field}");
    }
    for gone in ["aud", "iss", "sub", "sid", "exp"] {
        let mut other = claims.clone();
        other.as_object_mut().unwrap().remove(gone);
        assert_eq!(ask(&header, &other), invalid, "without {gone}");
    }
    let mut expired = claims.clone();
    expired["exp"] = json!(claims["iat"]);
    assert_eq!(ask(&header, &expired), (401, "token_expired".to_owned()));
    for (field, value) in [
        ("kid", json!("0000000000000000")),
        ("kid", Value::Null),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
    ] {
        let mut other = header.clone();
        other[field] = value;
        assert_eq!(ask(&other, &claims), invalid, "{other}");
    }
}

#[test]
fn an_access_token_lives_ten_minutes_and_no_longer() {
    let server = TestServer::start();
    let token = server.admin("140000");
    server.clock.advance_ms(ACCESS_TOKEN_S * 1_000 - 1_000);
    server.get("/v1/users", &token).expect(200);
    server.clock.advance_ms(1_000);
    server
        .get("/v1/users", &token)
        .expect_problem(401, "token_expired");
}

#[test]
fn a_token_signed_by_another_server_or_with_no_algorithm_is_refused() {
    let (server, other) = (TestServer::start(), TestServer::start());
    server.admin("140000");
    // The same seed would give the same key: the other server's is made from another.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one"), "").unwrap();
    let stranger = TestServer::start_in(folder.path());
    drop(other);
    let foreign = stranger.admin("140000");
    server
        .get("/v1/users", &foreign)
        .expect_problem(401, "token_invalid");
    let own = server.log_in("admin-140000");
    let claims = own.split('.').nth(1).unwrap();
    // {"alg":"none","typ":"JWT"} and {"alg":"HS256","typ":"JWT"}
    for header in [
        "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    ] {
        let forged = format!("{header}.{claims}.");
        server
            .get("/v1/users", &forged)
            .expect_problem(401, "token_invalid");
    }
}

#[test]
fn neither_the_password_nor_the_refresh_token_is_in_the_database() {
    let mut server = TestServer::start();
    server.admin("140000");
    let refresh = try_password(&server, "admin-140000", PASSWORD)
        .expect(201)
        .text("refresh_token");
    server.stop();
    let bytes = server.stored_bytes();
    let holds = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(holds("admin-140000"), "what is searched is what is stored");
    assert!(!holds(PASSWORD) && !holds(&refresh));
}
