//! `POST /v1/sampling-notices`.

use fieldseal_tests::World;
use serde_json::{Value, json};
use sync_core::model::DocumentId;

fn notice(w: &World, enterprise: &str) -> Value {
    json!({
        "notice_no": "晋市监抽〔2025〕12号", "campaign_id": w.id("campaign", "JC-2025-01"),
        "body_id": w.id("organisation", "晋阳"), "enterprise_id": w.id("enterprise", enterprise),
        "tasks": [w.id("task", "T1"), w.id("task", "T2")],
        "samplers": [w.id("user", "王"), w.id("user", "赵")],
        "valid_from": "2025-03-01", "valid_until": "2025-03-31",
    })
}

#[test]
fn a_notice_is_issued_once_under_its_number_and_the_phones_of_the_body_hold_it() {
    let w = World::shanxi();
    let issues = |notice: &Value| w.call("POST", "晋城", "/v1/sampling-notices", notice.clone());
    let made = issues(&notice(&w, "铸造")).expect(201);
    assert_eq!(made.body["enterprise"], "uscc:911405250000B1E536");
    let again = issues(&notice(&w, "铸造")).expect(200);
    assert_eq!(again.body, made.body);
    let mut typed = notice(&w, "五金店");
    typed["notice_no"] = json!("晋市监抽[2025] 12号");
    issues(&typed).expect_problem(409, "conflict");
    let cases = [
        ("notice_no", json!(" ")),
        ("tasks", json!([])),
        ("tasks", json!([w.id("team", "甲组")])),
        ("samplers", json!([w.id("user", "刘")])),
        ("valid_until", json!("2025-02-28")),
        ("valid_from", json!("soon")),
        ("body_id", json!(w.id("organisation", "晋城市局"))),
    ];
    for (field, value) in cases {
        let mut wrong = notice(&w, "五金店");
        wrong["notice_no"] = json!("另一号");
        wrong[field] = value;
        let answer = issues(&wrong).expect_problem(422, "value_invalid");
        assert!(!answer.told(field).is_empty());
    }
    let items = |who: &str| {
        let list = w.call("GET", who, "/v1/sampling-notices", Value::Null);
        list.expect(200).body["items"].as_array().unwrap().len()
    };
    assert_eq!((items("晋城"), items("王"), items("刘")), (1, 1, 0));
    let held = w.phone("王").client.references("sampling_notice").unwrap();
    assert_eq!(held[0].id, made.text("notice_id"));
    let elsewhere = w.phone("刘").client.references("sampling_notice");
    assert_eq!(elsewhere.unwrap().len(), 0);
}

/// What NOTICE says of a visit, on the server.
fn said(w: &World, visit: DocumentId) -> Vec<String> {
    let rulings = w.rulings(visit).into_iter();
    let findings = rulings.flat_map(|it| it["findings"].as_array().unwrap().clone());
    let keys = findings.map(|it| it["message"].as_str().unwrap().to_owned());
    keys.filter(|it| it.starts_with("NOTICE")).collect()
}

#[test]
fn a_notice_of_another_enterprise_is_a_finding_on_the_phone_and_on_the_server_whenever_it_was_issued()
 {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.goes_to("铸造");
    let mut arrival = phone.arrival();
    arrival.notice_no = Some("晋市监抽（2025）12号".to_owned());
    phone.arrives_as(arrival);
    phone.syncs();
    assert_eq!(said(&w, visit), [""; 0], "nobody knows of such a notice");
    let issued = notice(&w, "五金店");
    w.call("POST", "晋城", "/v1/sampling-notices", issued)
        .expect(201);
    assert_eq!(said(&w, visit), ["NOTICE.other_enterprise"]);
    phone.syncs();
    let preview = phone.client.preview(visit).unwrap();
    let mut found = preview.findings.iter();
    assert!(found.any(|it| it.finding.message == "NOTICE.other_enterprise"));
    let page = phone
        .client
        .form(visit, "notice", "晋市监抽〔2025〕12号", false);
    let page = page.unwrap();
    assert!(page.contains("签发给另一单位"));
    assert!(page.contains("2025年3月1日 至 2025年3月31日"));
    assert!(page.contains("检查井盖") && page.contains("电动车头盔"));
    let path = format!("/v1/visits/{visit}/forms/notice/12");
    let unknown = w.call("GET", "王", &path, Value::Null);
    unknown.expect_problem(404, "form_subject_unknown");
}

#[test]
fn a_notice_in_order_is_no_finding() {
    let w = World::shanxi();
    let issued = notice(&w, "铸造");
    w.call("POST", "晋城", "/v1/sampling-notices", issued)
        .expect(201);
    let mut phone = w.phone("王");
    let visit = phone.goes_to("铸造");
    let mut arrival = phone.arrival();
    arrival.notice_no = Some("晋市监抽〔2025〕12号".to_owned());
    phone.arrives_as(arrival);
    phone.syncs();
    assert_eq!(said(&w, visit), [""; 0]);
}
