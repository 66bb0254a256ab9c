//! Published rulebooks and permissions, as ruling reads them.

use sync_core::model::{CampaignId, EnterpriseKey, Millis, OrganisationId, ReEntryGrantId};

use crate::args;
use crate::store::reference::enterprises;
use crate::store::{Result, Session, statements};

statements! {
    /// How many were published: tells whether what was read is still what stands.
    COUNT = "SELECT COUNT(*) AS published FROM rulebooks";
    /// All of them in the order of publication.
    LIST = "SELECT text FROM rulebooks ORDER BY published_at, rulebook_id, version";
    /// A permission to walk in again, if it is for this door.
    FIND_GRANT = "SELECT enterprise_key FROM re_entry_grants \
        WHERE grant_id = $1 AND campaign_id = $2 AND body_id = $3 AND expires_at > $4";
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

/// Whether a permission to walk in again is known, for this door after aliases, and not expired by then.
pub async fn grant_holds(
    db: &mut Session,
    grant: ReEntryGrantId,
    campaign: CampaignId,
    body: OrganisationId,
    enterprise: &EnterpriseKey,
    entered_at: Millis,
) -> Result<bool> {
    let args = args![grant.0, campaign, body, entered_at];
    let Some(row) = db.optional(&FIND_GRANT, args).await? else {
        return Ok(false);
    };
    let granted: EnterpriseKey = row.get("enterprise_key")?;
    Ok(enterprises::resolve_key(db, &granted).await? == *enterprise)
}
