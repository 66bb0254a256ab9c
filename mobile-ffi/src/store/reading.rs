//! What is read from the store.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension as _, Row, params};
use sync_core::document::DocumentIdentity;
use sync_core::model::{Actor, ChangeHash, Digest, DocumentId, Millis};
use sync_core::proof::CertificatePayload;
use sync_core::proof::TipStatement;
use sync_core::sync::bearing::Links;
use sync_core::sync::lanes::Outgoing;
use sync_core::sync::wire::{ChangeStatus, DocumentHeader, IndexRow, RulingNotice, SignedTip};

use super::Store;
use super::salvage::{again, snapshot_holds};
use crate::error::ClientError;
use crate::keys::Wrapped;
use crate::types::{Reference, VisitSummary};

/// A document as stored.
#[derive(Debug, Clone)]
pub struct DocumentRow {
    /// Its identity.
    pub header: DocumentHeader,
    /// `save()` bytes.
    pub snapshot: Vec<u8>,
}

/// A change as stored.
#[derive(Debug, Clone)]
pub struct StoredChange {
    /// Its document.
    pub document_id: DocumentId,
    /// Its hash.
    pub hash: ChangeHash,
    /// Raw chunk.
    pub bytes: Vec<u8>,
    /// Of this install.
    pub own: bool,
    /// In the outbox.
    pub unsent: bool,
    /// None before the server has spoken.
    pub status: Option<ChangeStatus>,
    /// By the server's clock.
    pub received_at_ms: Option<Millis>,
    /// The server let it in, or it is this install's own.
    pub vouched: bool,
}

/// Where a change stands, without its bytes.
#[derive(Debug, Clone)]
pub struct ChangeStanding {
    /// Its document.
    pub document_id: DocumentId,
    /// Its hash.
    pub hash: ChangeHash,
    /// Of this install.
    pub own: bool,
    /// In the outbox.
    pub unsent: bool,
    /// None before the server has spoken.
    pub status: Option<ChangeStatus>,
}

/// A signer's key as stored.
#[derive(Debug, Clone)]
pub struct SignerRow {
    /// The certificate.
    pub payload: CertificatePayload,
    /// The key under the PIN.
    pub wrapped: Wrapped,
    /// Wrong PINs in a row.
    pub failures: i64,
}

pub(super) fn parse<T: std::str::FromStr>(row: &Row<'_>, at: usize) -> Result<T, rusqlite::Error>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(at)?;
    text.parse().map_err(|e: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(e))
    })
}

pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    at: usize,
) -> Result<T, rusqlite::Error> {
    let text: String = row.get(at)?;
    serde_json::from_str(&text).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, Box::new(e))
    })
}

/// A change's status; none before the server has spoken.
fn status(row: &Row<'_>, at: usize) -> Result<Option<ChangeStatus>, rusqlite::Error> {
    match row.get_ref(at)?.as_str()? {
        "queued" => Ok(None),
        _ => json(row, at).map(Some),
    }
}

fn bytes<const N: usize>(row: &Row<'_>, at: usize) -> Result<[u8; N], rusqlite::Error> {
    row.get(at)
}

impl Store {
    /// One setting.
    pub fn setting(&self, key: &str) -> Result<Option<String>, ClientError> {
        let found = self
            .db
            .query_row("SELECT value FROM settings WHERE key = ?1", [key], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(found)
    }

    /// A document. A snapshot that is not what was saved is made again from the changes.
    pub fn find_document(&self, id: DocumentId) -> Result<Option<DocumentRow>, ClientError> {
        let mut row = match self.find_document_as_stored(id)? {
            Some(row) if !snapshot_holds(&row.snapshot) => row,
            found => return Ok(found),
        };
        tracing::warn!(document = %id, "a snapshot is damaged: the document is made again from its changes");
        let changes = self.list_changes(Some(id))?;
        let stand = changes.iter().filter(|it| match &it.status {
            None => true,
            Some(status) => *status == ChangeStatus::Accepted,
        });
        let bytes: Vec<&[u8]> = stand.map(|it| it.bytes.as_slice()).collect();
        if let Some(document) = again(&row.header, &bytes) {
            row.snapshot = document.save();
        }
        Ok(Some(row))
    }

    fn find_document_as_stored(&self, id: DocumentId) -> Result<Option<DocumentRow>, ClientError> {
        let found = self
            .db
            .query_row(
                "SELECT kind, preimage, snapshot FROM documents WHERE document_id = ?1",
                [id.to_string()],
                |row| {
                    Ok(DocumentRow {
                        header: DocumentHeader {
                            document_id: id,
                            kind: row.get(0)?,
                            preimage: row.get(1)?,
                        },
                        snapshot: row.get(2)?,
                    })
                },
            )
            .optional()?;
        Ok(found)
    }

    /// All documents, newest first.
    pub fn list_document_ids(&self) -> Result<Vec<DocumentId>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT document_id FROM documents ORDER BY updated_at DESC, document_id")?;
        let rows = statement.query_map([], |row| parse(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// All visits in the order of the list, each with what it may share with others; none where that is to be read anew.
    pub(crate) fn list_links(&self) -> Result<Vec<(DocumentId, Option<Links>)>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT d.document_id, l.links
             FROM documents d LEFT JOIN visit_links l ON l.document_id = d.document_id AND l.version = ?1
             WHERE d.kind = 'visit' ORDER BY d.updated_at DESC, d.document_id",
        )?;
        let rows = statement.query_map([Links::VERSION], |row| {
            let links: Option<String> = row.get(1)?;
            let links = links.and_then(|it| serde_json::from_str(&it).ok());
            Ok((parse(row, 0)?, links))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The identities of all documents.
    pub fn list_preimages(&self) -> Result<Vec<String>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT preimage FROM documents ORDER BY document_id")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The list of visits, from columns.
    pub fn list_visits(&self) -> Result<Vec<VisitSummary>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT document_id, campaign_id, enterprise_name, enterprise_key, entered_at, sheets, sealed, updated_at,
                    (SELECT COUNT(*) FROM changes c WHERE c.document_id = d.document_id AND c.unsent = 1)
             FROM documents d WHERE d.kind = 'visit' ORDER BY updated_at DESC, document_id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(VisitSummary {
                document_id: parse(row, 0)?,
                campaign_id: parse(row, 1)?,
                enterprise_name: row.get(2)?,
                enterprise_key: row.get(3)?,
                entered_at_ms: row.get(4)?,
                sheets: row.get(5)?,
                sealed: row.get(6)?,
                updated_at_ms: row.get(7)?,
                unsent: row.get(8)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Unsent changes in the order in which they were applied, until `bytes_max` is reached; at least one, if there is any
    /// that is not to be skipped.
    pub fn read_outbox(
        &self,
        bytes_max: usize,
        skipped: &BTreeSet<ChangeHash>,
    ) -> Result<Vec<Outgoing>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT c.document_id, d.kind, d.preimage, c.hash, c.actor, c.bytes, c.seq, t.signature
             FROM changes c JOIN documents d ON d.document_id = c.document_id
             LEFT JOIN tips t ON t.document_id = c.document_id AND t.actor = c.actor AND t.seq = c.seq AND t.hash = c.hash
             WHERE c.unsent = 1 ORDER BY c.position",
        )?;
        let mut rows = statement.query([])?;
        let (mut outgoing, mut total) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let (document_id, hash, actor) = (parse(row, 0)?, parse(row, 3)?, parse(row, 4)?);
            if skipped.contains(&hash) {
                continue;
            }
            let bytes: Vec<u8> = row.get(5)?;
            total += bytes.len();
            let signature: Option<String> = row.get(7)?;
            let seq: i64 = row.get(6)?;
            let tip = TipStatement {
                document_id,
                actor,
                seq: seq.unsigned_abs(),
                hash,
            };
            outgoing.push(Outgoing {
                document: DocumentHeader {
                    document_id,
                    kind: row.get(1)?,
                    preimage: row.get(2)?,
                },
                hash,
                actor,
                bytes,
                tip: signature.map(|signature| SignedTip { tip, signature }),
            });
            if total >= bytes_max {
                break;
            }
        }
        Ok(outgoing)
    }

    /// How many changes are unsent.
    pub fn count_unsent(&self) -> Result<u32, ClientError> {
        let count =
            self.db
                .query_row("SELECT COUNT(*) FROM changes WHERE unsent = 1", [], |row| {
                    row.get(0)
                })?;
        Ok(count)
    }

    /// The last position given to a change: grows with every one, also when rows are removed.
    pub fn position(&self) -> Result<i64, ClientError> {
        let found = self.db.query_row(
            "SELECT MAX(COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0),
                        COALESCE((SELECT MAX(position) FROM changes), 0))",
            [],
            |row| row.get(0),
        )?;
        Ok(found)
    }

    /// Changes of one document (or of all), in the order in which they were applied.
    pub fn list_changes(
        &self,
        document: Option<DocumentId>,
    ) -> Result<Vec<StoredChange>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT document_id, hash, bytes, own, unsent, status, received_at, vouched FROM changes
             WHERE ?1 IS NULL OR document_id = ?1 ORDER BY position",
        )?;
        let rows = statement.query_map([document.map(|id| id.to_string())], |row| {
            Ok(StoredChange {
                document_id: parse(row, 0)?,
                hash: parse(row, 1)?,
                bytes: row.get(2)?,
                own: row.get(3)?,
                unsent: row.get(4)?,
                status: status(row, 5)?,
                received_at_ms: row.get(6)?,
                vouched: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Where every change stands, in the order in which they were applied.
    pub fn list_standings(&self) -> Result<Vec<ChangeStanding>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT document_id, hash, own, unsent, status FROM changes ORDER BY position",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(ChangeStanding {
                document_id: parse(row, 0)?,
                hash: parse(row, 1)?,
                own: row.get(2)?,
                unsent: row.get(3)?,
                status: status(row, 4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When the server received what it has, by its clock.
    pub fn list_received_changes(&self) -> Result<BTreeMap<ChangeHash, Millis>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT hash, received_at FROM changes WHERE received_at IS NOT NULL")?;
        let rows = statement.query_map([], |row| Ok((parse(row, 0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Changes of an actor under a number that another change has as well, here or at the server.
    pub fn list_forked(&self, actor: &Actor) -> Result<Vec<(DocumentId, ChangeHash)>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT document_id, hash FROM changes c WHERE actor = ?1
                AND (status LIKE '%\"quarantine\":\"equivocation\"%'
                  OR EXISTS (SELECT 1 FROM changes o WHERE o.document_id = c.document_id AND o.actor = c.actor
                             AND o.seq = c.seq AND o.hash <> c.hash
                             AND o.status LIKE '%\"quarantine\":\"equivocation\"%'))
             ORDER BY position",
        )?;
        let rows = statement.query_map([actor.to_string()], |row| {
            Ok((parse(row, 0)?, parse(row, 1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a change stands in a document other than this one.
    pub fn stands_elsewhere(
        &self,
        hash: &ChangeHash,
        document: DocumentId,
    ) -> Result<bool, ClientError> {
        let found = self.db.query_row(
            "SELECT EXISTS (SELECT 1 FROM changes WHERE hash = ?1 AND document_id <> ?2 AND (own = 1 OR status = ?3))",
            params![
                hash.to_string(),
                document.to_string(),
                r#"{"status":"accepted"}"#
            ],
            |row| row.get(0),
        )?;
        Ok(found)
    }

    /// What names every document but this one.
    pub fn list_other_identities(
        &self,
        document: DocumentId,
    ) -> Result<Vec<DocumentIdentity>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT kind, preimage FROM documents WHERE document_id <> ?1")?;
        let rows = statement.query_map([document.to_string()], |row| {
            let (kind, preimage): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(DocumentIdentity::read(&kind, &preimage))
        })?;
        let rows = rows.filter_map(Result::transpose);
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Unsent changes of an actor that no signature stands by.
    pub fn list_unsigned(&self, actor: &Actor) -> Result<Vec<TipStatement>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT document_id, seq, hash FROM changes c WHERE actor = ?1 AND unsent = 1
                AND NOT EXISTS (SELECT 1 FROM tips t WHERE t.document_id = c.document_id AND t.actor = c.actor
                                AND t.seq = c.seq AND t.hash = c.hash)",
        )?;
        let rows = statement.query_map([actor.to_string()], |row| {
            let seq: i64 = row.get(1)?;
            Ok(TipStatement {
                document_id: parse(row, 0)?,
                actor: *actor,
                seq: seq.unsigned_abs(),
                hash: parse(row, 2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Signatures known for a document.
    pub fn list_tips(&self, document: DocumentId) -> Result<Vec<SignedTip>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT actor, seq, hash, signature FROM tips WHERE document_id = ?1 ORDER BY actor, seq")?;
        let rows = statement.query_map([document.to_string()], |row| {
            let seq: i64 = row.get(1)?;
            Ok(SignedTip {
                tip: TipStatement {
                    document_id: document,
                    actor: parse(row, 0)?,
                    seq: seq.unsigned_abs(),
                    hash: parse(row, 2)?,
                },
                signature: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest device certificate of an actor.
    pub fn find_certificate(
        &self,
        actor: &Actor,
    ) -> Result<Option<CertificatePayload>, ClientError> {
        let found = self
            .db
            .query_row(
                "SELECT payload FROM certificates WHERE actor = ?1 AND kind = 'device' ORDER BY serial DESC LIMIT 1",
                [actor.to_string()],
                |row| json(row, 0),
            )
            .optional()?;
        Ok(found)
    }

    /// All certificates.
    pub fn list_certificates(&self) -> Result<Vec<CertificatePayload>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT payload FROM certificates ORDER BY serial")?;
        let rows = statement.query_map([], |row| json(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The certificate of an install's own key, exactly as it was signed: the latest.
    pub fn certificate_of_install(
        &self,
        actor: &Actor,
    ) -> Result<Option<serde_json::Value>, ClientError> {
        let found = self.db.query_row(
            "SELECT signed FROM certificates WHERE actor = ?1 AND kind = 'device' ORDER BY serial DESC LIMIT 1",
            [actor.to_string()],
            |row| json(row, 0),
        );
        Ok(found.optional()?)
    }

    /// All certificates exactly as they were signed, devices before the people on them.
    pub fn list_signed_certificates(&self) -> Result<Vec<serde_json::Value>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT signed FROM certificates ORDER BY kind = 'signer', serial")?;
        let rows = statement.query_map([], |row| json(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Reference data of a kind.
    pub fn list_references(&self, kind: &str) -> Result<Vec<Reference>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT kind, id, version, record FROM reference_records WHERE kind = ?1 ORDER BY id",
        )?;
        let rows = statement.query_map([kind], |row| {
            Ok(Reference {
                kind: row.get(0)?,
                id: row.get(1)?,
                version: row.get(2)?,
                record: json(row, 3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Rulings of a visit.
    pub fn list_rulings(&self, document: DocumentId) -> Result<Vec<RulingNotice>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT notice FROM rulings WHERE document_id = ?1 ORDER BY subject")?;
        let rows = statement.query_map([document.to_string()], |row| json(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The highest version of each ruling in any document that is here.
    pub fn list_all_rulings(&self) -> Result<Vec<RulingNotice>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT notice FROM rulings WHERE document_id IN (SELECT document_id FROM documents)
             ORDER BY document_id, subject",
        )?;
        let rows = statement.query_map([], |row| json(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Rows of the duplicate index under one keyed hash.
    pub fn list_index_rows(&self, key_hash: &Digest) -> Result<Vec<IndexRow>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT row_id, key_hash, kind, sampled_on, authority_id, level, sampling_kind FROM index_rows
             WHERE key_hash = ?1 ORDER BY row_id",
        )?;
        let rows = statement.query_map([key_hash.to_string()], |row| {
            Ok(IndexRow {
                row_id: row.get(0)?,
                key_hash: parse(row, 1)?,
                kind: row.get(2)?,
                sampled_on: row.get(3)?,
                authority_id: parse(row, 4)?,
                level: row.get(5)?,
                sampling_kind: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number that would be taken next.
    pub fn next_sheet_number(&self) -> Result<Option<String>, ClientError> {
        let found = self
            .db
            .query_row(
                "SELECT sheet_no FROM sheet_numbers WHERE taken_at IS NULL ORDER BY rowid LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()?;
        Ok(found)
    }

    /// Numbers of sheets that are left.
    pub fn count_sheet_numbers(&self) -> Result<i64, ClientError> {
        let count = self.db.query_row(
            "SELECT COUNT(*) FROM sheet_numbers WHERE taken_at IS NULL",
            [],
            |row| row.get(0),
        )?;
        Ok(count)
    }

    /// Everybody who can sign here.
    pub fn list_signers(&self) -> Result<Vec<SignerRow>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT payload, salt, nonce, wrapped, failures FROM signers ORDER BY user_id",
        )?;
        let rows = statement.query_map(params![], |row| {
            Ok(SignerRow {
                payload: json(row, 0)?,
                wrapped: Wrapped {
                    salt: bytes(row, 1)?,
                    nonce: bytes(row, 2)?,
                    bytes: row.get(3)?,
                },
                failures: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
