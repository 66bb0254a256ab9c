//! The records of a visit, as the client writes them: each method fills a record of `sync-core` with this phone's clock,
//! ids and keys, and edits the document once.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sync_core::document::{
    BoundDocument, DocumentError, Identity, Items, SealRecord, Sealable, SignedBy, VisitDocument,
};
use sync_core::model::{
    Amendment, AmendmentId, Arrival, ArrivalId, Digest, DocumentId, EnterpriseRecord,
    EnterpriseRecordId, Millis, NotSampled, NotSampledId, OnSiteReport, OnSiteReportId, Party,
    PartySignature, PersonSignature, PriorClaimId, PriorSamplingClaim, Recusal, RecusalId, Refusal,
    RefusalId, SampleId, SampleSheet, SealId, SealSubject, Suspension, SuspensionId, TaskId,
    TimeClaim, UserId, VisitIdentity,
};
use sync_core::proof::seal_statement;
use sync_core::rules::Rulebooks;
use sync_core::sync::enforcement::{self, Objection};

use crate::client::{Client, Done};
use crate::error::ClientError;
use crate::host::{Signer, signed_with};
use crate::keys::SoftwareKey;
use crate::kinds::{bearing_in, visit_in};
use crate::store::Store;
use crate::types::{
    ArrivalInput, Continues, NotSampledInput, PartyAct, PriorClaimInput, RefusalInput, ReportInput,
    SignerAct,
};

fn sha256(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// What nobody types in: identities, numbers, times, and what has an act of its own.
fn is_given(name: &str) -> bool {
    name.ends_with("_at")
        || [
            "sample_id",
            "refusal_id",
            "not_sampled_id",
            "report_id",
            "confirmation_id",
            "sheet_no",
            "evidence",
            "location",
            "voided_reason",
        ]
        .contains(&name)
}

/// The form with the fields given; a field that it does not have is refused, and so is its identity.
pub(crate) fn with_fields<T: Serialize + DeserializeOwned>(form: &T, fields: &Value) -> Done<T> {
    let invalid = |what: String| {
        ClientError::new("sheet.field_invalid", "A field is not the form's").with(what)
    };
    let mut form = serde_json::to_value(form).map_err(|e| invalid(e.to_string()))?;
    let (Some(form_fields), Some(given)) = (form.as_object_mut(), fields.as_object()) else {
        return Err(invalid("fields are an object".into()));
    };
    for (name, value) in given {
        if is_given(name) {
            return Err(invalid(name.clone()));
        }
        match value {
            Value::Null => form_fields.remove(name),
            value => form_fields.insert(name.clone(), value.clone()),
        };
    }
    let filled: T = serde_json::from_value(form).map_err(|e| invalid(e.to_string()))?;
    let kept = serde_json::to_value(&filled).map_err(|e| invalid(e.to_string()))?;
    let unknown = given
        .iter()
        .find(|(name, value)| !value.is_null() && kept.get(name.as_str()).is_none());
    match unknown {
        Some((name, _)) => Err(invalid(name.clone())),
        None => Ok(filled),
    }
}

/// What the party did, as a seal keeps it: drawings and photographs by their hashes.
fn party_signature(act: PartyAct) -> Done<PartySignature> {
    match act {
        PartyAct::Signed {
            name, handwriting, ..
        } if name.trim().is_empty() || handwriting.is_empty() => {
            let message = "The party signs by name and by hand (手写签名)";
            Err(ClientError::new("party.signature_missing", message))
        }
        PartyAct::Signed {
            name,
            handwriting,
            stamp: Some(stamp),
        } => Ok(PartySignature::Signed {
            name,
            handwriting: sha256(&handwriting),
            stamp: sha256(&stamp),
        }),
        PartyAct::Signed { stamp: None, .. } => {
            let message = "The party stamps (盖章), or the refusal is recorded with a witness";
            Err(ClientError::new("party.stamp_missing", message))
        }
        PartyAct::Refused {
            reason, witness, ..
        } if reason.trim().is_empty() || witness.trim().is_empty() => {
            let message = "A party that does not sign is recorded with its reason and a witness";
            Err(ClientError::new("party.witness_missing", message))
        }
        PartyAct::Refused {
            reason,
            witness,
            handwriting,
        } => Ok(PartySignature::RefusedToSign {
            reason,
            witness,
            handwriting: handwriting.map(|drawn| sha256(&drawn)),
        }),
    }
}

/// A person whose PIN opened their key.
pub(crate) struct Signing {
    user_id: UserId,
    key: SoftwareKey,
    serial: i64,
    handwriting: Digest,
}

impl Signing {
    pub(crate) fn signature(&self, digest: &Digest, by: SignedBy) -> PersonSignature {
        let message = seal_statement(digest, by.word(), Some(&self.handwriting), None);
        PersonSignature {
            certificate_serial: self.serial,
            handwriting: self.handwriting,
            signature: STANDARD.encode(self.key.sign(&message)),
        }
    }
}

/// A seal that is about to be made.
pub(crate) struct Sealing {
    pub(crate) seal_id: SealId,
    sealed_at: TimeClaim,
    signers: Vec<Signing>,
    device: Arc<dyn Signer>,
}

impl Sealing {
    /// The seal over a subject as it stands.
    pub(crate) fn over<I: Identity>(
        self,
        document: &BoundDocument<I>,
        subject: SealSubject,
        party: Option<PartySignature>,
    ) -> Done<SealRecord> {
        let statement = document.statement_of(subject, party.as_ref())?;
        let digest = statement.digest();
        let message = seal_statement(&digest, "device", None, None);
        let signers = self.signers.iter();
        Ok(SealRecord {
            seal_id: self.seal_id,
            statement,
            signatures: signers
                .map(|it| (it.user_id, it.signature(&digest, I::SIGNED_BY)))
                .collect(),
            party_signature: party,
            device_signature: STANDARD.encode(signed_with(self.device.as_ref(), &message)?),
            sealed_at: self.sealed_at,
        })
    }
}

impl Client {
    /// A seal of this phone, now, by these people.
    pub(crate) fn sealing(&self, signers: &[SignerAct]) -> Done<Sealing> {
        let signers = signers.iter().map(|act| self.signing(act));
        Ok(Sealing {
            signers: signers.collect::<Done<_>>()?,
            seal_id: SealId(self.new_uuid()),
            sealed_at: self.time_claim()?,
            device: self.lock().key.clone(),
        })
    }

    /// Walks in; the arrival's id. Where it was is what the phone's system says of it now, if it says anything.
    pub fn record_arrival(&self, visit: DocumentId, arrival: ArrivalInput) -> Done<String> {
        let arrival_id = ArrivalId(self.new_uuid());
        let mut record = Arrival {
            arrival_id,
            entered_at: self.time_claim()?,
            samplers: arrival.samplers.into_iter().collect(),
            assisting: arrival.assisting.into_iter().collect(),
            notice_no: arrival.notice_no,
            id_shown: arrival.id_shown,
            resumes: arrival.resumes,
            re_entry_grant: None,
            handover_from: None,
            after_resolved_refusal: false,
            joint_entry_id: arrival.joint_entry_id,
            site: self.lock().store.setting(&format!("site/{visit}"))?,
            location: self.host.place(),
        };
        match arrival.continues {
            None => {}
            Some(Continues::ReEntryGrant { grant_id }) => record.re_entry_grant = Some(grant_id),
            Some(Continues::Handover { from }) => record.handover_from = Some(from),
            Some(Continues::ResolvedRefusal) => record.after_resolved_refusal = true,
        }
        self.edit_visit(visit, |document, now| {
            document.record_arrival(now, &record).map(|_| ())
        })?;
        Ok(arrival_id.to_string())
    }

    /// Records an interruption.
    pub fn suspend(&self, visit: DocumentId, reason: &str) -> Done<SuspensionId> {
        let record = Suspension {
            suspension_id: SuspensionId(self.new_uuid()),
            suspended_at: self.time_claim()?,
            reason: reason.to_owned(),
        };
        self.edit_visit(visit, |document, now| {
            document.record_suspension(now, &record).map(|_| ())
        })?;
        Ok(record.suspension_id)
    }

    /// Walks in again after a recorded interruption; the arrival's id.
    pub fn resume(
        &self,
        visit: DocumentId,
        suspension: SuspensionId,
        mut arrival: ArrivalInput,
    ) -> Done<String> {
        arrival.resumes = Some(suspension);
        self.record_arrival(visit, arrival)
    }

    /// A new sheet (抽样单) with a number of this device's block; `fields` has any of the form's fields by name. With
    /// `task.refused` the task may not be sampled here, as far as this phone knows, and no number is spent.
    pub fn new_sheet(
        &self,
        visit: DocumentId,
        task: Option<TaskId>,
        fields: Value,
    ) -> Done<SampleId> {
        let (sample_id, sampled_at) = (SampleId(self.new_uuid()), self.time_claim()?);
        let rulebooks = self.rulebooks()?;
        self.edit_with_number(visit, |document, now, store, number| {
            let mut draft = SampleSheet::draft(sample_id, number, sampled_at);
            draft.task_id = task;
            let sheet = with_fields(&draft, &fields)?;
            document.add_sheet(now, &sheet)?;
            self.may_start(sample_id, document, store, &rulebooks)?;
            Ok(sample_id)
        })
    }

    /// Puts the fields given, one targeted put each; null clears.
    pub fn edit_sheet(&self, visit: DocumentId, sheet: SampleId, fields: Value) -> Done<()> {
        self.edit_visit_with(
            visit,
            |document, now, store| {
                let before = document.sheet(sheet)?.value;
                let after = with_fields(&before, &fields)?;
                self.known_in(store, |known| {
                    document.edit_sheet(known, now, &before, &after)?;
                    Ok(())
                })
            },
            |_| Ok(()),
        )
    }

    /// The next batch (批次): copies party and producer into a new sheet, and what says which task it is.
    pub fn next_batch(&self, visit: DocumentId, sheet: SampleId) -> Done<SampleId> {
        let (next, sampled_at) = (SampleId(self.new_uuid()), self.time_claim()?);
        let rulebooks = self.rulebooks()?;
        self.edit_with_number(visit, |document, now, store, number| {
            self.known_in(store, |known| {
                document.next_batch(known, now, sheet, next, number, sampled_at)?;
                Ok(())
            })?;
            self.may_start(next, document, store, &rulebooks)?;
            Ok(next)
        })
    }

    /// Voids a spoiled sheet; its number is never used again.
    pub fn void_sheet(&self, visit: DocumentId, sheet: SampleId, reason: &str) -> Done<()> {
        self.edit_visit_with(
            visit,
            |document, now, store| {
                self.known_in(store, |known| {
                    document.void_sheet(known, now, sheet, reason)?;
                    Ok(())
                })
            },
            |_| Ok(()),
        )
    }

    pub(crate) fn signing(&self, act: &SignerAct) -> Done<Signing> {
        if act.handwriting.is_empty() {
            let message = "A signature is drawn by hand (手写签名)";
            return Err(ClientError::new("signer.handwriting_missing", message));
        }
        let (key, certificate) = self.open_signer(act.user_id, &act.pin)?;
        Ok(Signing {
            user_id: act.user_id,
            key,
            serial: certificate.serial,
            handwriting: sha256(&act.handwriting),
        })
    }

    /// Seals a sheet; see `seal`.
    pub fn seal_sheet(
        &self,
        visit: DocumentId,
        sheet: SampleId,
        signers: Vec<SignerAct>,
        party: PartyAct,
    ) -> Done<String> {
        self.seal(visit, SealSubject::Sheet(sheet), signers, party)
    }

    /// Seals a sheet, a refusal, 未抽到样品 or an on-site report: each sampler with their own key, the party's handwriting
    /// and stamp bound to the seal; the seal's id. With `seal.refused` nothing is stored, the draft stays as it is, and the
    /// error says in words what stands in the way.
    pub fn seal(
        &self,
        visit: DocumentId,
        subject: SealSubject,
        signers: Vec<SignerAct>,
        party: PartyAct,
    ) -> Done<String> {
        let party = party_signature(party)?;
        let sealing = self.sealing(&signers)?;
        let seal_id = sealing.seal_id;
        let rulebooks = self.rulebooks()?;
        let seal = |document: &mut VisitDocument, now: Millis, store: &Store| {
            let seal = sealing.over(document, subject, Some(party))?;
            document.seal(now, &seal)?;
            // Judged with the seal on it; what is refused here is not stored.
            let objections = self.objections_to(&subject, document, store, &rulebooks)?;
            self.unless_unruly("seal.refused", "This cannot be sealed yet", objections)
        };
        self.edit_visit_with(visit, seal, |_| Ok(()))?;
        Ok(seal_id.to_string())
    }

    /// What still stands in the way of a seal, its signatures among it; nothing is refused for being told here.
    pub fn missing_for_seal(
        &self,
        visit: DocumentId,
        subject: SealSubject,
    ) -> Done<Vec<Objection>> {
        let rulebooks = self.rulebooks()?;
        let inner = self.lock();
        let document = visit_in(&inner.store, visit)?;
        self.objections_to(&subject, &document, &inner.store, &rulebooks)
    }

    /// What stands in the way of a seal on this visit as it is, within what the store holds.
    fn objections_to(
        &self,
        subject: &SealSubject,
        visit: &VisitDocument,
        store: &Store,
        rulebooks: &Rulebooks,
    ) -> Done<Vec<Objection>> {
        self.known_in(store, |known| {
            let id = visit.id();
            let mut documents = bearing_in(store, known, id, vec![visit.clone()])?.documents;
            documents.retain(|it| it.id() != id);
            documents.push(visit.clone());
            Ok(enforcement::to_seal(
                subject, id, &documents, known, rulebooks,
            ))
        })
    }

    fn may_start(
        &self,
        sheet: SampleId,
        document: &VisitDocument,
        store: &Store,
        rulebooks: &Rulebooks,
    ) -> Done<()> {
        let objections = self.known_in(store, |known| {
            Ok(enforcement::to_start(sheet, document, known, rulebooks))
        })?;
        self.unless_unruly(
            "task.refused",
            "This task may not be sampled here",
            objections,
        )
    }

    pub(crate) fn unless_unruly(
        &self,
        code: &str,
        message: &str,
        objections: Vec<Objection>,
    ) -> Done<()> {
        if objections.is_empty() || self.faults().is_unruly() {
            return Ok(());
        }
        Err(ClientError::new(code, message).over(objections))
    }

    /// Amends what is sealed: the fields given, a reason, and the signature of one sampler. The sealed record stays what
    /// it was; the amendment stands beside it. The amendment's id.
    pub fn amend(
        &self,
        visit: DocumentId,
        subject: SealSubject,
        fields: &Value,
        reason: &str,
        signer: &SignerAct,
    ) -> Done<String> {
        let seal_id = self.shown_seal(visit, &subject)?;
        let signer = self.signing(signer)?;
        let amendment = Amendment {
            amendment_id: AmendmentId(self.new_uuid()),
            subject,
            seal_id,
            reason: reason.to_owned(),
            amended_at: self.time_claim()?,
            signature: signer.signature(&Digest([0; 32]), VisitIdentity::SIGNED_BY),
        };
        let amendment_id = amendment.amendment_id.to_string();
        self.edit_visit_with(
            visit,
            |document, _, _| match subject {
                SealSubject::Sheet(id) => {
                    let before = document.sheet(id)?.value;
                    amend(document, &before, fields, amendment, &signer)
                }
                SealSubject::Refusal(_) => {
                    amend_one_of(document.refusals(), document, fields, amendment, &signer)
                }
                SealSubject::NotSampled(_) => {
                    amend_one_of(document.not_sampled(), document, fields, amendment, &signer)
                }
                SealSubject::OnSiteReport(_) => {
                    let reports = document.on_site_reports();
                    amend_one_of(reports, document, fields, amendment, &signer)
                }
                SealSubject::Confirmation(_) => {
                    let message = "A confirmation is amended in its own document";
                    Err(ClientError::new("seal.none", message))
                }
            },
            |_| Ok(()),
        )?;
        Ok(amendment_id)
    }

    /// Amends a sealed sheet; see `amend`.
    pub fn amend_sheet(
        &self,
        visit: DocumentId,
        sheet: SampleId,
        fields: &Value,
        reason: &str,
        signer: &SignerAct,
    ) -> Done<String> {
        self.amend(visit, SealSubject::Sheet(sheet), fields, reason, signer)
    }

    /// The seal from which a subject is shown: what is amended stands beside that one.
    fn shown_seal(&self, visit: DocumentId, subject: &SealSubject) -> Done<SealId> {
        self.with_known(|known, store| {
            let document = visit_in(store, visit)?;
            document.shown_seal(subject, known).ok_or_else(|| {
                ClientError::new("seal.none", "Nothing is sealed here: it is edited as it is")
            })
        })
    }

    /// 回避: declares a conflict of interest.
    pub fn declare_recusal(
        &self,
        visit: DocumentId,
        user: Option<UserId>,
        reason: &str,
    ) -> Done<()> {
        let record = Recusal {
            recusal_id: RecusalId(self.new_uuid()),
            user_id: user,
            reason: reason.to_owned(),
            declared_at: self.time_claim()?,
        };
        self.edit_visit(visit, |document, now| {
            document.declare_recusal(now, &record).map(|_| ())
        })
    }

    /// 拒检认定表; its id, to seal it by.
    pub fn refuse(&self, visit: DocumentId, refusal: RefusalInput) -> Done<RefusalId> {
        let record = Refusal {
            refusal_id: RefusalId(self.new_uuid()),
            kind: refusal.kind,
            party: self.party_of(visit)?,
            task_id: refusal.task_id,
            task_level: self.level_of(refusal.task_id)?,
            product_name: refusal.product,
            fact_description: refusal.fact_description,
            witness: refusal.witness,
            consequence_explained: refusal.consequence_explained,
            consequence: refusal.consequence,
            evidence: BTreeMap::new(),
            withdrawn_reason: None,
            refused_at: self.time_claim()?,
        };
        self.edit_visit(visit, |document, now| {
            document.record_refusal(now, &record).map(|_| ())
        })?;
        Ok(record.refusal_id)
    }

    /// Puts the fields given into a refusal that is not sealed yet; null clears.
    pub fn edit_refusal(&self, visit: DocumentId, id: RefusalId, fields: &Value) -> Done<()> {
        self.edit_record(
            visit,
            fields,
            |document| document.refusals(),
            |it| it.refusal_id == id,
        )
    }

    /// The same for 未抽到样品.
    pub fn edit_not_sampled(
        &self,
        visit: DocumentId,
        id: NotSampledId,
        fields: &Value,
    ) -> Done<()> {
        let wanted = |it: &NotSampled| it.not_sampled_id == id;
        self.edit_record(visit, fields, |document| document.not_sampled(), wanted)
    }

    /// The same for a report from the scene.
    pub fn edit_report(&self, visit: DocumentId, id: OnSiteReportId, fields: &Value) -> Done<()> {
        let wanted = |it: &OnSiteReport| it.report_id == id;
        self.edit_record(visit, fields, |document| document.on_site_reports(), wanted)
    }

    fn edit_record<T: Sealable>(
        &self,
        visit: DocumentId,
        fields: &Value,
        records: impl FnOnce(&VisitDocument) -> Items<T>,
        wanted: impl Fn(&T) -> bool,
    ) -> Done<()> {
        self.edit_visit_with(
            visit,
            |document, now, store| {
                let before = records(document).items.into_iter().map(|it| it.value);
                let before = before.into_iter().find(|it| wanted(it));
                let before = before.ok_or_else(|| DocumentError::NotThere("the record".into()))?;
                let after = with_fields(&before, fields)?;
                self.known_in(store, |known| {
                    document.edit_record(known, now, &before, &after)?;
                    Ok(())
                })
            },
            |_| Ok(()),
        )
    }

    /// 撤回: takes a refusal back with a reason; the record stays. Once it is sealed this is an amendment that one of its
    /// samplers signs, and its id is given.
    pub fn withdraw_refusal(
        &self,
        visit: DocumentId,
        refusal: RefusalId,
        reason: &str,
        signer: Option<&SignerAct>,
    ) -> Done<Option<String>> {
        let subject = SealSubject::Refusal(refusal);
        let sealed = self.with_known(|known, store| {
            Ok(visit_in(store, visit)?
                .shown_seal(&subject, known)
                .is_some())
        })?;
        match (sealed, signer) {
            (true, Some(signer)) => {
                let fields = serde_json::json!({ "withdrawn_reason": reason });
                self.amend(visit, subject, &fields, reason, signer)
                    .map(Some)
            }
            (true, None) => {
                let message = "A sealed refusal is withdrawn under a sampler's signature";
                Err(ClientError::new("signer.missing", message))
            }
            (false, _) => {
                let withdraw = |document: &mut VisitDocument, now: Millis, store: &Store| {
                    self.known_in(store, |known| {
                        document.withdraw_refusal(known, now, refusal, reason)?;
                        Ok(None)
                    })
                };
                self.edit_visit_with(visit, withdraw, |_| Ok(()))
            }
        }
    }

    /// 未抽到样品; its id, to seal it by.
    pub fn not_sampled(&self, visit: DocumentId, input: NotSampledInput) -> Done<NotSampledId> {
        let record = NotSampled {
            not_sampled_id: NotSampledId(self.new_uuid()),
            reason: input.reason,
            party: self.party_of(visit)?,
            bureau_stamp: input.bureau_stamp.map(|photo| sha256(&photo)),
            licence_no: input.licence_no,
            explanation: input.note,
            evidence: BTreeMap::new(),
            recorded_at: self.time_claim()?,
        };
        self.edit_visit(visit, |document, now| {
            document.record_not_sampled(now, &record).map(|_| ())
        })?;
        Ok(record.not_sampled_id)
    }

    /// 现场报告: ends the sampling; its id, to seal it by.
    pub fn report(&self, visit: DocumentId, report: ReportInput) -> Done<OnSiteReportId> {
        let record = OnSiteReport {
            report_id: OnSiteReportId(self.new_uuid()),
            grounds: report.grounds,
            description: report.description,
            recipients: report.recipients.into_iter().collect(),
            sampling_terminated: true,
            evidence: BTreeMap::new(),
            reported_at: self.time_claim()?,
        };
        self.edit_visit(visit, |document, now| {
            document.record_on_site_report(now, &record).map(|_| ())
        })?;
        Ok(record.report_id)
    }

    /// The enterprise says that it was sampled already; the claim's id.
    pub fn claim_prior_sampling(
        &self,
        visit: DocumentId,
        claim: PriorClaimInput,
    ) -> Done<PriorClaimId> {
        let record = PriorSamplingClaim {
            claim_id: PriorClaimId(self.new_uuid()),
            authority: claim.authority,
            sampled_on: claim.sampled_on,
            sheet_no: claim.sheet_no,
            photo: claim.photo,
            sample_id: claim.sample_id,
            claimed_at: self.time_claim()?,
        };
        self.edit_visit(visit, |document, now| {
            document.claim_prior_sampling(now, &record).map(|_| ())
        })?;
        Ok(record.claim_id)
    }

    /// Corrects the enterprise as it was written down, with the reason. The visit stays the same: its identity follows
    /// an alias of the server's.
    pub fn correct_enterprise(&self, visit: DocumentId, party: Party, reason: &str) -> Done<()> {
        let record = EnterpriseRecord {
            record_id: EnterpriseRecordId(self.new_uuid()),
            party,
            reason: reason.to_owned(),
            recorded_at: self.time_claim()?,
        };
        self.edit_visit(visit, |document, now| {
            document.set_enterprise(now, &record).map(|_| ())
        })
    }

    /// 受检单位 as it was last written down in the visit.
    fn party_of(&self, visit: DocumentId) -> Done<Party> {
        let records = visit_in(&self.lock().store, visit)?.enterprise().items;
        let latest = records
            .into_iter()
            .max_by_key(|it| (it.value.recorded_at.wall_ms, it.value.record_id));
        Ok(latest.map(|it| it.value.party).unwrap_or_default())
    }

    /// 任务级别: the level of the authority whose task it is, as far as this phone knows it.
    fn level_of(&self, task: Option<TaskId>) -> Done<String> {
        let Some(task) = task else {
            return Ok(String::new());
        };
        let field = |kind: &str, id: &str, name: &str| -> Done<Option<String>> {
            let mut known = self.references(kind)?.into_iter();
            let found = known.find(|it| it.id == id);
            let value = found.and_then(|it| it.record.get(name)?.as_str().map(str::to_owned));
            Ok(value)
        };
        let authority = field("task", &task.to_string(), "authority_id")?;
        let level = match authority {
            Some(authority) => field("organisation", &authority, "level")?,
            None => None,
        };
        Ok(level.unwrap_or_default())
    }

    /// Edits 备注 in place, so that two phones' words both stay: at a character, so many deleted, these inserted.
    pub fn splice_notes(
        &self,
        visit: DocumentId,
        at: usize,
        deleted: isize,
        inserted: &str,
    ) -> Done<()> {
        self.edit_visit(visit, |document, now| {
            document
                .splice_notes(now, at, deleted, inserted)
                .map(|_| ())
        })
    }

    /// An edit that needs a sheet number: the number is taken in the transaction of the change that bears it.
    fn edit_with_number<T>(
        &self,
        visit: DocumentId,
        steps: impl FnOnce(&mut VisitDocument, Millis, &Store, String) -> Done<T>,
    ) -> Done<T> {
        let wall_ms = self.wall_ms();
        let mut taken = None;
        let exhausted = || {
            ClientError::new(
                "sheet_numbers.exhausted",
                "No sheet number is left; a sync brings another block",
            )
        };
        // One phone, one writer: between this reading and the transaction nobody else takes a number, and if somebody
        // did, the transaction below fails whole.
        let next = self
            .lock()
            .store
            .next_sheet_number()?
            .ok_or_else(exhausted)?;
        self.edit_visit_with(
            visit,
            |document, now, store| steps(document, now, store, next.clone()),
            |write| {
                taken = write.take_sheet_number(wall_ms)?;
                if taken.as_deref() == Some(next.as_str()) {
                    Ok(())
                } else {
                    Err(exhausted())
                }
            },
        )
    }
}

/// Signs the step from a sealed record as it stands to what the fields make of it, and writes both as one change.
pub(crate) fn amend<I: Identity, T: Sealable>(
    document: &mut BoundDocument<I>,
    before: &T,
    fields: &Value,
    mut amendment: Amendment,
    signer: &Signing,
) -> Done<()> {
    let after = with_fields(before, fields)?;
    let digest = document.amendment_digest(&amendment, before, &after)?;
    amendment.signature = signer.signature(&digest, I::SIGNED_BY);
    document.amend(before, &after, &amendment)?;
    Ok(())
}

fn amend_one_of<T: Sealable>(
    items: Items<T>,
    document: &mut VisitDocument,
    fields: &Value,
    amendment: Amendment,
    signer: &Signing,
) -> Done<()> {
    let mut items = items.items.into_iter();
    let before = items.find(|it| it.value.subject() == amendment.subject);
    let before = before.ok_or_else(|| DocumentError::NotThere("the record".into()))?;
    amend(document, &before.value, fields, amendment, signer)
}
