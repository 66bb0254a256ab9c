//! Who sees which case in which queue, and in which order.

use super::*;
use fieldseal_tests::listener::Listener;
use sync_core::limits::CASE_DUE_SOON_MS;

const HOUR_MS: i64 = 3_600_000;

#[test]
fn enforcement_sees_the_cases_of_its_regions_and_nobody_else_any() {
    let desk = Desk::new();
    let shop = desk.refused(SHOP, place(0));
    let foundry = desk.reported(FOUNDRY, place(0));
    let both = [shop.id(), foundry.id()];
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    let mut all = both.to_vec();
    all.sort();
    for who in ["city", "晋城", "山西"] {
        assert_eq!(sorted(desk.queue(who, "")), all, "{who}");
    }
    assert_eq!(desk.queue("county", ""), [shop.id()]);
    // Another city's enforcement, the samplers who wrote it, and other bodies have no queue.
    for who in ["elsewhere", "sampler1", "王", "刘"] {
        assert_eq!(desk.queue(who, ""), [""; 0], "{who}");
        let path = format!("/v1/cases/{}", shop.id());
        desk.call("GET", who, &path, Value::Null)
            .expect_problem(404, "not_found");
    }
    for (act, body) in [
        ("taking", Value::Null),
        ("giving-back", json!({ "reason": "x" })),
    ] {
        desk.does("elsewhere", shop, act, body.clone())
            .expect_problem(404, "not_found");
        desk.does("sampler1", shop, act, body)
            .expect_problem(403, "role_forbidden");
    }
}

#[test]
fn a_row_says_who_what_since_when_and_until_when() {
    let desk = Desk::new();
    let shop = desk.refused(SHOP, place(0));
    let row = desk.rows("county", "queue=waiting").remove(0);
    assert_eq!(row["enterprise_name"], "晋城示例五金店");
    assert_eq!(row["uscc"], SHOP.0);
    assert_eq!(row["product_name"], "电动车头盔");
    assert_eq!(
        (&row["kind"], &row["kind_words"]["zh"]),
        (&json!("refusal"), &json!("拒检"))
    );
    assert_eq!(
        (&row["state"], &row["detail"]),
        (&json!("reported"), &json!("no_reason"))
    );
    assert_eq!(
        row["state_words"],
        json!({ "zh": "已上报，待处理", "en": "reported, waiting" })
    );
    assert_eq!(
        (&row["overdue"], &row["holder"], &row["version"]),
        (&json!(false), &Value::Null, &json!(0))
    );
    assert_eq!(row["href"], format!("/v1/visits/{}", shop.visit));
    // The rulebook's day, from the earliest moment at which it can have been.
    let (since, due) = (
        row["since"].as_str().unwrap(),
        row["due_at"].as_str().unwrap(),
    );
    assert!(
        since.starts_with("2025-03-02T00:59:") || since.starts_with("2025-03-02T01:00:"),
        "{since}"
    );
    assert_eq!(due.replace("03-03", "03-02"), since);
    let file = desk.call(
        "GET",
        "county",
        &format!("/v1/cases/{}", shop.id()),
        Value::Null,
    );
    let file = file.expect(200).body;
    assert_eq!(
        (&file["case_id"], &file["acts"]),
        (&json!(shop.id()), &json!([]))
    );
    assert_eq!(file["findings"][0]["rule_id"], "REFUSE");
}

#[test]
fn near_a_place_the_nearest_come_first_and_those_without_a_place_last() {
    let desk = Desk::new();
    let far = desk.refused(SHOP, place(9_000));
    desk.w.minutes(1);
    let nowhere = desk.refused(FOUNDRY, None);
    desk.w.minutes(1);
    let close = desk.refused(TAILOR, place(500));
    // The oldest first, unless one asks for the nearest.
    assert_eq!(desk.queue("city", ""), [far.id(), nowhere.id(), close.id()]);
    let near = "near=35.49,112.85";
    assert_eq!(
        desk.queue("city", near),
        [close.id(), far.id(), nowhere.id()]
    );
    let rows = desk.rows("city", near);
    let metres: Vec<Option<i64>> = rows.iter().map(|row| row["distance_m"].as_i64()).collect();
    assert!(
        metres[0].is_some_and(|m| (495..=505).contains(&m)),
        "{metres:?}"
    );
    assert!(
        metres[1].is_some_and(|m| (8_900..=9_100).contains(&m)),
        "{metres:?}"
    );
    assert_eq!((metres[2], &rows[2]["place"]), (None, &Value::Null));
    assert_eq!(rows[0]["place"]["longitude"], 112.85);
    // In pages, each once and in the same order.
    let (mut seen, mut query) = (Vec::new(), format!("{near}&limit=1"));
    loop {
        let page = desk.call("GET", "city", &format!("/v1/cases?{query}"), Value::Null);
        let page = page.expect(200).body;
        seen.push(page["items"][0]["case_id"].as_str().unwrap().to_owned());
        match page["next"].as_str() {
            Some(next) => query = format!("{near}&limit=1&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, [close.id(), far.id(), nowhere.id()]);
    for wrong in [
        "near=35.49",
        "near=91,0",
        "near=0,181",
        "near=x,y",
        "near=NaN,0",
        "queue=none",
    ] {
        desk.call("GET", "city", &format!("/v1/cases?{wrong}"), Value::Null)
            .expect_problem(400, "query_invalid");
    }
    desk.call("GET", "city", "/v1/cases?queue=all&near=1,1", Value::Null)
        .expect_problem(422, "value_invalid");
}

#[test]
fn what_is_due_soon_or_was_due_is_in_the_queue_of_what_is_overdue() {
    let desk = Desk::new();
    let shop = desk.refused(SHOP, place(0));
    desk.w.minutes(30);
    let report = desk.reported(FOUNDRY, None);
    assert_eq!(desk.queue("city", "queue=overdue"), [""; 0]);
    let begun = desk.w.now() - 30 * 60_000;
    // Claims are uncertain by some seconds: the case is due as early as it can have happened.
    desk.w
        .server
        .clock
        .set(begun + 24 * HOUR_MS - CASE_DUE_SOON_MS - 60_000);
    assert_eq!(desk.queue("city", "queue=overdue"), [""; 0]);
    desk.w
        .server
        .clock
        .set(begun + 24 * HOUR_MS - CASE_DUE_SOON_MS);
    let rows = desk.rows("city", "queue=overdue");
    assert_eq!((rows.len(), &rows[0]["overdue"]), (1, &json!(false)));
    desk.w.server.clock.set(begun + 24 * HOUR_MS + 60_000);
    let rows = desk.rows("city", "queue=overdue");
    assert_eq!((rows.len(), &rows[0]["overdue"]), (1, &json!(true)));
    // A report has three days until it is at the case office; what is due first comes first.
    desk.w.server.clock.set(begun + 73 * HOUR_MS);
    assert_eq!(
        desk.queue("city", "queue=overdue"),
        [shop.id(), report.id()]
    );
    assert_eq!(desk.queue("晋城", "queue=to_hand_over"), [report.id()]);
}

#[test]
fn a_listener_of_enforcement_hears_of_a_new_case_where_it_is_read() {
    let desk = Desk::new();
    let token = desk.w.server.log_in("county");
    let stream = Listener::open(&desk.w.server, &token, None);
    stream.waits_for("ready");
    let shop = desk.refused(SHOP, place(0));
    let heard = stream.waits_for("case.changed");
    assert_eq!(heard.data["id"], json!(shop.id()));
    let href = heard.data["href"].as_str().unwrap();
    desk.call("GET", "county", href, Value::Null).expect(200);
    assert!(!heard.raw.contains("五金店") && !heard.raw.contains(SHOP.0));
}

#[test]
fn all_cases_come_in_pages_the_newest_first() {
    let desk = Desk::new();
    let first = desk.refused(SHOP, place(0));
    desk.w.minutes(1);
    let second = desk.reported(FOUNDRY, None);
    let page = desk.call("GET", "city", "/v1/cases?queue=all&limit=1", Value::Null);
    let page = page.expect(200).body;
    assert_eq!(page["items"][0]["case_id"], json!(second.id()));
    let next = format!("queue=all&limit=1&after={}", page["next"].as_str().unwrap());
    let page = desk.call("GET", "city", &format!("/v1/cases?{next}"), Value::Null);
    let page = page.expect(200).body;
    assert_eq!(
        (&page["items"][0]["case_id"], &page["next"]),
        (&json!(first.id()), &Value::Null)
    );
}
