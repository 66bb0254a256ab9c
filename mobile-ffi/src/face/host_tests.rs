//! Hosts that do not keep to what was agreed, and many tasks at a time: what the face makes of them.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use serde_json::json;
use sync_core::limits::{BOOT_ID_CHARS_MAX, CLOCK_MS_MAX, SYNCS_AT_ONCE_MAX};
use sync_core::model::{OrganisationId, UserId};
use uuid::Uuid;

use super::calls::{Fieldseal, open_fieldseal};
use super::failure::{FieldsealError, HostFailure};
use super::hosts::{Clock, ClockReading, Hosts, HttpExchange, HttpReply, Transport};
use super::tasks::{ProgressListener, SyncDone, SyncOptions, SyncStep, TaskHandle, begin_sync};
use super::telling::Steps;
use crate::host::Reading;
use crate::types::Enrolled;

fn now<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(work)
}

fn code<T>(done: Result<T, FieldsealError>) -> Option<String> {
    done.err().map(|it| it.problem().code.clone())
}

/// A phone that was enrolled and has to ask its server for a token.
fn phone(folder: &tempfile::TempDir, hosts: Hosts) -> Arc<Fieldseal> {
    let path = folder.path().display().to_string();
    let phone = now(open_fieldseal(path, hosts)).unwrap();
    let enrolled = Enrolled {
        device_id: Uuid::from_u128(1).to_string(),
        user_id: UserId(Uuid::from_u128(2)),
        user_name: "王五".into(),
        organisation_id: OrganisationId(Uuid::from_u128(3)),
    };
    let client = phone.client().unwrap();
    let inner = client.lock();
    let actor = inner.install.actor.to_string();
    for (key, value) in [
        ("server_url", "http://nowhere"),
        ("enrolled", &serde_json::to_string(&enrolled).unwrap()),
        ("enrolled_actor", &actor),
        ("refresh_token", "a token"),
    ] {
        inner.store.put_setting(key, value).unwrap();
    }
    drop(inner);
    phone
}

/// A network that says what it was asked for and answers what it is given, or that it could not, once nobody is there to give.
struct Hanging {
    asked: Sender<String>,
    answers: Mutex<Receiver<HttpReply>>,
}

impl Transport for Hanging {
    fn send(&self, request: HttpExchange) -> Result<HttpReply, HostFailure> {
        let _ = self
            .asked
            .send(format!("{} {}", request.method, request.url));
        let answer = self.answers.lock().unwrap().recv();
        answer.map_err(|_| HostFailure::TimedOut)
    }
}

/// Hosts with such a network; what it is asked; what it answers.
fn hanging() -> (Hosts, Receiver<String>, Sender<HttpReply>) {
    let (asked, was_asked) = channel();
    let (answer, answers) = channel();
    let transport = Hanging {
        asked,
        answers: Mutex::new(answers),
    };
    let hosts = Hosts {
        transport: Some(Arc::new(transport)),
        ..Hosts::default()
    };
    (hosts, was_asked, answer)
}

fn options() -> SyncOptions {
    SyncOptions {
        evidence: true,
        attempts_max: Some(1),
    }
}

fn sync(phone: &Fieldseal) -> Result<Arc<TaskHandle>, FieldsealError> {
    phone.sync(options(), None)
}

#[test]
fn syncs_that_wait_are_stopped_are_bounded_and_hold_up_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let (hosts, asked, _release) = hanging();
    let phone = phone(&folder, hosts);
    let first = sync(&phone).unwrap();
    asked.recv().unwrap();
    let mut waiting = Vec::new();
    for _ in 1..SYNCS_AT_ONCE_MAX {
        waiting.push(sync(&phone).unwrap());
    }
    assert_eq!(code(sync(&phone)), Some("sync.too_many".into()));
    assert!(now(phone.owner()).unwrap().is_some());
    let last = waiting.pop().unwrap();
    last.cancel();
    assert_eq!(code(now(last.wait())), Some("cancelled".into()));
    assert!(!first.is_finished());
    // Its place is free again.
    waiting.push(sync(&phone).unwrap());
    // Everything going does not wait for the network either.
    assert_eq!(code(now(phone.wipe(None))), None);
    for task in waiting.iter().chain([&first]) {
        assert_eq!(code(now(task.wait())), Some("cancelled".into()));
    }
}

#[test]
fn a_sync_that_a_wipe_stopped_before_it_began_was_cancelled_and_a_later_one_finds_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let (hosts, _asked, _release) = hanging();
    let client = phone(&folder, hosts).client().unwrap();
    let begun = || begin_sync(client.clone(), options(), None).unwrap();
    let stopped = client.running.stop_all();
    client.wiped.store(true, Ordering::SeqCst);
    assert_eq!(code(now(begun().wait())), Some("cancelled".into()));
    drop(stopped);
    assert_eq!(code(now(begun().wait())), Some("store.wiped".into()));
}

#[test]
fn a_wipe_that_is_refused_lets_later_syncs_run() {
    let folder = tempfile::tempdir().unwrap();
    let (hosts, _asked, release) = hanging();
    let phone = phone(&folder, hosts);
    let client = phone.client().unwrap();
    {
        let stopped = client.running.stop_all();
        let task = sync(&phone).unwrap();
        assert_eq!(code(now(task.wait())), Some("cancelled".into()));
        drop(stopped);
    }
    drop(release);
    let done = now(sync(&phone).unwrap().wait()).unwrap();
    assert_eq!(done.outcome, "offline");
}

#[test]
fn a_task_that_broke_off_has_ended() {
    let (end, ended) = tokio::sync::watch::channel::<Option<Result<SyncDone, _>>>(None);
    let task = TaskHandle::watching(ended);
    assert!(!task.is_finished());
    drop(end);
    assert!(task.is_finished());
    assert_eq!(code(now(task.wait())), Some("internal".into()));
}

/// Hears each step when somebody lets it.
struct Slow {
    heard: Sender<i64>,
    held: Mutex<Receiver<()>>,
}

impl ProgressListener for Slow {
    fn progressed(&self, step: SyncStep) -> Result<(), HostFailure> {
        self.heard.send(step.sent).unwrap();
        let _ = self.held.lock().unwrap().recv();
        Err(HostFailure::TimedOut)
    }
}

fn step(sent: i64) -> SyncStep {
    SyncStep {
        sent,
        received: 0,
        unsent: 0,
        evidence_id: None,
        sent_bytes: 0,
        total_bytes: 0,
    }
}

#[test]
fn a_listener_that_does_not_answer_holds_up_no_work_and_hears_the_last_step() {
    let (heard, steps) = channel();
    let (release, held) = channel();
    let telling = Steps::to(Some(Arc::new(Slow {
        heard,
        held: Mutex::new(held),
    })));
    telling.tell(step(1));
    assert_eq!(steps.recv().unwrap(), 1);
    for sent in 2..=1_000 {
        telling.tell(step(sent));
    }
    // The work ends while the listener is still at the first step.
    drop(telling);
    drop(release);
    assert_eq!(steps.iter().collect::<Vec<_>>(), [1_000]);
}

/// A clock that says one thing after the other, and the last for ever.
struct Told(Mutex<Vec<Result<ClockReading, HostFailure>>>);

impl Clock for Told {
    fn now(&self) -> Result<ClockReading, HostFailure> {
        let mut left = self.0.lock().unwrap();
        match left.len() {
            1 => left[0].clone(),
            _ => left.remove(0),
        }
    }
}

fn clocks(told: Vec<Result<ClockReading, HostFailure>>) -> Hosts {
    Hosts {
        clock: Some(Arc::new(Told(Mutex::new(told)))),
        ..Hosts::default()
    }
}

fn at(wall_ms: i64, monotonic_ms: i64, boot_id: &str) -> ClockReading {
    ClockReading {
        wall_ms,
        monotonic_ms,
        boot_id: boot_id.to_owned(),
    }
}

#[test]
fn a_clock_that_says_what_cannot_be_is_not_read() {
    let longest = "启".repeat(BOOT_ID_CHARS_MAX);
    for sound in [
        at(0, 0, "a"),
        at(CLOCK_MS_MAX, CLOCK_MS_MAX, longest.as_str()),
    ] {
        let host = clocks(vec![Ok(sound.clone())]).host();
        let read = host.clock.reading();
        assert_eq!(at(read.wall_ms, read.monotonic_ms, &read.boot_id), sound);
    }
    for broken in [
        Err(HostFailure::TimedOut),
        Ok(at(-1, 0, "a")),
        Ok(at(i64::MIN, 0, "a")),
        Ok(at(CLOCK_MS_MAX + 1, 0, "a")),
        Ok(at(0, -1, "a")),
        Ok(at(0, CLOCK_MS_MAX + 1, "a")),
        Ok(at(0, 0, "")),
        Ok(at(0, 0, &format!("{longest}a"))),
    ] {
        let host = clocks(vec![broken.clone()]).host();
        let own = crate::Host::system().clock.reading();
        let read = host.clock.reading();
        assert_eq!(read.boot_id, own.boot_id, "{broken:?}");
        assert!(read.wall_ms >= own.wall_ms && read.monotonic_ms >= own.monotonic_ms);
    }
}

#[test]
fn a_clock_that_fails_now_and_then_gives_no_time_between_two_boots() {
    let folder = tempfile::tempdir().unwrap();
    let lately = 1_740_728_528_770;
    let sound = Ok(at(lately, lately, "phone"));
    let phone = phone(&folder, clocks(vec![sound.clone()]));
    let client = phone.client().unwrap();
    {
        let inner = client.lock();
        for (key, value) in [
            ("time_token_boot", "phone"),
            ("time_token_monotonic", "1740728528000"),
        ] {
            inner.store.put_setting(key, value).unwrap();
        }
    }
    assert_eq!(client.time_claim().unwrap().elapsed_ms, Some(770));
    drop(client);
    now(phone.close_store()).unwrap();
    for (told, elapsed) in [
        (vec![Err(HostFailure::TimedOut), sound.clone()], Some(770)),
        (vec![Ok(at(lately, 5, "phone"))], None),
        (vec![Ok(at(lately, lately, "another"))], None),
        (vec![Err(HostFailure::TimedOut)], None),
    ] {
        let path = folder.path().display().to_string();
        let phone = now(open_fieldseal(path, clocks(told))).unwrap();
        let client = phone.client().unwrap();
        let claim = client.time_claim().unwrap();
        assert_eq!(claim.elapsed_ms, elapsed);
        drop(client);
        now(phone.close_store()).unwrap();
    }
}

/// Answers at once that there is no way, on a clock that leaps a century on and back.
struct Leaping(Mutex<bool>);

impl Clock for Leaping {
    fn now(&self) -> Result<ClockReading, HostFailure> {
        let mut late = self.0.lock().unwrap();
        *late = !*late;
        Ok(match *late {
            true => at(CLOCK_MS_MAX, CLOCK_MS_MAX, "a"),
            false => at(0, 0, "a"),
        })
    }
}

#[test]
fn a_sync_under_leaping_clocks_ends_as_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let (mut hosts, _asked, release) = hanging();
    drop(release);
    hosts.clock = Some(Arc::new(Leaping(Mutex::default())));
    let phone = phone(&folder, hosts);
    for _ in 0..3 {
        let task = sync(&phone).unwrap();
        assert_eq!(now(task.wait()).unwrap().outcome, "offline");
        assert!(task.is_finished());
    }
}

#[test]
fn time_is_counted_within_one_boot_and_forwards() {
    let read = |monotonic_ms, boot_id: &str| Reading {
        wall_ms: 0,
        monotonic_ms,
        boot_id: boot_id.to_owned(),
    };
    assert_eq!(read(7, "a").since(5, "a"), Some(2));
    assert_eq!(read(5, "a").since(5, "a"), Some(0));
    assert_eq!(read(4, "a").since(5, "a"), None);
    assert_eq!(read(7, "b").since(5, "a"), None);
    assert_eq!(read(i64::MIN, "a").since(i64::MAX, "a"), None);
    assert_eq!(read(i64::MAX, "a").since(i64::MIN, "a"), Some(i64::MAX));
}

fn answer(json: serde_json::Value) -> HttpReply {
    HttpReply {
        status: 200,
        headers: Vec::new(),
        body: json.to_string().into_bytes(),
    }
}

fn stored_token(phone: &Fieldseal) -> Option<String> {
    let client = phone.client().unwrap();
    let inner = client.lock();
    inner.store.setting("refresh_token").unwrap()
}

#[test]
fn a_logout_forgets_the_session_before_the_server_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (hosts, asked, answers) = hanging();
    let phone = phone(&folder, hosts);
    let leaving = phone.clone();
    let logout = std::thread::spawn(move || now(leaving.log_out()));
    assert_eq!(asked.recv().unwrap(), "POST http://nowhere/v1/challenges");
    assert_eq!(stored_token(&phone), None);
    // Told with a session of its own, which is kept nowhere.
    for (told, next) in [
        (json!({ "challenge": "c" }), "POST http://nowhere/v1/tokens"),
        (
            json!({ "access_token": "a", "refresh_token": "r" }),
            "DELETE http://nowhere/v1/tokens",
        ),
    ] {
        answers.send(answer(told)).unwrap();
        assert_eq!(asked.recv().unwrap(), next);
    }
    drop(answers);
    assert_eq!(logout.join().unwrap().unwrap(), 0);
    assert_eq!(stored_token(&phone), None);
}

#[test]
fn a_refresh_that_is_answered_after_a_logout_opens_no_session() {
    let folder = tempfile::tempdir().unwrap();
    let (hosts, asked, answers) = hanging();
    let phone = phone(&folder, hosts);
    let task = sync(&phone).unwrap();
    assert_eq!(asked.recv().unwrap(), "POST http://nowhere/v1/challenges");
    answers.send(answer(json!({ "challenge": "c" }))).unwrap();
    assert_eq!(asked.recv().unwrap(), "POST http://nowhere/v1/tokens");
    let leaving = phone.clone();
    let logout = std::thread::spawn(move || now(leaving.log_out()));
    while stored_token(&phone).is_some() {
        std::thread::yield_now();
    }
    let tokens = json!({ "access_token": "a", "refresh_token": "r" });
    answers.send(answer(tokens)).unwrap();
    drop(answers);
    assert_eq!(now(task.wait()).unwrap().outcome, "login_needed");
    logout.join().unwrap().unwrap();
    assert_eq!(stored_token(&phone), None);
    assert_eq!(phone.client().unwrap().access_token(), None);
}
