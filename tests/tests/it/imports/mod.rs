//! `/v1/imports`.

use std::sync::atomic::{AtomicBool, Ordering};

use fieldseal_tests::TestServer;
use fieldseal_tests::server::Answer;
use sync_core::limits::{
    IMPORT_BYTES_MAX, IMPORT_CHUNK_ROWS, IMPORT_ROWS_MAX, JSON_BODY_BYTES_MAX,
};

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

const HISTORY: &str = "source,confidence,sheet_no,sampled_on,sampling_kind,region,product_name\n";

#[test]
fn line_ends_quoted_line_breaks_and_empty_rows_are_as_spreadsheets_write_them() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let file = "统一社会信用代码,企业名称,行政区划,地址\r\n\
        911405250000B1E536,泽州示例铸造,140525,\"示例路 1 号\r\n3 栋, 东门\"\r\n,,,\r\n\r\n\
        911405810000B3G78X,高平示例服饰,140581,\r\n";
    let report = import(&server, &admin, "enterprises", "?dry_run=true", file);
    let report = report.expect(200).body;
    assert_eq!(report["created"], 1, "{report}");
    // The line counts what is quoted: it is the line that an editor shows.
    assert_eq!(report["bad"][0]["line"], 6, "{report}");
    assert_eq!(report["bad"][0]["column"], "uscc");
    assert_eq!(report["bad"].as_array().unwrap().len(), 1);
}

#[test]
fn a_file_without_rows_or_without_anything_or_in_another_encoding_is_told_as_such() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let told = |file: &[u8]| {
        let path = "/v1/imports/enterprises";
        let bytes = Some(file.to_vec());
        let answer = server.call_raw("POST", path, Some(&admin), "text/csv", bytes);
        let answer = answer.expect_problem(422, "import_invalid");
        answer.text("detail")
    };
    for empty in [&b""[..], b"\xef\xbb\xbf", b" \r\n\n"] {
        assert!(told(empty).contains("empty"));
    }
    assert!(told(b"\xc6\xf3\xd2\xb5\xc3\xfb\xb3\xc6,region\n").contains("GBK"));
    assert!(told("企业名称;行政区划\n".as_bytes()).contains("企业名称;行政区划"));
    assert!(told("企业名称\n".as_bytes()).contains("region (行政区划) is missing"));
    let header = import(&server, &admin, "enterprises", "", HEADER).expect(200);
    assert_eq!(header.body["created"], 0);
}

#[test]
fn days_and_words_are_taken_as_people_write_them() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let header = "来源,可信程度,抽样单编号,抽样日期,任务类别,抽查环节,行政区划\n";
    let days = [
        "2025-02-01",
        "2025/2/1",
        "2025年2月1日",
        "20250201",
        "2025/2/1 0:00",
    ];
    let rows = days.iter().enumerate();
    let rows: String = rows
        .map(|(n, day)| format!("台账,已确认,N-{n},{day},专项抽查,流通领域,140525\n"))
        .collect();
    let file = format!("{header}{rows}");
    let report = import(&server, &admin, "prior-samplings", "", &file);
    assert_eq!(report.expect(200).body["created"], 5);
    let listed = server.get("/v1/prior-samplings", &admin).expect(200).body;
    for item in listed["items"].as_array().unwrap() {
        assert_eq!(item["sampled_on"], "2025-02-01");
        assert_eq!(item["confidence"], "confirmed");
    }
    let bad = format!(
        "{header}台账,已确认,M-1,01/02/2025,专项,流通,140525\n台账,也许,M-2,2025-02-01,专项,流通,140525\n\
         台账,已确认,M-3,2025-02-01,突击,流通,140525\n台账,已确认,M-4,2025-02-01,专项,路边,140525\n"
    );
    let report = import(&server, &admin, "prior-samplings", "?dry_run=true", &bad);
    let report = report.expect(200).body;
    let columns = report["bad"].as_array().unwrap().iter();
    let columns: Vec<_> = columns
        .map(|bad| bad["column"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        columns,
        ["sampled_on", "confidence", "sampling_kind", "channel"]
    );
}

#[test]
fn one_number_with_another_content_is_a_bad_row_and_changes_nothing() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let first = format!("{HISTORY}e-CQS,reported,X-1,2025-02-01,routine,140525,检查井盖\n");
    import(&server, &admin, "prior-samplings", "", &first).expect(200);
    let other = first.replace("2025-02-01", "2025-01-01");
    let report = import(&server, &admin, "prior-samplings", "?dry_run=true", &other);
    let report = report.expect(200).body;
    assert_eq!(report["bad"][0]["code"], "conflict");
    assert_eq!(report["bad"][0]["column"], "sheet_no");
    let elsewhere = other.replace("e-CQS", "台账");
    let report = import(&server, &admin, "prior-samplings", "", &elsewhere);
    assert_eq!(
        report.expect(200).body["created"],
        1,
        "another source has its own"
    );
}

#[test]
fn two_rows_that_contradict_each_other_in_one_file_are_a_bad_file() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let file = format!(
        "{HEADER}911405250000B1E536,泽州示例铸造,140525\n911405250000B1E536,泽州示例铸造,140525\n\
         911405250000B1E536,泽州另一铸造,140525\n"
    );
    let report = import(&server, &admin, "enterprises", "?dry_run=true", &file);
    let report = report.expect(200).body;
    assert_eq!(
        (report["created"].as_u64(), report["unchanged"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(report["bad"][0]["line"], 4);
    assert_eq!(report["bad"][0]["code"], "conflict");
}

/// Enterprises without a code, so many.
fn many(rows: usize) -> String {
    let rows = (0..rows).map(|n| format!(",示例第{n}厂,140525\n"));
    format!("{HEADER}{}", rows.collect::<String>())
}

#[test]
fn a_file_of_many_chunks_is_written_whole_and_a_bad_row_at_its_end_changes_nothing() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let rows = 3 * IMPORT_CHUNK_ROWS + 1;
    let kept = |table: &str| server.rows()[table].len();
    let bad = format!("{},坏,310115\n", many(rows));
    let before = kept("enterprises");
    let answer = import(&server, &admin, "enterprises", "", &bad);
    answer.expect_problem(422, "import_invalid");
    assert_eq!(kept("enterprises"), before);
    let report = import(&server, &admin, "enterprises", "?skip_bad=true", &bad);
    let report = report.expect(200).body;
    assert_eq!(report["created"], rows, "{report}");
    assert_eq!(report["bad"].as_array().unwrap().len(), 1, "{report}");
    // What a server that died half-way had written is known, and the rest is made.
    let report = import(&server, &admin, "enterprises", "", &many(rows + 70));
    let report = report.expect(200).body;
    assert_eq!(
        (report["created"].as_u64(), report["unchanged"].as_u64()),
        (Some(70), Some(rows as u64))
    );
    assert_eq!(kept("enterprises"), before + rows + 70);
}

#[test]
fn rows_that_contradict_each_other_from_one_chunk_to_another_are_a_bad_file() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let rows = (0..2 * IMPORT_CHUNK_ROWS)
        .map(|n| format!("e-CQS,reported,C-{n},2025-02-01,routine,140525,检查井盖\n"));
    let file = format!(
        "{HISTORY}{}e-CQS,reported,C-0,2025/2/1,routine,140525,检查井盖\ne-CQS,reported,C-1,2025-01-31,routine,140525,检查井盖\n",
        rows.collect::<String>()
    );
    let answer = import(&server, &admin, "prior-samplings", "", &file);
    let answer = answer.expect_problem(422, "import_invalid");
    let errors = answer.body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "one day has many spellings: {errors:?}");
    let line = 2 * IMPORT_CHUNK_ROWS + 3;
    assert_eq!(errors[0]["field"], format!("line {line}, column sheet_no"));
    assert!(server.rows()["prior_samplings"].is_empty());
}

#[test]
fn others_write_while_a_large_file_is_imported() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let file = many(20 * IMPORT_CHUNK_ROWS);
    let done = AtomicBool::new(false);
    let made = std::thread::scope(|scope| {
        let importing = scope.spawn(|| {
            let report = import(&server, &admin, "enterprises", "", &file);
            done.store(true, Ordering::SeqCst);
            report.expect(200)
        });
        let mut made = 0;
        while !done.load(Ordering::SeqCst) {
            let new = serde_json::json!({ "name": format!("旁边第{made}厂"), "region": "140525" });
            server.post("/v1/enterprises", &admin, new).expect(201);
            made += 1;
        }
        importing.join().unwrap();
        made
    });
    // A file that held the database throughout would let in those who came before it, and who waited for its end.
    assert!(made > 4, "{made} came through");
}

#[test]
fn a_file_of_the_most_rows_is_taken_and_one_more_is_told() {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let file = |rows: usize| {
        let rows = (0..rows).map(|n| {
            format!("e-CQS,reported,L-{n},2025-02-01,routine,140525,检查井盖（重型，球墨铸铁，道路用）第{n}种规格\n")
        });
        format!("{HISTORY}{}", rows.collect::<String>())
    };
    let most = file(IMPORT_ROWS_MAX);
    assert!(
        most.len() > JSON_BODY_BYTES_MAX,
        "longer than a JSON body may be"
    );
    let report = import(&server, &admin, "prior-samplings", "?dry_run=true", &most);
    assert_eq!(report.expect(200).body["created"], IMPORT_ROWS_MAX);
    let answer = import(
        &server,
        &admin,
        "prior-samplings",
        "",
        &file(IMPORT_ROWS_MAX + 1),
    );
    let answer = answer.expect_problem(422, "import_invalid");
    assert!(answer.text("detail").contains("split it"));
    let long = "长".repeat(IMPORT_BYTES_MAX / 3 + 1);
    import(&server, &admin, "prior-samplings", "", &long).expect_problem(413, "body_too_large");
}
