//! An answer carries the rulings of what came, unless too many wait for theirs: then they come with the next one.

use std::collections::BTreeSet;
use std::time::Duration;

use fieldseal_tests::{Phone, World};
use sync_core::limits::SYNCS_AWAITING_RULINGS_MAX;
use tokio::sync::SemaphorePermit;

fn waiting(w: &World, syncs: usize) -> SemaphorePermit<'_> {
    let places = &w.server.app.rulings_awaited;
    let syncs = u32::try_from(syncs).unwrap();
    w.server
        .runtime
        .block_on(places.acquire_many(syncs))
        .unwrap()
}

#[test]
fn one_place_left_among_those_who_wait_for_rulings_is_enough_to_be_answered_with_them() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    phone.syncs();
    let _waiting = waiting(&w, SYNCS_AWAITING_RULINGS_MAX - 1);
    let visit = phone.enters("铸造");
    phone.draws("T1");
    phone.syncs();
    assert_eq!(w.standings(visit), ["first"]);
}

#[test]
fn who_finds_no_place_among_those_who_wait_for_rulings_is_answered_at_once_and_ruled_all_the_same()
{
    let w = World::shanxi();
    let mut phone = w.phone("王");
    phone.syncs();
    let waiting = waiting(&w, SYNCS_AWAITING_RULINGS_MAX);
    // Nobody rules meanwhile, the job neither.
    let turn = w.server.runtime.block_on(w.server.app.ruling_turn.lock());
    let visit = phone.enters("铸造");
    let sample = phone.draws("T1");
    phone.syncs();
    let marked = "SELECT scope FROM dirty_scopes";
    assert!(w.standings(visit).is_empty() && !w.server.reads(marked).is_empty());
    let states = |phone: &Phone| {
        let items = phone.client.doctor().unwrap();
        BTreeSet::from_iter(items.into_iter().map(|it| it.state))
    };
    let received = BTreeSet::from(["received".to_owned()]);
    assert_eq!(states(&phone), received, "all of it is durable");
    assert!(phone.client.ruled(visit).unwrap().is_empty());

    drop((turn, waiting));
    while !w.server.reads(marked).is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(w.standings(visit), ["first"]);
    assert_eq!(w.validity(sample), "valid");
    phone.syncs();
    let ruled = phone.client.ruled(visit).unwrap();
    assert_eq!(ruled.len(), 2, "the entry and the sample");
}
