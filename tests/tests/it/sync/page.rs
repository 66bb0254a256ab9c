//! Pages as wholes: bad items, replays, order.

use serde_json::json;
use sync_core::proof::{ReceiptPayload, Signed};

use super::kit::*;

fn receipts(answer: &fieldseal_tests::Answer) -> Vec<ReceiptPayload> {
    let receipts: Vec<Signed<ReceiptPayload>> =
        serde_json::from_value(answer.body["receipts"].clone()).unwrap();
    receipts
        .iter()
        .map(|receipt| receipt.read_unverified().unwrap())
        .collect()
}

#[test]
fn a_page_is_accepted_and_its_replay_changes_nothing() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let (one, two) = (draft.put("a", "1"), draft.put("b", "2"));
    let page = Page::of(&identity, &[&one, &two]).signed(draft.tip(&world.phones[0], &two));
    let first = world.push(0, &page);
    assert_eq!(statuses(&first), ["accepted", "accepted"]);

    world.server.clock.advance_ms(60_000);
    let again = world.push(0, &page);
    assert_eq!(statuses(&again), ["accepted", "accepted"]);
    assert_eq!(
        receipts(&first),
        receipts(&again),
        "the same receipt, with the first time"
    );
    assert_eq!(
        first.body["cursor"], again.body["cursor"],
        "nothing was appended to the feed"
    );
    let mut hashes = vec![one.hash, two.hash];
    hashes.sort_unstable();
    assert_eq!(receipts(&first)[0].hashes, hashes);
}

#[test]
fn one_bad_item_harms_no_other() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let good = draft.put("a", "1");
    let mut page = Page::of(&identity, &[&good]).signed(draft.tip(&world.phones[0], &good));
    let hash = "ab".repeat(32);
    let id = identity.document_id();
    page.changes.insert(0, json!({ "hash": hash }));
    page.changes
        .push(json!({ "document_id": id, "hash": hash, "bytes": "AAAA" }));
    page.changes
        .push(json!({ "document_id": id, "hash": hash, "bytes": "not base64!" }));
    page.changes
        .push(json!({ "document_id": hash, "hash": hash, "bytes": "AAAA" }));
    let answer = world.push(0, &page);
    assert_eq!(
        statuses(&answer),
        [
            "refused:item.malformed",
            "accepted",
            "quarantined:change.not_a_chunk",
            "refused:item.base64",
            "refused:document.header_missing",
        ]
    );
    assert_eq!(answer.body["statuses"][0]["hash"], hash);
}

#[test]
fn what_waits_is_held_and_released_when_the_rest_arrives() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let (one, two) = (draft.put("a", "1"), draft.put("b", "2"));
    let late = Page::of(&identity, &[&two]).signed(draft.tip(&world.phones[0], &two));
    let held = world.push(0, &late);
    assert_eq!(statuses(&held), ["held:waiting_for"]);
    assert_eq!(
        held.body["statuses"][0]["waiting_for"],
        one.hash.to_string()
    );

    let rest = Page::of(&identity, &[&one])
        .signed(draft.tip(&world.phones[0], &one))
        .since(&held);
    let released = world.push(0, &rest);
    assert_eq!(statuses(&released), ["accepted"]);
    let told = items(&released, "status");
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["hash"], &told[0]["status"]),
        (&json!(two.hash), &json!("accepted"))
    );
}

#[test]
fn a_change_of_one_document_cannot_be_moved_into_another() {
    let world = world();
    let (own, other) = (world.solo(1), world.solo(2));
    let mut draft = Draft::begin(&own, &world.phones[0]);
    let change = draft.put("a", "1");
    let mut elsewhere = Draft::begin(&other, &world.phones[0]);
    let tip = elsewhere.tip(&world.phones[0], &change);
    let moved = world.push(0, &Page::of(&other, &[&change]).signed(tip));
    // Its dependency is the skeleton of its own document, which the other one will never have.
    assert_eq!(statuses(&moved), ["held:waiting_for"]);
    let next = elsewhere.put("b", "2");
    let page = Page::of(&other, &[&next]).signed(elsewhere.tip(&world.phones[0], &next));
    assert_eq!(
        statuses(&world.push(0, &page)),
        ["accepted"],
        "the other document goes on"
    );
    let renamed = json!({
        "document_id": other.document_id(), "kind": "visit", "preimage": own.preimage(),
    });
    let mut page = Page::of(&world.solo(3), &[&change]);
    page.documents = vec![renamed];
    assert_eq!(
        statuses(&world.push(0, &page)),
        ["refused:document.header_missing"]
    );
}
