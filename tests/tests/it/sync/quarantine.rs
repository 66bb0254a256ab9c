//! What lies aside is shown to those who see the visit, and let in by a person with authority.

use fieldseal_server::store::Statement;
use fieldseal_server::store::sync::changes::{self, ChangeRow};
use fieldseal_tests::TestServer;
use fieldseal_tests::provider::Browser;
use serde_json::json;
use sync_core::limits::{FIELD_CHARS_MAX, HELD_CHANGES_PER_DEVICE_MAX};
use sync_core::model::{ChangeHash, DeviceId, DocumentId};
use sync_core::sync::wire::{ASIDE_FULL, ChangeStatus, HeldReason};

use super::kit::*;
use crate::console::{form, logs_in};

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

/// The second phone wrote in what the first one's person does alone: its change lies aside.
fn intruded() -> (World, Draft, ChangeHash) {
    let world = world();
    let identity = world.solo(1);
    let mut intruder = Draft::begin(&identity, &world.phones[1]);
    let intruded = intruder.put("a", "1");
    let page = Page::of(&identity, &[&intruded]).signed(intruder.tip(&world.phones[1], &intruded));
    assert_eq!(statuses(&world.push(1, &page)), ["quarantined:author.solo"]);
    (world, intruder, intruded.hash)
}

#[test]
fn the_console_tells_what_lies_aside_of_a_phone_by_names_and_in_local_time() {
    let (world, _, _) = intruded();
    let mut browser = Browser::default();
    let admin = "admin-140000";
    assert_eq!(logs_in(&world.server, &mut browser, admin).status, 303);
    let path = format!("/console/devices/{}", world.phones[1].id);
    let shown = browser.call(&world.server.url(&path), None);
    assert_eq!(shown.status, 200);
    let author = world.users[1].to_string();
    let person = world
        .server
        .get(&format!("/v1/users/{author}"), &world.admin);
    let name = person.expect(200).text("display_name");
    let row = shown.body.split("<tbody>").nth(1).expect("a row");
    assert!(row.contains(&name) && !row.contains(&author), "{row}");
    assert!(
        row.contains("<time datetime=") && row.contains("年"),
        "{row}"
    );
}

#[test]
fn an_admitted_change_stands_and_releases_what_depends_on_it() {
    let (world, mut intruder, hash) = intruded();
    let identity = intruder.identity.clone();
    // What lies aside is listed as it came, and within one millisecond in any order.
    world.server.clock.advance_ms(1);
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
        format!("held: depends on quarantined {hash}")
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
    // A form that comes back has what was typed, for the one that it was typed for.
    let mut browser = Browser::default();
    logs_in(&world.server, &mut browser, "ruler");
    let visit = format!("/console/visits/{}", identity.document_id());
    let page = browser.call(&world.server.url(&visit), None);
    let action = format!("{visit}/admission");
    assert!(page.body.contains(&format!("action=\"{action}\"")));
    let long = "放".repeat(FIELD_CHARS_MAX + 1);
    let sent = form(&[("_from", &visit), ("item", item), ("reason", &long)]);
    let back = browser.call(&world.server.url(&action), Some(&sent));
    assert_eq!(back.status, 422, "{}", back.body);
    assert!(
        back.body
            .contains(&format!("name=\"reason\" value=\"{long}\""))
    );
    // What lies aside is readable beside the visit before anybody lets it in.
    let dossier = format!("/v1/visits/{}", identity.document_id());
    let beside = world.server.get(&dossier, &ruler).expect(200).body["aside"].clone();
    let written = beside.as_array().unwrap().iter();
    let mut written: Vec<_> = written
        .map(|item| {
            let touched = &item["content"]["touched"][0];
            (
                item["state"]["state"].clone(),
                touched["path"].clone(),
                touched["new"].clone(),
            )
        })
        .collect();
    // They came in one page, at one instant.
    written.sort_by_key(|(_, path, _)| path.to_string());
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

/// So much of what a device carried waits at the server.
fn fill_aside(server: &TestServer, carrier: DeviceId, rows: usize) {
    let app = &server.app;
    server.runtime.block_on(async {
        let mut tx = app.store.begin().await.unwrap();
        for number in 0..rows {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&(number as u64).to_be_bytes());
            let row = ChangeRow {
                item_id: app.new_uuid(),
                document_id: ELSEWHERE,
                hash: ChangeHash(hash),
                claimed_hash: ChangeHash(hash),
                bytes: Vec::new(),
                actor: None,
                seq: None,
                device: None,
                user: None,
                carrier,
                received_at: app.now(),
                status: ChangeStatus::Held {
                    reason: HeldReason::WaitingFor,
                    waiting_for: ChangeHash([2; 32]),
                },
                ordinal: None,
                admitted: false,
            };
            changes::insert(&mut tx, &[&row]).await.unwrap();
        }
        tx.commit().await.unwrap();
    });
}

/// A document of which nothing is known but what waits.
const ELSEWHERE: DocumentId = DocumentId([1; 32]);
/// Room again, as when what was missing has come.
const MAKE_ROOM: Statement = Statement {
    name: "make room",
    sql: "DELETE FROM changes WHERE document_id = $1",
};

#[test]
fn what_finds_no_room_at_the_server_waits_on_the_phone_with_its_reason_and_goes_up_later() {
    let w = fieldseal_tests::World::shanxi();
    let mut phone = w.phone("王");
    phone.enters("铸造");
    let sample = phone.draws("T1");
    let device = phone.client.enrolled().unwrap().unwrap().device_id;
    fill_aside(
        &w.server,
        device.parse().unwrap(),
        HELD_CHANGES_PER_DEVICE_MAX,
    );
    // Without its signatures the page would lie aside, and there is no room for it.
    phone.network.tampers(|page| page.tips.clear());
    let turned_away = phone.tries_to_sync();
    assert!(turned_away.unsent > 0, "{turned_away:?}");
    let doctor = phone.client.doctor().unwrap();
    let waits = doctor.iter().filter(|item| item.state == "queued");
    assert!(
        waits.clone().count() > 0 && doctor.iter().all(|item| item.state != "refused"),
        "{doctor:?}"
    );
    assert!(
        waits
            .clone()
            .all(|item| item.zh.contains("待处理过多") && item.en.contains(ASIDE_FULL)),
        "{doctor:?}"
    );

    w.server.runtime.block_on(async {
        let mut tx = w.server.app.store.begin().await.unwrap();
        let room = fieldseal_server::args![ELSEWHERE];
        tx.exec(&MAKE_ROOM, room).await.unwrap();
        tx.commit().await.unwrap();
    });
    phone.syncs();
    assert_eq!(w.validity(sample), "valid");
    assert!(
        phone
            .client
            .doctor()
            .unwrap()
            .iter()
            .all(|item| item.state != "queued")
    );
}

#[test]
fn a_device_fills_its_place_aside_to_the_limit_and_one_more_is_turned_away_by_its_code() {
    let world = world();
    let carrier = world.phones[0].id.parse().unwrap();
    fill_aside(&world.server, carrier, HELD_CHANGES_PER_DEVICE_MAX - 1);
    // In two documents of one page: the bound is the device's.
    let (one, two) = (world.solo(1), world.solo(2));
    let first = Draft::begin(&one, &world.phones[0]).put("a", "1");
    let second = Draft::begin(&two, &world.phones[0]).put("a", "1");
    let page = Page::of(&one, &[&first]).with(&two, &[&second]);
    let mut told = statuses(&world.push(0, &page));
    told.sort();
    assert_eq!(
        told,
        ["quarantined:author.unproved", "refused:device.aside_full"]
    );
    // What stands needs no place aside.
    let mut draft = Draft::begin(&world.solo(3), &world.phones[0]);
    let good = draft.put("a", "1");
    let page = Page::of(&draft.identity, &[&good]).signed(draft.tip(&world.phones[0], &good));
    assert_eq!(statuses(&world.push(0, &page)), ["accepted"]);
}
