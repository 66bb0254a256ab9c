//! Providers that change their keys, answer for others, or do not keep to the protocol: made by hand, on loopback.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldseal_server::keys::ServerKey;
use fieldseal_server::rng::SeededRng;
use fieldseal_tests::TestServer;
use fieldseal_tests::provider::{Browser, Shown};
use serde_json::{Value, json};
use sync_core::limits::OIDC_KEYS_REST_MS;

use super::{configure, server};

/// A provider by hand: what stands at each path, and how often each was asked for.
struct Handmade {
    issuer: String,
    pages: Arc<Mutex<BTreeMap<String, Value>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Handmade {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let pages: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (shown, counted) = (pages.clone(), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let text = whole(&mut stream);
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                let page = shown.lock().unwrap().get(&path).cloned();
                counted.lock().unwrap().push(path);
                let (status, body) = match page {
                    Some(page) => ("200 OK", page.to_string()),
                    None => ("404 Not Found", String::new()),
                };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        let made = Self {
            issuer,
            pages,
            asked,
        };
        let at = |path: &str| format!("{}{path}", made.issuer);
        made.shows(
            "/.well-known/openid-configuration",
            json!({
                "issuer": made.issuer, "authorization_endpoint": at("/auth"), "token_endpoint": at("/token"),
                "jwks_uri": at("/jwks"), "userinfo_endpoint": at("/me"),
            }),
        );
        made
    }

    fn shows(&self, path: &str, page: Value) {
        self.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    fn asked_for(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|it| *it == path).count()
    }

    fn publishes(&self, keys: &[&ServerKey]) {
        let keys = keys.iter().map(|key| {
            json!({
                "kty": "OKP", "crv": "Ed25519", "kid": key.key_id(),
                "x": URL_SAFE_NO_PAD.encode(key.public_key()),
            })
        });
        self.shows("/jwks", json!({ "keys": keys.collect::<Vec<_>>() }));
    }
}

/// A request to the end of its body: whoever answers and closes before that resets the connection.
fn whole(stream: &mut TcpStream) -> String {
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let length = lines.find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |text| text.parse().unwrap());
            if body.len() >= length {
                return String::from_utf8_lossy(&request).into_owned();
            }
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return String::new(),
            Ok(read) => request.extend_from_slice(&part[..read]),
        }
    }
}

fn key(number: u64) -> ServerKey {
    ServerKey::make(&SeededRng::new(number)).unwrap()
}

/// Goes to the provider and comes back with what it signs by this key, changed by `alter`.
fn comes_back(
    server: &TestServer,
    provider: &Handmade,
    key: &ServerKey,
    alter: impl Fn(&mut Value),
) -> Shown {
    let mut browser = Browser::default();
    let begun = browser.call(&server.url("/v1/oidc/login"), None);
    let to = begun.location.unwrap();
    let of = |name: &str| {
        let at = to.find(&format!("&{name}=")).unwrap() + name.len() + 2;
        to[at..].split('&').next().unwrap().to_owned()
    };
    assert_eq!(of("code_challenge_method"), "S256");
    let now = server.app.now() / 1_000;
    let mut claims = json!({
        "iss": provider.issuer, "sub": "s1", "aud": "fieldseal", "nonce": of("nonce"), "iat": now,
        "exp": now + 300, "preferred_username": "admin-140000",
    });
    alter(&mut claims);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": "EdDSA", "kid": key.key_id() });
    let message = format!("{}.{}", part(&header), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign_bytes(message.as_bytes()));
    provider.shows(
        "/token",
        json!({ "id_token": format!("{message}.{signature}"), "access_token": "a", "token_type": "Bearer" }),
    );
    let back = format!("/v1/oidc/callback?code=c&state={}", of("state"));
    browser.call(&server.url(&back), None)
}

fn both() -> (TestServer, Handmade) {
    let (server, provider) = (server(), Handmade::start());
    configure(&server, &provider.issuer, "s", "preferred_username");
    (server, provider)
}

fn honest(_: &mut Value) {}

#[test]
fn a_new_key_of_the_provider_is_looked_up_once_and_an_unknown_one_no_more_than_now_and_then() {
    let (server, provider) = both();
    let (old, new, stranger) = (key(1), key(2), key(3));
    provider.publishes(&[&old]);
    assert_eq!(comes_back(&server, &provider, &old, honest).status, 200);
    assert_eq!(comes_back(&server, &provider, &old, honest).status, 200);
    assert_eq!(provider.asked_for("/jwks"), 1, "kept");
    server.clock.advance_ms(OIDC_KEYS_REST_MS);
    provider.publishes(&[&old, &new]);
    assert_eq!(comes_back(&server, &provider, &new, honest).status, 200);
    assert_eq!(provider.asked_for("/jwks"), 2);
    for _ in 0..3 {
        let shown = comes_back(&server, &provider, &stranger, honest);
        assert_eq!(shown.code(), "oidc_token_invalid");
    }
    assert_eq!(provider.asked_for("/jwks"), 2, "not for every made-up name");
    assert_eq!(provider.asked_for("/.well-known/openid-configuration"), 1);
}

#[test]
fn what_the_provider_says_of_another_login_client_or_person_is_not_believed() {
    let (server, provider) = both();
    let own = key(1);
    provider.publishes(&[&own]);
    let altered = |claim: &str, value: Value| {
        let shown = comes_back(&server, &provider, &own, |claims| {
            claims[claim] = value.clone()
        });
        (shown.status, shown.code())
    };
    let invalid = (403, "oidc_token_invalid".to_owned());
    assert_eq!(altered("nonce", json!("another")), invalid);
    assert_eq!(altered("aud", json!("another")), invalid);
    assert_eq!(altered("iss", json!("https://another.example")), invalid);
    assert_eq!(altered("azp", json!("another")), invalid);
    assert_eq!(
        altered("exp", json!(server.app.now() / 1_000 - 61)),
        invalid
    );
    // The claim comes from where the provider tells more, and must be of the same person there.
    provider.shows(
        "/me",
        json!({ "sub": "s2", "preferred_username": "admin-140000" }),
    );
    let nameless = |claims: &mut Value| {
        claims.as_object_mut().unwrap().remove("preferred_username");
    };
    let shown = comes_back(&server, &provider, &own, nameless);
    assert_eq!((shown.status, shown.code()), invalid);
    provider.shows(
        "/me",
        json!({ "sub": "s1", "preferred_username": "admin-140000" }),
    );
    assert_eq!(comes_back(&server, &provider, &own, nameless).status, 200);
}

#[test]
fn a_provider_that_says_something_else_of_itself_is_not_used() {
    let server = server();
    let provider = Handmade::start();
    configure(&server, &provider.issuer, "s", "preferred_username");
    let login = || {
        let answer = server.call("GET", "/v1/oidc/login", None, Value::Null);
        (answer.status, answer.code().to_owned())
    };
    let down = (503, "oidc_unavailable".to_owned());
    let at = |path: &str| format!("{}{path}", provider.issuer);
    for (name, value) in [
        ("issuer", "https://another.example".to_owned()),
        ("token_endpoint", "http://another.example/token".to_owned()),
        ("jwks_uri", "file:///etc/passwd".to_owned()),
    ] {
        let mut says = json!({
            "issuer": provider.issuer, "authorization_endpoint": at("/auth"), "token_endpoint": at("/token"),
            "jwks_uri": at("/jwks"),
        });
        says[name] = json!(value);
        provider.shows("/.well-known/openid-configuration", says);
        assert_eq!(login(), down, "{name}");
    }
    provider.shows(
        "/.well-known/openid-configuration",
        json!("x".repeat(300 * 1024)),
    );
    assert_eq!(login(), down, "longer than anybody needs");
}
