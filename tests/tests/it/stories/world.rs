//! The world itself: everything is made through the API, and a phone has what it needs before it goes offline.

use fieldseal_tests::World;

#[test]
fn a_phone_has_its_tasks_enterprises_and_rules_before_it_goes_offline() {
    let w = World::shanxi();
    let a = w.phone("王");
    a.offline();
    let tasks = a.client.tasks().unwrap();
    let codes: Vec<_> = tasks.iter().map(|it| it.record["code"].clone()).collect();
    assert!(codes.contains(&"T1".into()), "{tasks:?}");
    assert_eq!(a.client.enterprises("泽州").unwrap().len(), 1);
    assert!(!a.client.product_rules().unwrap().is_empty());
    let mut signers: Vec<_> = a.client.signers().unwrap();
    signers.sort_by(|left, right| left.user_name.cmp(&right.user_name));
    let names: Vec<_> = signers.iter().map(|it| it.user_name.as_str()).collect();
    assert_eq!(names, ["王建国", "赵敏"]);
}
