//! The contents of a change, framed with a length and a checksum that hold and made to follow a real document, against
//! all six steps. Whatever is admitted leaves a document that loads to the same state. Run with
//! `cargo fuzz run -s none guard`.

#![no_main]

use std::sync::OnceLock;

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, ObjType, ROOT};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use sync_core::guard::{Admission, admit, inspect};

fuzz_target!(|contents: &[u8]| {
    let document = document();
    // Once as a change that depends on nothing fuzzed, so that the fuzzer reaches the operations; once as it is.
    let head = document.get_heads()[0];
    let mut following = vec![1];
    following.extend(head.0);
    following.push(16);
    following.extend([1; 16]);
    following.extend(contents);
    for contents in [&following[..], contents] {
        let bytes = framed(contents);
        let Ok(change) = inspect(&bytes) else {
            continue;
        };
        let (admission, batch) = admit(document, &change);
        if admission == Admission::Admitted {
            let snapshot = batch.snapshot.expect("what was admitted was saved");
            let loaded = Automerge::load(&snapshot).expect("the snapshot was loaded before");
            assert_eq!(loaded.hydrate(None), batch.document.hydrate(None));
        }
    }
});

fn document() -> &'static Automerge {
    static DOCUMENT: OnceLock<Automerge> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = Automerge::new().with_actor(ActorId::from([0; 16]));
        let mut transaction = document.transaction();
        let written: Result<(), automerge::AutomergeError> = (|| {
            let fields = transaction.put_object(ROOT, "fields", ObjType::Map)?;
            transaction.put(&fields, "a", 1)?;
            let notes = transaction.put_object(ROOT, "notes", ObjType::Text)?;
            transaction.splice_text(&notes, 0, 0, "notes")?;
            let list = transaction.put_object(ROOT, "list", ObjType::List)?;
            transaction.insert(&list, 0, true)
        })();
        written.expect("the document can be written");
        transaction.commit_with(CommitOptions::default().with_time(0));
        document
    })
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
