//! Devices: listed, and revoked when they are lost.

use sync_core::model::DeviceId;

use super::audit;
use crate::access::Principal;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store::Tx;
pub use crate::store::access::devices::DeviceRow;
use crate::store::access::{devices, sessions, wakes};
use crate::store::feed::{self, NewRow};

/// One that the caller sees.
pub async fn get(app: &App, caller: &Principal, id: DeviceId) -> Result<DeviceRow, Problem> {
    let mut db = app.store.read().await?;
    devices::find_seen(&mut db, caller, id)
        .await?
        .ok_or(Problem::new(Code::NotFound))
}

/// A page of those that the caller sees.
pub async fn list(
    app: &App,
    caller: &Principal,
    after: &str,
    limit: u32,
) -> Result<Vec<DeviceRow>, Problem> {
    let mut db = app.store.read().await?;
    Ok(devices::list_seen(&mut db, caller, after, limit).await?)
}

/// Revokes one: its sessions end, and what it sends from now on is quarantined. Again changes nothing.
pub async fn revoke(
    app: &App,
    caller: &Principal,
    id: DeviceId,
    reason: &str,
) -> Result<DeviceRow, Problem> {
    super::people::check_name("reason", reason)?;
    get(app, caller, id).await?;
    let mut tx = app.store.begin().await?;
    revoke_in(app, &mut tx, id, caller.into(), reason).await?;
    tx.commit().await?;
    get(app, caller, id).await
}

/// The same in a transaction of the caller's, as its last step; nobody does it where the server itself does.
pub async fn revoke_in(
    app: &App,
    tx: &mut Tx,
    id: DeviceId,
    by: audit::Actor,
    reason: &str,
) -> Result<(), Problem> {
    let now = app.now();
    if devices::revoke(tx, id, by.user, reason, now).await? {
        sessions::end_of_device(tx, id, "revoked", now).await?;
        wakes::forget(tx, id).await?;
        let (subject, detail) = (
            format!("device:{id}"),
            serde_json::json!({ "reason": reason }),
        );
        audit::record(app, tx, by, "device.revoked", subject, detail).await?;
        // Phones judge by it too; the feed's counter comes last in the transaction.
        feed::append(tx, &[NewRow::device_revoked(id, now)], now).await?;
    }
    Ok(())
}
