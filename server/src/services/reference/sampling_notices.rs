//! 监督抽查通知书: issued by an authority for one enterprise, known to the phones of the body, and what NOTICE holds against what was
//! shown at the gate.

use std::collections::BTreeSet;

use sync_core::model::{CampaignId, EnterpriseId, OrganisationId, SamplingNotice, TaskId, UserId};

use super::{Change, Work, authority, body, name};
use crate::problem::{Code, Problem};
use crate::services::ruling;
use crate::store::access::users;
use crate::store::feed::Audience;
use crate::store::reference::sampling_notices::{self, NoticeRow};
use crate::store::reference::{campaigns, enterprises, tasks};

/// What a notice is to say.
pub struct NewNotice {
    /// 编号
    pub notice_no: String,
    /// In which campaign; the authority is the campaign's.
    pub campaign: CampaignId,
    /// 承检机构
    pub body: OrganisationId,
    /// 受检单位
    pub enterprise: EnterpriseId,
    /// 抽查产品
    pub tasks: BTreeSet<TaskId>,
    /// 抽样人员; none where it names nobody.
    pub samplers: BTreeSet<UserId>,
    /// First day.
    pub valid_from: String,
    /// Last day.
    pub valid_until: String,
}

/// Issues one. The same again changes nothing; another one under a number that is taken is refused.
pub async fn issue(work: &mut Work<'_>, new: NewNotice) -> Result<(NoticeRow, Change), Problem> {
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
    for id in &new.tasks {
        let task = tasks::find(&mut work.tx, *id).await?;
        if task.is_none_or(|task| task.campaign_id != new.campaign) {
            return Err(Problem::value("tasks", "one is no task of the campaign"));
        }
    }
    for id in &new.samplers {
        let user = users::find(&mut work.tx, *id).await?;
        if user.is_none_or(|user| user.organisation != new.body) {
            return Err(Problem::value("samplers", "one is nobody of the body"));
        }
    }
    let row = NoticeRow {
        notice_id: work.app.new_uuid(),
        notice_no: name("notice_no", &new.notice_no)?,
        authority_id: campaign.authority_id,
        campaign_id: new.campaign,
        body_id: new.body,
        enterprise: enterprises::resolve_key(&mut work.tx, &enterprise.key).await?,
        tasks: new.tasks,
        samplers: new.samplers,
        valid_from: new.valid_from,
        valid_until: new.valid_until,
        issued_by: work.caller.user,
        issued_at_ms: work.now,
    };
    if let Some(fault) = row.notice().faults().first() {
        let told = sync_core::model::ToldFault::of(&fault.key("notice"));
        return Err(Problem::value(told.path, told.en));
    }
    let key = SamplingNotice::number_key(&row.notice_no);
    let known = sampling_notices::find_by_number(&mut work.tx, row.authority_id, &key).await?;
    if let Some(known) = known {
        let same = known.notice() == row.notice()
            && (known.campaign_id, known.body_id) == (row.campaign_id, row.body_id);
        return match same {
            true => Ok((known, Change::Unchanged)),
            false => Err(Problem::new(Code::Conflict).field("notice_no", "is another notice's")),
        };
    }
    sampling_notices::insert(&mut work.tx, &row).await?;
    let phones = [Audience::Organisation(row.body_id)];
    work.publish("sampling_notice", row.notice_id, phones, Some(&row))
        .await?;
    let subject = format!("sampling_notice:{}", row.notice_id);
    let detail = serde_json::json!({ "notice_no": row.notice_no });
    work.audit("notice.issued", subject, detail).await?;
    let (campaign, body) = (row.campaign_id, row.body_id);
    let shown = sampling_notices::list_documents(&mut work.tx, campaign, body).await?;
    ruling::mark_documents(&mut work.tx, &shown, work.now).await?;
    Ok((row, Change::Created))
}
