//! `PATCH /v1/users/{id}`.

use fieldseal_tests::server::{Answer, PASSWORD};
use fieldseal_tests::{TestDevice, TestServer};
use serde_json::{Value, json};

fn changes(server: &TestServer, by: &str, user: &str, change: Value) -> Answer {
    server.call("PATCH", &format!("/v1/users/{user}"), Some(by), change)
}

/// Where the administrator is, as whom the harness begins.
fn own(server: &TestServer, admin: &str) -> String {
    let seen = server.get("/v1/organisations", admin).body;
    let own = seen["items"][0]["organisation_id"].as_str();
    own.unwrap().to_owned()
}

fn makes(
    server: &TestServer,
    by: &str,
    of: (&str, &str),
    roles: &[&str],
    regions: &[&str],
) -> String {
    let (organisation, username) = of;
    let new = json!({
        "organisation_id": organisation, "username": username, "display_name": username,
        "roles": roles, "regions": regions, "password": PASSWORD,
    });
    server
        .post("/v1/users", by, new)
        .expect(201)
        .text("user_id")
}

#[test]
fn a_disabled_person_can_do_nothing_until_enabled_again() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let user = server.user(&admin, &body, "li", &["sampler"]);
    let device = TestDevice::enrolled(&server, &admin, &user, 1);
    let path = format!("/v1/users/{user}");
    server
        .call("PATCH", &path, Some(&admin), json!({ "active": false }))
        .expect(200);
    server
        .get("/v1/organisations", &device.access)
        .expect_problem(403, "user_disabled");
    device
        .refresh_with(&server, &device.refresh)
        .expect_problem(401, "session_ended");
    server
        .call("PATCH", &path, Some(&admin), json!({ "active": true }))
        .expect(200);
    server
        .get("/v1/organisations", &device.access)
        .expect_problem(401, "session_ended");
    server.log_in("li");
}

#[test]
fn a_new_password_ends_what_the_old_one_began() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let body = server.organisation(&admin, "inspection_body", "140100");
    let user = server.user(&admin, &body, "li", &["sampler"]);
    let token = server.log_in("li");
    let change = json!({ "password": "another long password" });
    server
        .call("PATCH", &format!("/v1/users/{user}"), Some(&admin), change)
        .expect(200);
    server
        .get("/v1/organisations", &token)
        .expect_problem(401, "session_ended");
    let old = json!({ "grant": "password", "username": "li", "password": fieldseal_tests::server::PASSWORD });
    server
        .call("POST", "/v1/tokens", None, old)
        .expect_problem(401, "credentials_wrong");
}

#[test]
fn roles_hold_from_the_next_request_on_by_the_token_that_somebody_has() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let house = own(&server, &admin);
    let user = makes(&server, &admin, (&house, "li"), &["authority"], &[]);
    let token = server.log_in("li");
    let new = json!({ "kind": "station", "name": "站", "region": "140500" });
    server
        .post("/v1/organisations", &token, new.clone())
        .expect_problem(403, "role_forbidden");
    let change = json!({ "roles": ["authority", "admin"], "regions": ["140500", "140800"] });
    let done = changes(&server, &admin, &user, change.clone()).expect(200);
    assert_eq!(done.body["roles"], json!(["authority", "admin"]));
    assert_eq!(done.body["regions"], json!(["140500", "140800"]));
    server
        .post("/v1/organisations", &token, new.clone())
        .expect(201);
    // The same again is no change, in whatever order.
    let trail = || {
        let lines = server.get(&format!("/v1/audit-events?subject=user:{user}"), &admin);
        lines.body["items"].as_array().unwrap().clone()
    };
    let told = trail();
    let again = json!({ "roles": ["admin", "authority"], "regions": ["140800", "140500"] });
    changes(&server, &admin, &user, again).expect(200);
    assert_eq!(trail(), told);
    let line = |act: &str| told.iter().find(|it| it["act"] == act).unwrap()["detail"].clone();
    let roles = json!({ "before": ["authority"], "after": ["authority", "admin"] });
    assert_eq!(line("user.roles"), roles);
    let regions = json!({ "before": ["140000"], "after": ["140500", "140800"] });
    assert_eq!(line("user.regions"), regions);

    changes(&server, &admin, &user, json!({ "roles": ["leader"] })).expect(200);
    server
        .post("/v1/organisations", &token, new)
        .expect_problem(403, "role_forbidden");
}

#[test]
fn what_nobody_is_made_with_nobody_is_given_later() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let house = own(&server, &admin);
    let body = server.organisation(&admin, "inspection_body", "140100");
    let sampler = server.user(&admin, &body, "li", &["sampler"]);
    let officer = makes(
        &server,
        &admin,
        (&house, "han"),
        &["enforcement"],
        &["140500"],
    );
    for (user, change, field) in [
        (&sampler, json!({ "roles": [] }), "roles"),
        (&sampler, json!({ "roles": ["admin"] }), "roles"),
        (&sampler, json!({ "regions": ["140100"] }), "regions"),
        (&officer, json!({ "roles": ["station"] }), "roles"),
        (&officer, json!({ "regions": [] }), "regions"),
        (&officer, json!({ "regions": ["370800"] }), "regions"),
        (&officer, json!({ "regions": ["1405"] }), "regions"),
        (
            &officer,
            json!({ "roles": ["county"], "certificate_no": "晋执 1" }),
            "certificate_no",
        ),
    ] {
        let told = changes(&server, &admin, user, change.clone());
        let told = told.expect_problem(422, "value_invalid");
        assert_eq!(told.body["errors"][0]["field"], field, "{change}");
    }
    let manager = json!({ "roles": ["sampler", "inspection_body"], "regions": [] });
    changes(&server, &admin, &sampler, manager).expect(200);
    // Whose number it was goes with what it was for, and the trail says so.
    changes(
        &server,
        &admin,
        &officer,
        json!({ "certificate_no": "晋执 1" }),
    )
    .expect(200);
    let done = changes(&server, &admin, &officer, json!({ "roles": ["county"] })).expect(200);
    assert_eq!(done.body.get("certificate_no"), None);
    let path = format!("/v1/audit-events?subject=user:{officer}&act=user.certificate_no");
    let lines = server.get(&path, &admin).body;
    let gone = json!({ "before": "晋执 1", "certificate_no": null });
    assert_eq!(lines["items"][0]["detail"], gone);
}

#[test]
fn nobody_gives_or_takes_a_region_beyond_their_own() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let house = own(&server, &admin);
    makes(&server, &admin, (&house, "narrow"), &["admin"], &["140500"]);
    let wide = makes(
        &server,
        &admin,
        (&house, "wide"),
        &["enforcement"],
        &["140500", "140800"],
    );
    let inside = makes(
        &server,
        &admin,
        (&house, "inside"),
        &["enforcement"],
        &["140502"],
    );
    let narrow = server.log_in("narrow");
    for (user, change) in [
        (&wide, json!({ "regions": ["140500"] })),
        (&wide, json!({ "roles": ["county"] })),
        (&inside, json!({ "regions": ["140502", "140800"] })),
        (&inside, json!({ "regions": ["140000"] })),
    ] {
        changes(&server, &narrow, user, change).expect_problem(403, "scope_forbidden");
    }
    let change = json!({ "regions": ["140502", "140525"], "roles": ["enforcement", "county"] });
    changes(&server, &narrow, &inside, change).expect(200);
}

#[test]
fn the_last_administrator_stays_and_nobody_locks_themselves_out() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let house = own(&server, &admin);
    let first = server.get("/v1/users", &admin).body["items"][0].clone();
    let first = first["user_id"].as_str().unwrap().to_owned();
    let other = makes(&server, &admin, (&house, "other"), &["admin"], &[]);
    let others = server.log_in("other");
    let out = [
        json!({ "roles": ["authority"] }),
        json!({ "active": false }),
    ];
    for (change, field) in out.iter().zip(["roles", "active"]) {
        let told = changes(&server, &admin, &first, change.clone());
        let told = told.expect_problem(409, "administrator_needed");
        assert_eq!(told.body["errors"][0]["field"], field);
    }
    // Of two who would take each other's role at once one does.
    let taken = std::thread::scope(|scope| {
        let asks = [(&admin, &other), (&others, &first)].map(|(by, whom)| {
            let change = json!({ "roles": ["authority"] });
            let server = &server;
            scope.spawn(move || changes(server, by, whom, change).status)
        });
        asks.map(|it| it.join().unwrap())
    });
    let done = taken.iter().filter(|status| **status == 200).count();
    assert_eq!(done, 1, "{taken:?}");
    let refused = taken.iter().find(|status| **status != 200).unwrap();
    assert!([403, 409].contains(refused), "{taken:?}");
    let (left, mine) = match taken[0] {
        200 => (&first, &admin),
        _ => (&other, &others),
    };
    for change in out {
        changes(&server, mine, left, change).expect_problem(409, "administrator_needed");
    }
    // A disabled one is nobody who administers.
    let third = makes(&server, mine, (&house, "third"), &["admin"], &[]);
    changes(&server, mine, &third, json!({ "active": false })).expect(200);
    changes(&server, mine, &third, json!({ "roles": ["county"] })).expect(200);
}
