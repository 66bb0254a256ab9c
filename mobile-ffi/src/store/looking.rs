//! Reading a store whole. That takes longer than an app may take to show its first list, so a store that was found sound
//! lately is opened without it and read while it is open. `<database>.sound` says when a store was found sound, and which
//! file that was; without it the next opening reads everything first. Whoever meets damage takes it away: that takes no room
//! on a full disk, and a kill afterwards forgets nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sync_core::limits::{STORE_LOOKED_THROUGH_FIRST_MS, STORE_LOOKED_THROUGH_MS};
use sync_core::model::Millis;

use super::opening::{beside, look_through, remove, sync_parent};
use super::sealing::StoreKey;
use crate::error::ClientError;

/// What follows the name of the database.
pub(super) const SUFFIX: &str = ".sound";

/// That a store was read whole and found sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FoundSound {
    at_ms: Millis,
    /// Which file it was: one that was copied or renamed into its place was never looked at.
    file: u64,
}

impl FoundSound {
    /// What is said of the file that lies at the path now; none where nothing is, or it speaks of another file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let said: Self = serde_json::from_slice(&fs::read(beside(path, SUFFIX)).ok()?).ok()?;
        (Some(said.file) == number_of(path)).then_some(said)
    }

    /// Notes it. That it cannot be noted costs the next opening a look, and nothing else.
    pub(super) fn note(path: &Path, at_ms: Millis) {
        let Some(file) = number_of(path) else {
            return;
        };
        let text = serde_json::to_vec(&Self { at_ms, file }).unwrap_or_default();
        if let Err(error) = fs::write(beside(path, SUFFIX), text) {
            tracing::info!(%error, "it is not noted that the store is sound");
        }
    }

    /// The store is read whole before it is opened the next time.
    pub(super) fn withdraw(path: &Path) -> io::Result<()> {
        remove(&beside(path, SUFFIX))?;
        sync_parent(path)
    }

    /// Whether a store may be opened before it is read whole.
    pub(super) fn suffices(self, wall_ms: Millis) -> bool {
        wall_ms.abs_diff(self.at_ms) < STORE_LOOKED_THROUGH_FIRST_MS.unsigned_abs()
    }

    /// Whether it is to be read whole while it is open.
    pub(super) fn is_old(self, wall_ms: Millis) -> bool {
        wall_ms.abs_diff(self.at_ms) >= STORE_LOOKED_THROUGH_MS.unsigned_abs()
    }
}

#[cfg(unix)]
fn number_of(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Some(fs::metadata(path).ok()?.ino())
}

#[cfg(not(unix))]
fn number_of(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|_| 0)
}

/// What a look at an open store needs: it has a connection of its own, which writes nothing.
pub struct LookThrough {
    pub(super) path: PathBuf,
    pub(super) key: Option<StoreKey>,
    pub(super) _one: Arc<()>,
}

impl LookThrough {
    /// Reads all of it; why it is damaged, if it is. What was found is noted for the next opening.
    ///
    /// # Errors
    /// It could not be read for another reason than damage: nothing is known then, and nothing noted.
    pub fn run(&self, wall_ms: Millis) -> Result<Option<String>, ClientError> {
        let found = look_through(&self.path, self.key.as_ref())?;
        match &found {
            None => FoundSound::note(&self.path, wall_ms),
            Some(because) => {
                tracing::error!(%because, "the store that is open is damaged");
                if let Err(error) = FoundSound::withdraw(&self.path) {
                    tracing::error!(%error, "the damage is not noted");
                }
            }
        }
        Ok(found)
    }
}
