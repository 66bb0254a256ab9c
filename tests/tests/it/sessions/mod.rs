//! `/v1/sessions`.

use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::{TestDevice, TestServer};
use serde_json::{Value, json};
use sync_core::limits::REFRESH_TOKEN_MS;

fn sessions(server: &TestServer, token: &str) -> Vec<Value> {
    let listed = server.get("/v1/sessions", token).expect(200);
    listed.body["items"].as_array().unwrap().clone()
}

fn id(session: &Value) -> String {
    session["session_id"].as_str().unwrap().to_owned()
}

fn end(server: &TestServer, token: &str, session: &str) -> fieldseal_tests::Answer {
    let path = format!("/v1/sessions/{session}");
    server.call("DELETE", &path, Some(token), Value::Null)
}

/// A sampler of a body below an administrator, with a phone.
fn sampler(server: &TestServer, admin: &str) -> (String, TestDevice) {
    let body = server.organisation(admin, "inspection_body", "140100");
    let user = server.user(admin, &body, "zhang", &["sampler"]);
    let device = TestDevice::enrolled(server, admin, &user, 1);
    (user, device)
}

#[test]
fn a_session_is_shown_with_its_device_place_and_times() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let (user, device) = sampler(&server, &admin);
    let began = sessions(&server, &device.access).remove(0);
    assert_eq!(began["user_id"], json!(user));
    assert_eq!(began["username"], "zhang");
    assert_eq!(began["device_id"], json!(device.id));
    assert_eq!(began["device_label"], "测试手机");
    assert_eq!(began["place"], "127.0.0.1");
    assert_eq!(began["began_at"], began["last_used_at"]);
    assert_eq!(began["current"], true);
    server.clock.advance_ms(60_000);
    let next = device.refresh_with(&server, &device.refresh).expect(201);
    let used = sessions(&server, &next.text("access_token")).remove(0);
    assert_eq!(used["began_at"], began["began_at"]);
    assert_eq!(used["last_used_at"], "2025-03-01T01:01:00.000Z");
    assert_eq!(used["expires_at"], json!(next.text("refresh_expires_at")));
}

#[test]
fn people_see_their_own_sessions_and_administrators_those_of_their_scope() {
    let server = TestServer::start();
    let (here, there) = (server.admin("140000"), server.admin("370000"));
    let (user, device) = sampler(&server, &here);
    let browser = server.log_in("zhang");
    assert_eq!(sessions(&server, &browser).len(), 2, "phone and browser");
    assert_eq!(sessions(&server, &device.access).len(), 2);
    let of = |who: &str| -> Vec<String> {
        let mut names: Vec<_> = sessions(&server, who)
            .into_iter()
            .map(|it| it["username"].as_str().unwrap().to_owned())
            .collect();
        // They began in one millisecond of the server's clock.
        names.sort();
        names
    };
    assert_eq!(of(&here), ["admin-140000", "zhang", "zhang"]);
    assert_eq!(of(&there), ["admin-370000"]);
    let path = format!("/v1/sessions?user_id={user}");
    let listed = server.get(&path, &here).expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 2);
    server.get(&path, &there).expect_problem(404, "not_found");
    let other = server.user(&here, &own_body(&server, &here), "li", &["sampler"]);
    let path = format!("/v1/sessions?user_id={other}");
    server
        .get(&path, &browser)
        .expect_problem(403, "role_forbidden");
    let first = server.get("/v1/sessions?limit=1", &here).expect(200);
    let path = format!("/v1/sessions?limit=1&after={}", first.text("next"));
    let second = server.get(&path, &here).expect(200);
    let paged = [&first, &second].map(|page| page.body["items"][0]["session_id"].clone());
    let whole = sessions(&server, &here);
    assert_eq!(
        paged,
        [0, 1].map(|place: usize| whole[place]["session_id"].clone())
    );
}

fn own_body(server: &TestServer, admin: &str) -> String {
    server.organisation(admin, "inspection_body", "140200")
}

#[test]
fn an_ended_session_stops_working_at_once_and_ending_it_again_changes_nothing() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let (_, device) = sampler(&server, &admin);
    let browser = server.log_in("zhang");
    let listed = sessions(&server, &browser);
    let phone = listed.iter().find(|it| it.get("device_id").is_some());
    let phone = id(phone.unwrap());
    end(&server, &browser, &phone).expect(204);
    server
        .get("/v1/sessions", &device.access)
        .expect_problem(401, "session_ended");
    device
        .refresh_with(&server, &device.refresh)
        .expect_problem(401, "session_ended");
    end(&server, &browser, &phone).expect(204);
    assert_eq!(sessions(&server, &browser).len(), 1);
    let places = server.reads(
        "SELECT COUNT(*) AS kept FROM sessions WHERE ended_at IS NOT NULL AND place IS NOT NULL",
    );
    assert_eq!(
        places[0].get::<i64>("kept").unwrap(),
        0,
        "no address of an ended one"
    );
    // The phone is not revoked: its person logs in again.
    let grant = json!({
        "grant": "password", "username": "zhang", "password": PASSWORD, "device": device.proof(&server),
    });
    server.call("POST", "/v1/tokens", None, grant).expect(201);
}

#[test]
fn an_administrator_ends_sessions_of_their_scope_and_nobody_elses() {
    let server = TestServer::start();
    let (here, there) = (server.admin("140000"), server.admin("370000"));
    let (_, device) = sampler(&server, &here);
    let session = id(&sessions(&server, &device.access)[0]);
    end(&server, &there, &session).expect_problem(404, "not_found");
    let listed = sessions(&server, &here);
    let own = id(listed.iter().find(|it| it["current"] == true).unwrap());
    end(&server, &device.access, &own).expect_problem(404, "not_found");
    let nothing = "01954f37-0000-7000-8000-000000000000";
    end(&server, &here, nothing).expect_problem(404, "not_found");
    end(&server, &here, "x").expect_problem(400, "path_invalid");
    end(&server, &here, &session).expect(204);
    server
        .get("/v1/sessions", &device.access)
        .expect_problem(401, "session_ended");
    let trail = server.reads("SELECT subject FROM audit_events WHERE act = 'session.ended'");
    let subject: String = trail[0].get("subject").unwrap();
    assert_eq!((trail.len(), subject), (1, format!("session:{session}")));
}

#[test]
fn all_others_are_ended_by_one_call_and_the_one_that_asks_goes_on() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let (_, device) = sampler(&server, &admin);
    let browsers = [0, 1].map(|_| server.log_in("zhang"));
    server
        .call("DELETE", "/v1/sessions", Some(&browsers[0]), Value::Null)
        .expect(204);
    for ended in [&browsers[1], &device.access] {
        server
            .get("/v1/sessions", ended)
            .expect_problem(401, "session_ended");
    }
    assert_eq!(sessions(&server, &browsers[0]).len(), 1);
    assert_eq!(sessions(&server, &admin).len(), 2, "nobody else's");
}

#[test]
fn a_session_that_was_not_used_for_the_life_of_its_token_is_not_listed() {
    let server = TestServer::start();
    server.admin("140000");
    server.clock.advance_ms(REFRESH_TOKEN_MS - 1);
    let now = server.log_in("admin-140000");
    assert_eq!(sessions(&server, &now).len(), 2);
    server.clock.advance_ms(1);
    assert_eq!(sessions(&server, &now).len(), 1);
}

#[test]
fn a_session_of_the_console_is_told_from_one_of_tokens() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let mut browser = fieldseal_tests::provider::Browser::default();
    let form = format!(
        "username=admin-140000&password={}",
        PASSWORD.replace(' ', "+")
    );
    let entered = browser.call(&server.url("/console/login"), Some(&form));
    assert_eq!(entered.status, 303);
    let listed = sessions(&server, &admin);
    let told: Vec<_> = listed
        .iter()
        .map(|it| (&it["console"], &it["current"]))
        .collect();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&(&json!(true), &json!(false))), "{told:?}");
    assert!(told.contains(&(&json!(false), &json!(true))), "{told:?}");
    // It is ended like any other.
    let seated = listed.iter().find(|it| it["console"] == true).unwrap();
    end(&server, &admin, &id(seated)).expect(204);
    let shown = browser.call(&server.url("/console"), None);
    assert_eq!(shown.status, 303);
}
