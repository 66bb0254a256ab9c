//! The dossier of the demonstration's visits in a browser, and what happens to script that people put where they can write.

use fieldseal_tests::demonstration::{FILES, Story};
use fieldseal_tests::pictures::{self, CameraNotes};
use fieldseal_tests::scenes::without_reason;
use fieldseal_tests::screen::WIDTHS;
use fieldseal_tests::{Screen, TestServer, World};
use mobile_ffi::{EvidenceSubject, RefusalInput};
use serde_json::json;
use sync_core::model::{DocumentId, SealSubject};

/// What would run, were it let.
const SCRIPT: &str = "\"'><img src=x onerror=window.ran=1><script>window.ran=1</script>";

/// Everything that the demonstration leaves behind, and a visit where everybody writes script.
fn world() -> (World, DocumentId) {
    let world = World::with(TestServer::start(), &FILES);
    Story::new(&world, std::io::sink(), 1).play().unwrap();
    let mut wang = world.phone("王");
    wang.online();
    let visit = wang.works_in("JC-2025-01").goes_to("消防");
    let arrival = wang.arrival();
    wang.client.record_arrival(visit, arrival).unwrap();
    let refusal = RefusalInput {
        consequence: Some(SCRIPT.to_owned()),
        ..without_reason(
            &format!("店主说：{SCRIPT}"),
            &format!("学生服{SCRIPT}"),
            SCRIPT,
        )
    };
    let refusal = wang.client.refuse(visit, refusal).unwrap();
    let notes = CameraNotes {
        device: Some((SCRIPT.to_owned(), SCRIPT.to_owned())),
        ..CameraNotes::default()
    };
    let photo = pictures::jpeg(&pictures::scene(320, 240, 7), 85);
    let file = world.folder().join("a'\"<script>alert(1)&.jpg");
    std::fs::write(&file, pictures::jpeg_with(&photo, &notes)).unwrap();
    let of = EvidenceSubject::Refusal(refusal);
    wang.captures(("refusal", "image/jpeg"), of, &file);
    wang.tries_to_seal_with(
        SealSubject::Refusal(refusal),
        fieldseal_tests::gate::unsigned(),
    )
    .unwrap();
    wang.syncs();
    wang.uploads();
    wang.waits_for_receipts(visit);
    // A person and an enterprise whose names are script.
    let organisation = world.id("organisation", "晋阳");
    let person = json!({
        "organisation_id": organisation, "username": "script", "display_name": SCRIPT,
        "roles": ["inspection_body"], "password": fieldseal_tests::server::PASSWORD,
    });
    world.call("POST", "admin", "/v1/users", person).expect(201);
    (world, visit)
}

/// Whether any script ran that was not ours.
fn ran(screen: &Screen) -> bool {
    screen.runs("return window.ran === 1") == json!(true)
}

#[test]
fn the_dossiers_of_the_demonstration_are_whole_sound_and_run_no_script() {
    let (world, hostile) = world();
    let Some(screen) = Screen::open(&world.server) else {
        return;
    };
    screen.logs_in("admin");
    screen.looks_at("/console", "today");
    assert!(
        !screen.all("section#late li").is_empty(),
        "the petrol station is late"
    );
    let visits = world.get("/v1/visits");
    let visits = visits["items"].as_array().cloned().unwrap_or_default();
    let of = |name: &str| {
        let found = visits.iter().find(|it| it["enterprise_name"] == name);
        found.unwrap()["visit_id"].as_str().unwrap().to_owned()
    };

    // The shop refused, was confirmed on site, and was sampled the next day.
    let shop = of("晋城示例五金店");
    screen.looks_at(&format!("/console/visits/{shop}"), "dossier-shop");
    for told in [
        "晋城示例五金店",
        "王建国",
        "离线记录",
        "执法人员现场确认",
        "24 米",
        "已解决并抽样",
        "S0000000002",
        "GB 811-2022",
        "受检单位拒签",
    ] {
        screen.waits_for(told);
    }
    // What was written is told by what people call it, whatever a document calls it.
    let coded = "return [...document.querySelectorAll('#story dt, #story dd, #conflicts h3, #aside dt')] \
        .map(it => it.textContent).filter(it => /[a-z]+_[a-z]+|\\{\"|[0-9a-f]{8}-[0-9a-f]{4}|^(sheet|visit|refusal|test|spare|routine|task|[a-z ]+ (sheet|visit|refusal))$/.test(it))";
    assert_eq!(screen.runs(coded), json!([]));
    let told = screen.runs("return document.querySelector('#story').textContent");
    let told = told.as_str().unwrap();
    for said in [
        "受检单位·名称",
        "拍摄时间",
        "执行标准",
        "常规",
        "备用样品",
        "种类 抽样单",
        "王建国",
    ] {
        assert!(told.contains(said), "{said}");
    }
    let hovered = screen.runs("return document.querySelector('#entries time').title");
    assert!(hovered.as_str().unwrap().contains("之间"), "{hovered}");

    // Pictures and a film are shown through the console's own addresses.
    let store = of("盐湖示例商超");
    screen.looks_at(&format!("/console/visits/{store}"), "dossier-store");
    let loaded = "return [...document.querySelectorAll('.gallery img')].every(it => { \
        it.loading = 'eager'; return !it.complete || it.naturalWidth > 0 })";
    assert_eq!(screen.runs(loaded), json!(true));
    assert!(!screen.all(".gallery video").is_empty());

    // A finding is quoted with its article.
    let uniforms = visits
        .iter()
        .filter(|it| it["enterprise_name"] == "高平示例服饰");
    let mut quoted = uniforms.map(|it| {
        screen.goes(&format!(
            "/console/visits/{}",
            it["visit_id"].as_str().unwrap()
        ));
        screen.text()
    });
    assert!(quoted.any(|it| it.contains("UPPER") && it.contains("晋市监发〔2023〕212号 二")));

    screen.looks_at(&format!("/console/visits/{hostile}"), "dossier-script");
    screen.waits_for("<script>window.ran=1</script>");
    assert!(!ran(&screen), "script in a refusal and in a file's name");
    // What the camera wrote of itself stands beside the picture.
    super::reviewing::waits_for_pictures(&world, hostile, 1);
    let listed = world.get(&format!("/v1/visits/{hostile}/evidence"));
    let listed = listed["items"].as_array().unwrap().iter();
    let photo = listed.into_iter().find(|it| it["kind"] == "refusal");
    let photo = photo.unwrap()["evidence_id"].as_str().unwrap().to_owned();
    screen.looks_at(
        &format!("/console/review/{hostile}/{photo}"),
        "review-script",
    );
    screen.waits_for("onerror=window.ran=1");
    assert!(!ran(&screen), "script in EXIF");
    screen.logs_in("script");
    screen.waits_for("<script>window.ran=1</script>");
    assert!(!ran(&screen), "script in a name");
    screen.is_sound("today of somebody whose name is script");

    // Without scripts the page says the same.
    screen.logs_in("admin");
    screen.goes(&format!("/console/visits/{shop}"));
    let with = screen.runs("return document.querySelector('main').innerText");
    screen.scripts(false);
    screen.goes(&format!("/console/visits/{shop}"));
    screen.scripts(true);
    let without = screen.runs("return document.querySelector('main').innerText");
    assert_eq!(with, without);
}

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

#[test]
fn what_waits_leads_to_where_something_is_done_about_it() {
    let world = World::shanxi();
    let body = world.id("organisation", "晋阳");
    let admin = world.token("admin");
    world
        .server
        .user(&admin, &body, "manager", &["inspection_body"]);
    let Some(screen) = Screen::open(&world.server) else {
        return;
    };
    let mut wang = world.phone("王");
    wang.online();
    let visit = wang.enters("铸造");
    wang.syncs();
    let dossier = format!("/console/visits/{visit}");
    let review = "a[href^='/console/review']";
    for width in WIDTHS {
        screen.widens(width);
        for (who, reviews, calls) in [
            ("jincheng", true, false),
            ("wang", false, false),
            ("manager", true, true),
        ] {
            // What is not here leads to the list of it, with whose phone has it.
            screen.logs_in(who);
            screen.clicks("#missing a[href*='/visits/']");
            assert_eq!(
                screen.leaves("/console"),
                format!("{dossier}#evidence"),
                "{who}"
            );
            let told = screen.sees("#evidence #missing");
            assert!(
                told.contains("王建国") && told.contains("王的手机"),
                "{told}"
            );
            assert_eq!(screen.all("#missing a").len(), if calls { 2 } else { 0 });
            assert!(screen.all(&format!("main {review}")).is_empty(), "{who}");
            screen.is_sound("a dossier whose evidence is not here");
            screen.pictured("dossier-missing");
            if calls {
                screen.clicks("#missing a");
                screen.waits_for("王的手机");
                screen.is_sound("the phone that has it");
            }
            let came = screen
                .goes("/console")
                .runs("return document.querySelector('#came li a').getAttribute('href')");
            assert_eq!(came, dossier, "{who}");
            assert_eq!(reviews, !screen.all(&format!("nav {review}")).is_empty());
        }
    }
    // It comes, and leads whoever may decide on it to the pieces of this visit.
    screen.logs_in("jincheng");
    screen.goes(&dossier);
    wang.uploads();
    wang.waits_for_receipts(visit);
    screen.waits_for("2 件影像待审查");
    assert!(screen.all("#missing").is_empty());
    for width in WIDTHS {
        screen.widens(width);
        screen.goes(&dossier);
        screen.is_sound("a dossier whose evidence is to be reviewed");
        screen.clicks("#waiting a[href^='/console/review']");
        let waiting = screen.leaves(&dossier);
        assert_eq!(screen.all(".tiles li").len(), 2);
        // Which visit it is stands there by its name, and the way to all of them.
        assert_eq!(
            screen.sees(&format!("main a[href='{dossier}']")),
            "泽州示例铸造"
        );
        screen.is_sound("what is to be reviewed of one visit");
        screen.clicks("main a[href='/console/review']");
        assert_eq!(screen.leaves(&waiting), "/console/review");
        screen.goes(&dossier);
        screen.clicks(".gallery a[href^='/console/review']");
        screen.waits_for("采信");
    }
    // Who may not decide is not led there.
    screen.logs_in("wang");
    screen.goes(&dossier);
    assert!(screen.all(&format!("main {review}")).is_empty());
}
