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
