//! Today: which tasks are late and which pictures wait for an answer, for whoever sees them; panels that come and go on a page
//! that is open; and the way to all of what is quarantined.

use std::ops::Range;
use std::time::{Duration, Instant};

use fieldseal_server::args;
use fieldseal_server::store::Statement;
use fieldseal_tests::gate::unsigned;
use fieldseal_tests::provider::Browser;
use fieldseal_tests::scenes::without_reason;
use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, Screen, World};
use mobile_ffi::{EvidenceSubject, ReportInput};
use serde_json::{Value, json};
use sync_core::model::{DocumentId, SealSubject, shanghai_date};

use super::logs_in;

const DAY_MS: i64 = 24 * 3_600_000;
/// A task is due on another day and wants another number of batches.
const DUE: Statement = Statement {
    name: "due",
    sql: "UPDATE tasks SET due_on = $2, quota_batches = $3 WHERE task_id = $1",
};

/// The last change that came is of somebody without authority.
const ONE_ASIDE: &str = "UPDATE changes SET status = 'quarantined', reason = 'unauthorised', code = 'author.revoked', \
    detail = '' WHERE item_id = (SELECT MAX(item_id) FROM changes)";
/// The same of all that came.
const ALL_ASIDE: &str = "UPDATE changes SET status = 'quarantined', reason = 'unauthorised', code = 'author.revoked', \
    detail = ''";

/// A page as somebody is shown it.
fn page(w: &World, who: &str, path: &str) -> String {
    let mut browser = Browser::default();
    logs_in(&w.server, &mut browser, who);
    let shown = browser.call(&w.server.url(path), None);
    assert_eq!(shown.status, 200, "{who} {path}: {}", shown.body);
    shown.body
}

/// The part of a page with this id, to the end of its section.
fn part<'a>(page: &'a str, id: &str) -> &'a str {
    let begin = page.find(&format!("id=\"{id}\""));
    let begin = begin.unwrap_or_else(|| panic!("no {id} in {page}"));
    let end = page[begin..].find("</section>").expect("its end");
    &page[begin..begin + end]
}

/// Where the next page of a list is.
fn next_of(page: &str) -> Option<String> {
    let next = page.split("rel=\"next\" href=\"").nth(1)?;
    let next = next.split('"').next()?;
    Some(next.replace("&amp;", "&").replace("&#38;", "&"))
}

/// The day of Asia/Shanghai, as many days from now.
fn day(w: &World, days: i64) -> String {
    shanghai_date(w.now() + days * DAY_MS).to_string()
}

/// A task of a campaign, due on a day and approved.
fn task(w: &World, code: &str, due_on: &str) -> String {
    let body = json!({
        "campaign_id": w.id("campaign", "JC-2025-01"), "code": code, "product_name": "检查井盖",
        "sampling_kind": "routine", "quota_batches": 1, "enterprises": [w.id("enterprise", "铸造")], "due_on": due_on,
    });
    let made = w.call("POST", "admin", "/v1/tasks", body).expect(201);
    let id = made.text("task_id");
    let path = format!("/v1/tasks/{id}/approval");
    w.call("POST", "admin", &path, Value::Null).expect(200);
    id
}

/// A manager of a body.
fn manager(w: &World, body: &str, name: &str) {
    let body = w.id("organisation", body);
    let admin = w.token("admin");
    w.server.user(&admin, &body, name, &["inspection_body"]);
}

#[test]
fn a_task_whose_day_is_past_is_late_for_whoever_sees_it_until_it_is_cancelled() {
    let w = World::shanxi();
    manager(&w, "晋阳", "manager");
    manager(&w, "济宁", "other");
    let late = task(&w, "L1", &day(&w, -1));
    let due = task(&w, "L2", &day(&w, 0));
    let body = json!({ "body_id": w.id("organisation", "晋阳") });
    for id in [&late, &due] {
        let path = format!("/v1/tasks/{id}/assignment");
        w.call("POST", "admin", &path, body.clone()).expect(200);
    }
    let href = |id: &str| format!("href=\"/console/tasks/{id}\"");
    let of = day(&w, -1);
    let of: Vec<u32> = of.split('-').map(|it| it.parse().unwrap()).collect();
    let [year, month, day_of] = of[..] else {
        panic!("{of:?}");
    };
    let chip = format!("<span class=\"chip bad\">{year}年{month}月{day_of}日，已逾期</span>");
    for who in ["jincheng", "admin", "manager", "wang"] {
        let today = page(&w, who, "/console");
        let told = part(&today, "late-tasks");
        assert!(
            told.contains(&href(&late)) && told.contains("逾期</span>"),
            "{who}: {told}"
        );
        assert!(told.contains(&format!("期限 {year}年{month}月{day_of}日")));
        assert!(!told.contains(&href(&due)), "{who}: today is not past");
        for path in ["/console/tasks", "/console/tasks?q=late"] {
            let list = page(&w, who, path);
            assert_eq!(list.matches(&chip).count(), 1, "{who} {path}");
            let listed = list.contains(&href(&due));
            assert_eq!(listed, !path.ends_with("late"), "{who} {path}");
        }
        let own = page(&w, who, &format!("/console/tasks/{late}"));
        assert!(own.contains(&chip), "{who}: {own}");
        let own = page(&w, who, &format!("/console/tasks/{due}"));
        assert!(!own.contains("已逾期"), "{who}");
    }
    // The day ends at midnight of Shanghai; nobody is told of what they do not see.
    w.server.clock.advance_ms(DAY_MS);
    let today = page(&w, "manager", "/console");
    assert!(part(&today, "late-tasks").contains(&href(&due)));
    let today = page(&w, "other", "/console");
    let told = part(&today, "late-tasks");
    assert!(told.contains("没有逾期的抽查任务"), "{told}");
    assert!(!page(&w, "other", "/console/tasks?q=late").contains("L1"));
    // One that is cancelled is late no more.
    let path = format!("/v1/tasks/{late}/cancellation");
    w.call("POST", "admin", &path, json!({ "reason": "计划调整" }))
        .expect(200);
    let today = page(&w, "jincheng", "/console");
    assert!(!part(&today, "late-tasks").contains(&href(&late)));
    assert!(!page(&w, "jincheng", &format!("/console/tasks/{late}")).contains("已逾期"));
}

#[test]
fn a_task_whose_batches_are_all_sampled_is_not_late() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.draws("T1");
    wang.syncs();
    let id = w.id("task", "T1");
    for (quota, late) in [(2_i64, true), (1, false)] {
        let due_on = day(&w, -1);
        w.server.runtime.block_on(async {
            let mut tx = w.server.app.store.begin().await.unwrap();
            let changed = args![id.clone(), due_on, quota];
            tx.exec(&DUE, changed).await.unwrap();
            tx.commit().await.unwrap();
        });
        let today = page(&w, "jincheng", "/console");
        assert_eq!(part(&today, "late-tasks").contains(&id), late, "{quota}");
        for path in ["/console/tasks?q=late", &format!("/console/tasks/{id}")] {
            let shown = page(&w, "jincheng", path);
            assert_eq!(shown.contains("已逾期"), late, "{quota} {path}");
        }
    }
}

#[test]
fn late_tasks_are_listed_page_by_page_each_once() {
    let w = World::shanxi();
    let tasks: Range<i64> = 0..53;
    let mut made: Vec<String> = tasks
        .map(|number| task(&w, &format!("L{number}"), &day(&w, -1 - number % 5)))
        .collect();
    let today = page(&w, "jincheng", "/console");
    let told = part(&today, "late-tasks");
    assert_eq!(told.matches("<li>").count(), 8);
    assert!(
        told.contains("<span class=\"chip bad\">53</span>")
            && told.contains("href=\"/console/tasks?q=late\""),
        "{told}"
    );
    let first = page(&w, "jincheng", "/console/tasks?q=late");
    let next = next_of(&first).expect("more");
    let second = page(&w, "jincheng", &next);
    assert_eq!(next_of(&second), None);
    let mut listed = tasks_on(&first);
    assert_eq!(listed.len(), 50);
    listed.extend(tasks_on(&second));
    listed.sort();
    made.sort();
    assert_eq!(listed, made);
}

/// The tasks to which a page leads.
fn tasks_on(page: &str) -> Vec<String> {
    let found = page.split("href=\"/console/tasks/").skip(1);
    Vec::from_iter(found.map(|it| it.split('"').next().unwrap().to_owned()))
}

#[test]
fn late_tasks_are_found_and_counted_behind_a_page_of_others_that_have_all_their_batches() {
    let w = World::shanxi();
    manager(&w, "济宁", "other");
    for number in 0..52 {
        task(&w, &format!("D{number}"), &day(&w, -1));
    }
    let done = "UPDATE tasks SET quota_batches = 0 WHERE code LIKE 'D%'";
    assert_eq!(w.server.writes(done), 52);
    let late: Range<i64> = 0..12;
    let mut late: Vec<String> = late
        .map(|number| task(&w, &format!("L{number}"), &day(&w, -3)))
        .collect();
    late.sort();
    for who in ["jincheng", "admin"] {
        let today = page(&w, who, "/console");
        let told = part(&today, "late-tasks");
        assert!(
            told.contains("<span class=\"chip bad\">12</span>"),
            "{who}: {told}"
        );
        let shown = tasks_on(told);
        assert_eq!(shown.len(), 8, "{who}");
        assert!(shown.iter().all(|id| late.contains(id)), "{who}: {told}");
        let whole = page(&w, who, "/console/tasks?q=late");
        let mut listed = tasks_on(&whole);
        listed.sort();
        assert_eq!(listed, late, "{who}");
        assert_eq!(next_of(&whole), None, "{who}");
    }
    let today = page(&w, "other", "/console");
    assert!(part(&today, "late-tasks").contains("没有逾期的抽查任务"));
}

/// A visit with two pictures that are here, by the phone of 王.
fn pictured(w: &World) -> (Phone, DocumentId, Vec<String>) {
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    wang.draws("T1");
    wang.syncs();
    let told = w.get(&format!("/v1/visits/{visit}/evidence"));
    let mut pieces = Vec::new();
    for item in told["items"].as_array().unwrap() {
        if item["state"] != "verified" {
            let sha256 = word(&item["sha256"]).parse().unwrap();
            w.brings(&wang, visit, sha256, item["size_bytes"].as_i64().unwrap());
        }
        pieces.push(word(&item["evidence_id"]));
    }
    (wang, visit, pieces)
}

#[test]
fn a_picture_that_is_not_accepted_waits_for_its_body_on_today() {
    let w = World::shanxi();
    manager(&w, "晋阳", "manager");
    manager(&w, "济宁", "other");
    let (_wang, visit, pieces) = pictured(&w);
    let decides = |piece: &str, verdict: &str, saw: i64| {
        let body = json!({ "verdict": verdict, "reason": "标签看不清", "expected_version": saw });
        let path = format!("/v1/visits/{visit}/evidence/{piece}/reviews");
        w.call("POST", "晋城", &path, body).expect(201);
    };
    decides(&pieces[0], "questioned", 0);
    decides(&pieces[1], "rejected", 0);
    for (id, piece) in [("questioned", &pieces[0]), ("rejected", &pieces[1])] {
        let today = page(&w, "manager", "/console");
        let told = part(&today, id);
        assert!(
            told.contains(&format!("/console/review/{visit}/{piece}?state={id}")),
            "{told}"
        );
        assert!(told.contains(&format!("/console/review?state={id}")));
        assert_eq!(told.matches("<li>").count(), 1);
        // Who samples opens no review: the dossier has it.
        let today = page(&w, "wang", "/console");
        let told = part(&today, id);
        assert!(
            told.contains(&format!("/console/visits/{visit}#evidence")),
            "{told}"
        );
        assert!(!told.contains("/console/review"));
        let today = page(&w, "other", "/console");
        assert_eq!(part(&today, id).matches("<li>").count(), 0);
    }
    decides(&pieces[0], "accepted", 1);
    let today = page(&w, "manager", "/console");
    assert!(part(&today, "questioned").contains("没有待答复的影像"));
}

#[test]
fn panels_and_sections_come_and_go_on_pages_that_are_open() {
    let w = World::shanxi();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    let mut wang = w.phone("王");
    let visit = wang.enters("五金店");
    wang.syncs();
    let seen = |id: &str, expected: bool| {
        let script = format!("return document.querySelector('{id}').checkVisibility()");
        let until = Instant::now() + Duration::from_secs(30);
        while screen.runs(&script) != json!(expected) {
            assert!(Instant::now() < until, "{id}: {}", screen.text());
            std::thread::sleep(Duration::from_millis(50));
        }
        let same = screen.runs("return window.same === true");
        assert_eq!(same, json!(true), "the page was not loaded again");
    };
    screen.logs_in("jincheng");
    screen.runs("window.same = true");
    for id in ["#decide", "#hand-over", "#mine"] {
        seen(id, false);
    }
    screen.is_sound("today with panels that are not seen");
    let input = ReportInput {
        grounds: "unlicensed".to_owned(),
        description: "无营业执照".to_owned(),
        recipients: vec![w.id("organisation", "晋城市局").parse().unwrap()],
    };
    let report = wang.client.report(visit, input).unwrap();
    let of = EvidenceSubject::OnSiteReport(report);
    wang.photographs(&w, visit, of, "place");
    wang.tries_to_seal_with(SealSubject::OnSiteReport(report), unsigned())
        .unwrap();
    wang.syncs();
    // The first report comes on the open page, and goes once it is handed over.
    seen("#hand-over", true);
    assert!(screen.sees("#hand-over").contains("五金店"));
    let office = json!({ "office": "晋城综合执法支队", "receipt_no": "移-7", "note": null });
    for (act, body) in [
        ("taking", Value::Null),
        ("receipt", json!({ "receipt_no": "收-1" })),
        ("hand-over", office),
    ] {
        let path = format!("/v1/cases/{visit}/{report}/{act}");
        w.call("POST", "晋城", &path, body).expect(200);
    }
    seen("#hand-over", false);
    seen("#mine", true);

    // So does the first refusal of a visit, in its dossier.
    let visit = wang.enters("服饰");
    wang.syncs();
    screen.goes(&format!("/console/visits/{visit}"));
    screen.runs("window.same = true");
    seen("#records", false);
    seen("nav a[href=\"#entries\"]", true);
    assert!(screen.all("nav a[href='#records']").is_empty());
    let refusal = without_reason("店主锁门，拒绝抽样", "电动车头盔", "邻店店主");
    wang.client.refuse(visit, refusal).unwrap();
    wang.syncs();
    seen("#records", true);
    seen("nav a[href=\"#records\"]", true);
}

#[test]
fn a_list_of_imports_that_is_empty_is_there_for_the_first_to_come_into() {
    let w = World::shanxi();
    let shown = page(&w, "admin", "/console/imports/tasks");
    let latest = shown.split("id=\"latest\"").nth(1).expect("the list");
    assert!(latest.starts_with(" data-live hidden"), "{latest}");
}

#[test]
fn what_is_typed_outlives_a_server_that_does_not_answer_and_a_login_that_is_over() {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    wang.syncs();
    assert_eq!(w.server.writes(ONE_ASIDE), 1);
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    let here = format!("/console/visits/{visit}");
    screen.goes(&here);
    screen.types("#aside [name=reason]", "核实为本人");
    // As a browser does when a page is looked at again.
    let reads = || drop(screen.runs("document.dispatchEvent(new Event('visibilitychange'))"));
    let says = |text: &str| {
        let until = Instant::now() + Duration::from_secs(30);
        let said = || screen.runs("return document.querySelector('#live-lost').textContent");
        while match (said().as_str(), text) {
            (Some(said), "") => !said.is_empty(),
            (said, text) => !said.unwrap_or_default().contains(text),
        } {
            assert!(Instant::now() < until, "{text}: {}", screen.text());
            std::thread::sleep(Duration::from_millis(50));
        }
        let kept = "return [window.same, document.querySelector('#aside [name=reason]').value]";
        assert_eq!(screen.runs(kept), json!([true, "核实为本人"]), "{text}");
    };
    for status in [503, 429] {
        let answers = format!(
            "window.same = true; window.asks ??= window.fetch; \
             window.fetch = async () => new Response('', {{ status: {status} }})"
        );
        screen.runs(&answers);
        reads();
        says("实时连接中断");
        screen.runs("window.fetch = window.asks");
        reads();
        says("");
    }
    let leaves = "const done = arguments[arguments.length - 1]; \
        fetch('/console/logout', { method: 'POST' }).then(() => done(true), () => done(false))";
    assert_eq!(screen.awaits(leaves), json!(true));
    reads();
    says("登录已过期");
    // Nothing is typed any more: the page leads to the login.
    screen.runs(
        "const field = document.querySelector('#aside [name=reason]'); field.value = ''; field.blur()",
    );
    reads();
    let login = screen.leaves(&here);
    assert!(login.starts_with("/console/login"), "{login}");
}

#[test]
fn today_leads_to_all_that_is_quarantined_page_by_page() {
    let w = World::shanxi();
    manager(&w, "晋阳", "manager");
    manager(&w, "济宁", "other");
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    for lot in 0..60 {
        wang.fills_bare("T1", json!({ "lot_no": format!("批{lot}") }));
    }
    wang.syncs();
    let all = usize::try_from(w.server.writes(ALL_ASIDE)).unwrap();
    assert!((51..100).contains(&all), "{all}");
    let whole = "href=\"/console/quarantine\"";
    // Whoever may open it is led there: an administrator who is not of the authority too.
    let keepers = w.id("organisation", "晋城市局");
    w.server
        .user(&w.token("admin"), &keepers, "keeper", &["admin"]);
    for who in ["jincheng", "manager", "keeper"] {
        let today = page(&w, who, "/console");
        let told = part(&today, "aside");
        assert!(told.contains("8+") && told.contains(whole), "{who}: {told}");
        let named = "<bdi>泽州示例铸造</bdi></a>";
        assert_eq!(told.matches(named).count(), 8, "{who}: {told}");
    }
    let today = page(&w, "other", "/console");
    assert!(today.contains("id=\"aside\" data-live hidden"), "{today}");
    assert!(!page(&w, "wang", "/console").contains("id=\"aside\""));
    let row = format!("href=\"/console/visits/{visit}#aside\"");
    for who in ["jincheng", "manager", "keeper"] {
        let first = page(&w, who, "/console/quarantine");
        assert_eq!(first.matches(&row).count(), 50, "{who}");
        let next = next_of(&first).expect("more");
        let second = page(&w, who, &next);
        assert_eq!(second.matches(&row).count(), all - 50, "{who}");
        assert_eq!(next_of(&second), None);
    }
    let shown = page(&w, "other", "/console/quarantine");
    assert!(shown.contains("没有被隔离的变更") && !shown.contains(&row));
    if let Some(screen) = Screen::open(&w.server) {
        screen.logs_in("keeper");
        screen.looks_at("/console/quarantine", "quarantine");
        screen.looks_at("/console", "today-keeper");
    }
}
