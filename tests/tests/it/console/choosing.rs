//! What there is to choose from: every plan and every organisation, however many there are, and the newest plan first.

use fieldseal_tests::World;
use fieldseal_tests::provider::Browser;
use serde_json::{Value, json};
use sync_core::limits::LIST_ROWS_MAX;

use super::{form, logs_in};

/// Where in a page an option of this text stands.
fn option(page: &str, text: &str) -> Option<usize> {
    page.find(&format!(">{text}</option>"))
}

#[test]
fn whatever_is_made_last_can_be_chosen_and_is_named_in_a_house_that_has_grown() {
    let w = World::shanxi();
    let make = |path: &str, body: Value, id: &str| {
        let made = w.call("POST", "admin", path, body).expect(201);
        made.text(id)
    };
    let more = LIST_ROWS_MAX + 11;
    for n in 0..=more {
        w.minutes(1);
        let body = json!({
            "kind": if n == more { "inspection_body" } else { "authority" },
            "name": format!("新设机构{n}"), "region": "140500",
        });
        make("/v1/organisations", body, "organisation_id");
    }
    let authority = w.id("organisation", "晋城市局");
    let mut campaign = String::new();
    for n in 0..=more {
        w.minutes(1);
        let body = json!({ "authority_id": authority, "code": format!("N{n}"), "name": "新计划" });
        campaign = make("/v1/campaigns", body, "campaign_id");
    }
    let task = json!({
        "campaign_id": campaign, "code": "末", "product_name": "检查井盖", "sampling_kind": "routine", "quota_batches": 1,
    });
    make("/v1/tasks", task, "task_id");
    let mut browser = Browser::default();
    logs_in(&w.server, &mut browser, "admin");
    let mut shows = |path: &str| {
        let shown = browser.call(&w.server.url(path), None);
        assert_eq!(shown.status, 200, "{path}");
        shown.body
    };
    let newest = format!("N{more} 新计划");
    let body = format!("新设机构{more}");
    for path in [
        "/console/tasks",
        "/console/teams",
        "/console/visits",
        "/console/figures",
    ] {
        let page = shows(path);
        let [first, last] = [newest.as_str(), "N0 新计划"].map(|name| option(&page, name));
        assert!(
            first.is_some() && first < last,
            "{path}: {first:?} {last:?}"
        );
    }
    // Each kind is chosen by itself, and what stands above may be any.
    for path in ["/console/visits", "/console/teams"] {
        let page = shows(path);
        assert!(option(&page, &body).is_some(), "{path}");
        assert_eq!(option(&page, "新设机构0"), None, "{path}");
    }
    let last_authority = format!("新设机构{}", more - 1);
    for (path, names) in [
        ("/console/organisations", &[&body, &last_authority][..]),
        ("/console/users", &[&body, &last_authority]),
        ("/console/campaigns", &[&last_authority]),
        ("/console/product-rules", &[&last_authority]),
        ("/console/prior-samplings", &[&last_authority]),
    ] {
        let page = shows(path);
        for name in names {
            assert!(option(&page, name).is_some(), "{path}: {name}");
        }
    }
    // The column says the plan's name, too.
    let tasks = shows("/console/tasks");
    let (_, row) = tasks.split_once(">末<").unwrap();
    let row = row.split("</tr>").next().unwrap();
    assert!(row.contains(&newest), "{row}");
}

#[test]
fn an_enterprise_of_a_new_task_is_found_however_its_code_is_typed() {
    let w = World::shanxi();
    let mut browser = Browser::default();
    logs_in(&w.server, &mut browser, "admin");
    let campaign = w.id("campaign", "JC-2025-01");
    // In small letters, and as a keyboard for Chinese makes them wide.
    let codes = [
        "911405810000b3g78l",
        "９１１４０５８１００００B3G78L",
        "911405810000B3G78X",
    ];
    let mut makes = |number: &str, typed: &str| {
        let fields = form(&[
            ("campaign", campaign.as_str()),
            ("code", number),
            ("product_name", "检查井盖"),
            ("sampling_kind", "routine"),
            ("plan_no", ""),
            ("quota_batches", "1"),
            ("regions", ""),
            ("enterprises", typed),
            ("due_on", ""),
        ]);
        let sent = browser.call(&w.server.url("/console/tasks/new"), Some(&fields));
        sent.location.map(|task| browser.call(&task, None).body)
    };
    for (number, code) in [("小写", codes[0]), ("全角", codes[1])] {
        let task = makes(number, code).unwrap();
        assert!(task.contains("911405810000B3G78L"), "{code}: {task}");
    }
    assert!(makes("不存在", codes[2]).is_none());
}
