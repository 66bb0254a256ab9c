//! What is written to the store. Every public method is one transaction; what it returns is durable.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};
use sync_core::model::{DocumentId, Millis};
use sync_core::proof::{CertificateKind, CertificatePayload, Signed};
use sync_core::sync::bearing::Links;
use sync_core::sync::intake::Taken;
use sync_core::sync::wire::{ChangeStatus, IndexPage, RulingNotice, SignedTip};

use super::{DocumentState, OwnChange, PAPERS, SIGNED_KINDS, Store};
use crate::error::{ClientError, STORE_FULL};
use crate::keys::Wrapped;

/// The state of a change about which the server has not spoken.
pub(super) const QUEUED: &str = "queued";

/// A transaction of several steps, begun for writing at once: a later upgrade could be refused.
pub struct Write<'a> {
    pub(super) tx: Transaction<'a>,
}

pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String, ClientError> {
    serde_json::to_string(value).map_err(|e| ClientError::new("store.failed", "no JSON").with(e))
}

impl Store {
    /// Runs `steps` in one transaction: all or nothing. Where the disk is full they run again with room from the reserve:
    /// nothing of the first time is left.
    pub fn write<T>(
        &mut self,
        mut steps: impl FnMut(&Write<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        self.unless_damaged()?;
        loop {
            match self.try_write(&mut steps) {
                Err(error) if error.code == STORE_FULL && self.reserve.give() => {}
                done => return self.heed(done),
            }
        }
    }

    fn try_write<T>(
        &mut self,
        steps: &mut impl FnMut(&Write<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let faults = self.faults.clone();
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let write = Write { tx };
        let done = steps(&write)?;
        faults.pass("before_commit")?;
        write.tx.commit()?;
        faults.pass("after_commit")?;
        Ok(done)
    }

    /// Links that were read anew, for the next time.
    pub(crate) fn put_links(&self, found: &[(DocumentId, &Links)]) -> Result<(), ClientError> {
        self.unless_damaged()?;
        let tx = self.db.unchecked_transaction()?;
        for (document, links) in found {
            put_links(&tx, *document, links)?;
        }
        Ok(tx.commit()?)
    }

    /// One setting, by itself.
    pub fn put_setting(&self, key: &str, value: &str) -> Result<(), ClientError> {
        self.unless_damaged()?;
        loop {
            match put_setting(&self.db, key, value) {
                Err(error) if error.code == STORE_FULL && self.reserve.give() => {}
                done => return self.heed(done),
            }
        }
    }
}

pub(super) fn put_setting(
    db: &rusqlite::Connection,
    key: &str,
    value: &str,
) -> Result<(), ClientError> {
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
        [key, value],
    )?;
    Ok(())
}

fn put_links(
    db: &rusqlite::Connection,
    document: DocumentId,
    links: &Links,
) -> Result<(), ClientError> {
    db.execute(
        "INSERT INTO visit_links (document_id, version, links) VALUES (?1, ?2, ?3)
         ON CONFLICT (document_id) DO UPDATE SET version = ?2, links = ?3",
        params![document.to_string(), Links::VERSION, to_json(links)?],
    )?;
    Ok(())
}

impl Write<'_> {
    /// One setting.
    pub fn put_setting(&self, key: &str, value: &str) -> Result<(), ClientError> {
        put_setting(&self.tx, key, value)
    }

    /// Forgets how far the feed was read; whether it was read at all.
    pub fn remove_cursor(&self) -> Result<bool, ClientError> {
        let removed = self
            .tx
            .execute("DELETE FROM settings WHERE key = 'cursor'", [])?;
        Ok(removed > 0)
    }

    /// Forgets a setting.
    pub fn remove_setting(&self, key: &str) -> Result<(), ClientError> {
        self.tx
            .execute("DELETE FROM settings WHERE key = ?1", [key])?;
        Ok(())
    }

    /// A document as it now is.
    pub fn put_document(&self, state: &DocumentState) -> Result<(), ClientError> {
        let columns = &state.columns;
        self.tx.execute(
            "INSERT INTO documents (document_id, kind, preimage, snapshot, campaign_id, enterprise_key, enterprise_name,
                                    entered_at, sheets, sealed, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (document_id) DO UPDATE SET snapshot = ?4, enterprise_name = ?7, entered_at = ?8, sheets = ?9,
                                    sealed = ?10, updated_at = ?11",
            params![
                state.header.document_id.to_string(),
                state.header.kind,
                state.header.preimage,
                state.snapshot,
                columns.campaign_id,
                columns.enterprise_key,
                columns.enterprise_name,
                columns.entered_at_ms,
                columns.sheets,
                columns.sealed,
                state.updated_at_ms,
            ],
        )?;
        // A second time, apart from the snapshot: a damaged page does not take the name of the document with it.
        self.tx.execute(
            "INSERT INTO document_headers (document_id, kind, preimage) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            [
                &state.header.document_id.to_string(),
                &state.header.kind,
                &state.header.preimage,
            ],
        )?;
        match &columns.links {
            Some(links) => put_links(&self.tx, state.header.document_id, links),
            None => Ok(()),
        }
    }

    /// A change of this install, into the log and the outbox, with its signature.
    pub fn insert_own_change(
        &self,
        document: DocumentId,
        change: &OwnChange,
    ) -> Result<(), ClientError> {
        let seq = i64::try_from(change.seq).unwrap_or(i64::MAX);
        self.tx.execute(
            "INSERT INTO changes (hash, document_id, actor, seq, bytes, own, status, unsent)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, 1)",
            params![
                change.hash.to_string(),
                document.to_string(),
                change.actor.to_string(),
                seq,
                change.bytes,
                QUEUED
            ],
        )?;
        self.put_tip(&change.tip)
    }

    /// A signature.
    pub fn put_tip(&self, tip: &SignedTip) -> Result<(), ClientError> {
        self.tx.execute(
            "INSERT INTO tips (document_id, actor, seq, hash, signature) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
            params![
                tip.tip.document_id.to_string(),
                tip.tip.actor.to_string(),
                i64::try_from(tip.tip.seq).unwrap_or(i64::MAX),
                tip.tip.hash.to_string(),
                tip.signature,
            ],
        )?;
        Ok(())
    }

    /// A change that came down, as it was judged. One that is known keeps what it was, but a status that says more. It
    /// has one place, and what stands in a document belongs there: nothing said of it in another one moves it.
    pub fn put_taken(&self, document: DocumentId, taken: &Taken) -> Result<(), ClientError> {
        self.tx.execute(
            "INSERT INTO changes (hash, document_id, actor, seq, bytes, own, status, received_at, unsent, vouched)
             VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, 0, ?9)
             ON CONFLICT (hash) DO UPDATE SET document_id = ?2, status = ?6, received_at = COALESCE(received_at, ?7),
                                              vouched = MAX(vouched, ?9)
             WHERE document_id = ?2 OR ?8",
            params![
                taken.hash.to_string(),
                document.to_string(),
                taken.actor.to_string(),
                i64::try_from(taken.seq).unwrap_or(i64::MAX),
                taken.bytes,
                to_json(&taken.status)?,
                taken.received_at_ms,
                taken.status == ChangeStatus::Accepted,
                taken.vouched,
            ],
        )?;
        Ok(())
    }

    /// A held change was applied now: it moves behind what it waited for, so that the order stays causal.
    pub fn move_behind(&self, hash: &str) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE changes SET position = (SELECT MAX(position) + 1 FROM changes) WHERE hash = ?1",
            [hash],
        )?;
        Ok(())
    }

    /// What the server said of a change that was sent; it leaves the outbox. What it says of a copy in another document
    /// (`document`, where it named one) is not said of this one.
    pub fn put_status(
        &self,
        hash: &str,
        document: Option<DocumentId>,
        status: &ChangeStatus,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE changes SET status = ?2, unsent = 0 WHERE hash = ?1 AND document_id = COALESCE(?3, document_id)",
            params![hash, to_json(status)?, document.map(|id| id.to_string())],
        )?;
        Ok(())
    }

    /// A verified receipt.
    pub fn put_receipt(
        &self,
        receipt_hash: &str,
        document: DocumentId,
        hashes: &[String],
        received_at: Millis,
        signed: &str,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "INSERT INTO receipts (receipt_hash, document_id, signed) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            [receipt_hash, &document.to_string(), signed],
        )?;
        for hash in hashes {
            self.tx.execute(
                "UPDATE changes SET received_at = COALESCE(received_at, ?2) WHERE hash = ?1",
                params![hash, received_at],
            )?;
        }
        Ok(())
    }

    /// Everything that this phone holds is offered again, and versions start over: the server was restored. The index comes
    /// anew; what else the phone was told stays in use until the feed has been read to its end.
    pub fn offer_everything_again(&self) -> Result<(), ClientError> {
        self.keep_papers()?;
        self.tx.execute("UPDATE changes SET unsent = 1", [])?;
        self.tx
            .execute("UPDATE reference_records SET version = -1", [])?;
        self.tx.execute("UPDATE rulings SET version = -1", [])?;
        self.tx.execute("DELETE FROM index_rows", [])?;
        self.doubt_receipts()?;
        self.remove_setting("index_as_of")
    }

    /// What the server signed waits to be brought back to it, beside the certificates: records that it does not list any
    /// more are about to be forgotten here.
    fn keep_papers(&self) -> Result<(), ClientError> {
        let waiting: Option<String> = self
            .tx
            .query_row(
                "SELECT value FROM settings WHERE key = ?1",
                [PAPERS],
                |row| row.get(0),
            )
            .optional()?;
        let waiting: Option<Vec<(String, String, serde_json::Value)>> =
            waiting.and_then(|text| serde_json::from_str(&text).ok());
        let mut papers: BTreeMap<(String, String), serde_json::Value> = waiting
            .unwrap_or_default()
            .into_iter()
            .map(|(kind, id, record)| ((kind, id), record))
            .collect();
        for kind in SIGNED_KINDS {
            let mut statement = self
                .tx
                .prepare("SELECT id, record FROM reference_records WHERE kind = ?1")?;
            let rows = statement.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
            for row in rows {
                let (id, record): (String, String) = row?;
                if let Ok(record) = serde_json::from_str(&record) {
                    papers.insert((kind.to_owned(), id), record);
                }
            }
        }
        let papers: Vec<_> = papers
            .into_iter()
            .map(|((kind, id), record)| (kind, id, record))
            .collect();
        self.put_setting(PAPERS, &to_json(&papers)?)
    }

    /// These go into the outbox again.
    pub fn offer_again(&self, hashes: &[String]) -> Result<(), ClientError> {
        for hash in hashes {
            self.tx
                .execute("UPDATE changes SET unsent = 1 WHERE hash = ?1", [hash])?;
        }
        Ok(())
    }

    /// The feed was read to its end: it is complete up to this instant. What a restored server no longer knows is dropped,
    /// and so are copies of revoked documents that had to be offered first.
    pub fn complete(&self, as_of_ms: Millis) -> Result<(), ClientError> {
        self.put_setting("index_as_of", &as_of_ms.to_string())?;
        // What the server signed holds until it has had the chance to take it back.
        self.tx.execute(
            "DELETE FROM reference_records WHERE version < 0
             AND (kind NOT IN ('lease', 're_entry_grant') OR NOT EXISTS (SELECT 1 FROM settings WHERE key = ?1))",
            [PAPERS],
        )?;
        let unsent: bool = self.tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM changes WHERE unsent = 1)",
            [],
            |row| row.get(0),
        )?;
        if unsent {
            return Ok(());
        }
        self.tx
            .execute("DELETE FROM rulings WHERE version < 0", [])?;
        let mut statement = self
            .tx
            .prepare("SELECT substr(key, 9) FROM settings WHERE key LIKE 'revoked/%'")?;
        let revoked = statement.query_map([], |row| row.get::<_, String>(0))?;
        for document in revoked.collect::<Result<Vec<_>, _>>()? {
            if let Ok(document) = document.parse() {
                self.drop_copy(document)?;
            }
        }
        Ok(())
    }

    /// A document is in scope (again).
    pub fn keep_copy(&self, document: DocumentId) -> Result<(), ClientError> {
        self.remove_setting(&format!("revoked/{document}"))
    }

    /// Drops the copy of a document, unless this phone wrote in it. One that has others' work to offer first (after a
    /// restore of the server) is dropped when that is through.
    pub fn drop_copy(&self, document: DocumentId) -> Result<(), ClientError> {
        let id = document.to_string();
        let (own, unsent): (bool, bool) = self.tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM changes WHERE document_id = ?1 AND own = 1),
                    EXISTS (SELECT 1 FROM changes WHERE document_id = ?1 AND unsent = 1)",
            [&id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let later = format!("revoked/{id}");
        if !own && unsent {
            return self.put_setting(&later, "1");
        }
        self.remove_setting(&later)?;
        if !own {
            for table in [
                "changes",
                "tips",
                "receipts",
                "documents",
                "document_headers",
                "visit_links",
                "rulings",
            ] {
                self.tx.execute(
                    &format!("DELETE FROM {table} WHERE document_id = ?1"),
                    [&id],
                )?;
            }
            // Those for originals that are here are still needed to let these go.
            self.tx.execute(
                "DELETE FROM evidence_receipts WHERE document_id = ?1
                    AND NOT EXISTS (SELECT 1 FROM media_entries e WHERE e.document_id = ?1)",
                [&id],
            )?;
        }
        Ok(())
    }

    /// A verified certificate.
    pub fn put_certificate(
        &self,
        payload: &CertificatePayload,
        public_key: &[u8],
        signed: &Signed<CertificatePayload>,
    ) -> Result<(), ClientError> {
        let kind = match payload.kind {
            CertificateKind::Device => "device",
            CertificateKind::Signer => "signer",
        };
        self.tx.execute(
            "INSERT INTO certificates (serial, kind, device_id, actor, user_id, public_key, payload, signed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (serial) DO UPDATE SET kind = ?2, device_id = ?3, actor = ?4, user_id = ?5, public_key = ?6,
                                                payload = ?7, signed = ?8",
            params![
                payload.serial,
                kind,
                payload.device_id.to_string(),
                payload.actor.to_string(),
                payload.user_id.to_string(),
                public_key,
                to_json(payload)?,
                to_json(signed)?,
            ],
        )?;
        Ok(())
    }

    /// A device whose key was revoked.
    pub fn put_revoked_device(&self, device: &str, at: Millis) -> Result<(), ClientError> {
        self.tx.execute(
            "INSERT INTO revoked_devices (device_id, revoked_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![device, at],
        )?;
        Ok(())
    }

    /// A record of reference data in a newer version, or its removal.
    pub fn put_reference(
        &self,
        kind: &str,
        id: &str,
        version: i64,
        record: Option<&serde_json::Value>,
    ) -> Result<(), ClientError> {
        match record {
            Some(record) => self.tx.execute(
                "INSERT INTO reference_records (kind, id, version, record) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (kind, id) DO UPDATE SET version = ?3, record = ?4 WHERE version <= ?3",
                params![kind, id, version, to_json(record)?],
            )?,
            None => self.tx.execute(
                "DELETE FROM reference_records WHERE kind = ?1 AND id = ?2 AND version <= ?3",
                params![kind, id, version],
            )?,
        };
        Ok(())
    }

    /// Rows of the duplicate index.
    pub fn put_index(&self, page: &IndexPage) -> Result<(), ClientError> {
        self.put_setting("index_key", &page.key)?;
        for row in &page.rows {
            self.tx.execute(
                "INSERT INTO index_rows (row_id, key_hash, kind, sampled_on, authority_id, level, sampling_kind)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (row_id) DO UPDATE SET key_hash = ?2, kind = ?3, sampled_on = ?4, authority_id = ?5,
                                                    level = ?6, sampling_kind = ?7",
                params![
                    row.row_id,
                    row.key_hash.to_string(),
                    row.kind,
                    row.sampled_on,
                    row.authority_id.to_string(),
                    row.level,
                    row.sampling_kind
                ],
            )?;
        }
        for row_id in &page.removed {
            self.tx
                .execute("DELETE FROM index_rows WHERE row_id = ?1", [row_id])?;
        }
        Ok(())
    }

    /// A ruling; the highest version stands, whatever the order of arrival.
    pub fn put_ruling(&self, notice: &RulingNotice) -> Result<(), ClientError> {
        self.tx.execute(
            "INSERT INTO rulings (subject, document_id, version, notice) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (subject) DO UPDATE SET document_id = ?2, version = ?3, notice = ?4 WHERE version < ?3",
            params![
                to_json(&notice.subject)?,
                notice.document_id.map(|id| id.to_string()),
                notice.version,
                to_json(notice)?
            ],
        )?;
        Ok(())
    }

    /// A block of sheet numbers, in the order of use. Numbers that are known keep what they are.
    pub fn put_sheet_numbers(&self, block: &str, numbers: &[String]) -> Result<(), ClientError> {
        for number in numbers {
            self.tx.execute(
                "INSERT INTO sheet_numbers (block_id, sheet_no) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                [block, number],
            )?;
        }
        Ok(())
    }

    /// Takes the next number. Within the same transaction as the sheet that bears it, so that no kill parts the two.
    pub fn take_sheet_number(&self, wall_ms: Millis) -> Result<Option<String>, ClientError> {
        use rusqlite::OptionalExtension as _;
        let taken = self
            .tx
            .query_row(
                "UPDATE sheet_numbers SET taken_at = ?1 WHERE sheet_no =
                     (SELECT sheet_no FROM sheet_numbers WHERE taken_at IS NULL ORDER BY rowid LIMIT 1)
                 RETURNING sheet_no",
                [wall_ms],
                |row| row.get(0),
            )
            .optional()?;
        Ok(taken)
    }

    /// Numbers of an old copy of this database may have been used since: none of them is used from here.
    pub fn spend_sheet_numbers(&self, wall_ms: Millis) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE sheet_numbers SET taken_at = ?1 WHERE taken_at IS NULL",
            [wall_ms],
        )?;
        Ok(())
    }

    /// What was this install's is another's now: its actor was changed.
    pub fn disown_changes(&self) -> Result<(), ClientError> {
        self.tx.execute("UPDATE changes SET own = 0", [])?;
        Ok(())
    }

    /// A signer's key under their PIN.
    pub fn put_signer(
        &self,
        payload: &CertificatePayload,
        public_key: &[u8],
        signed: &Signed<CertificatePayload>,
        wrapped: &Wrapped,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "INSERT INTO signers (user_id, public_key, payload, signed, salt, nonce, wrapped, failures)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)
             ON CONFLICT (user_id) DO UPDATE SET public_key = ?2, payload = ?3, signed = ?4, salt = ?5, nonce = ?6,
                                                 wrapped = ?7, failures = 0",
            params![
                payload.user_id.to_string(),
                public_key,
                to_json(payload)?,
                to_json(signed)?,
                wrapped.salt,
                wrapped.nonce,
                wrapped.bytes
            ],
        )?;
        self.put_certificate(payload, public_key, signed)
    }

    /// The certificate of somebody who signs here was renewed: the next seal names the new one.
    pub fn renew_signer(
        &self,
        payload: &CertificatePayload,
        public_key: &[u8],
        signed: &Signed<CertificatePayload>,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE signers SET payload = ?3, signed = ?4 WHERE user_id = ?1 AND public_key = ?2
                AND CAST(json_extract(payload, '$.serial') AS INTEGER) < ?5",
            params![
                payload.user_id.to_string(),
                public_key,
                to_json(payload)?,
                to_json(signed)?,
                payload.serial
            ],
        )?;
        Ok(())
    }

    /// Wrong PINs in a row.
    pub fn put_signer_failures(&self, user: &str, failures: i64) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE signers SET failures = ?2 WHERE user_id = ?1",
            params![user, failures],
        )?;
        Ok(())
    }
}
