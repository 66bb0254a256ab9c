//! Writing in visits: entries, sheets, refusals, evidence, seals.

use std::path::PathBuf;
use std::sync::Arc;

use super::calls::Fieldseal;
use super::failure::{FieldsealError, Obstacle};
use super::fields::{fields, id, maybe_id};
use super::records::{
    ArrivalForm, EvidenceForm, EvidenceRef, EvidenceRow, EvidenceTotals, NotSampledForm,
    PartySignatureAct, PreviewInfo, RecordRef, RefusalForm, ReportForm, ReviewInfo, SignatureAct,
    VisitPlan,
};
use super::tasks::{ProgressListener, SyncStep};
use super::telling::Steps;
use crate::client::Done;
use crate::types::{CaptureInput, EvidenceAdded, PriorClaimInput};

impl From<EvidenceAdded> for EvidenceRef {
    fn from(it: EvidenceAdded) -> Self {
        Self {
            evidence_id: it.evidence_id,
            sha256: it.sha256.to_string(),
        }
    }
}

impl EvidenceForm {
    fn read(self, file: PathBuf) -> Done<CaptureInput> {
        Ok(CaptureInput {
            file,
            subject: self.shows.of_evidence()?,
            media_type: self.media_type,
            kind: self.kind,
            location: None,
        })
    }
}

fn copied(read: u64, total: u64) -> SyncStep {
    let bytes = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
    SyncStep {
        sent: 0,
        received: 0,
        unsent: 0,
        evidence_id: None,
        sent_bytes: bytes(read),
        total_bytes: bytes(total),
    }
}

#[uniffi::export]
impl Fieldseal {
    /// Opens or finds the visit's document; a teammate's phone that starts the same joins it. The document's id.
    pub async fn start_visit(&self, plan: VisitPlan) -> Result<String, FieldsealError> {
        self.with(move |client| Ok(client.start_visit(plan.read()?)?.to_string()))
            .await
    }

    /// Walks in (进门); the arrival's id.
    pub async fn record_arrival(
        &self,
        visit: String,
        arrival: ArrivalForm,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| client.record_arrival(id(&visit)?, arrival.read()?))
            .await
    }

    /// Records an interruption; its id.
    pub async fn suspend_visit(
        &self,
        visit: String,
        reason: String,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| Ok(client.suspend(id(&visit)?, &reason)?.to_string()))
            .await
    }

    /// Walks in again after a recorded interruption; the arrival's id.
    pub async fn resume_visit(
        &self,
        visit: String,
        suspension_id: String,
        arrival: ArrivalForm,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| client.resume(id(&visit)?, id(&suspension_id)?, arrival.read()?))
            .await
    }

    /// A new sheet (抽样单) with a number of this phone's block; `fields_json` is an object of the form's fields by name. Its id.
    pub async fn new_sheet(
        &self,
        visit: String,
        task_id: Option<String>,
        fields_json: String,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| {
            let task = maybe_id(task_id.as_ref())?;
            let sheet = client.new_sheet(id(&visit)?, task, fields(&fields_json)?)?;
            Ok(sheet.to_string())
        })
        .await
    }

    /// The next batch (批次): party, producer and task of another sheet. Its id.
    pub async fn next_batch(
        &self,
        visit: String,
        sheet_id: String,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| Ok(client.next_batch(id(&visit)?, id(&sheet_id)?)?.to_string()))
            .await
    }

    /// Puts the fields given into a sheet, refusal, 未抽到样品 or report that is not sealed; null clears.
    pub async fn edit_record(
        &self,
        visit: String,
        record: RecordRef,
        fields_json: String,
    ) -> Result<(), FieldsealError> {
        self.with(move |client| {
            let given = fields(&fields_json)?;
            match &record {
                RecordRef::Sheet { id: it } => client.edit_sheet(id(&visit)?, id(it)?, given),
                RecordRef::Refusal { id: it } => client.edit_refusal(id(&visit)?, id(it)?, &given),
                RecordRef::NotSampled { id: it } => {
                    client.edit_not_sampled(id(&visit)?, id(it)?, &given)
                }
                RecordRef::OnSiteReport { id: it } => {
                    client.edit_report(id(&visit)?, id(it)?, &given)
                }
                other => other.of_case().map(|_| ()),
            }
        })
        .await
    }

    /// Voids a spoiled sheet (作废); its number is never used again.
    pub async fn void_sheet(
        &self,
        visit: String,
        sheet_id: String,
        reason: String,
    ) -> Result<(), FieldsealError> {
        self.with(move |client| client.void_sheet(id(&visit)?, id(&sheet_id)?, &reason))
            .await
    }

    /// Notes (备注): deletes so many characters at a place and inserts others.
    pub async fn splice_notes(
        &self,
        visit: String,
        at: i64,
        deleted: i64,
        inserted: String,
    ) -> Result<(), FieldsealError> {
        self.with(move |client| {
            let at = usize::try_from(at).unwrap_or(0);
            let deleted = isize::try_from(deleted.max(0)).unwrap_or(isize::MAX);
            client.splice_notes(id(&visit)?, at, deleted, &inserted)
        })
        .await
    }

    /// Declares a conflict of interest (回避), of a person or of the body.
    pub async fn declare_recusal(
        &self,
        visit: String,
        user_id: Option<String>,
        reason: String,
    ) -> Result<(), FieldsealError> {
        self.with(move |client| {
            client.declare_recusal(id(&visit)?, maybe_id(user_id.as_ref())?, &reason)
        })
        .await
    }

    /// 拒检; its id.
    pub async fn record_refusal(
        &self,
        visit: String,
        form: RefusalForm,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| Ok(client.refuse(id(&visit)?, form.read()?)?.to_string()))
            .await
    }

    /// 未抽到样品; its id.
    pub async fn record_not_sampled(
        &self,
        visit: String,
        form: NotSampledForm,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| Ok(client.not_sampled(id(&visit)?, form)?.to_string()))
            .await
    }

    /// 现场报告; its id.
    pub async fn record_report(
        &self,
        visit: String,
        form: ReportForm,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| Ok(client.report(id(&visit)?, form.read()?)?.to_string()))
            .await
    }

    /// What the enterprise shows to say that an upper level sampled it already; its id. The day is an ISO date.
    pub async fn claim_prior_sampling(
        &self,
        visit: String,
        authority: String,
        sampled_on: String,
        sheet_no: Option<String>,
        photo: Option<String>,
        sheet_id: Option<String>,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| {
            let claim = PriorClaimInput {
                authority,
                sampled_on,
                sheet_no,
                photo: maybe_id(photo.as_ref())?,
                sample_id: maybe_id(sheet_id.as_ref())?,
            };
            Ok(client.claim_prior_sampling(id(&visit)?, claim)?.to_string())
        })
        .await
    }

    /// What the rules say of a visit before the sample is cut: findings from what this phone holds, advice from the
    /// duplicate index as of its instant, each with its article, in Chinese and English.
    pub async fn preview(&self, visit: String) -> Result<PreviewInfo, FieldsealError> {
        self.with(move |client| PreviewInfo::of(client.preview(id(&visit)?)?))
            .await
    }

    /// What still stands in the way of a seal; nothing is refused for being told here.
    pub async fn missing_for_seal(
        &self,
        visit: String,
        record: RecordRef,
    ) -> Result<Vec<Obstacle>, FieldsealError> {
        self.list(move |client| client.missing_for_seal(id(&visit)?, record.of_seal()?))
            .await
    }

    /// Seals a record: each person with their own key, the party's hand and stamp bound to it. The seal's id. With
    /// `seal.refused` nothing is stored and the error says what stands in the way.
    pub async fn seal_record(
        &self,
        visit: String,
        record: RecordRef,
        people: Vec<SignatureAct>,
        party: PartySignatureAct,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| {
            let acts = SignatureAct::read_all(people)?;
            client.seal(id(&visit)?, record.of_seal()?, acts, party)
        })
        .await
    }

    /// Amends what is sealed: the fields given, a reason, and one signature. The amendment's id.
    pub async fn amend_record(
        &self,
        visit: String,
        record: RecordRef,
        fields_json: String,
        reason: String,
        person: SignatureAct,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| {
            let given = fields(&fields_json)?;
            let act = person.read()?;
            client.amend(id(&visit)?, record.of_seal()?, &given, &reason, &act)
        })
        .await
    }

    /// Copies a file in as evidence (影像), of a visit or a confirmation. When this returns, bytes, hash and entry are durable
    /// together. `evidence.no_space`: nothing was stored, and forms still are.
    pub async fn capture_file(
        &self,
        document: String,
        form: EvidenceForm,
        path: String,
        listener: Option<Arc<dyn ProgressListener>>,
    ) -> Result<EvidenceRef, FieldsealError> {
        self.with(move |client| {
            let input = form.read(path.into())?;
            let steps = Steps::to(listener);
            let told = |read, total| steps.tell(copied(read, total));
            let captured = client.capture_told(id(&document)?, &input, &told)?;
            Ok(captured.into())
        })
        .await
    }

    /// The same of bytes that the app has in memory.
    #[uniffi::method(default(listener = None))]
    pub async fn capture_bytes(
        &self,
        document: String,
        form: EvidenceForm,
        bytes: Vec<u8>,
        listener: Option<Arc<dyn ProgressListener>>,
    ) -> Result<EvidenceRef, FieldsealError> {
        self.with(move |client| {
            let input = form.read(PathBuf::new())?;
            let steps = Steps::to(listener);
            let told = |read, total| steps.tell(copied(read, total));
            let captured = client.capture_bytes(id(&document)?, &input, &bytes, &told)?;
            Ok(captured.into())
        })
        .await
    }

    /// Every piece of evidence of a visit and where it stands.
    pub async fn evidence(&self, visit: String) -> Result<Vec<EvidenceRow>, FieldsealError> {
        self.list(move |client| client.evidence(id(&visit)?)).await
    }

    /// What a visit says of its evidence as a whole.
    pub async fn evidence_totals(&self, visit: String) -> Result<EvidenceTotals, FieldsealError> {
        self.with(move |client| Ok(client.evidence_summary(id(&visit)?)?.into()))
            .await
    }

    /// Where an original lies on this phone; none where it was let go.
    pub async fn original(&self, sha256: String) -> Result<Option<String>, FieldsealError> {
        self.with(move |client| {
            let path = client.original(&id(&sha256)?)?;
            Ok(path.map(|it| it.to_string_lossy().into_owned()))
        })
        .await
    }

    /// This file waits until it is told to go on.
    pub async fn pause_evidence(&self, sha256: String) -> Result<(), FieldsealError> {
        self.with(move |client| client.pause_evidence(&id(&sha256)?))
            .await
    }

    /// It goes on with the next sync.
    pub async fn resume_evidence(&self, sha256: String) -> Result<(), FieldsealError> {
        self.with(move |client| client.resume_evidence(&id(&sha256)?))
            .await
    }

    /// What went aside is tried once more.
    pub async fn offer_evidence_again(&self, sha256: String) -> Result<(), FieldsealError> {
        self.with(move |client| client.offer_evidence_again(&id(&sha256)?))
            .await
    }

    /// What the authority said of pieces of evidence (影像审查): those that are not accepted wait for an answer.
    pub async fn reviews(&self, visit: String) -> Result<Vec<ReviewInfo>, FieldsealError> {
        self.list(move |client| client.reviews(id(&visit)?)).await
    }

    /// Answers the newest review of a piece, in words or by another piece, or both; the answer's id.
    pub async fn answer_review(
        &self,
        visit: String,
        evidence_id: String,
        words: String,
        supplement: Option<String>,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| {
            let supplement = maybe_id(supplement.as_ref())?;
            let answer =
                client.answer_review(id(&visit)?, id(&evidence_id)?, &words, supplement)?;
            Ok(answer.to_string())
        })
        .await
    }

    /// A printed form (纸质文书) of a visit as one page of HTML: `sheet`, `refusal`, `not_sampled` or `on_site_report` with the
    /// record's id, `notice` with its number.
    pub async fn form(
        &self,
        visit: String,
        kind: String,
        subject: String,
        bilingual: bool,
    ) -> Result<String, FieldsealError> {
        self.with(move |client| client.form(id(&visit)?, &kind, &subject, bilingual))
            .await
    }
}
