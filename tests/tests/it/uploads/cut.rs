//! Connections that break, fall silent, or are overtaken, and a server that ends in between.

use std::io::Write as _;
use std::net::TcpStream;

use fieldseal_tests::tus::{Tus, answer, patch_headers};

use super::Scene;

/// A request for all the rest of a file, of which so many bytes are sent.
fn begins(tus: &Tus, place: &str, offset: usize, whole: &[u8], sent: usize) -> TcpStream {
    let (at, length) = (offset.to_string(), (whole.len() - offset).to_string());
    let headers = [&patch_headers(&at)[..], &[("Content-Length", &length)]].concat();
    let mut socket = tus.open("PATCH", place, &headers).unwrap();
    socket.write_all(&whole[offset..offset + sent]).unwrap();
    socket
}

#[test]
fn every_byte_of_a_cut_request_is_kept() {
    let s = Scene::new(12_000_000);
    let place = s.tus.creates(&s.piece);
    let mut offset = 0;
    // Less than a part, a part and something, one byte.
    for sent in [3_000_000, 8_500_000, 1] {
        drop(begins(&s.tus, &place, offset, &s.bytes, sent));
        offset += sent;
        s.tus.waits_for_bytes(&place, offset);
    }
    s.tus
        .patches(&place, offset, &s.bytes[offset..])
        .expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn the_newest_connection_takes_an_upload_over_from_one_that_is_silent() {
    let s = Scene::new(4_000_000);
    let place = s.tus.creates(&s.piece);
    let mut silent = begins(&s.tus, &place, 0, &s.bytes, 1_000_000);
    s.waits_for_writers(1);
    assert_eq!(s.tus.offset(&place), 1_000_000, "what it brought is kept");
    answer(&mut silent)
        .unwrap()
        .expect_problem(409, "upload_taken_over");
    // Without a question first, too.
    let mut silent = begins(&s.tus, &place, 1_000_000, &s.bytes, 0);
    s.waits_for_writers(1);
    s.tus
        .patches(&place, 1_000_000, &s.bytes[1_000_000..])
        .expect(204);
    answer(&mut silent)
        .unwrap()
        .expect_problem(409, "upload_taken_over");
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn sixteen_requests_for_one_offset_write_each_byte_once() {
    let s = Scene::new(2_000_000);
    let place = s.tus.creates(&s.piece);
    let mut offset = 0;
    while offset < s.bytes.len() {
        let until = (offset + 500_000).min(s.bytes.len());
        let piece = &s.bytes[offset..until];
        std::thread::scope(|threads| {
            for _ in 0..16 {
                threads.spawn(|| {
                    let status = s.tus.patches(&place, offset, piece).status;
                    assert!(matches!(status, 204 | 409 | 503), "{status}");
                });
            }
        });
        let now = s.tus.offset(&place);
        assert!((offset..=until).contains(&now), "{now} after {offset}");
        offset = now;
    }
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    s.assert_whole();
}

#[test]
fn a_server_that_is_told_to_end_keeps_what_it_has_and_the_next_one_goes_on() {
    let mut s = Scene::new(4_000_000);
    let place = s.tus.creates(&s.piece);
    let mut open = begins(&s.tus, &place, 0, &s.bytes, 3_000_000);
    s.waits_for_writers(1);
    s.w.server.stop();
    answer(&mut open)
        .unwrap()
        .expect_problem(409, "upload_taken_over");
    let next = s.w.server.start_again(None);
    s.tus.address = next.address;
    assert_eq!(s.tus.offset(&place), 3_000_000);
    s.tus
        .patches(&place, 3_000_000, &s.bytes[3_000_000..])
        .expect(204);
    assert_eq!(s.tus.waits_past(&place, "checking"), "verified");
    // The one that ended keeps the folder.
    let _ended = std::mem::replace(&mut s.w.server, next);
    s.assert_whole();
}
