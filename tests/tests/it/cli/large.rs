//! A dossier of any size: made by a server that is a process, fetched with a break in the middle, and checked by a program that
//! is one, none of which holds more in memory for its evidence being long.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use fieldseal_server::objects::ObjectName;
use fieldseal_tests::World;
use fieldseal_tests::child::ServerProcess;
use fieldseal_tests::phone::Phone;
use fieldseal_tests::server::PASSWORD;
use mobile_ffi::EvidenceInput;
use serde_json::{Value, json};
use sync_core::limits::{EXPORT_RESIDENT_BYTES_MAX, VERIFY_RESIDENT_BYTES_MAX};
use sync_core::model::Digest;

use super::PROGRAM;

/// Pieces of evidence of the dossier.
const PIECES: usize = 8;
/// Of each, in the default run: together more than either process may hold.
const PIECE_BYTES: usize = 48 << 20;
/// Of each, in the longer run: two gigabytes together.
const LONG_PIECE_BYTES: usize = 256 << 20;
/// Set to anything but 0 it asks for the longer run.
const LONG: &str = "FIELDSEAL_LONG_BUNDLES";

/// The most that a running process has had in memory so far, in bytes (Linux's `VmHWM`); none of one that has ended.
fn most_held(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

/// Where a phone keeps an original.
fn original(phone: &Phone, sha256: &Digest) -> PathBuf {
    let mut folders = vec![phone.file().parent().unwrap().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap().flatten() {
            if entry.file_name().to_string_lossy() == sha256.to_string() {
                return entry.path();
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
        }
    }
    panic!("the phone has no {sha256}");
}

/// Bytes that do not repeat within a piece, nor from one to the next.
fn scene(number: usize, length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1);
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        bytes.extend_from_slice(&(state ^ (state >> 29)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Fetches a part into a file, and gives its validator and the length of the whole.
fn fetches(
    url: &str,
    token: &str,
    from: u64,
    until: Option<u64>,
    file: &mut File,
) -> (String, u64) {
    let mut request = ureq::get(url).header("authorization", format!("Bearer {token}"));
    if from > 0 {
        request = request.header("range", format!("bytes={from}-"));
    }
    let answer = request.call().unwrap();
    assert_eq!(answer.status().as_u16(), if from > 0 { 206 } else { 200 });
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let (etag, length) = (header("etag"), header("content-length"));
    let length = from + length.parse::<u64>().unwrap();
    let mut body = answer
        .into_body()
        .into_reader()
        .take(until.unwrap_or(length) - from);
    std::io::copy(&mut body, file).unwrap();
    (etag, length)
}

#[test]
fn a_dossier_of_any_size_is_exported_with_bounded_memory_goes_on_where_it_broke_and_verifies() {
    let long = std::env::var(LONG).is_ok_and(|value| !value.is_empty() && value != "0");
    let piece_bytes = if long { LONG_PIECE_BYTES } else { PIECE_BYTES };
    let mut w = World::shanxi();
    let mut wang = w.phone("王");
    let visit = wang.enters("铸造");
    wang.draws("T1");
    wang.syncs();
    let objects = w.server.app.objects.folder().unwrap().to_owned();
    for number in 0..PIECES {
        let piece = EvidenceInput {
            kind: "place".to_owned(),
            medium: "photo".to_owned(),
            sample_id: None,
            mime: "image/jpeg".to_owned(),
            bytes: scene(number, piece_bytes),
        };
        let added = wang.client.add_evidence(visit, piece).unwrap();
        wang.syncs();
        // As if it had been uploaded: the same file, under the name that the server gives it.
        let stored = objects.join(ObjectName::original(added.sha256).as_str());
        std::fs::create_dir_all(stored.parent().unwrap()).unwrap();
        std::fs::hard_link(original(&wang, &added.sha256), stored).unwrap();
        w.brings(&wang, visit, added.sha256, piece_bytes as i64);
    }
    let username = w.catalogue().people["晋城"].username.clone();
    w.server.stop();
    let mut server = ServerProcess::start(PROGRAM, w.server.folder());
    let grant = json!({ "grant": "password", "username": username, "password": PASSWORD });
    let mut answer = ureq::post(format!("{}/v1/tokens", server.url))
        .send_json(grant)
        .unwrap();
    let answer: Value = answer.body_mut().read_json().unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let file = w.folder().join("large.zip");
    let url = format!("{}/v1/visits/{visit}/bundle?sm3=true", server.url);
    let mut written = File::create(&file).unwrap();
    let evidence_bytes = (PIECES * piece_bytes) as u64;
    let (etag, length) = fetches(&url, token, 0, Some(evidence_bytes / 2), &mut written);
    assert!(length > evidence_bytes);
    // Another server takes over where the first was killed.
    let first_held = most_held(server.id()).unwrap();
    server.kill();
    server = ServerProcess::start(PROGRAM, w.server.folder());
    let url = format!("{}/v1/visits/{visit}/bundle?sm3=true", server.url);
    let from = written.metadata().unwrap().len();
    let (same, whole) = fetches(&url, token, from, None, &mut written);
    assert_eq!(
        (same, whole),
        (etag, length),
        "it is the bundle that was begun"
    );
    written.flush().unwrap();
    assert_eq!(written.metadata().unwrap().len(), length);
    let held = first_held.max(most_held(server.id()).unwrap());
    assert!(
        held < EXPORT_RESIDENT_BYTES_MAX,
        "the server held {held} bytes for {length}"
    );
    let checked = verifies(&file);
    assert!(
        checked < VERIFY_RESIDENT_BYTES_MAX,
        "the verifier held {checked} bytes for {length}"
    );
    let told = format!("{length} bytes: the server held {held}, the verifier {checked}\n");
    let _ = std::io::stderr().write_all(told.as_bytes());
}

/// Runs `fieldseal verify` on a bundle that holds, and gives the most that it had in memory.
fn verifies(file: &Path) -> u64 {
    let mut child = Command::new(PROGRAM)
        .arg("verify")
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = 0;
    let status = loop {
        held = held.max(most_held(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let mut told = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    assert!(status.success(), "{told}");
    assert!(told.contains("OK: everything holds"), "{told}");
    assert!(told.contains("evidence 8"), "{told}");
    assert!(held > 0, "it was seen while it ran");
    held
}
