//! A server that is a process of its own, for what is killed, and for a disk that is really full.

use std::path::Path;
use std::process::Command;

use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_tests::child::ServerProcess;
use fieldseal_tests::tus::{Piece, Tus, film, sha256};
use fieldseal_tests::{TestDevice, TestServer, World};
use tempfile::TempDir;

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

    pub fn starts(&self, program: &str) -> ServerProcess {
        let url = self.database_url.as_deref();
        ServerProcess::start_with(program, self.folder.path(), url, &self.environment)
    }

    pub fn tus(&self, server: &ServerProcess) -> Tus {
        let address = server.url.strip_prefix("http://").unwrap();
        Tus::new(address.parse().unwrap(), &self.token)
    }
}

/// A program that starts the server with a disk of its own of ten megabytes for objects, all but three of them taken.
fn on_a_small_disk(folder: &Path) -> String {
    let program = env!("CARGO_BIN_EXE_server");
    let script = folder.join("on-a-small-disk");
    let objects = folder.join("objects");
    let text = format!(
        "#!/bin/sh\nexec unshare -rm sh -c 'mkdir -p {0} && mount -t tmpfs -o size=10m none {0} && \
         head -c 7000000 /dev/zero > {0}/taken && exec \"$0\" \"$@\"' {program} \"$@\"\n",
        objects.display()
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

#[test]
fn a_full_disk_loses_nothing_and_clients_go_on_when_there_is_room() {
    let o = Outdoors::new(5_000_000);
    let server = o.starts(&on_a_small_disk(o.folder.path()));
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
    let root = format!("/proc/{}/root", server.id());
    let objects = o.folder.path().join("objects");
    let taken = format!("{root}{}/taken", objects.display());
    std::fs::remove_file(taken).unwrap();
    tus.patches(&place, offset, &o.bytes[offset..]).expect(204);

    let told = tus.waits_past(&place, "checking");
    assert_eq!(told, "verified");
    let original = format!("{root}{}/evidence/{}", objects.display(), o.piece.sha256);
    assert_eq!(sha256(&std::fs::read(original).unwrap()), o.piece.sha256);
    server.kill();
}
