//! `GET /v1/rulebooks/{id}/versions/{version}/differences`.

use fieldseal_tests::TestServer;
use serde_json::{Value, json};

/// A version of Shanghai's rulebook.
fn text(version: i64, max_visits: i64) -> String {
    format!(
        "id = 'shanghai'\nversion = {version}\nextends = 'national'\nregion = '310000'\n\
         effective_from = '2025-0{}-01'\nsource = '沪'\n[rules.YEAR3]\nenabled = true\nmax_visits = {max_visits}\n",
        version + 3
    )
}

/// The lines that are not in both.
fn changed(told: &Value) -> Vec<String> {
    let lines = told["lines"].as_array().unwrap().iter();
    let changed = lines.filter(|line| line["change"] != "kept");
    changed
        .map(|line| {
            format!(
                "{} {}",
                line["change"].as_str().unwrap(),
                line["text"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn a_version_is_compared_with_the_one_before_it_or_with_any_other() {
    let server = TestServer::start();
    let admin = server.admin("310000");
    for (version, max_visits) in [(2, 2), (3, 5)] {
        let body = json!({ "text": text(version, max_visits) });
        server.post("/v1/rulebooks", &admin, body).expect(201);
    }
    let elsewhere = server.admin("140000");
    let told = |path: &str| {
        let path = format!("/v1/rulebooks/{path}");
        server.get(&path, &elsewhere).expect(200).body
    };
    let newest = told("shanghai/versions/3/differences");
    assert_eq!(
        (&newest["version"]["version"], &newest["from"]["version"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(
        changed(&newest),
        [
            "removed version = 2",
            "added version = 3",
            "removed effective_from = '2025-05-01'",
            "added effective_from = '2025-06-01'",
            "removed max_visits = 2",
            "added max_visits = 5",
        ]
    );
    let far = told("shanghai/versions/3/differences?from=1");
    assert_eq!(far["from"]["version"], 1);
    assert!(changed(&far).len() > 6);
    let back = told("shanghai/versions/2/differences?from=3");
    assert!(changed(&back).contains(&"added max_visits = 2".to_owned()));
    let first = told("national/versions/1/differences");
    assert_eq!((&first["from"], changed(&first)), (&Value::Null, vec![]));
    for path in [
        "shanghai/versions/9/differences",
        "shanghai/versions/3/differences?from=9",
    ] {
        let answer = server.get(&format!("/v1/rulebooks/{path}"), &elsewhere);
        answer.expect_problem(404, "not_found");
    }
    let odd = server.get(
        "/v1/rulebooks/shanghai/versions/3/differences?from=x",
        &elsewhere,
    );
    odd.expect_problem(400, "query_invalid");
}
