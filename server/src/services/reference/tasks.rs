//! Tasks: draft → approved → assigned → … and cancelled. Nothing is overwritten without a trace: the rules ask who had a
//! task when.

use sync_core::model::{CampaignId, EnterpriseId, EnterpriseKey, OrganisationId, TaskId, TeamId};
use sync_core::rules::entry1::{Assignment, plan_collisions};

use super::{Change, Work, authority, body, day, missing, name, optional, region};
use crate::problem::{Code, Problem};
use crate::store::Session;
use crate::store::feed::Audience;
use crate::store::reference::tasks::{self, AtTarget, Clash, OPEN, Task};
use crate::store::reference::{Sight, campaigns, enterprises, samples, teams};

/// Kinds of sampling (domain.md §2).
pub(super) const SAMPLING_KINDS: [&str; 7] = [
    "routine",
    "special",
    "emergency",
    "tracking",
    "linked",
    "evaluative",
    "recheck",
];
/// Those in which somebody has it and may travel for it.
const HELD: [&str; 3] = ["assigned", "accepted", "in_progress"];

/// What a task is to be.
pub struct NewTask {
    /// Its campaign; the authority is the campaign's.
    pub campaign: CampaignId,
    /// Its number.
    pub code: String,
    /// Product kind in words.
    pub product_name: String,
    /// routine, special, …
    pub sampling_kind: String,
    /// The plan.
    pub plan_no: Option<String>,
    /// Batches.
    pub quota_batches: i64,
    /// GB/T 2260 codes.
    pub regions: Vec<String>,
    /// Target enterprises.
    pub enterprises: Vec<EnterpriseId>,
    /// ISO date.
    pub due_on: Option<String>,
}

/// Whether a task is late on a day of Asia/Shanghai (ISO): it is open, was due before, and sheets that count are missing.
pub async fn is_late(db: &mut Session, task: &Task, today: &str) -> Result<bool, Problem> {
    let past = task.due_on.as_deref().is_some_and(|due_on| due_on < today);
    if !past || !OPEN.contains(&task.state.as_str()) {
        return Ok(false);
    }
    Ok(samples::count_of_task(db, task.task_id).await? < task.quota_batches)
}

/// Late tasks that the caller sees, as many at most, those whose day passed last first; and how many there are.
pub async fn late(
    db: &mut Session,
    sight: &Sight,
    today: &str,
    rows_max: u32,
) -> Result<(Vec<Task>, i64), Problem> {
    let all = tasks::count_late(db, sight, today).await?;
    let first = tasks::list_late(db, sight, today, (today, ""), rows_max).await?;
    Ok((first, all))
}

/// Makes a draft. The same again changes nothing; another one under the same number is a conflict.
pub async fn put(work: &mut Work<'_>, new: NewTask) -> Result<(Task, Change), Problem> {
    let Some(campaign) = campaigns::find(&mut work.tx, new.campaign).await? else {
        return Err(Problem::value("campaign_id", "is no campaign that you see"));
    };
    authority(&mut work.tx, work.caller, campaign.authority_id)
        .await
        .map_err(|_| Problem::value("campaign_id", "is no campaign that you see"))?;
    if !SAMPLING_KINDS.contains(&new.sampling_kind.as_str()) {
        let detail = format!("is none of {}", SAMPLING_KINDS.join(", "));
        return Err(Problem::value("sampling_kind", detail));
    }
    if new.quota_batches < 1 {
        return Err(Problem::value("quota_batches", "is less than 1"));
    }
    let mut regions = Vec::new();
    for code in &new.regions {
        regions.push(region("regions", code)?.to_string());
    }
    for id in &new.enterprises {
        if enterprises::find(&mut work.tx, *id).await?.is_none() {
            return Err(Problem::value("enterprises", "holds one that is not known"));
        }
    }
    let product_name = name("product_name", &new.product_name)?;
    let mut targets = new.enterprises;
    targets.sort();
    targets.dedup();
    let row = Task {
        task_id: TaskId(work.app.new_uuid()),
        campaign_id: new.campaign,
        code: name("code", &new.code)?,
        authority_id: campaign.authority_id,
        product_kind: sync_core::model::normalise_text(&product_name),
        product_name,
        sampling_kind: new.sampling_kind,
        plan_no: optional("plan_no", new.plan_no.as_deref())?,
        quota_batches: new.quota_batches,
        regions,
        enterprises: targets,
        state: "draft".to_owned(),
        body_id: None,
        team_id: None,
        due_on: day("due_on", new.due_on.as_deref())?,
        approved_at_ms: None,
        cancelled_at_ms: None,
        changed_at_ms: work.now,
    };
    if let Some(found) = tasks::find_by_code(&mut work.tx, row.campaign_id, &row.code).await? {
        let same = Task {
            task_id: found.task_id,
            state: found.state.clone(),
            body_id: found.body_id,
            team_id: found.team_id,
            approved_at_ms: found.approved_at_ms,
            cancelled_at_ms: found.cancelled_at_ms,
            changed_at_ms: found.changed_at_ms,
            ..row
        };
        return if same == found {
            Ok((found, Change::Unchanged))
        } else {
            Err(Problem::new(Code::Conflict).field("code", "is taken by another task"))
        };
    }
    tasks::insert(&mut work.tx, &row).await?;
    record(work, &row, "created", None).await?;
    Ok((row, Change::Created))
}

async fn record(
    work: &mut Work<'_>,
    before: &Task,
    event: &str,
    reason: Option<String>,
) -> Result<(), Problem> {
    let (id, by) = (work.app.new_uuid(), work.caller.user);
    tasks::insert_event(&mut work.tx, id, before, work.now, event, by, reason).await?;
    let subject = format!("task:{}", before.task_id);
    work.audit(&format!("task.{event}"), subject, serde_json::json!({}))
        .await?;
    Ok(())
}

/// A task of an authority for which the caller acts.
async fn owned(work: &mut Work<'_>, id: TaskId) -> Result<Task, Problem> {
    let found = tasks::find_seen(&mut work.tx, &work.caller.into(), id).await?;
    let task = found.ok_or_else(missing)?;
    authority(&mut work.tx, work.caller, task.authority_id)
        .await
        .map_err(|_| Problem::new(Code::ScopeForbidden))?;
    Ok(task)
}

/// Puts it into the approved plan (PLAN). Approving twice changes nothing.
pub async fn approve(work: &mut Work<'_>, id: TaskId) -> Result<Task, Problem> {
    let before = owned(work, id).await?;
    if before.approved_at_ms.is_some() {
        return Ok(before);
    }
    if before.state != "draft" {
        return Err(Problem::new(Code::Conflict).detail(format!("the task is {}", before.state)));
    }
    let after = Task {
        state: "approved".to_owned(),
        approved_at_ms: Some(work.now),
        changed_at_ms: work.now,
        ..before.clone()
    };
    tasks::update(&mut work.tx, &after).await?;
    record(work, &before, "approved", None).await?;
    work.rule_task_again(id).await?;
    Ok(after)
}

/// Gives it to a body and, if it is known already, to a team of that body; until then everybody of the body has it. Whoever had it before keeps what was recorded:
/// the rules judge it. Says where the body would enter one enterprise in two campaigns (ENTRY1-PLAN).
pub async fn assign(
    work: &mut Work<'_>,
    id: TaskId,
    to: OrganisationId,
    team: Option<TeamId>,
    reason: Option<String>,
) -> Result<(Task, Vec<Clash>), Problem> {
    let before = owned(work, id).await?;
    if !OPEN.contains(&before.state.as_str()) {
        return Err(Problem::new(Code::Conflict).detail(format!("the task is {}", before.state)));
    }
    body(&mut work.tx, to).await?;
    if let Some(team) = team {
        let found = teams::find(&mut work.tx, team).await?;
        let fits = found
            .is_some_and(|found| found.body_id == to && found.campaign_id == before.campaign_id);
        if !fits {
            return Err(Problem::value(
                "team_id",
                "is no team of that body in that campaign",
            ));
        }
    }
    let clashes = clashes(work, &before, to).await?;
    if (before.body_id, before.team_id) == (Some(to), team) {
        return Ok((before, clashes));
    }
    let after = Task {
        state: "assigned".to_owned(),
        body_id: Some(to),
        team_id: team,
        changed_at_ms: work.now,
        ..before.clone()
    };
    tasks::update(&mut work.tx, &after).await?;
    let moved = before.body_id.is_some_and(|had| had != to);
    let event = if moved { "reassigned" } else { "assigned" };
    record(work, &before, event, optional("reason", reason.as_deref())?).await?;
    let holder = Audience::of_task(after.team_id, after.body_id);
    if let Some(had) = Audience::of_task(before.team_id, before.body_id)
        && Some(&had) != holder.as_ref()
    {
        work.withdraw_task(&after, &had).await?;
    }
    if let Some(holder) = holder {
        work.deliver_task(&after, &holder).await?;
    }
    work.rule_task_again(id).await?;
    Ok((after, clashes))
}

/// Where the body would enter one enterprise in two campaigns once it has this task, by the rule's own predicate.
async fn clashes(
    work: &mut Work<'_>,
    task: &Task,
    body: OrganisationId,
) -> Result<Vec<Clash>, Problem> {
    let there = tasks::list_at_targets(&mut work.tx, task, body).await?;
    let assignment = |task_id, campaign_id, enterprise: &EnterpriseKey, open| Assignment {
        task_id,
        campaign_id,
        body_id: body,
        enterprise: enterprise.clone(),
        open,
    };
    let mut assignments = Vec::new();
    for it in there.iter().filter(|it| it.task_id != task.task_id) {
        let open = HELD.contains(&it.state.as_str());
        let new = assignment(task.task_id, task.campaign_id, &it.enterprise, true);
        assignments.push(new);
        assignments.push(assignment(it.task_id, it.campaign_id, &it.enterprise, open));
    }
    let collisions = plan_collisions(&assignments);
    let collides = |it: &&AtTarget| {
        let mut here = collisions
            .iter()
            .filter(|found| found.enterprise == it.enterprise);
        it.campaign_id != task.campaign_id && here.any(|found| found.tasks.contains(&it.task_id))
    };
    let found = there.iter().filter(collides).map(|it| Clash {
        rule_id: "ENTRY1-PLAN".to_owned(),
        task_id: it.task_id,
        campaign_id: it.campaign_id,
        enterprise_id: it.enterprise_id,
    });
    Ok(found.collect())
}

/// Cancels it. Phones that are offline learn of it later; what they recorded needs a ruling.
pub async fn cancel(work: &mut Work<'_>, id: TaskId, reason: &str) -> Result<Task, Problem> {
    let before = owned(work, id).await?;
    if before.cancelled_at_ms.is_some() {
        return Ok(before);
    }
    let reason = name("reason", reason)?;
    let after = Task {
        state: "cancelled".to_owned(),
        cancelled_at_ms: Some(work.now),
        changed_at_ms: work.now,
        ..before.clone()
    };
    tasks::update(&mut work.tx, &after).await?;
    record(work, &before, "cancelled", Some(reason)).await?;
    if let Some(holder) = Audience::of_task(after.team_id, after.body_id) {
        work.publish_task(&after, &holder).await?;
        work.withdraw_index(id, &holder).await?;
    }
    work.rule_task_again(id).await?;
    Ok(after)
}
