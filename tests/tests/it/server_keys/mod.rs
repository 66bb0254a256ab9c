//! The server's signing keys: published, rotated, revoked.

mod jwks;
mod revoke;
mod rotate;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldseal_server::crypto::AwsLc;
use fieldseal_server::services::server_keys;
use fieldseal_tests::TestServer;
use serde_json::Value;
use sync_core::proof::Verifier as _;

/// Orders the next key; its name.
fn rotate(server: &TestServer, at_once: bool) -> String {
    let rotated = server
        .runtime
        .block_on(server_keys::rotate(&server.app, at_once));
    rotated.unwrap().key_id
}

/// Revokes a key.
fn revoke(server: &TestServer, key: &str) {
    let revoked = server_keys::revoke(&server.app, key, "a copy was found");
    server.runtime.block_on(revoked).unwrap();
}

/// The published keys by name, the newest first.
fn published(server: &TestServer) -> Vec<(String, Vec<u8>)> {
    let set = server.call("GET", "/.well-known/jwks.json", None, Value::Null);
    let keys = set.expect(200).body["keys"].as_array().unwrap().clone();
    let keys = keys.iter().map(|key| {
        let x = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
        (key["kid"].as_str().unwrap().to_owned(), x)
    });
    keys.collect()
}

/// The key that a token names.
fn named(token: &str) -> String {
    let header = token.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// Whether somebody who has nothing but these published keys takes a token as ours.
fn is_ours(keys: &[(String, Vec<u8>)], token: &str) -> bool {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let found = keys.iter().find(|(kid, _)| *kid == named(token));
    found.is_some_and(|(_, key)| AwsLc.verify_ed25519(key, message.as_bytes(), &signature))
}
