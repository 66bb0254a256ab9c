//! Leases (门锁) on a phone: what came down, believed only by the server's signature, and what it says at a door before
//! anybody walks in. The phone warns and forbids nothing; who stood there by right is ruled later, by ENTRY1.

use serde::{Deserialize, Serialize};

use super::doctor::Words;
use crate::model::{Interval, LeaseId, Millis, TeamId, TimeClaim, shanghai_minute};
use crate::proof::{LeasePayload, Signed};
use crate::rules::LeaseFact;

/// A lease as it comes down the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRecord {
    /// Its id.
    pub lease_id: LeaseId,
    /// What the server signed.
    pub signed: Signed<LeasePayload>,
    /// When it was given back, milliseconds. Unsigned: it only ever shortens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at_ms: Option<Millis>,
}

/// What a phone can say of a door, by the leases that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DoorState {
    /// No lease that is known here holds it.
    Free,
    /// The own team holds it, and this phone can claim a time within the lease.
    Held {
        /// By which lease.
        lease_id: LeaseId,
        /// Until when, milliseconds.
        until_ms: Millis,
    },
    /// The own team holds it as far as the clock on the wall tells, but an arrival now could not claim so: the phone was
    /// switched off since it last had the server's time, or the lease begins or ends just now.
    HeldUnproven {
        /// By which lease.
        lease_id: LeaseId,
        /// Until when, milliseconds.
        until_ms: Millis,
    },
    /// The own team held it, and no longer does.
    Ended {
        /// By which lease.
        lease_id: LeaseId,
        /// Until when, milliseconds.
        until_ms: Millis,
    },
    /// Another team holds it, or may still hold it.
    HeldElsewhere {
        /// By which lease.
        lease_id: LeaseId,
        /// By which team.
        team_id: TeamId,
        /// Until when, milliseconds.
        until_ms: Millis,
    },
}

impl DoorState {
    /// What `leases` (all of one door) say to a team now.
    pub fn at<'l>(
        leases: impl IntoIterator<Item = (LeaseId, &'l LeaseFact)>,
        team: Option<TeamId>,
        now: &TimeClaim,
    ) -> Self {
        let claimed = now.claimed();
        let wall = Interval {
            lo: now.wall_ms,
            hi: now.wall_ms,
        };
        // The later lease speaks where several do.
        let mut leases: Vec<_> = leases.into_iter().collect();
        leases.sort_by_key(|(id, lease)| (-lease.valid.hi, *id));
        let (own, others): (Vec<_>, Vec<_>) = leases
            .into_iter()
            .partition(|(_, lease)| Some(lease.team_id) == team);
        let proven = |lease: &LeaseFact| claimed.is_some_and(|at| lease.valid.contains(&at));
        let possible = |lease: &LeaseFact| lease.valid.overlaps(&claimed.unwrap_or(wall));
        if let Some((lease_id, lease)) = own.iter().find(|(_, lease)| proven(lease)) {
            return Self::Held {
                lease_id: *lease_id,
                until_ms: lease.valid.hi,
            };
        }
        if let Some((lease_id, lease)) = others.iter().find(|(_, lease)| possible(lease)) {
            return Self::HeldElsewhere {
                lease_id: *lease_id,
                team_id: lease.team_id,
                until_ms: lease.valid.hi,
            };
        }
        match own.first() {
            Some((lease_id, lease)) => {
                let (lease_id, until_ms) = (*lease_id, lease.valid.hi);
                match possible(lease) {
                    true => Self::HeldUnproven { lease_id, until_ms },
                    false => Self::Ended { lease_id, until_ms },
                }
            }
            None => Self::Free,
        }
    }

    /// The stable name, as `held_elsewhere`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Held { .. } => "held",
            Self::HeldUnproven { .. } => "held_unproven",
            Self::Ended { .. } => "ended",
            Self::HeldElsewhere { .. } => "held_elsewhere",
        }
    }

    /// Whether somebody should think twice before walking in.
    pub fn needs_attention(&self) -> bool {
        !matches!(self, Self::Free | Self::Held { .. })
    }

    /// In words.
    pub fn words(&self) -> Words {
        let (zh, en) = match self {
            Self::Free => (
                "没有组领取这家企业的门锁".to_owned(),
                "no lease is held on this door".to_owned(),
            ),
            Self::Held { until_ms, .. } => {
                let until = shanghai_minute(*until_ms);
                (
                    format!("门锁由本组持有，有效至 {until}"),
                    format!("held by your team until {until}"),
                )
            }
            Self::HeldUnproven { until_ms, .. } => {
                let until = shanghai_minute(*until_ms);
                (
                    format!("门锁由本组领取至 {until}，但本机现在不能证明时间；请先联网同步"),
                    format!(
                        "taken by your team until {until}, but this phone cannot show what time it is: sync first"
                    ),
                )
            }
            Self::Ended { until_ms, .. } => {
                let until = shanghai_minute(*until_ms);
                (
                    format!("本组的门锁已于 {until} 失效；请联网重新领取"),
                    format!("your team's lease ended at {until}: take it again online"),
                )
            }
            Self::HeldElsewhere { until_ms, .. } => {
                let until = shanghai_minute(*until_ms);
                (
                    format!("门锁由其他组持有，有效至 {until}；此时进门会记为二次进门或待裁定"),
                    format!(
                        "held by another team until {until}: an entry now would be a second one, or contested"
                    ),
                )
            }
        };
        Words { zh, en }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::model::{CampaignId, EnterpriseKey, OrganisationId};

    const HOUR_MS: i64 = 3_600_000;

    fn team(n: u128) -> TeamId {
        TeamId(Uuid::from_u128(n))
    }

    fn lease(of: u128, lo: i64, hi: i64) -> (LeaseId, LeaseFact) {
        let fact = LeaseFact {
            campaign_id: CampaignId(Uuid::nil()),
            body_id: OrganisationId(Uuid::nil()),
            enterprise: EnterpriseKey("server:x".to_owned()),
            team_id: team(of),
            valid: Interval::new(lo * HOUR_MS, hi * HOUR_MS),
        };
        (LeaseId(Uuid::from_u128(of)), fact)
    }

    /// A phone that had the server's time at hour 0, now `hour` hours later; its wall clock is wrong by so many hours.
    fn claims(hour: i64, wrong_by: i64) -> TimeClaim {
        TimeClaim {
            wall_ms: (hour + wrong_by) * HOUR_MS,
            token_at_ms: Some(0),
            token: None,
            token_rtt_ms: 0,
            elapsed_ms: Some(hour * HOUR_MS),
        }
    }

    fn state(leases: &[(LeaseId, LeaseFact)], now: &TimeClaim) -> &'static str {
        let leases = leases.iter().map(|(id, lease)| (*id, lease));
        let state = DoorState::at(leases, Some(team(1)), now);
        let words = state.words();
        assert!(!words.zh.is_empty() && !words.en.is_empty());
        state.name()
    }

    #[test]
    fn a_lease_is_judged_by_what_can_be_claimed_and_not_by_the_wall() {
        let own = [lease(1, 1, 3)];
        assert_eq!(state(&[], &claims(2, 0)), "free");
        assert_eq!(state(&own, &claims(2, 0)), "held");
        assert_eq!(state(&own, &claims(2, 48)), "held");
        assert_eq!(state(&own, &claims(4, -2)), "ended");
        // At its very end an arrival may be claimed for a moment after it.
        assert_eq!(state(&own, &claims(3, 0)), "held_unproven");
        let rebooted = TimeClaim {
            elapsed_ms: None,
            ..claims(2, 0)
        };
        assert_eq!(state(&own, &rebooted), "held_unproven");
    }

    #[test]
    fn what_another_team_may_hold_is_warned_of_unless_it_is_surely_over() {
        let theirs = [lease(2, 1, 3)];
        assert_eq!(state(&theirs, &claims(2, 0)), "held_elsewhere");
        assert_eq!(state(&theirs, &claims(3, 0)), "held_elsewhere");
        assert_eq!(state(&theirs, &claims(4, 0)), "free");
        let after_ours = [lease(1, 0, 1), lease(2, 2, 9)];
        assert_eq!(state(&after_ours, &claims(5, 0)), "held_elsewhere");
        let both = [lease(1, 4, 9), lease(2, 4, 9)];
        assert_eq!(state(&both, &claims(5, 0)), "held");
    }
}
