//! Campaigns: made by authorities, told apart by the number of their plan.

use sync_core::model::{CampaignId, OrganisationId};

use super::{Change, Work, authority, name};
use crate::problem::Problem;
use crate::store::reference::campaigns::{self, Campaign};
use crate::store::reference::teams;

/// What a campaign is to be.
pub struct NewCampaign {
    /// 组织抽查部门.
    pub authority: OrganisationId,
    /// Number of the plan.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Makes one, or gives the one of that number another name.
pub async fn put(work: &mut Work<'_>, new: NewCampaign) -> Result<(Campaign, Change), Problem> {
    let (code, title) = (name("code", &new.code)?, name("name", &new.name)?);
    authority(&mut work.tx, work.caller, new.authority).await?;
    let found = campaigns::find_by_code(&mut work.tx, new.authority, &code).await?;
    let (row, change) = match found {
        Some(row) if row.name == title => return Ok((row, Change::Unchanged)),
        Some(mut row) => {
            campaigns::update_name(&mut work.tx, row.campaign_id, &title).await?;
            row.name = title;
            (row, Change::Updated)
        }
        None => {
            let row = Campaign {
                campaign_id: CampaignId(work.app.new_uuid()),
                authority_id: new.authority,
                code,
                name: title,
                created_at_ms: work.now,
            };
            campaigns::insert(&mut work.tx, &row).await?;
            (row, Change::Created)
        }
    };
    let audiences = teams::list_of_campaign(&mut work.tx, row.campaign_id).await?;
    work.publish("campaign", row.campaign_id, audiences, Some(&row))
        .await?;
    let detail = serde_json::json!({ "code": row.code });
    work.audit(
        "campaign.put",
        format!("campaign:{}", row.campaign_id),
        detail,
    )
    .await?;
    Ok((row, change))
}
