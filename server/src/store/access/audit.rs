//! The audit trail: append-only, one row an act.

use crate::store::{Result, Tx, Value, statements};

statements! {
    /// Appends.
    INSERT = "INSERT INTO audit_events (audit_event_id, at, act, user_id, device_id, subject, detail, request_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
}

/// Appends an event; the arguments are the columns in their order.
pub async fn insert_event(tx: &mut Tx, columns: Vec<Value>) -> Result<()> {
    tx.exec(&INSERT, columns).await.map(drop)
}
