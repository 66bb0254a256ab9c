//! What devices sign: the tip of their own changes in a document, and the seal of a subject.

use serde::{Deserialize, Serialize};

use crate::model::{Actor, ChangeHash, Digest, DocumentId};

/// A signature covers only changes of its own actor: the signed one and its same-actor ancestors.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TipStatement {
    /// The document that the change belongs to.
    pub document_id: DocumentId,
    /// Whose changes.
    pub actor: Actor,
    /// The sequence number of the signed change.
    pub seq: u64,
    /// Its hash.
    pub hash: ChangeHash,
}

/// The bytes of `fieldseal/tip/1 ‖ document ‖ actor ‖ seq ‖ hash`: 32 + 16 + 8 (big endian) + 32 bytes after the text.
pub fn tip_statement(tip: &TipStatement) -> Vec<u8> {
    let mut bytes = b"fieldseal/tip/1".to_vec();
    bytes.extend_from_slice(tip.document_id.as_bytes());
    bytes.extend_from_slice(&tip.actor.0);
    bytes.extend_from_slice(&tip.seq.to_be_bytes());
    bytes.extend_from_slice(tip.hash.as_bytes());
    bytes
}

/// The bytes that a person signs for one subject: the seal's digest, bound to the handwriting that was drawn and, for
/// the party, the photo of the stamp.
pub fn seal_statement(
    seal: &Digest,
    role: &str,
    handwriting: Option<&Digest>,
    stamp: Option<&Digest>,
) -> Vec<u8> {
    let mut bytes = b"fieldseal/signature/1\n".to_vec();
    for part in [
        seal.to_string(),
        role.to_owned(),
        handwriting.map(Digest::to_string).unwrap_or_default(),
        stamp.map(Digest::to_string).unwrap_or_default(),
    ] {
        bytes.extend_from_slice(part.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}
