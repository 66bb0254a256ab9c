//! The desk of whoever reviews and decides: a picture that somebody else was faster with, a contested entry that a phone learns
//! of, a refusal with what proves its confirmation.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::objects::ObjectName;
use fieldseal_tests::demonstration::{FILES, Story};
use fieldseal_tests::phone::Phone;
use fieldseal_tests::provider::Browser;
use fieldseal_tests::scenes::Contested;
use fieldseal_tests::screen::WIDTHS;
use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::world::word;
use fieldseal_tests::{Screen, TestServer, World, pictures};
use mobile_ffi::EvidenceInput;
use serde_json::json;
use sync_core::limits::CONSOLE_IDLE_MS;
use sync_core::model::{Digest, DocumentId, ReviewVerdict};

use super::{form, logs_in};

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
        comes(w, phone, visit, sha256, bytes);
    }
    waits_for_pictures(w, visit, many);
}

/// The bytes of a piece come.
fn comes(w: &World, phone: &Phone, visit: DocumentId, sha256: Digest, bytes: Vec<u8>) {
    let size = i64::try_from(bytes.len()).unwrap();
    let name = ObjectName::original(sha256);
    let put = w.server.app.objects.put_new(&name, bytes.into());
    w.server.runtime.block_on(put).unwrap();
    w.brings(phone, visit, sha256, size);
}

/// Until so many pieces of a visit were looked at.
pub(super) fn waits_for_pictures(w: &World, visit: DocumentId, many: u64) {
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

/// What somebody presses to decide on a piece, and what that decides.
const DECISIONS: [(&[&str], &str); 4] = [
    (&["a"], "accepted"),
    (&["q", "1", "Enter"], "questioned"),
    (&["a"], "accepted"),
    (&["x", "2", "Enter"], "rejected"),
];

#[test]
fn twenty_pictures_are_reviewed_by_keys_each_once_and_a_question_comes_back_answered() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.enters("铸造");
    pictures_of(&w, &phone, visit, 20);
    let listed = w.get(&format!("/v1/visits/{visit}/evidence"));
    let listed = listed["items"].as_array().unwrap().iter();
    let here = listed.filter(|it| it["state"] == "verified");
    let mut pieces: Vec<String> = here.map(|it| word(&it["evidence_id"])).collect();
    pieces.sort();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    screen.looks_at("/console/review", "review");
    // Today leads to the piece itself.
    screen.goes("/console");
    screen.clicks("#review li a");
    assert!(
        screen
            .path()
            .starts_with(&format!("/console/review/{visit}/")),
        "{}",
        screen.path()
    );
    screen.goes("/console/review");
    screen.clicks("#begin");
    screen.sees("#picture");
    let piece_of = |path: &str| path.split(['/', '?']).nth(4).unwrap().to_owned();
    let mut here = screen.path();
    for (number, piece) in pieces.iter().enumerate() {
        assert_eq!(&piece_of(&here), piece, "piece {number}");
        if number == 5 {
            // On, and back, decides nothing; the picture is turned and made large.
            let next = screen.presses("j").leaves(&here);
            assert_eq!(piece_of(&next), pieces[6]);
            assert_eq!(
                piece_of(&screen.presses("ArrowLeft").leaves(&next)),
                pieces[5]
            );
            screen.presses("z").presses("r").presses("r");
            let shown = "return [document.querySelector('#stage').classList.contains('zoomed'), \
                document.querySelector('#picture').dataset.turns]";
            assert_eq!(screen.runs(shown), json!([true, "2"]));
            screen.is_sound("a piece, turned and large");
            // A reason is left by the key for it.
            screen.presses("q").presses("b").presses("Escape");
            screen.presses("r");
            assert_eq!(
                screen.runs("return document.querySelector('#reason').value"),
                "b"
            );
            let cleared = screen.presses("j").leaves(&here);
            here = screen.presses("k").leaves(&cleared);
        }
        if number == 10 {
            screen.widens(WIDTHS[0]);
            screen.is_sound("a piece on a phone");
        }
        for key in DECISIONS[number % 4].0 {
            screen.presses(key);
        }
        here = screen.leaves(&here);
    }
    screen.sees("#review-done");
    screen.widens(WIDTHS[1]);

    // Each piece has the one decision that was pressed for it.
    for (number, piece) in pieces.iter().enumerate() {
        let file = w.get(&format!("/v1/visits/{visit}/evidence/{piece}"));
        let reviews = file["reviews"].as_array().unwrap();
        assert_eq!(reviews.len(), 1, "piece {number}");
        assert_eq!(
            reviews[0]["verdict"],
            DECISIONS[number % 4].1,
            "piece {number}"
        );
        let said = !word(&reviews[0]["reason"]).is_empty();
        assert_eq!(said, reviews[0]["verdict"] != "accepted", "piece {number}");
    }

    // The phone of the sampler is told what to do, does it, and the answer comes back late.
    phone.syncs();
    let told = phone.client.reviews(visit).unwrap();
    let asked: Vec<_> = told
        .iter()
        .filter(|it| it.verdict == ReviewVerdict::Questioned)
        .collect();
    assert_eq!(asked.len(), 5);
    assert_eq!(asked[0].evidence_id.to_string(), pieces[1]);
    assert_eq!(asked[0].reason, "影像模糊，看不清");
    let bytes = pictures::jpeg(&pictures::scene(640, 480, 99), 85);
    let input = EvidenceInput {
        kind: "other".to_owned(),
        medium: "photo".to_owned(),
        sample_id: None,
        mime: "image/jpeg".to_owned(),
        bytes: bytes.clone(),
    };
    let added = phone.client.add_evidence(visit, input).unwrap();
    let supplement = added.evidence_id.parse().unwrap();
    let words = "重新拍摄，标签清楚";
    let answer = phone
        .client
        .answer_review(visit, asked[0].evidence_id, words, Some(supplement));
    answer.unwrap();
    phone.syncs();
    screen.goes("/console/review?state=answered");
    let tiles = screen.all(".tiles > li");
    assert_eq!(tiles.len(), 1, "{tiles:?}");
    screen.clicks("#begin");
    screen.waits_for(words);
    let told = screen.all(".told li");
    let answered = told.iter().find(|it| it.contains("事后"));
    let sampler = &w.catalogue().people["王"].name;
    let named = format!("{sampler} · 晋阳示例检测");
    assert!(answered.is_some_and(|it| it.contains(&named)), "{told:?}");
    // The picture is not here yet: a place is kept for it, and nothing looks broken.
    let broken =
        "return [...document.images].filter(it => it.complete && it.naturalWidth === 0).length";
    assert_eq!(screen.runs(broken), 0);
    screen.sees("a.compare .blank");
    screen.is_sound("a piece whose supplement is on its way");
    comes(&w, &phone, visit, added.sha256, bytes);
    waits_for_pictures(&w, visit, 21);
    let here = screen
        .goes("/console/review?state=answered")
        .clicks("#begin")
        .path();
    let beside = screen.presses("c").leaves(&here);
    assert_eq!(screen.all(".stages img").len(), 2);
    screen.looks_at(&beside, "review-compared");
    screen.goes(&beside);
    screen.presses("a");
    screen.sees("#review-done");
    let file = w.get(&format!("/v1/visits/{visit}/evidence/{}", pieces[1]));
    assert_eq!(file["evidence"]["review"]["verdict"], "accepted");
    assert_eq!(file["evidence"]["answers"][0]["late"], true);
}

/// A second of a film, as Chromium itself writes it, in base64.
const FILMED: &str = "const done = arguments[arguments.length - 1]; \
    const canvas = document.createElement('canvas'); canvas.width = 160; canvas.height = 120; \
    const paint = canvas.getContext('2d'); let n = 0; \
    const timer = setInterval(() => { paint.fillStyle = n++ % 2 ? '#c00' : '#06c'; paint.fillRect(n, 0, 80, 120); }, 40); \
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm;codecs=vp8' }); \
    const parts = []; recorder.ondataavailable = (it) => parts.push(it.data); \
    recorder.onstop = async () => { clearInterval(timer); \
        const bytes = new Uint8Array(await new Blob(parts).arrayBuffer()); \
        done(btoa(Array.from(bytes, (it) => String.fromCharCode(it)).join(''))); }; \
    recorder.start(); setTimeout(() => recorder.stop(), 1500);";

/// Plays the film of the page; what became of it.
const PLAYED: &str = "const done = arguments[arguments.length - 1]; \
    const film = document.querySelector('video'); film.muted = true; \
    film.addEventListener('timeupdate', () => { if (film.currentTime > 0.2) done('plays'); }); \
    film.addEventListener('error', () => done('error ' + film.error.code + ' ' + film.error.message)); \
    film.play().catch((it) => done(String(it)));";

/// Asks for ten bytes of the film.
const TEN_BYTES: &str = "const done = arguments[arguments.length - 1]; \
    fetch(document.querySelector('video').src, { headers: { range: 'bytes=10-19' } }).then(async (it) => \
        done([it.status, it.headers.get('content-range').split('/')[0], (await it.arrayBuffer()).byteLength]));";

#[test]
fn a_film_plays_in_ranges_and_who_read_it_is_on_the_trail() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.enters("铸造");
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    let film = screen.awaits(FILMED);
    let bytes = STANDARD.decode(film.as_str().unwrap()).unwrap();
    let input = EvidenceInput {
        kind: "sealing".to_owned(),
        medium: "video".to_owned(),
        sample_id: None,
        mime: "video/webm".to_owned(),
        bytes: bytes.clone(),
    };
    let added = phone.client.add_evidence(visit, input).unwrap();
    phone.syncs();
    let size = bytes.len();
    comes(&w, &phone, visit, added.sha256, bytes);
    let trail = |w: &World| {
        let trail = w.get("/v1/audit-events?act=evidence.read");
        trail["items"].as_array().unwrap().clone()
    };
    assert_eq!(trail(&w).len(), 0);
    screen.goes("/console/review").clicks("#begin");
    assert_eq!(screen.awaits(PLAYED), "plays", "{size} bytes");
    assert_eq!(screen.awaits(TEN_BYTES), json!([206, "bytes 10-19", 10]));
    screen.is_sound("a film");
    let read = trail(&w);
    assert!(!read.is_empty());
    for event in read {
        assert_eq!(event["user_id"], w.id("user", "晋城"));
        assert!(
            word(&event["subject"]).contains(&added.evidence_id),
            "{event}"
        );
    }
    // The dossier plays it too.
    screen.goes(&format!("/console/visits/{visit}"));
    assert_eq!(screen.awaits(PLAYED), "plays");
}

#[test]
fn pages_are_read_and_decisions_taken_without_scripts() {
    let w = World::shanxi();
    let Contested {
        phones: [a, _],
        visits: [one, other],
    } = w.contests();
    pictures_of(&w, &a, one, 2);
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    let mut pages = screen.runs(
        "return [...document.querySelectorAll('nav.main a')].map(it => it.getAttribute('href'))",
    );
    let pages = pages.as_array_mut().unwrap();
    assert!(pages.len() > 10, "{pages:?}");
    pages.push(json!(format!("/console/visits/{one}")));
    let said = "return document.querySelector('main').innerText";
    let with: Vec<_> = pages
        .iter()
        .map(|page| screen.goes(page.as_str().unwrap()).runs(said))
        .collect();
    screen.goes("/console/review").clicks("#begin");
    let zoom = "return document.querySelector('#zoom').hidden";
    assert_eq!(screen.runs(zoom), false, "the script of the page ran");

    // No script of any page runs from here on.
    screen.scripts(false);
    screen.logs_in("jincheng");
    for (page, with) in pages.iter().zip(with) {
        let without = screen.goes(page.as_str().unwrap()).runs(said);
        assert_eq!(without, with, "{page}");
    }
    screen.goes("/console/review").clicks("#begin");
    assert_eq!(screen.runs(zoom), true, "nothing ran");
    let first = screen.path();
    screen.clicks("input[value=questioned]");
    screen.types("#reason", "请说明拍摄地点");
    screen.sends("#decision");
    assert_ne!(screen.path(), first, "on to the next piece");
    screen.goes(&first);
    assert!(screen.sees(".told").contains("请说明拍摄地点"));
    screen.goes("/console/adjudication");
    screen.clicks("#open tbody a");
    screen.clicks("input[value=first]");
    screen.types("#decision [name=reason]", "核实门卫登记");
    screen.sends("#decision");
    screen.waits_for("裁定已记录");
    let standings = [w.standings(one), w.standings(other)];
    assert!(
        standings.contains(&vec!["first".to_owned()]),
        "{standings:?}"
    );
    assert!(
        standings.contains(&vec!["excess".to_owned()]),
        "{standings:?}"
    );
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
    // The other's decision is on the page, and what was typed still in the form.
    assert!(screen.sees(".told").contains("采信"));
    let kept = "return [document.querySelector('[name=verdict]:checked').value, document.querySelector('#reason').value]";
    assert_eq!(screen.runs(kept), json!(["rejected", "<b>不是本产品</b>"]));
    let told = screen.complaints();
    assert!(told.len() == 1 && told[0].contains("409"), "{told:?}");
    screen.sends("#decision");
    screen.goes(&here);
    assert!(
        screen.text().contains("<b>不是本产品</b>"),
        "as it was typed"
    );
    screen.is_sound("a piece with a hostile reason");
}

/// Presses a key as the page hears it, so often, held or not.
fn hears(screen: &Screen, key: &str, times: usize, held: bool) {
    screen.runs(&format!(
        "for (let n = 0; n < {times}; n++) document.body.dispatchEvent(new KeyboardEvent('keydown', \
            {{ key: '{key}', bubbles: true, cancelable: true, repeat: {held} }}))"
    ));
}

#[test]
fn a_key_that_is_held_or_hit_twice_decides_on_the_one_piece_that_is_seen() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.enters("铸造");
    pictures_of(&w, &phone, visit, 4);
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    let decided = || {
        let listed = w.get(&format!("/v1/visits/{visit}/evidence"));
        let items = listed["items"].as_array().unwrap().iter();
        items.filter(|it| !it["review"].is_null()).count()
    };
    screen.goes("/console/review").clicks("#begin");
    screen.sees("#picture");
    let first = screen.path();
    // Held from the piece before: it is not meant for this one.
    hears(&screen, "a", 5, true);
    assert_eq!((screen.path(), decided()), (first.clone(), 0));
    // Hit twice, it is said once, and nobody is told that somebody else was faster.
    hears(&screen, "a", 3, false);
    let second = screen.leaves(&first);
    assert!(screen.all("#returned").is_empty(), "{}", screen.text());
    assert_eq!(decided(), 1);
    // On and on before the next page is there is one step.
    hears(&screen, "j", 3, false);
    let third = screen.leaves(&second);
    let back = screen.presses("k").leaves(&third);
    assert_eq!(back, second);
    // A question without a reason comes back to this piece, and its field is where one types.
    screen.presses("q").presses("Enter");
    assert!(
        screen.sees("#returned").contains("理由"),
        "{}",
        screen.text()
    );
    assert_eq!(decided(), 1);
    let at = "return [document.activeElement.id, document.querySelector('[name=verdict]:checked').value]";
    assert_eq!(screen.runs(at), json!(["reason", "questioned"]));
    screen.presses("1").presses("Enter");
    screen.leaves(&second);
    assert_eq!(decided(), 2);
    screen.complaints();

    // The session ends in the middle: what was pressed is kept over the login, and is taken then.
    let here = screen.path();
    w.server.clock.advance_ms(CONSOLE_IDLE_MS);
    w.forgets_tokens();
    screen.presses("a");
    screen.waits_for("登录已过期");
    assert_eq!(decided(), 2);
    screen.fills(&[("username", "jincheng"), ("password", PASSWORD)]);
    screen.sends("main form");
    screen.waits_for("继续提交");
    assert!(!screen.text().contains("verdict"), "{}", screen.text());
    screen.sends("main form");
    assert_eq!(decided(), 3);
    assert_ne!(
        screen.path().split('?').next(),
        here.split('?').next(),
        "on to the next"
    );
}

#[test]
fn a_contested_entry_is_settled_at_a_desk_and_the_phone_learns_it() {
    is_settled(WIDTHS[1]);
}

#[test]
fn a_contested_entry_is_settled_in_the_street_and_the_phone_learns_it() {
    is_settled(WIDTHS[0]);
}

/// The page on which the entry of a visit is decided.
fn decided_at(w: &World, visit: DocumentId) -> String {
    let rulings = w.rulings(visit);
    let mut subjects = rulings.iter().filter_map(|it| it["subject"].as_str());
    let entry = subjects
        .find(|it| it.starts_with("entry/"))
        .expect("an entry");
    format!(
        "/console/adjudication/of?subject={}",
        entry.replace('/', "%2F")
    )
}

/// Somebody of the authority in front of the page on which a contested entry is decided, and its visit; none without a browser.
pub fn at_a_contested_entry(w: &World) -> Option<(Screen, DocumentId)> {
    let Contested {
        visits: [one, _], ..
    } = w.contests();
    let screen = Screen::open(&w.server)?;
    screen.logs_in("jincheng");
    screen.goes(&decided_at(w, one));
    Some((screen, one))
}

fn is_settled(width: u32) {
    let w = World::shanxi();
    let Contested {
        phones: [a, _],
        visits: [one, other],
    } = w.contests();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in("jincheng");
    screen.looks_at("/console/adjudication", "adjudication");
    let page = decided_at(&w, one);
    // Today leads to where it is decided.
    screen.goes("/console");
    screen.clicks(&format!("#contested a[href='{page}']"));
    assert_eq!(screen.path(), page);
    // So does the dossier.
    screen.goes(&format!("/console/visits/{one}"));
    screen.clicks(&format!("#waiting a[href='{page}']"));
    assert_eq!(screen.path(), page);
    screen.looks_at(&page, "adjudication-entry");
    screen.widens(width);
    screen.goes(&page);
    assert!(screen.text().contains("ENTRY1"));
    // Both teams by name.
    let sides = screen.sees("table.sides");
    for who in ["王", "李"] {
        let name = w
            .catalogue()
            .team_of(who, "JC-2025-01")
            .unwrap()
            .key
            .clone();
        assert!(sides.contains(&name), "{name}: {sides}");
    }
    // Times are read as everywhere.
    assert!(
        sides.contains("2025年3月1日 08:59 – 2025年3月1日 09:00"),
        "{sides}"
    );
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
fn nobody_settles_an_entry_who_may_not_or_does_not_see_it() {
    let w = World::shanxi();
    let Contested {
        visits: [one, other],
        ..
    } = w.contests();
    let page = decided_at(&w, one);
    let admin = w.token("admin");
    for (name, organisation, role) in [
        ("manager", "晋阳", "inspection_body"),
        ("keeper", "晋城市局", "admin"),
        ("elsewhere", "运城市局", "authority"),
        // Looks on: it sees what the city commissioned in its county.
        ("county", "泽州局", "authority"),
    ] {
        let organisation = w.id("organisation", organisation);
        w.server.user(&admin, &organisation, name, &[role]);
    }
    let before = (w.rulings(one), w.rulings(other));
    let trail = || w.get("/v1/audit-events?act=ruling.decided")["items"].clone();
    let decided = trail();
    let typed = [
        ("_from", page.as_str()),
        ("outcome", "first"),
        ("reason", "核实门卫登记"),
    ];
    for (who, status, code, opens) in [
        ("wang", 403, "role_forbidden", 403),
        ("manager", 403, "role_forbidden", 200),
        ("keeper", 403, "role_forbidden", 200),
        ("county", 403, "scope_forbidden", 200),
        ("elsewhere", 404, "not_found", 404),
    ] {
        let mut browser = Browser::default();
        logs_in(&w.server, &mut browser, who);
        let shown = browser.call(&w.server.url(&page), None);
        assert_eq!(shown.status, opens, "{who}: {}", shown.body);
        assert!(!shown.body.contains("id=\"decision\""), "{who}");
        let sent = browser.call(&w.server.url(&page), Some(&form(&typed)));
        assert_eq!(sent.status, status, "{who}: {}", sent.body);
        assert!(sent.body.contains(code), "{who}: {}", sent.body);
        assert_eq!((w.rulings(one), w.rulings(other)), before, "{who}");
        assert_eq!(trail(), decided, "{who}");
    }
    // The same form of whoever may is taken.
    let mut browser = Browser::default();
    logs_in(&w.server, &mut browser, "jincheng");
    let shown = browser.call(&w.server.url(&page), None);
    assert!(shown.body.contains("id=\"decision\""));
    let sent = browser.call(&w.server.url(&page), Some(&form(&typed)));
    assert_eq!(sent.status, 303, "{}", sent.body);
    assert_eq!(w.standings(one), ["first"]);
}

#[test]
fn whoever_settles_an_entry_later_sees_first_what_the_other_decided() {
    let w = World::shanxi();
    let Some((screen, one)) = at_a_contested_entry(&w) else {
        return;
    };
    let page = screen.path();
    // What nobody recorded is said.
    assert!(screen.sees("table.sides").contains('无'));
    w.rules_entry("晋城", one, "first");
    let before = w.rulings(one);
    screen.clicks("input[value=uncounted]");
    screen.types("#decision [name=reason]", "未经核实");
    screen.sends("#decision");
    screen.waits_for("结论已先有变化");
    assert!(screen.sees("#returned").contains("ruling_outdated"));
    assert_eq!(w.rulings(one), before, "nothing is put on top of it unseen");
    let kept = "return [document.querySelector('[name=outcome]:checked').value, document.querySelector('#decision [name=reason]').value]";
    assert_eq!(screen.runs(kept), json!(["uncounted", "未经核实"]));
    assert_eq!(screen.complaints().len(), 1, "the answer that is no page");
    // Who has seen it and insists is heard.
    screen.sends("#decision");
    screen.waits_for("裁定已记录");
    assert_ne!(w.rulings(one), before);
    screen.goes(&page);
    screen.is_sound("an entry that was decided twice");
}

#[test]
fn an_entry_is_not_settled_where_what_becomes_of_its_sample_cannot_be() {
    let w = World::shanxi();
    let Some((screen, one)) = at_a_contested_entry(&w) else {
        return;
    };
    let before = w.rulings(one);
    let sets = |field: &str, value: &str| {
        screen.sets(&format!("[name^={field:?}]"), value);
    };
    screen.clicks("input[value=first]");
    screen.types("#decision [name=reason]", "核实门卫登记");
    sets("validity:", "valid");
    sets("make_up:", "yes");
    screen.sends("#decision");
    screen.waits_for("补样");
    assert!(screen.sees("#returned").contains("value_invalid"));
    assert_eq!(w.rulings(one), before, "all of it or nothing");
    // Nor where somebody has decided on the sample meanwhile.
    let sample = before.iter().filter_map(|it| it["subject"].as_str());
    let sample = sample.filter_map(|it| it.strip_prefix("sample/")).next();
    let path = format!("/v1/samples/{}/rulings", sample.expect("a sample"));
    let body =
        json!({ "validity": "void", "reason": "封条破损", "disposal": "kept", "make_up": true });
    w.call("POST", "晋城", &path, body).expect(201);
    let meanwhile = w.rulings(one);
    sets("make_up:", "no");
    screen.sends("#decision");
    screen.waits_for("结论已先有变化");
    assert_eq!(w.rulings(one), meanwhile);
    let told = screen.sees("#earlier");
    for part in ["晋城市局", "封条破损", "留存", "任务补样"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    sets("validity:", "valid");
    sets("disposal:", "returned");
    screen.sends("#decision");
    screen.waits_for("裁定已记录");
    assert_ne!(w.rulings(one), meanwhile);
    let told = screen.sees("#earlier");
    assert!(
        told.contains("退还企业") && told.contains("任务不补样"),
        "{told}"
    );
    // The story of the visit has it too.
    screen.goes(&format!("/console/visits/{one}"));
    let told = screen.sees("#story");
    assert!(told.contains("退还企业 · 任务不补样"), "{told}");
}

#[test]
fn whoever_decides_on_a_refusal_later_sees_first_what_the_other_decided() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.enters("五金店");
    let refusal = phone.is_refused(&w, "T2");
    phone.syncs();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    screen.logs_in(&w.catalogue().people["韩"].username.clone());
    screen.goes(&format!("/console/cases/{visit}/{refusal}"));
    screen.clicks("details:has(#decision) summary");
    screen.sets("#decision [name=outcome]", "not_established");
    screen.types("#decision [name=reason]", "企业当日停业");
    let body = json!({ "refusal": "confirmed", "reason": "现场核实" });
    let path = format!("/v1/refusals/{refusal}/rulings");
    w.call("POST", "晋城", &path, body).expect(201);
    let before = w.rulings(visit);
    screen.sends("#decision");
    screen.waits_for("结论已先有变化");
    assert_eq!(
        w.rulings(visit),
        before,
        "nothing is put on top of it unseen"
    );
    let kept = "return ['outcome', 'reason'].map(it => document.querySelector(`#decision [name=${it}]`).value)";
    assert_eq!(
        screen.runs(kept),
        json!(["not_established", "企业当日停业"])
    );
    // Who has seen it and insists is heard.
    screen.sends("#decision");
    assert!(screen.sees("#state").contains("不成立"));
    assert_ne!(w.rulings(visit), before);
}

#[test]
fn a_confirmed_refusal_is_looked_up_with_what_proves_it() {
    let w = World::with(TestServer::start(), &FILES);
    Story::new(&w, std::io::sink(), 1).play().unwrap();
    let Some(screen) = Screen::open(&w.server) else {
        return;
    };
    // Whatever waits, today leads to the case.
    screen.logs_in("admin");
    screen.goes("/console");
    let links = screen.runs(
        "return ['late', 'waiting', 'decide', 'hand-over', 'mine'].flatMap(id => \
            [...document.querySelectorAll(`#${id} li a`)].map(it => it.getAttribute('href')))",
    );
    let links = links.as_array().unwrap();
    assert!(!links.is_empty(), "{}", screen.text());
    for link in links {
        let link = link.as_str().unwrap();
        assert!(link.starts_with("/console/cases/"), "{link}");
    }
    screen.logs_in("jincheng");
    screen.looks_at("/console/cases?queue=all", "cases");
    screen.goes("/console/cases?queue=all");
    let find = "return [...document.querySelectorAll('tbody tr')].find(it => it.innerText.includes('五金店') \
        && it.innerText.includes('拒检')).querySelector('a').getAttribute('href')";
    let case = screen.runs(find);
    let case = case.as_str().unwrap().to_owned();
    screen.looks_at(&case, "case");
    for width in WIDTHS {
        screen.widens(width);
        screen.goes("/console/cases?queue=all");
        screen.clicks(&format!("a[href='{case}']"));
        let proof = screen.sees(".proof");
        assert!(
            proof.contains("距进门地点") && proof.contains(" 米"),
            "{proof}"
        );
        for officer in ["韩志刚", "冯晓梅"] {
            assert!(proof.contains(officer), "{officer}: {proof}");
        }
    }
}
