//! Today and the dossier in a browser, and who finds neither.

use fieldseal_tests::{Screen, World};
use serde_json::json;

#[test]
fn today_says_what_comes_in_without_being_asked() {
    let world = World::shanxi();
    let Some(screen) = Screen::open(&world.server) else {
        return;
    };
    screen.logs_in("admin");
    screen.waits_for("尚无检查记录");
    let mut wang = world.phone("王");
    wang.online();
    let visit = wang.goes_to("铸造");
    let arrival = wang.arrival();
    wang.client.record_arrival(visit, arrival).unwrap();
    wang.syncs();
    screen.waits_for("泽州示例铸造");
    screen.goes(&format!("/console/visits/{visit}"));
    assert!(screen.text().contains("尚无抽样单"));
    wang.fills_bare("T1", json!({ "lot_no": "今日批" }));
    wang.syncs();
    screen.waits_for("今日批");
}

#[test]
fn a_dossier_of_elsewhere_is_not_found_nor_are_its_pictures_and_forms() {
    let world = World::shanxi();
    let mut wang = world.phone("王");
    wang.online();
    let visit = wang.goes_to("铸造");
    let arrival = wang.arrival();
    wang.client.record_arrival(visit, arrival).unwrap();
    wang.syncs();
    let far = world.server.admin("310000");
    let organisation = world.server.organisation(&far, "authority", "310100");
    world
        .server
        .user(&far, &organisation, "far", &["authority"]);
    let mut browser = fieldseal_tests::provider::Browser::default();
    super::logs_in(&world.server, &mut browser, "far");
    let nothing = "01900000-0000-7000-8000-000000000001";
    for path in [
        format!("/console/visits/{visit}"),
        format!("/console/media/{visit}/{nothing}/original"),
        format!("/console/visits/{visit}/forms/sheet/{nothing}"),
    ] {
        let shown = browser.call(&world.server.url(&path), None);
        assert_eq!(shown.status, 404, "{path}");
        assert!(!shown.body.contains("铸造"), "{path}");
    }
    let today = browser.call(&world.server.url("/console"), None);
    assert!(!today.body.contains("铸造"));
}
