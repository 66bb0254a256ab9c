//! The log: every change that came off the wire, with its status.

use std::collections::HashMap;

use sync_core::model::{Actor, ChangeHash, DeviceId, DocumentId, Millis, UserId};
use sync_core::sync::wire::{ChangeStatus, HeldReason, QuarantineKind};
use uuid::Uuid;

use crate::access::role::word;
use crate::args;
use crate::store::log::{self, Note};
use crate::store::{Result, Row, Session, StoreError, Tx, Value, bulk, statements};

statements! {
    /// One change.
    FIND = "SELECT * FROM changes WHERE document_id = $1 AND hash = $2";
    /// One change by the name that people use.
    FIND_ITEM = "SELECT * FROM changes WHERE item_id = $1";
    /// One change wherever it was pushed to, where it stands first.
    LIST_BY_HASH = "SELECT * FROM changes WHERE hash = $1 ORDER BY CASE WHEN status = 'accepted' THEN 0 ELSE 1 END, item_id";
    /// Everything of a document that is not accepted.
    LIST_ASIDE = "SELECT * FROM changes WHERE document_id = $1 AND status <> 'accepted' ORDER BY received_at, item_id";
    /// The accepted ones of a document in causal order.
    LIST_ACCEPTED = "SELECT * FROM changes WHERE document_id = $1 AND status = 'accepted' ORDER BY ordinal";
    /// When the accepted ones of a document came, and whose they are.
    LIST_RECEIVED = "SELECT hash, actor, received_at FROM changes WHERE document_id = $1 AND status = 'accepted'";
    /// How much of a device's waits or lies aside.
    COUNT_ASIDE = "SELECT COUNT(*) AS aside FROM changes WHERE carrier_device_id = $1 AND status <> 'accepted'";
    /// How many have a status.
    COUNT_OF_STATUS = "SELECT COUNT(*) AS changes FROM changes WHERE status = $1";
    /// Everything aside that a device wrote or brought.
    LIST_ASIDE_OF_DEVICE = "SELECT * FROM changes WHERE status <> 'accepted' AND (device_id = $1 OR carrier_device_id = $1) \
        ORDER BY received_at, item_id LIMIT $2";
    /// How many of a document are accepted.
    COUNT_ACCEPTED = "SELECT COUNT(*) AS accepted FROM changes WHERE document_id = $1 AND status = 'accepted'";
    /// Another status.
    UPDATE_STATUS = "UPDATE changes SET status = $3, reason = $4, code = $5, detail = $6, waiting_for = $7, ordinal = $8, \
        changed_at = $9, device_id = COALESCE($10, device_id), user_id = COALESCE($11, user_id) \
        WHERE document_id = $1 AND hash = $2";
    /// Who let it in, and why.
    INSERT_ADMISSION = "INSERT INTO admissions (admission_id, document_id, hash, user_id, reason, admitted_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// A person lets it in.
    SET_ADMITTED = "UPDATE changes SET admitted_by = $3, admitted_at = $4 WHERE document_id = $1 AND hash = $2";
}

bulk! {
    /// When those came that are accepted.
    LIST_ACCEPTED_OF = ("SELECT hash, received_at FROM changes WHERE document_id = $1 AND status = 'accepted' AND hash IN (",
        1, 1, ")");
    /// Documents in which something waits for changes.
    LIST_WAITING = ("SELECT DISTINCT waiting_for, document_id FROM changes WHERE status = 'held' AND waiting_for IN (", 0, 1,
        ") ORDER BY document_id");
    /// Those that rows of the feed carry; each row carries those of one document.
    LIST_AT_POSITIONS = ("SELECT * FROM changes WHERE position IN (", 0, 1, ") ORDER BY position, ordinal");
    /// Which row of the feed carries down what documents have newly accepted: the last one on each.
    SET_POSITIONS = ("UPDATE changes SET position = (SELECT MAX(f.position) FROM feed f \
        WHERE f.document_id = changes.document_id AND f.entry = 'changes') \
        WHERE position IS NULL AND ordinal IS NOT NULL AND document_id IN (", 0, 1, ")");
    /// Changes that are new.
    INSERT = ("INSERT INTO changes (item_id, document_id, hash, claimed_hash, bytes, actor, seq, device_id, user_id, \
        carrier_device_id, received_at, status, reason, code, detail, waiting_for, ordinal, changed_at) VALUES", 0, 18,
        " ON CONFLICT (document_id, hash) DO NOTHING");
}

/// The columns of an admission, in the order of `INSERT_ADMISSION`.
const ADMISSION_COLUMNS: [&str; 6] = [
    "admission_id",
    "document_id",
    "hash",
    "user_id",
    "reason",
    "admitted_at",
];

/// A change as stored.
#[derive(Clone, Debug)]
pub struct ChangeRow {
    /// Names it towards people.
    pub item_id: Uuid,
    /// Where it was pushed to.
    pub document_id: DocumentId,
    /// As computed here.
    pub hash: ChangeHash,
    /// As pushed.
    pub claimed_hash: ChangeHash,
    /// The chunk.
    pub bytes: Vec<u8>,
    /// Of the header.
    pub actor: Option<Actor>,
    /// Of the header.
    pub seq: Option<i64>,
    /// Of the certified author.
    pub device: Option<DeviceId>,
    /// The certified author.
    pub user: Option<UserId>,
    /// Who brought it first.
    pub carrier: DeviceId,
    /// The first time.
    pub received_at: Millis,
    /// What became of it.
    pub status: ChangeStatus,
    /// Place in the causal order of the accepted ones.
    pub ordinal: Option<i64>,
    /// A person let it in.
    pub admitted: bool,
}

/// The columns of a status: status, reason, code, detail, waiting_for.
type StatusColumns = (
    &'static str,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<ChangeHash>,
);

fn columns(status: &ChangeStatus) -> StatusColumns {
    match status {
        ChangeStatus::Accepted => ("accepted", None, None, None, None),
        ChangeStatus::Held {
            reason,
            waiting_for,
        } => ("held", Some(word(reason)), None, None, Some(*waiting_for)),
        ChangeStatus::Quarantined {
            quarantine,
            code,
            detail,
        } => (
            "quarantined",
            Some(word(quarantine)),
            Some(code.clone()),
            Some(detail.clone()),
            None,
        ),
        // Never stored; the sync service keeps it from coming here.
        ChangeStatus::Refused { code, detail } => (
            "refused",
            None,
            Some(code.clone()),
            Some(detail.clone()),
            None,
        ),
    }
}

/// A status as one word of the log.
pub fn status_word(status: &ChangeStatus) -> &'static str {
    columns(status).0
}

fn status_of(row: &Row) -> Result<ChangeStatus> {
    const UNREADABLE: StoreError = StoreError::Column {
        name: "status",
        wanted: "a status of a change",
    };
    let status: String = row.get("status")?;
    let reason =
        serde_json::Value::String(row.get::<Option<String>>("reason")?.unwrap_or_default());
    Ok(match status.as_str() {
        "accepted" => ChangeStatus::Accepted,
        "held" => ChangeStatus::Held {
            reason: serde_json::from_value::<HeldReason>(reason).map_err(|_| UNREADABLE)?,
            waiting_for: row.get("waiting_for")?,
        },
        "quarantined" => ChangeStatus::Quarantined {
            quarantine: serde_json::from_value::<QuarantineKind>(reason).map_err(|_| UNREADABLE)?,
            code: row.get("code")?,
            detail: row.get("detail")?,
        },
        _ => return Err(UNREADABLE),
    })
}

fn from_row(row: &Row) -> Result<ChangeRow> {
    Ok(ChangeRow {
        item_id: row.get("item_id")?,
        document_id: row.get("document_id")?,
        hash: row.get("hash")?,
        claimed_hash: row.get("claimed_hash")?,
        bytes: row.get("bytes")?,
        actor: row.get("actor")?,
        seq: row.get("seq")?,
        device: row.get("device_id")?,
        user: row.get("user_id")?,
        carrier: row.get("carrier_device_id")?,
        received_at: row.get("received_at")?,
        status: status_of(row)?,
        ordinal: row.get("ordinal")?,
        admitted: row.get::<Option<i64>>("admitted_at")?.is_some(),
    })
}

fn from_rows(rows: &[Row]) -> Result<Vec<ChangeRow>> {
    rows.iter().map(from_row).collect()
}

/// One change.
pub async fn find(
    db: &mut Session,
    document: DocumentId,
    hash: ChangeHash,
) -> Result<Option<ChangeRow>> {
    db.optional(&FIND, args![document, hash])
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

/// One change by the name that people use.
pub async fn find_item(db: &mut Session, item: Uuid) -> Result<Option<ChangeRow>> {
    db.optional(&FIND_ITEM, args![item])
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

/// One change wherever it was pushed to: where it stands first.
pub async fn list_by_hash(db: &mut Session, hash: ChangeHash) -> Result<Vec<ChangeRow>> {
    from_rows(&db.all(&LIST_BY_HASH, args![hash]).await?)
}

/// What waits for any of these changes: the change, and the document in which something does.
pub async fn list_waiting(
    db: &mut Session,
    hashes: impl IntoIterator<Item = ChangeHash>,
) -> Result<Vec<(ChangeHash, DocumentId)>> {
    let keys = hashes.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_WAITING, args![], keys).await?;
    let waiting = rows
        .iter()
        .map(|row| Ok((row.get("waiting_for")?, row.get("document_id")?)));
    waiting.collect()
}

/// When those of these changes came that are accepted in a document.
pub async fn list_accepted_of(
    db: &mut Session,
    document: DocumentId,
    hashes: impl IntoIterator<Item = ChangeHash>,
) -> Result<HashMap<ChangeHash, Millis>> {
    let keys = hashes.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_ACCEPTED_OF, args![document], keys).await?;
    let came = rows
        .iter()
        .map(|row| Ok((row.get("hash")?, row.get("received_at")?)));
    came.collect()
}

/// When the accepted ones of a document came, and whose they are.
pub async fn list_received(
    db: &mut Session,
    document: DocumentId,
) -> Result<Vec<(ChangeHash, Option<Actor>, Millis)>> {
    let rows = db.all(&LIST_RECEIVED, args![document]).await?;
    let received = rows
        .iter()
        .map(|row| Ok((row.get("hash")?, row.get("actor")?, row.get("received_at")?)));
    received.collect()
}

/// Everything of a document that is held or quarantined.
pub async fn list_aside(db: &mut Session, document: DocumentId) -> Result<Vec<ChangeRow>> {
    from_rows(&db.all(&LIST_ASIDE, args![document]).await?)
}

/// The accepted ones in causal order.
pub async fn list_accepted(db: &mut Session, document: DocumentId) -> Result<Vec<ChangeRow>> {
    from_rows(&db.all(&LIST_ACCEPTED, args![document]).await?)
}

/// Those that rows of the feed carry, by the row's position.
pub async fn list_at_positions(
    db: &mut Session,
    positions: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, Vec<ChangeRow>>> {
    let mut carried: HashMap<i64, Vec<ChangeRow>> = HashMap::new();
    let keys = positions.into_iter().map(Value::from);
    for row in db.all_of(&LIST_AT_POSITIONS, args![], keys).await? {
        let at = carried.entry(row.get("position")?).or_default();
        at.push(from_row(&row)?);
    }
    Ok(carried)
}

/// How much that a device brought waits or lies aside.
pub async fn count_aside(db: &mut Session, carrier: DeviceId) -> Result<i64> {
    db.one(&COUNT_ASIDE, args![carrier]).await?.get("aside")
}

/// Everything aside that a device wrote or brought.
pub async fn list_aside_of_device(
    db: &mut Session,
    device: DeviceId,
    rows_max: i64,
) -> Result<Vec<ChangeRow>> {
    from_rows(
        &db.all(&LIST_ASIDE_OF_DEVICE, args![device, rows_max])
            .await?,
    )
}

/// How many of a document are accepted: the next ordinal.
pub async fn count_accepted(db: &mut Session, document: DocumentId) -> Result<i64> {
    db.one(&COUNT_ACCEPTED, args![document])
        .await?
        .get("accepted")
}

/// Stores changes; one that is there already stays as it is.
pub async fn insert(tx: &mut Tx, changes: &[&ChangeRow]) -> Result<()> {
    let rows = changes.iter().map(|change| {
        let (status, reason, code, detail, waiting_for) = columns(&change.status);
        args![
            change.item_id,
            change.document_id,
            change.hash,
            change.claimed_hash,
            change.bytes.clone(),
            change.actor,
            change.seq,
            change.device,
            change.user,
            change.carrier,
            change.received_at,
            status,
            reason,
            code,
            detail,
            waiting_for,
            change.ordinal,
            change.received_at
        ]
    });
    tx.exec_rows(&INSERT, rows.collect()).await
}

/// Gives a stored change the status, ordinal and author that `change` has.
pub async fn update_status(tx: &mut Tx, change: &ChangeRow, now: Millis) -> Result<()> {
    let (status, reason, code, detail, waiting_for) = columns(&change.status);
    let values = args![
        change.document_id,
        change.hash,
        status,
        reason,
        code,
        detail,
        waiting_for,
        change.ordinal,
        now,
        change.device,
        change.user
    ];
    tx.exec(&UPDATE_STATUS, values).await.map(drop)
}

/// Notes the rows of the feed that carry what was newly accepted of documents. Call it when these are appended.
pub async fn set_positions(
    tx: &mut Tx,
    documents: impl IntoIterator<Item = DocumentId>,
) -> Result<()> {
    let keys = documents.into_iter().map(Value::from);
    tx.exec_of(&SET_POSITIONS, args![], keys).await
}

/// Notes that a person let it in, and why.
pub async fn set_admitted(
    tx: &mut Tx,
    change: &ChangeRow,
    admission: Uuid,
    user: UserId,
    reason: &str,
    now: Millis,
) -> Result<()> {
    let (document, hash) = (change.document_id, change.hash);
    let values = args![admission, document, hash, user, reason, now];
    let chain = log::chain_of(tx, document).await?;
    tx.note(Note::row(
        Some(chain),
        now,
        log::ADMISSION,
        &ADMISSION_COLUMNS,
        &values,
    ));
    tx.exec(&INSERT_ADMISSION, values).await?;
    tx.exec(&SET_ADMITTED, args![document, hash, user, now])
        .await
        .map(drop)
}

/// How many have a status.
pub async fn count_of_status(db: &mut Session, status: &str) -> Result<i64> {
    db.one(&COUNT_OF_STATUS, args![status])
        .await?
        .get("changes")
}
