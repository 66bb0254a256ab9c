//! Sixteen clients at the same doors, all at once: whatever the interleaving, never two `first`, and the rulings that any
//! order of syncs gives.

pub mod crowd;

use fieldseal_tests::World;

use self::crowd::Crowd;

#[test]
fn sixteen_teams_at_the_same_doors_never_make_two_first() {
    let w = World::shanxi();
    let crowd = Crowd::of_one_body(&w, None);
    crowd.races_for_doors(&w);
}

#[test]
fn sixteen_teams_that_sample_one_producers_goods_in_as_many_shops_leave_one_valid() {
    let w = World::shanxi();
    let crowd = Crowd::of_two_bodies(&w, None);
    crowd.races_for_a_product(&w);
}
