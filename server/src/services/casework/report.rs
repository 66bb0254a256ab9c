//! What an on-site report (现场报告) says, for whoever sees its case: the report as it was sealed, who wrote and signed it, and which
//! evidence it has. Nothing else of its visit is told, and no bytes of evidence: those are read by whoever sees the visit.

use std::collections::BTreeSet;

use automerge::Automerge;
use serde::Serialize;
use serde_json::Value;
use sync_core::document::{ListedRecord, VisitDocument, project};
use sync_core::model::{EnterpriseKey, EvidenceSubject, OnSiteReport, OnSiteReportId, UserId};
use utoipa::ToSchema;

use crate::clock::rfc3339;
use crate::problem::Problem;
use crate::services::projection::{self, Certified};
use crate::services::visits::{people, times};
use crate::store::Session;
use crate::store::access::organisations;
use crate::store::evidence::{self, EvidenceRow};
use crate::store::rulings::casework::CaseRow;
use crate::store::sync::{documents, projections};
use crate::wording::{self, Words};

/// A person whom a report names.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportPerson {
    /// Their id.
    user_id: String,
    /// As people write it.
    name: Option<String>,
    /// The name of their organisation.
    organisation: Option<String>,
}

/// A piece of evidence (影像证据) of a report, as the manifest names it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportEvidence {
    /// Its entry in the manifest.
    evidence_id: String,
    /// `place`, `label`, `stock`, …
    kind: String,
    /// What it is said to be.
    media_type: String,
    /// SHA-256 of its bytes: what was handed over on other ways can be held against it.
    sha256: String,
    /// Their number.
    size_bytes: i64,
    /// When it was captured: claimed and proven.
    #[schema(value_type = Object)]
    captured: Value,
    /// Since when the server has the bytes, RFC 3339; none while it has not.
    #[schema(format = DateTime)]
    verified_at: Option<String>,
}

/// An on-site report, as it was sealed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseReport {
    /// `unlicensed`, `three_no` or `self_evident_violation`.
    grounds: String,
    /// The same in words.
    grounds_words: Words,
    /// 情况说明
    description: String,
    /// 终止抽样
    sampling_terminated: bool,
    /// When it was reported: claimed and proven.
    #[schema(value_type = Option<Object>)]
    reported: Option<Value>,
    /// It was changed after or beside its seal; what stands here was sealed.
    amended: bool,
    /// Who wrote it; none where the author is not certified here.
    recorded_by: Option<ReportPerson>,
    /// Samplers whose signature holds.
    signers: Vec<ReportPerson>,
    /// To whom it is addressed, by name.
    recipients: Vec<String>,
    /// Its evidence.
    evidence: Vec<ReportEvidence>,
}

/// The report of a case; none of a refusal, and none where no seal stands over it any more.
pub(super) async fn of_case(
    db: &mut Session,
    case: &CaseRow,
) -> Result<Option<CaseReport>, Problem> {
    if case.kind != "on_site_report" {
        return Ok(None);
    }
    let id = OnSiteReportId(case.subject_id);
    let Some(listed) = sealed(db, case, id).await? else {
        return Ok(None);
    };
    let visit = projections::list_visits(db, [case.document]).await?;
    let facts = visit.first().and_then(|(_, visit)| visit.reports.get(&id));
    let report = &listed.record;
    let mut mentioned: BTreeSet<UserId> = listed.signers.clone();
    mentioned.extend(listed.author);
    let named = people::named(db, mentioned).await?;
    let person = |id: &UserId| {
        let user_id = id.to_string();
        let known = named.get(&user_id);
        ReportPerson {
            name: known.map(|it| it.name.clone()),
            organisation: known.map(|it| it.organisation.clone()),
            user_id,
        }
    };
    let mut recipients = Vec::new();
    for id in &report.recipients {
        let known = organisations::find(db, *id).await?;
        recipients.extend(known.map(|row| row.name));
    }
    let listed_for = |row: &EvidenceRow| {
        let entry = &row.entry;
        entry.subject == EvidenceSubject::OnSiteReport(id)
            || report.evidence.contains_key(&entry.evidence_id)
    };
    let pieces = evidence::list(db, case.document).await?.into_iter();
    let pieces = pieces.filter(listed_for).map(|row| ReportEvidence {
        evidence_id: row.entry.evidence_id.to_string(),
        kind: row.entry.kind,
        media_type: row.entry.media_type,
        sha256: row.entry.sha256.to_string(),
        size_bytes: row.entry.size_bytes,
        captured: times(&row.captured),
        verified_at: row.verified_at.map(rfc3339),
    });
    Ok(Some(CaseReport {
        grounds_words: wording::in_list("report_grounds", &report.grounds),
        grounds: report.grounds.clone(),
        description: report.description.clone(),
        sampling_terminated: report.sampling_terminated,
        reported: facts.map(|it| times(&it.reported)),
        amended: listed.amended,
        recorded_by: listed.author.as_ref().map(person),
        signers: listed.signers.iter().map(person).collect(),
        recipients,
        evidence: pieces.collect(),
    }))
}

/// The report as its visit has it sealed.
async fn sealed(
    db: &mut Session,
    case: &CaseRow,
    id: OnSiteReportId,
) -> Result<Option<ListedRecord<OnSiteReport>>, Problem> {
    let Some(row) = documents::find(db, case.document).await? else {
        return Ok(None);
    };
    let enterprise = EnterpriseKey(case.enterprise.clone());
    let mut certified = Certified::default();
    let around = projection::around(db, &mut certified, &row, &enterprise, &[]).await?;
    let document = Automerge::load(&row.snapshot).map_err(|error| Problem::internal(&error))?;
    let visit =
        VisitDocument::from_automerge(document).map_err(|error| Problem::internal(&error))?;
    let reports = project(&visit, &around).on_site_reports.into_iter();
    let mut sealed = reports.filter(|it| it.seal_id.is_some());
    Ok(sealed.find(|it| it.record.report_id == id))
}
