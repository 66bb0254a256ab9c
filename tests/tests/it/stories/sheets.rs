//! Sealed stays sealed (I6), and every sheet is one sheet.

use fieldseal_tests::World;
use serde_json::json;

#[test]
fn an_edit_beside_the_seal_is_an_amendment_and_the_sealed_sheet_is_shown_as_it_was_sealed() {
    let w = World::shanxi();
    let (mut a, b) = (w.phone("王"), w.phone("赵"));
    let visit = a.enters("铸造");
    let sheet = a.fills("T1", json!({}));
    w.sync_all(&[&a, &b]);
    a.offline();
    b.offline();
    w.minutes(5);
    a.seals(sheet);
    let change = json!({ "trademark": "另一商标" });
    // The teammate does not know of the seal yet; whoever knows it cannot edit past it.
    b.client.edit_sheet(visit, sheet, change.clone()).unwrap();
    let refused = a.client.edit_sheet(visit, sheet, change).unwrap_err();
    assert_eq!(refused.code, "document.sealed");
    w.sync_all(&[&b, &a]);
    let dossier = w.dossier(visit);
    let sample = &dossier["facts"]["samples"][sheet.to_string()];
    assert_eq!(sample["amended"], true);
    assert_eq!(sample["product"]["trademark"], "示例");
    let rules = w.rules(visit, sheet);
    assert!(rules.contains(&"FORM".to_owned()), "{rules:?}");
}

#[test]
fn two_seals_of_one_sheet_are_both_kept_and_freeze_the_laboratory() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("赵"));
    let visit = a.enters("铸造");
    let sheet = a.fills("T1", json!({}));
    w.sync_all(&[&a, &b]);
    a.offline();
    b.offline();
    b.enters("铸造");
    a.client
        .edit_sheet(visit, sheet, json!({ "remarks": "甲" }))
        .unwrap();
    b.client
        .edit_sheet(visit, sheet, json!({ "remarks": "乙" }))
        .unwrap();
    a.seals(sheet);
    b.seals(sheet);
    w.sync_all(&[&a, &b]);
    assert!(w.rules(visit, sheet).contains(&"SEALED".to_owned()));
    w.receives("钱", sheet)
        .expect_problem(409, "sample_refused");
}

#[test]
fn a_voided_sheet_keeps_its_number_for_ever() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let spoiled = a.fills("T1", json!({}));
    a.client.void_sheet(visit, spoiled, "墨水弄脏").unwrap();
    let good = a.draws("T1");
    a.syncs();
    let dossier = w.dossier(visit);
    let samples = dossier["facts"]["samples"].as_object().unwrap();
    let numbers: Vec<_> = samples.values().map(|it| it["sheet_no"].clone()).collect();
    assert_eq!(numbers.len(), 2);
    assert_ne!(numbers[0], numbers[1]);
    assert_eq!(w.validity(good), "valid");
}
