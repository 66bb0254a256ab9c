//! What this server signed and no longer knows, because its database is an older copy: phones bring it back. Nothing but
//! the signature is believed, so it does not matter who brings it; what is known already stays as it is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::limits::RETURNED_PAPERS_MAX;
use sync_core::model::{Millis, UserId};
use sync_core::proof::{
    CertificateKind, CertificatePayload, LeasePayload, ReEntryGrantPayload, Signed,
};

use super::reference::{Work, leases, re_entry_grants};
use crate::crypto::AwsLc;
use crate::problem::Problem;
use crate::store::access::devices::{self, DeviceRow};
use crate::store::access::{counters, organisations, server_keys, users};
use crate::store::sync::certificates;

/// What a phone brings.
#[derive(Default)]
pub struct Papers {
    /// Of devices and of people who sign on them.
    pub certificates: Vec<Signed<CertificatePayload>>,
    /// Of doors (门锁), and when a team says that it gave its own back.
    pub leases: Vec<(Signed<LeasePayload>, Option<Millis>)>,
    /// Permits to walk in again (补样、复入许可), why and by whom they were given.
    pub re_entry_grants: Vec<(Signed<ReEntryGrantPayload>, String, UserId)>,
}

/// How many of each are known now, however they came to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Certificates.
    pub certificates: u32,
    /// Leases.
    pub leases: u32,
    /// Permits.
    pub re_entry_grants: u32,
}

/// Takes back what holds.
pub async fn take_back(work: &mut Work<'_>, papers: Papers) -> Result<Known, Problem> {
    work.caller.needed_device()?;
    let count = papers.certificates.len() + papers.leases.len() + papers.re_entry_grants.len();
    if count > RETURNED_PAPERS_MAX {
        let detail = format!("are more than {RETURNED_PAPERS_MAX} in one request");
        return Err(Problem::value("certificates", detail));
    }
    // What a key signed that is no longer believed is not taken, whatever time it says: who stole the key chose it.
    let keys = server_keys::believed(&mut work.tx).await?;
    let mut known = Known::default();
    // Devices first: a person's key belongs to one, and a lease names one.
    let opened_all = papers.certificates.into_iter();
    let mut certificates: Vec<_> = opened_all
        .filter_map(|signed| Some((keys.open(&signed, &AwsLc).ok()?, signed)))
        .collect();
    certificates
        .sort_by_key(|(payload, _)| (payload.kind == CertificateKind::Signer, payload.serial));
    for (payload, signed) in certificates {
        let is_known = match payload.kind {
            CertificateKind::Device => device(work, payload, &signed).await?,
            CertificateKind::Signer => signer(work, payload, &signed).await?,
        };
        known.certificates += u32::from(is_known);
    }
    for (signed, released_at) in papers.leases {
        if let Ok(payload) = keys.open(&signed, &AwsLc) {
            let is_known = leases::take_back(work, payload, signed, released_at).await?;
            known.leases += u32::from(is_known);
        }
    }
    for (signed, reason, granted_by) in papers.re_entry_grants {
        if let Ok(payload) = keys.open(&signed, &AwsLc) {
            let is_known =
                re_entry_grants::take_back(work, payload, signed, &reason, granted_by).await?;
            known.re_entry_grants += u32::from(is_known);
        }
    }
    Ok(known)
}

/// The row that a device's certificate speaks of; none where its person or organisation is not known here.
pub async fn device_row(
    tx: &mut crate::store::Tx,
    payload: &CertificatePayload,
    signed: &Signed<CertificatePayload>,
    label: String,
) -> Result<Option<DeviceRow>, Problem> {
    let Ok(public_key) = STANDARD.decode(&payload.public_key) else {
        return Ok(None);
    };
    let organisation = organisations::find(tx, payload.organisation_id).await?;
    if users::find(tx, payload.user_id).await?.is_none() || organisation.is_none() {
        return Ok(None);
    }
    Ok(Some(DeviceRow {
        device: payload.device_id,
        user: payload.user_id,
        organisation: payload.organisation_id,
        actor: payload.actor,
        public_key,
        label,
        certificate: serde_json::to_string(signed).map_err(|error| Problem::internal(&error))?,
        enrolled_at: payload.not_before_ms,
        revoked_at: None,
        revoked_reason: None,
    }))
}

/// A device that was enrolled here: whose changes are whose can be told again.
async fn device(
    work: &mut Work<'_>,
    payload: CertificatePayload,
    signed: &Signed<CertificatePayload>,
) -> Result<bool, Problem> {
    let by_actor = devices::find_by_actor(&mut work.tx, payload.actor).await?;
    if let Some(row) = by_actor {
        let same_key = STANDARD.decode(&payload.public_key).ok() == Some(row.public_key);
        if row.device != payload.device_id || !same_key {
            return Ok(false);
        }
        return known_again(work, &payload, signed, &row.certificate).await;
    }
    let label = payload.user_name.clone();
    let Some(row) = device_row(&mut work.tx, &payload, signed, label).await? else {
        return Ok(false);
    };
    if devices::find(&mut work.tx, row.device).await?.is_some()
        || devices::knows_point(&mut work.tx, &row.public_key).await?
    {
        return Ok(false);
    }
    devices::insert_device(&mut work.tx, &row).await?;
    counters::reach(&mut work.tx, counters::CERTIFICATE, payload.serial).await?;
    let subject = format!("device:{}", row.device);
    let detail = serde_json::json!({ "serial": payload.serial });
    work.audit("device.taken_back", subject, detail).await?;
    Ok(true)
}

/// A certificate of a key that has one here: the one that stands, or another that it had, as when it was renewed.
async fn known_again(
    work: &mut Work<'_>,
    payload: &CertificatePayload,
    signed: &Signed<CertificatePayload>,
    stands: &str,
) -> Result<bool, Problem> {
    let stands: Signed<CertificatePayload> =
        serde_json::from_str(stands).map_err(|error| Problem::internal(&error))?;
    let stands = stands.read_unverified();
    let stands = stands.map_err(|error| Problem::internal(&error))?;
    if stands.serial != payload.serial
        && certificates::keep_returned(&mut work.tx, payload, signed, work.now).await?
    {
        counters::reach(&mut work.tx, counters::CERTIFICATE, payload.serial).await?;
        let subject = format!("device:{}", payload.device_id);
        let detail = serde_json::json!({ "serial": payload.serial });
        work.audit("certificate.taken_back", subject, detail)
            .await?;
    }
    Ok(true)
}

/// A person's key on a device: what they sealed can be verified again.
async fn signer(
    work: &mut Work<'_>,
    payload: CertificatePayload,
    signed: &Signed<CertificatePayload>,
) -> Result<bool, Problem> {
    let Ok(public_key) = STANDARD.decode(&payload.public_key) else {
        return Ok(false);
    };
    let device = devices::find(&mut work.tx, payload.device_id).await?;
    if device.is_none_or(|device| device.actor != payload.actor) {
        return Ok(false);
    }
    let (device, user) = (payload.device_id, payload.user_id);
    let there = devices::find_signer(&mut work.tx, device, user, &public_key).await?;
    if let Some(stands) = there {
        return known_again(work, &payload, signed, &stands).await;
    }
    if users::find(&mut work.tx, user).await?.is_none()
        || devices::knows_point(&mut work.tx, &public_key).await?
    {
        return Ok(false);
    }
    let text = serde_json::to_string(signed).map_err(|error| Problem::internal(&error))?;
    let (id, at) = (work.app.new_uuid(), payload.not_before_ms);
    devices::insert_signer(&mut work.tx, id, device, user, &public_key, &text, at).await?;
    counters::reach(&mut work.tx, counters::CERTIFICATE, payload.serial).await?;
    let detail = serde_json::json!({ "signer": user, "serial": payload.serial });
    work.audit("signer.taken_back", format!("device:{device}"), detail)
        .await?;
    Ok(true)
}
