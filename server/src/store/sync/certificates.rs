//! Certificates: those that stand, of devices and of the people who sign on them, and those that were replaced by them.
//! They travel with changes.

use sync_core::model::{Actor, DeviceId, Millis, UserId};
use sync_core::proof::{CertificateKind, CertificatePayload, Signed};

use crate::args;
use crate::store::{Result, Row, Session, StoreError, Tx, statements};

statements! {
    /// Of the device of an actor, and of its signers: those that were replaced first.
    LIST_OF_ACTOR = "SELECT f.certificate, 0 AS place, f.serial FROM former_certificates f \
            JOIN devices d ON d.device_id = f.device_id WHERE d.actor = $1 \
        UNION ALL SELECT certificate, 1 AS place, 0 AS serial FROM devices WHERE actor = $1 \
        UNION ALL SELECT s.certificate, 2 AS place, 0 AS serial FROM device_signers s \
            JOIN devices d ON d.device_id = s.device_id WHERE d.actor = $1 ORDER BY place, serial";
    /// Those that stand on a device, unless it is revoked.
    LIST_OF_DEVICE = "SELECT device_id AS id, 'device' AS kind, device_id, user_id, public_key, certificate FROM devices \
            WHERE device_id = $1 AND revoked_at IS NULL \
        UNION ALL SELECT s.signer_id AS id, 'signer' AS kind, s.device_id, s.user_id, s.public_key, s.certificate \
            FROM device_signers s JOIN devices d ON d.device_id = s.device_id \
            WHERE s.device_id = $1 AND d.revoked_at IS NULL ORDER BY kind, id";
    /// Devices on which a person has a certificate that stands.
    LIST_DEVICES_OF_PERSON = "SELECT device_id FROM devices WHERE user_id = $1 AND revoked_at IS NULL \
        UNION SELECT s.device_id FROM device_signers s JOIN devices d ON d.device_id = s.device_id \
            WHERE s.user_id = $1 AND d.revoked_at IS NULL ORDER BY device_id";
    /// All that are believed, also of those that were replaced.
    LIST_BELIEVED = "SELECT device_id AS id, 'device' AS kind, certificate FROM devices WHERE revoked_at IS NULL \
        UNION ALL SELECT signer_id AS id, 'signer' AS kind, certificate FROM device_signers \
        UNION ALL SELECT CAST(serial AS TEXT) AS id, 'former' AS kind, certificate FROM former_certificates ORDER BY kind, id";
    /// A device's is another one now.
    SET_OF_DEVICE = "UPDATE devices SET certificate = $2 WHERE device_id = $1";
    /// A signer's is another one now.
    SET_OF_SIGNER = "UPDATE device_signers SET certificate = $2 WHERE signer_id = $1";
    /// One that was replaced is signed anew.
    SET_FORMER = "UPDATE former_certificates SET certificate = $2 WHERE CAST(serial AS TEXT) = $1";
    /// Keeps one that came back after a restore, unless it is kept.
    KEEP_RETURNED = "INSERT INTO former_certificates (serial, device_id, kind, certificate, replaced_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (serial) DO NOTHING";
    /// Keeps one that is replaced.
    KEEP_FORMER = "INSERT INTO former_certificates (serial, device_id, kind, certificate, replaced_at) \
        VALUES ($1, $2, $3, $4, $5)";
}

fn read(row: &Row) -> Result<Signed<CertificatePayload>> {
    let text: String = row.get("certificate")?;
    serde_json::from_str(&text).map_err(|_| UNREADABLE)
}

const UNREADABLE: StoreError = StoreError::Column {
    name: "certificate",
    wanted: "a certificate",
};

fn text(certificate: &Signed<CertificatePayload>) -> Result<String> {
    serde_json::to_string(certificate).map_err(|_| UNREADABLE)
}

/// Keeps one beside those that stand: what was sealed under it can be verified. False where it was kept.
pub async fn keep_returned(
    tx: &mut Tx,
    payload: &CertificatePayload,
    signed: &Signed<CertificatePayload>,
    now: Millis,
) -> Result<bool> {
    let kind = match payload.kind {
        CertificateKind::Device => "device",
        CertificateKind::Signer => "signer",
    };
    let args = args![payload.serial, payload.device_id, kind, text(signed)?, now];
    Ok(tx.exec(&KEEP_RETURNED, args).await? == 1)
}

/// Of the device of an actor, then of its signers, each with those that it replaced before it.
pub async fn list_of_actor(
    db: &mut Session,
    actor: Actor,
) -> Result<Vec<Signed<CertificatePayload>>> {
    let rows = db.all(&LIST_OF_ACTOR, args![actor]).await?;
    rows.iter().map(read).collect()
}

/// A certificate that stands.
pub struct Standing {
    id: String,
    kind: String,
    /// On which device.
    pub device: DeviceId,
    /// Whose key.
    pub user: UserId,
    /// P-256, SEC1.
    pub public_key: Vec<u8>,
    /// What is certified.
    pub payload: CertificatePayload,
    signed: Signed<CertificatePayload>,
}

/// Those that stand on a device; none if it is revoked.
pub async fn list_of_device(db: &mut Session, device: DeviceId) -> Result<Vec<Standing>> {
    let rows = db.all(&LIST_OF_DEVICE, args![device]).await?;
    let standing = rows.iter().map(|row| {
        let signed = read(row)?;
        Ok(Standing {
            id: row.get("id")?,
            kind: row.get("kind")?,
            device: row.get("device_id")?,
            user: row.get("user_id")?,
            public_key: row.get("public_key")?,
            payload: signed.read_unverified().map_err(|_| UNREADABLE)?,
            signed,
        })
    });
    standing.collect()
}

/// Devices on which a person has a certificate that stands.
pub async fn list_devices_of_person(db: &mut Session, user: UserId) -> Result<Vec<DeviceId>> {
    let rows = db.all(&LIST_DEVICES_OF_PERSON, args![user]).await?;
    rows.iter().map(|row| row.get("device_id")).collect()
}

async fn set(
    tx: &mut Tx,
    kind: &str,
    id: &str,
    certificate: &Signed<CertificatePayload>,
) -> Result<u64> {
    let statement = match kind {
        "device" => &SET_OF_DEVICE,
        "signer" => &SET_OF_SIGNER,
        _ => &SET_FORMER,
    };
    tx.exec(statement, args![id, text(certificate)?]).await
}

/// Puts a newer certificate in the place of one that stands, which is kept.
pub async fn replace(
    tx: &mut Tx,
    old: &Standing,
    new: &Signed<CertificatePayload>,
    now: Millis,
) -> Result<()> {
    let former = args![
        old.payload.serial,
        old.device,
        &old.kind,
        text(&old.signed)?,
        now
    ];
    tx.exec(&KEEP_FORMER, former).await?;
    set(tx, &old.kind, &old.id, new).await.map(drop)
}

/// Signs anew, byte for byte, what a revoked key had certified; how many there were.
pub async fn sign_anew(
    tx: &mut Tx,
    revoked: &str,
    sign: impl Fn(&CertificatePayload) -> Signed<CertificatePayload>,
) -> Result<u64> {
    let mut count = 0;
    for row in tx.all(&LIST_BELIEVED, args![]).await? {
        let old = read(&row)?;
        if old.key_id == revoked {
            let new = sign(&old.read_unverified().map_err(|_| UNREADABLE)?);
            let (id, kind): (String, String) = (row.get("id")?, row.get("kind")?);
            count += set(tx, &kind, &id, &new).await?;
        }
    }
    Ok(count)
}
