//! Sessions and their refresh tokens.

use sync_core::model::UserId;
use uuid::Uuid;

use crate::access::Principal;
use crate::args;
use crate::store::{Result, Session, StoreError, statements};

statements! {
    /// Everything the gate asks about a session.
    FIND_PRINCIPAL = "SELECT s.user_id, s.device_id, s.ended_at, u.active, u.roles, u.organisation_id, o.kind, \
            d.revoked_at \
        FROM sessions s \
        JOIN users u ON u.user_id = s.user_id \
        JOIN organisations o ON o.organisation_id = u.organisation_id \
        LEFT JOIN devices d ON d.device_id = s.device_id \
        WHERE s.session_id = $1";
    /// The regions of a person.
    LIST_REGIONS = "SELECT prefix FROM user_regions WHERE user_id = $1 ORDER BY prefix";
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
}

/// The caller of a session.
pub async fn find_principal(db: &mut Session, session: Uuid) -> Result<Option<PrincipalRow>> {
    let Some(row) = db.optional(&FIND_PRINCIPAL, args![session]).await? else {
        return Ok(None);
    };
    let user: UserId = row.get("user_id")?;
    let mut region_prefixes = Vec::new();
    for region in db.all(&LIST_REGIONS, args![user]).await? {
        region_prefixes.push(region.get("prefix")?);
    }
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
    }))
}
