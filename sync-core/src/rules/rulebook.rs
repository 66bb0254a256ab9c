//! Rulebooks: which rules hold for which authority, with which numbers, from when.

use serde::{Deserialize, Serialize};

/// All versions of all rulebooks, as phones and server hold them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Rulebooks {}

impl Rulebooks {
    /// The rulebooks that ship with this version.
    pub fn builtin() -> Self {
        Self {}
    }
}
