//! Evidence on its way: from a phone's camera over lines that break to whoever looks at it, and what the phone, the server
//! and the rulings say of it meanwhile.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fieldseal_server::clock::{Clock as _, SystemClock};
use fieldseal_server::objects::EVIDENCE;
use fieldseal_tests::child::ServerProcess;
use fieldseal_tests::disk::SmallDisk;
use fieldseal_tests::pictures::{self, Footage};
use fieldseal_tests::relay::BadLine;
use fieldseal_tests::seed::dice;
use fieldseal_tests::tus::{Tus, film, sha256};
use fieldseal_tests::world::word;
use fieldseal_tests::{Fault, Phone, TestServer, World};
use futures_util::TryStreamExt as _;
use mobile_ffi::{
    CaptureInput, EvidenceAdded, EvidenceItem, EvidenceSubject, SyncOutcome, UploadProgress,
};
use rand::RngExt as _;
use serde_json::{Value, json};
use sync_core::limits::{RESERVE_BYTES, UPLOAD_PART_BYTES_MAX};
use sync_core::model::DocumentId;
use sync_core::sync::session::Patience;
use tempfile::TempDir;

const PHOTO: (&str, &str) = ("label", "image/jpeg");
const FILM: (&str, &str) = ("stock", "video/mp4");

/// A world where 王 is at the foundry.
fn at_the_foundry() -> (World, Phone, DocumentId) {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    let visit = phone.goes_to("铸造");
    let arrival = phone.arrival();
    phone.client.record_arrival(visit, arrival).unwrap();
    (w, phone, visit)
}

/// A file as a camera leaves it.
fn file(w: &World, name: &str, bytes: &[u8]) -> PathBuf {
    let at = w.folder().join(name);
    std::fs::write(&at, bytes).unwrap();
    at
}

fn captures(w: &World, phone: &Phone, what: (&str, &str), bytes: &[u8]) -> EvidenceAdded {
    let from = file(w, "camera", bytes);
    phone.captures(what, EvidenceSubject::Visit, &from)
}

/// A photograph that no other is like.
fn photograph(seed: u64) -> Vec<u8> {
    pictures::jpeg(&pictures::scene(160, 120, seed), 85)
}

fn item(phone: &Phone, visit: DocumentId, added: &EvidenceAdded) -> EvidenceItem {
    let items = phone.client.evidence(visit).unwrap();
    let found = items
        .into_iter()
        .find(|it| it.evidence_id.to_string() == added.evidence_id);
    found.unwrap()
}

/// What the server says of a visit's evidence.
fn served(w: &World, visit: DocumentId) -> Value {
    w.get(&format!("/v1/visits/{visit}/evidence"))
}

fn words(w: &World, visit: DocumentId) -> String {
    word(&served(w, visit)["evidence"]["en"])
}

/// The server's word for the state of the only piece of a visit.
fn state(w: &World, visit: DocumentId) -> String {
    word(&served(w, visit)["items"][0]["state"])
}

fn waits(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what} did not come to pass");
}

/// An app that hears of progress; the story's time goes on between two words of it.
fn in_time(w: &World, told: impl Fn(UploadProgress)) -> impl Fn(UploadProgress) {
    move |at| {
        w.server.clock.advance_ms(1_000);
        told(at);
    }
}

fn originals(server: &TestServer) -> Vec<String> {
    let listed = server.app.objects.list(EVIDENCE).try_collect::<Vec<_>>();
    let listed = server.runtime.block_on(listed).unwrap();
    listed.into_iter().map(|it| it.name.to_string()).collect()
}

/// Sends until all of it is there, however often the line breaks; how many bytes of files were put on the way.
fn sends_over(phone: &Phone) -> i64 {
    let mut sent = 0;
    for _ in 0..2_000 {
        let report = phone.client.upload().unwrap();
        sent += report.bytes;
        match report.outcome {
            SyncOutcome::Complete => return sent,
            SyncOutcome::Offline | SyncOutcome::Busy => {
                // A server that was just killed is started by somebody else meanwhile.
                std::thread::sleep(Duration::from_millis(5));
            }
            _ => panic!("{report:?}"),
        }
    }
    panic!("it does not get through");
}

/// Reads a film as players do: a range here, a range there.
struct Player {
    client: Tus,
    path: String,
}

impl Player {
    fn range(&self, from: usize, length: usize) -> Vec<u8> {
        let range = format!("bytes={from}-{}", from + length - 1);
        let reply = self
            .client
            .call("GET", &self.path, &[("Range", &range)], b"")
            .expect(206);
        assert_eq!(reply.header("content-type"), Some("video/mp4"));
        assert_eq!(reply.body.len(), length);
        reply.body
    }

    /// The index, wherever it is, and the place of every frame by it.
    fn frames(&self, whole: usize) -> Vec<(usize, usize)> {
        let mut at = 0;
        let index = loop {
            assert!(at < whole, "no index");
            let head = self.range(at, 8);
            let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
            if &head[4..] == b"moov" {
                break self.range(at, length);
            }
            at += length;
        };
        let table = |kind: &[u8; 4], skipped: usize| {
            let place = index.windows(4).position(|it| it == kind).unwrap() + 8 + skipped;
            let number =
                |at: usize| u32::from_be_bytes(index[at..at + 4].try_into().unwrap()) as usize;
            (1..=number(place))
                .map(|it| number(place + 4 * it))
                .collect::<Vec<_>>()
        };
        let (places, sizes) = (table(b"stco", 0), table(b"stsz", 4));
        assert_eq!(places.len(), sizes.len());
        places.into_iter().zip(sizes).collect()
    }
}

fn a_film_is_played(index_last: bool) {
    let (w, a, visit) = at_the_foundry();
    let footage = Footage {
        created_s: w.now() / 1_000,
        frames: pictures::moving(30, 7),
        index_last,
    };
    let bytes = footage.mp4();
    assert!(bytes.len() > 1_000_000, "{} bytes", bytes.len());
    let added = captures(&w, &a, FILM, &bytes);
    assert_eq!(added.sha256.to_string(), sha256(&bytes));
    a.syncs();
    let line = BadLine::begin(w.server.address, dice().random(), 20_000..400_000).unwrap();
    a.network.redirect(&format!("http://{}", line.address));
    let sent = sends_over(&a);
    let cuts = line.cuts();
    assert!(cuts > 2, "{cuts} cuts");
    let bound = bytes.len() + cuts * UPLOAD_PART_BYTES_MAX as usize;
    println!("{sent} bytes for {}, {cuts} cuts", bytes.len());
    assert!(sent as usize <= bound, "{sent} bytes, {bound} are allowed");
    a.network.redirect(&w.server.url(""));
    a.waits_for_receipts(visit);
    assert_eq!(words(&w, visit), "1 of 1 verified");

    waits("an examination", || {
        served(&w, visit)["items"][0]["media"]["media_type"] == "video/mp4"
    });
    let media = &served(&w, visit)["items"][0]["media"];
    assert_eq!(media["duration_ms"], 30 * 40, "{media}");
    let player = Player {
        client: Tus::new(w.server.address, &w.token("晋城")),
        path: format!("/v1/visits/{visit}/evidence/{}/content", added.evidence_id),
    };
    let frames = player.frames(bytes.len());
    assert_eq!(frames.len(), footage.frames.len());
    // To the end, back to the beginning, and somewhere in the middle.
    for number in [29, 0, 17] {
        let (place, size) = frames[number];
        let frame = player.range(place, size);
        assert!(frame == footage.frames[number], "frame {number}");
        let shown = image::load_from_memory(&frame).unwrap();
        assert_eq!((shown.width(), shown.height()), (320, 240));
    }
}

#[test]
fn a_film_goes_from_a_camera_over_a_line_that_breaks_to_whoever_plays_it() {
    a_film_is_played(false);
}

#[test]
fn a_film_whose_index_comes_last_is_played_too() {
    a_film_is_played(true);
}

#[test]
fn two_phones_of_a_team_that_send_one_file_at_once_bring_it_for_both() {
    let (w, a, visit) = at_the_foundry();
    let mut b = w.phone("赵");
    assert_eq!(b.goes_to("铸造"), visit);
    let bytes = film(3, 1_500_000);
    for phone in [&a, &b] {
        captures(&w, phone, FILM, &bytes);
        phone.syncs();
    }
    std::thread::scope(|threads| {
        for phone in [&a, &b] {
            threads.spawn(|| {
                let report = phone.uploads();
                assert_eq!(
                    (report.outcome, report.files),
                    (SyncOutcome::Complete, 1),
                    "{report:?}"
                );
            });
        }
    });
    for phone in [&a, &b] {
        phone.waits_for_receipts(visit);
        let told = phone.client.evidence_summary(visit).unwrap();
        assert_eq!(told.en, "2 of 2 verified");
    }
    assert_eq!(originals(&w.server).len(), 1, "one copy for one hash");
    // Each lets its own copy go, and only when room is wanted.
    for phone in [&a, &b] {
        assert_eq!(phone.client.free_space(0).unwrap().files, 0);
        let freed = phone.client.free_space(1).unwrap();
        assert_eq!((freed.files, freed.bytes), (1, 1_500_000));
    }
}

#[test]
fn the_second_phone_of_a_team_sends_nothing_of_what_the_first_has_brought() {
    let (w, a, visit) = at_the_foundry();
    let mut b = w.phone("赵");
    b.goes_to("铸造");
    let bytes = film(4, 300_000);
    for phone in [&a, &b] {
        captures(&w, phone, FILM, &bytes);
        phone.syncs();
    }
    a.uploads();
    a.waits_for_receipts(visit);
    let report = b.uploads();
    assert_eq!((report.files, report.bytes), (0, 0), "{report:?}");
    assert!(b.client.evidence_summary(visit).unwrap().complete);
}

#[test]
fn the_same_bytes_for_two_subjects_go_up_once_and_count_for_both() {
    let (w, a, visit) = at_the_foundry();
    let sheet = a.fills_bare("T1", json!({}));
    let photo = file(&w, "camera", &photograph(1));
    let first = a.captures(PHOTO, EvidenceSubject::Visit, &photo);
    let second = a.captures(PHOTO, EvidenceSubject::Sheet(sheet), &photo);
    assert_ne!(first.evidence_id, second.evidence_id);
    let report = a.uploads();
    assert_eq!((report.files, report.put_off), (1, 0), "{report:?}");
    assert_eq!(a.network.begun().len(), 1);
    for added in [&first, &second] {
        let told = item(&a, visit, added).state;
        assert!(["checking", "verified"].contains(&told.as_str()), "{told}");
    }
    a.waits_for_receipts(visit);
    assert_eq!(a.uploads().bytes, 0);
    assert_eq!(words(&w, visit), "2 of 2 verified");
}

#[test]
fn a_phone_killed_at_any_step_of_an_upload_goes_on_from_what_the_server_has() {
    let (w, mut a, visit) = at_the_foundry();
    let bytes = film(5, 2_000_000);
    captures(&w, &a, FILM, &bytes);
    a.syncs();
    let (mut kills, mut sent) = (0, 0);
    for step in 1.. {
        let passed = Arc::new(AtomicUsize::new(0));
        let counted = passed.clone();
        a.client.faults().set(Some(Arc::new(move |at| {
            at.ends_with("_commit") && counted.fetch_add(1, Ordering::SeqCst) == step
        })));
        match a.client.upload() {
            // In the sync that goes before.
            Ok(report) if report.outcome == SyncOutcome::StoreFailed => {}
            Ok(report) => {
                assert_eq!(report.outcome, SyncOutcome::Complete, "{report:?}");
                sent += report.bytes;
                break;
            }
            Err(error) => assert_eq!(error.code, "test.killed"),
        }
        kills += 1;
        a.restarts();
        assert!(passed.load(Ordering::SeqCst) > step);
        assert!(kills < 400, "it does not get through");
    }
    assert!(kills > 5, "{kills} kills");
    a.client.faults().set(None);
    sent += a.uploads().bytes;
    a.waits_for_receipts(visit);
    assert_eq!(words(&w, visit), "1 of 1 verified");
    assert!(
        sent <= bytes.len() as i64,
        "{sent}: nothing that arrived is sent again"
    );
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_server");

#[test]
fn a_server_that_is_killed_while_a_phone_sends_has_all_of_it_in_the_end() {
    let folder = TempDir::new().unwrap();
    let server = TestServer::start_in(folder.path());
    // A process has the machine's clock.
    server.clock.set(SystemClock.now());
    let mut w = World::with(server, &["bodies", "shanxi"]);
    let mut a = w.phone("王");
    let visit = a.goes_to("铸造");
    let bytes = film(6, 6_000_000);
    let added = captures(&w, &a, FILM, &bytes);
    a.syncs();
    w.server.stop();
    let starts = || ServerProcess::start_on(PROGRAM, folder.path(), w.server.database_url());
    let address = |it: &ServerProcess| it.url.strip_prefix("http://").unwrap().parse().unwrap();
    let first = starts();
    let line = BadLine::begin(address(&first), dice().random(), 100_000..900_000).unwrap();
    let mut process = Some(first);
    a.network.redirect(&format!("http://{}", line.address));
    let mut kills = 0;
    let sent = std::thread::scope(|threads| {
        let phone = &a;
        let sending = threads.spawn(move || sends_over(phone));
        while !sending.is_finished() {
            if kills < 4 && line.up() > (kills + 1) * bytes.len() / 6 {
                process.take().into_iter().for_each(ServerProcess::kill);
                line.redirect(address(process.insert(starts())));
                kills += 1;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        // The last of it is often through before it is counted.
        sending.join().unwrap()
    });
    let breaks = line.cuts() + kills;
    println!(
        "{sent} bytes for {}, {} cuts, {kills} kills",
        bytes.len(),
        line.cuts()
    );
    assert!(kills > 0 && line.cuts() > 0);
    let bound = bytes.len() + breaks * UPLOAD_PART_BYTES_MAX as usize;
    assert!(sent as usize <= bound, "{sent} bytes, {bound} are allowed");
    let process = process.unwrap();
    a.network.redirect(&process.url);
    a.waits_for_receipts(visit);
    assert_eq!(item(&a, visit, &added).state, "verified");
    process.kill();
    let original = folder.path().join("objects/evidence").join(sha256(&bytes));
    assert!(std::fs::read(original).unwrap() == bytes);
}

/// Captures a file whose copy on the phone is another by the time it is sent, and waits until the server has noticed.
fn kept_aside() -> (World, Phone, DocumentId, EvidenceAdded, Vec<u8>) {
    let (w, a, visit) = at_the_foundry();
    let bytes = film(8, 700_000);
    let added = captures(&w, &a, FILM, &bytes);
    let copy = a.client.original(&added.sha256).unwrap().unwrap();
    std::fs::write(&copy, film(9, 700_000)).unwrap();
    let report = a.uploads();
    assert_eq!((report.outcome, report.files), (SyncOutcome::Complete, 1));
    waits("a look at the hash", || state(&w, visit) == "mismatch");
    assert_eq!(words(&w, visit), "0 of 1 verified, 1 kept aside");
    a.syncs();
    assert_eq!(
        item(&a, visit, &added).state,
        "checking",
        "nobody told it yet"
    );
    (w, a, visit, added, bytes)
}

#[test]
fn a_phone_whose_own_copy_is_damaged_says_so_and_does_not_send_it_again() {
    let (w, a, visit, added, bytes) = kept_aside();
    let report = a.uploads();
    assert_eq!(
        (report.files, report.bytes, report.aside),
        (0, 0, 1),
        "{report:?}"
    );
    let told = item(&a, visit, &added);
    assert_eq!(
        (told.state.as_str(), told.needs_attention),
        ("mismatch", true)
    );
    assert!(told.en.contains("(evidence.damaged)") && told.zh.contains("本机文件"));
    assert_eq!(a.uploads().bytes, 0, "nor at any other time");
    // Nothing was signed for, so nothing goes.
    assert_eq!(a.client.free_space(i64::MAX).unwrap().files, 0);
    // The camera still has it: captured once more, both entries have their bytes.
    captures(&w, &a, FILM, &bytes);
    assert_eq!(a.uploads().files, 1);
    a.waits_for_receipts(visit);
    assert_eq!(words(&w, visit), "2 of 2 verified");
}

#[test]
fn a_phone_whose_copy_is_right_sends_anew_what_the_server_kept_aside() {
    let (w, a, visit, added, bytes) = kept_aside();
    let copy = a.client.original(&added.sha256).unwrap().unwrap();
    std::fs::write(&copy, &bytes).unwrap();
    let report = a.uploads();
    assert_eq!((report.files, report.bytes), (1, 700_000), "{report:?}");
    a.waits_for_receipts(visit);
    assert_eq!(words(&w, visit), "1 of 1 verified");
}

#[test]
fn an_upload_that_expired_is_begun_anew_when_the_phone_comes_back() {
    let (w, a, visit) = at_the_foundry();
    let bytes = film(10, 1_200_000);
    captures(&w, &a, FILM, &bytes);
    a.syncs();
    let paused = in_time(&w, |at| {
        if at.sent_bytes > 0 {
            a.client.stop_uploads();
        }
    });
    let first = a.client.upload_with(Patience::default(), &paused).unwrap();
    assert!((1..1_200_000).contains(&first.bytes), "{first:?}");
    assert_eq!(words(&w, visit), "0 of 1 verified, 1 uploading");
    w.minutes(9 * 24 * 60);
    a.syncs();
    let report = a.uploads();
    assert_eq!((report.files, report.bytes), (1, 1_200_000), "{report:?}");
    assert_eq!(a.network.begun().len(), 2);
    a.waits_for_receipts(visit);
}

#[test]
fn a_token_that_expires_in_mid_file_is_renewed_and_the_file_goes_on() {
    let (w, a, visit) = at_the_foundry();
    let bytes = film(11, 4_000_000);
    captures(&w, &a, FILM, &bytes);
    a.syncs();
    let renewals = || {
        let requests = a.network.requests().into_iter();
        requests.filter(|(_, path)| path == "/v1/tokens").count()
    };
    let before = renewals();
    let reached = AtomicUsize::new(0);
    let slow = in_time(&w, |at| {
        let sent = usize::try_from(at.sent_bytes).unwrap();
        if sent > reached.swap(sent, Ordering::SeqCst) {
            w.minutes(11);
        }
    });
    let report = a.client.upload_with(Patience::default(), &slow).unwrap();
    assert_eq!(
        (report.outcome, report.files),
        (SyncOutcome::Complete, 1),
        "{report:?}"
    );
    let renewals = renewals() - before;
    assert!(renewals > 2, "{renewals} renewals");
    // A part that met the expired token goes once more.
    let bound = bytes.len() + renewals * UPLOAD_PART_BYTES_MAX as usize;
    assert!(report.bytes as usize <= bound, "{report:?}");
    assert_eq!(a.network.begun().len(), 1);
    a.waits_for_receipts(visit);
}

#[test]
fn a_receipt_that_was_forged_lets_nothing_go_and_one_that_comes_twice_changes_nothing() {
    let (w, a, visit) = at_the_foundry();
    let sent = captures(&w, &a, PHOTO, &photograph(1));
    a.uploads();
    a.waits_for_receipts(visit);
    let answer = a.network.heard().into_iter().rev();
    let mut with_receipt = answer.filter(|it| it.contains("evidence_receipt"));
    let answer = with_receipt.next().unwrap();
    let kept = captures(&w, &a, PHOTO, &photograph(2));
    a.syncs();

    // Somebody on the way says the same of the other file, under the signature that was for the first.
    let forged = answer
        .replace(&sent.sha256.to_string(), &kept.sha256.to_string())
        .replace(&sent.evidence_id, &kept.evidence_id);
    assert_ne!(forged, answer);
    let json = || vec![("content-type", "application/json".to_owned())];
    for body in [forged, answer.clone(), answer] {
        a.network.next([Fault::Answered(200, json(), body)]);
        a.client.sync().unwrap();
        assert_eq!(item(&a, visit, &kept).state, "expected");
        assert_eq!(item(&a, visit, &sent).state, "verified");
    }
    // Nor does a row that somebody wrote into the phone's own store, by hand.
    let store = rusqlite::Connection::open(a.file()).unwrap();
    let copied = store.execute(
        "INSERT INTO evidence_receipts (document_id, evidence_id, sha256, size_bytes, verified_at, signed, stands)
         SELECT e.document_id, e.evidence_id, e.sha256, m.size_bytes, r.verified_at, r.signed, 1
         FROM media_entries e JOIN media m ON m.sha256 = e.sha256, evidence_receipts r WHERE e.evidence_id = ?1",
        [&kept.evidence_id],
    );
    assert_eq!(copied.unwrap(), 1);
    let freed = a.client.free_space(i64::MAX).unwrap();
    assert_eq!(freed.files, 1);
    assert!(a.client.original(&kept.sha256).unwrap().is_some());
    assert!(a.client.original(&sent.sha256).unwrap().is_none());
    assert_eq!(
        item(&a, visit, &sent).state,
        "verified",
        "it is still there, at the server"
    );
}

#[test]
fn small_and_sealed_files_go_first_and_films_last() {
    let (w, a, _) = at_the_foundry();
    let sheet = a.fills_bare("T1", json!({}));
    let of = |subject: EvidenceSubject, what: (&str, &str), bytes: Vec<u8>| {
        a.captures(what, subject, &file(&w, "camera", &bytes))
            .evidence_id
    };
    let visit = EvidenceSubject::Visit;
    let short_film = of(visit.clone(), FILM, film(20, 2_000));
    let large = of(visit.clone(), ("place", "image/jpeg"), film(21, 90_000));
    let small = of(visit.clone(), ("place", "image/jpeg"), film(22, 9_000));
    let under = EvidenceSubject::Sheet(sheet);
    let sealed = [
        of(under.clone(), ("sealing", "image/jpeg"), film(23, 80_000)),
        of(under.clone(), ("label", "image/jpeg"), film(24, 40_000)),
        of(under.clone(), ("stock", "image/jpeg"), film(25, 60_000)),
    ];
    let sealed_film = of(under, ("sealing", "video/mp4"), film(26, 1_000));
    a.seals(sheet);
    a.uploads();
    let [third, first, second] = sealed;
    assert_eq!(
        a.network.begun(),
        [first, second, third, small, large, sealed_film, short_film]
    );
}

#[test]
fn what_is_paused_and_what_is_too_large_for_a_metered_network_waits_and_says_so() {
    let (w, a, visit) = at_the_foundry();
    let small = captures(&w, &a, PHOTO, &photograph(1));
    let paused = captures(&w, &a, PHOTO, &photograph(2));
    let large = captures(&w, &a, FILM, &film(30, 1_500_000));
    a.client.pause_evidence(&paused.sha256).unwrap();
    a.client.set_network_metered(true);
    let report = a.uploads();
    assert_eq!(
        (report.outcome, report.files),
        (SyncOutcome::Complete, 1),
        "{report:?}"
    );
    assert_eq!(a.network.begun(), [small.evidence_id]);
    let why = |added: &EvidenceAdded| item(&a, visit, added).waits;
    assert_eq!(why(&paused).as_deref(), Some("paused"));
    assert_eq!(why(&large).as_deref(), Some("metered"));
    assert_eq!(
        item(&a, visit, &large).en,
        "waiting for an unmetered network"
    );

    // Its owner lets larger ones go, and then the network turns metered in the middle of it.
    a.client.resume_evidence(&paused.sha256).unwrap();
    a.client.set_network_metered(false);
    let turns = in_time(&w, |at| {
        if at.total_bytes == 1_500_000 && at.sent_bytes > 0 {
            a.client.set_network_metered(true);
        }
    });
    let report = a.client.upload_with(Patience::default(), &turns).unwrap();
    assert_eq!(report.outcome, SyncOutcome::Complete);
    let told = item(&a, visit, &large);
    assert_eq!(
        (told.state.as_str(), told.waits.as_deref()),
        ("uploading", Some("metered"))
    );
    assert!((1..1_500_000).contains(&told.sent_bytes), "{told:?}");
    a.client.set_metered_limit(2_000_000).unwrap();
    let report = a.uploads();
    assert_eq!(report.bytes, 1_500_000 - told.sent_bytes, "the rest alone");
    a.waits_for_receipts(visit);
    assert_eq!(
        a.client
            .pause_evidence(&sync_core::model::Digest([9; 32]))
            .unwrap_err()
            .code,
        "evidence.unknown"
    );
}

#[test]
fn what_is_recorded_while_a_film_goes_up_goes_before_its_next_part() {
    let (w, a, visit) = at_the_foundry();
    captures(&w, &a, FILM, &film(31, 3_000_000));
    a.syncs();
    let noted = AtomicUsize::new(0);
    let notes = in_time(&w, |at| {
        let under_way = (1..at.total_bytes).contains(&at.sent_bytes);
        if under_way && noted.fetch_add(1, Ordering::SeqCst) == 0 {
            a.suspends("去取封条");
        }
    });
    let report = a.client.upload_with(Patience::default(), &notes).unwrap();
    assert_eq!(
        (report.outcome, report.files),
        (SyncOutcome::Complete, 1),
        "{report:?}"
    );
    assert!(noted.load(Ordering::SeqCst) > 0);
    let requests = a.network.requests();
    let patches: Vec<usize> = (0..requests.len())
        .filter(|at| requests[*at].0 == "PATCH")
        .collect();
    let between = requests[patches[0]..=patches[patches.len() - 1]].iter();
    assert_eq!(
        between.filter(|(_, path)| path == "/v1/sync").count(),
        1,
        "{requests:?}"
    );
    assert_eq!(report.bytes, 3_000_000);
    let kept = w.dossier(visit)["records"]["suspensions"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(kept, 1);
}

#[test]
fn a_visit_says_the_same_of_its_evidence_on_the_phone_and_at_the_server() {
    let (w, a, visit) = at_the_foundry();
    let mut all = Vec::new();
    for number in 0..3 {
        all.push(captures(&w, &a, PHOTO, &photograph(40 + number)));
    }
    assert_eq!(
        a.client.evidence_summary(visit).unwrap().en,
        "0 of 3 verified, 3 on the phone"
    );
    a.uploads();
    a.waits_for_receipts(visit);
    let films = [0, 1].map(|number| captures(&w, &a, FILM, &film(50 + number, 900_000)));
    let pauses = in_time(&w, |at| {
        let of = |it: &&EvidenceAdded| it.evidence_id == at.evidence_id.to_string();
        if at.sent_bytes > 0
            && let Some(begun) = films.iter().find(of)
        {
            a.client.pause_evidence(&begun.sha256).unwrap();
        }
    });
    a.client.upload_with(Patience::default(), &pauses).unwrap();
    a.offline();
    for number in 0..2 {
        captures(&w, &a, PHOTO, &photograph(60 + number));
    }
    let told = a.client.evidence_summary(visit).unwrap();
    assert_eq!(told.en, "3 of 7 verified, 2 uploading, 2 on the phone");
    assert_eq!(
        told.zh,
        "共 7 件影像，已核对 3 件，上传中 2 件，在本机 2 件"
    );
    // The server has not heard of the last two; then it has, and knows that it has none of their bytes.
    assert_eq!(words(&w, visit), "3 of 5 verified, 2 uploading");
    a.online().syncs();
    assert_eq!(words(&w, visit), "3 of 7 verified, 2 uploading, 2 expected");
    let b = w.phone("赵");
    assert_eq!(
        b.client.evidence_summary(visit).unwrap().en,
        "3 of 7 verified, 4 expected"
    );
    for film in &films {
        a.client.resume_evidence(&film.sha256).unwrap();
    }
    a.uploads();
    a.waits_for_receipts(visit);
    assert_eq!(
        words(&w, visit),
        a.client.evidence_summary(visit).unwrap().en
    );
    assert_eq!(words(&w, visit), "7 of 7 verified");
}

/// What TRACE says of a sample in the rulings that a phone holds, as version and kinds.
fn trace_on(phone: &Phone, visit: DocumentId) -> (i64, Vec<String>) {
    let rulings = phone.client.rulings(visit).unwrap();
    let told = rulings
        .iter()
        .map(|it| serde_json::to_value(it).unwrap())
        .find(|it| it["validity"].is_string());
    let ruling = told.unwrap();
    let findings = ruling["findings"].as_array().unwrap().iter();
    let trace = findings.filter(|it| it["rule_id"] == "TRACE");
    let kinds = trace.map(|it| match word(&it["message"]).as_str() {
        "TRACE.awaited_video" => "video".to_owned(),
        _ => word(&it["arguments"]["kind"]),
    });
    let kinds = kinds.collect();
    (ruling["version"].as_i64().unwrap(), kinds)
}

#[test]
fn a_sample_is_ruled_anew_when_the_last_byte_of_its_trail_is_verified_and_the_phone_hears_of_it() {
    let (w, a, visit) = at_the_foundry();
    let sheet = a.fills_bare("T1", json!({}));
    let under = EvidenceSubject::Sheet(sheet);
    let mut trail = Vec::new();
    for (number, kind) in ["place", "label", "stock"].into_iter().enumerate() {
        let subject = match kind {
            "place" => EvidenceSubject::Visit,
            _ => under.clone(),
        };
        let shot = file(&w, kind, &photograph(70 + number as u64));
        trail.push(a.captures((kind, "image/jpeg"), subject, &shot));
    }
    let sealing = Footage {
        created_s: w.now() / 1_000,
        frames: pictures::moving(3, 9),
        index_last: true,
    };
    let shot = file(&w, "sealing", &sealing.mp4());
    trail.push(a.captures(("sealing", "video/mp4"), under, &shot));
    a.seals(sheet);
    a.syncs();
    a.syncs();
    let (first, kinds) = trace_on(&a, visit);
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    assert_eq!(w.validity(sheet), "valid", "who captures offline complies");
    a.client.pause_evidence(&trail[3].sha256).unwrap();
    a.uploads();
    waits("three receipts", || {
        a.syncs();
        a.client.evidence_summary(visit).unwrap().tally.verified == 3
    });
    waits("a ruling", || {
        trace_on(&a, visit).1 == ["sealing", "video"] || {
            a.syncs();
            false
        }
    });
    a.client.resume_evidence(&trail[3].sha256).unwrap();
    a.uploads();
    a.waits_for_receipts(visit);
    waits("the last ruling", || {
        trace_on(&a, visit).1.is_empty() || {
            a.syncs();
            false
        }
    });
    assert!(trace_on(&a, visit).0 > first);
    assert!(!w.rules(visit, sheet).contains(&"TRACE".to_owned()));
    assert_eq!(served(&w, visit)["evidence"]["complete"], true);
}

#[test]
fn a_full_phone_sends_what_it_has_and_makes_room_by_receipts_alone() {
    let Some(disk) = SmallDisk::mount(3 * RESERVE_BYTES) else {
        println!("nothing can be mounted here; what is let go, and when, is told above");
        return;
    };
    let w = World::shanxi();
    let mut a = w.phone_on("王", disk.path().join("phone.db"), 700);
    w.enrols(&a);
    let visit = a.goes_to("铸造");
    a.syncs();
    let shot = |number: u64| file(&w, "camera", &film(100 + number, 2_000_000));
    let tries = |number: u64| {
        let input = CaptureInput {
            file: shot(number),
            media_type: "video/mp4".to_owned(),
            kind: "stock".to_owned(),
            subject: EvidenceSubject::Visit,
            location: None,
        };
        a.client.capture(visit, &input)
    };
    let mut captured = 0;
    let refused = loop {
        match tries(captured) {
            Ok(_) => captured += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused.code, "evidence.no_space");
    assert!(captured > 2, "{captured}");
    // Somebody else takes the rest: forms and uploads go on in the room that is kept for them.
    let others = disk.fill();
    a.suspends("手机空间已满");
    let report = a.uploads();
    assert_eq!(
        (report.outcome, u64::from(report.files)),
        (SyncOutcome::Complete, captured),
        "{report:?}"
    );
    a.waits_for_receipts(visit);
    let here = || {
        a.client
            .evidence(visit)
            .unwrap()
            .iter()
            .filter(|it| it.on_phone)
            .count() as u64
    };
    assert_eq!(here(), captured, "nothing goes before room is wanted");
    std::fs::remove_file(others).unwrap();
    tries(captured).unwrap();
    assert!(here() <= captured, "the oldest made room");
    assert_eq!(a.client.evidence(visit).unwrap().len() as u64, captured + 1);
    a.uploads();
    a.waits_for_receipts(visit);
}

#[test]
fn a_file_is_its_bytes_whatever_it_is_called_and_whatever_becomes_of_it() {
    let (w, a, visit) = at_the_foundry();
    let names = [
        "..",
        "$(reboot);\n\u{202e}gpj.exe",
        "a'\"<script>alert(1)&",
        "名字 甲",
        "-rf",
    ];
    for (number, name) in names.iter().enumerate() {
        let at = match *name {
            ".." => {
                let below = w.folder().join("below");
                std::fs::create_dir_all(&below).unwrap();
                file(&w, "above", &photograph(80));
                below.join("../above")
            }
            name => file(&w, name, &photograph(80 + number as u64)),
        };
        a.captures(PHOTO, EvidenceSubject::Visit, &at);
        std::fs::remove_file(&at).unwrap();
    }
    a.uploads();
    a.waits_for_receipts(visit);
    let told = format!("{}{}", w.dossier(visit), served(&w, visit));
    for part in ["reboot", "alert(1)", "gpj", "名字 甲"] {
        assert!(!told.contains(part), "{part} is in the record");
    }
}

#[test]
fn of_a_file_that_grows_while_it_is_captured_what_was_read_is_entered() {
    let (w, a, visit) = at_the_foundry();
    let growing = file(&w, "growing", &film(90, 4_000_000));
    let ends = std::sync::atomic::AtomicBool::new(false);
    let added = std::thread::scope(|threads| {
        threads.spawn(|| {
            use std::io::Write as _;
            let mut open = std::fs::OpenOptions::new()
                .append(true)
                .open(&growing)
                .unwrap();
            for number in 0..200 {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                open.write_all(&film(number, 10_000)).unwrap();
            }
        });
        let added = a.captures(FILM, EvidenceSubject::Visit, &growing);
        ends.store(true, Ordering::SeqCst);
        added
    });
    let copy = std::fs::read(a.client.original(&added.sha256).unwrap().unwrap()).unwrap();
    assert_eq!(sha256(&copy), added.sha256.to_string());
    let told = item(&a, visit, &added);
    assert_eq!(told.size_bytes, copy.len() as i64);
    let whole = std::fs::read(&growing).unwrap();
    assert!(whole.starts_with(&copy) && copy.len() >= 4_000_000);
    a.uploads();
    a.waits_for_receipts(visit);
}

#[test]
fn clocks_that_jump_keep_no_evidence_from_going_and_no_receipt_from_counting() {
    let (w, a, visit) = at_the_foundry();
    let years = 366 * 24 * 3_600_000_i64;
    for (number, wrong) in [0, 10 * years, -10 * years, 0].into_iter().enumerate() {
        a.clock.lie_by_ms(wrong);
        captures(&w, &a, PHOTO, &photograph(110 + number as u64));
        if number == 2 {
            a.clock.reboot();
        }
        let report = a.uploads();
        assert_eq!(
            (report.outcome, report.files),
            (SyncOutcome::Complete, 1),
            "{report:?}"
        );
        a.waits_for_receipts(visit);
    }
    assert_eq!(words(&w, visit), "4 of 4 verified");
    assert_eq!(a.client.free_space(i64::MAX).unwrap().files, 4);
    let told = served(&w, visit);
    let times = told["items"].as_array().unwrap().iter();
    for captured in times.map(|it| &it["captured"]) {
        assert!(captured["claimed"]["from"].is_string(), "{captured}");
        assert!(captured["proven"]["to"].is_string(), "{captured}");
    }
}

#[test]
fn evidence_of_a_visit_that_its_author_may_not_bring_any_more_stays_on_the_phone() {
    let (w, a, visit) = at_the_foundry();
    let kept = captures(&w, &a, PHOTO, &photograph(120));
    a.syncs();
    w.revokes(&a);
    let report = a.client.upload().unwrap();
    assert_eq!(report.outcome, SyncOutcome::DeviceRevoked, "{report:?}");
    assert_eq!(a.client.free_space(i64::MAX).unwrap().files, 0);
    let told = item(&a, visit, &kept);
    assert!(told.needs_attention && told.on_phone, "{told:?}");
    assert!(told.en.contains("this phone was revoked"), "{}", told.en);
    assert!(a.client.original(&kept.sha256).unwrap().is_some());
}
