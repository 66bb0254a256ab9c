//! `Client::sync`: carries out the session's effects with this phone's store, network and clock.

use sync_core::limits::{REQUEST_S, SHEET_NUMBERS_LOW};
use sync_core::model::DocumentId;
use sync_core::sync::doctor::{ItemState, QueuedBecause};
use sync_core::sync::retry::Hold;
use sync_core::sync::session::{Effect, Event, Failure, Moment, Outcome, Patience, Session};
use sync_core::sync::wire::{ChangeStatus, Cursor};

use crate::api::{Api, Pushed};
use crate::client::{Client, Done, NoToken};
use crate::error::ClientError;
use crate::kinds::Kinds;
use crate::store::ChangeStanding;
use crate::taking::{self, Arrival};
use crate::turns::take_turn;
use crate::types::{DoctorItem, RuledItem, SyncProgress, SyncReport};

/// The setting that keeps what the server asked for.
const HOLD: &str = "hold";
/// What a round trip took where the clocks were changed meanwhile.
const ROUND_TRIP_MS_MAX: i64 = REQUEST_S.cast_signed() * 1_000;
/// The setting that keeps how the last sync ended.
const LAST_END: &str = "last_end";

/// Who watches a sync; by default nobody does.
pub struct SyncWatch<'a> {
    /// Whether it is to stop. Asked between its steps.
    pub cancelled: &'a dyn Fn() -> bool,
    /// Told how far it is. It must be quick.
    pub told: &'a dyn Fn(SyncProgress),
}

impl Default for SyncWatch<'_> {
    fn default() -> Self {
        Self {
            cancelled: &|| false,
            told: &|_| {},
        }
    }
}

impl SyncWatch<'_> {
    pub(crate) fn unless_cancelled(&self) -> Done<()> {
        match (self.cancelled)() {
            true => Err(cancelled()),
            false => Ok(()),
        }
    }
}

/// Somebody stopped it.
pub(crate) fn cancelled() -> ClientError {
    ClientError::new("cancelled", "This was stopped; nothing is lost")
}

impl Client {
    /// Sends what is unsent and takes in what is new; returns when it is through or must wait long.
    pub fn sync(&self) -> Done<SyncReport> {
        self.sync_with(Patience::default())
    }

    /// The same with another patience.
    pub fn sync_with(&self, patience: Patience) -> Done<SyncReport> {
        self.sync_watched(patience, &SyncWatch::default())
    }

    /// The same under the eyes of somebody who may stop it: while it waits for another sync to end and between two steps, with
    /// the code `cancelled`. What was stored by then stays, and what was sent need not be sent again. A wipe stops it too.
    pub fn sync_watched(&self, patience: Patience, watch: &SyncWatch<'_>) -> Done<SyncReport> {
        let stopped = || (watch.cancelled)() || self.running.is_stopping();
        let watch = &SyncWatch {
            cancelled: &stopped,
            told: watch.told,
        };
        let _one = take_turn(&self.syncing, watch)?;
        let api = self.api()?;
        self.leave_fork()?;
        if self.enrolled()?.is_none() {
            return Err(crate::client::not_enrolled());
        }
        let cursor = self.lock().store.setting("cursor")?;
        let cursor: Option<Cursor> = cursor.and_then(|text| serde_json::from_str(&text).ok());
        let mut session = Session::new(patience);
        let hold_ms = self.patience_left_ms()?;
        let mut event = Event::Started { cursor, hold_ms };
        let mut round_trip_ms = 0;
        let report = 'session: loop {
            let mut next = None;
            for effect in session.handle(self.moment(), event) {
                watch.unless_cancelled()?;
                match effect {
                    Effect::Progress(progress) => (watch.told)(SyncProgress {
                        sent: progress.sent,
                        received: progress.received,
                        unsent: progress.unsent,
                    }),
                    Effect::Done(report) => break 'session report,
                    Effect::Wait { milliseconds } => {
                        self.host.clock.sleep_ms(milliseconds);
                        watch.unless_cancelled()?;
                        next = Some(Event::Woke);
                    }
                    Effect::ReadOutbox { bytes_max, skipped } => {
                        let read =
                            self.heeding(|it| it.lock().store.read_outbox(bytes_max, &skipped));
                        next = Some(or_store_failed(read, |changes| Event::Outbox { changes }));
                    }
                    Effect::RefreshToken => {
                        let event = self.refreshed(&api);
                        if let Event::Failed(failure) = &event {
                            self.note_patience(failure.asked_ms())?;
                        }
                        next = Some(event);
                    }
                    Effect::Send(mut request) => {
                        request.server_keys = taking::believed_keys(&self.lock().store)?.newest();
                        let seen = taking::seen_checkpoints(&self.lock().store)?.seen();
                        request.checkpoint = Some(seen.unwrap_or_default());
                        let sent = self.host.clock.reading();
                        next = Some(match self.mark_sent() {
                            Err(error) => return Err(error),
                            Ok(()) => match self.access_token() {
                                None => Event::Failed(Failure::Status {
                                    status: 401,
                                    code: "token_missing".into(),
                                    retry_after_ms: None,
                                }),
                                Some(token) => match self.bring_back(&api, &token)? {
                                    Err(failure) => Event::Failed(failure),
                                    Ok(()) => match api.sync(&token, &request) {
                                        Pushed::TooLarge => Event::PageTooLarge,
                                        Pushed::Answered(answer) => Event::Answered(answer),
                                        Pushed::Failed(failure) => Event::Failed(failure),
                                    },
                                },
                            },
                        });
                        let now = self.host.clock.reading();
                        // Where the clocks cannot say, the longest that a request takes.
                        let passed = now.since(sent.monotonic_ms, &sent.boot_id);
                        round_trip_ms = passed.unwrap_or(ROUND_TRIP_MS_MAX);
                        if let Some(Event::Failed(failure)) = &next {
                            self.note_patience(failure.asked_ms())?;
                        }
                    }
                    Effect::Store(brought) => {
                        let now = self.host.clock.reading();
                        let arrival = Arrival {
                            wall_ms: now.wall_ms,
                            monotonic_ms: now.monotonic_ms,
                            boot_id: now.boot_id,
                            round_trip_ms,
                        };
                        let mut inner = self.lock();
                        let taken = taking::take(&mut inner.store, &Kinds, &brought, &arrival);
                        drop(inner);
                        let taken = self.heeding(|_| taken);
                        next = Some(or_store_failed(taken, |unsent| Event::Stored { unsent }));
                    }
                }
            }
            match next {
                Some(following) => event = following,
                None => {
                    let message = "The session stopped without an end";
                    return Err(ClientError::new("sync.stalled", message));
                }
            }
        };
        self.note_end(report.outcome, report.last_error.as_deref())?;
        self.leave_fork()?;
        if report.outcome == Outcome::Complete && self.enrolled()?.is_some() {
            // The answer that told of the restore may have been the last one of this sync.
            if let Some(token) = self.access_token()
                && let Err(failure) = self.bring_back(&api, &token)?
            {
                tracing::info!(code = %failure.code(), "papers are brought back with the next sync");
            }
            self.fetch_sheet_numbers();
            self.note_agreement_key(&api);
            self.put_media_in_order()?;
        }
        Ok(SyncReport {
            outcome: report.outcome,
            round_trips: report.round_trips,
            sent: report.progress.sent,
            received: report.progress.received,
            unsent: self.lock().store.count_unsent()?,
            retry_in_ms: report.retry_in_ms,
            last_error: report.last_error,
        })
    }

    /// Why what is still here was not sent, for the doctor.
    fn note_end(&self, outcome: Outcome, last_error: Option<&str>) -> Done<()> {
        let because = QueuedBecause::after(outcome, last_error);
        let text = serde_json::to_string(&because).unwrap_or_default();
        self.lock().store.put_setting(LAST_END, &text)
    }

    pub(crate) fn moment(&self) -> Moment {
        let mut random = [0; 8];
        self.host.rng.fill(&mut random);
        Moment {
            monotonic_ms: self.host.clock.monotonic_ms(),
            random: u64::from_le_bytes(random),
        }
    }

    /// Notes outside the database how far it stood when something left the phone, before it leaves.
    fn mark_sent(&self) -> Done<()> {
        let mut inner = self.lock();
        let position = inner.store.position()?;
        if inner.install.sent_position < position {
            let mut install = inner.install.clone();
            install.sent_position = position;
            while let Err(error) = inner.file.write(&install) {
                // A sync is what brings receipts, and with them room.
                if !inner.store.reserve.give() {
                    return Err(error);
                }
            }
            inner.install = install;
        }
        Ok(())
    }

    fn refreshed(&self, api: &Api) -> Event {
        match self.refresh(api) {
            Ok(_) => Event::Refreshed,
            Err(NoToken::Refused(refusal)) => Event::Failed(refusal.failure),
            Err(NoToken::Missing(error)) => {
                tracing::info!(%error, "no session to continue");
                Event::LoginNeeded
            }
        }
    }

    /// Keeps what the server asked for, before it is waited for: the app may be closed meanwhile. Any other answer ends it.
    fn note_patience(&self, asked_ms: Option<i64>) -> Done<()> {
        self.keep_hold(HOLD, asked_ms)
    }

    /// The same under another setting: what the server asks for evidence says nothing about changes.
    pub(crate) fn keep_hold(&self, setting: &str, asked_ms: Option<i64>) -> Done<()> {
        let now = self.host.clock.reading();
        let mut inner = self.lock();
        match asked_ms.filter(|asked| *asked > 0) {
            Some(asked) => {
                let hold = Hold::new(asked, now.wall_ms, now.monotonic_ms, now.boot_id);
                let text = serde_json::to_string(&hold).unwrap_or_default();
                inner.store.put_setting(setting, &text)
            }
            None if inner.store.setting(setting)?.is_some() => {
                inner.store.write(|write| write.remove_setting(setting))
            }
            None => Ok(()),
        }
    }

    fn patience_left_ms(&self) -> Done<Option<i64>> {
        self.hold_left_ms(HOLD)
    }

    pub(crate) fn hold_left_ms(&self, setting: &str) -> Done<Option<i64>> {
        let kept = self.lock().store.setting(setting)?;
        let hold: Option<Hold> = kept.and_then(|text| serde_json::from_str(&text).ok());
        let now = self.host.clock.reading();
        Ok(hold.map(|hold| hold.left_ms(now.wall_ms, now.monotonic_ms, &now.boot_id)))
    }

    /// Asks for another block of sheet numbers when few are left. That it cannot be had now is no failure of the sync.
    fn fetch_sheet_numbers(&self) {
        if let Err(error) = self.try_fetch_sheet_numbers() {
            tracing::info!(%error, "no block of sheet numbers for now");
        }
    }

    fn try_fetch_sheet_numbers(&self) -> Done<()> {
        if self.lock().store.count_sheet_numbers()? >= SHEET_NUMBERS_LOW {
            return Ok(());
        }
        // The same request id until an answer is stored, so that a lost answer costs no block.
        let kept = self.lock().store.setting("sheet_block_request")?;
        let request_id = match kept {
            Some(id) => id,
            None => {
                let id = self.new_uuid().to_string();
                self.lock().store.put_setting("sheet_block_request", &id)?;
                id
            }
        };
        let body = serde_json::json!({ "request_id": request_id });
        let answer = self.call("POST", "/v1/sheet-number-blocks", Some(&body))?;
        let unreadable = || ClientError::new("network.unreadable", "No block of numbers came");
        let numbers = block_numbers(&answer).ok_or_else(unreadable)?;
        self.lock().store.write(|write| {
            write.put_sheet_numbers(&request_id, &numbers)?;
            write.remove_setting("sheet_block_request")
        })
    }

    /// Every change by named state and reason.
    pub fn doctor(&self) -> Done<Vec<DoctorItem>> {
        let items = self.items()?.into_iter();
        let told = items.map(|(change, state)| {
            let words = state.words();
            DoctorItem {
                document_id: change.document_id,
                hash: change.hash,
                own: change.own,
                state: state.name().to_owned(),
                zh: words.zh,
                en: words.en,
            }
        });
        Ok(told.collect())
    }

    /// Every change that is stored here, and where it stands.
    pub(crate) fn items(&self) -> Done<Vec<(ChangeStanding, ItemState)>> {
        let because = if self.enrolled()?.is_none() {
            QueuedBecause::EnrolmentNeeded
        } else {
            let kept = self.lock().store.setting(LAST_END)?;
            kept.and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or(QueuedBecause::NotTried)
        };
        let changes = self.lock().store.list_standings()?;
        Ok(changes
            .into_iter()
            .map(|change| {
                let state = match (&change.status, change.unsent) {
                    (_, true) | (None, _) => ItemState::Queued {
                        because: because.clone(),
                    },
                    (Some(status), false) => ItemState::from(status),
                };
                (change, state)
            })
            .collect())
    }

    /// How what is ruled in a visit stands, in the doctor's words.
    pub fn ruled(&self, visit: DocumentId) -> Done<Vec<RuledItem>> {
        let rulings = self.rulings(visit)?.into_iter();
        Ok(rulings
            .map(|notice| {
                let state = ItemState::ruled(&notice.outcome, &notice.findings);
                let words = state.words();
                RuledItem {
                    subject: notice.subject,
                    needs_attention: state.needs_attention(),
                    zh: words.zh,
                    en: words.en,
                }
            })
            .collect())
    }

    /// Offers again what the server refused as unreadable: a newer server, or a newer app, may read it.
    pub fn offer_refused_again(&self) -> Done<()> {
        let refused = self.lock().store.list_standings()?;
        let refused = refused
            .into_iter()
            .filter(|change| matches!(change.status, Some(ChangeStatus::Refused { .. })));
        let hashes: Vec<String> = refused.map(|change| change.hash.to_string()).collect();
        self.lock().store.write(|write| write.offer_again(&hashes))
    }
}

/// The numbers of a block: given one by one, or as a first and a last.
fn block_numbers(answer: &serde_json::Value) -> Option<Vec<String>> {
    if let Some(list) = answer.get("numbers").and_then(serde_json::Value::as_array) {
        return list.iter().map(|n| n.as_str().map(str::to_owned)).collect();
    }
    let (first, last) = (
        answer.get("first")?.as_str()?,
        answer.get("last")?.as_str()?,
    );
    let start = first.trim_end_matches(|c: char| c.is_ascii_digit());
    let (from, to) = (&first[start.len()..], last.strip_prefix(start)?);
    let width = from.len();
    let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
    let bounded = to.checked_sub(from)? < 10_000;
    bounded.then(|| (from..=to).map(|n| format!("{start}{n:0width$}")).collect())
}

fn or_store_failed<T>(result: Done<T>, event: impl FnOnce(T) -> Event) -> Event {
    match result {
        Ok(value) => event(value),
        Err(error) => {
            tracing::error!(%error, "the store failed during a sync");
            Event::StoreFailed { code: error.code }
        }
    }
}
