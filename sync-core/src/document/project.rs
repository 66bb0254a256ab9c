//! From a document to the facts that rules read. A pure function of the set of changes and of what is known around
//! them: the order in which anything arrived never shows (I3). Authors are the certified keys of changes, never what a
//! record says of itself (I5), and what is sealed is read from its sealed heads (I6).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::bound::{BoundDocument, Item, Items};
use super::conflicts::{ConflictRecord, conflicts};
use super::entries::{self, ComputedEntry, Place};
use super::history::Touched;
use super::seals::{
    AmendmentRecord, Certificates, Edits, ListedSeal, SealRecord, SealStanding, SealVerdict,
    Sealable,
};
use super::skeleton::{Identity, SignedBy};
use super::visit::VisitDocument;
use crate::model::{
    Actor, AnswerId, CampaignId, ChangeHash, DeviceId, Digest, DocumentId, EnterpriseKey, EntryId,
    EvidenceEntry, EvidenceId, EvidenceSubject, Fault, Interval, Millis, NotSampled, OnSiteReport,
    OnSiteReportId, OrganisationId, ProductKey, ProductRule, PurposeKind, ReEntryGrantId, Refusal,
    RefusalId, Region, SampleId, SampleSheet, SealId, SealSubject, TaskId, TeamId, TeamKey,
    TimeClaim, TimeFact, UserId, VisitIdentity, add_days, normalise_text, shanghai_midnight, word,
};
use crate::proof::{CertificatePayload, TimeTokenPayload, Verifier};
use crate::rules::{
    AnswerFact, ArrivalFact, CustodyFact, EntryFact, EvidenceFact, ProductFact, Purpose,
    RecusalFact, RefusalFact, ReportFact, SampleFact, SamplingSource, VisitFact,
};

/// What a task says about its samples.
#[derive(Debug, Clone)]
pub struct TaskContext {
    /// 组织抽查部门
    pub authority_id: OrganisationId,
    /// 实施细则 for its product, every version: what is drawn is held to the one in force then.
    pub rules: Vec<ProductRule>,
}

/// What is known around a document. A phone knows less than the server, and says so by the defaults.
pub trait Surroundings: Certificates {
    /// The algorithms.
    fn verifier(&self) -> &dyn Verifier;
    /// When the server first received a change; none on a phone.
    fn received_at(&self, change: &ChangeHash) -> Option<Millis>;
    /// Opens a server-time token in its wire form; none where it does not verify.
    fn token(&self, wire: &str) -> Option<TimeTokenPayload>;
    /// The enterprise after aliases.
    fn alias(&self, key: &EnterpriseKey) -> EnterpriseKey {
        key.clone()
    }
    /// GB/T 2260 code of an enterprise.
    fn region(&self, _: &EnterpriseKey) -> Option<String> {
        None
    }
    /// 抽样组
    fn roster(&self, _: TeamId) -> BTreeSet<UserId> {
        BTreeSet::new()
    }
    /// 抽查任务
    fn task(&self, _: TaskId) -> Option<TaskContext> {
        None
    }
    /// Re-entry grants for this door after aliases, each with the instant from which it holds no longer.
    fn grants(
        &self,
        _: CampaignId,
        _: OrganisationId,
        _: &EnterpriseKey,
    ) -> BTreeMap<ReEntryGrantId, Millis> {
        BTreeMap::new()
    }
    /// What laboratory and service have fixed.
    fn custody(&self, _: SampleId) -> CustodyFact {
        CustodyFact::default()
    }
    /// Whether the bytes of a piece of evidence are verified; none where they are not tracked.
    fn evidence_verified(&self, _: &Digest) -> Option<bool> {
        None
    }
    /// 回避 declared at assignment.
    fn assigned_recusals(&self) -> Vec<RecusalFact> {
        Vec::new()
    }
}

/// A sheet as it is shown and listed: sealed as it was sealed, else as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedSheet {
    /// The form.
    pub sheet: SampleSheet,
    /// Codes of what is wrong with it.
    pub faults: Vec<String>,
    /// A seal that its device signed covers it.
    pub sealed: bool,
    /// It was changed after or beside its seal.
    pub amended: bool,
    /// Its author; none where the author is not certified here.
    pub author: Option<UserId>,
}

/// Another record that people seal, as it is shown: sealed as it was sealed, else as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedRecord<T> {
    /// The form.
    pub record: T,
    /// Codes of what is wrong with it and with its seal.
    pub faults: Vec<String>,
    /// The seal from which it is shown; none where nothing that its device signed covers it.
    pub seal_id: Option<SealId>,
    /// It was changed after or beside its seal.
    pub amended: bool,
    /// Samplers whose signature holds.
    pub signers: BTreeSet<UserId>,
    /// Its author; none where the author is not certified here.
    pub author: Option<UserId>,
    /// The change that made it.
    pub maker: ChangeHash,
}

/// An entry of the manifest (影像清单) with what the clocks prove of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedEvidence {
    /// As it stands.
    pub entry: EvidenceEntry,
    /// When it was captured.
    pub captured: TimeFact,
    /// Who listed it; none where the author is not certified here.
    pub author: Option<UserId>,
    /// With which phone.
    pub device: Option<DeviceId>,
    /// 补正: who answered reviews of it, and when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<AnswerId, AnswerFact>,
}

/// Everything that follows from a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// Which.
    pub document_id: DocumentId,
    /// As a whole.
    pub visit: VisitFact,
    /// In the order of their days.
    pub entries: Vec<(EntryId, EntryFact)>,
    /// Samples drawn and samplings claimed, by id.
    pub samples: Vec<(SampleId, SampleFact)>,
    /// For lists, by id.
    pub sheets: Vec<ListedSheet>,
    /// 拒检, by id.
    pub refusals: Vec<ListedRecord<Refusal>>,
    /// 未抽到样品, by id.
    pub not_sampled: Vec<ListedRecord<NotSampled>>,
    /// 现场报告, by id.
    pub on_site_reports: Vec<ListedRecord<OnSiteReport>>,
    /// 影像清单, by id.
    pub evidence: Vec<ListedEvidence>,
    /// Seals that hold, by what they seal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seals: Vec<ListedSeal>,
    /// Fields that two people set apart.
    pub conflicts: Vec<ConflictRecord>,
    /// Name of the enterprise as last recorded; shown, never compared.
    pub enterprise_name: Option<String>,
    /// GB/T 2260 code of the enterprise as last recorded, where it is one: for an enterprise that nobody has listed.
    pub enterprise_region: Option<Region>,
}

/// A document while it is projected.
pub(super) struct Reading<'a, I> {
    pub(super) document: &'a BoundDocument<I>,
    pub(super) around: &'a dyn Surroundings,
    authors: BTreeMap<ChangeHash, Actor>,
    seals: Vec<Item<SealRecord>>,
    edits: Edits,
    pub(super) unreadable: Vec<String>,
}

impl<'a, I: Identity> Reading<'a, I> {
    pub(super) fn of(document: &'a BoundDocument<I>, around: &'a dyn Surroundings) -> Self {
        let metas = document.doc.get_changes_meta(&[]);
        let written = metas.iter().filter(|meta| !meta.deps.is_empty());
        let authors = written.filter_map(|meta| {
            let actor = Actor(meta.actor.to_bytes().try_into().ok()?);
            Some((ChangeHash(meta.hash.0), actor))
        });
        let mut read = Self {
            document,
            around,
            authors: authors.collect(),
            seals: Vec::new(),
            edits: document.edits(),
            unreadable: Vec::new(),
        };
        read.seals = read.take(document.seals());
        read
    }

    /// Everybody whose certified key wrote into it.
    pub(super) fn people(&self) -> BTreeSet<UserId> {
        let actors = self.authors.values();
        let certified = actors.filter_map(|actor| self.around.device(actor));
        certified.map(|it| it.user_id).collect()
    }

    /// 影像清单, with what the clocks prove of each entry.
    pub(super) fn evidence(&self) -> Vec<ListedEvidence> {
        let listed = self.document.evidence().items.into_iter();
        listed
            .map(|it| ListedEvidence {
                captured: self.time(&it.value.captured_at, &it.setter("captured_at")),
                answers: self.answers(&it),
                author: self.author(&it.maker).map(|author| author.user_id),
                device: self.author(&it.maker).map(|author| author.device_id),
                entry: it.value,
            })
            .collect()
    }

    /// 影像补正: the answers to reviews of a piece, with who gave them and when.
    pub(super) fn answers(&self, piece: &Item<EvidenceEntry>) -> BTreeMap<AnswerId, AnswerFact> {
        let answers = piece.value.answers.iter();
        answers
            .map(|(id, answer)| {
                let change = piece.setter(&format!("answers.{id}"));
                let fact = AnswerFact {
                    review: answer.review,
                    answered: self.time(&answer.answered_at, &change),
                    by: self.author(&change).map(|author| author.user_id),
                    supplement: answer.supplement,
                };
                (*id, fact)
            })
            .collect()
    }

    pub(super) fn take<T>(&mut self, items: Items<T>) -> Vec<Item<T>> {
        self.unreadable.extend(items.unreadable);
        items.items
    }

    pub(super) fn author(&self, change: &ChangeHash) -> Option<CertificatePayload> {
        self.around.device(self.authors.get(change)?)
    }

    pub(super) fn time(&self, claim: &TimeClaim, change: &ChangeHash) -> TimeFact {
        let device = self.author(change).map(|it| it.device_id);
        time_fact(self.around, device, claim, change)
    }
}

/// The two intervals of what `device` noted down in a change. A token that does not verify, or is another device's,
/// counts as none.
pub(crate) fn time_fact(
    around: &dyn Surroundings,
    device: Option<DeviceId>,
    claim: &TimeClaim,
    change: &ChangeHash,
) -> TimeFact {
    let token = claim
        .token
        .as_deref()
        .and_then(|wire| around.token(wire))
        .filter(|token| Some(token.device_id) == device)
        .filter(|token| claim.token_at_ms == Some(token.at_ms));
    let received = around.received_at(change).unwrap_or(i64::MAX);
    TimeFact {
        proven: Interval {
            lo: token.as_ref().map_or(i64::MIN, |it| it.at_ms.min(received)),
            hi: received,
        },
        claimed: token.and_then(|_| claim.claimed()),
        wall_ms: claim.wall_ms,
    }
}

/// The facts of one visit.
pub fn project(document: &VisitDocument, around: &dyn Surroundings) -> Projection {
    let mut read = Reading::of(document, around);
    let identity = document.identity();
    let enterprise = around.alias(&identity.enterprise);
    let team_id = match identity.team {
        TeamKey::Team(id) => Some(id),
        TeamKey::Solo(_) => None,
    };

    let arrivals = read.take(document.arrivals());
    let suspensions = read
        .take(document.suspensions())
        .into_iter()
        .map(|it| {
            (
                it.value.suspension_id,
                read.time(&it.value.suspended_at, &it.setter("suspended_at")),
            )
        })
        .collect();
    let grants = around.grants(identity.campaign, identity.body, &enterprise);
    let place = Place {
        document_id: document.id(),
        campaign_id: identity.campaign,
        body_id: identity.body,
        enterprise: enterprise.clone(),
        team_id,
        suspensions: &suspensions,
        grants: &grants,
    };
    let sites = arrivals.iter().filter_map(|it| it.value.site.as_deref());
    let sites = sites
        .map(normalise_text)
        .filter(|it| !it.is_empty())
        .collect();
    let arrived = arrivals.iter().flat_map(|it| it.value.faults());
    let mut beside_faults: Vec<String> = arrived.map(|fault| fault.key("arrival")).collect();
    let mut walks = Vec::new();
    for arrival in arrivals {
        // Without a certificate nobody is known to have walked in.
        let Some(author) = read.author(&arrival.maker) else {
            read.unreadable
                .push(format!("arrivals/{}", arrival.value.arrival_id));
            continue;
        };
        let fact = ArrivalFact {
            arrival_id: arrival.value.arrival_id,
            device_id: author.device_id,
            user_id: author.user_id,
            samplers: arrival.value.samplers.clone(),
            entered: read.time(&arrival.value.entered_at, &arrival.setter("entered_at")),
            notice_no: arrival
                .value
                .notice_no
                .clone()
                .filter(|it| !it.trim().is_empty()),
            id_shown: arrival.value.id_shown,
            resumes: None,
            assisting: arrival.value.assisting.clone(),
            location: arrival.value.location.clone(),
        };
        walks.push((arrival.value, fact));
    }
    let evidence = read.evidence();
    let shown_faults = evidence
        .iter()
        .flat_map(|it| it.entry.faults_by(it.device, it.captured.proven.hi));
    beside_faults.extend(shown_faults.map(|fault| fault.key("evidence")));
    let mut computed = entries::compute(&place, walks);

    let mut samples = BTreeMap::new();
    let mut sheets = BTreeMap::new();
    let mut papers = Papers::default();
    let mut seals = Vec::new();
    let now = read.take(document.sheets());
    for shown in shown(&read, now) {
        seals.extend_from_slice(&shown.seals);
        let sheet = &shown.item.value;
        papers.take(&shown, Some(sheet.sheet_no.clone()), &sheet.evidence);
        let sampled = read.time(&sheet.sampled_at, &shown.item.setter("sampled_at"));
        let entry_id = entries::entry_at(&mut computed, &sampled).map(|entry| {
            entry.fact.drew_samples |= sheet.voided_reason.is_none();
            entry.entry_id.clone()
        });
        let (fact, listed) = sample_of(&read, &shown, sampled, entry_id, &enterprise);
        samples.insert(sheet.sample_id, fact);
        sheets.insert(sheet.sample_id, listed);
    }
    for claim in read.take(document.prior_claims()) {
        let now = read
            .time(&claim.value.claimed_at, &claim.setter("claimed_at"))
            .proven
            .hi;
        let faults = claim.value.faults(now);
        beside_faults.extend(faults.iter().map(|fault| fault.key("prior_claim")));
        let product = claim
            .value
            .sample_id
            .and_then(|id| sheets.get(&id))
            .map(|listed: &ListedSheet| listed.sheet.product_key().into());
        if let Some(fact) = claimed_sampling(&claim.value, product, &enterprise) {
            // A claim takes no sheet's place: under its id the sheet stands, and the claim is at fault.
            match samples.entry(SampleId(claim.value.claim_id.0)) {
                Entry::Vacant(free) => {
                    free.insert(fact);
                }
                Entry::Occupied(_) => {
                    beside_faults.push(Fault::new("claim_id", "taken").key("prior_claim"));
                }
            }
        }
    }

    let now = read.take(document.refusals());
    let refusals = shown(&read, now);
    let now = read.take(document.not_sampled());
    let not_sampled = shown(&read, now);
    let now = read.take(document.on_site_reports());
    let reports = shown(&read, now);
    for it in &refusals {
        papers.take(it, None, &it.item.value.evidence);
        seals.extend_from_slice(&it.seals);
    }
    for it in &not_sampled {
        papers.take(it, None, &it.item.value.evidence);
        seals.extend_from_slice(&it.seals);
    }
    for it in &reports {
        papers.take(it, None, &it.item.value.evidence);
        seals.extend_from_slice(&it.seals);
    }
    let wrong = evidence.iter().flat_map(|it| papers.faults(&it.entry));
    beside_faults.extend(wrong.map(|fault| fault.key("evidence")));
    let records = Records {
        refusals: &refusals,
        not_sampled: &not_sampled,
        reports: &reports,
    };
    let mut visit = visit_fact(
        &mut read,
        enterprise,
        team_id,
        sites,
        &records,
        &mut computed,
    );
    let refusals = listed(&read, "refusal", refusals, |it, change| {
        let now = read.time(&it.refused_at, change).proven.hi;
        it.faults(now)
    });
    let not_sampled = listed(&read, "not_sampled", not_sampled, |it, change| {
        let now = read.time(&it.recorded_at, change).proven.hi;
        it.faults(now)
    });
    let on_site_reports = listed(&read, "on_site_report", reports, |it, change| {
        let now = read.time(&it.reported_at, change).proven.hi;
        it.faults(now)
    });
    visit.faults.extend(beside_faults);
    visit.faults.extend(
        (refusals.iter().map(|it| &it.faults))
            .chain(not_sampled.iter().map(|it| &it.faults))
            .chain(on_site_reports.iter().map(|it| &it.faults))
            .flatten()
            .cloned(),
    );
    visit.faults.sort();
    visit.faults.dedup();
    let mut records = document.enterprise().items;
    records.sort_by_key(|it| (it.value.recorded_at.wall_ms, it.value.record_id));
    let mut regions = records
        .iter()
        .rev()
        .filter_map(|it| it.value.party.region.as_ref());
    let enterprise_region = regions.find_map(|code| code.parse().ok());
    Projection {
        document_id: document.id(),
        visit,
        entries: computed
            .into_iter()
            .map(|it| (it.entry_id, it.fact))
            .collect(),
        samples: samples.into_iter().collect(),
        enterprise_name: records.pop().map(|it| it.value.party.name).or_else(|| {
            let mut names = sheets
                .values()
                .map(|it| it.sheet.sampled_party.name.clone());
            names.find(|name| !name.trim().is_empty())
        }),
        sheets: sheets.into_values().collect(),
        refusals,
        not_sampled,
        on_site_reports,
        evidence,
        seals,
        enterprise_region,
        conflicts: conflicts(document.automerge()),
    }
}

/// What a photographed paper is held against: the number of each record, what was signed, and what its seal covers.
#[derive(Default)]
struct Papers(BTreeMap<SealSubject, PaperRecord>);

struct PaperRecord {
    number: String,
    sealed: bool,
    digests: BTreeSet<Digest>,
    covered: BTreeMap<EvidenceId, Digest>,
}

impl Papers {
    fn take<T: Sealable>(
        &mut self,
        shown: &Shown<T>,
        number: Option<String>,
        covered: &BTreeMap<EvidenceId, Digest>,
    ) {
        let subject = shown.item.value.subject();
        let number = number.or_else(|| subject.number()).unwrap_or_default();
        let record = PaperRecord {
            number,
            sealed: shown.seal_id.is_some(),
            digests: shown.digests.clone(),
            covered: covered.clone(),
        };
        self.0.insert(subject, record);
    }

    /// 纸质文书: the paper bears the record's number; if it bears a digest, that of a seal of the record, and if it bears
    /// none, the record's seal covers its photograph. Then paper and record are one case.
    fn faults(&self, entry: &EvidenceEntry) -> Vec<Fault> {
        let Some(paper) = &entry.paper else {
            return Vec::new();
        };
        // What is on no record of this visit could be on any.
        let record = entry.subject.sealed_as();
        let Some(record) = record.and_then(|subject| self.0.get(&subject)) else {
            return vec![Fault::new("paper", "no_record")];
        };
        let mut faults = Vec::new();
        if normalise_text(&paper.number) != normalise_text(&record.number) {
            faults.push(Fault::new("paper.number", "differs").with("number", &record.number));
        }
        match &paper.seal {
            Some(seal) if !record.digests.contains(seal) => {
                faults.push(Fault::new("paper.seal", "other_seal"));
            }
            None if record.sealed
                && record.covered.get(&entry.evidence_id) != Some(&entry.sha256) =>
            {
                faults.push(Fault::new("paper.seal", "required"));
            }
            _ => {}
        }
        faults
    }
}

/// A record with what its seals say.
pub(super) struct Shown<T> {
    pub(super) item: Item<T>,
    pub(super) signers: BTreeSet<UserId>,
    party_signed: bool,
    distinct_seals: u32,
    pub(super) seal_id: Option<SealId>,
    /// What was signed, by every seal that its device signed.
    pub(super) digests: BTreeSet<Digest>,
    /// Those seals, for whoever holds a form.
    pub(super) seals: Vec<ListedSeal>,
    amended: bool,
    unsigned_amendments: u32,
    /// What the signed amendments beside it say, in the order of changes.
    amended_fields: Vec<Touched>,
    /// Of the seal, but for what the rules say in their own words: too few samplers, no party.
    faults: Vec<String>,
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Records that are there now and records that were sealed, even where somebody deleted them since, by id.
pub(super) fn shown<I: Identity, T: Sealable>(
    read: &Reading<'_, I>,
    now: Vec<Item<T>>,
) -> Vec<Shown<T>> {
    let mut records: BTreeMap<SealSubject, Option<Item<T>>> = now
        .into_iter()
        .map(|it| (it.value.subject(), Some(it)))
        .collect();
    for seal in &read.seals {
        let statement = &seal.value.statement;
        // What is there and cannot be read as this kind of record was sealed as another.
        if !records.contains_key(&statement.subject)
            && let Ok(sealed) = read.document.sealed_view::<T>(statement)
            && sealed.value.subject() == statement.subject
        {
            records.insert(statement.subject, None);
        }
    }
    records
        .into_iter()
        .filter_map(|(subject, current)| {
            as_sealed(read, &subject).or_else(|| current.map(unsealed))
        })
        .collect()
}

fn unsealed<T>(item: Item<T>) -> Shown<T> {
    Shown {
        item,
        signers: BTreeSet::new(),
        party_signed: false,
        distinct_seals: 0,
        seal_id: None,
        digests: BTreeSet::new(),
        seals: Vec::new(),
        amended: false,
        unsigned_amendments: 0,
        amended_fields: Vec::new(),
        faults: Vec::new(),
    }
}

/// The seal from which a subject is shown, among those that are true and that their device signed: two samplers before
/// one, then the order of changes. A bare seal never displaces a signed one.
fn first_seal(
    verified: &[(Item<SealRecord>, SealVerdict)],
) -> Option<&(Item<SealRecord>, SealVerdict)> {
    verified
        .iter()
        .min_by_key(|(_, verdict)| verdict.signers.len() < 2)
}

impl<I: Identity> BoundDocument<I> {
    /// The seal from which a subject is shown, if it is sealed.
    pub fn shown_seal(&self, subject: &SealSubject, around: &dyn Surroundings) -> Option<SealId> {
        let verified = verified_seals(self, around, self.seals().items, subject);
        first_seal(&verified).map(|(seal, _)| seal.value.seal_id)
    }
}

impl VisitDocument {
    /// A sheet as it was sealed, if it is sealed.
    pub(super) fn sealed_sheet(
        &self,
        id: SampleId,
        around: &dyn Surroundings,
    ) -> Option<Item<SampleSheet>> {
        let subject = SealSubject::Sheet(id);
        let verified = verified_seals(self, around, self.seals().items, &subject);
        let (seal, _) = first_seal(&verified)?;
        self.sealed_view(&seal.value.statement).ok()
    }
}

/// A record from its seal; none where no seal of it is true and signed by its device.
fn as_sealed<I: Identity, T: Sealable>(
    read: &Reading<'_, I>,
    subject: &SealSubject,
) -> Option<Shown<T>> {
    let document = read.document;
    let verified = verified_seals(document, read.around, read.seals.clone(), subject);
    let (seal, verdict) = first_seal(&verified)?;
    let says = seal.value.statement.says();
    let alike = || {
        let of_one = verified
            .iter()
            .filter(|(seal, _)| seal.value.statement.says() == says);
        of_one.map(|(_, verdict)| verdict)
    };
    let contents: BTreeSet<_> = verified
        .iter()
        .map(|(seal, _)| seal.value.statement.says())
        .collect();
    let amendments = document.amendments_beside(&seal.value, &read.edits);
    let amended = !amendments.is_empty();
    let holds = |it: &AmendmentRecord| document.verify_amendment(it, read.around).verified;
    let (signed, unsigned): (Vec<_>, Vec<_>) = amendments.into_iter().partition(holds);
    let said_by_rules = ["seal.party", "seal.two_samplers"];
    let faults = verdict.faults.iter();
    let item: Item<T> = document.sealed_view(&seal.value.statement).ok()?;
    let amended_fields: Vec<Touched> = signed.into_iter().flat_map(|it| it.fields).collect();
    let standing = |of: &SealRecord| match () {
        () if of.statement.says() != says => SealStanding::Replaced,
        () if is_taken_back(&item.value, &amended_fields) => SealStanding::Withdrawn,
        () if !amended_fields.is_empty() => SealStanding::Amended,
        () => SealStanding::Stands,
    };
    let seals = verified.iter().map(|(seal, verdict)| ListedSeal {
        seal_id: seal.value.seal_id,
        digest: verdict.digest,
        sealed: read.time(&seal.value.sealed_at, &seal.maker),
        standing: standing(&seal.value),
    });
    Some(Shown {
        seals: seals.collect(),
        item,
        signers: alike().flat_map(|it| it.signers.iter().copied()).collect(),
        party_signed: alike().any(|it| it.party_signed),
        distinct_seals: count(contents.len()),
        seal_id: Some(seal.value.seal_id),
        digests: verified.iter().map(|(_, verdict)| verdict.digest).collect(),
        amended,
        unsigned_amendments: count(unsigned.len()),
        amended_fields,
        faults: faults
            .filter(|fault| !said_by_rules.contains(fault))
            .map(|fault| (*fault).to_owned())
            .collect(),
    })
}

fn verified_seals<I: Identity>(
    document: &BoundDocument<I>,
    around: &dyn Surroundings,
    seals: Vec<Item<SealRecord>>,
    subject: &SealSubject,
) -> Vec<(Item<SealRecord>, SealVerdict)> {
    document
        .true_seals(seals, subject)
        .into_iter()
        .map(|seal| {
            let verdict = document.verify_seal(&seal, around);
            (seal, verdict)
        })
        .filter(|(_, verdict)| verdict.device_signed)
        .collect()
}

/// Records as they are shown, with what is wrong with each form and its seal.
pub(super) fn listed<I: Identity, T: Sealable>(
    read: &Reading<'_, I>,
    form: &str,
    shown: Vec<Shown<T>>,
    faults_of: impl Fn(&T, &ChangeHash) -> Vec<Fault>,
) -> Vec<ListedRecord<T>> {
    shown
        .into_iter()
        .map(|it| {
            let record = it.item.value;
            let found = faults_of(&record, &it.item.maker);
            let mut faults: Vec<String> = found.iter().map(|fault| fault.key(form)).collect();
            let mut also = |wrong: bool, path: &str, code: &str| {
                if wrong {
                    faults.push(Fault::new(path, code).key(form));
                }
            };
            let by_samplers = I::SIGNED_BY == SignedBy::Samplers;
            also(
                by_samplers && it.signers.len() < 2,
                "signatures",
                "two_samplers",
            );
            // 拒检认定表: the enterprise signs it, or refuses to before a witness.
            let wants_party = matches!(record.subject(), SealSubject::Refusal(_));
            also(
                wants_party && it.seal_id.is_some() && !it.party_signed,
                "party_signature",
                "required",
            );
            also(it.distinct_seals > 1, "seals", "two_different");
            also(it.unsigned_amendments > 0, "amendments", "unsigned");
            faults.extend(it.faults);
            ListedRecord {
                author: read.author(&it.item.maker).map(|it| it.user_id),
                maker: it.item.maker,
                record,
                faults,
                seal_id: it.seal_id,
                amended: it.amended,
                signers: it.signers,
            }
        })
        .collect()
}

fn sample_of(
    read: &Reading<'_, VisitIdentity>,
    shown: &Shown<SampleSheet>,
    sampled: TimeFact,
    entry_id: Option<EntryId>,
    enterprise: &EnterpriseKey,
) -> (SampleFact, ListedSheet) {
    let sheet = &shown.item.value;
    let identity = read.document.identity();
    let task = sheet.task_id.and_then(|id| read.around.task(id));
    let rules = task.as_ref().map_or(&[][..], |it| &it.rules);
    let rule = ProductRule::in_force(rules, sampled.earliest_known());
    // Nothing is in the future of what was not received yet.
    let now = sampled.proven.hi;
    let mut faults: Vec<String> = sheet
        .faults(rule, now)
        .iter()
        .map(|fault| fault.key("sheet"))
        .collect();
    faults.extend(shown.faults.iter().cloned());
    let present = |text: &Option<String>| {
        text.as_deref()
            .map(normalise_text)
            .filter(|it| !it.is_empty())
    };
    let purpose = match sheet.purpose {
        PurposeKind::Task => Purpose::Task,
        PurposeKind::Case => Purpose::Case {
            case_no: sheet.case_no.clone().filter(|it| !it.trim().is_empty()),
        },
        PurposeKind::Dispute => Purpose::Dispute {
            disputed_product: present(&sheet.disputed_product),
            product: normalise_text(&sheet.product_name),
        },
    };
    let fact = SampleFact {
        source: SamplingSource::Captured,
        document_id: Some(read.document.id()),
        entry_id,
        sheet_no: Some(sheet.sheet_no.trim().to_owned()).filter(|it| !it.is_empty()),
        task_id: sheet.task_id,
        sampling_kind: word(&sheet.sampling_kind),
        channel: word(&sheet.channel),
        authority_id: task.as_ref().map(|it| it.authority_id),
        body_id: Some(identity.body),
        enterprise: Some(enterprise.clone()),
        product: sheet.product_key().into(),
        lot_no: present(&sheet.lot_no),
        production_date: present(&sheet.production_date),
        sampled,
        lot_base_milli: sheet.lot_base_milli.map(|it| it.0),
        test_qty_milli: sheet.test_qty_milli.map(|it| it.0),
        spare_qty_milli: sheet.spare_qty_milli.map(|it| it.0),
        min_base_milli: rule.map(|it| it.min_base_milli.0),
        export_only: sheet.is_export,
        not_for_sale: sheet
            .not_for_sale
            .clone()
            .filter(|it| !it.trim().is_empty()),
        purpose,
        signers: shown.signers.clone(),
        party_signed: shown.party_signed,
        seal_numbers: sheet.seals.keys().map(|it| it.trim().to_owned()).collect(),
        distinct_seals: shown.distinct_seals,
        amended: shown.amended,
        unsigned_amendments: shown.unsigned_amendments,
        also_claimed: BTreeSet::new(),
        voided: sheet.voided_reason.clone(),
        faults: faults.clone(),
        custody: read.around.custody(sheet.sample_id),
    };
    let listed = ListedSheet {
        sheet: sheet.clone(),
        faults,
        sealed: shown.seal_id.is_some(),
        amended: shown.amended,
        author: read.author(&shown.item.maker).map(|it| it.user_id),
    };
    (fact, listed)
}

/// A sampling elsewhere, as the enterprise claims it: never certain of its product.
fn claimed_sampling(
    claim: &crate::model::PriorSamplingClaim,
    product: Option<ProductFact>,
    enterprise: &EnterpriseKey,
) -> Option<SampleFact> {
    let mut product = product.unwrap_or_else(|| ProductKey::new(None, "", &[], "", "").into());
    product.incomplete = true;
    let enterprise = Some(enterprise.clone());
    let mut fact = prior_sampling(
        SamplingSource::Claimed,
        &claim.sampled_on,
        enterprise,
        product,
    )?;
    fact.sheet_no.clone_from(&claim.sheet_no);
    Some(fact)
}

/// A sampling made elsewhere: its whole civil day. None where the day is no date.
pub(crate) fn prior_sampling(
    source: SamplingSource,
    sampled_on: &str,
    enterprise: Option<EnterpriseKey>,
    product: ProductFact,
) -> Option<SampleFact> {
    let day: jiff::civil::Date = sampled_on.parse().ok()?;
    let whole_day = Interval {
        lo: shanghai_midnight(day),
        hi: shanghai_midnight(add_days(day, 1)) - 1,
    };
    Some(SampleFact {
        source,
        document_id: None,
        entry_id: None,
        sheet_no: None,
        task_id: None,
        sampling_kind: "routine".into(),
        channel: "production".into(),
        authority_id: None,
        body_id: None,
        enterprise,
        product,
        lot_no: None,
        production_date: None,
        sampled: TimeFact {
            proven: whole_day,
            claimed: Some(whole_day),
            wall_ms: whole_day.lo,
        },
        lot_base_milli: None,
        test_qty_milli: None,
        spare_qty_milli: None,
        min_base_milli: None,
        export_only: false,
        not_for_sale: None,
        purpose: Purpose::Task,
        signers: BTreeSet::new(),
        party_signed: false,
        seal_numbers: BTreeSet::new(),
        distinct_seals: 0,
        amended: false,
        unsigned_amendments: 0,
        also_claimed: BTreeSet::new(),
        voided: None,
        faults: Vec::new(),
        custody: CustodyFact::default(),
    })
}

/// What was written down beside the sheets, as it was sealed.
struct Records<'a> {
    refusals: &'a [Shown<Refusal>],
    not_sampled: &'a [Shown<NotSampled>],
    reports: &'a [Shown<OnSiteReport>],
}

/// 撤回: as it was sealed, and then by the last signed amendment that speaks of it.
fn is_withdrawn(shown: &Shown<Refusal>) -> bool {
    is_taken_back(&shown.item.value, &shown.amended_fields)
}

/// 作废、撤回: as it was sealed, and then by the last of the signed amendments that speaks of it.
fn is_taken_back<T: Sealable>(as_sealed: &T, amended_fields: &[Touched]) -> bool {
    let said = |reason: &str| !reason.trim().is_empty();
    let sealed = as_sealed.taken_back().is_some_and(said);
    let mut amended = amended_fields.iter().rev();
    let last = amended.find(|it| {
        let name = it.path.get(2);
        name.is_some_and(|name| T::TAKES_BACK.contains(&name.as_str()))
    });
    last.map_or(sealed, |it| {
        let text = it.new.as_deref();
        let text = text.and_then(|json| serde_json::from_str::<Option<String>>(json).ok());
        text.flatten().is_some_and(|reason| said(&reason))
    })
}

fn visit_fact(
    read: &mut Reading<'_, VisitIdentity>,
    enterprise: EnterpriseKey,
    team_id: Option<TeamId>,
    sites: BTreeSet<String>,
    records: &Records<'_>,
    entries: &mut [ComputedEntry],
) -> VisitFact {
    let (document, around) = (read.document, read.around);
    let identity = document.identity();
    let mut recusals = around.assigned_recusals();
    for recusal in read.take(document.recusals()) {
        recusals.push(RecusalFact {
            user_id: recusal.value.user_id,
            body_id: identity.body,
            reason: recusal.value.reason,
        });
    }
    let evidence = read.take(document.evidence());
    let evidence = evidence
        .into_iter()
        .map(|it| EvidenceFact {
            kind: it.value.kind.clone(),
            sample_id: match it.value.subject {
                EvidenceSubject::Sheet(id) => Some(id),
                _ => None,
            },
            medium: it.value.medium().to_owned(),
            captured: read.time(&it.value.captured_at, &it.setter("captured_at")),
            verified: around.evidence_verified(&it.value.sha256),
            mismatched: false,
            evidence_id: Some(it.value.evidence_id),
            sha256: Some(it.value.sha256),
            media_type: it.value.media_type.clone(),
            location: it.value.location.clone(),
            found: None,
            reused: Default::default(),
            review: None,
            answers: read.answers(&it),
        })
        .collect();
    let earliest = |times: Vec<TimeFact>| {
        times
            .into_iter()
            .min_by_key(|it| (it.usable().lo, it.usable().hi, it.wall_ms))
    };
    let mut entry_of =
        |at: &TimeFact| entries::entry_at(entries, at).map(|entry| entry.entry_id.clone());
    let refusals: BTreeMap<RefusalId, RefusalFact> = records
        .refusals
        .iter()
        .map(|it| {
            let refusal = &it.item.value;
            let refused = read.time(&refusal.refused_at, &it.item.setter("refused_at"));
            let region = refusal.party.region.clone();
            let fact = RefusalFact {
                kind: refusal.kind.clone(),
                refused,
                entry_id: entry_of(&refused),
                region: region.filter(|code| code.parse::<Region>().is_ok()),
                seals: it.digests.clone(),
                signers: it.signers.clone(),
                withdrawn: is_withdrawn(it),
            };
            (refusal.refusal_id, fact)
        })
        .collect();
    let reports: BTreeMap<OnSiteReportId, ReportFact> = records
        .reports
        .iter()
        .map(|it| {
            let report = &it.item.value;
            let reported = read.time(&report.reported_at, &it.item.setter("reported_at"));
            let fact = ReportFact {
                grounds: report.grounds.clone(),
                reported,
                entry_id: entry_of(&reported),
                recipients: report.recipients.clone(),
                terminated: report.sampling_terminated,
                seals: it.digests.clone(),
                signers: it.signers.clone(),
            };
            (report.report_id, fact)
        })
        .collect();
    let refused_at = earliest(refusals.values().map(|it| it.refused).collect());
    let terminating = reports.values().filter(|it| it.terminated);
    let terminated = earliest(terminating.map(|it| it.reported).collect());
    let signed = records.not_sampled.iter().flat_map(|it| &it.signers);
    let found = document.enterprise();
    read.unreadable.extend(found.unreadable);
    let mut unreadable = std::mem::take(&mut read.unreadable);
    unreadable.sort();
    VisitFact {
        campaign_id: identity.campaign,
        body_id: identity.body,
        region: around.region(&enterprise),
        enterprise,
        team_id,
        roster: team_id.map(|id| around.roster(id)).unwrap_or_default(),
        authors: read.people(),
        sites,
        recusals,
        evidence,
        refused: !refusals.is_empty(),
        refused_at,
        refusals,
        reports,
        // They stand in documents of their own, and are laid over the facts by who holds those.
        confirmations: Vec::new(),
        not_sampled: !records.not_sampled.is_empty(),
        signed_not_sampled: signed.copied().collect(),
        notices: BTreeMap::new(),
        terminated,
        unreadable,
        faults: Vec::new(),
    }
}
