//! Several phones and one file; what people call it; and the words in which a visit says how far its evidence is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::objects::{EVIDENCE, RENDITIONS, UPLOADS};
use fieldseal_tests::World;
use fieldseal_tests::tus::{Piece, Tus, film, patch_headers};
use serde_json::{Value, json};

use super::{Scene, objects};

/// What the server says of a visit's evidence.
fn told(w: &World, piece: &Piece) -> Value {
    w.get(&format!("/v1/visits/{}/evidence", piece.document_id))
}

fn item(told: &Value, piece: &Piece) -> Value {
    let mut items = told["items"].as_array().unwrap().iter();
    let found = items.find(|item| item["evidence_id"] == json!(piece.evidence_id));
    found.unwrap().clone()
}

/// Sends a file in parts, going on from where the server stands after each refusal.
fn goes_up(tus: &Tus, place: &str, bytes: &[u8], part: usize) {
    loop {
        let offset = tus.offset(place);
        if offset == bytes.len() {
            return;
        }
        let until = (offset + part).min(bytes.len());
        tus.patches(place, offset, &bytes[offset..until]);
    }
}

#[test]
fn two_phones_that_bring_one_file_at_once_make_one_original_and_one_proof() {
    let s = Scene::new(6_000_000);
    let others: Vec<Tus> = (80..84)
        .zip(["王", "赵", "王", "赵"])
        .map(|(number, who)| Tus::of(&s.w, who, number))
        .collect();
    let places: Vec<String> = std::thread::scope(|threads| {
        let running: Vec<_> = others
            .iter()
            .map(|tus| {
                let s = &s;
                threads.spawn(move || {
                    let place = tus.creates(&s.piece);
                    goes_up(tus, &place, &s.bytes, 700_000);
                    place
                })
            })
            .collect();
        running.into_iter().map(|it| it.join().unwrap()).collect()
    });
    for (tus, place) in others.iter().zip(&places) {
        assert_eq!(tus.waits_past(place, "checking"), "verified");
    }
    s.assert_whole();
    s.waits_for_parts(0);
    let noted = || {
        let mut rows = s.w.server.rows();
        let tables = ["blobs", "evidence_proofs", "evidence_receipts"];
        tables.map(|table| rows.remove(table).unwrap())
    };
    let once = noted();
    assert!(once.iter().all(|rows| rows.len() == 1), "{once:?}");
    // All of it sent again changes nothing: each upload stands at its end.
    for (tus, place) in others.iter().zip(&places) {
        let reply = tus.patches(place, 0, &s.bytes);
        reply.expect_problem(409, "upload_offset_conflict");
        assert_eq!(tus.offset(place), s.bytes.len());
        assert_eq!(tus.state(place), "verified");
    }
    assert_eq!(noted(), once);
    s.assert_whole();
}

#[test]
fn one_file_under_two_visits_lies_once_and_counts_for_whoever_brought_it() {
    let s = Scene::new(300_000);
    let mut other = s.w.phone("李");
    other.enters("铸造");
    let theirs = Piece::listed(&other, &s.bytes);
    other.syncs();
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    assert_eq!(item(&told(&s.w, &theirs), &theirs)["state"], "expected");
    let tus = Tus::of(&s.w, "李", 90);
    // Nor may a device of the one bring it for the other.
    tus.asks_to_create(&s.piece)
        .expect_problem(409, "evidence_unlisted");
    let place = tus.creates(&theirs);
    tus.patches(&place, 0, &s.bytes).expect(204);
    assert_eq!(tus.waits_past(&place, "checking"), "verified");
    assert_eq!(item(&told(&s.w, &theirs), &theirs)["state"], "verified");
    s.assert_whole();
}

#[test]
fn a_name_that_is_a_path_or_a_header_is_a_word_and_names_nothing() {
    let s = Scene::new(2_000);
    let names = [
        "../../../../etc/passwd",
        "..\\..\\windows\\system32\\x.exe",
        "/etc/cron.d/x",
        "x\r\nSet-Cookie: a=b",
        "a\0b",
        "\"; filename=\"y.html",
        "现场 照片.mp4",
        "",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let bytes = film(100 + number as u64, 2_000);
        let piece = Piece::listed(&s.phone, &bytes);
        s.phone.syncs();
        let metadata = piece.metadata();
        let (_, rest) = metadata.split_once(',').unwrap();
        let metadata = format!("filename {},{rest}", STANDARD.encode(name));
        let headers = [
            ("Upload-Length", "2000"),
            ("Upload-Metadata", metadata.as_str()),
        ];
        let reply = s.tus.call("POST", "/v1/uploads", &headers, b"").expect(201);
        let place = reply.header("location").unwrap();
        let id = place.strip_prefix("/v1/uploads/").unwrap();
        assert!(id.chars().all(|it| it.is_ascii_hexdigit() || it == '-'));
        s.tus.patches(place, 0, &bytes[..1_000]).expect(204);
        // Base64 as it came, so nothing of it is a header of its own.
        let head = s.tus.call("HEAD", place, &[], b"").expect(200);
        assert_eq!(head.header("upload-metadata"), Some(metadata.as_str()));
        assert!(head.header("set-cookie").is_none());
        s.tus.patches(place, 1_000, &bytes[1_000..]).expect(204);
        assert_eq!(s.tus.waits_past(place, "checking"), "verified");
        let content = format!(
            "/v1/visits/{}/evidence/{}/content",
            piece.document_id, piece.evidence_id
        );
        let read = s.tus.call("GET", &content, &[], b"").expect(200);
        assert!(read.body == bytes);
        let saved = format!("attachment; filename=\"{}.bin\"", piece.evidence_id);
        assert_eq!(read.header("content-disposition"), Some(saved.as_str()));
    }
    s.waits_for_parts(0);
    for (folder, wanted) in [(EVIDENCE, names.len()), (UPLOADS, 0), (RENDITIONS, 0)] {
        let found = objects(&s.w.server, folder);
        assert_eq!(found.len(), wanted, "{found:?}");
        assert!(found.iter().all(|it| !it.contains("..") && it.is_ascii()));
    }
    let beside = s.w.server.folder().join("objects").read_dir().unwrap();
    let beside: Vec<_> = beside.map(|it| it.unwrap().file_name()).collect();
    assert!(
        beside
            .iter()
            .all(|it| ["uploads", "evidence"].contains(&&*it.to_string_lossy())),
        "{beside:?}"
    );
}

#[test]
fn a_manifest_that_lies_about_a_length_gets_no_more_and_no_less_than_it_names() {
    let s = Scene::new(1_000);
    let lists = |of: &[u8], length: usize| {
        let mut piece = Piece::listed(&s.phone, of);
        piece.size = length;
        piece
    };
    // Shorter than the file: there is no room for the rest, and what fits is not the file.
    let place = s.tus.creates(&s.piece);
    let long = [&film(7, 1_000)[..], b"and more"].concat();
    s.tus
        .patches(&place, 0, &long)
        .expect_problem(413, "upload_too_long");
    assert_eq!(s.tus.offset(&place), 0);
    let mut headers = patch_headers("0").to_vec();
    headers.push(("Content-Length", "1008"));
    let mut socket = s.tus.open("PATCH", &place, &headers).unwrap();
    fieldseal_tests::tus::answer(&mut socket)
        .unwrap()
        .expect_problem(413, "upload_too_long");
    // Longer than the file: it waits for bytes that never come, and says so.
    s.tus.patches(&place, 0, &s.bytes[..999]).expect(204);
    let now = item(&told(&s.w, &s.piece), &s.piece);
    assert_eq!(
        (&now["state"], &now["sent_bytes"]),
        (&json!("uploading"), &json!(999))
    );
    // And a client that declares another length than the manifest is refused, both ways.
    for wrong in [999, 1_001] {
        let piece = lists(&s.bytes, wrong);
        s.tus
            .asks_to_create(&Piece {
                evidence_id: s.piece.evidence_id.clone(),
                ..piece
            })
            .expect_problem(409, "evidence_differs");
    }
}

#[test]
fn a_visit_says_of_each_piece_where_it_is_while_all_of_them_come() {
    let mut s = Scene::new(1_000);
    let mut pieces = vec![(s.piece.clone(), s.bytes.clone())];
    for number in 1..5 {
        let bytes = film(200 + number, 1_000);
        pieces.push((Piece::listed(&s.phone, &bytes), bytes));
    }
    s.phone.syncs();
    let says = |zh: &str, en: &str| {
        let told = told(&s.w, &s.piece);
        assert_eq!(
            (&told["evidence"]["zh"], &told["evidence"]["en"]),
            (&json!(zh), &json!(en))
        );
        // The list and the dossier use the same words.
        let visit = s.w.dossier(s.piece.document_id);
        assert_eq!(visit["visit"]["evidence"], told["evidence"]);
        let of = |state: &str| {
            let items = told["items"].as_array().unwrap().iter();
            items.filter(|item| item["state"] == state).count() as i64
        };
        for state in ["expected", "uploading", "checking", "verified", "mismatch"] {
            assert_eq!(told["evidence"][state], of(state), "{state}");
        }
        told
    };
    // Two of the arrival, and five of ours.
    says(
        "共 7 件影像，已核对 0 件，未到 7 件",
        "0 of 7 verified, 7 expected",
    );
    let brings = |(piece, bytes): &(Piece, Vec<u8>)| {
        let place = s.tus.creates(piece);
        s.tus.patches(&place, 0, bytes).expect(204);
        place
    };
    for piece in &pieces[..2] {
        let place = brings(piece);
        assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    }
    // Begun and empty is not on its way; one byte is.
    let place = s.tus.creates(&pieces[2].0);
    says(
        "共 7 件影像，已核对 2 件，未到 5 件",
        "2 of 7 verified, 5 expected",
    );
    s.tus.patches(&place, 0, &pieces[2].1[..1]).expect(204);
    s.tus.patches(&place, 1, &pieces[2].1[1..600]).expect(204);
    let other = (pieces[3].0.clone(), film(3, 1_000));
    let aside = brings(&other);
    assert_eq!(s.tus.waits_past(&aside, "checking"), "mismatch");
    // Nothing can be written where originals lie, so the next one stays to be checked.
    let evidence = s.w.server.folder().join("objects/evidence");
    let away = s.w.server.folder().join("objects/evidence.away");
    std::fs::rename(&evidence, &away).unwrap();
    std::fs::write(&evidence, "a file where the folder was").unwrap();
    let waiting = brings(&pieces[4]);
    let told_now = says(
        "共 7 件影像，已核对 2 件，核对中 1 件，上传中 1 件，未到 2 件，不符 1 件",
        "2 of 7 verified, 1 being checked, 1 uploading, 2 expected, 1 kept aside",
    );
    assert_eq!(told_now["evidence"]["complete"], false);
    let piece = |number: usize| item(&told_now, &pieces[number].0);
    assert_eq!(piece(2)["sent_bytes"], 600);
    assert_eq!(piece(3)["code"], "upload_mismatch");
    assert_eq!(piece(4)["state"], "checking");
    for (number, has) in [(0, true), (1, true), (2, false), (3, false), (4, false)] {
        assert_eq!(piece(number)["receipt"].is_object(), has, "{number}");
        assert_eq!(piece(number)["verified_at"].is_string(), has, "{number}");
    }
    let metrics =
        s.w.server
            .call("GET", "/metrics", None, Value::Null)
            .expect(200);
    for (state, count) in [("uploading", 1), ("checking", 1), ("mismatch", 1)] {
        let line = format!("fieldseal_uploads{{state=\"{state}\"}} {count}\n");
        assert!(
            metrics.raw.contains(&line),
            "{line} is not in {}",
            metrics.raw
        );
    }
    assert!(metrics.raw.contains("fieldseal_media_waiting "));
    // There is room again: it goes on by itself.
    std::fs::remove_file(&evidence).unwrap();
    std::fs::rename(&away, &evidence).unwrap();
    assert_eq!(s.tus.waits_past(&waiting, "checking"), "verified");
    // What was asked for again comes, in part.
    let again = s.tus.creates(&pieces[3].0);
    s.tus.patches(&again, 0, &pieces[3].1[..10]).expect(204);
    says(
        "共 7 件影像，已核对 3 件，上传中 2 件，未到 2 件",
        "3 of 7 verified, 2 uploading, 2 expected",
    );
    // Given up, it is as if none of it had come but what was aside.
    s.tus.call("DELETE", &again, &[], b"").expect(204);
    says(
        "共 7 件影像，已核对 3 件，上传中 1 件，未到 2 件，不符 1 件",
        "3 of 7 verified, 1 uploading, 2 expected, 1 kept aside",
    );
    s.w.server
        .clock
        .advance_ms(sync_core::limits::UPLOAD_UNFINISHED_MS + 1);
    s.w.forgets_tokens();
    s.tus.token = s.device.refresh_access(&s.w.server);
    says(
        "共 7 件影像，已核对 3 件，未到 3 件，不符 1 件",
        "3 of 7 verified, 3 expected, 1 kept aside",
    );
}
