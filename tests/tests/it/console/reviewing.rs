//! The desk of whoever reviews and decides: twenty pictures by keys alone, a contested entry that a phone learns of, a refusal
//! with what proves its confirmation.

use std::time::{Duration, Instant};

use fieldseal_server::objects::ObjectName;
use fieldseal_tests::demonstration::{FILES, Story};
use fieldseal_tests::phone::Phone;
use fieldseal_tests::{Screen, TestServer, World, pictures};
use mobile_ffi::EvidenceInput;
use serde_json::{Value, json};
use sync_core::model::DocumentId;

/// Pictures of a visit, as many, that somebody can look at.
fn pictures_of(w: &World, phone: &Phone, visit: DocumentId, many: u64) {
    let mut listed = Vec::new();
    for seed in 0..many {
        let bytes = pictures::jpeg(&pictures::scene(640, 480, seed), 85);
        let input = EvidenceInput {
            kind: "other".to_owned(),
            medium: "photo".to_owned(),
            sample_id: None,
            mime: "image/jpeg".to_owned(),
            bytes: bytes.clone(),
        };
        let added = phone.client.add_evidence(visit, input).unwrap();
        listed.push((added.sha256, bytes));
    }
    phone.syncs();
    for (sha256, bytes) in listed {
        let size = i64::try_from(bytes.len()).unwrap();
        let name = ObjectName::original(sha256);
        let put = w.server.app.objects.put_new(&name, bytes.into());
        w.server.runtime.block_on(put).unwrap();
        w.brings(phone, visit, sha256, size);
    }
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let told = w.get(&format!("/v1/visits/{visit}/evidence"));
        let items = told["items"].as_array().unwrap().iter();
        let made = items.filter(|it| it["media"]["preview"] == "made").count();
        if made as u64 == many {
            return;
        }
        assert!(Instant::now() < until, "{made} of {many} previews");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until the browser is somewhere else, or the last piece is done.
fn moves_on(screen: &Screen, from: &str) {
    let until = Instant::now() + Duration::from_secs(30);
    while screen.path() == from || screen.runs("return document.readyState") != json!("complete") {
        assert!(
            Instant::now() < until,
            "it stays at {from}: {}",
            screen.text()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn twenty_pictures_are_reviewed_by_keys_alone_and_the_phone_is_told() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.enters("铸造");
    pictures_of(&w, &phone, visit, 20);
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    screen.looks_at(&format!("/console/review?visit={visit}"), "review");
    screen.goes(&format!("/console/review?visit={visit}&state=unreviewed"));
    assert_eq!(screen.all(".tiles li").len(), 20);
    let begin = screen.runs("return document.getElementById('begin').getAttribute('href')");
    let begin = begin.as_str().unwrap().to_owned();
    screen.looks_at(&begin, "review-piece");
    screen.goes(&begin);
    for number in 0..20 {
        let here = screen.path();
        screen.presses("z").presses("r");
        let turned = screen.runs("return document.getElementById('picture').dataset.turns");
        assert_eq!(turned, json!("1"));
        match number % 5 {
            3 => screen.presses("q").presses("1").presses("\n"),
            4 => screen.presses("x").presses("2").presses("\n"),
            _ => screen.presses("a"),
        };
        moves_on(&screen, &here);
    }
    assert!(screen.sees("#review-done").contains("后面没有"));
    let decided = |state: &str| {
        let path = format!("/v1/evidence?state={state}&visit={visit}");
        let page = w.call("GET", "晋城", &path, Value::Null).expect(200).body;
        page["items"].as_array().unwrap().len()
    };
    let counts = ["accepted", "questioned", "rejected", "unreviewed"].map(decided);
    assert_eq!(counts, [12, 4, 4, 0]);
    phone.syncs();
    let told = phone.client.reviews(visit).unwrap();
    assert_eq!(told.len(), 20);
    assert!(told.iter().any(|it| it.reason == "影像模糊，看不清"));
    screen.is_sound("after the last one");
}

#[test]
fn a_review_works_without_scripts_and_says_who_was_faster() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.enters("铸造");
    pictures_of(&w, &phone, visit, 1);
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    screen.goes(&format!("/console/review?visit={visit}&state=unreviewed"));
    screen.clicks("#begin");
    let here = screen.path();
    let piece = here.split(['/', '?']).nth(4).unwrap().to_owned();
    let path = format!("/v1/visits/{visit}/evidence/{piece}/reviews");
    let body = json!({ "verdict": "accepted", "expected_version": 0 });
    w.call("POST", "晋城", &path, body).expect(201);
    screen.clicks("input[value=rejected]");
    screen.types("#reason", "<b>不是本产品</b>");
    screen.sends("#decision");
    screen.waits_for("他人已先作出审查结论");
    screen.clicks("input[value=rejected]");
    screen.types("#reason", "<b>不是本产品</b>");
    screen.sends("#decision");
    screen.goes(&here);
    assert!(
        screen.text().contains("<b>不是本产品</b>"),
        "as it was typed"
    );
    screen.is_sound("a piece with a hostile reason");
}

#[test]
fn a_contested_entry_is_settled_and_the_phone_learns_it() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    a.offline();
    b.offline();
    let one = a.enters("铸造");
    a.draws("T1");
    let other = b.enters("铸造");
    b.draws("T5");
    a.online().syncs();
    b.online().syncs();
    assert_eq!(w.standings(one), ["contested"]);
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    screen.looks_at("/console/adjudication", "adjudication");
    let subject = w.rulings(one).into_iter().find_map(|it| {
        it["subject"]
            .as_str()?
            .strip_prefix("entry/")
            .map(str::to_owned)
    });
    let subject = format!("entry/{}", subject.unwrap()).replace('/', "%2F");
    let page = format!("/console/adjudication/of?subject={subject}");
    screen.looks_at(&page, "adjudication-entry");
    screen.goes(&page);
    assert!(screen.text().contains("ENTRY1"));
    screen.clicks("input[value=first]");
    screen.types("#decision [name=reason]", "核实门卫登记");
    screen.sends("#decision");
    screen.waits_for("裁定已记录");
    assert_eq!(w.standings(other), ["excess"]);
    a.syncs();
    let told = a.client.rulings(one).unwrap();
    let told = serde_json::to_value(told).unwrap().to_string();
    assert!(told.contains("first"), "{told}");
}

#[test]
fn a_confirmed_refusal_is_looked_up_with_what_proves_it() {
    let w = World::with(TestServer::start(), &FILES);
    Story::new(&w, std::io::sink(), 1).play().unwrap();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    screen.looks_at("/console/cases?queue=all", "cases");
    screen.goes("/console/cases?queue=all");
    let find = "return [...document.querySelectorAll('tbody tr')].find(it => it.innerText.includes('五金店') \
        && it.innerText.includes('拒检')).querySelector('a').getAttribute('href')";
    let case = screen.runs(find);
    let case = case.as_str().unwrap().to_owned();
    screen.looks_at(&case, "case");
    screen.goes(&case);
    let proof = screen.sees(".proof");
    assert!(
        proof.contains("距进门地点") && proof.contains(" m"),
        "{proof}"
    );
    assert!(proof.contains("执"), "the officers: {proof}");
}
