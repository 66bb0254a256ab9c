//! Administrators log in at the OpenID Connect provider of their house: the authorization code flow with PKCE, state and
//! nonce bound to the browser. The provider says who it is; who may do what is this server's alone, and nobody becomes an
//! administrator by logging in. See `docs/access.md`.

pub mod id_token;
pub mod provider;

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sync_core::limits::{OIDC_CODE_MS, OIDC_LOGIN_MS};
use sync_core::model::UserId;

use self::id_token::{Expected, Fault, Subject};
use self::provider::{Provider, escaped, invalid};
use super::sessions::{self, Secret, Tokens};
use super::{audit, people};
use crate::access::Role;
use crate::app::App;
use crate::crypto::{labelled_hash, sha256};
use crate::problem::{Code, Problem};
use crate::store::Tx;
use crate::store::access::users::{self, UserRow};
use crate::store::access::{oidc, sessions as rows};

/// A login that begins.
pub struct Begun {
    /// Where the browser goes.
    pub location: String,
    /// What it keeps in a cookie meanwhile: whoever comes back without it did not begin this login.
    pub secret: String,
}

/// What the provider sent the browser back with.
pub struct Returned {
    /// For tokens.
    pub code: Option<String>,
    /// As given.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who sent it (RFC 9207).
    pub issuer: Option<String>,
}

fn provider(app: &App) -> Result<&Provider, Problem> {
    let provider = app.oidc.get();
    provider.ok_or(Problem::new(Code::OidcNotConfigured))
}

/// What follows from the browser's secret, so that the database holds no more than hashes.
fn derived(label: &str, secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(labelled_hash(label, secret.as_bytes()))
}

fn nonce(secret: &str) -> String {
    derived("oidc nonce", secret)
}

fn verifier(secret: &str) -> String {
    derived("oidc verifier", secret)
}

fn browser_hash(secret: &str) -> [u8; 32] {
    labelled_hash("oidc browser", secret.as_bytes())
}

/// Begins a login.
pub async fn begin(app: &App) -> Result<Begun, Problem> {
    let provider = provider(app)?;
    let now = app.now();
    let endpoints = provider.endpoints(now).await?;
    let state = hex::encode(app.random::<32>());
    let secret = hex::encode(app.random::<32>());
    let mut tx = app.store.begin_beside().await?;
    let hashes = (state_hash(&state), browser_hash(&secret));
    oidc::insert_login(&mut tx, hashes.0, hashes.1, now + OIDC_LOGIN_MS, now).await?;
    tx.commit().await?;
    let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier(&secret).as_bytes()));
    let query = [
        ("response_type", "code"),
        ("client_id", &provider.config.client_id),
        ("redirect_uri", &provider.redirect_uri()),
        ("scope", &provider.config.scopes),
        ("state", &state),
        ("nonce", &nonce(&secret)),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| format!("{name}={}", escaped(value)))
    .join("&");
    let base = &endpoints.authorization_endpoint;
    let joint = if base.contains('?') { '&' } else { '?' };
    Ok(Begun {
        location: format!("{base}{joint}{query}"),
        secret,
    })
}

fn state_hash(state: &str) -> [u8; 32] {
    labelled_hash("oidc state", state.as_bytes())
}

/// Ends a login: a code that the same browser exchanges for tokens, once and within a minute.
pub async fn finish(
    app: &App,
    returned: Returned,
    secret: Option<String>,
) -> Result<String, Problem> {
    let provider = provider(app)?;
    let now = app.now();
    let not_begun = || Problem::new(Code::OidcStateInvalid);
    let state = returned.state.ok_or_else(not_begun)?;
    let secret = secret.ok_or_else(not_begun)?;
    let mut tx = app.store.begin_beside().await?;
    let hashes = (state_hash(&state), browser_hash(&secret));
    if !oidc::take_login(&mut tx, hashes.0, hashes.1, now).await? {
        return Err(not_begun());
    }
    // Taken for good, whatever comes of it: nobody plays it again.
    tx.commit().await?;
    let endpoints = provider.endpoints(now).await?;
    let issuer = &provider.config.issuer;
    let named = returned.issuer.as_ref();
    if named.is_some_and(|it| it != issuer)
        || (named.is_none() && endpoints.authorization_response_iss_parameter_supported)
    {
        return Err(invalid("another provider sent this browser back"));
    }
    if let Some(error) = returned.error {
        return Err(Problem::new(Code::OidcDenied).detail(readable(&error)));
    }
    let code = returned.code.ok_or_else(|| invalid("there is no code"))?;
    let exchanged = provider.exchange(&code, &verifier(&secret), now).await?;
    let expected = Expected {
        issuer,
        client_id: &provider.config.client_id,
        nonce: &nonce(&secret),
        access_token: exchanged.access_token.as_deref(),
        now_s: now.div_euclid(1_000),
    };
    let mut keys = provider.keys(now, false).await?;
    let mut verified = id_token::verify(&exchanged.id_token, &keys, &expected);
    if verified == Err(Fault::UnknownKey) {
        keys = provider.keys(now, true).await?;
        verified = id_token::verify(&exchanged.id_token, &keys, &expected);
    }
    let subject = verified.map_err(|fault| match fault {
        Fault::UnknownKey => invalid("its key is not among the provider's"),
        Fault::Invalid(what) => invalid(&format!("what does not hold: {what}")),
    })?;
    let name = match known_before(app, issuer, &subject.subject).await? {
        true => None,
        false => Some(named_by(provider, &subject, exchanged.access_token.as_deref(), now).await?),
    };
    let code = hex::encode(app.random::<32>());
    let mut tx = app.store.begin().await?;
    let user = person(app, &mut tx, issuer, &subject.subject, name).await?;
    let expires_at = now + OIDC_CODE_MS;
    oidc::insert_code(&mut tx, code_hash(&code), user.user, expires_at, now).await?;
    tx.commit().await?;
    Ok(code)
}

/// What a provider wrote, shortened to what is safe to show.
fn readable(text: &str) -> String {
    let safe = text
        .chars()
        .filter(|it| it.is_ascii_alphanumeric() || *it == '_' || *it == '-');
    safe.take(64).collect()
}

async fn known_before(app: &App, issuer: &str, subject: &str) -> Result<bool, Problem> {
    let mut db = app.store.read().await?;
    let found = oidc::find_identity(&mut db, issuer, subject).await?;
    Ok(found.is_some())
}

/// The name by which the configured claim knows them: in the ID token, or else where the provider tells more.
async fn named_by(
    provider: &Provider,
    subject: &Subject,
    access_token: Option<&str>,
    now: i64,
) -> Result<String, Problem> {
    let claim = provider.config.claim.as_str();
    let found = |claims: &Map<String, Value>| {
        let text = claims.get(claim).and_then(Value::as_str)?;
        // An address that nobody confirmed is anybody's.
        let verified = claims.get("email_verified") == Some(&Value::Bool(true));
        (claim != "email" || verified).then(|| text.to_owned())
    };
    if subject.claims.contains_key(claim) {
        return found(&subject.claims).ok_or(Problem::new(Code::OidcUserUnknown));
    }
    if let Some(token) = access_token
        && let Some(claims) = provider.userinfo(token, now).await?
    {
        // What is said of somebody else says nothing of this one (§5.3.2).
        if claims.get("sub").and_then(Value::as_str) != Some(subject.subject.as_str()) {
            return Err(invalid("what does not hold: sub of the userinfo"));
        }
        if let Some(name) = found(&claims) {
            return Ok(name);
        }
    }
    Err(Problem::new(Code::OidcUserUnknown))
}

/// The administrator here: bound before, or bound now by their name, once and for all.
async fn person(
    app: &App,
    tx: &mut Tx,
    issuer: &str,
    subject: &str,
    name: Option<String>,
) -> Result<UserRow, Problem> {
    let unknown = || Problem::new(Code::OidcUserUnknown);
    let bound = oidc::find_identity(tx, issuer, subject).await?;
    let user = match (bound, name) {
        (Some(user), _) => users::find(tx, user).await?,
        (None, Some(name)) => users::find_by_name(tx, &people::normal_username(&name)).await?,
        (None, None) => None,
    };
    // Whoever is no administrator is told no more than whoever is nobody.
    let user = user
        .filter(|user| user.roles.contains(&Role::Admin))
        .ok_or_else(unknown)?;
    if !user.active {
        return Err(Problem::new(Code::UserDisabled));
    }
    if bound.is_none() {
        // Somebody else of that provider is bound to this person: a name that was given to another one.
        if oidc::find_subject(tx, issuer, user.user).await?.is_some() {
            return Err(unknown());
        }
        oidc::bind(tx, issuer, subject, user.user, app.now()).await?;
        let actor = audit::Actor {
            user: Some(user.user),
            device: None,
        };
        let (target, detail) = (
            format!("user:{}", user.user),
            serde_json::json!({ "issuer": issuer, "subject": subject }),
        );
        audit::record(app, tx, actor, "oidc.bound", target, detail).await?;
    }
    Ok(user)
}

/// An operator lets a person be bound anew, and ends the sessions that were begun before; how many bonds there were.
pub async fn unbind(app: &App, username: &str) -> Result<u64, Problem> {
    let mut tx = app.store.begin().await?;
    let user = users::find_by_name(&mut tx, &people::normal_username(username)).await?;
    let user = user.ok_or(Problem::new(Code::NotFound))?.user;
    let count = oidc::unbind(&mut tx, user).await?;
    if count > 0 {
        rows::end_of_user(&mut tx, user, "unbound", app.now()).await?;
        let (actor, subject) = (audit::Actor::default(), format!("user:{user}"));
        let detail = serde_json::json!({ "count": count });
        audit::record(app, &mut tx, actor, "oidc.unbound", subject, detail).await?;
    }
    tx.commit().await?;
    Ok(count)
}

fn code_hash(code: &str) -> [u8; 32] {
    labelled_hash("oidc code", code.as_bytes())
}

/// Exchanges the code of a finished login for tokens.
pub async fn exchange(app: &App, code: &str, address: IpAddr) -> Result<Tokens, Problem> {
    let mut tx = app.store.begin().await?;
    let user = take_code(app, &mut tx, code).await?;
    let tokens = sessions::begin_for(app, &mut tx, user, address).await?;
    tx.commit().await?;
    Ok(tokens)
}

/// Exchanges the code of a finished login for a session of the console.
pub async fn enter_console(app: &App, code: &str, address: IpAddr) -> Result<Secret, Problem> {
    let mut tx = app.store.begin().await?;
    let user = take_code(app, &mut tx, code).await?;
    let secret = sessions::begin_console(app, &mut tx, user, address).await?;
    tx.commit().await?;
    Ok(secret)
}

async fn take_code(app: &App, tx: &mut Tx, code: &str) -> Result<UserId, Problem> {
    let user = oidc::take_code(tx, code_hash(code), app.now()).await?;
    let user = user.ok_or(Problem::new(Code::OidcCodeInvalid))?;
    active(tx, user).await
}

/// Whoever was disabled between the two steps is.
async fn active(tx: &mut Tx, user: UserId) -> Result<UserId, Problem> {
    let user = users::find(tx, user).await?;
    let user = user.filter(|user| user.active);
    user.map(|user| user.user)
        .ok_or(Problem::new(Code::UserDisabled))
}
