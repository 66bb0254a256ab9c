//! Roles and regions of people change while their phones are out: what stands where somebody newly enforces comes to them, what
//! stands where they no longer do is given up, and what they wrote stays theirs.

use fieldseal_tests::gate::north_of_shop;
use fieldseal_tests::server::Answer;
use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, World};
use serde_json::{Value, json};
use sync_core::model::{DocumentId, RefusalId};
use sync_core::proof::CertificatePayload;

/// The administrator changes somebody.
fn changes(w: &World, who: &str, change: Value) -> Answer {
    let path = format!("/v1/users/{}", w.id("user", who));
    w.call("PATCH", "admin", &path, change).expect(200)
}

/// What is certified of somebody's phone, as this one holds it: the newest.
fn certified(phone: &Phone, of: &Phone) -> CertificatePayload {
    let device = of.client.enrolled().unwrap().unwrap().device_id;
    let file = rusqlite::Connection::open(phone.file()).unwrap();
    let sql = "SELECT payload FROM certificates WHERE device_id = ?1 AND kind = 'device' ORDER BY serial DESC LIMIT 1";
    let text: String = file.query_row(sql, [device], |row| row.get(0)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Where the refusals lie that a phone holds, by their enterprises, in order.
fn cases(phone: &Phone) -> Vec<String> {
    let cases = phone.client.cases().unwrap().into_iter();
    let mut names = Vec::from_iter(cases.map(|it| it.enterprise_name));
    names.sort();
    names
}

/// Names of the enterprises that a phone was told of.
fn enterprises(phone: &Phone) -> Vec<String> {
    let listed = phone.client.enterprises("").unwrap().into_iter();
    let mut names = Vec::from_iter(listed.map(|it| word(&it.record["name"])));
    names.sort();
    names
}

/// How many enterprises on the tracking list a phone knows.
fn tracked(phone: &Phone) -> usize {
    phone.client.references("tracked_enterprise").unwrap().len()
}

const SHOP: &str = "晋城示例五金店";
const FOUNDRY: &str = "泽州示例铸造";

/// A shop (140502) and a foundry (140525) have refused a team, and the server has both.
fn refused_twice() -> (World, Phone, [(DocumentId, RefusalId); 2]) {
    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    let mut wang = w.phone("王");
    wang.stands(north_of_shop(0));
    let shop = wang.works_in("JC-2025-01").enters("五金店");
    let at_shop = (shop, wang.is_refused(&w, "T2"));
    w.minutes(60);
    let foundry = wang.enters("铸造");
    let at_foundry = (foundry, wang.is_refused(&w, "T1"));
    wang.syncs();
    (w, wang, [at_shop, at_foundry])
}

#[test]
fn whoever_newly_enforces_somewhere_gets_what_stands_there_and_gives_it_up_with_the_region() {
    let (w, wang, [at_shop, (foundry, _)]) = refused_twice();
    // The shop's refusal is confirmed before: that stands there too.
    let han = w.phone("韩");
    han.stands(north_of_shop(40));
    let confirmation = han.confirms(&w, at_shop, "confirmed");
    w.minutes(1);
    w.sync_all(&[&han, &wang]);
    let bureau = w.phone("晋城");
    let nothing = Vec::<String>::new();
    assert_eq!(
        (cases(&bureau), enterprises(&bureau)),
        (nothing.clone(), nothing.clone())
    );
    assert_eq!(certified(&bureau, &bureau).regions, ["140500"]);

    // The role, for the whole city: both.
    let roles = json!(["authority", "enforcement"]);
    changes(
        &w,
        "晋城",
        json!({ "roles": roles, "certificate_no": "晋城执 9" }),
    );
    bureau.syncs();
    assert_eq!(cases(&bureau), [SHOP, FOUNDRY]);
    assert_eq!(enterprises(&bureau), [SHOP, FOUNDRY]);
    assert_eq!(tracked(&bureau), 1);
    assert!(bureau.client.confirmation(confirmation).is_ok());
    assert!(!bureau.client.rulings(foundry).unwrap().is_empty());
    let certificate = certified(&bureau, &bureau);
    assert_eq!(json!(certificate.roles), roles);
    assert_eq!(certificate.certificate_no.as_deref(), Some("晋城执 9"));

    // One county of it: what lies in the others is given up, and nothing more comes of it.
    changes(&w, "晋城", json!({ "regions": ["140525"] }));
    bureau.syncs();
    assert_eq!(
        (cases(&bureau), enterprises(&bureau)),
        (vec![FOUNDRY.to_owned()], vec![FOUNDRY.to_owned()])
    );
    assert_eq!(tracked(&bureau), 0);
    assert!(bureau.client.confirmation(confirmation).is_err());
    assert_eq!(certified(&bureau, &bureau).regions, ["140525"]);
    let heard = bureau.network.heard().len();
    let again = json!({ "refusal": "not_established", "reason": "复查后不成立" });
    let path = format!("/v1/refusals/{}/rulings", at_shop.1);
    w.call("POST", "山西", &path, again).expect(201);
    bureau.syncs();
    let later = bureau.network.heard().split_off(heard);
    assert!(!later.iter().any(|it| it.contains(&at_shop.0.to_string())));

    // Another county instead.
    changes(&w, "晋城", json!({ "regions": ["140502"] }));
    bureau.syncs();
    assert_eq!(
        (cases(&bureau), enterprises(&bureau)),
        (vec![SHOP.to_owned()], vec![SHOP.to_owned()])
    );
    assert!(bureau.client.confirmation(confirmation).is_ok());
    let ruled = json!(bureau.client.rulings(at_shop.0).unwrap()).to_string();
    assert!(
        ruled.contains("not_established"),
        "as it was ruled meanwhile: {ruled}"
    );
    // Both: what was given up comes back, and what is held is not sent again.
    let heard = bureau.network.heard().len();
    changes(&w, "晋城", json!({ "regions": ["140525", "140502"] }));
    bureau.syncs();
    assert_eq!(cases(&bureau), [SHOP, FOUNDRY]);
    assert_eq!(enterprises(&bureau), [SHOP, FOUNDRY]);
    let later = bureau.network.heard().split_off(heard).concat();
    assert!(later.contains(&foundry.to_string()) && !later.contains(&confirmation.to_string()));
    // What comes from now on comes as to everybody there.
    wang.client.splice_notes(foundry, 0, 0, "后来写的").unwrap();
    wang.syncs();
    bureau.syncs();
    let shown = bureau.client.visit(foundry).unwrap().to_string();
    assert!(shown.contains("后来写的"), "{shown}");
    // A phone that is new holds the same.
    let other = w.phone("晋城");
    assert_eq!(
        (cases(&other), enterprises(&other)),
        (cases(&bureau), enterprises(&bureau))
    );

    // Without the role nothing of it is theirs, on either phone, nor the number of a certificate.
    let done = changes(&w, "晋城", json!({ "roles": ["authority"] }));
    assert_eq!(done.body["certificate_no"], Value::Null);
    for phone in [&bureau, &other] {
        phone.syncs();
        assert_eq!(
            (cases(phone), enterprises(phone)),
            (nothing.clone(), nothing.clone())
        );
        let certificate = certified(phone, phone);
        assert_eq!(json!(certificate.roles), json!(["authority"]));
        assert_eq!(certificate.certificate_no, None);
    }
    let third = w.phone("晋城");
    assert_eq!(
        (cases(&third), enterprises(&third)),
        (nothing.clone(), nothing)
    );
}

#[test]
fn who_enforces_no_longer_keeps_what_they_wrote_and_may_do_nothing_more_at_once() {
    let (w, wang, [at_shop, _]) = refused_twice();
    let (han, feng) = (w.phone("韩"), w.phone("冯"));
    han.stands(north_of_shop(40));
    let confirmation = han.confirms(&w, at_shop, "confirmed");
    w.minutes(1);
    w.sync_all(&[&han, &wang, &feng]);
    assert_eq!(cases(&han), [SHOP]);
    let (visit, refusal) = at_shop;
    let taking = format!("/v1/cases/{visit}/{refusal}/taking");
    w.call("POST", "韩", &taking, Value::Null).expect(200);

    w.minutes(1);
    changes(&w, "韩", json!({ "roles": ["county"] }));
    // By the token that they have.
    let back = format!("/v1/cases/{visit}/{refusal}/giving-back");
    w.call("POST", "韩", &back, json!({ "reason": "调离" }))
        .expect_problem(403, "role_forbidden");
    han.syncs();
    assert_eq!(cases(&han), Vec::<String>::new());
    let own = han.client.confirmation(confirmation).unwrap();
    assert_eq!(own["identity"]["region"], "140502", "{own}");
    feng.syncs();
    assert_eq!(cases(&feng), [SHOP], "a colleague goes on");
    assert_eq!(json!(certified(&feng, &han).roles), json!(["county"]));
    // What they wrote while they were certified stands.
    assert!(w.aside(visit).is_empty());

    changes(&w, "韩", json!({ "roles": ["enforcement"] }));
    w.call("POST", "韩", &back, json!({ "reason": "调离" }))
        .expect(200);
    han.syncs();
    assert_eq!(cases(&han), [SHOP]);
}

#[test]
fn what_changed_of_somebody_disabled_is_certified_when_they_are_enabled() {
    let w = World::shanxi();
    let (feng, han) = (w.phone("冯"), w.phone("韩"));
    let roles = |phone: &Phone| {
        phone.syncs();
        json!(certified(phone, &han).roles)
    };
    changes(&w, "韩", json!({ "roles": ["county", "enforcement"] }));
    assert_eq!(roles(&feng), json!(["enforcement", "county"]));
    changes(&w, "韩", json!({ "active": false }));
    changes(&w, "韩", json!({ "roles": ["county"] }));
    assert_eq!(roles(&feng), json!(["enforcement", "county"]));
    changes(&w, "韩", json!({ "active": true }));
    assert_eq!(roles(&feng), json!(["county"]));
}

/// Many phones sync while somebody gains and loses a county: in the end each holds what stands there, or nothing.
#[test]
fn a_region_that_is_gained_while_work_comes_in_brings_all_of_it() {
    let w = World::shanxi();
    w.at("2025-03-02 09:00");
    changes(
        &w,
        "晋城",
        json!({ "roles": ["enforcement"], "regions": ["140525"] }),
    );
    let bureau = w.phone("晋城");
    let mut wang = w.phone("王");
    wang.stands(north_of_shop(0));
    let shop = wang.works_in("JC-2025-01").enters("五金店");
    let refusal = wang.is_refused(&w, "T2");
    std::thread::scope(|scope| {
        let (w, bureau) = (&w, &bureau);
        scope.spawn(move || {
            for regions in [["140502"], ["140525"], ["140502"], ["140525"], ["140502"]] {
                changes(w, "晋城", json!({ "regions": regions }));
            }
        });
        scope.spawn(move || {
            for _ in 0..5 {
                bureau.syncs();
            }
        });
        for n in 0..5 {
            wang.client
                .splice_notes(shop, 0, 0, &format!("第{n}记"))
                .unwrap();
            wang.syncs();
        }
    });
    bureau.syncs();
    assert_eq!(cases(&bureau), [SHOP]);
    let shown = bureau.client.visit(shop).unwrap().to_string();
    for n in 0..5 {
        assert!(shown.contains(&format!("第{n}记")), "{n}: {shown}");
    }
    assert!(shown.contains(&refusal.to_string()));
    changes(&w, "晋城", json!({ "regions": ["140525"] }));
    bureau.syncs();
    assert_eq!(cases(&bureau), Vec::<String>::new());
}
