//! A server that is a process of its own, for what is killed, for disks that are really full, and for what it holds in
//! memory.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_tests::child::ServerProcess;
use fieldseal_tests::s3::S3Server;
use fieldseal_tests::tus::{Piece, Tus, film, sha256};
use fieldseal_tests::{TestDevice, TestServer, World};
use serde_json::json;
use sync_core::limits::OBJECT_WRITE_BYTES;
use tempfile::TempDir;

use super::PATIENCE;

/// What a server process begins with: 王's visit whose manifest names a file, and a device that may bring it.
pub struct Outdoors {
    /// The data folder.
    pub folder: TempDir,
    /// PostgreSQL, if the tests run on it.
    pub database_url: Option<String>,
    /// Variables of the server's environment.
    pub environment: Vec<(String, String)>,
    /// The entry of the manifest.
    pub piece: Piece,
    /// The file.
    pub bytes: Vec<u8>,
    /// The device's access token.
    pub token: String,
}

impl Outdoors {
    pub fn new(length: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let server = TestServer::start_in(folder.path());
        // A process has the machine's clock.
        server.clock.set(SystemClock.now());
        let mut w = World::with(server, &["bodies", "shanxi"]);
        let mut phone = w.phone("王");
        phone.enters("铸造");
        let bytes = film(length as u64, length);
        let piece = Piece::listed(&phone, &bytes);
        phone.syncs();
        let user = w.id("user", "王");
        let device = TestDevice::enrolled(&w.server, &w.token("admin"), &user, 77);
        w.server.stop();
        Self {
            database_url: w.server.database_url().map(str::to_owned),
            environment: Vec::new(),
            piece,
            bytes,
            token: device.access,
            folder,
        }
    }

    /// Objects lie on this server from now on.
    pub fn stores_in(&mut self, s3: &S3Server) {
        self.environment.clone_from(&s3.environment);
        self.environment
            .push(("FIELDSEAL_OBJECTS_URL".to_owned(), s3.url.clone()));
    }

    pub fn starts(&self, program: &str) -> ServerProcess {
        let url = self.database_url.as_deref();
        ServerProcess::start_with(program, self.folder.path(), url, &self.environment)
    }

    pub fn tus(&self, server: &ServerProcess) -> Tus {
        let address = server.url.strip_prefix("http://").unwrap();
        Tus::new(address.parse().unwrap(), &self.token)
    }
}

/// A program that starts the server with a disk of its own at a folder, of so many megabytes, and does something there first.
/// The script lies beside the folder. Root mounts as itself, or it could not reach the socket of a PostgreSQL that is another's.
fn on_a_small_disk(at: &Path, megabytes: usize, first: &str) -> String {
    let program = env!("CARGO_BIN_EXE_server");
    let script = at.with_extension("on-a-small-disk");
    let root = r#"$([ "$(id -u)" = 0 ] && echo -m || echo -rm)"#;
    let text = format!(
        "#!/bin/sh\nexec unshare {root} sh -c 'mkdir -p {0} && mount -t tmpfs -o size={megabytes}m none {0} && \
         cd {0} && {first} && exec \"$0\" \"$@\"' {program} \"$@\"\n",
        at.display()
    );
    std::fs::write(&script, text).unwrap();
    let made = Command::new("chmod")
        .arg("+x")
        .arg(&script)
        .status()
        .unwrap();
    assert!(made.success());
    script.to_str().unwrap().to_owned()
}

/// A folder as a server process with a disk of its own sees it.
fn seen_by(server: &ServerProcess, folder: &Path) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root{}", server.id(), folder.display()))
}

/// Waits for something that the server does by itself.
fn waits(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_full_disk_loses_nothing_and_clients_go_on_when_there_is_room() {
    let o = Outdoors::new(5_000_000);
    let objects = o.folder.path().join("objects");
    let taken = "head -c 7000000 /dev/zero > taken";
    let server = o.starts(&on_a_small_disk(&objects, 10, taken));
    let tus = o.tus(&server);
    let place = tus.creates(&o.piece);
    let mut offset = 0;
    let refused = loop {
        let until = (offset + 500_000).min(o.bytes.len());
        let reply = tus.patches(&place, offset, &o.bytes[offset..until]);
        if reply.status != 204 {
            break reply;
        }
        offset = until;
    };
    let refused = refused.expect_problem(503, "storage_full");
    assert!(refused.number("retry-after") > 0);
    assert!(offset > 1_000_000, "{offset} bytes found room");
    assert_eq!(refused.number("upload-offset"), offset);
    // A whole file at once is refused in the same way, and told so.
    let reply = tus.patches(&place, offset, &o.bytes[offset..]);
    reply.expect_problem(503, "storage_full");
    assert_eq!(tus.offset(&place), offset);
    let inside = seen_by(&server, &objects);
    std::fs::remove_file(inside.join("taken")).unwrap();
    tus.patches(&place, offset, &o.bytes[offset..]).expect(204);

    let told = tus.waits_past(&place, "checking");
    assert_eq!(told, "verified");
    let original = inside.join("evidence").join(&o.piece.sha256);
    assert_eq!(sha256(&std::fs::read(original).unwrap()), o.piece.sha256);
    server.kill();
}

#[test]
fn a_disk_that_is_full_when_the_original_is_written_keeps_the_parts_until_there_is_room() {
    // Longer than what is written at once: it fails in the middle of the original.
    let o = Outdoors::new(OBJECT_WRITE_BYTES + 600_000);
    let objects = o.folder.path().join("objects");
    let taken = "head -c 10000000 /dev/zero > taken";
    let server = o.starts(&on_a_small_disk(&objects, 24, taken));
    let tus = o.tus(&server);
    let place = tus.creates(&o.piece);
    tus.patches(&place, 0, &o.bytes).expect(204);
    let inside = seen_by(&server, &objects);
    let evidence = inside.join("evidence");
    let written = || evidence.read_dir().map(|names| names.count()).ok();
    waits("an attempt", || written().is_some());
    waits("what was half written is gone", || written() == Some(0));
    assert_eq!(tus.state(&place), "checking");
    assert_eq!(tus.offset(&place), o.bytes.len());
    std::fs::remove_file(inside.join("taken")).unwrap();
    assert_eq!(tus.waits_past(&place, "checking"), "verified");
    let original = std::fs::read(evidence.join(&o.piece.sha256)).unwrap();
    assert!(original == o.bytes);
    server.kill();
}

/// On SQLite: PostgreSQL has a disk of its own, of which it tells by a code (`store/error.rs`).
#[test]
fn a_full_disk_of_the_database_refuses_uploads_and_loses_none() {
    let o = Outdoors::new(4_000_000);
    if o.database_url.is_some() {
        return;
    }
    let away = TempDir::new().unwrap();
    let data = away.path().join("data");
    let copy = format!("cp -a {}/. .", o.folder.path().display());
    let program = on_a_small_disk(&data, 40, &copy);
    let objects = away.path().join("objects");
    let url = format!("file://{}", objects.display());
    let environment = [("FIELDSEAL_OBJECTS_URL".to_owned(), url)];
    let server = ServerProcess::start_with(&program, &data, None, &environment);
    let tus = o.tus(&server);
    let place = tus.creates(&o.piece);
    tus.patches(&place, 0, &o.bytes[..1_000]).expect(204);
    let inside = seen_by(&server, &data);
    let taken = inside.join("taken");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&taken)
        .unwrap();
    for block in [64 * 1024, 4 * 1024, 1] {
        while file.write_all(&vec![7; block]).is_ok() {}
    }
    drop(file);
    // What the log of the database still has room for is taken, and then no more.
    let mut kept = 1_000;
    let refused = loop {
        let reply = tus.patches(&place, kept, &o.bytes[kept..kept + 500]);
        if reply.status != 204 {
            break reply;
        }
        kept += 500;
    };
    let refused = refused.expect_problem(503, "storage_full");
    assert!(refused.number("retry-after") > 0);
    tus.asks_to_create(&o.piece)
        .expect_problem(503, "storage_full");
    // Who only asks is answered.
    let told = tus.call("GET", &place, &[], b"").expect(200).json();
    assert_eq!(
        (&told["offset_bytes"], &told["state"]),
        (&json!(kept), &json!("uploading"))
    );
    std::fs::remove_file(&taken).unwrap();
    assert_eq!(tus.offset(&place), kept);
    tus.patches(&place, kept, &o.bytes[kept..]).expect(204);
    assert_eq!(tus.waits_past(&place, "checking"), "verified");
    let original = std::fs::read(objects.join("evidence").join(&o.piece.sha256)).unwrap();
    assert!(original == o.bytes);
    server.kill();
}

/// The most that a process has held in memory so far, in bytes.
fn most_held(server: &ServerProcess) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    let kib: usize = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024
}

/// What a server held at most that took a file of so many bytes in one request, checked it and gave it back.
fn held_for(length: usize, s3: Option<&S3Server>) -> usize {
    let mut o = Outdoors::new(length);
    if let Some(s3) = s3 {
        o.stores_in(s3);
    }
    let server = o.starts(env!("CARGO_BIN_EXE_server"));
    let tus = o.tus(&server);
    let place = tus.creates(&o.piece);
    tus.patches(&place, 0, &o.bytes).expect(204);
    assert_eq!(tus.waits_past(&place, "checking"), "verified");
    let content = format!(
        "/v1/visits/{}/evidence/{}/content",
        o.piece.document_id, o.piece.evidence_id
    );
    let read = tus.call("GET", &content, &[], b"").expect(200);
    assert!(read.body == o.bytes);
    let held = most_held(&server);
    server.kill();
    held
}

/// What a file that is longer by 180 MB may take more, in bytes: the part that is in memory, the one before it that is being
/// written, and as much again that the allocator has not given back.
const GROWTH_BYTES_MAX: usize = 4 * OBJECT_WRITE_BYTES;

#[test]
fn a_server_holds_no_more_of_a_long_file_than_of_a_short_one_in_a_folder() {
    let (short, long) = (held_for(20_000_000, None), held_for(200_000_000, None));
    println!("{short} bytes for 20 MB, {long} for 200 MB");
    assert!(long < short + GROWTH_BYTES_MAX, "{short} and {long}");
}

#[test]
fn a_server_holds_no_more_of_a_long_file_than_of_a_short_one_on_s3() {
    let Some(s3) = S3Server::start() else {
        return;
    };
    let (short, long) = (
        held_for(20_000_000, Some(&s3)),
        held_for(200_000_000, Some(&s3)),
    );
    println!("{short} bytes for 20 MB, {long} for 200 MB");
    assert!(long < short + GROWTH_BYTES_MAX, "{short} and {long}");
}
