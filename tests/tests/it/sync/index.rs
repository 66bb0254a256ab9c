//! The duplicate index as it comes down: to the phones whose tasks it concerns, and to no others.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::clock::Clock as _;
use fieldseal_tests::Answer;
use serde_json::{Value, json};
use sync_core::model::{EnterpriseKey, ProductKey};
use sync_core::rules::index::{product_index_keys, year_index_key};

use super::kit::*;

const HEADER: &str = "source,confidence,authority,sheet_no,sampled_on,sampling_kind,enterprise_uscc,region,product_name,\
    producer_uscc,standards,trademark,spec_model\n";
const AUTHORITY: &str = "140000示例市场监督管理局";
const USCC: &str = "911405250000B1E536";

/// A prior sampling of one product, made on a day.
fn prior(sheet: &str, day: &str) -> String {
    format!(
        "{HEADER}e-CQS,confirmed,{AUTHORITY},{sheet},{day},routine,{USCC},140525,检查井盖,{USCC},GB/T 23858-2009,示例,Φ700\n"
    )
}

fn import(world: &World, file: &str) {
    let body = file.as_bytes().to_vec();
    let path = "/v1/imports/prior-samplings";
    let answer = world
        .server
        .call_raw("POST", path, Some(&world.admin), "text/csv", Some(body));
    assert_eq!(answer.expect(200).body["created"], 1);
}

/// A task of a product, given to a team of the first sampler alone; its id and the team's.
fn assign(world: &World, code: &str, product: &str) -> (String, String) {
    let list = world.server.get("/v1/organisations", &world.admin);
    let organisations = list.body["items"].as_array().unwrap();
    let authority = organisations.iter().find(|it| it["name"] == AUTHORITY);
    let authority = authority.unwrap()["organisation_id"].clone();
    let post = |path: &str, body: Value| {
        let answer = world.server.post(path, &world.admin, body);
        assert!(answer.status < 300, "{path}: {}", answer.body);
        answer
    };
    let campaign = json!({ "authority_id": authority, "code": code, "name": "示例抽查" });
    let campaign = post("/v1/campaigns", campaign).text("campaign_id");
    let team = json!({ "body_id": world.body, "campaign_id": campaign, "name": code, "members": [world.users[0]] });
    let team = post("/v1/teams", team).text("team_id");
    let task = json!({
        "campaign_id": campaign, "code": "T1", "product_name": product, "sampling_kind": "routine",
        "plan_no": code, "quota_batches": 10,
    });
    let task = post("/v1/tasks", task).text("task_id");
    post(&format!("/v1/tasks/{task}/approval"), Value::Null);
    let to = json!({ "body_id": world.body, "team_id": team, "reason": "任务" });
    post(&format!("/v1/tasks/{task}/assignment"), to);
    (task, team)
}

/// The kinds of the rows of an answer, after those that it removes were taken away.
fn kinds(answer: &Answer) -> Vec<String> {
    let mut rows: Vec<Value> = Vec::new();
    for page in items(answer, "index") {
        for row in page["rows"].as_array().unwrap() {
            // A person of two teams may be told a row twice; a row is put by its name.
            rows.retain(|had| had["row_id"] != row["row_id"]);
            rows.push(row.clone());
        }
        let removed = page["removed"].as_array().unwrap();
        rows.retain(|row| !removed.contains(&row["row_id"]));
    }
    let mut kinds: Vec<String> = rows
        .iter()
        .map(|row| row["kind"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds
}

#[test]
fn a_phone_finds_an_earlier_sampling_by_the_hash_that_it_computes_itself() {
    let world = world();
    import(&world, &prior("X-1", "2025-01-10"));
    assign(&world, "JC-1", "检查井盖");
    let answer = world.push(0, &Page::default());
    let page = &items(&answer, "index")[0];
    let key = STANDARD.decode(page["key"].as_str().unwrap()).unwrap();
    let uscc = USCC.parse().unwrap();
    let standards = ["GB／T 23858—2009".to_owned()];
    let product = ProductKey::new(Some(&uscc), "", &standards, "示例", "φ700");
    let mut wanted = product_index_keys(&key, product.fact());
    let party = EnterpriseKey(format!("uscc:{USCC}"));
    wanted.push(year_index_key(&key, &party, 2025));
    for (kind, hash) in wanted {
        let rows = page["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["key_hash"] == hash.to_string());
        let row = row.unwrap_or_else(|| panic!("no row of {kind:?}: {page}"));
        assert_eq!(row["kind"], kind.as_str());
        assert_eq!(row["sampled_on"], "2025-01-10");
        assert_eq!(row["level"], "province");
    }
    assert!(page["as_of_ms"].as_i64().unwrap() > 0);
    for secret in [USCC, "X-1", "示例", "e-CQS"] {
        assert!(!page.to_string().contains(secret), "{secret}: {page}");
    }
}

#[test]
fn the_index_reaches_the_team_of_a_task_of_that_product_and_nobody_else() {
    let world = world();
    assign(&world, "JC-1", "检查井盖");
    assign(&world, "JC-2", "水泥");
    import(&world, &prior("X-1", "2025-01-10"));
    assert_eq!(
        kinds(&world.push(0, &Page::default())),
        ["product", "standard", "year"]
    );
    assert!(
        items(&world.push(1, &Page::default()), "index").is_empty(),
        "a colleague without a task learns nothing"
    );
}

#[test]
fn a_product_of_nobodys_task_is_fed_to_nobody_but_the_party_s_year_is() {
    let world = world();
    assign(&world, "JC-2", "水泥");
    import(&world, &prior("X-1", "2025-01-10"));
    assert_eq!(kinds(&world.push(0, &Page::default())), ["year"]);
}

#[test]
fn a_sampling_that_turns_out_a_duplicate_leaves_the_index() {
    let world = world();
    assign(&world, "JC-1", "检查井盖");
    import(&world, &prior("X-2", "2025-02-10"));
    let first = world.push(0, &Page::default());
    assert_eq!(kinds(&first), ["product", "standard", "year"]);
    import(&world, &prior("X-1", "2025-01-10"));
    let next = world.push(0, &Page::default().since(&first));
    let removed = items(&next, "index")
        .iter()
        .map(|page| page["removed"].as_array().unwrap().len())
        .sum::<usize>();
    assert_eq!(removed, 3, "the later one no longer counts");
    assert_eq!(kinds(&next), ["product", "standard", "year"]);
    let whole = world.push(0, &Page::default());
    assert_eq!(
        kinds(&whole),
        ["product", "standard", "year"],
        "from the beginning it is the same"
    );
}

#[test]
fn rows_of_a_task_that_moved_away_are_taken_back_from_the_phone_and_only_those() {
    let world = world();
    let (covers, _) = assign(&world, "JC-1", "检查井盖");
    import(&world, &prior("X-1", "2025-01-10"));
    let first = world.push(0, &Page::default());
    assert_eq!(kinds(&first), ["product", "standard", "year"]);
    // A second task of another product keeps the party's year, and nothing else, on the phone.
    assign(&world, "JC-2", "水泥");
    let path = format!("/v1/tasks/{covers}/assignment");
    let other = world
        .server
        .organisation(&world.admin, "inspection_body", "140400");
    let to = json!({ "body_id": other, "reason": "改派" });
    world.server.post(&path, &world.admin, to).expect(200);
    let moved = world.push(0, &Page::default());
    assert_eq!(kinds(&moved), ["year"], "{}", moved.body);
    // Back again, for the whole body this time: the colleague hears of it as well.
    let to = json!({ "body_id": world.body, "reason": "改派" });
    world.server.post(&path, &world.admin, to).expect(200);
    for phone in [0, 1] {
        let answer = world.push(phone, &Page::default());
        assert_eq!(kinds(&answer), ["product", "standard", "year"]);
    }
    let path = format!("/v1/tasks/{covers}/cancellation");
    let why = json!({ "reason": "计划调整" });
    world.server.post(&path, &world.admin, why).expect(200);
    assert_eq!(kinds(&world.push(0, &Page::default())), ["year"]);
    assert!(kinds(&world.push(1, &Page::default())).is_empty());
}

#[test]
fn whoever_leaves_a_team_forgets_its_rows_and_the_others_do_not() {
    let world = world();
    let (_, team) = assign(&world, "JC-1", "检查井盖");
    import(&world, &prior("X-1", "2025-01-10"));
    let path = format!("/v1/teams/{team}");
    let roster = |members: Value| {
        let body = json!({ "members": members });
        let answer = world.server.call("PATCH", &path, Some(&world.admin), body);
        answer.expect(200);
    };
    roster(json!([world.users[0], world.users[1]]));
    let all = ["product", "standard", "year"];
    assert_eq!(kinds(&world.push(1, &Page::default())), all);
    roster(json!([world.users[0]]));
    assert!(kinds(&world.push(1, &Page::default())).is_empty());
    assert_eq!(kinds(&world.push(0, &Page::default())), all);
}

#[test]
fn the_index_is_as_of_the_last_whole_answer_even_if_nobody_was_sampled() {
    let world = world();
    let answer = world.push(0, &Page::default());
    assert!(items(&answer, "index").is_empty());
    assert_eq!(answer.body["more"], false);
    assert_eq!(answer.body["as_of_ms"], world.server.clock.now());
}
