//! Sessions and their refresh tokens.

use sync_core::model::{DeviceId, Millis, UserId};
use uuid::Uuid;

use crate::access::Principal;
use crate::args;
use crate::store::access::users;
use crate::store::{Result, Row, Session, StoreError, Tx, statements};

statements! {
    /// When a device was last seen.
    LAST_USE_OF_DEVICE = "SELECT MAX(COALESCE(last_used_at, created_at)) AS seen FROM sessions WHERE device_id = $1";
    /// Everything the gate asks about a session.
    FIND_PRINCIPAL = "SELECT s.user_id, s.device_id, s.ended_at, u.active, u.roles, u.organisation_id, o.kind, \
            d.revoked_at, (SELECT k.revoked_at FROM server_keys k WHERE k.key_id = $2) AS key_revoked_at \
        FROM sessions s \
        JOIN users u ON u.user_id = s.user_id \
        JOIN organisations o ON o.organisation_id = u.organisation_id \
        LEFT JOIN devices d ON d.device_id = s.device_id \
        WHERE s.session_id = $1";
    /// Begins a session.
    INSERT = "INSERT INTO sessions (session_id, user_id, device_id, created_at, last_used_at, place, console) \
        VALUES ($1, $2, $3, $4, $4, $5, $6)";
    /// Ends one.
    END = "UPDATE sessions SET ended_at = $2, end_reason = $3, place = NULL WHERE session_id = $1 AND ended_at IS NULL";
    /// Ends all of a person.
    END_OF_USER = "UPDATE sessions SET ended_at = $2, end_reason = $3, place = NULL WHERE user_id = $1 AND ended_at IS NULL";
    /// Ends all of a device.
    END_OF_DEVICE = "UPDATE sessions SET ended_at = $2, end_reason = $3, place = NULL WHERE device_id = $1 AND ended_at IS NULL";
    /// Adds a refresh token.
    INSERT_TOKEN = "INSERT INTO refresh_tokens (token_hash, session_id, generation, issued_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5)";
    /// A refresh token, and how far its session has got.
    FIND_TOKEN = "SELECT t.session_id, t.generation, t.expires_at, t.used_at, s.user_id, s.device_id, s.ended_at, \
            (SELECT COALESCE(MAX(x.generation), 0) FROM refresh_tokens x \
                WHERE x.session_id = t.session_id AND x.used_at IS NOT NULL) AS used_generation \
        FROM refresh_tokens t JOIN sessions s ON s.session_id = t.session_id WHERE t.token_hash = $1";
    /// Uses a refresh token up.
    USE_TOKEN = "UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL";
    /// A session that goes on and of which no refresh token was used.
    FIND_UNTOUCHED = "SELECT s.session_id FROM sessions s WHERE s.session_id = $1 AND s.ended_at IS NULL AND NOT EXISTS \
        (SELECT 1 FROM refresh_tokens t WHERE t.session_id = s.session_id AND t.used_at IS NOT NULL)";
    /// Forgets what expired: it is worth nothing to anybody.
    PURGE_TOKENS = "DELETE FROM refresh_tokens WHERE session_id = $1 AND expires_at <= $2";
    /// It was used: when and where.
    TOUCH = "UPDATE sessions SET last_used_at = $2, place = $3 WHERE session_id = $1 AND ended_at IS NULL";
    /// Ends all of a person but one.
    END_OTHERS = "UPDATE sessions SET ended_at = $3, end_reason = $4, place = NULL \
        WHERE user_id = $1 AND session_id <> $2 AND ended_at IS NULL";
    /// The secret of a console's session, and whose it is.
    FIND_SECRET = "SELECT t.session_id, t.issued_at, t.expires_at, s.ended_at, u.user_id, u.display_name, \
            o.name AS organisation_name \
        FROM refresh_tokens t JOIN sessions s ON s.session_id = t.session_id JOIN users u ON u.user_id = s.user_id \
        JOIN organisations o ON o.organisation_id = u.organisation_id WHERE t.token_hash = $1";
    /// It goes on.
    PROLONG = "UPDATE refresh_tokens SET expires_at = $2 WHERE token_hash = $1 AND expires_at < $2";
    /// Whose it is, and of which device.
    FIND_OWNER = "SELECT user_id, device_id, ended_at FROM sessions WHERE session_id = $1";
    /// Those that go on, of one person.
    LIST_OWN = "SELECT s.*, u.username, u.display_name, d.label, (SELECT MAX(t.expires_at) FROM refresh_tokens t \
            WHERE t.session_id = s.session_id AND t.used_at IS NULL) AS expires_at \
        FROM sessions s JOIN users u ON u.user_id = s.user_id LEFT JOIN devices d ON d.device_id = s.device_id \
        WHERE s.user_id = $1 AND s.session_id > $2 AND s.ended_at IS NULL AND EXISTS (SELECT 1 FROM refresh_tokens t \
            WHERE t.session_id = s.session_id AND t.used_at IS NULL AND t.expires_at > $3) ORDER BY s.session_id LIMIT $4";
    /// Those that go on, of everybody whom the caller sees.
    LIST_SEEN = "SELECT s.*, u.username, u.display_name, d.label, (SELECT MAX(t.expires_at) FROM refresh_tokens t \
            WHERE t.session_id = s.session_id AND t.used_at IS NULL) AS expires_at \
        FROM sessions s JOIN users u ON u.user_id = s.user_id JOIN organisations o ON o.organisation_id = u.organisation_id \
        LEFT JOIN devices d ON d.device_id = s.device_id \
        WHERE s.session_id > $3 AND s.ended_at IS NULL AND EXISTS (SELECT 1 FROM refresh_tokens t \
            WHERE t.session_id = s.session_id AND t.used_at IS NULL AND t.expires_at > $4) \
        AND (o.organisation_id = $2 OR EXISTS \
            (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%')) \
        ORDER BY s.session_id LIMIT $5";
}

/// The caller and whether they may still act.
pub struct PrincipalRow {
    /// Who.
    pub principal: Principal,
    /// Whether the account is active.
    pub user_active: bool,
    /// Whether the session was ended.
    pub session_ended: bool,
    /// Whether the session's device was revoked.
    pub device_revoked: bool,
    /// Whether the key of the token was revoked.
    pub key_revoked: bool,
}

/// The caller of a session, by a token under this key.
pub async fn find_principal(
    db: &mut Session,
    session: Uuid,
    key: &str,
) -> Result<Option<PrincipalRow>> {
    let Some(row) = db.optional(&FIND_PRINCIPAL, args![session, key]).await? else {
        return Ok(None);
    };
    let user: UserId = row.get("user_id")?;
    let region_prefixes = users::list_regions(db, user).await?;
    let roles: String = row.get("roles")?;
    let roles = serde_json::from_str(&roles).map_err(|_| StoreError::Column {
        name: "roles",
        wanted: "a JSON list of roles",
    })?;
    Ok(Some(PrincipalRow {
        principal: Principal {
            user,
            organisation: row.get("organisation_id")?,
            organisation_kind: row.get("kind")?,
            roles,
            region_prefixes,
            device: row.get("device_id")?,
            session,
        },
        user_active: row.get("active")?,
        session_ended: row.get::<Option<i64>>("ended_at")?.is_some(),
        device_revoked: row.get::<Option<i64>>("revoked_at")?.is_some(),
        key_revoked: row.get::<Option<i64>>("key_revoked_at")?.is_some(),
    }))
}

/// A refresh token as stored.
pub struct RefreshRow {
    /// Its session.
    pub session: Uuid,
    /// Whose.
    pub user: UserId,
    /// Bound to which device.
    pub device: Option<DeviceId>,
    /// Which rotation it is.
    pub generation: i64,
    /// The latest rotation that was used.
    pub used_generation: i64,
    /// Its end.
    pub expires_at: Millis,
    /// Whether it was used.
    pub used: bool,
    /// Whether the session was ended.
    pub ended: bool,
}

/// Begins a session.
pub async fn insert_session(
    tx: &mut Tx,
    session: Uuid,
    user: UserId,
    device: Option<DeviceId>,
    place: &str,
    now: Millis,
) -> Result<()> {
    tx.exec(&INSERT, args![session, user, device, now, place, false])
        .await
        .map(drop)
}

/// Begins a session of the console.
pub async fn insert_console_session(
    tx: &mut Tx,
    session: Uuid,
    user: UserId,
    place: &str,
    now: Millis,
) -> Result<()> {
    let no_device: Option<DeviceId> = None;
    tx.exec(&INSERT, args![session, user, no_device, now, place, true])
        .await
        .map(drop)
}

/// Ends a session.
pub async fn end(tx: &mut Tx, session: Uuid, reason: &str, now: Millis) -> Result<()> {
    tx.exec(&END, args![session, now, reason]).await.map(drop)
}

/// Ends every session of a person.
pub async fn end_of_user(tx: &mut Tx, user: UserId, reason: &str, now: Millis) -> Result<()> {
    tx.exec(&END_OF_USER, args![user, now, reason])
        .await
        .map(drop)
}

/// Ends every session of a device.
pub async fn end_of_device(tx: &mut Tx, device: DeviceId, reason: &str, now: Millis) -> Result<()> {
    tx.exec(&END_OF_DEVICE, args![device, now, reason])
        .await
        .map(drop)
}

/// Adds a refresh token.
pub async fn insert_token(
    tx: &mut Tx,
    hash: [u8; 32],
    session: Uuid,
    generation: i64,
    now: Millis,
    expires_at: Millis,
) -> Result<()> {
    tx.exec(
        &INSERT_TOKEN,
        args![hash, session, generation, now, expires_at],
    )
    .await
    .map(drop)
}

/// A refresh token by its hash.
pub async fn find_token(db: &mut Session, hash: [u8; 32]) -> Result<Option<RefreshRow>> {
    let Some(row) = db.optional(&FIND_TOKEN, args![hash]).await? else {
        return Ok(None);
    };
    Ok(Some(RefreshRow {
        session: row.get("session_id")?,
        user: row.get("user_id")?,
        device: row.get("device_id")?,
        generation: row.get("generation")?,
        used_generation: row.get("used_generation")?,
        expires_at: row.get("expires_at")?,
        used: row.get::<Option<i64>>("used_at")?.is_some(),
        ended: row.get::<Option<i64>>("ended_at")?.is_some(),
    }))
}

/// Uses a refresh token up.
pub async fn use_token(tx: &mut Tx, hash: [u8; 32], now: Millis) -> Result<()> {
    tx.exec(&USE_TOKEN, args![hash, now]).await.map(drop)
}

/// It was used, from this place; what expired of it is forgotten.
pub async fn touch(tx: &mut Tx, session: Uuid, place: &str, now: Millis) -> Result<()> {
    tx.exec(&PURGE_TOKENS, args![session, now]).await?;
    tx.exec(&TOUCH, args![session, now, place]).await.map(drop)
}

/// Ends every session of a person but one; how many there were.
pub async fn end_others(
    tx: &mut Tx,
    user: UserId,
    but: Uuid,
    reason: &str,
    now: Millis,
) -> Result<u64> {
    tx.exec(&END_OTHERS, args![user, but, now, reason]).await
}

/// The secret of a console's session as stored.
pub struct SecretRow {
    /// Its session.
    pub session: Uuid,
    /// Whose.
    pub user: UserId,
    /// Their name as people write it.
    pub display_name: String,
    /// The name of their organisation.
    pub organisation_name: String,
    /// Since when.
    pub issued_at: Millis,
    /// Its end if it is not used.
    pub expires_at: Millis,
    /// Whether the session was ended.
    pub ended: bool,
}

/// The secret of a console's session by its hash.
pub async fn find_secret(db: &mut Session, hash: [u8; 32]) -> Result<Option<SecretRow>> {
    let row = db.optional(&FIND_SECRET, args![hash]).await?;
    let secret = row.map(|row| {
        Ok(SecretRow {
            session: row.get("session_id")?,
            user: row.get("user_id")?,
            display_name: row.get("display_name")?,
            organisation_name: row.get("organisation_name")?,
            issued_at: row.get("issued_at")?,
            expires_at: row.get("expires_at")?,
            ended: row.get::<Option<i64>>("ended_at")?.is_some(),
        })
    });
    secret.transpose()
}

/// A console's session goes on until then.
pub async fn prolong(tx: &mut Tx, hash: [u8; 32], until: Millis) -> Result<()> {
    tx.exec(&PROLONG, args![hash, until]).await.map(drop)
}

/// Whose a session is.
pub struct OwnerRow {
    /// The person.
    pub user: UserId,
    /// The device it is bound to.
    pub device: Option<DeviceId>,
    /// Whether it was ended.
    pub ended: bool,
}

/// Whose a session is.
pub async fn find_owner(db: &mut Session, session: Uuid) -> Result<Option<OwnerRow>> {
    let row = db.optional(&FIND_OWNER, args![session]).await?;
    let owner = row.map(|row| {
        Ok(OwnerRow {
            user: row.get("user_id")?,
            device: row.get("device_id")?,
            ended: row.get::<Option<i64>>("ended_at")?.is_some(),
        })
    });
    owner.transpose()
}

/// A session that goes on.
pub struct SessionRow {
    /// Its key.
    pub session: Uuid,
    /// Whose.
    pub user: UserId,
    /// Their name for logging in.
    pub username: String,
    /// Their name as people write it.
    pub display_name: String,
    /// Bound to which device.
    pub device: Option<DeviceId>,
    /// What people call it.
    pub device_label: Option<String>,
    /// Whether somebody sits at the console with it.
    pub console: bool,
    /// The address from which it was last used.
    pub place: Option<String>,
    /// Since when.
    pub began_at: Millis,
    /// When tokens were last taken for it.
    pub last_used_at: Millis,
    /// When it ends if it is not used.
    pub expires_at: Millis,
}

fn session(row: &Row) -> Result<SessionRow> {
    let began_at = row.get("created_at")?;
    Ok(SessionRow {
        session: row.get("session_id")?,
        user: row.get("user_id")?,
        username: row.get("username")?,
        display_name: row.get("display_name")?,
        device: row.get("device_id")?,
        device_label: row.get("label")?,
        console: row.get("console")?,
        place: row.get("place")?,
        began_at,
        last_used_at: row.get::<Option<i64>>("last_used_at")?.unwrap_or(began_at),
        expires_at: row.get("expires_at")?,
    })
}

/// Those of one person that go on, after an id.
pub async fn list_own(
    db: &mut Session,
    user: UserId,
    after: &str,
    limit: u32,
    now: Millis,
) -> Result<Vec<SessionRow>> {
    let args = args![user, after, now, limit];
    db.all(&LIST_OWN, args).await?.iter().map(session).collect()
}

/// Those of everybody whom the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    caller: &Principal,
    after: &str,
    limit: u32,
    now: Millis,
) -> Result<Vec<SessionRow>> {
    let args = args![caller.user, caller.organisation, after, now, limit];
    db.all(&LIST_SEEN, args)
        .await?
        .iter()
        .map(session)
        .collect()
}

/// Whether a session goes on and none of its refresh tokens was used.
pub async fn is_untouched(db: &mut Session, session: Uuid) -> Result<bool> {
    let found = db.optional(&FIND_UNTOUCHED, args![session]).await?;
    Ok(found.is_some())
}

/// When a device was last seen; none where it never had a session.
pub async fn last_use_of_device(db: &mut Session, device: DeviceId) -> Result<Option<Millis>> {
    db.one(&LAST_USE_OF_DEVICE, args![device])
        .await?
        .get("seen")
}
