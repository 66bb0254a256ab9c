//! Campaigns (抽查计划、批次任务): the product tasks of one commission.

use serde::Serialize;
use sync_core::model::{CampaignId, Millis, OrganisationId};
use utoipa::ToSchema;

use super::{Sight, sees_task};
use crate::args;
use crate::store::bulk::bulk;
use crate::store::{Result, Row, Session, Tx, Value, statements};

macro_rules! sees_campaign {
    () => {
        concat!(
            "(c.authority_id = $2 \
              OR EXISTS (SELECT 1 FROM user_regions r JOIN organisations a ON a.organisation_id = c.authority_id \
                         WHERE r.user_id = $1 AND a.region LIKE r.prefix || '%') \
              OR EXISTS (SELECT 1 FROM tasks t WHERE t.campaign_id = c.campaign_id AND ",
            sees_task!(),
            "))"
        )
    };
}

statements! {
    /// Adds one.
    INSERT = "INSERT INTO campaigns (campaign_id, authority_id, code, name, created_at) VALUES ($1, $2, $3, $4, $5)";
    /// Gives it another name.
    UPDATE = "UPDATE campaigns SET name = $2 WHERE campaign_id = $1";
    /// Any by id, for the server itself.
    FIND = "SELECT * FROM campaigns WHERE campaign_id = $1";
    /// By its number, under an authority.
    FIND_BY_CODE = "SELECT * FROM campaigns WHERE authority_id = $1 AND code = $2";
    /// One that the caller sees.
    FIND_SEEN = concat!("SELECT c.* FROM campaigns c WHERE c.campaign_id = $3 AND ", sees_campaign!());
    /// Those that the caller sees, a page.
    LIST_SEEN = concat!("SELECT c.* FROM campaigns c WHERE c.campaign_id > $3 AND ", sees_campaign!(),
        " ORDER BY c.campaign_id LIMIT $4");
    /// Those that the caller sees, newest first.
    LIST_NEWEST = concat!("SELECT c.* FROM campaigns c WHERE ", sees_campaign!(),
        " ORDER BY c.created_at DESC, c.campaign_id DESC LIMIT $3");
}

bulk! {
    /// Those of these that the caller sees.
    LIST_NAMED = (concat!("SELECT c.* FROM campaigns c WHERE ", sees_campaign!(), " AND c.campaign_id IN ("), 2, 1, ")");
}

/// A campaign: within one, a body enters an enterprise once (一次任务进一次门).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Campaign {
    /// Its id.
    #[schema(value_type = String)]
    pub campaign_id: CampaignId,
    /// 组织抽查部门.
    #[schema(value_type = String)]
    pub authority_id: OrganisationId,
    /// Number of the plan.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Since when, milliseconds.
    pub created_at_ms: Millis,
}

fn campaign(row: &Row) -> Result<Campaign> {
    Ok(Campaign {
        campaign_id: row.get("campaign_id")?,
        authority_id: row.get("authority_id")?,
        code: row.get("code")?,
        name: row.get("name")?,
        created_at_ms: row.get("created_at")?,
    })
}

/// Adds one.
pub async fn insert(tx: &mut Tx, row: &Campaign) -> Result<()> {
    let args = args![
        row.campaign_id,
        row.authority_id,
        &row.code,
        &row.name,
        row.created_at_ms
    ];
    tx.exec(&INSERT, args).await.map(drop)
}

/// Gives one another name.
pub async fn update_name(tx: &mut Tx, id: CampaignId, name: &str) -> Result<()> {
    tx.exec(&UPDATE, args![id, name]).await.map(drop)
}

/// Any by id.
pub async fn find(db: &mut Session, id: CampaignId) -> Result<Option<Campaign>> {
    db.optional(&FIND, args![id])
        .await?
        .as_ref()
        .map(campaign)
        .transpose()
}

/// By number.
pub async fn find_by_code(
    db: &mut Session,
    authority: OrganisationId,
    code: &str,
) -> Result<Option<Campaign>> {
    let row = db.optional(&FIND_BY_CODE, args![authority, code]).await?;
    row.as_ref().map(campaign).transpose()
}

/// One that the caller sees.
pub async fn find_seen(
    db: &mut Session,
    sight: &Sight,
    id: CampaignId,
) -> Result<Option<Campaign>> {
    let row = db
        .optional(&FIND_SEEN, args![sight.user, sight.organisation, id])
        .await?;
    row.as_ref().map(campaign).transpose()
}

/// Those that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    limit: u32,
) -> Result<Vec<Campaign>> {
    let args = args![sight.user, sight.organisation, after, limit];
    db.all(&LIST_SEEN, args)
        .await?
        .iter()
        .map(campaign)
        .collect()
}

/// Those that the caller sees, newest first.
pub async fn list_newest(db: &mut Session, sight: &Sight, limit: u32) -> Result<Vec<Campaign>> {
    let args = args![sight.user, sight.organisation, limit];
    db.all(&LIST_NEWEST, args)
        .await?
        .iter()
        .map(campaign)
        .collect()
}

/// Those of these that the caller sees, in no order.
pub async fn list_named(
    db: &mut Session,
    sight: &Sight,
    ids: impl IntoIterator<Item = CampaignId>,
) -> Result<Vec<Campaign>> {
    let fixed = args![sight.user, sight.organisation];
    let ids = ids.into_iter().map(Value::from);
    db.all_of(&LIST_NAMED, fixed, ids)
        .await?
        .iter()
        .map(campaign)
        .collect()
}
