//! Places at which a test stops the phone as a kill would: whatever was not durable by then is gone, whatever was is there.
//! And the phone that somebody has tampered with: it seals and starts what the rules object to. And a disk that has so much
//! room for evidence and no more.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Called with the name of every place passed; `true` stops there.
pub type Hook = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

/// Where the hook sits; empty outside tests.
#[derive(Clone, Default)]
pub struct Faults {
    hook: Arc<Mutex<Option<Hook>>>,
    unruly: Arc<AtomicBool>,
    room: Arc<Mutex<Option<usize>>>,
}

impl Faults {
    /// Sets or removes the hook.
    pub fn set(&self, hook: Option<Hook>) {
        *self
            .hook
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = hook;
    }

    /// From now on the phone enforces nothing, as if somebody had changed the app: the server sees what it then sends.
    pub fn set_unruly(&self, unruly: bool) {
        self.unruly.store(unruly, Ordering::SeqCst);
    }

    /// Whether the phone enforces nothing.
    pub(crate) fn is_unruly(&self) -> bool {
        self.unruly.load(Ordering::SeqCst)
    }

    /// So many bytes of evidence can still be written; none: as many as the disk takes.
    pub fn set_room(&self, room: Option<usize>) {
        *self
            .room
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = room;
    }

    /// Takes room for bytes that are about to be written, where it is bounded.
    pub(crate) fn take_room(&self, bytes: usize) -> io::Result<()> {
        let mut room = self
            .room
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(left) = room.as_mut() {
            *left = left.checked_sub(bytes).ok_or(io::ErrorKind::StorageFull)?;
        }
        Ok(())
    }

    /// Room that was taken is free again.
    pub(crate) fn give_room(&self, bytes: usize) {
        let mut room = self
            .room
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(left) = room.as_mut() {
            *left += bytes;
        }
    }

    /// Passes a place; an error here leaves the transaction unfinished, as a kill would.
    pub fn pass(&self, place: &'static str) -> Result<(), crate::ClientError> {
        let hook = self
            .hook
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        match hook {
            Some(hook) if hook(place) => Err(crate::ClientError::new("test.killed", place)),
            _ => Ok(()),
        }
    }
}
