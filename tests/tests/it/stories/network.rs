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
    let before = w.dossier(visit)["history"].as_array().unwrap().len();
    // The very bytes that travelled, once more.
    for request in a.network.syncs() {
        let token = w.token("王");
        let _ = &token;
        mobile_ffi::Transport::send(a.network.as_ref(), request).unwrap();
    }
    assert_eq!(
        w.dossier(visit)["history"].as_array().unwrap().len(),
        before
    );
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
