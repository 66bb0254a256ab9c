//! A visit (进门) as one document: the edits of its forms, and its forms as they stand.

use automerge::transaction::Transactable;

use super::bound::{
    ARRIVALS, BoundDocument, DocumentError, ENTERPRISE, Item, Items, NOT_SAMPLED, ON_SITE_REPORTS,
    PRIOR_CLAIMS, RECUSALS, REFUSALS, RawChange, SHEETS, SUSPENSIONS, place_of,
};
use super::project::Surroundings;
use super::seals::Sealable;
use crate::model::{
    Arrival, EnterpriseRecord, Millis, NotSampled, OnSiteReport, PriorSamplingClaim, Recusal,
    Refusal, RefusalId, SampleId, SampleSheet, SealSubject, Suspension, VisitIdentity,
};

/// One visit (进门): the document that a team's phones write together.
pub type VisitDocument = BoundDocument<VisitIdentity>;

impl VisitDocument {
    /// 进门
    pub fn record_arrival(
        &mut self,
        wall_ms: Millis,
        it: &Arrival,
    ) -> Result<RawChange, DocumentError> {
        self.insert(wall_ms, &ARRIVALS, it)
    }
    /// 中断
    pub fn record_suspension(
        &mut self,
        wall_ms: Millis,
        it: &Suspension,
    ) -> Result<RawChange, DocumentError> {
        self.insert(wall_ms, &SUSPENSIONS, it)
    }
    /// 抽样单
    pub fn add_sheet(
        &mut self,
        wall_ms: Millis,
        it: &SampleSheet,
    ) -> Result<RawChange, DocumentError> {
        self.insert(wall_ms, &SHEETS, it)
    }
    /// 回避
    pub fn declare_recusal(
        &mut self,
        wall_ms: Millis,
        it: &Recusal,
    ) -> Result<RawChange, DocumentError> {
        self.insert(wall_ms, &RECUSALS, it)
    }
    /// 拒检
    pub fn record_refusal(
        &mut self,
        wall_ms: Millis,
        it: &Refusal,
    ) -> Result<RawChange, DocumentError> {
        self.insert(wall_ms, &REFUSALS, it)
    }
    /// 未抽到样品
    pub fn record_not_sampled(
        &mut self,
        wall_ms: Millis,
        it: &NotSampled,
    ) -> Result<RawChange, DocumentError> {
        self.insert(wall_ms, &NOT_SAMPLED, it)
    }
    /// 现场报告
    pub fn record_on_site_report(
        &mut self,
        wall_ms: Millis,
        it: &OnSiteReport,
    ) -> Result<RawChange, DocumentError> {
        self.insert(wall_ms, &ON_SITE_REPORTS, it)
    }
    /// A claim of an earlier sampling by an upper level.
    pub fn claim_prior_sampling(
        &mut self,
        wall_ms: Millis,
        it: &PriorSamplingClaim,
    ) -> Result<RawChange, DocumentError> {
        self.insert(wall_ms, &PRIOR_CLAIMS, it)
    }
    /// 受检单位 as found, or a correction: a further record, so that none is written over.
    pub fn set_enterprise(
        &mut self,
        wall_ms: Millis,
        it: &EnterpriseRecord,
    ) -> Result<RawChange, DocumentError> {
        self.insert(wall_ms, &ENTERPRISE, it)
    }

    /// Changes a sheet from what the person saw to what they left; no change where nothing differs.
    pub fn edit_sheet(
        &mut self,
        around: &dyn Surroundings,
        wall_ms: Millis,
        before: &SampleSheet,
        after: &SampleSheet,
    ) -> Result<Option<RawChange>, DocumentError> {
        let subject = SealSubject::Sheet(before.sample_id);
        self.refuse_sealed(&subject, around)?;
        self.refuse_voided(&subject)?;
        self.commit(wall_ms, "edit sheet", |tx| {
            Self::put_differences(tx, &SHEETS, before, after)
        })
    }

    /// Changes a refusal, 未抽到样品 or a report from what the person saw to what they left; no change where nothing differs.
    ///
    /// # Errors
    /// Where it is sealed: then it is amended.
    pub fn edit_record<T: Sealable>(
        &mut self,
        around: &dyn Surroundings,
        wall_ms: Millis,
        before: &T,
        after: &T,
    ) -> Result<Option<RawChange>, DocumentError> {
        let subject = before.subject();
        self.refuse_sealed(&subject, around)?;
        let (shelf, _) = place_of(&subject);
        let message = format!("edit {}", shelf.collection);
        self.commit(wall_ms, &message, |tx| {
            Self::put_differences(tx, shelf, before, after)
        })
    }

    /// 作废: the sheet stays with its number and its reason.
    pub fn void_sheet(
        &mut self,
        around: &dyn Surroundings,
        wall_ms: Millis,
        id: SampleId,
        reason: &str,
    ) -> Result<RawChange, DocumentError> {
        let path = format!("sheets/{id}");
        if reason.trim().is_empty() {
            return Err(DocumentError::NoReason(path));
        }
        self.refuse_sealed(&SealSubject::Sheet(id), around)?;
        self.refuse_voided(&SealSubject::Sheet(id))?;
        let sheet = self
            .find(&SHEETS, &id.to_string())
            .ok_or_else(|| DocumentError::NotThere(path.clone()))?;
        self.commit(wall_ms, "void sheet", |tx| {
            Ok(tx.put(&sheet, "voided_reason", reason)?)
        })?
        .ok_or(DocumentError::NotThere(path))
    }

    /// 撤回: its samplers take a refusal back that nobody sealed yet; the record stays with their reason. A sealed one is
    /// taken back by a signed amendment that sets the same field.
    pub fn withdraw_refusal(
        &mut self,
        around: &dyn Surroundings,
        wall_ms: Millis,
        id: RefusalId,
        reason: &str,
    ) -> Result<RawChange, DocumentError> {
        let path = format!("refusals/{id}");
        if reason.trim().is_empty() {
            return Err(DocumentError::NoReason(path));
        }
        self.refuse_sealed(&SealSubject::Refusal(id), around)?;
        let refusal = self
            .find(&REFUSALS, &id.to_string())
            .ok_or_else(|| DocumentError::NotThere(path.clone()))?;
        self.commit(wall_ms, "withdraw refusal", |tx| {
            Ok(tx.put(&refusal, "withdrawn_reason", reason)?)
        })?
        .ok_or(DocumentError::NotThere(path))
    }

    /// A draft of the next batch: party and producer of `from` are copied, from its seal where it has one.
    pub fn next_batch(
        &mut self,
        around: &dyn Surroundings,
        wall_ms: Millis,
        from: SampleId,
        next: SampleId,
        sheet_no: String,
        sampled_at: crate::model::TimeClaim,
    ) -> Result<(SampleSheet, RawChange), DocumentError> {
        // What people signed is copied, not what somebody wrote over it since.
        let sealed = self.sealed_sheet(from, around);
        let from = sealed.map_or_else(|| self.sheet(from), Ok)?.value;
        let sheet = from.next_batch(next, sheet_no, sampled_at);
        let change = self.add_sheet(wall_ms, &sheet)?;
        Ok((sheet, change))
    }

    /// 抽样单 as they stand now; what is sealed is shown by `sealed_view`.
    pub fn sheets(&self) -> Items<SampleSheet> {
        self.items(&SHEETS)
    }
    /// One sheet as it stands now.
    pub fn sheet(&self, id: SampleId) -> Result<Item<SampleSheet>, DocumentError> {
        let text = id.to_string();
        let item = self
            .find(&SHEETS, &text)
            .ok_or_else(|| DocumentError::NotThere(format!("sheets/{id}")))?;
        self.read_item(&SHEETS, &text, &item, None)
    }
    /// 进门
    pub fn arrivals(&self) -> Items<Arrival> {
        self.items(&ARRIVALS)
    }
    /// 中断
    pub fn suspensions(&self) -> Items<Suspension> {
        self.items(&SUSPENSIONS)
    }
    /// 回避
    pub fn recusals(&self) -> Items<Recusal> {
        self.items(&RECUSALS)
    }
    /// 拒检
    pub fn refusals(&self) -> Items<Refusal> {
        self.items(&REFUSALS)
    }
    /// 未抽到样品
    pub fn not_sampled(&self) -> Items<NotSampled> {
        self.items(&NOT_SAMPLED)
    }
    /// 现场报告
    pub fn on_site_reports(&self) -> Items<OnSiteReport> {
        self.items(&ON_SITE_REPORTS)
    }
    /// Claims of earlier samplings.
    pub fn prior_claims(&self) -> Items<PriorSamplingClaim> {
        self.items(&PRIOR_CLAIMS)
    }
    /// 受检单位 as found and corrected, by id.
    pub fn enterprise(&self) -> Items<EnterpriseRecord> {
        self.items(&ENTERPRISE)
    }
}
