//! `POST /v1/devices/{id}/signers`: the second sampler gets an own key on the first one's phone.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sync_core::model::DeviceId;
use sync_core::proof::{CertificatePayload, Signed};
use utoipa::ToSchema;

use super::base64_field;
use crate::access::Principal;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::problem::{Problem, ProblemBody};
use crate::services::enrolment;

/// A second person on this phone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSigner {
    /// Their user name.
    username: String,
    /// Their password.
    password: String,
    /// Their own P-256 public key, SEC1, base64.
    public_key: String,
    /// A challenge of `POST /v1/challenges`.
    challenge: String,
    /// ECDSA of the new key over `fieldseal/signer/1\n<challenge>\n<device id>\n<public key bytes>`, base64.
    signature: String,
}

/// The certificate of their key on this phone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Signer {
    /// payload, key_id, signature
    #[schema(value_type = Object)]
    pub certificate: Signed<CertificatePayload>,
}

/// Give a second person a key of their own on the calling phone
#[utoipa::path(post, path = "/v1/devices/{id}/signers", tag = "devices",
    params(("id" = String, Path, description = "The calling phone")),
    request_body = NewSigner, security(("access_token" = [])),
    responses((status = 201, body = Signer), (status = "4XX", body = ProblemBody)))]
pub async fn create_signer(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<DeviceId>,
    Json(body): Json<NewSigner>,
) -> Result<(StatusCode, Json<Signer>), Problem> {
    let new = enrolment::NewSigner {
        public_key: base64_field("public_key", &body.public_key)?,
        signature: base64_field("signature", &body.signature)?,
        username: body.username,
        password: body.password,
        challenge: body.challenge,
    };
    let certificate = enrolment::enrol_signer(&app, &caller, id, new).await?;
    Ok((StatusCode::CREATED, Json(Signer { certificate })))
}
