//! 待确认案件: what waits for a supervisor, as a phone tells it offline from what it holds: every sealed refusal and report, the
//! nearest first. What counts as confirmed is the rules' to say, and where it happened the arrivals'.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::advice::{self, Known};
use crate::document::{ListedRecord, Surroundings, VisitDocument, objection_to, project};
use crate::model::{
    CaseProgress, CaseState, ConfirmationId, ConfirmationIdentity, ConfirmedSubject, Digest,
    DocumentId, EntryId, Location, Millis, OnSiteReportState, RefusalState, Region, SealSubject,
    VisitIdentity,
};
use crate::proof::{CertificatePayload, Role};
use crate::rules::{Facts, Outcome, RefusalStanding, Rulebooks, Subject, rule_all};
use crate::wording::Worded as _;

/// One sealed refusal or report of one visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its visit.
    pub document_id: DocumentId,
    /// Who the visit is.
    pub visit: VisitIdentity,
    /// What in it is to be confirmed.
    pub subject: ConfirmedSubject,
    /// The digest of the seal from which it is shown: what a confirmation speaks of.
    pub seal: Digest,
    /// `no_reason`, `fraud`, …; `unlicensed`, `three_no`, …
    pub kind: String,
    /// 事实认定, or what the report says.
    pub description: String,
    /// 单位名称
    pub enterprise_name: String,
    /// 地址
    pub address: String,
    /// 行政区划, where it is known; else that of the officer who reads.
    pub region: Option<Region>,
    /// When it happened, by the clock of the phone that recorded it.
    pub recorded_at_ms: Millis,
    /// Where the team walked in; none where no phone noted a place that counts.
    pub place: Option<Location>,
    /// How far that is from here, in millimetres.
    pub distance_mm: Option<i64>,
    /// As the rules say, by what is held here.
    pub state: CaseState,
    /// The same in Chinese.
    pub state_zh: String,
    /// The same in English.
    pub state_en: String,
    /// Who has taken it, and the receipts of its way, as the server last told; none where it has told nothing.
    pub progress: Option<CaseProgress>,
    /// Since when the enterprise is on the tracking list (跟踪抽查名单), as far as who reads may know.
    pub tracked_since_ms: Option<Millis>,
    /// Nothing that counts was found yet.
    pub waiting: bool,
    /// Why who reads may not confirm it, as a stable code; none if they may.
    pub objection: Option<String>,
    /// Why what it is read from does not stand by itself, as a stable code: it lies in quarantine until a person with authority
    /// admits it, and a confirmation of it waits with it. None where it stands.
    pub aside: Option<String>,
}

impl Case {
    /// The identity of a confirmation of it; none where nobody knows for which region.
    pub fn identity(&self, confirmation: ConfirmationId) -> Option<ConfirmationIdentity> {
        Some(ConfirmationIdentity {
            confirmation,
            visit: self.visit.clone(),
            region: self.region.clone()?,
            subject: self.subject,
            seal: self.seal,
        })
    }
}

/// Whether there is a sealed refusal or report in a visit. The others have no case, and no word in that of another.
pub fn may_hold_cases(document: &VisitDocument) -> bool {
    document.seals().items.iter().any(|it| {
        let subject = &it.value.statement.subject;
        matches!(
            subject,
            SealSubject::Refusal(_) | SealSubject::OnSiteReport(_)
        )
    })
}

/// Every case that the phone holds, those that wait before the others, then the nearest first, those without a place last,
/// then the oldest. `here` is where the phone is, `reader` the certificate of its person.
pub fn cases(
    documents: &[VisitDocument],
    known: &Known<'_>,
    rulebooks: &Rulebooks,
    here: Option<&Location>,
    reader: Option<&CertificatePayload>,
) -> Vec<Case> {
    let facts = advice::facts(documents, known);
    let outcomes = rule_all(&facts, rulebooks).outcomes;
    let mut cases = Vec::new();
    let told = known.progress();
    for document in documents {
        let projection = project(document, known);
        let enterprise = known.alias(&document.identity().enterprise);
        let listed = known.listed(&enterprise);
        let tracked_since_ms = known.tracked_since(&enterprise);
        let Some(visit) = facts.visits.get(&document.id()) else {
            continue;
        };
        let officer = reader.filter(|it| it.roles.contains(&Role::Enforcement));
        let own_region = || officer.and_then(|it| it.regions.first()?.parse().ok());
        let region = region_of(document, known).or_else(own_region);
        let called = |listed: Option<String>, written: String| {
            let listed = listed.filter(|it| !it.is_empty());
            listed.unwrap_or(written)
        };
        let name = projection.enterprise_name.clone().unwrap_or_default();
        let name = called(listed.as_ref().map(|it| it.name.clone()), name);
        let address = latest_address(document);
        let address = called(listed.map(|it| it.address), address);
        let begun = |subject: ConfirmedSubject, record: &dyn Sealed, entry: Option<&EntryId>| {
            let seal = shown_digest(document, &subject.into(), record)?;
            let mut progress = told.iter();
            let progress =
                progress.find(|it| it.document_id == document.id() && it.subject == subject);
            let place = entry.and_then(|entry| place_of(&facts, entry, here));
            let distance_mm = here
                .filter(|it| it.counts())
                .and_then(|here| Some(here.millimetres_from(place.as_ref()?)));
            Some(Case {
                document_id: document.id(),
                visit: document.identity().clone(),
                subject,
                seal,
                kind: String::new(),
                description: String::new(),
                enterprise_name: name.clone(),
                address: address.clone(),
                region: region.clone(),
                recorded_at_ms: 0,
                place,
                distance_mm,
                state: CaseState::OnSiteReport(OnSiteReportState::Recorded),
                state_zh: String::new(),
                state_en: String::new(),
                progress: progress.cloned(),
                tracked_since_ms,
                waiting: true,
                objection: None,
                aside: None,
            })
        };
        for it in &projection.refusals {
            let id = it.record.refusal_id;
            let subject = ConfirmedSubject::Refusal(id);
            let entry = visit.refusals.get(&id).and_then(|it| it.entry_id.as_ref());
            let Some(case) = begun(subject, it, entry) else {
                continue;
            };
            let standing = match outcomes.get(&Subject::Refusal(id)) {
                Some(Outcome::Refusal { refusal }) => *refusal,
                _ => RefusalStanding::Unconfirmed,
            };
            let reported = known.received.contains_key(&it.maker);
            let state = RefusalState::of(reported, standing, false);
            let state = refusal_now(state, case.progress.as_ref());
            cases.push(Case {
                kind: it.record.kind.clone(),
                description: it.record.fact_description.clone(),
                recorded_at_ms: it.record.refused_at.wall_ms,
                state: CaseState::Refusal(state),
                waiting: matches!(state, RefusalState::Recorded | RefusalState::Reported),
                ..case
            });
        }
        for it in &projection.on_site_reports {
            let id = it.record.report_id;
            let subject = ConfirmedSubject::OnSiteReport(id);
            let entry = visit.reports.get(&id).and_then(|it| it.entry_id.as_ref());
            let Some(case) = begun(subject, it, entry) else {
                continue;
            };
            let mut found = visit.confirmations.iter();
            let state = match known.received.contains_key(&it.maker) {
                true => OnSiteReportState::Reported,
                false => OnSiteReportState::Recorded,
            };
            let state = match case.progress.as_ref().map(|it| it.state) {
                Some(CaseState::OnSiteReport(told)) => state.max(told),
                _ => state,
            };
            cases.push(Case {
                kind: it.record.grounds.clone(),
                description: it.record.description.clone(),
                recorded_at_ms: it.record.reported_at.wall_ms,
                state: CaseState::OnSiteReport(state),
                waiting: state <= OnSiteReportState::Reported
                    && !found.any(|it| it.subject == subject && it.seal == case.seal),
                ..case
            });
        }
    }
    for case in &mut cases {
        let words = match case.state {
            CaseState::Refusal(state) => state.words(),
            CaseState::OnSiteReport(state) => state.words(),
        };
        (case.state_zh, case.state_en) = (words.zh.to_owned(), words.en.to_owned());
        case.objection = match (case.identity(ConfirmationId(uuid::Uuid::nil())), reader) {
            (Some(identity), Some(reader)) => objection_to(&identity, reader).map(str::to_owned),
            (None, Some(_)) => Some("author.region".to_owned()),
            (_, None) => Some("author.role".to_owned()),
        };
    }
    sort(&mut cases);
    cases
}

fn sort(cases: &mut [Case]) {
    cases.sort_by_key(|it| {
        (
            !it.waiting,
            it.distance_mm.unwrap_or(i64::MAX),
            it.recorded_at_ms,
            it.document_id,
            it.subject,
        )
    });
}

/// The same, and beside them the cases that are only in what lies in quarantine: `laid_over` are all documents with that laid
/// over them, `why` the code of each document that has some. A case never vanishes because who wrote it may not.
pub fn with_aside(
    standing: Vec<Case>,
    laid_over: Vec<Case>,
    why: &BTreeMap<DocumentId, String>,
) -> Vec<Case> {
    let known: BTreeSet<_> = standing
        .iter()
        .map(|it| (it.document_id, it.subject))
        .collect();
    let mut all = standing;
    for case in laid_over {
        if let Some(code) = why.get(&case.document_id)
            && !known.contains(&(case.document_id, case.subject))
        {
            let aside = Some(code.clone());
            all.push(Case { aside, ..case });
        }
    }
    sort(&mut all);
    all
}

/// The state of a refusal by what is held here and what the server told last. The phone's own rules go first, since a
/// confirmation may be here that the server has not; that it was published only the server knows, and what it rules from more
/// than is here stands where nothing was found here.
fn refusal_now(here: RefusalState, told: Option<&CaseProgress>) -> RefusalState {
    let told = match told.map(|it| it.state) {
        Some(CaseState::Refusal(told)) => told,
        _ => return here,
    };
    match here {
        RefusalState::Recorded | RefusalState::Reported => told,
        RefusalState::Confirmed if told == RefusalState::Published => told,
        _ => here,
    }
}

/// 行政区划 of the enterprise of a visit: as it is listed, else as it was last written down; none where nobody knows.
pub fn region_of(document: &VisitDocument, known: &Known<'_>) -> Option<Region> {
    let enterprise = known.alias(&document.identity().enterprise);
    let listed = known.region(&enterprise).and_then(|it| it.parse().ok());
    listed.or_else(|| project(document, known).enterprise_region)
}

/// A record that may be sealed, whatever its form.
trait Sealed {
    fn seal_id(&self) -> Option<crate::model::SealId>;
}

impl<T> Sealed for ListedRecord<T> {
    fn seal_id(&self) -> Option<crate::model::SealId> {
        self.seal_id
    }
}

/// What was signed in the seal from which a record is shown.
fn shown_digest(
    document: &VisitDocument,
    subject: &SealSubject,
    record: &dyn Sealed,
) -> Option<Digest> {
    let shown = record.seal_id()?;
    let mut seals = document.seals_of(subject).into_iter();
    let seal = seals.find(|it| it.value.seal_id == shown)?;
    Some(seal.value.statement.digest())
}

/// 地址, as it was last written down.
fn latest_address(document: &VisitDocument) -> String {
    let records = document.enterprise().items.into_iter();
    let latest = records.max_by_key(|it| (it.value.recorded_at.wall_ms, it.value.record_id));
    latest.map(|it| it.value.party.address).unwrap_or_default()
}

/// Where the entry's phones walked in: of several places the one nearest to here, else the first.
fn place_of(facts: &Facts, entry: &EntryId, here: Option<&Location>) -> Option<Location> {
    let arrivals = &facts.entries.get(entry)?.arrivals;
    let places = arrivals.iter().filter_map(|it| it.location.as_ref());
    let places = places.filter(|it| it.counts());
    let far = |it: &&Location| here.map_or(0, |here| here.millimetres_from(it));
    places.min_by_key(far).cloned()
}
