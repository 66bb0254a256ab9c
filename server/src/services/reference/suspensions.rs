//! Suspends bodies and lifts suspensions: everything that they sampled since is ruled again, and their phones are told.

use jiff::ToSpan;
use jiff::tz::Offset;
use sync_core::model::{Millis, OrganisationId};

use super::{Change, Work, authority, body, missing, name};
use crate::problem::Problem;
use crate::services::ruling;
use crate::store::access::organisations;
use crate::store::feed::Audience;
use crate::store::reference::lifts::{self, Lift};
use crate::store::reference::lookups;
use crate::store::reference::suspensions::{self, Suspension};
use uuid::Uuid;

/// A year after a decision, to the instant, by the civil calendar of Asia/Shanghai.
fn a_year_after(decided: jiff::Timestamp) -> Option<Millis> {
    let zoned = decided.to_zoned(Offset::constant(8).to_time_zone());
    let until = zoned.checked_add(1.year()).ok()?;
    Some(until.timestamp().as_millisecond())
}

/// Suspends a body (暂停承检资格) for one year from the decision (SUSPEND). The same again changes nothing.
pub async fn suspend(
    work: &mut Work<'_>,
    of: OrganisationId,
    by: OrganisationId,
    decided_at: Option<&str>,
    reason: &str,
) -> Result<(Suspension, Change), Problem> {
    let seen = organisations::find_seen(&mut work.tx, work.caller, of).await?;
    if seen.is_none() && !suspensions::has_work(&mut work.tx, of, by).await? {
        return Err(missing());
    }
    body(&mut work.tx, of).await?;
    authority(&mut work.tx, work.caller, by).await?;
    let reason = name("reason", reason)?;
    let standing = suspensions::find_newest(&mut work.tx, of, by).await?;
    let decided = match decided_at {
        Some(text) => text.parse().map_err(|_| ()),
        // Sent again without an instant it is the one that was decided, and no second one a moment later.
        None if standing.as_ref().is_some_and(|it| {
            it.until_ms > work.now && it.reason == reason && Lift::standing(&it.lifts).is_none()
        }) =>
        {
            let standing = standing.ok_or_else(missing)?;
            return Ok((standing, Change::Unchanged));
        }
        None => jiff::Timestamp::from_millisecond(work.now).map_err(|_| ()),
    };
    let decided: jiff::Timestamp =
        decided.map_err(|()| Problem::value("decided_at", "is no RFC 3339 time"))?;
    let decided_at_ms = decided.as_millisecond();
    if decided_at_ms > work.now {
        return Err(Problem::value("decided_at", "lies in the future"));
    }
    let until_ms =
        a_year_after(decided).ok_or_else(|| Problem::value("decided_at", "is no RFC 3339 time"))?;
    if let Some(found) = suspensions::find(&mut work.tx, of, by, decided_at_ms).await? {
        if Lift::standing(&found.lifts).is_none() {
            return Ok((found, Change::Unchanged));
        }
        // Lifted, and decided again: the lift is undone, and both stay to be seen.
        let id = found.suspension_id;
        lifts::undo(&mut work.tx, id, work.caller.user, work.now, &reason).await?;
        let detail = serde_json::json!({ "suspension_id": id, "until_ms": found.until_ms });
        changed(work, of, "body.suspended", detail).await?;
        let again = suspensions::find_by_id(&mut work.tx, id).await?;
        return Ok((again.ok_or_else(missing)?, Change::Updated));
    }
    let row = Suspension {
        suspension_id: work.app.new_uuid(),
        body_id: of,
        authority_id: by,
        decided_at_ms,
        until_ms,
        reason,
        decided_by: work.caller.user,
        lifts: Vec::new(),
    };
    suspensions::insert(&mut work.tx, &row).await?;
    let detail = serde_json::json!({ "suspension_id": row.suspension_id, "until_ms": until_ms });
    changed(work, of, "body.suspended", detail).await?;
    Ok((row, Change::Created))
}

/// Lifts a suspension: from an instant on (解除), or as if it had never been decided (撤销). Lifted already, it changes
/// nothing; it is decided anew by suspending the body once more at the same instant.
pub async fn lift(
    work: &mut Work<'_>,
    id: Uuid,
    from: Option<&str>,
    reason: &str,
) -> Result<(Suspension, Change), Problem> {
    let found = suspensions::find_by_id(&mut work.tx, id).await?;
    let found = found.ok_or_else(missing)?;
    authority(&mut work.tx, work.caller, found.authority_id)
        .await
        .map_err(|_| missing())?;
    let reason = name("reason", reason)?;
    let from_ms = match from {
        Some(text) => {
            let from: jiff::Timestamp = text
                .parse()
                .map_err(|_| Problem::value("from", "is no RFC 3339 time"))?;
            Some(from.as_millisecond())
        }
        None => None,
    };
    if from_ms.is_some_and(|from| from < found.decided_at_ms || from > found.until_ms) {
        let detail = "lies outside the suspension";
        return Err(Problem::value("from", detail));
    }
    if Lift::standing(&found.lifts).is_some() {
        return Ok((found, Change::Unchanged));
    }
    let lift = lifts::new(
        work.app.new_uuid(),
        from_ms,
        reason,
        work.caller.user,
        work.now,
    );
    lifts::insert(&mut work.tx, id, &lift).await?;
    let detail =
        serde_json::json!({ "suspension_id": id, "lift_id": lift.lift_id, "from_ms": from_ms });
    changed(work, found.body_id, "body.suspension_lifted", detail).await?;
    let lifted = suspensions::find_by_id(&mut work.tx, id).await?;
    Ok((lifted.ok_or_else(missing)?, Change::Created))
}

/// What a body sampled is ruled again, its phones are told, and the act leaves a trail.
async fn changed(
    work: &mut Work<'_>,
    of: OrganisationId,
    act: &str,
    detail: serde_json::Value,
) -> Result<(), Problem> {
    let fact = lookups::organisation_fact(&mut work.tx, of).await?;
    let body = [Audience::Organisation(of)];
    work.publish("organisation", of, body, fact.as_ref())
        .await?;
    work.audit(act, format!("organisation:{of}"), detail)
        .await?;
    ruling::mark_dirty_for_body(&mut work.tx, of, work.now).await?;
    Ok(())
}
