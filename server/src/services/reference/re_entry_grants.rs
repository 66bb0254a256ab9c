//! Permits to walk in again: signed, sent to the body's phones (a team may be made after it), and what entered by it is ruled again.

use sync_core::model::{CampaignId, EnterpriseId, OrganisationId, ReEntryGrantId, UserId};
use sync_core::proof::{ReEntryGrantPayload, Signed};

use super::{Change, Work, authority, body, name};
use crate::problem::Problem;
use crate::services::ruling;
use crate::store::access::{organisations, users};
use crate::store::feed::Audience;
use crate::store::reference::re_entry_grants::{self, ReEntryGrant};
use crate::store::reference::{campaigns, enterprises};

/// What a permission is to say.
pub struct NewReEntryGrant {
    /// In which campaign; the authority is the campaign's.
    pub campaign: CampaignId,
    /// 承检机构.
    pub body: OrganisationId,
    /// Where.
    pub enterprise: EnterpriseId,
    /// Why.
    pub reason: String,
    /// Until when, RFC 3339.
    pub expires_at: String,
}

/// Permits a body to enter an enterprise once more in a campaign (补样、复入许可, ENTRY1). The same again changes nothing.
pub async fn grant(
    work: &mut Work<'_>,
    new: NewReEntryGrant,
) -> Result<(ReEntryGrant, Change), Problem> {
    let campaign = campaigns::find_seen(&mut work.tx, &work.caller.into(), new.campaign).await?;
    let unseen = || Problem::value("campaign_id", "is no campaign that you see");
    let campaign = campaign.ok_or_else(unseen)?;
    authority(&mut work.tx, work.caller, campaign.authority_id)
        .await
        .map_err(|_| unseen())?;
    body(&mut work.tx, new.body).await?;
    let found = enterprises::find_seen(&mut work.tx, &work.caller.into(), new.enterprise).await?;
    let enterprise =
        found.ok_or_else(|| Problem::value("enterprise_id", "is no enterprise that you see"))?;
    let expires = new.expires_at.parse::<jiff::Timestamp>();
    let expires = expires.map_err(|_| Problem::value("expires_at", "is no RFC 3339 time"))?;
    if expires.as_millisecond() <= work.now {
        return Err(Problem::value("expires_at", "is past"));
    }
    let payload = ReEntryGrantPayload {
        grant_id: ReEntryGrantId(work.app.new_uuid()),
        campaign_id: new.campaign,
        body_id: new.body,
        enterprise: enterprises::resolve_key(&mut work.tx, &enterprise.key).await?,
        granted_at_ms: work.now,
        expires_at_ms: expires.as_millisecond(),
    };
    let app = work.app;
    let signed = app.keys.sign(&payload);
    let row = ReEntryGrant {
        grant_id: payload.grant_id,
        campaign_id: payload.campaign_id,
        body_id: payload.body_id,
        enterprise_key: payload.enterprise,
        reason: name("reason", &new.reason)?,
        granted_by: work.caller.user,
        granted_at_ms: payload.granted_at_ms,
        expires_at_ms: payload.expires_at_ms,
        signed,
    };
    if let Some(same) = re_entry_grants::find_same(&mut work.tx, &row).await? {
        return Ok((same, Change::Unchanged));
    }
    put(work, &row, "re_entry.granted").await?;
    Ok((row, Change::Created))
}

async fn put(work: &mut Work<'_>, row: &ReEntryGrant, act: &str) -> Result<(), Problem> {
    re_entry_grants::insert(&mut work.tx, row).await?;
    let body = [Audience::Organisation(row.body_id)];
    work.publish("re_entry_grant", row.grant_id, body, Some(row))
        .await?;
    let subject = format!("re_entry_grant:{}", row.grant_id);
    let detail = serde_json::json!({ "expires_at_ms": row.expires_at_ms });
    work.audit(act, subject, detail).await?;
    ruling::mark_dirty_for_enterprise(&mut work.tx, &row.enterprise_key, work.now).await?;
    Ok(())
}

/// Takes back a permission that this server gave and no longer knows (a restore); whether it is known now. Why and by whom
/// it was given is what the phone was told: nobody signed that.
pub async fn take_back(
    work: &mut Work<'_>,
    payload: ReEntryGrantPayload,
    signed: Signed<ReEntryGrantPayload>,
    reason: &str,
    granted_by: UserId,
) -> Result<bool, Problem> {
    if re_entry_grants::find(&mut work.tx, payload.grant_id)
        .await?
        .is_some()
    {
        return Ok(true);
    }
    let (campaign, body) = (payload.campaign_id, payload.body_id);
    if campaigns::find(&mut work.tx, campaign).await?.is_none()
        || organisations::find(&mut work.tx, body).await?.is_none()
        || users::find(&mut work.tx, granted_by).await?.is_none()
    {
        return Ok(false);
    }
    let row = ReEntryGrant {
        grant_id: payload.grant_id,
        campaign_id: campaign,
        body_id: body,
        enterprise_key: payload.enterprise,
        reason: name("reason", reason)?,
        granted_by,
        granted_at_ms: payload.granted_at_ms,
        expires_at_ms: payload.expires_at_ms,
        signed,
    };
    put(work, &row, "re_entry.taken_back").await?;
    Ok(true)
}
