//! Work that takes long and can be stopped: a sync.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sync_core::sync::evidence::Throttle;
use sync_core::sync::session::Patience;
use tokio::sync::watch;

use super::failure::{FieldsealError, HostFailure};
use super::fields::word;
use super::looking::look_through_soon;
use super::telling::Steps;
use super::waiting::stoppable;
use crate::client::Client;
use crate::error::{ClientError, WIPED};
use crate::syncing::{SyncWatch, cancelled};
use crate::types::{SyncProgress, SyncReport, UploadProgress, UploadReport};

/// How far a sync is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncStep {
    /// Changes the server has spoken about.
    pub sent: i64,
    /// Feed items stored.
    pub received: i64,
    /// Changes still unsent.
    pub unsent: i64,
    /// The piece of evidence that is on its way.
    pub evidence_id: Option<String>,
    /// What the server has of it, bytes.
    pub sent_bytes: i64,
    /// Of.
    pub total_bytes: i64,
}

/// Who looks on.
///
/// Called on one thread of the task, a few times a second at most. What it throws is passed over, and whoever answers late
/// misses steps: the latest is told, and the task waits for nobody.
#[uniffi::export(with_foreign)]
pub trait ProgressListener: Send + Sync {
    /// So far.
    fn progressed(&self, step: SyncStep) -> Result<(), HostFailure>;
}

/// What a sync is to do.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncOptions {
    /// Send evidence too, after the changes.
    #[uniffi(default = true)]
    pub evidence: bool,
    /// How often a step is tried before the sync ends for now; as the library holds best where none is given.
    #[uniffi(default = None)]
    pub attempts_max: Option<i64>,
}

/// What a sync did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncDone {
    /// `complete`, `offline`, `busy`, `login_needed`, `forbidden`, `device_revoked`, `enrolment_needed`, `incompatible`,
    /// `store_failed`.
    pub outcome: String,
    /// Round trips that were answered.
    pub round_trips: i64,
    /// Changes that the server has now said something about.
    pub sent: i64,
    /// Feed items taken in.
    pub received: i64,
    /// Changes still unsent.
    pub unsent: i64,
    /// Files that the server has whole now.
    pub files: i64,
    /// Bytes of files that were put on the way.
    pub file_bytes: i64,
    /// Files that wait for another time.
    pub files_waiting: i64,
    /// When to try again, milliseconds from now, if it was said.
    pub retry_in_ms: Option<i64>,
    /// Code of the last failure.
    pub last_error: Option<String>,
}

impl SyncDone {
    fn of(synced: SyncReport, uploaded: Option<UploadReport>) -> Self {
        let mut done = Self {
            outcome: word(&synced.outcome),
            round_trips: synced.round_trips.into(),
            sent: synced.sent.into(),
            received: synced.received.into(),
            unsent: synced.unsent.into(),
            files: 0,
            file_bytes: 0,
            files_waiting: 0,
            retry_in_ms: synced.retry_in_ms,
            last_error: synced.last_error,
        };
        if let Some(uploaded) = uploaded {
            done.outcome = word(&uploaded.outcome);
            done.files = uploaded.files.into();
            done.file_bytes = uploaded.bytes;
            done.files_waiting = i64::from(uploaded.put_off) + i64::from(uploaded.aside);
            done.retry_in_ms = uploaded.retry_in_ms.or(done.retry_in_ms);
            done.last_error = uploaded.last_error.or(done.last_error);
        }
        done
    }
}

type Ended = Option<Result<SyncDone, FieldsealError>>;

/// A sync under way. It goes on when nobody holds this any more.
#[derive(uniffi::Object)]
pub struct TaskHandle {
    stop: Arc<AtomicBool>,
    ended: watch::Receiver<Ended>,
}

#[uniffi::export]
impl TaskHandle {
    /// Stops it, also while it waits for an answer or for its turn. What was stored stays; what was sent need not be sent again.
    pub fn cancel(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Whether it has ended, in whatever way.
    pub fn is_finished(&self) -> bool {
        // One that broke off sends nothing more.
        self.ended.borrow().is_some() || self.ended.has_changed().is_err()
    }

    /// Waits for its end. The code is `cancelled` if it was stopped before, by a wipe too.
    pub async fn wait(&self) -> Result<SyncDone, FieldsealError> {
        let mut ended = self.ended.clone();
        let seen = ended.wait_for(Option::is_some).await;
        let seen = seen.map(|it| it.clone());
        match seen {
            Ok(Some(end)) => end,
            Ok(None) | Err(_) => Err(FieldsealError::internal("the sync broke off".to_owned())),
        }
    }
}

#[cfg(test)]
impl TaskHandle {
    /// One whose end is told by a test.
    pub(super) fn watching(ended: watch::Receiver<Ended>) -> Self {
        let stop = Arc::default();
        Self { stop, ended }
    }
}

/// Begins a sync, on a thread of its own.
pub(super) fn begin_sync(
    client: Arc<Client>,
    options: SyncOptions,
    listener: Option<Arc<dyn ProgressListener>>,
) -> Result<Arc<TaskHandle>, FieldsealError> {
    let stop = Arc::new(AtomicBool::new(false));
    let (end, ended) = watch::channel(None);
    let entered = client.running.enter(&stop)?;
    let stopping = stop.clone();
    let work = move || {
        let done = stoppable(stopping.clone(), || {
            client.serve(|client| sync(client, &options, listener, &stopping))
        });
        // Whether a wipe that stopped it was through before it had heard of it is chance.
        let stopped = |error: &ClientError| error.code == WIPED && stopping.load(Ordering::SeqCst);
        let done = done.map_err(|error| match stopped(&error) {
            true => cancelled(),
            false => error,
        });
        drop(entered);
        // Nobody may be waiting any more.
        let _ = end.send(Some(done.map_err(FieldsealError::from)));
        look_through_soon(&client);
    };
    // Not one of those on which calls are done: a sync may wait long for its turn.
    let thread = std::thread::Builder::new().name("fieldseal-sync".to_owned());
    let begun = thread.spawn(work);
    begun.map_err(|error| FieldsealError::internal(error.to_string()))?;
    Ok(Arc::new(TaskHandle { stop, ended }))
}

fn sync(
    client: &Client,
    options: &SyncOptions,
    listener: Option<Arc<dyn ProgressListener>>,
    stop: &AtomicBool,
) -> Result<SyncDone, ClientError> {
    let asked = options.attempts_max.and_then(|it| u32::try_from(it).ok());
    let mut patience = Patience::default();
    patience.attempts_max = asked.unwrap_or(patience.attempts_max);
    let telling = Telling {
        steps: Steps::to(listener),
        held: Mutex::default(),
        client,
    };
    let watch = SyncWatch {
        cancelled: &|| stop.load(Ordering::SeqCst),
        told: &|progress| telling.synced(progress),
    };
    let synced = client.sync_watched(patience, &watch)?;
    let through = synced.outcome == crate::types::SyncOutcome::Complete;
    let uploaded = match options.evidence && through {
        true => Some(client.upload_watched(patience, &|it| telling.uploaded(&it), &watch)?),
        false => None,
    };
    Ok(SyncDone::of(synced, uploaded))
}

/// Tells a listener now and then, and the last step in the end.
struct Telling<'a> {
    steps: Steps,
    held: Mutex<Held>,
    client: &'a Client,
}

#[derive(Default)]
struct Held {
    throttle: Throttle,
    /// The latest step, if it came too soon after the one before.
    step: Option<SyncStep>,
}

impl Telling<'_> {
    fn synced(&self, progress: SyncProgress) {
        self.tell(SyncStep {
            sent: progress.sent.into(),
            received: progress.received.into(),
            unsent: progress.unsent.into(),
            evidence_id: None,
            sent_bytes: 0,
            total_bytes: 0,
        });
    }

    fn uploaded(&self, progress: &UploadProgress) {
        self.tell(SyncStep {
            sent: 0,
            received: 0,
            unsent: 0,
            evidence_id: Some(progress.evidence_id.to_string()),
            sent_bytes: progress.sent_bytes,
            total_bytes: progress.total_bytes,
        });
    }

    fn tell(&self, step: SyncStep) {
        let now = self.client.host.clock.monotonic_ms();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.throttle.passes(now) {
            true => {
                held.step = None;
                self.steps.tell(step);
            }
            false => held.step = Some(step),
        }
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(step) = held.step.take() {
            self.steps.tell(step);
        }
    }
}
