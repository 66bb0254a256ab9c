//! The demonstration: the order of syncs changes nothing of what is ruled.

use fieldseal_tests::demonstration::{FILES, Story, outcomes};
use fieldseal_tests::{TestServer, World};

#[test]
fn the_final_rulings_are_the_same_for_twenty_seeds() {
    let play = |seed| {
        let world = World::with(TestServer::start(), &FILES);
        outcomes(&Story::new(&world, std::io::sink(), seed).play().unwrap())
    };
    let first = play(0);
    assert_eq!(first["甲组进门 entry of team A"], "first");
    assert_eq!(first["乙组进门 entry of team B"], "excess");
    assert_eq!(first["乙组井盖 covers of team B"], "duplicate");
    assert_eq!(first["奉贤第 4 次 visit 4 at Fengxian"], "needs_ruling");
    assert_eq!(first["奉贤第 4 次跟踪 visit 4 as tracking"], "valid");
    assert_eq!(first["九月一日学生服 uniforms of 1 September"], "duplicate");
    assert_eq!(first["九月二日学生服 uniforms of 2 September"], "valid");
    assert_eq!(first["五金店头盔 helmets of the shop"], "needs_ruling");
    assert_eq!(first["加油站汽油 petrol of the station"], "void");
    for seed in 1..20 {
        assert_eq!(play(seed), first, "seed {seed}");
    }
}

#[test]
fn every_ruling_of_the_story_carries_its_id_and_its_article() {
    let world = World::with(TestServer::start(), &FILES);
    let mut told = Vec::new();
    let finals = Story::new(&world, &mut told, 1).play().unwrap();
    let told = String::from_utf8(told).unwrap();
    for it in &finals {
        assert!(told.contains(&it.label), "{} is not told", it.label);
        let ruling = world.get(&format!("/v1/rulings/{}", it.ruling));
        assert_eq!(ruling["outcome"], it.outcome);
    }
    // The scenarios that the field asks for, each under its article.
    for article in [
        "ENTRY1 · 晋市监发〔2023〕212号 六",
        "REFUSE · 晋市监发〔2023〕212号 三",
        "STOP · 晋市监发〔2023〕212号 四",
        "YEAR3 · 沪市监产质〔2024〕31号 （三）",
        "UPPER · 晋市监发〔2023〕212号 二",
    ] {
        assert!(told.contains(article), "nothing under {article}:\n{told}");
    }
    let lines = told.lines().filter(|line| line.contains("裁定 ruling "));
    for line in lines {
        let id = line.rsplit(' ').next().unwrap();
        world.get(&format!("/v1/rulings/{id}"));
    }
}
