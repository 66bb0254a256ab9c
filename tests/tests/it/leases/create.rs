//! `POST /v1/leases`.

use fieldseal_tests::{Phone, TestDevice, World};
use serde_json::{Value, json};
use sync_core::limits::{LEASE_GRACE_MS, LEASE_MS_MAX, LEASES_PER_DEVICE_MAX};

/// Somebody of the body with these roles asks from a phone of their own.
fn asks_as(w: &World, roles: &[&str], number: u8, body: Value) -> fieldseal_tests::Answer {
    let admin = w.token("admin");
    let name = format!("asker-{number}");
    let user = w
        .server
        .user(&admin, &w.id("organisation", "晋阳"), &name, roles);
    let team = json!({ "members": [w.id("user", "李"), w.id("user", "孙"), user] });
    let path = format!("/v1/teams/{}", w.id("team", "乙组"));
    w.call("PATCH", "admin", &path, team).expect(200);
    let device = TestDevice::enrolled(&w.server, &admin, &user, number);
    w.server
        .call("POST", "/v1/leases", Some(&device.access), body)
}

fn door(w: &World, team: &str, enterprise: &str) -> Value {
    json!({
        "team_id": w.id("team", team), "enterprise_id": w.id("enterprise", enterprise), "duration_s": 3_600,
    })
}

fn code(result: Result<mobile_ffi::LeaseInfo, mobile_ffi::ClientError>) -> String {
    result.expect_err("no lease").code
}

#[test]
fn who_holds_a_door_is_named_to_those_who_see_the_team_and_to_nobody_else() {
    let w = World::shanxi();
    let wang = w.phone("王");
    let held = wang.leases("铸造", 1).unwrap();
    let answer = asks_as(&w, &["sampler"], 50, door(&w, "乙组", "铸造"));
    let answer = answer.expect_problem(409, "lease_held");
    let team = w.id("team", "甲组");
    assert!(answer.raw.contains("expires_at"), "{}", answer.raw);
    assert!(!answer.raw.contains(&team), "{}", answer.raw);
    assert!(!answer.raw.contains("甲组"), "{}", answer.raw);
    assert!(!answer.raw.contains(&held.lease_id.to_string()));
    let roles = ["sampler", "inspection_body"];
    let answer = asks_as(&w, &roles, 51, door(&w, "乙组", "铸造"));
    let answer = answer.expect_problem(409, "lease_held");
    assert!(answer.raw.contains(&team), "{}", answer.raw);
    assert!(answer.raw.contains("甲组"), "{}", answer.raw);
}

#[test]
fn a_door_is_asked_for_by_a_member_of_the_team_at_an_enterprise_that_they_see() {
    let w = World::shanxi();
    let foreign = asks_as(&w, &["sampler"], 50, door(&w, "甲组", "铸造"));
    foreign.expect_problem(422, "value_invalid");
    let mut unknown = door(&w, "乙组", "铸造");
    unknown["enterprise_id"] = json!("01900000-0000-7000-8000-000000000000");
    asks_as(&w, &["sampler"], 51, unknown).expect_problem(422, "value_invalid");
    let mut odd = door(&w, "乙组", "铸造");
    odd["until"] = json!("2999-01-01T00:00:00Z");
    asks_as(&w, &["sampler"], 52, odd).expect_problem(422, "body_invalid");
    let without_device = w.call("POST", "李", "/v1/leases", door(&w, "乙组", "铸造"));
    without_device.expect_problem(403, "device_needed");
    let list = w.get("/v1/leases");
    assert_eq!(list["items"], json!([]));
}

#[test]
fn a_lease_lasts_as_long_as_allowed_and_no_longer() {
    let w = World::shanxi();
    for (number, (duration_s, status)) in [
        (0, 422),
        (-1, 422),
        (i64::MAX, 422),
        (LEASE_MS_MAX / 1_000 + 1, 422),
        (LEASE_MS_MAX / 1_000, 201),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = door(&w, "乙组", "铸造");
        body["duration_s"] = json!(duration_s);
        let answer = asks_as(&w, &["sampler"], 50 + number as u8, body).expect(status);
        if status == 201 {
            let (from, until) = (&answer.body["granted_at_ms"], &answer.body["expires_at_ms"]);
            assert_eq!(
                until.as_i64().unwrap() - from.as_i64().unwrap(),
                LEASE_MS_MAX
            );
        }
    }
}

#[test]
fn an_ended_lease_keeps_its_door_for_the_grace_and_no_longer() {
    let w = World::shanxi();
    let (wang, li) = (w.phone("王"), w.phone("李"));
    let held = wang.leases("铸造", 1).unwrap();
    for (at, free) in [
        (held.expires_at_ms, false),
        (held.expires_at_ms + 1, false),
        (held.expires_at_ms + LEASE_GRACE_MS - 1, false),
        (held.expires_at_ms + LEASE_GRACE_MS, true),
    ] {
        w.server.clock.set(at);
        match free {
            false => assert_eq!(code(li.leases("铸造", 1)), "lease_held"),
            true => assert!(li.leases("铸造", 1).unwrap().granted_at_ms == at),
        }
    }
    let items = w.get("/v1/leases");
    let items = items["items"].as_array().unwrap();
    assert_eq!(items[0]["ending"], "lapsed", "{}", items[0]);
    assert_eq!(items[1]["ending"], Value::Null, "{}", items[1]);
}

#[test]
fn the_team_that_held_it_takes_it_again_within_the_grace() {
    let w = World::shanxi();
    let wang = w.phone("王");
    let held = wang.leases("铸造", 1).unwrap();
    assert_eq!(wang.leases("铸造", 2).unwrap(), held, "the same lease");
    w.server.clock.set(held.expires_at_ms + 1);
    let again = wang.leases("铸造", 1).unwrap();
    assert_ne!(again.lease_id, held.lease_id);
    assert_eq!(again.granted_at_ms, held.expires_at_ms + 1);
}

#[test]
fn a_device_holds_as_many_leases_as_allowed_and_one_more_is_refused() {
    let w = World::shanxi();
    let wang = w.phone("王");
    let most = usize::try_from(LEASES_PER_DEVICE_MAX).unwrap();
    let made: Vec<String> = (0..=most)
        .map(|number| {
            let new = json!({ "name": format!("示例门店{number}"), "region": "140502" });
            let made = w.call("POST", "admin", "/v1/enterprises", new);
            made.expect(201).text("enterprise_id")
        })
        .collect();
    let task = json!({
        "campaign_id": w.id("campaign", "JC-2025-01"), "code": "T99", "product_name": "门店商品",
        "sampling_kind": "routine", "plan_no": "JC-2025-01", "quota_batches": 30, "enterprises": made,
    });
    let task = w.call("POST", "admin", "/v1/tasks", task).expect(201);
    let path = format!("/v1/tasks/{}", task.text("task_id"));
    w.call("POST", "admin", &format!("{path}/approval"), Value::Null)
        .expect(200);
    let assigned = json!({
        "body_id": w.id("organisation", "晋阳"), "team_id": w.id("team", "甲组"), "reason": "派",
    });
    w.call("POST", "admin", &format!("{path}/assignment"), assigned)
        .expect(200);
    let team = w.id("team", "甲组").parse().unwrap();
    let take = |number: usize| {
        let enterprise = made[number].parse().unwrap();
        wang.client.take_lease(team, enterprise, 3_600)
    };
    let leases: Vec<_> = (0..most).map(|number| take(number).unwrap()).collect();
    assert_eq!(code(take(most)), "leases_exceeded");
    // What it holds it is still given, and one given back makes room for another.
    assert_eq!(take(0).unwrap(), leases[0]);
    wang.client.release_lease(leases[0].lease_id).unwrap();
    take(most).unwrap();
    assert_eq!(code(take(0)), "leases_exceeded");
}

#[test]
fn of_many_phones_that_ask_at_once_one_team_gets_the_door() {
    let w = World::shanxi();
    let phones: Vec<Phone> = ["王", "赵", "李", "孙"].map(|who| w.phone(who)).into();
    let asked: Vec<Result<mobile_ffi::LeaseInfo, mobile_ffi::ClientError>> =
        std::thread::scope(|scope| {
            let asking: Vec<_> = phones
                .iter()
                .flat_map(|phone| [phone; 4])
                .map(|phone| scope.spawn(move || phone.leases("铸造", 72)))
                .collect();
            asking.into_iter().map(|it| it.join().unwrap()).collect()
        });
    let given: Vec<_> = asked.iter().filter_map(|it| it.as_ref().ok()).collect();
    assert_eq!(given.len(), 8, "both phones of one team: {asked:?}");
    assert!(given.iter().all(|lease| *lease == given[0]), "{given:?}");
    let refused = asked.iter().filter_map(|it| it.as_ref().err());
    assert!(refused.clone().all(|error| error.code == "lease_held"));
    assert_eq!(w.get("/v1/leases")["items"].as_array().unwrap().len(), 1);
}
