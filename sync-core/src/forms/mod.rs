//! Printed forms (纸质文书): 抽样单, 拒检认定表, 未抽到样品, 现场报告 and 通知书 as pages that print by themselves. Factories stamp paper;
//! a phone makes it without any network, and the server makes the same bytes from the same document.
//!
//! What people sealed is rendered from its sealed heads (I6), with what was signed since as amendments beside it; what
//! nobody sealed says so across the page and bears no digest. Nothing of a page depends on when or where it is made.

mod confirmed;
mod letter;
mod page;
mod parts;
mod records;
mod sheet;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

pub use self::page::POLICY;
use crate::document::{ConfirmationProjection, Surroundings, VisitDocument};
use crate::limits::FORM_DRAWING_BYTES_MAX;
use crate::model::{
    Campaign, Digest, EvidenceKind, NotAnId, NotSampledId, OnSiteReport, OnSiteReportId,
    OrganisationId, Refusal, RefusalId, SampleId, SampleSheet, SamplingNotice, SealSubject, TaskId,
};
use crate::rules::{OrganisationFact, Rulebooks};

/// Which form (文书种类).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormKind {
    /// 抽样单
    Sheet,
    /// 拒检认定表
    Refusal,
    /// 未抽到样品说明
    NotSampled,
    /// 现场报告
    OnSiteReport,
    /// 监督抽查通知书
    Notice,
}

impl FormKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Sheet,
        Self::Refusal,
        Self::NotSampled,
        Self::OnSiteReport,
        Self::Notice,
    ];

    /// Its word in an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sheet => "sheet",
            Self::Refusal => "refusal",
            Self::NotSampled => "not_sampled",
            Self::OnSiteReport => "on_site_report",
            Self::Notice => "notice",
        }
    }
}

impl FromStr for FormKind {
    type Err = FormError;
    fn from_str(text: &str) -> Result<Self, FormError> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text);
        found.ok_or(FormError::UnknownKind)
    }
}

/// One form of a visit: a record that people seal, or the notice that was shown under a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormSubject {
    /// A record.
    Record(SealSubject),
    /// 监督抽查通知书, by the number that an arrival names.
    Notice(String),
}

impl FormSubject {
    /// What an address names: a kind and, within it, an id or a number.
    ///
    /// # Errors
    /// Where it names nothing that could be a form.
    pub fn parse(kind: &str, subject: &str) -> Result<Self, FormError> {
        let unknown = |_: NotAnId| FormError::UnknownSubject;
        Ok(Self::Record(match kind.parse()? {
            FormKind::Sheet => SealSubject::Sheet(subject.parse::<SampleId>().map_err(unknown)?),
            FormKind::Refusal => {
                SealSubject::Refusal(subject.parse::<RefusalId>().map_err(unknown)?)
            }
            FormKind::NotSampled => {
                SealSubject::NotSampled(subject.parse::<NotSampledId>().map_err(unknown)?)
            }
            FormKind::OnSiteReport => {
                SealSubject::OnSiteReport(subject.parse::<OnSiteReportId>().map_err(unknown)?)
            }
            FormKind::Notice => return Ok(Self::Notice(subject.to_owned())),
        }))
    }

    /// Which form it is; none of a confirmation, which is a document of its own.
    pub fn kind(&self) -> Option<FormKind> {
        match self {
            Self::Record(SealSubject::Sheet(_)) => Some(FormKind::Sheet),
            Self::Record(SealSubject::Refusal(_)) => Some(FormKind::Refusal),
            Self::Record(SealSubject::NotSampled(_)) => Some(FormKind::NotSampled),
            Self::Record(SealSubject::OnSiteReport(_)) => Some(FormKind::OnSiteReport),
            Self::Record(SealSubject::Confirmation(_)) => None,
            Self::Notice(_) => Some(FormKind::Notice),
        }
    }
}

impl fmt::Display for FormSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(SealSubject::Sheet(id)) => id.fmt(f),
            Self::Record(SealSubject::Refusal(id)) => id.fmt(f),
            Self::Record(SealSubject::NotSampled(id)) => id.fmt(f),
            Self::Record(SealSubject::OnSiteReport(id)) => id.fmt(f),
            Self::Record(SealSubject::Confirmation(id)) => id.fmt(f),
            Self::Notice(number) => f.write_str(number),
        }
    }
}

/// Why there is no form, with a stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// No such kind of form.
    #[error("there is no such form")]
    UnknownKind,
    /// The visit has no such record.
    #[error("the visit has no such record")]
    UnknownSubject,
    /// The record is there and cannot be read.
    #[error("the record cannot be read")]
    Unreadable,
}

impl FormError {
    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownKind => "form.unknown_kind",
            Self::UnknownSubject => "form.unknown_subject",
            Self::Unreadable => "form.unreadable",
        }
    }
}

/// What stands beside the records: names that the document itself does not hold. Server and phone fill it from the same
/// reference data; what is not known is printed by its id.
#[derive(Debug, Default)]
pub struct FormNames {
    /// 组织抽查部门, 承检机构 and whoever is told.
    pub organisations: BTreeMap<OrganisationId, OrganisationFact>,
    /// 抽查任务 that the visit's records name.
    pub tasks: BTreeMap<TaskId, FormTask>,
    /// 批次
    pub campaign: Option<Campaign>,
    /// 监督抽查通知书 of its authority, by `SamplingNotice::number_key`.
    pub notices: BTreeMap<String, SamplingNotice>,
}

/// What a form says of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormTask {
    /// 组织抽查部门
    pub authority_id: OrganisationId,
    /// 产品
    pub product_name: String,
}

/// With what a form is made.
pub struct FormMaker<'a> {
    /// What is known around the document.
    pub around: &'a dyn Surroundings,
    /// Names.
    pub names: &'a FormNames,
    /// The rules that bound whoever recorded it.
    pub rulebooks: &'a Rulebooks,
    /// Where the verifier is reached, as `https://…`; without it a code holds the digest alone.
    pub public_url: Option<&'a str>,
    /// Bytes of drawn signatures, where somebody has them; those that are not what was signed for are left out.
    pub drawings: &'a BTreeMap<Digest, Vec<u8>>,
    /// What enforcement confirmed of the visit, as far as it is here.
    pub confirmations: &'a [ConfirmationProjection],
    /// English under the Chinese labels.
    pub bilingual: bool,
}

impl FormNames {
    /// The numbers of notices that a visit's arrivals name, as they are compared.
    pub fn notices_of(visit: &VisitDocument) -> BTreeSet<String> {
        let arrivals = visit.arrivals().items.into_iter();
        let shown = arrivals.filter_map(|it| it.value.notice_no);
        shown
            .map(|number| SamplingNotice::number_key(&number))
            .collect()
    }

    /// The tasks that a visit's forms may name.
    pub fn tasks_of(visit: &VisitDocument) -> BTreeSet<TaskId> {
        let sheets = visit.sheets().items.into_iter();
        let refusals = visit.refusals().items.into_iter();
        let mut named: BTreeSet<_> = sheets.filter_map(|it| it.value.task_id).collect();
        named.extend(refusals.filter_map(|it| it.value.task_id));
        // What was sealed may name a task that an edit since took out.
        for seal in visit.seals().items {
            let sheet = visit.sealed_view::<SampleSheet>(&seal.value.statement);
            named.extend(sheet.ok().and_then(|it| it.value.task_id));
            let refusal = visit.sealed_view::<Refusal>(&seal.value.statement);
            named.extend(refusal.ok().and_then(|it| it.value.task_id));
        }
        named
    }

    /// The organisations that a visit's forms may name, once tasks and campaign are known.
    pub fn organisations_of(&self, visit: &VisitDocument) -> BTreeSet<OrganisationId> {
        let mut named = BTreeSet::from([visit.identity().body]);
        named.extend(self.tasks.values().map(|it| it.authority_id));
        named.extend(self.campaign.as_ref().map(|it| it.authority_id));
        for report in visit.on_site_reports().items {
            named.extend(report.value.recipients);
        }
        for seal in visit.seals().items {
            let report = visit.sealed_view::<OnSiteReport>(&seal.value.statement);
            named.extend(report.into_iter().flat_map(|it| it.value.recipients));
        }
        named
    }
}

impl FormMaker<'_> {
    /// The form as one page of HTML that needs nothing else.
    ///
    /// # Errors
    /// Where the visit has no such record, or it cannot be read.
    pub fn html(&self, visit: &VisitDocument, subject: &FormSubject) -> Result<String, FormError> {
        let page = match subject {
            FormSubject::Record(SealSubject::Sheet(id)) => self.sheet(visit, *id)?,
            FormSubject::Record(SealSubject::Refusal(id)) => self.refusal(visit, *id)?,
            FormSubject::Record(SealSubject::NotSampled(id)) => self.not_sampled(visit, *id)?,
            FormSubject::Record(SealSubject::OnSiteReport(id)) => {
                self.on_site_report(visit, *id)?
            }
            FormSubject::Record(SealSubject::Confirmation(_)) => {
                return Err(FormError::UnknownSubject);
            }
            FormSubject::Notice(number) => self.notice(visit, number)?,
        };
        // A template of ours writes into memory, which does not fail.
        page.html().map_err(|_| FormError::Unreadable)
    }

    /// A drawn signature, if its bytes are here and are what was signed for.
    fn drawing(&self, digest: &Digest) -> Option<page::Drawing> {
        use base64::Engine as _;
        const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
        const JPEG: &[u8] = b"\xff\xd8\xff";
        let bytes = self.drawings.get(digest)?;
        let media_type = if bytes.starts_with(PNG) {
            "image/png"
        } else if bytes.starts_with(JPEG) {
            "image/jpeg"
        } else {
            return None;
        };
        let fits = bytes.len() <= FORM_DRAWING_BYTES_MAX
            && Digest(Sha256::digest(bytes).into()) == *digest;
        fits.then(|| page::Drawing {
            media_type,
            base64: base64::engine::general_purpose::STANDARD.encode(bytes),
        })
    }
}

/// The drawn signatures (手写签名) that a visit's manifest names and a form has room for, with their length: whoever makes the
/// form brings those bytes that are there.
pub fn drawings_of(visit: &VisitDocument) -> BTreeMap<Digest, u64> {
    let entries = visit.evidence().items.into_iter().map(|it| it.value);
    let drawn = entries.filter(|it| it.known_kind() == EvidenceKind::Signature);
    let lengths = drawn.filter_map(|it| {
        let length = u64::try_from(it.size_bytes).ok()?;
        (length <= FORM_DRAWING_BYTES_MAX as u64).then_some((it.sha256, length))
    });
    lengths.collect()
}

/// Where whoever has a digest finds out what was sealed under it.
pub fn verifier_url(public_url: &str, seal: &Digest) -> String {
    format!("{}/v/{seal}", public_url.trim_end_matches('/'))
}
