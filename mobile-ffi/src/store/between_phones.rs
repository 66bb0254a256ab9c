//! What the store keeps of meetings without a network: codes that were shown, answers that were heard, parcels that were
//! opened, and whose certificates go into one.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension as _, params};
use sync_core::model::{ChangeHash, ConfirmedSubject, DeviceId, DocumentId, Millis, ParcelId};
use sync_core::proof::co_signature::{CoSignature, Nonce, Spoken};
use sync_core::proof::{CertificatePayload, Signed};

use super::reading::{json, parse};
use super::writing::to_json;
use super::{Store, Write};
use crate::error::ClientError;

/// What kind of code was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// 提问
    Question,
    /// 应答
    Answer,
}

impl CodeKind {
    fn word(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Answer => "answer",
        }
    }
}

impl Store {
    /// Nonces that were shown since an instant of the wall clock.
    pub fn list_nonces(&self, since: Millis) -> Result<BTreeSet<Nonce>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT nonce FROM codes_shown WHERE shown_at >= ?1")?;
        let rows = statement.query_map([since], |row| row.get::<_, String>(0))?;
        let nonces = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
        Ok(nonces.filter_map(|it| Nonce::try_from(it).ok()).collect())
    }

    /// Questions that were shown since an instant of the wall clock, the newest first.
    pub fn list_questions(&self, since: Millis) -> Result<Vec<Spoken>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT spoken FROM codes_shown WHERE kind = 'question' AND shown_at >= ?1 ORDER BY shown_at DESC",
        )?;
        let rows = statement.query_map([since], |row| json(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Answers that speak of this, in the order in which they were heard.
    pub fn list_answers(
        &self,
        visit: DocumentId,
        subject: &ConfirmedSubject,
    ) -> Result<Vec<CoSignature>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT co_signature FROM answers_heard WHERE document_id = ?1 AND subject = ?2 ORDER BY heard_at, nonce",
        )?;
        let rows =
            statement.query_map([visit.to_string(), to_json(subject)?], |row| json(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a parcel was opened here.
    pub fn has_opened(&self, parcel: &ParcelId) -> Result<bool, ClientError> {
        let found: Option<i64> = self
            .db
            .query_row(
                "SELECT 1 FROM parcels_opened WHERE parcel_id = ?1",
                [parcel.to_string()],
                |row| row.get(0),
            )
            .optional()?;
        Ok(found.is_some())
    }

    /// Since when a phone's key is revoked, as far as it came down here.
    pub fn revoked_at(&self, device: DeviceId) -> Result<Option<Millis>, ClientError> {
        let found = self
            .db
            .query_row(
                "SELECT revoked_at FROM revoked_devices WHERE device_id = ?1",
                [device.to_string()],
                |row| row.get(0),
            )
            .optional()?;
        Ok(found)
    }

    /// Every phone whose key is revoked, as far as it came down here, with since when.
    pub fn list_revoked_devices(&self) -> Result<BTreeMap<DeviceId, Millis>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT device_id, revoked_at FROM revoked_devices")?;
        let rows = statement.query_map([], |row| Ok((parse(row, 0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Confirmations, newest first.
    pub fn list_confirmation_ids(&self) -> Result<Vec<DocumentId>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT document_id FROM documents WHERE kind = 'confirmation' ORDER BY updated_at DESC, document_id",
        )?;
        let rows = statement.query_map([], |row| parse(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Certificates of these phones and of the people on them, as they were signed, phones before people.
    pub fn list_certificates_of(
        &self,
        devices: &BTreeSet<DeviceId>,
    ) -> Result<Vec<Signed<CertificatePayload>>, ClientError> {
        let mut statement = self.db.prepare(
            "SELECT device_id, signed FROM certificates ORDER BY kind = 'signer', serial",
        )?;
        let rows =
            statement.query_map([], |row| Ok((parse::<DeviceId>(row, 0)?, json(row, 1)?)))?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
        let theirs = rows.filter(|(device, _)| devices.contains(device));
        Ok(theirs.map(|(_, signed)| signed).collect())
    }
}

impl Write<'_> {
    /// A code is about to be shown; those that nothing may answer any more are forgotten.
    pub fn put_code(
        &self,
        (kind, nonce): (CodeKind, &Nonce),
        spoken: &Spoken,
        shown_at: Millis,
        forgotten_before: Millis,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "DELETE FROM codes_shown WHERE shown_at < ?1",
            [forgotten_before],
        )?;
        self.tx.execute(
            "INSERT INTO codes_shown (nonce, kind, spoken, shown_at) VALUES (?1, ?2, ?3, ?4)",
            params![nonce.to_string(), kind.word(), to_json(spoken)?, shown_at],
        )?;
        Ok(())
    }

    /// An answer was heard; one that is known stays what it is.
    pub fn put_answer(
        &self,
        nonce: &Nonce,
        (visit, subject): (DocumentId, &ConfirmedSubject),
        co_signature: &CoSignature,
        heard_at: Millis,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "INSERT INTO answers_heard (nonce, document_id, subject, co_signature, heard_at)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            params![
                nonce.to_string(),
                visit.to_string(),
                to_json(subject)?,
                to_json(co_signature)?,
                heard_at
            ],
        )?;
        Ok(())
    }

    /// A parcel was opened: never again.
    pub fn put_opened(
        &self,
        parcel: &ParcelId,
        sender: DeviceId,
        answers: &Nonce,
        opened_at: Millis,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "INSERT INTO parcels_opened (parcel_id, sender, answers, opened_at) VALUES (?1, ?2, ?3, ?4)",
            params![parcel.to_string(), sender.to_string(), answers.to_string(), opened_at],
        )?;
        Ok(())
    }

    /// What somebody else wrote and no server has receipted goes into the outbox: whoever has a network first brings it.
    pub fn carry(&self, hash: &ChangeHash) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE changes SET unsent = 1 WHERE hash = ?1 AND own = 0 AND received_at IS NULL",
            [hash.to_string()],
        )?;
        Ok(())
    }
}
