//! Bytes of any kind, as they come off the wire and framed with a checksum that holds: the first two steps answer
//! without panicking, and what passes them has a header that Automerge reads in the same way. Run with
//! `cargo fuzz run -s none inspect`.

#![no_main]

use automerge::Change;
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use sync_core::guard::{inspect, wire_bytes};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&framed(bytes));
});

fn check(bytes: &[u8]) {
    let Ok(inspected) = inspect(bytes) else {
        return;
    };
    let header = inspected.header();
    // What was inspected is safe to decode; Automerge may still refuse it, and then says so.
    let Ok(change) = Change::try_from(bytes) else {
        return;
    };
    assert_eq!(header.hash.0, change.hash().0);
    assert_eq!(header.actor.0[..], *change.actor_id().to_bytes());
    assert_eq!(header.seq, change.seq());
    assert_eq!(header.start_op, change.start_op().get());
    assert_eq!(header.max_op + 1, header.start_op + change.len() as u64);
    assert_eq!(header.time, change.timestamp());
    assert_eq!(header.message.as_deref(), change.message());
    assert_eq!(header.deps.len(), change.deps().len());
    assert_eq!(wire_bytes(&change), bytes);
}

fn framed(contents: &[u8]) -> Vec<u8> {
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
