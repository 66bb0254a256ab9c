//! Lists, figures and running the house, by whoever sits there: a search that finds a confirmed refusal, a file that is what
//! the filter finds, a task list with three bad rows, a phone that is enrolled and revoked; and a look at each page.

use fieldseal_tests::provider::Browser;
use fieldseal_tests::scenes::without_reason;
use fieldseal_tests::screen::WIDTHS;
use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, Screen, World};
use mobile_ffi::PartyAct;
use serde_json::{Value, json};
use sync_core::model::{DocumentId, SealSubject};

#[test]
fn an_officers_certificate_has_another_number_from_their_page() {
    let w = World::shanxi();
    let mut browser = Browser::default();
    super::logs_in(&w.server, &mut browser, "admin");
    let officer = format!("/console/users/{}", w.id("user", "韩"));
    let page = browser.call(&w.server.url(&officer), None).body;
    assert!(page.contains("更改执法证号"), "{page}");
    let typed = super::form(&[("_from", &officer), ("certificate_no", "晋执 140502-9")]);
    let done = browser.call(&w.server.url(&format!("{officer}/change")), Some(&typed));
    assert_eq!(done.status, 303, "{}", done.body);
    let page = browser.call(&w.server.url(&officer), None).body;
    assert!(page.contains("晋执 140502-9"), "{page}");
    let sampler = format!("/console/users/{}", w.id("user", "王"));
    let page = browser.call(&w.server.url(&sampler), None).body;
    assert!(!page.contains("更改执法证号"), "of who enforces alone");
}

/// The user name of somebody of the world.
fn username(w: &World, who: &str) -> String {
    match who {
        "admin" => who.to_owned(),
        _ => w.catalogue().people[who].username.clone(),
    }
}

/// Three visits: one with a sheet, one whose refusal was confirmed, and one that only refused.
fn world() -> (World, Phone, DocumentId) {
    let w = World::shanxi();
    let mut wang = w.phone("王");
    wang.enters("铸造");
    wang.draws("T1");
    let mut refused = Vec::new();
    for enterprise in ["五金店", "服饰"] {
        w.minutes(60);
        let visit = wang.enters(enterprise);
        let refusal = without_reason("店主锁门，拒绝抽样", "电动车头盔", "邻店店主");
        let refusal = wang.client.refuse(visit, refusal).unwrap();
        let act = PartyAct::Refused {
            reason: "不愿被抽样".to_owned(),
            witness: "邻店店主".to_owned(),
            handwriting: Some(b"handwriting of the neighbour".to_vec()),
        };
        wang.tries_to_seal_with(SealSubject::Refusal(refusal), act)
            .unwrap();
        refused.push((visit, refusal));
    }
    wang.syncs();
    let (visit, refusal) = refused[0];
    let path = format!("/v1/refusals/{refusal}/rulings");
    let decision = json!({ "refusal": "confirmed", "reason": "调看门口监控，确系拒检" });
    w.call("POST", "晋城", &path, decision).expect(201);
    (w, wang, visit)
}

/// Looks at the page that is open, at both widths.
fn looks(screen: &Screen, name: &str) {
    for width in WIDTHS {
        screen.widens(width);
        screen.is_sound(&format!("{name} at {width} px"));
        screen.pictured(&format!("lists-{name}"));
    }
    screen.widens(1440);
}

const ROWS: &str = "#visits tbody tr";
/// The file of what a list shows, as its button gets it.
const FILE: &str = "const asked = new XMLHttpRequest(); \
    asked.open('GET', document.querySelector('a[download]').href, false); asked.send(); return asked.responseText";

#[test]
fn a_confirmed_refusal_is_looked_up_and_the_file_is_what_the_filter_finds() {
    finds_refusal(WIDTHS[1]);
}

#[test]
fn a_confirmed_refusal_is_looked_up_and_the_file_is_what_the_filter_finds_on_a_phone() {
    finds_refusal(WIDTHS[0]);
}

fn finds_refusal(width: u32) {
    let (w, _phone, confirmed) = world();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.widens(width);
    screen.logs_in(&username(&w, "晋城"));
    screen.goes("/console/visits");
    assert_eq!(screen.all(ROWS).len(), 3);
    // What is found is seen at once; on a phone most of what one may ask for is folded away before it.
    let seen = "return [document.querySelector('#visits tbody tr').getBoundingClientRect().top < innerHeight, \
        document.querySelector('[name=product]').checkVisibility({ contentVisibilityAuto: true })]";
    let narrow = width == WIDTHS[0];
    assert_eq!(screen.runs(seen), json!([true, !narrow]));
    if narrow {
        screen.clicks(".more summary");
    }
    screen.sets("[name=refusal]", "confirmed");
    screen.types("[name=product]", "头盔");
    screen.sends("main form");
    assert_eq!(screen.all(ROWS).len(), 1, "{}", screen.text());
    assert!(screen.sees(ROWS).contains("晋城示例五金店"));
    let kept = screen.path();
    assert!(kept.contains("refusal=confirmed"), "{kept}");
    // What is asked is not folded away.
    assert_eq!(
        screen.runs(&seen.replace(" < innerHeight", " > 0")),
        json!([true, true])
    );
    screen.is_sound("a search with what it found");
    screen.pictured("lists-visits-found");
    let link = screen.runs("return document.querySelector('#visits a').getAttribute('href')");
    assert_eq!(link, format!("/console/visits/{confirmed}"));
    // The file of these, as the button gets it.
    let file = screen.runs(FILE);
    let lines: Vec<_> = file.as_str().unwrap().lines().skip(1).collect();
    assert_eq!(lines.len(), 1, "{file}");
    assert!(lines[0].ends_with(&confirmed.to_string()), "{}", lines[0]);
    // With nothing found the page says what to do.
    screen.goes("/console/visits?name=%E6%97%A0%E6%AD%A4%E4%BC%81%E4%B8%9A");
    screen.waits_for("没有符合条件的检查记录");
}

/// A heading and four tasks, of which three are bad.
const TASKS: &str = "authority,campaign,code,product_name,sampling_kind,quota_batches\n\
    晋城示例市市场监督管理局,JC-2025-01,T90,检查井盖,routine,2\n\
    晋城示例市市场监督管理局,NO-SUCH-01,T91,检查井盖,routine,2\n\
    晋城示例市市场监督管理局,JC-2025-01,T92,检查井盖,whenever,2\n\
    晋城示例市市场监督管理局,JC-2025-01,T93,检查井盖,routine,0\n";

#[test]
fn a_task_list_with_three_bad_rows_is_tried_corrected_and_written() {
    imports_tasks(WIDTHS[1]);
}

#[test]
fn a_task_list_with_three_bad_rows_is_tried_corrected_and_written_on_a_phone() {
    imports_tasks(WIDTHS[0]);
}

fn imports_tasks(width: u32) {
    let w = World::shanxi();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.widens(width);
    screen.logs_in(&username(&w, "晋城"));
    screen.goes("/console/imports/tasks");
    let file = w.folder().join("tasks.csv");
    std::fs::write(&file, TASKS).unwrap();
    screen.types("[name=file]", file.to_str().unwrap());
    screen.sends("main form");
    screen.waits_for("有 3 处问题，未写入任何内容");
    let rows = screen.all("#bad-rows tbody tr");
    assert_eq!(rows.len(), 3, "{}", screen.text());
    for (row, (line, column)) in rows.iter().zip([
        ("3", "campaign"),
        ("4", "sampling_kind"),
        ("5", "quota_batches"),
    ]) {
        let named = row.contains(column) && row.contains("value_invalid");
        assert!(row.contains(line) && named, "{row}");
        assert!(!row.contains("is "), "said in the reader's language: {row}");
    }
    looks(&screen, "import-bad-rows");
    screen.widens(width);
    let tasks = |w: &World| {
        let listed = w.get("/v1/tasks");
        let codes = listed["items"].as_array().unwrap().iter();
        codes
            .filter(|it| it["code"].as_str().unwrap().starts_with("T9"))
            .count()
    };
    assert_eq!(tasks(&w), 0, "nothing is written");
    // What is wrong is corrected where it stands.
    let mended = TASKS
        .replace("NO-SUCH-01", "JC-2025-01")
        .replace("whenever", "routine")
        .replace("routine,0", "routine,1");
    screen.sets("[name=text]", &mended);
    screen.sends("main form");
    screen.waits_for("全部合格，尚未写入：将新增 4 条");
    assert_eq!(tasks(&w), 0);
    screen.clicks("button[value=write]");
    screen.waits_for("已写入：新增 4 条");
    assert_eq!(tasks(&w), 4);
}

#[test]
fn a_phone_is_enrolled_by_the_code_that_is_shown_and_revoked() {
    enrols(WIDTHS[1]);
}

#[test]
fn a_phone_is_enrolled_by_the_code_that_is_shown_and_revoked_on_a_phone() {
    enrols(WIDTHS[0]);
}

fn enrols(width: u32) {
    let w = World::shanxi();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.widens(width);
    screen.logs_in("admin");
    screen.goes(&format!("/console/users/{}", w.id("user", "孙")));
    screen.sends("form[action='/console/devices/enrolment']");
    let code = screen.sees("#code");
    // What a camera sees of the screen.
    let picture = std::fs::read(screen.pictured("lists-enrolment-seen")).unwrap();
    let told: Value = serde_json::from_str(&fieldseal_tests::gate::seen(&picture)).unwrap();
    assert_eq!(
        (&told["fieldseal"], &told["code"]),
        (&json!("enrolment"), &json!(code))
    );
    looks(&screen, "enrolment");
    screen.widens(width);
    let phone = w.phone_on("孙", w.folder().join("sun.db"), 77);
    let (url, code) = (word(&told["server"]), word(&told["code"]));
    phone.client.enrol(&url, &code, "孙丽的手机").unwrap();
    screen.goes("/console/devices");
    screen.waits_for("孙丽的手机");
    let id = w.get("/v1/devices")["items"][0]["device_id"].clone();
    let here = format!("/console/devices/{}", id.as_str().unwrap());
    screen.goes(&here);
    screen.waits_for("该设备发来的内容均已收下");
    screen.looks_at(&here, "device");
    screen.widens(width);
    screen.goes(&here);
    screen.clicks("details.card summary");
    screen.types("[name=reason]", "遗失");
    screen.sends(&format!("form[action='{here}/revocation']"));
    screen.waits_for("已作废");
    let device = w.get(&format!("/v1/devices/{}", id.as_str().unwrap()));
    assert_eq!(device["revoked_reason"], "遗失");
}

#[test]
fn what_a_key_rules_again_is_shown_before_it_is_written() {
    let (w, _phone, visit) = world();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in(&username(&w, "晋城"));
    screen.goes(&format!(
        "/console/enterprises/{}",
        w.id("enterprise", "服饰")
    ));
    screen.clicks("details.card summary");
    screen.types("[name=from_key]", "921405020000B2F60D");
    screen.types("form[action$=aliases] [name=reason]", "同一店铺");
    screen.sends("form[action$=aliases]");
    screen.waits_for("尚未写入。将重新认定 2 次检查");
    let key = |w: &World| w.dossier(visit)["visit"]["enterprise"].clone();
    assert_eq!(key(&w), "uscc:921405020000B2F60D");
    looks(&screen, "alias");
    screen.sends("form[action$=aliases]");
    assert_eq!(key(&w), "uscc:911405810000B3G78L");
    screen.clicks("td a[href*=aliases]");
    screen.types("[name=reason]", "并非同一店铺");
    screen.sends("form[action*=aliases]");
    screen.waits_for("尚未写入。将重新认定 2 次检查");
    assert_eq!(key(&w), "uscc:911405810000B3G78L");
    screen.sends("form[action*=aliases]");
    assert_eq!(key(&w), "uscc:921405020000B2F60D");
}

#[test]
fn assigning_shows_what_entry1_plan_says_before_anything_is_assigned() {
    let w = World::shanxi();
    let task = |code: &str, campaign: &str| {
        let body = json!({
            "campaign_id": w.id("campaign", campaign), "code": code, "product_name": "检查井盖",
            "sampling_kind": "routine", "quota_batches": 1, "enterprises": [w.id("enterprise", "消防")],
        });
        let made = w.call("POST", "admin", "/v1/tasks", body).expect(201);
        let id = made.text("task_id");
        let path = format!("/v1/tasks/{id}/approval");
        w.call("POST", "admin", &path, Value::Null).expect(200);
        id
    };
    let first = task("P1", "JC-2025-01");
    let second = task("P2", "SX-2025-01");
    let body = w.id("organisation", "晋阳");
    let path = format!("/v1/tasks/{first}/assignment");
    w.call("POST", "admin", &path, json!({ "body_id": body }))
        .expect(200);
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("admin");
    let here = format!("/console/tasks/{second}");
    screen.goes(&here);
    screen.sets("[name=body]", &body);
    screen.sends("form[action$=assignment]");
    screen.waits_for("ENTRY1-PLAN");
    let rows = screen.all("tbody tr");
    assert!(rows.iter().any(|row| row.contains("P1")), "{rows:?}");
    let state = |w: &World| w.get(&format!("/v1/tasks/{second}"))["state"].clone();
    assert_eq!(state(&w), "approved");
    looks(&screen, "plan-clash");
    // One may leave it as it is, and come to the same again.
    screen.clicks(&format!("main a.button[href='{here}']"));
    assert_eq!(
        (screen.path(), state(&w)),
        (here.clone(), json!("approved"))
    );
    screen.sets("[name=body]", &body);
    screen.sends("form[action$=assignment]");
    screen.waits_for("ENTRY1-PLAN");
    screen.sends("form[action$=assignment]");
    assert_eq!(screen.path(), here);
    assert_eq!(state(&w), "assigned");
}

#[test]
fn every_list_is_sound_with_something_in_it_at_both_widths() {
    let (w, phone, _) = world();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("admin");
    let device = phone.client.enrolled().unwrap().unwrap().device_id;
    for (path, name) in [
        ("/console/visits".to_owned(), "visits"),
        ("/console/figures".to_owned(), "figures"),
        ("/console/figures?by=product".to_owned(), "figures-product"),
        ("/console/campaigns".to_owned(), "campaigns"),
        ("/console/tasks".to_owned(), "tasks"),
        (format!("/console/tasks/{}", w.id("task", "T1")), "task"),
        ("/console/enterprises".to_owned(), "enterprises"),
        (
            format!("/console/enterprises/{}", w.id("enterprise", "铸造")),
            "enterprise",
        ),
        ("/console/product-rules".to_owned(), "product-rules"),
        ("/console/prior-samplings".to_owned(), "prior-samplings"),
        ("/console/rulebooks".to_owned(), "rulebooks"),
        ("/console/rulebooks/shanghai/1".to_owned(), "rulebook"),
        ("/console/imports/tasks".to_owned(), "import"),
        ("/console/organisations".to_owned(), "organisations"),
        ("/console/users".to_owned(), "users"),
        (format!("/console/users/{}", w.id("user", "王")), "user"),
        ("/console/devices".to_owned(), "devices"),
        (format!("/console/devices/{device}"), "device"),
        ("/console/audit".to_owned(), "audit"),
    ] {
        screen.looks_at(&path, &format!("lists-{name}"));
    }
}

/// The choices of a field of a page, from its first option to its last.
fn choices_of<'a>(page: &'a str, name: &str) -> &'a str {
    let begin = page.find(&format!("<select name=\"{name}\">"));
    let page = &page[begin.unwrap_or_else(|| panic!("no {name} in {page}"))..];
    page.split("</select>").next().unwrap()
}

#[test]
fn a_grouping_that_there_is_none_of_is_told_and_the_right_ones_are_offered() {
    let (w, ..) = world();
    let mut browser = Browser::default();
    super::logs_in(&w.server, &mut browser, &username(&w, "晋城"));
    let mut asks = |path: &str| browser.call(&w.server.url(path), None);
    let told = asks("/console/figures?by=colour%3Cb%3E&region=140525");
    assert_eq!(told.status, 400);
    for said in ["query_invalid", "没有“colour&#60;b&#62;”这种分组方式"] {
        assert!(told.body.contains(said), "{said}: {}", told.body);
    }
    assert!(!told.body.contains("id=\"figures\"") && !told.body.contains("figures.csv"));
    let ways = ["body", "product", "region", "month"];
    for by in ways {
        let path = format!("/console/figures?by={by}&region=140525");
        let link = format!("href=\"{}\"", path.replace('&', "&#38;"));
        assert!(told.body.contains(&link), "{link}: {}", told.body);
        let counted = asks(&path);
        assert_eq!(counted.status, 200, "{by}");
        let chosen = format!("<option value=\"{by}\" selected>");
        assert!(choices_of(&counted.body, "by").contains(&chosen), "{by}");
        assert!(counted.body.contains("id=\"figures\""), "{by}");
    }
    // Who says nothing is told by body, and no file is made of what is not counted.
    let counted = asks("/console/figures?by=").body;
    assert!(choices_of(&counted, "by").contains("<option value=\"body\" selected>"));
    assert_eq!(asks("/console/figures.csv?by=month").status, 200);
    let file = asks("/console/figures.csv?by=colour");
    assert_eq!(file.status, 400, "{}", file.body);
    assert!(file.body.contains("query_invalid"), "{}", file.body);
    for path in ["/v1/figures?by=colour", "/v1/figures.csv?by=colour"] {
        w.call("GET", "晋城", path, Value::Null)
            .expect_problem(400, "query_invalid");
    }
}

#[test]
fn a_filter_that_is_none_of_the_choices_stands_in_the_form() {
    let (w, ..) = world();
    let mut browser = Browser::default();
    super::logs_in(&w.server, &mut browser, &username(&w, "晋城"));
    let mut asks = |path: &str| {
        let shown = browser.call(&w.server.url(path), None);
        assert_eq!(shown.status, 200, "{path}: {}", shown.body);
        shown.body
    };
    let unseen = w.id("organisation", "济宁");
    let own = w.id("campaign", "JC-2025-01");
    let body = json!({ "kind": "inspection_body", "name": "晋城示例检验所", "region": "140500" });
    let body = w.call("POST", "admin", "/v1/organisations", body);
    let body = body.expect(201).text("organisation_id");
    for (page, field) in [
        ("/console/visits", "campaign"),
        ("/console/visits", "body"),
        ("/console/figures", "campaign"),
    ] {
        let shown = asks(&format!("{page}?{field}={unseen}"));
        let said =
            format!("<option value=\"{unseen}\" selected>{unseen}（不在您可选的范围内）</option>");
        let choices = choices_of(&shown, field);
        assert!(choices.contains(&said), "{page} {field}: {choices}");
        assert_eq!(choices.matches(" selected").count(), 1);
        assert!(!shown.contains("<tbody>"), "{page} {field}: as it says");
        // What is chosen and known is called by its name, and nothing is added where nothing is asked.
        let known = match field {
            "body" => &body,
            _ => &own,
        };
        let shown = asks(&format!("{page}?{field}={known}"));
        let choices = choices_of(&shown, field);
        assert!(choices.contains(&format!("<option value=\"{known}\" selected>")));
        for choices in [choices, choices_of(&asks(page), field)] {
            assert!(!choices.contains("不在您可选的范围内"), "{choices}");
        }
    }
}

#[test]
fn a_team_is_formed_and_its_people_chosen() {
    let w = World::shanxi();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    let body = w.id("organisation", "晋阳");
    let admin = w.token("admin");
    w.server
        .user(&admin, &body, "manager", &["inspection_body"]);
    for width in WIDTHS {
        screen.widens(width);
        screen.logs_in("manager");
        screen.goes("/console/teams");
        screen.clicks("details.card summary");
        screen.types("[name=name]", &format!("第{width}组"));
        screen.sets("[name=campaign]", &w.id("campaign", "JC-2025-01"));
        screen.sets("[name=body]", &body);
        screen.sends("form[action='/console/teams/new']");
        let here = screen.path();
        screen.waits_for("该组还没有成员");
        looks(&screen, "team-empty");
        screen.widens(width);
        for who in ["王", "孙"] {
            screen.clicks(&format!(
                "input[type=checkbox][value='{}']",
                w.id("user", who)
            ));
        }
        screen.sends("form[action$=members]");
        assert_eq!(screen.path(), here);
        let names = screen.all("tbody tr");
        assert_eq!(names.len(), 2, "{names:?}");
        let team = here.rsplit('/').next().unwrap();
        let team = w.get(&format!("/v1/teams/{team}"));
        assert_eq!(team["members"].as_array().unwrap().len(), 2);
        // Whoever is not ticked any more is out.
        screen.clicks(&format!(
            "input[type=checkbox][value='{}']",
            w.id("user", "孙")
        ));
        screen.sends("form[action$=members]");
        assert_eq!(screen.all("tbody tr"), ["王建国"]);
        // Whoever somebody else took in while the page was open stays in.
        let (wang, sun) = (w.id("user", "王"), w.id("user", "孙"));
        let path = format!("/v1/teams/{}", here.rsplit('/').next().unwrap());
        let roster = json!({ "members": [wang, sun] });
        w.call("PATCH", "admin", &path, roster).expect(200);
        screen.clicks(&format!("input[type=checkbox][value='{wang}']"));
        screen.sends("form[action$=members]");
        assert_eq!(screen.all("tbody tr"), ["孙丽"]);
    }
    screen.looks_at("/console/teams", "lists-teams");
    // A manager forms no team of another body, and an authority chooses nobody's people.
    let other = w.id("organisation", "济宁");
    let mut browser = Browser::default();
    super::logs_in(&w.server, &mut browser, "manager");
    let campaign = w.id("campaign", "JC-2025-01");
    let foreign = super::form(&[("name", "外组"), ("campaign", &campaign), ("body", &other)]);
    let refused = browser.call(&w.server.url("/console/teams/new"), Some(&foreign));
    assert_eq!(refused.status, 403, "{}", refused.body);
    super::logs_in(&w.server, &mut browser, "jincheng");
    let refused = browser.call(&w.server.url("/console/teams/new"), Some(&foreign));
    assert_eq!(refused.status, 403);
}

#[test]
fn a_product_rule_and_a_prior_sampling_are_typed() {
    let w = World::shanxi();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    screen.goes("/console/product-rules");
    screen.clicks("details.card summary");
    screen.fills(&[
        ("product_name", "消防水带"),
        ("standards", "GB 6246-2011，GB 12514.1-2005"),
        ("unit", "米"),
        ("min_base", "60"),
        ("test_qty", "20.5"),
        ("spare_qty", "20"),
    ]);
    looks(&screen, "product-rule");
    screen.sends("form[action$=new]");
    let rows = screen.all("tbody tr");
    let made = rows.iter().find(|row| row.contains("消防水带")).unwrap();
    assert!(made.contains("20.5 米 + 20 米"), "{made}");
    let rules = w.get("/v1/product-rules");
    let rules = rules["items"].as_array().unwrap().iter();
    let rule = rules
        .into_iter()
        .find(|it| it["product_name"] == "消防水带")
        .unwrap();
    assert_eq!(
        rule["standards"],
        json!(["GB 6246-2011", "GB 12514.1-2005"])
    );
    // What cannot be is told with its field, and nothing is written.
    screen.clicks("details.card summary");
    screen.fills(&[
        ("product_name", "消防水带"),
        ("standards", "GB 6246-2011"),
        ("unit", "米"),
        ("min_base", "10"),
        ("test_qty", "20"),
        ("spare_qty", "20"),
    ]);
    screen.sends("form[action$=new]");
    assert!(screen.sees("#returned").contains("最小抽样基数"));
    let told = screen.complaints();
    assert!(told.len() == 1 && told[0].contains("422"), "{told:?}");

    screen.goes("/console/prior-samplings");
    screen.clicks("details.card summary");
    screen.types("[name=source]", "e-CQS");
    screen.types("[name=sheet_no]", "EC-0042");
    screen.types("[name=region]", "140500");
    screen.types("[name=product_name]", "消防水带");
    screen.types("[name=producer_name]", "示例水带厂");
    screen.types("[name=standards]", "GB 6246-2011");
    screen.sets("[name=sampled_on]", "2025-02-10");
    screen.sends("form[action$=new]");
    let rows = screen.all("tbody tr");
    let made = rows.iter().find(|row| row.contains("EC-0042")).unwrap();
    assert!(
        made.contains("2025年2月10日") && made.contains("e-CQS"),
        "{made}"
    );
    looks(&screen, "prior-samplings-typed");
}

/// A visit like another one, under another name.
const COPY: fieldseal_server::store::Statement = fieldseal_server::store::Statement {
    name: "copy",
    sql: "INSERT INTO visits (document_id, campaign_id, body_id, team_id, enterprise, uscc, enterprise_name, region, state, \
        entered_at, sort_at, samples, conflicts, fact, changed_at, name_searched, products_searched) SELECT $1, campaign_id, \
        body_id, team_id, enterprise, uscc, enterprise_name, region, state, entered_at, sort_at, samples, conflicts, fact, \
        changed_at, name_searched, products_searched FROM visits WHERE document_id = $2",
};

#[test]
fn a_list_goes_on_and_back_with_what_is_asked_and_its_file_is_all_of_it() {
    let (w, _phone, confirmed) = world();
    w.server.runtime.block_on(async {
        let mut tx = w.server.app.store.begin().await.unwrap();
        // Many at one moment: a page may begin and end among them.
        for number in 0..120_u32 {
            let id = DocumentId([u8::try_from(number).unwrap() + 1; 32]);
            tx.exec(&COPY, fieldseal_server::args![id, confirmed])
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
    });
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in(&username(&w, "晋城"));
    screen.goes("/console/visits?name=%E4%BA%94%E9%87%91");
    let links = "return [...document.querySelectorAll('#visits td:first-child a')].map(it => it.getAttribute('href'))";
    let mut pages = vec![screen.runs(links)];
    assert!(
        screen.all("a[rel=prev]").is_empty(),
        "nothing is before the first page"
    );
    while !screen.all("a[rel=next]").is_empty() {
        screen.clicks("a[rel=next]");
        assert!(
            screen.path().contains("name=%E4%BA%94%E9%87%91"),
            "{}",
            screen.path()
        );
        pages.push(screen.runs(links));
    }
    let sizes: Vec<_> = pages
        .iter()
        .map(|page| page.as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [50, 50, 21]);
    let all: std::collections::BTreeSet<_> = pages
        .iter()
        .flat_map(|page| page.as_array().unwrap())
        .map(word)
        .collect();
    assert_eq!(all.len(), 121, "each once");
    for page in pages.iter().rev().skip(1) {
        screen.clicks("a[rel=prev]");
        assert_eq!(&screen.runs(links), page, "back to the same page");
    }
    assert!(screen.all("a[rel=prev]").is_empty(), "{}", screen.path());
    screen.is_sound("a page that was come back to");
    let file = screen.runs(FILE);
    assert_eq!(file.as_str().unwrap().lines().count(), 122);
    screen.goes("/console/visits?before=x");
    screen.waits_for("query_invalid");
}

#[test]
fn long_names_stand_whole_beside_their_bars_in_both_languages() {
    let (w, _phone, _) = world();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("admin");
    let longest =
        "山西省泽州县示例路桥检查井盖及特种铸造产品质量监督检验研究中心有限责任公司第一分公司";
    w.server.runtime.block_on(async {
        let long = fieldseal_server::store::Statement {
            name: "long",
            sql: "UPDATE organisations SET name = $1 WHERE kind = 'inspection_body'",
        };
        let mut tx = w.server.app.store.begin().await.unwrap();
        tx.exec(&long, fieldseal_server::args![longest])
            .await
            .unwrap();
        tx.commit().await.unwrap();
    });
    let inside = "return [...document.querySelectorAll('.bars .name')].every(it => { \
        const box = it.getBoundingClientRect(); \
        return box.left >= 0 && box.right <= innerWidth && it.scrollWidth <= it.clientWidth + 1; })";
    for language in ["zh", "en"] {
        for width in WIDTHS {
            screen.widens(width);
            screen.goes("/console/figures");
            assert_eq!(screen.sees(".bars .name"), longest);
            assert_eq!(screen.runs(inside), json!(true), "{language} at {width} px");
            screen.is_sound("figures with long names");
            screen.pictured(&format!("lists-figures-long-{language}"));
        }
        screen.sends(".who form:first-of-type");
    }
}

#[test]
fn the_trail_tells_acts_people_and_things_by_their_names() {
    let (w, _phone, _) = world();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("admin");
    screen.goes("/console/audit");
    let column = |name: &str| screen.all(&format!("tbody td[data-head='{name}']"));
    let acts = column("操作");
    assert!(acts.contains(&"作出裁定".to_owned()), "{acts:?}");
    let coded = "return [...document.querySelectorAll('td[data-head=操作] code, td[data-head=对象] code')].map(it => it.innerText)";
    assert_eq!(screen.runs(coded), json!([]));
    // Nor are there ids, or words of the API, in what else is said.
    let details = column("详细信息").join("\n");
    for coded in [
        "roles",
        "inspection_body",
        "kind",
        "region ",
        "joined",
        "-7",
    ] {
        assert!(!details.contains(coded), "{coded}: {details}");
    }
    assert!(details.contains("角色 "), "{details}");
    let subjects = column("对象").join("\n");
    assert!(!subjects.contains("-7"), "{subjects}");
    let people = column("人员");
    assert!(people.contains(&"晋城市局 监督科".to_owned()), "{people:?}");
    looks(&screen, "trail");
    // Whoever looks for an act chooses it.
    screen.sets("[name=act]", "user.created");
    screen.sends("form[role=search]");
    assert!(screen.path().contains("act=user.created"));
    assert!(column("操作").iter().all(|act| act == "新建用户"));
    let person = format!("用户 {}", w.catalogue().people["王"].name);
    assert!(column("对象").contains(&person), "{:?}", column("对象"));
    screen.clicks(&format!("td a[href$='/users/{}']", w.id("user", "王")));
    assert_eq!(screen.sees("h1"), w.catalogue().people["王"].name);
    // In English too.
    screen.goes("/console/audit?act=task.approved");
    screen.sends(".who form:first-of-type");
    screen.waits_for("Task approved");
}
