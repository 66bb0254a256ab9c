//! Uploads (上传) and their parts: where each one stands, and who of several requests may move it.

use sync_core::model::{DeviceId, Digest, DocumentId, EvidenceId, Millis, UploadId, UserId};

use super::{Result, Row, Session, Tx, Value, bulk, statements};
use crate::args;
use crate::objects::ObjectName;

/// Bytes are still to come.
pub const UPLOADING: &str = "uploading";
/// All bytes came; their hash is not computed yet.
pub const CHECKING: &str = "checking";
/// The bytes are those of the manifest, and lie as an original.
pub const VERIFIED: &str = "verified";
/// The bytes are others. They are kept aside.
pub const MISMATCH: &str = "mismatch";
/// Its client gave it up.
pub const TERMINATED: &str = "terminated";
/// Parts of it are gone with a disk or a restore: it cannot be finished.
pub const LOST: &str = "lost";

statements! {
    /// Begins one, unless the same was begun and has no byte yet.
    INSERT = "INSERT INTO uploads (upload_id, device_id, user_id, document_id, evidence_id, sha256, size_bytes, metadata, \
        state, offset_bytes, created_at, touched_at, expires_at, finished_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $10, $11, $12) \
        ON CONFLICT (device_id, document_id, evidence_id, sha256) WHERE state = 'uploading' AND offset_bytes = 0 DO NOTHING";
    /// The one that was begun and has no byte yet.
    FIND_UNTOUCHED = "SELECT * FROM uploads WHERE device_id = $1 AND document_id = $2 AND evidence_id = $3 AND sha256 = $4 \
        AND state = 'uploading' AND offset_bytes = 0";
    /// One by its id.
    FIND = "SELECT * FROM uploads WHERE upload_id = $1";
    /// Unfinished ones of one device for one entry, the most recently touched first.
    LIST_UNFINISHED = "SELECT * FROM uploads WHERE device_id = $1 AND document_id = $2 AND evidence_id = $3 \
        AND state = 'uploading' ORDER BY touched_at DESC, upload_id DESC";
    /// Puts its end off.
    PUT_OFF = "UPDATE uploads SET expires_at = $2 WHERE upload_id = $1 AND state = 'uploading'";
    /// Makes a request the one that writes.
    CLAIM = "UPDATE uploads SET claim = $3 WHERE upload_id = $1 AND state = 'uploading' AND offset_bytes = $2";
    /// Takes the right to write from whoever has it.
    UNCLAIM = "UPDATE uploads SET claim = NULL WHERE upload_id = $1 AND state = 'uploading' AND claim IS NOT NULL";
    /// Moves the offset.
    ADVANCE = "UPDATE uploads SET offset_bytes = $4, touched_at = $5, expires_at = $6, \
        state = CASE WHEN $4 = size_bytes THEN 'checking' ELSE state END, \
        finished_at = CASE WHEN $4 = size_bytes THEN $5 ELSE finished_at END \
        WHERE upload_id = $1 AND claim = $2 AND offset_bytes = $3 AND state = 'uploading'";
    /// Adds a part.
    INSERT_PART = "INSERT INTO upload_parts (upload_id, offset_bytes, size_bytes, object) VALUES ($1, $2, $3, $4)";
    /// Its parts in order.
    LIST_PARTS = "SELECT * FROM upload_parts WHERE upload_id = $1 ORDER BY offset_bytes";
    /// Whether a part lies in this object.
    FIND_PART = "SELECT upload_id FROM upload_parts WHERE upload_id = $1 AND object = $2";
    /// Those that wait for their hash.
    LIST_CHECKING = "SELECT upload_id FROM uploads WHERE state = 'checking' AND finished_at <= $1 \
        ORDER BY finished_at, upload_id LIMIT $2";
    /// The bytes were hashed, or cannot be.
    END_CHECKING = "UPDATE uploads SET state = $2, ended_at = $3, found_sha256 = $4, claim = NULL \
        WHERE upload_id = $1 AND state = 'checking'";
    /// Whether these bytes were kept aside for this entry before.
    FIND_ASIDE = "SELECT upload_id FROM uploads WHERE document_id = $1 AND evidence_id = $2 AND found_sha256 = $3 \
        AND state = 'mismatch' AND upload_id <> $4 LIMIT 1";
    /// Its client gave it up.
    TERMINATE = "UPDATE uploads SET state = 'terminated', ended_at = $2, claim = NULL \
        WHERE upload_id = $1 AND state IN ('uploading', 'verified')";
    /// Those whose time is over. What is asked inside is asked again of the row that is written: bytes may have come between.
    EXPIRE = "UPDATE uploads SET state = 'expired', ended_at = $1, claim = NULL WHERE upload_id IN \
        (SELECT upload_id FROM uploads WHERE state = 'uploading' AND expires_at < $1 ORDER BY expires_at LIMIT $2) \
        AND state = 'uploading' AND expires_at < $1";
    /// How many are unfinished, wait for their hash, or are kept aside.
    COUNT = "SELECT (SELECT COUNT(*) FROM uploads WHERE state = 'uploading') AS uploading, \
        (SELECT COUNT(*) FROM uploads WHERE state = 'checking') AS checking, (SELECT COUNT(*) FROM uploads \
            WHERE cleaned_at IS NULL AND ended_at IS NOT NULL AND state = 'mismatch') AS mismatch";
    /// Those that are over and whose parts are still there.
    LIST_UNCLEAN = "SELECT upload_id FROM uploads WHERE cleaned_at IS NULL AND ended_at IS NOT NULL \
        AND state <> 'mismatch' ORDER BY ended_at, upload_id LIMIT $1";
    /// Forgets its parts.
    DELETE_PARTS = "DELETE FROM upload_parts WHERE upload_id = $1";
    /// Its parts are gone.
    CLEANED = "UPDATE uploads SET cleaned_at = $2 WHERE upload_id = $1";
    /// Forgets those that are long over.
    FORGET = "DELETE FROM uploads WHERE upload_id IN \
        (SELECT upload_id FROM uploads WHERE cleaned_at < $1 AND state <> 'mismatch' ORDER BY cleaned_at LIMIT $2)";
}

bulk! {
    /// What tells where the evidence of documents stands: uploads with bytes, on their way, whole or kept aside. Newest last.
    LIST_TELLING = ("SELECT * FROM uploads WHERE (state IN ('checking', 'mismatch') OR (state = 'uploading' AND offset_bytes > 0)) \
        AND document_id IN (", 0, 1, ") ORDER BY touched_at, upload_id");
}

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// Its id.
    pub upload_id: UploadId,
    /// Whose it is.
    pub device_id: DeviceId,
    /// Who began it.
    pub user_id: UserId,
    /// The document whose manifest names the bytes.
    pub document_id: DocumentId,
    /// The entry there.
    pub evidence_id: EvidenceId,
    /// The hash there.
    pub sha256: Digest,
    /// The length there, in bytes.
    pub size_bytes: i64,
    /// `Upload-Metadata`, as it came.
    pub metadata: String,
    /// `uploading`, `checking`, `verified`, `mismatch`, `expired`, `terminated` or `lost`.
    pub state: String,
    /// How many bytes are kept.
    pub offset_bytes: i64,
    /// Whether a request claimed to write it.
    pub claimed: bool,
    /// When it began.
    pub created_at: Millis,
    /// When bytes last came.
    pub touched_at: Millis,
    /// When it is over unless more comes.
    pub expires_at: Millis,
    /// When the last byte came.
    pub finished_at: Option<Millis>,
    /// The hash of the bytes, where it is not the manifest's.
    pub found_sha256: Option<Digest>,
}

impl UploadRow {
    /// Whether bytes may still come.
    pub fn is_open_at(&self, now: Millis) -> bool {
        self.state == UPLOADING && now <= self.expires_at
    }

    /// Whether every byte came.
    pub fn is_complete(&self) -> bool {
        matches!(self.state.as_str(), CHECKING | VERIFIED)
    }
}

/// A part of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it begins, in bytes.
    pub offset_bytes: i64,
    /// How long it is, in bytes.
    pub size_bytes: i64,
    /// Its name in the store of objects.
    pub object: String,
}

impl Part {
    /// Its name in the store of objects; none if the row was tampered with.
    pub fn name(&self) -> Option<ObjectName> {
        ObjectName::parse(&self.object)
    }
}

fn upload(row: &Row) -> Result<UploadRow> {
    Ok(UploadRow {
        upload_id: row.get("upload_id")?,
        device_id: row.get("device_id")?,
        user_id: row.get("user_id")?,
        document_id: row.get("document_id")?,
        evidence_id: row.get("evidence_id")?,
        sha256: row.get("sha256")?,
        size_bytes: row.get("size_bytes")?,
        metadata: row.get("metadata")?,
        state: row.get("state")?,
        offset_bytes: row.get("offset_bytes")?,
        claimed: row.get::<Option<Vec<u8>>>("claim")?.is_some(),
        created_at: row.get("created_at")?,
        touched_at: row.get("touched_at")?,
        expires_at: row.get("expires_at")?,
        finished_at: row.get("finished_at")?,
        found_sha256: row.get("found_sha256")?,
    })
}

fn ids(rows: &[Row]) -> Result<Vec<UploadId>> {
    rows.iter().map(|row| row.get("upload_id")).collect()
}

/// Begins one; false if the same was begun and has no byte yet.
pub async fn insert(tx: &mut Tx, row: &UploadRow) -> Result<bool> {
    let columns = args![
        row.upload_id,
        row.device_id,
        row.user_id,
        row.document_id,
        row.evidence_id,
        row.sha256,
        row.size_bytes,
        &row.metadata,
        &row.state,
        row.created_at,
        row.expires_at,
        row.finished_at
    ];
    Ok(tx.exec(&INSERT, columns).await? == 1)
}

/// The same one, if it was begun and has no byte yet.
pub async fn find_untouched(db: &mut Session, like: &UploadRow) -> Result<Option<UploadRow>> {
    let place = args![
        like.device_id,
        like.document_id,
        like.evidence_id,
        like.sha256
    ];
    let row = db.optional(&FIND_UNTOUCHED, place).await?;
    row.as_ref().map(upload).transpose()
}

/// One by its id.
pub async fn find(db: &mut Session, id: UploadId) -> Result<Option<UploadRow>> {
    let row = db.optional(&FIND, args![id]).await?;
    row.as_ref().map(upload).transpose()
}

/// Uploads that tell where the evidence of these documents stands: with bytes on their way, whole, or kept aside. Newest last.
pub async fn list_telling(
    db: &mut Session,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<Vec<UploadRow>> {
    let ids = documents.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_TELLING, args![], ids).await?;
    rows.iter().map(upload).collect()
}

/// Unfinished ones of the same device for the same entry, the most recently touched first.
pub async fn list_unfinished(db: &mut Session, like: &UploadRow) -> Result<Vec<UploadRow>> {
    let place = args![like.device_id, like.document_id, like.evidence_id];
    let rows = db.all(&LIST_UNFINISHED, place).await?;
    rows.iter().map(upload).collect()
}

/// Puts off the end of an unfinished one.
pub async fn put_off(tx: &mut Tx, id: UploadId, expires_at: Millis) -> Result<()> {
    tx.exec(&PUT_OFF, args![id, expires_at]).await.map(drop)
}

/// Makes a request the one that writes what follows the offset; false if the upload stands elsewhere.
pub async fn claim(tx: &mut Tx, id: UploadId, offset: i64, claim: [u8; 16]) -> Result<bool> {
    let columns = args![id, offset, claim.as_slice()];
    Ok(tx.exec(&CLAIM, columns).await? == 1)
}

/// Takes the right to write from whoever has it.
pub async fn unclaim(tx: &mut Tx, id: UploadId) -> Result<()> {
    tx.exec(&UNCLAIM, args![id]).await.map(drop)
}

/// Adds parts that follow each other from an offset on, if the claim still holds and the upload still stands there.
pub async fn advance(
    tx: &mut Tx,
    id: UploadId,
    claim: [u8; 16],
    parts: &[Part],
    (now, expires_at): (Millis, Millis),
) -> Result<bool> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return Ok(true);
    };
    let to = last.offset_bytes + last.size_bytes;
    let columns = args![
        id,
        claim.as_slice(),
        first.offset_bytes,
        to,
        now,
        expires_at
    ];
    if tx.exec(&ADVANCE, columns).await? == 0 {
        return Ok(false);
    }
    for part in parts {
        let columns = args![id, part.offset_bytes, part.size_bytes, &part.object];
        tx.exec(&INSERT_PART, columns).await?;
    }
    Ok(true)
}

/// Its parts in order.
pub async fn list_parts(db: &mut Session, id: UploadId) -> Result<Vec<Part>> {
    let rows = db.all(&LIST_PARTS, args![id]).await?;
    rows.iter()
        .map(|row| {
            Ok(Part {
                offset_bytes: row.get("offset_bytes")?,
                size_bytes: row.get("size_bytes")?,
                object: row.get("object")?,
            })
        })
        .collect()
}

/// Whether a part of the upload lies in this object.
pub async fn has_part(db: &mut Session, id: UploadId, object: &str) -> Result<bool> {
    Ok(db.optional(&FIND_PART, args![id, object]).await?.is_some())
}

/// Those whose last byte came before a time and that wait for their hash.
pub async fn list_checking(
    db: &mut Session,
    before: Millis,
    rows_max: i64,
) -> Result<Vec<UploadId>> {
    ids(&db.all(&LIST_CHECKING, args![before, rows_max]).await?)
}

/// Ends the check of one; false if somebody else ended it.
pub async fn end_checking(
    tx: &mut Tx,
    id: UploadId,
    state: &'static str,
    now: Millis,
    found: Option<Digest>,
) -> Result<bool> {
    let columns = args![id, state, now, found];
    Ok(tx.exec(&END_CHECKING, columns).await? == 1)
}

/// Whether the same wrong bytes were kept aside for this entry before.
pub async fn is_aside(db: &mut Session, row: &UploadRow, found: Digest) -> Result<bool> {
    let place = args![row.document_id, row.evidence_id, found, row.upload_id];
    Ok(db.optional(&FIND_ASIDE, place).await?.is_some())
}

/// Its client gave it up; false if it is past that.
pub async fn terminate(tx: &mut Tx, id: UploadId, now: Millis) -> Result<bool> {
    Ok(tx.exec(&TERMINATE, args![id, now]).await? == 1)
}

/// Ends so many at most whose time is over; gives how many.
pub async fn expire(tx: &mut Tx, now: Millis, rows_max: i64) -> Result<u64> {
    tx.exec(&EXPIRE, args![now, rows_max]).await
}

/// How many are unfinished, wait for their hash, or are kept aside, each with its state.
pub async fn count(db: &mut Session) -> Result<[(&'static str, i64); 3]> {
    let row = db.one(&COUNT, args![]).await?;
    Ok([
        (UPLOADING, row.get(UPLOADING)?),
        (CHECKING, row.get(CHECKING)?),
        (MISMATCH, row.get(MISMATCH)?),
    ])
}

/// Those that are over and whose parts are still there.
pub async fn list_unclean(db: &mut Session, rows_max: i64) -> Result<Vec<UploadId>> {
    ids(&db.all(&LIST_UNCLEAN, args![rows_max]).await?)
}

/// Forgets the parts of one: their objects are gone.
pub async fn clean(tx: &mut Tx, id: UploadId, now: Millis) -> Result<()> {
    tx.exec(&DELETE_PARTS, args![id]).await?;
    tx.exec(&CLEANED, args![id, now]).await.map(drop)
}

/// Forgets so many at most that were cleaned before a time; gives how many.
pub async fn forget(tx: &mut Tx, before: Millis, rows_max: i64) -> Result<u64> {
    tx.exec(&FORGET, args![before, rows_max]).await
}
