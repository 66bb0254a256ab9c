//! What the server says back: *received, durable, when*, and a signed time for clocks to lean on. A receipt never speaks
//! of status, which is separate and current.

use serde::{Deserialize, Serialize};

use super::{Dated, Payload};
use crate::model::{ChangeHash, DeviceId, DocumentId, Millis};

/// These changes of one document are durable on the server since `received_at_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptPayload {
    /// Which document.
    pub document_id: DocumentId,
    /// Which changes, sorted.
    pub hashes: Vec<ChangeHash>,
    /// When they became durable; for a change sent again, when it first did.
    pub received_at_ms: Millis,
    /// The server's epoch (changes after a restore).
    pub epoch: String,
}

impl Payload for ReceiptPayload {
    const CONTEXT: &'static str = "receipt";
}

/// The server's time, bound to one device: the lower end of every proven interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeTokenPayload {
    /// For whom: another phone's token proves nothing.
    pub device_id: DeviceId,
    /// The server's clock, milliseconds.
    pub at_ms: Millis,
    /// Makes every token distinct.
    pub nonce: String,
}

impl Payload for TimeTokenPayload {
    const CONTEXT: &'static str = "time";
}

impl Dated for TimeTokenPayload {
    fn made_at_ms(&self) -> Millis {
        self.at_ms
    }
}
