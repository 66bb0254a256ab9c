//! Certificates: what the server vouches for about a key, signed so that phones can check it offline.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::limits::{CERTIFICATE_MS, CERTIFICATE_RENEWED_MS};
use sync_core::model::{Actor, DeviceId, UserId};
use sync_core::proof::{
    CertificateKind, CertificatePayload, Signed, Verifier, agreement_statement,
};

use super::{audit, challenges};
use crate::access::Principal;
use crate::app::App;
use crate::crypto::{AwsLc, is_p256_point};
use crate::problem::{Code, Problem};
use crate::store::Tx;
use crate::store::access::organisations::{self, OrganisationRow};
use crate::store::access::users::{self, UserRow};
use crate::store::access::{counters, devices};
use crate::store::feed::{self, Audience, NewRow};
use crate::store::sync::certificates::{self, Standing};

/// Renews what ends soon on a device: its own certificate and those of the people who sign on it. The phones of the
/// organisation are told, this one among them; what was replaced stays, and judges what was made under it.
pub async fn renew_if_due(app: &App, device: DeviceId) -> Result<(), Problem> {
    let due = |it: &Standing| it.payload.not_after_ms - app.now() < CERTIFICATE_RENEWED_MS;
    let mut db = app.store.read().await?;
    let standing = certificates::list_of_device(&mut db, device).await?;
    drop(db);
    if !standing.iter().any(due) {
        return Ok(());
    }
    let mut tx = app.store.begin().await?;
    // Read again where nobody writes beside this: two syncs of one phone renew once.
    let rows = certify_anew(app, &mut tx, device, due, |old| old.agreement_key.clone()).await?;
    if !rows.is_empty() {
        feed::append(&mut tx, &rows, app.now()).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Certifies again what stands on a device and is `due`, with the key for parcels that `agreement` gives to its own. What was
/// replaced stays. Gives what the phones of the organisation are to be told.
async fn certify_anew(
    app: &App,
    tx: &mut Tx,
    device: DeviceId,
    due: impl Fn(&Standing) -> bool,
    agreement: impl Fn(&CertificatePayload) -> Option<String>,
) -> Result<Vec<NewRow>, Problem> {
    let mut rows = Vec::new();
    for old in certificates::list_of_device(tx, device).await? {
        let user = users::find(tx, old.user).await?;
        let Some(user) = user.filter(|user| user.active && due(&old)) else {
            continue;
        };
        let organisation = organisations::find(tx, user.organisation).await?;
        let organisation =
            organisation.ok_or_else(|| Problem::fault("a user without an organisation"))?;
        let subject = Subject {
            kind: old.payload.kind,
            device,
            actor: old.payload.actor,
            public_key: &old.public_key,
            agreement_key: agreement(&old.payload),
        };
        let new = issue(app, tx, subject, &user, &organisation).await?;
        certificates::replace(tx, &old, &new, app.now()).await?;
        let detail = serde_json::json!({ "user": user.user, "replaces": old.payload.serial });
        let (actor, subject) = (audit::Actor::default(), format!("device:{device}"));
        audit::record(app, tx, actor, "certificate.renewed", subject, detail).await?;
        let audience = Audience::Organisation(old.payload.organisation_id);
        rows.push(NewRow::certificate(audience, &new)?);
    }
    Ok(rows)
}

/// Something that is certified of a person is another now: all their certificates are made anew. Gives what is to be told,
/// last in the transaction.
pub async fn certify_person_anew(
    app: &App,
    tx: &mut Tx,
    person: UserId,
) -> Result<Vec<NewRow>, Problem> {
    let mut rows = Vec::new();
    for device in certificates::list_devices_of_person(tx, person).await? {
        let theirs = |it: &Standing| it.user == person;
        let agreement = |old: &CertificatePayload| old.agreement_key.clone();
        rows.extend(certify_anew(app, tx, device, theirs, agreement).await?);
    }
    Ok(rows)
}

/// A key for parcels as it is certified: a point on P-256 in its uncompressed form, and nobody's key for signing. What signs
/// does nothing else (docs/adr/0013-parcels-and-co-signatures.md).
pub async fn check_agreement_key(tx: &mut Tx, key: &[u8]) -> Result<String, Problem> {
    if !is_p256_point(key) || key.first() != Some(&UNCOMPRESSED) {
        let detail = "is no uncompressed point on P-256 in SEC1 form";
        return Err(Problem::value("agreement_key", detail));
    }
    if devices::knows_point(tx, key).await? {
        return Err(Problem::new(Code::Conflict).field("agreement_key", "is a key that signs"));
    }
    Ok(STANDARD.encode(key))
}

/// Notes the key to which parcels are sealed for the calling phone, which signs it with its own; gives the certificate with
/// it. A key that is certified already stays as it is.
pub async fn set_agreement_key(
    app: &App,
    caller: &Principal,
    device: DeviceId,
    new: NewAgreementKey,
) -> Result<Signed<CertificatePayload>, Problem> {
    if caller.needed_device()? != device {
        return Err(Problem::new(Code::NotFound));
    }
    let mut tx = app.store.begin().await?;
    let row = devices::find(&mut tx, device).await?;
    let row = row.ok_or(Problem::new(Code::NotFound))?;
    let key = check_agreement_key(&mut tx, &new.agreement_key).await?;
    let statement = agreement_statement(&new.challenge, device, &new.agreement_key);
    challenges::take(app, &mut tx, &new.challenge, &statement, b"agreement").await?;
    if !AwsLc.verify_p256(&row.public_key, &statement, &new.signature) {
        return Err(Problem::new(Code::SignatureInvalid));
    }
    let own = |it: &Standing| {
        it.payload.kind == CertificateKind::Device
            && it.payload.agreement_key.as_ref() != Some(&key)
    };
    let rows = certify_anew(app, &mut tx, device, own, |_| Some(key.clone())).await?;
    if !rows.is_empty() {
        let (act, subject) = ("device.agreement_key", format!("device:{device}"));
        let detail = serde_json::json!({ "agreement_key": key });
        audit::record(app, &mut tx, caller, act, subject, detail).await?;
        feed::append(&mut tx, &rows, app.now()).await?;
    }
    let row = devices::find(&mut tx, device).await?;
    let row = row.ok_or(Problem::new(Code::NotFound))?;
    tx.commit().await?;
    serde_json::from_str(&row.certificate).map_err(|error| Problem::internal(&error))
}

/// The first byte of a point in its uncompressed form.
const UNCOMPRESSED: u8 = 4;

/// A key for parcels, as a phone brings it.
pub struct NewAgreementKey {
    /// P-256, SEC1, uncompressed.
    pub agreement_key: Vec<u8>,
    /// The challenge it was given.
    pub challenge: String,
    /// Of the device's key over the agreement statement.
    pub signature: Vec<u8>,
}

/// Whose key is to be certified.
pub struct Subject<'a> {
    /// The device's or a person's.
    pub kind: CertificateKind,
    /// The install.
    pub device: DeviceId,
    /// Its actor.
    pub actor: Actor,
    /// P-256, SEC1.
    pub public_key: &'a [u8],
    /// P-256, SEC1, uncompressed, base64: to which parcels are sealed for the device.
    pub agreement_key: Option<String>,
}

/// Issues a certificate with the next serial number.
pub async fn issue(
    app: &App,
    tx: &mut Tx,
    subject: Subject<'_>,
    user: &UserRow,
    organisation: &OrganisationRow,
) -> Result<Signed<CertificatePayload>, Problem> {
    let prefixes = users::list_regions(tx, user.user).await?;
    let payload = CertificatePayload {
        serial: counters::next(tx, counters::CERTIFICATE).await?,
        kind: subject.kind,
        device_id: subject.device,
        actor: subject.actor,
        public_key: STANDARD.encode(subject.public_key),
        agreement_key: subject.agreement_key,
        user_id: user.user,
        user_name: user.display_name.clone(),
        certificate_no: user.certificate_no.clone(),
        organisation_id: organisation.organisation,
        organisation_kind: organisation.kind,
        roles: user.roles.clone(),
        regions: prefixes
            .iter()
            .map(|prefix| format!("{prefix:0<6}"))
            .collect(),
        not_before_ms: app.now(),
        not_after_ms: app.now() + CERTIFICATE_MS,
    };
    Ok(app.keys.sign(&payload))
}
