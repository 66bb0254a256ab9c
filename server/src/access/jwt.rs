//! Access tokens: JWTs signed with one of the server's Ed25519 keys, ten minutes long. They say who; whether that one may still
//! act is asked of the database at every request.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sync_core::limits::ACCESS_TOKEN_S;
use sync_core::model::{DeviceId, UserId};
use sync_core::proof::KeyId;
use uuid::Uuid;

use crate::app::App;
use crate::problem::{Code, Problem};

const ISSUER: &str = "fieldseal";
const AUDIENCE: &str = "fieldseal-api";

/// What an access token says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it: us.
    pub iss: String,
    /// For whom: our API.
    pub aud: String,
    /// The person.
    pub sub: UserId,
    /// The session, ended by logout, a new password or a reused refresh token.
    pub sid: Uuid,
    /// The device the session is bound to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dev: Option<DeviceId>,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// When it expires, in seconds.
    pub exp: i64,
}

/// A token for a session.
pub fn issue(
    app: &App,
    user: UserId,
    session: Uuid,
    device: Option<DeviceId>,
) -> Result<String, Problem> {
    let iat = app.now().div_euclid(1_000);
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: user,
        sid: session,
        dev: device,
        iat,
        exp: iat + ACCESS_TOKEN_S,
    };
    let mut header = Header::new(Algorithm::EdDSA);
    let (key_id, pkcs8) = app.keys.signing_pkcs8();
    header.kid = Some(key_id);
    let key = EncodingKey::from_ed_der(&pkcs8);
    jsonwebtoken::encode(&header, &claims, &key).map_err(|error| Problem::internal(&error))
}

/// What a valid, unexpired token of ours says, and under which key. The algorithm is our key's, whatever the header
/// claims, and so is the key: the header may only name it.
pub async fn verify(app: &App, token: &str) -> Result<(Claims, KeyId), Problem> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The library would ask the machine's clock; ours is a parameter, so expiry is compared below.
    validation.validate_exp = false;
    let header = jsonwebtoken::decode_header(token).map_err(|_| Code::TokenInvalid)?;
    let named = header.kid.ok_or(Code::TokenInvalid)?;
    let found = app.keys.find_or_look_up(&app.store, &named).await?;
    let row = found.ok_or(Code::TokenInvalid)?;
    let key = DecodingKey::from_ed_der(&row.public_key);
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
        .map_err(|_| Problem::new(Code::TokenInvalid))?
        .claims;
    if app.now().div_euclid(1_000) >= claims.exp {
        return Err(Problem::new(Code::TokenExpired));
    }
    Ok((claims, row.key_id))
}
