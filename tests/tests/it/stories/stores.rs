//! What becomes of a phone's store: damaged and salvaged, logged out of, cleaned, wiped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldseal_tests::server::PASSWORD;
use fieldseal_tests::{Phone, World, pictures};
use mobile_ffi::EvidenceSubject;
use serde_json::json;
use sync_core::limits::RESERVE_BYTES;

/// The files of a phone as a kill leaves them, under another name.
fn killed(w: &World, phone: &Phone, name: &str) -> PathBuf {
    let to = w.folder().join(name);
    for (suffix, file) in files_of(phone.file()) {
        let target = PathBuf::from(format!("{}{suffix}", to.display()));
        if file.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            for entry in std::fs::read_dir(file).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), target.join(entry.file_name())).unwrap();
            }
        } else if suffix != "-shm" {
            std::fs::copy(file, target).unwrap();
        }
    }
    to
}

/// Everything beside a database that bears its name, with what follows the name.
fn files_of(database: &Path) -> Vec<(String, PathBuf)> {
    let name = database.file_name().unwrap().to_string_lossy().into_owned();
    let entries = std::fs::read_dir(database.parent().unwrap()).unwrap();
    let entries = entries.map(|it| it.unwrap());
    let mine = entries.filter_map(|it| {
        let file_name = it.file_name();
        let suffix = file_name.to_string_lossy().strip_prefix(&name)?.to_owned();
        Some((suffix, it.path()))
    });
    mine.collect()
}

fn wipe_out(file: &Path, bytes: std::ops::Range<usize>) {
    let mut content = std::fs::read(file).unwrap();
    content[bytes].fill(0);
    std::fs::write(file, content).unwrap();
}

#[test]
fn a_damaged_phone_whose_changes_are_whole_goes_on_without_a_code() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    a.syncs();
    a.offline();
    w.minutes(10);
    let late = a.draws("T1");
    let file = killed(&w, &a, "header.db");
    wipe_out(&file, 0..100);
    let again = w.phone_on("王", file, 900);
    let report = again.client.salvages().unwrap().remove(0);
    assert!(report.whole && report.lost.is_empty(), "{report:?}");
    assert!(report.unsent > 0 && report.signers > 0, "{report:?}");
    assert!(again.client.enrolled().unwrap().is_some());
    again.syncs();
    assert_eq!(w.validity(late), "valid");
    assert_eq!(w.standings(visit), ["first"]);
    assert!(Path::new(&report.aside).is_file());
}

#[test]
fn a_damaged_phone_that_may_have_lost_something_brings_the_rest_under_a_new_code() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let early = a.draws("T1");
    a.syncs();
    a.offline();
    w.minutes(10);
    let late = a.draws_with("T2", json!({}));
    let file = killed(&w, &a, "page.db");
    // Into the file with all of it, and then its first page goes: nothing says any more where what lies.
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    wipe_out(&file, 0..4096);
    let again = w.phone_on("王", file, 901);
    let report = again.client.salvages().unwrap().remove(0);
    assert!(!report.whole && report.unsent > 0, "{report:?}");
    assert_eq!(again.client.enrolled().unwrap(), None);
    let refused = again.client.sync().unwrap_err();
    assert_eq!(refused.code, "enrolment_needed");
    w.enrols(&again);
    let dossier = w.dossier(visit);
    assert_eq!(dossier["facts"]["samples"].as_object().unwrap().len(), 2);
    for sample in [early, late] {
        assert_ne!(w.validity(sample), "pending");
    }
    assert_eq!(w.aside(visit), Vec::<String>::new());
}

#[test]
fn a_logout_keeps_what_waits_and_another_person_sees_none_of_it() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    a.offline();
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    a.client.logout().unwrap();
    a.online();
    let other = w.catalogue().people["李"].username.clone();
    // A store is one person's: another one logs in to theirs.
    let refused = a.client.login(&other, PASSWORD).unwrap_err();
    assert_eq!(refused.code, "scope_forbidden");
    let b = w.phone_on("李", w.folder().join("phone-of-another.db"), 902);
    w.enrols(&b);
    assert!(b.client.visits().unwrap().is_empty());
    let unknown = b.client.evidence(visit).unwrap_err();
    assert_eq!(unknown.code, "visit.unknown");
    // The first one finds everything, and it goes.
    assert_eq!(a.client.visits().unwrap().len(), 1);
    a.syncs();
    assert_eq!(w.validity(sample), "valid");
}

/// A phone at the foundry with one photograph that the server has signed for and one that it has not.
fn with_two_photographs(w: &World) -> (Phone, [i64; 2]) {
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    let arrival = a.arrival();
    a.client.record_arrival(visit, arrival).unwrap();
    let takes = |seed: u64| {
        let bytes = pictures::jpeg(&pictures::scene(160, 120, seed), 85);
        let from = w.folder().join("camera");
        std::fs::write(&from, &bytes).unwrap();
        a.captures(("label", "image/jpeg"), EvidenceSubject::Visit, &from);
        i64::try_from(bytes.len()).unwrap()
    };
    let first = takes(1);
    a.syncs();
    a.uploads();
    a.waits_for_receipts(visit);
    a.offline();
    let second = takes(2);
    (a, [first, second])
}

#[test]
fn storage_is_told_by_what_it_is_and_cleaning_lets_go_of_what_was_received_alone() {
    let w = World::shanxi();
    let (a, [first, second]) = with_two_photographs(&w);
    let used = a.client.storage().unwrap();
    assert_eq!((used.received.files, used.received.bytes), (1, first));
    assert_eq!((used.waiting.files, used.waiting.bytes), (1, second));
    assert_eq!(used.reserve_bytes, i64::try_from(RESERVE_BYTES).unwrap());
    assert!(used.database_bytes > 100_000);
    assert_eq!(
        (used.aside.files, used.unnamed.files, used.damaged.files),
        (0, 0, 0)
    );
    let freed = a.client.clean().unwrap();
    assert_eq!((freed.files, freed.bytes), (1, first));
    let used = a.client.storage().unwrap();
    assert_eq!((used.received.files, used.waiting.files), (0, 1));
    assert_eq!(a.client.clean().unwrap().files, 0);
}

#[test]
fn a_wipe_takes_unsent_work_only_where_its_amount_is_named() {
    let w = World::shanxi();
    let (a, _) = with_two_photographs(&w);
    let unsent = a.client.unsent_work().unwrap();
    assert!(unsent.changes > 0);
    assert_eq!((unsent.originals, unsent.damaged_stores), (1, 0));
    for named in [None, Some(0), Some(unsent.total() + 1)] {
        let refused = a.client.wipe(named).unwrap_err();
        assert_eq!(refused.code, "wipe.unsent_work");
    }
    assert_eq!(a.client.visits().unwrap().len(), 1);
    // Killed in the middle of it: whoever opens it finds nothing.
    a.client
        .faults()
        .set(Some(Arc::new(|at| at == "wipe_begun")));
    let stopped = a.client.wipe(Some(unsent.total())).unwrap_err();
    assert_eq!(stopped.code, "test.killed");
    let file = killed(&w, &a, "wiping.db");
    let opened = w.phone_on("王", file, 903);
    assert_eq!(opened.client.enrolled().unwrap(), None);
    assert!(opened.client.visits().unwrap().is_empty());
    assert_eq!(opened.client.storage().unwrap().waiting.files, 0);

    a.client.faults().set(None);
    a.client.wipe(Some(unsent.total())).unwrap();
    assert!(files_of(a.file()).is_empty());
    assert!(a.client.visits().unwrap().is_empty());
    assert_eq!(a.client.logout().unwrap_err().code, "store.wiped");
}
