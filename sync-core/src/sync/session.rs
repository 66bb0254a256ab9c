//! The phone's side of a sync, as events → effects. It has no clock, no randomness and no IO: whoever drives it reads the
//! store, sends, waits and tells it what happened, and it may be killed at any point, because everything that matters is
//! in the store before the next step. A request can be sent twice and an answer taken twice; neither changes anything.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::lanes::{self, Outgoing, Page};
use super::retry::{spread, wait_ms};
use super::wire::{ASIDE_FULL, ChangeStatus, Cursor, FeedItem, SyncRequest, SyncResponse};
use crate::limits::{
    PAGE_INFLATED_BYTES_MAX, SYNC_PAGE_INFLATED_BYTES, SYNC_RETRY_AFTER_MS_MAX, SYNC_RETRY_BASE_MS,
    SYNC_RETRY_MAX_MS, SYNC_SKIPPED_MAX,
};
use crate::model::{ChangeHash, Millis};
use crate::proof::log::CheckpointNews;
use crate::proof::{KeyNotice, ReceiptPayload, Signed, TimeTokenPayload};

/// When an event happened, and a random number to spread retries with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic milliseconds.
    pub monotonic_ms: i64,
    /// Fresh for every event.
    pub random: u64,
}

/// How long one sync goes on trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Failed attempts in a row before it gives up for now.
    pub attempts_max: u32,
    /// The longest single wait; a longer one ends the sync and says when to come back.
    pub wait_ms_max: i64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts_max: 4,
            wait_ms_max: 30_000,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Begin, from where the store stands.
    Started {
        /// None at the first sync.
        cursor: Option<Cursor>,
        /// How long the server still wants to be left alone, if it said so before and the app was closed since.
        hold_ms: Option<i64>,
    },
    /// The unsent changes that were asked for; those of a document in causal order.
    Outbox {
        /// At most as many as asked for, in bytes.
        changes: Vec<Outgoing>,
    },
    /// The page compresses to more than a page may be; it was not sent.
    PageTooLarge,
    /// An answer came whole and readable.
    Answered(Box<SyncResponse>),
    /// No usable answer.
    Failed(Failure),
    /// What was asked to be stored is durable.
    Stored {
        /// Changes that are still unsent.
        unsent: u32,
    },
    /// The store failed; nothing of it was stored.
    StoreFailed {
        /// Stable code.
        code: String,
    },
    /// There is a fresh access token.
    Refreshed,
    /// There can be none without a person.
    LoginNeeded,
    /// The time to wait is over.
    Woke,
}

/// Why there is no usable answer. Whether the server did what was asked is not known, and need not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No connection, or it broke.
    Unreachable,
    /// Took too long.
    TimedOut,
    /// Cut, malformed, or not what the protocol says.
    Unreadable,
    /// An HTTP status other than 200.
    Status {
        /// 300 to 599.
        status: u16,
        /// Code of the problem; empty where the answer is none of our server's (a captive portal, a proxy on the way).
        code: String,
        /// `Retry-After` in milliseconds.
        retry_after_ms: Option<i64>,
    },
}

impl Failure {
    /// Stable.
    pub fn code(&self) -> String {
        match self {
            Self::Unreachable => "network.unreachable".into(),
            Self::TimedOut => "network.timed_out".into(),
            Self::Unreadable => "network.unreadable".into(),
            Self::Status { status, code, .. } if code.is_empty() => format!("http.{status}"),
            Self::Status { code, .. } => code.clone(),
        }
    }

    /// `Retry-After`, within reason: no answer shuts a phone out for longer than a day.
    pub fn asked_ms(&self) -> Option<i64> {
        match self {
            Self::Status { retry_after_ms, .. } => {
                retry_after_ms.map(|asked| asked.clamp(0, SYNC_RETRY_AFTER_MS_MAX))
            }
            Self::Unreachable | Self::TimedOut | Self::Unreadable => None,
        }
    }
}

/// What is to be done. Effects are carried out in order; at most one of them leads to a later event.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Read unsent changes, at least one if there is any: answer with [`Event::Outbox`].
    ReadOutbox {
        /// Raw bytes to read before stopping.
        bytes_max: usize,
        /// Left out: what could not be delivered in this sync, and waits in the outbox for the next one.
        skipped: BTreeSet<ChangeHash>,
    },
    /// Compress and send: answer with `Answered`, `Failed` or `PageTooLarge`.
    Send(SyncRequest),
    /// Store in one transaction: answer with `Stored` or `StoreFailed`.
    Store(Box<Brought>),
    /// Get a new access token: answer with `Refreshed`, `LoginNeeded` or `Failed`.
    RefreshToken,
    /// Wait, then `Woke`.
    Wait {
        /// How long.
        milliseconds: i64,
    },
    /// For a progress bar.
    Progress(Progress),
    /// The end; no event follows.
    Done(Report),
}

/// What an answer brought, or what is to be set aside without one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Brought {
    /// New status of changes that were on the page; they leave the outbox.
    pub statuses: Vec<(ChangeHash, ChangeStatus)>,
    /// Received, durable, when.
    pub receipts: Vec<Signed<ReceiptPayload>>,
    /// What is new.
    pub items: Vec<FeedItem>,
    /// Where the phone stands afterwards.
    pub cursor: Option<Cursor>,
    /// The server was restored: every change that the phone holds goes into the outbox again, before the statuses above
    /// are applied, and versions of rulings and reference data start over.
    pub epoch_changed: bool,
    /// Everything that came down is complete up to this instant; none while there is more.
    pub as_of_ms: Option<Millis>,
    /// The server's time for this device.
    pub time_token: Option<Signed<TimeTokenPayload>>,
    /// News of the server's keys: taken in first.
    pub server_keys: Vec<KeyNotice>,
    /// Where browsers reach the server.
    pub public_url: Option<String>,
    /// A newer checkpoint of the server's log.
    pub checkpoint: Option<CheckpointNews>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Changes the server has spoken about.
    pub sent: u32,
    /// Feed items stored.
    pub received: u32,
    /// Changes still unsent.
    pub unsent: u32,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything is through in both directions.
    Complete,
    /// No way to the server, or somebody else answered in its place: later.
    Offline,
    /// The server asked for patience.
    Busy,
    /// The session is over and a person must log in; work goes on offline.
    LoginNeeded,
    /// The account or its role may not sync; an administrator must act. Work goes on offline.
    Forbidden,
    /// The device was revoked: nothing is deleted, nothing is sent.
    DeviceRevoked,
    /// The server does not know the device: it was restored from a backup of before. A new code is needed.
    EnrolmentNeeded,
    /// The two do not understand each other, or single items could not be delivered: they stay in the outbox.
    Incompatible,
    /// The phone's own store failed.
    StoreFailed,
}

/// The end of a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How.
    pub outcome: Outcome,
    /// Answers that were stored.
    pub round_trips: u32,
    /// How far.
    pub progress: Progress,
    /// When to come back, if it is not complete.
    pub retry_in_ms: Option<i64>,
    /// The last failure's code.
    pub last_error: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Idle,
    Reading,
    Sending,
    Refreshing,
    Waiting,
    Storing { more: bool },
    SettingAside,
    Finished,
}

/// Pages without changes, one after the other, though the store counts unsent ones.
const EMPTY_IN_A_ROW_MAX: u32 = 3;

/// Whether a page without changes passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    /// Nobody needed to know.
    Unknown,
    /// One was sent.
    Sent,
    /// It does.
    Passed,
}

/// One sync of one phone.
#[derive(Debug)]
pub struct Session {
    patience: Patience,
    state: State,
    cursor: Option<Cursor>,
    page: Page,
    /// Halved when a page compresses badly.
    inflated_bytes: usize,
    /// Halved when the server refuses a page whole, so that the poison item is found; doubled by every success.
    parcels_max: usize,
    /// Whether a page without changes passes: before that is known no item is to blame for a refusal.
    probe: Probe,
    /// Left in the outbox for another time.
    skipped: BTreeSet<ChangeHash>,
    /// How many in a row, without a page between them that passed.
    skipped_in_a_row: usize,
    skipped_error: Option<String>,
    /// The last page carried nothing.
    empty: bool,
    empty_in_a_row: u32,
    failures: u32,
    refreshed: bool,
    round_trips: u32,
    progress: Progress,
    last_error: Option<String>,
}

impl Session {
    /// A session that has not begun.
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            state: State::Idle,
            cursor: None,
            page: Page::default(),
            inflated_bytes: SYNC_PAGE_INFLATED_BYTES,
            parcels_max: usize::MAX,
            probe: Probe::Unknown,
            skipped: BTreeSet::new(),
            skipped_in_a_row: 0,
            skipped_error: None,
            empty: false,
            empty_in_a_row: 0,
            failures: 0,
            refreshed: false,
            round_trips: 0,
            progress: Progress::default(),
            last_error: None,
        }
    }

    /// Takes what happened and says what to do. An event that does not fit the moment (an answer that came twice, a
    /// timer that was late) does nothing.
    pub fn handle(&mut self, now: Moment, event: Event) -> Vec<Effect> {
        match (self.state.clone(), event) {
            (State::Idle, Event::Started { cursor, hold_ms }) => {
                self.cursor = cursor;
                match hold_ms.filter(|hold| *hold > 0) {
                    Some(hold) => self.hold(now, hold),
                    None => self.read(),
                }
            }
            (State::Reading, Event::Outbox { changes }) => {
                self.page = lanes::fill(changes, self.inflated_bytes, self.parcels_max);
                self.send()
            }
            (State::Sending, Event::PageTooLarge) => self.shrink(),
            (State::Sending, Event::Answered(answer)) => self.take(now, *answer),
            (State::Sending | State::Refreshing, Event::Failed(failure)) => self.fail(now, failure),
            (State::Refreshing, Event::Refreshed) => self.send(),
            (State::Refreshing, Event::LoginNeeded) => self.finish(Outcome::LoginNeeded, None),
            // The store is read again: what was recorded while waiting goes with the rest.
            (State::Waiting, Event::Woke) => self.read(),
            (State::Storing { more }, Event::Stored { unsent }) => self.stored(more, unsent),
            (State::SettingAside, Event::Stored { unsent }) => {
                self.progress.unsent = unsent;
                self.read()
            }
            (
                State::Reading | State::Storing { .. } | State::SettingAside,
                Event::StoreFailed { code },
            ) => {
                self.last_error = Some(code);
                self.finish(Outcome::StoreFailed, None)
            }
            _ => Vec::new(),
        }
    }

    fn read(&mut self) -> Vec<Effect> {
        self.state = State::Reading;
        vec![Effect::ReadOutbox {
            bytes_max: self.inflated_bytes,
            skipped: self.skipped.clone(),
        }]
    }

    fn send(&mut self) -> Vec<Effect> {
        self.state = State::Sending;
        self.empty = self.page.is_empty();
        vec![Effect::Send(SyncRequest {
            cursor: self.cursor.clone(),
            changes: self.page.pushed(),
            tips: self.page.tips(),
            documents: self.page.documents(),
            feed_bytes_max: u32::try_from(PAGE_INFLATED_BYTES_MAX).ok(),
            // Whoever sends it knows them.
            server_keys: Vec::new(),
            checkpoint: None,
        })]
    }

    fn take(&mut self, now: Moment, answer: SyncResponse) -> Vec<Effect> {
        let pushed: Vec<_> = self.page.changes().map(|change| change.hash).collect();
        let mut statuses = Vec::new();
        for report in answer.statuses {
            let hash = usize::try_from(report.index)
                .ok()
                .and_then(|at| pushed.get(at));
            if let Some(hash) = hash
                && report.hash.is_none_or(|named| named == *hash)
            {
                statuses.push((*hash, report.status));
            }
        }
        let moved = self.cursor.as_ref() != Some(&answer.cursor) || !answer.items.is_empty();
        // An answer that speaks of nothing that was sent, or of more to come without moving, would be asked for ever. One
        // that took what was sent and had no room to bring anything down is as good as any.
        let stands_still = answer.more && !moved && pushed.is_empty();
        if (statuses.is_empty() && !pushed.is_empty()) || stands_still {
            return self.fail(now, Failure::Unreadable);
        }
        if pushed.is_empty() {
            self.probe = Probe::Passed;
        } else {
            self.skipped_in_a_row = 0;
        }
        // Turned away is not judged: it waits in the outbox, and nothing else waits for it.
        statuses.retain(|(hash, status)| {
            let stays = status.is_turned_away();
            if stays {
                self.skipped.insert(*hash);
                self.skipped_error = Some(ASIDE_FULL.to_owned());
            }
            !stays
        });
        self.failures = 0;
        self.refreshed = false;
        self.last_error = None;
        self.parcels_max = self.parcels_max.saturating_mul(2);
        self.round_trips += 1;
        self.progress.sent += u32::try_from(statuses.len()).unwrap_or(u32::MAX);
        self.progress.received += u32::try_from(answer.items.len()).unwrap_or(u32::MAX);
        self.cursor = Some(answer.cursor);
        self.page = Page::default();
        self.state = State::Storing { more: answer.more };
        vec![Effect::Store(Box::new(Brought {
            statuses,
            receipts: answer.receipts,
            items: answer.items,
            cursor: self.cursor.clone(),
            epoch_changed: answer.epoch_changed,
            as_of_ms: answer.as_of_ms,
            time_token: Some(answer.time_token),
            server_keys: answer.server_keys,
            public_url: answer.public_url,
            checkpoint: answer.checkpoint,
        }))]
    }

    fn stored(&mut self, more: bool, unsent: u32) -> Vec<Effect> {
        self.progress.unsent = unsent;
        let mut effects = vec![Effect::Progress(self.progress)];
        let skipped = u32::try_from(self.skipped.len()).unwrap_or(u32::MAX);
        // Unsent changes that the store counts and does not give would be asked for ever. An empty page or two prove
        // nothing: one may have been a probe, and something may have been recorded while it travelled.
        self.empty_in_a_row = if self.empty && !more {
            self.empty_in_a_row + 1
        } else {
            0
        };
        if more || (unsent > skipped && self.empty_in_a_row < EMPTY_IN_A_ROW_MAX) {
            effects.extend(self.read());
        } else if unsent > 0 {
            self.last_error.clone_from(&self.skipped_error);
            // A place at the server becomes free only when a person acts or something that is missing arrives.
            let full = self.last_error.as_deref() == Some(ASIDE_FULL);
            effects.extend(self.finish(Outcome::Incompatible, full.then_some(SYNC_RETRY_MAX_MS)));
        } else {
            effects.extend(self.finish(Outcome::Complete, None));
        }
        effects
    }

    /// A page that compresses badly is halved; a parcel that fits no page goes aside.
    fn shrink(&mut self) -> Vec<Effect> {
        if self.page.parcels.len() > 1 {
            self.inflated_bytes = (self.inflated_bytes / 2).max(1);
            self.parcels_max = self.page.parcels.len().div_ceil(2);
            return self.read();
        }
        self.set_aside("page.too_large", "compresses to more than a page may be")
    }

    /// Whoever can say so has said that this is no item at all: it leaves the outbox and is shown with the reason.
    fn set_aside(&mut self, code: &str, detail: &str) -> Vec<Effect> {
        let refused = |change: &Outgoing| {
            let status = ChangeStatus::Refused {
                code: code.to_owned(),
                detail: detail.to_owned(),
            };
            (change.hash, status)
        };
        let statuses = self.page.changes().map(refused).collect();
        self.state = State::SettingAside;
        self.page = Page::default();
        vec![Effect::Store(Box::new(Brought {
            statuses,
            ..Brought::default()
        }))]
    }

    /// The page stays in the outbox and blocks nothing else: the next sync tries it again.
    fn skip(&mut self, gave_up: Outcome) -> Vec<Effect> {
        self.skipped
            .extend(self.page.changes().map(|change| change.hash));
        self.page = Page::default();
        self.failures = 0;
        self.skipped_in_a_row += 1;
        self.skipped_error.clone_from(&self.last_error);
        // Not the items: whatever answers there takes nothing at all.
        if self.skipped_in_a_row >= SYNC_SKIPPED_MAX {
            return self.finish(gave_up, Some(SYNC_RETRY_MAX_MS));
        }
        self.read()
    }

    fn fail(&mut self, now: Moment, failure: Failure) -> Vec<Effect> {
        self.last_error = Some(failure.code());
        let asked = failure.asked_ms();
        let Failure::Status { status, code, .. } = failure else {
            return self.wait(now, None, Outcome::Offline);
        };
        let ours = !code.is_empty();
        let refreshing = self.state == State::Refreshing;
        match (status, code.as_str()) {
            (401, _) if ours && !self.refreshed => {
                self.refreshed = true;
                self.state = State::Refreshing;
                vec![Effect::RefreshToken]
            }
            (401, _) if ours => self.finish(Outcome::LoginNeeded, None),
            (403, "device_revoked") => self.finish(Outcome::DeviceRevoked, None),
            (403, "device_unknown") => self.finish(Outcome::EnrolmentNeeded, None),
            (403, "user_disabled") => self.finish(Outcome::Forbidden, None),
            (403, _) if ours && refreshing => self.finish(Outcome::LoginNeeded, None),
            (403, _) if ours => self.finish(Outcome::Forbidden, None),
            (400 | 409 | 413 | 422, _) if !refreshing => self.refuse(now, &code),
            (408 | 425 | 429, _) => self.wait(now, asked, Outcome::Busy),
            (511, _) => self.wait(now, None, Outcome::Offline),
            // It may be one item that the server stumbles over: a smaller page shows which.
            (500, _) if self.page.parcels.len() > 1 => {
                self.parcels_max = self.page.parcels.len().div_ceil(2);
                self.wait(now, asked, Outcome::Busy)
            }
            (500, _)
                if !self.page.is_empty() && self.failures + 1 >= self.patience.attempts_max =>
            {
                self.skip(Outcome::Busy)
            }
            (500..=599, _) => self.wait(now, asked, Outcome::Busy),
            _ if ours => self.finish(Outcome::Incompatible, None),
            // A captive portal, a proxy, a firewall: not our server, so nothing that it says is about us.
            _ => self.wait(now, None, Outcome::Offline),
        }
    }

    /// A page was refused as a whole. First it must be sure that a page without changes passes; then it is halved until the
    /// one that cannot be taken stands alone. Only the server itself can say that an item is none; for anybody else on the
    /// way the item stays in the outbox.
    fn refuse(&mut self, now: Moment, code: &str) -> Vec<Effect> {
        let ours = !code.is_empty();
        if self.page.is_empty() {
            if !ours {
                return self.wait(now, None, Outcome::Offline);
            }
            // What is left is the cursor. Without one the feed starts over, which only costs time.
            if self.cursor.take().is_some() {
                return self.send();
            }
            return self.finish(Outcome::Incompatible, None);
        }
        match self.probe {
            Probe::Unknown | Probe::Sent => {
                self.probe = Probe::Sent;
                self.page = Page::default();
                self.send()
            }
            Probe::Passed if self.page.parcels.len() > 1 => {
                self.parcels_max = self.page.parcels.len() / 2;
                self.read()
            }
            Probe::Passed if ours => {
                self.set_aside(code, "the server refused the page that held nothing else")
            }
            Probe::Passed => self.skip(Outcome::Offline),
        }
    }

    /// Exponential with jitter, and never sooner than the server asked.
    fn wait(&mut self, now: Moment, asked_ms: Option<i64>, gave_up: Outcome) -> Vec<Effect> {
        let milliseconds = wait_ms(self.failures, asked_ms, now.random);
        self.failures += 1;
        // The token may have lapsed or be missing when it is tried again.
        self.refreshed = false;
        if self.failures >= self.patience.attempts_max || milliseconds > self.patience.wait_ms_max {
            return self.finish(gave_up, Some(milliseconds));
        }
        self.state = State::Waiting;
        vec![Effect::Wait { milliseconds }]
    }

    /// What the server asked for before this sync began still holds.
    fn hold(&mut self, now: Moment, hold_ms: i64) -> Vec<Effect> {
        let milliseconds = hold_ms.saturating_add(spread(now.random, SYNC_RETRY_BASE_MS) / 2);
        if milliseconds > self.patience.wait_ms_max {
            return self.finish(Outcome::Busy, Some(milliseconds));
        }
        self.state = State::Waiting;
        vec![Effect::Wait { milliseconds }]
    }

    fn finish(&mut self, outcome: Outcome, retry_in_ms: Option<i64>) -> Vec<Effect> {
        self.state = State::Finished;
        vec![Effect::Done(Report {
            outcome,
            round_trips: self.round_trips,
            progress: self.progress,
            retry_in_ms,
            last_error: self.last_error.clone(),
        })]
    }
}

#[cfg(test)]
mod tests {
    //! The whole conversation against a server made of a few lines, without a runtime and without a network.

    use std::collections::{BTreeMap, BTreeSet};

    use super::super::lanes::tests::outgoing;
    use super::super::wire::{ChangeReport, FeedEntry};
    use super::*;
    use crate::model::{DeviceId, DocumentId};
    use crate::proof::Signed;

    /// A store of the phone: what is unsent, what the server said, what came down.
    #[derive(Default)]
    struct Store {
        all: Vec<Outgoing>,
        unsent: Vec<Outgoing>,
        statuses: BTreeMap<ChangeHash, ChangeStatus>,
        items: Vec<i64>,
        cursor: Option<Cursor>,
    }

    /// A server: what it holds, and what it does wrong next.
    struct Server {
        epoch: &'static str,
        held: BTreeSet<ChangeHash>,
        feed: Vec<i64>,
        feed_page: usize,
        /// Whoever sends gets nothing down.
        reads_alone: bool,
        poison: Option<ChangeHash>,
        poisoned_with: Failure,
        turns_away: BTreeSet<ChangeHash>,
        never: Option<Failure>,
        faults: Vec<Fault>,
        requests: usize,
    }

    #[derive(Clone)]
    enum Fault {
        /// Takes everything, and the answer is lost.
        LostAfter(Failure),
        /// Takes nothing.
        Before(Failure),
        /// The answer comes a second time.
        Twice,
    }

    fn status(status: u16, code: &str, retry_after_ms: Option<i64>) -> Failure {
        Failure::Status {
            status,
            code: code.into(),
            retry_after_ms,
        }
    }

    impl Server {
        fn new() -> Self {
            Self {
                epoch: "a",
                held: BTreeSet::new(),
                feed: Vec::new(),
                feed_page: 100,
                reads_alone: false,
                poison: None,
                poisoned_with: status(422, "body_invalid", None),
                turns_away: BTreeSet::new(),
                never: None,
                faults: Vec::new(),
                requests: 0,
            }
        }

        fn answer(&mut self, request: &SyncRequest) -> Result<SyncResponse, Failure> {
            let poisoned = request
                .changes
                .iter()
                .any(|change| Some(change.hash) == self.poison);
            if let (true, Failure::Status { .. }) = (poisoned, &self.poisoned_with) {
                return Err(self.poisoned_with.clone());
            }
            if let Some(failure) = &self.never {
                return Err(failure.clone());
            }
            let statuses = request.changes.iter().enumerate().map(|(index, change)| {
                let full = self.turns_away.contains(&change.hash);
                if !full {
                    self.held.insert(change.hash);
                }
                ChangeReport {
                    hash: Some(change.hash),
                    index: u32::try_from(index).unwrap(),
                    status: match full {
                        true => ChangeStatus::Refused {
                            code: ASIDE_FULL.into(),
                            detail: "full".into(),
                        },
                        false => ChangeStatus::Accepted,
                    },
                }
            });
            let statuses = statuses.collect();
            let same = request
                .cursor
                .as_ref()
                .filter(|cursor| cursor.epoch == self.epoch);
            let from = same.map_or(0, |cursor| cursor.position);
            let new: Vec<_> = self.feed.iter().filter(|at| **at > from).copied().collect();
            let room = match self.reads_alone && !request.changes.is_empty() {
                true => 0,
                false => self.feed_page,
            };
            let more = new.len() > room;
            let new: Vec<_> = new.into_iter().take(room).collect();
            let position = new.last().copied().unwrap_or(from);
            let item = |position| FeedItem {
                position,
                entry: FeedEntry::Revoke {
                    document_id: DocumentId([9; 32]),
                },
            };
            let time = TimeTokenPayload {
                device_id: DeviceId(uuid::Uuid::nil()),
                at_ms: 0,
                nonce: String::new(),
            };
            Ok(SyncResponse {
                statuses,
                receipts: Vec::new(),
                items: new.into_iter().map(item).collect(),
                cursor: Cursor {
                    epoch: self.epoch.into(),
                    position,
                    seen: None,
                },
                more,
                epoch_changed: request.cursor.is_some() && same.is_none(),
                as_of_ms: None,
                time_token: Signed::sign(&time, "k".into(), |_| Vec::new()),
                server_keys: Vec::new(),
                public_url: None,
                checkpoint: None,
            })
        }
    }

    impl Store {
        fn with(changes: Vec<Outgoing>) -> Self {
            Self {
                all: changes.clone(),
                unsent: changes,
                ..Self::default()
            }
        }

        fn put(&mut self, brought: &Brought) {
            if brought.epoch_changed {
                self.unsent = self.all.clone();
            }
            for (hash, status) in &brought.statuses {
                self.unsent.retain(|change| change.hash != *hash);
                self.statuses.insert(*hash, status.clone());
            }
            self.items
                .extend(brought.items.iter().map(|item| item.position));
            if brought.cursor.is_some() {
                self.cursor.clone_from(&brought.cursor);
            }
        }
    }

    /// What a run left behind.
    struct Run {
        report: Report,
        waits: Vec<i64>,
        refreshes: usize,
    }

    fn run(store: &mut Store, server: &mut Server) -> Run {
        run_with(store, server, |_| Event::Refreshed, 1_000_000)
    }

    fn run_with(
        store: &mut Store,
        server: &mut Server,
        refresh: impl Fn(usize) -> Event,
        page_bytes_max: usize,
    ) -> Run {
        let mut session = Session::new(Patience::default());
        let mut events = vec![Event::Started {
            cursor: store.cursor.clone(),
            hold_ms: None,
        }];
        let (mut waits, mut refreshes) = (Vec::new(), 0);
        for random in 0..10_000 {
            if events.is_empty() {
                break;
            }
            let now = Moment {
                monotonic_ms: 0,
                random,
            };
            for effect in session.handle(now, events.remove(0)) {
                match effect {
                    Effect::ReadOutbox { skipped, .. } => {
                        let mut changes = store.unsent.clone();
                        changes.retain(|change| !skipped.contains(&change.hash));
                        events.push(Event::Outbox { changes });
                    }
                    Effect::Send(request) => {
                        let bytes: usize = request.changes.iter().map(|c| c.bytes.len()).sum();
                        if bytes > page_bytes_max {
                            events.push(Event::PageTooLarge);
                            continue;
                        }
                        server.requests += 1;
                        let fault = (!server.faults.is_empty()).then(|| server.faults.remove(0));
                        let event = |answer| match answer {
                            Ok(answer) => Event::Answered(Box::new(answer)),
                            Err(failure) => Event::Failed(failure),
                        };
                        match fault {
                            None => events.push(event(server.answer(&request))),
                            Some(Fault::Before(failure)) => events.push(Event::Failed(failure)),
                            Some(Fault::LostAfter(failure)) => {
                                server.answer(&request).unwrap();
                                events.push(Event::Failed(failure));
                            }
                            Some(Fault::Twice) => {
                                events.push(event(server.answer(&request)));
                                events.push(event(server.answer(&request)));
                            }
                        }
                    }
                    Effect::Store(brought) => {
                        store.put(&brought);
                        let unsent = u32::try_from(store.unsent.len()).unwrap();
                        events.insert(0, Event::Stored { unsent });
                        // A late second answer comes only after what the first one caused.
                        if let Some(at) =
                            events.iter().position(|e| matches!(e, Event::Answered(_)))
                        {
                            let late = events.remove(at);
                            events.push(late);
                        }
                    }
                    Effect::RefreshToken => {
                        refreshes += 1;
                        events.push(refresh(refreshes));
                    }
                    Effect::Wait { milliseconds } => {
                        waits.push(milliseconds);
                        events.push(Event::Woke);
                    }
                    Effect::Progress(_) => {}
                    Effect::Done(report) => {
                        return Run {
                            report,
                            waits,
                            refreshes,
                        };
                    }
                }
            }
        }
        panic!("the session never ended");
    }

    fn three() -> Vec<Outgoing> {
        vec![
            outgoing(1, 1, 1, 100),
            outgoing(1, 1, 2, 100),
            outgoing(2, 1, 1, 100),
        ]
    }

    #[test]
    fn one_round_trip_carries_everything_in_both_directions() {
        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.feed = vec![1, 2, 3];
        let run = run(&mut store, &mut server);
        assert_eq!(run.report.outcome, Outcome::Complete);
        assert_eq!((server.requests, server.held.len()), (1, 3));
        assert_eq!(store.items, [1, 2, 3]);
        assert!(store.unsent.is_empty());
    }

    #[test]
    fn it_pulls_until_there_is_no_more_and_pushes_until_nothing_is_unsent() {
        let many: Vec<_> = (1..=40).map(|seq| outgoing(1, 1, seq, 10_000)).collect();
        let (mut store, mut server) = (Store::with(many), Server::new());
        server.feed = (1..=10).collect();
        server.feed_page = 3;
        let run = run(&mut store, &mut server);
        assert_eq!(run.report.outcome, Outcome::Complete);
        assert_eq!(server.held.len(), 40);
        assert_eq!(store.items, (1..=10).collect::<Vec<_>>());
    }

    #[test]
    fn a_server_that_takes_what_is_sent_and_has_no_room_to_answer_more_is_asked_until_it_has() {
        let many: Vec<_> = (1..=40).map(|seq| outgoing(1, 1, seq, 10_000)).collect();
        let (mut store, mut server) = (Store::with(many), Server::new());
        server.feed = vec![1, 2, 3];
        server.reads_alone = true;
        let run = run(&mut store, &mut server);
        assert_eq!(run.report.outcome, Outcome::Complete);
        assert_eq!(server.held.len(), 40);
        assert_eq!(store.items, [1, 2, 3]);
        assert!(run.waits.is_empty(), "{:?}", run.waits);
    }

    #[test]
    fn an_answer_lost_after_the_server_took_it_is_asked_for_again_and_doubles_nothing() {
        for failure in [Failure::TimedOut, Failure::Unreachable, Failure::Unreadable] {
            let (mut store, mut server) = (Store::with(three()), Server::new());
            server.feed = vec![1, 2];
            server.faults = vec![Fault::LostAfter(failure)];
            let run = run(&mut store, &mut server);
            assert_eq!(run.report.outcome, Outcome::Complete);
            assert_eq!((server.requests, server.held.len()), (2, 3));
            assert_eq!(store.items, [1, 2]);
        }
    }

    #[test]
    fn an_answer_that_comes_twice_is_taken_once() {
        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.feed = vec![1, 2];
        server.faults = vec![Fault::Twice];
        assert_eq!(
            run(&mut store, &mut server).report.outcome,
            Outcome::Complete
        );
        assert_eq!(store.items, [1, 2]);
    }

    #[test]
    fn retry_after_is_never_undercut() {
        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.faults = vec![Fault::Before(status(503, "overloaded", Some(7_000))); 2];
        let run = run(&mut store, &mut server);
        assert_eq!(run.report.outcome, Outcome::Complete);
        assert_eq!(run.waits.len(), 2);
        assert!(
            run.waits.iter().all(|wait| *wait >= 7_000),
            "{:?}",
            run.waits
        );
    }

    #[test]
    fn a_long_retry_after_ends_the_sync_and_says_when_to_come_back() {
        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.faults = vec![Fault::Before(status(429, "overloaded", Some(600_000)))];
        let run = run(&mut store, &mut server);
        assert_eq!(run.report.outcome, Outcome::Busy);
        assert!(run.report.retry_in_ms.unwrap() >= 600_000);
        assert_eq!(store.unsent.len(), 3);
    }

    #[test]
    fn without_a_network_waits_grow_and_it_gives_up_for_now() {
        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.faults = vec![Fault::Before(Failure::Unreachable); 10];
        let run = run(&mut store, &mut server);
        assert_eq!(run.report.outcome, Outcome::Offline);
        assert_eq!(
            run.report.last_error.as_deref(),
            Some("network.unreachable")
        );
        assert!(
            run.waits.windows(2).all(|pair| pair[0] < pair[1]),
            "{:?}",
            run.waits
        );
        assert_eq!(store.unsent.len(), 3);
    }

    /// A session that has begun, at a moment that stands still, and what it wants first.
    fn opened(
        patience: Patience,
        hold_ms: Option<i64>,
        random: u64,
    ) -> (Session, Moment, Vec<Effect>) {
        let mut session = Session::new(patience);
        let now = Moment {
            monotonic_ms: 0,
            random,
        };
        let begun = Event::Started {
            cursor: None,
            hold_ms,
        };
        let effects = session.handle(now, begun);
        (session, now, effects)
    }

    fn nothing_unsent() -> Event {
        Event::Outbox {
            changes: Vec::new(),
        }
    }

    #[test]
    fn jitter_spreads_equal_failures() {
        let wait = |random| {
            let (mut session, now, _) = opened(Patience::default(), None, random);
            session.handle(now, nothing_unsent());
            session.handle(now, Event::Failed(Failure::TimedOut))
        };
        assert_ne!(wait(1), wait(900));
    }

    #[test]
    fn an_expired_token_is_refreshed_once() {
        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.faults = vec![Fault::Before(status(401, "token_expired", None))];
        let first = run(&mut store, &mut server);
        assert_eq!(
            (first.report.outcome, first.refreshes),
            (Outcome::Complete, 1)
        );

        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.faults = vec![Fault::Before(status(401, "token_expired", None)); 5];
        let second = run(&mut store, &mut server);
        assert_eq!(
            (second.report.outcome, second.refreshes),
            (Outcome::LoginNeeded, 1)
        );
        assert_eq!(store.unsent.len(), 3);
    }

    #[test]
    fn a_session_that_is_over_leaves_the_queue_alone() {
        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.faults = vec![Fault::Before(status(401, "token_expired", None))];
        let run = run_with(&mut store, &mut server, |_| Event::LoginNeeded, 1_000_000);
        assert_eq!(run.report.outcome, Outcome::LoginNeeded);
        assert_eq!(store.unsent.len(), 3);
    }

    #[test]
    fn a_revoked_device_stops_and_deletes_nothing() {
        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.faults = vec![Fault::Before(status(403, "device_revoked", None))];
        assert_eq!(
            run(&mut store, &mut server).report.outcome,
            Outcome::DeviceRevoked
        );
        assert_eq!(store.unsent.len(), 3);
    }

    #[test]
    fn a_poison_item_goes_aside_with_its_reason_and_blocks_nothing_else() {
        let all: Vec<_> = (1..=9).map(|n| outgoing(n, 1, 1, 100)).collect();
        let poison = all[4].hash;
        let (mut store, mut server) = (Store::with(all), Server::new());
        server.poison = Some(poison);
        assert_eq!(
            run(&mut store, &mut server).report.outcome,
            Outcome::Complete
        );
        assert_eq!(server.held.len(), 8);
        assert!(
            matches!(&store.statuses[&poison], ChangeStatus::Refused { code, .. } if code == "body_invalid")
        );
    }

    #[test]
    fn a_page_that_compresses_badly_is_halved_and_an_item_that_fits_none_goes_aside() {
        let mut all: Vec<_> = (1..=8).map(|n| outgoing(n, 1, 1, 3_000)).collect();
        all.push(outgoing(9, 1, 1, 90_000));
        let (mut store, mut server) = (Store::with(all), Server::new());
        let run = run_with(&mut store, &mut server, |_| Event::Refreshed, 10_000);
        assert_eq!(run.report.outcome, Outcome::Complete);
        assert_eq!(server.held.len(), 8);
        assert!(
            store.statuses.values().any(
                |s| matches!(s, ChangeStatus::Refused { code, .. } if code == "page.too_large")
            )
        );
    }

    #[test]
    fn after_a_restore_of_the_server_everything_held_is_offered_again() {
        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.feed = vec![1, 2, 3];
        run(&mut store, &mut server);
        let mut restored = Server::new();
        restored.epoch = "b";
        restored.feed = vec![1];
        assert_eq!(
            run(&mut store, &mut restored).report.outcome,
            Outcome::Complete
        );
        assert_eq!(restored.held.len(), 3);
        assert_eq!(store.items, [1, 2, 3, 1]);
        assert_eq!(store.cursor.as_ref().unwrap().epoch, "b");
    }

    #[test]
    fn an_answer_that_speaks_of_nothing_sent_is_not_believed() {
        let (mut session, now, _) = opened(Patience::default(), None, 0);
        session.handle(now, Event::Outbox { changes: three() });
        let silent = Server::new().answer(&SyncRequest::default()).unwrap();
        let effects = session.handle(now, Event::Answered(Box::new(silent)));
        assert!(matches!(effects[..], [Effect::Wait { .. }]), "{effects:?}");
    }

    #[test]
    fn an_event_out_of_turn_does_nothing() {
        let mut session = Session::new(Patience::default());
        let now = Moment {
            monotonic_ms: 0,
            random: 0,
        };
        for event in [Event::Woke, Event::Stored { unsent: 3 }, Event::Refreshed] {
            assert_eq!(session.handle(now, event), []);
        }
    }

    #[test]
    fn an_item_that_a_proxy_refuses_stays_in_the_outbox_and_blocks_nothing_else() {
        for foreign in [400, 409, 413, 422] {
            let all: Vec<_> = (1..=9).map(|n| outgoing(n, 1, 1, 100)).collect();
            let poison = all[4].hash;
            let (mut store, mut server) = (Store::with(all), Server::new());
            (server.poison, server.poisoned_with) = (Some(poison), status(foreign, "", None));
            let run = run(&mut store, &mut server);
            assert_eq!(run.report.outcome, Outcome::Incompatible);
            assert_eq!(run.report.last_error, Some(format!("http.{foreign}")));
            assert_eq!(server.held.len(), 8);
            assert_eq!(store.unsent.len(), 1, "kept for the next sync");
        }
    }

    #[test]
    fn what_the_server_has_no_room_for_waits_on_the_phone_and_is_offered_again_later() {
        let all: Vec<_> = (1..=9).map(|n| outgoing(n, 1, 1, 100)).collect();
        let (mut store, mut server) = (Store::with(all.clone()), Server::new());
        server.turns_away = BTreeSet::from([all[4].hash, all[7].hash]);
        let first = run(&mut store, &mut server);
        assert_eq!(first.report.outcome, Outcome::Incompatible);
        assert_eq!(first.report.last_error.as_deref(), Some(ASIDE_FULL));
        assert_eq!(first.report.retry_in_ms, Some(SYNC_RETRY_MAX_MS));
        assert_eq!((server.held.len(), store.unsent.len()), (7, 2));
        assert_eq!(store.statuses.len(), 7, "no verdict on what was not kept");
        assert!(server.requests < 6, "not asked for ever in one sync");
        server.turns_away.clear();
        let later = run(&mut store, &mut server);
        assert_eq!(later.report.outcome, Outcome::Complete);
        assert_eq!((server.held.len(), store.unsent.len()), (9, 0));
    }

    #[test]
    fn an_item_over_which_the_server_stumbles_blocks_nothing_else() {
        let all: Vec<_> = (1..=9).map(|n| outgoing(n, 1, 1, 100)).collect();
        let poison = all[4].hash;
        let (mut store, mut server) = (Store::with(all), Server::new());
        (server.poison, server.poisoned_with) = (Some(poison), status(500, "internal", None));
        let mut held = 0;
        for _ in 0..4 {
            run(&mut store, &mut server);
            held = server.held.len();
        }
        assert_eq!((held, store.unsent.len()), (8, 1));
    }

    #[test]
    fn whoever_stands_in_the_way_and_refuses_everything_costs_no_item_and_few_requests() {
        for (foreign, outcome) in [
            (302, Outcome::Offline),
            (400, Outcome::Offline),
            (401, Outcome::Offline),
            (403, Outcome::Offline),
            (404, Outcome::Offline),
            (407, Outcome::Offline),
            (409, Outcome::Offline),
            (413, Outcome::Offline),
            (511, Outcome::Offline),
            (429, Outcome::Busy),
            (502, Outcome::Busy),
        ] {
            let all: Vec<_> = (1..=9).map(|n| outgoing(n, 1, 1, 100)).collect();
            let (mut store, mut server) = (Store::with(all), Server::new());
            server.never = Some(status(foreign, "", None));
            let run = run(&mut store, &mut server);
            assert_eq!(run.report.outcome, outcome, "{foreign}");
            assert_eq!((store.unsent.len(), store.statuses.len()), (9, 0));
            assert!(server.requests < 12, "{foreign}: {}", server.requests);
            assert!(run.report.retry_in_ms.is_some(), "{foreign}");
            // The way is free again.
            server.never = None;
            let next = self::run(&mut store, &mut server);
            assert_eq!(next.report.outcome, Outcome::Complete, "{foreign}");
        }
    }

    #[test]
    fn a_request_that_the_server_refuses_without_any_change_in_it_blames_no_change() {
        for refused in [400, 409, 413, 422, 426] {
            let (mut store, mut server) = (Store::with(three()), Server::new());
            store.cursor = Some(Cursor {
                epoch: "a".into(),
                position: 0,
                seen: Some(0),
            });
            server.never = Some(status(refused, "body_invalid", None));
            let run = run(&mut store, &mut server);
            assert_eq!(run.report.outcome, Outcome::Incompatible);
            assert_eq!((store.unsent.len(), store.statuses.len()), (3, 0));
        }
    }

    #[test]
    fn each_refusal_by_the_server_has_an_outcome_of_its_own_and_deletes_nothing() {
        for (refused, code, outcome) in [
            (401, "session_ended", Outcome::LoginNeeded),
            (403, "device_unknown", Outcome::EnrolmentNeeded),
            (403, "device_revoked", Outcome::DeviceRevoked),
            (403, "user_disabled", Outcome::Forbidden),
            (403, "role_forbidden", Outcome::Forbidden),
            (404, "route_unknown", Outcome::Incompatible),
            (415, "media_type_unsupported", Outcome::Incompatible),
            (429, "attempts_exceeded", Outcome::Busy),
            (503, "overloaded", Outcome::Busy),
        ] {
            let (mut store, mut server) = (Store::with(three()), Server::new());
            server.never = Some(status(refused, code, None));
            let run = run(&mut store, &mut server);
            assert_eq!(run.report.outcome, outcome, "{code}");
            assert_eq!(run.report.last_error.as_deref(), Some(code));
            assert_eq!(store.unsent.len(), 3);
        }
    }

    #[test]
    fn a_busy_server_during_a_refresh_is_waited_for_and_asks_nobody_to_log_in() {
        let (mut store, mut server) = (Store::with(three()), Server::new());
        server.faults = vec![
            Fault::Before(status(401, "token_expired", None)),
            Fault::Before(status(401, "token_missing", None)),
        ];
        let refresh = |time| match time {
            1 => Event::Failed(status(503, "overloaded", Some(2_000))),
            _ => Event::Refreshed,
        };
        let run = run_with(&mut store, &mut server, refresh, 1_000_000);
        assert_eq!((run.report.outcome, run.refreshes), (Outcome::Complete, 2));
        assert!(run.waits[0] >= 2_000);
    }

    #[test]
    fn what_the_server_asked_for_holds_after_a_restart_of_the_app() {
        let begin = |hold_ms| opened(Patience::default(), hold_ms, 7).2;
        assert!(
            matches!(begin(Some(5_000))[..], [Effect::Wait { milliseconds }] if milliseconds >= 5_000)
        );
        let far = begin(Some(600_000));
        assert!(
            matches!(&far[..], [Effect::Done(report)] if report.outcome == Outcome::Busy && report.retry_in_ms >= Some(600_000))
        );
        for none in [None, Some(0), Some(-4)] {
            assert!(matches!(begin(none)[..], [Effect::ReadOutbox { .. }]));
        }
    }

    #[test]
    fn waits_are_bounded_however_often_and_however_long_the_server_asks() {
        let mut longest = 0;
        for random in [0, 1, u64::MAX / 2, u64::MAX] {
            for asked in [None, Some(0), Some(-1), Some(i64::MAX)] {
                let patience = Patience {
                    attempts_max: 50,
                    wait_ms_max: i64::MAX,
                };
                let (mut session, now, _) = opened(patience, None, random);
                for _ in 0..40 {
                    session.handle(now, nothing_unsent());
                    let effects =
                        session.handle(now, Event::Failed(status(503, "overloaded", asked)));
                    let [Effect::Wait { milliseconds }] = effects[..] else {
                        panic!("{effects:?}");
                    };
                    assert!(milliseconds > 0);
                    longest = longest.max(milliseconds);
                    session.handle(now, Event::Woke);
                }
            }
        }
        assert!(longest <= SYNC_RETRY_AFTER_MS_MAX + SYNC_RETRY_MAX_MS);
    }

    #[test]
    fn unsent_changes_that_the_store_does_not_give_are_not_asked_for_ever() {
        let (mut session, now, mut effects) = opened(Patience::default(), None, 0);
        let mut server = Server::new();
        for _ in 0..100 {
            let event = match effects.last() {
                Some(Effect::ReadOutbox { .. }) => nothing_unsent(),
                Some(Effect::Send(request)) => {
                    Event::Answered(Box::new(server.answer(request).unwrap()))
                }
                Some(Effect::Store(_)) => Event::Stored { unsent: 2 },
                Some(Effect::Done(report)) => {
                    assert_eq!(report.outcome, Outcome::Incompatible);
                    return;
                }
                other => panic!("{other:?}"),
            };
            effects = session.handle(now, event);
        }
        panic!("the session never ended");
    }
}
