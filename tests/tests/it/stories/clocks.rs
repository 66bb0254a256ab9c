//! Clocks lie; what counts is a signed server time and monotonic time since.

use fieldseal_tests::World;

const DAY_MS: i64 = 86_400_000;

#[test]
fn a_wall_clock_wrong_by_a_day_moves_no_entry() {
    for lie in [-DAY_MS, DAY_MS] {
        let w = World::shanxi();
        let (mut a, mut b) = (w.phone("王"), w.phone("李"));
        b.clock.lie_by_ms(lie);
        a.offline();
        b.offline();
        let first = a.enters("铸造");
        a.draws("T1");
        w.minutes(20);
        let second = b.enters("铸造");
        let theirs = b.draws("T5");
        w.sync_all(&[&b, &a]);
        assert_eq!(w.standings(first), ["first"], "with a lie of {lie} ms");
        assert_eq!(w.standings(second), ["excess"]);
        assert_eq!(w.validity(theirs), "duplicate");
    }
}

#[test]
fn after_a_reboot_nothing_is_claimed_and_a_person_decides() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    a.offline();
    b.offline();
    b.clock.reboot();
    let first = a.enters("铸造");
    a.draws("T1");
    w.minutes(20);
    let second = b.enters("铸造");
    b.draws("T5");
    w.sync_all(&[&a, &b]);
    assert_eq!(w.standings(first), ["contested"]);
    assert_eq!(w.standings(second), ["contested"]);
}

#[test]
fn a_sampling_that_may_lie_on_either_side_of_the_last_day_needs_a_ruling() {
    let w = World::shanxi();
    let (mut province, mut city) = (w.phone("刘"), w.phone("王"));
    province.works_in("SX-2025-01").enters("服饰");
    province.draws("P1");
    province.syncs();
    // Six months end with the first of September; the phone knows the 31st of August and no more.
    w.at("2025-08-31 10:00");
    city.syncs();
    city.clock.reboot();
    city.offline();
    w.at("2025-09-02 10:00");
    city.works_in("JC-2025-01").enters("服饰");
    let below = city.draws("T3");
    city.online().syncs();
    assert_eq!(w.validity(below), "needs_ruling");
    let rules = w.rules(city.visit(), below);
    assert!(rules.contains(&"UPPER".to_owned()), "{rules:?}");
}
