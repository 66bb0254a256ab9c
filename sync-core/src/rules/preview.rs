//! Ruling everything that is known at once, strata forward: what the server does scope by scope from its database, a phone
//! does here from memory. Each scope sees its own members only, so one engine gives one word on both (I4).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Facts, Findings, LeaseFact, Outcome, Rulebooks, SampleFact, ScopeKey, Subject, final_validity,
    rule, scopes_of, scopes_of_sample,
};

/// What every scope said, and what stands when all have spoken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruled {
    /// In the order in which they were ruled.
    pub scopes: Vec<(ScopeKey, Findings)>,
    /// The merged outcome of each subject: the most severe word on a sample, the door's on an entry.
    pub outcomes: BTreeMap<Subject, Outcome>,
}

/// Rules every scope that `known` names. Its own scope, and what it says of earlier strata, are not read.
pub fn rule_all(known: &Facts, rulebooks: &Rulebooks) -> Ruled {
    let mut scopes: Vec<ScopeKey> = scopes_of(known).into_iter().collect();
    scopes.sort_by_key(ScopeKey::stratum);
    let mut ruled = Ruled::default();
    for scope in scopes {
        let mut facts = part_of(known, &scope);
        for (said_by, said) in &ruled.scopes {
            if said_by.stratum() < scope.stratum() {
                remember(&mut facts, said);
            }
        }
        let findings = rule(&facts, rulebooks);
        for (subject, outcome) in &findings.outcomes {
            merge(&mut ruled.outcomes, subject, outcome);
        }
        ruled.scopes.push((scope, findings));
    }
    ruled
}

fn merge(outcomes: &mut BTreeMap<Subject, Outcome>, subject: &Subject, outcome: &Outcome) {
    let merged = match (outcomes.get(subject), outcome) {
        (Some(Outcome::Sample { validity: stands }), Outcome::Sample { validity }) => {
            Outcome::Sample {
                validity: final_validity(&[*stands, *validity], None),
            }
        }
        _ => outcome.clone(),
    };
    outcomes.insert(subject.clone(), merged);
}

/// Lays an earlier stratum's words over the facts.
fn remember(facts: &mut Facts, said: &Findings) {
    for (subject, outcome) in &said.outcomes {
        match (subject, outcome) {
            (Subject::Sample(id), Outcome::Sample { validity })
                if facts.samples.contains_key(id) =>
            {
                let worst = facts.survived.entry(*id).or_insert(*validity);
                *worst = (*worst).max(*validity);
            }
            (Subject::Entry(id), Outcome::Entry { standing }) if facts.entries.contains_key(id) => {
                facts.standings.insert(id.clone(), *standing);
            }
            _ => {}
        }
    }
}

/// The members of one scope, and what they name.
fn part_of(known: &Facts, scope: &ScopeKey) -> Facts {
    let mut facts = Facts::new(scope.clone());
    let mut documents = BTreeSet::new();
    if let ScopeKey::Visit { document_id } = scope {
        documents.insert(*document_id);
    }
    let door_of = |campaign_id, body_id, enterprise: &_| ScopeKey::Door {
        campaign_id,
        body_id,
        enterprise: Clone::clone(enterprise),
    };
    for (id, entry) in &known.entries {
        let visit = ScopeKey::Visit {
            document_id: entry.document_id,
        };
        if *scope == visit || *scope == door_of(entry.campaign_id, entry.body_id, &entry.enterprise)
        {
            facts.entries.insert(id.clone(), entry.clone());
        }
    }
    let at_door = |sample: &SampleFact| {
        let visit = sample.document_id.and_then(|id| known.visits.get(&id));
        visit.is_some_and(|it| *scope == door_of(it.campaign_id, it.body_id, &it.enterprise))
    };
    for (id, sample) in &known.samples {
        if !scopes_of_sample(sample).contains(scope) && !at_door(sample) {
            continue;
        }
        if let Some((id, entry)) = sample
            .entry_id
            .as_ref()
            .and_then(|id| known.entries.get_key_value(id))
        {
            facts.entries.insert(id.clone(), entry.clone());
        }
        documents.extend(sample.document_id);
        if let Some((id, task)) = sample.task_id.and_then(|id| known.tasks.get_key_value(&id)) {
            facts.tasks.insert(*id, task.clone());
        }
        facts.samples.insert(*id, sample.clone());
    }
    documents.extend(facts.entries.values().map(|entry| entry.document_id));
    for id in documents {
        if let Some(visit) = known.visits.get(&id) {
            facts.visits.insert(id, visit.clone());
        }
    }
    facts.campaigns.clone_from(&known.campaigns);
    facts.organisations.clone_from(&known.organisations);
    let here =
        |lease: &LeaseFact| *scope == door_of(lease.campaign_id, lease.body_id, &lease.enterprise);
    let leases = known.leases.iter().filter(|(_, lease)| here(lease));
    facts.leases = leases.map(|(id, lease)| (*id, lease.clone())).collect();
    facts.decided = known
        .decided
        .iter()
        .filter(|decision| match &decision.subject {
            Subject::Visit(id) => facts.visits.contains_key(id),
            Subject::Entry(id) => facts.entries.contains_key(id),
            Subject::Sample(id) => facts.samples.contains_key(id),
            Subject::Refusal(id) => {
                let mut visits = facts.visits.values();
                visits.any(|visit| visit.refusals.contains_key(id))
            }
        })
        .cloned()
        .collect();
    facts
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Facts, Outcome, Rulebooks, ScopeKey, Subject};
    use super::rule_all;

    fn two_teams() -> Facts {
        let mut facts = door();
        facts.enters(1, about(noon(NOON)), uniform());
        facts.enters(2, about(noon(NOON) + 600 * MINUTE), uniform());
        facts
    }

    #[test]
    fn what_the_door_said_reaches_the_product() {
        let ruled = rule_all(&two_teams(), &Rulebooks::builtin());
        let standing = |n| ruled.outcomes[&Subject::Entry(entry_id(n))].clone();
        assert_eq!(standing(1), Outcome::Entry { standing: First });
        assert_eq!(standing(2), Outcome::Entry { standing: Excess });
        let loser = &ruled.outcomes[&Subject::Sample(sample_id(2))];
        assert_eq!(
            *loser,
            Outcome::Sample {
                validity: Duplicate
            }
        );
        let strata: Vec<u8> = ruled.scopes.iter().map(|(it, _)| it.stratum()).collect();
        assert!(strata.is_sorted(), "{strata:?}");
    }

    #[test]
    fn every_scope_is_ruled_from_its_members_as_if_alone() {
        let mut known = two_teams();
        // As when a scope is gathered from a database: tasks that none of its samples names are not there.
        let named: Vec<_> = known.samples.values().map(|it| it.task_id).collect();
        known.tasks.retain(|id, _| named.contains(&Some(*id)));
        let ruled = rule_all(&known, &Rulebooks::builtin());
        let at_door = |(scope, _): &&(ScopeKey, _)| matches!(scope, ScopeKey::Door { .. });
        let (_, said) = ruled.scopes.iter().find(at_door).unwrap();
        assert_eq!(*said, known.ruled());
    }

    #[test]
    fn what_a_person_ruled_stands_in_every_stratum() {
        let mut facts = two_teams();
        facts.decide_sample(2, Valid, noon(NOON) + 1_000 * MINUTE);
        let ruled = rule_all(&facts, &Rulebooks::builtin());
        let kept = &ruled.outcomes[&Subject::Sample(sample_id(2))];
        assert_eq!(*kept, Outcome::Sample { validity: Valid });
    }
}
