//! What comes down, to whom, and from where on.

use fieldseal_tests::TestDevice;
use serde_json::json;

use super::kit::*;

#[test]
fn a_document_outside_a_roster_comes_down_to_its_author_alone() {
    let world = world();
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let change = draft.put("a", "1");
    let page = Page::of(&identity, &[&change]).signed(draft.tip(&world.phones[0], &change));
    world.push(0, &page);
    let stranger = world.push(1, &Page::default());
    assert!(items(&stranger, "changes").is_empty() && items(&stranger, "ruling").is_empty());
    assert!(
        !stranger
            .body
            .to_string()
            .contains(&identity.document_id().to_string())
    );

    let own = world.push(0, &Page::default());
    let pages = items(&own, "changes");
    assert_eq!(pages.len(), 1);
    assert_eq!(pages[0]["changes"][0]["hash"], change.hash.to_string());
    assert_eq!(pages[0]["tips"][0]["tip"]["seq"], 1);
    assert_eq!(
        items(&own, "certificate").len(),
        1,
        "the author's certificate comes along"
    );
}

#[test]
fn a_cursor_skips_nothing_and_repeats_nothing() {
    let world = world();
    let second = TestDevice::enrolled(&world.server, &world.admin, &world.users[0].to_string(), 9);
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let mut written = Vec::new();
    for key in ["a", "b", "c"] {
        let change = draft.put(key, "1");
        let tip = draft.tip(&world.phones[0], &change);
        world.push(0, &Page::of(&identity, &[&change]).signed(tip));
        written.push(change.hash.to_string());
    }
    // The smallest page there is: every answer carries one item of the feed and says that there is more.
    let mut page = Page::default();
    let mut seen = Vec::new();
    for _ in 0..100 {
        let mut body = page.body();
        body["feed_bytes_max"] = json!(1);
        let answer = world.server.post("/v1/sync", &second.access, body);
        for item in items(&answer, "changes") {
            seen.push(item["changes"][0]["hash"].as_str().unwrap().to_owned());
        }
        page = page.since(&answer);
        if answer.body["more"] == false {
            break;
        }
    }
    assert_eq!(seen, written);
}

#[test]
fn a_cursor_of_another_epoch_starts_over_and_says_so() {
    let world = world();
    let mut page = Page {
        cursor: Some(json!({ "epoch": "another", "position": 3 })),
        ..Page::default()
    };
    let answer = world.push(0, &page);
    assert_eq!(answer.body["epoch_changed"], true);
    page.cursor = Some(answer.body["cursor"].clone());
    assert_eq!(world.push(0, &page).body["epoch_changed"], false);
    let future = answer.body["cursor"]["position"].as_i64().unwrap() + 1;
    page.cursor = Some(json!({ "epoch": answer.body["cursor"]["epoch"], "position": future }));
    assert_eq!(
        world.push(0, &page).body["epoch_changed"],
        true,
        "a place that this server never gave"
    );
}

#[test]
fn a_new_device_gets_five_hundred_visits_in_a_handful_of_bounded_pages_and_resumes_after_a_cut() {
    let world = world();
    let mut wanted = std::collections::BTreeSet::new();
    for batch in 0..50_u128 {
        let mut body = json!({ "changes": [], "tips": [], "documents": [] });
        for campaign in batch * 10..(batch + 1) * 10 {
            let identity = world.solo(campaign + 1);
            let mut draft = Draft::begin(&identity, &world.phones[0]);
            let (first, last) = (draft.put("a", "1"), draft.put("b", &"井盖 ".repeat(20)));
            let page = Page::of(&identity, &[&first, &last]);
            let page = page.signed(draft.tip(&world.phones[0], &last)).body();
            for part in ["changes", "tips", "documents"] {
                let add = page[part].as_array().unwrap().clone();
                body[part].as_array_mut().unwrap().extend(add);
            }
            wanted.insert(identity.document_id().to_string());
        }
        let answer = world
            .server
            .post("/v1/sync", &world.phones[0].access, body)
            .expect(200);
        let statuses = answer.body["statuses"].as_array().unwrap();
        assert!(statuses.iter().all(|it| it["status"] == "accepted"));
    }
    let second = TestDevice::enrolled(&world.server, &world.admin, &world.users[0].to_string(), 9);
    let mut page = Page::default();
    let mut seen = std::collections::BTreeSet::new();
    for trip in 1..=10 {
        let answer = world.server.post("/v1/sync", &second.access, page.body());
        // The answer is lost now and then: the same is asked again from the same place.
        let again = world.server.post("/v1/sync", &second.access, page.body());
        assert_eq!(
            answer.body["cursor"]["position"],
            again.body["cursor"]["position"]
        );
        assert!(answer.body.to_string().len() < 2 * sync_core::limits::FEED_INFLATED_BYTES_MAX);
        for item in items(&answer, "changes") {
            seen.insert(item["document_id"].as_str().unwrap().to_owned());
        }
        page = page.since(&answer);
        if answer.body["more"] == false {
            println!("{trip} round trips");
            assert_eq!(seen, wanted);
            return;
        }
    }
    panic!("more than ten round trips for {} of 500 visits", seen.len());
}
