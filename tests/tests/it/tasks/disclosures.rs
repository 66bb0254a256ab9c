//! `POST` and `GET /v1/tasks/{id}/disclosures`, and what NOTICE makes of them.

use fieldseal_tests::World;
use fieldseal_tests::world::word;
use serde_json::{Value, json};
use sync_core::limits::TASK_DISCLOSURES_RULED_MAX;
use sync_core::model::{DocumentId, SampleId};

/// What NOTICE says of a sample.
fn said(w: &World, visit: DocumentId, sample: SampleId) -> Vec<String> {
    let subject = format!("sample/{sample}");
    let rulings = w.rulings(visit).into_iter();
    let of_sample = rulings.filter(|it| word(&it["subject"]) == subject);
    let findings = of_sample.flat_map(|it| it["findings"].as_array().unwrap().clone());
    let keys = findings.map(|it| word(&it["message"]));
    keys.filter(|it| it.starts_with("NOTICE")).collect()
}

fn told(w: &World, enterprise: &str, at: &str) -> Value {
    json!({ "enterprise_id": w.id("enterprise", enterprise), "told_at": at, "detail": "门卫登记显示有人来电" })
}

#[test]
fn an_export_before_the_team_walked_in_is_told_and_one_after_it_is_not() {
    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    w.call("GET", "晋城", "/v1/tasks.csv", Value::Null)
        .expect(200);
    w.minutes(60);
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    let sample = wang.draws("T1");
    wang.syncs();
    assert_eq!(said(&w, visit, sample), ["NOTICE.given_out"]);
    assert_eq!(w.validity(sample), "valid", "whom it reached nobody knows");

    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    let sample = wang.draws("T1");
    wang.syncs();
    w.minutes(60);
    w.call("GET", "晋城", "/v1/tasks.csv", Value::Null)
        .expect(200);
    let task = w.id("task", "T1");
    let before = w.rulings(visit);
    w.call(
        "POST",
        "晋城",
        &format!("/v1/tasks/{task}/disclosures"),
        told(&w, "铸造", "2025-03-02T03:30:00Z"),
    )
    .expect(422);
    w.minutes(300);
    let after = told(&w, "铸造", "2025-03-02T03:30:00Z");
    w.call(
        "POST",
        "晋城",
        &format!("/v1/tasks/{task}/disclosures"),
        after,
    )
    .expect(201);
    assert_eq!(said(&w, visit, sample), [""; 0]);
    assert_eq!(
        w.rulings(visit),
        before,
        "what was given out later is nothing to it"
    );
}

#[test]
fn an_enterprise_that_was_told_before_the_team_came_makes_its_samples_need_a_ruling_there_alone() {
    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    let sample = wang.draws("T1");
    wang.syncs();
    assert_eq!(w.validity(sample), "valid");
    let path = format!("/v1/tasks/{}/disclosures", w.id("task", "T1"));
    let reports = |who: &str, body: Value| w.call("POST", who, &path, body);
    let elsewhere = told(&w, "五金店", "2025-03-01T00:00:00Z");
    reports("晋城", elsewhere).expect(201);
    assert_eq!(w.validity(sample), "valid", "somebody else was told");
    let here = told(&w, "铸造", "2025-03-01T00:00:00Z");
    reports("王", here.clone()).expect_problem(403, "role_forbidden");
    let made = reports("晋城", here.clone()).expect(201);
    assert_eq!(reports("晋城", here.clone()).expect(200).body, made.body);
    assert_eq!(w.validity(sample), "needs_ruling");
    assert_eq!(said(&w, visit, sample), ["NOTICE.told_before"]);
    wang.syncs();
    let held = format!("{:?}", wang.client.rulings(visit).unwrap());
    assert!(held.contains("NOTICE"), "the team hears of it: {held}");
    let mut otherwise = here.clone();
    otherwise["detail"] = json!("另有举报");
    reports("晋城", otherwise).expect_problem(409, "conflict");
    for (field, wrong) in [
        ("told_at", json!("yesterday")),
        ("told_at", json!("2999-01-01T00:00:00Z")),
        ("detail", json!(" ")),
        (
            "enterprise_id",
            json!("00000000-0000-7000-8000-000000000000"),
        ),
        ("user_id", json!("00000000-0000-7000-8000-000000000000")),
    ] {
        let mut body = here.clone();
        body[field] = wrong;
        let answer = reports("晋城", body).expect_problem(422, "value_invalid");
        assert!(!answer.told(field).is_empty(), "{field}");
    }
}

#[test]
fn rules_look_at_as_many_disclosures_as_allowed_the_earliest_first() {
    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    let path = format!("/v1/tasks/{}/disclosures", w.id("task", "T1"));
    let last = TASK_DISCLOSURES_RULED_MAX;
    for number in 0..=last {
        let at = format!("2025-01-01T00:{:02}:{:02}Z", number / 60, number % 60);
        let whom = if number < last { "五金店" } else { "铸造" };
        w.call("POST", "晋城", &path, told(&w, whom, &at))
            .expect(201);
    }
    let listed = w.call("GET", "晋城", &path, Value::Null).expect(200).body;
    assert_eq!(listed.as_array().unwrap().len(), last as usize);
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    let sample = wang.draws("T1");
    wang.syncs();
    assert_eq!(
        said(&w, visit, sample),
        [""; 0],
        "the one too many is not looked at"
    );
    let earlier = told(&w, "铸造", "2024-12-31T00:00:00Z");
    w.call("POST", "晋城", &path, earlier).expect(201);
    assert_eq!(said(&w, visit, sample), ["NOTICE.told_before"]);
}
