//! The first run: where there is nobody, every page leads to one that makes the first administrator, once.

use fieldseal_server::services::administrators::begin_first_run;
use fieldseal_tests::TestServer;
use fieldseal_tests::provider::{Browser, Shown};
use fieldseal_tests::server::PASSWORD;
use sync_core::limits::SETUP_TOKEN_MS;

use super::{form, logs_in};

fn token(server: &TestServer) -> String {
    let told = server.runtime.block_on(begin_first_run(&server.app));
    told.unwrap()
}

fn makes(server: &TestServer, token: &str, username: &str) -> Shown {
    let fields = form(&[
        ("token", token),
        ("authority", "山西示例市场监督管理局"),
        ("region", "140000"),
        ("username", username),
        ("display_name", "管理员"),
        ("password", PASSWORD),
    ]);
    Browser::default().call(&server.url("/console/setup"), Some(&fields))
}

#[test]
fn every_page_leads_to_the_first_run_until_there_is_somebody_and_then_none_does() {
    let server = TestServer::start();
    let token = token(&server);
    let mut browser = Browser::default();
    for path in ["/console", "/console/login", "/console/visits?page=2"] {
        let shown = browser.call(&server.url(path), None);
        assert_eq!(shown.location, Some(server.url("/console/setup")), "{path}");
    }
    let page = browser.call(&server.url("/console/setup"), None);
    assert_eq!(page.status, 200);
    let made = makes(&server, &token, "first");
    assert_eq!(made.status, 303, "{}", made.body);
    assert!(made.cookies.concat().contains("fieldseal_console="));
    let after = browser.call(&server.url("/console/setup"), None);
    assert_eq!(after.location, Some(server.url("/console")));
    assert_eq!(logs_in(&server, &mut browser, "first").status, 303);
    // Used up, and over for every other token too.
    let again = makes(&server, &token, "second");
    assert_eq!(again.status, 409);
    assert!(again.body.contains("setup_over"));
}

#[test]
fn a_wrong_token_makes_nobody_and_uses_nothing_up() {
    let server = TestServer::start();
    let token = token(&server);
    let wrong = makes(&server, "00000000000000000000000000000000", "first");
    assert_eq!(wrong.status, 403);
    assert!(wrong.body.contains("setup_token_invalid"));
    assert!(
        wrong.body.contains("山西示例市场监督管理局"),
        "what was typed stays"
    );
    // As people copy it: with spaces and in capitals.
    let spaced = format!(" {} {}", &token[..8], token[8..].to_uppercase());
    assert_eq!(makes(&server, &spaced, "first").status, 303);
}

#[test]
fn what_is_typed_wrongly_is_named_and_the_token_stays_good() {
    let server = TestServer::start();
    let token = token(&server);
    let fields = form(&[
        ("token", &token),
        ("authority", "山西示例市场监督管理局"),
        ("region", "14"),
        ("username", "first"),
        ("display_name", "管理员"),
        ("password", PASSWORD),
    ]);
    let shown = Browser::default().call(&server.url("/console/setup"), Some(&fields));
    assert_eq!(shown.status, 422);
    assert!(shown.body.contains("value_invalid") && shown.body.contains("region"));
    assert_eq!(makes(&server, &token, "first").status, 303);
}

#[test]
fn a_token_is_good_for_an_hour_and_the_page_tells_a_new_one_in_the_log_after_it() {
    let server = TestServer::start();
    let (old, late) = (token(&server), token(&server));
    server.clock.advance_ms(SETUP_TOKEN_MS);
    assert_eq!(
        makes(&server, &old, "first").status,
        403,
        "its time is over"
    );
    let good = "SELECT COUNT(*) AS n FROM setup_tokens";
    let told = |server: &TestServer| server.reads(good)[0].get::<i64>("n").unwrap();
    assert_eq!(told(&server), 2);
    let mut browser = Browser::default();
    browser.call(&server.url("/console/setup"), None);
    browser.call(&server.url("/console/setup"), None);
    assert_eq!(told(&server), 3, "one new one, however often it is asked");
    assert_eq!(makes(&server, &late, "first").status, 403);
    let fresh = token(&server);
    server.clock.advance_ms(SETUP_TOKEN_MS - 1);
    assert_eq!(makes(&server, &fresh, "first").status, 303);
}

#[test]
fn of_many_who_come_with_the_token_at_once_one_is_made() {
    let server = TestServer::start();
    let (token, other) = (token(&server), token(&server));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let server = &server;
        let ask = |number: usize| {
            let token = if number.is_multiple_of(2) {
                &token
            } else {
                &other
            };
            scope.spawn(move || makes(server, token, &format!("admin{number}")).status)
        };
        let asked: Vec<_> = (0..8).map(ask).collect();
        asked.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let made = statuses.iter().filter(|status| **status == 303).count();
    assert_eq!(made, 1, "{statuses:?}");
    let people = server.reads("SELECT COUNT(*) AS n FROM users");
    assert_eq!(people[0].get::<i64>("n").unwrap(), 1);
    assert!(statuses.iter().all(|it| matches!(it, 303 | 403 | 409)));
}
