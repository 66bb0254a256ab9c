//! What bringing evidence costs: one stream, the same in parts, many small files, and sheets with a photograph, each until its
//! bytes are found to be those of the manifest. The bytes are by chance and lie in a folder that is synchronised; what a
//! photograph costs beyond that, when its pictures are made, is measured on its own.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_tests::tus::{film, patch_headers, sha256};
use sync_core::model::{DocumentId, EvidenceId};

use crate::crowd::{CLIENTS, Label};
use crate::process::{Way, read};
use crate::report::{Table, median};
use crate::rounds::Stage;

/// A long file, in bytes.
const LONG: usize = 128 * MIB;
/// A part, and a small file, in bytes.
const MIB: usize = 1024 * 1024;
/// Small files of each client.
const FILES: usize = 16;

/// A file, with the visit whose manifest names it.
struct Piece {
    /// The request that brings the visit.
    page: Vec<u8>,
    document: DocumentId,
    evidence: EvidenceId,
    sha256: String,
    bytes: Vec<u8>,
}

impl Piece {
    fn metadata(&self) -> String {
        let pairs = [
            ("sha256", self.sha256.clone()),
            ("document_id", self.document.to_string()),
            ("evidence_id", self.evidence.to_string()),
        ];
        pairs
            .map(|(key, value)| format!("{key} {}", STANDARD.encode(value)))
            .join(",")
    }

    /// Begins the upload, with the first bytes; its path.
    fn begins(&self, way: &Way, access: &str, with: &[u8]) -> String {
        let (length, metadata) = (self.bytes.len().to_string(), self.metadata());
        let headers = [
            ("upload-length", length.as_str()),
            ("upload-metadata", metadata.as_str()),
            ("content-type", "application/offset+octet-stream"),
        ];
        let headers = &headers[..if with.is_empty() { 2 } else { 3 }];
        let answer = way.tus("POST", "/v1/uploads", access, headers, with);
        let place = answer.headers()["location"].to_str();
        place.expect("a place").to_owned()
    }

    /// Sends all of it in requests of at most so many bytes, and waits until it is verified.
    fn goes_in(&self, part: usize, way: &Way, access: &str) {
        let place = self.begins(way, access, b"");
        for (nth, bytes) in self.bytes.chunks(part).enumerate() {
            let offset = (nth * part).to_string();
            way.tus("PATCH", &place, access, &patch_headers(&offset), bytes);
        }
        way.waits_until_verified(&place, access);
    }
}

/// The visit of this number with a label of so many bytes, written by a phone.
fn write(stage: &mut Stage, phone: usize, number: usize, length: usize) -> Piece {
    let bytes = film(number as u64, length);
    let sha256 = sha256(&bytes);
    let label = Label {
        sha256: sha256.parse().expect("a hash"),
        size_bytes: length as i64,
    };
    stage.crowd.labels.insert(number, label);
    let (page, document, evidence) = stage.crowd.alone(phone, number);
    Piece {
        page: page.body,
        document,
        evidence,
        sha256,
        bytes,
    }
}

/// Small files of every phone, from a number on.
fn write_small(stage: &mut Stage, first: usize) -> Vec<Vec<Piece>> {
    let mut numbers = first..;
    let of_phone = |phone: usize| {
        let numbers = numbers.by_ref().take(FILES);
        numbers
            .map(|number| write(stage, phone, number, MIB))
            .collect()
    };
    (0..CLIENTS).map(of_phone).collect()
}

/// All phones do this with each of their pieces, at once: how long it took, and the most memory of the server.
fn all(
    stage: &Stage,
    pieces: &[Vec<Piece>],
    act: impl Fn(&Way, &str, &Piece) + Sync,
) -> (Duration, f64) {
    stage.server.counts_memory_anew();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for (phone, pieces) in stage.crowd.phones.iter().zip(pieces) {
            let (way, act) = (stage.server.way(), &act);
            scope.spawn(move || {
                for piece in pieces {
                    act(&way, &phone.access, piece);
                }
            });
        }
    });
    (begun.elapsed(), stage.server.memory_mb().0)
}

fn syncs(way: &Way, access: &str, piece: &Piece) {
    let answer = read(&way.sync(access, &piece.page));
    assert!(answer.accepted() > 0, "the visit is taken");
}

/// Measures on one database, with objects in a folder.
pub fn measure(table: &mut Table, database: &str, rounds: usize) {
    let mut figures: [Vec<(f64, f64)>; 4] = Default::default();
    for _ in 0..rounds {
        let mut stage = Stage::new(database, 2 + 2 * CLIENTS * FILES);
        for phone in &mut stage.crowd.phones {
            stage.server.way().log_in(phone);
        }
        let mebibytes = (LONG / MIB) as f64;
        for (at, part) in [(0, LONG), (1, MIB)] {
            // One phone alone: the others have nothing.
            let pieces = vec![vec![write(&mut stage, 0, at, LONG)]];
            all(&stage, &pieces, syncs);
            let (took, memory) = all(&stage, &pieces, |way, access, piece| {
                piece.goes_in(part, way, access);
            });
            figures[at].push((mebibytes / took.as_secs_f64(), memory));
        }
        let files = (CLIENTS * FILES) as f64;
        let pieces = write_small(&mut stage, 2);
        all(&stage, &pieces, syncs);
        let whole = |way: &Way, access: &str, piece: &Piece| {
            let place = piece.begins(way, access, &piece.bytes);
            way.waits_until_verified(&place, access);
        };
        let (took, memory) = all(&stage, &pieces, whole);
        figures[2].push((files / took.as_secs_f64(), memory));
        let pieces = write_small(&mut stage, 2 + CLIENTS * FILES);
        let (took, memory) = all(&stage, &pieces, |way, access, piece| {
            syncs(way, access, piece);
            whole(way, access, piece);
        });
        figures[3].push((files / took.as_secs_f64(), memory));
        println!("{database}: {:?}", figures.each_ref().map(|it| it.last()));
        stage.server.stop();
    }
    let what = [
        ("one stream of 128 MiB, verified", "MiB/s"),
        ("the same in parts of 1 MiB", "MiB/s"),
        ("files of 1 MiB by 16 clients, verified", "/s"),
        (
            "a visit with a sheet and a photo of 1 MiB by 16 clients, ruled and verified",
            "/s",
        ),
    ];
    for ((what, unit), figures) in what.into_iter().zip(figures) {
        let rate = median(figures.iter().map(|it| it.0).collect());
        let memory = median(figures.iter().map(|it| it.1).collect());
        let figure = format!("{rate:.0} {unit}, {memory:.0} MB");
        table.add(database, what, figure.replace(" /s", "/s"));
    }
}
