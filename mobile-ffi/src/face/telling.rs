//! Telling a listener how far work is. Whoever listens never holds up the work: one step waits for them at most, and a later
//! one takes its place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sync_core::limits::{HOST_LOOKED_AFTER_MS, PROGRESS_END_WAIT_MS};

use super::tasks::{ProgressListener, SyncStep};
use super::waiting::is_stopped;

/// The steps of one task, on their way to its listener on a thread of its own. When it is dropped the last step is waited for a
/// moment, unless the task was stopped.
pub(super) struct Steps(Option<Arc<Waiting>>);

#[derive(Default)]
struct Waiting {
    slot: Mutex<Slot>,
    changed: Condvar,
}

#[derive(Default)]
struct Slot {
    next: Option<SyncStep>,
    /// The listener is being told one.
    telling: bool,
    /// No further one comes.
    ended: bool,
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_all(&self, listener: &dyn ProgressListener) {
        let mut slot = self.lock();
        loop {
            while slot.next.is_none() && !slot.ended {
                slot = self
                    .changed
                    .wait(slot)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            let Some(step) = slot.next.take() else {
                return;
            };
            slot.telling = true;
            drop(slot);
            match catch_unwind(AssertUnwindSafe(|| listener.progressed(step))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::info!(%error, "the listener failed"),
                Err(_) => tracing::info!("the listener broke"),
            }
            slot = self.lock();
            slot.telling = false;
            self.changed.notify_all();
        }
    }
}

impl Steps {
    /// Begins to tell a listener, if there is one and a thread for it.
    pub(super) fn to(listener: Option<Arc<dyn ProgressListener>>) -> Self {
        let Some(listener) = listener else {
            return Self(None);
        };
        let waiting = Arc::new(Waiting::default());
        let telling = waiting.clone();
        let thread = std::thread::Builder::new().name("fieldseal-progress".to_owned());
        match thread.spawn(move || telling.tell_all(listener.as_ref())) {
            Ok(_) => Self(Some(waiting)),
            Err(error) => {
                tracing::warn!(%error, "there is no thread to tell how far a task is");
                Self(None)
            }
        }
    }

    /// The next step; one that nobody has heard of yet is left out.
    pub(super) fn tell(&self, step: SyncStep) {
        if let Some(waiting) = &self.0 {
            waiting.lock().next = Some(step);
            waiting.changed.notify_all();
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        let Some(waiting) = &self.0 else {
            return;
        };
        let mut slot = waiting.lock();
        slot.ended = true;
        waiting.changed.notify_all();
        let until = Instant::now() + Duration::from_millis(PROGRESS_END_WAIT_MS);
        while (slot.next.is_some() || slot.telling) && !is_stopped() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let piece = left.min(Duration::from_millis(HOST_LOOKED_AFTER_MS));
            let waited = waiting.changed.wait_timeout(slot, piece);
            (slot, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}
