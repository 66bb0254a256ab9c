//! Devices, the people who sign on them, and which devices a caller sees.

use sync_core::model::{Actor, DeviceId, Millis, OrganisationId, UserId};
use uuid::Uuid;

use crate::access::Principal;
use crate::args;
use crate::store::{Result, Row, Session, Tx, statements};

statements! {
    /// Adds one.
    INSERT = "INSERT INTO devices (device_id, user_id, organisation_id, actor, public_key, label, certificate, \
        enrolled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Adds a signer.
    INSERT_SIGNER = "INSERT INTO device_signers (signer_id, device_id, user_id, public_key, certificate, enrolled_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// Whether a point is somebody's key already; its second to 33rd bytes are the same in both SEC1 spellings.
    FIND_POINT = "SELECT device_id FROM devices WHERE substr(public_key, 2, 32) = $1 \
        UNION ALL SELECT device_id FROM device_signers WHERE substr(public_key, 2, 32) = $1";
    /// The certificate of a person's key on a device.
    FIND_SIGNER = "SELECT certificate FROM device_signers WHERE device_id = $1 AND user_id = $2 AND public_key = $3";
    /// Any by id, for the server itself.
    FIND = "SELECT * FROM devices WHERE device_id = $1";
    /// Any by actor: whose changes are these?
    FIND_BY_ACTOR = "SELECT * FROM devices WHERE actor = $1";
    /// One that the caller sees: of their organisation, or of one in their regions or below.
    FIND_SEEN = "SELECT d.* FROM devices d JOIN organisations o ON o.organisation_id = d.organisation_id \
        WHERE d.device_id = $3 AND (o.organisation_id = $2 OR EXISTS \
            (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%'))";
    /// Those that the caller sees, a page.
    LIST_SEEN = "SELECT d.* FROM devices d JOIN organisations o ON o.organisation_id = d.organisation_id \
        WHERE d.device_id > $3 AND (o.organisation_id = $2 OR EXISTS \
            (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%')) \
        ORDER BY d.device_id LIMIT $4";
    /// Revokes; a second time changes nothing.
    REVOKE = "UPDATE devices SET revoked_at = $2, revoked_by = $3, revoked_reason = $4 \
        WHERE device_id = $1 AND revoked_at IS NULL";
}

/// A row of `devices`.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Its key.
    pub device: DeviceId,
    /// Whose it is.
    pub user: UserId,
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// The Automerge actor of the install.
    pub actor: Actor,
    /// P-256, SEC1.
    pub public_key: Vec<u8>,
    /// What people call it.
    pub label: String,
    /// `Signed<CertificatePayload>` as JSON.
    pub certificate: String,
    /// Since when.
    pub enrolled_at: Millis,
    /// Since when not any more.
    pub revoked_at: Option<Millis>,
    /// Why.
    pub revoked_reason: Option<String>,
}

fn device(row: &Row) -> Result<DeviceRow> {
    Ok(DeviceRow {
        device: row.get("device_id")?,
        user: row.get("user_id")?,
        organisation: row.get("organisation_id")?,
        actor: row.get("actor")?,
        public_key: row.get("public_key")?,
        label: row.get("label")?,
        certificate: row.get("certificate")?,
        enrolled_at: row.get("enrolled_at")?,
        revoked_at: row.get("revoked_at")?,
        revoked_reason: row.get("revoked_reason")?,
    })
}

/// Adds one.
pub async fn insert_device(tx: &mut Tx, row: &DeviceRow) -> Result<()> {
    let args = args![
        row.device,
        row.user,
        row.organisation,
        row.actor,
        row.public_key.as_slice(),
        &row.label,
        &row.certificate,
        row.enrolled_at,
    ];
    tx.exec(&INSERT, args).await.map(drop)
}

/// Adds a signer to a device.
pub async fn insert_signer(
    tx: &mut Tx,
    signer: Uuid,
    device: DeviceId,
    user: UserId,
    public_key: &[u8],
    certificate: &str,
    now: Millis,
) -> Result<()> {
    let args = args![signer, device, user, public_key, certificate, now];
    tx.exec(&INSERT_SIGNER, args).await.map(drop)
}

/// Whether a point is a key of any phone or person already, however it was written.
pub async fn knows_point(db: &mut Session, public_key: &[u8]) -> Result<bool> {
    let x = public_key.get(1..33).unwrap_or_default();
    Ok(db.optional(&FIND_POINT, args![x]).await?.is_some())
}

/// The certificate of a person's key on a device.
pub async fn find_signer(
    db: &mut Session,
    device: DeviceId,
    user: UserId,
    public_key: &[u8],
) -> Result<Option<String>> {
    let row = db
        .optional(&FIND_SIGNER, args![device, user, public_key])
        .await?;
    row.map(|row| row.get("certificate")).transpose()
}

/// Any by id.
pub async fn find(db: &mut Session, id: DeviceId) -> Result<Option<DeviceRow>> {
    db.optional(&FIND, args![id])
        .await?
        .as_ref()
        .map(device)
        .transpose()
}

/// Any by actor.
pub async fn find_by_actor(db: &mut Session, actor: Actor) -> Result<Option<DeviceRow>> {
    db.optional(&FIND_BY_ACTOR, args![actor])
        .await?
        .as_ref()
        .map(device)
        .transpose()
}

/// One that the caller sees.
pub async fn find_seen(
    db: &mut Session,
    caller: &Principal,
    id: DeviceId,
) -> Result<Option<DeviceRow>> {
    let row = db
        .optional(&FIND_SEEN, args![caller.user, caller.organisation, id])
        .await?;
    row.as_ref().map(device).transpose()
}

/// Those that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    caller: &Principal,
    after: &str,
    limit: u32,
) -> Result<Vec<DeviceRow>> {
    let args = args![caller.user, caller.organisation, after, limit];
    db.all(&LIST_SEEN, args).await?.iter().map(device).collect()
}

/// Revokes; false if it was revoked before.
pub async fn revoke(
    tx: &mut Tx,
    id: DeviceId,
    by: Option<UserId>,
    reason: &str,
    now: Millis,
) -> Result<bool> {
    Ok(tx.exec(&REVOKE, args![id, now, by, reason]).await? == 1)
}
