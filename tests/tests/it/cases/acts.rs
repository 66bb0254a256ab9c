//! Taking a case and giving it back, and the way of a report to the case office: each step once, by whoever may, with its
//! receipt.

use super::*;
use fieldseal_tests::listener::Listener;

#[test]
fn a_case_is_taken_by_one_and_given_back_and_both_are_kept() {
    let desk = Desk::new();
    let shop = desk.refused(SHOP, place(0));
    let taken = desk
        .does("county", shop, "taking", Value::Null)
        .expect(200)
        .body;
    assert_eq!(
        (&taken["holder"]["name"], &taken["version"]),
        (&json!("county"), &json!(1))
    );
    // Again it is theirs already.
    let again = desk
        .does("county", shop, "taking", Value::Null)
        .expect(200)
        .body;
    assert_eq!(again, taken);
    let refused = desk.does("city", shop, "taking", Value::Null);
    let refused = refused.expect_problem(409, "case_taken");
    assert_eq!(refused.told("holder"), "county");
    let reason = json!({ "reason": "由市局办理" });
    desk.does("city", shop, "giving-back", reason.clone())
        .expect_problem(409, "case_taken");
    assert_eq!(desk.queue("county", "queue=mine"), [shop.id()]);
    assert_eq!(desk.queue("city", "queue=mine"), [""; 0]);
    let back = desk
        .does("county", shop, "giving-back", reason.clone())
        .expect(200)
        .body;
    assert_eq!(
        (&back["holder"], &back["version"]),
        (&Value::Null, &json!(2))
    );
    assert_eq!(back["acts"][1]["body"], reason);
    desk.does("city", shop, "taking", Value::Null).expect(200);
    // What somebody had to do with stays in their list; an authority gives back for somebody who cannot.
    assert_eq!(desk.queue("county", "queue=mine"), [shop.id()]);
    desk.does("晋城", shop, "giving-back", json!({ "reason": "调离" }))
        .expect(200);
    for empty in ["", " "] {
        desk.does("city", shop, "giving-back", json!({ "reason": empty }))
            .expect_problem(422, "value_invalid");
    }
    let trail = desk.w.get("/v1/audit-events?act=case.taken");
    assert_eq!(trail["items"].as_array().unwrap().len(), 2);
}

fn receipt() -> Value {
    json!({ "receipt_no": "晋市监接〔2025〕3号" })
}

fn office(desk: &Desk) -> (String, Value) {
    let body = json!({ "kind": "consulted", "name": "晋城示例市综合执法支队", "region": "140500" });
    let admin = desk.w.token("admin");
    let made = desk
        .w
        .server
        .post("/v1/organisations", &admin, body)
        .expect(201);
    let id = made.text("organisation_id");
    let user = json!({
        "organisation_id": id, "username": "brigade", "display_name": "支队", "roles": ["consulted"],
        "password": fieldseal_tests::server::PASSWORD,
    });
    desk.w.server.post("/v1/users", &admin, user).expect(201);
    let hand_over = json!({
        "office": "晋城示例市综合执法支队", "office_id": id, "receipt_no": "移交回执-7", "note": "附影像 4 件",
    });
    (id, hand_over)
}

#[test]
fn a_report_goes_to_the_case_office_step_by_step_with_receipts_and_phones_are_told() {
    let desk = Desk::new();
    let report = desk.reported(SHOP, place(0));
    let (_, hand_over) = office(&desk);
    // Not before it was received, and not by whoever is not concerned.
    desk.does("晋城", report, "hand-over", hand_over.clone())
        .expect_problem(409, "case_out_of_step");
    desk.does("elsewhere", report, "receipt", receipt())
        .expect_problem(404, "not_found");
    let before = desk.call(
        "GET",
        "brigade",
        &format!("/v1/cases/{}", report.id()),
        Value::Null,
    );
    before.expect_problem(404, "not_found");
    let received = desk
        .does("晋城", report, "receipt", receipt())
        .expect(200)
        .body;
    assert_eq!(
        (&received["state"], &received["state_words"]["zh"]),
        (&json!("received"), &json!("已接收"))
    );
    desk.team.syncs(&desk.w);
    assert_eq!(told(&desk), ["reported", "received"]);
    // The same again changes nothing; other words are another report, and the first one stands.
    let again = desk
        .does("晋城", report, "receipt", receipt())
        .expect(200)
        .body;
    assert_eq!(again, received);
    desk.does("晋城", report, "receipt", json!({ "receipt_no": "另一号" }))
        .expect_problem(409, "case_out_of_step");
    assert_eq!(desk.queue("city", "queue=waiting"), [""; 0]);
    assert_eq!(desk.queue("city", "queue=to_hand_over"), [report.id()]);
    let hears = |who: &str| {
        let stream = Listener::open(&desk.w.server, &desk.w.server.log_in(who), None);
        stream.waits_for("ready");
        stream
    };
    let (brigade, city, sampler) = (hears("brigade"), hears("city"), hears("sampler1"));
    let handed = desk
        .does("city", report, "hand-over", hand_over.clone())
        .expect(200)
        .body;
    assert_eq!(handed["state"], "handed_over");
    assert_eq!(
        (&handed["due_at"], &handed["acts"][1]["body"]["receipt_no"]),
        (&Value::Null, &json!("移交回执-7"))
    );
    assert_eq!(desk.queue("city", "queue=to_hand_over"), [""; 0]);
    desk.team.syncs(&desk.w);
    // From then on the office sees it, and says what became of it. Each is told the step once, and may read it.
    for (who, stream) in [
        ("brigade", &brigade),
        ("city", &city),
        ("sampler1", &sampler),
    ] {
        let heard = stream.waits_for("case.changed").data;
        assert_eq!(heard["id"], json!(report.id()), "{who}");
        if who != "sampler1" {
            let href = heard["href"].as_str().unwrap();
            desk.call("GET", who, href, Value::Null).expect(200);
        }
        stream.hears_no_more_of("case.changed");
    }
    assert_eq!(desk.queue("brigade", "queue=all"), [report.id()]);
    let result = json!({ "result": "立案查处", "reference_no": "晋市监案〔2025〕12号" });
    let disposed = desk
        .does("brigade", report, "disposal", result.clone())
        .expect(200)
        .body;
    assert_eq!(disposed["state"], "disposed");
    let versions: Vec<_> = disposed["acts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["version"].clone())
        .collect();
    assert_eq!(versions, [json!(1), json!(2), json!(3)]);
    desk.team.syncs(&desk.w);
    let steps = ["reported", "received", "handed_over", "disposed"];
    assert_eq!(told(&desk), steps);
    // Taking a case takes nothing back that phones were told.
    desk.does("city", report, "taking", Value::Null).expect(200);
    desk.team.syncs(&desk.w);
    assert_eq!(told(&desk), steps);
    for act in ["case.received", "case.handed_over", "case.disposed"] {
        let trail = desk.w.get(&format!("/v1/audit-events?act={act}"));
        assert_eq!(trail["items"].as_array().unwrap().len(), 1, "{act}");
    }
}

/// The states that the team's phone was told of, in their order; as an author it hears what enforcement is told as well.
fn told(desk: &Desk) -> Vec<String> {
    let told = desk.team.told("reference").into_iter();
    let cases = told.filter(|entry| entry["kind"] == "case");
    let mut states: Vec<String> = cases
        .map(|entry| entry["record"]["state"].as_str().unwrap().to_owned())
        .collect();
    states.dedup();
    states
}

#[test]
fn a_refusal_goes_to_no_case_office_and_an_office_is_one_that_the_caller_sees() {
    let desk = Desk::new();
    let shop = desk.refused(SHOP, place(0));
    desk.does("晋城", shop, "receipt", receipt())
        .expect_problem(409, "case_out_of_step");
    let report = desk.reported(FOUNDRY, None);
    desk.does("晋城", report, "receipt", receipt()).expect(200);
    for (field, body) in [
        (
            "office_id",
            json!({ "office": "某", "office_id": desk.w.id("organisation", "运城市局"), "receipt_no": "1" }),
        ),
        ("office", json!({ "office": " ", "receipt_no": "1" })),
        ("receipt_no", json!({ "office": "某", "receipt_no": "" })),
    ] {
        let answer = desk.does("晋城", report, "hand-over", body);
        answer.expect_problem(422, "value_invalid").told(field);
    }
    desk.does(
        "晋城",
        report,
        "hand-over",
        json!({ "office": "区公安分局", "receipt_no": "1" }),
    )
    .expect(200);
}

#[test]
fn a_visit_that_is_granted_later_brings_how_far_its_reports_are() {
    let desk = Desk::new();
    let report = desk.reported(SHOP, place(0));
    desk.does("晋城", report, "receipt", receipt()).expect(200);
    let late = Who {
        organisation: "晋城市局",
        roles: &["enforcement"],
        regions: &["140502"],
        names: &["late1"],
    };
    let phone = Hand::of(&desk.w, 3, &late);
    let told = phone.told("reference");
    let mut told = told.iter().filter(|entry| entry["kind"] == "case");
    assert_eq!(told.next_back().unwrap()["record"]["state"], "received");
}
