//! `Client::upload`: sends what evidence waits, one file after the other and one part of a file at a time. Changes always go
//! before, also those that are recorded while a film is on its way. What goes next and what an answer means the core says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use sync_core::limits::METERED_BYTES_MAX;
use sync_core::model::{Digest, DocumentId, EvidenceId};
use sync_core::sync::doctor::QueuedBecause;
use sync_core::sync::evidence::{Line, Throttle, Waiting, in_the_way, queue};
use sync_core::sync::session::{Failure, Outcome, Patience};
use sync_core::sync::tus::{
    Answer, DAMAGED, Effect, End, Event, NOT_LISTED, Piece, UPLOADS_PATH, Upload, UploadPath,
};

use crate::api::Api;
use crate::capturing::waiting;
use crate::client::{Client, Done, NoToken};
use crate::error::ClientError;
use crate::kinds::Held;
use crate::store::{EntryKey, EntryState, Store};
use crate::syncing::SyncWatch;
use crate::turns::take_turn;
use crate::types::{UploadProgress, UploadReport};

/// The setting that keeps what the server asked for about evidence.
const HOLD: &str = "upload_hold";
/// The setting that keeps why the last run went no further.
const LAST_END: &str = "last_upload_end";
/// The setting that keeps the largest file that goes over a metered network.
const METERED_MAX: &str = "metered_bytes_max";

/// What a run of uploads and the app tell each other.
#[derive(Default)]
pub(crate) struct Uploads {
    metered: AtomicBool,
    stopping: AtomicBool,
    going: Mutex<Option<(DocumentId, EvidenceId)>>,
}

impl Uploads {
    pub(crate) fn going(&self) -> Option<(DocumentId, EvidenceId)> {
        *self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn goes(&self, which: Option<(DocumentId, EvidenceId)>) {
        *self.going.lock().unwrap_or_else(PoisonError::into_inner) = which;
    }
}

/// Why a file was left in the middle; where it lies is kept, and the server knows how far it is.
enum Left {
    Ended(End),
    /// Its turn is over for now: it was paused, the run is to stop, or changes go first.
    Interrupted,
    /// The phone cannot read it.
    Lost(&'static str),
}

impl Client {
    /// Sends the evidence that waits, as far as it goes: changes first, then small and sealed files, films last.
    pub fn upload(&self) -> Done<UploadReport> {
        self.upload_with(Patience::default(), &|_| {})
    }

    /// The same with another patience, telling now and then how far a file is. The callback must be quick.
    pub fn upload_with(
        &self,
        patience: Patience,
        told: &dyn Fn(UploadProgress),
    ) -> Done<UploadReport> {
        self.upload_watched(patience, told, &SyncWatch::default())
    }

    /// The same under the eyes of somebody who may stop it: after the part that is on its way, with the code `cancelled`.
    /// The next run goes on from there.
    pub fn upload_watched(
        &self,
        patience: Patience,
        told: &dyn Fn(UploadProgress),
        watch: &SyncWatch<'_>,
    ) -> Done<UploadReport> {
        let stopped = || (watch.cancelled)() || self.running.is_stopping();
        let watch = &SyncWatch {
            cancelled: &stopped,
            told: watch.told,
        };
        let _one = take_turn(&self.uploading, watch)?;
        self.uploads.stopping.store(false, Ordering::SeqCst);
        let mut report = UploadReport {
            outcome: Outcome::Complete,
            files: 0,
            bytes: 0,
            put_off: 0,
            aside: 0,
            retry_in_ms: None,
            last_error: None,
        };
        let run = self.run_uploads(patience, told, watch, &mut report);
        self.uploads.goes(None);
        run?;
        let because = QueuedBecause::after(report.outcome, report.last_error.as_deref());
        let text = serde_json::to_string(&because).unwrap_or_default();
        self.lock().store.put_setting(LAST_END, &text)?;
        Ok(report)
    }

    fn run_uploads(
        &self,
        patience: Patience,
        told: &dyn Fn(UploadProgress),
        watch: &SyncWatch<'_>,
        report: &mut UploadReport,
    ) -> Done<()> {
        let mut tried = BTreeSet::new();
        let mut part_bytes = None;
        let mut unsent = None;
        let mut throttle = Throttle::default();
        let api = self.api()?;
        while !self.uploads.stopping.load(Ordering::SeqCst) {
            watch.unless_cancelled()?;
            if unsent != Some(self.lock().store.count_unsent()?) {
                let synced = self.sync_watched(patience, watch)?;
                report.last_error = synced.last_error;
                if !matches!(synced.outcome, Outcome::Complete | Outcome::Incompatible) {
                    (report.outcome, report.retry_in_ms) = (synced.outcome, synced.retry_in_ms);
                    return Ok(());
                }
                unsent = Some(synced.unsent);
                continue;
            }
            if let Some(left) = self.hold_left_ms(HOLD)?.filter(|left| *left > 0) {
                (report.outcome, report.retry_in_ms) = (Outcome::Busy, Some(left));
                return Ok(());
            }
            let Some(next) = self.next_upload(&tried)? else {
                break;
            };
            let key = (next.document_id, next.evidence_id);
            if next.checking {
                // Nothing of it is left to go: it is asked about once in a run, for what the server found may be other bytes.
                tried.insert(key);
            }
            let piece = self.piece(&next)?;
            let mut upload = Upload::new(piece, patience, part_bytes);
            self.uploads.goes(Some(key));
            let mut tell = |progress: UploadProgress| {
                let whole = progress.sent_bytes == progress.total_bytes;
                if throttle.passes(self.host.clock.monotonic_ms()) || whole {
                    told(progress);
                }
            };
            let before = report.bytes;
            let left = self.send_file(&api, &mut upload, unsent, &mut tell, report)?;
            self.uploads.goes(None);
            // Why it was left is not the file's fault then.
            watch.unless_cancelled()?;
            let only_asked = next.checking && report.bytes == before;
            part_bytes = Some(upload.part_bytes());
            if !matches!(left, Left::Interrupted) {
                tried.insert(key);
            }
            if self.note_left(key, only_asked, left, report)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What follows from how a file was left; whether the run is over.
    fn note_left(
        &self,
        key: EntryKey,
        only_asked: bool,
        left: Left,
        report: &mut UploadReport,
    ) -> Done<bool> {
        let note = |state: EntryState, code: Option<&str>| {
            let mut inner = self.lock();
            inner
                .store
                .write(|write| write.put_entry_state(key, state, code))
        };
        match left {
            Left::Interrupted => {}
            Left::Lost(code) => {
                report.aside += 1;
                note(EntryState::Aside, Some(code))?;
            }
            Left::Ended(End::Sent) => {
                report.files += u32::from(!only_asked);
                note(EntryState::Checking, None)?;
            }
            Left::Ended(End::Held) => {
                report.put_off += 1;
                note(EntryState::Waiting, Some(NOT_LISTED))?;
            }
            Left::Ended(End::Aside { code }) => {
                report.aside += 1;
                report.last_error = Some(code.clone());
                note(EntryState::Aside, Some(&code))?;
            }
            Left::Ended(End::Later {
                because,
                code,
                retry_in_ms,
                for_all,
            }) => {
                report.put_off += 1;
                report.last_error = Some(code).filter(|code| !code.is_empty());
                if for_all {
                    (report.outcome, report.retry_in_ms) = (because, retry_in_ms);
                }
                return Ok(for_all);
            }
        }
        Ok(false)
    }

    /// What goes next of what was not tried in this run.
    fn next_upload(&self, tried: &BTreeSet<EntryKey>) -> Done<Option<Waiting>> {
        let line = self.line()?;
        let inner = self.lock();
        let entries = inner.store.list_media_entries(None)?;
        let mut files = Vec::new();
        let mut seals = Seals::default();
        for entry in &entries {
            let key = (entry.document_id, entry.evidence_id);
            let goes =
                entry.on_phone && entry.state != EntryState::Aside && entry.received.is_none();
            if goes {
                let sealed = seals.of(&inner.store, key)?;
                files.push(waiting(entry, sealed));
            }
        }
        // Not before: one that was tried may stand for others of the same bytes.
        let mut queued = queue(files, &line).into_iter();
        Ok(queued.find(|it| !tried.contains(&(it.document_id, it.evidence_id))))
    }

    fn piece(&self, file: &Waiting) -> Done<Piece> {
        let key = (file.document_id, file.evidence_id);
        let entry = self.lock().store.find_media_entry(key)?;
        Ok(Piece {
            sha256: file.sha256,
            size_bytes: file.size_bytes.unsigned_abs(),
            document_id: file.document_id,
            evidence_id: file.evidence_id,
            media_type: file.media_type.clone(),
            upload: entry.and_then(|it| it.upload),
        })
    }

    /// Carries out the conversation about one file.
    fn send_file(
        &self,
        api: &Api,
        upload: &mut Upload,
        unsent: Option<u32>,
        tell: &mut dyn FnMut(UploadProgress),
        report: &mut UploadReport,
    ) -> Done<Left> {
        let piece = upload.piece().clone();
        let key = (piece.document_id, piece.evidence_id);
        let total_bytes = i64::try_from(piece.size_bytes).unwrap_or(i64::MAX);
        let mut event = Event::Started;
        loop {
            let mut next = None;
            for effect in upload.handle(self.moment(), event) {
                match effect {
                    Effect::Done(end) => return Ok(Left::Ended(end)),
                    Effect::Progress { sent_bytes } => {
                        let sent_bytes = i64::try_from(sent_bytes).unwrap_or(i64::MAX);
                        let mut inner = self.lock();
                        inner.store.write(|write| write.put_sent(key, sent_bytes))?;
                        drop(inner);
                        tell(UploadProgress {
                            document_id: piece.document_id,
                            evidence_id: piece.evidence_id,
                            sent_bytes,
                            total_bytes,
                        });
                    }
                    Effect::Verify => match self.media.is_sound(&piece.sha256) {
                        Ok(sound) => next = Some(Event::Read { sound }),
                        Err(error) => return Ok(self.unreadable(&piece.sha256, &error)),
                    },
                    Effect::Keep(path) => {
                        let mut inner = self.lock();
                        inner
                            .store
                            .write(|write| write.put_upload(key, path.as_ref()))?;
                        next = Some(Event::Kept);
                    }
                    Effect::Wait { milliseconds } => {
                        if self.is_interrupted(key, unsent)? {
                            return Ok(Left::Interrupted);
                        }
                        self.host.clock.sleep_ms(milliseconds);
                        next = Some(Event::Woke);
                    }
                    Effect::RefreshToken => {
                        next = Some(match self.refresh(api) {
                            Ok(_) => Event::Refreshed,
                            Err(NoToken::Refused(refusal)) => Event::Failed(refusal.failure),
                            Err(NoToken::Missing(_)) => Event::LoginNeeded,
                        });
                    }
                    Effect::Create => {
                        let headers = vec![
                            ("upload-length".to_owned(), piece.size_bytes.to_string()),
                            ("upload-metadata".to_owned(), piece.metadata()),
                        ];
                        next = Some(self.ask(api, "POST", UPLOADS_PATH, headers, Vec::new())?);
                    }
                    Effect::Ask(path) => {
                        next =
                            Some(self.ask(api, "HEAD", path.as_str(), Vec::new(), Vec::new())?);
                    }
                    Effect::Send {
                        upload: path,
                        offset,
                        bytes,
                    } => {
                        if self.is_interrupted(key, unsent)? {
                            return Ok(Left::Interrupted);
                        }
                        let part = match self.media.read(&piece.sha256, offset, bytes) {
                            Ok(part) => part,
                            Err(error) => return Ok(self.unreadable(&piece.sha256, &error)),
                        };
                        report.bytes += i64::try_from(part.len()).unwrap_or(i64::MAX);
                        next = Some(self.send_part(api, &path, offset, part)?);
                    }
                }
            }
            match next {
                Some(following) => event = following,
                None => {
                    let message = "The upload stopped without an end";
                    return Err(ClientError::new("upload.stalled", message));
                }
            }
        }
    }

    fn send_part(&self, api: &Api, path: &UploadPath, offset: u64, part: Vec<u8>) -> Done<Event> {
        let checksum = STANDARD.encode(Sha256::digest(&part));
        let headers = vec![
            (
                "content-type".to_owned(),
                "application/offset+octet-stream".to_owned(),
            ),
            ("upload-offset".to_owned(), offset.to_string()),
            ("upload-checksum".to_owned(), format!("sha256 {checksum}")),
        ];
        self.ask(api, "PATCH", path.as_str(), headers, part)
    }

    fn unreadable(&self, sha256: &Digest, error: &std::io::Error) -> Left {
        tracing::error!(%error, %sha256, "an original cannot be read");
        Left::Lost(match self.media.size(sha256) {
            None => "evidence.missing",
            Some(_) => DAMAGED,
        })
    }

    fn ask(
        &self,
        api: &Api,
        method: &str,
        path: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Done<Event> {
        let Some(token) = self.access_token() else {
            return Ok(Event::Answered(Answer {
                status: 401,
                ours: true,
                code: "token_missing".to_owned(),
                ..Answer::default()
            }));
        };
        let answered = api.upload(method, path, &token, headers, body);
        let asked_ms = match &answered {
            // Only what is said to everybody: one upload that is locked is that upload's business.
            Ok(answer) if answer.status != 423 => answer.retry_after_ms,
            _ => None,
        };
        let bounded = asked_ms.and_then(|asked| {
            let retry_after_ms = Some(asked);
            let (status, code) = (503, String::new());
            Failure::Status {
                status,
                code,
                retry_after_ms,
            }
            .asked_ms()
        });
        self.keep_hold(HOLD, bounded)?;
        Ok(match answered {
            Ok(answer) => Event::Answered(answer),
            Err(failure) => Event::Failed(failure),
        })
    }

    /// Whether the file's turn is over before its next part.
    fn is_interrupted(&self, key: EntryKey, unsent: Option<u32>) -> Done<bool> {
        if self.uploads.stopping.load(Ordering::SeqCst) {
            return Ok(true);
        }
        let line = self.line()?;
        let inner = self.lock();
        let entry = inner.store.find_media_entry(key)?;
        let waits = entry.is_none_or(|it| {
            // Another phone of the team may have been faster.
            it.received.is_some() || in_the_way(&waiting(&it, false), &line).is_some()
        });
        Ok(waits || unsent != Some(inner.store.count_unsent()?))
    }

    /// Ends the run of uploads after the part that is on its way; the next run goes on from there.
    pub fn stop_uploads(&self) {
        self.uploads.stopping.store(true, Ordering::SeqCst);
    }

    /// The host tells whether the network that the phone is on costs.
    pub fn set_network_metered(&self, metered: bool) {
        self.uploads.metered.store(metered, Ordering::SeqCst);
    }

    /// The largest file that goes over a metered network, in bytes; 0 lets none go. It is kept.
    pub fn set_metered_limit(&self, bytes_max: i64) -> Done<()> {
        let text = bytes_max.max(0).to_string();
        self.lock().store.put_setting(METERED_MAX, &text)
    }

    pub(crate) fn line(&self) -> Done<Line> {
        let kept = self.lock().store.setting(METERED_MAX)?;
        Ok(Line {
            metered: self.uploads.metered.load(Ordering::SeqCst),
            metered_bytes_max: kept
                .and_then(|text| text.parse().ok())
                .unwrap_or(METERED_BYTES_MAX),
        })
    }

    /// This file waits until it is told to go on; what the server has of it stays there.
    pub fn pause_evidence(&self, sha256: &Digest) -> Done<()> {
        self.set_paused(sha256, true)
    }

    /// It goes on with the next run.
    pub fn resume_evidence(&self, sha256: &Digest) -> Done<()> {
        self.set_paused(sha256, false)
    }

    fn set_paused(&self, sha256: &Digest, paused: bool) -> Done<()> {
        let mut inner = self.lock();
        match inner
            .store
            .write(|write| write.put_paused(sha256, paused))?
        {
            true => Ok(()),
            false => {
                let message = "This phone has no such file";
                Err(ClientError::new("evidence.unknown", message).with(sha256))
            }
        }
    }

    /// What went aside is tried once more: a person has looked at it.
    pub fn offer_evidence_again(&self, sha256: &Digest) -> Done<()> {
        let mut inner = self.lock();
        inner.store.write(|write| write.put_tried_again(sha256))
    }

    pub(crate) fn last_upload_end(&self) -> Done<QueuedBecause> {
        let kept = self.lock().store.setting(LAST_END)?;
        Ok(kept
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or(QueuedBecause::NotTried))
    }
}

/// Which pieces of evidence show something sealed; every document is opened once.
#[derive(Default)]
struct Seals {
    read: BTreeMap<DocumentId, BTreeSet<EvidenceId>>,
}

impl Seals {
    fn of(&mut self, store: &Store, (document, evidence): EntryKey) -> Done<bool> {
        if let Some(sealed) = self.read.get(&document) {
            return Ok(sealed.contains(&evidence));
        }
        let mut sealed = BTreeSet::new();
        if let Some(row) = store.find_document(document)? {
            let entries = Held::read(&row)?.manifest().into_iter();
            let under_seal = entries.filter(|(_, sealed)| *sealed);
            sealed.extend(under_seal.map(|(it, _)| it.evidence_id));
        }
        let found = sealed.contains(&evidence);
        self.read.insert(document, sealed);
        Ok(found)
    }
}
