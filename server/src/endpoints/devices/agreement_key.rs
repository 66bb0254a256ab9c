//! `PUT /v1/devices/{id}/agreement-key`: the key to which parcels are sealed for the calling phone.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use sync_core::model::DeviceId;
use sync_core::proof::{CertificatePayload, Signed};
use utoipa::ToSchema;

use super::base64_field;
use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::certificates;

/// A key that agrees on secrets and never signs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementKey {
    /// P-256, SEC1 uncompressed, base64; another one than the key that signs.
    agreement_key: String,
    /// A challenge of `POST /v1/challenges`.
    challenge: String,
    /// ECDSA of the device's key over `fieldseal/agreement/1\n<challenge>\n<device id>\n<agreement key bytes>`, base64.
    signature: String,
}

/// The certificate of the phone, with that key.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertifiedDevice {
    /// payload, key_id, signature
    #[schema(value_type = Object)]
    pub certificate: Signed<CertificatePayload>,
}

/// Note the key to which parcels are sealed for the calling phone
#[utoipa::path(put, path = "/v1/devices/{id}/agreement-key", tag = "devices",
    params(("id" = String, Path, description = "The calling phone")),
    request_body = AgreementKey, security(("access_token" = [])),
    responses((status = 200, body = CertifiedDevice), (status = "4XX", body = ProblemBody)))]
pub async fn put_agreement_key(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DeviceId>,
    Json(body): Json<AgreementKey>,
) -> Result<Json<CertifiedDevice>, Problem> {
    let new = certificates::NewAgreementKey {
        agreement_key: base64_field("agreement_key", &body.agreement_key)?,
        challenge: body.challenge,
        signature: base64_field("signature", &body.signature)?,
    };
    let certificate = certificates::set_agreement_key(&app, &caller, id, new).await?;
    Ok(Json(CertifiedDevice { certificate }))
}
