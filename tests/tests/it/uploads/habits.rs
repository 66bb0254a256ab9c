//! What clients of tus do that cannot run here, imitated request by request: TUSKit of iOS and tus-java-client of Android, as
//! their sources have it.

use std::io::Write as _;

use fieldseal_tests::tus::{Reply, answer, film, patch_headers};

use super::Scene;

/// What tus-java-client sends in one request at most.
const JAVA_REQUEST_BYTES: usize = 10 * 1024 * 1024;
/// What it writes at a time, each as a chunk of the body.
const JAVA_CHUNK_BYTES: usize = 2 * 1024 * 1024;
/// What TUSKit sends in one request.
const TUSKIT_REQUEST_BYTES: usize = 500 * 1024;

/// A request of tus-java-client: it waits to be told to go on, and says no length beforehand, so its body comes in chunks. On
/// a JRE without PATCH it says POST.
fn java_sends(s: &Scene, place: &str, offset: usize, bytes: &[u8], method: &str) -> Reply {
    let at = offset.to_string();
    let mut headers = patch_headers(&at).to_vec();
    headers.push(("Expect", "100-continue"));
    headers.push(("Transfer-Encoding", "chunked"));
    if method == "POST" {
        headers.push(("X-HTTP-Method-Override", "PATCH"));
    }
    let mut socket = s.tus.open(method, place, &headers).unwrap();
    let told = answer(&mut socket).unwrap();
    if told.status != 100 {
        return told;
    }
    for chunk in bytes.chunks(JAVA_CHUNK_BYTES) {
        write!(socket, "{:x}\r\n", chunk.len()).unwrap();
        socket.write_all(chunk).unwrap();
        socket.write_all(b"\r\n").unwrap();
    }
    socket.write_all(b"0\r\n\r\n").unwrap();
    answer(&mut socket).unwrap()
}

#[test]
fn a_client_of_android_sends_requests_of_ten_mebibytes_in_chunks_and_each_stands_where_it_thinks() {
    let s = Scene::new(2 * JAVA_REQUEST_BYTES + 700_000);
    let place = s.tus.creates(&s.piece);
    for (number, part) in s.bytes.chunks(JAVA_REQUEST_BYTES).enumerate() {
        // It asks where to go on only when it resumes, and takes an answer with any other offset for a fault.
        let offset = number * JAVA_REQUEST_BYTES;
        let head = s.tus.call("HEAD", &place, &[], b"").expect(200);
        assert_eq!(head.number("upload-offset"), offset);
        let method = ["PATCH", "POST"][number % 2];
        let reply = java_sends(&s, &place, offset, part, method).expect(204);
        assert_eq!(reply.number("upload-offset"), offset + part.len());
    }
    // A file that ends where a request ends: it has opened another one by then, and closes it empty.
    let reply = java_sends(&s, &place, s.bytes.len(), b"", "POST").expect(204);
    assert_eq!(reply.number("upload-offset"), s.bytes.len());
    // What it should not send it is not told to go on with, and hears why.
    java_sends(&s, &place, 5, b"again", "POST").expect_problem(409, "upload_offset_conflict");
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn a_request_in_chunks_that_breaks_off_keeps_what_came_of_it() {
    let s = Scene::new(3_000_000);
    let place = s.tus.creates(&s.piece);
    let mut headers = patch_headers("0").to_vec();
    headers.push(("Transfer-Encoding", "chunked"));
    let mut socket = s.tus.open("PATCH", &place, &headers).unwrap();
    write!(socket, "{:x}\r\n", 2_000_000).unwrap();
    socket.write_all(&s.bytes[..1_234_567]).unwrap();
    drop(socket);
    s.tus.waits_for_bytes(&place, 1_234_567);
    let rest = &s.bytes[1_234_567..];
    java_sends(&s, &place, 1_234_567, rest, "PATCH").expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn a_client_of_ios_begins_sends_parts_and_asks_for_its_offset_after_a_fault() {
    let s = Scene::new(5 * TUSKIT_REQUEST_BYTES + 1);
    // It joins its metadata by a comma and a space, writes the version's header in its own way, and names an extension.
    let length = s.piece.size.to_string();
    let metadata = s.piece.metadata().replace(',', ", ");
    let headers = [
        ("TUS-Resumable", "1.0.0"),
        ("Tus-Resumable", ""),
        ("Upload-Extension", "creation"),
        ("Upload-Length", length.as_str()),
        ("Upload-Metadata", metadata.as_str()),
    ];
    let reply = s.tus.call("POST", "/v1/uploads", &headers, b"").expect(201);
    // It resolves the place against the address that it asked.
    let place = reply.header("location").unwrap().to_owned();
    assert!(place.starts_with("/v1/uploads/"));
    let sends = |offset: usize, part: &[u8]| s.tus.patches(&place, offset, part);
    let parts: Vec<&[u8]> = s.bytes.chunks(TUSKIT_REQUEST_BYTES).collect();
    let mut offset = 0;
    for part in &parts[..3] {
        offset += part.len();
        let reply = sends(offset - part.len(), part).expect(204);
        assert_eq!(reply.number("upload-offset"), offset);
    }
    // The answer to the third was lost: it sends the part again, is told where the upload stands, and asks for both numbers.
    let reply = sends(offset - TUSKIT_REQUEST_BYTES, parts[2]);
    let reply = reply.expect_problem(409, "upload_offset_conflict");
    assert_eq!(reply.number("upload-offset"), offset);
    let head = s.tus.call("HEAD", &place, &[], b"").expect(200);
    assert_eq!(head.number("upload-offset"), offset);
    assert_eq!(head.number("upload-length"), s.bytes.len());
    for part in &parts[3..] {
        sends(offset, part).expect(204);
        offset += part.len();
    }
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn a_client_that_gets_another_file_under_one_upload_is_told_to_begin_anew() {
    // The film was edited between two runs of the app: what lies here is of the first, what comes of the second.
    let s = Scene::new(1_000_000);
    let place = s.tus.creates(&s.piece);
    s.tus.patches(&place, 0, &s.bytes[..600_000]).expect(204);
    let other = film(9, 1_000_000);
    s.tus
        .patches(&place, 600_000, &other[600_000..])
        .expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "mismatch");
    s.tus.call("HEAD", &place, &[], b"").expect(410);
    let again = s.tus.creates(&s.piece);
    assert_ne!(again, place);
    s.tus.patches(&again, 0, &s.bytes).expect(204);
    assert_eq!(s.tus.waits_past(&again, "checking"), "verified");
    s.assert_whole();
}
