//! I4, one verdict: with the same facts phone and server give the same findings, byte for byte; and the facts of every
//! ruling can be had as they were hashed, by those who may see all of them.

use fieldseal_server::crypto::sha256;
use fieldseal_server::store::Statement;
use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, World};
use serde_json::Value;

fn path(scope: &str) -> String {
    let encoded: String = scope.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/v1/scopes/{encoded}/facts")
}

fn hash(text: &str) -> String {
    hex::encode(sha256(text.as_bytes()))
}

/// Two teams at one door and a sampling made elsewhere of the same product: every stratum has something to say.
fn ruled_world() -> (World, Phone, Phone) {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    w.knows_of_covers_sampled_elsewhere("山西", "山西省局", "140802");
    a.enters("铸造");
    a.draws("T1");
    w.minutes(20);
    b.enters("铸造");
    b.draws("T5");
    b.draws("T6");
    w.sync_all(&[&b, &a]);
    (w, a, b)
}

const SCOPES: Statement = Statement {
    name: "SCOPES",
    sql: "SELECT scope FROM scopes ORDER BY scope",
};

/// Every scope that was ruled.
fn scopes(w: &World) -> Vec<String> {
    let listed = w.server.runtime.block_on(async {
        let mut db = w.server.app.store.read().await.unwrap();
        db.all(&SCOPES, Vec::new()).await.unwrap()
    });
    listed.iter().map(|row| row.get("scope").unwrap()).collect()
}

/// Every version of a ruling in these visits.
fn rulings(w: &World, phones: &[&Phone]) -> Vec<Value> {
    let mut all = Vec::new();
    for phone in phones {
        let path = format!("/v1/visits/{}/rulings", phone.visit());
        all.extend(w.get(&path).as_array().unwrap().clone());
    }
    all
}

#[test]
fn a_phone_rules_the_served_facts_of_every_scope_to_the_same_bytes() {
    let (w, a, b) = ruled_world();
    for ruling in rulings(&w, &[&a, &b]) {
        let facts = format!("/v1/rulings/{}/facts", word(&ruling["ruling_id"]));
        let served = w.call("GET", "山西", &facts, Value::Null).expect(200);
        assert_eq!(hash(&served.raw), word(&ruling["facts"]), "{ruling}");
    }
    let scopes = scopes(&w);
    let kinds = ["visit/", "seal/", "sheet/", "door/", "product/", "year/"];
    let mut said = 0;
    for kind in kinds {
        let mut of_kind = scopes.iter().filter(|it| it.starts_with(kind)).peekable();
        assert!(of_kind.peek().is_some(), "no {kind} was ruled: {scopes:?}");
        for scope in of_kind {
            let served = w.call("GET", "山西", &path(scope), Value::Null);
            let served = served.expect(200);
            let (facts, findings) = (served.text("facts"), served.text("findings"));
            assert_eq!(hash(&facts), served.text("facts_sha256"), "{scope}");
            assert_eq!(a.client.verdict(&facts).unwrap(), findings, "{scope}");
            said += findings.matches("rule_id").count();
        }
    }
    assert!(said >= 4, "{said} findings are no trial");
}

#[test]
fn an_older_ruling_keeps_the_facts_that_it_was_made_from() {
    let (w, a, b) = ruled_world();
    let before = rulings(&w, &[&a, &b]);
    w.minutes(10);
    w.rules_entry("晋城", b.visit(), "first");
    let after = rulings(&w, &[&a, &b]);
    assert!(after.len() > before.len(), "the decision changed a ruling");
    for ruling in &after {
        let facts = format!("/v1/rulings/{}/facts", word(&ruling["ruling_id"]));
        let served = w.call("GET", "山西", &facts, Value::Null).expect(200);
        assert_eq!(hash(&served.raw), word(&ruling["facts"]), "{ruling}");
    }
}

#[test]
fn facts_are_served_to_those_alone_who_see_all_of_them() {
    let (w, a, b) = ruled_world();
    let ask = |who: &str, scope: &str| w.call("GET", who, &path(scope), Value::Null).status;
    let own = format!("visit/{}", a.visit());
    let all = rulings(&w, &[&a, &b]);
    let scope_of = |kind: &str| {
        let scopes = all.iter().map(|ruling| word(&ruling["scope"]));
        scopes.into_iter().find(|it| it.starts_with(kind)).unwrap()
    };
    assert_eq!(ask("王", &own), 200, "a sampler and their own visit");
    assert_eq!(ask("李", &own), 404, "another team of the body");
    assert_eq!(ask("刘", &own), 404, "another body");
    let door = scope_of("door/");
    assert_eq!(ask("王", &door), 404, "the other team's visit is in it");
    assert_eq!(ask("晋城", &door), 200);
    let product = scope_of("product/");
    assert_eq!(
        ask("晋城", &product),
        404,
        "a sampling of the province is in it"
    );
    assert_eq!(ask("山西", &product), 200);
    for ruling in &all {
        let facts = format!("/v1/rulings/{}/facts", word(&ruling["ruling_id"]));
        let told = w.call("GET", "刘", &facts, Value::Null);
        assert_eq!(told.expect(404).code(), "not_found");
    }
}
