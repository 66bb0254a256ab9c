//! People, their roles and regions, and which of them a caller sees.

use std::collections::HashMap;

use sync_core::model::{Millis, OrganisationId, UserId};

use crate::access::{Principal, Role};
use crate::args;
use crate::store::bulk::bulk;
use crate::store::{Result, Row, Session, StoreError, Tx, Value, statements};

statements! {
    /// Adds one.
    INSERT = "INSERT INTO users (user_id, organisation_id, username, display_name, roles, password_hash, active, \
        created_at, changed_at, certificate_no) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7, $8)";
    /// Adds a region.
    INSERT_REGION = "INSERT INTO user_regions (user_id, prefix) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    /// Takes every region away.
    DELETE_REGIONS = "DELETE FROM user_regions WHERE user_id = $1";
    /// The regions of a person.
    LIST_REGIONS = "SELECT prefix FROM user_regions WHERE user_id = $1 ORDER BY prefix";
    /// Any by id, for the server itself.
    FIND = "SELECT * FROM users WHERE user_id = $1";
    /// Any by name, for logging in.
    FIND_BY_NAME = "SELECT * FROM users WHERE username = $1";
    /// Whether there is anybody at all.
    ANY = "SELECT user_id FROM users LIMIT 1";
    /// One that the caller sees: of their organisation, or of one in their regions or below.
    FIND_SEEN = "SELECT u.* FROM users u JOIN organisations o ON o.organisation_id = u.organisation_id \
        WHERE u.user_id = $3 AND (o.organisation_id = $2 OR EXISTS \
            (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%'))";
    /// Everybody of an organisation.
    LIST_OF_ORGANISATION = "SELECT user_id FROM users WHERE organisation_id = $1 ORDER BY user_id";
    /// Those that the caller sees, a page.
    LIST_SEEN = "SELECT u.* FROM users u JOIN organisations o ON o.organisation_id = u.organisation_id \
        WHERE u.user_id > $3 AND (o.organisation_id = $2 OR EXISTS \
            (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%')) \
        ORDER BY u.user_id LIMIT $4";
    /// Enables or disables.
    UPDATE_ACTIVE = "UPDATE users SET active = $2, changed_at = $3 WHERE user_id = $1";
    /// Sets what they may act as.
    UPDATE_ROLES = "UPDATE users SET roles = $2, changed_at = $3 WHERE user_id = $1";
    /// Whether anybody but this one may administer.
    ANY_OTHER_ADMINISTRATOR = "SELECT user_id FROM users WHERE active = 1 AND user_id <> $1 AND roles LIKE '%\"admin\"%' LIMIT 1";
    /// Notes that somebody changed whose regions did.
    TOUCH = "UPDATE users SET changed_at = $2 WHERE user_id = $1";
    /// What a person may act as.
    FIND_ROLES = "SELECT roles FROM users WHERE user_id = $1";
    /// Sets the number of their certificate.
    UPDATE_CERTIFICATE_NO = "UPDATE users SET certificate_no = $2, changed_at = $3 WHERE user_id = $1";
    /// Sets a new password.
    UPDATE_PASSWORD = "UPDATE users SET password_hash = $2, changed_at = $3 WHERE user_id = $1";
}

bulk! {
    /// How people are called.
    LIST_NAMED = ("SELECT user_id, display_name FROM users WHERE user_id IN (", 0, 1, ")");
}

/// A row of `users`.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// Their key.
    pub user: UserId,
    /// Their organisation.
    pub organisation: OrganisationId,
    /// Lower case.
    pub username: String,
    /// As people write it.
    pub display_name: String,
    /// What they may act as.
    pub roles: Vec<Role>,
    /// The number on an officer's certificate (执法证号); none where nobody has noted one.
    pub certificate_no: Option<String>,
    /// PHC string.
    pub password_hash: String,
    /// Whether they may act.
    pub active: bool,
    /// Since when.
    pub created_at: Millis,
}

fn roles(row: &Row) -> Result<Vec<Role>> {
    let roles: String = row.get("roles")?;
    serde_json::from_str(&roles).map_err(|_| StoreError::Column {
        name: "roles",
        wanted: "a JSON list of roles",
    })
}

fn user(row: &Row) -> Result<UserRow> {
    Ok(UserRow {
        user: row.get("user_id")?,
        organisation: row.get("organisation_id")?,
        username: row.get("username")?,
        display_name: row.get("display_name")?,
        roles: roles(row)?,
        certificate_no: row.get("certificate_no")?,
        password_hash: row.get("password_hash")?,
        active: row.get("active")?,
        created_at: row.get("created_at")?,
    })
}

/// Adds one, with the prefixes of their regions.
pub async fn insert_user(tx: &mut Tx, row: &UserRow, prefixes: &[String]) -> Result<()> {
    let roles = serde_json::to_string(&row.roles).unwrap_or_default();
    let args = args![
        row.user,
        row.organisation,
        &row.username,
        &row.display_name,
        roles,
        &row.password_hash,
        row.created_at,
        row.certificate_no.clone(),
    ];
    tx.exec(&INSERT, args).await?;
    insert_regions(tx, row.user, prefixes).await
}

async fn insert_regions(tx: &mut Tx, id: UserId, prefixes: &[String]) -> Result<()> {
    for prefix in prefixes {
        tx.exec(&INSERT_REGION, args![id, prefix]).await?;
    }
    Ok(())
}

/// Gives a person these regions, by their prefixes, and no others.
pub async fn update_regions(
    tx: &mut Tx,
    id: UserId,
    prefixes: &[String],
    now: Millis,
) -> Result<()> {
    tx.exec(&DELETE_REGIONS, args![id]).await?;
    insert_regions(tx, id, prefixes).await?;
    tx.exec(&TOUCH, args![id, now]).await.map(drop)
}

/// Sets what a person may act as.
pub async fn update_roles(tx: &mut Tx, id: UserId, roles: &[Role], now: Millis) -> Result<()> {
    let roles = serde_json::to_string(roles).unwrap_or_default();
    tx.exec(&UPDATE_ROLES, args![id, roles, now])
        .await
        .map(drop)
}

/// What a person may act as; nothing of nobody.
pub async fn list_roles(db: &mut Session, id: UserId) -> Result<Vec<Role>> {
    let row = db.optional(&FIND_ROLES, args![id]).await?;
    row.as_ref().map_or(Ok(Vec::new()), roles)
}

/// Whether anybody but this one may administer.
pub async fn any_other_administrator(db: &mut Session, id: UserId) -> Result<bool> {
    let row = db.optional(&ANY_OTHER_ADMINISTRATOR, args![id]).await?;
    Ok(row.is_some())
}

/// Sets the number of a person's certificate, or takes it away.
pub async fn update_certificate_no(
    tx: &mut Tx,
    id: UserId,
    number: Option<&str>,
    now: Millis,
) -> Result<()> {
    let number = number.map(str::to_owned);
    tx.exec(&UPDATE_CERTIFICATE_NO, args![id, number, now])
        .await
        .map(drop)
}

/// The prefixes of a person's regions.
pub async fn list_regions(db: &mut Session, id: UserId) -> Result<Vec<String>> {
    db.all(&LIST_REGIONS, args![id])
        .await?
        .iter()
        .map(|row| row.get("prefix"))
        .collect()
}

/// Everybody of an organisation.
pub async fn list_of_organisation(
    db: &mut Session,
    id: sync_core::model::OrganisationId,
) -> Result<Vec<UserId>> {
    let rows = db.all(&LIST_OF_ORGANISATION, args![id]).await?;
    rows.iter().map(|row| row.get("user_id")).collect()
}

/// Any by id.
pub async fn find(db: &mut Session, id: UserId) -> Result<Option<UserRow>> {
    db.optional(&FIND, args![id])
        .await?
        .as_ref()
        .map(user)
        .transpose()
}

/// How people are called.
pub async fn list_named(
    db: &mut Session,
    ids: impl IntoIterator<Item = UserId>,
) -> Result<HashMap<UserId, String>> {
    let ids = ids.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_NAMED, args![], ids).await?;
    let named = rows
        .iter()
        .map(|row| Ok((row.get("user_id")?, row.get("display_name")?)));
    named.collect()
}

/// Any by name.
pub async fn find_by_name(db: &mut Session, name: &str) -> Result<Option<UserRow>> {
    db.optional(&FIND_BY_NAME, args![name])
        .await?
        .as_ref()
        .map(user)
        .transpose()
}

/// Whether there is anybody at all.
pub async fn any(db: &mut Session) -> Result<bool> {
    Ok(db.optional(&ANY, args![]).await?.is_some())
}

/// One that the caller sees.
pub async fn find_seen(
    db: &mut Session,
    caller: &Principal,
    id: UserId,
) -> Result<Option<UserRow>> {
    let row = db
        .optional(&FIND_SEEN, args![caller.user, caller.organisation, id])
        .await?;
    row.as_ref().map(user).transpose()
}

/// Those that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    caller: &Principal,
    after: &str,
    limit: u32,
) -> Result<Vec<UserRow>> {
    let args = args![caller.user, caller.organisation, after, limit];
    db.all(&LIST_SEEN, args).await?.iter().map(user).collect()
}

/// Enables or disables.
pub async fn update_active(tx: &mut Tx, id: UserId, active: bool, now: Millis) -> Result<()> {
    tx.exec(&UPDATE_ACTIVE, args![id, active, now])
        .await
        .map(drop)
}

/// Sets a new password.
pub async fn update_password(tx: &mut Tx, id: UserId, hash: &str, now: Millis) -> Result<()> {
    tx.exec(&UPDATE_PASSWORD, args![id, hash, now])
        .await
        .map(drop)
}
