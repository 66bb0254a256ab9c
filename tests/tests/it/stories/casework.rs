//! What becomes of a case on phones: the enterprise and the tracking list (跟踪抽查名单) for enforcement of its region and for
//! nobody else, and its way to the case office for everybody whose case it is.

use fieldseal_tests::gate::{north_of_shop, unsigned};
use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, World};
use mobile_ffi::{Case, CaseState, EnterpriseChoice, EvidenceSubject, ReportInput, VisitStart};
use serde_json::{Value, json};
use sync_core::model::{
    DocumentId, OnSiteReportState, RefusalId, RefusalState, SealSubject, normalise_text,
};

/// A team's phone and its sealed refusal at 五金店, which the server has.
fn refused_at_the_shop() -> (World, Phone, DocumentId, RefusalId) {
    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    let mut wang = w.phone("王");
    wang.stands(north_of_shop(0));
    let visit = wang.works_in("JC-2025-01").enters("五金店");
    let refusal = wang.is_refused(&w, "T2");
    wang.syncs();
    (w, wang, visit, refusal)
}

/// Name, address and region of every enterprise that a phone was told of.
fn enterprises(phone: &Phone) -> Vec<[String; 3]> {
    let listed = phone.client.enterprises("").unwrap().into_iter();
    let mut listed: Vec<_> = listed
        .map(|it| ["name", "address", "region"].map(|field| word(&it.record[field])))
        .collect();
    listed.sort();
    listed
}

fn named(of: [&str; 3]) -> [String; 3] {
    of.map(str::to_owned)
}

fn shop() -> [String; 3] {
    named(["晋城示例五金店", "城区示例街 2 号", "140502"])
}

fn foundry() -> [String; 3] {
    named(["泽州示例铸造", "泽州县示例路 1 号", "140525"])
}

/// The one case that a phone holds.
#[track_caller]
fn case(phone: &Phone) -> Case {
    let cases = phone.client.cases().unwrap();
    let [case] = &cases[..] else {
        panic!("{cases:?}");
    };
    case.clone()
}

/// Whether anything that came down to a phone speaks of it.
fn heard(phone: &Phone, of: &str) -> bool {
    phone.network.heard().iter().any(|it| it.contains(of))
}

/// The administrator lists the shop anew.
fn lists_shop(w: &World, address: &str, region: &str) {
    let body = json!({
        "uscc": "921405020000B2F60D", "name": "晋城示例五金店", "address": address, "region": region,
    });
    let answer = w.call("POST", "admin", "/v1/enterprises", body);
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn enforcement_is_told_the_enterprises_of_its_cases_and_of_no_other() {
    let (w, mut wang, ..) = refused_at_the_shop();
    let (han, he) = (w.phone("韩"), w.phone("何"));
    assert_eq!(
        (enterprises(&han), enterprises(&he)),
        (vec![shop()], vec![])
    );
    // A case that comes later comes with its enterprise, and where a team only sampled there is none.
    wang.enters("铸造");
    wang.is_refused(&w, "T1");
    wang.enters("服饰");
    wang.draws("T3");
    wang.syncs();
    han.syncs();
    he.syncs();
    assert_eq!(enterprises(&han), [shop()]);
    assert_eq!(enterprises(&he), [foundry()]);
    let told = case(&he);
    assert_eq!(told.address, foundry()[1]);
    assert_eq!(told.region.unwrap().to_string(), "140525");
    // An officer whose phone is new is told the same, and nobody anything of others.
    let feng = w.phone("冯");
    assert_eq!(enterprises(&feng), [shop()]);
    let ma = w.phone("马");
    ma.syncs();
    assert_eq!(enterprises(&ma), [[""; 3]; 0]);
    for (phone, others) in [
        (&han, "泽州示例铸造"),
        (&feng, "泽州示例铸造"),
        (&he, "晋城示例五金店"),
        (&ma, "示例"),
    ] {
        assert!(
            !heard(phone, others),
            "{} was told of {others}",
            phone.owner
        );
        assert!(!heard(phone, "高平示例服饰"), "{}", phone.owner);
    }
}

#[test]
fn an_enterprise_that_is_listed_anew_is_told_to_enforcement_of_the_region_in_which_it_lies_now() {
    let (w, ..) = refused_at_the_shop();
    let (han, he) = (w.phone("韩"), w.phone("何"));
    lists_shop(&w, "城区示例街 22 号", "140502");
    han.syncs();
    assert_eq!(case(&han).address, "城区示例街 22 号");

    let moved = "泽州县示例街 2 号";
    lists_shop(&w, moved, "140525");
    han.syncs();
    he.syncs();
    assert_eq!(
        (enterprises(&han), han.client.cases().unwrap()),
        (vec![], vec![])
    );
    assert!(!heard(&han, moved));
    assert_eq!(
        enterprises(&he),
        [named(["晋城示例五金店", moved, "140525"])]
    );
    assert_eq!(case(&he).region.unwrap().to_string(), "140525");
    // What is told of it from now on is none of the first office's business.
    lists_shop(&w, "泽州县示例街 3 号", "140525");
    han.syncs();
    he.syncs();
    assert_eq!(enterprises(&han), [[""; 3]; 0]);
    assert_eq!(case(&he).address, "泽州县示例街 3 号");

    lists_shop(&w, "城区示例街 2 号", "140502");
    han.syncs();
    he.syncs();
    assert_eq!(
        (enterprises(&han), enterprises(&he)),
        (vec![shop()], vec![])
    );
    // A phone that is new has what stands, and not what stood in between.
    let feng = w.phone("冯");
    assert_eq!(enterprises(&feng), [shop()]);
    assert!(!heard(&feng, moved));
}

#[test]
fn an_alias_brings_the_enterprise_that_a_case_is_really_of_and_is_undone_on_phones() {
    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    let (mut wang, he) = (w.phone("王"), w.phone("何"));
    let start = w.unlisted_foundry();
    assert!(matches!(
        start,
        VisitStart {
            enterprise: EnterpriseChoice::Unlisted { .. },
            ..
        }
    ));
    let visit = wang.works_in("JC-2025-01").goes_to_as(start, "铸造");
    wang.arrives();
    wang.is_refused(&w, "T1");
    wang.syncs();
    he.syncs();
    let aliases = |phone: &Phone| phone.client.references("enterprise_alias").unwrap().len();
    assert_eq!(
        normalise_text(&case(&he).enterprise_name),
        "泽州示例铸造(老厂)"
    );
    assert_eq!((enterprises(&he), aliases(&he)), (vec![], 0));
    let key = wang.client.visits().unwrap();
    let key = key.iter().find(|it| it.document_id == visit).unwrap();
    let alias = w.aliases("铸造", &key.enterprise_key);
    he.syncs();
    assert_eq!((enterprises(&he), aliases(&he)), (vec![foundry()], 1));
    assert_eq!(case(&he).enterprise_name, "泽州示例铸造");
    // Somebody who comes to the office later is told with the case.
    let late = w.phone("何");
    assert_eq!((enterprises(&late), aliases(&late)), (vec![foundry()], 1));
    let path = format!("/v1/enterprise-aliases/{}/undoing", alias.text("alias_id"));
    let why = json!({ "reason": "两家企业" });
    w.call("POST", "admin", &path, why).expect(200);
    for phone in [&he, &late] {
        phone.syncs();
        assert_eq!(aliases(phone), 0, "{}", phone.owner);
        assert_eq!(
            normalise_text(&case(phone).enterprise_name),
            "泽州示例铸造(老厂)"
        );
    }
}

#[test]
fn that_an_enterprise_is_tracked_is_told_to_enforcement_of_its_region_alone_and_taken_back() {
    let (w, wang, visit, refusal) = refused_at_the_shop();
    let (han, he) = (w.phone("韩"), w.phone("何"));
    assert_eq!(case(&han).tracked_since_ms, None);
    han.stands(north_of_shop(40));
    han.confirms(&w, (visit, refusal), "confirmed");
    w.minutes(1);
    w.sync_all(&[&han, &wang, &he]);
    assert_eq!(case(&han).tracked_since_ms, Some(w.now()));
    assert_eq!(case(&w.phone("冯")).tracked_since_ms, Some(w.now()));
    for phone in [&wang, &he] {
        let told = phone.client.references("tracked_enterprise").unwrap();
        assert_eq!(told, [], "{}", phone.owner);
        assert!(!heard(phone, "tracked_enterprise"), "{}", phone.owner);
    }
    let path = format!("/v1/refusals/{refusal}/rulings");
    let decision = json!({ "refusal": "not_established", "reason": "复查后不成立" });
    w.call("POST", "晋城", &path, decision).expect(201);
    han.syncs();
    assert_eq!(case(&han).tracked_since_ms, None);
    assert_eq!(
        case(&han).state,
        CaseState::Refusal(RefusalState::NotEstablished)
    );
}

#[test]
fn both_phones_tell_how_far_a_refusal_is_from_recorded_to_published() {
    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    let (mut wang, han) = (w.phone("王"), w.phone("韩"));
    wang.stands(north_of_shop(0));
    wang.offline();
    let visit = wang.works_in("JC-2025-01").enters("五金店");
    let refusal = wang.is_refused(&w, "T2");
    let told = |phone: &Phone| {
        let case = case(phone);
        let CaseState::Refusal(state) = case.state else {
            panic!("{case:?}");
        };
        let holder = case.progress.and_then(|it| it.holder);
        (
            state,
            case.state_zh,
            case.state_en,
            holder.map(|it| it.name),
        )
    };
    let words = |state, zh: &str, en: &str| (state, zh.to_owned(), en.to_owned(), None);
    assert_eq!(
        told(&wang),
        words(RefusalState::Recorded, "已记录", "recorded")
    );
    assert!(case(&wang).waiting);
    wang.online().syncs();
    han.syncs();
    let reported = words(
        RefusalState::Reported,
        "已上报，待处理",
        "reported, waiting",
    );
    assert_eq!(
        (told(&wang), told(&han)),
        (reported.clone(), reported.clone())
    );

    let act = |who: &str, act: &str, body: Value| {
        let path = format!("/v1/cases/{visit}/{refusal}/{act}");
        w.call("POST", who, &path, body).expect(200)
    };
    act("韩", "taking", Value::Null);
    w.sync_all(&[&wang, &han]);
    let taken = Some("韩志刚".to_owned());
    for phone in [&wang, &han] {
        assert_eq!(told(phone).3, taken);
        assert_eq!(told(phone).0, RefusalState::Reported);
    }
    act("韩", "giving-back", json!({ "reason": "调离" }));
    w.sync_all(&[&wang, &han]);
    assert_eq!((told(&wang), told(&han)), (reported.clone(), reported));

    han.stands(north_of_shop(40));
    han.confirms(&w, (visit, refusal), "confirmed");
    w.sync_all(&[&han, &wang]);
    let confirmed = words(RefusalState::Confirmed, "已确认", "confirmed");
    assert_eq!((told(&wang), told(&han)), (confirmed.clone(), confirmed));
    assert!(!case(&wang).waiting);

    let messages = w.call("GET", "晋城", "/v1/publicity-messages", Value::Null);
    let message = word(&messages.body["items"][0]["message_id"]);
    let path = format!("/v1/publicity-messages/{message}/delivery");
    let delivered = w.call("POST", "晋城", &path, json!({ "receipt": "公示-2025-1" }));
    assert_eq!(delivered.status, 200, "{}", delivered.body);
    w.sync_all(&[&wang, &han]);
    let published = words(RefusalState::Published, "已公示", "published");
    assert_eq!(
        (told(&wang), told(&han)),
        (published.clone(), published.clone())
    );
    // Whoever starts over is told the same.
    assert_eq!(told(&w.phone("冯")), published);
    assert_eq!(told(&w.phone("王")), published);
}

#[test]
fn both_phones_tell_who_has_a_report_and_its_receipts_until_it_is_disposed_of() {
    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    let (mut wang, ma) = (w.phone("王"), w.phone("马"));
    let visit = wang.works_in("JC-2025-01").enters("加油站");
    let input = ReportInput {
        grounds: "unlicensed".to_owned(),
        description: "无营业执照，无成品油零售经营批准证书".to_owned(),
        recipients: vec![w.id("organisation", "晋城市局").parse().unwrap()],
    };
    let report = wang.client.report(visit, input).unwrap();
    wang.photographs(&w, visit, EvidenceSubject::OnSiteReport(report), "place");
    let seal = wang.tries_to_seal_with(SealSubject::OnSiteReport(report), unsigned());
    seal.unwrap();
    wang.syncs();
    ma.syncs();
    let told = |state, zh: &str, en: &str| {
        w.sync_all(&[&wang, &ma]);
        for phone in [&wang, &ma] {
            let case = case(phone);
            assert_eq!(
                case.state,
                CaseState::OnSiteReport(state),
                "{}",
                phone.owner
            );
            assert_eq!((case.state_zh.as_str(), case.state_en.as_str()), (zh, en));
        }
        let (here, there) = (case(&wang), case(&ma));
        assert_eq!(here.progress, there.progress);
        assert_eq!(here.waiting, state == OnSiteReportState::Reported);
        here.progress
    };
    told(
        OnSiteReportState::Reported,
        "已上报，待处理",
        "reported, waiting",
    );
    let act = |who: &str, act: &str, body: Value| {
        w.minutes(10);
        let path = format!("/v1/cases/{visit}/{report}/{act}");
        w.call("POST", who, &path, body).expect(200);
        w.now()
    };
    let at = act("马", "taking", Value::Null);
    let told_now = told(
        OnSiteReportState::Reported,
        "已上报，待处理",
        "reported, waiting",
    );
    let holder = told_now.unwrap().holder.unwrap();
    assert_eq!((holder.name.as_str(), holder.since_ms), ("马强", at));

    let at = act("马", "receipt", json!({ "receipt_no": "收-1" }));
    let told_now = told(OnSiteReportState::Received, "已接收", "received").unwrap();
    let received = told_now.received.unwrap();
    assert_eq!((received.receipt_no.as_str(), received.at_ms), ("收-1", at));
    assert_eq!(told_now.handed_over, None);

    let office = json!({ "office": "运城综合执法支队", "receipt_no": "移-7", "note": null });
    let at = act("马", "hand-over", office);
    let told_now = told(OnSiteReportState::HandedOver, "已移交", "handed over").unwrap();
    let handed = told_now.handed_over.unwrap();
    assert_eq!(
        (
            handed.office.as_str(),
            handed.receipt_no.as_str(),
            handed.at_ms
        ),
        ("运城综合执法支队", "移-7", at)
    );
    assert_eq!(told_now.received.unwrap().receipt_no, "收-1");

    let at = act(
        "马",
        "disposal",
        json!({ "result": "立案查处", "reference_no": "盐市监立〔2025〕3 号" }),
    );
    let told_now = told(OnSiteReportState::Disposed, "已处置", "disposed of").unwrap();
    let disposed = told_now.disposed.unwrap();
    assert_eq!((disposed.result.as_str(), disposed.at_ms), ("立案查处", at));
    assert_eq!(
        disposed.reference_no.as_deref(),
        Some("盐市监立〔2025〕3 号")
    );
    assert_eq!(told_now.handed_over.unwrap().receipt_no, "移-7");
    assert_eq!(case(&w.phone("王")).progress.unwrap().version, 4);
}
