//! The desk of whoever reviews and decides: a picture that somebody else was faster with, a contested entry that a phone learns
//! of, a refusal with what proves its confirmation.

use std::time::{Duration, Instant};

use fieldseal_server::objects::ObjectName;
use fieldseal_tests::demonstration::{FILES, Story};
use fieldseal_tests::phone::Phone;
use fieldseal_tests::{Screen, TestServer, World, pictures};
use mobile_ffi::EvidenceInput;
use serde_json::json;
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
    for officer in ["韩志刚", "冯晓梅"] {
        assert!(proof.contains(officer), "{officer}: {proof}");
    }
}
