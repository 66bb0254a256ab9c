//! `POST /v1/devices`: a phone is enrolled with a code and the proof that it holds its key.

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sync_core::model::{Actor, DeviceId, Millis};
use sync_core::proof::{CertificatePayload, Signed};
use utoipa::ToSchema;

use super::base64_field;
use crate::app::App;
use crate::endpoints::address::Address;
use crate::endpoints::tokens::Tokens;
use crate::extract::Json;
use crate::problem::{Problem, ProblemBody};
use crate::services::enrolment;

/// A new phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// The one-time code.
    code: String,
    /// The Automerge actor of the install: 16 random bytes, 32 hex digits.
    #[schema(value_type = String)]
    actor: Actor,
    /// The P-256 public key, SEC1, base64.
    public_key: String,
    /// What people call the phone.
    label: String,
    /// A challenge of `POST /v1/challenges`.
    challenge: String,
    /// ECDSA over `fieldseal/enrol/1\n<challenge>\n<actor>\n<public key bytes>`, DER or raw, base64.
    signature: String,
    /// The P-256 key to which parcels are sealed for this phone, SEC1 uncompressed, base64; another one than the key that
    /// signs. A phone that brings none can note one later.
    agreement_key: Option<String>,
    /// With it: ECDSA of the public key over `fieldseal/agreement/1\n<challenge>\n<nil UUID>\n<agreement key bytes>`, base64.
    agreement_signature: Option<String>,
    /// The certificate that this server gave to this very install before, if it did: the phone is then who it was, also
    /// where the server was restored from a backup that does not know it.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    certificate: Option<Signed<CertificatePayload>>,
}

/// A server key to keep.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerKey {
    /// Its name in signatures.
    pub key_id: String,
    /// Ed25519, 32 bytes, base64.
    pub public_key: String,
    /// From when it signs, milliseconds since 1970 UTC.
    pub activates_at_ms: Millis,
    /// Since when it is not believed, milliseconds since 1970 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at_ms: Option<Millis>,
}

/// What an enrolled phone keeps.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolledDevice {
    /// Its id.
    #[schema(value_type = String)]
    pub device_id: DeviceId,
    /// Its signed certificate: payload, key_id, signature.
    #[schema(value_type = Object)]
    pub certificate: Signed<CertificatePayload>,
    /// The keys whose signatures it believes; the one that signs now comes first.
    pub server_keys: Vec<ServerKey>,
    /// Keys of which only what says that it was made before is believed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revoked_server_keys: Vec<ServerKey>,
    /// To act with.
    pub tokens: Tokens,
}

/// Enrol a phone with a one-time code
#[utoipa::path(post, path = "/v1/devices", tag = "devices", request_body = NewDevice,
    responses((status = 201, body = EnrolledDevice), (status = "4XX", body = ProblemBody)))]
pub async fn enrol_device(
    State(app): State<App>,
    Address(address): Address,
    Json(body): Json<NewDevice>,
) -> Result<(StatusCode, Json<EnrolledDevice>), Problem> {
    let new = enrolment::NewDevice {
        public_key: base64_field("public_key", &body.public_key)?,
        signature: base64_field("signature", &body.signature)?,
        code: body.code,
        actor: body.actor,
        label: body.label,
        challenge: body.challenge,
        agreement: match (body.agreement_key, body.agreement_signature) {
            (None, None) => None,
            (Some(key), Some(signature)) => Some((
                base64_field("agreement_key", &key)?,
                base64_field("agreement_signature", &signature)?,
            )),
            (Some(_), None) => return Err(Problem::value("agreement_signature", "is missing")),
            (None, Some(_)) => return Err(Problem::value("agreement_key", "is missing")),
        },
        certificate: body.certificate,
    };
    let enrolled = enrolment::enrol(&app, new, address).await?;
    let (ring, signs) = (app.keys.ring(), app.keys.key_id());
    let keys = ring.iter().map(|known| ServerKey {
        key_id: known.row.key_id.clone(),
        public_key: STANDARD.encode(&known.row.public_key),
        activates_at_ms: known.row.activates_at,
        revoked_at_ms: known.row.revoked_at,
    });
    let (revoked_server_keys, mut server_keys): (Vec<_>, Vec<_>) =
        keys.partition(|key| key.revoked_at_ms.is_some());
    server_keys.sort_by_key(|key| key.key_id != signs);
    let body = EnrolledDevice {
        device_id: enrolled.device,
        certificate: enrolled.certificate,
        server_keys,
        revoked_server_keys,
        tokens: enrolled.tokens.into(),
    };
    Ok((StatusCode::CREATED, Json(body)))
}
