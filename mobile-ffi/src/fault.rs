//! Places at which a test stops the phone as a kill would: whatever was not durable by then is gone, whatever was is there.
//! And the phone that somebody has tampered with: it seals and starts what the rules object to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Called with the name of every place passed; `true` stops there.
pub type Hook = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

/// Where the hook sits; empty outside tests.
#[derive(Clone, Default)]
pub struct Faults {
    hook: Arc<Mutex<Option<Hook>>>,
    unruly: Arc<AtomicBool>,
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
