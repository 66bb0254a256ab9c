//! Threads of the library: where blocking work is done, and how long hosts are waited for. A host that never answers
//! keeps the one thread that asked it, and nothing else.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use sync_core::limits::{FACE_THREADS_MAX, HOST_LOOKED_AFTER_MS};

use super::failure::FieldsealError;
use crate::error::ClientError;

static THREADS: LazyLock<std::io::Result<tokio::runtime::Runtime>> = LazyLock::new(|| {
    // Nothing runs on the runtime itself: its pool of blocking threads is all that is used.
    tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(FACE_THREADS_MAX)
        .thread_name("fieldseal")
        .build()
});

thread_local! {
    /// What stops the task that this thread works for.
    static STOP: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Whether the task that this thread works for is to stop.
pub(super) fn is_stopped() -> bool {
    STOP.with_borrow(|stop| stop.as_ref().is_some_and(|it| it.load(Ordering::SeqCst)))
}

/// Marks this thread as working for a task, for as long as `work` takes.
pub(super) fn stoppable<T>(stop: Arc<AtomicBool>, work: impl FnOnce() -> T) -> T {
    STOP.set(Some(stop));
    let done = catch_unwind(AssertUnwindSafe(work));
    STOP.set(None);
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Begins blocking work on a thread of the library.
pub(super) fn begin<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<tokio::task::JoinHandle<T>, FieldsealError> {
    match &*THREADS {
        Ok(threads) => Ok(threads.spawn_blocking(work)),
        Err(error) => Err(FieldsealError::internal(error.to_string())),
    }
}

/// Does blocking work on a thread of the library; a panic in it is an error with the code `internal`.
pub(super) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClientError> + Send + 'static,
) -> Result<T, FieldsealError> {
    match begin(work)?.await {
        Ok(done) => Ok(done?),
        Err(lost) => Err(FieldsealError::internal(lost.to_string())),
    }
}

/// Why a host gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// Not in time.
    TimedOut,
    /// The task was stopped meanwhile.
    Stopped,
    /// No thread, or it broke.
    Broken(String),
}

/// Asks a host on a thread of its own and waits for so long at most; a stopped task does not wait on.
pub(super) fn ask<T: Send + 'static>(
    wait: Duration,
    question: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unanswered> {
    let (answer, answered) = channel();
    let asking = std::thread::Builder::new().name("fieldseal-host".to_owned());
    let asked = asking.spawn(move || {
        if let Ok(said) = catch_unwind(AssertUnwindSafe(question)) {
            // Nobody may be waiting any more.
            let _ = answer.send(said);
        }
    });
    asked.map_err(|error| Unanswered::Broken(error.to_string()))?;
    let until = Instant::now() + wait;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match answered.recv_timeout(left.min(Duration::from_millis(HOST_LOOKED_AFTER_MS))) {
            Ok(said) => return Ok(said),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Unanswered::Broken("the host's code broke".to_owned()));
            }
            Err(RecvTimeoutError::Timeout) if is_stopped() => return Err(Unanswered::Stopped),
            Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(Unanswered::TimedOut),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
