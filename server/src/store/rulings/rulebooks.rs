//! Published rulebooks and permissions, as ruling reads them.

use sync_core::model::{CampaignId, EnterpriseKey, OrganisationId, ReEntryGrantId};

use crate::args;
use crate::store::{Result, Session, statements};

statements! {
    /// How many were published: tells whether what was read is still what stands.
    COUNT = "SELECT COUNT(*) AS published FROM rulebooks";
    /// All of them in the order of publication.
    LIST = "SELECT text FROM rulebooks ORDER BY published_at, rulebook_id, version";
    /// A permission to walk in again, if it is for this door.
    FIND_GRANT = "SELECT grant_id FROM re_entry_grants \
        WHERE grant_id = $1 AND campaign_id = $2 AND body_id = $3 AND enterprise_key = $4";
}

/// How many were published.
pub async fn count(db: &mut Session) -> Result<i64> {
    db.one(&COUNT, args![]).await?.get("published")
}

/// Their texts in the order of publication.
pub async fn list_texts(db: &mut Session) -> Result<Vec<String>> {
    db.all(&LIST, args![])
        .await?
        .iter()
        .map(|row| row.get("text"))
        .collect()
}

/// Whether a permission to walk in again is known and for this door.
pub async fn grant_holds(
    db: &mut Session,
    grant: ReEntryGrantId,
    campaign: CampaignId,
    body: OrganisationId,
    enterprise: &EnterpriseKey,
) -> Result<bool> {
    Ok(db
        .optional(&FIND_GRANT, args![grant.0, campaign, body, &enterprise.0])
        .await?
        .is_some())
}
