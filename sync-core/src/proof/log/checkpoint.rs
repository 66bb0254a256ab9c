//! Checkpoints: the root of the tree over all chain heads, signed by the server, and what a phone makes of those that it
//! sees. It keeps the newest and wants proof that the next one begins with it; a server that rewrote its log cannot give
//! that, and both signed checkpoints convict it.

use serde::{Deserialize, Serialize};

use super::tree;
use crate::model::{Digest, Millis};
use crate::proof::{BelievedKeys, Dated, Payload, Signed, Verifier};

/// What the server signs of its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointPayload {
    /// 1, 2, ….
    pub number: i64,
    /// Leaves of the tree: heads of chains in the order in which they were taken in.
    pub leaves: u64,
    /// Its root.
    pub root: Digest,
    /// SHA-256 of the bytes under the signature of the checkpoint before; none in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
    /// How often this server's database came out of a backup: what was logged after the backup is lost to it, and a phone
    /// that saw it says so.
    #[serde(default)]
    pub restores: i64,
    /// When, by the server's clock.
    pub made_at_ms: Millis,
}

impl Payload for CheckpointPayload {
    const CONTEXT: &'static str = "checkpoint";
}

impl Dated for CheckpointPayload {
    fn made_at_ms(&self) -> Millis {
        self.made_at_ms
    }
}

/// The checkpoint that a phone has seen last, as it tells the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenCheckpoint {
    /// Its number.
    pub number: i64,
    /// Leaves of its tree.
    pub leaves: u64,
    /// Its root; none where none was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<Digest>,
}

/// A newer checkpoint, and what proves that it extends the one that the phone named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointNews {
    /// Signed by the server.
    pub checkpoint: Signed<CheckpointPayload>,
    /// Hashes as of [`tree::consistency`]; empty where the phone named none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<Digest>,
}

/// Two signed checkpoints of one server of which neither extends the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// The one that was seen first.
    pub seen: Signed<CheckpointPayload>,
    /// The one that came later.
    pub came: Signed<CheckpointPayload>,
    /// What was to prove the extension.
    pub extends: Vec<Digest>,
    /// The later one says itself that its server came out of a backup since: what was logged between is lost to it, which is
    /// for people to believe or not.
    pub restored: bool,
}

/// What a checkpoint that came is to a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// The first that it sees.
    First,
    /// Proved to extend the one before.
    Extends,
    /// The one that it has.
    Same,
    /// Signed, and no extension: kept with the one before.
    Broken,
    /// Not signed by a key that is believed: nothing.
    Unbelieved,
}

/// What a phone keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCheckpoints {
    /// The newest that holds together with all before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Signed<CheckpointPayload>>,
    /// Where the log broke; kept for ever.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<Broken>,
}

impl SeenCheckpoints {
    /// What to tell the server.
    pub fn seen(&self) -> Option<SeenCheckpoint> {
        let payload = self.newest.as_ref()?.read_unverified().ok()?;
        Some(SeenCheckpoint {
            number: payload.number,
            leaves: payload.leaves,
            root: Some(payload.root),
        })
    }

    /// Takes in what an answer brought. After a break the newer one is followed, so that what the server does next is
    /// watched as well.
    pub fn take(
        &mut self,
        news: &CheckpointNews,
        keys: &BelievedKeys,
        verifier: &dyn Verifier,
    ) -> Extension {
        let Ok(came) = keys.open_dated(&news.checkpoint, verifier) else {
            return Extension::Unbelieved;
        };
        let before = self.newest.as_ref();
        let Some((signed, seen)) =
            before.and_then(|signed| Some((signed.clone(), signed.read_unverified().ok()?)))
        else {
            self.newest = Some(news.checkpoint.clone());
            return Extension::First;
        };
        if seen == came {
            return Extension::Same;
        }
        let (old, new) = ((seen.leaves, &seen.root), (came.leaves, &came.root));
        if seen.number < came.number && tree::extends(old, new, &news.extends) {
            self.newest = Some(news.checkpoint.clone());
            return Extension::Extends;
        }
        // An answer that was overtaken by a later one: proved the other way round, it is no break.
        if came.number < seen.number && tree::extends(new, old, &news.extends) {
            return Extension::Same;
        }
        let broken = Broken {
            seen: signed,
            came: news.checkpoint.clone(),
            extends: news.extends.clone(),
            restored: came.restores > seen.restores,
        };
        if !self.broken.contains(&broken) {
            self.broken.push(broken);
        }
        self.newest = Some(news.checkpoint.clone());
        Extension::Broken
    }
}
