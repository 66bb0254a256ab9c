//! Details of tasks that leave the house (不得提前通知): the list of tasks as a file, which is noted against whoever takes it before
//! it is given out, and what an enterprise was found to have been told. NOTICE judges by both.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sync_core::limits::{TASK_DISCLOSURES_RULED_MAX, TASKS_EXPORTED_MAX};
use sync_core::model::{
    CampaignId, EnterpriseId, Millis, OrganisationId, SamplingKind, TaskId, UserId,
};
use sync_core::wording::{Worded, in_list};

use super::{Change, Work, missing, name};
use crate::access::Principal;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::services::audit;
use crate::services::spreadsheet::{self, harmless};
use crate::store::Session;
use crate::store::access::{organisations, users};
use crate::store::reference::disclosures::{self, Disclosure};
use crate::store::reference::tasks::{self, Task};
use crate::store::reference::{campaigns, enterprises};

/// What the columns are called.
const HEADINGS: [&str; 12] = [
    "序号",
    "任务批次",
    "任务编号",
    "产品",
    "抽样类别",
    "计划文号",
    "批次数",
    "行政区划",
    "受检单位",
    "承检机构",
    "状态",
    "截止日期",
];

/// The tasks that the caller sees, as a file for spreadsheets. That they took it is noted first: a file that was given out
/// without a note could not be told from none.
pub async fn export(app: &App, caller: &Principal) -> Result<Vec<u8>, Problem> {
    let mut db = app.store.read().await?;
    let sight = caller.into();
    let tasks = tasks::list_seen(&mut db, &sight, "", TASKS_EXPORTED_MAX + 1).await?;
    if u32::try_from(tasks.len()).is_ok_and(|count| count > TASKS_EXPORTED_MAX) {
        let detail = format!("there are more than {TASKS_EXPORTED_MAX} tasks");
        return Err(Problem::new(Code::ExportTooLong).detail(detail));
    }
    let mut names = Names::default();
    let mut rows = Vec::with_capacity(tasks.len());
    for (number, task) in (1..).zip(&tasks) {
        rows.push(names.cells(&mut db, number, task).await?);
    }
    drop(db);
    let file = spreadsheet::file(HEADINGS, rows.into_iter())?;
    let (now, by) = (app.now(), caller.user);
    let mut tx = app.store.begin_beside().await?;
    let exported = tasks.iter().map(|task| (app.new_uuid(), task.task_id));
    disclosures::insert_exports(&mut tx, exported, by, "tasks.csv", now).await?;
    let detail = serde_json::json!({ "rows": tasks.len() });
    let subject = "tasks:all".to_owned();
    audit::record(app, &mut tx, caller, "tasks.exported", subject, detail).await?;
    tx.commit().await?;
    Ok(file)
}

/// What ids are called, each looked up once.
#[derive(Default)]
struct Names {
    campaigns: HashMap<CampaignId, String>,
    enterprises: HashMap<EnterpriseId, String>,
    bodies: HashMap<OrganisationId, String>,
}

impl Names {
    async fn cells(
        &mut self,
        db: &mut Session,
        number: usize,
        task: &Task,
    ) -> Result<[String; HEADINGS.len()], Problem> {
        let mut targets = Vec::new();
        for id in &task.enterprises {
            if let Entry::Vacant(place) = self.enterprises.entry(*id) {
                let found = enterprises::find(db, *id).await?;
                place.insert(found.map_or_else(|| id.to_string(), |it| it.name));
            }
            targets.extend(self.enterprises.get(id).cloned());
        }
        let campaign = task.campaign_id;
        if let Entry::Vacant(place) = self.campaigns.entry(campaign) {
            let found = campaigns::find(db, campaign).await?;
            place.insert(found.map_or_else(|| campaign.to_string(), |it| it.code));
        }
        if let Some(body) = task.body_id
            && let Entry::Vacant(place) = self.bodies.entry(body)
        {
            let found = organisations::find(db, body).await?;
            place.insert(found.map_or_else(|| body.to_string(), |it| it.name));
        }
        let body = task.body_id.and_then(|body| self.bodies.get(&body));
        let called = |list: &str, word: &str| {
            in_list(list, word).map_or_else(|| word.to_owned(), |words| words.zh.to_owned())
        };
        Ok([
            number.to_string(),
            harmless(self.campaigns.get(&campaign).map_or("", String::as_str)),
            harmless(&task.code),
            harmless(&task.product_name),
            called(SamplingKind::LIST, &task.sampling_kind),
            harmless(task.plan_no.as_deref().unwrap_or_default()),
            task.quota_batches.to_string(),
            task.regions.join("、"),
            harmless(&targets.join("、")),
            harmless(body.map_or("", String::as_str)),
            called("task_state", &task.state),
            task.due_on.clone().unwrap_or_default(),
        ])
    }
}

/// Notes that an enterprise heard of a task, and rules the task's visits again. The same again changes nothing.
pub async fn report(
    work: &mut Work<'_>,
    task: TaskId,
    enterprise: EnterpriseId,
    at_ms: Millis,
    by: Option<UserId>,
    detail: &str,
) -> Result<(Disclosure, Change), Problem> {
    let sight = work.caller.into();
    let task = tasks::find_seen(&mut work.tx, &sight, task).await?;
    let task = task.ok_or_else(missing)?;
    let found = enterprises::find_seen(&mut work.tx, &sight, enterprise).await?;
    let unseen = || Problem::value("enterprise_id", "is no enterprise that you see");
    let enterprise = found.ok_or_else(unseen)?;
    if at_ms > work.now {
        return Err(Problem::value("told_at", "lies in the future"));
    }
    if let Some(user) = by
        && users::find(&mut work.tx, user).await?.is_none()
    {
        return Err(Problem::value("user_id", "is nobody who is known here"));
    }
    let row = Disclosure {
        disclosure_id: work.app.new_uuid(),
        task_id: task.task_id,
        how: "told".to_owned(),
        enterprise: Some(enterprises::resolve_key(&mut work.tx, &enterprise.key).await?),
        user_id: by,
        at_ms,
        detail: name("detail", detail)?,
        noted_by: work.caller.user,
        noted_at_ms: work.now,
    };
    if let Some(key) = &row.enterprise
        && let Some(known) =
            disclosures::find_told(&mut work.tx, row.task_id, key, row.at_ms).await?
    {
        let same = (known.user_id, &known.detail) == (row.user_id, &row.detail);
        return match same {
            true => Ok((known, Change::Unchanged)),
            false => Err(Problem::new(Code::Conflict)
                .field("told_at", "is when it was told already, in other words")),
        };
    }
    disclosures::insert(&mut work.tx, &row).await?;
    let subject = format!("task:{}", row.task_id);
    let detail = serde_json::json!({
        "enterprise": row.enterprise, "told_at_ms": row.at_ms, "user_id": row.user_id,
    });
    work.audit("task.disclosed", subject, detail).await?;
    work.rule_task_again(row.task_id).await?;
    Ok((row, Change::Created))
}

/// Those of a task that the caller sees, as far as rules look at them: the earliest first.
pub async fn list(app: &App, caller: &Principal, task: TaskId) -> Result<Vec<Disclosure>, Problem> {
    let mut db = app.store.read().await?;
    let seen = tasks::find_seen(&mut db, &caller.into(), task).await?;
    let task = seen.ok_or_else(missing)?;
    Ok(disclosures::list_of_task(&mut db, task.task_id, TASK_DISCLOSURES_RULED_MAX).await?)
}
