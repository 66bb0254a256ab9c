//! `Client::sync`: carries out the session's effects with this phone's store, network and clock.

use sync_core::limits::SHEET_NUMBERS_LOW;
use sync_core::sync::doctor::ItemState;
use sync_core::sync::session::{Effect, Event, Failure, Moment, Outcome, Patience, Session};
use sync_core::sync::wire::Cursor;

use crate::api::{Api, Pushed};
use crate::client::{Client, Done};
use crate::error::ClientError;
use crate::recording::VisitSchema;
use crate::taking::{self, Arrival};
use crate::types::{DoctorItem, SyncOutcome, SyncReport};

impl Client {
    /// Sends what is unsent and takes in what is new; returns when it is through or must wait long.
    pub fn sync(&self) -> Done<SyncReport> {
        self.sync_with(Patience::default())
    }

    /// The same with another patience.
    pub fn sync_with(&self, patience: Patience) -> Done<SyncReport> {
        let _one = self
            .syncing
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let api = self.api()?;
        self.leave_fork()?;
        if self.enrolled()?.is_none() {
            return Err(crate::client::not_enrolled());
        }
        let cursor = self.lock().store.setting("cursor")?;
        let cursor: Option<Cursor> = cursor.and_then(|text| serde_json::from_str(&text).ok());
        let mut session = Session::new(patience);
        let mut event = Event::Started { cursor };
        let mut round_trip_ms = 0;
        let report = 'session: loop {
            let mut next = None;
            for effect in session.handle(self.moment(), event) {
                match effect {
                    Effect::Progress(_) => {}
                    Effect::Done(report) => break 'session report,
                    Effect::Wait { milliseconds } => {
                        self.host.clock.sleep_ms(milliseconds);
                        next = Some(Event::Woke);
                    }
                    Effect::ReadOutbox { bytes_max } => {
                        let read = self.lock().store.read_outbox(bytes_max);
                        next = Some(or_store_failed(read, |changes| Event::Outbox { changes }));
                    }
                    Effect::RefreshToken => next = Some(self.refreshed(&api)),
                    Effect::Send(request) => {
                        let sent = self.host.clock.monotonic_ms();
                        next = Some(match self.mark_sent() {
                            Err(error) => return Err(error),
                            Ok(()) => match self.access_token() {
                                None => Event::Failed(Failure::Status {
                                    status: 401,
                                    code: "token_missing".into(),
                                    retry_after_ms: None,
                                }),
                                Some(token) => match api.sync(&token, &request) {
                                    Pushed::TooLarge => Event::PageTooLarge,
                                    Pushed::Answered(answer) => Event::Answered(answer),
                                    Pushed::Failed(failure) => Event::Failed(failure),
                                },
                            },
                        });
                        round_trip_ms = self.host.clock.monotonic_ms() - sent;
                    }
                    Effect::Store(brought) => {
                        let arrival = Arrival {
                            wall_ms: self.wall_ms(),
                            monotonic_ms: self.host.clock.monotonic_ms(),
                            boot_id: self.host.clock.boot_id(),
                            round_trip_ms,
                        };
                        let mut inner = self.lock();
                        let taken =
                            taking::take(&mut inner.store, &VisitSchema, &brought, &arrival);
                        drop(inner);
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
        self.leave_fork()?;
        if report.outcome == Outcome::Complete && self.enrolled()?.is_some() {
            self.fetch_sheet_numbers();
        }
        Ok(SyncReport {
            outcome: match report.outcome {
                Outcome::Complete => SyncOutcome::Complete,
                Outcome::Offline => SyncOutcome::Offline,
                Outcome::Busy => SyncOutcome::Busy,
                Outcome::LoginNeeded => SyncOutcome::LoginNeeded,
                Outcome::DeviceRevoked => SyncOutcome::DeviceRevoked,
                Outcome::Incompatible => SyncOutcome::Incompatible,
                Outcome::StoreFailed => SyncOutcome::StoreFailed,
            },
            round_trips: report.round_trips,
            sent: report.progress.sent,
            received: report.progress.received,
            unsent: self.lock().store.count_unsent()?,
            retry_in_ms: report.retry_in_ms,
            last_error: report.last_error,
        })
    }

    fn moment(&self) -> Moment {
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
            inner.file.write(&install)?;
            inner.install = install;
        }
        Ok(())
    }

    fn refreshed(&self, api: &Api) -> Event {
        match self.refresh(api) {
            Ok(_) => Event::Refreshed,
            Err(error) if error.code == "network.timed_out" => Event::Failed(Failure::TimedOut),
            Err(error) if error.code.starts_with("network.") => Event::Failed(Failure::Unreachable),
            Err(error) if error.code == "device_revoked" => Event::Failed(Failure::Status {
                status: 403,
                code: error.code,
                retry_after_ms: None,
            }),
            Err(error) if error.code == "overloaded" || error.code.starts_with("http.5") => {
                Event::Failed(Failure::Status {
                    status: 503,
                    code: error.code,
                    retry_after_ms: None,
                })
            }
            Err(_) => Event::LoginNeeded,
        }
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
        let changes = self.lock().store.list_changes(None)?;
        Ok(changes
            .into_iter()
            .map(|change| {
                let state = match (&change.status, change.unsent) {
                    (_, true) | (None, _) => ItemState::Queued,
                    (Some(status), false) => ItemState::from(status),
                };
                let words = state.words();
                DoctorItem {
                    document_id: change.document_id,
                    hash: change.hash,
                    own: change.own,
                    state: state.name().to_owned(),
                    zh: words.zh,
                    en: words.en,
                }
            })
            .collect())
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
