//! What the store keeps of changes that do not stand (隔离): remembered by document and hash, so that nothing but the server
//! lets them in again.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension as _, params};
use sync_core::model::{ChangeHash, DocumentId, Millis};
use sync_core::sync::wire::ChangeStatus;

use super::reading::{json, parse};
use super::writing::to_json;
use super::{Store, Write};
use crate::error::ClientError;

impl Store {
    /// The documents of which something is.
    pub fn list_documents_with_quarantined(&self) -> Result<BTreeSet<DocumentId>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT DISTINCT document_id FROM quarantined")?;
        let rows = statement.query_map([], |row| parse(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What is quarantined of a document, with why.
    pub fn list_quarantined(
        &self,
        document: DocumentId,
    ) -> Result<BTreeMap<ChangeHash, ChangeStatus>, ClientError> {
        let mut statement = self
            .db
            .prepare("SELECT hash, status FROM quarantined WHERE document_id = ?1")?;
        let rows = statement.query_map([document.to_string()], |row| {
            Ok((parse(row, 0)?, json(row, 1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// In which document a change lies here that came in a parcel and that the server has not let in, and whether it stands in
    /// it; none where it is unknown, or came in another way.
    pub fn find_handed(
        &self,
        hash: &ChangeHash,
    ) -> Result<Option<(DocumentId, bool)>, ClientError> {
        let found = self
            .db
            .query_row(
                "SELECT document_id, status = ?2 FROM changes WHERE hash = ?1 AND vouched = 0",
                [hash.to_string(), to_json(&ChangeStatus::Accepted)?],
                |row| Ok((parse(row, 0)?, row.get(1)?)),
            )
            .optional()?;
        Ok(found)
    }
}

impl Write<'_> {
    /// A change is quarantined from now on. What the server says goes before what this phone thought; its reason stays the
    /// first one otherwise.
    pub fn put_quarantined(
        &self,
        document: DocumentId,
        hash: &ChangeHash,
        status: &ChangeStatus,
        by_server: bool,
        at: Millis,
    ) -> Result<(), ClientError> {
        self.tx.execute(
            "INSERT INTO quarantined (document_id, hash, status, by_server, at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (document_id, hash) DO UPDATE SET status = ?3, by_server = ?4 WHERE ?4 > by_server",
            params![
                document.to_string(),
                hash.to_string(),
                to_json(status)?,
                by_server,
                at
            ],
        )?;
        Ok(())
    }

    /// The server let a change in.
    pub fn let_in(&self, document: DocumentId, hash: &ChangeHash) -> Result<(), ClientError> {
        self.tx.execute(
            "DELETE FROM quarantined WHERE document_id = ?1 AND hash = ?2",
            [document.to_string(), hash.to_string()],
        )?;
        self.tx.execute(
            "UPDATE changes SET vouched = 1 WHERE document_id = ?1 AND hash = ?2",
            [document.to_string(), hash.to_string()],
        )?;
        Ok(())
    }

    /// What built on something that does not stand any more waits for it. It stays in the outbox, if it is there.
    pub fn put_waiting(&self, hash: &ChangeHash, status: &ChangeStatus) -> Result<(), ClientError> {
        self.tx.execute(
            "UPDATE changes SET status = ?2 WHERE hash = ?1 AND vouched = 0 AND status = ?3",
            params![
                hash.to_string(),
                to_json(status)?,
                to_json(&ChangeStatus::Accepted)?
            ],
        )?;
        Ok(())
    }
}
