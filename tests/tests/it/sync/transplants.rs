//! A change is bound to one document: moved into another it is unsafe, in whatever order the two documents come.

use fieldseal_tests::Answer;
use fieldseal_tests::provider::Browser;
use fieldseal_tests::world::word;
use serde_json::json;

use super::kit::*;
use crate::console::logs_in;

/// Two documents of the first sampler, with a change of the first that was moved into the second.
struct Moved {
    world: World,
    own: Draft,
    other: Draft,
    changes: [Written; 2],
}

fn moved() -> Moved {
    let world = world();
    let (own, other) = (world.solo(1), world.solo(2));
    let mut own = Draft::begin(&own, &world.phones[0]);
    let other = Draft::begin(&other, &world.phones[0]);
    let changes = [own.put("a", "1"), own.put("b", "2")];
    Moved {
        world,
        own,
        other,
        changes,
    }
}

impl Moved {
    fn page(&self, into: &Draft, change: &Written) -> Page {
        Page::of(&into.identity, &[change]).signed(into.tip(&self.world.phones[0], change))
    }

    fn push(&self, into: &Draft, change: &Written) -> Answer {
        self.world.push(0, &self.page(into, change))
    }
}

const TRANSPLANTED: [&str; 1] = ["quarantined:change.transplanted"];

#[test]
fn a_transplanted_change_is_quarantined_at_once_and_nobody_can_let_it_in() {
    let mut it = moved();
    let first = it.changes[0].clone();
    assert_eq!(statuses(&it.push(&it.own, &first)), ["accepted"]);
    let moved = it.push(&it.other, &first);
    assert_eq!(statuses(&moved), TRANSPLANTED);
    let detail = moved.body["statuses"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("belongs to another document"), "{detail}");
    assert_eq!(moved.body["statuses"][0]["quarantine"], "unsafe");
    assert_eq!(
        statuses(&it.push(&it.other, &first)),
        TRANSPLANTED,
        "again, the same"
    );
    // Where it belongs nothing has changed, and where it was moved to the author goes on.
    assert_eq!(statuses(&it.push(&it.own, &first)), ["accepted"]);
    let next = it.other.put("c", "3");
    assert_eq!(statuses(&it.push(&it.other, &next)), ["accepted"]);

    let world = &it.world;
    let organisations = world.server.get("/v1/organisations", &world.admin).body;
    let mut authority = organisations["items"].as_array().unwrap().iter();
    let authority = authority.find(|item| item["kind"] == "authority").unwrap();
    let authority = authority["organisation_id"].as_str().unwrap();
    world
        .server
        .user(&world.admin, authority, "ruler", &["authority"]);
    world.list_enterprise(&it.other.identity, "140525");
    let ruler = world.server.log_in("ruler");
    let listed = world.server.get("/v1/quarantine", &ruler).expect(200).body;
    let item = listed["items"][0]["item_id"].as_str().unwrap();
    assert_eq!(listed["items"][0]["state"]["code"], "change.transplanted");
    // What nobody may let in is not offered to be.
    assert_eq!(listed["items"][0]["may_be_admitted"], false);
    let mut browser = Browser::default();
    logs_in(&world.server, &mut browser, "ruler");
    let visit = word(&listed["items"][0]["document_id"]);
    let visit = world.server.url(&format!("/console/visits/{visit}"));
    let page = browser.call(&visit, None);
    assert!(page.body.contains("不能放行") && !page.body.contains("/admission"));
    let path = format!("/v1/quarantine/{item}/admission");
    let answer = world
        .server
        .post(&path, &ruler, json!({ "reason": "放行" }));
    answer.expect_problem(409, "conflict");
}

#[test]
fn one_that_came_before_its_own_document_waits_and_is_quarantined_when_that_comes() {
    let it = moved();
    let [first, second] = it.changes.clone();
    let held = it.push(&it.other, &first);
    assert_eq!(statuses(&held), ["held:waiting_for"]);
    assert_eq!(statuses(&it.push(&it.other, &second)), ["held:waiting_for"]);
    let page = it.page(&it.own, &first).since(&held);
    let came = it.world.push(0, &page);
    assert_eq!(statuses(&came), ["accepted"]);
    let told = items(&came, "status");
    assert_eq!(told.len(), 2, "{told:?}");
    for status in &told {
        assert_eq!(status["code"], "change.transplanted");
        assert_eq!(
            status["document_id"],
            it.other.identity.document_id().to_string()
        );
    }
    assert_eq!(statuses(&it.push(&it.other, &first)), TRANSPLANTED);
    assert_eq!(statuses(&it.push(&it.own, &second)), ["accepted"]);
}

#[test]
fn one_whose_dependency_is_unknown_is_quarantined_when_that_shows_up_in_another_document() {
    let it = moved();
    let [first, second] = it.changes.clone();
    // The other document exists, and what the change builds on comes to its own document later.
    let mut other = Draft::begin(&it.other.identity, &it.world.phones[0]);
    let good = other.put("x", "1");
    assert_eq!(statuses(&it.push(&it.other, &good)), ["accepted"]);
    assert_eq!(statuses(&it.push(&it.other, &second)), ["held:waiting_for"]);
    assert_eq!(statuses(&it.push(&it.own, &first)), ["accepted"]);
    assert_eq!(statuses(&it.push(&it.other, &second)), TRANSPLANTED);
}

#[test]
fn one_page_with_both_documents_says_so_in_its_answer() {
    let it = moved();
    let [first, second] = it.changes.clone();
    let page = Page::of(&it.other.identity, &[&second, &first])
        .with(&it.own.identity, &[&first, &second])
        .signed(it.own.tip(&it.world.phones[0], &second))
        .signed(it.other.tip(&it.world.phones[0], &second));
    for _ in 0..2 {
        assert_eq!(
            statuses(&it.world.push(0, &page)),
            [TRANSPLANTED[0], TRANSPLANTED[0], "accepted", "accepted"]
        );
    }
}

#[test]
fn what_builds_on_a_change_that_is_known_only_where_it_was_moved_to_is_found_out_as_well() {
    let it = moved();
    let [first, second] = it.changes.clone();
    // Its own document is known by another change, the moved one was never sent there.
    let mut teammate = Draft::begin(&it.own.identity, &it.world.phones[0]);
    let good = teammate.put("z", "1");
    assert_eq!(statuses(&it.push(&it.own, &good)), ["accepted"]);
    assert_eq!(statuses(&it.push(&it.other, &first)), TRANSPLANTED);
    let third = Draft::begin(&it.world.solo(3), &it.world.phones[0]);
    assert_eq!(statuses(&it.push(&third, &second)), TRANSPLANTED);
    // In its own document it follows from what has not come there, which is another matter.
    let mut lost = Draft::begin(&it.own.identity, &it.world.phones[1]);
    lost.document.merge(&mut it.own.document.clone()).unwrap();
    let built = lost.put("w", "1");
    assert_eq!(
        statuses(&it.world.push(
            0,
            &Page::of(&it.own.identity, &[&built]).signed(lost.tip(&it.world.phones[1], &built))
        )),
        ["quarantined:author.solo"]
    );
}
