//! Uploads of evidence by tus, against the text of the protocol.

mod aside;
mod clients;
mod cut;
mod expiry;
mod habits;
pub mod outdoors;
mod phones;
mod protocol;
mod served;

use std::time::Duration;

use fieldseal_server::objects::{EVIDENCE, UPLOADS};
use fieldseal_tests::tus::{Piece, Tus, film, sha256};
use fieldseal_tests::{Phone, TestDevice, TestServer, World};
use futures_util::TryStreamExt as _;

/// How long a test waits for what the server does beside its answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A world where 王 is at a gate and has listed a file of so many bytes.
struct Scene {
    w: World,
    phone: Phone,
    device: TestDevice,
    tus: Tus,
    piece: Piece,
    bytes: Vec<u8>,
}

impl Scene {
    fn new(length: usize) -> Self {
        let w = World::shanxi();
        let mut phone = w.phone("王");
        phone.enters("铸造");
        let bytes = film(length as u64, length);
        let piece = Piece::listed(&phone, &bytes);
        phone.syncs();
        let user = w.id("user", "王");
        let device = TestDevice::enrolled(&w.server, &w.token("admin"), &user, 77);
        let tus = Tus::new(w.server.address, &device.access);
        Self {
            w,
            phone,
            device,
            tus,
            piece,
            bytes,
        }
    }

    /// The names of all objects below a folder.
    fn objects(&self, below: &str) -> Vec<String> {
        objects(&self.w.server, below)
    }

    /// Waits until so many parts of uploads are left: those that are over are deleted after their clients were told.
    #[track_caller]
    fn waits_for_parts(&self, wanted: usize) {
        let begun = std::time::Instant::now();
        loop {
            let parts = self.objects(UPLOADS);
            if parts.len() == wanted {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{parts:?} are not {wanted}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the server has nothing left to do by itself.
    fn waits_for_rest(&self) {
        let left = "SELECT upload_id AS name FROM uploads WHERE ended_at IS NOT NULL AND cleaned_at IS NULL \
                AND state <> 'mismatch' \
            UNION ALL SELECT state FROM media WHERE state = 'waiting' UNION ALL SELECT scope FROM dirty_scopes";
        let begun = std::time::Instant::now();
        while !self.w.server.reads(left).is_empty() {
            assert!(begun.elapsed() < PATIENCE, "it has no rest");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until so many requests write.
    fn waits_for_writers(&self, wanted: usize) {
        while self.w.server.app.uploads.writers.count() != wanted {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The original lies there, whole, and nothing else does.
    fn assert_whole(&self) {
        assert_eq!(
            self.objects(EVIDENCE),
            [format!("evidence/{}", self.piece.sha256)]
        );
        assert!(self.original() == self.bytes);
    }

    fn original(&self) -> Vec<u8> {
        let name =
            fieldseal_server::objects::ObjectName::original(self.piece.sha256.parse().unwrap());
        let objects = &self.w.server.app.objects;
        self.w.server.runtime.block_on(async {
            let size = objects.size(&name).await.unwrap().expect("the original");
            let pieces: Vec<_> = objects.stream(&name, 0..size).try_collect().await.unwrap();
            pieces.concat()
        })
    }
}

fn objects(server: &TestServer, below: &str) -> Vec<String> {
    let listed = server.app.objects.list(below).try_collect::<Vec<_>>();
    let listed = server.runtime.block_on(listed).unwrap();
    let mut names: Vec<_> = listed.into_iter().map(|it| it.name.to_string()).collect();
    names.sort();
    names
}

#[test]
fn a_file_goes_up_in_parts_and_lies_there_under_its_hash() {
    let s = Scene::new(20_000_000);
    let place = s.tus.creates(&s.piece);
    // TUSKit sends parts of 500 KiB, each a request of its own.
    let mut offset = 0;
    for part in s.bytes.chunks(500 * 1024) {
        let reply = s.tus.patches(&place, offset, part).expect(204);
        offset += part.len();
        assert_eq!(reply.number("upload-offset"), offset);
    }
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
    s.waits_for_parts(0);
    assert_eq!(s.tus.offset(&place), s.bytes.len());
    assert_eq!(sha256(&s.original()), s.piece.sha256);
}

#[test]
fn a_request_of_any_length_becomes_parts_of_eight_mebibytes() {
    let s = Scene::new(20_000_000);
    let place = s.tus.creates(&s.piece);
    let sent = &s.bytes[..19_999_999];
    s.tus.patches(&place, 0, sent).expect(204);
    let parts = s.objects(UPLOADS);
    assert_eq!(parts.len(), 3, "{parts:?}");
    s.tus
        .patches(&place, sent.len(), &s.bytes[sent.len()..])
        .expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}
