//! A phone is killed while it records, seals, sends and takes in, 200 times and until enough of the kills have hit what they
//! are meant to hit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_tests::World;
use fieldseal_tests::child::{Part, PhonePlan, PhoneProcess, Told};
use fieldseal_tests::seed::dice;
use fieldseal_tests::soundness::{
    assert_log_holds, assert_nothing_lost_or_doubled, assert_originals_whole, assert_phones_agree,
    assert_whole, receipts_on, received, within,
};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

const KILLS: u64 = 200;
/// So many kills without the wanted hits mean that the harness does not hit at all.
const KILLS_MAX: u64 = 4_000;
/// How often a phone's kill must come in the middle of what.
const PHONE_HITS: [(&str, u64); 5] = [
    ("recording", 10),
    ("capturing", 10),
    ("sealing", 10),
    ("in flight", 40),
    ("taking in", 5),
];
/// Rounds whose length is measured before the first kill.
const MEASURED: u32 = 5;

/// Where a kill hit, by the last thing that the phone said.
pub(super) fn place(told: &[Told]) -> &'static str {
    match told.last() {
        Some(Told::Recording) => "recording",
        Some(Told::Sealing) => "sealing",
        Some(Told::Capturing) => "capturing",
        Some(Told::Sending) => "in flight",
        Some(Told::Receiving) => "taking in",
        Some(Told::Asking) => "asking",
        Some(Told::Opening) => "opening",
        Some(Told::Packing) => "packing",
        _ => "between",
    }
}

pub(super) fn saved(told: Vec<Told>) -> impl Iterator<Item = String> {
    told.into_iter().filter_map(|told| match told {
        Told::Saved(one) => Some(one),
        _ => None,
    })
}

#[test]
fn a_phone_killed_two_hundred_times_loses_nothing_and_doubles_nothing() {
    let mut dice = dice();
    let w = World::shanxi();
    w.server.clock.set(SystemClock.now());
    let (mut writer, reader) = (w.phone("王"), w.phone("赵"));
    let enterprises = ["铸造", "服饰", "加油站", "五金店", "消防"];
    let visits = enterprises.map(|at| (writer.enters(at), writer.sheet("T1")));
    writer.syncs();
    reader.syncs();
    let known = w.catalogue();
    let sampler = |key: &str| {
        let id = known.id("user", key).parse().unwrap();
        (id, known.people[key].username.clone())
    };
    let file = writer.file().to_owned();
    let mut plan = PhonePlan {
        file: file.clone(),
        visits: visits.to_vec(),
        task: known.id("task", "T1").parse().unwrap(),
        samplers: ["王", "赵"].map(sampler).to_vec(),
        username: known.people["王"].username.clone(),
        first: 0,
        seed: 0,
        part: Part::Sampler,
    };
    drop(writer);
    let mut acknowledged: Vec<String> = Vec::new();
    let start = |plan: &mut PhonePlan, dice: &mut ChaCha8Rng| {
        plan.first += 1_000;
        plan.seed = dice.random();
        PhoneProcess::start(env!("CARGO_BIN_EXE_phone"), plan)
    };

    let mut measured = Duration::ZERO;
    for _ in 0..MEASURED {
        let phone = start(&mut plan, &mut dice);
        phone.until(&Told::Opened);
        let begun = Instant::now();
        for _ in 0..2 {
            acknowledged.extend(saved(phone.until(&Told::Round)));
        }
        measured += begun.elapsed();
        acknowledged.extend(saved(phone.kill()));
    }
    let window = measured / MEASURED;

    let mut hits: BTreeMap<&str, u64> = BTreeMap::new();
    let mut read = BTreeSet::new();
    let mut kills = 0;
    let enough = |hits: &BTreeMap<&str, u64>| {
        PHONE_HITS
            .iter()
            .all(|(place, wanted)| hits.get(place).is_some_and(|hits| hits >= wanted))
    };
    while kills < KILLS || !enough(&hits) {
        assert!(kills < KILLS_MAX, "the kills do not hit: {hits:?}");
        if kills % 2 == 0 {
            // Something to take in.
            let (visit, _) = visits[dice.random_range(0..visits.len())];
            let note = format!("note-reader-{kills}");
            reader.client.suspend(visit, &note).unwrap();
            reader.syncs();
            acknowledged.push(note);
        }
        let phone = start(&mut plan, &mut dice);
        phone.until(&Told::Opened);
        std::thread::sleep(within(&mut dice, window));
        let told = phone.kill();
        *hits.entry(place(&told)).or_default() += 1;
        acknowledged.extend(saved(told));
        assert_whole(&file);
        assert_originals_whole(&file, &mut read);
        kills += 1;
    }
    println!("{kills} kills of a phone within {window:?}: {hits:?}");

    let writer = w.phone_on("王", file, 77);
    w.sync_all(&[&writer, &reader]);
    let mut receipts = received(reader.network.answers().iter().flat_map(|it| &it.receipts));
    for phone in [&writer, &reader] {
        assert_whole(phone.file());
        receipts.extend(receipts_on(phone.file()));
    }
    assert_log_holds(&w.server, &receipts);
    assert_originals_whole(writer.file(), &mut BTreeSet::new());
    let visits = visits.map(|(visit, _)| visit);
    assert_nothing_lost_or_doubled(&w, &visits, &acknowledged);
    assert_phones_agree(&writer, &reader, &visits);
}
