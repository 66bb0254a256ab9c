//! Each fault of the network does what its name says: seen from the server's side, or on the wire.

use std::io::Read as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use fieldseal_tests::network::Air;
use fieldseal_tests::{Fault, Phone, World};
use mobile_ffi::{HttpRequest, SyncOutcome, Transport as _};
use serde_json::Value;
use sync_core::model::DocumentId;

/// A server that only listens: all that one connection brings it.
fn listener() -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        connection.read_to_end(&mut heard).unwrap();
        heard
    });
    (address, heard)
}

/// Nothing after this gets through, for as long as one sync tries.
fn then_nothing(fault: Fault) -> [Fault; 4] {
    [fault, Fault::Cut, Fault::Cut, Fault::Cut]
}

#[track_caller]
fn gives_up(phone: &Phone, fault: Fault) {
    phone.network.next(then_nothing(fault));
    let report = phone.tries_to_sync();
    assert_eq!(report.outcome, SyncOutcome::Offline, "{report:?}");
    phone.network.clear();
}

fn unsent(phone: &Phone) -> i64 {
    let visits = phone.client.visits().unwrap();
    visits.iter().map(|it| it.unsent).sum()
}

fn knows(w: &World, visit: DocumentId) -> bool {
    let path = format!("/v1/visits/{visit}");
    w.call("GET", "admin", &path, Value::Null).status == 200
}

/// Changes of the log: no fault makes two of one.
fn logged(w: &World) -> usize {
    w.server.reads("SELECT hash FROM changes").len()
}

#[test]
fn a_request_that_is_cut_at_a_byte_brings_the_server_so_many_bytes_and_the_end() {
    let w = World::shanxi();
    let a = w.phone("王");
    for bytes in [0, 1, 57, 1_000, 1_999] {
        let (address, heard) = listener();
        a.network.next([Fault::UpCut(bytes)]);
        let sent = a.network.send(HttpRequest {
            method: "POST".to_owned(),
            url: format!("http://{address}/v1/sync"),
            headers: Vec::new(),
            body: vec![b'x'; 2_000],
            answer_bytes_max: 1_000,
        });
        assert!(sent.is_err(), "{sent:?}");
        let heard = heard.join().unwrap();
        assert_eq!(heard.len(), bytes);
        assert_eq!(heard, a.network.broken().pop().unwrap().up);
        assert!(bytes < 57 || heard.starts_with(b"POST /v1/sync HTTP/1.1\r\n"));
    }
}

#[test]
fn a_request_that_is_cut_anywhere_changes_nothing_and_comes_whole_the_next_time() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let sample = a.draws("T1");
    let (rows, kept) = (w.server.rows(), unsent(&a));
    for bytes in [0, 20, 200, 900, 3_000] {
        gives_up(&a, Fault::UpCut(bytes));
        assert_eq!(a.network.broken().pop().unwrap().up.len(), bytes);
    }
    assert_eq!(w.server.rows(), rows);
    assert_eq!(unsent(&a), kept);
    a.syncs();
    assert_eq!(w.standings(visit), ["first"]);
    assert_eq!(w.validity(sample), "valid");
}

#[test]
fn an_answer_that_is_cut_anywhere_leaves_the_work_done_and_is_asked_for_again() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let kept = unsent(&a);
    for bytes in [0, 15, 300, 1_000] {
        gives_up(&a, Fault::DownCut(bytes));
        assert_eq!(a.network.broken().pop().unwrap().down.len(), bytes);
        assert!(knows(&w, visit), "the server has it");
        assert_eq!(unsent(&a), kept, "and the phone does not know");
    }
    let before = logged(&w);
    a.syncs();
    assert_eq!((unsent(&a), logged(&w)), (0, before));
}

#[test]
fn a_lost_answer_and_a_doubled_request_do_the_work_once() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    gives_up(&a, Fault::AnswerLost);
    assert!(knows(&w, visit) && unsent(&a) > 0);
    let before = logged(&w);
    a.network.next([Fault::Doubled]);
    a.syncs();
    assert_eq!((unsent(&a), logged(&w)), (0, before));
}

#[test]
fn a_request_arrives_after_that_of_another_phone_which_set_out_later() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    let air = Arc::new(Air::default());
    a.network.shares(&air);
    b.network.shares(&air);
    let of_a = a.enters("铸造");
    w.minutes(3);
    let of_b = b.enters("铸造");
    b.unruly().draws("T5");
    gives_up(&a, Fault::Overtaken(1));
    assert!(!knows(&w, of_a));
    assert_eq!(air.len(), 1);
    b.syncs();
    assert!(knows(&w, of_a) && air.is_empty());
    assert!(unsent(&a) > 0, "nobody has told it");
    let order = w
        .server
        .reads("SELECT document_id FROM changes ORDER BY position");
    let order: Vec<DocumentId> = order
        .iter()
        .map(|it| it.get("document_id").unwrap())
        .collect();
    assert_eq!((order.first(), order.last()), (Some(&of_b), Some(&of_a)));
    a.draws("T1");
    a.syncs();
    b.syncs();
    assert_eq!(w.standings(of_a), ["first"]);
    assert_eq!(w.standings(of_b), ["excess"]);
}

#[test]
fn an_old_page_of_a_phone_that_arrives_after_its_newer_ones_changes_nothing() {
    for fault in [Fault::Overtaken(3), Fault::Echoed(2)] {
        let w = World::shanxi();
        let mut a = w.phone("王");
        let air = Arc::new(Air::default());
        a.network.shares(&air);
        let visit = a.enters("铸造");
        a.network.next([fault.clone()]);
        a.syncs();
        assert_eq!(air.len(), 1, "{fault:?}");
        let sample = a.draws("T1");
        a.syncs();
        let rows = w.server.rows();
        let before = a.network.syncs().len();
        while !air.is_empty() {
            a.syncs();
        }
        assert!(
            a.network.syncs().len() > before,
            "{fault:?}: it was still on its way"
        );
        assert_eq!(w.server.rows(), rows, "{fault:?}");
        assert_eq!(w.standings(visit), ["first"]);
        assert_eq!(w.validity(sample), "valid");
    }
}

#[test]
fn time_on_the_way_is_the_time_of_the_story_and_who_waits_too_long_hears_nothing() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    let before = w.now();
    a.network.next([Fault::Late(25_000, Box::new(Fault::None))]);
    a.syncs();
    assert_eq!(w.now(), before + 25_000);
    let sample = a.draws("T1");
    gives_up(&a, Fault::Late(61_000, Box::new(Fault::None)));
    assert!(unsent(&a) > 0);
    assert_eq!(
        w.validity(sample),
        "valid",
        "the server has it all the same"
    );
    a.syncs();
    assert_eq!(w.standings(visit), ["first"]);
}

#[test]
fn a_date_that_lies_changes_no_time_that_a_phone_claims() {
    let w = World::shanxi();
    let (mut a, mut b) = (w.phone("王"), w.phone("李"));
    for (phone, days) in [(&a, -2), (&b, 2)] {
        phone.network.next([Fault::DateSkewed(days * 86_400_000)]);
        phone.syncs();
        assert_eq!(phone.network.met().pop(), Some("date skewed"));
        phone.offline();
    }
    let early = a.enters("铸造");
    a.draws("T1");
    w.minutes(30);
    let late = b.enters("铸造");
    b.unruly().draws("T5");
    w.minutes(30);
    b.online().syncs();
    a.online().syncs();
    assert_eq!(w.standings(early), ["first"]);
    assert_eq!(w.standings(late), ["excess"]);
}

#[test]
fn a_retry_after_that_is_a_date_counts_from_the_date_beside_it_however_wrong_both_are() {
    let w = World::shanxi();
    let mut a = w.phone("王");
    let visit = a.enters("铸造");
    for date_wrong_by_ms in [-3 * 86_400_000, 3 * 86_400_000] {
        a.network.next([Fault::UnavailableUntil {
            seconds: 1_800,
            date_wrong_by_ms,
        }]);
        let report = a.tries_to_sync();
        assert_eq!(report.outcome, SyncOutcome::Busy);
        let retry = report.retry_in_ms.unwrap();
        assert!((1_800_000..1_802_000).contains(&retry), "{retry}");
        let asked = a.network.syncs().len();
        w.minutes(29);
        assert_eq!(a.tries_to_sync().outcome, SyncOutcome::Busy);
        assert_eq!(a.network.syncs().len(), asked, "not one request before");
        w.minutes(2);
    }
    a.network.next([Fault::Unavailable(3)]);
    let before = w.now();
    a.syncs();
    assert!(w.now() - before >= 3_000);
    assert_eq!(w.standings(visit).len(), 1);
}
