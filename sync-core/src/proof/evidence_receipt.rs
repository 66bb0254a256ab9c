//! What the server says of a piece of evidence (影像证据) whose bytes it has: the only thing against which a phone may let its
//! original go.

use serde::{Deserialize, Serialize};

use super::{BelievedKeys, Payload, SignatureError, Signed, Verifier};
use crate::model::{Digest, DocumentId, EvidenceEntry, EvidenceId, Millis};

/// The bytes of this piece of evidence are stored on the server, and hash to what its manifest names.
///
/// It has no date of its own for [`super::BelievedKeys::open_dated`]: whoever stole a key could date it back and have phones
/// let go of what the server never had. After a revocation the server signs it anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceReceiptPayload {
    /// The document whose manifest names it.
    pub document_id: DocumentId,
    /// Its entry there.
    pub evidence_id: EvidenceId,
    /// SHA-256 of the bytes, computed by the server from what it stored.
    pub sha256: Digest,
    /// Their number.
    pub size_bytes: i64,
    /// Since when they are there and verified, by the server's clock, milliseconds.
    pub verified_at_ms: Millis,
    /// The server's epoch when this was signed (changes after a restore).
    #[serde(default)]
    pub epoch: String,
}

impl Payload for EvidenceReceiptPayload {
    const CONTEXT: &'static str = "evidence-receipt";
}

impl EvidenceReceiptPayload {
    /// Names the record in which it comes down.
    pub fn record_id(&self) -> String {
        format!("{}/{}", self.document_id, self.evidence_id)
    }

    /// Whether it speaks of these very bytes in this very manifest: a receipt for another visit, or for what stood under
    /// this id before, lets nothing go.
    pub fn covers(&self, document: DocumentId, entry: &EvidenceEntry) -> bool {
        self.document_id == document
            && self.evidence_id == entry.evidence_id
            && self.sha256 == entry.sha256
            && self.size_bytes == entry.size_bytes
    }
}

/// The kind of reference record in which receipts for evidence come down.
pub const EVIDENCE_RECEIPT: &str = "evidence_receipt";

/// A receipt as it comes down the feed, under the id `document/evidence`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceReceiptRecord {
    /// What the server signed.
    pub signed: Signed<EvidenceReceiptPayload>,
}

impl EvidenceReceiptRecord {
    /// Opens it by a key that is believed now.
    pub fn open(
        &self,
        keys: &BelievedKeys,
        verifier: &dyn Verifier,
    ) -> Result<EvidenceReceiptPayload, SignatureError> {
        keys.open(&self.signed, verifier)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::{EvidenceSubject, TimeClaim};

    fn receipt() -> EvidenceReceiptPayload {
        EvidenceReceiptPayload {
            document_id: DocumentId([1; 32]),
            evidence_id: EvidenceId(Uuid::from_u128(2)),
            sha256: Digest([3; 32]),
            size_bytes: 4,
            verified_at_ms: 5,
            epoch: "e".to_owned(),
        }
    }

    #[test]
    fn the_signed_form_of_a_receipt_for_evidence_stays_as_it_was_released() {
        let signed = Signed::sign(&receipt(), "key".to_owned(), <[u8]>::to_vec);
        let expected = format!(
            concat!(
                r#"{{"document_id":"{}","evidence_id":"00000000-0000-0000-0000-000000000002","sha256":"{}","#,
                r#""size_bytes":4,"verified_at_ms":5,"epoch":"e"}}"#
            ),
            "01".repeat(32),
            "03".repeat(32)
        );
        assert_eq!(signed.payload, expected);
        let message = Signed::<EvidenceReceiptPayload>::message(&signed.payload);
        assert!(message.starts_with(b"fieldseal/evidence-receipt/1\n{"));
        let record = EvidenceReceiptRecord { signed };
        let wire = serde_json::to_value(&record).unwrap();
        assert_eq!(wire["signed"]["key_id"], "key");
        assert_eq!(
            receipt().record_id(),
            format!("{}/00000000-0000-0000-0000-000000000002", "01".repeat(32))
        );
    }

    #[test]
    fn a_receipt_covers_the_bytes_the_entry_and_the_visit_that_it_names_and_nothing_else() {
        let entry = EvidenceEntry {
            evidence_id: EvidenceId(Uuid::from_u128(2)),
            sha256: Digest([3; 32]),
            size_bytes: 4,
            media_type: "image/jpeg".to_owned(),
            kind: "place".to_owned(),
            subject: EvidenceSubject::Visit,
            captured_at: TimeClaim::default(),
            location: None,
            device_id: None,
            paper: None,
            answers: Default::default(),
        };
        let (here, there) = (DocumentId([1; 32]), DocumentId([9; 32]));
        assert!(receipt().covers(here, &entry));
        assert!(!receipt().covers(there, &entry));
        type Change = fn(&mut EvidenceEntry);
        let others: [Change; 3] = [
            |it| it.evidence_id = EvidenceId(Uuid::from_u128(9)),
            |it| it.sha256 = Digest([9; 32]),
            |it| it.size_bytes = 5,
        ];
        for change in others {
            let mut other = entry.clone();
            change(&mut other);
            assert!(!receipt().covers(here, &other));
        }
    }
}
