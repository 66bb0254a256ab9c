//! I1, nothing lost: phones and servers are killed at random points of a sync, 200 times each and until enough of the kills
//! have hit what they are meant to hit. The seed is printed; with `FIELDSEAL_SEED` a run is repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_tests::child::{PhonePlan, PhoneProcess, ServerProcess, Told};
use fieldseal_tests::soundness::{assert_log_holds, assert_whole, receipts_on, received};
use fieldseal_tests::world::word;
use fieldseal_tests::{Phone, TestServer, World};
use mobile_ffi::SyncOutcome;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use sync_core::model::DocumentId;
use tempfile::TempDir;

const KILLS: u64 = 200;
/// So many kills without the wanted hits mean that the harness does not hit at all.
const KILLS_MAX: u64 = 4_000;
/// How often a server's kill must cut a sync under way.
const SERVER_HITS: u64 = 60;
/// How often a phone's kill must come in the middle of what.
const PHONE_HITS: [(&str, u64); 4] = [
    ("recording", 10),
    ("sealing", 10),
    ("in flight", 40),
    ("taking in", 5),
];
/// Rounds whose length is measured before the first kill.
const MEASURED: u32 = 5;

fn dice() -> ChaCha8Rng {
    let given = std::env::var("FIELDSEAL_SEED").ok();
    let seed = given.map(|text| text.parse().expect("FIELDSEAL_SEED is a number"));
    let seed: u64 = seed.unwrap_or_else(|| rand::rng().random());
    println!("FIELDSEAL_SEED={seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

fn within(dice: &mut ChaCha8Rng, window: Duration) -> Duration {
    window.mul_f64(dice.random_range(0.0..1.0))
}

/// How often each thing that was saved stands in a dossier: notes, words, sheets, seals.
fn standing(dossier: &Value) -> BTreeMap<String, usize> {
    let list = |value: &Value| value.as_array().unwrap().clone();
    let mut found: Vec<String> = Vec::new();
    for suspension in list(&dossier["records"]["suspensions"]) {
        found.push(word(&suspension["record"]["reason"]));
    }
    for part in word(&dossier["records"]["notes"]).split_inclusive(']') {
        found.extend(part.rfind('[').map(|at| part[at..].to_owned()));
    }
    for sample in list(&dossier["samples"]) {
        found.push(word(&sample["sample_id"]));
    }
    for seal in list(&dossier["seals"]) {
        found.push(word(&seal["seal_id"]));
    }
    let mut counts = BTreeMap::new();
    for one in found {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

/// Everything acknowledged stands in exactly one dossier, once; nothing else stands twice; no number was given twice.
fn assert_nothing_lost_or_doubled(w: &World, visits: &[DocumentId], acknowledged: &[String]) {
    assert!(acknowledged.len() > 50, "only {}", acknowledged.len());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut numbers, mut sheets) = (BTreeSet::new(), 0);
    for visit in visits {
        let dossier = w.dossier(*visit);
        for (one, count) in standing(&dossier) {
            *counts.entry(one).or_default() += count;
        }
        for sample in dossier["samples"].as_array().unwrap() {
            numbers.insert(word(&sample["sheet_no"]));
            sheets += 1;
        }
        assert_eq!(dossier["conflicts"], serde_json::json!([]));
        assert_eq!(dossier["aside"], serde_json::json!([]));
    }
    for one in acknowledged {
        assert!(
            counts.contains_key(one),
            "{one} was acknowledged and is lost"
        );
    }
    for (one, count) in &counts {
        assert_eq!(*count, 1, "{one} stands {count} times");
    }
    assert_eq!(numbers.len(), sheets, "a sheet number was given twice");
}

/// Where a kill hit, by the last thing that the phone said.
fn place(told: &[Told]) -> &'static str {
    match told.last() {
        Some(Told::Recording) => "recording",
        Some(Told::Sealing) => "sealing",
        Some(Told::Sending) => "in flight",
        Some(Told::Receiving) => "taking in",
        Some(Told::Asking) => "asking",
        _ => "between",
    }
}

fn saved(told: Vec<Told>) -> impl Iterator<Item = String> {
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
    assert_log_holds(&w.folder().join("fieldseal.db"), &receipts);
    let visits = visits.map(|(visit, _)| visit);
    assert_nothing_lost_or_doubled(&w, &visits, &acknowledged);
    assert_phones_agree(&writer, &reader, &visits);
}

fn assert_phones_agree(one: &Phone, other: &Phone, visits: &[DocumentId]) {
    for visit in visits {
        let shown = one.client.visit(*visit).unwrap();
        assert_eq!(shown, other.client.visit(*visit).unwrap());
    }
}

/// Notes something down in any of the visits and tries to sync; what it noted down.
fn round(phone: &Phone, visits: &[DocumentId], numbers: &AtomicU64) -> String {
    let number = numbers.fetch_add(1, Ordering::SeqCst);
    let note = format!("note-{number}");
    let visit = visits[usize::try_from(number).unwrap() % visits.len()];
    phone.client.suspend(visit, &note).unwrap();
    let report = phone.client.sync().unwrap();
    assert_ne!(report.outcome, SyncOutcome::StoreFailed, "{report:?}");
    note
}

#[test]
fn a_server_killed_two_hundred_times_loses_nothing_and_doubles_nothing() {
    let mut dice = dice();
    let folder = TempDir::new().unwrap();
    let server = TestServer::start_in(folder.path());
    server.clock.set(SystemClock.now());
    let mut w = World::with(server, &["bodies", "shanxi"]);
    let (mut writer, mut reader) = (w.phone("王"), w.phone("赵"));
    let visits = [
        writer.enters("铸造"),
        writer.enters("服饰"),
        reader.enters("消防"),
    ];
    w.sync_all(&[&writer, &reader]);
    w.server.stop();
    let database = folder.path().join("fieldseal.db");
    let start = || {
        let server = ServerProcess::start(env!("CARGO_BIN_EXE_server"), folder.path());
        for phone in [&writer, &reader] {
            phone.network.redirect(&server.url);
        }
        server
    };
    let numbers = AtomicU64::new(0);
    let mut acknowledged: Vec<String> = Vec::new();

    let server = start();
    let begun = Instant::now();
    for _ in 0..MEASURED {
        acknowledged.push(round(&writer, &visits, &numbers));
        acknowledged.push(round(&reader, &visits, &numbers));
    }
    let window = begun.elapsed() / MEASURED;
    server.kill();

    let (mut kills, mut hits) = (0, 0);
    while kills < KILLS || hits < SERVER_HITS {
        assert!(kills < KILLS_MAX, "the kills do not hit: {hits} of {kills}");
        let server = start();
        let wait = within(&mut dice, window);
        let killed = AtomicBool::new(false);
        let noted = std::thread::scope(|threads| {
            let works = |phone| {
                let (killed, numbers, visits) = (&killed, &numbers, &visits);
                threads.spawn(move || {
                    let mut noted = Vec::new();
                    while !killed.load(Ordering::SeqCst) {
                        noted.push(round(phone, visits, numbers));
                    }
                    noted
                })
            };
            let both = [works(&writer), works(&reader)];
            std::thread::sleep(wait);
            hits += u64::from(writer.network.is_syncing() || reader.network.is_syncing());
            server.kill();
            killed.store(true, Ordering::SeqCst);
            both.map(|phone| phone.join().unwrap())
        });
        acknowledged.extend(noted.concat());
        assert_whole(&database);
        kills += 1;
    }
    println!("{kills} kills of a server within {window:?}: {hits} cut a sync under way");

    w.server = TestServer::start_in(folder.path());
    w.server.clock.set(SystemClock.now());
    for phone in [&writer, &reader] {
        phone.network.redirect(&w.server.url(""));
    }
    w.sync_all(&[&writer, &reader]);
    let mut receipts = receipts_on(writer.file());
    for phone in [&writer, &reader] {
        assert_whole(phone.file());
        receipts.extend(receipts_on(phone.file()));
        // What was heard, whether or not it was stored before the next fault.
        receipts.extend(received(
            phone.network.answers().iter().flat_map(|it| &it.receipts),
        ));
    }
    assert_log_holds(&database, &receipts);
    assert_nothing_lost_or_doubled(&w, &visits, &acknowledged);
    assert_phones_agree(&writer, &reader, &visits);
}
