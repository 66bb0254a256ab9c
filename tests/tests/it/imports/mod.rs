//! `/v1/imports`.

use fieldseal_tests::TestServer;
use fieldseal_tests::server::Answer;

const HEADER: &str = "统一社会信用代码,企业名称,行政区划\n";

fn import(server: &TestServer, token: &str, kind: &str, query: &str, file: &str) -> Answer {
    let path = format!("/v1/imports/{kind}{query}");
    server.call_raw(
        "POST",
        &path,
        Some(token),
        "text/csv",
        Some(file.as_bytes().to_vec()),
    )
}

fn enterprises(server: &TestServer, token: &str) -> usize {
    let list = server.get("/v1/enterprises", token).expect(200);
    list.body["items"].as_array().unwrap().len()
}

#[test]
fn a_dry_run_names_each_bad_row_and_writes_nothing() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let file = format!(
        "{HEADER}911405250000B1E536,泽州示例铸造,140525\n911405250000B1E537,坏,140525\n,远,310115\n,,140525\n"
    );
    let report = import(&server, &admin, "enterprises", "?dry_run=true", &file)
        .expect(200)
        .body;
    assert_eq!(report["created"], 1);
    assert_eq!(report["written"], false);
    let bad: Vec<_> = report["bad"].as_array().unwrap().iter().collect();
    let named: Vec<_> = bad
        .iter()
        .map(|bad| {
            (
                bad["line"].as_u64().unwrap(),
                bad["column"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(named, [(3, "uscc"), (4, "region"), (5, "name")]);
    assert_eq!(bad[1]["code"], "scope_forbidden");
    assert_eq!(enterprises(&server, &admin), 0);
}

#[test]
fn a_bad_row_stops_the_file_unless_bad_rows_are_skipped() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let file =
        format!("{HEADER}911405250000B1E536,泽州示例铸造,140525\n911405250000B1E537,坏,140525\n");
    let answer = import(&server, &admin, "enterprises", "", &file);
    let answer = answer.expect_problem(422, "import_invalid");
    assert_eq!(answer.body["errors"][0]["field"], "line 3, column uscc");
    assert_eq!(enterprises(&server, &admin), 0);
    let report = import(&server, &admin, "enterprises", "?skip_bad=true", &file)
        .expect(200)
        .body;
    assert_eq!(
        (report["created"].as_u64(), report["written"].as_bool()),
        (Some(1), Some(true))
    );
    assert_eq!(enterprises(&server, &admin), 1);
}

#[test]
fn the_same_file_again_changes_nothing_with_or_without_a_byte_order_mark() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let file = format!("{HEADER}911405250000B1E536,泽州示例铸造,140525\n,无码示例,140581\n");
    import(&server, &admin, "enterprises", "", &file).expect(200);
    let marked = format!("\u{feff}{file}");
    let again = import(&server, &admin, "enterprises", "", &marked)
        .expect(200)
        .body;
    assert_eq!(
        (again["created"].as_u64(), again["unchanged"].as_u64()),
        (Some(0), Some(2))
    );
    assert_eq!(enterprises(&server, &admin), 2);
}

#[test]
fn a_file_of_another_shape_is_refused_as_a_whole() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    for file in [
        "name\nx\n",
        "name,region,colour\nx,140525,red\n",
        "name,name,region\nx,x,140525\n",
    ] {
        import(&server, &admin, "enterprises", "", file).expect_problem(422, "import_invalid");
    }
    let path = "/v1/imports/enterprises";
    let gbk = b"name,region\n\xd6\xd0,140525\n".to_vec();
    server
        .call_raw("POST", path, Some(&admin), "text/csv", Some(gbk))
        .expect_problem(422, "import_invalid");
    server
        .call_raw(
            "POST",
            path,
            Some(&admin),
            "application/json",
            Some(b"{}".to_vec()),
        )
        .expect_problem(415, "media_type_unsupported");
}

#[test]
fn history_with_missing_keys_is_taken_once() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let file = "source,confidence,sampled_on,sampling_kind,sheet_no,authority,enterprise_uscc\n\
        e-CQS,reported,2025-02-01,routine,X-1,140000示例市场监督管理局,911405810000B3G78L\n\
        e-CQS,uncertain,2024-12-01,routine,X-2,,\n";
    let first = import(&server, &admin, "prior-samplings", "", file)
        .expect(200)
        .body;
    assert_eq!(first["created"], 2);
    let again = import(&server, &admin, "prior-samplings", "", file)
        .expect(200)
        .body;
    assert_eq!(
        (again["created"].as_u64(), again["unchanged"].as_u64()),
        (Some(0), Some(2))
    );
    let future = "source,confidence,sampled_on,sampling_kind\ne-CQS,reported,2025-03-02,routine\n";
    let report = import(&server, &admin, "prior-samplings", "?dry_run=true", future)
        .expect(200)
        .body;
    assert_eq!(report["bad"][0]["column"], "sampled_on");
}

#[test]
fn the_demonstration_loads_through_the_api_alone() {
    let server = TestServer::start();
    let admin = server.admin("000000");
    let read = |kind: &str| {
        let file = format!("{}/demo-data/{kind}.csv", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(file).unwrap()
    };
    let mut made = std::collections::BTreeMap::new();
    for line in read("organisations").lines().skip(1) {
        let cells: Vec<_> = line.split(',').collect();
        let mut body =
            serde_json::json!({ "kind": cells[0], "name": cells[1], "region": cells[3] });
        if !cells[2].is_empty() {
            body["uscc"] = cells[2].into();
        }
        if let Some(parent) = made.get(cells[4]) {
            body["parent_id"] = serde_json::Value::clone(parent);
        }
        let answer = server.post("/v1/organisations", &admin, body).expect(201);
        made.insert(cells[1].to_owned(), answer.body["organisation_id"].clone());
    }
    for (kind, rows) in [
        ("enterprises", 12),
        ("campaigns", 8),
        ("product-rules", 13),
        ("tasks", 10),
    ] {
        let report = import(&server, &admin, kind, "", &read(kind))
            .expect(200)
            .body;
        assert_eq!(report["created"], rows, "{kind}: {report}");
    }
}
