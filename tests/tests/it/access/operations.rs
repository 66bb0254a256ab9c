//! The OpenAPI document and the operation table are one; each operation keeps strangers out.

use std::collections::BTreeMap;

use fieldseal_server::access::gate::operations_of;
use fieldseal_server::access::operations::{Elsewhere, OPERATIONS, Operation, Scope, Who};
use fieldseal_server::access::role::word;
use fieldseal_server::router::document;
use fieldseal_tests::{TestDevice, TestServer};
use serde_json::Value;
use sync_core::proof::Role;

/// Every operation with its method.
fn documented() -> BTreeMap<String, String> {
    let document = document();
    let items = document.paths.paths.values().flat_map(operations_of);
    items.map(|(method, id)| (id, method.to_string())).collect()
}

#[test]
fn every_operation_stands_in_the_table_and_every_row_is_an_operation() {
    let documented: Vec<_> = documented().into_keys().collect();
    let mut listed: Vec<_> = OPERATIONS.iter().map(|row| row.id.to_owned()).collect();
    listed.sort();
    assert_eq!(documented, listed);
}

/// An inspection body, its people and a phone in 山西; the same in 山东, which is elsewhere.
struct World {
    server: TestServer,
    /// Access tokens by role, all in 山西.
    by_role: BTreeMap<String, String>,
    device: TestDevice,
    revoked: TestDevice,
    words: BTreeMap<&'static str, String>,
}

fn world() -> World {
    let server = TestServer::start();
    let here = server.admin("140000");
    let there = server.admin("370000");
    let elsewhere = server.organisation(&there, "inspection_body", "370800");
    let stranger = server.user(&there, &elsewhere, "stranger", &["sampler"]);
    let far = TestDevice::enrolled(&server, &there, &stranger, 1);

    let mut by_role = BTreeMap::new();
    let own =
        server.get("/v1/organisations", &here).expect(200).body["items"][0]["organisation_id"]
            .as_str()
            .expect("the authority")
            .to_owned();
    for (kind, roles) in [
        (
            "authority",
            &[
                "authority",
                "enforcement",
                "quality_section",
                "leader",
                "county",
                "admin",
            ][..],
        ),
        (
            "inspection_body",
            &["sampler", "inspection_body", "lab_receiver"],
        ),
        ("entrusted_unit", &["entrusted_unit"]),
        ("station", &["station"]),
        ("consulted", &["consulted"]),
    ] {
        let organisation = match kind {
            "authority" => own.clone(),
            _ => server.organisation(&here, kind, "140500"),
        };
        for role in roles {
            server.user(&here, &organisation, role, &[role]);
            by_role.insert((*role).to_owned(), server.log_in(role));
        }
    }
    let people = server.get("/v1/users", &here).expect(200);
    let mut items = people.body["items"].as_array().expect("people").iter();
    let sampler = items
        .find(|user| user["username"] == "sampler")
        .expect("a sampler");
    let sampler = sampler["user_id"].as_str().expect("an id");
    let device = TestDevice::enrolled(&server, &here, sampler, 2);
    let revoked = TestDevice::enrolled(&server, &here, sampler, 3);
    let path = format!("/v1/devices/{}/revocation", revoked.id);
    server
        .post(&path, &here, serde_json::json!({ "reason": "stolen" }))
        .expect(200);

    let post = |path: &str, body: Value| server.post(path, &there, body);
    let listed = server.get("/v1/organisations", &there).expect(200).body;
    let mut listed = listed["items"].as_array().expect("a list").iter();
    let theirs = listed.find(|item| item["kind"] == "authority");
    let theirs = theirs.expect("the authority elsewhere")["organisation_id"].clone();
    let new = serde_json::json!({ "authority_id": theirs, "code": "远", "name": "远" });
    let campaign = post("/v1/campaigns", new).expect(201).text("campaign_id");
    let new = serde_json::json!({
        "campaign_id": campaign, "code": "T", "product_name": "远", "sampling_kind": "routine", "quota_batches": 1,
    });
    let task = post("/v1/tasks", new).expect(201).text("task_id");
    let new = serde_json::json!({
        "body_id": elsewhere, "campaign_id": campaign, "name": "远", "members": [stranger],
    });
    let team = post("/v1/teams", new).expect(201).text("team_id");
    let new = serde_json::json!({ "name": "远", "region": "370800" });
    let enterprise = post("/v1/enterprises", new)
        .expect(201)
        .text("enterprise_id");
    let new = serde_json::json!({ "from_key": "device:远", "reason": "远" });
    let alias = post(&format!("/v1/enterprises/{enterprise}/aliases"), new);
    let alias = alias.expect(200).text("alias_id");

    let sessions = server.get("/v1/sessions", &there).expect(200).body;
    let session = sessions["items"][0]["session_id"]
        .as_str()
        .expect("a session")
        .to_owned();

    let words = BTreeMap::from([
        ("{foreign_session}", session),
        ("{foreign_campaign}", campaign),
        ("{foreign_task}", task),
        ("{foreign_team}", team),
        ("{foreign_enterprise}", enterprise),
        ("{foreign_alias}", alias),
        ("{foreign_region}", "370800".to_owned()),
        ("{foreign_organisation}", elsewhere),
        ("{foreign_user}", stranger),
        ("{foreign_device}", far.id),
        ("{own_organisation}", own),
    ]);
    World {
        server,
        by_role,
        device,
        revoked,
        words,
    }
}

impl World {
    fn fill(&self, text: &str) -> String {
        self.words
            .iter()
            .fold(text.to_owned(), |text, (word, value)| {
                text.replace(word, value)
            })
    }

    fn try_row(
        &self,
        row: &Operation,
        method: &str,
        token: Option<&str>,
    ) -> fieldseal_tests::Answer {
        let body = row.probe.body.map_or(Value::Null, |body| {
            serde_json::from_str(&self.fill(body)).expect("the probe's body is JSON")
        });
        self.server
            .call(method, &self.fill(row.probe.path), token, body)
    }

    /// A token of somebody whom the row admits.
    fn admitted(&self, row: &Operation) -> &str {
        if row.scope == Scope::OwnDevice {
            return &self.device.access;
        }
        match row.who {
            Who::Roles(roles) => &self.by_role[&word(&roles[0])],
            Who::Anyone | Who::Public => &self.by_role["sampler"],
        }
    }
}

#[test]
fn every_operation_keeps_strangers_out() {
    let world = world();
    let documented = documented();
    for row in OPERATIONS.iter().filter(|row| row.who != Who::Public) {
        let method = documented[row.id].as_str();
        let told = |answer: &fieldseal_tests::Answer, wanted: u16, code: &str, who: &str| {
            let got = (answer.status, answer.code().to_owned());
            assert_eq!(
                got,
                (wanted, code.to_owned()),
                "{} by {who}: {}",
                row.id,
                answer.body
            );
        };
        told(
            &world.try_row(row, method, None),
            401,
            "token_missing",
            "nobody",
        );
        told(
            &world.try_row(row, method, Some("a.b.c")),
            401,
            "token_invalid",
            "a forger",
        );
        let revoked = world.try_row(row, method, Some(&world.revoked.access));
        told(&revoked, 403, "device_revoked", "a revoked device");
        if let Who::Roles(roles) = row.who {
            let stranger = world
                .by_role
                .iter()
                .find(|(role, _)| !roles.iter().any(|admitted: &Role| word(admitted) == **role));
            if let Some((role, token)) = stranger {
                told(
                    &world.try_row(row, method, Some(token)),
                    403,
                    "role_forbidden",
                    role,
                );
            }
        }
    }
}

#[test]
fn every_operation_is_blind_beyond_its_region() {
    let world = world();
    let documented = documented();
    for row in OPERATIONS.iter().filter(|row| row.who != Who::Public) {
        if matches!(row.probe.elsewhere, Elsewhere::Irrelevant(_)) {
            continue;
        }
        let answer = world.try_row(row, &documented[row.id], Some(world.admitted(row)));
        let wanted = match row.probe.elsewhere {
            Elsewhere::NotFound => 404,
            Elsewhere::Forbidden => 403,
            Elsewhere::Invalid => 422,
            Elsewhere::Absent | Elsewhere::Irrelevant(_) => 200,
        };
        assert_eq!(answer.status, wanted, "{}: {}", row.id, answer.body);
        if row.probe.elsewhere == Elsewhere::Absent {
            assert!(
                answer.body["items"].is_array(),
                "{} is no list: {}",
                row.id,
                answer.body
            );
            for word in [
                "{foreign_organisation}",
                "{foreign_user}",
                "{foreign_device}",
                "{foreign_campaign}",
                "{foreign_task}",
                "{foreign_team}",
                "{foreign_enterprise}",
            ] {
                let leaked = answer.body.to_string().contains(&world.words[word]);
                assert!(!leaked, "{} shows {word}: {}", row.id, answer.body);
            }
        }
    }
}
