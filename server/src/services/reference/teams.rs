//! Teams: formed by inspection bodies from their own people, for one campaign.

use std::collections::BTreeSet;

use sync_core::model::{CampaignId, OrganisationId, TeamId, UserId};

use super::{Change, Work, body, missing, name};
use crate::access::{Principal, Role};
use crate::problem::{Code, Problem};
use crate::services::wanted::Wanted;
use crate::store::access::users;
use crate::store::feed::{self, Audience};
use crate::store::reference::teams::{self, Team};
use crate::store::reference::{campaigns, tasks};

/// What a team is to be.
pub struct NewTeam {
    /// 承检机构.
    pub body: OrganisationId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its name.
    pub name: String,
    /// The roster.
    pub members: BTreeSet<UserId>,
}

/// A body forms its own teams; an administrator or authority those of the bodies in its regions.
pub fn may_form(caller: &Principal, body: OrganisationId, region: &str) -> bool {
    let own = caller.organisation == body && caller.has(Role::InspectionBody);
    own || caller.sees_region(region)
}

fn check_forms(caller: &Principal, body: OrganisationId, region: &str) -> Result<(), Problem> {
    if may_form(caller, body, region) {
        Ok(())
    } else {
        Err(Problem::new(Code::ScopeForbidden).field("body_id", "is not yours"))
    }
}

/// Makes one, or gives the one of that name this roster.
pub async fn put(work: &mut Work<'_>, new: NewTeam) -> Result<(Team, Change), Problem> {
    let title = name("name", &new.name)?;
    let organisation = body(&mut work.tx, new.body).await?;
    check_forms(work.caller, new.body, &organisation.region)?;
    if campaigns::find(&mut work.tx, new.campaign).await?.is_none() {
        return Err(Problem::value("campaign_id", "is no campaign"));
    }
    let found = teams::find_by_name(&mut work.tx, new.campaign, new.body, &title).await?;
    let (row, change) = match found {
        Some(row) => (row, Change::Updated),
        None => {
            let row = Team {
                team_id: TeamId(work.app.new_uuid()),
                body_id: new.body,
                campaign_id: new.campaign,
                name: title,
                members: BTreeSet::new(),
                created_at_ms: work.now,
            };
            teams::insert(&mut work.tx, &row).await?;
            (row, Change::Created)
        }
    };
    let changed = set_members(work, &row, &new.members).await?;
    let change = if change == Change::Created || changed {
        change
    } else {
        Change::Unchanged
    };
    Ok((
        Team {
            members: new.members,
            ..row
        },
        change,
    ))
}

/// Gives a team this roster, or takes people in and out; whoever somebody else took in while the caller ticked stays.
pub async fn update_roster(
    work: &mut Work<'_>,
    id: TeamId,
    members: &Wanted<UserId>,
) -> Result<Team, Problem> {
    let row = teams::find_seen(&mut work.tx, &work.caller.into(), id)
        .await?
        .ok_or_else(missing)?;
    let organisation = body(&mut work.tx, row.body_id).await?;
    check_forms(work.caller, row.body_id, &organisation.region)?;
    let members = members.applied_to(row.members.clone());
    set_members(work, &row, &members).await?;
    Ok(Team { members, ..row })
}

async fn set_members(
    work: &mut Work<'_>,
    row: &Team,
    members: &BTreeSet<UserId>,
) -> Result<bool, Problem> {
    for user in members {
        let known = users::find(&mut work.tx, *user).await?;
        if known.is_none_or(|known| known.organisation != row.body_id) {
            return Err(Problem::value(
                "members",
                "holds somebody who is not of this body",
            ));
        }
    }
    let joined: Vec<_> = members.difference(&row.members).copied().collect();
    let left: Vec<_> = row.members.difference(members).copied().collect();
    if joined.is_empty() && left.is_empty() {
        return Ok(false);
    }
    for user in &left {
        teams::delete_member(&mut work.tx, row.team_id, *user).await?;
        let gone = [Audience::User(*user)];
        work.publish::<Team>("team", row.team_id, gone, None)
            .await?;
    }
    for user in &joined {
        teams::insert_member(&mut work.tx, row.team_id, *user).await?;
    }
    let now = Team {
        members: members.clone(),
        ..row.clone()
    };
    let team = [Audience::Team(row.team_id)];
    work.publish("team", row.team_id, team, Some(&now)).await?;
    for user in &left {
        work.withdraw_index_of_team(row.team_id, *user).await?;
    }
    for task in tasks::list_of_team(&mut work.tx, row.team_id).await? {
        for user in &left {
            work.withdraw_task(&task, &Audience::User(*user)).await?;
        }
        for user in &joined {
            work.deliver_task(&task, &Audience::User(*user)).await?;
        }
        work.rule_task_again(task.task_id).await?;
    }
    let detail = serde_json::json!({ "joined": joined, "left": left });
    work.audit("team.roster", format!("team:{}", row.team_id), detail)
        .await?;
    // These take the feed's counter, so they come after everything else that may wait.
    for user in left {
        feed::leave_team(&mut work.tx, user, row.team_id, work.now).await?;
    }
    for user in joined {
        feed::join_team(&mut work.tx, user, row.team_id, work.now).await?;
    }
    Ok(true)
}
