//! Leases on doors (门锁), each with the exact bytes that the server signed. Of one door at most one is open; the table's
//! own index says so.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::limits::LEASE_GRACE_MS;
use sync_core::model::{
    CampaignId, DeviceId, EnterpriseKey, Interval, LeaseId, Millis, OrganisationId, TeamId, UserId,
};
use sync_core::proof::{LeasePayload, Signed};
use sync_core::rules::LeaseFact;
use utoipa::ToSchema;

use super::{Sight, enterprises, json, to_json};
use crate::args;
use crate::store::{Result, Row, Session, Tx, statements};

statements! {
    /// Any lease of a body in a campaign.
    FIND_ANY = "SELECT lease_id FROM leases WHERE campaign_id = $1 AND body_id = $2 LIMIT 1";
    /// Adds one, unless the door has an open one.
    INSERT = "INSERT INTO leases (lease_id, campaign_id, body_id, enterprise_key, team_id, device_id, taken_by, granted_at, \
        expires_at, signed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
        ON CONFLICT (campaign_id, body_id, enterprise_key) WHERE ended_at IS NULL DO NOTHING";
    /// Adds one that is over.
    INSERT_ENDED = "INSERT INTO leases (lease_id, campaign_id, body_id, enterprise_key, team_id, device_id, taken_by, \
        granted_at, expires_at, signed, ending, ended_at, ended_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $7)";
    /// One by its id.
    FIND = "SELECT * FROM leases WHERE lease_id = $1";
    /// The open one of a door by one of its keys.
    FIND_OPEN = "SELECT * FROM leases WHERE campaign_id = $1 AND body_id = $2 AND enterprise_key = $3 AND ended_at IS NULL";
    /// Ends an open one.
    END = "UPDATE leases SET ending = $2, ended_at = $3, ended_by = $4 WHERE lease_id = $1 AND ended_at IS NULL";
    /// How many a device holds.
    COUNT_OF_DEVICE = "SELECT COUNT(*) AS held FROM leases WHERE device_id = $1 AND ended_at IS NULL AND expires_at >= $2";
    /// Those of a door by one of its keys that held at some time within an interval.
    LIST_OF_DOOR = "SELECT * FROM leases WHERE enterprise_key = $1 AND campaign_id = $2 AND body_id = $3 \
        AND granted_at <= $5 AND expires_at >= $4 ORDER BY lease_id";
    /// Those that the caller sees, a page: of their teams, of their body, of their authority's campaigns, or of a campaign
    /// in their regions.
    LIST_SEEN = "SELECT l.* FROM leases l JOIN campaigns c ON c.campaign_id = l.campaign_id \
        JOIN organisations a ON a.organisation_id = c.authority_id WHERE l.lease_id > $3 \
        AND (l.body_id = $2 OR c.authority_id = $2 \
          OR EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = l.team_id AND m.user_id = $1) \
          OR EXISTS (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND a.region LIKE r.prefix || '%')) \
        ORDER BY l.lease_id LIMIT $4";
}

/// How a lease ended before or after its time.
pub const RELEASED: &str = "released";
/// Its time and the grace were over when somebody took the door anew.
pub const LAPSED: &str = "lapsed";

/// A lease on the same door that was given earlier came back after a restore.
pub const SUPERSEDED: &str = "superseded";

/// A door that one team holds for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lease {
    /// Its id.
    #[schema(value_type = String)]
    pub lease_id: LeaseId,
    /// In which campaign.
    #[schema(value_type = String)]
    pub campaign_id: CampaignId,
    /// 承检机构.
    #[schema(value_type = String)]
    pub body_id: OrganisationId,
    /// Key of the enterprise.
    #[schema(value_type = String)]
    pub enterprise_key: EnterpriseKey,
    /// 抽样组 that holds it.
    #[schema(value_type = String)]
    pub team_id: TeamId,
    /// The device that asked for it.
    #[schema(value_type = String)]
    pub device_id: DeviceId,
    /// Who asked for it.
    #[schema(value_type = String)]
    pub taken_by: UserId,
    /// From when it holds, milliseconds.
    pub granted_at_ms: Millis,
    /// The last instant at which it holds, milliseconds.
    pub expires_at_ms: Millis,
    /// Before then no other team gets the door unless it is given back, milliseconds.
    pub free_at_ms: Millis,
    /// `released`, `lapsed` or `superseded`; none while it is open.
    pub ending: Option<String>,
    /// When it ended, milliseconds.
    pub ended_at_ms: Option<Millis>,
    /// What the server signed: payload, key and signature.
    #[schema(value_type = Object)]
    pub signed: Signed<LeasePayload>,
}

impl Lease {
    /// When it ended before its time: given back, or because an earlier one came to light.
    pub fn released_at_ms(&self) -> Option<Millis> {
        self.ended_at_ms
            .filter(|_| matches!(self.ending.as_deref(), Some(RELEASED | SUPERSEDED)))
    }

    /// Open, and within its time.
    pub fn holds_at(&self, now: Millis) -> bool {
        self.ended_at_ms.is_none() && now <= self.expires_at_ms
    }

    /// Whether the door goes to another team now.
    pub fn is_free_at(&self, now: Millis) -> bool {
        self.ended_at_ms.is_some() || now >= self.free_at_ms
    }
}

fn lease(row: &Row) -> Result<Lease> {
    let expires_at_ms: Millis = row.get("expires_at")?;
    Ok(Lease {
        lease_id: row.get("lease_id")?,
        campaign_id: row.get("campaign_id")?,
        body_id: row.get("body_id")?,
        enterprise_key: row.get("enterprise_key")?,
        team_id: row.get("team_id")?,
        device_id: row.get("device_id")?,
        taken_by: row.get("taken_by")?,
        granted_at_ms: row.get("granted_at")?,
        expires_at_ms,
        free_at_ms: expires_at_ms + LEASE_GRACE_MS,
        ending: row.get("ending")?,
        ended_at_ms: row.get("ended_at")?,
        signed: json(row, "signed")?,
    })
}

/// Adds one; false where the door has an open one.
pub async fn insert(tx: &mut Tx, row: &Lease) -> Result<bool> {
    let columns = args![
        row.lease_id,
        row.campaign_id,
        row.body_id,
        &row.enterprise_key,
        row.team_id,
        row.device_id,
        row.taken_by,
        row.granted_at_ms,
        row.expires_at_ms,
        to_json(&row.signed)
    ];
    Ok(tx.exec(&INSERT, columns).await? == 1)
}

/// Adds one that is over.
pub async fn insert_ended(tx: &mut Tx, row: &Lease) -> Result<()> {
    let columns = args![
        row.lease_id,
        row.campaign_id,
        row.body_id,
        &row.enterprise_key,
        row.team_id,
        row.device_id,
        row.taken_by,
        row.granted_at_ms,
        row.expires_at_ms,
        to_json(&row.signed),
        row.ending.clone(),
        row.ended_at_ms
    ];
    tx.exec(&INSERT_ENDED, columns).await.map(drop)
}

/// One by its id.
pub async fn find(db: &mut Session, id: LeaseId) -> Result<Option<Lease>> {
    let found = db.optional(&FIND, args![id]).await?;
    found.as_ref().map(lease).transpose()
}

/// The open ones of a door: one, or several where enterprises were merged whose doors were held.
pub async fn list_open(
    db: &mut Session,
    campaign: CampaignId,
    body: OrganisationId,
    enterprise: &EnterpriseKey,
) -> Result<Vec<Lease>> {
    let mut open = Vec::new();
    for key in enterprises::keys_of(db, enterprise).await? {
        let found = db.optional(&FIND_OPEN, args![campaign, body, &key]).await?;
        open.extend(found.as_ref().map(lease).transpose()?);
    }
    Ok(open)
}

/// Ends an open one; false where it had ended.
pub async fn end(tx: &mut Tx, id: LeaseId, ending: &str, now: Millis, by: UserId) -> Result<bool> {
    Ok(tx.exec(&END, args![id, ending, now, by]).await? == 1)
}

/// How many a device holds.
pub async fn count_of_device(db: &mut Session, device: DeviceId, now: Millis) -> Result<i64> {
    let row = db.one(&COUNT_OF_DEVICE, args![device, now]).await?;
    row.get("held")
}

/// Whether a body ever took a door of a campaign.
pub async fn has_any(db: &mut Session, campaign: CampaignId, body: OrganisationId) -> Result<bool> {
    let row = db.optional(&FIND_ANY, args![campaign, body]).await?;
    Ok(row.is_some())
}

/// What held a door at some time within an interval, as rules take it, under whichever key the enterprise had then.
pub async fn facts_of_door(
    db: &mut Session,
    campaign: CampaignId,
    body: OrganisationId,
    enterprise: &EnterpriseKey,
    within: Interval,
) -> Result<BTreeMap<LeaseId, LeaseFact>> {
    let mut facts = BTreeMap::new();
    for key in enterprises::keys_of(db, enterprise).await? {
        let args = args![&key, campaign, body, within.lo, within.hi];
        for row in db.all(&LIST_OF_DOOR, args).await? {
            let row = lease(&row)?;
            let signed = row.signed.read_unverified();
            let Ok(signed) = signed else {
                tracing::error!(lease = %row.lease_id, "a stored lease cannot be read");
                continue;
            };
            let valid = signed.valid(row.released_at_ms());
            if valid.overlaps(&within) {
                let fact = LeaseFact {
                    campaign_id: campaign,
                    body_id: body,
                    enterprise: enterprise.clone(),
                    team_id: row.team_id,
                    valid,
                };
                facts.insert(row.lease_id, fact);
            }
        }
    }
    Ok(facts)
}

/// Those that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    limit: u32,
) -> Result<Vec<Lease>> {
    let args = args![sight.user, sight.organisation, after, limit];
    db.all(&LIST_SEEN, args).await?.iter().map(lease).collect()
}
