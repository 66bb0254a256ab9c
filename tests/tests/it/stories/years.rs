//! Not more than three visits a year in Shanghai (每年不超过3次).

use fieldseal_tests::{Phone, World};
use serde_json::json;
use sync_core::model::SampleId;

/// Three visits on three days, each with a product of its own, so that only the number of visits is at issue.
fn three_visits(w: &World) -> (Phone, Vec<SampleId>) {
    let mut phone = w.phone("陈");
    let mut samples = Vec::new();
    for (campaign, task, day) in [
        ("SH-2025-01", "S1", "2025-03-03 10:00"),
        ("SH-2025-02", "S2", "2025-04-03 10:00"),
        ("SH-2025-03", "S3", "2025-05-06 10:00"),
    ] {
        w.at(day);
        phone.syncs();
        phone.works_in(campaign).enters("塑业");
        samples.push(phone.draws_with(task, json!({ "spec_model": campaign })));
        phone.syncs();
    }
    w.at("2025-06-03 10:00");
    phone.syncs();
    phone.works_in("SH-2025-04").enters("塑业");
    (phone, samples)
}

fn rules_of(w: &World, phone: &Phone, sample: SampleId) -> Vec<String> {
    w.rules(phone.visit(), sample)
}

#[test]
fn the_fourth_visit_of_a_year_needs_a_ruling() {
    let w = World::shanghai();
    let (phone, samples) = three_visits(&w);
    let fourth = phone.draws_with("S4", json!({ "spec_model": "四" }));
    phone.syncs();
    for sample in samples {
        assert_eq!(w.validity(sample), "valid", "the earliest three stand");
    }
    assert_eq!(w.validity(fourth), "needs_ruling");
    assert!(rules_of(&w, &phone, fourth).contains(&"YEAR3".to_owned()));
}

#[test]
fn the_fourth_visit_passes_as_tracking() {
    let w = World::shanghai();
    let (phone, _) = three_visits(&w);
    let fourth = phone.draws_with("S4K", json!({ "spec_model": "四" }));
    phone.syncs();
    assert_eq!(w.validity(fourth), "valid");
}

#[test]
fn in_a_mixed_visit_only_the_other_tasks_count() {
    let w = World::shanghai();
    let (phone, _) = three_visits(&w);
    let tracking = phone.draws_with("S4K", json!({ "spec_model": "四甲" }));
    let routine = phone.draws_with("S4", json!({ "spec_model": "四乙" }));
    phone.syncs();
    assert_eq!(w.validity(tracking), "valid");
    assert_eq!(w.validity(routine), "needs_ruling");
    assert!(rules_of(&w, &phone, routine).contains(&"YEAR3".to_owned()));
}

#[test]
fn a_sheet_that_calls_itself_tracking_for_a_routine_task_is_not_let_through_by_that() {
    let w = World::shanghai();
    let (phone, _) = three_visits(&w);
    let claim = json!({ "spec_model": "四", "sampling_kind": "tracking" });
    let fourth = phone.draws_with("S4", claim);
    phone.syncs();
    assert_eq!(w.validity(fourth), "needs_ruling");
    // TRACE: its pictures are still on their way.
    assert_eq!(rules_of(&w, &phone, fourth), ["FORM", "TRACE"]);
}
