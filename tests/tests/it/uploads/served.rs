//! What comes up is examined, and then read: as what, by whom, and beside which other picture.

use fieldseal_tests::phone::Phone;
use fieldseal_tests::pictures;
use fieldseal_tests::tus::{Piece, Reply, Tus, sha256};
use fieldseal_tests::world::word;
use fieldseal_tests::{Answer, World};
use mobile_ffi::EvidenceInput;
use serde_json::{Value, json};

use super::PATIENCE;

/// A photograph as its manifest claims, whatever the bytes are; synced.
fn lists(phone: &mut Phone, bytes: &[u8]) -> Piece {
    let input = EvidenceInput {
        kind: "place".to_owned(),
        medium: "photo".to_owned(),
        sample_id: None,
        mime: "image/jpeg".to_owned(),
        bytes: bytes.to_vec(),
    };
    let document_id = phone.visit();
    let added = phone.client.add_evidence(document_id, input).unwrap();
    phone.syncs();
    Piece {
        document_id,
        evidence_id: added.evidence_id,
        sha256: sha256(bytes),
        size: bytes.len(),
    }
}

fn path(piece: &Piece, what: &str) -> String {
    let (visit, id) = (piece.document_id, &piece.evidence_id);
    format!("/v1/visits/{visit}/evidence/{id}/{what}")
}

/// It comes up, and was examined.
fn comes(w: &World, tus: &Tus, piece: &Piece, bytes: &[u8]) -> Value {
    let place = tus.creates(piece);
    tus.patches(&place, 0, bytes).expect(204);
    assert_eq!(tus.waits_past(&place, "checking"), "verified");
    let begun = std::time::Instant::now();
    loop {
        let told = w.get(&format!("/v1/visits/{}/evidence", piece.document_id));
        let mut items = told["items"].as_array().unwrap().iter();
        let item = items.find(|item| item["evidence_id"] == json!(piece.evidence_id));
        let media = item.unwrap()["media"].clone();
        if media["preview"] != "waiting" {
            return media;
        }
        assert!(begun.elapsed() < PATIENCE, "{media}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn content(tus: &Tus, piece: &Piece) -> Reply {
    tus.call("GET", &path(piece, "content"), &[], b"")
}

#[test]
fn whatever_comes_up_no_browser_executes_it_by_a_token_or_by_a_link() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    phone.enters("铸造");
    let tus = Tus::of(&w, "王", 77);
    let jpeg = pictures::jpeg(&pictures::scene(320, 240, 1), 85);
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let html = b"<!doctype html><script>alert(1)</script>".to_vec();
    for (name, bytes, shown) in [
        ("a photo", jpeg.clone(), Some("jpg")),
        ("SVG", svg.to_vec(), None),
        (
            "SVG behind a declaration",
            [b"<?xml version=\"1.0\"?>\n", &svg[..]].concat(),
            None,
        ),
        ("HTML", html.clone(), None),
        (
            "HTML behind a mark",
            [b"\xef\xbb\xbf  ", &html[..]].concat(),
            None,
        ),
        (
            "PDF",
            b"%PDF-1.7\n1 0 obj<</JS(app.alert(1))>>".to_vec(),
            None,
        ),
        ("a script", b"#!/bin/sh\nrm -rf /\n".to_vec(), None),
        ("a photo and HTML", [&jpeg[..], &html[..]].concat(), None),
        (
            "a photo with HTML in it",
            pictures::with_segment(&jpeg, 0xfe, &html),
            None,
        ),
        (
            "a photo and an archive",
            [&jpeg[..], &pictures::empty_zip()[..]].concat(),
            None,
        ),
        ("one byte", b"<".to_vec(), None),
    ] {
        let piece = lists(&mut phone, &bytes);
        let media = comes(&w, &tus, &piece, &bytes);
        let by_token = content(&tus, &piece).expect(200);
        assert!(by_token.body == bytes, "{name}: never altered");
        let (kind, way, ends) = match shown {
            Some(ends) => ("image/jpeg", "inline", ends),
            None => ("application/octet-stream", "attachment", "bin"),
        };
        let saved = format!("{way}; filename=\"{}.{ends}\"", piece.evidence_id);
        let link = tus.call("GET", &path(&piece, "link"), &[], b"").expect(200);
        let url = link.json()["url"].as_str().unwrap().to_owned();
        let by_link = tus.call("GET", &url, &[], b"").expect(200);
        for reply in [by_token, by_link] {
            for (header, value) in [
                ("content-type", kind),
                ("content-disposition", &saved),
                ("x-content-type-options", "nosniff"),
                ("content-security-policy", "default-src 'none'; sandbox"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cache-control", "private, no-store"),
            ] {
                assert_eq!(reply.header(header), Some(value), "{name}: {media}");
            }
        }
        // What was made of it is a picture through and through.
        let made = tus.call("GET", &path(&piece, "renditions/screen"), &[], b"");
        if media["preview"] == "made" {
            let made = made.expect(200);
            assert_eq!(made.header("content-type"), Some("image/jpeg"));
            let holds = made.body.windows(6).any(|it| it == b"script");
            assert!(made.body.starts_with(b"\xff\xd8") && !holds, "{name}");
        } else {
            made.expect_problem(404, "rendition_missing");
        }
    }
}

#[test]
fn a_film_of_a_phone_is_played_in_ranges_and_a_heic_is_kept_without_a_preview() {
    let w = World::shanxi();
    let mut phone = w.phone("王");
    phone.enters("铸造");
    let tus = Tus::of(&w, "王", 77);
    let film = pictures::Film {
        created_s: 1_740_790_800,
        duration_ms: 4_000,
        place: None,
        index_last: true,
        data_bytes: 300_000,
    }
    .mp4();
    let piece = lists(&mut phone, &film);
    let media = comes(&w, &tus, &piece, &film);
    assert_eq!(
        (&media["media_type"], &media["preview"]),
        (&json!("video/mp4"), &json!("none"))
    );
    // A player asks for the beginning, then for the index at the end, then for what lies between.
    let half = film.len() / 2;
    let ranges = [
        (0, half - 1),
        (film.len() - 16, film.len() - 1),
        (half, film.len() - 17),
    ];
    let mut played = vec![0; film.len()];
    for (first, last) in ranges {
        let range = format!("bytes={first}-{last}");
        let reply = tus.call("GET", &path(&piece, "content"), &[("Range", &range)], b"");
        let reply = reply.expect(206);
        assert_eq!(reply.header("content-type"), Some("video/mp4"));
        played[first..=last].copy_from_slice(&reply.body);
    }
    assert!(played == film);
    let heic = pictures::heic();
    let piece = lists(&mut phone, &heic);
    let media = comes(&w, &tus, &piece, &heic);
    assert_eq!(media["preview"], "none");
    assert!(media["no_preview"].is_string(), "{media}");
    assert!(content(&tus, &piece).expect(200).body == heic);
}

/// What REUSE says of a visit: the visit and the piece that it names beside its own.
fn reuses(w: &World, piece: &Piece) -> Vec<(String, String)> {
    let rulings = w.rulings(piece.document_id).into_iter();
    let findings = rulings.flat_map(|ruling| ruling["findings"].as_array().cloned().unwrap());
    let told = findings.filter(|finding| word(&finding["message"]).starts_with("REUSE."));
    told.map(|finding| {
        let text = |name: &str| word(&finding["arguments"][name]);
        (text("other_document"), text("other_evidence"))
    })
    .collect()
}

#[test]
fn a_picture_that_was_taken_again_leads_from_either_visit_to_both_pictures() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    a.enters("铸造");
    b.enters("铸造");
    let scene = pictures::scene(800, 600, 5);
    let (first, second) = (pictures::jpeg(&scene, 90), pictures::jpeg(&scene, 55));
    let (of_a, of_b) = (lists(&mut a, &first), lists(&mut b, &second));
    comes(&w, &Tus::of(&w, "王", 77), &of_a, &first);
    comes(&w, &Tus::of(&w, "李", 78), &of_b, &second);
    let begun = std::time::Instant::now();
    while reuses(&w, &of_a).is_empty() || reuses(&w, &of_b).is_empty() {
        assert!(begun.elapsed() < PATIENCE, "nobody is told");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let names = |piece: &Piece| (piece.document_id.to_string(), piece.evidence_id.clone());
    assert_eq!(reuses(&w, &of_a), [names(&of_b)]);
    assert_eq!(reuses(&w, &of_b), [names(&of_a)]);
    // The authority, which judges, opens both by what the finding says.
    let opens = |(document, evidence): (String, String), what: &str| -> Answer {
        let path = format!("/v1/visits/{document}/evidence/{evidence}/{what}");
        w.call("GET", "晋城", &path, Value::Null)
    };
    for piece in [&of_a, &of_b] {
        for what in ["renditions/screen", "renditions/thumbnail", "content"] {
            opens(names(piece), what).expect(200);
            opens(reuses(&w, piece).remove(0), what).expect(200);
        }
    }
    // A team hears that there is another one, and sees no more of the other team than before.
    let path = path(&of_b, "renditions/screen");
    w.call("GET", "王", &path, Value::Null)
        .expect_problem(404, "not_found");
}
