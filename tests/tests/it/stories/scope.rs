//! What a phone is told when work moves: tasks, rosters, enterprises, recusals; and what it keeps and drops.

use fieldseal_tests::{Phone, World};
use mobile_ffi::Client;
use serde_json::Value;
use sync_core::model::DocumentId;

fn task(client: &Client, id: &str) -> Option<Value> {
    let tasks = client.tasks().unwrap().into_iter();
    tasks.filter(|it| it.id == id).map(|it| it.record).next()
}

fn holds(phone: &Phone, visit: DocumentId) -> bool {
    let visits = phone.client.visits().unwrap();
    visits.iter().any(|it| it.document_id == visit)
}

fn preview(phone: &Phone, visit: DocumentId) -> Vec<String> {
    let said = phone.client.preview(visit).unwrap().findings;
    said.into_iter().map(|it| it.finding.message).collect()
}

#[test]
fn a_task_without_a_team_reaches_every_phone_of_the_body_and_no_other() {
    let w = World::shanxi();
    let (li, liu) = (w.phone("李"), w.phone("刘"));
    let t1 = w.id("task", "T1");
    assert!(task(&li.client, &t1).is_none(), "another team's");
    w.assigns("T1", "晋阳", None);
    li.syncs();
    liu.syncs();
    assert_eq!(task(&li.client, &t1).unwrap()["state"], "assigned");
    assert!(task(&liu.client, &t1).is_none(), "another body's");
    // A phone that is enrolled later has it too, and whoever only samples sees it over the API as well.
    let sun = w.phone("孙");
    assert!(task(&sun.client, &t1).is_some());
    let path = format!("/v1/tasks/{t1}");
    w.call("GET", "孙", &path, Value::Null).expect(200);
    // Its team is made known: the rows follow, and for the others it has moved.
    w.assigns("T1", "晋阳", Some("甲组"));
    let wang = w.phone("王");
    li.syncs();
    assert_eq!(task(&wang.client, &t1).unwrap()["state"], "assigned");
    assert_eq!(task(&li.client, &t1).unwrap()["state"], "reassigned");
    w.call("GET", "孙", &path, Value::Null)
        .expect_problem(404, "not_found");
}

#[test]
fn a_team_that_lost_its_task_to_another_body_hears_the_same_offline_as_the_server_rules() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    a.offline();
    w.minutes(10);
    w.assigns("T1", "济宁", Some("丙组"));
    w.minutes(10);
    let sample = a.draws("T1");
    assert!(!preview(&a, visit).iter().any(|it| it.starts_with("ASSIGN")));
    a.online().syncs();
    assert!(w.rules(visit, sample).contains(&"ASSIGN".to_owned()));
    a.offline();
    let said = preview(&a, visit);
    assert!(said.contains(&"ASSIGN.reassigned".to_owned()), "{said:?}");
    assert!(!said.iter().any(|it| it.starts_with("PLAN")), "{said:?}");
}

#[test]
fn a_recusal_declared_at_a_task_is_known_offline_to_whoever_of_the_body_goes_there() {
    let w = World::shanxi();
    let mut li = w.phone("李");
    // Declared at the other team's task: it holds for the body's work at the enterprise.
    w.recuses("T1", "铸造", "李");
    li.syncs();
    li.offline();
    let visit = li.enters("铸造");
    li.unruly().draws("T5");
    assert!(
        preview(&li, visit)
            .iter()
            .any(|it| it.starts_with("RECUSE"))
    );
}

#[test]
fn two_keys_of_one_enterprise_are_one_door_for_a_phone_offline() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.offline();
    let cast = a.enters("铸造");
    a.draws("T1");
    w.minutes(1);
    let shop = a.enters("五金店");
    a.draws("T2");
    assert_ne!(cast, shop);
    let first = |phone: &Phone, visit| {
        let outcomes = phone.client.preview(visit).unwrap().outcomes;
        let text = serde_json::to_string(&outcomes).unwrap();
        text.contains("\"first\"")
    };
    assert!(first(&a, cast) && first(&a, shop), "two doors");
    let alias = w.aliases("铸造", "uscc:921405020000B2F60D");
    a.online().syncs();
    a.offline();
    assert!(first(&a, cast));
    assert!(!first(&a, shop), "one door, entered twice");
    let said = preview(&a, shop);
    assert!(said.iter().any(|it| it.starts_with("ENTRY1")), "{said:?}");
    // The next visit there goes on in one that the phone holds, by whichever name it is chosen.
    assert_eq!(a.goes_to("五金店"), cast);
    let undoing = format!("/v1/enterprise-aliases/{}/undoing", alias.text("alias_id"));
    let why = serde_json::json!({ "reason": "两家企业" });
    w.call("POST", "admin", &undoing, why).expect(200);
    a.online().syncs();
    assert!(first(&a, shop), "two doors again");
    assert_eq!(a.goes_to("五金店"), shop);
}

#[test]
fn a_phone_enrolled_after_the_merger_enters_under_the_key_that_stands() {
    let w = World::shanxi();
    w.aliases("铸造", "uscc:921405020000B2F60D");
    let mut a = w.phone("赵");
    a.offline();
    let shop = a.goes_to("五金店");
    assert_eq!(a.goes_to("铸造"), shop);
}

#[test]
fn a_member_who_joins_gets_the_old_visits_with_their_rulings_and_one_who_leaves_drops_the_copies() {
    let w = World::shanxi();
    let (mut wang, mut li) = (w.phone("王"), w.phone("李"));
    let visit = wang.enters("铸造");
    let sample = wang.draws("T1");
    wang.syncs();
    li.syncs();
    assert!(!holds(&li, visit));
    w.rosters("甲组", &["王", "赵", "李"]);
    li.syncs();
    assert!(holds(&li, visit), "it lay behind the cursor");
    let ruled = li.client.rulings(visit).unwrap();
    let text = serde_json::to_string(&ruled).unwrap();
    assert!(text.contains(&sample.to_string()), "{text}");
    assert_eq!(
        task(&li.client, &w.id("task", "T2")).unwrap()["state"],
        "assigned"
    );
    w.rosters("甲组", &["王", "赵"]);
    li.syncs();
    assert!(!holds(&li, visit), "a copy of others' work");
    assert_eq!(
        task(&li.client, &w.id("task", "T2")).unwrap()["state"],
        "reassigned"
    );
    // Nothing more comes of it, and it comes back with the roster.
    wang.draws("T2");
    wang.syncs();
    li.syncs();
    assert!(!holds(&li, visit));
    w.rosters("甲组", &["王", "赵", "李"]);
    li.syncs();
    assert!(holds(&li, visit));
    let own = li.enters("服饰");
    li.syncs();
    assert!(holds(&li, own));
}

#[test]
fn whoever_left_with_unsent_work_keeps_it_sends_it_and_goes_on_hearing_of_that_visit() {
    let w = World::shanxi();
    let (mut wang, mut zhao) = (w.phone("王"), w.phone("赵"));
    let visit = wang.enters("铸造");
    w.sync_all(&[&wang, &zhao]);
    zhao.offline();
    zhao.enters("铸造");
    let unsent = zhao.draws("T1");
    w.rosters("甲组", &["王"]);
    // A teammate writes on while they are away: this lies behind their cursor when they are let in again.
    wang.draws("T2");
    wang.syncs();
    let before = zhao.client.doctor().unwrap();
    assert!(before.iter().any(|it| it.state == "queued"));
    zhao.online().syncs();
    assert!(holds(&zhao, visit), "never its own unsent work");
    assert!(!w.sample(unsent).is_null());
    let later = wang.draws("T3");
    wang.syncs();
    zhao.syncs();
    zhao.syncs();
    let shown = zhao.client.visit(visit).unwrap().to_string();
    assert!(
        shown.contains(&later.to_string()),
        "they wrote in it: it is theirs to read"
    );
    let doctor = zhao.client.doctor().unwrap();
    let odd: Vec<_> = doctor.iter().filter(|it| it.state != "received").collect();
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn a_renamed_campaign_and_a_new_version_of_a_product_rule_reach_the_phones_whose_work_they_concern()
{
    let w = World::shanxi();
    let (wang, liu) = (w.phone("王"), w.phone("刘"));
    let body = serde_json::json!({
        "authority_id": w.id("organisation", "运城市局"), "code": "YC-2025-01", "name": "改名后的抽查",
    });
    w.call("POST", "admin", "/v1/campaigns", body).expect(200);
    let body = serde_json::json!({
        "authority_id": w.id("organisation", "运城市局"), "product_name": "车用汽油", "standards": ["GB 17930-2016"],
        "unit": "L", "min_base_milli": 2_000_000, "test_qty_milli": 4_000, "spare_qty_milli": 4_000,
    });
    let answer = w.call("POST", "admin", "/v1/product-rules", body);
    assert!(answer.status < 300, "{}", answer.body);
    wang.syncs();
    liu.syncs();
    let told = |phone: &Phone, kind: &str| {
        let records = phone.client.references(kind).unwrap();
        records
            .iter()
            .map(|it| it.record.to_string())
            .collect::<String>()
    };
    assert!(told(&wang, "campaign").contains("改名后的抽查"));
    assert!(told(&wang, "product_rule").contains("2000000"));
    assert!(!told(&liu, "campaign").contains("改名后的抽查"));
    assert!(!told(&liu, "product_rule").contains("2000000"));
}
