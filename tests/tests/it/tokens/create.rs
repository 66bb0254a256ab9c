//! `POST /v1/tokens` with a password.

use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::{Answer, TestServer};
use serde_json::json;
use sync_core::limits::{ACCESS_TOKEN_S, ACCOUNT_FAILURES_MAX, FAILURES_WINDOW_MS};

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
    for file in server.folder().read_dir().unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let holds = |secret: &str| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!holds(PASSWORD) && !holds(&refresh), "{}", path.display());
        }
    }
}
