//! A supervisor's phone is killed while it opens parcels, writes confirmations and hands them back, and a sampler's while it
//! sends twelve originals: nothing that was acknowledged is lost, a parcel is opened once, and what was cut goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_tests::child::{Part, PhonePlan, PhoneProcess, Told};
use fieldseal_tests::gate::{filmed, north_of_shop};
use fieldseal_tests::pictures;
use fieldseal_tests::seed::dice;
use fieldseal_tests::soundness::{assert_originals_whole, assert_whole, within};
use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, World};
use mobile_ffi::EvidenceSubject;
use rand::RngExt as _;
use serde_json::Value;
use sync_core::model::DocumentId;

use super::phones::{place, saved};

const KILLS: u64 = 40;
/// So many kills without the wanted hits mean that the harness does not hit at all.
const KILLS_MAX: u64 = 1_500;
/// How often a kill must come in the middle of what.
const GATE_HITS: [(&str, u64); 4] = [
    ("opening", 5),
    ("recording", 3),
    ("sealing", 5),
    ("packing", 3),
];
const PARCELS: usize = 12;
const ORIGINALS: u64 = 12;

fn enough(hits: &BTreeMap<&str, u64>, wanted: &[(&str, u64)]) -> bool {
    wanted
        .iter()
        .all(|(place, least)| hits.get(place).is_some_and(|hits| hits >= least))
}

fn person(w: &World, key: &str) -> (sync_core::model::UserId, String) {
    let known = w.catalogue();
    let id = known.id("user", key).parse().unwrap();
    (id, known.people[key].username.clone())
}

/// Opinions of the confirmations of a visit that a phone holds, each as often as it is there.
fn opinions(phone: &Phone, visit: DocumentId) -> Vec<String> {
    let held = phone.client.confirmations(visit).unwrap().into_iter();
    let read = held.map(|it| phone.client.confirmation(it.document_id).unwrap());
    let told = read.map(|it| word(&it["record"]["record"]["opinion"]));
    told.collect()
}

fn notes(read: &Value) -> BTreeSet<String> {
    let all = read["suspensions"].as_array().unwrap().iter();
    all.map(|it| word(&it["record"]["reason"])).collect()
}

#[test]
fn a_supervisors_phone_killed_between_parcels_and_confirmations_loses_nothing() {
    let mut dice = dice();
    let w = World::shanxi();
    w.server.clock.set(SystemClock.now());
    let (mut wang, han) = (w.phone("王"), w.phone("韩"));
    wang.offline();
    wang.stands(north_of_shop(0));
    let visit = wang.works_in("JC-2025-01").enters("五金店");
    let refusal = wang.is_refused(&w, "T2");
    let folder = w.folder().to_owned();
    let parcels = (0..PARCELS).map(|number| {
        wang.suspends(&format!("note-{number}"));
        let question = filmed(&han.client.question().unwrap());
        let parcel = wang.hands_over(&question, visit);
        let file = folder.join(format!("{number}.fieldseal"));
        std::fs::write(&file, parcel).unwrap();
        file
    });
    let parcels: Vec<_> = parcels.collect();
    let officers = ["韩", "冯"].map(|key| person(&w, key));
    let file = han.file().to_owned();
    let mut plan = PhonePlan {
        file: file.clone(),
        visits: Vec::new(),
        task: w.id("task", "T2").parse().unwrap(),
        samplers: officers.to_vec(),
        username: officers[0].1.clone(),
        first: 0,
        seed: 0,
        part: Part::Supervisor {
            parcels,
            code: wang.client.question().unwrap().text,
            case: (visit, refusal),
        },
    };
    drop(han);
    let start = |plan: &mut PhonePlan| {
        plan.first += 1_000;
        PhoneProcess::start(env!("CARGO_BIN_EXE_phone"), plan)
    };
    // As long as two rounds take, measured on the first two.
    let mut acknowledged: Vec<String> = Vec::new();
    let phone = start(&mut plan);
    phone.until(&Told::Opened);
    let begun = Instant::now();
    for _ in 0..2 {
        acknowledged.extend(saved(phone.until(&Told::Round)));
    }
    let window = begun.elapsed();
    acknowledged.extend(saved(phone.kill()));

    let mut hits: BTreeMap<&str, u64> = BTreeMap::new();
    let mut kills = 0;
    while kills < KILLS || !enough(&hits, &GATE_HITS) {
        assert!(kills < KILLS_MAX, "the kills do not hit: {hits:?}");
        let phone = start(&mut plan);
        phone.until(&Told::Opened);
        std::thread::sleep(within(&mut dice, window));
        let told = phone.kill();
        *hits.entry(place(&told)).or_default() += 1;
        acknowledged.extend(saved(told));
        assert_whole(&file);
        kills += 1;
    }
    println!("{kills} kills of a supervisor's phone within {window:?}: {hits:?}");

    // Opened again: every parcel that it said it had opened is in, every confirmation that it said it had begun is there, once.
    let han = w.phone_on("韩", file, 99);
    let here = notes(&han.client.visit(visit).unwrap());
    let written = opinions(&han, visit);
    let distinct: BTreeSet<_> = written.iter().cloned().collect();
    assert_eq!(distinct.len(), written.len(), "none twice");
    let asked = |mark: &str| {
        let of_mark = acknowledged.iter().filter(|it| it.starts_with(mark));
        of_mark.cloned().collect::<BTreeSet<_>>()
    };
    assert!(asked("note-").is_subset(&here) && !here.is_empty());
    assert!(asked("[opinion-").is_subset(&distinct) && distinct.len() > 2);
    // What was handed back last is a whole parcel, or none was finished.
    let back = std::fs::read(han.file().with_extension("back")).unwrap();
    if let Err(error) = wang.opens(&back) {
        assert!(
            ["parcel.malformed", "parcel.tampered"].contains(&error.code.as_str()),
            "{error:?}"
        );
    }
    // At the server each stands once.
    w.sync_all(&[&han, &wang]);
    assert_eq!(w.aside(visit), [""; 0]);
    let dossier = w.dossier(visit);
    let told: Vec<_> = dossier["confirmations"].as_array().unwrap().clone();
    assert_eq!(told.len(), written.len());
    assert_eq!(opinions(&han, visit).len(), written.len());
    for phone in [&han, &wang] {
        let states = phone.client.doctor().unwrap();
        assert!(states.iter().all(|it| it.state == "received"), "{states:?}");
    }
}

#[test]
fn a_phone_killed_in_the_middle_of_twelve_originals_goes_on_until_all_are_verified() {
    let mut dice = dice();
    let w = World::shanxi();
    w.server.clock.set(SystemClock.now());
    let mut wang = w.phone("王");
    let visit = wang.goes_to("铸造");
    let arrival = wang.arrival();
    wang.client.record_arrival(visit, arrival).unwrap();
    for number in 0..ORIGINALS {
        let mut picture = pictures::jpeg(&pictures::scene(160, 120, number), 85);
        let end = picture.len();
        picture.resize(end + 300_000, 0);
        dice.fill(&mut picture[end..]);
        let from = w.folder().join("camera");
        std::fs::write(&from, picture).unwrap();
        wang.captures(("label", "image/jpeg"), EvidenceSubject::Visit, &from);
    }
    wang.syncs();
    let file = wang.file().to_owned();
    let owner = person(&w, "王");
    let plan = PhonePlan {
        file: file.clone(),
        visits: Vec::new(),
        task: w.id("task", "T1").parse().unwrap(),
        samplers: vec![owner.clone()],
        username: owner.1,
        first: 0,
        seed: 0,
        part: Part::Uploader,
    };
    drop(wang);
    let (mut read, mut kills, mut in_flight) = (BTreeSet::new(), 0, 0);
    // Each run gets a little further, or none: a kill may come before the first byte.
    let mut sent = 0;
    while kills < KILLS {
        let phone = PhoneProcess::start(env!("CARGO_BIN_EXE_phone"), &plan);
        phone.until(&Told::Opened);
        std::thread::sleep(within(&mut dice, Duration::from_millis(80)));
        let told = phone.kill();
        in_flight += u64::from(told.last() == Some(&Told::Asking));
        sent += saved(told).count();
        assert_whole(&file);
        assert_originals_whole(&file, &mut read);
        kills += 1;
    }
    println!(
        "{kills} kills of a phone that uploads, {in_flight} with a request under way, {sent} rounds told"
    );
    assert!(in_flight > 0, "no kill came in the middle of a request");
    let wang = w.phone_on("王", file.clone(), 98);
    wang.syncs();
    wang.uploads();
    wang.waits_for_receipts(visit);
    let items = w.get(&format!("/v1/visits/{visit}/evidence"));
    let items = items["items"].as_array().unwrap().clone();
    assert_eq!(items.len() as u64, ORIGINALS);
    assert!(
        items.iter().all(|it| it["state"] == "verified"),
        "{items:#?}"
    );
    assert_originals_whole(&file, &mut BTreeSet::new());
}
