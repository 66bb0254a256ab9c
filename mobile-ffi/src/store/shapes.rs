//! What the texts of the store are read as. SQLite finds no fault with one that a damaged page has made into something else;
//! whoever reads it does, and would each time. So one that cannot be read is damage: a look through the store finds it, and
//! its row is not carried over.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde::de::DeserializeOwned;
use sync_core::model::{
    Actor, CampaignId, ChangeHash, DeviceId, Digest, DocumentId, EvidenceId, OrganisationId,
};
use sync_core::proof::co_signature::{CoSignature, Spoken};
use sync_core::proof::{CertificatePayload, Signed};
use sync_core::sync::wire::{ChangeStatus, RulingNotice};

use super::writing::QUEUED;

fn json<T: DeserializeOwned>(text: &str) -> bool {
    serde_json::from_str::<T>(text).is_ok()
}

fn parsed<T: std::str::FromStr>(text: &str) -> bool {
    text.parse::<T>().is_ok()
}

/// Whether a text of this column says what it is read as; every row that the store reads as more than a text is here.
pub(super) fn reads(table: &str, column: &str, text: &str) -> bool {
    match (table, column) {
        ("changes", "status") => text == QUEUED || json::<ChangeStatus>(text),
        ("quarantined", "status") => json::<ChangeStatus>(text),
        ("certificates" | "signers", "payload") => json::<CertificatePayload>(text),
        ("certificates", "signed") => json::<Signed<CertificatePayload>>(text),
        ("reference_records", "record") => json::<serde_json::Value>(text),
        ("rulings", "notice") => json::<RulingNotice>(text),
        ("codes_shown", "spoken") => json::<Spoken>(text),
        ("answers_heard", "co_signature") => json::<CoSignature>(text),
        ("index_rows", "key_hash") => parsed::<Digest>(text),
        ("index_rows", "authority_id") => parsed::<OrganisationId>(text),
        ("documents", "campaign_id") => parsed::<CampaignId>(text),
        ("certificates" | "revoked_devices", "device_id") => parsed::<DeviceId>(text),
        ("changes" | "tips", "actor") => parsed::<Actor>(text),
        ("changes" | "tips" | "quarantined", "hash") => parsed::<ChangeHash>(text),
        (
            "documents" | "changes" | "tips" | "quarantined" | "media_entries"
            | "evidence_receipts",
            "document_id",
        ) => parsed::<DocumentId>(text),
        ("media_entries" | "evidence_receipts", "evidence_id") => parsed::<EvidenceId>(text),
        ("media" | "media_entries" | "evidence_receipts", "sha256") => parsed::<Digest>(text),
        _ => true,
    }
}

/// The first value of a store that cannot be read as what it is, by its table and column; none where all can.
pub(super) fn first_unreadable(db: &Connection) -> Result<Option<String>, rusqlite::Error> {
    let mut columns = db.prepare(
        "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND c.type = 'TEXT' ORDER BY t.name, c.cid",
    )?;
    let columns = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let columns: Vec<(String, String)> = columns.collect::<Result<_, _>>()?;
    for of_table in columns.chunk_by(|a, b| a.0 == b.0) {
        let table = &of_table[0].0;
        let names: Vec<&str> = of_table.iter().map(|(_, column)| column.as_str()).collect();
        let mut statement = db.prepare(&format!("SELECT {} FROM {table}", names.join(", ")))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for (at, column) in names.iter().enumerate() {
                let readable = match row.get_ref(at)? {
                    ValueRef::Null => true,
                    ValueRef::Text(bytes) => {
                        std::str::from_utf8(bytes).is_ok_and(|text| reads(table, column, text))
                    }
                    _ => false,
                };
                if !readable {
                    return Ok(Some(format!("{table}.{column} is not what it was")));
                }
            }
        }
    }
    Ok(None)
}
