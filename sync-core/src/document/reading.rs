//! A visit as people read it, on a phone and on the server alike: records with their authors, sealed ones as they were
//! sealed, seals and amendments with what holds of them. It depends on the changes and the certificates alone; times of
//! receipt and rulings are laid beside it by whoever knows them.

use serde::Serialize;

use super::bound::{BoundDocument, Items};
use super::conflicts::ConflictRecord;
use super::history;
use super::project::{ListedRecord, ListedSheet, Projection, Surroundings};
use super::seals::{AmendmentRecord, AmendmentVerdict, SealRecord};
use super::skeleton::Identity;
use super::visit::VisitDocument;
use crate::model::{
    Arrival, ChangeHash, DeviceId, Digest, DocumentId, EnterpriseRecord, EvidenceEntry, NotSampled,
    OnSiteReport, PriorSamplingClaim, Recusal, Refusal, SealSubject, Suspension, UserId,
};

/// The certified author of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Author {
    /// The person.
    pub user_id: UserId,
    /// As certified.
    pub user_name: String,
    /// Their phone.
    pub device_id: DeviceId,
}

/// A record with its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told<T> {
    /// What it says.
    pub record: T,
    /// Whose; none where nobody here is certified for it.
    pub by: Option<Author>,
    /// The change that made it.
    pub maker: ChangeHash,
}

/// A seal with what holds of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldSeal {
    /// The seal.
    #[serde(flatten)]
    pub seal: SealRecord,
    /// Of what.
    pub subject: SealSubject,
    /// What was signed.
    pub digest: Digest,
    /// See [`super::SealVerdict`].
    pub device_signed: bool,
    /// Samplers whose signature holds.
    pub signers: Vec<UserId>,
    /// The party signed, or refused before a witness.
    pub party_signed: bool,
    /// Codes of what is wrong.
    pub faults: Vec<&'static str>,
    /// Who sealed.
    pub by: Option<Author>,
}

/// An edit beside a seal with what holds of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldAmendment {
    /// Of what.
    pub subject: SealSubject,
    /// The edit, and the signed amendment if it carries one.
    pub amendment: AmendmentRecord,
    /// What holds of it.
    pub verdict: AmendmentVerdict,
    /// Who wrote the change.
    pub by: Option<Author>,
}

/// A visit, read whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VisitReading {
    /// Which.
    pub document_id: DocumentId,
    /// 抽样单, sealed ones as they were sealed.
    pub sheets: Vec<ListedSheet>,
    /// 拒检, the same.
    pub refusals: Vec<ListedRecord<Refusal>>,
    /// 未抽到样品, the same.
    pub not_sampled: Vec<ListedRecord<NotSampled>>,
    /// 现场报告, the same.
    pub on_site_reports: Vec<ListedRecord<OnSiteReport>>,
    /// 签字盖章
    pub seals: Vec<ToldSeal>,
    /// 补正: edits beside the seals, signed and unsigned ones.
    pub amendments: Vec<ToldAmendment>,
    /// 进门
    pub arrivals: Vec<Told<Arrival>>,
    /// 受检单位 as found and corrected.
    pub enterprise: Vec<Told<EnterpriseRecord>>,
    /// 中断
    pub suspensions: Vec<Told<Suspension>>,
    /// 回避
    pub recusals: Vec<Told<Recusal>>,
    /// Claims of earlier samplings.
    pub prior_claims: Vec<Told<PriorSamplingClaim>>,
    /// 影像清单
    pub evidence: Vec<Told<EvidenceEntry>>,
    /// 备注
    pub notes: String,
    /// Fields that two people set apart.
    pub conflicts: Vec<ConflictRecord>,
    /// Items that could not be read, as paths.
    pub unreadable: Vec<String>,
}

/// The certified author of a change of this document.
pub fn author<I: Identity>(
    document: &BoundDocument<I>,
    around: &dyn Surroundings,
    change: &ChangeHash,
) -> Option<Author> {
    let certificate = around.device(&history::author_of(document.automerge(), change)?)?;
    Some(Author {
        user_id: certificate.user_id,
        user_name: certificate.user_name,
        device_id: certificate.device_id,
    })
}

/// Reads a visit whole, beside what was projected of it.
pub fn read(
    visit: &VisitDocument,
    around: &dyn Surroundings,
    projection: Projection,
) -> VisitReading {
    VisitReading {
        document_id: visit.id(),
        amendments: told_amendments(visit, around),
        seals: told_seals(visit, around),
        arrivals: told(visit, around, visit.arrivals()),
        enterprise: told(visit, around, visit.enterprise()),
        suspensions: told(visit, around, visit.suspensions()),
        recusals: told(visit, around, visit.recusals()),
        prior_claims: told(visit, around, visit.prior_claims()),
        evidence: told(visit, around, visit.evidence()),
        notes: visit.notes().unwrap_or_default(),
        sheets: projection.sheets,
        refusals: projection.refusals,
        not_sampled: projection.not_sampled,
        on_site_reports: projection.on_site_reports,
        conflicts: projection.conflicts,
        unreadable: projection.visit.unreadable,
    }
}

pub(super) fn told<I: Identity, T>(
    document: &BoundDocument<I>,
    around: &dyn Surroundings,
    items: Items<T>,
) -> Vec<Told<T>> {
    let items = items.items.into_iter();
    let told = items.map(|item| Told {
        by: author(document, around, &item.maker),
        maker: item.maker,
        record: item.value,
    });
    told.collect()
}

/// 签字盖章, each with what holds of it.
pub(super) fn told_seals<I: Identity>(
    document: &BoundDocument<I>,
    around: &dyn Surroundings,
) -> Vec<ToldSeal> {
    let seals = document.seals().items.into_iter();
    seals
        .map(|seal| {
            let verdict = document.verify_seal(&seal, around);
            ToldSeal {
                subject: seal.value.statement.subject,
                digest: verdict.digest,
                device_signed: verdict.device_signed,
                signers: verdict.signers.into_iter().collect(),
                party_signed: verdict.party_signed,
                faults: verdict.faults,
                by: author(document, around, &seal.maker),
                seal: seal.value,
            }
        })
        .collect()
}

/// 补正: the edits beside the seals, each with what holds of it.
pub(super) fn told_amendments<I: Identity>(
    document: &BoundDocument<I>,
    around: &dyn Surroundings,
) -> Vec<ToldAmendment> {
    let mut subjects: Vec<SealSubject> = Vec::new();
    for seal in document.seals().items {
        if !subjects.contains(&seal.value.statement.subject) {
            subjects.push(seal.value.statement.subject);
        }
    }
    let beside = subjects.iter().flat_map(|subject| {
        let amendments = document.amendments(subject).into_iter();
        amendments.map(|record| ToldAmendment {
            subject: *subject,
            verdict: document.verify_amendment(&record, around),
            by: author(document, around, &record.change),
            amendment: record,
        })
    });
    beside.collect()
}
