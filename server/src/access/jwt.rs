//! Access tokens: JWTs signed with one of the server's Ed25519 keys, ten minutes long. They say who; whether that one may still
//! act is asked of the database at every request. Links to media are signed in the same way, for another audience: neither
//! is taken for the other.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sync_core::limits::{ACCESS_TOKEN_S, MEDIA_LINK_S};
use sync_core::model::{DeviceId, Digest, DocumentId, EvidenceEntry, EvidenceId, UserId};
use sync_core::proof::KeyId;
use uuid::Uuid;

use super::Principal;
use crate::app::App;
use crate::problem::{Code, Problem};

const ISSUER: &str = "fieldseal";
const AUDIENCE: &str = "fieldseal-api";
const LINK_AUDIENCE: &str = "fieldseal-media";

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
    sign(app, &claims)
}

/// A token of any claims, under the key that signs now.
fn sign(app: &App, claims: &impl Serialize) -> Result<String, Problem> {
    let mut header = Header::new(Algorithm::EdDSA);
    let (key_id, pkcs8) = app.keys.signing_pkcs8();
    header.kid = Some(key_id);
    let key = EncodingKey::from_ed_der(&pkcs8);
    jsonwebtoken::encode(&header, claims, &key).map_err(|error| Problem::internal(&error))
}

/// What a valid, unexpired token of ours says, and under which key.
pub async fn verify(app: &App, token: &str) -> Result<(Claims, KeyId), Problem> {
    let (claims, key) = open::<Claims>(app, token, AUDIENCE).await?;
    if app.now().div_euclid(1_000) >= claims.exp {
        return Err(Problem::new(Code::TokenExpired));
    }
    Ok((claims, key))
}

/// What a token of ours says that is for this audience. The algorithm is our key's, whatever the header claims, and so is the
/// key: the header may only name it. Whether its time is over is the caller's to ask.
async fn open<T: DeserializeOwned>(
    app: &App,
    token: &str,
    audience: &str,
) -> Result<(T, KeyId), Problem> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The library would ask the machine's clock; ours is a parameter, so expiry is compared below.
    validation.validate_exp = false;
    let header = jsonwebtoken::decode_header(token).map_err(|_| Code::TokenInvalid)?;
    let named = header.kid.ok_or(Code::TokenInvalid)?;
    let found = app.keys.find_or_look_up(&app.store, &named).await?;
    let row = found.ok_or(Code::TokenInvalid)?;
    let key = DecodingKey::from_ed_der(&row.public_key);
    let opened = jsonwebtoken::decode::<T>(token, &key, &validation);
    let opened = opened.map_err(|_| Problem::new(Code::TokenInvalid))?;
    Ok((opened.claims, row.key_id))
}

/// What a link to one piece of evidence (影像链接) says: it reads this, for this session, until then, and nothing else.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkClaims {
    /// Who issued it: us.
    pub iss: String,
    /// For whom: those who read media.
    pub aud: String,
    /// The person.
    pub sub: UserId,
    /// The session in which it was asked for: it ends with that.
    pub sid: Uuid,
    /// The device of that session.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dev: Option<DeviceId>,
    /// The visit.
    pub document: DocumentId,
    /// The entry of its manifest.
    pub evidence: EvidenceId,
    /// SHA-256 of the original, as it was when the link was made.
    pub sha256: Digest,
    /// What was made of the original; none for the original itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rendition: Option<String>,
    /// When it expires, in seconds.
    pub exp: i64,
}

/// A link for a caller to a piece of evidence, and when it expires, in seconds.
pub fn issue_link(
    app: &App,
    caller: &Principal,
    document: DocumentId,
    entry: &EvidenceEntry,
    rendition: Option<String>,
) -> Result<(String, i64), Problem> {
    let exp = app.now().div_euclid(1_000) + MEDIA_LINK_S;
    let claims = LinkClaims {
        iss: ISSUER.to_owned(),
        aud: LINK_AUDIENCE.to_owned(),
        sub: caller.user,
        sid: caller.session,
        dev: caller.device,
        document,
        evidence: entry.evidence_id,
        sha256: entry.sha256,
        rendition,
        exp,
    };
    Ok((sign(app, &claims)?, exp))
}

/// What a valid, unexpired link of ours says, and under which key.
pub async fn verify_link(app: &App, token: &str) -> Result<(LinkClaims, KeyId), Problem> {
    let opened = open::<LinkClaims>(app, token, LINK_AUDIENCE).await;
    let (claims, key) = opened.map_err(|problem| match problem.code() {
        Code::TokenInvalid => Problem::new(Code::LinkInvalid),
        _ => problem,
    })?;
    if app.now().div_euclid(1_000) >= claims.exp {
        return Err(Problem::new(Code::LinkExpired));
    }
    Ok((claims, key))
}
