//! Sixteen clients at the same doors, all at once: whatever the interleaving, never two `first`, and the rulings that any
//! order of syncs gives.

use fieldseal_tests::World;
use fieldseal_tests::crowd::{Crowd, Through};

#[test]
fn sixteen_teams_at_the_same_doors_never_make_two_first() {
    let w = World::shanxi();
    let crowd = Crowd::of_one_body(&w, Through::One);
    crowd.races_for_doors(&w);
}

#[test]
fn sixteen_teams_that_sample_one_producers_goods_in_as_many_shops_leave_one_valid() {
    let w = World::shanxi();
    let crowd = Crowd::of_two_bodies(&w, Through::One);
    crowd.races_for_a_product(&w);
}

#[test]
fn of_sixteen_teams_that_ask_for_one_door_at_once_one_gets_it() {
    let w = World::shanxi();
    let crowd = Crowd::of_one_body(&w, Through::One);
    crowd.races_for_a_lease(&w);
}
