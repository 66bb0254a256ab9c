//! The demonstration: the order of syncs changes nothing of what is ruled.

use fieldseal_tests::demonstration::Story;
use fieldseal_tests::{TestServer, World};

#[test]
fn the_final_rulings_are_the_same_for_twenty_seeds() {
    let play = |seed| {
        let files = ["bodies", "shanxi", "shanghai"];
        let world = World::with(TestServer::start(), &files);
        Story::new(&world, std::io::sink(), seed).play().unwrap()
    };
    let first = play(0);
    assert_eq!(first["甲组进门 entry of team A"], "first");
    assert_eq!(first["乙组进门 entry of team B"], "excess");
    assert_eq!(first["乙组井盖 covers of team B"], "duplicate");
    assert_eq!(first["奉贤第 4 次 visit 4 at Fengxian"], "needs_ruling");
    assert_eq!(first["奉贤第 4 次跟踪 visit 4 as tracking"], "valid");
    assert_eq!(first["九月一日学生服 uniforms of 1 September"], "duplicate");
    assert_eq!(first["九月二日学生服 uniforms of 2 September"], "valid");
    for seed in 1..20 {
        assert_eq!(play(seed), first, "seed {seed}");
    }
}
