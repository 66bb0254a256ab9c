//! Declares recusals (回避): the visits of the body at the enterprise are ruled again, and the body's phones are told:
//! it holds for whatever team of the body goes there.

use sync_core::model::{EnterpriseId, TaskId, UserId};

use super::{Change, Work, missing, name};
use crate::problem::{Code, Problem};
use crate::services::ruling;
use crate::store::access::users;
use crate::store::feed::Audience;
use crate::store::reference::recusals::{self, Recusal};
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
    };
    let declared = recusals::list_of_task(&mut work.tx, task.task_id).await?;
    let told = |other: &Recusal| (other.body_id, other.user_id, other.enterprise_key.clone());
    if let Some(same) = declared.into_iter().find(|other| told(other) == told(&row)) {
        return Ok((same, Change::Unchanged));
    }
    recusals::insert(&mut work.tx, &row).await?;
    let audience = [Audience::Organisation(body)];
    work.publish("recusal", row.recusal_id, audience, Some(&row))
        .await?;
    work.audit(
        "task.recused",
        format!("task:{}", task.task_id),
        serde_json::json!({ "recusal_id": row.recusal_id }),
    )
    .await?;
    ruling::mark_dirty_for_enterprise(&mut work.tx, &row.enterprise_key, work.now).await?;
    Ok((row, Change::Created))
}
