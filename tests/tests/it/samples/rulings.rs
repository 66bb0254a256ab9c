//! `POST /v1/samples/{id}/rulings`: a person decides, and says what becomes of the goods and of the quota.

use fieldseal_tests::World;
use fieldseal_tests::catalogue::DataFile;
use serde_json::{Value, json};

#[test]
fn a_person_rules_a_taken_sample_out_and_says_what_becomes_of_it_and_of_the_quota() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    w.receives("钱", sample).expect(201);
    let task = || w.get(&format!("/v1/tasks/{}", w.id("task", "T1")));
    assert_eq!(task()["counting_batches"], 1);
    let path = format!("/v1/samples/{sample}/rulings");
    let decision = json!({
        "validity": "duplicate", "reason": "企业出示上级抽样单", "disposal": "paid_for", "make_up": true,
    });
    w.minutes(1);
    let ruled = w.call("POST", "晋城", &path, decision.clone()).expect(201);
    assert_eq!(ruled.body["outcome"], "duplicate");
    assert_eq!(ruled.body["actor"], json!(w.id("user", "晋城")));
    assert_eq!(task()["counting_batches"], 0);
    assert_eq!(task()["make_up_batches"], 1);
    assert_eq!(task()["open_batches"], 10);
    let told = w.dossier(visit)["decisions"].clone();
    assert_eq!(told[0]["disposal"], "paid_for");
    assert_eq!(told[0]["make_up"], true);
    w.call("POST", "晋城", &path, decision).expect(201);
    let decisions = w.dossier(visit)["decisions"].clone();
    assert_eq!(decisions.as_array().unwrap().len(), 1, "again is nothing");
    w.starts_testing("钱", sample)
        .expect_problem(409, "sample_refused");
    // Put right later: the sample counts again, and no make-up sample is owed.
    w.minutes(1);
    let back = json!({ "validity": "valid", "reason": "上级抽样单系另一型号" });
    w.call("POST", "晋城", &path, back).expect(201);
    assert_eq!(task()["counting_batches"], 1);
    assert_eq!(task()["make_up_batches"], 0);
    w.starts_testing("钱", sample).expect(201);
    let versions = w.dossier(visit)["rulings"].clone();
    let of_sample = versions.as_array().unwrap().iter();
    let of_sample: Vec<_> = of_sample
        .filter(|it| it["subject"] == json!(format!("sample/{sample}")))
        .map(|it| it["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(of_sample, ["valid", "duplicate", "valid"]);
}

#[test]
fn of_two_decisions_in_one_millisecond_the_later_one_stands_everywhere() {
    for (first, second, outcome) in [
        ("duplicate", "valid", "valid"),
        ("valid", "duplicate", "duplicate"),
    ] {
        let w = World::shanxi();
        let mut a = w.phone("王");
        let visit = a.enters("铸造");
        let sample = a.draws("T1");
        a.syncs();
        let path = format!("/v1/samples/{sample}/rulings");
        let decides = |who: &str, validity: &str| {
            let body = json!({ "validity": validity, "reason": "核实", "make_up": validity == "duplicate" });
            w.call("POST", who, &path, body).expect(201)
        };
        // Whoever of the two is the greater by id.
        for (one, other) in [("晋城", "山西"), ("山西", "晋城")] {
            decides(one, first);
            let stands = decides(other, second);
            assert_eq!(stands.body["outcome"], outcome);
            assert_eq!(stands.body["actor"], json!(w.id("user", other)));
            assert_eq!(w.validity(sample), outcome);
        }
        let task = w.get(&format!("/v1/tasks/{}", w.id("task", "T1")));
        assert_eq!(task["make_up_batches"], i32::from(outcome == "duplicate"));
        assert_eq!(w.dossier(visit)["decisions"].as_array().unwrap().len(), 4);
    }
}

#[test]
fn what_is_no_decision_is_refused() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    let path = format!("/v1/samples/{sample}/rulings");
    for body in [
        json!({ "validity": "pending", "reason": "x" }),
        json!({ "validity": "void", "reason": "  " }),
        json!({ "validity": "valid", "reason": "x", "make_up": true }),
        json!({ "validity": "perhaps", "reason": "x" }),
        json!({ "validity": "void", "reason": "x", "disposal": "eaten" }),
    ] {
        let answer = w.call("POST", "晋城", &path, body);
        assert_eq!(answer.status, 422, "{}", answer.body);
    }
    for who in ["王", "钱"] {
        let body = json!({ "validity": "void", "reason": "x" });
        w.call("POST", who, &path, body)
            .expect_problem(403, "role_forbidden");
    }
}

#[test]
fn whoever_only_looks_on_does_not_rule_and_those_above_do() {
    let w = World::shanxi();
    let more = json!({
        "organisations": [{ "key": "泽州县局", "kind": "authority", "name": "泽州示例县市场监督管理局",
            "region": "140525", "parent": "晋城市局" }],
        "people": [{ "key": "泽州", "username": "zezhou", "name": "县局", "organisation": "泽州县局",
            "roles": ["authority"] }],
    });
    w.load(&serde_json::from_value::<DataFile>(more).unwrap());
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    w.call("GET", "泽州", &format!("/v1/visits/{visit}"), Value::Null)
        .expect(200);
    let path = format!("/v1/samples/{sample}/rulings");
    let body = json!({ "validity": "void", "reason": "县局认为" });
    w.call("POST", "泽州", &path, body.clone())
        .expect_problem(403, "scope_forbidden");
    assert_eq!(w.validity(sample), "valid");
    w.call("POST", "山西", &path, body).expect(201);
    assert_eq!(w.validity(sample), "void");
}

#[test]
fn a_sampling_made_elsewhere_is_seen_among_samples_and_ruled_on_by_a_person() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("服饰");
    let here = a.draws("T3");
    a.syncs();
    // The standard, the brand and the model are missing: nobody can tell whether it is the same product.
    let file = "source,confidence,authority,sheet_no,sampled_on,sampling_kind,region,product_name,producer_uscc\n\
        e-CQS,reported,晋城示例市市场监督管理局,E-1,2025-02-01,routine,140581,学生服,911405810000B3G78L\n";
    assert_eq!(w.imports("prior-samplings", file)["created"], 1);
    let prior = w.get("/v1/prior-samplings")["items"][0].clone();
    assert_eq!(prior["validity"], "needs_ruling");
    assert_eq!(w.validity(here), "needs_ruling", "it depends on the other");
    let id = prior["prior_sampling_id"].as_str().unwrap();
    let listed = w.get("/v1/samples");
    let listed = listed["items"].as_array().unwrap().iter();
    let listed: Vec<_> = listed.filter(|it| it["sample_id"] == json!(id)).collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["product_name"], "学生服");
    assert_eq!(listed[0]["source"], "e-CQS");
    assert!(listed[0]["findings"][0]["zh"].is_string(), "{}", listed[0]);
    w.minutes(1);
    let path = format!("/v1/samples/{id}/rulings");
    let body = json!({ "validity": "void", "reason": "查无此抽样单" });
    let ruled = w.call("POST", "晋城", &path, body).expect(201);
    let ruling = w.get(&format!("/v1/rulings/{}", ruled.text("ruling_id")));
    assert_eq!(ruling["outcome"], "void");
    assert_eq!(w.validity(here), "valid", "nothing stands against it now");
}

#[test]
fn what_was_ruled_on_meanwhile_is_not_decided_on_by_who_has_not_seen_it() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    let refusal = a.is_refused(&w, "T1");
    a.syncs();
    let rulings = w.rulings(visit);
    let subjects = rulings.iter().map(|it| it["subject"].as_str().unwrap());
    let entry = subjects.filter_map(|it| it.strip_prefix("entry/")).next();
    let entry = entry.unwrap().replace('/', "%2F");
    for (path, outcome, [first, second]) in [
        (
            format!("/v1/entries/{entry}/rulings"),
            "standing",
            ["uncounted", "first"],
        ),
        (
            format!("/v1/samples/{sample}/rulings"),
            "validity",
            ["duplicate", "valid"],
        ),
        (
            format!("/v1/refusals/{refusal}/rulings"),
            "refusal",
            ["confirmed", "not_established"],
        ),
    ] {
        let decision = |word: &str, version: Value| json!({ outcome: word, "reason": "核实后裁定", "version": version });
        let decides = |who: &str, word: &str, version: Value| {
            w.call("POST", who, &path, decision(word, version))
        };
        let ruled = decides("晋城", first, Value::Null).expect(201);
        let version = ruled.body["version"].as_i64().unwrap();
        let before = w.dossier(visit);
        let late = decides("山西", second, json!(version - 1));
        let told = late.body["errors"][0]["detail"].clone();
        assert_eq!(told, json!(version.to_string()));
        late.expect_problem(409, "ruling_outdated");
        assert_eq!(
            w.dossier(visit)["decisions"],
            before["decisions"],
            "nothing is decided"
        );
        // Whoever sends theirs again is told what they were told, whatever was current then.
        let again = decides("晋城", first, json!(version - 1)).expect(201);
        assert_eq!(again.body["version"], json!(version));
        decides("山西", second, json!(version)).expect(201);
        decides("山西", second, json!("new")).expect_problem(422, "body_invalid");
    }
}
