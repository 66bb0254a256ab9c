//! Certificates as they travel with changes: of the device, and of the people who sign on it.

use sync_core::model::Actor;
use sync_core::proof::{CertificatePayload, Signed};

use crate::args;
use crate::store::{Result, Session, StoreError, statements};

statements! {
    /// Of the device of an actor, and of its signers.
    LIST_OF_ACTOR = "SELECT certificate, 0 AS place FROM devices WHERE actor = $1 UNION ALL \
        SELECT s.certificate, 1 AS place FROM device_signers s JOIN devices d ON d.device_id = s.device_id \
        WHERE d.actor = $1 ORDER BY place";
}

/// Of the device of an actor, then of its signers.
pub async fn list_of_actor(
    db: &mut Session,
    actor: Actor,
) -> Result<Vec<Signed<CertificatePayload>>> {
    let rows = db.all(&LIST_OF_ACTOR, args![actor]).await?;
    rows.iter()
        .map(|row| {
            serde_json::from_str(&row.get::<String>("certificate")?).map_err(|_| {
                StoreError::Column {
                    name: "certificate",
                    wanted: "a certificate",
                }
            })
        })
        .collect()
}
