//! Enrolling: an administrator's code brings a phone in, and a second person gets a key of their own on it.

use std::net::IpAddr;

use sync_core::limits::ENROLMENT_CODE_MS;
use sync_core::model::{Actor, DeviceId, Millis, UserId};
use sync_core::proof::{
    CertificateKind, CertificatePayload, Signed, Verifier, agreement_statement,
    enrolment_statement, signer_statement,
};

use uuid::Uuid;

use super::certificates::{self, Subject};
use super::challenges::Taken;
use super::logins::Place;
use super::sessions::{self, Tokens};
use super::{audit, challenges, logins, people, returned_papers};
use crate::access::Principal;
use crate::app::App;
use crate::crypto::{AwsLc, is_p256_point, labelled_hash};
use crate::problem::{Code, Problem};
use crate::store::access::devices::{self, DeviceRow};
use crate::store::access::{counters, enrolment_codes, organisations, server_keys, users};
use crate::store::{StoreError, Tx};

/// Makes a one-time code for a person that the caller sees; until when it can be used.
pub async fn issue_code(
    app: &App,
    caller: &Principal,
    user: UserId,
) -> Result<(String, Millis), Problem> {
    people::check_within(caller, &people::get(app, caller, user).await?)?;
    // Typed by a person from a paper or a screen: 80 bits in groups of four.
    let raw = hex::encode_upper(app.random::<10>());
    let groups: Vec<_> = raw
        .as_bytes()
        .chunks(4)
        .map(String::from_utf8_lossy)
        .collect();
    let code = groups.join("-");
    let expires_at = app.now() + ENROLMENT_CODE_MS;
    let mut tx = app.store.begin().await?;
    let hash = code_hash(&code);
    enrolment_codes::insert_code(&mut tx, hash, user, caller.user, app.now(), expires_at).await?;
    let (act, subject) = ("enrolment_code.created", format!("user:{user}"));
    audit::record(app, &mut tx, caller, act, subject, serde_json::json!({})).await?;
    tx.commit().await?;
    Ok((code, expires_at))
}

fn code_hash(code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_hexdigit).collect();
    labelled_hash("enrolment", plain.to_ascii_uppercase().as_bytes())
}

/// What a new phone brings.
pub struct NewDevice {
    /// The code.
    pub code: String,
    /// The install's actor.
    pub actor: Actor,
    /// P-256, SEC1.
    pub public_key: Vec<u8>,
    /// What people call it.
    pub label: String,
    /// The challenge it was given.
    pub challenge: String,
    /// Its signature over the enrolment statement.
    pub signature: Vec<u8>,
    /// The key for parcels, and its signature over the agreement statement with the nil id: it has no id yet.
    pub agreement: Option<(Vec<u8>, Vec<u8>)>,
    /// What it was certified by before.
    pub certificate: Option<Signed<CertificatePayload>>,
}

/// What a new phone gets.
pub struct Enrolled {
    /// Its id.
    pub device: DeviceId,
    /// Its certificate.
    pub certificate: Signed<CertificatePayload>,
    /// To act with.
    pub tokens: Tokens,
}

/// Enrols a phone.
pub async fn enrol(app: &App, new: NewDevice, address: IpAddr) -> Result<Enrolled, Problem> {
    people::check_name("label", &new.label)?;
    check_key(&new.public_key)?;
    let attempt = logins::attempt(app, None, Place::Address(address)).await?;
    let mut tx = app.store.begin().await?;
    let statement = enrolment_statement(&new.challenge, &new.actor, &new.public_key);
    let code = code_hash(&new.code);
    let found = challenges::take(app, &mut tx, &new.challenge, &statement, &code).await?;
    if !AwsLc.verify_p256(&new.public_key, &statement, &new.signature) {
        return Err(Problem::new(Code::SignatureInvalid));
    }
    if let Some((key, signature)) = &new.agreement {
        let statement = agreement_statement(&new.challenge, DeviceId(Uuid::nil()), key);
        if !AwsLc.verify_p256(&new.public_key, &statement, signature) {
            return Err(Problem::new(Code::SignatureInvalid).field("agreement_signature", ""));
        }
    }
    if found != Taken::First {
        let enrolled = enrolled_before(app, &mut tx, &new, found, address).await?;
        tx.commit().await?;
        attempt.succeeded(app).await?;
        return Ok(enrolled);
    }
    let user = enrolment_codes::take(&mut tx, code, app.now()).await?;
    let user = user.ok_or(Problem::new(Code::EnrolmentCodeInvalid))?;
    let user = users::find(&mut tx, user)
        .await?
        .ok_or(Problem::new(Code::NotFound))?;
    if !user.active {
        return Err(Problem::new(Code::UserDisabled));
    }
    if let Some(row) = enrolled_once(&mut tx, &new, user.user).await? {
        let tokens =
            sessions::begin_by_challenge(app, &mut tx, &row, &new.challenge, found, address)
                .await?;
        let actor = audit::Actor {
            user: Some(row.user),
            device: Some(row.device),
        };
        let (act, subject) = ("device.enrolled_again", format!("device:{}", row.device));
        audit::record(app, &mut tx, actor, act, subject, serde_json::json!({})).await?;
        tx.commit().await?;
        attempt.succeeded(app).await?;
        return Ok(Enrolled {
            device: row.device,
            certificate: read(&row.certificate)?,
            tokens,
        });
    }
    let organisation = organisations::find(&mut tx, user.organisation).await?;
    let organisation = organisation.ok_or(Problem::new(Code::NotFound))?;
    let device = DeviceId(app.new_uuid());
    let (kind, actor, public_key) = (CertificateKind::Device, new.actor, &new.public_key);
    let agreement_key = match &new.agreement {
        None => None,
        Some((key, _)) if key == public_key => {
            return Err(
                Problem::new(Code::Conflict).field("agreement_key", "is the key that signs")
            );
        }
        Some((key, _)) => Some(certificates::check_agreement_key(&mut tx, key).await?),
    };
    let subject = Subject {
        kind,
        device,
        actor,
        public_key,
        agreement_key,
    };
    let certificate = certificates::issue(app, &mut tx, subject, &user, &organisation).await?;
    let row = DeviceRow {
        device,
        user: user.user,
        organisation: user.organisation,
        actor: new.actor,
        public_key: new.public_key,
        label: new.label,
        certificate: json(&certificate)?,
        enrolled_at: app.now(),
        revoked_at: None,
        revoked_reason: None,
    };
    check_new_point(&mut tx, &row.public_key).await?;
    devices::insert_device(&mut tx, &row).await.map_err(taken)?;
    let tokens =
        sessions::begin_by_challenge(app, &mut tx, &row, &new.challenge, found, address).await?;
    let actor = audit::Actor {
        user: Some(user.user),
        device: Some(device),
    };
    let subject = format!("device:{device}");
    audit::record(
        app,
        &mut tx,
        actor,
        "device.enrolled",
        subject,
        serde_json::json!({}),
    )
    .await?;
    tx.commit().await?;
    attempt.succeeded(app).await?;
    Ok(Enrolled {
        device,
        certificate,
        tokens,
    })
}

/// The device that this install was, by the certificate that it brings: of this actor, key and person, signed here. One
/// that a restored server does not know is known again.
async fn enrolled_once(
    tx: &mut Tx,
    new: &NewDevice,
    user: UserId,
) -> Result<Option<DeviceRow>, Problem> {
    let Some(signed) = &new.certificate else {
        return Ok(None);
    };
    let keys = server_keys::believed(tx).await?;
    let Ok(payload) = keys.open(signed, &AwsLc) else {
        return Ok(None);
    };
    if payload.kind != CertificateKind::Device
        || payload.actor != new.actor
        || payload.user_id != user
    {
        return Ok(None);
    }
    let label = new.label.clone();
    let Some(row) = returned_papers::device_row(tx, &payload, signed, label).await? else {
        return Ok(None);
    };
    if row.public_key != new.public_key {
        return Ok(None);
    }
    if let Some(known) = devices::find_by_actor(tx, new.actor).await? {
        if known.revoked_at.is_some() {
            return Err(Problem::new(Code::DeviceRevoked));
        }
        let same = known.device == row.device && known.public_key == row.public_key;
        return Ok(same.then_some(known));
    }
    if devices::find(tx, row.device).await?.is_some() {
        return Ok(None);
    }
    check_new_point(tx, &row.public_key).await?;
    devices::insert_device(tx, &row).await.map_err(taken)?;
    counters::reach(tx, counters::CERTIFICATE, payload.serial).await?;
    Ok(Some(row))
}

/// The answer to an enrolment that came twice: the same device and certificate, and tokens in place of the lost ones.
async fn enrolled_before(
    app: &App,
    tx: &mut Tx,
    new: &NewDevice,
    taken: Taken,
    address: IpAddr,
) -> Result<Enrolled, Problem> {
    let row = devices::find_by_actor(tx, new.actor).await?;
    let row = row
        .filter(|row| row.public_key == new.public_key)
        .ok_or(Problem::new(Code::ChallengeInvalid))?;
    if row.revoked_at.is_some() {
        return Err(Problem::new(Code::DeviceRevoked));
    }
    let tokens =
        sessions::begin_by_challenge(app, tx, &row, &new.challenge, taken, address).await?;
    Ok(Enrolled {
        device: row.device,
        certificate: read(&row.certificate)?,
        tokens,
    })
}

/// What a second person brings to a phone.
pub struct NewSigner {
    /// Their name for logging in.
    pub username: String,
    /// Their password.
    pub password: String,
    /// P-256, SEC1: their own key, opened by their own PIN.
    pub public_key: Vec<u8>,
    /// The challenge the phone was given.
    pub challenge: String,
    /// The new key's signature over the signer statement.
    pub signature: Vec<u8>,
}

/// Certifies the key of a second person on the calling device.
pub async fn enrol_signer(
    app: &App,
    caller: &Principal,
    device: DeviceId,
    new: NewSigner,
) -> Result<Signed<CertificatePayload>, Problem> {
    if caller.needed_device()? != device {
        return Err(Problem::new(Code::NotFound));
    }
    check_key(&new.public_key)?;
    let user =
        logins::check_password(app, &new.username, new.password, Place::Device(device)).await?;
    let mut tx = app.store.begin().await?;
    let statement = signer_statement(&new.challenge, device, &new.public_key);
    let beside = format!("signer {}", user.user);
    let found =
        challenges::take(app, &mut tx, &new.challenge, &statement, beside.as_bytes()).await?;
    if !AwsLc.verify_p256(&new.public_key, &statement, &new.signature) {
        return Err(Problem::new(Code::SignatureInvalid));
    }
    if found != Taken::First {
        let signed = devices::find_signer(&mut tx, device, user.user, &new.public_key).await?;
        return read(&signed.ok_or(Problem::new(Code::ChallengeInvalid))?);
    }
    let row = devices::find(&mut tx, device)
        .await?
        .ok_or(Problem::new(Code::NotFound))?;
    let organisation = organisations::find(&mut tx, user.organisation).await?;
    let organisation = organisation.ok_or(Problem::new(Code::NotFound))?;
    let (kind, actor, public_key) = (CertificateKind::Signer, row.actor, &new.public_key);
    let subject = Subject {
        kind,
        device,
        actor,
        public_key,
        agreement_key: None,
    };
    let certificate = certificates::issue(app, &mut tx, subject, &user, &organisation).await?;
    check_new_point(&mut tx, public_key).await?;
    let (signer, text, now) = (app.new_uuid(), json(&certificate)?, app.now());
    devices::insert_signer(&mut tx, signer, device, user.user, public_key, &text, now)
        .await
        .map_err(taken)?;
    let detail = serde_json::json!({ "signer": user.user });
    let subject = format!("device:{device}");
    audit::record(app, &mut tx, caller, "signer.enrolled", subject, detail).await?;
    tx.commit().await?;
    Ok(certificate)
}

fn check_key(public_key: &[u8]) -> Result<(), Problem> {
    if is_p256_point(public_key) {
        Ok(())
    } else {
        Err(Problem::value(
            "public_key",
            "is no point on P-256 in SEC1 form",
        ))
    }
}

/// A key may be written compressed or not; either way it belongs to one install or person for ever.
async fn check_new_point(tx: &mut Tx, public_key: &[u8]) -> Result<(), Problem> {
    if devices::knows_point(tx, public_key).await? {
        return Err(key_taken());
    }
    Ok(())
}

fn key_taken() -> Problem {
    Problem::new(Code::Conflict).field("public_key", "belongs to another install or person")
}

fn json(certificate: &Signed<CertificatePayload>) -> Result<String, Problem> {
    serde_json::to_string(certificate).map_err(|error| Problem::internal(&error))
}

fn read(certificate: &str) -> Result<Signed<CertificatePayload>, Problem> {
    serde_json::from_str(certificate).map_err(|error| Problem::internal(&error))
}

/// A key or an actor belongs to one install for ever.
fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Conflict { constraint } if constraint == "devices_actor_key" => {
            Problem::new(Code::Conflict).field("actor", "belongs to another install")
        }
        StoreError::Conflict { .. } => key_taken(),
        other => other.into(),
    }
}
