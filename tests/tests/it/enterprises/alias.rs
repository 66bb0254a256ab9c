//! `POST /v1/enterprises/{id}/aliases` and its undoing: what is ruled again.

use fieldseal_tests::{Answer, TestServer};
use serde_json::{Value, json};

const RIGHT: &str = "911405250000B1E536";
const WRONG: &str = "921405020000B2F60D";

struct Case {
    server: TestServer,
    admin: String,
    right: String,
}

/// Four routine visits of one year in Shanghai, the two late ones under a wrong code: each code alone keeps to three.
fn four_visits_under_two_codes() -> Case {
    let server = TestServer::start();
    let admin = server.admin("310000");
    let authority = server.get("/v1/organisations", &admin).expect(200);
    let authority = authority.body["items"][0]["organisation_id"].clone();
    let new = json!({ "name": "沪示例", "region": "310115", "uscc": RIGHT });
    let right = server.post("/v1/enterprises", &admin, new).expect(201);
    for (day, uscc) in [
        ("2025-01-06", RIGHT),
        ("2025-01-13", RIGHT),
        ("2025-02-03", WRONG),
        ("2025-02-10", WRONG),
    ] {
        let new = json!({
            "source": "e-CQS", "confidence": "confirmed", "authority_id": authority, "sheet_no": day,
            "sampled_on": day, "sampling_kind": "routine", "enterprise_uscc": uscc, "region": "310115",
            "product_name": day, "producer_uscc": uscc, "producer_name": "沪示例", "standards": ["GB/T 1-2020"],
            "trademark": "示例", "spec_model": day,
        });
        server.post("/v1/prior-samplings", &admin, new).expect(201);
    }
    Case {
        right: right.text("enterprise_id"),
        server,
        admin,
    }
}

impl Case {
    fn alias(&self, query: &str) -> Answer {
        let path = format!("/v1/enterprises/{}/aliases{query}", self.right);
        let body = json!({ "from_key": format!("uscc:{WRONG}"), "reason": "录错代码" });
        self.server.post(&path, &self.admin, body).expect(200)
    }

    /// Days whose sampling needs a ruling, and the keys that they stand under.
    fn over(&self) -> (Vec<String>, usize) {
        let list = self
            .server
            .get("/v1/prior-samplings", &self.admin)
            .expect(200);
        let items = list.body["items"].as_array().unwrap();
        let over = items
            .iter()
            .filter(|item| item["validity"] == "needs_ruling")
            .map(|item| {
                assert_eq!(item["findings"][0]["rule_id"], "YEAR3", "{item}");
                item["sampled_on"].as_str().unwrap().to_owned()
            });
        let keys: std::collections::BTreeSet<_> = items
            .iter()
            .map(|item| item["enterprise"].to_string())
            .collect();
        (over.collect(), keys.len())
    }
}

#[test]
fn a_corrected_code_brings_the_visits_of_a_year_together_and_undoing_parts_them() {
    let case = four_visits_under_two_codes();
    assert_eq!(case.over(), (vec![], 2));
    let made = case.alias("").expect(200);
    assert_eq!(made.body["again"]["prior_samplings"], 4, "{}", made.body);
    assert_eq!(case.over(), (vec!["2025-02-10".to_owned()], 1));
    let undoing = format!("/v1/enterprise-aliases/{}/undoing", made.text("alias_id"));
    let why = json!({ "reason": "两家企业" });
    case.server.post(&undoing, &case.admin, why).expect(200);
    assert_eq!(case.over(), (vec![], 2));
}

#[test]
fn a_dry_run_says_what_would_be_ruled_again_and_writes_nothing() {
    let case = four_visits_under_two_codes();
    let told = case.alias("?dry_run=true");
    let again = json!({ "visits": 0, "doors": 0, "prior_samplings": 4 });
    assert_eq!(
        (&told.body["again"], &told.body["written"]),
        (&again, &Value::Bool(false))
    );
    assert_eq!(case.over(), (vec![], 2));
    assert_eq!(case.alias("").body["written"], true);
    let undoing = format!("/v1/enterprise-aliases/{}/undoing", told.text("alias_id"));
    let why = json!({ "reason": "x" });
    case.server
        .post(&undoing, &case.admin, why)
        .expect_problem(404, "not_found");
}
