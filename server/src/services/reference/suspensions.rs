//! Suspends bodies: everything that they sampled since is ruled again, and their phones are told.

use jiff::ToSpan;
use jiff::tz::Offset;
use sync_core::model::{Millis, OrganisationId};

use super::{Change, Work, authority, body, missing, name};
use crate::problem::Problem;
use crate::services::ruling;
use crate::store::access::organisations;
use crate::store::feed::Audience;
use crate::store::reference::lookups;
use crate::store::reference::suspensions::{self, Suspension};

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
    let decided = match decided_at {
        Some(text) => text.parse().map_err(|_| ()),
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
        return Ok((found, Change::Unchanged));
    }
    let row = Suspension {
        suspension_id: work.app.new_uuid(),
        body_id: of,
        authority_id: by,
        decided_at_ms,
        until_ms,
        reason,
        decided_by: work.caller.user,
    };
    suspensions::insert(&mut work.tx, &row).await?;
    let fact = lookups::organisation_fact(&mut work.tx, of).await?;
    let body = [Audience::Organisation(of)];
    work.publish("organisation", of, body, fact.as_ref())
        .await?;
    work.audit(
        "body.suspended",
        format!("organisation:{of}"),
        serde_json::json!({ "until_ms": until_ms }),
    )
    .await?;
    ruling::mark_dirty_for_body(&mut work.tx, of, work.now).await?;
    Ok((row, Change::Created))
}
