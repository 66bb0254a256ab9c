//! Places at which a test stops the phone as a kill would: whatever was not durable by then is gone, whatever was is there.

use std::sync::{Arc, Mutex};

/// Called with the name of every place passed; `true` stops there.
pub type Hook = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

/// Where the hook sits; empty outside tests.
#[derive(Clone, Default)]
pub struct Faults {
    hook: Arc<Mutex<Option<Hook>>>,
}

impl Faults {
    /// Sets or removes the hook.
    pub fn set(&self, hook: Option<Hook>) {
        *self
            .hook
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = hook;
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
