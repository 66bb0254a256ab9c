//! Admission control: how many phones sync at once, one request a device, and a lane of their own for those that have much
//! to read (first syncs), so that a thousand of them take neither the others' places nor the others' connections. Who does
//! not get in is told when to come again, at a time of their own, so that a thousand refused phones do not come back
//! together.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sync_core::limits::{
    FIRST_SYNC_RETRY_S_MAX, FIRST_SYNC_RETRY_S_MIN, FIRST_SYNCS_AT_ONCE, FIRST_SYNCS_WAITING_MAX,
    SYNC_REQUESTS_MAX, SYNC_REQUESTS_WAITING_MAX, SYNC_RETRY_S_MAX, SYNC_RETRY_S_MIN,
    SYNC_WAIT_MS_MAX,
};
use sync_core::model::DeviceId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::problem::{Code, Problem};

/// Who is syncing.
#[derive(Clone)]
pub struct SyncGate {
    /// Where every request goes in.
    pub requests: Arc<Lane>,
    /// Where those go on that have much to read.
    pub first_syncs: Arc<Lane>,
    devices: Arc<Mutex<HashSet<DeviceId>>>,
}

impl SyncGate {
    /// One in front of a database that so many may read at once. First syncs never have more than half of them.
    pub fn new(readers: u32) -> Self {
        let half = usize::try_from(readers / 2).unwrap_or(FIRST_SYNCS_AT_ONCE);
        let requests = Lane::new(
            "requests",
            SYNC_REQUESTS_MAX,
            SYNC_REQUESTS_WAITING_MAX,
            (SYNC_RETRY_S_MIN, SYNC_RETRY_S_MAX),
        );
        let first_syncs = Lane::new(
            "first_syncs",
            half.clamp(1, FIRST_SYNCS_AT_ONCE),
            FIRST_SYNCS_WAITING_MAX,
            (FIRST_SYNC_RETRY_S_MIN, FIRST_SYNC_RETRY_S_MAX),
        );
        Self {
            requests: Arc::new(requests),
            first_syncs: Arc::new(first_syncs),
            devices: Arc::default(),
        }
    }

    /// The lanes, for whoever tells how they stand.
    pub fn lanes(&self) -> [&Lane; 2] {
        [&self.requests, &self.first_syncs]
    }
}

/// Places for so many at once, and so many more that wait for one.
pub struct Lane {
    /// What operators call it.
    pub name: &'static str,
    /// How many may be in it at once.
    pub allowed: usize,
    slots: Arc<Semaphore>,
    waiting_max: usize,
    wait: Duration,
    /// When who is turned away comes again, in seconds.
    retry_s: (u64, u64),
    waiting: AtomicUsize,
    under_way: AtomicUsize,
    under_way_most: AtomicUsize,
    admitted: AtomicU64,
    turned_away: AtomicU64,
}

/// How a lane stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneFigures {
    /// Wait for a place.
    pub waiting: usize,
    /// Are in it.
    pub under_way: usize,
    /// The most that ever were in it at once.
    pub under_way_most: usize,
    /// Were let in, in all.
    pub admitted: u64,
    /// Were told to come again, in all.
    pub turned_away: u64,
}

impl Lane {
    fn new(name: &'static str, allowed: usize, waiting_max: usize, retry_s: (u64, u64)) -> Self {
        Self {
            name,
            allowed,
            slots: Arc::new(Semaphore::new(allowed)),
            waiting_max,
            wait: Duration::from_millis(SYNC_WAIT_MS_MAX),
            retry_s,
            waiting: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            under_way_most: AtomicUsize::new(0),
            admitted: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
        }
    }

    /// How it stands.
    pub fn figures(&self) -> LaneFigures {
        LaneFigures {
            waiting: self.waiting.load(Ordering::SeqCst),
            under_way: self.under_way.load(Ordering::SeqCst),
            under_way_most: self.under_way_most.load(Ordering::SeqCst),
            admitted: self.admitted.load(Ordering::SeqCst),
            turned_away: self.turned_away.load(Ordering::SeqCst),
        }
    }

    /// A place that is free now, and for which nobody waits.
    fn try_enter(self: &Arc<Self>) -> Option<Slot> {
        let permit = self.slots.clone().try_acquire_owned().ok()?;
        Some(Slot::taken(self, permit))
    }

    /// The next place that becomes free, in the order of asking; none if too many wait already, or it takes too long.
    async fn enter(self: &Arc<Self>) -> Option<Slot> {
        if let Some(slot) = self.try_enter() {
            return Some(slot);
        }
        let _waiting = Waiting::begin(self)?;
        let permit = tokio::time::timeout(self.wait, self.slots.clone().acquire_owned()).await;
        Some(Slot::taken(self, permit.ok()?.ok()?))
    }

    fn later(&self, app: &App, why: &str) -> Problem {
        self.turned_away.fetch_add(1, Ordering::SeqCst);
        metrics::counter!("fieldseal_sync_turned_away_total", "lane" => self.name).increment(1);
        let (min, max) = self.retry_s;
        let jitter = u64::from(u16::from_le_bytes(app.random::<2>()));
        Problem::new(Code::Overloaded)
            .detail(why)
            .retry_after_s(min + jitter % (max - min + 1))
    }
}

/// One that waits; it may be given up at any moment.
struct Waiting<'a>(&'a Lane);

impl<'a> Waiting<'a> {
    fn begin(lane: &'a Lane) -> Option<Self> {
        let waiting = Self(lane);
        let before = lane.waiting.fetch_add(1, Ordering::SeqCst);
        (before < lane.waiting_max).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A place in a lane; leaving frees it.
struct Slot {
    lane: Arc<Lane>,
    _permit: OwnedSemaphorePermit,
}

impl Slot {
    fn taken(lane: &Arc<Lane>, permit: OwnedSemaphorePermit) -> Self {
        let now = lane.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        lane.under_way_most.fetch_max(now, Ordering::SeqCst);
        lane.admitted.fetch_add(1, Ordering::SeqCst);
        metrics::counter!("fieldseal_sync_admitted_total", "lane" => lane.name).increment(1);
        Self {
            lane: lane.clone(),
            _permit: permit,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.lane.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

/// That a device syncs; leaving lets it begin another sync.
struct Syncing {
    device: DeviceId,
    devices: Arc<Mutex<HashSet<DeviceId>>>,
}

impl Syncing {
    fn begin(gate: &SyncGate, device: DeviceId) -> Option<Self> {
        let mut devices = gate
            .devices
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        devices.insert(device).then(|| Self {
            device,
            devices: gate.devices.clone(),
        })
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        let mut devices = self
            .devices
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        devices.remove(&self.device);
    }
}

/// One request that was let in; leaving frees its place.
pub struct Place {
    slot: Slot,
    _syncing: Syncing,
}

/// Lets a device in, or says when to come again.
pub async fn enter(app: &App, device: DeviceId) -> Result<Place, Problem> {
    let gate = &app.sync_gate;
    let Some(syncing) = Syncing::begin(gate, device) else {
        return Err(gate.requests.later(app, "this device is syncing already"));
    };
    let Some(slot) = gate.requests.enter().await else {
        return Err(gate.requests.later(app, "too many devices sync at once"));
    };
    Ok(Place {
        slot,
        _syncing: syncing,
    })
}

impl Place {
    /// Goes over to the lane of first syncs, as soon as there is room. Meanwhile it holds no place of the others.
    pub async fn for_first_sync(self, app: &App) -> Result<Self, Problem> {
        let Self { slot, _syncing } = self;
        drop(slot);
        let lane = &app.sync_gate.first_syncs;
        match lane.enter().await {
            Some(slot) => Ok(Self { slot, _syncing }),
            None => Err(lane.later(app, "too many devices sync for the first time at once")),
        }
    }

    /// The same for who does not wait; where there is no room now it stays where it was.
    pub fn for_first_sync_now(self, app: &App) -> (Self, bool) {
        match app.sync_gate.first_syncs.try_enter() {
            Some(slot) => (Self { slot, ..self }, true),
            None => (self, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(allowed: usize, waiting_max: usize, wait: Duration) -> Arc<Lane> {
        let lane = Lane::new("of a test", allowed, waiting_max, (1, 2));
        Arc::new(Lane { wait, ..lane })
    }

    #[tokio::test]
    async fn so_many_are_let_in_so_many_wait_and_one_more_is_turned_away() {
        let lane = lane(2, 3, Duration::MAX);
        let first = lane.enter().await.unwrap();
        let second = lane.try_enter().unwrap();
        assert!(lane.try_enter().is_none());
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let lane = lane.clone();
                tokio::spawn(async move { lane.enter().await.is_some() })
            })
            .collect();
        while lane.figures().waiting < 3 {
            tokio::task::yield_now().await;
        }
        assert!(lane.enter().await.is_none(), "a fourth that waits");
        assert_eq!(
            lane.figures().waiting,
            3,
            "who was turned away waits no more"
        );
        drop((first, second));
        for one in waiting {
            assert!(one.await.unwrap());
        }
        let figures = lane.figures();
        assert_eq!((figures.waiting, figures.under_way), (0, 0));
        assert_eq!((figures.under_way_most, figures.admitted), (2, 5));
    }

    #[tokio::test]
    async fn who_waits_too_long_is_turned_away_and_takes_no_place() {
        let lane = lane(1, 1, Duration::ZERO);
        let held = lane.enter().await.unwrap();
        assert!(lane.enter().await.is_none());
        drop(held);
        assert_eq!(lane.figures().waiting, 0);
        assert!(lane.try_enter().is_some());
    }

    #[test]
    fn first_syncs_have_half_of_the_readers_at_most_and_always_one() {
        for (readers, allowed) in [
            (1, 1),
            (2, 1),
            (6, 3),
            (8, FIRST_SYNCS_AT_ONCE),
            (64, FIRST_SYNCS_AT_ONCE),
        ] {
            assert_eq!(
                SyncGate::new(readers).first_syncs.allowed,
                allowed,
                "{readers}"
            );
        }
    }
}
