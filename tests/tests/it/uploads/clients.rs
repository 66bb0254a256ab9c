//! Stock clients finish a file over a line that breaks at random bytes, while the server is killed and started again, on a
//! folder and on a server of S3.

use std::time::Duration;

use fieldseal_server::objects::{ObjectName, Objects};
use fieldseal_tests::relay::BadLine;
use fieldseal_tests::s3::S3Server;
use fieldseal_tests::seed::dice;
use fieldseal_tests::stock_clients::StockClient;
use fieldseal_tests::tus::{Tus, sha256};
use futures_util::TryStreamExt as _;
use rand::RngExt as _;

use super::outdoors::Outdoors;

const PROGRAM: &str = env!("CARGO_BIN_EXE_server");
/// The file of the default run.
const FILE_BYTES: usize = 20_000_000;
/// The file of the longer run.
const LONG_FILE_BYTES: usize = 100_000_000;
/// Set to anything but 0 it asks for the longer run.
const LONG: &str = "FIELDSEAL_LONG_UPLOADS";
/// What a client sends in one request.
const PART_BYTES: usize = 1_000_000;
/// Room for the head of a request, in bytes.
const HEAD_BYTES: usize = 2_000;
/// How often the server is killed.
const KILLS: usize = 3;

fn finishes(client: StockClient, on_s3: bool, extensions: bool) {
    let long = std::env::var(LONG).is_ok_and(|value| !value.is_empty() && value != "0");
    let length = if long { LONG_FILE_BYTES } else { FILE_BYTES };
    let part = PART_BYTES;
    let s3 = match on_s3 {
        true => match S3Server::start() {
            None => return,
            started => started,
        },
        false => None,
    };
    let mut o = Outdoors::new(length);
    if let Some(s3) = &s3 {
        o.stores_in(s3);
    }
    let file = o.folder.path().join("film.mp4");
    std::fs::write(&file, &o.bytes).unwrap();
    let mut dice = dice();
    let mut server = o.starts(PROGRAM);
    let line = BadLine::begin(o.tus(&server).address, dice.random(), 200_000..3_000_000).unwrap();
    let way = (line.address, o.token.as_str());
    let Some(mut running) = client.uploads(way, &file, &o.piece, (part, extensions)) else {
        return;
    };
    let mut kills = 0;
    while running.try_wait().unwrap().is_none() {
        // Between two kills as much as a fifth of the file goes through.
        let wanted = (kills + 1) * length / (KILLS + 2);
        if kills < KILLS && line.up() >= wanted {
            server.kill();
            server = o.starts(PROGRAM);
            line.redirect(o.tus(&server).address);
            kills += 1;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = running.wait_with_output().unwrap();
    let (place, faults) = (
        String::from_utf8_lossy(&told.stdout).trim().to_owned(),
        String::from_utf8_lossy(&told.stderr).into_owned(),
    );
    assert!(told.status.success(), "{faults}");
    assert!(
        kills > 0 && line.cuts() > 0,
        "{kills} kills, {} cuts",
        line.cuts()
    );
    let path = &place[place.find("/v1/").expect("a place")..];
    let tus: Tus = o.tus(&server);
    assert_eq!(tus.waits_past(path, "checking"), "verified");
    // What was sent twice: of a connection that was cut, or whose server was killed, no more than the part under way.
    let breaks = line.cuts() + kills;
    let requests = length.div_ceil(part) + 4 * breaks + 4;
    let allowed = length + breaks * part.min(length) + requests * HEAD_BYTES;
    let sent = line.up();
    println!(
        "{sent} bytes for {length}, {} cuts, {kills} kills",
        line.cuts()
    );
    assert!(
        sent <= allowed,
        "{sent} bytes were sent, {allowed} are allowed"
    );
    server.kill();
    // The store has the file whole, read past the server.
    let folder = o.folder.path().join("objects");
    let url = s3.as_ref().map(|s3| s3.url.as_str());
    let environment = s3.as_ref().map(|s3| s3.environment.clone());
    let objects = Objects::open(url, &folder, environment.unwrap_or_default()).unwrap();
    let original = ObjectName::original(o.piece.sha256.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stored = runtime.block_on(async {
        let pieces = objects.stream(&original, 0..length as u64);
        pieces.try_collect::<Vec<_>>().await.unwrap().concat()
    });
    assert_eq!(sha256(&stored), o.piece.sha256);
}

#[test]
fn the_client_of_npm_finishes_over_cuts_and_kills_into_a_folder() {
    finishes(StockClient::JavaScript, false, false);
}

#[test]
fn the_client_of_python_finishes_over_cuts_and_kills_into_a_folder() {
    finishes(StockClient::Python, false, false);
}

#[test]
fn the_client_of_npm_finishes_over_cuts_and_kills_into_s3() {
    finishes(StockClient::JavaScript, true, false);
}

#[test]
fn the_client_of_python_finishes_over_cuts_and_kills_into_s3() {
    finishes(StockClient::Python, true, false);
}

#[test]
fn the_client_of_npm_brings_bytes_with_its_beginning_and_says_post_over_cuts_and_kills() {
    finishes(StockClient::JavaScript, false, true);
}

#[test]
fn the_client_of_python_sends_checksums_over_cuts_and_kills() {
    finishes(StockClient::Python, false, true);
}
