//! The same product twice (不得重复抽样): by one authority, from above and from below, in one task, before Fieldseal.

use fieldseal_tests::World;
use serde_json::json;
use sync_core::model::{DocumentId, SampleId};

#[test]
fn two_bodies_sample_one_producers_goods_in_two_shops_and_the_second_is_a_duplicate() {
    for order in [[0, 1], [1, 0]] {
        let w = World::shanxi();
        let mut phones = [w.phone("王"), w.phone("刘")];
        phones[1].works_in("JC-2025-01");
        phones[0].enters("五金店");
        let first = phones[0].draws("T2");
        w.minutes(30);
        phones[1].enters("商超");
        let second = phones[1].draws("T4");
        w.sync_all(&order.map(|index: usize| &phones[index]));
        assert_eq!(w.validity(first), "valid");
        assert_eq!(w.validity(second), "duplicate");
        let rules = w.rules(phones[1].visit(), second);
        assert!(rules.contains(&"DUP6".to_owned()), "{rules:?}");
    }
}

#[test]
fn the_city_may_not_repeat_the_province_within_six_months() {
    for (day, validity) in [
        ("2025-09-01 10:00", "duplicate"),
        ("2025-09-02 10:00", "valid"),
    ] {
        let w = World::shanxi();
        let (mut province, mut city) = (w.phone("刘"), w.phone("王"));
        province.works_in("SX-2025-01").enters("服饰");
        let above = province.draws("P1");
        province.syncs();
        w.at(day);
        city.syncs();
        city.works_in("JC-2025-01").enters("服饰");
        let below = city.draws("T3");
        city.syncs();
        assert_eq!(w.validity(above), "valid");
        assert_eq!(w.validity(below), validity, "on {day}");
        let rules = w.rules(city.visit(), below);
        assert_eq!(
            rules.contains(&"UPPER".to_owned()),
            validity == "duplicate",
            "{rules:?}"
        );
    }
}

#[test]
fn the_province_may_sample_after_the_city_whoever_syncs_first() {
    for city_syncs_first in [true, false] {
        let w = World::shanxi();
        let (mut province, mut city) = (w.phone("刘"), w.phone("王"));
        city.offline();
        city.works_in("JC-2025-01").enters("服饰");
        let below = city.draws("T3");
        w.at("2025-09-01 10:00");
        if city_syncs_first {
            city.online().syncs();
        }
        province.syncs();
        province.works_in("SX-2025-01").enters("服饰");
        let above = province.draws("P1");
        province.syncs();
        w.sync_all(&[&city]);
        assert_eq!(w.validity(below), "valid");
        assert_eq!(w.validity(above), "valid");
    }
}

#[test]
fn one_lot_twice_in_one_task_is_one_sample_too_many() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let first = a.draws("T1");
    w.minutes(5);
    // A phone that is as it should be does not seal it.
    let refused = a.tries_to_seal(a.fills("T1", json!({}))).unwrap_err();
    assert_eq!(refused.objections[0].rule_id, "DUPLOT", "{refused:?}");
    let second = a.unruly().draws("T1");
    a.syncs();
    assert_eq!(w.validity(first), "valid");
    assert_eq!(w.validity(second), "duplicate");
    let rules = w.rules(visit, second);
    assert!(rules.contains(&"DUPLOT".to_owned()), "{rules:?}");
}

#[test]
fn history_from_elsewhere_rules_from_the_first_day() {
    let w = World::shanxi();
    let file = "source,confidence,sampled_on,sampling_kind,sheet_no,authority,enterprise_uscc,producer_uscc,producer_name,\
        standards,trademark,spec_model\n\
        e-CQS,confirmed,2024-12-01,routine,X-1,山西示例省市场监督管理局,911405810000B3G78L,911405810000B3G78L,\
        高平示例服饰,GB/T 31888-2015,示例,标准型\n";
    let report = w.imports("prior-samplings", file);
    assert_eq!(report["created"], 1, "{report}");
    let mut a = w.phone("王");
    a.syncs();
    a.offline();
    let visit = a.works_in("JC-2025-01").enters("服饰");
    let sample = a.draws("T3");
    let preview = a.client.preview(visit).unwrap();
    let advised: Vec<_> = preview
        .advice
        .iter()
        .map(|said| said.finding.rule_id.as_str())
        .collect();
    assert!(
        advised.contains(&"UPPER"),
        "the phone warns at the gate: {preview:?}"
    );
    assert!(preview.index_as_of_ms.is_some());
    a.online();
    a.syncs();
    assert_eq!(w.validity(sample), "duplicate");
    let rules = w.rules(visit, sample);
    assert!(rules.contains(&"UPPER".to_owned()), "{rules:?}");
}

#[test]
fn a_producer_known_by_its_name_alone_is_held_against_the_one_of_that_name_with_a_code() {
    // Which of the two has a code, and who syncs first.
    for (coded, order) in [(0, [0, 1]), (0, [1, 0]), (1, [0, 1]), (1, [1, 0])] {
        let w = World::shanxi();
        let mut phones = [w.phone("王"), w.phone("刘")];
        phones[1].works_in("JC-2025-01");
        let draw = |phone: &fieldseal_tests::phone::Phone, task: &str, coded: bool| {
            let mut producer = phone.sheet(task)["producer"].clone();
            if !coded {
                producer["uscc"] = json!(null);
                producer["no_uscc_reason"] = json!("标签未标注");
                producer["name"] = json!(format!(" {} ", producer["name"].as_str().unwrap()));
            }
            phone.draws_with(task, json!({ "producer": producer }))
        };
        phones[0].enters("五金店");
        let first = draw(&phones[0], "T2", coded == 0);
        w.minutes(30);
        phones[1].enters("商超");
        let second = draw(&phones[1], "T4", coded == 1);
        w.sync_all(&order.map(|index: usize| &phones[index]));
        assert_eq!(w.validity(first), "valid", "{coded} {order:?}");
        assert_eq!(w.validity(second), "needs_ruling", "{coded} {order:?}");
        let rules = w.rules(phones[1].visit(), second);
        assert!(rules.contains(&"DUP6".to_owned()), "{rules:?}");
    }
}

#[test]
fn history_that_has_no_code_of_the_producer_warns_the_phone_and_is_left_to_a_person() {
    let w = World::shanxi();
    let file = "source,confidence,sampled_on,sampling_kind,sheet_no,authority,enterprise_uscc,producer_uscc,producer_name,\
        standards,trademark,spec_model\n\
        e-CQS,confirmed,2024-12-01,routine,X-1,山西示例省市场监督管理局,911405810000B3G78L,,\
        高平示例服饰,GB/T 31888-2015,示例,标准型\n";
    assert_eq!(w.imports("prior-samplings", file)["created"], 1);
    assert_eq!(w.imports("prior-samplings", file)["created"], 0);
    let mut a = w.phone("王");
    a.syncs();
    a.offline();
    let visit = a.works_in("JC-2025-01").enters("服饰");
    let sample = a.draws("T3");
    let preview = a.client.preview(visit).unwrap();
    let advised = preview
        .advice
        .iter()
        .map(|said| said.finding.message.as_str());
    let advised: Vec<_> = advised.collect();
    assert!(advised.contains(&"UPPER.unsure"), "{preview:?}");
    a.online();
    a.syncs();
    assert_eq!(w.validity(sample), "needs_ruling");
    let rules = w.rules(visit, sample);
    assert!(rules.contains(&"UPPER".to_owned()), "{rules:?}");
    assert_eq!(
        w.get("/v1/prior-samplings")["items"][0]["validity"],
        "valid"
    );
}

#[test]
fn different_lots_in_one_visit_are_different_samples() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.enters("铸造");
    let first = a.draws_with("T1", json!({ "spec_model": "轻型" }));
    let second = a.draws_with("T1", json!({ "spec_model": "重型" }));
    a.syncs();
    assert_eq!(w.validity(first), "valid");
    assert_eq!(w.validity(second), "valid");
}

fn puts_a_least_base(w: &World, milli: i64) {
    let body = json!({
        "authority_id": w.id("organisation", "晋城市局"), "product_name": "检查井盖", "standards": ["GB/T 23858-2009"],
        "unit": "套", "min_base_milli": milli, "test_qty_milli": 2_000, "spare_qty_milli": 1_000,
    });
    let answer = w.call("POST", "admin", "/v1/product-rules", body);
    assert!(answer.status < 300, "{}", answer.body);
}

fn held_to_the_base(w: &World, visit: DocumentId, sample: SampleId) -> bool {
    w.rules(visit, sample).contains(&"NOSAMP".to_owned())
}

#[test]
fn a_sample_is_held_to_the_product_rule_that_was_in_force_when_it_was_drawn() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.enters("铸造");
    let before = phone.draws("T1");
    phone.syncs();
    w.minutes(60);
    puts_a_least_base(&w, 9_000_000);
    w.minutes(60);
    // The phone has not heard of it: it would refuse to seal.
    let after = phone.draws_with("T1", json!({ "lot_no": "第二批" }));
    phone.syncs();
    assert!(held_to_the_base(&w, visit, after));
    // The second sample had the first one ruled again: under the version of its own time.
    assert!(!held_to_the_base(&w, visit, before));
    assert_eq!(w.validity(before), "valid");
}

#[test]
fn a_first_product_rule_that_was_typed_late_is_the_one_for_what_was_drawn_before() {
    let w = World::shanxi();
    w.server.writes("DELETE FROM product_rules");
    let mut phone = w.phone("王");
    let visit = phone.enters("铸造");
    let sample = phone.draws("T1");
    phone.syncs();
    assert!(!held_to_the_base(&w, visit, sample));
    w.minutes(60);
    puts_a_least_base(&w, 9_000_000);
    assert!(held_to_the_base(&w, visit, sample));
    w.minutes(60);
    // A second version binds from its own time on, and leaves the first to what it was for.
    puts_a_least_base(&w, 3_000);
    phone.syncs();
    assert!(held_to_the_base(&w, visit, sample));
}
