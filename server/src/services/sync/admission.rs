//! Admission control: how many phones sync at once, and one request a device. Who does not get in is told when to come
//! again, at a time of their own, so that a thousand refused phones do not come back together.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sync_core::limits::{SYNC_REQUESTS_MAX, SYNC_RETRY_S_MAX, SYNC_RETRY_S_MIN, SYNC_WAIT_MS_MAX};
use sync_core::model::DeviceId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::problem::{Code, Problem};

/// Who is syncing.
#[derive(Clone)]
pub struct SyncGate {
    slots: Arc<Semaphore>,
    devices: Arc<Mutex<HashSet<DeviceId>>>,
}

impl Default for SyncGate {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(SYNC_REQUESTS_MAX)),
            devices: Arc::default(),
        }
    }
}

/// One request that was let in; leaving frees its place.
pub struct Place {
    device: DeviceId,
    devices: Arc<Mutex<HashSet<DeviceId>>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut devices = self
            .devices
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        devices.remove(&self.device);
    }
}

/// Lets a device in, or says when to come again.
pub async fn enter(app: &App, device: DeviceId) -> Result<Place, Problem> {
    let wait = Duration::from_millis(SYNC_WAIT_MS_MAX);
    let permit = tokio::time::timeout(wait, app.sync_gate.slots.clone().acquire_owned()).await;
    let Ok(Ok(permit)) = permit else {
        return Err(later(app, "too many devices sync at once"));
    };
    let devices = app.sync_gate.devices.clone();
    let first = devices
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        .insert(device);
    if !first {
        return Err(later(app, "this device is syncing already"));
    }
    Ok(Place {
        device,
        devices,
        _permit: permit,
    })
}

fn later(app: &App, why: &str) -> Problem {
    let [jitter] = app.random::<1>();
    let spread = SYNC_RETRY_S_MAX - SYNC_RETRY_S_MIN + 1;
    metrics::counter!("fieldseal_sync_turned_away_total").increment(1);
    Problem::new(Code::Overloaded)
        .detail(why)
        .retry_after_s(SYNC_RETRY_S_MIN + u64::from(jitter) % spread)
}
