//! Bundles (证据包) that were made, and sums of originals beside their SHA-256.

use std::collections::HashMap;

use sync_core::model::{Digest, DocumentId, Millis, UserId};
use uuid::Uuid;

use super::{Result, Row, Session, Tx, Value, bulk, statements};
use crate::args;

statements! {
    /// The last one that a person was given of a visit, where it can be continued.
    FIND_LATEST = "SELECT * FROM exports WHERE document_id = $1 AND user_id = $2 AND made_at >= $3 AND sm3 = $4 \
        AND files IS NOT NULL ORDER BY made_at DESC, export_id DESC LIMIT 1";
    /// One that can be continued.
    FIND = "SELECT * FROM exports WHERE export_id = $1 AND document_id = $2 AND user_id = $3 AND files IS NOT NULL";
    /// Keeps one.
    INSERT = "INSERT INTO exports (export_id, document_id, user_id, made_at, line, sm3, size_bytes, plan, files) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Old ones are not continued; that they were made is kept.
    FORGET = "UPDATE exports SET files = NULL WHERE files IS NOT NULL AND made_at < $1";
    /// Notes sums.
    PUT_SUMS = "INSERT INTO blob_sums (sha256, crc32, sm3) VALUES ($1, $2, $3) \
        ON CONFLICT (sha256) DO UPDATE SET sm3 = COALESCE(excluded.sm3, blob_sums.sm3)";
}

bulk! {
    /// Sums of originals.
    LIST_SUMS = ("SELECT * FROM blob_sums WHERE sha256 IN (", 0, 1, ")");
}

/// A bundle as it was fixed.
#[derive(Clone, Debug)]
pub struct ExportRow {
    /// Its id.
    pub export_id: Uuid,
    /// The visit.
    pub document_id: DocumentId,
    /// For whom.
    pub user: UserId,
    /// When.
    pub made_at: Millis,
    /// The line of the visit's chain that tells of it.
    pub line: i64,
    /// Whether it has sums in SM3.
    pub sm3: bool,
    /// Its length.
    pub size_bytes: i64,
    /// What lies where, as JSON.
    pub plan: String,
    /// Everything but evidence.
    pub files: Vec<u8>,
}

fn export(row: &Row) -> Result<ExportRow> {
    Ok(ExportRow {
        export_id: row.get("export_id")?,
        document_id: row.get("document_id")?,
        user: row.get("user_id")?,
        made_at: row.get("made_at")?,
        line: row.get("line")?,
        sm3: row.get("sm3")?,
        size_bytes: row.get("size_bytes")?,
        plan: row.get("plan")?,
        files: row.get("files")?,
    })
}

/// The last one that a person was given of a visit since a time.
pub async fn find_latest(
    db: &mut Session,
    document: DocumentId,
    user: UserId,
    since: Millis,
    sm3: bool,
) -> Result<Option<ExportRow>> {
    let row = db
        .optional(&FIND_LATEST, args![document, user, since, sm3])
        .await?;
    row.as_ref().map(export).transpose()
}

/// One that a person was given of a visit.
pub async fn find(
    db: &mut Session,
    id: Uuid,
    document: DocumentId,
    user: UserId,
) -> Result<Option<ExportRow>> {
    let row = db.optional(&FIND, args![id, document, user]).await?;
    row.as_ref().map(export).transpose()
}

/// Keeps one.
pub async fn insert(tx: &mut Tx, row: &ExportRow) -> Result<()> {
    let values = args![
        row.export_id,
        row.document_id,
        row.user,
        row.made_at,
        row.line,
        row.sm3,
        row.size_bytes,
        &row.plan,
        row.files.clone()
    ];
    tx.exec(&INSERT, values).await.map(drop)
}

/// Drops what is in bundles that were made before a time.
pub async fn forget(tx: &mut Tx, before: Millis) -> Result<u64> {
    tx.exec(&FORGET, args![before]).await
}

/// Sums of an original beside its SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// As in a ZIP.
    pub crc32: u32,
    /// GM/T 0004, where somebody asked for it.
    pub sm3: Option<Digest>,
}

/// Sums of originals.
pub async fn list_sums(
    db: &mut Session,
    of: impl IntoIterator<Item = Digest>,
) -> Result<HashMap<Digest, Sums>> {
    let keys = of.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_SUMS, args![], keys).await?;
    let sums = rows.iter().map(|row| {
        let crc32: i64 = row.get("crc32")?;
        let sums = Sums {
            crc32: u32::try_from(crc32).unwrap_or_default(),
            sm3: row.get("sm3")?,
        };
        Ok((row.get("sha256")?, sums))
    });
    sums.collect()
}

/// Notes sums of an original.
pub async fn put_sums(tx: &mut Tx, of: Digest, sums: Sums) -> Result<()> {
    let values = args![of, i64::from(sums.crc32), sums.sm3];
    tx.exec(&PUT_SUMS, values).await.map(drop)
}
