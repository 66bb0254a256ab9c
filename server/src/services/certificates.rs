//! Certificates: what the server vouches for about a key, signed so that phones can check it offline.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::limits::CERTIFICATE_MS;
use sync_core::model::{Actor, DeviceId};
use sync_core::proof::{CertificateKind, CertificatePayload, Signed};

use crate::app::App;
use crate::problem::Problem;
use crate::store::Tx;
use crate::store::access::counters;
use crate::store::access::organisations::OrganisationRow;
use crate::store::access::users::{self, UserRow};

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
