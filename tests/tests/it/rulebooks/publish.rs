//! `POST /v1/rulebooks`.

use fieldseal_tests::TestServer;
use serde_json::{Value, json};

const TEXT: &str = "id = 'shanghai'\nversion = 2\nextends = 'national'\nregion = '310000'\n\
    effective_from = '2025-05-01'\nsource = '沪'\n[rules.YEAR3]\nenabled = true\nmax_visits = 2\n";

fn publish(server: &TestServer, token: &str, text: &str) -> fieldseal_tests::Answer {
    server.post("/v1/rulebooks", token, json!({ "text": text }))
}

#[test]
fn a_version_is_published_once_and_read_by_anybody() {
    let server = TestServer::start();
    let admin = server.admin("310000");
    let made = publish(&server, &admin, TEXT).expect(201);
    assert_eq!(
        (made.text("rulebook_id"), made.body["version"].as_i64()),
        ("shanghai".to_owned(), Some(2))
    );
    publish(&server, &admin, TEXT).expect(200);
    let elsewhere = server.admin("140000");
    let path = "/v1/rulebooks/shanghai/versions/2";
    assert_eq!(server.get(path, &elsewhere).expect(200).text("text"), TEXT);
    let list = server.get("/v1/rulebooks", &elsewhere).expect(200).body;
    let names: Vec<_> = list["items"].as_array().unwrap().iter().collect();
    let names: Vec<_> = names
        .iter()
        .map(|item| {
            format!(
                "{}@{}",
                item["rulebook_id"].as_str().unwrap(),
                item["version"]
            )
        })
        .collect();
    assert_eq!(
        names,
        ["national@1", "shanghai@1", "shanghai@2", "shanxi@1"]
    );
    let none = "/v1/rulebooks/shanghai/versions/3";
    server
        .get(none, &elsewhere)
        .expect_problem(404, "not_found");
}

#[test]
fn what_is_no_next_version_of_ones_own_rulebook_is_refused_by_code() {
    let server = TestServer::start();
    let admin = server.admin("310000");
    let told = |text: &str, status: u16, code: &str| -> Value {
        let answer = publish(&server, &admin, text).expect_problem(status, code);
        answer.body["errors"][0]["field"].clone()
    };
    let unknown = TEXT.replace("max_visits", "colour");
    assert_eq!(
        told(&unknown, 422, "rulebook_invalid"),
        "rulebook.unknown_parameter"
    );
    assert_eq!(told("id =", 422, "rulebook_invalid"), "rulebook.syntax");
    let skipped = TEXT.replace("version = 2", "version = 3");
    assert_eq!(told(&skipped, 422, "value_invalid"), "version");
    let past = TEXT.replace("2025-05-01", "2025-02-28");
    assert_eq!(told(&past, 422, "value_invalid"), "effective_from");
    let elsewhere = TEXT.replace("310000", "140000");
    assert_eq!(told(&elsewhere, 403, "scope_forbidden"), "region");
    let district = TEXT.replace("310000", "310115");
    assert_eq!(told(&district, 409, "conflict"), "id");
}

#[test]
fn year3_lowered_to_two_changes_a_later_verdict_and_leaves_old_ones() {
    let server = TestServer::start();
    let admin = server.admin("310000");
    let authority = server.get("/v1/organisations", &admin).expect(200);
    let authority = authority.body["items"][0]["organisation_id"].clone();
    // Two enterprises with three visits each: the third one before and after the new version takes effect.
    let record = |token: &str, uscc: &str, day: &str| {
        let number = format!("{uscc}/{day}");
        let new = json!({
            "source": "e-CQS", "confidence": "confirmed", "authority_id": authority, "sheet_no": number,
            "sampled_on": day, "sampling_kind": "routine", "enterprise_uscc": uscc, "region": "310115",
            "producer_uscc": uscc, "producer_name": "沪示例", "standards": ["GB/T 1-2020"],
            "trademark": "示例", "spec_model": day,
        });
        server.post("/v1/prior-samplings", token, new).expect(201);
    };
    let [early, late] = ["911405250000B1E536", "921405020000B2F60D"];
    for (uscc, day) in [
        (early, "2025-01-06"),
        (early, "2025-01-13"),
        (early, "2025-02-03"),
        (late, "2025-01-06"),
        (late, "2025-01-13"),
    ] {
        record(&admin, uscc, day);
    }
    let standing = |token: &str| {
        let list = server.get("/v1/prior-samplings", token).expect(200).body;
        list["items"].as_array().unwrap().clone()
    };
    let before = standing(&admin);
    assert!(
        before.iter().all(|item| item["validity"] == "valid"),
        "{before:?}"
    );
    publish(&server, &admin, TEXT).expect(201);
    assert_eq!(standing(&admin), before, "what was ruled keeps its version");

    server.clock.advance_ms(70 * 86_400_000);
    let admin = server.log_in("admin-310000");
    record(&admin, late, "2025-05-06");
    let after = standing(&admin);
    assert_eq!(after[..5], before[..]);
    assert_eq!(after[5]["validity"], "needs_ruling", "{}", after[5]);
    let finding = &after[5]["findings"][0];
    assert_eq!(
        (&finding["rule_id"], &finding["rulebook"]),
        (&json!("YEAR3"), &json!("shanghai@2"))
    );
}
