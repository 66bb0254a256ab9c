//! `POST /v1/samples/{id}/receipt`: what the laboratory may take, what it may not and why, and that nothing of it is lost.

use fieldseal_tests::catalogue::DataFile;
use fieldseal_tests::world::word;
use fieldseal_tests::{Answer, World};
use serde_json::{Value, json};
use sync_core::model::SampleId;

fn intact(seals: &[&str]) -> Value {
    json!({ "seals": seals, "condition": "完好", "accepted": true })
}

fn receipt(w: &World, who: &str, sample: SampleId, body: Value) -> Answer {
    w.call("POST", who, &format!("/v1/samples/{sample}/receipt"), body)
}

fn reports(w: &World, sample: SampleId) -> Vec<Value> {
    w.sample(sample)["custody"].as_array().unwrap().clone()
}

#[test]
fn a_refusal_names_rule_article_and_ruling_and_the_attempt_is_kept() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    a.enters("铸造");
    a.draws("T1");
    w.minutes(30);
    b.enters("铸造");
    let second = b.draws("T5");
    w.sync_all(&[&a, &b]);
    let answer = receipt(&w, "钱", second, intact(&["F-1"])).expect_problem(409, "sample_refused");
    assert_eq!(answer.told("rule_id"), "ENTRY1");
    assert!(answer.told("article").contains("晋市监发"), "{answer:?}");
    let ruling = w.get(&format!("/v1/rulings/{}", answer.told("ruling_id")));
    assert_eq!(ruling["outcome"], "duplicate");
    assert_eq!(ruling["subject"], json!(format!("sample/{second}")));
    let kept = reports(&w, second);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(kept[0]["standing"], false);
    assert_eq!(kept[0]["rule_id"], "ENTRY1");
    assert_eq!(kept[0]["body"]["seals"], json!(["F-1"]));
    receipt(&w, "钱", second, intact(&["F-1"])).expect_problem(409, "sample_refused");
    assert_eq!(reports(&w, second).len(), 1, "the same attempt is one");
}

#[test]
fn a_void_sample_and_one_that_needs_a_ruling_are_refused_and_count_toward_no_quota() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let good = a.draws("T1");
    let export = a
        .unruly()
        .draws_with("T2", json!({ "is_export": true, "lot_no": "出口批" }));
    a.syncs();
    let task = |code: &str| w.get(&format!("/v1/tasks/{}", w.id("task", code)));
    assert_eq!(task("T1")["counting_batches"], 1);
    assert_eq!(task("T1")["open_batches"], 9);
    assert_eq!(w.validity(export), "void", "{:?}", w.rules(visit, export));
    assert_eq!(task("T2")["counting_batches"], 0);
    let refused = receipt(&w, "钱", export, intact(&[])).expect_problem(409, "sample_refused");
    assert_eq!(refused.told("rule_id"), "NOSAMP");
    w.minutes(5);
    w.cancels("T1");
    w.minutes(5);
    let late = a.draws_with("T1", json!({ "lot_no": "另一批" }));
    a.syncs();
    assert_eq!(w.validity(late), "needs_ruling");
    let refused = receipt(&w, "钱", late, intact(&[])).expect_problem(409, "sample_refused");
    assert_eq!(refused.told("rule_id"), "ASSIGN");
    assert_eq!(task("T1")["counting_batches"], 1, "the first one alone");
    receipt(&w, "钱", good, intact(&[])).expect(201);
}

#[test]
fn a_seal_number_used_twice_freezes_both_until_a_person_has_looked() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let seals = json!({ "C-1": "test", "C-2": "spare" });
    let one = a.draws_with("T1", json!({ "seals": seals }));
    let other = a.draws_with("T2", json!({ "seals": { "C-2": "test", "C-3": "spare" } }));
    a.syncs();
    for sample in [one, other] {
        let refused = receipt(&w, "钱", sample, intact(&["C-2"]));
        let refused = refused.expect_problem(409, "sample_refused");
        assert_eq!(refused.told("rule_id"), "SEALNO");
    }
    w.minutes(1);
    let ruled = json!({ "validity": "valid", "reason": "现场核对，系抄录错误" });
    let path = format!("/v1/samples/{one}/rulings");
    w.call("POST", "晋城", &path, ruled).expect(201);
    receipt(&w, "钱", one, intact(&["C-1", "C-2"])).expect(201);
    receipt(&w, "钱", other, intact(&["C-2"])).expect_problem(409, "sample_refused");
    // A collision that nobody had seen when the person looked freezes again.
    w.minutes(1);
    a.draws_with("T3", json!({ "seals": { "C-1": "test", "C-4": "spare" } }));
    a.syncs();
    w.starts_testing("钱", one)
        .expect_problem(409, "sample_refused");
}

#[test]
fn a_sheet_number_that_history_has_too_freezes_the_receipt() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    let number = word(&w.sample(sample)["sheet_no"]);
    let file = format!(
        "source,confidence,sheet_no,sampled_on,sampling_kind,region\n\
         e-CQS,reported,{number},2024-01-05,routine,140525\n"
    );
    assert_eq!(w.imports("prior-samplings", &file)["created"], 1);
    let refused = receipt(&w, "钱", sample, intact(&[])).expect_problem(409, "sample_refused");
    assert_eq!(refused.told("rule_id"), "SHEETNO");
}

/// A laboratory person who also samples, in a team of a campaign of their own.
fn with_a_sampler_of_the_laboratory() -> World {
    let w = World::shanxi();
    let more = json!({
        "people": [{ "key": "周", "username": "zhou", "name": "周检", "organisation": "晋阳",
            "roles": ["sampler", "lab_receiver"] }],
        "campaigns": [{ "code": "JC-2025-02", "name": "第二批", "authority": "晋城市局",
            "teams": [{ "key": "检组", "body": "晋阳", "members": ["周", "孙"] }],
            "tasks": [{ "code": "L1", "product": "头盔", "kind": "routine", "body": "晋阳", "team": "检组" }] }],
    });
    w.load(&serde_json::from_value::<DataFile>(more).unwrap());
    w
}

#[test]
fn a_sampler_of_a_sample_neither_receives_nor_tests_it() {
    let w = with_a_sampler_of_the_laboratory();
    let mut phone = w.phone("周");
    phone.enters("五金店");
    let sample = phone.draws("L1");
    phone.syncs();
    for body in [
        intact(&[]),
        json!({ "seals": [], "condition": "破损", "accepted": false, "reason": "封条破损" }),
    ] {
        let refused = receipt(&w, "周", sample, body).expect_problem(409, "sample_refused");
        assert_eq!(refused.told("rule_id"), "SEPARATE");
        assert!(refused.told("article").contains("晋市监发"));
    }
    assert_eq!(reports(&w, sample).len(), 2, "both attempts are kept");
    receipt(&w, "钱", sample, intact(&[])).expect(201);
    let path = format!("/v1/samples/{sample}/testing-started");
    let refused = w.call("POST", "周", &path, json!({}));
    let refused = refused.expect_problem(409, "sample_refused");
    assert_eq!(refused.told("rule_id"), "SEPARATE");
    w.starts_testing("钱", sample).expect(201);
    assert_eq!(w.validity(sample), "valid");
}

#[test]
fn a_sampler_who_received_a_sample_before_its_sheet_came_is_found_when_it_comes() {
    let w = with_a_sampler_of_the_laboratory();
    let mut phone = w.phone("周");
    phone.offline();
    phone.enters("五金店");
    let sample = phone.draws("L1");
    let early = receipt(&w, "周", sample, intact(&[])).expect(202);
    assert_eq!(early.body["without_sheet"], true);
    w.minutes(30);
    phone.online().syncs();
    assert_eq!(w.validity(sample), "valid_with_violation");
    let rules = w.rules(phone.visit(), sample);
    assert!(rules.contains(&"SEPARATE".to_owned()), "{rules:?}");
}

#[test]
fn a_sample_that_came_before_its_sheet_is_shown_and_meets_it_when_it_comes() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.offline();
    a.enters("铸造");
    let seals = json!({ "D-1": "test", "D-2": "spare" });
    let sample = a.draws_with("T1", json!({ "seals": seals }));
    let early = receipt(&w, "钱", sample, intact(&["D-2", "D-9"])).expect(202);
    let unrecorded = w.get("/v1/samples?without_sheet=true");
    assert_eq!(unrecorded["items"][0]["sample_id"], json!(sample));
    let alone = w.sample(sample);
    assert_eq!(alone["without_sheet"], true);
    assert_eq!(alone["custody"].as_array().unwrap().len(), 1);
    let of_others = w.call("GET", "刘", &format!("/v1/samples/{sample}"), Value::Null);
    of_others.expect_problem(404, "not_found");
    w.minutes(30);
    a.online().syncs();
    assert_eq!(w.get("/v1/samples?without_sheet=true")["items"], json!([]));
    let whole = w.sample(sample);
    assert_eq!(whole["without_sheet"], false);
    assert_eq!(whole["validity"], "valid");
    let event = &whole["custody"][0];
    assert_eq!(event["custody_event_id"], early.body["custody_event_id"]);
    assert_eq!(event["without_sheet"], true, "so it was then");
    let compared = json!({ "missing": ["D-1"], "unknown": ["D-9"] });
    assert_eq!(whole["seals_found"], compared);
    receipt(&w, "钱", sample, intact(&["D-9", "D-2"])).expect(200);
    w.starts_testing("钱", sample).expect(201);
}

#[test]
fn a_sample_received_without_a_sheet_that_turns_out_a_duplicate_is_not_tested() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    a.enters("铸造");
    a.draws("T1");
    a.syncs();
    w.minutes(30);
    b.offline();
    b.enters("铸造");
    let second = b.draws("T5");
    receipt(&w, "钱", second, intact(&[])).expect(202);
    b.online().syncs();
    assert_eq!(w.validity(second), "duplicate");
    w.starts_testing("钱", second)
        .expect_problem(409, "sample_refused");
    assert_eq!(reports(&w, second).len(), 2);
}

#[test]
fn the_same_receipt_again_changes_nothing_and_another_one_is_an_alarm() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    let first = receipt(&w, "钱", sample, intact(&["G-1", "G-2"])).expect(201);
    w.minutes(1);
    let again = receipt(&w, "钱", sample, intact(&["G-2", "G-1 ", "G-1"])).expect(200);
    assert_eq!(
        again.body["custody_event_id"],
        first.body["custody_event_id"]
    );
    let other =
        json!({ "seals": ["G-1"], "condition": "破损", "accepted": false, "reason": "封条破损" });
    for _ in 0..2 {
        receipt(&w, "钱", sample, other.clone()).expect_problem(409, "report_contradicts");
    }
    let kept = reports(&w, sample);
    let standing: Vec<_> = kept.iter().map(|it| it["standing"].clone()).collect();
    assert_eq!(standing, [true, false]);
    assert_eq!(kept[1]["rule_id"], "INTEGRITY");
    assert_eq!(kept[1]["body"]["reason"], "封条破损");
}

#[test]
fn a_sample_turned_away_is_not_received_and_a_refusal_has_a_reason() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    for reason in [Value::Null, json!(""), json!("  ")] {
        let silent =
            json!({ "seals": [], "condition": "破损", "accepted": false, "reason": reason });
        receipt(&w, "钱", sample, silent).expect_problem(422, "value_invalid");
    }
    for (field, value) in [
        ("condition", json!(" ")),
        ("condition", json!("长".repeat(4_001))),
        ("seals", json!([""])),
        ("seals", json!(vec!["S"; 101])),
    ] {
        let mut body = intact(&[]);
        body[field] = value;
        let answer = receipt(&w, "钱", sample, body).expect_problem(422, "value_invalid");
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    assert_eq!(reports(&w, sample), Vec::<Value>::new());
    let turned =
        json!({ "seals": [], "condition": "破损", "accepted": false, "reason": "封条破损" });
    receipt(&w, "钱", sample, turned).expect(201);
    w.starts_testing("钱", sample)
        .expect_problem(409, "sample_not_received");
}

#[test]
fn a_sample_that_was_turned_away_is_delivered_again_and_each_receipt_is_kept() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    let away = |reason: &str| json!({ "seals": ["H-1"], "condition": "破损", "accepted": false, "reason": reason });
    let first = receipt(&w, "钱", sample, away("封条破损")).expect(201);
    w.minutes(60);
    let second = receipt(&w, "钱", sample, away("受潮")).expect(201);
    assert_eq!(
        (&first.body["attempt"], &second.body["attempt"]),
        (&json!(1), &json!(2))
    );
    w.starts_testing("钱", sample)
        .expect_problem(409, "sample_not_received");
    w.minutes(60);
    let third = receipt(&w, "钱", sample, intact(&["H-2"])).expect(201);
    assert_eq!(third.body["attempt"], 3);
    // What was sent before comes again from somewhere: it is what it was, and changes nothing.
    for (body, event) in [
        (away("封条破损"), &first),
        (away("受潮"), &second),
        (intact(&["H-2"]), &third),
    ] {
        let again = receipt(&w, "钱", sample, body).expect(200);
        assert_eq!(again.body, event.body);
    }
    // Taken in, it is not turned away any more.
    w.minutes(1);
    receipt(&w, "钱", sample, away("后悔")).expect_problem(409, "report_contradicts");
    let mut kept = reports(&w, sample);
    kept.retain(|it| it["act"] == "receipt");
    let told: Vec<_> = kept
        .iter()
        .map(|it| {
            (
                it["standing"].as_bool().unwrap(),
                it["body"]["accepted"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(true, false), (true, false), (true, true), (false, false)]
    );
    let found = &w.sample(sample)["seals_found"]["unknown"];
    assert_eq!(*found, json!(["H-2"]), "as the last delivery was found");
    w.starts_testing("钱", sample).expect(201);
}

#[test]
fn another_body_does_not_see_the_sample_and_a_sampler_is_no_laboratory() {
    let w = World::shanxi();
    let more = json!({ "people": [{ "key": "吴", "username": "wu", "name": "吴检", "organisation": "济宁",
        "roles": ["lab_receiver"] }] });
    w.load(&serde_json::from_value::<DataFile>(more).unwrap());
    let mut a = w.phone("王");
    a.enters("铸造");
    let sample = a.draws("T1");
    a.syncs();
    receipt(&w, "吴", sample, intact(&[])).expect_problem(404, "not_found");
    w.starts_testing("吴", sample)
        .expect_problem(404, "not_found");
    receipt(&w, "王", sample, intact(&[])).expect_problem(403, "role_forbidden");
    receipt(&w, "晋城", sample, intact(&[])).expect_problem(403, "role_forbidden");
    assert_eq!(reports(&w, sample), Vec::<Value>::new());
}

#[test]
fn a_draft_and_a_voided_sheet_are_not_received() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let draft = a.fills("T1", json!({}));
    let spoiled = a.fills("T2", json!({}));
    a.client.void_sheet(visit, spoiled, "墨水弄脏").unwrap();
    a.syncs();
    let refused = receipt(&w, "钱", spoiled, intact(&[])).expect_problem(409, "sample_refused");
    assert!(
        word(&refused.body["detail"]).contains("墨水弄脏"),
        "{refused:?}"
    );
    let refused = receipt(&w, "钱", draft, intact(&[])).expect_problem(409, "sample_refused");
    assert!(!refused.told("rule_id").is_empty());
}

#[test]
fn a_late_upload_makes_a_received_sample_a_duplicate_but_never_silently_a_tested_one() {
    for testing_began in [false, true] {
        let w = World::shanxi();
        let (mut a, mut b) = (w.phone("王"), w.phone("李"));
        a.offline();
        a.enters("铸造");
        a.draws("T1");
        w.minutes(45);
        b.enters("铸造");
        let received = b.draws("T5");
        b.syncs();
        receipt(&w, "钱", received, intact(&[])).expect(201);
        if testing_began {
            w.starts_testing("钱", received).expect(201);
        }
        w.minutes(60);
        w.sync_all(&[&a, &b]);
        let outcome = if testing_began {
            "needs_ruling"
        } else {
            "duplicate"
        };
        assert_eq!(w.validity(received), outcome);
        let dossier = w.dossier(b.visit());
        let subject = format!("sample/{received}");
        let versions = dossier["rulings"].as_array().unwrap().iter();
        let versions: Vec<_> = versions
            .filter(|ruling| ruling["subject"] == json!(subject))
            .map(|ruling| word(&ruling["outcome"]))
            .collect();
        assert_eq!(versions.first().map(String::as_str), Some("valid"));
        assert_eq!(versions.last().map(String::as_str), Some(outcome));
        if testing_began {
            let rules = w.rules(b.visit(), received);
            assert!(rules.contains(&"CUSTODY".to_owned()), "{rules:?}");
        } else {
            w.starts_testing("钱", received)
                .expect_problem(409, "sample_refused");
        }
    }
}
