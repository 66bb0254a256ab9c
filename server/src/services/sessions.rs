//! Sessions: who a token speaks for, and whether that one may still act.

use std::net::IpAddr;

use sync_core::limits::{CONSOLE_IDLE_MS, CONSOLE_NOTED_MS, REFRESH_TOKEN_MS};
use sync_core::model::{DeviceId, Millis, UserId};
use sync_core::proof::{Verifier, login_statement};
use uuid::Uuid;

use super::challenges::Taken;
use super::logins::Place;
use super::{audit, challenges, logins, people};
use crate::access::jwt::{self, Claims};
use crate::access::{Principal, Role};
use crate::app::App;
use crate::crypto::{AwsLc, labelled_hash};
use crate::problem::{Code, Problem};
use crate::store::Tx;
pub use crate::store::access::sessions::SessionRow;
use crate::store::access::{devices, sessions, users};
use crate::store::locks::{self, Lock};

/// The caller of a valid token under this key, if the key is believed, the person is active, the session not ended and the device not revoked.
pub async fn principal(app: &App, claims: &Claims, key: &str) -> Result<Principal, Problem> {
    let mut db = app.store.read().await?;
    let found = sessions::find_principal(&mut db, claims.sid, key).await?;
    let row = found.ok_or(Problem::new(Code::TokenInvalid))?;
    if row.principal.user != claims.sub || row.principal.device != claims.dev {
        return Err(Problem::new(Code::TokenInvalid));
    }
    // Asked of the database, so that every server knows at once.
    if row.key_revoked {
        return Err(Problem::new(Code::TokenKeyRevoked));
    }
    // The device first: a stolen phone's session was ended by the revocation too, and that is not what to tell.
    if row.device_revoked {
        return Err(Problem::new(Code::DeviceRevoked));
    }
    if !row.user_active {
        return Err(Problem::new(Code::UserDisabled));
    }
    if row.session_ended {
        return Err(Problem::new(Code::SessionEnded));
    }
    Ok(row.principal)
}

/// Why a device was revoked that nobody revoked, as administrators read it.
const REUSED: &str = "refresh_token_reused";

/// What a client gets to act with.
pub struct Tokens {
    /// The JWT.
    pub access_token: String,
    /// Opaque; good for one refresh.
    pub refresh_token: String,
    /// When the refresh token expires.
    pub refresh_expires_at: Millis,
}

/// What a device signed to log in.
pub struct DeviceProof {
    /// Which device.
    pub device: DeviceId,
    /// The challenge it was given.
    pub challenge: String,
    /// Its signature over the login statement.
    pub signature: Vec<u8>,
}

/// Begins a session in a transaction of the caller's.
async fn begin(
    app: &App,
    tx: &mut Tx,
    user: UserId,
    device: Option<DeviceId>,
    address: IpAddr,
) -> Result<(Uuid, Tokens), Problem> {
    let session = app.new_uuid();
    let place = address.to_canonical().to_string();
    sessions::insert_session(tx, session, user, device, &place, app.now()).await?;
    Ok((session, tokens(app, tx, user, session, device, 1).await?))
}

/// Begins the session of a device by a challenge that it signed. The same request again gets into the same session, by
/// tokens that replace the lost ones; once one of those was used, the answer was not lost.
pub async fn begin_by_challenge(
    app: &App,
    tx: &mut Tx,
    device: &devices::DeviceRow,
    challenge: &str,
    taken: Taken,
    address: IpAddr,
) -> Result<Tokens, Problem> {
    let Taken::Again(Some(begun)) = taken else {
        let (session, tokens) = begin(app, tx, device.user, Some(device.device), address).await?;
        challenges::began(tx, challenge, session).await?;
        return Ok(tokens);
    };
    if !sessions::is_untouched(tx, begun).await? {
        return Err(Problem::new(Code::ChallengeInvalid));
    }
    tokens(app, tx, device.user, begun, Some(device.device), 1).await
}

async fn tokens(
    app: &App,
    tx: &mut Tx,
    user: UserId,
    session: Uuid,
    device: Option<DeviceId>,
    generation: i64,
) -> Result<Tokens, Problem> {
    let refresh_token = hex::encode(app.random::<32>());
    let expires_at = app.now() + REFRESH_TOKEN_MS;
    let hash = refresh_hash(&refresh_token);
    sessions::insert_token(tx, hash, session, generation, app.now(), expires_at).await?;
    let access_token = jwt::issue(app, user, session, device)?;
    Ok(Tokens {
        access_token,
        refresh_token,
        refresh_expires_at: expires_at,
    })
}

fn refresh_hash(token: &str) -> [u8; 32] {
    labelled_hash("refresh", token.as_bytes())
}

/// Logs in with a name and a password, and with a device if its owner uses it.
pub async fn log_in(
    app: &App,
    username: &str,
    password: String,
    proof: Option<DeviceProof>,
    address: IpAddr,
) -> Result<Tokens, Problem> {
    // The device first: one that proves its key need not wait for what strangers did elsewhere.
    let device = match proof {
        Some(proof) => {
            let mut tx = app.store.begin().await?;
            let beside = people::normal_username(username);
            let (device, taken) = proven_device(app, &mut tx, &proof, beside.as_bytes()).await?;
            tx.commit().await?;
            Some((device, proof.challenge, taken))
        }
        None => None,
    };
    let place = match &device {
        Some((device, ..)) => Place::Device(device.device),
        None => Place::Address(address),
    };
    let user = logins::check_password(app, username, password, place).await?;
    let mut tx = app.store.begin().await?;
    let tokens = match &device {
        Some((device, ..)) if device.user != user.user => {
            return Err(Problem::new(Code::ScopeForbidden).detail("the device is not yours"));
        }
        Some((device, challenge, taken)) => {
            begin_by_challenge(app, &mut tx, device, challenge, *taken, address).await?
        }
        None => begin(app, &mut tx, user.user, None, address).await?.1,
    };
    tx.commit().await?;
    Ok(tokens)
}

/// The device that signed a challenge for what it shows beside it.
async fn proven_device(
    app: &App,
    tx: &mut Tx,
    proof: &DeviceProof,
    beside: &[u8],
) -> Result<(devices::DeviceRow, Taken), Problem> {
    let statement = login_statement(&proof.challenge, proof.device);
    let taken = challenges::take(app, tx, &proof.challenge, &statement, beside).await?;
    let device = devices::find(tx, proof.device).await?;
    let device = device.ok_or(Problem::new(Code::DeviceUnknown))?;
    if !AwsLc.verify_p256(&device.public_key, &statement, &proof.signature) {
        return Err(Problem::new(Code::SignatureInvalid));
    }
    if device.revoked_at.is_some() {
        return Err(Problem::new(Code::DeviceRevoked));
    }
    Ok((device, taken))
}

/// What came of a refresh token.
enum Refreshed {
    /// It was rotated.
    Tokens(Box<Tokens>),
    /// Somebody else has a copy.
    Reused(Uuid),
}

/// Rotates a refresh token. One that comes again is a copy in other hands: it ends the session, and revokes the device that
/// the session is bound to. It is not, where the session's own device asks (proved by its key) and nothing that replaced the
/// token was ever used: then the answer was lost on the way, which on a weak network is ordinary.
pub async fn refresh(
    app: &App,
    token: &str,
    proof: Option<DeviceProof>,
    address: IpAddr,
) -> Result<Tokens, Problem> {
    match rotate(app, token, proof, address).await? {
        Refreshed::Tokens(tokens) => Ok(*tokens),
        Refreshed::Reused(session) => {
            end_reused(app, session).await?;
            Err(Problem::new(Code::RefreshTokenReused))
        }
    }
}

async fn rotate(
    app: &App,
    token: &str,
    proof: Option<DeviceProof>,
    address: IpAddr,
) -> Result<Refreshed, Problem> {
    let now = app.now();
    let mut tx = app.store.begin_beside().await?;
    let hash = refresh_hash(token);
    let unlocked = sessions::find_token(&mut tx, hash).await?;
    // A server that was restored knows neither: the phone is told what helps.
    if let (None, Some(proof)) = (&unlocked, &proof)
        && devices::find(&mut tx, proof.device).await?.is_none()
    {
        return Err(Problem::new(Code::DeviceUnknown));
    }
    let session = unlocked
        .ok_or(Problem::new(Code::RefreshTokenInvalid))?
        .session;
    locks::take(&mut tx, &[Lock::Session(session.to_string())]).await?;
    // Read again under the lock: of two that come with one token at once, the second finds it used.
    let found = sessions::find_token(&mut tx, hash).await?;
    let row = found.ok_or(Problem::new(Code::RefreshTokenInvalid))?;
    let beside = refresh_hash(token);
    let proven = match proof {
        Some(proof) => match proven_device(app, &mut tx, &proof, &beside).await {
            Ok((device, _)) => Some(device.device),
            // Whoever signs with another key than the device's has proved nothing.
            Err(problem) if problem.code() == Code::SignatureInvalid && row.used => None,
            Err(problem) => return Err(problem),
        },
        None => None,
    };
    if row.ended {
        return Err(Problem::new(Code::SessionEnded));
    }
    // A token that was replaced counts as used once another one of its rotation was.
    let replaced = row.used || row.generation <= row.used_generation;
    let own = row.device.is_some() && row.device == proven;
    let answer_was_lost = own && row.used && row.generation == row.used_generation;
    if replaced && !answer_was_lost {
        return Ok(Refreshed::Reused(row.session));
    }
    if row.device != proven {
        return Err(Problem::new(Code::RefreshTokenInvalid).detail("bound to a device's key"));
    }
    if row.expires_at <= now {
        return Err(Problem::new(Code::RefreshTokenInvalid));
    }
    let user = users::find(&mut tx, row.user).await?;
    if !user.is_some_and(|user| user.active) {
        return Err(Problem::new(Code::UserDisabled));
    }
    sessions::use_token(&mut tx, hash, now).await?;
    if !row.used {
        let place = address.to_canonical().to_string();
        sessions::touch(&mut tx, row.session, &place, now).await?;
    }
    let next = row.generation + 1;
    let tokens = tokens(app, &mut tx, row.user, row.session, row.device, next).await?;
    tx.commit().await?;
    Ok(Refreshed::Tokens(Box::new(tokens)))
}

/// Ends a session of which somebody else has a token, and with it the device that it is bound to.
async fn end_reused(app: &App, session: Uuid) -> Result<(), Problem> {
    let mut tx = app.store.begin().await?;
    let owner = sessions::find_owner(&mut tx, session).await?;
    let Some(owner) = owner.filter(|owner| !owner.ended) else {
        return Ok(());
    };
    sessions::end(&mut tx, session, "reuse", app.now()).await?;
    let actor = audit::Actor {
        user: Some(owner.user),
        device: owner.device,
    };
    let (subject, detail) = (
        format!("session:{session}"),
        serde_json::json!({ "reason": "reuse" }),
    );
    audit::record(app, &mut tx, actor, "session.ended", subject, detail).await?;
    if let Some(device) = owner.device {
        let nobody = audit::Actor::default();
        super::devices::revoke_in(app, &mut tx, device, nobody, REUSED).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Begins a session without a device, for somebody who was known by other means than a password.
pub async fn begin_for(
    app: &App,
    tx: &mut Tx,
    user: UserId,
    address: IpAddr,
) -> Result<Tokens, Problem> {
    Ok(begin(app, tx, user, None, address).await?.1)
}

/// The secret of a session of the console (管理端), which its cookie holds, and its end if it is not used.
pub struct Secret {
    /// Opaque.
    pub secret: String,
    /// When it ends.
    pub expires_at: Millis,
}

/// Under another label than a refresh token: neither is taken for the other.
fn secret_hash(secret: &str) -> [u8; 32] {
    labelled_hash("console", secret.as_bytes())
}

/// Begins a session of the console for a person who is known.
pub async fn begin_console(
    app: &App,
    tx: &mut Tx,
    user: UserId,
    address: IpAddr,
) -> Result<Secret, Problem> {
    let (session, secret) = (app.new_uuid(), hex::encode(app.random::<32>()));
    let place = address.to_canonical().to_string();
    let now = app.now();
    let expires_at = now + CONSOLE_IDLE_MS;
    sessions::insert_console_session(tx, session, user, &place, now).await?;
    sessions::insert_token(tx, secret_hash(&secret), session, 1, now, expires_at).await?;
    Ok(Secret { secret, expires_at })
}

/// Logs in at the console with a name and a password.
pub async fn log_in_console(
    app: &App,
    username: &str,
    password: String,
    address: IpAddr,
) -> Result<Secret, Problem> {
    let place = Place::Address(address);
    let user = logins::check_password(app, username, password, place).await?;
    let mut tx = app.store.begin().await?;
    let secret = begin_console(app, &mut tx, user.user, address).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Who sits at the console.
pub struct Seated {
    /// Who may act.
    pub principal: Principal,
    /// Their name as people write it.
    pub name: String,
    /// The name of their organisation.
    pub organisation: String,
    /// When the session ends if it is not used.
    pub expires_at: Millis,
}

/// Whoever a cookie of the console speaks for, if the session goes on and the person may still act.
pub async fn seated(app: &App, secret: &str) -> Result<Seated, Problem> {
    let (hash, now) = (secret_hash(secret), app.now());
    let mut db = app.store.read().await?;
    let row = sessions::find_secret(&mut db, hash).await?;
    let row = row
        .filter(|row| !row.ended && now < row.expires_at)
        .ok_or(Problem::new(Code::SessionEnded))?;
    // No token, and so no key of ours under which it was signed.
    let found = sessions::find_principal(&mut db, row.session, "").await?;
    drop(db);
    let found = found.ok_or(Problem::new(Code::SessionEnded))?;
    if !found.user_active {
        return Err(Problem::new(Code::UserDisabled));
    }
    Ok(Seated {
        principal: found.principal,
        name: row.display_name,
        organisation: row.organisation_name,
        expires_at: row.expires_at,
    })
}

/// Notes that a session of the console is used, at most every few minutes: it goes on for another working day, and no
/// longer than a refresh token would.
pub async fn note_use(
    app: &App,
    secret: &str,
    seated: &Seated,
    address: IpAddr,
) -> Result<Option<Millis>, Problem> {
    let now = app.now();
    if seated.expires_at - now > CONSOLE_IDLE_MS - CONSOLE_NOTED_MS {
        return Ok(None);
    }
    let hash = secret_hash(secret);
    let mut tx = app.store.begin_beside().await?;
    let Some(row) = sessions::find_secret(&mut tx, hash).await? else {
        return Ok(None);
    };
    let until = (now + CONSOLE_IDLE_MS).min(row.issued_at + REFRESH_TOKEN_MS);
    sessions::prolong(&mut tx, hash, until).await?;
    let place = address.to_canonical().to_string();
    sessions::touch(&mut tx, row.session, &place, now).await?;
    tx.commit().await?;
    Ok(Some(until))
}

/// Whose session a cookie of the console was, also after its end.
pub async fn whose(app: &App, secret: &str) -> Result<Option<UserId>, Problem> {
    let mut db = app.store.read().await?;
    let row = sessions::find_secret(&mut db, secret_hash(secret)).await?;
    Ok(row.map(|row| row.user))
}

/// A page of the sessions that go on: the caller's own, or for administrators those of everybody whom they see.
pub async fn list(
    app: &App,
    caller: &Principal,
    user: Option<UserId>,
    after: &str,
    limit: u32,
) -> Result<Vec<SessionRow>, Problem> {
    let now = app.now();
    let user = match user {
        Some(user) if user != caller.user => {
            if !caller.has(Role::Admin) {
                return Err(Problem::new(Code::RoleForbidden));
            }
            Some(people::get(app, caller, user).await?.row.user)
        }
        None if caller.has(Role::Admin) => None,
        _ => Some(caller.user),
    };
    let mut db = app.store.read().await?;
    Ok(match user {
        Some(user) => sessions::list_own(&mut db, user, after, limit, now).await?,
        None => sessions::list_seen(&mut db, caller, after, limit, now).await?,
    })
}

/// Ends a session at once: the caller's own, or as an administrator one of somebody whom they may act on. Again changes
/// nothing.
pub async fn end(app: &App, caller: &Principal, session: Uuid) -> Result<(), Problem> {
    let mut db = app.store.read().await?;
    let owner = sessions::find_owner(&mut db, session).await?;
    drop(db);
    let owner = owner.ok_or(Problem::new(Code::NotFound))?;
    if owner.user != caller.user {
        if !caller.has(Role::Admin) {
            return Err(Problem::new(Code::NotFound));
        }
        let person = people::get(app, caller, owner.user).await?;
        people::check_within(caller, &person)?;
    }
    if owner.ended {
        return Ok(());
    }
    let mut tx = app.store.begin().await?;
    sessions::end(&mut tx, session, "ended", app.now()).await?;
    let (subject, detail) = (
        format!("session:{session}"),
        serde_json::json!({ "reason": "ended", "user": owner.user }),
    );
    audit::record(app, &mut tx, caller, "session.ended", subject, detail).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends every session of the caller but the one that asks.
pub async fn end_others(app: &App, caller: &Principal) -> Result<(), Problem> {
    let mut tx = app.store.begin().await?;
    let now = app.now();
    let count = sessions::end_others(&mut tx, caller.user, caller.session, "ended", now).await?;
    if count > 0 {
        let subject = format!("user:{}", caller.user);
        let detail = serde_json::json!({ "sessions": count });
        audit::record(app, &mut tx, caller, "sessions.ended", subject, detail).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Ends the caller's session. Nothing that a phone holds is touched.
pub async fn log_out(app: &App, caller: &Principal) -> Result<(), Problem> {
    let mut tx = app.store.begin_beside().await?;
    sessions::end(&mut tx, caller.session, "logout", app.now()).await?;
    tx.commit().await?;
    Ok(())
}
