//! Cases at the console: a report on its way to the case office by the pages alone, and no button that is refused.

use fieldseal_tests::gate::unsigned;
use fieldseal_tests::provider::{Browser, Shown};
use fieldseal_tests::world::word;
use fieldseal_tests::{Screen, World};
use mobile_ffi::{EvidenceSubject, ReportInput};
use serde_json::{Value, json};
use sync_core::model::{SealSubject, Uscc};

use super::{form, logs_in};
use crate::cases::{Case, Desk, FOUNDRY, SHOP};

const OFFICE: &str = "晋城示例市综合执法支队";

/// Somebody at the console.
struct Sitter<'a> {
    desk: &'a Desk,
    browser: Browser,
}

impl<'a> Sitter<'a> {
    fn new(desk: &'a Desk, who: &str) -> Self {
        let known = desk.w.catalogue();
        let username = known.people.get(who).map_or(who, |it| &it.username);
        let mut browser = Browser::default();
        let shown = logs_in(&desk.w.server, &mut browser, username);
        assert_eq!(shown.status, 303, "{who}: {}", shown.body);
        Self { desk, browser }
    }

    #[track_caller]
    fn reads(&mut self, path: &str) -> String {
        let shown = self.browser.call(&self.desk.w.server.url(path), None);
        assert_eq!(shown.status, 200, "{path}: {}", shown.body);
        shown.body
    }

    #[track_caller]
    fn page(&mut self, case: Case) -> String {
        self.reads(&path(case))
    }

    /// Sends a form of the page of a case.
    fn sends(&mut self, case: Case, fields: &[(&str, &str)]) -> Shown {
        let path = path(case);
        let mut all = vec![("_from", path.as_str())];
        all.extend(fields);
        let url = self.desk.w.server.url(&path);
        self.browser.call(&url, Some(&form(&all)))
    }

    #[track_caller]
    fn does(&mut self, case: Case, fields: &[(&str, &str)]) {
        let shown = self.sends(case, fields);
        assert_eq!(shown.status, 303, "{fields:?}: {}", shown.body);
    }
}

fn path(case: Case) -> String {
    format!("/console/cases/{}", case.id())
}

/// The section of a page that has this id.
#[track_caller]
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let from = page.find(&format!("id=\"{id}\"")).expect(id);
    let page = &page[from..];
    &page[..page.find("</section>").expect("its end")]
}

/// What a page of a case offers.
fn offers(page: &str) -> Vec<&'static str> {
    let all = [
        "receive",
        "hand-over",
        "dispose",
        "take",
        "give-back",
        "decision",
    ];
    let offered = all
        .into_iter()
        .filter(|id| page.contains(&format!("id=\"{id}\"")));
    offered.collect()
}

/// A case office with somebody in it.
fn office(desk: &Desk) -> String {
    let body = json!({ "kind": "consulted", "name": OFFICE, "region": "140500" });
    let made = desk.call("POST", "admin", "/v1/organisations", body);
    let id = made.expect(201).text("organisation_id");
    let user = json!({
        "organisation_id": id, "username": "brigade", "display_name": "支队", "roles": ["consulted"],
        "password": fieldseal_tests::server::PASSWORD,
    });
    desk.call("POST", "admin", "/v1/users", user).expect(201);
    id
}

#[test]
fn a_report_goes_to_the_case_office_and_is_disposed_of_by_the_pages_alone() {
    let desk = Desk::new();
    let report = desk.reported(SHOP, None);
    let office = office(&desk);
    let mut city = Sitter::new(&desk, "city");
    let page = city.page(report);
    assert_eq!(offers(&page), ["receive", "take"]);
    assert!(!page.contains("现场确认"), "nobody confirms a report");
    assert!(page.contains("尚无办理记录"));

    let back = city.sends(
        report,
        &[("act", "receive"), ("receipt_no", " "), ("note", "附影像")],
    );
    assert_eq!(back.status, 422);
    assert!(back.body.contains("<strong>回执编号</strong>"));
    assert!(section(&back.body, "what").contains("value=\"附影像\""));
    let received = [("act", "receive"), ("receipt_no", "晋市监接〔2025〕3号")];
    city.does(report, &received);
    let page = city.page(report);
    assert_eq!(offers(&page), ["hand-over", "take"]);
    assert!(section(&page, "done").contains("晋市监接〔2025〕3号"));
    // Somebody who was slower is told so, and what they typed is in no other form.
    let late = city.sends(report, &[("act", "receive"), ("receipt_no", "另一号")]);
    assert_eq!(late.status, 409);
    assert!(late.body.contains("case_out_of_step") && !late.body.contains("另一号"));

    // Not before it is theirs.
    let mut brigade = Sitter::new(&desk, "brigade");
    assert!(!brigade.reads("/console").contains(&path(report)));
    let unseen = brigade
        .browser
        .call(&desk.w.server.url(&path(report)), None);
    assert_eq!(unseen.status, 404);

    let other = [
        ("act", "hand_over"),
        ("office_id", office.as_str()),
        ("office", "区公安分局"),
        ("receipt_no", "移交回执-7"),
    ];
    let back = city.sends(report, &other);
    assert_eq!(back.status, 422);
    let kept = section(&back.body, "what");
    for kept_as in [
        format!("value=\"{office}\" selected"),
        "value=\"区公安分局\"".to_owned(),
        "value=\"移交回执-7\"".to_owned(),
    ] {
        assert!(kept.contains(&kept_as), "{kept_as}: {kept}");
    }
    assert!(back.body.contains("与所选单位不一致"));
    let chosen = [
        ("act", "hand_over"),
        ("office_id", office.as_str()),
        ("office", ""),
        ("receipt_no", "移交回执-7"),
        ("note", "附影像 4 件"),
    ];
    city.does(report, &chosen);
    let page = city.page(report);
    for kept in [OFFICE, "移交回执-7", "附影像 4 件"] {
        assert!(section(&page, "done").contains(kept), "{kept}");
    }

    // The case office finds it, and says what became of it; the visit is none of theirs.
    assert!(section(&brigade.reads("/console"), "dispose").contains(&path(report)));
    let queue = brigade.reads("/console/cases");
    assert!(queue.contains(&path(report)) && queue.contains("value=\"to_dispose\" selected"));
    assert!(!queue.contains("value=\"waiting\""));
    let page = brigade.page(report);
    assert_eq!(offers(&page), ["dispose"]);
    assert!(!page.contains(&format!("/console/visits/{}", report.visit)));
    assert!(section(&page, "done").contains("晋市监接〔2025〕3号"));
    let taken = brigade.sends(report, &[("act", "take")]);
    assert_eq!(taken.status, 403);
    let disposed = [
        ("act", "dispose"),
        ("result", "立案查处"),
        ("reference_no", "晋市监案〔2025〕12号"),
    ];
    brigade.does(report, &disposed);
    let page = brigade.page(report);
    assert_eq!(offers(&page), [""; 0]);
    assert!(section(&page, "done").contains("晋市监案〔2025〕12号"));
    assert!(page.contains("目前没有您可以办理的事项"));
    assert!(!section(&brigade.reads("/console"), "dispose").contains(&path(report)));
    assert_eq!(desk.queue("brigade", "queue=to_dispose"), [""; 0]);
    assert!(
        city.page(report)
            .contains(&format!("/console/visits/{}", report.visit))
    );
}

#[test]
fn a_case_office_reads_the_report_that_was_handed_over_and_nothing_else_of_the_visit() {
    let w = World::shanxi();
    let office = json!({ "kind": "consulted", "name": OFFICE, "region": "140500" });
    let office = w.call("POST", "admin", "/v1/organisations", office);
    let office = office.expect(201).text("organisation_id");
    let admin = w.token("admin");
    w.server.user(&admin, &office, "brigade", &["consulted"]);
    let mut wang = w.phone("王");
    let visit = wang.enters("五金店");
    // Another picture of the visit is no part of the report.
    wang.photographs(&w, visit, EvidenceSubject::Visit, "label");
    let input = ReportInput {
        grounds: "unlicensed".to_owned(),
        description: "无营业执照，店主称<b>正在办理".to_owned(),
        recipients: vec![w.id("organisation", "晋城市局").parse().unwrap()],
    };
    let report = wang.client.report(visit, input).unwrap();
    let of = EvidenceSubject::OnSiteReport(report);
    let bytes = format!("place {of:?} by 王 at {}", w.now());
    for kind in ["place", "stock"] {
        wang.photographs(&w, visit, of.clone(), kind);
        w.minutes(1);
    }
    wang.tries_to_seal_with(SealSubject::OnSiteReport(report), unsigned())
        .unwrap();
    wang.syncs();
    let listed = w.get(&format!("/v1/visits/{visit}/evidence"));
    let listed = listed["items"].as_array().unwrap();
    let of_report = |it: &&Value| it["subject"]["kind"] == "on_site_report";
    let pieces: Vec<&Value> = listed.iter().filter(of_report).collect();
    assert!(pieces.len() == 2 && listed.len() > 2, "{listed:?}");
    let come = w.brings_bytes(&wang, visit, bytes.as_bytes());
    let come = pieces.iter().find(|it| it["sha256"] == json!(come));
    let piece = word(&come.expect("the first picture")["evidence_id"]);

    let api = format!("/v1/cases/{visit}/{report}");
    let brigade = w.server.log_in("brigade");
    let reads = |path: &str| w.server.get(path, &brigade);
    reads(&api).expect_problem(404, "not_found");
    let handed =
        json!({ "office": OFFICE, "office_id": office, "receipt_no": "移-7", "note": null });
    for (act, body) in [
        ("receipt", json!({ "receipt_no": "收-1" })),
        ("hand-over", handed),
    ] {
        let path = format!("{api}/{act}");
        w.call("POST", "晋城", &path, body).expect(200);
    }

    let told = reads(&api).expect(200).body["report"].clone();
    let sampler = w.catalogue().people["王"].name.clone();
    assert_eq!(told["description"], "无营业执照，店主称<b>正在办理");
    assert_eq!(told["grounds"], "unlicensed");
    assert_eq!(told["recorded_by"]["name"], json!(sampler));
    assert_eq!(told["recorded_by"]["organisation"], "晋阳示例检测");
    let signers = told["signers"].as_array().unwrap();
    assert!(
        signers.iter().any(|it| it["name"] == json!(sampler)),
        "{told}"
    );
    assert_eq!(told["recipients"].as_array().unwrap().len(), 1);
    assert!(told["reported"]["claimed"]["from"].is_string(), "{told}");
    assert_eq!(
        (&told["amended"], &told["sampling_terminated"]),
        (&json!(false), &json!(true))
    );
    let named: Vec<_> = told["evidence"].as_array().unwrap().iter().collect();
    let hashes = |of: &[&Value]| Vec::from_iter(of.iter().map(|it| it["sha256"].clone()));
    assert_eq!(hashes(&named), hashes(&pieces));
    let here = named.iter().filter(|it| it["verified_at"].is_string());
    assert_eq!(here.count(), 1);
    // The visit, its other records and the bytes are none of the office's.
    for path in [
        format!("/v1/visits/{visit}"),
        format!("/v1/visits/{visit}/evidence"),
        format!("/v1/visits/{visit}/evidence/{piece}/content"),
    ] {
        reads(&path).expect_problem(404, "not_found");
    }

    let page = |who: &str| {
        let mut browser = Browser::default();
        logs_in(&w.server, &mut browser, who);
        let shown = browser.call(
            &w.server.url(&format!("/console/cases/{visit}/{report}")),
            None,
        );
        assert_eq!(shown.status, 200, "{who}: {}", shown.body);
        let media = w
            .server
            .url(&format!("/console/media/{visit}/{piece}/original"));
        (shown.body, browser.call(&media, None).status)
    };
    let (shown, media) = page("brigade");
    let said = section(&shown, "report");
    for part in [
        "无营业执照，店主称&#60;b&#62;正在办理",
        &format!("{sampler} · 晋阳示例检测"),
        "晋城示例市市场监督管理局",
        "影像原件只对可查看该次检查的人员开放",
        "场所",
        "库存",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    for piece in &pieces {
        assert!(said.contains(piece["sha256"].as_str().unwrap()), "{said}");
    }
    assert!(
        !said.contains("标签") && !said.contains("/console/media/"),
        "{said}"
    );
    assert!(!shown.contains(&format!("/console/visits/{visit}")));
    assert_eq!(media, 404);
    // Whoever sees the visit is led to the originals that are here.
    let (shown, media) = page("jincheng");
    let said = section(&shown, "report");
    let original = format!("href=\"/console/media/{visit}/{piece}/original\"");
    assert_eq!(said.matches("/console/media/").count(), 1, "{said}");
    assert!(said.contains(&original) && !said.contains("只对可查看该次检查"));
    assert_eq!(media, 200);
    if let Some(screen) = Screen::open(&w.server) {
        screen.logs_in("brigade");
        let here = format!("/console/cases/{visit}/{report}");
        screen.looks_at(&here, "case-report");
        screen.looks_at("/console", "today-office");
    }
    // A refusal has no report, and no section of one.
    let desk = Desk::new();
    let shop = desk.refused(SHOP, None);
    let file = desk.call(
        "GET",
        "city",
        &format!("/v1/cases/{}", shop.id()),
        Value::Null,
    );
    assert!(file.expect(200).body.get("report").is_none());
    assert!(
        !Sitter::new(&desk, "city")
            .page(shop)
            .contains("id=\"report\"")
    );
}

#[test]
fn a_report_goes_to_an_office_that_has_nobody_here_by_its_name() {
    let desk = Desk::new();
    let report = desk.reported(FOUNDRY, None);
    let mut city = Sitter::new(&desk, "city");
    city.does(report, &[("act", "receive"), ("receipt_no", "1")]);
    let nobody = [("act", "hand_over"), ("office", ""), ("receipt_no", "2")];
    assert_eq!(city.sends(report, &nobody).status, 422);
    for foreign in ["x", &desk.w.id("organisation", "运城市局")] {
        let elsewhere = [
            ("act", "hand_over"),
            ("office_id", foreign),
            ("receipt_no", "2"),
        ];
        let back = city.sends(report, &elsewhere);
        assert_eq!(back.status, 422, "{foreign}");
        assert!(back.body.contains("<strong>移交单位</strong>"));
    }
    let named = [
        ("act", "hand_over"),
        ("office", "区公安分局"),
        ("receipt_no", "2"),
    ];
    city.does(report, &named);
    assert_eq!(desk.queue("city", "queue=to_dispose"), [report.id()]);
    let page = city.page(report);
    assert_eq!(offers(&page), ["dispose", "take"]);
    assert!(section(&page, "done").contains("区公安分局"));
}

#[test]
fn an_authority_gives_a_case_back_for_whoever_has_it_and_another_officer_is_not_offered_it() {
    let desk = Desk::new();
    let shop = desk.refused(SHOP, None);
    Sitter::new(&desk, "county").does(shop, &[("act", "take")]);
    assert!(offers(&Sitter::new(&desk, "county").page(shop)).contains(&"give-back"));
    let mut city = Sitter::new(&desk, "city");
    let page = city.page(shop);
    assert!(!offers(&page).contains(&"give-back") && !offers(&page).contains(&"take"));
    let back = [("act", "give_back"), ("reason", "病假")];
    assert_eq!(city.sends(shop, &back).status, 409);
    let mut authority = Sitter::new(&desk, "晋城");
    assert!(offers(&authority.page(shop)).contains(&"give-back"));
    authority.does(shop, &back);
    let page = authority.page(shop);
    assert!(offers(&page).contains(&"take"));
    assert!(section(&page, "done").contains("病假"));
    let file = desk.call(
        "GET",
        "city",
        &format!("/v1/cases/{}", shop.id()),
        Value::Null,
    );
    assert_eq!(file.expect(200).body["may"], json!(["take", "decide"]));
}

#[test]
fn who_decided_on_a_refusal_and_why_stands_on_its_page() {
    let desk = Desk::new();
    let shop = desk.refused(SHOP, None);
    let mut city = Sitter::new(&desk, "city");
    assert!(!city.page(shop).contains("id=\"decided\""));
    let rulings = format!("/v1/refusals/{}/rulings", shop.subject);
    let first = json!({ "refusal": "not_established", "reason": "企业当日停业" });
    desk.call("POST", "晋城", &rulings, first).expect(201);
    desk.w.minutes(5);
    let decided = [
        ("act", "decide"),
        ("outcome", "confirmed"),
        ("reason", "调看监控<b>确系拒检"),
    ];
    city.does(shop, &decided);
    let authority = desk.w.catalogue().people["晋城"].name.clone();
    let page = Sitter::new(&desk, "county").page(shop);
    let told = section(&page, "done");
    let places = [
        "不成立",
        "企业当日停业",
        &authority,
        "已确认",
        "调看监控&#60;b&#62;确系拒检",
        "city",
    ];
    let at = places.map(|it| told.find(it).unwrap_or_else(|| panic!("{it}: {told}")));
    assert!(at.is_sorted(), "in their order: {told}");
    assert!(told.contains("2025年3月2日 09:"), "{told}");
    let file = desk.call(
        "GET",
        "city",
        &format!("/v1/cases/{}", shop.id()),
        Value::Null,
    );
    let file = file.expect(200).body;
    assert_eq!(file["decisions"].as_array().unwrap().len(), 2);
    assert_eq!(file["decisions"][1]["outcome"], "confirmed");
    // What was ruled and what was done are counted apart.
    assert_eq!(file["version"], 0);
    assert!(file["ruling_version"].as_i64().unwrap() > 1);
}

#[test]
fn a_county_is_offered_no_decision_on_what_the_city_commissioned() {
    let desk = Desk::new();
    let shop = desk.refused(SHOP, None);
    let body = json!({ "kind": "authority", "name": "城区示例局", "region": "140502" });
    let made = desk.call("POST", "admin", "/v1/organisations", body);
    let user = json!({
        "organisation_id": made.expect(201).text("organisation_id"), "username": "onlooker", "display_name": "城区",
        "roles": ["authority"], "regions": ["140502"], "password": fieldseal_tests::server::PASSWORD,
    });
    desk.call("POST", "admin", "/v1/users", user).expect(201);
    let rulings = format!("/v1/refusals/{}/rulings", shop.subject);
    let decision = json!({ "refusal": "confirmed", "reason": "现场核实" });
    let sends = [
        ("act", "decide"),
        ("outcome", "confirmed"),
        ("reason", "现场核实"),
    ];

    let mut onlooker = Sitter::new(&desk, "onlooker");
    assert_eq!(offers(&onlooker.page(shop)), ["take"]);
    let refused = desk.call("POST", "onlooker", &rulings, decision.clone());
    refused.expect_problem(403, "scope_forbidden");
    assert_eq!(onlooker.sends(shop, &sends).status, 403);
    // Whoever is offered it is heard: enforcement of the county, the city, the province above it.
    for who in ["county", "晋城", "山西"] {
        let mut sitter = Sitter::new(&desk, who);
        assert!(offers(&sitter.page(shop)).contains(&"decision"), "{who}");
        sitter.does(shop, &sends);
    }
}

#[test]
fn an_enterprise_without_a_name_is_called_by_its_key() {
    let desk = Desk::new();
    let leading = "92140502000009R2F";
    let uscc = format!("{leading}{}", Uscc::check_character(leading).unwrap());
    let report = desk.reported((&uscc, "140502"), None);
    let mut authority = Sitter::new(&desk, "晋城");
    let listed = desk.call("GET", "晋城", "/v1/cases?queue=all", Value::Null);
    assert_eq!(
        listed.expect(200).body["items"][0]["enterprise_name"],
        Value::Null
    );
    let link = format!("<a href=\"{}\"><bdi>uscc:{uscc}</bdi></a>", path(report));
    for page in ["/console/cases?queue=all", "/console"] {
        let shown = authority.reads(page);
        assert!(shown.contains(&link), "{page}: {shown}");
    }
    assert!(
        authority
            .page(report)
            .contains(&format!("<bdi>uscc:{uscc}</bdi></small></h1>"))
    );
}

#[test]
fn what_waits_for_a_ruling_tells_the_key_of_its_enterprise() {
    let w = World::shanxi();
    let scene = w.contests();
    let told = w.call("GET", "晋城", "/v1/adjudications", Value::Null);
    let told = told.expect(200).body;
    let told = told["items"].as_array().unwrap();
    assert!(told.len() >= scene.visits.len());
    for item in told {
        assert_eq!(item["enterprise"], format!("uscc:{}", FOUNDRY.0));
    }
}
