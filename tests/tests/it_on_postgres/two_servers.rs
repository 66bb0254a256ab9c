//! Two servers on one database: each with connections, caches and a data folder of its own, and whatever they must agree on
//! in the database.

use fieldseal_server::services::server_keys;
use fieldseal_tests::crowd::{Crowd, Through};
use fieldseal_tests::listener::Listener;
use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::{TestServer, World};
use serde_json::json;
use sync_core::limits::{ACCOUNT_FAILURES_MAX, SERVER_KEY_MS};

#[test]
fn sixteen_teams_on_two_servers_never_make_two_first() {
    let w = World::shanxi();
    let beside = w.server.start_beside();
    let crowd = Crowd::of_one_body(&w, Through::Beside(&beside));
    crowd.races_for_doors(&w);
}

#[test]
fn sixteen_teams_on_two_servers_that_sample_one_producers_goods_leave_one_valid() {
    let w = World::shanxi();
    let beside = w.server.start_beside();
    let crowd = Crowd::of_two_bodies(&w, Through::Beside(&beside));
    crowd.races_for_a_product(&w);
}

#[test]
fn a_listener_at_one_server_hears_what_the_other_took_and_goes_on_there() {
    let w = World::shanxi();
    let beside = w.server.start_beside();
    let token = w.token("晋城");
    let stream = Listener::open(&beside, &token, None);
    let ready = stream.waits_for("ready");
    let mut phone = w.phone("王");
    let visit = phone.enters("铸造");
    phone.syncs();
    assert_eq!(stream.waits_for("visit.changed").data["id"], json!(visit));
    let here = Listener::open(&w.server, &token, Some(&ready.id));
    assert_eq!(here.next().unwrap().event, "ready");
    assert_eq!(here.waits_for("visit.changed").data["id"], json!(visit));
}

#[test]
fn what_one_server_signs_the_other_takes() {
    let server = TestServer::start();
    let beside = server.start_beside();
    let token = server.admin("140000");
    beside.get("/v1/users", &token).expect(200);
    assert_eq!(server.app.keys.key_id(), beside.app.keys.key_id());
}

#[test]
fn a_key_that_one_server_rotates_or_revokes_is_known_to_the_other_without_a_restart() {
    let server = TestServer::start();
    let beside = server.start_beside();
    server.admin("140000");
    let rotated = server_keys::rotate(&server.app, true);
    let key = server.runtime.block_on(rotated).unwrap().key_id;
    let token = server.log_in("admin-140000");
    beside.get("/v1/users", &token).expect(200);
    assert_eq!(beside.app.keys.key_id(), key, "looked up by its name");
    let revoked = server_keys::revoke(&server.app, &key, "a copy was found");
    server.runtime.block_on(revoked).unwrap();
    for at in [&server, &beside] {
        at.get("/v1/users", &token)
            .expect_problem(401, "token_key_revoked");
    }
    let token = server.log_in("admin-140000");
    beside.get("/v1/users", &token).expect(200);
    let due = |at: &TestServer| {
        at.clock.advance_ms(SERVER_KEY_MS);
        at.runtime
            .block_on(server_keys::rotate_if_due(&at.app))
            .unwrap()
    };
    // Whichever of the two looks first announces the next one; nobody announces a second.
    due(&server);
    at_most_one_more(&beside);
}

fn at_most_one_more(beside: &TestServer) {
    let again = server_keys::rotate_if_due(&beside.app);
    assert!(!beside.runtime.block_on(again).unwrap());
}

#[test]
fn failed_attempts_are_counted_together() {
    let server = TestServer::start();
    let beside = server.start_beside();
    server.admin("140000");
    let attempt = |at: &TestServer, password: &str| {
        let grant =
            json!({ "grant": "password", "username": "admin-140000", "password": password });
        at.call("POST", "/v1/tokens", None, grant)
    };
    for number in 0..ACCOUNT_FAILURES_MAX {
        let at = [&server, &beside][usize::from(number % 2 == 0)];
        attempt(at, "a wrong password").expect_problem(401, "credentials_wrong");
    }
    for at in [&server, &beside] {
        attempt(at, PASSWORD).expect_problem(429, "attempts_exceeded");
    }
}

#[test]
fn an_ended_session_and_a_published_rulebook_are_known_to_both_at_once() {
    let w = World::shanxi();
    let beside = w.server.start_beside();
    let token = w.token("admin");
    beside.get("/v1/rulebooks", &token).expect(200);
    let newer = include_str!("../../../sync-core/rulebooks/national.toml")
        .replacen("version = 1\n", "version = 2\n", 1)
        .replacen(
            "effective_from = \"2020-01-01\"",
            "effective_from = \"2025-05-01\"",
            1,
        );
    w.publishes_rulebook(&newer);
    let listed = beside.get("/v1/rulebooks", &token).expect(200);
    assert!(
        listed.body.to_string().contains("2025-05-01"),
        "{}",
        listed.body
    );
    w.server.call(
        "DELETE",
        "/v1/tokens",
        Some(&token),
        serde_json::Value::Null,
    );
    w.server.get("/v1/users", &token).expect(401);
    beside.get("/v1/users", &token).expect(401);
}

#[test]
fn of_sixteen_teams_on_two_servers_that_ask_for_one_door_at_once_one_gets_it() {
    let w = World::shanxi();
    let beside = w.server.start_beside();
    let crowd = Crowd::of_one_body(&w, Through::Beside(&beside));
    crowd.races_for_a_lease(&w);
}
