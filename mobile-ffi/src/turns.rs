//! Who goes first: one sync and one run of uploads at a time. Who waits may give up waiting, and whoever needs the store for
//! themselves stops all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use sync_core::limits::{HOST_LOOKED_AFTER_MS, SYNCS_AT_ONCE_MAX};

use crate::client::Done;
use crate::error::ClientError;
use crate::syncing::SyncWatch;

/// Waits for a turn, for as long as the watch does not say to stop.
pub(crate) fn take_turn<'a>(
    turn: &'a Mutex<()>,
    watch: &SyncWatch<'_>,
) -> Done<MutexGuard<'a, ()>> {
    loop {
        watch.unless_cancelled()?;
        match turn.try_lock() {
            Ok(taken) => return Ok(taken),
            Err(TryLockError::Poisoned(broken)) => return Ok(broken.into_inner()),
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(Duration::from_millis(HOST_LOOKED_AFTER_MS));
            }
        }
    }
}

/// The tasks of a phone that run or wait.
#[derive(Default)]
pub(crate) struct Running(Mutex<Tasks>);

#[derive(Default)]
struct Tasks {
    /// What stops each of them.
    stops: Vec<Arc<AtomicBool>>,
    /// How many want the store for themselves now.
    stopping: usize,
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a task in until it is dropped. One that comes while all are stopped is stopped too.
    ///
    /// # Errors
    /// `sync.too_many` where [`SYNCS_AT_ONCE_MAX`] run or wait.
    pub(crate) fn enter(self: &Arc<Self>, stop: &Arc<AtomicBool>) -> Done<Entered> {
        let mut tasks = self.lock();
        if tasks.stops.len() >= SYNCS_AT_ONCE_MAX {
            let message =
                "Many syncs wait for their turn already; the next of them sends everything";
            return Err(ClientError::new("sync.too_many", message));
        }
        stop.fetch_or(tasks.stopping > 0, Ordering::SeqCst);
        tasks.stops.push(stop.clone());
        Ok(Entered {
            running: self.clone(),
            stop: stop.clone(),
        })
    }

    /// Stops every task, and those that come, until what is returned is dropped.
    pub(crate) fn stop_all(&self) -> Stopped<'_> {
        let mut tasks = self.lock();
        tasks.stopping += 1;
        for stop in &tasks.stops {
            stop.store(true, Ordering::SeqCst);
        }
        Stopped(self)
    }

    /// Whether somebody wants the store for themselves.
    pub(crate) fn is_stopping(&self) -> bool {
        self.lock().stopping > 0
    }
}

/// One task that is counted.
pub(crate) struct Entered {
    running: Arc<Running>,
    stop: Arc<AtomicBool>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut tasks = self.running.lock();
        tasks.stops.retain(|it| !Arc::ptr_eq(it, &self.stop));
    }
}

/// As long as this is held no task goes on.
pub(crate) struct Stopped<'a>(&'a Running);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.0.lock().stopping -= 1;
    }
}
