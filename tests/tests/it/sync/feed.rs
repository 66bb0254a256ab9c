//! What comes down, to whom, and from where on.

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
    let identity = world.solo(1);
    let mut draft = Draft::begin(&identity, &world.phones[0]);
    let one = draft.put("a", "1");
    let first = world.push(
        1,
        &Page::of(&identity, &[&one]).signed(draft.tip(&world.phones[0], &one)),
    );
    let reader = world.push(0, &Page::default());
    assert_eq!(items(&reader, "changes").len(), 1);
    let two = draft.put("b", "2");
    world.push(
        1,
        &Page::of(&identity, &[&two])
            .signed(draft.tip(&world.phones[0], &two))
            .since(&first),
    );
    let mut small = Page::default().since(&reader).body();
    small["feed_bytes_max"] = json!(1);
    let answer = world
        .server
        .post("/v1/sync", &world.phones[0].access, small);
    assert_eq!(answer.body["more"], false);
    assert_eq!(answer.body["epoch_changed"], false);
}

#[test]
fn a_cursor_of_another_epoch_starts_over_and_says_so() {
    let world = world();
    let mut page = Page::default();
    page.cursor = Some(json!({ "epoch": "another", "position": 3 }));
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
