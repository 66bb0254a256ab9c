//! `/console/teams`: teams (抽样组) of inspection bodies, formed from their own people for one campaign, and their rosters.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync_core::model::{CampaignId, OrganisationId, TeamId, UserId};
use sync_core::proof::Role;

use super::{
    campaigns_named, campaigns_of, name_in, named, organisations_named, organisations_of, reading,
};
use crate::access::OrganisationKind;
use crate::app::App;
use crate::console::desk::Desk;
use crate::console::sheets::{
    At, Choice, ROWS, Sheet, checks, choices, form, kept, link, needed, number, select, text, time,
};
use crate::console::{on_to, shown};
use crate::extract::{Form, Path, Query};
use crate::problem::{Code, Problem};
use crate::services::reference::{Work, teams};
use crate::services::wanted::Wanted;
use crate::store::Session;
use crate::store::access::{organisations, users};
use crate::store::reference::teams::{self as stored, Team};

const HERE: &str = "/console/teams";
const NEW: &str = "/console/teams/new";
/// Who forms teams here: those who read who the people of a body are.
const MAKERS: &[Role] = &[Role::Admin, Role::InspectionBody];

/// `GET /console/teams`.
pub async fn show(
    State(app): State<App>,
    desk: Desk,
    Query(at): Query<At>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(&app).await?;
    let sight = (&desk.principal).into();
    let rows = stored::list_seen(&mut db, &sight, &at.after, ROWS + 1).await?;
    let of = rows.iter().map(|row| row.campaign_id).collect();
    let campaigns = campaigns_named(&mut db, &desk, of).await?;
    let of = rows.iter().map(|row| row.body_id).collect();
    let bodies = organisations_named(&mut db, &desk, of).await?;
    let (of_campaigns, of_bodies) = (named(&campaigns), named(&bodies));
    let id = |row: &Team| row.team_id.to_string();
    let heads = vec![w.name, w.body, w.campaign, w.team_members, w.since];
    let page = Sheet::new(&desk, w.teams).with_heads(heads, w.teams_none);
    let mut page = page.with_rows(HERE, rows, id, |row| {
        vec![
            link(row.name, format!("{HERE}/{}", row.team_id)),
            name_in(&of_bodies, row.body_id),
            name_in(&of_campaigns, row.campaign_id),
            number(i64::try_from(row.members.len()).unwrap_or(i64::MAX)),
            time(language, Some(row.created_at_ms)),
        ]
    });
    if desk.principal.has_any(MAKERS) {
        let campaigns = campaigns_of(&mut db, &desk).await?;
        let bodies = Some(OrganisationKind::InspectionBody);
        let bodies = organisations_of(&mut db, &desk, bodies).await?;
        let fields = vec![
            needed("name", w.name),
            select("campaign", w.campaign, choices(campaigns, "")),
            select("body", w.body, choices(bodies, "")),
        ];
        page.offers(form(w.team_make, NEW, fields), None);
    }
    shown(&page)
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub struct Typed {
    name: String,
    campaign: CampaignId,
    body: OrganisationId,
}

/// `POST /console/teams/new`: a team without anybody, whose people are chosen next; one that is there keeps its people.
pub async fn make(
    State(app): State<App>,
    desk: Desk,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let mut work = Work::begin(&app, &desk.principal).await?;
    let known = stored::find_by_name(&mut work.tx, typed.campaign, typed.body, typed.name.trim());
    let new = teams::NewTeam {
        members: known.await?.map(|team| team.members).unwrap_or_default(),
        body: typed.body,
        campaign: typed.campaign,
        name: typed.name,
    };
    let (team, _) = teams::put(&mut work, new).await?;
    work.commit().await?;
    Ok(on_to(&format!("{HERE}/{}", team.team_id)))
}

/// The people of a body who may be chosen: those who are active, and whoever is on the roster.
async fn people_of(db: &mut Session, team: &Team) -> Result<Vec<Choice>, Problem> {
    let mut people = Vec::new();
    for user in users::list_of_organisation(db, team.body_id).await? {
        let Some(person) = users::find(db, user).await? else {
            continue;
        };
        let chosen = team.members.contains(&user);
        if person.active || chosen {
            people.push(Choice {
                value: user.to_string(),
                text: format!("{} ({})", person.display_name, person.username),
                chosen,
            });
        }
    }
    Ok(people)
}

/// `GET /console/teams/{id}`.
pub async fn one(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<TeamId>,
) -> Result<Response, Problem> {
    let (w, language) = (desk.w(), desk.language());
    let mut db = reading(&app).await?;
    let team = stored::find_seen(&mut db, &(&desk.principal).into(), id).await?;
    let team = team.ok_or(Problem::new(Code::NotFound))?;
    let body = organisations::find(&mut db, team.body_id).await?;
    let campaigns = campaigns_named(&mut db, &desk, vec![team.campaign_id]).await?;
    let campaign = team.campaign_id.to_string();
    let campaign = named(&campaigns).get(campaign.as_str()).copied();
    let mut page = Sheet::new(&desk, team.name.clone());
    page.facts = vec![
        (
            w.body.to_owned(),
            text(body.as_ref().map_or("", |it| it.name.as_str())),
        ),
        (w.campaign.to_owned(), text(campaign.unwrap_or_default())),
        (w.since.to_owned(), time(language, Some(team.created_at_ms))),
    ];
    page.heads = vec![w.person];
    page.empty = w.team_nobody;
    for user in &team.members {
        let person = users::find(&mut db, *user).await?;
        let name = person.map_or_else(|| user.to_string(), |it| it.display_name);
        page.rows.push(vec![text(name)]);
    }
    let region = body.map(|it| it.region).unwrap_or_default();
    if desk.principal.has_any(MAKERS) && teams::may_form(&desk.principal, team.body_id, &region) {
        let people = people_of(&mut db, &team).await?;
        let before: Vec<String> = team.members.iter().map(ToString::to_string).collect();
        let people = checks("members", w.team_members, people).with_hint(w.team_members_hint);
        let mut roster = form(
            w.team_save,
            format!("{HERE}/{id}/members"),
            vec![kept("shown", before.join(" ")), people],
        );
        roster.open = true;
        page.forms.push(roster);
    }
    shown(&page)
}

/// `POST /console/teams/{id}/members`: whoever was ticked or unticked on the page joins or leaves.
pub async fn choose(
    State(app): State<App>,
    desk: Desk,
    Path(id): Path<TeamId>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let members = Wanted::Ticked {
        shown: people(&typed, "shown")?,
        ticked: people(&typed, "members")?,
    };
    let mut work = Work::begin(&app, &desk.principal).await?;
    teams::update_roster(&mut work, id, &members).await?;
    work.commit().await?;
    Ok(on_to(&format!("{HERE}/{id}")))
}

/// The people whom fields of a form name, one or several in each.
fn people(typed: &[(String, String)], field: &str) -> Result<BTreeSet<UserId>, Problem> {
    let named = typed.iter().filter(|(name, _)| name == field);
    named
        .flat_map(|(_, ids)| ids.split_ascii_whitespace())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| Problem::value("members", "names nobody"))
}
