//! Live notice (实时通知): that something changed, and where it is read; never what, and never whose. The feed is the source:
//! its positions skip nothing, whichever process wrote them, so a stream goes on where it stopped, at any server on the
//! database. One look every half second serves all streams of a process; nothing depends on one server telling another.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::stream::unfold;
use serde::Serialize;
use sync_core::limits::{
    EVENT_STREAMS_MAX, EVENT_STREAMS_PER_USER_MAX, EVENTS_BEHIND_MAX, EVENTS_HEARTBEAT_S,
    EVENTS_POLL_MS, EVENTS_RETRY_MS, EVENTS_ROWS, RERULING_SHOWN_MS, WORK_TOLD_MS,
};
use sync_core::model::UserId;
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use crate::access::gate::Ticket;
use crate::access::{Principal, Role};
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store::Session;
use crate::store::feed::{self, ReaderScope};
use crate::store::imports;
use crate::store::sync::changes;
use crate::store::sync::events::{self, EventRow};

/// The open streams of this process, and what they wait for.
#[derive(Debug)]
pub struct Events {
    open: Mutex<HashMap<UserId, usize>>,
    /// Where the feed ended at the last look.
    end: watch::Sender<i64>,
    /// How far long work was at the last look.
    work: watch::Sender<Work>,
    closing: watch::Sender<bool>,
}

/// How far long work is that people may have left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Work {
    /// Imports, whose they are, and how often each was told of.
    imports: Vec<(Uuid, UserId, i64)>,
    /// Scopes that wait because somebody changed what they lean on.
    reruled: i64,
}

impl Work {
    /// What of it a person's pages show.
    fn of(&self, user: UserId) -> Self {
        let own = self.imports.iter().filter(|(_, whose, _)| *whose == user);
        Self {
            imports: own.copied().collect(),
            reruled: self.reruled,
        }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
            end: watch::Sender::new(0),
            work: watch::Sender::default(),
            closing: watch::Sender::new(false),
        }
    }
}

/// The place of one stream; dropped, it is free.
#[derive(Debug)]
struct Place {
    events: Arc<Events>,
    user: UserId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.events.lock();
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

impl Events {
    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Streams that are open.
    pub fn count(&self) -> usize {
        self.lock().values().sum()
    }

    /// Ends every stream: their clients go on at another server, or at the next one here.
    pub fn end_all(&self) {
        self.closing.send_replace(true);
    }

    fn know_work(&self, work: Work) {
        self.work.send_if_modified(|known| {
            let differs = *known != work;
            *known = work;
            differs
        });
    }

    fn take(self: &Arc<Self>, user: UserId) -> Result<Place, Problem> {
        let mut open = self.lock();
        let all: usize = open.values().sum();
        if all >= EVENT_STREAMS_MAX {
            let later = EVENTS_RETRY_MS.div_ceil(1_000);
            return Err(Problem::new(Code::Overloaded).retry_after_s(later));
        }
        let count = open.entry(user).or_default();
        if *count >= EVENT_STREAMS_PER_USER_MAX {
            return Err(Problem::new(Code::StreamsExceeded).retry_after_s(EVENTS_HEARTBEAT_S));
        }
        *count += 1;
        Ok(Place {
            events: Arc::clone(self),
            user,
        })
    }
}

/// Looks where the feed ends while anybody listens, until it is dropped.
pub async fn run(app: App) {
    loop {
        sleep(Duration::from_millis(EVENTS_POLL_MS)).await;
        if app.events.end.receiver_count() == 0 {
            continue;
        }
        match look(&app).await {
            Ok((end, work)) => {
                let moved = |known: &mut i64| std::mem::replace(known, end) != end;
                app.events.end.send_if_modified(moved);
                app.events.know_work(work);
            }
            Err(problem) => {
                let code = problem.code().as_str();
                tracing::warn!(code, "the end of the feed was not read; it is tried again");
            }
        }
    }
}

async fn look(app: &App) -> Result<(i64, Work), Problem> {
    let mut db = app.store.read().await?;
    let end = feed::last_position(&mut db).await?;
    let work = match app.events.work.receiver_count() {
        0 => Work::default(),
        _ => look_at_work(app, &mut db).await?,
    };
    Ok((end, work))
}

async fn look_at_work(app: &App, db: &mut Session) -> Result<Work, Problem> {
    let now = app.now();
    let mut imports = imports::list_steps(db, now - WORK_TOLD_MS).await?;
    imports.sort_unstable();
    let reruled = imports::count_reruled(db, now - RERULING_SHOWN_MS).await?;
    Ok(Work { imports, reruled })
}

/// What is told of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Notice {
    /// `visit.changed`, `ruling.made`, `case.changed`, `sync.wanted`, to pages `work.changed`, and of the stream itself `ready`,
    /// `reset`, `end`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Where it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    href: Option<String>,
    /// Why a stream ends: the code that the next request would be answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

impl Notice {
    fn plain(kind: &'static str) -> Self {
        Self {
            kind,
            id: None,
            href: None,
            code: None,
        }
    }

    fn of(row: &EventRow) -> Option<Self> {
        let of_case = |id: String| {
            let href = format!("/v1/cases/{id}");
            ("case.changed", id, href)
        };
        let (kind, id, href) = match (row.entry.as_str(), &row.subject, &row.case) {
            ("changes" | "grant", _, Some(case)) => of_case(format!("{}/{case}", row.visit)),
            ("changes", _, None) => {
                let id = row.visit.to_string();
                let href = format!("/v1/visits/{id}");
                ("visit.changed", id, href)
            }
            ("ruling", Some(id), _) => ("ruling.made", id.clone(), format!("/v1/rulings/{id}")),
            ("reference", Some(subject), _) => of_case(subject.strip_prefix("case/")?.to_owned()),
            _ => return None,
        };
        Some(Self {
            id: Some(id),
            href: Some(href),
            ..Self::plain(kind)
        })
    }
}

/// One stream.
struct Stream {
    app: App,
    ticket: Ticket,
    epoch: String,
    /// Everything up to there was told, or is not for this listener.
    told: i64,
    ready: VecDeque<Event>,
    end: watch::Receiver<i64>,
    /// Long work, for pages that show it, and whose.
    work: Option<(UserId, watch::Receiver<Work>)>,
    /// As it was told.
    work_told: Work,
    closing: watch::Receiver<bool>,
    over: bool,
    _place: Place,
}

/// Where a stream stands, as its events are named: `epoch.position`.
fn read_place(text: &str) -> Option<(&str, i64)> {
    let (epoch, position) = text.split_once('.')?;
    let hexadecimal = !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_hexdigit());
    let position = position.parse().ok().filter(|it: &i64| *it >= 0)?;
    hexadecimal.then_some((epoch, position))
}

/// What a listener wants to hear beside what the feed has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Beside {
    /// Nothing: apps.
    #[default]
    Nothing,
    /// How far long work of theirs is: pages of the console that show it.
    Work,
}

/// Opens a stream behind the event that was heard last; without one, from now on.
pub async fn listen(
    app: &App,
    caller: &Principal,
    ticket: Ticket,
    last: Option<&str>,
    beside: Beside,
) -> Result<impl futures_util::Stream<Item = Result<Event, Infallible>> + Send + use<>, Problem> {
    let place = app.events.take(caller.user)?;
    let last = match last {
        None => None,
        Some(text) => {
            let malformed = || Problem::new(Code::HeaderInvalid).detail("Last-Event-ID");
            Some(read_place(text).ok_or_else(malformed)?)
        }
    };
    // Subscribed before the end is read: what comes in between wakes the stream.
    let end = app.events.end.subscribe();
    let work = match beside {
        Beside::Work => Some((caller.user, app.events.work.subscribe())),
        Beside::Nothing => None,
    };
    let mut db = app.store.read().await?;
    let epoch = feed::find_epoch(&mut db).await?;
    let epoch = epoch.ok_or_else(|| Problem::fault("the feed has no epoch"))?;
    let now = feed::last_position(&mut db).await?;
    let (told, greeting) = match last {
        None => (now, "ready"),
        Some((of, position))
            if now - position <= EVENTS_BEHIND_MAX
                && feed::continues(&mut db, of, position).await? =>
        {
            (position, "ready")
        }
        // Another database, or too long ago: what the listener knows is old, and nobody can say what of it.
        Some(_) => (now, "reset"),
    };
    let mut work_told = Work::default();
    if beside == Beside::Work {
        let is = look_at_work(app, &mut db).await?;
        work_told = is.of(caller.user);
        app.events.know_work(is);
    }
    drop(db);
    let mut stream = Stream {
        app: app.clone(),
        ticket,
        epoch,
        told,
        ready: VecDeque::new(),
        end,
        work,
        work_told,
        closing: app.events.closing.subscribe(),
        over: false,
        _place: place,
    };
    let greeting = stream.event(&Notice::plain(greeting), told)?;
    let greeting = greeting.retry(Duration::from_millis(EVENTS_RETRY_MS));
    stream.ready.push_back(greeting);
    if beside == Beside::Work {
        // It may have got on, or ended, between the page and this.
        let told = stream.event(&Notice::plain("work.changed"), told)?;
        stream.ready.push_back(told);
    }
    if told < now {
        stream.end.mark_changed();
    }
    Ok(unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok(event), stream))
    }))
}

/// Resolves when long work got on; never where nobody asked for that.
async fn moved(work: &mut Option<(UserId, watch::Receiver<Work>)>) {
    let heard = match work {
        Some((_, work)) => work.changed().await.is_ok(),
        None => false,
    };
    if !heard {
        std::future::pending().await
    }
}

impl Stream {
    fn event(&self, notice: &Notice, position: i64) -> Result<Event, Problem> {
        let event = Event::default()
            .id(format!("{}.{position}", self.epoch))
            .event(notice.kind);
        event
            .json_data(notice)
            .map_err(|error| Problem::internal(&error))
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            let left = (self.ticket.expires_at() - self.app.now()).max(0);
            let left = Duration::from_millis(left.unsigned_abs());
            let silence = left.min(Duration::from_secs(EVENTS_HEARTBEAT_S));
            let (mut woken, mut closing, mut worked) = (false, false, false);
            tokio::select! {
                changed = self.end.changed() => woken = changed.is_ok(),
                () = moved(&mut self.work) => worked = true,
                _ = self.closing.wait_for(|closing| *closing) => closing = true,
                () = sleep(silence) => {}
            }
            if closing {
                // Its clients come again, here or elsewhere.
                self.over = true;
                continue;
            }
            if let Err(problem) = self.goes_on(woken).await {
                self.over = true;
                let told = Notice {
                    code: Some(problem.code().as_str()),
                    ..Notice::plain("end")
                };
                return self.event(&told, self.told).ok();
            }
            if worked {
                self.tell_work();
            } else if !woken {
                return Some(Event::default().comment("still here"));
            }
        }
    }

    /// Tells that work of the listener got on, where it did.
    fn tell_work(&mut self) {
        let Some((user, work)) = &mut self.work else {
            return;
        };
        let now = work.borrow_and_update().of(*user);
        if now != self.work_told {
            self.work_told = now;
            let told = self.event(&Notice::plain("work.changed"), self.told);
            self.ready.extend(told.ok());
        }
    }

    /// Asks whether the listener may still hear, and reads what there is to be told to them as they are now.
    async fn goes_on(&mut self, woken: bool) -> Result<(), Problem> {
        let caller = self.ticket.principal(&self.app).await?;
        if !woken {
            return Ok(());
        }
        let app = self.app.clone();
        let mut db = app.store.read().await?;
        let end = feed::last_position(&mut db).await?;
        let mut rows = events::list_seen(&mut db, &caller, self.told, end, EVENTS_ROWS).await?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count == EVENTS_ROWS);
        let until = match (rows.first(), rows.last()) {
            // One row may be about several cases: the last one comes whole, with the next page.
            (Some(first), Some(last)) if full && first.position < last.position => {
                let until = last.position - 1;
                rows.retain(|row| row.position <= until);
                until
            }
            (Some(row), _) if full => row.position,
            _ => end,
        };
        // Of many changes of one thing the last is told.
        let mut notices: Vec<(i64, Notice)> = Vec::new();
        for row in &rows {
            if let Some(notice) = Notice::of(row) {
                notices.retain(|(_, other)| *other != notice);
                notices.push((row.position, notice));
            }
        }
        if let Some(device) = caller.device {
            let scope = ReaderScope {
                user: caller.user,
                device,
                organisation: caller.organisation,
                enforces: caller.has(Role::Enforcement),
            };
            if waits(&mut db, &scope, self.told, until).await? {
                let href = Some("/v1/sync".to_owned());
                let notice = Notice {
                    href,
                    ..Notice::plain("sync.wanted")
                };
                notices.push((until, notice));
            }
        }
        for (position, notice) in notices {
            let event = self.event(&notice, position)?;
            self.ready.push_back(event);
        }
        self.told = until;
        if full {
            self.end.mark_changed();
        }
        Ok(())
    }
}

/// Whether a sync would bring the device something that it did not write itself.
async fn waits(
    db: &mut Session,
    scope: &ReaderScope,
    after: i64,
    until: i64,
) -> Result<bool, Problem> {
    let rows = feed::list(db, scope, after, until, EVENTS_ROWS).await?;
    let changed = |row: &&feed::FeedRow| row.entry == "changes";
    if rows.iter().any(|row| !changed(&row)) {
        return Ok(true);
    }
    let positions: Vec<i64> = rows.iter().map(|row| row.position).collect();
    let carried = changes::list_at_positions(db, positions).await?;
    let mut carried = carried.values().flatten();
    Ok(carried.any(|change| change.device != Some(scope.device)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_keeps_as_many_streams_as_allowed_and_one_more_comes_again() {
        let events = Arc::new(Events::default());
        let person = |number: usize| UserId(uuid::Uuid::from_u128(number as u128));
        let mut open: Vec<Place> = (0..EVENT_STREAMS_MAX)
            .map(|number| events.take(person(number)).unwrap())
            .collect();
        let problem = events.take(person(EVENT_STREAMS_MAX)).unwrap_err();
        assert_eq!(problem.code(), Code::Overloaded);
        open.pop();
        let last = events.take(person(EVENT_STREAMS_MAX)).unwrap();
        assert_eq!(events.count(), EVENT_STREAMS_MAX);
        drop((open, last));
        assert_eq!(events.count(), 0);
        assert!(events.lock().is_empty());
    }

    #[test]
    fn a_place_is_an_epoch_and_a_position_and_nothing_else() {
        assert_eq!(read_place("00ff.12"), Some(("00ff", 12)));
        for wrong in [
            "", ".", "00ff", "00ff.", ".1", "00ff.-1", "x.1", "00ff.1.2", "00ff. 1",
        ] {
            assert_eq!(read_place(wrong), None, "{wrong}");
        }
    }
}
