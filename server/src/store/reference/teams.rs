//! Teams (抽样组) and their rosters.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::model::{CampaignId, Millis, OrganisationId, TeamId, UserId};
use utoipa::ToSchema;

use super::Sight;
use crate::args;
use crate::store::feed::Audience;
use crate::store::{Result, Row, Session, Tx, statements};

macro_rules! sees_team {
    () => {
        "(s.body_id = $2 OR EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = s.team_id AND m.user_id = $1) \
          OR EXISTS (SELECT 1 FROM campaigns c WHERE c.campaign_id = s.campaign_id AND c.authority_id = $2) \
          OR EXISTS (SELECT 1 FROM user_regions r, organisations b, campaigns c, organisations a \
                     WHERE r.user_id = $1 AND b.organisation_id = s.body_id AND c.campaign_id = s.campaign_id \
                       AND a.organisation_id = c.authority_id \
                       AND (b.region LIKE r.prefix || '%' OR a.region LIKE r.prefix || '%')))"
    };
}

statements! {
    /// Adds one.
    INSERT = "INSERT INTO teams (team_id, body_id, campaign_id, name, created_at) VALUES ($1, $2, $3, $4, $5)";
    /// Any by id, for the server itself.
    FIND = "SELECT * FROM teams WHERE team_id = $1";
    /// By name within a campaign and body.
    FIND_BY_NAME = "SELECT * FROM teams WHERE campaign_id = $1 AND body_id = $2 AND name = $3";
    /// One that the caller sees.
    FIND_SEEN = concat!("SELECT s.* FROM teams s WHERE s.team_id = $3 AND ", sees_team!());
    /// Those that the caller sees, a page.
    LIST_SEEN = concat!("SELECT s.* FROM teams s WHERE s.team_id > $3 AND ", sees_team!(), " ORDER BY s.team_id LIMIT $4");
    /// Those of a campaign that the caller sees, newest first.
    LIST_SEEN_OF_CAMPAIGN = concat!("SELECT s.* FROM teams s WHERE s.campaign_id = $3 AND ", sees_team!(),
        " ORDER BY s.created_at DESC, s.team_id DESC LIMIT $4");
    /// The roster.
    LIST_MEMBERS = "SELECT user_id FROM team_members WHERE team_id = $1 ORDER BY user_id";
    /// Joins.
    INSERT_MEMBER = "INSERT INTO team_members (team_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    /// Leaves.
    DELETE_MEMBER = "DELETE FROM team_members WHERE team_id = $1 AND user_id = $2";
    /// Teams of a campaign, and holders of its tasks.
    LIST_OF_CAMPAIGN = "SELECT s.team_id, s.body_id FROM teams s WHERE s.campaign_id = $1 \
        UNION SELECT t.team_id, t.body_id FROM tasks t WHERE t.campaign_id = $1 AND t.body_id IS NOT NULL ORDER BY 2, 1";
    /// Holders of tasks that name an enterprise or lie where it is.
    LIST_NEAR_ENTERPRISE = "SELECT DISTINCT t.team_id, t.body_id FROM tasks t WHERE t.body_id IS NOT NULL AND t.state <> 'cancelled' \
        AND (EXISTS (SELECT 1 FROM task_targets x WHERE x.task_id = t.task_id AND x.enterprise_id = $1) \
          OR EXISTS (SELECT 1 FROM task_regions g WHERE g.task_id = t.task_id AND $2 LIKE g.prefix || '%')) \
        ORDER BY t.body_id, t.team_id";
    /// Holders of tasks for a kind of product.
    LIST_OF_PRODUCT = "SELECT DISTINCT team_id, body_id FROM tasks WHERE product_kind = $1 AND body_id IS NOT NULL \
        AND state <> 'cancelled' ORDER BY body_id, team_id";
}

/// A team: the roster that works together in one campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Team {
    /// Its id.
    #[schema(value_type = String)]
    pub team_id: TeamId,
    /// 承检机构.
    #[schema(value_type = String)]
    pub body_id: OrganisationId,
    /// Its campaign.
    #[schema(value_type = String)]
    pub campaign_id: CampaignId,
    /// Its name.
    pub name: String,
    /// The roster.
    #[schema(value_type = Vec<String>)]
    pub members: BTreeSet<UserId>,
    /// Since when, milliseconds.
    pub created_at_ms: Millis,
}

async fn team(db: &mut Session, row: &Row) -> Result<Team> {
    let team_id = row.get("team_id")?;
    Ok(Team {
        team_id,
        body_id: row.get("body_id")?,
        campaign_id: row.get("campaign_id")?,
        name: row.get("name")?,
        members: roster(db, team_id).await?,
        created_at_ms: row.get("created_at")?,
    })
}

async fn teams(db: &mut Session, rows: &[Row]) -> Result<Vec<Team>> {
    let mut teams = Vec::with_capacity(rows.len());
    for row in rows {
        teams.push(team(db, row).await?);
    }
    Ok(teams)
}

/// The roster of a team; empty where there is no such team.
pub async fn roster(db: &mut Session, id: TeamId) -> Result<BTreeSet<UserId>> {
    db.all(&LIST_MEMBERS, args![id])
        .await?
        .iter()
        .map(|row| row.get("user_id"))
        .collect()
}

/// Adds one; members join by themselves.
pub async fn insert(tx: &mut Tx, row: &Team) -> Result<()> {
    let args = args![
        row.team_id,
        row.body_id,
        row.campaign_id,
        &row.name,
        row.created_at_ms
    ];
    tx.exec(&INSERT, args).await.map(drop)
}

/// Joins a roster.
pub async fn insert_member(tx: &mut Tx, team: TeamId, user: UserId) -> Result<()> {
    tx.exec(&INSERT_MEMBER, args![team, user]).await.map(drop)
}

/// Leaves a roster.
pub async fn delete_member(tx: &mut Tx, team: TeamId, user: UserId) -> Result<()> {
    tx.exec(&DELETE_MEMBER, args![team, user]).await.map(drop)
}

/// Any by id.
pub async fn find(db: &mut Session, id: TeamId) -> Result<Option<Team>> {
    match db.optional(&FIND, args![id]).await? {
        Some(row) => Ok(Some(team(db, &row).await?)),
        None => Ok(None),
    }
}

/// By name.
pub async fn find_by_name(
    db: &mut Session,
    campaign: CampaignId,
    body: OrganisationId,
    name: &str,
) -> Result<Option<Team>> {
    match db
        .optional(&FIND_BY_NAME, args![campaign, body, name])
        .await?
    {
        Some(row) => Ok(Some(team(db, &row).await?)),
        None => Ok(None),
    }
}

/// One that the caller sees.
pub async fn find_seen(db: &mut Session, sight: &Sight, id: TeamId) -> Result<Option<Team>> {
    match db
        .optional(&FIND_SEEN, args![sight.user, sight.organisation, id])
        .await?
    {
        Some(row) => Ok(Some(team(db, &row).await?)),
        None => Ok(None),
    }
}

/// Those that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    limit: u32,
) -> Result<Vec<Team>> {
    let args = args![sight.user, sight.organisation, after, limit];
    let rows = db.all(&LIST_SEEN, args).await?;
    teams(db, &rows).await
}

/// Those of a campaign that the caller sees, newest first.
pub async fn list_seen_of_campaign(
    db: &mut Session,
    sight: &Sight,
    campaign: CampaignId,
    limit: u32,
) -> Result<Vec<Team>> {
    let args = args![sight.user, sight.organisation, campaign, limit];
    let rows = db.all(&LIST_SEEN_OF_CAMPAIGN, args).await?;
    teams(db, &rows).await
}

/// Whoever works in a campaign: its teams, and the bodies that have tasks of it and no team for them yet.
pub async fn list_of_campaign(db: &mut Session, id: CampaignId) -> Result<Vec<Audience>> {
    holders(&db.all(&LIST_OF_CAMPAIGN, args![id]).await?)
}

/// Holders of tasks that name an enterprise or lie where it is.
pub async fn list_near_enterprise(
    db: &mut Session,
    row: &super::enterprises::Enterprise,
) -> Result<Vec<Audience>> {
    let rows = db
        .all(&LIST_NEAR_ENTERPRISE, args![row.enterprise_id, &row.region])
        .await?;
    holders(&rows)
}

/// Holders of tasks for a kind of product.
pub async fn list_of_product(db: &mut Session, kind: &str) -> Result<Vec<Audience>> {
    holders(&db.all(&LIST_OF_PRODUCT, args![kind]).await?)
}

/// Rows that name a team or, where there is none, a body.
pub(crate) fn holders(rows: &[Row]) -> Result<Vec<Audience>> {
    let mut holders = Vec::with_capacity(rows.len());
    for row in rows {
        holders.extend(Audience::of_task(row.get("team_id")?, row.get("body_id")?));
    }
    Ok(holders)
}
