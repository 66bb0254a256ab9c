//! Sealed stays sealed (I6), and every sheet is one sheet.

use fieldseal_tests::World;
use serde_json::json;

#[test]
fn an_edit_after_sealing_is_an_amendment_beside_the_sealed_sheet() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sheet = a.draws("T1");
    a.client
        .edit_sheet(visit, sheet, json!({ "product_name": "另一种井盖" }))
        .unwrap();
    a.syncs();
    let dossier = w.dossier(visit);
    let sample = dossier["samples"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["sample_id"] == json!(sheet))
        .unwrap()
        .clone();
    assert_eq!(
        sample["sheet"]["product_name"], "检查井盖",
        "shown as it was sealed"
    );
    assert!(!dossier["amendments"].as_array().unwrap().is_empty());
    assert!(w.rules(visit, sheet).contains(&"SEALED".to_owned()));
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
    let numbers: Vec<_> = w.dossier(visit)["samples"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["sheet_no"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(numbers.len(), 2);
    assert_ne!(numbers[0], numbers[1]);
    assert_eq!(w.validity(good), "valid");
}
