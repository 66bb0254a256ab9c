//! `GET /v1/visits/{id}`: the dossier whole, on a visit to which everything happened, read as a stranger reads it.

use fieldseal_tests::World;
use fieldseal_tests::world::word;
use serde_json::{Value, json};

/// Rows of a list of the dossier.
fn rows<'a>(dossier: &'a Value, list: &str) -> &'a [Value] {
    let rows = dossier[list].as_array();
    rows.unwrap_or_else(|| panic!("{list} is no list in the dossier"))
}

/// Outcomes of a subject, version after version.
fn versions(dossier: &Value, subject: &str) -> Vec<(i64, String)> {
    let of_it = rows(dossier, "rulings").iter();
    let of_it = of_it.filter(|ruling| word(&ruling["subject"]) == subject);
    of_it
        .map(|it| (it["version"].as_i64().unwrap(), word(&it["outcome"])))
        .collect()
}

#[test]
fn a_dossier_holds_everything_that_happened_to_a_visit() {
    let w = World::shanxi();
    let (mut a, b, mut c) = (w.phone("王"), w.phone("赵"), w.phone("李"));
    // Two teams at one gate at the same moment: contested.
    c.offline();
    let visit = a.enters("铸造");
    c.enters("铸造");
    c.draws("T5");
    let sheet = a.fills("T1", json!({}));
    w.sync_all(&[&a, &b]);
    // Two phones of the team write one field while apart, and one of them seals.
    a.offline();
    b.offline();
    w.minutes(2);
    let set = |brand: &str| json!({ "remarks": brand });
    a.client.edit_sheet(visit, sheet, set("甲记")).unwrap();
    b.client.edit_sheet(visit, sheet, set("乙记")).unwrap();
    w.minutes(2);
    a.seals(sheet);
    w.sync_all(&[&a, &b]);
    c.online().syncs();
    assert_eq!(w.validity(sheet), "needs_ruling");
    w.minutes(1);
    w.rules_entry("晋城", visit, "first");
    w.minutes(1);
    let path = format!("/v1/samples/{sheet}/rulings");
    let valid = json!({ "validity": "valid", "reason": "核对封样照片" });
    w.call("POST", "晋城", &path, valid).expect(201);
    w.minutes(1);
    w.receives("钱", sheet).expect(201);
    w.minutes(1);
    w.starts_testing("钱", sheet).expect(201);

    let dossier = w.call("GET", "晋城", &format!("/v1/visits/{visit}"), Value::Null);
    let dossier = dossier.expect(200).body;
    // State, and what strangers call it.
    assert_eq!(dossier["visit"]["state"], "finished");
    assert_eq!(dossier["visit"]["enterprise_name"], "泽州示例铸造");
    assert_eq!(dossier["names"]["campaign_code"], "JC-2025-01");
    assert_eq!(dossier["names"]["body"], "晋阳示例检测");
    assert_eq!(dossier["names"]["team"], "甲组");
    // Who walked in, as whom.
    let arrival = &rows(&dossier, "arrivals")[0];
    let person = |id: &Value| dossier["people"][word(id)]["name"].clone();
    assert_eq!(person(&arrival["user_id"]), "王建国");
    assert_eq!(
        dossier["people"][word(&arrival["user_id"])]["organisation"],
        "晋阳示例检测"
    );
    let entry = &rows(&dossier, "entries")[0];
    assert_eq!(entry["standing"], "first");
    // The sheet as it was sealed, and how it stands.
    let sample = &rows(&dossier, "samples")[0];
    assert_eq!(sample["sample_id"], json!(sheet));
    assert_eq!(sample["validity"], "valid");
    assert_eq!(sample["sheet"]["product_name"], "检查井盖");
    assert_eq!(sample["amended"], true);
    assert_eq!(rows(&dossier, "seals").len(), 1);
    let amendment = &rows(&dossier, "amendments")[0];
    assert_eq!(amendment["by"]["user_name"], "赵敏");
    let conflict = &rows(&dossier, "conflicts")[0];
    assert!(
        conflict["record"].to_string().contains("乙记"),
        "{conflict}"
    );
    // Every version of every ruling, by whom, in words, with the article.
    let of_entry = versions(&dossier, &format!("entry/{}", word(&entry["entry_id"])));
    let of_entry: Vec<_> = of_entry.iter().map(|(_, it)| it.as_str()).collect();
    assert_eq!(of_entry, ["first", "contested", "first"]);
    let of_sample = versions(&dossier, &format!("sample/{sheet}"));
    let numbers: Vec<_> = of_sample.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    assert_eq!(of_sample.last().unwrap().1, "valid");
    assert!(of_sample.iter().any(|(_, it)| it == "needs_ruling"));
    for ruling in rows(&dossier, "rulings") {
        for finding in ruling["findings"].as_array().unwrap() {
            for field in ["zh", "en", "citation", "rulebook"] {
                let text = word(&finding[field]);
                assert!(
                    !text.is_empty() && !text.contains('{'),
                    "{field}: {finding}"
                );
            }
        }
    }
    let decisions = rows(&dossier, "decisions");
    assert_eq!(decisions.len(), 2);
    for decision in decisions {
        assert_eq!(person(&decision["decision"]["user_id"]), "晋城市局 监督科");
    }
    // What the laboratory reported.
    let custody: Vec<_> = rows(&dossier, "custody")
        .iter()
        .map(|it| {
            (
                word(&it["act"]),
                it["standing"].clone(),
                person(&it["user_id"]),
            )
        })
        .collect();
    let by_qian = |act: &str| (act.to_owned(), json!(true), json!("钱进"));
    assert_eq!(custody, [by_qian("receipt"), by_qian("testing_started")]);
    assert_eq!(rows(&dossier, "aside"), [] as [Value; 0]);
    // Who changed what when.
    let history = rows(&dossier, "history");
    assert!(history.len() > 5);
    for change in history {
        assert!(!person(&change["user_id"]).is_null(), "{change}");
        assert!(change["received_at"].is_string(), "{change}");
    }
    let remarks = history.iter().filter(|change| {
        let touched = change["change"]["touched"].to_string();
        touched.contains("remarks") && touched.contains("乙记")
    });
    let by: Vec<_> = remarks.map(|change| person(&change["user_id"])).collect();
    assert_eq!(by, ["赵敏"]);
}
