//! Sentences of the protocol, one by one.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_server::objects::{EVIDENCE, UPLOADS};
use fieldseal_tests::tus::{Piece, Reply, Tus, answer, film, patch_headers};
use std::io::Write as _;
use sync_core::limits::{
    EVIDENCE_BYTES_MAX, UPLOAD_METADATA_BYTES_MAX, UPLOADS_AT_ONCE_PER_DEVICE,
    UPLOADS_PER_ENTRY_MAX,
};

use super::Scene;

#[test]
fn who_asks_is_told_what_is_offered_without_a_token() {
    let s = Scene::new(10);
    let mut stranger = s.tus.clone();
    stranger.token = "nobody".to_owned();
    for path in [
        "/v1/uploads",
        "/v1/uploads/01900000-0000-7000-8000-000000000001",
    ] {
        for headers in [&[][..], &[("Tus-Resumable", "")]] {
            let reply = stranger.call("OPTIONS", path, headers, b"").expect(204);
            assert_eq!(reply.header("tus-resumable"), Some("1.0.0"));
            assert_eq!(reply.header("tus-version"), Some("1.0.0"));
            let extensions = "creation,creation-with-upload,expiration,checksum,termination";
            assert_eq!(reply.header("tus-extension"), Some(extensions));
            assert_eq!(
                reply.header("tus-max-size"),
                Some(EVIDENCE_BYTES_MAX.to_string().as_str())
            );
            assert_eq!(reply.header("tus-checksum-algorithm"), Some("sha1,sha256"));
        }
    }
}

#[test]
fn another_version_or_none_is_refused_and_nothing_is_done() {
    let s = Scene::new(10);
    let place = s.tus.creates(&s.piece);
    let before = s.w.server.rows();
    for version in ["0.2.2", "1.0.1", ""] {
        let speaks = ("Tus-Resumable", version);
        let length = ("Upload-Length", "10");
        for (method, path) in [
            ("POST", "/v1/uploads"),
            ("PATCH", &place),
            ("DELETE", &place),
        ] {
            let reply = s.tus.call(method, path, &[speaks, length], b"");
            let reply = reply.expect_problem(412, "tus_version_unsupported");
            assert_eq!(reply.header("tus-version"), Some("1.0.0"));
            assert_eq!(reply.header("tus-resumable"), Some("1.0.0"));
        }
        let reply = s.tus.call("HEAD", &place, &[speaks], b"").expect(412);
        assert_eq!(reply.header("tus-version"), Some("1.0.0"));
    }
    assert_eq!(s.w.server.rows(), before);
}

#[test]
fn an_upload_begins_once_and_again_after_its_first_byte() {
    let s = Scene::new(1_000);
    let reply = s.tus.asks_to_create(&s.piece).expect(201);
    assert!(reply.header("upload-expires").unwrap().ends_with(" GMT"));
    assert_eq!(reply.header("tus-resumable"), Some("1.0.0"));
    let place = reply.header("location").unwrap().to_owned();
    let rows = s.w.server.rows();
    assert_eq!(s.tus.creates(&s.piece), place, "sent again, it is the same");
    assert_eq!(s.w.server.rows(), rows);
    s.tus.patches(&place, 0, &s.bytes[..1]).expect(204);
    let other = s.tus.creates(&s.piece);
    assert_ne!(
        other, place,
        "a client that forgot the first one begins anew"
    );
    // Both may be finished, and there is one copy.
    s.tus.patches(&other, 0, &s.bytes).expect(204);
    s.tus.patches(&place, 1, &s.bytes[1..]).expect(204);
    assert_eq!(s.tus.waits_past(&other, "checking"), "verified");
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
    s.waits_for_parts(0);
}

#[test]
fn a_client_that_forgets_its_uploads_has_so_many_beginnings_and_no_more() {
    let s = Scene::new(1_000);
    let mut places = Vec::new();
    for _ in 0..UPLOADS_PER_ENTRY_MAX + 1 {
        let place = s.tus.creates(&s.piece);
        s.tus.patches(&place, 0, &s.bytes[..1]).expect(204);
        s.w.server.clock.advance_ms(1_000);
        places.push(place);
    }
    s.tus.call("HEAD", &places[0], &[], b"").expect(410);
    for place in &places[1..] {
        assert_eq!(s.tus.offset(place), 1);
    }
}

#[test]
fn a_beginning_may_bring_bytes() {
    let s = Scene::new(1_000);
    let (length, metadata) = (s.piece.size.to_string(), s.piece.metadata());
    let headers = [
        ("Upload-Length", length.as_str()),
        ("Upload-Metadata", metadata.as_str()),
        ("Content-Type", "application/offset+octet-stream"),
    ];
    let reply = s
        .tus
        .call("POST", "/v1/uploads", &headers, &s.bytes[..400])
        .expect(201);
    assert_eq!(reply.number("upload-offset"), 400);
    let place = reply.header("location").unwrap().to_owned();
    assert_eq!(s.tus.offset(&place), 400);
    s.tus.patches(&place, 400, &s.bytes[400..]).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    let whole = s
        .tus
        .call("POST", "/v1/uploads", &headers, &s.bytes)
        .expect(201);
    assert_eq!(whole.number("upload-offset"), 1_000);
    let long = [&s.bytes[..], b"x"].concat();
    let more = s.tus.call("POST", "/v1/uploads", &headers, &long);
    more.expect_problem(413, "upload_too_long");
    let text = [headers[0], headers[1], ("Content-Type", "text/plain")];
    let other = s.tus.call("POST", "/v1/uploads", &text, b"hello");
    other.expect_problem(415, "media_type_unsupported");
    s.assert_whole();
}

#[test]
fn what_is_no_beginning_is_refused_by_its_header() {
    let s = Scene::new(10);
    let metadata = s.piece.metadata();
    let ask = |headers: &[(&str, &str)]| s.tus.call("POST", "/v1/uploads", headers, b"");
    let whole = ("Upload-Metadata", metadata.as_str());
    for length in ["", "-1", "+10", "1e1", "ten", "99999999999999999999"] {
        ask(&[whole, ("Upload-Length", length)]).expect_problem(400, "header_invalid");
    }
    ask(&[whole, ("Upload-Length", "10"), ("Upload-Length", "11")])
        .expect_problem(400, "header_invalid");
    ask(&[whole, ("Upload-Defer-Length", "1")]).expect_problem(400, "header_invalid");
    let longest = (EVIDENCE_BYTES_MAX + 1).to_string();
    ask(&[whole, ("Upload-Length", &longest)]).expect_problem(413, "upload_too_long");
    ask(&[("Upload-Length", "10")]).expect_problem(400, "header_invalid");
    for (from, to) in [
        ("sha256 ", "sha512 "),
        (",", ";"),
        ("evidence_id ", "evidence_id !"),
    ] {
        let other = metadata.replace(from, to);
        ask(&[("Upload-Metadata", &other), ("Upload-Length", "10")])
            .expect_problem(400, "header_invalid");
    }
    for (more, status) in [(0, 201), (1, 400)] {
        let room = UPLOAD_METADATA_BYTES_MAX - metadata.len() - ",note ".len() + more;
        // Base64 comes in fours; a key may have any length.
        let (key, value) = ("n".repeat(4 + room % 4), "QUJD".repeat(room / 4));
        let padded = format!("{metadata},{key} {value}");
        assert_eq!(padded.len(), UPLOAD_METADATA_BYTES_MAX + more);
        ask(&[("Upload-Metadata", &padded), ("Upload-Length", "10")]).expect(status);
    }
}

#[test]
fn a_length_or_a_hash_that_the_manifest_does_not_name_is_refused() {
    let s = Scene::new(10);
    let lies = |alter: fn(&mut Piece)| {
        let mut piece = s.piece.clone();
        alter(&mut piece);
        s.tus.asks_to_create(&piece)
    };
    lies(|it| it.size = 11).expect_problem(409, "evidence_differs");
    lies(|it| it.size = 0).expect_problem(409, "evidence_differs");
    lies(|it| it.sha256 = "0a".repeat(32)).expect_problem(409, "evidence_differs");
    lies(|it| it.evidence_id = "01900000-0000-7000-8000-000000000001".to_owned())
        .expect_problem(409, "evidence_unlisted");
    // Somebody of another team and body.
    let stranger = Tus::of(&s.w, "刘", 78);
    let told = stranger.asks_to_create(&s.piece);
    told.expect_problem(409, "evidence_unlisted");
    assert!(s.w.server.rows()["uploads"].is_empty());
}

#[test]
fn bytes_go_where_the_upload_stands_and_nowhere_else() {
    let s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes[..600]).expect(204);
    for offset in [0, 599, 601, 1_000] {
        let reply = s.tus.patches(&place, offset, &s.bytes[..10]);
        let reply = reply.expect_problem(409, "upload_offset_conflict");
        assert_eq!(reply.number("upload-offset"), 600);
    }
    for kind in ["", "application/octet-stream", "text/plain"] {
        let headers = [("Content-Type", kind), ("Upload-Offset", "600")];
        let reply = s.tus.call("PATCH", &place, &headers, &s.bytes[600..]);
        reply.expect_problem(415, "media_type_unsupported");
    }
    for offset in ["", "-1", "six", "600.0"] {
        let reply = s
            .tus
            .call("PATCH", &place, &patch_headers(offset), &s.bytes[600..]);
        reply.expect_problem(400, "header_invalid");
    }
    let long = [&s.bytes[600..], b"x"].concat();
    s.tus
        .patches(&place, 600, &long)
        .expect_problem(413, "upload_too_long");
    assert_eq!(s.tus.offset(&place), 600);
    // An empty one is nothing, and no fault.
    let reply = s.tus.patches(&place, 600, b"").expect(204);
    assert_eq!(reply.number("upload-offset"), 600);
    s.tus.patches(&place, 600, &s.bytes[600..]).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    // A replay of what is finished changes nothing.
    s.waits_for_rest();
    let rows = s.w.server.rows();
    s.tus
        .patches(&place, 600, &s.bytes[600..])
        .expect_problem(409, "upload_offset_conflict");
    s.tus
        .patches(&place, 0, &s.bytes)
        .expect_problem(409, "upload_offset_conflict");
    s.tus.patches(&place, 1_000, b"").expect(204);
    assert_eq!(s.w.server.rows(), rows);
    s.assert_whole();
}

/// A body in chunks, whose length nobody told beforehand.
fn chunked(tus: &Tus, place: &str, offset: &str, pieces: &[&[u8]]) -> Reply {
    let headers = [
        &patch_headers(offset)[..],
        &[("Transfer-Encoding", "chunked")],
    ]
    .concat();
    let mut socket = tus.open("PATCH", place, &headers).unwrap();
    for piece in pieces {
        socket
            .write_all(format!("{:x}\r\n", piece.len()).as_bytes())
            .unwrap();
        socket.write_all(piece).unwrap();
        socket.write_all(b"\r\n").unwrap();
    }
    socket.write_all(b"0\r\n\r\n").unwrap();
    answer(&mut socket).unwrap()
}

#[test]
fn a_body_of_unknown_length_is_taken_to_the_end_of_the_file() {
    let s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    let reply = chunked(&s.tus, &place, "0", &[&s.bytes[..300], &s.bytes[300..700]]);
    assert_eq!(reply.expect(204).number("upload-offset"), 700);
    let reply = chunked(
        &s.tus,
        &place,
        "700",
        &[&s.bytes[700..], b"more than there is"],
    );
    reply.expect_problem(413, "upload_too_long");
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn a_checksum_is_kept_to_and_one_that_lies_costs_its_bytes() {
    let s = Scene::new(20_000);
    let place = s.tus.creates(&s.piece);
    let first = &s.bytes[..9_000];
    let of = |name: &str, algorithm, bytes: &[u8]| {
        format!("{name} {}", STANDARD.encode(digest(algorithm, bytes)))
    };
    let send = |offset, bytes: &[u8], sum: &str| {
        s.tus
            .patches_with(&place, offset, bytes, &[("Upload-Checksum", sum)])
    };
    send(0, first, "md5 1B2M2Y8AsgTpgAmY7PhCfg==")
        .expect_problem(400, "checksum_algorithm_unknown");
    send(0, first, "sha1 short").expect_problem(400, "header_invalid");
    send(0, first, "sha1").expect_problem(400, "header_invalid");
    let lie = of("sha1", &SHA1_FOR_LEGACY_USE_ONLY, b"others");
    let reply = send(0, first, &lie).expect_problem(460, "checksum_mismatch");
    assert_eq!(reply.number("upload-offset"), 0);
    assert_eq!(s.tus.offset(&place), 0);
    assert!(s.objects(UPLOADS).is_empty(), "what was discarded is gone");
    let right = of("sha1", &SHA1_FOR_LEGACY_USE_ONLY, first);
    send(0, first, &right).expect(204);
    let rest = &s.bytes[9_000..];
    send(9_000, rest, &of("sha256", &SHA256, rest)).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn a_request_with_a_checksum_that_is_cut_keeps_nothing_of_it() {
    let s = Scene::new(20_000_000);
    let place = s.tus.creates(&s.piece);
    let sum = format!("sha256 {}", STANDARD.encode(digest(&SHA256, &s.bytes)));
    let length = s.piece.size.to_string();
    let more = [
        ("Upload-Checksum", sum.as_str()),
        ("Content-Length", &length),
    ];
    let headers = [&patch_headers("0")[..], &more].concat();
    let mut socket = s.tus.open("PATCH", &place, &headers).unwrap();
    socket.write_all(&s.bytes[..12_000_000]).unwrap();
    drop(socket);
    assert_eq!(s.tus.offset(&place), 0);
    assert!(s.objects(UPLOADS).is_empty());
    s.tus
        .patches_with(&place, 0, &s.bytes, &more[..1])
        .expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
}

#[test]
fn a_client_without_patch_says_post_and_waits_to_be_told_to_go_on() {
    // tus-java-client: parts of 10 MiB, each a POST that waits.
    let s = Scene::new(21_000_000);
    let place = s.tus.creates(&s.piece);
    let mut offset = 0;
    for part in s.bytes.chunks(10 * 1024 * 1024) {
        let (at, length) = (offset.to_string(), part.len().to_string());
        let more = [
            ("X-HTTP-Method-Override", "PATCH"),
            ("Expect", "100-continue"),
            ("Content-Length", &length),
        ];
        let headers = [&patch_headers(&at)[..], &more].concat();
        let mut socket = s.tus.open("POST", &place, &headers).unwrap();
        assert_eq!(answer(&mut socket).unwrap().status, 100);
        socket.write_all(part).unwrap();
        offset += part.len();
        let reply = answer(&mut socket).unwrap().expect(204);
        assert_eq!(reply.number("upload-offset"), offset);
    }
    // One that is refused is never told to go on.
    let more = [
        ("X-HTTP-Method-Override", "PATCH"),
        ("Expect", "100-continue"),
        ("Content-Length", "5"),
    ];
    let headers = [&patch_headers("5")[..], &more].concat();
    let mut socket = s.tus.open("POST", &place, &headers).unwrap();
    answer(&mut socket)
        .unwrap()
        .expect_problem(409, "upload_offset_conflict");
    let head = [("X-HTTP-Method-Override", "HEAD")];
    assert_eq!(
        s.tus
            .call("POST", &place, &head, b"")
            .expect(200)
            .number("upload-offset"),
        offset
    );
    s.tus
        .call("POST", &place, &[], b"")
        .expect_problem(405, "method_not_allowed");
    let odd = [("X-HTTP-Method-Override", "BREW")];
    s.tus
        .call("POST", &place, &odd, b"")
        .expect_problem(405, "method_not_allowed");
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn an_upload_is_its_devices_own() {
    let s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes[..10]).expect(204);
    let other = Tus::of(&s.w, "王", 79);
    other.call("HEAD", &place, &[], b"").expect(404);
    other
        .call("GET", &place, &[], b"")
        .expect_problem(404, "not_found");
    other
        .patches(&place, 10, &s.bytes[10..])
        .expect_problem(404, "not_found");
    other
        .call("DELETE", &place, &[], b"")
        .expect_problem(404, "not_found");
    let nowhere = "/v1/uploads/01900000-0000-7000-8000-000000000001";
    s.tus.call("HEAD", nowhere, &[], b"").expect(404);
    s.tus
        .patches(nowhere, 0, b"x")
        .expect_problem(404, "not_found");
    s.tus
        .call("HEAD", "/v1/uploads/..%2F..%2Fkeys", &[], b"")
        .expect(400);
    let head = s.tus.call("HEAD", &place, &[], b"").expect(200);
    assert_eq!(head.number("upload-length"), 1_000);
    assert_eq!(head.header("cache-control"), Some("no-store"));
    assert_eq!(
        head.header("upload-metadata"),
        Some(s.piece.metadata().as_str())
    );
    assert!(head.body.is_empty());
}

#[test]
fn what_is_given_up_is_gone_and_what_is_complete_is_not_given_up() {
    let s = Scene::new(1_000);
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes[..10]).expect(204);
    s.tus.call("DELETE", &place, &[], b"").expect(204);
    assert!(s.objects(UPLOADS).is_empty());
    s.tus.call("HEAD", &place, &[], b"").expect(410);
    s.tus
        .patches(&place, 10, &s.bytes[10..])
        .expect_problem(410, "upload_gone");
    s.tus
        .call("DELETE", &place, &[], b"")
        .expect_problem(410, "upload_gone");
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes).expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    // The upload is over; the evidence stays.
    s.tus.call("DELETE", &place, &[], b"").expect(204);
    s.tus.call("HEAD", &place, &[], b"").expect(410);
    s.assert_whole();
    assert_eq!(s.objects(EVIDENCE).len(), 1);
}

#[test]
fn a_device_writes_so_many_at_once_and_others_have_their_turn() {
    let s = Scene::new(1_000);
    let mut open = Vec::new();
    for number in 0..UPLOADS_AT_ONCE_PER_DEVICE + 1 {
        let bytes = film(number as u64 + 1, 500);
        let piece = Piece::listed(&s.phone, &bytes);
        s.phone.syncs();
        let place = s.tus.creates(&piece);
        let headers = [&patch_headers("0")[..], &[("Content-Length", "500")]].concat();
        if number < UPLOADS_AT_ONCE_PER_DEVICE {
            let mut socket = s.tus.open("PATCH", &place, &headers).unwrap();
            socket.write_all(&bytes[..100]).unwrap();
            open.push((socket, bytes));
            s.waits_for_writers(open.len());
            continue;
        }
        let reply = s.tus.patches(&place, 0, &bytes);
        let reply = reply.expect_problem(503, "overloaded");
        assert!(reply.header("retry-after").is_some());
        let other = Tus::of(&s.w, "王", 79);
        other
            .patches(&other.creates(&s.piece), 0, &s.bytes)
            .expect(204);
        for (socket, bytes) in &mut open {
            socket.write_all(&bytes[100..]).unwrap();
            answer(socket).unwrap().expect(204);
        }
        s.tus.patches(&place, 0, &bytes).expect(204);
    }
}
