//! `/v1/not-sampled`: the list of enterprises that were not sampled (未抽到企业名单), for pages and as a file.

use fieldseal_tests::phone::signed_by_party;
use fieldseal_tests::{Phone, World};
use mobile_ffi::NotSampledInput;
use serde_json::{Value, json};
use sync_core::limits::NOT_SAMPLED_ROWS_MAX;
use sync_core::model::{DocumentId, NotSampledId, SealSubject};

/// Records that nothing was sampled, and seals it.
fn records(phone: &Phone, reason: &str, note: &str, stamp: bool) -> NotSampledId {
    let input = NotSampledInput {
        reason: reason.to_owned(),
        licence_no: "XK-01".to_owned(),
        note: note.to_owned(),
        bureau_stamp: stamp.then(|| b"photo of the bureau's stamp".to_vec()),
    };
    let id = phone.client.not_sampled(phone.visit(), input).unwrap();
    let subject = SealSubject::NotSampled(id);
    phone
        .tries_to_seal_with(subject, signed_by_party())
        .unwrap();
    id
}

/// Two enterprises that were not sampled, one of which is sealed and one also a draft.
fn world() -> (World, Phone, DocumentId, DocumentId) {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let first = wang.enters("铸造");
    records(&wang, "stopped", "=HYPERLINK(\"http://x\")", true);
    w.minutes(60);
    let second = wang.enters("五金店");
    records(&wang, "stock_too_small", "只剩三顶", false);
    let draft = NotSampledInput {
        reason: "other".to_owned(),
        licence_no: "无".to_owned(),
        note: "草稿".to_owned(),
        bureau_stamp: None,
    };
    wang.client.not_sampled(second, draft).unwrap();
    wang.syncs();
    (w, wang, first, second)
}

fn items(body: &Value) -> Vec<Value> {
    body["items"].as_array().unwrap().clone()
}

#[test]
fn the_list_has_what_the_norm_wants_of_sealed_records_alone() {
    let (w, _, first, second) = world();
    let page = w
        .call("GET", "晋城", "/v1/not-sampled", Value::Null)
        .expect(200)
        .body;
    let rows = items(&page);
    assert_eq!(rows.len(), 2, "{page}");
    let (stopped, small) = (&rows[0], &rows[1]);
    assert_eq!(stopped["document_id"], json!(first));
    assert_eq!(stopped["name"], "泽州示例铸造");
    assert_eq!(stopped["uscc"], "911405250000B1E536");
    assert_eq!(stopped["address"], "泽州县示例路 1 号");
    assert_eq!(stopped["licence_no"], "XK-01");
    assert_eq!(stopped["reason_words"]["zh"], "停产");
    assert_eq!(stopped["status_words"]["zh"], "未抽到样品");
    assert_eq!(stopped["stamp"]["needed"], true);
    assert_eq!(stopped["stamp"]["words"]["zh"], "已盖章");
    assert_eq!(stopped["recorded_on"], "2025-03-01");
    let names: Vec<_> = stopped["samplers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].clone())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&json!("王建国")) && names.contains(&json!("赵敏")));
    assert_eq!(stopped["campaign_code"], "JC-2025-01");
    assert_eq!(stopped["body"], "晋阳示例检测");
    assert_eq!(small["document_id"], json!(second));
    assert_eq!(small["stamp"]["words"]["zh"], "无需盖章");
    assert_eq!(small["explanation"], "只剩三顶");
}

#[test]
fn the_file_opens_in_excel_and_holds_no_formula() {
    let (w, _, _, _) = world();
    let answer = w
        .call("GET", "晋城", "/v1/not-sampled.csv", Value::Null)
        .expect(200);
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
    let disposition = answer.headers["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment;"), "{disposition}");
    let file = answer
        .raw
        .strip_prefix('\u{feff}')
        .expect("a byte order mark");
    let lines: Vec<_> = file.split("\r\n").collect();
    assert!(
        lines[0].starts_with("序号,企业名称,统一社会信用代码,地址,"),
        "{}",
        lines[0]
    );
    assert_eq!(lines.len(), 4, "{file}");
    assert!(
        lines[1].contains("\"'=HYPERLINK(\"\"http://x\"\")\""),
        "{}",
        lines[1]
    );
    assert!(lines[1].contains("停产") && lines[1].contains("已盖章"));
    assert!(lines[2].contains("基数不足") && lines[2].contains("2025-03-01"));
}

#[test]
fn the_list_is_of_a_campaign_a_task_and_a_time() {
    let (w, _, first, second) = world();
    let count = |query: &str| {
        let path = format!("/v1/not-sampled?{query}");
        items(&w.call("GET", "晋城", &path, Value::Null).expect(200).body).len()
    };
    let id = |kind, key| w.id(kind, key);
    assert_eq!(
        count(&format!("campaign={}", id("campaign", "JC-2025-01"))),
        2
    );
    assert_eq!(
        count(&format!("campaign={}", id("campaign", "YC-2025-01"))),
        0
    );
    // 王's team has T1; T5 is the other team's, T4 another body's.
    assert_eq!(count(&format!("task={}", id("task", "T1"))), 2);
    assert_eq!(count(&format!("task={}", id("task", "T5"))), 0);
    assert_eq!(count(&format!("task={}", id("task", "T4"))), 0);
    assert_eq!(count("from=2025-03-01&to=2025-03-01"), 2);
    assert_eq!(count("from=2025-03-02"), 0);
    assert_eq!(count("to=2025-02-28"), 0);
    // In pages, each once.
    let page = w
        .call("GET", "晋城", "/v1/not-sampled?limit=1", Value::Null)
        .expect(200);
    assert_eq!(items(&page.body)[0]["document_id"], json!(first));
    let next = format!("/v1/not-sampled?limit=1&after={}", page.text("next"));
    let page = w.call("GET", "晋城", &next, Value::Null).expect(200).body;
    assert_eq!(items(&page)[0]["document_id"], json!(second));
    assert_eq!(page["next"], Value::Null);
}

#[test]
fn whoever_does_not_see_the_visits_has_an_empty_list() {
    let (w, _, _, _) = world();
    let count = |who: &str| {
        items(
            &w.call("GET", who, "/v1/not-sampled", Value::Null)
                .expect(200)
                .body,
        )
        .len()
    };
    // The team and the authorities above see them; another team, and another body's people, do not.
    assert_eq!(
        (count("王"), count("赵"), count("晋城"), count("山西")),
        (2, 2, 2, 2)
    );
    assert_eq!((count("李"), count("刘")), (0, 0));
    let file = w
        .call("GET", "刘", "/v1/not-sampled.csv", Value::Null)
        .expect(200)
        .raw;
    assert!(
        !file.contains("示例") && file.starts_with('\u{feff}'),
        "{file}"
    );
}

#[test]
fn every_export_is_on_the_audit_trail() {
    let (w, _, _, _) = world();
    let campaign = w.id("campaign", "JC-2025-01");
    let path = format!("/v1/not-sampled.csv?campaign={campaign}");
    w.minutes(1);
    w.call("GET", "晋城", &path, Value::Null).expect(200);
    w.minutes(1);
    w.call("GET", "晋城", "/v1/not-sampled", Value::Null)
        .expect(200);
    let trail = w.get("/v1/audit-events?act=not_sampled.exported");
    let rows = items(&trail);
    assert_eq!(rows.len(), 2, "{trail}");
    assert_eq!(rows[0]["subject"], "not_sampled:all");
    assert_eq!(rows[1]["subject"], format!("campaign:{campaign}"));
    assert_eq!(
        (&rows[1]["detail"]["rows"], &rows[1]["detail"]["format"]),
        (&json!(2), &json!("csv"))
    );
    assert_eq!(rows[1]["username"], "jincheng");
}

#[test]
fn an_enterprise_that_was_sampled_all_the_same_is_told_so() {
    let (w, mut wang, _, _) = world();
    w.minutes(60);
    wang.enters("五金店");
    wang.draws_with("T2", json!({ "spec_model": "店售型" }));
    wang.syncs();
    let page = w
        .call("GET", "晋城", "/v1/not-sampled", Value::Null)
        .expect(200)
        .body;
    let told: Vec<_> = items(&page)
        .iter()
        .map(|row| row["status"].clone())
        .collect();
    assert_eq!(told, [json!("not_sampled"), json!("sampled_too")]);
}

#[test]
fn a_file_has_as_many_rows_as_allowed_and_one_more_is_told() {
    let (w, _, _, _) = world();
    let fill = |from: u32, to: u32| {
        let sql = format!(
            "INSERT INTO not_sampled WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to}) \
             SELECT r.document_id, '00000000-0000-7000-8000-' || SUBSTR('000000000000' || CAST(n.i AS TEXT), \
             LENGTH(CAST(n.i AS TEXT)) + 1), r.name, r.uscc, r.address, r.licence_no, r.reason, r.explanation, r.stamped, \
             r.evidence, r.samplers, r.recorded_at FROM n, (SELECT * FROM not_sampled ORDER BY recorded_at LIMIT 1) r"
        );
        let statement = fieldseal_server::store::Statement {
            name: "of a test",
            sql: sql.leak(),
        };
        w.server.runtime.block_on(async {
            let mut tx = w.server.app.store.begin().await.unwrap();
            tx.exec(&statement, Vec::new()).await.unwrap();
            tx.commit().await.unwrap();
        });
    };
    fill(1, NOT_SAMPLED_ROWS_MAX - 2);
    let file = w
        .call("GET", "晋城", "/v1/not-sampled.csv", Value::Null)
        .expect(200)
        .raw;
    assert_eq!(file.lines().count(), NOT_SAMPLED_ROWS_MAX as usize + 1);
    fill(NOT_SAMPLED_ROWS_MAX, NOT_SAMPLED_ROWS_MAX);
    w.call("GET", "晋城", "/v1/not-sampled.csv", Value::Null)
        .expect_problem(422, "export_too_long");
}
