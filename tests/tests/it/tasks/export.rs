//! `GET /v1/tasks.csv`.

use fieldseal_tests::World;
use serde_json::{Value, json};
use sync_core::limits::TASKS_EXPORTED_MAX;

#[test]
fn a_file_holds_the_tasks_of_whoever_takes_it_and_it_is_noted_with_each_of_them() {
    let w = World::shanxi();
    let takes = |who: &str| w.call("GET", who, "/v1/tasks.csv", Value::Null).expect(200);
    let answer = takes("晋城");
    assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
    let disposition = answer.headers["content-disposition"].to_str().unwrap();
    assert!(disposition.contains("tasks.csv"), "{disposition}");
    let rows: Vec<_> = answer.raw.lines().collect();
    assert!(
        rows[0].starts_with("\u{feff}序号,任务批次,任务编号,产品"),
        "{rows:?}"
    );
    let foundry = rows
        .iter()
        .find(|row| row.contains(",T1,检查井盖,"))
        .unwrap();
    for told in ["JC-2025-01", "T1", "常规", "泽州示例铸造", "晋阳示例检测"] {
        assert!(foundry.contains(told), "{told}: {foundry}");
    }
    // Whoever takes it again is noted once with the task, and each time on the trail.
    w.minutes(1);
    takes("晋城");
    takes("王");
    let path = format!("/v1/tasks/{}/disclosures", w.id("task", "T1"));
    let noted = w.call("GET", "晋城", &path, Value::Null).expect(200).body;
    let noted = noted.as_array().unwrap();
    assert_eq!(noted.len(), 2, "{noted:?}");
    assert!(
        noted
            .iter()
            .all(|it| it["how"] == "export" && it["enterprise"].is_null())
    );
    let by: Vec<_> = noted.iter().map(|it| it["user_id"].clone()).collect();
    assert_eq!(by, [json!(w.id("user", "晋城")), json!(w.id("user", "王"))]);
    let trail = w.get("/v1/audit-events?act=tasks.exported");
    assert_eq!(trail["items"].as_array().unwrap().len(), 3);
    // A body takes out its own tasks and nobody else's.
    let elsewhere = takes("刘");
    assert!(!elsewhere.raw.contains(",T1,检查井盖,"));
    w.call("GET", "王", &path, Value::Null)
        .expect_problem(403, "role_forbidden");
}

#[test]
fn a_file_has_as_many_tasks_as_allowed_and_one_more_is_told() {
    let w = World::shanxi();
    let fill = |from: u32, to: u32| {
        let sql = format!(
            "INSERT INTO tasks (task_id, campaign_id, code, authority_id, product_name, product_kind, sampling_kind, \
             quota_batches, regions, state, created_at, changed_at) \
             WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to}) \
             SELECT '00000000-0000-7000-8000-' || SUBSTR('000000000000' || CAST(n.i AS TEXT), \
             LENGTH(CAST(n.i AS TEXT)) + 1), r.campaign_id, 'X' || CAST(n.i AS TEXT), r.authority_id, r.product_name, \
             r.product_kind, r.sampling_kind, r.quota_batches, '[]', r.state, r.created_at, r.changed_at \
             FROM n, (SELECT * FROM tasks WHERE task_id = '{}') r",
            w.id("task", "T1")
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
    let takes = || w.call("GET", "晋城", "/v1/tasks.csv", Value::Null);
    let there = u32::try_from(takes().expect(200).raw.lines().count()).unwrap() - 1;
    fill(1, TASKS_EXPORTED_MAX - there);
    let file = takes().expect(200).raw;
    assert_eq!(file.lines().count(), TASKS_EXPORTED_MAX as usize + 1);
    fill(TASKS_EXPORTED_MAX, TASKS_EXPORTED_MAX);
    takes().expect_problem(422, "export_too_long");
}
