//! `POST /v1/tokens` with a refresh token.

use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::{TestDevice, TestServer};
use serde_json::json;
use sync_core::limits::REFRESH_TOKEN_MS;

fn phone(server: &TestServer) -> TestDevice {
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let user = server.user(&admin, &body, "zhang", &["sampler"]);
    TestDevice::enrolled(server, &admin, &user, 1)
}

#[test]
fn a_refresh_token_of_a_phone_is_worth_nothing_without_its_key() {
    let server = TestServer::start();
    let device = phone(&server);
    let grant = json!({ "grant": "refresh", "refresh_token": device.refresh });
    server
        .call("POST", "/v1/tokens", None, grant)
        .expect_problem(401, "refresh_token_invalid");
    let mut thief = TestDevice::new(5);
    thief.id = device.id.clone();
    thief
        .refresh_with(&server, &device.refresh)
        .expect_problem(403, "signature_invalid");
    device.refresh_with(&server, &device.refresh).expect(201);
}

#[test]
fn a_lost_answer_can_be_asked_for_again_but_an_older_token_revokes_the_device() {
    let server = TestServer::start();
    let device = phone(&server);
    let first = device.refresh.clone();
    let lost = device.refresh_with(&server, &first).expect(201);
    let second = device.refresh_with(&server, &first).expect(201);
    let again = device.refresh_with(&server, &first).expect(201);
    assert_ne!(again.text("refresh_token"), lost.text("refresh_token"));
    let third = device
        .refresh_with(&server, &second.text("refresh_token"))
        .expect(201);
    device
        .refresh_with(&server, &first)
        .expect_problem(401, "refresh_token_reused");
    let latest = third.text("refresh_token");
    device
        .refresh_with(&server, &latest)
        .expect_problem(403, "device_revoked");
    server
        .get("/v1/organisations", &third.text("access_token"))
        .expect_problem(403, "device_revoked");
    assert_revoked(&server, &device);
}

/// An administrator sees why, and the trail has both.
fn assert_revoked(server: &TestServer, device: &TestDevice) {
    let admin = server.log_in("admin-140000");
    let path = format!("/v1/devices/{}", device.id);
    let shown = server.get(&path, &admin).expect(200);
    assert_eq!(shown.text("revoked_reason"), "refresh_token_reused");
    let acts = server.reads("SELECT act FROM audit_events");
    let acts: Vec<String> = acts.iter().map(|row| row.get("act").unwrap()).collect();
    for act in ["session.ended", "device.revoked"] {
        assert_eq!(acts.iter().filter(|it| *it == act).count(), 1, "{act}");
    }
}

fn is_active(server: &TestServer, device: &TestDevice) -> bool {
    let admin = server.log_in("admin-140000");
    let path = format!("/v1/devices/{}", device.id);
    let shown = server.get(&path, &admin).expect(200);
    shown.body.get("revoked_at").is_none()
}

/// Somebody who has a token and not the key.
fn without_key(server: &TestServer, token: &str) -> fieldseal_tests::Answer {
    let grant = json!({ "grant": "refresh", "refresh_token": token });
    server.call("POST", "/v1/tokens", None, grant)
}

#[test]
fn a_copied_token_is_worth_nothing_before_its_owner_used_it_and_revokes_the_device_afterwards() {
    let server = TestServer::start();
    let device = phone(&server);
    let stolen = device.refresh.clone();
    // The thief first: refused, and the owner goes on.
    without_key(&server, &stolen).expect_problem(401, "refresh_token_invalid");
    let next = device.refresh_with(&server, &stolen).expect(201);
    assert!(is_active(&server, &device));
    // The owner first: what the thief shows is an old one.
    without_key(&server, &stolen).expect_problem(401, "refresh_token_reused");
    device
        .refresh_with(&server, &next.text("refresh_token"))
        .expect_problem(403, "device_revoked");
    assert_revoked(&server, &device);
}

#[test]
fn of_two_phones_with_one_key_and_token_the_second_one_is_found_out() {
    let server = TestServer::start();
    let device = phone(&server);
    let copied = device.refresh.clone();
    let thief = device.refresh_with(&server, &copied).expect(201);
    let owner = device.refresh_with(&server, &copied).expect(201);
    assert!(
        is_active(&server, &device),
        "so far it may be a lost answer"
    );
    device
        .refresh_with(&server, &owner.text("refresh_token"))
        .expect(201);
    device
        .refresh_with(&server, &thief.text("refresh_token"))
        .expect_problem(401, "refresh_token_reused");
    assert_revoked(&server, &device);
}

#[test]
fn a_proof_that_is_late_or_by_another_key_is_told_apart() {
    let server = TestServer::start();
    let device = phone(&server);
    let first = device.refresh.clone();
    let late =
        json!({ "grant": "refresh", "refresh_token": first, "device": device.proof(&server) });
    device.refresh_with(&server, &first).expect(201);
    // The network delivers a request a second time after an hour: nobody is to blame.
    server.clock.advance_ms(3_600_000);
    server
        .call("POST", "/v1/tokens", None, late)
        .expect_problem(403, "challenge_invalid");
    assert!(is_active(&server, &device));
    let mut thief = TestDevice::new(5);
    thief.id = device.id.clone();
    thief
        .refresh_with(&server, &first)
        .expect_problem(401, "refresh_token_reused");
    assert!(!is_active(&server, &device));
}

#[test]
fn two_refreshes_at_once_by_the_phone_itself_log_nobody_out() {
    let server = TestServer::start();
    let device = phone(&server);
    let token = device.refresh.clone();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = || device.refresh_with(&server, &token);
        let asked: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let last = answers.into_iter().map(|answer| answer.expect(201)).last();
    let last = last.unwrap().text("refresh_token");
    device.refresh_with(&server, &last).expect(201);
    assert!(is_active(&server, &device));
}

#[test]
fn a_phone_logs_in_again_after_a_restore_and_is_not_revoked_for_what_the_copy_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = TestServer::start_in(folder.path());
    let device = phone(&server);
    let known = device.refresh.clone();
    let Some(copy) = copied(&mut server) else {
        return;
    };
    let server = server.start_again(None);
    let newer = device.refresh_with(&server, &known).expect(201);
    let newer = newer.text("refresh_token");
    device.refresh_with(&server, &newer).expect(201);
    let mut server = server;
    server.stop();
    let file = folder.path().join("fieldseal.db");
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!("fieldseal.db{end}")));
    }
    std::fs::write(file, copy).unwrap();
    let server = server.start_again(None);
    device
        .refresh_with(&server, &newer)
        .expect_problem(401, "refresh_token_invalid");
    assert!(is_active(&server, &device));
    let grant = json!({
        "grant": "password", "username": "zhang", "password": PASSWORD, "device": device.proof(&server),
    });
    server.call("POST", "/v1/tokens", None, grant).expect(201);
}

/// The stopped server's database as a file; none on PostgreSQL, where what is shown does not depend on the database.
fn copied(server: &mut TestServer) -> Option<Vec<u8>> {
    server.stop();
    match server.database() {
        Some(_) => None,
        None => Some(std::fs::read(server.folder().join("fieldseal.db")).unwrap()),
    }
}

#[test]
fn without_a_device_any_reuse_ends_the_session() {
    let server = TestServer::start();
    server.admin("140000");
    let grant = json!({ "grant": "password", "username": "admin-140000", "password": PASSWORD });
    let first = server
        .call("POST", "/v1/tokens", None, grant)
        .expect(201)
        .text("refresh_token");
    let refresh = |token: &str| {
        let grant = json!({ "grant": "refresh", "refresh_token": token });
        server.call("POST", "/v1/tokens", None, grant)
    };
    let next = refresh(&first).expect(201).text("refresh_token");
    refresh(&first).expect_problem(401, "refresh_token_reused");
    refresh(&next).expect_problem(401, "session_ended");
}

#[test]
fn a_refresh_token_ends_with_its_time() {
    let server = TestServer::start();
    let device = phone(&server);
    server.clock.advance_ms(REFRESH_TOKEN_MS);
    device
        .refresh_with(&server, &device.refresh)
        .expect_problem(401, "refresh_token_invalid");
}
