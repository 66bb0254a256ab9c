//! Permissions to walk in again (补样、复入许可), each with the exact bytes that the server signed.

use serde::Serialize;
use sync_core::model::{CampaignId, EnterpriseKey, Millis, OrganisationId, ReEntryGrantId, UserId};
use sync_core::proof::{ReEntryGrantPayload, Signed};
use utoipa::ToSchema;

use super::{Sight, json, to_json};
use crate::args;
use crate::store::{Result, Row, Session, Tx, statements};

statements! {
    /// Adds one.
    INSERT = "INSERT INTO re_entry_grants (grant_id, campaign_id, body_id, enterprise_key, reason, granted_by, granted_at, \
        expires_at, signed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// One by its id.
    FIND = "SELECT * FROM re_entry_grants WHERE grant_id = $1";
    /// The same permission, if it was given before.
    FIND_SAME = "SELECT * FROM re_entry_grants WHERE campaign_id = $1 AND body_id = $2 AND enterprise_key = $3 \
        AND expires_at = $4 AND reason = $5 ORDER BY grant_id LIMIT 1";
    /// Those that the caller sees, a page: given to their body, by their authority, or by one in their regions.
    LIST_SEEN = "SELECT g.* FROM re_entry_grants g JOIN campaigns c ON c.campaign_id = g.campaign_id \
        JOIN organisations a ON a.organisation_id = c.authority_id WHERE g.grant_id > $3 \
        AND (g.body_id = $2 OR c.authority_id = $2 \
          OR EXISTS (SELECT 1 FROM teams t JOIN team_members m ON m.team_id = t.team_id \
            WHERE m.user_id = $1 AND t.body_id = g.body_id AND t.campaign_id = g.campaign_id) \
          OR EXISTS (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND a.region LIKE r.prefix || '%')) \
        ORDER BY g.grant_id LIMIT $4";
}

/// A permission to enter an enterprise once more in one campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReEntryGrant {
    /// Its id: arrivals name it.
    #[schema(value_type = String)]
    pub grant_id: ReEntryGrantId,
    /// In which campaign.
    #[schema(value_type = String)]
    pub campaign_id: CampaignId,
    /// 承检机构.
    #[schema(value_type = String)]
    pub body_id: OrganisationId,
    /// Key of the enterprise.
    #[schema(value_type = String)]
    pub enterprise_key: EnterpriseKey,
    /// Why.
    pub reason: String,
    /// Who gave it.
    #[schema(value_type = String)]
    pub granted_by: UserId,
    /// When, milliseconds.
    pub granted_at_ms: Millis,
    /// Until when it may be used, milliseconds.
    pub expires_at_ms: Millis,
    /// What the server signed: payload, key and signature.
    #[schema(value_type = Object)]
    pub signed: Signed<ReEntryGrantPayload>,
}

fn grant(row: &Row) -> Result<ReEntryGrant> {
    Ok(ReEntryGrant {
        grant_id: row.get("grant_id")?,
        campaign_id: row.get("campaign_id")?,
        body_id: row.get("body_id")?,
        enterprise_key: row.get("enterprise_key")?,
        reason: row.get("reason")?,
        granted_by: row.get("granted_by")?,
        granted_at_ms: row.get("granted_at")?,
        expires_at_ms: row.get("expires_at")?,
        signed: json(row, "signed")?,
    })
}

/// One by its id.
pub async fn find(db: &mut Session, id: ReEntryGrantId) -> Result<Option<ReEntryGrant>> {
    let found = db.optional(&FIND, args![id]).await?;
    found.as_ref().map(grant).transpose()
}

/// The same permission, if it was given before.
pub async fn find_same(db: &mut Session, row: &ReEntryGrant) -> Result<Option<ReEntryGrant>> {
    let args = args![
        row.campaign_id,
        row.body_id,
        &row.enterprise_key,
        row.expires_at_ms,
        &row.reason
    ];
    let found = db.optional(&FIND_SAME, args).await?;
    found.as_ref().map(grant).transpose()
}

/// Adds one.
pub async fn insert(tx: &mut Tx, row: &ReEntryGrant) -> Result<()> {
    let columns = args![
        row.grant_id,
        row.campaign_id,
        row.body_id,
        &row.enterprise_key,
        &row.reason,
        row.granted_by,
        row.granted_at_ms,
        row.expires_at_ms,
        to_json(&row.signed)
    ];
    tx.exec(&INSERT, columns).await.map(drop)
}

/// Those that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    limit: u32,
) -> Result<Vec<ReEntryGrant>> {
    let args = args![sight.user, sight.organisation, after, limit];
    db.all(&LIST_SEEN, args).await?.iter().map(grant).collect()
}
