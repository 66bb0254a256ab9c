//! I1, nothing lost: phones and servers are killed at random points of a sync, 200 times each. The seed is printed; with
//! `FIELDSEAL_SEED` a run is repeated.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_tests::child::ServerProcess;
use fieldseal_tests::{Phone, TestServer, World};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sync_core::model::DocumentId;
use tempfile::TempDir;

const KILLS: u64 = 200;

fn dice() -> ChaCha8Rng {
    let given = std::env::var("FIELDSEAL_SEED").ok();
    let seed = given.and_then(|text| text.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| rand::rng().random());
    println!("FIELDSEAL_SEED={seed}");
    ChaCha8Rng::seed_from_u64(seed)
}

/// How often each note stands in a visit, as a phone shows it.
fn notes(phone: &Phone, visit: DocumentId) -> BTreeMap<String, usize> {
    let shown = phone.client.visit(visit).unwrap().to_string();
    let mut counts = BTreeMap::new();
    for part in shown.split('"').filter(|part| part.starts_with("note-")) {
        *counts.entry(part.to_owned()).or_default() += 1;
    }
    counts
}

fn assert_whole(acknowledged: &[String], counts: &BTreeMap<String, usize>) {
    for note in acknowledged {
        assert!(
            counts.contains_key(note),
            "{note} was acknowledged and is lost"
        );
    }
    for (note, count) in counts {
        assert_eq!(*count, 1, "{note} is there {count} times");
    }
}

#[test]
fn a_phone_killed_two_hundred_times_loses_nothing_and_doubles_nothing() {
    let mut dice = dice();
    let w = World::shanxi();
    w.server.clock.set(SystemClock.now());
    let mut writer = w.phone("王");
    let reader = w.phone("赵");
    let visit = writer.enters("铸造");
    writer.syncs();
    let file = writer.file().to_owned();
    drop(writer);
    let mut acknowledged = Vec::new();
    for kill in 0..KILLS {
        let mut child = Command::new(env!("CARGO_BIN_EXE_phone"))
            .arg(&file)
            .arg(visit.to_string())
            .arg((kill * 1_000).to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let listener =
            std::thread::spawn(move || out.lines().map_while(Result::ok).collect::<Vec<String>>());
        std::thread::sleep(Duration::from_millis(dice.random_range(1..200)));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(listener.join().unwrap());
    }
    assert!(acknowledged.len() > 50, "only {} notes", acknowledged.len());
    let writer = w.phone_on("王", file, 77);
    writer.syncs();
    reader.syncs();
    for phone in [&writer, &reader] {
        assert_whole(&acknowledged, &notes(phone, visit));
    }
    assert_eq!(notes(&writer, visit), notes(&reader, visit));
}

#[test]
fn a_server_killed_two_hundred_times_loses_nothing_and_doubles_nothing() {
    let mut dice = dice();
    let folder = TempDir::new().unwrap();
    let server = TestServer::start_in(folder.path());
    server.clock.set(SystemClock.now());
    let mut w = World::with(server, &["bodies", "shanxi"]);
    let (mut writer, reader) = (w.phone("王"), w.phone("赵"));
    let visit = writer.enters("铸造");
    writer.syncs();
    w.server.stop();
    let mut acknowledged = Vec::new();
    for kill in 0..KILLS {
        let server = ServerProcess::start(env!("CARGO_BIN_EXE_server"), folder.path());
        writer.network.redirect(&server.url);
        let wait = Duration::from_millis(dice.random_range(1..60));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(wait);
            server.kill();
        });
        for number in 0..3 {
            let note = format!("note-{}", kill * 1_000 + number);
            writer.client.suspend(visit, &note).unwrap();
            acknowledged.push(note);
            writer.tries_to_sync();
        }
        killer.join().unwrap();
    }
    let server = ServerProcess::start(env!("CARGO_BIN_EXE_server"), folder.path());
    for phone in [&writer, &reader] {
        phone.network.redirect(&server.url);
        w.server.clock.advance_ms(3_600_000);
        phone.syncs();
        assert_whole(&acknowledged, &notes(phone, visit));
    }
}
