//! A thousand phones in a first sync at once: they read in a lane of their own, and nobody else's syncs, uploads or
//! questions are turned away.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use fieldseal_server::services::sync::admission::enter;
use fieldseal_server::store::feed::{self, Audience, NewRow};
use fieldseal_tests::{Answer, TestDevice};
use mobile_ffi::host::UreqTransport;
use mobile_ffi::{HttpRequest, Transport as _};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sync_core::limits::{
    FIRST_SYNC_RETRY_S_MAX, FIRST_SYNC_RETRY_S_MIN, FIRST_SYNC_ROWS_MIN, FIRST_SYNCS_AT_ONCE,
    FIRST_SYNCS_WAITING_MAX, PAGE_INFLATED_BYTES_MAX, SYNC_REQUESTS_MAX,
};
use sync_core::sync::session::{
    Effect, Event, Failure, Moment, Outcome, Patience, Session as PhoneSession,
};
use sync_core::sync::wire::{Cursor, FeedEntry, SyncRequest};

use super::kit::*;

const PHONES: usize = 1_000;
/// Connections open at once: a process may have 1 024 files, and both ends are of this one.
const SOCKETS: usize = 250;
/// Workers once the first rush is over.
const WORKERS: usize = 16;
const VISITS: usize = 40;
const RECORDS: usize = 900;
/// So little in an answer that a first sync takes several.
const PAGE_BYTES: u32 = 64 * 1024;

/// Visits of the first sampler, and records that everybody reads.
fn filled() -> (World, BTreeSet<String>) {
    let world = world();
    let mut wanted = BTreeSet::new();
    for batch in 0..VISITS / 10 {
        let mut body = json!({ "changes": [], "tips": [], "documents": [] });
        for campaign in batch * 10..(batch + 1) * 10 {
            let identity = world.solo(campaign as u128 + 1);
            let mut draft = Draft::begin(&identity, &world.phones[0]);
            let (first, last) = (draft.put("a", "1"), draft.put("b", &"井盖 ".repeat(20)));
            let page = Page::of(&identity, &[&first, &last]);
            let page = page.signed(draft.tip(&world.phones[0], &last)).body();
            for part in ["changes", "tips", "documents"] {
                let add = page[part].as_array().unwrap().clone();
                body[part].as_array_mut().unwrap().extend(add);
            }
            wanted.insert(identity.document_id().to_string());
        }
        let sent = world.server.post("/v1/sync", &world.phones[0].access, body);
        assert!(statuses(&sent).iter().all(|it| it == "accepted"));
    }
    let rows: Vec<NewRow> = (0..RECORDS)
        .map(|number| {
            let id = format!("{number:06}");
            wanted.insert(id.clone());
            let record = json!({ "id": id });
            NewRow::reference(Audience::Everyone, "test", &id, 1, Some(&record))
        })
        .collect();
    world.server.runtime.block_on(async {
        let mut tx = world.server.app.store.begin().await.unwrap();
        feed::append(&mut tx, &rows, 1).await.unwrap();
        tx.commit().await.unwrap();
    });
    (world, wanted)
}

/// A phone in its first sync, as far as it has got.
struct FirstSync {
    token: String,
    session: PhoneSession,
    /// What it is told next, once its time has come.
    next: Event,
    cursor: Option<Cursor>,
    had: BTreeSet<String>,
    pages: u32,
    dice: ChaCha8Rng,
}

impl FirstSync {
    fn begin(token: String, number: usize) -> Self {
        Self {
            token,
            session: PhoneSession::new(Patience::default()),
            next: Event::Started {
                cursor: None,
                hold_ms: None,
            },
            cursor: None,
            had: BTreeSet::new(),
            pages: 0,
            dice: ChaCha8Rng::seed_from_u64(number as u64),
        }
    }

    /// Goes on until it has asked once, or waits, or is through: in how many milliseconds it wants to go on, and none when it
    /// has everything.
    fn goes_on(&mut self, http: &UreqTransport, url: &str, refusals: &Refusals) -> Option<i64> {
        let mut asked = false;
        loop {
            let mut next = None;
            let now = Moment {
                monotonic_ms: 0,
                random: self.dice.random(),
            };
            let event = std::mem::replace(&mut self.next, Event::Woke);
            for effect in self.session.handle(now, event) {
                match effect {
                    Effect::ReadOutbox { .. } => {
                        next = Some(Event::Outbox {
                            changes: Vec::new(),
                        });
                    }
                    Effect::Send(request) => {
                        asked = true;
                        next = Some(self.asks(http, url, request, refusals));
                    }
                    Effect::Store(brought) => {
                        self.pages += 1;
                        let position = |it: &Option<Cursor>| it.as_ref().map(|it| it.position);
                        assert!(position(&brought.cursor) > position(&self.cursor));
                        self.cursor = brought.cursor;
                        for item in brought.items {
                            let id = match item.entry {
                                FeedEntry::Changes(page) => page.document.document_id.to_string(),
                                FeedEntry::Reference { kind, id, .. } if kind == "test" => id,
                                _ => continue,
                            };
                            assert!(self.had.insert(id), "nothing comes twice");
                        }
                        next = Some(Event::Stored { unsent: 0 });
                    }
                    Effect::Wait { milliseconds } => return Some(milliseconds),
                    Effect::Done(report) if report.outcome == Outcome::Complete => return None,
                    Effect::Done(report) => {
                        assert_eq!(report.outcome, Outcome::Busy, "{report:?}");
                        self.session = PhoneSession::new(Patience::default());
                        self.next = Event::Started {
                            cursor: self.cursor.clone(),
                            hold_ms: None,
                        };
                        return report.retry_in_ms;
                    }
                    Effect::Progress(_) => {}
                    Effect::RefreshToken => panic!("its token is fresh"),
                }
            }
            self.next = next.expect("the session goes on");
            if asked && matches!(self.next, Event::Outbox { .. }) {
                return Some(0);
            }
        }
    }

    fn asks(
        &self,
        http: &UreqTransport,
        url: &str,
        mut request: SyncRequest,
        refusals: &Refusals,
    ) -> Event {
        assert_eq!(
            request.cursor, self.cursor,
            "from where it stands, never from the start"
        );
        request.feed_bytes_max = Some(PAGE_BYTES);
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let answer = http.send(HttpRequest {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: vec![
                header("authorization", &format!("Bearer {}", self.token)),
                header("content-type", "application/json"),
                header("connection", "close"),
            ],
            body: serde_json::to_vec(&request).unwrap(),
            answer_bytes_max: PAGE_INFLATED_BYTES_MAX,
        });
        let answer = answer.expect("the server answers everybody");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        if answer.status == 200 {
            return Event::Answered(Box::new(serde_json::from_value(body).unwrap()));
        }
        assert_eq!(
            (answer.status, &body["code"]),
            (503, &json!("overloaded")),
            "{body}"
        );
        let after = answer.header("retry-after").expect("when to come again");
        let after: u64 = after.parse().expect("seconds");
        refusals.lock().unwrap().push(after);
        Event::Failed(Failure::Status {
            status: 503,
            code: "overloaded".to_owned(),
            retry_after_ms: i64::try_from(after * 1_000).ok(),
        })
    }
}

/// One less, whatever happens.
struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The others stop when the crowd is through, or has failed.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Every `Retry-After`.
type Refusals = Mutex<Vec<u64>>;
/// Phones by the time at which they go on, and their number.
type Due = BinaryHeap<Reverse<(i64, usize)>>;

/// Whoever is due goes on, earliest first, by so many workers; how long the story's time went on.
fn run(
    phones: &[Mutex<FirstSync>],
    due: &Mutex<Due>,
    workers: usize,
    again: bool,
    url: &str,
    refusals: &Refusals,
) -> Vec<(i64, usize)> {
    let later = Mutex::new(Vec::new());
    let under_way = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let http = UreqTransport::new();
                loop {
                    let taken = {
                        let mut due = due.lock().unwrap();
                        let taken = due.pop();
                        match taken {
                            Some(_) => under_way.fetch_add(1, Ordering::SeqCst),
                            None if under_way.load(Ordering::SeqCst) == 0 || !again => return,
                            None => 0,
                        };
                        taken
                    };
                    let Some(Reverse((at, number))) = taken else {
                        // Somebody who is asking now may have to come again.
                        std::thread::sleep(Duration::from_millis(5));
                        continue;
                    };
                    let _asks = Leaving(&under_way);
                    let mut phone = phones[number].lock().unwrap();
                    let wait = phone.goes_on(&http, url, refusals);
                    drop(phone);
                    if let Some(wait) = wait {
                        if again {
                            due.lock().unwrap().push(Reverse((at + wait, number)));
                        } else {
                            later.lock().unwrap().push((at + wait, number));
                        }
                    }
                }
            });
        }
    });
    later.into_inner().unwrap()
}

/// The second sampler works as ever, and an administrator looks on: rounds in which all of it went through at once.
fn others_work(world: &World, mut last: Answer, done: &AtomicBool) -> usize {
    let identity = world.identity_of_second();
    let mut draft = Draft::begin(&identity, &world.phones[1]);
    let mut rounds = 0;
    while !done.load(Ordering::SeqCst) {
        let change = draft.put("a", &rounds.to_string());
        let page = Page::of(&identity, &[&change]).signed(draft.tip(&world.phones[1], &change));
        let sent = world.push(1, &page.since(&last));
        assert_eq!(statuses(&sent), ["accepted"], "round {rounds}");
        last = world.push(1, &Page::default().since(&sent));
        assert_eq!(last.status, 200, "{}", last.body);
        for path in ["/v1/visits", "/health/ready"] {
            world.server.get(path, &world.admin).expect(200);
        }
        rounds += 1;
    }
    rounds
}

#[test]
fn a_thousand_phones_in_a_first_sync_at_once_turn_nobody_else_away_and_all_get_everything() {
    let (world, wanted) = filled();
    let tokens = TestDevice::enrolled_in_store(&world.server, &world.users[0].to_string(), PHONES);
    // It has been here before: what it asks for is little.
    let mut here = world.push(1, &Page::default());
    while here.body["more"] == true {
        here = world.push(1, &Page::default().since(&here));
    }
    let before = world.server.app.sync_gate.first_syncs.figures();
    let phones: Vec<Mutex<FirstSync>> = tokens
        .into_iter()
        .enumerate()
        .map(|(number, token)| Mutex::new(FirstSync::begin(token, number)))
        .collect();
    let url = world.server.url("/v1/sync");
    let refusals = Refusals::default();
    let done = AtomicBool::new(false);
    let rounds = std::thread::scope(|scope| {
        let others = scope.spawn(|| others_work(&world, here, &done));
        let ending = Ending(&done);
        // All at once.
        let due = Mutex::new((0..PHONES).map(|number| Reverse((0, number))).collect());
        let later = run(&phones, &due, SOCKETS, false, &url, &refusals);
        let told = refusals.lock().unwrap().clone();
        assert_eq!(later.len(), PHONES, "nobody has everything after one page");
        let between = FIRST_SYNC_RETRY_S_MIN..=FIRST_SYNC_RETRY_S_MAX;
        assert!(told.iter().all(|after| between.contains(after)), "{told:?}");
        let spread = told.iter().collect::<BTreeSet<_>>().len();
        assert!(
            told.len() > PHONES / 10 && spread > 20,
            "{spread} of {}",
            told.len()
        );
        // Each comes again when it was told to, and goes on from where it stands.
        let due = Mutex::new(later.into_iter().map(Reverse).collect());
        run(&phones, &due, WORKERS, true, &url, &refusals);
        drop(ending);
        others.join().expect("nobody else is turned away")
    });
    println!(
        "{rounds} rounds beside, {} refusals",
        refusals.lock().unwrap().len()
    );
    assert!(rounds > 3, "{rounds}");
    for phone in &phones {
        let phone = phone.lock().unwrap();
        assert_eq!(phone.had, wanted);
        assert!(phone.pages > 1, "page by page");
    }
    let gate = &world.server.app.sync_gate;
    let (first, all) = (gate.first_syncs.figures(), gate.requests.figures());
    assert_eq!(first.under_way_most, gate.first_syncs.allowed, "{first:?}");
    assert_eq!(gate.first_syncs.allowed, FIRST_SYNCS_AT_ONCE);
    assert_eq!((first.under_way, first.waiting), (0, 0));
    assert!(
        first.admitted - before.admitted >= 2 * PHONES as u64,
        "{first:?}"
    );
    assert_eq!(first.turned_away, refusals.lock().unwrap().len() as u64);
    assert!(all.under_way_most <= SYNC_REQUESTS_MAX);
    assert_eq!(all.turned_away, 0, "{all:?}");
    let metrics = world.server.call("GET", "/metrics", None, Value::Null).raw;
    for line in [
        "fieldseal_syncs{lane=\"first_syncs\",state=\"under_way\"}",
        "fieldseal_syncs{lane=\"first_syncs\",state=\"waiting\"}",
        "fieldseal_sync_admitted_total{lane=\"first_syncs\"}",
        "fieldseal_sync_turned_away_total{lane=\"first_syncs\"}",
    ] {
        assert!(metrics.contains(line), "no {line}");
    }
}

/// Takes every place in the lane of first syncs, by devices that are nobody's.
fn fill_first_syncs(world: &World) -> Vec<fieldseal_server::services::sync::admission::Place> {
    let app = &world.server.app;
    world.server.runtime.block_on(async {
        let mut places = Vec::new();
        for _ in 0..app.sync_gate.first_syncs.allowed {
            let device = sync_core::model::DeviceId(app.new_uuid());
            let place = enter(app, device).await.unwrap();
            places.push(place.for_first_sync(app).await.unwrap());
        }
        places
    })
}

#[test]
fn an_upload_goes_through_when_there_is_no_room_for_first_syncs_and_what_is_new_comes_later() {
    let (world, wanted) = filled();
    let full = fill_first_syncs(&world);
    let identity = world.solo(900);
    let second = TestDevice::enrolled(&world.server, &world.admin, &world.users[0].to_string(), 9);
    let mut draft = Draft::begin(&identity, &second);
    let change = draft.put("a", "1");
    let page = Page::of(&identity, &[&change]).signed(draft.tip(&second, &change));
    let sent = world.server.post("/v1/sync", &second.access, page.body());
    assert_eq!(statuses(&sent), ["accepted"]);
    assert_eq!(sent.body["receipts"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&sent.body["items"], &sent.body["more"]),
        (&json!([]), &json!(true))
    );
    assert_eq!(sent.body["cursor"]["position"], 0);
    assert!(
        sent.body["as_of_ms"].is_null(),
        "it has not seen everything up to now"
    );
    // The same again: the same word on it, and still nothing down.
    let again = world
        .server
        .post("/v1/sync", &second.access, page.clone().since(&sent).body());
    assert_eq!(statuses(&again), ["accepted"]);
    assert_eq!(again.body["more"], true);
    assert_eq!(again.body["epoch_changed"], false);

    drop(full);
    let mut page = Page::default().since(&again);
    let mut had = BTreeSet::new();
    loop {
        let answer = world
            .server
            .post("/v1/sync", &second.access, page.body())
            .expect(200);
        for item in items(&answer, "changes") {
            had.insert(item["document_id"].as_str().unwrap().to_owned());
        }
        for item in items(&answer, "reference") {
            had.insert(item["id"].as_str().unwrap().to_owned());
        }
        page = page.since(&answer);
        if answer.body["more"] == false {
            break;
        }
    }
    assert!(wanted.is_subset(&had));
}

#[test]
fn who_has_little_to_read_is_not_counted_among_the_first_syncs() {
    let world = world();
    let first = world.push(0, &Page::default());
    let gate = &world.server.app.sync_gate;
    let append = |count: i64| {
        let rows: Vec<NewRow> = (0..count)
            .map(|it| {
                let id = format!("{it}");
                NewRow::reference(Audience::Everyone, "test", &id, count, Some(&json!(it)))
            })
            .collect();
        world.server.runtime.block_on(async {
            let mut tx = world.server.app.store.begin().await.unwrap();
            feed::append(&mut tx, &rows, 1).await.unwrap();
            tx.commit().await.unwrap();
        });
    };
    let before = gate.first_syncs.figures().admitted;
    append(FIRST_SYNC_ROWS_MIN);
    let few = world.push(0, &Page::default().since(&first));
    assert_eq!(few.body["more"], false);
    assert_eq!(items(&few, "reference").len() as i64, FIRST_SYNC_ROWS_MIN);
    assert_eq!(gate.first_syncs.figures().admitted, before);
    append(FIRST_SYNC_ROWS_MIN + 1);
    let many = world.push(0, &Page::default().since(&few));
    assert_eq!(
        items(&many, "reference").len() as i64,
        FIRST_SYNC_ROWS_MIN + 1
    );
    assert_eq!(gate.first_syncs.figures().admitted, before + 1);
}

#[test]
fn as_many_first_syncs_wait_as_may_and_one_more_is_told_to_come_again() {
    let world = world();
    let tokens = TestDevice::enrolled_in_store(
        &world.server,
        &world.users[0].to_string(),
        FIRST_SYNCS_WAITING_MAX + 1,
    );
    let full = fill_first_syncs(&world);
    let gate = &world.server.app.sync_gate;
    std::thread::scope(|scope| {
        let ask = |token: &String| world.server.post("/v1/sync", token, json!({}));
        let (last, rest) = tokens.split_last().unwrap();
        let waiting: Vec<_> = rest
            .iter()
            .map(|token| scope.spawn(move || ask(token)))
            .collect();
        while gate.first_syncs.figures().waiting < FIRST_SYNCS_WAITING_MAX {
            std::thread::yield_now();
        }
        let told = ask(last).expect_problem(503, "overloaded");
        assert!(told.headers.contains_key("retry-after"));
        drop(full);
        for one in waiting {
            one.join().unwrap().expect(200);
        }
    });
}
