//! What is wrong, in the reader's language; and times and days as people read them, the same on every page.

use fieldseal_tests::World;
use fieldseal_tests::provider::{Browser, Shown};
use serde_json::json;

use super::logs_in;

fn seated(w: &World) -> impl FnMut(&str) -> Shown {
    let mut browser = Browser::default();
    logs_in(&w.server, &mut browser, "admin");
    move |path: &str| browser.call(&w.server.url(path), None)
}

#[test]
fn an_address_that_cannot_be_read_is_told_in_chinese() {
    let w = World::shanxi();
    let mut asks = seated(&w);
    for (path, status, told) in [
        (
            "/console/visits?from=2025-13-01",
            400,
            "“起始日期”格式不正确",
        ),
        ("/console/visits?name=a&name=b", 400, "“名称”重复出现"),
        ("/console/visits?colour=red", 400, "没有“colour”这一条件"),
        ("/console/visits/zz", 400, "“zz”不是有效的编号"),
        ("/console/visits?evidence=zz", 400, "“影像证据”格式不正确"),
        ("/console/visits?state=zz", 400, "格式不正确"),
        ("/console/visits?standing=zz", 400, "格式不正确"),
        ("/console/visits?rule=ENTRY0", 400, "格式不正确"),
        (
            "/console/visits?evidence=none&state=sampling&rule=ENTRY1",
            200,
            "检查",
        ),
        ("/console/visits.csv?evidence=zz", 400, "格式不正确"),
    ] {
        let shown = asks(path);
        assert_eq!(shown.status, status, "{path}");
        assert!(shown.body.contains(told), "{path}: {}", shown.body);
        for english in ["malformed", "duplicate field", "unknown field", "is no "] {
            assert!(!shown.body.contains(english), "{path}: {english}");
        }
    }
}

#[test]
fn a_search_for_one_enterprise_says_so_and_can_be_dropped() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.syncs();
    let mut asks = seated(&w);
    let path = "/console/visits?enterprise=uscc%3A911405000000A1E50L&state=entered";
    let page = asks(path).body;
    assert!(page.contains("只列出该企业的检查"), "{page}");
    assert!(
        page.contains("href=\"/console/visits?state=entered\""),
        "{page}"
    );
    assert!(
        !asks("/console/visits?state=entered")
            .body
            .contains("id=\"of\"")
    );
}

/// The times of a part of a page, each as it is written there.
fn times(page: &str) -> Vec<&str> {
    let begun = page.match_indices("<time ").map(|(at, _)| &page[at..]);
    let whole = begun.map(|it| it.split_inclusive("</time>").next().unwrap());
    whole.collect()
}

#[test]
fn an_entry_is_told_with_its_bounds_and_alike_in_the_list_and_in_the_dossier() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    wang.syncs();
    let mut asks = seated(&w);
    let list = asks("/console/visits").body;
    let (_, rows) = list.split_once("id=\"visits\"").unwrap();
    let entered = times(rows)[0];
    assert!(
        entered.contains(" 至 ") && entered.contains("之间"),
        "{entered}"
    );
    let dossier = asks(&format!("/console/visits/{visit}")).body;
    let (head, rest) = dossier.split_once("</dl>").unwrap();
    assert!(
        times(head).contains(&entered),
        "{entered}: {:?}",
        times(head)
    );
    assert!(
        times(rest).contains(&entered),
        "{entered}: {:?}",
        times(rest)
    );
}

/// Days as records write them, where people read them.
fn written_days(page: &str) -> Vec<&str> {
    let texts = page.split('>').filter_map(|it| it.split('<').next());
    let is_day = |text: &&str| {
        let shape = text
            .bytes()
            .map(|it| if it.is_ascii_digit() { b'0' } else { it });
        shape.eq(*b"0000-00-00")
    };
    texts
        .map(str::trim)
        .flat_map(|text| text.split(' '))
        .filter(is_day)
        .collect()
}

#[test]
fn days_are_written_as_the_language_has_them() {
    assert_eq!(written_days("<b> 2025-03-05</b>"), ["2025-03-05"]);
    let w = World::shanxi();
    let campaign = w.id("campaign", "JC-2025-01");
    let task = json!({
        "campaign_id": campaign, "code": "日", "product_name": "检查井盖", "sampling_kind": "routine",
        "quota_batches": 1, "due_on": "2025-03-05",
    });
    let task = w.call("POST", "admin", "/v1/tasks", task).expect(201);
    let task = task.text("task_id");
    let prior = json!({
        "source": "省局", "confidence": "reported", "sampled_on": "2025-02-07", "sampling_kind": "routine",
        "channel": "production", "region": "140500", "product_name": "检查井盖",
    });
    w.call("POST", "admin", "/v1/prior-samplings", prior)
        .expect(201);
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.draws("T1");
    let visit = wang.visit();
    wang.syncs();
    let mut asks = seated(&w);
    for (path, day) in [
        ("/console/tasks".to_owned(), "2025年3月5日"),
        (format!("/console/tasks/{task}"), "2025年3月5日"),
        ("/console/prior-samplings".to_owned(), "2025年2月7日"),
        ("/console/rulebooks".to_owned(), "日</bdi>"),
        ("/console/rulebooks/shanghai/1".to_owned(), "日</dd>"),
        (format!("/console/visits/{visit}"), "进门 2025年"),
    ] {
        let shown = asks(&path);
        assert_eq!(shown.status, 200, "{path}");
        assert!(shown.body.contains(day), "{path}: {}", shown.body);
        assert_eq!(written_days(&shown.body), [""; 0], "{path}");
    }
}
