//! What a phone can say before the sample is cut. From its own documents, the reference data that came down and the
//! duplicate index it puts together the facts that it knows and rules them with the server's engine. What follows from
//! its own documents is a finding, exact within them; what leans on the index alone is advice, as of the index's instant.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bearing::Bearing;
use super::leases::{DoorState, LeaseRecord};
use super::wire::{IndexRow, RulingNotice};
use crate::document::project::prior_sampling;
use crate::document::{Certificates, Surroundings, TaskContext, VisitDocument, lay_over, project};
use crate::model::{
    Actor, AssignedRecusal, CASE_PROGRESS, Campaign, CampaignId, CaseProgress, ChangeHash, Digest,
    DocumentId, Enterprise, EnterpriseAlias, EnterpriseKey, LeaseId, Millis, OrganisationId,
    ProductKey, ProductRule, ReEntryGrantId, SampleId, SamplingNotice, TRACKED_ENTERPRISE, Task,
    TaskId, Team, TeamId, TeamKey, TimeClaim, TrackedEnterprise, UserId, VisitIdentity,
    normalise_text, word,
};
use crate::proof::{
    BelievedKeys, CertificateKind, CertificatePayload, OrganisationKind, ReEntryGrantPayload,
    Signed, TimeTokenPayload, Verifier,
};
use crate::rules::index::IndexKind;
use crate::rules::{
    ConfirmationFact, Decision, Facts, Finding, Lang, LeaseFact, OrganisationFact, Outcome,
    ProductFact, Rulebooks, SamplingSource, ScopeKey, Subject, TaskFact, index, render, rule_about,
    scopes_of_sample,
};

/// One record of reference data, as it came down.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceRecord {
    /// `task`, `organisation`, …
    pub kind: String,
    /// Within the kind.
    pub id: String,
    /// With the fields of its kind.
    pub record: Value,
}

/// What a phone has stored around its documents.
#[derive(Clone)]
pub struct Known<'a> {
    /// The algorithms.
    pub verifier: &'a dyn Verifier,
    /// Keys of the server.
    pub server_keys: BelievedKeys,
    /// Certificates, verified when they came; of one actor the last is the newest.
    pub certificates: Vec<CertificatePayload>,
    /// When the server first received a change.
    pub received: BTreeMap<ChangeHash, Millis>,
    /// Reference data.
    pub references: Vec<ReferenceRecord>,
    /// What the clocks say now.
    pub now: TimeClaim,
    /// Rulings on these documents.
    pub rulings: Vec<RulingNotice>,
    /// Key of the duplicate index; none was ever received.
    pub index_key: Option<Vec<u8>>,
    /// The index is complete up to this instant.
    pub index_as_of_ms: Option<Millis>,
    /// Rows of the index under one hash.
    pub index: &'a dyn Fn(&Digest) -> Vec<IndexRow>,
    /// 现场确认 that the phone holds, each with the visit that it names (`ConfirmationProjection::of_visit`).
    pub confirmations: Vec<(DocumentId, ConfirmationFact)>,
}

impl Known<'_> {
    fn read<T: DeserializeOwned>(&self, kind: &str) -> impl Iterator<Item = (&str, T)> {
        let of_kind = self.references.iter().filter(move |it| it.kind == kind);
        of_kind.filter_map(|it| {
            let read = serde_json::from_value(it.record.clone());
            Some((it.id.as_str(), read.ok()?))
        })
    }

    /// The same of those alone whose field is this: there may be thousands of a kind, and each is read whole.
    fn read_where<'k, T: DeserializeOwned + 'k, F: DeserializeOwned + PartialEq>(
        &'k self,
        kind: &'k str,
        field: &'k str,
        wanted: &'k F,
    ) -> impl Iterator<Item = (&'k str, T)> + 'k {
        let of_kind = self.references.iter().filter(move |it| it.kind == kind);
        let is_wanted = move |it: &&ReferenceRecord| {
            let found = it.record.get(field).map(F::deserialize);
            matches!(found, Some(Ok(found)) if found == *wanted)
        };
        of_kind.filter(is_wanted).filter_map(|it| {
            let read = serde_json::from_value(it.record.clone());
            Some((it.id.as_str(), read.ok()?))
        })
    }

    /// 案件进展: what became of cases, as the server last told it.
    pub fn progress(&self) -> Vec<CaseProgress> {
        let told = self.read::<CaseProgress>(CASE_PROGRESS);
        told.map(|(_, progress)| progress).collect()
    }

    /// Since when an enterprise is on the tracking list (跟踪抽查名单), by its key that stands; none where it is not, as far as
    /// this phone may know.
    pub fn tracked_since(&self, enterprise: &EnterpriseKey) -> Option<Millis> {
        let tracked = self.read::<TrackedEnterprise>(TRACKED_ENTERPRISE);
        let of_it = tracked.filter(|(_, it)| self.alias(&it.enterprise) == *enterprise);
        of_it.map(|(_, it)| it.since_ms).min()
    }

    /// 企业名录: an enterprise as it is listed, by its key that stands.
    pub fn listed(&self, enterprise: &EnterpriseKey) -> Option<Enterprise> {
        let listed = self.read_where::<Enterprise, EnterpriseKey>("enterprise", "key", enterprise);
        listed.map(|(_, it)| it).next()
    }

    /// Leases that the server signed, by the keys of enterprises that stand now; the others are passed over.
    pub fn leases(&self) -> BTreeMap<LeaseId, LeaseFact> {
        let records = self.read::<LeaseRecord>("lease");
        let opened = records.filter_map(|(_, record)| {
            let opened = self.server_keys.open_dated(&record.signed, self.verifier);
            let payload = opened.ok()?;
            let fact = LeaseFact {
                campaign_id: payload.campaign_id,
                body_id: payload.body_id,
                enterprise: self.alias(&payload.enterprise),
                team_id: payload.team_id,
                valid: payload.valid(record.released_at_ms),
            };
            Some((payload.lease_id, fact))
        });
        opened.collect()
    }

    /// What the leases say to a team at a door now.
    pub fn door(&self, identity: &VisitIdentity) -> DoorState {
        let leases = self.leases();
        let enterprise = self.alias(&identity.enterprise);
        let here = leases.iter().filter(|(_, lease)| {
            (lease.campaign_id, lease.body_id) == (identity.campaign, identity.body)
                && lease.enterprise == enterprise
        });
        let team = match &identity.team {
            TeamKey::Team(id) => Some(*id),
            TeamKey::Solo(_) => None,
        };
        DoorState::at(here.map(|(id, lease)| (*id, lease)), team, &self.now)
    }

    /// What stands for a key after the aliases, which are read once.
    pub(super) fn aliases(&self) -> impl Fn(&EnterpriseKey) -> EnterpriseKey + use<> {
        let aliases = self.read::<EnterpriseAlias>("enterprise_alias");
        let aliases: Vec<_> = aliases.map(|(_, alias)| alias).collect();
        move |key| EnterpriseAlias::resolve(&aliases, key)
    }

    fn task_record(&self, id: TaskId) -> Option<Task> {
        let of_it = self.read_where::<Task, TaskId>("task", "task_id", &id);
        of_it.map(|(_, task)| task).next()
    }
}

impl Certificates for Known<'_> {
    fn device(&self, actor: &Actor) -> Option<CertificatePayload> {
        let mut newest = self.certificates.iter().rev();
        newest
            .find(|it| it.kind == CertificateKind::Device && it.actor == *actor)
            .cloned()
    }
    fn signer(&self, serial: i64) -> Option<CertificatePayload> {
        let mut all = self.certificates.iter();
        all.find(|it| it.kind == CertificateKind::Signer && it.serial == serial)
            .cloned()
    }
}

impl Surroundings for Known<'_> {
    fn verifier(&self) -> &dyn Verifier {
        self.verifier
    }
    fn received_at(&self, change: &ChangeHash) -> Option<Millis> {
        self.received.get(change).copied()
    }
    fn token(&self, wire: &str) -> Option<TimeTokenPayload> {
        let signed: Signed<TimeTokenPayload> = serde_json::from_str(wire).ok()?;
        self.server_keys.open_dated(&signed, self.verifier).ok()
    }
    fn alias(&self, key: &EnterpriseKey) -> EnterpriseKey {
        self.aliases()(key)
    }
    fn region(&self, key: &EnterpriseKey) -> Option<String> {
        let region = self.listed(key)?.region?;
        Some(region.to_string())
    }
    fn roster(&self, team: TeamId) -> BTreeSet<UserId> {
        let mut teams = self.read_where::<Team, TeamId>("team", "team_id", &team);
        let found = teams.next();
        found.map(|(_, it)| it.members).unwrap_or_default()
    }
    fn task(&self, id: TaskId) -> Option<TaskContext> {
        let task = self.task_record(id)?;
        let name = normalise_text(&task.product_name);
        let rules = self.read::<ProductRule>("product_rule").map(|(_, it)| it);
        let rules = rules.filter(|rule| {
            rule.authority_id == task.authority_id && normalise_text(&rule.product_name) == name
        });
        Some(TaskContext {
            authority_id: task.authority_id,
            rules: rules.collect(),
        })
    }
    fn grants(
        &self,
        campaign: CampaignId,
        body: OrganisationId,
        enterprise: &EnterpriseKey,
    ) -> BTreeMap<ReEntryGrantId, Millis> {
        // What the server signed says for which door it is, not the record around it.
        let signed = self.read::<GrantRecord>("re_entry_grant");
        let opened = signed.filter_map(|(_, record)| {
            let opened = self.server_keys.open_dated(&record.signed, self.verifier);
            opened.ok()
        });
        opened
            .filter(|it| it.campaign_id == campaign && it.body_id == body)
            .filter(|it| self.alias(&it.enterprise) == *enterprise)
            .map(|it| (it.grant_id, it.expires_at_ms))
            .collect()
    }
}

/// A permission to walk in again as it came down.
#[derive(Deserialize)]
struct GrantRecord {
    signed: Signed<ReEntryGrantPayload>,
}

/// A finding in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// As the engine gives it.
    #[serde(flatten)]
    pub finding: Finding,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<Finding> for Spoken {
    fn from(finding: Finding) -> Self {
        Self {
            zh: render(&finding, Lang::ZhCn),
            en: render(&finding, Lang::En),
            finding,
        }
    }
}

/// What leases say of a door, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpokenDoor {
    /// As it is acted on.
    #[serde(flatten)]
    pub door: DoorState,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<DoorState> for SpokenDoor {
    fn from(door: DoorState) -> Self {
        let words = door.words();
        Self {
            door,
            zh: words.zh,
            en: words.en,
        }
    }
}

/// The outcome of one subject, as far as the phone's own documents tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    /// Of what.
    pub subject: Subject,
    /// What stands.
    pub outcome: Outcome,
}

/// What a phone can say of a visit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// From the phone's own documents and reference data.
    pub findings: Vec<Spoken>,
    /// Of the visit's entries and samples.
    pub outcomes: Vec<Stands>,
    /// What the duplicate index adds: advice, for the server may know more, and of later.
    pub advice: Vec<Spoken>,
    /// The index is complete up to this instant; none was ever received.
    pub index_as_of_ms: Option<Millis>,
    /// What leases say of the door now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<SpokenDoor>,
    /// Rulebook versions that spoke.
    pub rulebooks: BTreeSet<String>,
}

/// What a phone knows of all its visits, as facts.
pub fn facts<'d>(
    documents: impl IntoIterator<Item = &'d VisitDocument>,
    known: &Known<'_>,
) -> Facts {
    let mut facts = Facts::new(ScopeKey::Visit {
        document_id: DocumentId([0; 32]),
    });
    for document in documents {
        let projection = project(document, known);
        facts
            .visits
            .insert(projection.document_id, projection.visit);
        facts.entries.extend(projection.entries);
        for (id, sample) in projection.samples {
            // Two documents have a record under one id: the first document's stands for both, frozen.
            match facts.samples.entry(id) {
                Entry::Occupied(mut had) => {
                    had.get_mut().also_claimed.insert(Some(document.id()));
                }
                Entry::Vacant(free) => {
                    free.insert(sample);
                }
            }
        }
    }
    for (_, recusal) in known.read::<AssignedRecusal>("recusal") {
        let enterprise = known.alias(&recusal.enterprise_key);
        for visit in facts.visits.values_mut() {
            if visit.body_id == recusal.fact.body_id
                && visit.enterprise == enterprise
                && !visit.recusals.contains(&recusal.fact)
            {
                visit.recusals.push(recusal.fact.clone());
            }
        }
    }
    for (_, task) in known.read::<Task>("task") {
        facts.tasks.insert(
            task.task_id,
            TaskFact {
                campaign_id: task.campaign_id,
                authority_id: task.authority_id,
                body_id: task.body_id,
                former_bodies: task.former_bodies,
                approved: task.approved,
                cancelled_at_ms: task.cancelled_at_ms,
                sampling_kind: word(&task.sampling_kind),
                product_name: task.product_name,
                disclosures: Default::default(),
            },
        );
    }
    for (_, campaign) in known.read::<Campaign>("campaign") {
        let made_by = campaign.authority_id;
        facts.campaigns.insert(campaign.campaign_id, made_by);
    }
    for (_, notice) in known.read::<SamplingNotice>("sampling_notice") {
        let Some(fact) = notice.fact(|key| known.alias(key)) else {
            continue;
        };
        let key = SamplingNotice::number_key(&notice.notice_no);
        for entry in facts.entries.values() {
            let shown = entry.arrivals.iter().filter_map(|it| it.notice_no.as_ref());
            let shown = shown.filter(|number| SamplingNotice::number_key(number) == key);
            let issued = facts.campaigns.get(&entry.campaign_id) == Some(&notice.authority_id);
            for number in shown.filter(|_| issued) {
                if let Some(visit) = facts.visits.get_mut(&entry.document_id) {
                    visit.notices.insert(number.clone(), fact.clone());
                }
            }
        }
    }
    for (id, fact) in known.read::<OrganisationFact>("organisation") {
        if let Ok(id) = id.parse::<OrganisationId>() {
            facts.organisations.insert(id, fact);
        }
    }
    lay_over(&mut facts, known.confirmations.iter().cloned());
    facts.leases = known.leases();
    facts.decided = known.rulings.iter().filter_map(decision).collect();
    facts
}

/// A ruling by a person is a fact for the phone as well; one by the engine is not.
pub(super) fn decision(notice: &RulingNotice) -> Option<Decision> {
    let user_id: UserId = notice.actor.parse().ok()?;
    let (standing, validity, refusal) = match notice.outcome {
        Outcome::Entry { standing } => (Some(standing), None, None),
        Outcome::Sample { validity } => (None, Some(validity), None),
        Outcome::Refusal { refusal } => (None, None, Some(refusal)),
    };
    Some(Decision {
        subject: notice.subject.clone(),
        standing,
        validity,
        refusal,
        user_id,
        reason: String::new(),
        decided_at_ms: notice.decided_at_ms,
    })
}

/// Lays beside the facts what the index has on the products and years of the visit's samples.
fn add_index(facts: &mut Facts, known: &Known<'_>, visit: DocumentId, own: &BTreeSet<SampleId>) {
    let Some(key) = known.index_key.as_deref() else {
        return;
    };
    let samples: Vec<_> = facts
        .samples
        .values()
        .filter(|sample| sample.document_id == Some(visit))
        .cloned()
        .collect();
    // Rows hide whose they are: those of the phone's own samples are known by computing their names.
    let elsewhere = |hash: &Digest| {
        let mut rows = (known.index)(hash);
        if rows.is_empty() {
            return rows;
        }
        let mine: BTreeSet<String> = own
            .iter()
            .map(|id| index::index_row_id(key, *id, hash))
            .collect();
        rows.retain(|row| !mine.contains(&row.row_id));
        rows
    };
    for sample in samples {
        let mut whole = BTreeSet::new();
        for (kind, hash, product) in index::product_lookups(key, &sample.product) {
            for row in elsewhere(&hash) {
                let told = (row.sampled_on.clone(), row.authority_id);
                // A sampling that is found by its whole key is found by each standard as well.
                if kind == IndexKind::Product {
                    whole.insert(told);
                } else if whole.contains(&told) {
                    continue;
                }
                add_row(facts, &row, None, product.clone());
            }
        }
        for scope in scopes_of_sample(&sample) {
            let ScopeKey::EnterpriseYear { enterprise, year } = scope else {
                continue;
            };
            let (_, hash) = index::year_index_key(key, &enterprise, year);
            for row in elsewhere(&hash) {
                let unknown = ProductKey::new(None, "", &[], "", "").into();
                add_row(facts, &row, Some(enterprise.clone()), unknown);
            }
        }
    }
}

/// A row as a sampling elsewhere: its whole civil day. Its name stands for the sample, which the index does not tell.
fn add_row(
    facts: &mut Facts,
    row: &IndexRow,
    enterprise: Option<EnterpriseKey>,
    product: ProductFact,
) {
    let source = SamplingSource::Imported {
        origin: "duplicate index".to_owned(),
    };
    let mut name = [0; 16];
    if hex::decode_to_slice(&row.row_id, &mut name).is_err() {
        return;
    }
    let Some(mut fact) = prior_sampling(source, &row.sampled_on, enterprise, product) else {
        return;
    };
    fact.authority_id = Some(row.authority_id);
    fact.sampling_kind.clone_from(&row.sampling_kind);
    facts
        .samples
        .entry(SampleId(uuid::Uuid::from_bytes(name)))
        .or_insert(fact);
    facts
        .organisations
        .entry(row.authority_id)
        .or_insert_with(|| OrganisationFact {
            kind: OrganisationKind::Authority,
            name: row.level.clone(),
            level: Some(row.level.clone()),
            region: None,
            parent_id: None,
            suspended: Vec::new(),
        });
}

/// Previews one visit from what bears on it, the visit among them.
pub fn preview(
    visit: DocumentId,
    bearing: &Bearing,
    known: &Known<'_>,
    rulebooks: &Rulebooks,
) -> Preview {
    let documents = &bearing.documents;
    // The visit itself comes first: under an id that another document has too, its own record is the one to judge.
    let (own, others): (Vec<_>, Vec<_>) = documents.iter().partition(|it| it.id() == visit);
    let mut facts = facts(own.into_iter().chain(others), known);
    let concerns = |facts: &Facts, subject: &Subject| match subject {
        Subject::Visit(id) => *id == visit,
        Subject::Entry(id) => facts
            .entries
            .get(id)
            .is_some_and(|it| it.document_id == visit),
        Subject::Sample(id) => facts
            .samples
            .get(id)
            .is_some_and(|it| it.document_id == Some(visit)),
        Subject::Refusal(id) => facts
            .visits
            .get(&visit)
            .is_some_and(|it| it.refusals.contains_key(id)),
    };
    let said = |ruled: crate::rules::Ruled, facts: &Facts| {
        let spoken = ruled.scopes.into_iter().flat_map(|(_, said)| said.findings);
        let mut findings: Vec<Finding> = spoken.filter(|it| concerns(facts, &it.subject)).collect();
        findings.sort_by(|a, b| {
            let order = |it: &Finding| (it.subject.clone(), it.rule_id.clone(), it.message.clone());
            (order(a), &a.arguments).cmp(&(order(b), &b.arguments))
        });
        findings.dedup();
        findings
    };
    let rule = |facts: &Facts| rule_about(facts, rulebooks, |subject| concerns(facts, subject));
    let ruled = rule(&facts);
    let outcomes = ruled
        .outcomes
        .iter()
        .filter(|(subject, _)| concerns(&facts, subject))
        .map(|(subject, outcome)| Stands {
            subject: subject.clone(),
            outcome: outcome.clone(),
        })
        .collect();
    let exact = said(ruled, &facts);
    add_index(&mut facts, known, visit, &bearing.samples);
    let mut advice = said(rule(&facts), &facts);
    advice.retain(|finding| !exact.contains(finding));
    let spoken = |findings: Vec<Finding>| findings.into_iter().map(Spoken::from).collect();
    let opened = documents.iter().find(|document| document.id() == visit);
    Preview {
        door: opened.map(|document| known.door(document.identity()).into()),
        rulebooks: exact
            .iter()
            .chain(&advice)
            .map(|it| it.rulebook.clone())
            .collect(),
        findings: spoken(exact),
        outcomes,
        advice: spoken(advice),
        index_as_of_ms: known.index_as_of_ms,
    }
}
