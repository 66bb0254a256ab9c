//! Ruling a scope: the strata, what every rule speaks through, and what persons and laboratories have already fixed.
//!
//! Strata go forward only: the visit and its numbers, the door, the producer's name, the product, the year. Each reads what survived the
//! ones before it and never the other way round.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::descriptor::{Citation, Message, Rule, ScopeKind, Words};
use super::product::Known;
use super::rulebook::{RuleSettings, Rulebook};
use super::{
    CustodyFact, Facts, Finding, Findings, NormalFacts, Outcome, RefusalStanding, Rulebooks,
    SampleFact, ScopeKey, Severity, Standing, Subject, Validity, VisitFact,
};
use super::{
    assign, attime, batch3, case, dispute, entry1, form, media, nosamp, notice, notsampled, plan,
    product, recuse, refuse, reuse, roster, sampleid, sealed, sealno, separate, sheetno, stop,
    suspend, task3, trace, two, year3,
};
use crate::model::{
    CampaignId, Digest, DocumentId, EntryId, Millis, OrganisationId, RefusalId, SampleId,
    canonical_text, shanghai_date,
};

/// What testing or service has fixed is a fact (design I3).
pub const RULE: Rule = Rule {
    id: "CUSTODY",
    title: Words {
        zh: "已检验或已送达的样品不得静默改判",
        en: "No silent change after testing or service",
    },
    citation: Citation {
        source: "本系统缺省",
        quote: "",
    },
    scope: ScopeKind::Any,
    predicate: Words {
        zh: "检验已开始或结果已送达的样品，如按规则应改为重复或作废，则转人工裁定",
        en: "a sample whose testing has begun or whose result was served, and which a rule would make a duplicate or void, needs a ruling instead",
    },
    exceptions: Words {
        zh: "无",
        en: "none",
    },
    parameters: &[],
    messages: &[Message {
        key: "fixed",
        words: Words {
            zh: "样品已开始检验或结果已送达，规则结论为“{would_be}”，须由人工裁定",
            en: "testing has begun or the result was served; the rules say “{would_be}”, a person must decide",
        },
    }],
};

/// Rules a scope. Pure: the same facts and rulebooks give the same findings, whatever order they were gathered in.
pub fn rule(facts: &Facts, rulebooks: &Rulebooks) -> Findings {
    rule_normal(&facts.clone().normalised(), rulebooks)
}

/// As [`rule`], for who goes on with the facts in their one order.
pub fn rule_normal(facts: &NormalFacts, rulebooks: &Rulebooks) -> Findings {
    let mut ruling = Ruling::new(facts, rulebooks);
    match &facts.scope {
        ScopeKey::Visit { document_id } => {
            ruling.take_up_samples(|sample| sample.document_id == Some(*document_id));
            for check in [
                two::check,
                nosamp::check,
                stop::check,
                refuse::check,
                notsampled::check,
                notice::check,
                recuse::check,
                suspend::check,
                plan::check,
                case::check,
                dispute::check,
                assign::check,
                roster::check,
                form::check,
                sealed::check,
                sampleid::check,
                separate::check,
                trace::check,
                attime::check,
                media::check,
                reuse::check,
            ] {
                check(&mut ruling);
            }
        }
        ScopeKey::SealNumber { seal_no } => {
            ruling.take_up_samples(|sample| sample.seal_numbers.contains(seal_no));
            sealno::check(&mut ruling, seal_no);
        }
        ScopeKey::SheetNumber { sheet_no } => {
            ruling.take_up_samples(|sample| sample.sheet_no.as_ref() == Some(sheet_no));
            sheetno::check(&mut ruling, sheet_no);
        }
        ScopeKey::Door { .. } => entry1::check(&mut ruling),
        ScopeKey::ProducerName { name } => {
            ruling.take_up_samples(|sample| sample.product.name_digest() == Some(*name));
            product::check(&mut ruling, Known::ByName);
        }
        ScopeKey::Product { product } => {
            ruling.take_up_samples(|sample| sample.product.scope_digest() == *product);
            product::check(&mut ruling, Known::ByCode);
        }
        ScopeKey::EnterpriseYear { enterprise, year } => {
            ruling.take_up_samples(|sample| {
                let (first, last) = sample.sampled.usable().shanghai_days();
                sample.enterprise.as_ref() == Some(enterprise)
                    && (first.year()..=last.year()).contains(year)
            });
            task3::check(&mut ruling);
            batch3::check(&mut ruling);
            year3::check(&mut ruling, *year);
        }
    }
    ruling.conclude()
}

/// The one text of these facts: what a ruling was made from.
pub fn canonical(facts: &NormalFacts) -> String {
    canonical_text(&**facts)
}

/// SHA-256 of [`canonical`].
pub fn hash_of(facts: &Facts) -> Digest {
    let facts = facts.clone().normalised();
    Digest(Sha256::digest(canonical(&facts).as_bytes()).into())
}

/// What all rules of one scope speak through.
pub(super) struct Ruling<'a> {
    pub(super) facts: &'a Facts,
    rulebooks: &'a Rulebooks,
    validities: BTreeMap<SampleId, Validity>,
    standings: BTreeMap<EntryId, Standing>,
    decided_validities: BTreeMap<SampleId, Validity>,
    pub(super) decided_standings: BTreeMap<EntryId, (Millis, Standing)>,
    pub(super) decided_refusals: BTreeMap<RefusalId, RefusalStanding>,
    refusals: BTreeMap<RefusalId, RefusalStanding>,
    findings: Vec<Finding>,
}

/// One finding before the rulebook's name and the citation are put to it.
pub(super) struct Said<'a> {
    pub(super) rule: &'static Rule,
    pub(super) book: &'a Rulebook,
    pub(super) severity: Severity,
    pub(super) subject: Subject,
    pub(super) winner: Option<Subject>,
    pub(super) key: &'static str,
    pub(super) arguments: Vec<(&'static str, String)>,
}

impl<'a> Ruling<'a> {
    pub(super) fn new(facts: &'a Facts, rulebooks: &'a Rulebooks) -> Self {
        let mut ruling = Self {
            facts,
            rulebooks,
            validities: BTreeMap::new(),
            standings: BTreeMap::new(),
            decided_validities: BTreeMap::new(),
            decided_standings: BTreeMap::new(),
            decided_refusals: BTreeMap::new(),
            refusals: BTreeMap::new(),
            findings: Vec::new(),
        };
        // Normalised facts have the decisions in order of time: the last one on a subject stands.
        for decision in &facts.decided {
            match (&decision.subject, decision.validity, decision.standing) {
                (Subject::Sample(id), Some(validity), _) => {
                    ruling.decided_validities.insert(*id, validity);
                }
                (Subject::Entry(id), _, Some(standing)) => {
                    let decided = (decision.decided_at_ms, standing);
                    ruling.decided_standings.insert(id.clone(), decided);
                }
                _ => {}
            }
            if let (Subject::Refusal(id), Some(refusal)) = (&decision.subject, decision.refusal) {
                ruling.decided_refusals.insert(*id, refusal);
            }
        }
        ruling
    }

    /// The samples of the scope, valid until a rule speaks; a voided sheet is void from the start.
    pub(super) fn take_up_samples(&mut self, belongs: impl Fn(&SampleFact) -> bool) {
        for (id, sample) in &self.facts.samples {
            if belongs(sample) {
                let drawn = drawn(sample).max(Validity::Valid);
                self.validities.insert(*id, drawn);
            }
        }
    }

    /// Samples of the scope that are not voided sheets, in order of id.
    pub(super) fn samples(&self) -> Vec<(SampleId, &'a SampleFact)> {
        let mut samples = self.taken_up();
        samples.retain(|(_, sample)| drawn(sample) != Validity::Void);
        samples
    }

    /// Samples of the scope, voided sheets among them, in order of id.
    pub(super) fn taken_up(&self) -> Vec<(SampleId, &'a SampleFact)> {
        let taken = self.validities.keys();
        taken
            .filter_map(|id| self.facts.samples.get(id).map(|sample| (*id, sample)))
            .collect()
    }

    /// Visits of the facts.
    pub(super) fn visits(&self) -> Vec<(DocumentId, &'a VisitFact)> {
        self.facts
            .visits
            .iter()
            .map(|(id, visit)| (*id, visit))
            .collect()
    }

    /// The rulebook that bound an authority at an instant.
    pub(super) fn book(&self, authority: Option<OrganisationId>, at: Millis) -> &'a Rulebook {
        self.rulebooks.for_facts(self.facts, authority, at)
    }

    /// The rulebook for a sample, by its authority when it was drawn.
    pub(super) fn book_of(&self, sample: &SampleFact) -> &'a Rulebook {
        self.book(self.authority_of(sample), sample.sampled.earliest_known())
    }

    /// The same with what it says of a rule; none where the rule does not hold.
    pub(super) fn binding(
        &self,
        rule: &Rule,
        sample: &SampleFact,
    ) -> Option<(&'a Rulebook, &'a RuleSettings)> {
        holding(self.book_of(sample), rule)
    }

    /// The same for anything else that an authority answers for.
    pub(super) fn binding_at(
        &self,
        rule: &Rule,
        authority: Option<OrganisationId>,
        at: Millis,
    ) -> Option<(&'a Rulebook, &'a RuleSettings)> {
        holding(self.book(authority, at), rule)
    }

    /// The authority for which a sample was drawn: its task's, else as recorded.
    pub(super) fn authority_of(&self, sample: &SampleFact) -> Option<OrganisationId> {
        sample
            .task_id
            .and_then(|task_id| self.facts.tasks.get(&task_id))
            .map(|task| task.authority_id)
            .or(sample.authority_id)
    }

    /// The authority that answers for a campaign, and so for its doors: the one that made it, whichever authorities its
    /// tasks have. Where the campaign itself is not known, the one of all that is known of it, if they agree.
    pub(super) fn authority_of_campaign(&self, campaign_id: CampaignId) -> Option<OrganisationId> {
        let facts = self.facts;
        let agreed = |named: BTreeSet<OrganisationId>| {
            let only = named.first().copied();
            only.filter(|_| named.len() == 1)
        };
        let of_tasks = || {
            let tasks = facts.tasks.values();
            let of_campaign = tasks.filter(|task| task.campaign_id == campaign_id);
            agreed(of_campaign.map(|task| task.authority_id).collect())
        };
        let of_samples = || {
            let entry = |id| facts.entries.get(id);
            let drawn = facts.samples.values().filter(|sample| {
                let entry = sample.entry_id.as_ref().and_then(entry);
                entry.is_some_and(|entry| entry.campaign_id == campaign_id)
            });
            agreed(drawn.filter_map(|sample| sample.authority_id).collect())
        };
        let made_by = facts.campaigns.get(&campaign_id).copied();
        made_by.or_else(of_tasks).or_else(of_samples)
    }

    /// The rulebook for a visit as a whole with what it says of a rule; none where the rule does not hold.
    pub(super) fn visit_binding(
        &self,
        rule: &Rule,
        document_id: DocumentId,
        visit: &VisitFact,
    ) -> Option<(&'a Rulebook, &'a RuleSettings)> {
        holding(self.visit_book(document_id, visit), rule)
    }

    /// The rulebook for a visit as a whole, at its first entry or sample.
    pub(super) fn visit_book(&self, document_id: DocumentId, visit: &VisitFact) -> &'a Rulebook {
        let entered = self
            .facts
            .entries
            .values()
            .filter(|entry| entry.document_id == document_id)
            .map(|entry| entry.entered.earliest_known());
        let sampled = self
            .facts
            .samples
            .values()
            .filter(|sample| sample.document_id == Some(document_id))
            .map(|sample| sample.sampled.earliest_known());
        let at = entered.chain(sampled).min().unwrap_or(i64::MAX);
        self.book(self.authority_of_campaign(visit.campaign_id), at)
    }

    /// The outcome of the earlier strata, a person's decision on top; pending where nothing was ruled yet.
    pub(super) fn so_far(&self, id: SampleId) -> Validity {
        let drawn = self.facts.samples.get(&id).map_or(Validity::Pending, drawn);
        self.decided_validities
            .get(&id)
            .copied()
            .unwrap_or_else(|| {
                drawn.max(
                    self.facts
                        .survived
                        .get(&id)
                        .copied()
                        .unwrap_or(Validity::Pending),
                )
            })
    }

    /// The outcome so far with what the rules before this one said in the same scope: what is void by another rule of
    /// the visit does not count in its limits.
    pub(super) fn so_far_here(&self, id: SampleId) -> Validity {
        let so_far = self.so_far(id);
        match self.validities.get(&id) {
            Some(here) if !self.is_decided(id) => so_far.max(*here),
            _ => so_far,
        }
    }

    /// A person has ruled on the sample.
    pub(super) fn is_decided(&self, id: SampleId) -> bool {
        self.decided_validities.contains_key(&id)
    }

    /// Standing of an entry as it is known after the door.
    pub(super) fn standing(&self, id: &EntryId) -> Option<Standing> {
        let decided = self
            .decided_standings
            .get(id)
            .map(|(_, standing)| *standing);
        self.facts.standings.get(id).copied().or(decided)
    }

    pub(super) fn stand(&mut self, id: &EntryId, standing: Standing) {
        self.standings.insert(id.clone(), standing);
    }

    pub(super) fn refusal_stands(&mut self, id: RefusalId, standing: RefusalStanding) {
        self.refusals.insert(id, standing);
    }

    pub(super) fn set_valid(&mut self, id: SampleId) {
        self.validities.entry(id).or_insert(Validity::Valid);
    }

    /// The most severe word stands; a sample that testing or service has fixed is never silently made a duplicate or
    /// void.
    pub(super) fn worsen(&mut self, id: SampleId, book: &Rulebook, validity: Validity) {
        let custody = self.facts.samples.get(&id).map(|sample| &sample.custody);
        let fixed = custody.is_some_and(CustodyFact::fixed);
        // What is wrong with one record rules no other under its id out.
        let shared = self.facts.samples.get(&id).is_some_and(is_shared);
        let validity = match validity {
            Validity::Duplicate | Validity::Void if shared => Validity::NeedsRuling,
            other => other,
        };
        let (would_be, validity) = match validity {
            Validity::Duplicate if fixed => (Some("duplicate"), Validity::NeedsRuling),
            Validity::Void if fixed => (Some("void"), Validity::NeedsRuling),
            other => (None, other),
        };
        if let Some(would_be) = would_be {
            self.say_in(
                book,
                Said {
                    rule: &RULE,
                    book,
                    severity: Severity::NeedsRuling,
                    subject: Subject::Sample(id),
                    winner: None,
                    key: "fixed",
                    arguments: vec![("would_be", would_be.to_owned())],
                },
            );
        }
        let stands = self.validities.entry(id).or_insert(Validity::Valid);
        *stands = (*stands).max(validity);
    }

    pub(super) fn say(&mut self, said: Said<'_>) {
        let book = said.book;
        self.say_in(book, said);
    }

    fn say_in(&mut self, book: &Rulebook, said: Said<'_>) {
        self.findings.push(Finding {
            rule_id: said.rule.id.to_owned(),
            severity: said.severity,
            subject: said.subject,
            citation: said.rule.citation.source.to_owned(),
            rulebook: book.name(),
            winner: said.winner,
            message: format!("{}.{}", said.rule.id, said.key),
            arguments: said
                .arguments
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        });
    }

    /// Says something of a sample and lets it weigh: violation, needs ruling, or `fatal` (duplicate or void).
    pub(super) fn judge(
        &mut self,
        rule: &'static Rule,
        book: &'a Rulebook,
        id: SampleId,
        validity: Validity,
        key: &'static str,
        arguments: Vec<(&'static str, String)>,
    ) {
        self.judge_against(rule, book, id, validity, key, arguments, None);
    }

    /// The same where another subject stands instead.
    #[expect(clippy::too_many_arguments, reason = "a finding has that many parts")]
    pub(super) fn judge_against(
        &mut self,
        rule: &'static Rule,
        book: &'a Rulebook,
        id: SampleId,
        validity: Validity,
        key: &'static str,
        arguments: Vec<(&'static str, String)>,
        winner: Option<SampleId>,
    ) {
        let severity = match validity {
            Validity::Pending | Validity::Valid => Severity::Notice,
            Validity::ValidWithViolation => Severity::Violation,
            Validity::NeedsRuling => Severity::NeedsRuling,
            Validity::Duplicate | Validity::Void => Severity::Fatal,
        };
        self.say(Said {
            rule,
            book,
            severity,
            subject: Subject::Sample(id),
            winner: winner.map(Subject::Sample),
            key,
            arguments,
        });
        self.worsen(id, book, validity);
    }

    /// Name of an organisation in messages.
    pub(super) fn name_of(&self, id: Option<OrganisationId>) -> String {
        id.and_then(|id| {
            self.facts
                .organisations
                .get(&id)
                .map(|o| o.name.clone())
                .or(Some(id.to_string()))
        })
        .unwrap_or_else(|| "?".to_owned())
    }

    pub(super) fn conclude(mut self) -> Findings {
        for (id, validity) in &self.decided_validities {
            if let Some(stands) = self.validities.get_mut(id) {
                *stands = *validity;
            }
        }
        let mut outcomes = BTreeMap::new();
        for (id, validity) in self.validities {
            outcomes.insert(Subject::Sample(id), Outcome::Sample { validity });
        }
        for (id, standing) in self.standings {
            outcomes.insert(Subject::Entry(id), Outcome::Entry { standing });
        }
        for (id, refusal) in self.refusals {
            outcomes.insert(Subject::Refusal(id), Outcome::Refusal { refusal });
        }
        let order = |finding: &Finding| {
            (
                finding.subject.clone(),
                finding.rule_id.clone(),
                finding.message.clone(),
                finding.winner.clone(),
                finding.arguments.clone(),
            )
        };
        self.findings.sort_by_cached_key(order);
        self.findings.dedup();
        Findings {
            outcomes,
            findings: self.findings,
        }
    }
}

/// What a sheet is before any rule speaks: a voided one is void, if no other record bears its id.
fn drawn(sample: &SampleFact) -> Validity {
    match sample.voided {
        Some(_) if is_shared(sample) => Validity::NeedsRuling,
        Some(_) => Validity::Void,
        None => Validity::Pending,
    }
}

/// Another record bears its id, so that nobody knows of which of them a word is.
fn is_shared(sample: &SampleFact) -> bool {
    !sample.also_claimed.is_empty()
}

/// A rulebook with what it says of a rule, where the rule holds by it.
fn holding<'a>(book: &'a Rulebook, rule: &Rule) -> Option<(&'a Rulebook, &'a RuleSettings)> {
    let settings = book.settings(rule);
    settings.enabled.then_some((book, settings))
}

/// Final validity of a sample: the most severe word of all strata, a person's decision on top.
pub fn final_validity(strata: &[Validity], decided: Option<Validity>) -> Validity {
    let worst = strata.iter().copied().max().unwrap_or(Validity::Pending);
    decided.unwrap_or(worst)
}

/// The scopes that must be ruled next because this one's outcomes changed: visit → door → products of its samples →
/// enterprise-years. `facts` are those of the ruled scope.
pub fn dirty_after(facts: &Facts, before: &Findings, after: &Findings) -> BTreeSet<ScopeKey> {
    let mut samples = BTreeSet::new();
    let mut scopes = BTreeSet::new();
    let subjects: BTreeSet<_> = before
        .outcomes
        .keys()
        .chain(after.outcomes.keys())
        .collect();
    for subject in subjects {
        if before.outcomes.get(subject) == after.outcomes.get(subject) {
            continue;
        }
        match subject {
            Subject::Sample(id) => {
                samples.insert(*id);
            }
            Subject::Entry(entry_id) => {
                // Standing decides which sheets were drawn on one occasion.
                let drawn = facts.samples.iter();
                let of_entry = drawn.filter(|(_, s)| s.entry_id.as_ref() == Some(entry_id));
                samples.extend(of_entry.map(|(id, _)| *id));
            }
            Subject::Refusal(id) => {
                // What is resolved lets a later entry continue.
                let visits = facts.visits.values();
                let of_refusal = visits.filter(|visit| visit.refusals.contains_key(id));
                scopes.extend(of_refusal.map(door_of));
            }
            Subject::Visit(_) => {}
        }
    }
    let stratum = facts.scope.stratum();
    for sample in samples.iter().filter_map(|id| facts.samples.get(id)) {
        scopes.extend(scopes_of_sample(sample));
        let entry = sample
            .entry_id
            .as_ref()
            .and_then(|id| facts.entries.get(id));
        if let Some(entry) = entry {
            scopes.insert(ScopeKey::Door {
                campaign_id: entry.campaign_id,
                body_id: entry.body_id,
                enterprise: entry.enterprise.clone(),
            });
        } else if let Some(visit) = sample.document_id.and_then(|id| facts.visits.get(&id)) {
            scopes.insert(door_of(visit));
        }
    }
    scopes.retain(|scope| scope.stratum() > stratum);
    scopes
}

fn door_of(visit: &VisitFact) -> ScopeKey {
    ScopeKey::Door {
        campaign_id: visit.campaign_id,
        body_id: visit.body_id,
        enterprise: visit.enterprise.clone(),
    }
}

/// All scopes that the visits, entries and samples of some facts belong to. A writer marks those of the old facts and
/// of the new ones.
pub fn scopes_of(facts: &Facts) -> BTreeSet<ScopeKey> {
    let visits = facts
        .visits
        .keys()
        .map(|id| ScopeKey::Visit { document_id: *id });
    let doors = facts.entries.values().map(|entry| ScopeKey::Door {
        campaign_id: entry.campaign_id,
        body_id: entry.body_id,
        enterprise: entry.enterprise.clone(),
    });
    let mut scopes: BTreeSet<ScopeKey> = visits.chain(doors).collect();
    for sample in facts.samples.values() {
        scopes.extend(scopes_of_sample(sample));
    }
    scopes
}

/// The longest uncertainty of which every year is named; beyond it, only the years of the known ends.
const YEARS_NAMED_MAX: i16 = 3;

/// All scopes that one sample belongs to, its door excepted (an entry names that).
pub fn scopes_of_sample(sample: &SampleFact) -> BTreeSet<ScopeKey> {
    let mut scopes = BTreeSet::new();
    scopes.extend(
        sample
            .document_id
            .map(|document_id| ScopeKey::Visit { document_id }),
    );
    for seal_no in &sample.seal_numbers {
        scopes.insert(ScopeKey::SealNumber {
            seal_no: seal_no.clone(),
        });
    }
    if let Some(sheet_no) = &sample.sheet_no {
        scopes.insert(ScopeKey::SheetNumber {
            sheet_no: sheet_no.clone(),
        });
    }
    let name = sample.product.name_digest();
    scopes.extend(name.map(|name| ScopeKey::ProducerName { name }));
    // Who is known by a name alone is a product's producer under that name and nowhere else.
    if sample.product.producer_has_uscc || name.is_none() {
        scopes.insert(ScopeKey::Product {
            product: sample.product.scope_digest(),
        });
    }
    if let Some(enterprise) = &sample.enterprise {
        let usable = sample.sampled.usable();
        let (first, last) = usable.shanghai_days();
        let (first, last) = (first.year(), last.year());
        let wall = shanghai_date(sample.sampled.wall_ms).year();
        let years: BTreeSet<i16> = if last - first <= YEARS_NAMED_MAX {
            (first..=last).collect()
        } else {
            let known_ends = [
                (usable.lo != i64::MIN, first),
                (usable.hi != i64::MAX, last),
                (true, wall),
            ];
            known_ends
                .into_iter()
                .filter(|(known, _)| *known)
                .map(|(_, year)| year)
                .collect()
        };
        for year in years {
            scopes.insert(ScopeKey::EnterpriseYear {
                enterprise: enterprise.clone(),
                year,
            });
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::*;

    /// Two samplings of one product a month apart; the later one is a duplicate by DUP6.
    fn twice(custody: CustodyFact) -> Facts {
        let mut facts = product();
        facts.drawn(1, CITY, "2025-03-01");
        facts.drawn(2, CITY, "2025-04-01").custody = custody;
        facts
    }
    fn testing() -> CustodyFact {
        CustodyFact {
            testing_started_at_ms: Some(1),
            ..CustodyFact::default()
        }
    }
    fn served() -> CustodyFact {
        CustodyFact {
            served_at_ms: Some(1),
            ..CustodyFact::default()
        }
    }

    #[test]
    fn violates_when_a_tested_or_served_sample_would_become_a_duplicate() {
        for custody in [testing(), served()] {
            let facts = twice(custody);
            assert_eq!((facts.validity(1), facts.validity(2)), (Valid, NeedsRuling));
            assert!(facts.said().contains("CUSTODY.fixed"));
        }
    }

    #[test]
    fn violates_when_a_tested_sample_would_become_void() {
        let tested = |f: &mut Facts| {
            f.first().export_only = true;
            f.first().custody = testing();
        };
        assert_eq!(after(tested, "CUSTODY.fixed"), (NeedsRuling, true));
    }

    #[test]
    fn passes_a_tested_sample_that_no_rule_speaks_against() {
        let tested = |f: &mut Facts| f.first().custody = testing();
        assert_eq!(after(tested, "CUSTODY.fixed"), (Valid, false));
    }

    #[test]
    fn exempts_nothing_but_what_a_person_decides_of_a_tested_sample_stands() {
        let mut facts = twice(testing());
        facts.decide_sample(2, Duplicate, 1);
        assert_eq!(facts.validity(2), Duplicate);
        assert!(!facts.said().contains("CUSTODY.fixed"));
    }

    #[test]
    fn boundary_receipt_alone_fixes_nothing_and_a_lesser_word_needs_no_protection() {
        let received = CustodyFact {
            received_at_ms: Some(1),
            ..CustodyFact::default()
        };
        assert_eq!(twice(received).validity(2), Duplicate);
        let lesser = |f: &mut Facts| {
            f.first().custody = testing();
            f.first().party_signed = false;
        };
        assert_eq!(after(lesser, "CUSTODY.fixed"), (ValidWithViolation, false));
    }
}
