//! The demonstration: the order of syncs changes nothing of what is ruled.

use fieldseal_server::services::bundles::checking::{Trusted, check};
use fieldseal_tests::demonstration::{FILES, Story, outcomes, prove};
use fieldseal_tests::tus::Tus;
use fieldseal_tests::{TestServer, World};
use sync_core::model::DocumentId;

#[test]
fn the_final_rulings_are_the_same_for_twenty_seeds() {
    let play = |seed| {
        let world = World::with(TestServer::start(), &FILES);
        outcomes(
            &Story::new(&world, std::io::sink(), seed)
                .play()
                .unwrap()
                .finals,
        )
    };
    let first = play(0);
    assert_eq!(first["甲组进门 entry of team A"], "first");
    assert_eq!(first["乙组进门 entry of team B"], "excess");
    assert_eq!(first["乙组井盖 covers of team B"], "duplicate");
    assert_eq!(first["奉贤第 4 次 visit 4 at Fengxian"], "needs_ruling");
    assert_eq!(first["奉贤第 4 次跟踪 visit 4 as tracking"], "valid");
    assert_eq!(first["九月一日学生服 uniforms of 1 September"], "duplicate");
    assert_eq!(first["九月二日学生服 uniforms of 2 September"], "valid");
    assert_eq!(first["五金店拒检 refusal at the shop"], "resolved_sampled");
    assert_eq!(
        first["五金店再次进门 entry of the next day"], "continuation",
        "it is one with the entry that was refused"
    );
    assert_eq!(first["五金店头盔 helmets of the shop"], "valid");
    assert_eq!(first["加油站汽油 petrol of the station"], "void");
    assert_eq!(first["商超头盔 helmets of the store"], "valid");
    for seed in 1..20 {
        assert_eq!(play(seed), first, "seed {seed}");
    }
}

#[test]
fn every_ruling_of_the_story_carries_its_id_and_its_article() {
    let world = World::with(TestServer::start(), &FILES);
    let mut told = Vec::new();
    let ending = Story::new(&world, &mut told, 1).play().unwrap();
    let told = String::from_utf8(told).unwrap();
    for it in &ending.finals {
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
        "TRACE · 晋市监发〔2023〕212号 五",
    ] {
        assert!(told.contains(article), "nothing under {article}:\n{told}");
    }
    let lines = told.lines().filter(|line| line.contains("裁定 ruling "));
    for line in lines {
        let id = line.rsplit(' ').next().unwrap();
        world.get(&format!("/v1/rulings/{id}"));
    }
}

#[test]
fn the_story_shows_pictures_that_arrive_whole_though_their_upload_breaks() {
    let world = World::with(TestServer::start(), &FILES);
    let mut told = Vec::new();
    let ending = Story::new(&world, &mut told, 1).play().unwrap();
    let told = String::from_utf8(told).unwrap();
    for words in [
        "0 of 5 verified, 5 on the phone",
        "0 of 5 verified, 5 expected",
        "evidence is still on its way: sealing",
        "0 of 5 verified, 4 being checked, 1 uploading",
        "4 of 5 verified, 1 uploading",
        "5 of 5 verified",
        "it lets 5 originals go",
    ] {
        assert!(told.contains(words), "{words} is not told:\n{told}");
    }
    assert_eq!(ending.shown.len(), 5);
    let client = Tus::new(world.server.address, &world.token("admin"));
    let get = |path: &str| client.call("GET", path, &[], b"").expect(200);
    for it in &ending.shown {
        assert!(told.contains(&it.path), "{} has no address", it.label);
        let original = get(&format!("{}/content", it.path)).body;
        let link = world.get(&format!("{}/link", it.path));
        let linked = get(link["url"].as_str().unwrap());
        assert!(linked.body == original);
        if it.extension == "mp4" {
            assert_eq!(&original[4..8], b"ftyp");
            continue;
        }
        let picture = image::load_from_memory(&original).unwrap();
        assert_eq!((picture.width(), picture.height()), (960, 720));
        let small = get(&format!("{}/renditions/thumbnail", it.path)).body;
        assert!(image::load_from_memory(&small).unwrap().width() < 960);
    }
}

#[test]
fn the_demonstration_ends_with_a_bundle_that_holds_and_one_that_does_not() {
    let world = World::with(TestServer::start(), &FILES);
    let ending = Story::new(&world, std::io::sink(), 1).play().unwrap();
    let mut told = Vec::new();
    let proved = prove(&world, &mut told, &ending.shown[0]).unwrap();
    let told = String::from_utf8(told).unwrap();
    assert_eq!(proved.whole.faults, []);
    assert!(proved.whole.checked["evidence"] == 5, "{told}");
    let places: Vec<&str> = proved
        .tampered
        .faults
        .iter()
        .map(|it| it.place.as_str())
        .collect();
    assert!(places.contains(&proved.place.as_str()), "{told}");
    let (before, after) = told.split_once("one bit").unwrap();
    assert!(before.contains("everything holds") && !before.contains('✗'));
    assert!(after.contains("does not hold") && after.contains(&proved.place));
    // What officers confirmed is in the chain of the visit that it is of, and in its bundle.
    let sql = "SELECT document_id, visit_id FROM confirmations";
    let confirmed = world.server.reads(sql);
    assert!(!confirmed.is_empty());
    let client = Tus::new(world.server.address, &world.token("admin"));
    for row in confirmed {
        let document: DocumentId = row.get("document_id").unwrap();
        let visit: DocumentId = row.get("visit_id").unwrap();
        let log = world.get(&format!("/v1/visits/{visit}/log?lines=200"));
        let lines = log["lines"].as_array().unwrap().iter();
        let of_it = format!("\"document_id\":\"{document}\"");
        let mut told = lines.filter(|line| line.as_str().unwrap().contains(&of_it));
        assert!(told.next().is_some(), "{visit} says nothing of {document}");
        let path = format!("/v1/visits/{visit}/bundle");
        let bundle = client.call("GET", &path, &[], b"").expect(200).body;
        let file = world.folder().join("confirmed.zip");
        std::fs::write(&file, bundle).unwrap();
        let report = check(&file, &Trusted::default()).unwrap();
        assert_eq!(report.faults, []);
        assert!(report.checked["replay"] > 1, "{:?}", report.checked);
    }
}
