//! The records of a visit, as the client writes them.

use serde_json::Value;
use sync_core::model::{DocumentId, SampleId, SuspensionId, TaskId, UserId};

use crate::client::{Client, Done};
use crate::error::ClientError;
use crate::types::{
    ArrivalInput, EvidenceAdded, EvidenceInput, NotSampledInput, PartyAct, Preview, RefusalInput,
    ReportInput, SignerAct,
};

impl Client {
    /// Walks in; the arrival's id.
    pub fn record_arrival(&self, _visit: DocumentId, _arrival: ArrivalInput) -> Done<String> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Records an interruption.
    pub fn suspend(&self, _visit: DocumentId, _reason: &str) -> Done<SuspensionId> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Walks in again after a recorded interruption; the arrival's id.
    pub fn resume(
        &self,
        _visit: DocumentId,
        _suspension: SuspensionId,
        _arrival: ArrivalInput,
    ) -> Done<String> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// A new sheet (抽样单) with a number of this device's block; `fields` has any of the form's fields by name.
    pub fn new_sheet(
        &self,
        _visit: DocumentId,
        _task: Option<TaskId>,
        _fields: Value,
    ) -> Done<SampleId> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Puts the fields given, one targeted put each; null clears.
    pub fn edit_sheet(&self, _visit: DocumentId, _sheet: SampleId, _fields: Value) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// The next batch (批次): copies party and producer into a new sheet.
    pub fn next_batch(&self, _visit: DocumentId, _sheet: SampleId) -> Done<SampleId> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Voids a spoiled sheet; its number is never used again.
    pub fn void_sheet(&self, _visit: DocumentId, _sheet: SampleId, _reason: &str) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Enters a file into the manifest by its hash.
    pub fn add_evidence(
        &self,
        _visit: DocumentId,
        _evidence: EvidenceInput,
    ) -> Done<EvidenceAdded> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Seals a sheet: each sampler with their own key, the party's handwriting and stamp bound to the seal; the seal's id.
    pub fn seal_sheet(
        &self,
        _visit: DocumentId,
        _sheet: SampleId,
        _signers: Vec<SignerAct>,
        _party: PartyAct,
    ) -> Done<String> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// 回避: declares a conflict of interest.
    pub fn declare_recusal(
        &self,
        _visit: DocumentId,
        _user: Option<UserId>,
        _reason: &str,
    ) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// 拒检认定表
    pub fn refuse(&self, _visit: DocumentId, _refusal: RefusalInput) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// 未抽到样品
    pub fn not_sampled(&self, _visit: DocumentId, _input: NotSampledInput) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// 现场报告: ends the sampling.
    pub fn report(&self, _visit: DocumentId, _report: ReportInput) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// What the engine says with what this phone knows.
    pub fn preview(&self, _visit: DocumentId) -> Done<Preview> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }
}
