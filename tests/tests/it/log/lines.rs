//! `GET /v1/visits/{id}/log`: what is logged of a visit, in which order, for whom.

use std::collections::BTreeMap;

use fieldseal_tests::World;
use serde_json::{Value, json};

use super::followed;

#[test]
fn a_visits_chain_tells_of_pushes_signatures_rulings_decisions_and_the_laboratory() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let (visit, sample) = w.does_all_that_is_logged(&mut wang);
    let (lines, head) = followed(&w, visit);
    let mut kinds: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for line in &lines {
        let body: Value = serde_json::from_str(&line.body).unwrap();
        assert_eq!(line.body, sync_core::model::canonical_json(&body));
        kinds.entry(&line.kind).or_default().push(body);
    }
    let pushed = kinds["changes"][0]["changes"].as_array().unwrap();
    assert!(!pushed.is_empty());
    assert!(
        pushed
            .iter()
            .all(|it| it["carrier_device_id"] == kinds["changes"][0]["brought_by"])
    );
    let tips = kinds["changes"].iter().map(|it| &it["tips"]);
    assert!(
        tips.clone().all(|it| it[0]["signature"].is_string()),
        "{tips:?}"
    );
    let rulings: Vec<Value> = w
        .rulings(visit)
        .iter()
        .map(|it| it["ruling_id"].clone())
        .collect();
    let logged: Vec<Value> = kinds["ruling"]
        .iter()
        .map(|it| it["ruling_id"].clone())
        .collect();
    assert!(rulings.iter().all(|id| logged.contains(id)), "{logged:?}");
    assert_eq!(kinds["custody"][0]["sample_id"], json!(sample));
    assert_eq!(kinds["decision"][0]["standing"], "first");
    assert_eq!(lines.len() as u64, head.lines);
    // Sent again, it is not logged again.
    w.receives("钱", sample);
    w.rules_entry("晋城", visit, "first");
    assert_eq!(followed(&w, visit).1, head);
}

#[test]
fn what_is_logged_is_logged_with_what_it_records_or_not_at_all() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    wang.syncs();
    let before = followed(&w, visit).1;
    // A sample that nobody drew, a decision without a reason: refused, and the chain stands.
    let path = "/v1/samples/00000000-0000-0000-0000-000000000000/testing-started";
    w.call("POST", "王", path, json!({})).expect(403);
    assert_eq!(followed(&w, visit).1, before);
    let lines = w.server.reads("SELECT COUNT(*) AS n FROM log_lines");
    let heads = w
        .server
        .reads("SELECT CAST(SUM(lines) AS BIGINT) AS n FROM log_chains");
    let count = |rows: &[fieldseal_server::store::Row]| rows[0].get::<i64>("n").unwrap();
    assert_eq!(count(&lines), count(&heads));
}
