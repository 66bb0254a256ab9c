//! Leases on doors (门锁): taken and given back online, told of any door offline.

use serde::Deserialize;
use serde_json::{Value, json};
use sync_core::model::{EnterpriseId, LeaseId, Millis, TeamId};
use sync_core::proof::{LeasePayload, Signed};
use sync_core::sync::advice::SpokenDoor;
use sync_core::sync::leases::LeaseRecord;

use crate::client::{Client, Done};
use crate::error::ClientError;
use crate::store::Store;
use crate::taking;
use crate::types::{LeaseInfo, VisitStart};

const KIND: &str = "lease";

#[derive(Deserialize)]
struct LeaseAnswer {
    lease_id: LeaseId,
    ending: Option<String>,
    ended_at_ms: Option<Millis>,
    signed: Signed<LeasePayload>,
}

impl Client {
    /// Takes a door for a team for so many seconds, before the phone leaves the net. Where the team holds it, the lease
    /// that it has; `lease_held` where another team does.
    pub fn take_lease(
        &self,
        team: TeamId,
        enterprise: EnterpriseId,
        duration_s: i64,
    ) -> Done<LeaseInfo> {
        let body =
            json!({ "team_id": team, "enterprise_id": enterprise, "duration_s": duration_s });
        let answer = self.call("POST", "/v1/leases", Some(&body))?;
        let lease = self.keep_lease(answer)?;
        if lease.team_id != team {
            let message = "The lease is another team's";
            return Err(ClientError::new("lease.mismatch", message));
        }
        Ok(lease)
    }

    /// Gives a lease back. Given back twice, it is given back once.
    pub fn release_lease(&self, lease: LeaseId) -> Done<LeaseInfo> {
        let path = format!("/v1/leases/{lease}/release");
        let answer = self.call("POST", &path, None)?;
        self.keep_lease(answer)
    }

    /// Every lease of the body that came down or was taken here, by their ends; those that the server did not sign are
    /// passed over.
    pub fn leases(&self) -> Done<Vec<LeaseInfo>> {
        let records = self.references(KIND)?;
        let store = &self.lock().store;
        let records = records
            .into_iter()
            .filter_map(|it| serde_json::from_value::<LeaseRecord>(it.record).ok());
        let mut leases: Vec<_> = records.filter_map(|it| open(store, &it).ok()).collect();
        leases.sort_by_key(|lease| (lease.expires_at_ms, lease.lease_id));
        Ok(leases)
    }

    /// What the leases say of a door, before anybody walks in and offline: free, held by the own team, or by another one
    /// until when.
    pub fn door(&self, start: &VisitStart) -> Done<SpokenDoor> {
        let identity = self.identity_of(start)?;
        self.with_known(|known, _| Ok(known.door(&identity).into()))
    }

    /// Keeps what the server answered, at the version that this phone has: what comes down the feed replaces it.
    fn keep_lease(&self, answer: Value) -> Done<LeaseInfo> {
        let answer: LeaseAnswer = serde_json::from_value(answer)
            .map_err(|e| ClientError::new("network.unreadable", "No lease came").with(e))?;
        let record = LeaseRecord {
            lease_id: answer.lease_id,
            signed: answer.signed,
            released_at_ms: answer
                .ended_at_ms
                .filter(|_| answer.ending.as_deref() == Some("released")),
        };
        let id = record.lease_id.to_string();
        let held = self.references(KIND)?.into_iter().find(|it| it.id == id);
        let version = held.map_or(0, |held| held.version);
        let mut inner = self.lock();
        let lease = open(&inner.store, &record)?;
        let text = serde_json::to_value(&record).unwrap_or_default();
        inner
            .store
            .write(|write| write.put_reference(KIND, &id, version, Some(&text)))?;
        Ok(lease)
    }
}

fn open(store: &Store, record: &LeaseRecord) -> Done<LeaseInfo> {
    let payload = taking::open_dated(store, &record.signed)?;
    if payload.lease_id != record.lease_id {
        let message = "The lease is signed under another name";
        return Err(ClientError::new("lease.mismatch", message));
    }
    Ok(LeaseInfo {
        lease_id: payload.lease_id,
        campaign_id: payload.campaign_id,
        enterprise_key: payload.enterprise,
        team_id: payload.team_id,
        granted_at_ms: payload.granted_at_ms,
        expires_at_ms: payload.expires_at_ms,
        released_at_ms: record.released_at_ms,
    })
}
