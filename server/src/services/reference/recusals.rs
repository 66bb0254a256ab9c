//! Declares and lifts recusals (回避): the visits of the body at the enterprise are ruled again, and the body's phones
//! are told: it holds for whatever team of the body goes there.

use sync_core::model::{EnterpriseId, TaskId, UserId};
use uuid::Uuid;

use super::{Change, Work, authority, missing, name};
use crate::access::Principal;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::services::ruling;
use crate::store::access::users;
use crate::store::feed::Audience;
use crate::store::reference::lifts::{self, Lift};
use crate::store::reference::recusals::{self, Recusal};
use crate::store::reference::tasks::Task;
use crate::store::reference::{enterprises, tasks};

/// Declares one, for a person or the whole body that has the task (RECUSE). The same again changes nothing.
pub async fn declare(
    work: &mut Work<'_>,
    task: TaskId,
    enterprise: EnterpriseId,
    user: Option<UserId>,
    reason: &str,
) -> Result<(Recusal, Change), Problem> {
    let sight = work.caller.into();
    let task = tasks::find_seen(&mut work.tx, &sight, task).await?;
    let task = task.ok_or_else(missing)?;
    let Some(body) = task.body_id else {
        return Err(Problem::new(Code::Conflict).detail("the task is given to nobody"));
    };
    let found = enterprises::find_seen(&mut work.tx, &sight, enterprise).await?;
    let Some(enterprise) = found else {
        return Err(Problem::value(
            "enterprise_id",
            "is no enterprise that you see",
        ));
    };
    if let Some(user) = user {
        let person = users::find(&mut work.tx, user).await?;
        if person.is_none_or(|person| person.organisation != body) {
            return Err(Problem::value(
                "user_id",
                "is nobody of the body that has the task",
            ));
        }
    }
    let row = Recusal {
        recusal_id: work.app.new_uuid(),
        task_id: task.task_id,
        body_id: body,
        user_id: user,
        enterprise_key: enterprises::resolve_key(&mut work.tx, &enterprise.key).await?,
        reason: name("reason", reason)?,
        declared_by: work.caller.user,
        declared_at_ms: work.now,
        lifts: Vec::new(),
    };
    let declared = recusals::list_of_task(&mut work.tx, task.task_id).await?;
    let told = |other: &Recusal| (other.body_id, other.user_id, other.enterprise_key.clone());
    if let Some(same) = declared.into_iter().find(|other| told(other) == told(&row)) {
        if Lift::standing(&same.lifts).is_none() {
            return Ok((same, Change::Unchanged));
        }
        // Lifted, and declared again: the lift is undone, and both stay to be seen.
        let id = same.recusal_id;
        lifts::undo(&mut work.tx, id, work.caller.user, work.now, &row.reason).await?;
        let again = recusals::find(&mut work.tx, id).await?;
        let again = again.ok_or_else(missing)?;
        changed(work, &task, &again, "task.recused").await?;
        return Ok((again, Change::Updated));
    }
    recusals::insert(&mut work.tx, &row).await?;
    changed(work, &task, &row, "task.recused").await?;
    Ok((row, Change::Created))
}

/// Those of a task that the caller sees.
pub async fn list(app: &App, caller: &Principal, task: TaskId) -> Result<Vec<Recusal>, Problem> {
    let mut db = app.store.read().await?;
    let seen = tasks::find_seen(&mut db, &caller.into(), task).await?;
    let task = seen.ok_or_else(missing)?;
    Ok(recusals::list_of_task(&mut db, task.task_id).await?)
}

/// Lifts one: the authority of the task holds that there is no conflict of interest. Whoever declared it cannot.
pub async fn lift(
    work: &mut Work<'_>,
    id: Uuid,
    reason: &str,
) -> Result<(Recusal, Change), Problem> {
    let found = recusals::find(&mut work.tx, id).await?;
    let found = found.ok_or_else(missing)?;
    let task = tasks::find_seen(&mut work.tx, &work.caller.into(), found.task_id).await?;
    let task = task.ok_or_else(missing)?;
    authority(&mut work.tx, work.caller, task.authority_id)
        .await
        .map_err(|_| missing())?;
    let reason = name("reason", reason)?;
    if Lift::standing(&found.lifts).is_some() {
        return Ok((found, Change::Unchanged));
    }
    let lift = lifts::new(
        work.app.new_uuid(),
        None,
        reason,
        work.caller.user,
        work.now,
    );
    lifts::insert(&mut work.tx, id, &lift).await?;
    let lifted = recusals::find(&mut work.tx, id).await?;
    let lifted = lifted.ok_or_else(missing)?;
    changed(work, &task, &lifted, "task.recusal_lifted").await?;
    Ok((lifted, Change::Created))
}

/// The visits concerned are ruled again, the team is told, and the act leaves a trail.
async fn changed(
    work: &mut Work<'_>,
    task: &Task,
    row: &Recusal,
    act: &str,
) -> Result<(), Problem> {
    let audience = [Audience::Organisation(row.body_id)];
    let told = Lift::standing(&row.lifts).is_none().then_some(row);
    work.publish("recusal", row.recusal_id, audience, told)
        .await?;
    let detail = serde_json::json!({ "recusal_id": row.recusal_id });
    work.audit(act, format!("task:{}", task.task_id), detail)
        .await?;
    let key = enterprises::resolve_key(&mut work.tx, &row.enterprise_key).await?;
    ruling::mark_dirty_for_enterprise(&mut work.tx, &key, work.now).await?;
    Ok(())
}
