//! A change is judged by the certified key of its author, whoever carried it.

use fieldseal_tests::TestDevice;
use fieldseal_tests::server::PASSWORD;
use serde_json::json;
use sync_core::limits::CERTIFICATE_MS;

use super::kit::*;

#[test]
fn a_carrier_delivers_what_another_device_signed() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let change = draft.put("a", "1");
    let page = Page::of(&identity, &[&change]).signed(draft.tip(&world.phones[0], &change));
    assert_eq!(statuses(&world.push(1, &page)), ["accepted"]);
}

#[test]
fn a_forged_author_in_an_honest_carriers_page_is_quarantined_and_takes_no_number() {
    let world = world();
    let identity = world.solo(1);
    let mut forged = Draft::begin(&identity, &world.phones[0]);
    let lie = forged.put("a", "lie");
    // Signed by the carrier's own key, in the author's name.
    let page = Page::of(&identity, &[&lie]).signed(forged.tip(&world.phones[1], &lie));
    assert_eq!(
        statuses(&world.push(1, &page)),
        ["quarantined:author.unproved"]
    );

    let mut honest = Draft::begin(&identity, &world.phones[0]);
    let truth = honest.put("a", "truth");
    let page = Page::of(&identity, &[&truth]).signed(honest.tip(&world.phones[0], &truth));
    assert_eq!(statuses(&world.push(0, &page)), ["accepted"]);
}

#[test]
fn a_second_change_under_one_number_is_kept_aside_as_an_alarm() {
    let world = world();
    let identity = world.solo(1);
    let mut first = Draft::begin(&identity, &world.phones[0]);
    let mut second = Draft::begin(&identity, &world.phones[0]);
    let (one, other) = (first.put("a", "1"), second.put("a", "2"));
    let page = |draft: &Draft, change| {
        Page::of(&identity, &[change]).signed(draft.tip(&world.phones[0], change))
    };
    assert_eq!(statuses(&world.push(0, &page(&first, &one))), ["accepted"]);
    let alarm = world.push(0, &page(&second, &other));
    assert_eq!(statuses(&alarm), ["quarantined:change.equivocation"]);
    assert_eq!(alarm.body["statuses"][0]["quarantine"], "equivocation");
}

#[test]
fn after_a_revocation_only_what_came_before_it_stands() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let (before, after) = (draft.put("a", "1"), draft.put("b", "2"));
    let page = |change| Page::of(&identity, &[change]).signed(draft.tip(&world.phones[0], change));
    assert_eq!(statuses(&world.push(1, &page(&before))), ["accepted"]);
    let path = format!("/v1/devices/{}/revocation", world.phones[0].id);
    world
        .server
        .post(&path, &world.admin, json!({ "reason": "stolen" }))
        .expect(200);
    world.server.clock.advance_ms(1);
    assert_eq!(
        statuses(&world.push(1, &page(&after))),
        ["quarantined:author.revoked"]
    );
    assert_eq!(statuses(&world.push(1, &page(&before))), ["accepted"]);
}

#[test]
fn what_was_written_or_came_within_its_authors_certificate_stands_and_the_rest_waits_for_a_person()
{
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let last = world.server.app.now() + CERTIFICATE_MS;
    let page = |draft: &Draft, change: &Written| {
        Page::of(&identity, &[change]).signed(draft.tip(&world.phones[0], change))
    };
    // The phones' tokens would be refreshed meanwhile; whoever carries a change may have a younger certificate.
    let carrier = |number| {
        let user = world.users[1].to_string();
        TestDevice::enrolled(
            &world.server,
            &world.server.log_in("admin-140000"),
            &user,
            number,
        )
    };
    let push = |by: &TestDevice, page: Page| world.server.post("/v1/sync", &by.access, page.body());

    world.server.clock.advance_ms(CERTIFICATE_MS);
    let by = carrier(8);
    let fast = draft.put_at("a", "a fast clock", last + 1);
    assert_eq!(statuses(&push(&by, page(&draft, &fast))), ["accepted"]);

    world.server.clock.advance_ms(1);
    let by = carrier(9);
    let offline = draft.put_at("b", "long offline", last);
    assert_eq!(statuses(&push(&by, page(&draft, &offline))), ["accepted"]);
    let silent = draft.put_at("c", "says no time", 0);
    assert_eq!(statuses(&push(&by, page(&draft, &silent))), ["accepted"]);
    let late = draft.put_at("d", "after the end", last + 1);
    let answer = push(&by, page(&draft, &late));
    assert_eq!(statuses(&answer), ["quarantined:author.expired"]);
    assert_eq!(answer.body["statuses"][0]["quarantine"], "unauthorised");
    let again = push(&by, page(&draft, &late));
    assert_eq!(
        (statuses(&again), &again.body["receipts"]),
        (statuses(&answer), &answer.body["receipts"]),
        "kept, received as before, and admittable"
    );
}

#[test]
fn what_was_written_between_two_certificates_waits_and_the_renewed_one_bears_what_comes_after() {
    let mut world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let end = world.server.app.now() + CERTIFICATE_MS;
    let within = draft.put_at("a", "under the first one", end);
    world.server.clock.advance_ms(CERTIFICATE_MS + 1_000);
    // Away for more than a year: its person logs in again, and the first sync renews it.
    let grant = json!({
        "grant": "password", "username": "zhang", "password": PASSWORD,
        "device": world.phones[0].proof(&world.server),
    });
    let tokens = world.server.call("POST", "/v1/tokens", None, grant);
    world.phones[0].take(&tokens.expect(201).body);
    let page = |world: &World, change: &Written, draft: &Draft| {
        Page::of(&identity, &[change]).signed(draft.tip(&world.phones[0], change))
    };
    let first = page(&world, &within, &draft);
    assert_eq!(statuses(&world.push(0, &first)), ["accepted"]);
    world.server.clock.advance_ms(1_000);
    let renewed = world.server.app.now();
    let after = draft.put_at("c", "under the second one", renewed);
    let page_after = page(&world, &after, &draft);
    assert_eq!(statuses(&world.push(0, &page_after)), ["accepted"]);
    let between = draft.put_at("b", "under none", end + 1);
    let page_between = page(&world, &between, &draft);
    let told = statuses(&world.push(0, &page_between));
    assert_eq!(told, ["quarantined:author.expired"]);
}

#[test]
fn what_depends_on_quarantined_material_is_held_and_says_so() {
    let world = world();
    let identity = world.solo(1);
    // The second sampler writes into the first one's own document.
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
    assert_eq!(
        held.body["statuses"][0]["waiting_for"],
        intruded.hash.to_string()
    );
}
