//! One key follows the other.

use fieldseal_server::services::server_keys::rotate_if_due;
use fieldseal_tests::TestServer;
use serde_json::Value;
use sync_core::limits::{
    ACCESS_TOKEN_S, CERTIFICATE_MS, JWKS_AGE_S, SERVER_KEY_ANNOUNCED_MS, SERVER_KEY_MS,
};

use super::{is_ours, named, published, rotate};

#[test]
fn a_key_is_published_before_it_signs_for_longer_than_others_keep_the_list() {
    let server = TestServer::start();
    let old = server.admin("140000");
    let cached = published(&server);
    assert_eq!(cached.len(), 1);
    let next = rotate(&server, false);
    assert_eq!(rotate(&server, false), next, "an order given twice is one");
    server.clock.advance_ms(SERVER_KEY_ANNOUNCED_MS - 1);
    let cached = published(&server);
    assert_eq!(cached.len(), 2);
    let before = server.log_in("admin-140000");
    assert_eq!(named(&before), named(&old));
    server.clock.advance_ms(1);
    let after = server.log_in("admin-140000");
    assert_eq!(named(&after), next);
    assert!(
        is_ours(&cached, &after),
        "whoever asked an hour ago knows it"
    );
    // What the old key signed goes on until its own end.
    server.get("/v1/users", &before).expect(200);
    server.get("/v1/users", &after).expect(200);
    server.clock.advance_ms(ACCESS_TOKEN_S * 1_000);
    server
        .get("/v1/users", &before)
        .expect_problem(401, "token_expired");
    const { assert!(JWKS_AGE_S * 1_000 < SERVER_KEY_ANNOUNCED_MS) };
}

#[test]
fn keys_rotate_by_themselves_and_old_ones_are_published_while_anything_under_them_is_in_force() {
    let server = TestServer::start();
    let first = server.app.keys.key_id();
    let due = || {
        let looked = rotate_if_due(&server.app);
        server.runtime.block_on(looked).unwrap()
    };
    server
        .clock
        .advance_ms(SERVER_KEY_MS - SERVER_KEY_ANNOUNCED_MS - 1);
    assert!(!due());
    server.clock.advance_ms(1);
    due();
    assert!(!due(), "one is announced already");
    assert_eq!(published(&server).len(), 2);
    assert_eq!(server.app.keys.key_id(), first);
    server.clock.advance_ms(SERVER_KEY_ANNOUNCED_MS);
    let second = server.app.keys.key_id();
    assert_ne!(second, first);
    let has = |key: &str| published(&server).iter().any(|(kid, _)| kid == key);
    server.clock.advance_ms(CERTIFICATE_MS - 1);
    assert!(has(&first), "a certificate of its last moment is in force");
    server.clock.advance_ms(1);
    assert!(!has(&first));
    assert!(has(&second));
    let listed = server.call("GET", "/v1/server-keys", None, Value::Null);
    assert!(listed.raw.contains(&first), "for receipts of years ago");
}

#[test]
fn a_server_that_starts_again_goes_on_with_the_keys_that_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = TestServer::start_in(folder.path());
    let token = server.admin("140000");
    rotate(&server, true);
    let newer = server.log_in("admin-140000");
    let keys = published(&server);
    server.stop();
    let server = server.start_again(None);
    assert_eq!(published(&server), keys);
    server.get("/v1/users", &token).expect(200);
    server.get("/v1/users", &newer).expect(200);
    assert_eq!(named(&server.log_in("admin-140000")), named(&newer));
}

#[test]
fn a_made_up_key_name_is_a_token_that_is_not_ours() {
    let server = TestServer::start();
    let token = server.admin("140000");
    let (_, rest) = token.split_once('.').unwrap();
    // {"alg":"EdDSA","kid":"ffffffffffffffff"}
    let forged = format!("eyJhbGciOiJFZERTQSIsImtpZCI6ImZmZmZmZmZmZmZmZmZmZmYifQ.{rest}");
    for _ in 0..20 {
        server
            .get("/v1/users", &forged)
            .expect_problem(401, "token_invalid");
    }
    server.get("/v1/users", &token).expect(200);
}
