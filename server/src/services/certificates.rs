//! Certificates: what the server vouches for about a key, signed so that phones can check it offline.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::limits::{CERTIFICATE_MS, CERTIFICATE_RENEWED_MS};
use sync_core::model::{Actor, DeviceId};
use sync_core::proof::{CertificateKind, CertificatePayload, Signed};

use super::audit;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::store::Tx;
use crate::store::access::counters;
use crate::store::access::organisations::{self, OrganisationRow};
use crate::store::access::users::{self, UserRow};
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
    let mut rows = Vec::new();
    // Read again where nobody writes beside this: two syncs of one phone renew once.
    for old in certificates::list_of_device(&mut tx, device).await? {
        let user = users::find(&mut tx, old.user).await?;
        let Some(user) = user.filter(|user| user.active && due(&old)) else {
            continue;
        };
        let organisation = organisations::find(&mut tx, user.organisation).await?;
        let organisation = organisation.ok_or(Problem::new(Code::Internal))?;
        let subject = Subject {
            kind: old.payload.kind,
            device,
            actor: old.payload.actor,
            public_key: &old.public_key,
        };
        let new = issue(app, &mut tx, subject, &user, &organisation).await?;
        certificates::replace(&mut tx, &old, &new, app.now()).await?;
        let detail = serde_json::json!({ "user": user.user, "replaces": old.payload.serial });
        let (actor, subject) = (audit::Actor::default(), format!("device:{device}"));
        audit::record(app, &mut tx, actor, "certificate.renewed", subject, detail).await?;
        let audience = Audience::Organisation(old.payload.organisation_id);
        rows.push(NewRow::certificate(audience, &new)?);
    }
    if !rows.is_empty() {
        feed::append(&mut tx, &rows, app.now()).await?;
    }
    tx.commit().await?;
    Ok(())
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
        agreement_key: None,
        user_id: user.user,
        user_name: user.display_name.clone(),
        certificate_no: None,
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
