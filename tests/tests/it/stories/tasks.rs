//! What happens to a task while its team is off the net.

use fieldseal_tests::World;

#[test]
fn a_task_cancelled_while_the_team_was_offline_is_kept_and_needs_a_ruling() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.offline();
    w.minutes(10);
    w.cancels("T1");
    w.minutes(10);
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    a.online().syncs();
    assert_eq!(w.validity(sample), "needs_ruling");
    assert!(w.rules(visit, sample).contains(&"ASSIGN".to_owned()));
    assert!(
        a.client
            .doctor()
            .unwrap()
            .iter()
            .all(|item| item.state != "refused")
    );
}

#[test]
fn a_task_given_to_another_body_while_the_team_was_offline_is_a_finding_and_no_refusal() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.offline();
    w.minutes(10);
    w.assigns("T1", "济宁", Some("丙组"));
    w.minutes(10);
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    let report = a.online().syncs();
    assert_eq!(report.unsent, 0);
    assert!(w.rules(visit, sample).contains(&"ASSIGN".to_owned()));
}

#[test]
fn a_sheet_for_a_task_of_another_campaign_does_not_slip_through_that_campaigns_door() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.works_in("JC-2025-01").enters("加油站");
    let sample = a.unruly().draws("Y1");
    a.syncs();
    assert_eq!(w.validity(sample), "needs_ruling");
    assert!(w.rules(visit, sample).contains(&"ASSIGN".to_owned()));
}
