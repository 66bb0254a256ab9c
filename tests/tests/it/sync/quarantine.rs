//! What lies aside is shown to those who see the visit, and let in by a person with authority.

use serde_json::json;

use super::kit::*;

/// The authority of the world's province, as a person.
fn authority(world: &World) -> String {
    let organisations = world.server.get("/v1/organisations", &world.admin).body;
    let own = organisations["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["kind"] == "authority")
        .unwrap();
    let id = own["organisation_id"].as_str().unwrap();
    world.server.user(&world.admin, id, "ruler", &["authority"]);
    world.server.log_in("ruler")
}

#[test]
fn an_admitted_change_stands_and_releases_what_depends_on_it() {
    let world = world();
    let identity = world.solo(1);
    let mut intruder = Draft::begin(&identity, &world.phones[1]);
    let intruded = intruder.put("a", "1");
    let page = Page::of(&identity, &[&intruded]).signed(intruder.tip(&world.phones[1], &intruded));
    assert_eq!(statuses(&world.push(1, &page)), ["quarantined:author.solo"]);
    let mut owner = Draft::begin(&identity, &world.phones[0]);
    owner.document.merge(&mut intruder.document).unwrap();
    let built = owner.put("b", "2");
    let page = Page::of(&identity, &[&built]).signed(owner.tip(&world.phones[0], &built));
    let held = world.push(0, &page);
    assert_eq!(statuses(&held), ["held:depends_on_quarantined"]);

    let doctor = format!("/v1/devices/{}/doctor", world.phones[0].id);
    let told = world
        .server
        .get(&doctor, &world.phones[0].access)
        .expect(200)
        .body;
    assert_eq!(
        told[0]["en"],
        format!("held: depends on quarantined {}", intruded.hash)
    );
    world
        .server
        .get(&doctor, &world.phones[1].access)
        .expect_problem(404, "not_found");

    // Whose body it is may look; only the authority lets in.
    world.server.user(
        &world.admin,
        &world.body.to_string(),
        "reviewer",
        &["inspection_body"],
    );
    let reviewer = world.server.log_in("reviewer");
    let listed = world
        .server
        .get("/v1/quarantine", &reviewer)
        .expect(200)
        .body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let item = listed["items"][0]["item_id"].as_str().unwrap();
    let path = format!("/v1/quarantine/{item}/admission");
    let reason = json!({ "reason": "同组人员，实为本组抽样" });
    world
        .server
        .post(&path, &reviewer, reason.clone())
        .expect_problem(403, "role_forbidden");

    let ruler = authority(&world);
    // An unlisted enterprise has no region, and no campaign of the authority names the visit.
    world
        .server
        .post(&path, &ruler, reason.clone())
        .expect_problem(404, "not_found");
    world.list_enterprise(&identity, "140525");
    // What lies aside is readable beside the visit before anybody lets it in.
    let dossier = format!("/v1/visits/{}", identity.document_id());
    let beside = world.server.get(&dossier, &ruler).expect(200).body["aside"].clone();
    let written = beside.as_array().unwrap().iter();
    let written: Vec<_> = written
        .map(|item| {
            let touched = &item["content"]["touched"][0];
            (
                item["state"]["state"].clone(),
                touched["path"].clone(),
                touched["new"].clone(),
            )
        })
        .collect();
    let wrote = |state: &str, path: &str, new: &str| (json!(state), json!([path]), json!(new));
    assert_eq!(
        written,
        [
            wrote("quarantined", "a", "\"1\""),
            wrote("held", "b", "\"2\"")
        ]
    );
    let admitted = world.server.post(&path, &ruler, reason.clone()).expect(201);
    assert_eq!(admitted.body["admitted"], true);
    assert_eq!(admitted.body["state"]["state"], "received");
    world.server.post(&path, &ruler, reason).expect(201);

    let owner = world.push(0, &Page::default().since(&held));
    let told = items(&owner, "status");
    assert_eq!(told.last().unwrap()["status"], "accepted");
    let pages = items(&owner, "changes");
    assert_eq!(pages[0]["changes"][0]["admitted"], true);
}

#[test]
fn a_dossier_holds_what_is_aside_and_strangers_do_not_see_it() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let (one, two, three) = (
        draft.put("a", "1"),
        draft.put("b", "2"),
        draft.put("c", "3"),
    );
    let page = Page::of(&identity, &[&one, &three]).signed(draft.tip(&world.phones[0], &three));
    let page = page.signed(draft.tip(&world.phones[0], &one));
    assert_eq!(
        statuses(&world.push(0, &page)),
        ["accepted", "held:waiting_for"]
    );
    let path = format!("/v1/visits/{}", identity.document_id());
    let dossier = world
        .server
        .get(&path, &world.phones[0].access)
        .expect(200)
        .body;
    assert_eq!(
        dossier["aside"][0]["state"]["waiting_for"],
        two.hash.to_string()
    );
    assert_eq!(dossier["history"].as_array().unwrap().len(), 1);
    assert_eq!(dossier["history"][0]["user_id"], world.users[0].to_string());
    world
        .server
        .get(&path, &world.phones[1].access)
        .expect_problem(404, "not_found");
    let list = |token: &str| {
        world
            .server
            .get("/v1/visits?uscc=911405250000B1E536", token)
            .expect(200)
            .body
    };
    assert_eq!(
        list(&world.phones[0].access)["items"][0]["visit_id"],
        identity.document_id().to_string()
    );
    assert_eq!(list(&world.phones[1].access)["items"], json!([]));
}
