//! Leases on doors (门锁): a team asks for one before it leaves the net, and gives it back. The server signs it, tells the
//! phones of the body, and rules again what stood at the door.

use sync_core::limits::{LEASE_GRACE_MS, LEASE_MS_MAX, LEASES_PER_DEVICE_MAX};
use sync_core::model::{EnterpriseId, LeaseId, Millis, TeamId};
use sync_core::proof::{LeasePayload, Signed};
use sync_core::sync::leases::LeaseRecord;

use super::{Change, Work, authority, missing};
use crate::access::Role;
use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::services::ruling;
use crate::store::access::devices;
use crate::store::feed::Audience;
use crate::store::reference::leases::{self, LAPSED, Lease, RELEASED, SUPERSEDED};
use crate::store::reference::{campaigns, enterprises, teams};

/// What is asked for; campaign and body are the team's.
pub struct NewLease {
    /// For which team.
    pub team: TeamId,
    /// Where.
    pub enterprise: EnterpriseId,
    /// For how long, milliseconds.
    pub duration_ms: i64,
}

/// Takes a door for a team. A team that holds it gets the lease that it has; a door that another team holds, or held until
/// less than the grace ago, is not given.
pub async fn take(work: &mut Work<'_>, new: NewLease) -> Result<(Lease, Change), Problem> {
    let device = work.caller.needed_device()?;
    if !(1..=LEASE_MS_MAX).contains(&new.duration_ms) {
        let detail = format!("is not between 1 and {}", LEASE_MS_MAX / 1_000);
        return Err(Problem::value("duration_s", detail));
    }
    let team = teams::find(&mut work.tx, new.team).await?;
    let team = team
        .filter(|team| team.members.contains(&work.caller.user))
        .ok_or_else(|| Problem::value("team_id", "is no team of yours"))?;
    let found = enterprises::find_seen(&mut work.tx, &work.caller.into(), new.enterprise).await?;
    let enterprise =
        found.ok_or_else(|| Problem::value("enterprise_id", "is no enterprise that you see"))?;
    let key = enterprises::resolve_key(&mut work.tx, &enterprise.key).await?;
    let open = leases::list_open(&mut work.tx, team.campaign_id, team.body_id, &key).await?;
    let own = |lease: &&Lease| lease.team_id == team.team_id;
    if let Some(same) = open.iter().filter(own).find(|it| it.holds_at(work.now)) {
        return Ok((same.clone(), Change::Unchanged));
    }
    for lease in &open {
        if !own(&lease) && !lease.is_free_at(work.now) {
            return Err(held(work, lease).await?);
        }
        leases::end(
            &mut work.tx,
            lease.lease_id,
            LAPSED,
            work.now,
            work.caller.user,
        )
        .await?;
    }
    let held_already = leases::count_of_device(&mut work.tx, device, work.now).await?;
    if held_already >= LEASES_PER_DEVICE_MAX {
        let detail = format!("a device holds {LEASES_PER_DEVICE_MAX} at most; give one back");
        return Err(Problem::new(Code::LeasesExceeded).detail(detail));
    }
    let payload = LeasePayload {
        lease_id: LeaseId(work.app.new_uuid()),
        campaign_id: team.campaign_id,
        body_id: team.body_id,
        enterprise: key,
        team_id: team.team_id,
        device_id: device,
        granted_at_ms: work.now,
        expires_at_ms: work.now + new.duration_ms,
    };
    let app = work.app;
    let signed = app.keys.sign(&payload);
    let row = row_of(payload, signed, work.caller.user);
    if !leases::insert(&mut work.tx, &row).await? {
        // The table has the last word: whoever asks again is told who was faster.
        return Err(Problem::new(Code::Overloaded).retry_after_s(1));
    }
    tell(work, &row).await?;
    let detail = serde_json::json!({ "team_id": row.team_id, "expires_at_ms": row.expires_at_ms });
    work.audit("lease.taken", format!("lease:{}", row.lease_id), detail)
        .await?;
    Ok((row, Change::Created))
}

/// Gives a lease back: somebody of the team that holds it, of its body, or of the authority of the campaign.
pub async fn release(work: &mut Work<'_>, id: LeaseId) -> Result<(Lease, Change), Problem> {
    let found = leases::find(&mut work.tx, id).await?;
    let found = found.ok_or_else(missing)?;
    let roster = teams::roster(&mut work.tx, found.team_id).await?;
    let of_body =
        work.caller.organisation == found.body_id && work.caller.has(Role::InspectionBody);
    if !roster.contains(&work.caller.user) && !of_body {
        let campaign = campaigns::find(&mut work.tx, found.campaign_id).await?;
        let campaign = campaign.ok_or_else(missing)?;
        let may = work.caller.has(Role::Authority) || work.caller.has(Role::Admin);
        let acts = authority(&mut work.tx, work.caller, campaign.authority_id).await;
        acts.ok().filter(|_| may).ok_or_else(missing)?;
    }
    let ended = leases::end(&mut work.tx, id, RELEASED, work.now, work.caller.user).await?;
    let row = leases::find(&mut work.tx, id).await?;
    let row = row.ok_or_else(missing)?;
    if !ended {
        return Ok((row, Change::Unchanged));
    }
    tell(work, &row).await?;
    work.audit(
        "lease.released",
        format!("lease:{id}"),
        serde_json::json!({ "team_id": row.team_id }),
    )
    .await?;
    Ok((row, Change::Updated))
}

/// Takes back a lease that this server gave and no longer knows (a restore); whether it is known now. Of two on one door
/// the one that was given earlier stays, whichever is known first; the other is over from now on, and what was entered by
/// it until then is judged by both.
pub async fn take_back(
    work: &mut Work<'_>,
    payload: LeasePayload,
    signed: Signed<LeasePayload>,
    released_at: Option<Millis>,
) -> Result<bool, Problem> {
    let roster = teams::roster(&mut work.tx, payload.team_id).await?;
    // Nobody signs that a lease was given back: only its own team can say so.
    let released_at = released_at
        .filter(|_| roster.contains(&work.caller.user))
        .map(|at| at.clamp(payload.granted_at_ms, work.now.max(payload.granted_at_ms)));
    if let Some(found) = leases::find(&mut work.tx, payload.lease_id).await? {
        if let Some(at) = released_at
            && leases::end(&mut work.tx, found.lease_id, RELEASED, at, work.caller.user).await?
        {
            let row = leases::find(&mut work.tx, found.lease_id).await?;
            tell(work, &row.ok_or_else(missing)?).await?;
        }
        return Ok(true);
    }
    let device = devices::find(&mut work.tx, payload.device_id).await?;
    let (Some(device), true, true) = (
        device,
        teams::find(&mut work.tx, payload.team_id).await?.is_some(),
        campaigns::find(&mut work.tx, payload.campaign_id)
            .await?
            .is_some(),
    ) else {
        return Ok(false);
    };
    let (campaign, body) = (payload.campaign_id, payload.body_id);
    let key = enterprises::resolve_key(&mut work.tx, &payload.enterprise).await?;
    let mut row = row_of(payload, signed, device.user);
    if let Some(at) = released_at {
        (row.ending, row.ended_at_ms) = (Some(RELEASED.to_owned()), Some(at));
    } else if row.is_free_at(work.now) {
        (row.ending, row.ended_at_ms) = (Some(LAPSED.to_owned()), Some(work.now));
    }
    if row.ending.is_none() {
        let order = |lease: &Lease| (lease.granted_at_ms, lease.lease_id);
        for other in leases::list_open(&mut work.tx, campaign, body, &key).await? {
            if order(&other) < order(&row) && !other.is_free_at(work.now) {
                (row.ending, row.ended_at_ms) = (Some(SUPERSEDED.to_owned()), Some(work.now));
                continue;
            }
            let ending = match other.is_free_at(work.now) {
                true => LAPSED,
                false => SUPERSEDED,
            };
            leases::end(&mut work.tx, other.lease_id, ending, work.now, device.user).await?;
            let other = leases::find(&mut work.tx, other.lease_id).await?;
            tell(work, &other.ok_or_else(missing)?).await?;
        }
    }
    let put = match row.ending {
        Some(_) => {
            leases::insert_ended(&mut work.tx, &row).await?;
            true
        }
        None => leases::insert(&mut work.tx, &row).await?,
    };
    if put {
        tell(work, &row).await?;
        let detail = serde_json::json!({ "team_id": row.team_id, "ending": row.ending });
        work.audit(
            "lease.taken_back",
            format!("lease:{}", row.lease_id),
            detail,
        )
        .await?;
    }
    Ok(put)
}

fn row_of(
    payload: LeasePayload,
    signed: Signed<LeasePayload>,
    taken_by: sync_core::model::UserId,
) -> Lease {
    Lease {
        lease_id: payload.lease_id,
        campaign_id: payload.campaign_id,
        body_id: payload.body_id,
        enterprise_key: payload.enterprise,
        team_id: payload.team_id,
        device_id: payload.device_id,
        taken_by,
        granted_at_ms: payload.granted_at_ms,
        expires_at_ms: payload.expires_at_ms,
        free_at_ms: payload.expires_at_ms + LEASE_GRACE_MS,
        ending: None,
        ended_at_ms: None,
        signed,
    }
}

/// The phones of the body hear of it, the other teams' as a warning; what stood at the door is ruled again.
async fn tell(work: &mut Work<'_>, row: &Lease) -> Result<(), Problem> {
    let record = LeaseRecord {
        lease_id: row.lease_id,
        signed: row.signed.clone(),
        released_at_ms: row.released_at_ms(),
    };
    let body = [Audience::Organisation(row.body_id)];
    work.publish("lease", row.lease_id, body, Some(&record))
        .await?;
    let key = enterprises::resolve_key(&mut work.tx, &row.enterprise_key).await?;
    ruling::mark_dirty_for_enterprise(&mut work.tx, &key, work.now).await?;
    Ok(())
}

/// Who holds it is named to those who see the team.
async fn held(work: &mut Work<'_>, lease: &Lease) -> Result<Problem, Problem> {
    let (until, free) = (rfc3339(lease.expires_at_ms), rfc3339(lease.free_at_ms));
    let detail = format!("it holds until {until}; not given back, it is free from {free}");
    let problem = Problem::new(Code::LeaseHeld)
        .detail(detail)
        .field("expires_at", until)
        .field("free_at", free);
    let seen = teams::find_seen(&mut work.tx, &work.caller.into(), lease.team_id).await?;
    Ok(match seen {
        Some(team) => problem
            .field("team_id", team.team_id.to_string())
            .field("team", team.name),
        None => problem,
    })
}
