//! Logging in at a real provider, through its own forms.

use fieldseal_server::services::oidc;
use fieldseal_tests::provider::{Browser, OidcProvider, SECRET, Shown};
use fieldseal_tests::{Answer, TestServer};
use serde_json::{Value, json};
use sync_core::limits::{OIDC_CODE_MS, OIDC_LOGIN_MS, OIDC_RETRY_S};

use super::{configure, server};

/// A server and a provider that know each other; none where the provider cannot run.
fn both(claim: &str) -> Option<(TestServer, OidcProvider)> {
    let server = server();
    let provider = OidcProvider::start(&server.url("/v1/oidc/callback"))?;
    configure(&server, &provider.issuer, SECRET, claim);
    Some((server, provider))
}

/// Goes to the provider as somebody; the address at which they come back.
fn returns(server: &TestServer, browser: &mut Browser, name: &str) -> String {
    let back = server.url("/v1/oidc/callback");
    browser.logs_in(&server.url("/v1/oidc/login"), name, &back)
}

/// The whole way to the answer of the callback.
fn logs_in(server: &TestServer, browser: &mut Browser, name: &str) -> Shown {
    let back = returns(server, browser, name);
    browser.call(&back, None)
}

/// Takes tokens for the code in the browser's cookie.
fn takes_tokens(server: &TestServer, browser: &Browser) -> Answer {
    let code = browser.cookie(&server.url(""), "fieldseal_oidc_code");
    let cookie = format!("fieldseal_oidc_code={}", code.unwrap_or_default());
    server.call_with(
        "POST",
        "/v1/tokens",
        ("cookie", &cookie),
        json!({ "grant": "oidc" }),
    )
}

#[test]
fn an_administrator_logs_in_at_the_provider_and_acts_and_no_token_stands_in_an_address() {
    let Some((server, _provider)) = both("preferred_username") else {
        return;
    };
    let mut browser = Browser::default();
    let back = returns(&server, &mut browser, "s1:admin-140000");
    let done = browser.call(&back, None);
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(done.cache, "no-store");
    for cookie in &done.cookies {
        assert!(cookie.contains("HttpOnly; SameSite="), "{cookie}");
    }
    let code = browser
        .cookie(&server.url(""), "fieldseal_oidc_code")
        .unwrap();
    assert!(!back.contains(&code) && !done.body.contains(&code));
    let tokens = takes_tokens(&server, &browser).expect(201);
    let access = tokens.text("access_token");
    let own = server.get("/v1/sessions", &access).expect(200);
    assert!(own.raw.contains("admin-140000"));
    let refresh = json!({ "grant": "refresh", "refresh_token": tokens.text("refresh_token") });
    server.call("POST", "/v1/tokens", None, refresh).expect(201);
    takes_tokens(&server, &browser).expect_problem(403, "oidc_code_invalid");
    let stored = server.rows();
    assert!(!format!("{stored:?}").contains(&code), "hashes alone");
    // A second time they are known by their subject, whatever they are called there now.
    let mut other = Browser::default();
    assert_eq!(logs_in(&server, &mut other, "s1:admin-140000").status, 200);
    assert_eq!(server.rows()["oidc_identities"].len(), 1);
}

#[test]
fn whoever_is_no_active_administrator_here_is_not_let_in_and_nobody_is_made() {
    let Some((server, _provider)) = both("preferred_username") else {
        return;
    };
    let admin = server.log_in("admin-140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    server.user(&admin, &body, "zhang", &["sampler"]);
    let before = server.rows()["users"].clone();
    let tries = |name: &str| logs_in(&server, &mut Browser::default(), name).code();
    assert_eq!(tries("stranger"), "oidc_user_unknown");
    assert_eq!(tries("zhang"), "oidc_user_unknown", "no administrator");
    assert_eq!(tries("s1:ADMIN-140000"), "", "case does not matter");
    assert_eq!(
        tries("s2:admin-140000"),
        "oidc_user_unknown",
        "another of that name"
    );
    let unbound = oidc::unbind(&server.app, "admin-140000");
    assert_eq!(server.runtime.block_on(unbound).unwrap(), 1);
    server
        .get("/v1/users", &admin)
        .expect_problem(401, "session_ended");
    assert_eq!(tries("s2:admin-140000"), "", "an operator let it");
    let admin = server.log_in("admin-140000");
    assert_eq!(server.rows()["users"], before);
    let listed = server.get("/v1/organisations", &admin).expect(200).body;
    let mut listed = listed["items"].as_array().unwrap().iter();
    let own = listed.find(|it| it["kind"] == "authority").unwrap();
    let own = own["organisation_id"].as_str().unwrap().to_owned();
    let second = server.user(&admin, &own, "second", &["admin"]);
    assert_eq!(tries("second"), "");
    let mut late = Browser::default();
    assert_eq!(logs_in(&server, &mut late, "second").status, 200);
    let path = format!("/v1/users/{second}");
    let disabled = json!({ "active": false });
    server
        .call("PATCH", &path, Some(&admin), disabled)
        .expect(200);
    assert_eq!(tries("second"), "user_disabled");
    takes_tokens(&server, &late).expect_problem(403, "user_disabled");
}

#[test]
fn a_confirmed_address_may_be_the_name_and_one_that_nobody_confirmed_is_not() {
    let Some((server, _provider)) = both("email") else {
        return;
    };
    let tries = |name: &str| logs_in(&server, &mut Browser::default(), name).code();
    assert_eq!(tries("unverified:admin-140000"), "oidc_user_unknown");
    assert_eq!(tries("s1:admin-140000"), "");
}

#[test]
fn a_login_ends_in_the_browser_that_began_it_once_and_in_its_time() {
    let Some((server, _provider)) = both("preferred_username") else {
        return;
    };
    let mut browser = Browser::default();
    let back = returns(&server, &mut browser, "admin-140000");
    let mut other = Browser::default();
    let refused = |shown: Shown| {
        assert_eq!(
            (shown.status, shown.code()),
            (403, "oidc_state_invalid".to_owned())
        )
    };
    refused(other.call(&back, None));
    other.call(&server.url("/v1/oidc/login"), None);
    refused(other.call(&back, None));
    refused(browser.call(&back.replace("state=", "state=0"), None));
    refused(browser.call(&server.url("/v1/oidc/callback?code=x"), None));
    assert_eq!(
        browser.call(&back, None).status,
        200,
        "nobody's error spoils it"
    );
    refused(browser.call(&back, None));
    // The minute of the code, and the ten of the login.
    server.clock.advance_ms(OIDC_CODE_MS);
    takes_tokens(&server, &browser).expect_problem(403, "oidc_code_invalid");
    let mut slow = Browser::default();
    let back = returns(&server, &mut slow, "admin-140000");
    server.clock.advance_ms(OIDC_LOGIN_MS);
    refused(slow.call(&back, None));
}

#[test]
fn what_the_provider_refuses_is_told_and_a_made_up_code_gives_nothing() {
    let Some((server, _provider)) = both("preferred_username") else {
        return;
    };
    let mut browser = Browser::default();
    let callback = server.url("/v1/oidc/callback");
    let back = browser.declines(&server.url("/v1/oidc/login"), &callback);
    let shown = browser.call(&back, None);
    assert_eq!(
        (shown.status, shown.code()),
        (403, "oidc_denied".to_owned())
    );
    assert!(shown.body.contains("access_denied"));
    let mut browser = Browser::default();
    let back = returns(&server, &mut browser, "admin-140000");
    let shown = browser.call(&back.replace("code=", "code=x"), None);
    assert_eq!(
        (shown.status, shown.code()),
        (403, "oidc_token_invalid".to_owned())
    );
    let mut browser = Browser::default();
    let back = returns(&server, &mut browser, "admin-140000");
    let other = back.replace("&iss=", "&iss=http%3A%2F%2Fevil.example%2F");
    let shown = browser.call(&other, None);
    assert_eq!(
        shown.code(),
        "oidc_token_invalid",
        "another provider's answer"
    );
    takes_tokens(&server, &browser).expect_problem(403, "oidc_code_invalid");
}

#[test]
fn with_the_provider_down_people_are_told_when_to_come_back_and_passwords_go_on() {
    let Some((server, mut provider)) = both("preferred_username") else {
        return;
    };
    let mut browser = Browser::default();
    let back = returns(&server, &mut browser, "admin-140000");
    provider.stop();
    let shown = browser.call(&back, None);
    assert_eq!(
        (shown.status, shown.code()),
        (503, "oidc_unavailable".to_owned())
    );
    let other = self::server();
    configure(&other, &provider.issuer, SECRET, "preferred_username");
    let answer = other.call("GET", "/v1/oidc/login", None, Value::Null);
    let answer = answer.expect_problem(503, "oidc_unavailable");
    assert_eq!(
        answer.headers["retry-after"],
        OIDC_RETRY_S.to_string().as_str()
    );
    other.log_in("admin-140000");
}

#[test]
fn a_server_without_a_provider_says_so() {
    let server = TestServer::start();
    for path in ["/v1/oidc/login", "/v1/oidc/callback?state=a&code=b"] {
        let answer = server.call("GET", path, None, Value::Null);
        answer.expect_problem(404, "oidc_not_configured");
    }
    server
        .call("POST", "/v1/tokens", None, json!({ "grant": "oidc" }))
        .expect_problem(403, "oidc_code_invalid");
}
