//! The facts of a scope: its members as projected, over which is laid what the server alone knows — tasks, rosters,
//! organisations, custody, permissions, decisions, and what the earlier strata said.

use std::collections::BTreeSet;

use sync_core::model::{DocumentId, EntryId, Interval, OrganisationId, SampleId};
use sync_core::rules::{ContinuationFact, Facts, Outcome, ScopeKey, Subject};

use crate::store::reference::{campaigns, leases, lookups, product_rules, teams};
use crate::store::rulings::{decisions, rulebooks, verdicts};
use crate::store::sync::projections;
use crate::store::{Result, Session};

/// How far the ancestors of an authority are followed: country, province, city, county, and one more.
const ANCESTORS_MAX: usize = 5;

/// Gathers.
pub async fn facts(db: &mut Session, key: &ScopeKey) -> Result<Facts> {
    let mut facts = Facts::new(key.clone());
    let mut documents: BTreeSet<DocumentId> = BTreeSet::new();
    for (kind, member, document) in projections::list_members(db, key).await? {
        documents.extend(document);
        match kind.as_str() {
            "entry" => take_entry(db, &mut facts, EntryId(member)).await?,
            "sample" => {
                if let Ok(id) = member.parse::<SampleId>() {
                    take_sample(db, &mut facts, id, document).await?;
                }
            }
            _ => {}
        }
    }
    for document in documents {
        take_visit(db, &mut facts, document).await?;
    }
    take_leases(db, &mut facts).await?;
    take_tasks(db, &mut facts).await?;
    take_campaigns(db, &mut facts).await?;
    take_organisations(db, &mut facts).await?;
    take_earlier_words(db, &mut facts, i64::from(key.stratum())).await?;
    Ok(facts)
}

async fn take_entry(db: &mut Session, facts: &mut Facts, id: EntryId) -> Result<()> {
    if facts.entries.contains_key(&id) {
        return Ok(());
    }
    let Some(mut entry) = projections::find_entry(db, &id).await? else {
        return Ok(());
    };
    if let Some(ContinuationFact::ReEntryGrant { grant_id, honoured }) = &mut entry.continues {
        *honoured = rulebooks::grant_holds(
            db,
            *grant_id,
            entry.campaign_id,
            entry.body_id,
            &entry.enterprise,
            entry.entered.usable().lo,
        )
        .await?;
    }
    let subject = Subject::Entry(id.clone());
    facts.decided.extend(
        decisions::list_of_subject(db, &subject)
            .await?
            .into_iter()
            .map(|row| row.decision),
    );
    facts.entries.insert(id, entry);
    Ok(())
}

/// Where several documents in one scope have a record under one id, the first of them stands for all: each of their
/// visits has frozen it.
async fn take_sample(
    db: &mut Session,
    facts: &mut Facts,
    id: SampleId,
    document: Option<DocumentId>,
) -> Result<()> {
    if facts.samples.contains_key(&id) {
        return Ok(());
    }
    let Some(mut sample) = projections::find_sample(db, id, document).await? else {
        return Ok(());
    };
    sample.custody = lookups::custody_fact(db, id).await?;
    let subject = Subject::Sample(id);
    facts.decided.extend(
        decisions::list_of_subject(db, &subject)
            .await?
            .into_iter()
            .map(|row| row.decision),
    );
    if let Some(entry) = sample.entry_id.clone() {
        take_entry(db, facts, entry).await?;
    }
    facts.samples.insert(id, sample);
    Ok(())
}

async fn take_visit(db: &mut Session, facts: &mut Facts, document: DocumentId) -> Result<()> {
    let Some(mut visit) = projections::find_visit(db, document).await? else {
        return Ok(());
    };
    if let Some(team) = visit.team_id {
        visit.roster = teams::roster(db, team).await?;
    }
    for recusal in lookups::recusals(db, visit.body_id, &visit.enterprise).await? {
        if !visit.recusals.contains(&recusal) {
            visit.recusals.push(recusal);
        }
    }
    facts.visits.insert(document, visit);
    Ok(())
}

/// Leases on the door that held while somebody may have walked in.
async fn take_leases(db: &mut Session, facts: &mut Facts) -> Result<()> {
    let ScopeKey::Door {
        campaign_id,
        body_id,
        enterprise,
    } = &facts.scope
    else {
        return Ok(());
    };
    let (campaign, body, enterprise) = (*campaign_id, *body_id, enterprise.clone());
    let claims: Vec<Interval> = facts
        .entries
        .values()
        .filter_map(|entry| entry.entered.claimed)
        .collect();
    for within in claims {
        let held = leases::facts_of_door(db, campaign, body, &enterprise, within).await?;
        facts.leases.extend(held);
    }
    Ok(())
}

/// Tasks, and what samples take from them: the authority, and the least base that its product rule asks.
async fn take_tasks(db: &mut Session, facts: &mut Facts) -> Result<()> {
    let named: BTreeSet<_> = facts
        .samples
        .values()
        .filter_map(|sample| sample.task_id)
        .collect();
    for id in named {
        let Some(task) = lookups::task_fact(db, id).await? else {
            continue;
        };
        let rule = product_rules::find_newest(db, task.authority_id, &task.product_name).await?;
        for sample in facts
            .samples
            .values_mut()
            .filter(|sample| sample.task_id == Some(id))
        {
            sample.authority_id = Some(task.authority_id);
            sample.min_base_milli = rule
                .as_ref()
                .map(|rule| rule.min_base_milli)
                .or(sample.min_base_milli);
        }
        facts.tasks.insert(id, task);
    }
    Ok(())
}

/// Who made the campaigns, and so answers for their doors.
async fn take_campaigns(db: &mut Session, facts: &mut Facts) -> Result<()> {
    let of_visits = facts.visits.values().map(|visit| visit.campaign_id);
    let of_entries = facts.entries.values().map(|entry| entry.campaign_id);
    let named: BTreeSet<_> = of_visits.chain(of_entries).collect();
    for id in named {
        if let Some(campaign) = campaigns::find(db, id).await? {
            facts.campaigns.insert(id, campaign.authority_id);
        }
    }
    Ok(())
}

async fn take_organisations(db: &mut Session, facts: &mut Facts) -> Result<()> {
    let mut named: BTreeSet<OrganisationId> = BTreeSet::new();
    named.extend(facts.visits.values().map(|visit| visit.body_id));
    named.extend(facts.entries.values().map(|entry| entry.body_id));
    named.extend(facts.campaigns.values());
    named.extend(
        facts
            .samples
            .values()
            .flat_map(|sample| sample.authority_id.into_iter().chain(sample.body_id)),
    );
    named.extend(
        facts
            .tasks
            .values()
            .flat_map(|task| [task.authority_id].into_iter().chain(task.body_id)),
    );
    for id in named {
        let mut next = Some(id);
        for _ in 0..ANCESTORS_MAX {
            let Some(id) = next.filter(|id| !facts.organisations.contains_key(id)) else {
                break;
            };
            let Some(organisation) = lookups::organisation_fact(db, id).await? else {
                break;
            };
            next = organisation.parent_id;
            facts.organisations.insert(id, organisation);
        }
    }
    Ok(())
}

/// What the strata before this one said: the most severe word on each sample, and the standing of each entry.
async fn take_earlier_words(db: &mut Session, facts: &mut Facts, stratum: i64) -> Result<()> {
    let samples: Vec<SampleId> = facts.samples.keys().copied().collect();
    for id in samples {
        for verdict in verdicts::list_of_subject(db, &Subject::Sample(id)).await? {
            if let (true, Some(Outcome::Sample { validity })) =
                (verdict.stratum < stratum, verdict.outcome)
            {
                let worst = facts.survived.entry(id).or_insert(validity);
                *worst = validity.max(*worst);
            }
        }
    }
    let entries: Vec<EntryId> = facts.entries.keys().cloned().collect();
    for id in entries {
        for verdict in verdicts::list_of_subject(db, &Subject::Entry(id.clone())).await? {
            if let (true, Some(Outcome::Entry { standing })) =
                (verdict.stratum < stratum, verdict.outcome)
            {
                facts.standings.insert(id.clone(), standing);
            }
        }
    }
    Ok(())
}
