//! Two processes of the server on one database and one store of objects, and one upload between them.

use std::io::Write as _;

use fieldseal_tests::child::ServerProcess;
use fieldseal_tests::tus::{Piece, Tus, answer, patch_headers};
use serde_json::Value;
use tempfile::TempDir;

use crate::uploads::outdoors::Outdoors;

const PROGRAM: &str = env!("CARGO_BIN_EXE_server");

/// Where objects lie that both have.
struct Common {
    o: Outdoors,
    objects: TempDir,
}

impl Common {
    fn new(length: usize) -> Self {
        let mut o = Outdoors::new(length);
        let objects = TempDir::new().unwrap();
        let url = format!("file://{}", objects.path().display());
        o.environment
            .push(("FIELDSEAL_OBJECTS_URL".to_owned(), url));
        Self { o, objects }
    }

    /// One more process, with a data folder of its own.
    fn starts(&self) -> (ServerProcess, Tus, TempDir) {
        let folder = TempDir::new().unwrap();
        let url = self.o.database_url.as_deref();
        let server = ServerProcess::start_with(PROGRAM, folder.path(), url, &self.o.environment);
        let tus = self.o.tus(&server);
        (server, tus, folder)
    }

    fn assert_whole(&self) {
        let names = |below: &str| -> Vec<String> {
            let names = self.objects.path().join(below).read_dir();
            let names = names.into_iter().flatten();
            names
                .map(|it| it.unwrap().file_name().into_string().unwrap())
                .collect()
        };
        assert_eq!(
            names("evidence"),
            std::slice::from_ref(&self.o.piece.sha256)
        );
        let original = self.objects.path().join("evidence");
        let original = std::fs::read(original.join(&self.o.piece.sha256)).unwrap();
        assert!(original == self.o.bytes);
    }
}

fn evidence(tus: &Tus, piece: &Piece) -> Value {
    let path = format!("/v1/visits/{}/evidence", piece.document_id);
    tus.call("GET", &path, &[], b"").expect(200).json()
}

#[test]
fn an_upload_goes_on_at_whichever_process_is_asked_and_is_one() {
    let c = Common::new(6_000_000);
    let ((_a, at_a, _fa), (_b, at_b, _fb)) = (c.starts(), c.starts());
    let place = at_a.creates(&c.o.piece);
    assert_eq!(
        at_b.creates(&c.o.piece),
        place,
        "begun already, at the other"
    );
    let mut offset = 0;
    for (number, part) in c.o.bytes.chunks(500_000).enumerate() {
        let (here, there) = match number % 2 {
            0 => (&at_a, &at_b),
            _ => (&at_b, &at_a),
        };
        here.patches(&place, offset, part).expect(204);
        offset += part.len();
        assert_eq!(there.offset(&place), offset);
        // What was sent already counts at neither.
        if number == 3 {
            let reply = there.patches(&place, offset - part.len(), part);
            reply.expect_problem(409, "upload_offset_conflict");
        }
    }
    assert_eq!(at_a.waits_past(&place, "checking"), "verified");
    assert_eq!(at_b.state(&place), "verified");
    c.assert_whole();
    assert_eq!(evidence(&at_a, &c.o.piece), evidence(&at_b, &c.o.piece));
}

#[test]
fn a_connection_at_one_process_takes_an_upload_over_from_one_at_the_other() {
    let c = Common::new(3_000_000);
    let ((_a, at_a, _fa), (_b, at_b, _fb)) = (c.starts(), c.starts());
    let place = at_a.creates(&c.o.piece);
    at_a.patches(&place, 0, &c.o.bytes[..100_000]).expect(204);
    // It says that it brings the rest, brings some of it, and falls silent.
    let length = (c.o.bytes.len() - 100_000).to_string();
    let mut headers = patch_headers("100000").to_vec();
    headers.push(("Content-Length", &length));
    let mut silent = at_a.open("PATCH", &place, &headers).unwrap();
    silent.write_all(&c.o.bytes[100_000..400_000]).unwrap();
    // What the other process knows is what counts, and it goes on from there.
    let offset = at_b.offset(&place);
    assert!((100_000..=400_000).contains(&offset), "{offset}");
    at_b.patches(&place, offset, &c.o.bytes[offset..2_000_000])
        .expect(204);
    // The one that was silent sends on, all of it, and none of that counts any more.
    silent.write_all(&c.o.bytes[400_000..]).unwrap();
    answer(&mut silent)
        .unwrap()
        .expect_problem(409, "upload_taken_over");
    assert_eq!(at_a.offset(&place), 2_000_000);
    at_a.patches(&place, 2_000_000, &c.o.bytes[2_000_000..])
        .expect(204);
    assert_eq!(at_b.waits_past(&place, "checking"), "verified");
    c.assert_whole();
}

#[test]
fn one_process_is_killed_in_the_middle_of_a_request_and_the_other_goes_on() {
    let c = Common::new(20_000_000);
    let ((a, at_a, _fa), (_b, at_b, _fb)) = (c.starts(), c.starts());
    let place = at_a.creates(&c.o.piece);
    let length = c.o.bytes.len().to_string();
    let mut headers = patch_headers("0").to_vec();
    headers.push(("Content-Length", &length));
    let mut open = at_a.open("PATCH", &place, &headers).unwrap();
    open.write_all(&c.o.bytes[..18_000_000]).unwrap();
    // Whole parts are durable as they come.
    at_b.waits_for_bytes(&place, 2 * sync_core::limits::OBJECT_WRITE_BYTES);
    a.kill();
    let offset = at_b.offset(&place);
    assert_eq!(offset, 2 * sync_core::limits::OBJECT_WRITE_BYTES);
    // It brings all but a byte, and another process the last one; whoever is there then finishes it.
    let last = c.o.bytes.len() - 1;
    at_b.patches(&place, offset, &c.o.bytes[offset..last])
        .expect(204);
    let (again, at_again, _again) = c.starts();
    at_again
        .patches(&place, last, &c.o.bytes[last..])
        .expect(204);
    again.kill();
    assert_eq!(at_b.waits_past(&place, "checking"), "verified");
    c.assert_whole();
    let told = evidence(&at_b, &c.o.piece);
    assert_eq!(told["evidence"]["verified"], 1);
}

#[test]
fn sixteen_clients_at_two_processes_write_each_byte_of_one_upload_once() {
    let c = Common::new(3_000_000);
    let ((_a, at_a, _fa), (_b, at_b, _fb)) = (c.starts(), c.starts());
    let place = at_a.creates(&c.o.piece);
    std::thread::scope(|threads| {
        for number in 0..16 {
            let tus = [&at_a, &at_b][number % 2];
            let (place, bytes) = (&place, &c.o.bytes);
            threads.spawn(move || {
                loop {
                    let head = tus.call("HEAD", place, &[], b"");
                    if head.status != 200 {
                        assert_eq!(head.status, 503);
                        continue;
                    }
                    let offset = head.number("upload-offset");
                    if offset == bytes.len() {
                        return;
                    }
                    let until = (offset + 300_000).min(bytes.len());
                    let status = tus.patches(place, offset, &bytes[offset..until]).status;
                    assert!(matches!(status, 204 | 409 | 503), "{status}");
                }
            });
        }
    });
    assert_eq!(at_b.waits_past(&place, "checking"), "verified");
    c.assert_whole();
}
