//! `GET /v1/visits` and `GET /v1/visits.csv`: what is asked is found, nothing else, and the file is what the list is.

use fieldseal_tests::scenes::without_reason;
use fieldseal_tests::{Phone, World};
use mobile_ffi::PartyAct;
use serde_json::{Value, json};
use sync_core::model::{DocumentId, SealSubject};

/// Two visits of one body in one campaign, with a sheet each; the second is younger.
struct Field {
    w: World,
    wang: Phone,
    foundry: DocumentId,
    shop: DocumentId,
}

impl Field {
    fn new() -> Self {
        let w = World::shanxi();
        let mut wang = w.phone("王");
        let foundry = wang.enters("铸造");
        wang.draws("T1");
        w.minutes(60);
        let shop = wang.enters("五金店");
        wang.draws("T2");
        wang.syncs();
        Self {
            w,
            wang,
            foundry,
            shop,
        }
    }

    fn rows(&self, who: &str, query: &str) -> Vec<Value> {
        let path = format!("/v1/visits?{query}");
        let page = self.w.call("GET", who, &path, Value::Null).expect(200).body;
        page["items"].as_array().unwrap().clone()
    }

    fn found(&self, query: &str) -> Vec<String> {
        let rows = self.rows("晋城", query);
        let ids = rows.iter().map(|row| row["visit_id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }

    fn file(&self, query: &str) -> String {
        let path = format!("/v1/visits.csv?{query}");
        let answer = self.w.call("GET", "晋城", &path, Value::Null).expect(200);
        assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
        let file = answer.raw.strip_prefix('\u{feff}');
        file.expect("a byte order mark").to_owned()
    }
}

#[test]
fn a_visit_is_found_by_whatever_is_known_of_it() {
    let it = Field::new();
    let (foundry, shop) = (it.foundry.to_string(), it.shop.to_string());
    let both = [shop.clone(), foundry.clone()];
    assert_eq!(it.found(""), both, "newest first");
    let row = it.rows("晋城", "name=铸造").remove(0);
    let sheet = row["sheet_nos"][0].as_str().unwrap().to_owned();
    let body = it.w.id("organisation", "晋阳");
    let campaign = it.w.id("campaign", "JC-2025-01");
    for (query, of) in [
        ("name=例铸", vec![&foundry]),
        ("name=%20五金%20", vec![&shop]),
        ("product=头盔", vec![&shop]),
        ("product=井盖", vec![&foundry]),
        (&format!("sheet_no={sheet}"), vec![&foundry]),
        ("sheet_no=none", vec![]),
        ("uscc=911405250000B1E536", vec![&foundry]),
        ("enterprise=uscc:921405020000B2F60D", vec![&shop]),
        (&format!("body={body}"), both.iter().collect()),
        (&format!("campaign={campaign}&name=五金"), vec![&shop]),
        ("campaign=00000000-0000-0000-0000-000000000000", vec![]),
        ("region=140525", vec![&foundry]),
        ("region=140500", both.iter().collect()),
        ("region=000000", both.iter().collect()),
        ("region=310000", vec![]),
        ("standing=first", both.iter().collect()),
        ("standing=excess", vec![]),
        ("validity=duplicate", vec![]),
        ("from=2025-03-01&to=2025-03-01", both.iter().collect()),
        ("from=2025-03-02", vec![]),
        ("to=2025-02-28", vec![]),
        ("evidence=missing", both.iter().collect()),
        ("evidence=complete", vec![]),
        ("evidence=none", vec![]),
        ("state=refused", vec![]),
        // Empty fields of a form ask nothing.
        ("name=&product=&from=&uscc=&region=", both.iter().collect()),
        // What people type is no pattern.
        ("name=%25", vec![]),
        ("name=_", vec![]),
        ("name=%5C", vec![]),
        ("name=%00", vec![]),
    ] {
        assert_eq!(
            it.found(query),
            Vec::from_iter(of.into_iter().cloned()),
            "{query}"
        );
    }
    let state = row["state"].as_str().unwrap();
    assert!(
        it.found(&format!("state={state}&name=铸造"))
            .contains(&foundry)
    );
    // Each rule that a row names finds the row.
    for rule in row["rules"].as_array().unwrap() {
        let rule = rule.as_str().unwrap();
        assert!(
            it.found(&format!("rule={rule}")).contains(&foundry),
            "{rule}"
        );
    }
    assert!(!row["rules"].as_array().unwrap().is_empty(), "{row}");
    assert_eq!(it.found("rule=NO_RULE"), [""; 0]);
    assert_eq!(row["campaign_code"], "JC-2025-01");
    assert_eq!(row["body"], "晋阳示例检测");
    assert_eq!(row["products"], json!(["检查井盖"]));
    assert_eq!(row["standings"], json!(["first"]));
}

#[test]
fn a_rule_that_speaks_no_longer_finds_nothing() {
    let it = Field::new();
    assert_eq!(it.found("rule=PLAN"), [""; 0]);
    it.w.cancels("T2").expect(200);
    let cancelled = it.rows("晋城", "name=五金").remove(0);
    let rules = cancelled["rules"].as_array().unwrap().clone();
    let before = it.rows("晋城", "name=铸造").remove(0)["rules"].clone();
    // What the foundry's rulings say now is what its row is found by, whatever was said before.
    for rule in rules {
        let of_foundry = before.as_array().unwrap().contains(&rule);
        let found = it.found(&format!("rule={}&name=铸造", rule.as_str().unwrap()));
        assert_eq!(found.is_empty(), !of_foundry, "{rule}");
    }
    let versions = "SELECT f.subject FROM standing_findings f WHERE NOT EXISTS (SELECT 1 FROM subject_outcomes o \
         JOIN rulings r ON r.ruling_id = o.ruling_id WHERE o.subject = f.subject \
         AND r.findings LIKE '%\"' || f.rule_id || '\"%')";
    assert_eq!(it.w.server.reads(versions).len(), 0);
}

#[test]
fn a_confirmed_refusal_is_found_and_one_that_is_only_reported_is_not() {
    let mut it = Field::new();
    it.w.minutes(60);
    let visit = it.wang.enters("服饰");
    let refusal = without_reason("店主锁门，拒绝抽样", "学生服", "邻店店主");
    let refusal = it.wang.client.refuse(visit, refusal).unwrap();
    let act = PartyAct::Refused {
        reason: "不愿被抽样".to_owned(),
        witness: "邻店店主".to_owned(),
        handwriting: Some(b"handwriting of the neighbour".to_vec()),
    };
    let subject = SealSubject::Refusal(refusal);
    it.wang.tries_to_seal_with(subject, act).unwrap();
    it.wang.syncs();
    assert_eq!(it.found("refusal=confirmed"), [""; 0]);
    assert_eq!(
        it.found("product=学生服&state=refused"),
        [visit.to_string()]
    );
    let path = format!("/v1/refusals/{refusal}/rulings");
    let decision = json!({ "refusal": "confirmed", "reason": "调看门口监控，确系拒检" });
    it.w.call("POST", "晋城", &path, decision).expect(201);
    assert_eq!(it.found("refusal=confirmed"), [visit.to_string()]);
    let row = it.rows("晋城", "refusal=confirmed&name=服饰").remove(0);
    assert_eq!(row["refusals"], json!(["confirmed"]));
    assert!(it.file("refusal=confirmed").contains("已确认"));
}

#[test]
fn pages_walk_through_the_whole_list_once_and_malformed_questions_are_told() {
    let it = Field::new();
    let mut walked = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!("/v1/visits?limit=1{next}");
        let page =
            it.w.call("GET", "晋城", &path, Value::Null)
                .expect(200)
                .body;
        walked.push(page["items"][0]["visit_id"].as_str().unwrap().to_owned());
        match page["next"].as_str() {
            Some(place) => next = format!("&after={place}"),
            None => break,
        }
    }
    assert_eq!(walked, it.found(""));
    let long = "长".repeat(121);
    for (query, status, code) in [
        ("after=x", 400, "query_invalid"),
        ("after=1_2", 400, "query_invalid"),
        ("evidence=all", 400, "query_invalid"),
        ("colour=red", 400, "query_invalid"),
        ("from=yesterday", 400, "query_invalid"),
        (&format!("name={long}"), 400, "query_invalid"),
        ("uscc=911405250000B1E537", 422, "value_invalid"),
        ("region=14", 422, "value_invalid"),
    ] {
        let path = format!("/v1/visits?{query}");
        let answer = it.w.call("GET", "晋城", &path, Value::Null);
        answer.expect_problem(status, code);
    }
}

#[test]
fn nobody_finds_what_they_may_not_see() {
    let it = Field::new();
    // The team of the visits, its body and the authorities above; not another team, another city or another body.
    for who in ["王", "赵", "晋城", "山西"] {
        assert_eq!(it.rows(who, "name=示例").len(), 2, "{who}");
    }
    for who in ["李", "刘"] {
        for query in ["", "name=示例", "standing=first", "uscc=911405250000B1E536"] {
            assert_eq!(it.rows(who, query), Vec::<Value>::new(), "{who} {query}");
        }
        let path = "/v1/visits.csv";
        let file = it.w.call("GET", who, path, Value::Null).expect(200).raw;
        assert_eq!(file.lines().count(), 1, "{who}: {file}");
    }
}

#[test]
fn the_file_is_what_the_filter_finds_and_holds_no_formula() {
    let it = Field::new();
    let renamed = json!({
        "uscc": "911405250000B1E536", "name": "=HYPERLINK(\"http://x\",\"铸造\")", "region": "140525",
    });
    it.w.call("POST", "晋城", "/v1/enterprises", renamed)
        .expect(200);
    let file = it.file("");
    let lines: Vec<_> = file.split("\r\n").collect();
    assert!(
        lines[0].starts_with("企业名称,统一社会信用代码,"),
        "{}",
        lines[0]
    );
    assert_eq!(lines.len(), 4, "{file}");
    assert!(lines[2].starts_with("\"'=HYPERLINK"), "{}", lines[2]);
    assert!(lines[2].ends_with(&it.foundry.to_string()), "{}", lines[2]);
    assert!(lines[1].contains("首次进门") && lines[1].contains("2025-03-01"));
    let some = it.file("name=五金");
    let some: Vec<_> = some.split("\r\n").collect();
    assert_eq!((some.len(), some[1]), (3, lines[1]));

    let trail = it.w.get("/v1/audit-events?act=visits.exported");
    let newest = &trail["items"][0];
    assert_eq!(newest["detail"]["filter"], json!({ "name": "五金" }));
    assert_eq!(newest["user_id"], it.w.id("user", "晋城"));
    assert_eq!(trail["items"].as_array().unwrap().len(), 2);
    let wrong =
        it.w.call("GET", "晋城", "/v1/visits.csv?limit=1", Value::Null);
    wrong.expect_problem(400, "query_invalid");
}

#[test]
fn a_file_is_longer_than_a_page() {
    let it = Field::new();
    // Copies of one row, under other names: as many as three pages hold.
    it.w.server.runtime.block_on(async {
        let mut tx = it.w.server.app.store.begin().await.unwrap();
        let columns = "campaign_id, body_id, team_id, enterprise, uscc, enterprise_name, region, state, entered_at, \
             sort_at, samples, conflicts, fact, changed_at, name_searched, products_searched";
        for number in 0..500_u32 {
            let mut id = [0_u8; 32];
            id[..4].copy_from_slice(&number.to_be_bytes());
            let sql = format!(
                "INSERT INTO visits (document_id, {columns}) SELECT $1, {columns} FROM visits WHERE document_id = $2"
            );
            let copy = fieldseal_server::store::Statement { name: "copy", sql: sql.leak() };
            let values = fieldseal_server::args![DocumentId(id), it.foundry];
            tx.exec(&copy, values).await.unwrap();
        }
        tx.commit().await.unwrap();
    });
    let file = it.file("name=铸造");
    let ids: std::collections::BTreeSet<_> = file
        .lines()
        .skip(1)
        .map(|it| &it[it.len() - 64..])
        .collect();
    assert_eq!(ids.len(), 501);
    assert_eq!(file.lines().count(), 502);
}

/// Visits whose row tells something else of their evidence than there is.
const MISCOUNTED: &str = "SELECT v.document_id FROM visits v WHERE \
    v.evidence_listed <> (SELECT COUNT(*) FROM evidence e WHERE e.document_id = v.document_id) OR \
    v.evidence_here <> (SELECT COUNT(*) FROM evidence e JOIN evidence_proofs p \
        ON p.document_id = e.document_id AND p.sha256 = e.sha256 JOIN blobs b \
        ON b.sha256 = e.sha256 AND b.size_bytes = e.size_bytes WHERE e.document_id = v.document_id)";

#[test]
fn how_far_evidence_is_follows_every_upload_and_every_entry_of_the_manifest() {
    let it = Field::new();
    let foundry = it.foundry.to_string();
    let is = |state: &str| {
        let found = it.found(&format!("evidence={state}&name=铸造")) == [foundry.clone()];
        assert_eq!(it.w.server.reads(MISCOUNTED).len(), 0);
        found
    };
    let pieces = || {
        let told = it.w.get(&format!("/v1/visits/{foundry}/evidence"));
        told["items"].as_array().unwrap().clone()
    };
    let bring = |piece: &Value| {
        let sha256 = piece["sha256"].as_str().unwrap().parse().unwrap();
        let size = piece["size_bytes"].as_i64().unwrap();
        it.w.brings(&it.wang, it.foundry, sha256, size);
    };
    let listed = pieces();
    let (last, others) = listed.split_last().unwrap();
    for piece in others {
        bring(piece);
        assert!(is("missing") && !is("complete"));
    }
    bring(last);
    assert!(is("complete") && !is("missing"));
    // Brought again, nothing is counted twice; one more that is listed is not here yet.
    bring(last);
    assert!(is("complete"));
    let input = mobile_ffi::EvidenceInput {
        kind: "other".to_owned(),
        medium: "photo".to_owned(),
        sample_id: None,
        mime: "image/jpeg".to_owned(),
        bytes: b"one more".to_vec(),
    };
    it.wang.client.add_evidence(it.foundry, input).unwrap();
    it.wang.syncs();
    assert!(is("missing") && !is("complete") && !is("none"));
    bring(
        pieces()
            .iter()
            .find(|piece| piece["state"] != "verified")
            .unwrap(),
    );
    assert!(is("complete"));
}
