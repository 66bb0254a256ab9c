//! The client that an app drives: blocking, owned types, one error. Every method that returns has stored durably what it
//! says; a kill afterwards loses nothing.

use std::path::Path;

use serde_json::Value;
use sync_core::model::{DocumentId, Millis, SampleId, SuspensionId, TaskId, UserId};
use sync_core::sync::wire::RulingNotice;

use crate::error::ClientError;
use crate::host::Host;
use crate::types::*;

/// A phone.
pub struct Client {
    #[expect(dead_code, reason = "used as soon as the methods are")]
    host: Host,
}

type Done<T> = Result<T, ClientError>;

impl Client {
    /// Opens the store at `path`, making it where there is none; a damaged file is set aside, never overwritten.
    pub fn open(path: &Path, host: Host) -> Done<Self> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Enrols this install with an administrator's one-time code, pins the server's key and opens a session.
    pub fn enrol(&self, server_url: &str, code: &str, label: &str) -> Done<Enrolled> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Who this phone is; none before it was enrolled, or when a restored backup needs a new code.
    pub fn enrolled(&self) -> Done<Option<Enrolled>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Opens a session on this device; the offline queue is untouched.
    pub fn login(&self, username: &str, password: &str) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Ends the session; unsent work and everything stored stay.
    pub fn logout(&self) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Gives a sampler a key of their own on this phone, opened by their own PIN.
    pub fn add_signer(&self, username: &str, password: &str, pin: &str) -> Done<SignerInfo> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Who can sign here.
    pub fn signers(&self) -> Done<Vec<SignerInfo>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Tasks in scope.
    pub fn tasks(&self) -> Done<Vec<Reference>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Listed enterprises whose name or code contains the text.
    pub fn enterprises(&self, search: &str) -> Done<Vec<Reference>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// 实施细则 in scope.
    pub fn product_rules(&self) -> Done<Vec<Reference>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Reference data of any kind.
    pub fn references(&self, kind: &str) -> Done<Vec<Reference>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// How current the duplicate index is.
    pub fn index_as_of(&self) -> Done<Option<Millis>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Opens (or finds) the visit's document; its identity is derived, so a teammate's phone makes the same one.
    pub fn start_visit(&self, start: VisitStart) -> Done<DocumentId> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Walks in; the arrival's id.
    pub fn record_arrival(&self, visit: DocumentId, arrival: ArrivalInput) -> Done<String> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Records an interruption.
    pub fn suspend(&self, visit: DocumentId, reason: &str) -> Done<SuspensionId> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Walks in again after a recorded interruption; the arrival's id.
    pub fn resume(
        &self,
        visit: DocumentId,
        suspension: SuspensionId,
        arrival: ArrivalInput,
    ) -> Done<String> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// A new sheet (抽样单) with a number of this device's block; `fields` has any of the form's fields by name.
    pub fn new_sheet(
        &self,
        visit: DocumentId,
        task: Option<TaskId>,
        fields: Value,
    ) -> Done<SampleId> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Puts the fields given, one targeted put each; null clears.
    pub fn edit_sheet(&self, visit: DocumentId, sheet: SampleId, fields: Value) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// The next batch (批次): copies party and producer into a new sheet.
    pub fn next_batch(&self, visit: DocumentId, sheet: SampleId) -> Done<SampleId> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Voids a spoiled sheet; its number is never used again.
    pub fn void_sheet(&self, visit: DocumentId, sheet: SampleId, reason: &str) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Enters a file into the manifest by its hash.
    pub fn add_evidence(&self, visit: DocumentId, evidence: EvidenceInput) -> Done<EvidenceAdded> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Seals a sheet: each sampler with their own key, the party's handwriting and stamp bound to the seal; the seal's id.
    pub fn seal_sheet(
        &self,
        visit: DocumentId,
        sheet: SampleId,
        signers: Vec<SignerAct>,
        party: PartyAct,
    ) -> Done<String> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// 回避: declares a conflict of interest.
    pub fn declare_recusal(
        &self,
        visit: DocumentId,
        user: Option<UserId>,
        reason: &str,
    ) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// 拒检认定表
    pub fn refuse(&self, visit: DocumentId, refusal: RefusalInput) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// 未抽到样品
    pub fn not_sampled(&self, visit: DocumentId, input: NotSampledInput) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// 现场报告: ends the sampling.
    pub fn report(&self, visit: DocumentId, report: ReportInput) -> Done<()> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// The list, newest first, from projected columns.
    pub fn visits(&self) -> Done<Vec<VisitSummary>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// One visit whole, as JSON.
    pub fn visit(&self, visit: DocumentId) -> Done<Value> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// What two phones wrote at the same time, kept.
    pub fn conflicts(&self, visit: DocumentId) -> Done<Vec<ConflictInfo>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// The highest version of each ruling in a visit.
    pub fn rulings(&self, visit: DocumentId) -> Done<Vec<RulingNotice>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// What the engine says with what this phone knows.
    pub fn preview(&self, visit: DocumentId) -> Done<Preview> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// The engine over given facts with this phone's rulebooks: the same bytes as the server's (I4).
    pub fn verdict(&self, facts_json: &str) -> Done<String> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Sends what is unsent and takes in what is new; returns when it is through or must wait long.
    pub fn sync(&self) -> Done<SyncReport> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }

    /// Every change by named state and reason.
    pub fn doctor(&self) -> Done<Vec<DoctorItem>> {
        Err(ClientError::new("client.unfinished", "not built yet"))
    }
}
