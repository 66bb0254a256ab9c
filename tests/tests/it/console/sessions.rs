//! Coming in, staying and going out; what other sites cannot do; what was typed is not lost.

use fieldseal_server::console::pages::PAGES;
use fieldseal_tests::TestServer;
use fieldseal_tests::provider::Browser;
use serde_json::{Value, json};
use sync_core::limits::{
    CONSOLE_IDLE_MS, CONSOLE_KEPT_FORM_BYTES_MAX, CONSOLE_NOTED_MS, REFRESH_TOKEN_MS,
};

use super::{form, logs_in};

/// A server with an administrator, who is logged in.
fn seated() -> (TestServer, Browser) {
    let server = TestServer::start();
    server.admin("140000");
    let mut browser = Browser::default();
    assert_eq!(logs_in(&server, &mut browser, "admin-140000").status, 303);
    (server, browser)
}

fn is_in(server: &TestServer, browser: &mut Browser) -> bool {
    let shown = browser.call(&server.url("/console"), None);
    match shown.status {
        200 => true,
        303 => {
            assert!(shown.location.unwrap().contains("/console/login?to="));
            false
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_session_is_a_cookie_that_no_script_reads_and_no_other_site_sends() {
    let server = TestServer::start();
    server.admin("140000");
    let mut browser = Browser::default();
    assert!(!is_in(&server, &mut browser));
    let entered = logs_in(&server, &mut browser, "admin-140000");
    let [cookie] = &entered.cookies[..] else {
        panic!("{:?}", entered.cookies);
    };
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(is_in(&server, &mut browser));
    // It is no token of the API, in neither of its places.
    let secret = browser
        .cookie(&server.url(""), "fieldseal_console")
        .unwrap();
    server
        .get("/v1/visits", &secret)
        .expect_problem(401, "token_invalid");
    let grant = json!({ "grant": "refresh", "refresh_token": secret });
    server
        .call("POST", "/v1/tokens", None, grant)
        .expect_problem(401, "refresh_token_invalid");
    assert!(is_in(&server, &mut browser));
}

#[test]
fn where_everything_is_encrypted_the_cookie_is_bound_to_this_host() {
    let server = TestServer::start_behind("https://fieldseal.example.cn");
    server.admin("140000");
    let mut browser = Browser::default();
    browser.origin = Some("https://fieldseal.example.cn".to_owned());
    let entered = logs_in(&server, &mut browser, "admin-140000");
    let cookie = entered.cookies.concat();
    assert!(cookie.starts_with("__Host-fieldseal_console="), "{cookie}");
    assert!(cookie.contains("; Secure"), "{cookie}");
    assert!(is_in(&server, &mut browser));
    // A page without encryption is another origin.
    browser.origin = Some("http://fieldseal.example.cn".to_owned());
    let refused = browser.call(&server.url("/console/logout"), Some(""));
    assert_eq!(refused.status, 403);
}

#[test]
fn wrong_credentials_are_told_with_a_code_and_the_name_is_kept() {
    let server = TestServer::start();
    server.admin("140000");
    let mut browser = Browser::default();
    let fields = form(&[("username", "admin-140000"), ("password", "wrong")]);
    let shown = browser.call(&server.url("/console/login"), Some(&fields));
    assert_eq!(shown.status, 401);
    assert!(shown.body.contains("credentials_wrong"));
    assert!(shown.body.contains("value=\"admin-140000\""));
    assert!(!shown.body.contains("wrong\""), "the password is not shown");
}

#[test]
fn a_session_that_is_used_goes_on_and_one_that_is_not_ends_after_a_day_of_work() {
    let (server, mut browser) = seated();
    server.clock.advance_ms(CONSOLE_IDLE_MS - 1);
    assert!(is_in(&server, &mut browser), "at its last moment");
    // That was a use: from then on it goes on as long again.
    server.clock.advance_ms(CONSOLE_IDLE_MS - 1);
    assert!(is_in(&server, &mut browser));
    // A use within a few minutes of one that was noted is not noted.
    server.clock.advance_ms(CONSOLE_NOTED_MS - 1);
    assert!(is_in(&server, &mut browser));
    server
        .clock
        .advance_ms(CONSOLE_IDLE_MS - CONSOLE_NOTED_MS + 1);
    assert!(!is_in(&server, &mut browser), "past its end");
}

#[test]
fn no_session_outlives_a_refresh_token_however_much_it_is_used() {
    let (server, mut browser) = seated();
    let steps = REFRESH_TOKEN_MS / (CONSOLE_IDLE_MS / 2);
    for step in 1..steps {
        server.clock.advance_ms(CONSOLE_IDLE_MS / 2);
        assert!(is_in(&server, &mut browser), "step {step}");
    }
    server.clock.advance_ms(CONSOLE_IDLE_MS / 2);
    assert!(!is_in(&server, &mut browser));
}

#[test]
fn going_out_ends_the_session_for_whoever_has_a_copy_of_the_cookie() {
    let (server, mut browser) = seated();
    let secret = browser.cookie(&server.url(""), "fieldseal_console");
    let out = browser.call(&server.url("/console/logout"), Some(""));
    assert_eq!(out.status, 303);
    assert!(out.cookies.concat().contains("Max-Age=0"));
    let cookie = format!("fieldseal_console={}", secret.unwrap());
    let copy = server.call_headed("GET", "/console", None, &[("cookie", &cookie)]);
    assert!(copy.raw.contains("/console/login"), "{}", copy.raw);
}

#[test]
fn a_disabled_person_and_an_ended_session_are_out_at_once() {
    let (server, mut browser) = seated();
    let admin = server.log_in("admin-140000");
    let organisation = server.organisation(&admin, "authority", "140500");
    let user = server.user(&admin, &organisation, "clerk", &["authority"]);
    let mut other = Browser::default();
    logs_in(&server, &mut other, "clerk");
    assert!(is_in(&server, &mut other));
    server
        .call(
            "PATCH",
            &format!("/v1/users/{user}"),
            Some(&admin),
            json!({ "active": false }),
        )
        .expect(200);
    assert!(!is_in(&server, &mut other));
    // From the API one ends the sessions of the console too.
    server
        .call("DELETE", "/v1/sessions", Some(&admin), Value::Null)
        .expect(204);
    assert!(!is_in(&server, &mut browser));
}

#[test]
fn what_another_site_sends_changes_nothing() {
    let (server, mut browser) = seated();
    let own = server.url("");
    let secret = browser.cookie(&own, "fieldseal_console").unwrap();
    let cookie = format!("fieldseal_console={secret}");
    for page in PAGES {
        let path = page.path.replace(['{', '}'], "");
        for headers in [
            vec![("origin", "https://evil.example")],
            vec![("origin", "null")],
            vec![("sec-fetch-site", "cross-site"), ("origin", &own)],
            vec![("sec-fetch-site", "same-site")],
            // Who says nothing is no browser that could be believed.
            vec![],
        ] {
            for method in ["POST", "PUT", "DELETE", "PATCH"] {
                let mut headers = headers.clone();
                headers.push(("cookie", &cookie));
                let refused = server.call_headed(method, &path, None, &headers);
                assert_eq!(refused.status, 403, "{method} {path} {headers:?}");
                assert!(refused.raw.contains("origin_foreign"));
            }
        }
    }
    assert!(is_in(&server, &mut browser), "nobody was logged out");
}

#[test]
fn what_was_typed_when_the_session_ended_is_there_after_the_login() {
    let (server, mut browser) = seated();
    server.clock.advance_ms(CONSOLE_IDLE_MS);
    let typed = form(&[("reason", "<b>原因 & 理由</b>"), ("outcome", "first")]);
    let asked = browser.call(&server.url("/console/logout"), Some(&typed));
    assert_eq!(asked.status, 401);
    assert!(asked.body.contains("login_needed"));
    let hidden = |body: &str, name: &str| -> String {
        let field = format!("name=\"{name}\" value=\"");
        let after = body.split(&field).nth(1).unwrap();
        after.split('"').next().unwrap().replace("&#38;", "&")
    };
    let kept = hidden(&asked.body, "kept");
    assert_eq!(kept, typed);
    let fields = form(&[
        ("username", "admin-140000"),
        ("password", fieldseal_tests::server::PASSWORD),
        ("to", "/console/logout"),
        ("kept", &kept),
    ]);
    let again = browser.call(&server.url("/console/login"), Some(&fields));
    assert_eq!(again.status, 200);
    assert!(again.body.contains("action=\"/console/logout\""));
    assert!(
        again
            .body
            .contains("&#60;b&#62;原因 &#38; 理由&#60;/b&#62;")
    );
    assert_eq!(hidden(&again.body, "outcome"), "first");

    // Somebody else at the same machine does not get it.
    let admin = server.log_in("admin-140000");
    let organisation = server.organisation(&admin, "authority", "140500");
    server.user(&admin, &organisation, "clerk", &["authority"]);
    let fields = fields.replace("admin%2D140000", "clerk");
    let other = browser.call(&server.url("/console/login"), Some(&fields));
    assert_eq!(other.status, 303, "{}", other.body);
}

#[test]
fn a_form_is_kept_up_to_the_limit_and_not_beyond() {
    let (server, mut browser) = seated();
    server.clock.advance_ms(CONSOLE_IDLE_MS);
    let ask = |browser: &mut Browser, bytes: usize| {
        let typed = format!("note={}", "a".repeat(bytes - "note=".len()));
        let asked = browser.call(&server.url("/console/logout"), Some(&typed));
        assert_eq!(asked.status, 401);
        asked.body.contains("name=\"kept\"")
    };
    assert!(ask(&mut browser, CONSOLE_KEPT_FORM_BYTES_MAX));
    assert!(!ask(&mut browser, CONSOLE_KEPT_FORM_BYTES_MAX + 1));
}

#[test]
fn the_language_is_the_browsers_until_somebody_chooses() {
    let server = TestServer::start();
    server.admin("140000");
    let asked = |headers: &[(&str, &str)]| {
        let shown = server.call_headed("GET", "/console/login", None, headers);
        let tag = shown.raw.split("lang=\"").nth(1).unwrap();
        tag.split('"').next().unwrap().to_owned()
    };
    assert_eq!(asked(&[]), "zh-CN");
    assert_eq!(asked(&[("accept-language", "en-GB,en;q=0.8")]), "en");
    assert_eq!(asked(&[("accept-language", "de,fr")]), "zh-CN");
    let mut browser = Browser::default();
    let fields = form(&[("language", "en"), ("back", "//evil.example")]);
    let chosen = browser.call(&server.url("/console/language"), Some(&fields));
    assert_eq!(chosen.location, Some(server.url("/console")));
    let shown = browser.call(&server.url("/console/login"), None);
    assert!(shown.body.contains("<html lang=\"en\">"));
}
