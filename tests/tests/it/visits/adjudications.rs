//! `GET /v1/adjudications` and both sides of one: what the rules leave to a person, in conflict with what, and what the rulebook
//! would say.

use fieldseal_tests::World;
use fieldseal_tests::world::word;
use serde_json::{Value, json};
use sync_core::model::DocumentId;

/// Two teams of one body at one door, at times that cannot be told apart.
fn contested(w: &World) -> (DocumentId, DocumentId) {
    w.contests().visits.into()
}

fn open(w: &World, who: &str) -> Vec<Value> {
    let page = w.call("GET", who, "/v1/adjudications", Value::Null);
    page.expect(200).body["items"].as_array().unwrap().clone()
}

fn of(w: &World, who: &str, subject: &str) -> Value {
    let subject = subject.replace('/', "%2F");
    let path = format!("/v1/adjudications/of?subject={subject}");
    w.call("GET", who, &path, Value::Null).expect(200).body
}

#[test]
fn a_contested_entry_stands_beside_the_other_one_with_what_differs_and_the_article() {
    let w = World::shanxi();
    let (one, other) = contested(&w);
    let entries: Vec<Value> = open(&w, "晋城")
        .into_iter()
        .filter(|it| it["kind"] == "entry")
        .collect();
    assert_eq!(entries.len(), 2);
    let of_one = entries.iter().find(|it| it["visit_id"] == json!(one));
    let subject = word(&of_one.unwrap()["subject"]);
    let found = of(&w, "晋城", &subject);
    assert_eq!(
        (&found["may_decide"], &found["partly"]),
        (&json!(true), &json!(false))
    );
    let sides = found["sides"].as_array().unwrap();
    assert_eq!(sides.len(), 2);
    assert_eq!(
        (&sides[0]["asked"], &sides[0]["visit_id"]),
        (&json!(true), &json!(one))
    );
    assert_eq!(sides[1]["visit_id"], json!(other));
    assert_eq!(sides[0]["samples"].as_array().unwrap().len(), 1);
    let differs = |name: &str| {
        let mut fields = sides[0]["fields"].as_array().unwrap().iter();
        fields.find(|it| it["name"] == name).unwrap()["differs"] == true
    };
    assert!(differs("team") && !differs("drew"));
    let finding = &sides[0]["findings"][0];
    assert_eq!(finding["rule_id"], "ENTRY1");
    assert!(finding["citation"].as_str().unwrap().contains("六"));
    // Settled, it waits for nobody, and both sides can still be read.
    w.rules_entry("晋城", one, "first");
    assert!(open(&w, "晋城").iter().all(|it| it["kind"] != "entry"));
    assert_eq!(of(&w, "晋城", &subject)["sides"][1]["outcome"], "excess");
}

#[test]
fn whoever_sees_one_side_alone_reads_that_one_and_a_stranger_none() {
    let w = World::shanxi();
    let (one, _) = contested(&w);
    let subject = open(&w, "王");
    let subject = subject.iter().find(|it| it["kind"] == "entry").unwrap();
    assert_eq!(subject["visit_id"], json!(one), "their own alone");
    let subject = word(&subject["subject"]);
    let found = of(&w, "王", &subject);
    assert_eq!(
        (&found["may_decide"], &found["partly"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(found["sides"].as_array().unwrap().len(), 1);
    assert_eq!(open(&w, "刘"), Vec::<Value>::new());
    for subject in [subject.as_str(), "visit/x", "entry/nothing", "", "sample/x"] {
        let path = format!(
            "/v1/adjudications/of?subject={}",
            subject.replace('/', "%2F")
        );
        let answer = w.call("GET", "刘", &path, Value::Null);
        answer.expect_problem(404, "not_found");
    }
    let answer = w.call("GET", "晋城", "/v1/adjudications?after=x", Value::Null);
    answer.expect_problem(400, "query_invalid");
}
