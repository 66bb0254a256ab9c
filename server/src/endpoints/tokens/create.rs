//! `POST /v1/tokens`: with a password, with a device and a password, or with a refresh token.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use sync_core::model::DeviceId;
use utoipa::ToSchema;

use super::Tokens;
use crate::app::App;
use crate::endpoints::address::Address;
use crate::endpoints::devices::base64_field;
use crate::endpoints::oidc::CODE_COOKIE;
use crate::extract::Json;
use crate::problem::{Code, Problem, ProblemBody};
use crate::services::oidc;
use crate::services::sessions::{self, DeviceProof};

/// What is shown to get tokens.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "grant", rename_all = "snake_case", deny_unknown_fields)]
pub enum Grant {
    /// A name and a password; with `device`, the session is bound to it.
    Password {
        /// The user name; case does not matter.
        username: String,
        /// The password.
        password: String,
        /// The phone it is done on.
        device: Option<DeviceSignature>,
    },
    /// The end of a login at the configured provider: the browser's cookie says which.
    Oidc {},
    /// A refresh token; `device` is needed if the session is bound to one.
    Refresh {
        /// The latest refresh token.
        refresh_token: String,
        /// The phone of the session.
        device: Option<DeviceSignature>,
    },
}

/// A device's proof that it holds its key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceSignature {
    /// Its id.
    #[schema(value_type = String)]
    device_id: DeviceId,
    /// A challenge of `POST /v1/challenges`.
    challenge: String,
    /// ECDSA over `fieldseal/login/1\n<challenge>\n<device id>`, DER or raw, base64.
    signature: String,
}

fn proof(device: Option<DeviceSignature>) -> Result<Option<DeviceProof>, Problem> {
    let Some(device) = device else {
        return Ok(None);
    };
    let signature = base64_field("device.signature", &device.signature)?;
    let (device, challenge) = (device.device_id, device.challenge);
    Ok(Some(DeviceProof {
        device,
        challenge,
        signature,
    }))
}

/// Log in or refresh
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = Grant,
    responses((status = 201, body = Tokens), (status = "4XX", body = ProblemBody)))]
pub async fn create_tokens(
    State(app): State<App>,
    Address(address): Address,
    headers: HeaderMap,
    Json(grant): Json<Grant>,
) -> Result<(StatusCode, HeaderMap, Json<Tokens>), Problem> {
    let mut fields = HeaderMap::new();
    let tokens = match grant {
        Grant::Password {
            username,
            password,
            device,
        } => sessions::log_in(&app, &username, password, proof(device)?, address).await?,
        Grant::Oidc {} => {
            let code = CODE_COOKIE.of(&headers);
            let code = code.ok_or(Problem::new(Code::OidcCodeInvalid))?;
            let tokens = oidc::exchange(&app, &code, address).await?;
            let encrypted = app.oidc.get().is_some_and(|it| it.is_encrypted());
            fields.insert(header::SET_COOKIE, CODE_COOKIE.set("", 0, encrypted)?);
            tokens
        }
        Grant::Refresh {
            refresh_token,
            device,
        } => sessions::refresh(&app, &refresh_token, proof(device)?, address).await?,
    };
    Ok((StatusCode::CREATED, fields, Json(tokens.into())))
}
