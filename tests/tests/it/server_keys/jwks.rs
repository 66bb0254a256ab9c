//! `GET /.well-known/jwks.json` and `GET /v1/server-keys`.

use fieldseal_tests::TestServer;
use serde_json::{Value, json};
use sync_core::limits::JWKS_AGE_S;

use super::{is_ours, published, rotate};

#[test]
fn an_access_token_is_verified_by_nothing_but_the_published_keys() {
    let server = TestServer::start();
    let token = server.admin("140000");
    let answer = server.call("GET", "/.well-known/jwks.json", None, Value::Null);
    let answer = answer.expect(200);
    assert_eq!(answer.headers["content-type"], "application/json");
    let kept = format!("public, max-age={JWKS_AGE_S}");
    assert_eq!(answer.headers["cache-control"].to_str().unwrap(), kept);
    let key = &answer.body["keys"][0];
    let said = json!([key["kty"], key["crv"], key["alg"], key["use"]]);
    assert_eq!(said, json!(["OKP", "Ed25519", "EdDSA", "sig"]));
    assert!(key.get("d").is_none(), "the public half alone");
    assert!(is_ours(&published(&server), &token));
    let other = TestServer::start();
    rotate(&other, true);
    assert!(!is_ours(&published(&server), &other.admin("140000")));
}

#[test]
fn the_published_keys_are_sent_once_and_again_only_when_they_changed() {
    let server = TestServer::start();
    let ask = |tag: Option<&str>| {
        let mut request = ureq::get(server.url("/.well-known/jwks.json"));
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        let mut answer = request.call().unwrap();
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        let kept = answer.headers().contains_key("cache-control");
        let body = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), tag, kept, body.is_empty())
    };
    let (status, tag, ..) = ask(None);
    assert_eq!(status, 200);
    assert_eq!(ask(Some(&tag)), (304, tag.clone(), true, true));
    assert_eq!(ask(Some(&format!("\"other\", W/{tag}"))).0, 304);
    rotate(&server, false);
    let (status, changed, ..) = ask(Some(&tag));
    assert_eq!(status, 200);
    assert_ne!(tag, changed);
}

#[test]
fn every_key_is_listed_with_the_chain_by_which_it_is_believed() {
    let server = TestServer::start();
    let first = server.app.keys.key_id();
    let next = rotate(&server, false);
    let listed = server.call("GET", "/v1/server-keys", None, Value::Null);
    let items = listed.expect(200).body["items"].clone();
    let said = |at: usize| (items[at]["key_id"].clone(), items[at]["state"].clone());
    assert_eq!(said(0), (json!(first), json!("signing")));
    assert_eq!(said(1), (json!(next), json!("announced")));
    assert!(items[0].get("announcement").is_none());
    assert_eq!(items[1]["announcement"]["key_id"], json!(first));
    assert!(!listed_private(&server), "no private half is served");
}

fn listed_private(server: &TestServer) -> bool {
    let listed = server.call("GET", "/v1/server-keys", None, Value::Null);
    listed.raw.contains("private") || listed.raw.contains("pkcs8")
}
