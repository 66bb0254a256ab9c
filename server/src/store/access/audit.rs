//! The audit trail: append-only, one row an act.

use sync_core::model::{DeviceId, DocumentId, Millis, UserId};
use uuid::Uuid;

use crate::access::Principal;
use crate::args;
use crate::store::log::{self, Note};
use crate::store::{Result, Row, Session, StoreError, Tx, Value, statements};

statements! {
    /// Appends.
    INSERT = "INSERT INTO audit_events (audit_event_id, at, act, user_id, device_id, subject, detail, request_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// A page before a row, newest first: what people did whom the caller sees, and what the server did by itself to them or
    /// their devices.
    LIST_SEEN = "SELECT a.*, u.username FROM audit_events a JOIN users u ON u.user_id = COALESCE(a.user_id, \
            CASE WHEN a.subject LIKE 'user:%' THEN SUBSTR(a.subject, 6) \
                ELSE (SELECT d.user_id FROM devices d WHERE d.device_id = SUBSTR(a.subject, 8)) END) \
        JOIN organisations o ON o.organisation_id = u.organisation_id \
        WHERE a.audit_event_id < $3 AND (CAST($4 AS TEXT) IS NULL OR a.act = $4) \
            AND (CAST($5 AS TEXT) IS NULL OR a.subject = $5) AND (CAST($6 AS TEXT) IS NULL OR a.user_id = $6) \
            AND (o.organisation_id = $2 OR EXISTS \
                (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%')) \
        ORDER BY a.audit_event_id DESC LIMIT $7";
    /// A page before a row of what was done with the evidence of a visit, by whomever.
    LIST_OF_EVIDENCE = "SELECT a.*, u.username FROM audit_events a LEFT JOIN users u ON u.user_id = a.user_id \
        WHERE a.subject LIKE 'evidence:' || $1 || '/%' AND a.audit_event_id < $2 \
            AND (CAST($3 AS TEXT) IS NULL OR a.act = $3) AND (CAST($4 AS TEXT) IS NULL OR a.subject = $4) \
            AND (CAST($5 AS TEXT) IS NULL OR a.user_id = $5) \
        ORDER BY a.audit_event_id DESC LIMIT $6";
}

/// A row of `audit_events`.
#[derive(Clone, Debug)]
pub struct AuditEventRow {
    /// Its key; later ones are greater.
    pub audit_event_id: Uuid,
    /// When.
    pub at: Millis,
    /// What was done.
    pub act: String,
    /// By whom; none for the server itself and its command line.
    pub user: Option<UserId>,
    /// Their name for logging in, or that of the person concerned.
    pub username: Option<String>,
    /// With which device.
    pub device: Option<DeviceId>,
    /// To what, as `kind:id`.
    pub subject: String,
    /// What else there is to say.
    pub detail: serde_json::Value,
    /// The request in which it was done.
    pub request_id: String,
}

/// Which rows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this act.
    pub act: Option<String>,
    /// Of this subject.
    pub subject: Option<String>,
    /// By this person.
    pub user: Option<UserId>,
}

fn event(row: &Row) -> Result<AuditEventRow> {
    let detail: String = row.get("detail")?;
    Ok(AuditEventRow {
        audit_event_id: row.get("audit_event_id")?,
        at: row.get("at")?,
        act: row.get("act")?,
        user: row.get("user_id")?,
        username: row.get("username")?,
        device: row.get("device_id")?,
        subject: row.get("subject")?,
        detail: serde_json::from_str(&detail).map_err(|_| StoreError::Column {
            name: "detail",
            wanted: "JSON",
        })?,
        request_id: row.get("request_id")?,
    })
}

/// The columns of an event, in the order of `INSERT`.
const COLUMNS: [&str; 8] = [
    "audit_event_id",
    "at",
    "act",
    "user_id",
    "device_id",
    "subject",
    "detail",
    "request_id",
];

/// The document that a subject names: `visit:…`, `document:…`, `evidence:…/…` or `form:…/…`.
pub fn visit_of(subject: &str) -> Option<DocumentId> {
    let (kind, name) = subject.split_once(':')?;
    let document = name.split('/').next()?.parse().ok()?;
    ["visit", "document", "evidence", "form"]
        .contains(&kind)
        .then_some(document)
}

/// Appends an event; the arguments are the columns in their order. What was done with a visit goes into its chain.
pub async fn insert_event(
    tx: &mut Tx,
    visit: Option<DocumentId>,
    at: Millis,
    columns: Vec<Value>,
) -> Result<()> {
    let chain = match visit {
        Some(document) => Some(log::chain_of(tx, document).await?),
        None => None,
    };
    tx.note(Note::row(chain, at, log::AUDIT, &COLUMNS, &columns));
    tx.exec(&INSERT, columns).await.map(drop)
}

/// What people did whom the caller sees, before a row, newest first.
pub async fn list_seen(
    db: &mut Session,
    caller: &Principal,
    before: Uuid,
    filter: &Filter,
    rows_max: u32,
) -> Result<Vec<AuditEventRow>> {
    let values = args![
        caller.user,
        caller.organisation,
        before,
        filter.act.clone(),
        filter.subject.clone(),
        filter.user,
        rows_max
    ];
    let rows = db.all(&LIST_SEEN, values).await?;
    rows.iter().map(event).collect()
}

/// What was done with the evidence of a visit, before a row, newest first.
pub async fn list_of_evidence(
    db: &mut Session,
    document: DocumentId,
    before: Uuid,
    filter: &Filter,
    rows_max: u32,
) -> Result<Vec<AuditEventRow>> {
    let values = args![
        document.to_string(),
        before,
        filter.act.clone(),
        filter.subject.clone(),
        filter.user,
        rows_max
    ];
    let rows = db.all(&LIST_OF_EVIDENCE, values).await?;
    rows.iter().map(event).collect()
}
