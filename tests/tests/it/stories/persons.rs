//! What persons decide: a permission to walk in again, a contested door, and what later facts do to a decision.

use fieldseal_tests::World;
use fieldseal_tests::world::word;
use mobile_ffi::Continues;
use serde_json::json;

#[test]
fn a_resumption_on_the_next_day_continues_by_a_permission_and_not_after_it_has_lapsed() {
    for (expires_at, expected) in [
        ("2025-03-08T00:00:00Z", "continuation"),
        ("2025-03-01T12:00:00Z", "contested"),
    ] {
        let w = World::shanxi();
        let mut a = w.phone("王");
        let visit = a.enters("铸造");
        a.draws("T1");
        a.syncs();
        let grant = json!({
            "campaign_id": w.id("campaign", "JC-2025-01"), "body_id": w.id("organisation", "晋阳"),
            "enterprise_id": w.id("enterprise", "铸造"), "reason": "补样", "expires_at": expires_at,
        });
        let grant = w.call("POST", "晋城", "/v1/re-entry-grants", grant);
        let grant_id = grant.expect(201).text("grant_id").parse().unwrap();
        w.at("2025-03-02 09:00");
        let mut arrival = a.arrival();
        arrival.continues = Some(Continues::ReEntryGrant { grant_id });
        a.arrives_as(arrival);
        let made_up = a.draws_with("T1", json!({ "lot_no": "补样批" }));
        a.syncs();
        let mut standings = w.standings(visit);
        standings.sort();
        let mut wanted = vec![expected.to_owned(), "first".to_owned()];
        wanted.sort();
        assert_eq!(standings, wanted);
        let validity = w.validity(made_up);
        assert_eq!(
            validity == "valid",
            expected == "continuation",
            "{validity}"
        );
    }
}

#[test]
fn a_contested_door_that_a_person_decided_keeps_one_first_whatever_comes_later() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    a.offline();
    b.offline();
    let one = a.enters("铸造");
    let mine = a.draws("T1");
    let other = b.enters("铸造");
    b.draws("T5");
    a.online().syncs();
    assert_eq!(w.standings(one), ["first"], "nobody else was known of");
    b.online().syncs();
    assert_eq!(w.standings(one), ["contested"]);
    w.minutes(1);
    w.rules_entry("晋城", one, "first");
    assert_eq!(w.standings(other), ["excess"]);
    assert_eq!(w.validity(mine), "valid");
    // Another person of the authority comes to another view: the last decision stands, and no door has two firsts.
    w.minutes(1);
    w.rules_entry("山西", other, "first");
    assert_eq!(w.standings(other), ["first"]);
    assert_eq!(w.standings(one), ["contested"], "two persons disagree");
    assert_eq!(w.validity(mine), "needs_ruling");
    w.minutes(1);
    w.rules_entry("晋城", one, "excess");
    assert_eq!(w.standings(one), ["excess"]);
    assert_eq!(w.standings(other), ["first"]);
    let dossier = w.dossier(one);
    let decided = dossier["decisions"].as_array().unwrap();
    assert_eq!(decided.len(), 2, "every decision stays to be seen");
    let actors = dossier["rulings"].as_array().unwrap().iter();
    let actors: Vec<_> = actors
        .filter(|it| word(&it["subject"]).starts_with("entry/"))
        .map(|it| (word(&it["outcome"]), it["actor"] == "engine"))
        .collect();
    let by = |outcome: &str, engine: bool| (outcome.to_owned(), engine);
    assert_eq!(
        actors,
        [
            by("first", true),
            by("contested", true),
            by("first", false),
            by("contested", true),
            by("excess", false)
        ]
    );
}

#[test]
fn a_decision_on_a_sample_stands_when_an_earlier_sampling_comes_to_light() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("服饰");
    let sample = a.draws("T3");
    a.syncs();
    w.minutes(1);
    let path = format!("/v1/samples/{sample}/rulings");
    let body = json!({ "validity": "valid", "reason": "已核对" });
    w.call("POST", "晋城", &path, body).expect(201);
    w.minutes(1);
    let file = "source,confidence,authority,sheet_no,sampled_on,sampling_kind,region,product_name,producer_uscc,standards,trademark,spec_model\n\
        e-CQS,confirmed,山西示例省市场监督管理局,E-9,2025-02-01,routine,140581,学生服,911405810000B3G78L,GB/T 31888-2015,示例,标准型\n";
    assert_eq!(w.imports("prior-samplings", file)["created"], 1);
    assert_eq!(w.validity(sample), "valid", "a person's word is not moved");
    w.minutes(1);
    let body = json!({ "validity": "duplicate", "reason": "省局已抽", "disposal": "returned", "make_up": true });
    w.call("POST", "晋城", &path, body).expect(201);
    assert_eq!(w.validity(sample), "duplicate");
    let decisions = w.dossier(visit)["decisions"].clone();
    assert_eq!(decisions.as_array().unwrap().len(), 2);
}
