//! What the store knows of evidence: which originals this phone has, for which entries of manifests, how far each is, and
//! what the server signed for them.

use rusqlite::{OptionalExtension as _, Row, params};
use sync_core::model::{ChangeHash, Digest, DocumentId, EvidenceId, Millis};
use sync_core::sync::evidence::Received;
use sync_core::sync::tus::UploadPath;

use super::reading::parse;
use super::{Store, Write};
use crate::error::ClientError;

/// How far an entry is, as far as this phone has anything to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryState {
    /// To be sent, or being sent.
    Waiting,
    /// The server has every byte.
    Checking,
    /// Not to be sent, for a reason.
    Aside,
}

impl EntryState {
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Checking => "checking",
            Self::Aside => "aside",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "checking" => Self::Checking,
            "aside" => Self::Aside,
            _ => Self::Waiting,
        }
    }
}

/// An entry of a manifest for which this phone has, or had, the bytes.
#[derive(Debug, Clone)]
pub struct MediaEntry {
    /// The visit.
    pub document_id: DocumentId,
    /// In its manifest.
    pub evidence_id: EvidenceId,
    /// SHA-256.
    pub sha256: Digest,
    /// Length.
    pub size_bytes: i64,
    /// As `image/jpeg`.
    pub media_type: String,
    /// By the phone's wall clock.
    pub captured_at_ms: Millis,
    /// Its bytes lie here.
    pub on_phone: bool,
    /// Its owner wants it to wait.
    pub paused: bool,
    /// The server has accepted the change that names it.
    pub listed: bool,
    /// Where the server takes it.
    pub upload: Option<UploadPath>,
    /// What the server last said it has.
    pub sent_bytes: i64,
    /// How far.
    pub state: EntryState,
    /// Why it is aside, or what the server last said of it.
    pub code: Option<String>,
    /// What the server signed for it, and holds to.
    pub received: Option<Received>,
}

/// A stored receipt that stands.
#[derive(Debug, Clone)]
pub struct StoredReceipt {
    /// The visit.
    pub document_id: DocumentId,
    /// In its manifest.
    pub evidence_id: EvidenceId,
    /// The envelope, JSON.
    pub signed: String,
}

/// A piece of evidence by its place.
pub type EntryKey = (DocumentId, EvidenceId);

/// A file that was captured for an entry.
#[derive(Debug, Clone)]
pub struct CapturedFile {
    /// SHA-256.
    pub sha256: Digest,
    /// Length.
    pub size_bytes: i64,
    /// As `image/jpeg`.
    pub media_type: String,
    /// By the phone's wall clock.
    pub captured_at_ms: Millis,
}

const ENTRIES: &str = "SELECT e.document_id, e.evidence_id, e.sha256, m.size_bytes, e.media_type, e.captured_at, m.on_phone,
            m.paused, NOT EXISTS (SELECT 1 FROM changes c WHERE c.hash = e.change_hash
                                  AND (c.unsent = 1 OR c.status <> '{\"status\":\"accepted\"}')),
            e.upload, e.sent_bytes, e.state, e.code, r.sha256, r.size_bytes, r.verified_at
     FROM media_entries e JOIN media m ON m.sha256 = e.sha256
     LEFT JOIN evidence_receipts r ON r.document_id = e.document_id AND r.evidence_id = e.evidence_id
          AND r.sha256 = e.sha256 AND r.stands = 1";

fn entry(row: &Row<'_>) -> Result<MediaEntry, rusqlite::Error> {
    let upload: Option<String> = row.get(9)?;
    let state: String = row.get(11)?;
    let signed: Option<i64> = row.get(15)?;
    Ok(MediaEntry {
        document_id: parse(row, 0)?,
        evidence_id: parse(row, 1)?,
        sha256: parse(row, 2)?,
        size_bytes: row.get(3)?,
        media_type: row.get(4)?,
        captured_at_ms: row.get(5)?,
        on_phone: row.get(6)?,
        paused: row.get(7)?,
        listed: row.get(8)?,
        upload: upload.as_deref().and_then(UploadPath::from_location),
        sent_bytes: row.get(10)?,
        state: EntryState::named(&state),
        code: row.get(12)?,
        received: match signed {
            None => None,
            Some(verified_at_ms) => Some(Received {
                sha256: parse(row, 13)?,
                size_bytes: row.get(14)?,
                verified_at_ms,
            }),
        },
    })
}

impl Store {
    /// Every entry that this phone has to do with, or those of one visit.
    pub fn list_media_entries(
        &self,
        document: Option<DocumentId>,
    ) -> Result<Vec<MediaEntry>, ClientError> {
        let sql = format!(
            "{ENTRIES} WHERE ?1 IS NULL OR e.document_id = ?1 ORDER BY e.captured_at, e.evidence_id"
        );
        let mut statement = self.db.prepare(&sql)?;
        let rows = statement.query_map([document.map(|id| id.to_string())], entry)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One entry.
    pub fn find_media_entry(&self, key: EntryKey) -> Result<Option<MediaEntry>, ClientError> {
        let sql = format!("{ENTRIES} WHERE e.document_id = ?1 AND e.evidence_id = ?2");
        let found = self
            .db
            .query_row(&sql, [key.0.to_string(), key.1.to_string()], entry)
            .optional()?;
        Ok(found)
    }

    /// Every hash of which this phone knows bytes, and whether they lie here.
    pub fn list_media(&self) -> Result<Vec<(Digest, i64, bool)>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT sha256, size_bytes, on_phone FROM media ORDER BY sha256")?;
        let rows = statement.query_map([], |row| Ok((parse(row, 0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether the bytes of a hash lie here, as far as the store knows.
    pub fn has_media(&self, sha256: &Digest) -> Result<bool, ClientError> {
        let found: Option<bool> = self
            .db
            .query_row(
                "SELECT on_phone FROM media WHERE sha256 = ?1",
                [sha256.to_string()],
                |row| row.get(0),
            )
            .optional()?;
        Ok(found.unwrap_or(false))
    }

    /// What the receipts of a visit say, teammates' pieces among them.
    pub fn list_received(
        &self,
        document: DocumentId,
    ) -> Result<Vec<(EvidenceId, Received)>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT evidence_id, sha256, size_bytes, verified_at FROM evidence_receipts
             WHERE document_id = ?1 AND stands = 1",
        )?;
        let rows = statement.query_map([document.to_string()], |row| {
            let received = Received {
                sha256: parse(row, 1)?,
                size_bytes: row.get(2)?,
                verified_at_ms: row.get(3)?,
            };
            Ok((parse(row, 0)?, received))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The receipts of a hash, as the server signed them.
    pub fn list_receipts_of(&self, sha256: &Digest) -> Result<Vec<StoredReceipt>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT document_id, evidence_id, signed FROM evidence_receipts WHERE sha256 = ?1 AND stands = 1",
        )?;
        let rows = statement.query_map([sha256.to_string()], |row| {
            Ok(StoredReceipt {
                document_id: parse(row, 0)?,
                evidence_id: parse(row, 1)?,
                signed: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    /// A file lies here, durably, and the manifest's entry that was just written names it. What was aside because it was
    /// gone or damaged has its bytes again.
    pub fn put_captured(
        &self,
        (document, evidence): EntryKey,
        change: Option<ChangeHash>,
        file: &CapturedFile,
    ) -> Result<(), ClientError> {
        self.put_original(&file.sha256, file.size_bytes, file.captured_at_ms)?;
        self.tx.execute(
            "INSERT INTO media_entries (document_id, evidence_id, sha256, media_type, captured_at, change_hash, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting') ON CONFLICT DO NOTHING",
            params![
                document.to_string(),
                evidence.to_string(),
                file.sha256.to_string(),
                file.media_type,
                file.captured_at_ms,
                change.map(|hash| hash.to_string()),
            ],
        )?;
        Ok(())
    }

    /// The bytes of a hash lie here (again).
    pub fn put_original(
        &self,
        sha256: &Digest,
        size_bytes: i64,
        captured_at: Millis,
    ) -> Result<(), ClientError> {
        let hash = sha256.to_string();
        self.tx.execute(
            "INSERT INTO media (sha256, size_bytes, captured_at, on_phone) VALUES (?1, ?2, ?3, 1)
             ON CONFLICT (sha256) DO UPDATE SET on_phone = 1",
            params![hash, size_bytes, captured_at],
        )?;
        self.tx.execute(
            "UPDATE media_entries SET state = 'waiting', code = NULL WHERE sha256 = ?1 AND state = 'aside'
                AND code IN ('evidence.missing', 'evidence.damaged')",
            [hash],
        )?;
        Ok(())
    }

    /// The bytes of a hash lie here no longer.
    pub fn put_original_gone(&self, sha256: &Digest) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE media SET on_phone = 0 WHERE sha256 = ?1",
            [sha256.to_string()],
        )?;
        Ok(())
    }

    /// Its owner wants it to wait, or to go.
    pub fn put_paused(&self, sha256: &Digest, paused: bool) -> Result<bool, ClientError> {
        let found = self.tx.execute(
            "UPDATE media SET paused = ?2 WHERE sha256 = ?1",
            params![sha256.to_string(), paused],
        )?;
        Ok(found > 0)
    }

    /// Where the server takes it; none: nowhere, and it has nothing of it.
    pub fn put_upload(
        &self,
        key: EntryKey,
        upload: Option<&UploadPath>,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE media_entries SET upload = ?3, sent_bytes = CASE WHEN ?3 IS NULL THEN 0 ELSE sent_bytes END
             WHERE document_id = ?1 AND evidence_id = ?2",
            params![
                key.0.to_string(),
                key.1.to_string(),
                upload.map(UploadPath::as_str)
            ],
        )?;
        Ok(())
    }

    /// What the server has of it.
    pub fn put_sent(&self, key: EntryKey, sent_bytes: i64) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE media_entries SET sent_bytes = ?3 WHERE document_id = ?1 AND evidence_id = ?2",
            params![key.0.to_string(), key.1.to_string(), sent_bytes],
        )?;
        Ok(())
    }

    /// How far it is, and why.
    pub fn put_entry_state(
        &self,
        key: EntryKey,
        state: EntryState,
        code: Option<&str>,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE media_entries SET state = ?3, code = ?4 WHERE document_id = ?1 AND evidence_id = ?2",
            params![key.0.to_string(), key.1.to_string(), state.name(), code],
        )?;
        Ok(())
    }

    /// Everything that is aside for this hash is tried again.
    pub fn put_tried_again(&self, sha256: &Digest) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE media_entries SET state = 'waiting', code = NULL, upload = NULL, sent_bytes = 0
             WHERE sha256 = ?1 AND state = 'aside'",
            [sha256.to_string()],
        )?;
        Ok(())
    }

    /// A verified receipt.
    pub fn put_evidence_receipt(
        &self,
        key: EntryKey,
        received: &Received,
        signed: &str,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "INSERT INTO evidence_receipts (document_id, evidence_id, sha256, size_bytes, verified_at, signed, stands)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)
             ON CONFLICT (document_id, evidence_id, sha256) DO UPDATE SET size_bytes = ?4, verified_at = ?5, signed = ?6,
                stands = 1",
            params![
                key.0.to_string(),
                key.1.to_string(),
                received.sha256.to_string(),
                received.size_bytes,
                received.verified_at_ms,
                signed,
            ],
        )?;
        Ok(())
    }

    /// A restored server may know nothing of what it signed: no receipt stands until it comes again, and what is still here
    /// is offered anew.
    pub(super) fn doubt_receipts(&self) -> Result<(), ClientError> {
        self.tx
            .execute("UPDATE evidence_receipts SET stands = 0", [])?;
        self.tx.execute(
            "UPDATE media_entries SET state = 'waiting', code = NULL, sent_bytes = 0 WHERE state = 'checking'",
            [],
        )?;
        Ok(())
    }

    /// The change of a document that was written last.
    pub fn last_change(&self, document: DocumentId) -> Result<Option<ChangeHash>, ClientError> {
        let found = self
            .tx
            .query_row(
                "SELECT hash FROM changes WHERE document_id = ?1 ORDER BY position DESC LIMIT 1",
                [document.to_string()],
                |row| parse(row, 0),
            )
            .optional()?;
        Ok(found)
    }
}
