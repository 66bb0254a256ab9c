//! Ruling everything that is known at once, strata forward: what the server does scope by scope from its database, a phone
//! does here from memory. Each scope sees its own members only, so one engine gives one word on both (I4).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    EntryFact, Facts, Findings, LeaseFact, Outcome, Rulebooks, SampleFact, ScopeKey, Standing,
    Subject, Validity, final_validity, rule, scopes_of, scopes_of_sample,
};
use crate::model::{CampaignId, DocumentId, EnterpriseKey, EntryId, OrganisationId, SampleId};

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
    rule_each(&Members::of(known), &scopes_of(known), rulebooks)
}

/// The same of those scopes alone that speak of these subjects, or of whose word another one hangs that does: what is said
/// of the subjects is the same.
pub fn rule_about(
    known: &Facts,
    rulebooks: &Rulebooks,
    concerns: impl Fn(&Subject) -> bool,
) -> Ruled {
    let members = Members::of(known);
    rule_each(&members, &members.scopes_about(concerns), rulebooks)
}

fn rule_each(members: &Members<'_>, scopes: &BTreeSet<ScopeKey>, rulebooks: &Rulebooks) -> Ruled {
    let mut scopes: Vec<&ScopeKey> = scopes.iter().collect();
    scopes.sort_by_key(|scope| scope.stratum());
    let mut ruled = Ruled::default();
    let mut said = Said::default();
    for of_stratum in scopes.chunk_by(|a, b| a.stratum() == b.stratum()) {
        let before = ruled.scopes.len();
        for scope in of_stratum {
            let mut facts = members.part_of(scope);
            said.lay_over(&mut facts);
            let findings = rule(&facts, rulebooks);
            for (subject, outcome) in &findings.outcomes {
                merge(&mut ruled.outcomes, subject, outcome);
            }
            ruled.scopes.push(((*scope).clone(), findings));
        }
        for (_, findings) in &ruled.scopes[before..] {
            said.remember(findings);
        }
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

/// What the earlier strata said.
#[derive(Default)]
struct Said {
    survived: BTreeMap<SampleId, Validity>,
    standings: BTreeMap<EntryId, Standing>,
}

impl Said {
    fn remember(&mut self, said: &Findings) {
        for (subject, outcome) in &said.outcomes {
            match (subject, outcome) {
                (Subject::Sample(id), Outcome::Sample { validity }) => {
                    let worst = self.survived.entry(*id).or_insert(*validity);
                    *worst = (*worst).max(*validity);
                }
                (Subject::Entry(id), Outcome::Entry { standing }) => {
                    self.standings.insert(id.clone(), *standing);
                }
                _ => {}
            }
        }
    }

    /// Of those whom the facts name.
    fn lay_over(&self, facts: &mut Facts) {
        let samples = facts.samples.keys();
        let survived = samples.filter_map(|id| self.survived.get_key_value(id));
        facts.survived = survived.map(|(id, it)| (*id, *it)).collect();
        let entries = facts.entries.keys();
        let standings = entries.filter_map(|id| self.standings.get_key_value(id));
        facts.standings = standings.map(|(id, it)| (id.clone(), *it)).collect();
    }
}

fn visit_of(document_id: DocumentId) -> ScopeKey {
    ScopeKey::Visit { document_id }
}

fn door_of(
    campaign_id: CampaignId,
    body_id: OrganisationId,
    enterprise: &EnterpriseKey,
) -> ScopeKey {
    ScopeKey::Door {
        campaign_id,
        body_id,
        enterprise: enterprise.clone(),
    }
}

/// Who is in which scope.
struct Members<'f> {
    known: &'f Facts,
    samples: BTreeMap<ScopeKey, Vec<SampleId>>,
    /// Those of the samples among them.
    entries: BTreeMap<ScopeKey, BTreeSet<EntryId>>,
}

impl<'f> Members<'f> {
    fn of(known: &'f Facts) -> Self {
        let mut samples: BTreeMap<ScopeKey, Vec<SampleId>> = BTreeMap::new();
        let mut entries: BTreeMap<ScopeKey, BTreeSet<EntryId>> = BTreeMap::new();
        for (id, entry) in &known.entries {
            let door = door_of(entry.campaign_id, entry.body_id, &entry.enterprise);
            for scope in [visit_of(entry.document_id), door] {
                entries.entry(scope).or_default().insert(id.clone());
            }
        }
        for (id, sample) in &known.samples {
            let visit = sample.document_id.and_then(|id| known.visits.get(&id));
            let door = visit.map(|it| door_of(it.campaign_id, it.body_id, &it.enterprise));
            let entry = sample.entry_id.as_ref();
            let entry = entry.filter(|id| known.entries.contains_key(id));
            for scope in scopes_of_sample(sample).into_iter().chain(door) {
                if let Some(entry) = entry {
                    let of_scope = entries.entry(scope.clone()).or_default();
                    of_scope.insert(entry.clone());
                }
                samples.entry(scope).or_default().push(*id);
            }
        }
        Self {
            known,
            samples,
            entries,
        }
    }

    fn samples_in(&self, scope: &ScopeKey) -> impl Iterator<Item = (SampleId, &'f SampleFact)> {
        let ids = self.samples.get(scope).into_iter().flatten();
        ids.map(|id| (*id, &self.known.samples[id]))
    }

    fn entries_in(&self, scope: &ScopeKey) -> impl Iterator<Item = (&EntryId, &'f EntryFact)> {
        let ids = self.entries.get(scope).into_iter().flatten();
        ids.map(|id| (id, &self.known.entries[id]))
    }

    /// Whose visits a scope sees.
    fn documents_in(&self, scope: &ScopeKey) -> BTreeSet<DocumentId> {
        let own = match scope {
            ScopeKey::Visit { document_id } => Some(*document_id),
            _ => None,
        };
        let of_samples = self.samples_in(scope).filter_map(|(_, it)| it.document_id);
        let of_entries = self.entries_in(scope).map(|(_, it)| it.document_id);
        own.into_iter()
            .chain(of_samples)
            .chain(of_entries)
            .collect()
    }

    /// The scopes that see a subject of these, and those of earlier strata that see anybody whom such a scope sees.
    fn scopes_about(&self, concerns: impl Fn(&Subject) -> bool) -> BTreeSet<ScopeKey> {
        let all = scopes_of(self.known);
        let of_visit = |id: &DocumentId| {
            let visit = self.known.visits.get(id);
            let mut refusals = visit.into_iter().flat_map(|it| it.refusals.keys());
            concerns(&Subject::Visit(*id)) || refusals.any(|it| concerns(&Subject::Refusal(*it)))
        };
        let sees = |scope: &ScopeKey| {
            let mut samples = self.samples_in(scope);
            let mut entries = self.entries_in(scope);
            samples.any(|(id, _)| concerns(&Subject::Sample(id)))
                || entries.any(|(id, _)| concerns(&Subject::Entry(id.clone())))
                || self.documents_in(scope).iter().any(of_visit)
        };
        let mut named_by_sample: BTreeMap<SampleId, Vec<&ScopeKey>> = BTreeMap::new();
        let mut named_by_entry: BTreeMap<&EntryId, Vec<&ScopeKey>> = BTreeMap::new();
        for scope in &all {
            for (id, _) in self.samples_in(scope) {
                named_by_sample.entry(id).or_default().push(scope);
            }
            for (id, _) in self.entries_in(scope) {
                named_by_entry.entry(id).or_default().push(scope);
            }
        }
        let mut wanted: BTreeSet<&ScopeKey> = all.iter().filter(|it| sees(it)).collect();
        let mut open: Vec<&ScopeKey> = wanted.iter().copied().collect();
        while let Some(scope) = open.pop() {
            let samples = self.samples_in(scope);
            let by_samples = samples.filter_map(|(id, _)| named_by_sample.get(&id));
            let entries = self.entries_in(scope);
            let by_entries = entries.filter_map(|(id, _)| named_by_entry.get(id));
            for earlier in by_samples.chain(by_entries).flatten() {
                if earlier.stratum() < scope.stratum() && wanted.insert(earlier) {
                    open.push(earlier);
                }
            }
        }
        wanted.into_iter().cloned().collect()
    }

    /// The members of one scope, and what they name.
    fn part_of(&self, scope: &ScopeKey) -> Facts {
        let known = self.known;
        let mut facts = Facts::new(scope.clone());
        for (id, entry) in self.entries_in(scope) {
            facts.entries.insert(id.clone(), entry.clone());
        }
        for (id, sample) in self.samples_in(scope) {
            if let Some((id, task)) = sample.task_id.and_then(|id| known.tasks.get_key_value(&id)) {
                facts.tasks.insert(*id, task.clone());
            }
            facts.samples.insert(id, sample.clone());
        }
        for id in self.documents_in(scope) {
            if let Some(visit) = known.visits.get(&id) {
                facts.visits.insert(id, visit.clone());
            }
        }
        facts.campaigns.clone_from(&known.campaigns);
        facts.organisations.clone_from(&known.organisations);
        let here = |lease: &LeaseFact| {
            *scope == door_of(lease.campaign_id, lease.body_id, &lease.enterprise)
        };
        let leases = known.leases.iter().filter(|(_, lease)| here(lease));
        facts.leases = leases.map(|(id, lease)| (*id, lease.clone())).collect();
        let decided = known.decided.iter();
        let decided = decided.filter(|decision| match &decision.subject {
            Subject::Visit(id) => facts.visits.contains_key(id),
            Subject::Entry(id) => facts.entries.contains_key(id),
            Subject::Sample(id) => facts.samples.contains_key(id),
            Subject::Refusal(id) => {
                let mut visits = facts.visits.values();
                visits.any(|visit| visit.refusals.contains_key(id))
            }
        });
        facts.decided = decided.cloned().collect();
        facts
    }
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
