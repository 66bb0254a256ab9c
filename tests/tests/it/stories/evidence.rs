//! Evidence on a phone: captured whole or not at all, found again, kept until it is signed for, and never in the way of a
//! form.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldseal_tests::disk::SmallDisk;
use fieldseal_tests::{Phone, World};
use mobile_ffi::{CaptureInput, ClientError, EvidenceAdded, EvidenceSubject, Location};
use sha2::{Digest as _, Sha256};
use sync_core::limits::RESERVE_BYTES;
use sync_core::model::DocumentId;

fn beside(phone: &Phone, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}.{suffix}", phone.file().display()))
}

/// What lies in the folder of originals.
fn lying(phone: &Phone) -> Vec<String> {
    let found = std::fs::read_dir(beside(phone, "media"));
    let names = found.into_iter().flatten();
    let mut names: Vec<String> = names
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A camera's file that no other is like.
fn shot(at: &Path, number: u8, bytes: usize) -> PathBuf {
    let file = at.join(format!("camera-{number}"));
    let picture: Vec<u8> = (0..bytes).map(|n| (n / 7) as u8 ^ number).collect();
    std::fs::write(&file, picture).unwrap();
    file
}

fn input(file: &Path) -> CaptureInput {
    CaptureInput {
        file: file.to_owned(),
        media_type: "image/jpeg".to_owned(),
        kind: "label".to_owned(),
        subject: EvidenceSubject::Visit,
        location: None,
    }
}

fn captures(phone: &Phone, file: &Path) -> Result<EvidenceAdded, ClientError> {
    phone.client.capture(phone.visit(), &input(file))
}

fn entries(phone: &Phone, visit: DocumentId) -> usize {
    phone.client.evidence(visit).unwrap().len()
}

#[test]
fn a_captured_file_lies_whole_under_its_hash_and_its_entry_says_where_when_and_on_which_phone() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    let file = shot(w.folder(), 1, 700_001);
    let bytes = std::fs::read(&file).unwrap();
    let place = Location {
        latitude_e7: 354_900_000,
        longitude_e7: 1_128_500_000,
        accuracy_mm: 5_000,
        crs_source: "gcj02".into(),
        mocked: true,
    };
    let with_place = CaptureInput {
        location: Some(place),
        ..input(&file)
    };
    let added = a.client.capture(visit, &with_place).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(added.sha256.0, *Sha256::digest(&bytes));
    let original = a.client.original(&added.sha256).unwrap().unwrap();
    assert_eq!(std::fs::read(original).unwrap(), bytes);
    a.syncs();
    let entry = &w.dossier(visit)["records"]["evidence"][0]["record"];
    assert_eq!(entry["sha256"], added.sha256.to_string());
    assert_eq!(entry["size_bytes"], 700_001);
    assert_eq!(entry["location"]["mocked"], true);
    assert_eq!(entry["location"]["crs_source"], "gcj02");
    let device = a.client.enrolled().unwrap().unwrap().device_id;
    assert_eq!(entry["device_id"], device);
    assert!(entry["captured_at"]["token_at_ms"].is_number());
    let told = &a.client.evidence(visit).unwrap()[0];
    assert_eq!((told.state.as_str(), told.on_phone), ("expected", true));
    let summary = a.client.evidence_summary(visit).unwrap();
    assert_eq!(summary.en, "0 of 1 verified, 1 on the phone");
}

#[test]
fn of_one_file_that_is_captured_twice_one_copy_lies_on_the_phone() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    let (one, other) = (shot(w.folder(), 1, 5_000), shot(w.folder(), 2, 5_000));
    let first = captures(&a, &one).unwrap();
    let again = captures(&a, &one).unwrap();
    captures(&a, &other).unwrap();
    assert_eq!(first.sha256, again.sha256);
    assert_ne!(first.evidence_id, again.evidence_id);
    assert_eq!(lying(&a).len(), 2);
    assert_eq!(entries(&a, visit), 3);
    // Whatever happened to the copy, the next capture of the same file makes it whole.
    let place = a.client.original(&first.sha256).unwrap().unwrap();
    std::fs::write(&place, b"worn out").unwrap();
    captures(&a, &one).unwrap();
    assert_eq!(std::fs::read(&place).unwrap(), std::fs::read(&one).unwrap());
}

#[test]
fn what_cannot_be_captured_says_why_and_leaves_nothing() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    let empty = shot(w.folder(), 1, 0);
    let code = |file: &Path| captures(&a, file).unwrap_err().code;
    assert_eq!(code(&empty), "evidence.empty");
    assert_eq!(code(&w.folder().join("nowhere")), "evidence.unreadable");
    assert_eq!(code(w.folder()), "evidence.unreadable");
    let huge = w.folder().join("huge");
    let length = sync_core::limits::EVIDENCE_BYTES_MAX as u64 + 1;
    std::fs::File::create(&huge)
        .unwrap()
        .set_len(length)
        .unwrap();
    assert_eq!(code(&huge), "evidence.too_large");
    std::fs::remove_file(&huge).unwrap();
    let file = shot(w.folder(), 2, 10);
    let nowhere = a.client.capture(DocumentId([9; 32]), &input(&file));
    assert_eq!(nowhere.unwrap_err().code, "visit.unknown");
    assert_eq!((entries(&a, visit), lying(&a).len()), (0, 0));
}

#[test]
fn a_kill_at_any_step_of_a_capture_leaves_nothing_or_the_file_with_its_entry() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    let places = [
        ("media_copied", 0),
        ("media_synced", 0),
        ("media_named", 0),
        ("before_commit", 0),
        ("after_commit", 1),
    ];
    let mut standing = 0;
    for (number, (place, entered)) in (1..).zip(places) {
        let file = shot(w.folder(), number, 300_000);
        a.client.faults().set(Some(Arc::new(move |at| at == place)));
        assert_eq!(captures(&a, &file).unwrap_err().code, "test.killed");
        a.restarts();
        standing += entered;
        assert_eq!(entries(&a, visit), standing, "{place}");
        let told = a.client.evidence(visit).unwrap();
        assert!(told.iter().all(|it| it.on_phone), "{place}");
        assert!(!lying(&a).iter().any(|name| name.ends_with(".part")));
        // What was acknowledged to nobody is captured like anything else.
        captures(&a, &file).unwrap();
        standing += 1;
        assert_eq!(entries(&a, visit), standing, "{place}");
    }
    fieldseal_tests::soundness::assert_originals_whole(a.file(), &mut Default::default());
}

#[test]
fn originals_of_a_phone_whose_database_was_restored_are_found_by_their_hashes() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    a.syncs();
    let yesterday = w.folder().join("yesterday.db");
    a.backs_up(&yesterday);
    let added = captures(&a, &shot(w.folder(), 1, 9_000)).unwrap();
    a.syncs();
    let media = beside(&a, "media");
    drop(a);
    // The folder of originals is the same; the database knows of none.
    std::fs::rename(media, w.folder().join("yesterday.db.media")).unwrap();
    let restored = w.phone_on("王", yesterday, 999);
    assert!(restored.client.original(&added.sha256).unwrap().is_none());
    assert_eq!(
        lying(&restored).len(),
        1,
        "nobody removes what a manifest may name"
    );
    assert_eq!(restored.client.free_space(i64::MAX).unwrap().files, 0);
    w.enrols(&restored);
    restored.syncs();
    let found = restored.client.original(&added.sha256).unwrap();
    assert!(found.is_some());
    let told = &restored.client.evidence(visit).unwrap()[0];
    assert_eq!((told.on_phone, told.waits.as_deref()), (true, Some("turn")));
}

#[test]
fn an_original_that_somebody_removed_or_changed_goes_aside_and_comes_back_with_the_next_capture() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    let files = [shot(w.folder(), 1, 9_000), shot(w.folder(), 2, 9_000)];
    let added = files.each_ref().map(|file| captures(&a, file).unwrap());
    let place = |n: usize| a.client.original(&added[n].sha256).unwrap().unwrap();
    std::fs::remove_file(place(0)).unwrap();
    std::fs::write(place(1), b"cropped").unwrap();
    a.restarts();
    let told = a.client.evidence(visit).unwrap();
    assert!(
        told.iter()
            .all(|it| it.state == "mismatch" && it.needs_attention)
    );
    let words: Vec<&str> = told.iter().map(|it| it.en.as_str()).collect();
    assert!(
        words.iter().any(|it| it.contains("evidence.missing")),
        "{words:?}"
    );
    assert!(
        words.iter().any(|it| it.contains("evidence.damaged")),
        "{words:?}"
    );
    for file in &files {
        captures(&a, file).unwrap();
    }
    let told = a.client.evidence(visit).unwrap();
    assert!(
        told.iter().all(|it| it.state == "expected" && it.on_phone),
        "{told:?}"
    );
}

/// Forms go on being saved, are there after the app was opened again, and reach the server.
fn forms_are_saved(w: &World, a: &mut Phone, visit: DocumentId, count: usize) {
    for number in 0..count {
        a.suspends(&format!("第 {number} 次中断"));
    }
    a.restarts();
    a.syncs();
    let kept = w.dossier(visit)["records"]["suspensions"]
        .as_array()
        .unwrap()
        .len();
    assert!(kept >= count, "{kept}");
}

#[test]
fn a_disk_without_room_for_evidence_takes_forms_and_says_so() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    captures(&a, &shot(w.folder(), 1, 50_000)).unwrap();
    a.client.faults().set_room(Some(30_000));
    let refused = captures(&a, &shot(w.folder(), 2, 50_000)).unwrap_err();
    assert_eq!(refused.code, "evidence.no_space");
    assert_eq!((entries(&a, visit), lying(&a).len()), (1, 1));
    captures(&a, &shot(w.folder(), 3, 20_000)).unwrap();
    forms_are_saved(&w, &mut a, visit, 3);
}

#[test]
fn a_full_disk_never_blocks_a_form() {
    let w = World::shanxi();
    let Some(disk) = SmallDisk::mount(5 * RESERVE_BYTES) else {
        println!("nothing can be mounted here; what the phone does without room is told above");
        return;
    };
    // Somebody else's, who takes it away in the end: as much as forms may have taken from the reserve.
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![7; usize::try_from(RESERVE_BYTES).unwrap()]).unwrap();
    let mut a = w.phone_on("王", disk.path().join("phone.db"), 700);
    w.enrols(&a);
    let visit = a.goes_to("铸造");
    a.syncs();
    let mut captured = 0;
    let refused = loop {
        let film = shot(w.folder(), captured, 3_000_000);
        match captures(&a, &film) {
            Ok(_) => captured += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused.code, "evidence.no_space");
    assert!(captured > 3, "{captured} files on so many bytes");
    assert_eq!(entries(&a, visit), usize::from(captured));
    forms_are_saved(&w, &mut a, visit, 40);
    // And when others take the rest.
    let others = disk.fill();
    forms_are_saved(&w, &mut a, visit, 120);
    let left = std::fs::metadata(beside(&a, "reserve")).unwrap().len();
    assert!(left < RESERVE_BYTES, "it was taken from");
    let refused = captures(&a, &shot(w.folder(), 99, 10)).unwrap_err();
    assert_eq!(refused.code, "evidence.no_space", "forms come first");
    std::fs::remove_file(others).unwrap();
    std::fs::remove_file(ballast).unwrap();
    captures(&a, &shot(w.folder(), 99, 10)).unwrap();
    assert_eq!(
        std::fs::metadata(beside(&a, "reserve")).unwrap().len(),
        RESERVE_BYTES
    );
    fieldseal_tests::soundness::assert_originals_whole(a.file(), &mut Default::default());
    drop(a);
}
