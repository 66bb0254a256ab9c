//! Real changes, mutated at random with checksums that hold, against the guard: whatever comes, it answers, and memory
//! stays bounded. Alone in its process, so that the peak it measures is its own.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::hash::{BuildHasher, Hasher, RandomState};

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, ObjType, ROOT};
use sha2::{Digest, Sha256};
use sync_core::guard::{Admission, admit, admit_batch, inspect, wire_bytes};

/// Enough to meet every refusal many times, in a few seconds without optimisation.
const INPUTS: usize = 20_000;
/// What the run may add to the peak of the process, in KiB. Without the guard single inputs take 384 MiB.
const GROWTH_KIB_MAX: u64 = 64 * 1024;

/// SplitMix64: a run is repeated by its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// A document, and real changes that follow from it.
fn corpus() -> (Automerge, Vec<Vec<u8>>) {
    let mut document = Automerge::new().with_actor(ActorId::from([0; 16]));
    let mut transaction = document.transaction();
    let fields = transaction
        .put_object(ROOT, "fields", ObjType::Map)
        .unwrap();
    for field in 0..20 {
        transaction
            .put(&fields, format!("field{field}"), "value")
            .unwrap();
    }
    let notes = transaction
        .put_object(ROOT, "notes", ObjType::Text)
        .unwrap();
    transaction.splice_text(&notes, 0, 0, "现场记录").unwrap();
    let list = transaction.put_object(ROOT, "list", ObjType::List).unwrap();
    transaction.insert(&list, 0, 1).unwrap();
    transaction.commit();

    let mut wire = Vec::new();
    for author in 1..5_u8 {
        let mut phone = document.clone().with_actor(ActorId::from([author; 16]));
        for round in 0..3 {
            let mut transaction = phone.transaction();
            match round {
                0 => {
                    transaction.put(&fields, "field3", "other").unwrap();
                    transaction.put(&fields, "field4", 4.5).unwrap();
                    transaction
                        .splice_text(&notes, 1, 2, "改了这里的记录")
                        .unwrap();
                }
                1 => {
                    let inner = transaction
                        .put_object(&fields, "map", ObjType::Map)
                        .unwrap();
                    transaction.put(&inner, "a", true).unwrap();
                    transaction.insert(&list, 1, -7).unwrap();
                    transaction.delete(&list, 0).unwrap();
                }
                _ => {
                    transaction.delete(&fields, "field3").unwrap();
                    transaction.put(ROOT, "bytes", vec![7_u8; 40]).unwrap();
                }
            }
            transaction.commit();
        }
        let changes = phone.get_changes(&document.get_heads());
        wire.extend(changes.iter().map(wire_bytes));
        // The second author builds on the first, the third does not.
        if author % 2 == 1 {
            document.merge(&mut phone).unwrap();
        }
    }
    (document, wire)
}

fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    // Mostly behind the chunk's frame, since the frame is put right again below.
    for _ in 0..=random.below(3) {
        let place = 10 + random.below(bytes.len().saturating_sub(10));
        let place = place.min(bytes.len().saturating_sub(1));
        match random.below(10) {
            0 => bytes[place] ^= 1 << random.below(8),
            1 | 7..=9 => bytes[place] = random.next() as u8 & 0x9f,
            2 => bytes.truncate(place.max(12)),
            3 => bytes.insert(place, random.next() as u8),
            4 => {
                bytes.remove(place);
            }
            5 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                let to = from + random.below((other.len() - from).min(24));
                bytes.splice(place..place, other[from..to].iter().copied());
            }
            _ => {
                let extreme: &[u8] = match random.below(4) {
                    0 => &[0xff, 0xff, 0xff, 0xff, 0x0f],
                    1 => &[0x80, 0x80, 0x80, 0x80, 0x78],
                    2 => &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                    _ => &[0x00],
                };
                bytes.splice(place..place, extreme.iter().copied());
            }
        }
        if bytes.len() < 12 {
            bytes.resize(12, 0);
        }
    }
    if random.below(8) == 0 {
        bytes
    } else {
        with_frame(&bytes)
    }
}

/// The same contents with a length and a checksum that hold.
fn with_frame(bytes: &[u8]) -> Vec<u8> {
    let contents_start = 9
        + bytes[9..]
            .iter()
            .take_while(|byte| **byte & 0x80 != 0)
            .count()
        + 1;
    let contents = bytes.get(contents_start..).unwrap_or(&[]);
    let mut hashed = vec![1];
    let mut length = contents.len();
    while length >= 0x80 {
        hashed.push(length as u8 | 0x80);
        length >>= 7;
    }
    hashed.push(length as u8);
    hashed.extend(contents);
    let hash = Sha256::digest(&hashed);
    [&[0x85, 0x6f, 0x4a, 0x83], &hash[..4], &hashed].concat()
}

/// The peak of this process in KiB, where the system tells it.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn mutated_changes_are_answered_in_bounded_memory_and_leave_a_sound_document() {
    let seed = std::env::var("GUARD_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("GUARD_SEED={seed}");
    let mut random = Random(seed);
    let (document, corpus) = corpus();
    for bytes in &corpus {
        let change = inspect(bytes).expect("a real change is safe");
        let (admission, _) = admit(&document, &change);
        assert!(
            !matches!(admission, Admission::Rejected(_)),
            "{admission:?}"
        );
    }

    let before = peak_kib();
    let mut inspected = 0;
    let mut codes = std::collections::BTreeMap::<&str, usize>::new();
    let mut inputs = Vec::new();
    for _ in 0..INPUTS {
        let bytes = mutate(&mut random, &corpus);
        match inspect(&bytes) {
            Err(reason) => *codes.entry(reason.code()).or_default() += 1,
            Ok(change) => {
                inspected += 1;
                let (admission, batch) = admit(&document, &change);
                match admission {
                    Admission::Rejected(reason) => *codes.entry(reason.code()).or_default() += 1,
                    Admission::Admitted => {
                        let loaded = Automerge::load(&batch.snapshot.unwrap()).unwrap();
                        assert_eq!(loaded.hydrate(None), batch.document.hydrate(None));
                        *codes.entry("admitted").or_default() += 1;
                    }
                    _ => *codes.entry("held, known or taken").or_default() += 1,
                }
            }
        }
        inputs.push(bytes);
        // Now and then many together: the honest ones among them are unharmed.
        if inputs.len() == 50 {
            inputs.extend(corpus.iter().cloned());
            let changes: Vec<_> = inputs
                .iter()
                .filter_map(|bytes| inspect(bytes).ok())
                .collect();
            let batch = admit_batch(&document, &changes);
            for (change, admission) in changes.iter().zip(&batch.admissions) {
                assert!(
                    !corpus.iter().any(|honest| honest == change.bytes())
                        || !matches!(admission, Admission::Rejected(_)),
                    "an honest change was harmed: {admission:?}"
                );
            }
            inputs.clear();
        }
    }
    println!("{codes:#?}");
    assert!(
        inspected > INPUTS / 50,
        "the mutations no longer reach the second half of the guard"
    );
    assert!(
        codes.len() > 8,
        "the mutations no longer reach most refusals: {codes:?}"
    );
    if let (Some(before), Some(after)) = (before, peak_kib()) {
        assert!(
            after - before < GROWTH_KIB_MAX,
            "the peak grew by {} KiB",
            after - before
        );
    }
}
