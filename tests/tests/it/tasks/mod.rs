//! `/v1/tasks`, with the campaigns and teams that they need.

mod disclosures;
mod export;
mod recuse;

use fieldseal_tests::TestServer;
use serde_json::{Value, json};

struct World {
    server: TestServer,
    admin: String,
    authority: String,
    body: String,
}

fn world() -> World {
    let server = TestServer::start();
    let admin = server.admin("140000");
    let own = server.get("/v1/organisations", &admin).body["items"][0]["organisation_id"].clone();
    let body = server.organisation(&admin, "inspection_body", "140100");
    World {
        authority: own.as_str().unwrap().to_owned(),
        server,
        admin,
        body,
    }
}

impl World {
    fn campaign(&self, code: &str) -> String {
        let body = json!({ "authority_id": self.authority, "code": code, "name": code });
        self.server
            .post("/v1/campaigns", &self.admin, body)
            .expect(201)
            .text("campaign_id")
    }
    fn task(&self, campaign: &str, enterprises: Value) -> String {
        let body = json!({
            "campaign_id": campaign, "code": "T1", "product_name": "检查井盖", "sampling_kind": "routine",
            "quota_batches": 2, "regions": ["140500"], "enterprises": enterprises,
        });
        self.server
            .post("/v1/tasks", &self.admin, body)
            .expect(201)
            .text("task_id")
    }
    fn assign(&self, task: &str, body: Value) -> Value {
        let approval = format!("/v1/tasks/{task}/approval");
        self.server
            .post(&approval, &self.admin, Value::Null)
            .expect(200);
        let path = format!("/v1/tasks/{task}/assignment");
        self.server.post(&path, &self.admin, body).expect(200).body
    }
}

#[test]
fn a_body_with_two_open_campaigns_at_one_enterprise_is_flagged_before_anyone_travels() {
    let world = world();
    let new = json!({ "name": "泽州示例铸造", "region": "140525", "uscc": "911405250000B1E536" });
    let enterprise = world
        .server
        .post("/v1/enterprises", &world.admin, new)
        .expect(201);
    let targets = json!([enterprise.text("enterprise_id")]);
    let first = world.task(&world.campaign("A"), targets.clone());
    let second = world.task(&world.campaign("B"), targets.clone());
    let to = json!({ "body_id": world.body });
    assert_eq!(world.assign(&first, to.clone())["findings"], json!([]));
    let findings = world.assign(&second, to.clone())["findings"].clone();
    assert_eq!(findings.as_array().unwrap().len(), 1, "{findings}");
    assert_eq!(findings[0]["rule_id"], "ENTRY1-PLAN");
    assert_eq!(findings[0]["task_id"], json!(first));
    assert_eq!(
        findings[0]["enterprise_id"],
        enterprise.body["enterprise_id"]
    );
    // What nobody travels for any more stands in nobody's way, and one campaign groups its tasks.
    let why = json!({ "reason": "计划调整" });
    world
        .server
        .post(
            &format!("/v1/tasks/{first}/cancellation"),
            &world.admin,
            why,
        )
        .expect(200);
    let third = world.task(&world.campaign("C"), targets.clone());
    let findings = world.assign(&third, to.clone())["findings"].clone();
    assert_eq!(findings.as_array().unwrap().len(), 1, "{findings}");
    assert_eq!(findings[0]["task_id"], json!(second));
    let other_body = world
        .server
        .organisation(&world.admin, "inspection_body", "140500");
    let elsewhere = world.task(&world.campaign("D"), targets);
    let to = json!({ "body_id": other_body });
    assert_eq!(world.assign(&elsewhere, to)["findings"], json!([]));
}

#[test]
fn a_body_that_would_enter_one_enterprise_under_two_of_its_keys_is_flagged_while_they_are_one() {
    let world = world();
    let made = |new: Value| {
        let made = world.server.post("/v1/enterprises", &world.admin, new);
        made.expect(201)
    };
    let right =
        made(json!({ "name": "泽州示例铸造", "region": "140525", "uscc": "911405250000B1E536" }));
    let wrong = made(json!({ "name": "泽州示例铸造厂", "region": "140525" }));
    let id = |it: &fieldseal_tests::Answer| it.text("enterprise_id");
    let to = json!({ "body_id": world.body });
    let first = world.task(&world.campaign("A"), json!([id(&wrong)]));
    let second = world.task(&world.campaign("B"), json!([id(&right), id(&wrong)]));
    world.assign(&first, to.clone());
    let path = format!("/v1/enterprises/{}/aliases", id(&right));
    let merge = json!({ "from_key": wrong.text("key"), "reason": "同一企业" });
    let alias = world.server.post(&path, &world.admin, merge).expect(200);
    let third = world.task(&world.campaign("C"), json!([id(&right)]));
    let findings = world.assign(&third, to.clone())["findings"].clone();
    assert_eq!(findings.as_array().unwrap().len(), 1, "{findings}");
    assert_eq!(findings[0]["task_id"], json!(first));
    assert_eq!(
        findings[0]["enterprise_id"],
        json!(id(&right)),
        "as the task names it"
    );
    // Parted again they are two enterprises, and the one task goes to both.
    let undoing = format!("/v1/enterprise-aliases/{}/undoing", alias.text("alias_id"));
    world
        .server
        .post(&undoing, &world.admin, json!({ "reason": "两家企业" }))
        .expect(200);
    let findings = world.assign(&second, to)["findings"].clone();
    let told = |it: &Value| (it["task_id"].clone(), it["enterprise_id"].clone());
    let mut told: Vec<_> = findings.as_array().unwrap().iter().map(told).collect();
    told.sort_by_key(|it| it.0 != json!(first));
    assert_eq!(
        told,
        [
            (json!(first), json!(id(&wrong))),
            (json!(third), json!(id(&right)))
        ]
    );
}

#[test]
fn a_draft_cannot_be_assigned_and_a_cancelled_task_stays_cancelled() {
    let world = world();
    let task = world.task(&world.campaign("A"), json!([]));
    let assignment = format!("/v1/tasks/{task}/assignment");
    let to = json!({ "body_id": world.body });
    world
        .server
        .post(&assignment, &world.admin, to.clone())
        .expect_problem(409, "conflict");
    world.assign(&task, to.clone());
    let cancellation = format!("/v1/tasks/{task}/cancellation");
    let why = json!({ "reason": "计划调整" });
    for _ in 0..2 {
        let answer = world
            .server
            .post(&cancellation, &world.admin, why.clone())
            .expect(200);
        assert_eq!(answer.body["state"], "cancelled");
    }
    world
        .server
        .post(&assignment, &world.admin, to)
        .expect_problem(409, "conflict");
    let detail = world
        .server
        .get(&format!("/v1/tasks/{task}"), &world.admin)
        .expect(200)
        .body;
    let history = detail["history"].as_array().unwrap();
    let events: Vec<_> = history
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["created", "approved", "assigned", "cancelled"]);
    assert_eq!(detail["counting_batches"], 0);
}

#[test]
fn a_sampler_sees_the_tasks_of_own_teams_alone() {
    let world = world();
    let sampler = world
        .server
        .user(&world.admin, &world.body, "li", &["sampler"]);
    world
        .server
        .user(&world.admin, &world.body, "wang", &["sampler"]);
    let campaign = world.campaign("A");
    let task = world.task(&campaign, json!([]));
    let team = json!({
        "body_id": world.body, "campaign_id": campaign, "name": "一组", "members": [sampler],
    });
    let team = world.server.post("/v1/teams", &world.admin, team);
    // The body's region lies in the administrator's, so they may form its team.
    let team = team.expect(201).text("team_id");
    world.assign(&task, json!({ "body_id": world.body, "team_id": team }));
    let li = world.server.log_in("li");
    assert_eq!(
        world.server.get("/v1/tasks", &li).body["items"][0]["task_id"],
        json!(task)
    );
    let wang = world.server.log_in("wang");
    assert_eq!(
        world.server.get("/v1/tasks", &wang).body["items"],
        json!([])
    );
    world
        .server
        .get(&format!("/v1/tasks/{task}"), &wang)
        .expect_problem(404, "not_found");
    let elsewhere = world.server.admin("310000");
    world
        .server
        .get(&format!("/v1/tasks/{task}"), &elsewhere)
        .expect_problem(404, "not_found");
}

#[test]
fn another_task_under_a_taken_number_is_a_conflict_and_the_same_one_is_not() {
    let world = world();
    let campaign = world.campaign("A");
    let task = world.task(&campaign, json!([]));
    let again = json!({
        "campaign_id": campaign, "code": "T1", "product_name": "检查井盖", "sampling_kind": "routine",
        "quota_batches": 2, "regions": ["140500"],
    });
    let same = world
        .server
        .post("/v1/tasks", &world.admin, again.clone())
        .expect(200);
    assert_eq!(same.text("task_id"), task);
    let mut other = again;
    other["quota_batches"] = 3.into();
    world
        .server
        .post("/v1/tasks", &world.admin, other)
        .expect_problem(409, "conflict");
}
