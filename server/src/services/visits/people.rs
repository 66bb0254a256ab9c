//! Who is who in a dossier: the name and organisation of everybody whom it mentions by id.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_core::model::{DeviceId, OrganisationId, UserId};
use sync_core::rules::Facts;
use utoipa::ToSchema;

use crate::store::access::{devices, organisations, users};
use crate::store::{Result, Session};

/// A person as a dossier names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// As people write it.
    pub name: String,
    /// Of their organisation.
    pub organisation: String,
}

/// Everybody whom the facts of a visit mention.
pub fn mentioned(facts: &Facts) -> BTreeSet<UserId> {
    let mut people = BTreeSet::new();
    for arrival in facts.entries.values().flat_map(|entry| &entry.arrivals) {
        people.insert(arrival.user_id);
        people.extend(arrival.samplers.iter().chain(&arrival.assisting));
    }
    for sample in facts.samples.values() {
        people.extend(&sample.signers);
    }
    for visit in facts.visits.values() {
        people.extend(visit.roster.iter());
        people.extend(visit.recusals.iter().filter_map(|it| it.user_id));
    }
    people
}

/// What people call these phones.
pub async fn phones(
    db: &mut Session,
    phones: BTreeSet<DeviceId>,
) -> Result<BTreeMap<String, String>> {
    let mut called = BTreeMap::new();
    for id in phones {
        if let Some(device) = devices::find(db, id).await? {
            called.insert(id.to_string(), device.label);
        }
    }
    Ok(called)
}

/// Their names; somebody whom the server does not know has none.
pub async fn named(db: &mut Session, people: BTreeSet<UserId>) -> Result<BTreeMap<String, Person>> {
    let mut named = BTreeMap::new();
    let mut known: BTreeMap<OrganisationId, String> = BTreeMap::new();
    for id in people {
        let Some(user) = users::find(db, id).await? else {
            continue;
        };
        let organisation = match known.get(&user.organisation) {
            Some(name) => name.clone(),
            None => {
                let found = organisations::find(db, user.organisation).await?;
                let name = found.map(|row| row.name).unwrap_or_default();
                known.insert(user.organisation, name.clone());
                name
            }
        };
        let name = user.display_name;
        named.insert(id.to_string(), Person { name, organisation });
    }
    Ok(named)
}
