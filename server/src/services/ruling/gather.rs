//! The facts of a scope: its members as projected, over which is laid what the server alone knows — tasks, rosters,
//! organisations, custody, permissions, decisions, whose bytes are verified, what they show and what reviewers say of them, and
//! what the earlier strata said.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use sync_core::document::lay_over;
use sync_core::limits::REUSE_TOLD_MAX;
use sync_core::model::{
    CampaignId, DocumentId, EnterpriseKey, EntryId, EvidenceId, EvidenceReview, Interval,
    MediaFact, Millis, OrganisationId, ReuseFact, SampleId, SamplingNotice, TaskId, TeamId, UserId,
    normalise_text, version_in_force,
};
use sync_core::rules::{
    ConfirmationFact, ContinuationFact, CustodyFact, Decision, EntryFact, Facts, Findings,
    OrganisationFact, Outcome, RecusalFact, SampleFact, ScopeKey, Subject, TaskFact, VisitFact,
    lay_over_reviews,
};

use crate::store::evidence;
use crate::store::media;
use crate::store::reference::{
    campaigns, enterprises, leases, lookups, product_rules, sampling_notices, teams,
};
use crate::store::reviews;
use crate::store::rulings::{decisions, rulebooks, verdicts};
use crate::store::sync::confirmations;
use crate::store::sync::projections::{self, Member};
use crate::store::{Result, Session};

/// How far the ancestors of an authority are followed: country, province, city, county, and one more.
const ANCESTORS_MAX: usize = 5;

/// The facts of one scope.
pub async fn facts(db: &mut Session, key: &ScopeKey) -> Result<Facts> {
    Known::default().facts(db, key).await
}

/// What the server found in the bytes of one piece of evidence, and where else the same picture stands.
type Seen = (Option<MediaFact>, BTreeSet<ReuseFact>);

/// What was read in one transaction, each thing once: the scopes of one visit share most of it. Valid as long as nobody
/// writes what is in it but the pass that has it.
#[derive(Default)]
pub struct Known {
    members: HashMap<String, Vec<Member>>,
    said: HashMap<String, Findings>,
    visits: HashMap<DocumentId, Option<VisitFact>>,
    confirmed: HashMap<DocumentId, Vec<ConfirmationFact>>,
    verified: HashMap<DocumentId, BTreeSet<EvidenceId>>,
    media: HashMap<DocumentId, HashMap<EvidenceId, Seen>>,
    reviewed: HashMap<DocumentId, Vec<EvidenceReview>>,
    entries: HashMap<EntryId, Option<EntryFact>>,
    samples: HashMap<SampleId, Vec<(Option<DocumentId>, SampleFact)>>,
    custody: HashMap<SampleId, CustodyFact>,
    decided: HashMap<Subject, Vec<Decision>>,
    verdicts: HashMap<Subject, Vec<verdicts::Verdict>>,
    rosters: HashMap<TeamId, BTreeSet<UserId>>,
    recusals: HashMap<OrganisationId, Vec<(EnterpriseKey, RecusalFact)>>,
    leased: HashMap<(CampaignId, OrganisationId), bool>,
    tasks: HashMap<TaskId, Option<TaskFact>>,
    bases: HashMap<(OrganisationId, String), Vec<(Millis, i64)>>,
    campaigns: HashMap<CampaignId, Option<OrganisationId>>,
    notices: HashMap<(OrganisationId, String), Option<SamplingNotice>>,
    organisations: HashMap<OrganisationId, Option<OrganisationFact>>,
}

/// Those that are not known yet, each once.
fn unknown<K: Hash + Eq + Ord + Clone, V>(
    known: &HashMap<K, V>,
    wanted: impl IntoIterator<Item = K>,
) -> BTreeSet<K> {
    let wanted = wanted.into_iter().filter(|key| !known.contains_key(key));
    wanted.collect()
}

/// The latest moment at which anybody can have walked in for samples of a task: what was given out later is nothing to them, and
/// their facts stay as they were ruled.
fn last_entered(facts: &Facts, task: TaskId) -> Millis {
    let of_task = facts.samples.values();
    let of_task = of_task.filter(|sample| sample.task_id == Some(task));
    let entered = of_task.map(|sample| {
        let entry = sample.entry_id.as_ref();
        let entry = entry.and_then(|id| facts.entries.get(id));
        entry
            .map_or(sample.sampled, |entry| entry.entered)
            .usable()
            .hi
    });
    entered.max().unwrap_or(Millis::MIN)
}

impl Known {
    /// Reads what these scopes will ask for, in few statements.
    pub async fn read_ahead(&mut self, db: &mut Session, keys: &[&ScopeKey]) -> Result<()> {
        let new: Vec<&ScopeKey> = keys
            .iter()
            .copied()
            .filter(|key| !self.members.contains_key(&key.to_string()))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut said = verdicts::list_of_scopes(db, &new).await?;
        for key in &new {
            let scope = key.to_string();
            let before = said.remove(&scope).unwrap_or_default();
            self.said.insert(scope, before);
        }
        let found = projections::list_members(db, &new).await?;
        let (mut documents, mut entries, mut samples) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (kind, member, document) in found.values().flatten() {
            documents.extend(*document);
            match kind.as_str() {
                "entry" => {
                    entries.insert(EntryId(member.clone()));
                }
                "sample" => samples.extend(member.parse::<SampleId>()),
                _ => {}
            }
        }
        self.members.extend(found);
        let visits = unknown(&self.visits, documents);
        let facts = projections::list_visits(db, visits.iter().copied()).await?;
        self.visits.extend(visits.iter().map(|id| (*id, None)));
        self.visits
            .extend(facts.into_iter().map(|(id, fact)| (id, Some(fact))));
        let judged = new.iter().filter_map(|key| match key {
            ScopeKey::Visit { document_id } => Some(*document_id),
            _ => None,
        });
        let judged: BTreeSet<DocumentId> = judged.collect();
        self.read_confirmed(db, visits.clone()).await?;
        self.read_verified(db, judged.clone()).await?;
        self.read_reviews(db, judged.clone()).await?;
        self.read_media(db, judged).await?;
        self.read_samples(db, samples.clone()).await?;
        for id in &samples {
            let of_sample = self.samples.get(id).into_iter().flatten();
            entries.extend(of_sample.filter_map(|(_, fact)| fact.entry_id.clone()));
        }
        self.read_entries(db, entries.clone()).await?;
        let refusals = visits.iter().filter_map(|id| self.visits.get(id)?.as_ref());
        let refusals = refusals.flat_map(|visit| visit.refusals.keys().copied());
        let refusals: Vec<Subject> = refusals.map(Subject::Refusal).collect();
        let visits = visits.into_iter().map(Subject::Visit);
        let entries = entries.into_iter().map(Subject::Entry);
        let samples = samples.into_iter().map(Subject::Sample);
        let subjects = visits.chain(entries).chain(samples).chain(refusals);
        self.read_subjects(db, subjects).await
    }

    async fn read_entries(&mut self, db: &mut Session, ids: BTreeSet<EntryId>) -> Result<()> {
        let new = unknown(&self.entries, ids);
        let facts = projections::list_entries(db, new.iter().cloned()).await?;
        self.entries.extend(new.into_iter().map(|id| (id, None)));
        let facts = facts.into_iter().map(|(id, fact)| (id, Some(fact)));
        self.entries.extend(facts);
        Ok(())
    }

    /// What enforcement says of visits.
    async fn read_confirmed(&mut self, db: &mut Session, ids: BTreeSet<DocumentId>) -> Result<()> {
        let new = unknown(&self.confirmed, ids);
        let said = confirmations::list_facts(db, new.iter().copied()).await?;
        let none = new.into_iter().map(|id| (id, Vec::new()));
        self.confirmed.extend(none);
        for (visit, fact) in said {
            self.confirmed.entry(visit).or_default().push(fact);
        }
        Ok(())
    }

    async fn read_verified(&mut self, db: &mut Session, ids: BTreeSet<DocumentId>) -> Result<()> {
        let new = unknown(&self.verified, ids);
        let verified = evidence::list_verified(db, new.iter().copied()).await?;
        let none = new.into_iter().map(|id| (id, BTreeSet::new()));
        self.verified.extend(none);
        for (document, id) in verified {
            self.verified.entry(document).or_default().insert(id);
        }
        Ok(())
    }

    /// What the authority decided on pieces of evidence.
    async fn read_reviews(&mut self, db: &mut Session, ids: BTreeSet<DocumentId>) -> Result<()> {
        let new = unknown(&self.reviewed, ids);
        let standing = reviews::list_standing(db, new.iter().copied()).await?;
        let none = new.into_iter().map(|id| (id, Vec::new()));
        self.reviewed.extend(none);
        for row in standing {
            let of_document = self.reviewed.entry(row.review.document_id).or_default();
            of_document.push(row.review);
        }
        Ok(())
    }

    /// What the server found in verified bytes, and where else the same pictures stand.
    async fn read_media(&mut self, db: &mut Session, ids: BTreeSet<DocumentId>) -> Result<()> {
        let new = Vec::from_iter(unknown(&self.media, ids));
        let found = media::list_found(db, &new).await?;
        let reused = media::list_reused(db, &new).await?;
        self.media
            .extend(new.into_iter().map(|id| (id, HashMap::new())));
        for (document, id, fact) in found {
            let of_document = self.media.entry(document).or_default();
            of_document.entry(id).or_default().0 = Some(fact);
        }
        for (document, id, fact) in reused {
            let of_document = self.media.entry(document).or_default();
            let known = &mut of_document.entry(id).or_default().1;
            known.insert(fact);
            // Those with the same bytes come first of their visit; a person looks at a few.
            if known.len() > REUSE_TOLD_MAX {
                known.pop_last();
            }
        }
        Ok(())
    }

    async fn read_samples(&mut self, db: &mut Session, ids: BTreeSet<SampleId>) -> Result<()> {
        let new = unknown(&self.samples, ids);
        for (id, document, fact) in projections::list_samples(db, new.iter().copied()).await? {
            self.samples.entry(id).or_default().push((document, fact));
        }
        let custody = lookups::custody_facts(db, new.iter().copied()).await?;
        self.custody.extend(custody);
        for id in new {
            self.samples.entry(id).or_default();
        }
        Ok(())
    }

    /// Reads what was said and decided on these.
    pub async fn read_subjects(
        &mut self,
        db: &mut Session,
        subjects: impl IntoIterator<Item = Subject>,
    ) -> Result<()> {
        let new = Vec::from_iter(unknown(&self.verdicts, subjects));
        let mut decided = decisions::list_of_subjects(db, &new).await?;
        for subject in &new {
            let on = decided.remove(subject).unwrap_or_default();
            self.decided.insert(subject.clone(), on);
        }
        self.verdicts
            .extend(verdicts::list_of_subjects(db, &new).await?);
        Ok(())
    }

    /// What a scope said before.
    pub fn said(&self, key: &ScopeKey) -> Findings {
        self.said.get(&key.to_string()).cloned().unwrap_or_default()
    }

    /// What all scopes say on a subject, as far as they were read or have just spoken, earliest stratum first.
    pub fn verdicts_on(&self, subject: &Subject) -> &[verdicts::Verdict] {
        self.verdicts.get(subject).map_or(&[], Vec::as_slice)
    }

    /// What persons decided on a subject that was read, oldest first.
    pub fn decided_on(&self, subject: &Subject) -> &[Decision] {
        self.decided.get(subject).map_or(&[], Vec::as_slice)
    }

    /// A scope says something else now.
    pub async fn say(
        &mut self,
        db: &mut Session,
        key: &ScopeKey,
        before: &Findings,
        after: &Findings,
    ) -> Result<()> {
        let old = verdicts::by_subject(key, before);
        let new = verdicts::by_subject(key, after);
        self.read_subjects(db, old.keys().chain(new.keys()).cloned())
            .await?;
        let scope = key.to_string();
        for subject in old.keys() {
            let on = self.verdicts.entry(subject.clone()).or_default();
            on.retain(|verdict| verdict.scope != scope);
        }
        for (subject, verdict) in new {
            let on = self.verdicts.entry(subject).or_default();
            on.retain(|known| known.scope != scope);
            on.push(verdict);
            on.sort_by(|a, b| a.place().cmp(&b.place()));
        }
        Ok(())
    }

    /// Gathers.
    pub async fn facts(&mut self, db: &mut Session, key: &ScopeKey) -> Result<Facts> {
        self.read_ahead(db, &[key]).await?;
        let mut facts = Facts::new(key.clone());
        let mut documents: BTreeSet<DocumentId> = BTreeSet::new();
        let members = self.members.get(&key.to_string()).cloned();
        for (kind, member, document) in members.unwrap_or_default() {
            documents.extend(document);
            match kind.as_str() {
                "entry" => self.take_entry(db, &mut facts, EntryId(member)).await?,
                "sample" => {
                    if let Ok(id) = member.parse::<SampleId>() {
                        self.take_sample(db, &mut facts, id, document).await?;
                    }
                }
                _ => {}
            }
        }
        for document in documents {
            self.take_visit(db, &mut facts, document).await?;
        }
        self.take_leases(db, &mut facts).await?;
        self.take_tasks(db, &mut facts).await?;
        self.take_campaigns(db, &mut facts).await?;
        self.take_notices(db, &mut facts).await?;
        self.take_organisations(db, &mut facts).await?;
        self.take_earlier_words(&mut facts, i64::from(key.stratum()));
        Ok(facts)
    }

    async fn take_entry(&mut self, db: &mut Session, facts: &mut Facts, id: EntryId) -> Result<()> {
        if facts.entries.contains_key(&id) {
            return Ok(());
        }
        self.read_entries(db, BTreeSet::from([id.clone()])).await?;
        let Some(mut entry) = self.entries.get(&id).cloned().flatten() else {
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
        self.read_subjects(db, [subject.clone()]).await?;
        facts.decided.extend_from_slice(self.decided_on(&subject));
        facts.entries.insert(id, entry);
        Ok(())
    }

    /// Where several documents in one scope have a record under one id, the first of them stands for all: each of their
    /// visits has frozen it.
    async fn take_sample(
        &mut self,
        db: &mut Session,
        facts: &mut Facts,
        id: SampleId,
        document: Option<DocumentId>,
    ) -> Result<()> {
        if facts.samples.contains_key(&id) {
            return Ok(());
        }
        let records = self.samples.get(&id).map_or(&[][..], Vec::as_slice);
        let (own, others): (Vec<_>, Vec<_>) = records
            .iter()
            .partition(|(claimed, _)| *claimed == document);
        let Some((_, sample)) = own.into_iter().next_back() else {
            return Ok(());
        };
        let sample = SampleFact {
            also_claimed: others.into_iter().map(|(claimed, _)| *claimed).collect(),
            custody: self.custody.get(&id).cloned().unwrap_or_default(),
            ..sample.clone()
        };
        let subject = Subject::Sample(id);
        facts.decided.extend_from_slice(self.decided_on(&subject));
        if let Some(entry) = sample.entry_id.clone() {
            self.take_entry(db, facts, entry).await?;
        }
        facts.samples.insert(id, sample);
        Ok(())
    }

    async fn take_visit(
        &mut self,
        db: &mut Session,
        facts: &mut Facts,
        document: DocumentId,
    ) -> Result<()> {
        let Some(mut visit) = self.visits.get(&document).cloned().flatten() else {
            return Ok(());
        };
        if let Some(team) = visit.team_id {
            if let Entry::Vacant(place) = self.rosters.entry(team) {
                place.insert(teams::roster(db, team).await?);
            }
            visit.roster = self.rosters.get(&team).cloned().unwrap_or_default();
        }
        if let Entry::Vacant(place) = self.recusals.entry(visit.body_id) {
            place.insert(lookups::recusals_of_body(db, visit.body_id).await?);
        }
        let of_body = self.recusals.get(&visit.body_id);
        if let Some(of_body) = of_body.filter(|of_body| !of_body.is_empty()) {
            // Declared under whichever key the enterprise had then.
            for key in enterprises::keys_of(db, &visit.enterprise).await? {
                for (_, recusal) in of_body.iter().filter(|(at, _)| *at == key) {
                    if !visit.recusals.contains(recusal) {
                        visit.recusals.push(recusal.clone());
                    }
                }
            }
        }
        let refusals = visit.refusals.keys().copied().map(Subject::Refusal);
        let refusals: Vec<Subject> = refusals.collect();
        self.read_subjects(db, refusals.iter().cloned()).await?;
        for refusal in &refusals {
            facts.decided.extend_from_slice(self.decided_on(refusal));
        }
        // How far the bytes have come is for the visit's own rules: whatever else looks at the visit stays as it is ruled.
        if facts.scope
            == (ScopeKey::Visit {
                document_id: document,
            })
        {
            self.read_verified(db, BTreeSet::from([document])).await?;
            self.read_media(db, BTreeSet::from([document])).await?;
            self.read_reviews(db, BTreeSet::from([document])).await?;
            let reviewed = self.reviewed.get(&document).into_iter().flatten();
            lay_over_reviews(&mut visit, reviewed);
            let verified = self.verified.get(&document);
            let media = self.media.get(&document);
            for piece in &mut visit.evidence {
                let of_piece = piece.evidence_id.as_ref();
                if let Some((found, reused)) = of_piece.and_then(|id| media?.get(id)) {
                    (piece.found, piece.reused) = (found.clone(), reused.clone());
                }
                piece.verified = piece
                    .evidence_id
                    .map(|id| verified.is_some_and(|ids| ids.contains(&id)));
            }
        }
        facts.visits.insert(document, visit);
        if matches!(facts.scope, ScopeKey::Visit { .. } | ScopeKey::Door { .. }) {
            self.read_confirmed(db, BTreeSet::from([document])).await?;
            let said = self.confirmed.get(&document).into_iter().flatten();
            lay_over(facts, said.map(|fact| (document, fact.clone())));
        }
        Ok(())
    }

    /// Leases on the door that held while somebody may have walked in.
    async fn take_leases(&mut self, db: &mut Session, facts: &mut Facts) -> Result<()> {
        let ScopeKey::Door {
            campaign_id,
            body_id,
            enterprise,
        } = &facts.scope
        else {
            return Ok(());
        };
        let (campaign, body, enterprise) = (*campaign_id, *body_id, enterprise.clone());
        let leased = match self.leased.get(&(campaign, body)) {
            Some(leased) => *leased,
            None => {
                let leased = leases::has_any(db, campaign, body).await?;
                self.leased.insert((campaign, body), leased);
                leased
            }
        };
        if !leased {
            return Ok(());
        }
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
    async fn take_tasks(&mut self, db: &mut Session, facts: &mut Facts) -> Result<()> {
        let named: BTreeSet<_> = facts
            .samples
            .values()
            .filter_map(|sample| sample.task_id)
            .collect();
        for id in named {
            if let Entry::Vacant(place) = self.tasks.entry(id) {
                place.insert(lookups::task_fact(db, id).await?);
            }
            let Some(mut task) = self.tasks.get(&id).cloned().flatten() else {
                continue;
            };
            let last = last_entered(facts, id);
            task.disclosures.retain(|told| told.at_ms <= last);
            let asked = (task.authority_id, normalise_text(&task.product_name));
            if !self.bases.contains_key(&asked) {
                let bases = product_rules::list_bases(db, asked.0, &asked.1).await?;
                self.bases.insert(asked.clone(), bases);
            }
            let bases = self.bases.get(&asked).map_or(&[][..], Vec::as_slice);
            for sample in facts
                .samples
                .values_mut()
                .filter(|sample| sample.task_id == Some(id))
            {
                sample.authority_id = Some(task.authority_id);
                let drawn = sample.sampled.earliest_known();
                let base = version_in_force(bases, drawn, |(since, _)| (*since, 0));
                sample.min_base_milli = base.map(|(_, base)| *base).or(sample.min_base_milli);
            }
            facts.tasks.insert(id, task);
        }
        Ok(())
    }

    /// Who made the campaigns, and so answers for their doors.
    async fn take_campaigns(&mut self, db: &mut Session, facts: &mut Facts) -> Result<()> {
        let of_visits = facts.visits.values().map(|visit| visit.campaign_id);
        let of_entries = facts.entries.values().map(|entry| entry.campaign_id);
        let named: BTreeSet<_> = of_visits.chain(of_entries).collect();
        for id in named {
            if let Entry::Vacant(place) = self.campaigns.entry(id) {
                let campaign = campaigns::find(db, id).await?;
                place.insert(campaign.map(|campaign| campaign.authority_id));
            }
            if let Some(authority) = self.campaigns.get(&id).copied().flatten() {
                facts.campaigns.insert(id, authority);
            }
        }
        Ok(())
    }

    /// 监督抽查通知书 that arrivals name, for the visit's own rules.
    async fn take_notices(&mut self, db: &mut Session, facts: &mut Facts) -> Result<()> {
        let ScopeKey::Visit { document_id } = facts.scope else {
            return Ok(());
        };
        let campaign = facts.visits.get(&document_id).map(|it| it.campaign_id);
        let authority = campaign.and_then(|id| facts.campaigns.get(&id).copied());
        let Some(authority) = authority else {
            return Ok(());
        };
        let of_visit = facts.entries.values();
        let of_visit = of_visit.filter(|entry| entry.document_id == document_id);
        let arrivals = of_visit.flat_map(|entry| &entry.arrivals);
        let numbers: BTreeSet<String> = arrivals.filter_map(|it| it.notice_no.clone()).collect();
        for number in numbers {
            let key = (authority, SamplingNotice::number_key(&number));
            if !self.notices.contains_key(&key) {
                let found = sampling_notices::find_by_number(db, key.0, &key.1).await?;
                self.notices
                    .insert(key.clone(), found.map(|row| row.notice()));
            }
            let Some(notice) = self.notices.get(&key).and_then(Option::as_ref) else {
                continue;
            };
            let enterprise = enterprises::resolve_key(db, &notice.enterprise).await?;
            let fact = notice.fact(|_| enterprise);
            if let (Some(visit), Some(fact)) = (facts.visits.get_mut(&document_id), fact) {
                visit.notices.insert(number, fact);
            }
        }
        Ok(())
    }

    async fn take_organisations(&mut self, db: &mut Session, facts: &mut Facts) -> Result<()> {
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
                if let Entry::Vacant(place) = self.organisations.entry(id) {
                    place.insert(lookups::organisation_fact(db, id).await?);
                }
                let Some(organisation) = self.organisations.get(&id).cloned().flatten() else {
                    break;
                };
                next = organisation.parent_id;
                facts.organisations.insert(id, organisation);
            }
        }
        Ok(())
    }

    /// What the strata before this one said: the most severe word on each sample, and the standing of each entry.
    fn take_earlier_words(&self, facts: &mut Facts, stratum: i64) {
        for id in facts.samples.keys() {
            for verdict in self.verdicts_on(&Subject::Sample(*id)) {
                if let (true, Some(Outcome::Sample { validity })) =
                    (verdict.stratum < stratum, &verdict.outcome)
                {
                    let worst = facts.survived.entry(*id).or_insert(*validity);
                    *worst = (*validity).max(*worst);
                }
            }
        }
        for id in facts.entries.keys() {
            for verdict in self.verdicts_on(&Subject::Entry(id.clone())) {
                if let (true, Some(Outcome::Entry { standing })) =
                    (verdict.stratum < stratum, &verdict.outcome)
                {
                    facts.standings.insert(id.clone(), *standing);
                }
            }
        }
    }
}
