//! What rules ask of reference data, as the facts that they take.

use std::collections::HashMap;

use sync_core::limits::TASK_DISCLOSURES_RULED_MAX;
use sync_core::model::{EnterpriseKey, Interval, Millis, OrganisationId, SampleId, TaskId, UserId};
use sync_core::rules::{CustodyFact, DisclosureFact, OrganisationFact, RecusalFact, TaskFact};

use super::custody::{self, CustodyEvent};
use super::{disclosures, enterprises, tasks};
use crate::access::role::word;
use crate::args;
use crate::store::access::organisations;
use crate::store::{Result, Session, statements};

statements! {
    /// Suspensions of a body, with what lifted them.
    LIST_SUSPENSIONS = "SELECT s.decided_at, s.until_at, l.lift_id, l.from_at FROM body_suspensions s \
        LEFT JOIN lifts l ON l.subject_id = s.suspension_id AND l.undone_at IS NULL \
        WHERE s.body_id = $1 ORDER BY s.decided_at, s.suspension_id";
    /// Conflicts of interest of a body's people that nobody lifted.
    LIST_RECUSALS = "SELECT r.enterprise_key, r.user_id, r.body_id, r.reason FROM recusals r WHERE r.body_id = $1 \
        AND NOT EXISTS (SELECT 1 FROM lifts l WHERE l.subject_id = r.recusal_id AND l.undone_at IS NULL) \
        ORDER BY r.recusal_id";
}

/// A task as far as rules ask; none where it is unknown.
pub async fn task_fact(db: &mut Session, id: TaskId) -> Result<Option<TaskFact>> {
    let Some(task) = tasks::find(db, id).await? else {
        return Ok(None);
    };
    let mut former_bodies = Vec::new();
    for event in tasks::list_events(db, id).await? {
        if let ("reassigned", Some(body)) = (event.event.as_str(), event.body_id) {
            former_bodies.push((body, event.at_ms));
        }
    }
    let mut told = std::collections::BTreeSet::new();
    for it in disclosures::list_of_task(db, id, TASK_DISCLOSURES_RULED_MAX).await? {
        let enterprise = match &it.enterprise {
            Some(key) => Some(enterprises::resolve_key(db, key).await?),
            None => None,
        };
        told.insert(DisclosureFact {
            at_ms: it.at_ms,
            enterprise,
            user_id: it.user_id,
            how: it.how,
        });
    }
    Ok(Some(TaskFact {
        campaign_id: task.campaign_id,
        authority_id: task.authority_id,
        body_id: task.body_id,
        former_bodies,
        approved: task.approved_at_ms.is_some(),
        cancelled_at_ms: task.cancelled_at_ms,
        sampling_kind: task.sampling_kind,
        product_name: task.product_name,
        disclosures: told,
    }))
}

/// An organisation as far as rules ask; none where it is unknown.
pub async fn organisation_fact(
    db: &mut Session,
    id: OrganisationId,
) -> Result<Option<OrganisationFact>> {
    let Some(row) = organisations::find(db, id).await? else {
        return Ok(None);
    };
    let mut suspended = Vec::new();
    for row in db.all(&LIST_SUSPENSIONS, args![id]).await? {
        let decided: Millis = row.get("decided_at")?;
        let until: Millis = row.get("until_at")?;
        // A lift ends it where it says so, and without an instant it is as if it had never been decided.
        let until = match row.get::<Option<String>>("lift_id")? {
            Some(_) => row
                .get::<Option<Millis>>("from_at")?
                .map_or(decided, |from| from.min(until)),
            None => until,
        };
        // [decision, +1 y): the rule takes the end itself as free again.
        if until > decided {
            suspended.push(Interval::new(decided, until));
        }
    }
    Ok(Some(OrganisationFact {
        kind: row.kind,
        name: row.name,
        level: row.authority_level.map(|level| word(&level)),
        region: Some(row.region),
        parent_id: row.parent,
        suspended,
    }))
}

/// Conflicts of interest (回避) of a body's people, declared when tasks were assigned, with the key that the enterprise had
/// then.
pub async fn recusals_of_body(
    db: &mut Session,
    body: OrganisationId,
) -> Result<Vec<(EnterpriseKey, RecusalFact)>> {
    let rows = db.all(&LIST_RECUSALS, args![body]).await?;
    let recusals = rows.iter().map(|row| {
        let recusal = RecusalFact {
            user_id: row.get::<Option<UserId>>("user_id")?,
            body_id: row.get("body_id")?,
            reason: row.get("reason")?,
        };
        Ok((row.get("enterprise_key")?, recusal))
    });
    recusals.collect()
}

/// What laboratory and service have fixed of samples; those that nobody reported are not among them.
pub async fn custody_facts(
    db: &mut Session,
    ids: impl IntoIterator<Item = SampleId>,
) -> Result<HashMap<SampleId, CustodyFact>> {
    let standing = custody::list_standing_of(db, ids).await?;
    let facts = standing
        .into_iter()
        .map(|(id, events)| (id, custody_fact(&events)));
    Ok(facts.collect())
}

fn custody_fact(standing: &[CustodyEvent]) -> CustodyFact {
    let mut fact = CustodyFact::default();
    for event in standing {
        match event.act.as_str() {
            // A sample that the laboratory turned away was not received, until it came again.
            "receipt" if event.body["accepted"] == false => {}
            "receipt" => {
                fact.received_at_ms = Some(event.at_ms);
                fact.received_by = Some(event.user_id);
            }
            "testing_started" => {
                fact.testing_started_at_ms = Some(event.at_ms);
                fact.testing_started_by = Some(event.user_id);
            }
            _ => fact.served_at_ms = Some(event.at_ms),
        }
    }
    fact
}
