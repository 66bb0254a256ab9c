//! A key that fell into wrong hands.

use fieldseal_server::crypto::AwsLc;
use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::{TestDevice, TestServer};
use serde_json::{Value, json};
use sync_core::proof::{CertificatePayload, Signed};

use super::{named, published, revoke, rotate};

#[test]
fn tokens_under_a_revoked_key_fail_at_once_by_their_code_and_a_refresh_mends_it() {
    let server = TestServer::start();
    let old = server.admin("140000");
    let grant = json!({ "grant": "password", "username": "admin-140000", "password": PASSWORD });
    let tokens = server.call("POST", "/v1/tokens", None, grant).expect(201);
    let stolen = server.app.keys.key_id();
    revoke(&server, &stolen);
    for token in [old, tokens.text("access_token")] {
        server
            .get("/v1/users", &token)
            .expect_problem(401, "token_key_revoked");
    }
    assert!(published(&server).iter().all(|(kid, _)| *kid != stolen));
    let grant = json!({ "grant": "refresh", "refresh_token": tokens.text("refresh_token") });
    let fresh = server.call("POST", "/v1/tokens", None, grant).expect(201);
    let fresh = fresh.text("access_token");
    assert_ne!(named(&fresh), stolen);
    server.get("/v1/users", &fresh).expect(200);
    revoke(&server, &stolen);
    server.get("/v1/users", &fresh).expect(200);
}

#[test]
fn the_announced_key_takes_the_place_of_a_revoked_one_and_the_oldest_can_be_revoked_alone() {
    let server = TestServer::start();
    server.admin("140000");
    let first = server.app.keys.key_id();
    let second = rotate(&server, true);
    let third = rotate(&server, false);
    revoke(&server, &first);
    assert_eq!(server.app.keys.key_id(), second, "not concerned");
    revoke(&server, &second);
    assert_eq!(server.app.keys.key_id(), third);
    let listed = server.call("GET", "/v1/server-keys", None, Value::Null);
    let items = listed.expect(200).body["items"].clone();
    let states = [0, 1, 2].map(|at| items[at]["state"].clone());
    assert_eq!(states, ["revoked", "revoked", "signing"]);
    assert_eq!(items[1]["revocation"]["key_id"], json!(third));
}

#[test]
fn certificates_under_a_revoked_key_are_signed_anew() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let user = server.user(&admin, &body, "zhang", &["sampler"]);
    let device = TestDevice::enrolled(&server, &admin, &user, 1);
    let stolen = server.app.keys.key_id();
    revoke(&server, &stolen);
    let admin = server.log_in("admin-140000");
    let path = format!("/v1/devices/{}", device.id);
    let shown = server.get(&path, &admin).expect(200).body;
    let text = server.reads("SELECT certificate FROM devices");
    let text: String = text[0].get("certificate").unwrap();
    let certificate: Signed<CertificatePayload> = serde_json::from_str(&text).unwrap();
    assert_ne!(certificate.key_id, stolen);
    let key = server.app.keys.public_key().to_vec();
    let payload = certificate.open(&AwsLc, |_| Some(key)).unwrap();
    assert_eq!(json!(payload.device_id), shown["device_id"]);
}
