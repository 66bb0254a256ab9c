//! What is found in the bytes of evidence, and which other visits show the same picture, as it comes to the rulings.

use std::collections::BTreeSet;
use std::time::Duration;

use fieldseal_server::args;
use fieldseal_server::media::hash::{Hashes, distance};
use fieldseal_server::objects::ObjectName;
use fieldseal_server::services::media::{SCREEN, THUMBNAIL};
use fieldseal_server::store::media::{self, End, Examined, Found};
use fieldseal_server::store::{Statement, evidence};
use fieldseal_tests::phone::Phone;
use fieldseal_tests::pictures::{self, CameraNotes};
use fieldseal_tests::world::word;
use fieldseal_tests::{TestServer, World};
use mobile_ffi::EvidenceInput;
use sync_core::limits::{MEDIA_ATTEMPTS_MAX, MEDIA_LEASE_MS, MEDIA_RETRY_MS};
use sync_core::model::{Digest, DocumentId, MediaFact, MediaOutcome};

/// A photograph of the place, listed and synced.
fn lists(phone: &mut Phone, visit: DocumentId, mime: &str, bytes: &[u8]) -> Digest {
    let input = EvidenceInput {
        kind: "place".to_owned(),
        medium: "photo".to_owned(),
        sample_id: None,
        mime: mime.to_owned(),
        bytes: bytes.to_owned(),
    };
    let added = phone.client.add_evidence(visit, input).unwrap();
    phone.syncs();
    added.sha256
}

/// The bytes lie in the store.
fn stores(server: &TestServer, sha256: Digest, bytes: &[u8]) {
    let name = ObjectName::original(sha256);
    let put = server.app.objects.put_new(&name, bytes.to_vec().into());
    server.runtime.block_on(put).unwrap();
}

/// They are verified for the visit.
fn brings(w: &World, phone: &Phone, visit: DocumentId, sha256: Digest, bytes: &[u8]) {
    w.brings(phone, visit, sha256, i64::try_from(bytes.len()).unwrap());
}

/// Waits for the job, which rests a second between two looks.
fn waits(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{what} did not come to pass");
}

fn found(w: &World, visit: DocumentId, sha256: Digest) -> Option<Found> {
    let of_visit = w.server.runtime.block_on(async {
        let mut db = w.server.app.store.read().await.unwrap();
        media::list_of_document(&mut db, visit).await.unwrap()
    });
    let mut of_visit = of_visit.into_iter();
    match of_visit.find(|(of, _)| *of == sha256)?.1 {
        Examined::Waiting => None,
        Examined::Found(found) => Some(found),
    }
}

fn examined(w: &World, visit: DocumentId, sha256: Digest) -> Found {
    waits("an examination", || found(w, visit, sha256).is_some());
    found(w, visit, sha256).unwrap()
}

/// What MEDIA and REUSE say of a visit: the keys of their messages.
fn said(w: &World, visit: DocumentId) -> BTreeSet<String> {
    let rulings = w.rulings(visit).into_iter();
    let findings = rulings.flat_map(|ruling| ruling["findings"].as_array().cloned().unwrap());
    let messages = findings.map(|finding| word(&finding["message"]));
    messages
        .filter(|message| message.starts_with("MEDIA.") || message.starts_with("REUSE."))
        .collect()
}

fn says(w: &World, visit: DocumentId, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|key| (*key).to_owned()).collect();
    waits("a ruling", || said(w, visit) == expected);
}

fn run(server: &TestServer, sql: &'static str) {
    let name = "of a test";
    server.runtime.block_on(async {
        let mut tx = server.app.store.begin().await.unwrap();
        tx.exec(&Statement { name, sql }, args![]).await.unwrap();
        tx.commit().await.unwrap();
    });
}

fn read(w: &World, name: &ObjectName) -> Vec<u8> {
    let objects = &w.server.app.objects;
    w.server.runtime.block_on(async {
        let size = objects.size(name).await.unwrap().unwrap();
        objects.read(name, 0..size).await.unwrap().to_vec()
    })
}

#[test]
fn a_photo_in_order_has_its_renditions_and_no_finding_and_stays_as_it_is() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let bytes = pictures::jpeg(&pictures::scene(1_200, 900, 1), 85);
    let sha256 = lists(&mut a, visit, "image/jpeg", &bytes);
    stores(&w.server, sha256, &bytes);
    brings(&w, &a, visit, sha256, &bytes);
    let found = examined(&w, visit, sha256);
    assert_eq!(
        (found.screen_px, found.no_preview),
        (Some((1_200, 900)), None)
    );
    says(&w, visit, &[]);
    for name in [THUMBNAIL, SCREEN] {
        let rendition = read(&w, &ObjectName::rendition(sha256, name));
        assert!(rendition.starts_with(b"\xff\xd8\xff") && rendition != bytes);
    }
    assert_eq!(read(&w, &ObjectName::original(sha256)), bytes);
    let shown = w.get(&format!("/v1/visits/{visit}/evidence"));
    let mut items = shown["items"].as_array().unwrap().iter();
    let item = items.find(|item| item["sha256"] == sha256.to_string());
    let media = &item.unwrap()["media"];
    assert_eq!(media["preview"], "made");
    assert_eq!(media["media_type"], "image/jpeg");
    assert_eq!(
        (&media["width_px"], &media["height_px"]),
        (&1_200.into(), &900.into())
    );
}

#[test]
fn what_contradicts_the_manifest_is_found_and_rules_nothing_out() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let notes = CameraNotes {
        taken: Some("2019:05:05 12:00:00".into()),
        ..CameraNotes::default()
    };
    let plain = pictures::jpeg(&pictures::scene(640, 480, 1), 85);
    let old = pictures::jpeg_with(&plain, &notes);
    let cut = &plain[..plain.len() / 2];
    for (mime, bytes) in [("image/png", old.as_slice()), ("image/jpeg", cut)] {
        let sha256 = lists(&mut a, visit, mime, bytes);
        stores(&w.server, sha256, bytes);
        brings(&w, &a, visit, sha256, bytes);
    }
    says(&w, visit, &["MEDIA.odd", "MEDIA.time", "MEDIA.type"]);
}

#[test]
fn a_picture_under_two_visits_is_told_under_both_whoever_came_first() {
    let w = World::shanxi();
    let (mut a, mut c) = (w.phone("王"), w.phone("李"));
    let (first, second) = (a.enters("铸造"), c.enters("铸造"));
    let scene = pictures::scene(800, 600, 1);
    let bytes = pictures::jpeg(&scene, 90);
    let again = pictures::jpeg(&scene, 50);
    let sha256 = lists(&mut a, first, "image/jpeg", &bytes);
    stores(&w.server, sha256, &bytes);
    brings(&w, &a, first, sha256, &bytes);
    examined(&w, first, sha256);
    says(&w, first, &[]);

    // Another picture, and one that nobody brought, say nothing.
    let other = pictures::jpeg(&pictures::scene(800, 600, 2), 90);
    let of_other = lists(&mut c, second, "image/jpeg", &other);
    stores(&w.server, of_other, &other);
    brings(&w, &c, second, of_other, &other);
    let named = lists(&mut c, second, "image/jpeg", &bytes);
    assert_eq!(named, sha256);
    examined(&w, second, of_other);
    says(&w, first, &[]);
    says(&w, second, &[]);

    // Compressed anew: nearly the same. Both hear of it.
    let near = lists(&mut c, second, "image/jpeg", &again);
    stores(&w.server, near, &again);
    brings(&w, &c, second, near, &again);
    says(&w, second, &["REUSE.near"]);
    says(&w, first, &["REUSE.near"]);

    // The same bytes, brought after they were examined.
    brings(&w, &c, second, sha256, &bytes);
    says(&w, second, &["REUSE.near", "REUSE.same"]);
    says(&w, first, &["REUSE.near", "REUSE.same"]);
}

#[test]
fn what_a_process_left_behind_is_taken_over_when_its_lease_ends() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let bytes = pictures::jpeg(&pictures::scene(320, 240, 1), 85);
    let sha256 = lists(&mut a, visit, "image/jpeg", &bytes);
    // Nothing lies in the store yet, so the attempts come to nothing.
    brings(&w, &a, visit, sha256, &bytes);
    waits("an attempt", || {
        let begun = w
            .server
            .reads("SELECT sha256 FROM media WHERE attempts > 0 AND lease IS NULL");
        begun.len() == 1
    });
    run(
        &w.server,
        "UPDATE media SET lease = 'of one that was killed', due_at = due_at + 30000",
    );
    stores(&w.server, sha256, &bytes);
    w.server
        .clock
        .advance_ms(MEDIA_LEASE_MS + MEDIA_RETRY_MS + 1);
    assert_eq!(examined(&w, visit, sha256).no_preview, None);
}

#[test]
fn what_cannot_be_examined_is_given_up_by_name_after_so_many_attempts() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sha256 = lists(&mut a, visit, "image/jpeg", b"lost");
    brings(&w, &a, visit, sha256, b"lost");
    for attempt in 1..=MEDIA_ATTEMPTS_MAX {
        waits("an attempt", || {
            let rows = w
                .server
                .reads("SELECT attempts FROM media WHERE lease IS NULL");
            rows.iter()
                .any(|row| row.get::<i64>("attempts").unwrap() == attempt)
        });
        assert_eq!(found(&w, visit, sha256), None);
        w.server.clock.advance_ms(MEDIA_RETRY_MS + 1);
    }
    let given_up = examined(&w, visit, sha256);
    assert_eq!(given_up.no_preview, Some(MediaOutcome::NotExamined));
    says(&w, visit, &[]);
}

#[test]
fn every_picture_that_is_near_is_found_by_its_pieces() {
    let server = TestServer::start();
    let seed = 0x91c7_u64;
    println!("seed {seed:#x}");
    let mut state = seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let own = Hashes {
        phash: next(),
        dhash: next(),
    };
    let turned = |hash: u64, bits: u32, next: &mut dyn FnMut() -> u64| {
        (0..bits).fold(hash, |hash, _| hash ^ (1 << (next() % 64)))
    };
    let all: Vec<(Digest, Hashes)> = (0..400_u32)
        .map(|number| {
            let mut name = [0; 32];
            name[..4].copy_from_slice(&number.to_be_bytes());
            let hashes = match number % 2 {
                0 => Hashes {
                    phash: turned(own.phash, number % 11, &mut next),
                    dhash: turned(own.dhash, number % 9, &mut next),
                },
                _ => Hashes {
                    phash: next(),
                    dhash: next(),
                },
            };
            (Digest(name), hashes)
        })
        .collect();
    let nothing = Found {
        fact: MediaFact::default(),
        device: None,
        size_px: None,
        screen_px: None,
        no_preview: None,
    };
    let app = &server.app;
    let like = server.runtime.block_on(async {
        let mut tx = app.store.begin().await.unwrap();
        for (name, hashes) in &all {
            evidence::insert_blob(&mut tx, *name, 1, 0).await.unwrap();
            media::insert(&mut tx, *name, 0).await.unwrap();
            assert!(
                media::take(&mut tx, *name, "of a test", 1, 1)
                    .await
                    .unwrap()
            );
            let of = (*name, "of a test");
            let fingerprint = Some(*hashes);
            assert!(
                media::finish(&mut tx, of, End::Examined, &nothing, fingerprint, 1)
                    .await
                    .unwrap()
            );
            media::insert_like(&mut tx, *name, *hashes, &[])
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let mut db = app.store.read().await.unwrap();
        media::list_like(&mut db, Digest([0xff; 32]), own)
            .await
            .unwrap()
    });
    let told: BTreeSet<Digest> = like.iter().map(|known| known.other).collect();
    let near = all.iter().filter(|(_, hashes)| {
        let (phash, dhash) = distance(own, *hashes);
        phash <= media::PHASH_BITS_MAX && dhash <= media::DHASH_BITS_MAX
    });
    let near: BTreeSet<Digest> = near.map(|(name, _)| *name).collect();
    assert!(near.len() > 50, "{}", near.len());
    assert_eq!(told, near);
}

/// So many photographs, listed and not brought yet.
fn photos(phone: &mut Phone, visit: DocumentId, count: u64) -> Vec<(Digest, Vec<u8>)> {
    let photo = |seed| pictures::jpeg(&pictures::scene(320, 240, seed), 85);
    let photos: Vec<_> = (1..=count).map(photo).collect();
    let named = photos.into_iter();
    named
        .map(|bytes| (lists(phone, visit, "image/jpeg", &bytes), bytes))
        .collect()
}

#[test]
fn two_that_examine_at_once_do_each_original_once_and_find_the_same() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let all = photos(&mut a, visit, 6);
    // The job once more, as in a second process: nothing but the database is between the two.
    let beside = fieldseal_server::services::media::run(w.server.app.clone());
    let beside = w.server.runtime.spawn(beside);
    for (sha256, bytes) in &all {
        stores(&w.server, *sha256, bytes);
        brings(&w, &a, visit, *sha256, bytes);
    }
    for (sha256, _) in &all {
        let found = examined(&w, visit, *sha256);
        assert_eq!(
            (found.screen_px, found.no_preview),
            (Some((320, 240)), None)
        );
    }
    beside.abort();
    let rows = w.server.reads("SELECT attempts, state FROM media");
    assert_eq!(rows.len(), all.len());
    for row in rows {
        assert_eq!(row.get::<i64>("attempts").unwrap(), 1);
        assert_eq!(row.get::<String>("state").unwrap(), "examined");
    }
    says(&w, visit, &[]);
}

#[test]
fn what_waited_when_a_server_ended_is_examined_by_the_next_one() {
    let mut w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let all = photos(&mut a, visit, 3);
    // Not in the store, so all that is begun comes to nothing, and waits.
    for (sha256, bytes) in &all {
        brings(&w, &a, visit, *sha256, bytes);
    }
    w.server.stop();
    let next = w.server.start_again(None);
    let _ended = std::mem::replace(&mut w.server, next);
    w.forgets_tokens();
    for (sha256, bytes) in &all {
        stores(&w.server, *sha256, bytes);
    }
    w.server
        .clock
        .advance_ms(MEDIA_LEASE_MS + MEDIA_RETRY_MS + 1);
    for (sha256, _) in &all {
        assert_eq!(examined(&w, visit, *sha256).no_preview, None);
    }
}
