//! The network of the field: lost answers, doubled requests, cuts, a server without room. Replays are free (I9).

use fieldseal_tests::{Fault, World};

#[test]
fn the_same_upload_three_times_changes_nothing() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    a.network.next([Fault::AnswerLost, Fault::Doubled]);
    a.tries_to_sync();
    a.syncs();
    a.syncs();
    assert_eq!(w.standings(visit), ["first"]);
    assert_eq!(w.validity(sample), "valid");
    let before = (w.dossier(visit), w.rulings(visit), w.server.rows());
    w.minutes(1);
    // The very bytes that travelled, three times more: no row of the database is another one, the feed's positions, the
    // versions of rulings and the receipts among them.
    for request in a.network.syncs().into_iter().cycle().take(9) {
        let answer = mobile_ffi::Transport::send(a.network.as_ref(), request).unwrap();
        assert_eq!(answer.status, 200);
    }
    assert_eq!((w.dossier(visit), w.rulings(visit)), (before.0, before.1));
    assert_eq!(w.server.rows(), before.2);
}

#[test]
fn a_server_without_room_is_asked_again_later_and_nothing_is_lost() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    a.network.next([Fault::Cut, Fault::Unavailable(2)]);
    a.tries_to_sync();
    w.minutes(10);
    a.syncs();
    assert_eq!(w.standings(visit), ["first"]);
    assert_eq!(w.validity(sample), "valid");
}
