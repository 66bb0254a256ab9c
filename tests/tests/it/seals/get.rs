//! `GET /v1/seals/{digest}` and `/v/{digest}`, where the code of a printed form leads.

use fieldseal_tests::phone::{Phone, signed_by_party, signs};
use fieldseal_tests::scenes::without_reason;
use fieldseal_tests::world::shanghai_ms;
use fieldseal_tests::{Answer, Screen, World};
use serde_json::{Value, json};
use sync_core::limits::{FAILURES_WINDOW_MS, SEAL_QUESTIONS_MAX};
use sync_core::model::{DocumentId, RefusalId, SampleId, SealSubject};

/// A visit of 王 with a sealed sheet and a sealed refusal, which came to the server an hour after it was begun.
struct Sealed {
    w: World,
    phone: Phone,
    visit: DocumentId,
    sheet: SampleId,
    refusal: RefusalId,
}

impl Sealed {
    fn new() -> Self {
        let w = World::shanxi();
        let mut phone = w.phone("王");
        phone.syncs();
        phone.offline();
        let visit = phone.enters("铸造");
        w.minutes(30);
        let sheet = phone.draws("T1");
        let refusal = without_reason("负责人拒绝开仓。", "检查井盖", "赵见证");
        let refusal = phone.client.refuse(visit, refusal).unwrap();
        phone
            .tries_to_seal_with(SealSubject::Refusal(refusal), signed_by_party())
            .unwrap();
        w.minutes(30);
        Self {
            w,
            phone,
            visit,
            sheet,
            refusal,
        }
    }

    /// What the form shows.
    fn digest(&self, subject: SealSubject) -> String {
        let read = self.phone.client.visit(self.visit).unwrap();
        let mut seals = read["seals"].as_array().unwrap().iter();
        let found = seals.find(|it| it["subject"] == json!(subject)).unwrap();
        found["digest"].as_str().unwrap().to_owned()
    }

    fn asks(&self, digest: &str) -> Answer {
        let path = format!("/v1/seals/{digest}");
        self.w.server.call("GET", &path, None, Value::Null)
    }

    fn reads(&self, path: &str) -> Answer {
        self.w.server.call("GET", path, None, Value::Null)
    }
}

#[test]
fn a_seal_is_known_once_it_came_and_says_when_it_was_made_and_whether_it_stands() {
    let it = Sealed::new();
    let sheet = it.digest(SealSubject::Sheet(it.sheet));
    let refusal = it.digest(SealSubject::Refusal(it.refusal));
    let nothing = it.asks(&sheet).expect(200).body;
    assert_eq!(nothing["known"], false, "it is on the phone alone");
    assert_eq!(
        (&nothing["sealed_from"], &nothing["standing"]),
        (&Value::Null, &Value::Null)
    );
    let came_at = it.w.now();
    it.phone.online().syncs();
    let known = it.asks(&sheet).expect(200).body;
    assert_eq!(
        (&known["known"], &known["standing"]),
        (&json!(true), &json!("stands"))
    );
    let at = |it: &Value| {
        let minute = it.as_str().unwrap()[..16].replace('T', " ");
        shanghai_ms(&minute) + 8 * 3_600_000
    };
    let (from, to) = (at(&known["sealed_from"]), at(&known["sealed_to"]));
    assert!(
        from <= came_at - 3_600_000 && to >= came_at - 60_000 && to - from < 2 * 3_600_000,
        "{known}"
    );
    let mut names: Vec<&str> = known
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["digest", "known", "sealed_from", "sealed_to", "standing"],
        "and nothing else"
    );
    let mut same: Vec<&str> = nothing
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    same.sort_unstable();
    assert_eq!(names, same, "one shape, known or not");
    // 更正, under a sampler's signature.
    let change = json!({ "grade": "一等品" });
    it.phone
        .amends(SealSubject::Sheet(it.sheet), change, "等级笔误")
        .unwrap();
    // 撤回
    let signer = signs(it.phone.samplers()[0]);
    it.phone
        .client
        .withdraw_refusal(it.visit, it.refusal, "记错企业", Some(&signer))
        .unwrap();
    assert_eq!(it.asks(&refusal).body["standing"], "stands", "not here yet");
    it.phone.syncs();
    assert_eq!(it.asks(&sheet).body["standing"], "amended");
    assert_eq!(it.asks(&refusal).body["standing"], "withdrawn");
}

#[test]
fn an_edit_without_a_signature_takes_nothing_from_a_seal_and_of_two_seals_one_is_shown() {
    let w = World::shanxi();
    let (mut wang, mut zhao) = (w.phone("王"), w.phone("赵"));
    let visit = wang.enters("铸造");
    let (first, second) = (wang.fills("T1", json!({})), wang.fills("T1", json!({})));
    w.sync_all(&[&wang, &zhao]);
    wang.offline();
    zhao.offline();
    zhao.enters("铸造");
    w.minutes(5);
    // The teammate edits what is sealed meanwhile, and seals the other sheet too, with something else in it.
    wang.seals(first);
    wang.seals(second);
    let edit = json!({ "remarks": "乙" });
    zhao.client.edit_sheet(visit, first, edit.clone()).unwrap();
    zhao.client.edit_sheet(visit, second, edit).unwrap();
    zhao.seals(second);
    w.sync_all(&[&zhao, &wang]);
    wang.syncs();
    let read = wang.client.visit(visit).unwrap();
    let standings = |sheet: SampleId| -> Vec<String> {
        let seals = read["seals"].as_array().unwrap().iter();
        let of_sheet = seals.filter(|it| it["subject"] == json!(SealSubject::Sheet(sheet)));
        let mut found: Vec<String> = of_sheet
            .map(|it| {
                let path = format!("/v1/seals/{}", it["digest"].as_str().unwrap());
                let told = w.server.call("GET", &path, None, Value::Null);
                told.expect(200).text("standing")
            })
            .collect();
        found.sort_unstable();
        found
    };
    assert_eq!(
        w.dossier(visit)["amendments"][0]["verdict"]["verified"],
        false
    );
    assert_eq!(standings(first), ["stands"]);
    assert_eq!(standings(second), ["replaced", "stands"]);
}

#[test]
fn whoever_has_no_whole_digest_learns_nothing_and_whoever_asks_too_often_waits() {
    let it = Sealed::new();
    it.phone.online().syncs();
    let digest = it.digest(SealSubject::Sheet(it.sheet));
    for part in [&digest[..63], &digest[..8], "x", &format!("{digest}00")] {
        it.asks(part).expect_problem(400, "path_invalid");
        let page = it.reads(&format!("/v/{part}")).expect(404);
        assert!(page.raw.contains("64"), "{}", page.raw);
    }
    for _ in 0..SEAL_QUESTIONS_MAX {
        it.asks(&digest);
    }
    let answer = it.asks(&digest).expect_problem(429, "attempts_exceeded");
    assert!(answer.headers.contains_key("retry-after"));
    let page = it.reads(&format!("/v/{digest}")).expect(429);
    assert!(page.headers.contains_key("retry-after"));
    assert!(!page.raw.contains("<dt>不早于</dt>"));
    it.w.server.clock.advance_ms(FAILURES_WINDOW_MS + 1);
    it.asks(&digest).expect(200);
}

#[test]
fn the_page_of_a_code_says_what_is_known_and_nothing_of_the_form() {
    let it = Sealed::new();
    let digest = it.digest(SealSubject::Sheet(it.sheet));
    let path = format!("/v/{digest}");
    let unknown = it.reads(&path).expect(200);
    assert!(unknown.raw.contains("此处没有该签封") && unknown.raw.contains("手机尚未联网"));
    it.phone.online().syncs();
    let page = it.reads(&path).expect(200);
    assert!(page.raw.contains("仍然有效") && page.raw.contains("不早于"));
    let english = it.reads(&format!("{path}?lang=en")).expect(200);
    assert!(english.raw.contains("stands") && english.raw.contains("Asia/Shanghai"));
    let dossier = it.w.dossier(it.visit);
    let number = dossier["samples"][0]["sheet_no"].as_str().unwrap();
    for page in [&page, &english] {
        for hidden in [
            "铸造",
            "检查井盖",
            number,
            &it.visit.to_string(),
            "王",
            "<script",
        ] {
            assert!(!page.raw.contains(hidden), "{hidden}");
        }
        let header = |name: &str| page.headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-content-type-options"), "nosniff");
    }
    // Digits as somebody types them.
    let typed = it
        .reads(&format!("/v/{}", digest.to_uppercase()))
        .expect(200);
    assert!(typed.raw.contains("仍然有效"));
    it.w.server
        .call("POST", &path, None, json!({}))
        .expect_problem(405, "method_not_allowed");
    let Some(screen) = Screen::open(&it.w.server) else {
        return;
    };
    let never = "0".repeat(64);
    screen.scripts(false);
    for (path, name) in [
        (path.clone(), "seal-known"),
        (format!("{path}?lang=en"), "seal-known-en"),
        (format!("/v/{never}"), "seal-unknown"),
    ] {
        screen.widens(390);
        screen.goes(&path);
        screen.sees(".notice");
        screen.pictured(name);
    }
    screen.scripts(true);
    screen.looks_at(&path, "seal");
    screen.goes(&path);
    screen.clicks("header a[hreflang]");
    screen.waits_for("This seal is known, and stands");
    assert_eq!(screen.path(), format!("{path}?lang=en"));
}

#[test]
fn what_was_sealed_before_seals_were_listed_is_known_to_the_next_server_that_opens() {
    let it = Sealed::new();
    it.phone.online().syncs();
    let digest = it.digest(SealSubject::Sheet(it.sheet));
    it.w.server.writes("DELETE FROM seals");
    it.w.server
        .writes("UPDATE documents SET evidence_version = 0");
    let told = fieldseal_server::services::evidence::list_manifests(&it.w.server.app);
    it.w.server.runtime.block_on(told).unwrap();
    assert_eq!(it.asks(&digest).body["standing"], "stands");
}
