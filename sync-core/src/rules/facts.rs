//! What is known when a scope is ruled. The same structures on phone and server; a phone merely knows less. They are
//! projected from documents (`document::project`) and reference data, stored as JSON beside their keys, and hashed into
//! each ruling.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{RefusalStanding, ScopeKey, Standing, Subject, Validity};
use crate::model::{
    AnswerId, ArrivalId, CampaignId, ConfirmationId, ConfirmedSubject, DeviceId, Digest,
    DocumentId, EnterpriseKey, EntryId, EvidenceId, EvidenceReview, Interval, JointEntryId,
    LeaseId, Location, MediaFact, Millis, OnSiteReportId, OpinionId, OrganisationId,
    ReEntryGrantId, RefusalId, ReuseFact, ReviewVerdict, SampleId, SuspensionId, TaskId, TeamId,
    TimeFact, UserId,
};
use crate::proof::OrganisationKind;

/// Everything one scope needs, and nothing else: a rule that wants more must say so here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// What is ruled.
    pub scope: ScopeKey,
    /// The visits concerned.
    pub visits: BTreeMap<DocumentId, VisitFact>,
    /// Entries that are members of the scope.
    pub entries: BTreeMap<EntryId, EntryFact>,
    /// Samples that are members of the scope, prior samplings among them.
    pub samples: BTreeMap<SampleId, SampleFact>,
    /// The tasks that the samples name; one that is missing here is unknown.
    pub tasks: BTreeMap<TaskId, TaskFact>,
    /// Which authority made the campaigns that the visits belong to; it answers for their doors.
    #[serde(default)]
    pub campaigns: BTreeMap<CampaignId, OrganisationId>,
    /// The organisations named, and all ancestors of authorities.
    pub organisations: BTreeMap<OrganisationId, OrganisationFact>,
    /// Outcomes of the earlier strata, sample by sample: the most severe so far, by the engine.
    pub survived: BTreeMap<SampleId, Validity>,
    /// Standing of the entries, for strata after the door.
    pub standings: BTreeMap<EntryId, Standing>,
    /// Leases on the doors, as the server gave them; one that bears on no entry may be missing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub leases: BTreeMap<LeaseId, LeaseFact>,
    /// What persons ruled; a fact that the engine works around and never overrides. Keyed by `Subject` in text form.
    pub decided: Vec<Decision>,
}

impl Facts {
    /// Nothing known yet about a scope.
    pub fn new(scope: ScopeKey) -> Self {
        Self {
            scope,
            visits: BTreeMap::new(),
            entries: BTreeMap::new(),
            samples: BTreeMap::new(),
            tasks: BTreeMap::new(),
            campaigns: BTreeMap::new(),
            organisations: BTreeMap::new(),
            survived: BTreeMap::new(),
            standings: BTreeMap::new(),
            leases: BTreeMap::new(),
            decided: Vec::new(),
        }
    }

    /// The same facts with every list in one order, so that neither findings nor hashes depend on how they were gathered.
    pub fn normalised(self) -> NormalFacts {
        let mut facts = self;
        facts.decided.sort_by(|a, b| {
            let order = |d: &Decision| {
                (
                    d.decided_at_ms,
                    d.user_id,
                    d.validity,
                    d.standing,
                    d.refusal,
                    d.reason.clone(),
                )
            };
            (order(a), &a.subject).cmp(&(order(b), &b.subject))
        });
        for visit in facts.visits.values_mut() {
            visit.recusals.sort_by(|a, b| {
                (a.body_id, a.user_id, &a.reason).cmp(&(b.body_id, b.user_id, &b.reason))
            });
            visit.confirmations.sort();
            visit.confirmations.dedup();
            visit.evidence.sort_by_key(|e| {
                let claimed = e.captured.claimed.map(|c| (c.lo, c.hi));
                let proven = (e.captured.proven.lo, e.captured.proven.hi);
                (
                    e.sample_id,
                    e.kind.clone(),
                    e.medium.clone(),
                    proven,
                    claimed,
                    e.captured.wall_ms,
                    e.evidence_id,
                    e.sha256,
                    (e.verified, e.mismatched),
                )
            });
            visit.unreadable.sort();
        }
        for entry in facts.entries.values_mut() {
            entry
                .arrivals
                .sort_by_key(|a| (a.entered.usable().lo, a.arrival_id));
        }
        for sample in facts.samples.values_mut() {
            sample.faults.sort();
        }
        for task in facts.tasks.values_mut() {
            task.former_bodies.sort();
        }
        for organisation in facts.organisations.values_mut() {
            organisation
                .suspended
                .sort_by_key(|interval| (interval.lo, interval.hi));
        }
        NormalFacts(facts)
    }
}

/// Facts whose lists stand in one order, whichever they were gathered in.
#[derive(Debug, Clone)]
pub struct NormalFacts(Facts);

impl std::ops::Deref for NormalFacts {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        &self.0
    }
}

/// A person's ruling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// On what.
    pub subject: Subject,
    /// Standing, for an entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Validity, for a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<Validity>,
    /// What it is, for a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalStanding>,
    /// Who.
    pub user_id: UserId,
    /// Why, in their words.
    pub reason: String,
    /// When the server took it; the last one on a subject stands.
    pub decided_at_ms: Millis,
}

/// A lease (门锁): the server's word that one team goes to one door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseFact {
    /// Door.
    pub campaign_id: CampaignId,
    /// Door.
    pub body_id: OrganisationId,
    /// Door: the enterprise after aliases, so that a lease on one of two that were merged counts for both.
    pub enterprise: EnterpriseKey,
    /// 抽样组 that holds it.
    pub team_id: TeamId,
    /// From when until when it holds: until it was given back, if it was.
    pub valid: Interval,
}

/// What concerns a visit as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VisitFact {
    /// Campaign of the identity.
    pub campaign_id: CampaignId,
    /// Body of the identity.
    pub body_id: OrganisationId,
    /// Enterprise of the identity after aliases.
    pub enterprise: EnterpriseKey,
    /// The roster; none when somebody outside any roster writes a document of their own.
    pub team_id: Option<TeamId>,
    /// Members of the roster as the server knows it (empty where unknown).
    pub roster: BTreeSet<UserId>,
    /// Everybody whose certified key wrote into the document.
    pub authors: BTreeSet<UserId>,
    /// GB/T 2260 code of the enterprise, if known.
    pub region: Option<String>,
    /// Distinct plants recorded under the one USCC (`site`); more than one needs a ruling at the door.
    pub sites: BTreeSet<String>,
    /// Conflicts of interest declared at assignment or at entry (回避).
    pub recusals: Vec<RecusalFact>,
    /// Evidence in the signed manifest, by kind and the subject it belongs to.
    pub evidence: Vec<EvidenceFact>,
    /// A refusal (拒检) is recorded in the visit.
    pub refused: bool,
    /// When the earliest was recorded; none where unknown, and then no sample of the visit is known to be earlier.
    #[serde(default)]
    pub refused_at: Option<TimeFact>,
    /// 拒检, each as it was sealed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refusals: BTreeMap<RefusalId, RefusalFact>,
    /// 现场报告, each as it was sealed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reports: BTreeMap<OnSiteReportId, ReportFact>,
    /// What enforcement says of them, in documents of its own that name this visit; whether it counts the rules say. One
    /// that came before what it confirms waits here and counts for nothing.
    #[serde(default)]
    pub confirmations: Vec<ConfirmationFact>,
    /// 未抽到样品 recorded.
    pub not_sampled: bool,
    /// Samplers whose signature on 未抽到样品 holds.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub signed_not_sampled: BTreeSet<UserId>,
    /// 监督抽查通知书 on record, among those whose numbers the arrivals name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notices: BTreeMap<String, NoticeFact>,
    /// Sampling terminated as illegal at sight (终止抽样), when.
    pub terminated: Option<TimeFact>,
    /// Items of the document that could not be read, as paths.
    pub unreadable: Vec<String>,
    /// What is wrong with the forms beside the sheets, as codes (`refusal.fact_description.required`, …).
    #[serde(default)]
    pub faults: Vec<String>,
}

/// A notice (监督抽查通知书) as its authority issued it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeFact {
    /// 受检单位, after aliases.
    pub enterprise: EnterpriseKey,
    /// The samplers that it names; none where it names nobody.
    #[serde(default)]
    pub samplers: BTreeSet<UserId>,
    /// From when until when it holds.
    pub valid: Interval,
}

/// A refusal (拒检) as the visit records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalFact {
    /// `no_reason`, `fraud`, …
    pub kind: String,
    /// When.
    pub refused: TimeFact,
    /// The entry in which it happened.
    pub entry_id: Option<EntryId>,
    /// GB/T 2260 code that the form gives the enterprise, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What was signed: the digests of the seals over it that hold. None of them: nobody sealed it.
    #[serde(default)]
    pub seals: BTreeSet<Digest>,
    /// Samplers whose signature holds.
    #[serde(default)]
    pub signers: BTreeSet<UserId>,
    /// Its samplers took it back with a reason (撤回), before its seal or by a signed amendment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

/// A report from the scene (现场报告) as the visit records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFact {
    /// `unlicensed`, `three_no`, `self_evident_violation`.
    pub grounds: String,
    /// When.
    pub reported: TimeFact,
    /// The entry in which it happened.
    pub entry_id: Option<EntryId>,
    /// Who is told.
    #[serde(default)]
    pub recipients: BTreeSet<OrganisationId>,
    /// 终止抽样
    pub terminated: bool,
    /// As with a refusal.
    #[serde(default)]
    pub seals: BTreeSet<Digest>,
    /// As with a refusal.
    #[serde(default)]
    pub signers: BTreeSet<UserId>,
}

/// A supervisor's confirmation (现场执法监管人员确认) of one refusal or report of the visit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConfirmationFact {
    /// Its id.
    pub confirmation_id: ConfirmationId,
    /// What is confirmed.
    pub subject: ConfirmedSubject,
    /// The seal over it that the officers had before them.
    pub seal: Digest,
    /// GB/T 2260 code for which it was written; its officers' jurisdiction covers it.
    pub region: String,
    /// Officers whose signature on its seal holds and who may confirm there.
    pub officers: BTreeSet<UserId>,
    /// Organisations of the officers.
    pub organisations: BTreeSet<OrganisationId>,
    /// What they found.
    pub outcome: ConfirmationOutcome,
    /// When they found it.
    pub confirmed: TimeFact,
    /// Where they stood, as their phone says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// 到场互签: co-signatures of phones of the visit that hold.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub co_signatures: BTreeSet<CoSignatureFact>,
    /// 复核意见: what other officers say of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub opinions: BTreeSet<OpinionFact>,
    /// What is wrong with its form, its seal and what lies beside it, as codes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub faults: BTreeSet<String>,
}

/// Two phones that said to each other, by a challenge and its answer, that they stand together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CoSignatureFact {
    /// The phone of the visit that answered, as certified.
    pub device_id: DeviceId,
    /// Its person.
    pub user_id: UserId,
    /// When the supervisor's phone asked.
    pub asked: TimeFact,
    /// When the other one answered, by its own clock.
    pub answered: TimeFact,
    /// Where the supervisor's phone was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_from: Option<Location>,
    /// Where the other one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_from: Option<Location>,
}

/// A second officer's word on a confirmation that was not made on site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpinionFact {
    /// Its id.
    pub opinion_id: OpinionId,
    /// Who: their signature holds, and they may confirm there.
    pub officer: UserId,
    /// Their organisation.
    pub organisation_id: OrganisationId,
    /// Whether they hold it to be true.
    pub agrees: bool,
}

/// Outcome of a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationOutcome {
    /// It was a refusal; what was reported is so.
    Confirmed,
    /// It was none; it is not so.
    NotEstablished,
    /// The enterprise gave way and was sampled.
    ResolvedSampled,
}

/// 回避
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecusalFact {
    /// The person concerned; none when it is the whole body.
    pub user_id: Option<UserId>,
    /// The body concerned.
    pub body_id: OrganisationId,
    /// Kinship, shares, former employment, … in their words.
    pub reason: String,
}

/// One manifest entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceFact {
    /// `place`, `label`, `stock`, `sealing`, …
    pub kind: String,
    /// The sheet it belongs to; none = the visit.
    pub sample_id: Option<SampleId>,
    /// `photo` or `video`.
    pub medium: String,
    /// When it was captured.
    pub captured: TimeFact,
    /// Whether its bytes were verified against the manifest: false where none were so far. None where nobody tracks it: on a
    /// phone, and in scopes that do not look at it.
    pub verified: Option<bool>,
    /// Bytes came under its name that are others than the manifest's, and none that are these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mismatched: bool,
    /// Its entry in the manifest; none in facts of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_id: Option<EvidenceId>,
    /// What its bytes must hash to; none in facts of before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// What the manifest says that the bytes are; empty in facts that were made before it was told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub media_type: String,
    /// Where it was captured, as the manifest says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What the server found in the bytes; none where it has not looked, and on phones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<MediaFact>,
    /// The same picture under other visits; the server alone knows.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub reused: BTreeSet<ReuseFact>,
    /// 审查: what the authority decided on these bytes; none where nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewFact>,
    /// 补正: what its samplers answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<AnswerId, AnswerFact>,
}

/// The decision that stands on a piece of evidence (影像审查).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewFact {
    /// Which of the decisions.
    pub version: i64,
    /// What was decided.
    pub verdict: ReviewVerdict,
}

/// An answer to a review (影像补正).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerFact {
    /// The version that it answers.
    pub review: i64,
    /// When; always after the fact.
    pub answered: TimeFact,
    /// Whose certified key wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// 补充影像: the entry of the manifest that it brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplement: Option<EvidenceId>,
}

/// Lays what the authority decided over the evidence of a visit. A decision is on the bytes that were looked at: where the
/// entry names others by now, or the piece is not there, it says nothing.
pub fn lay_over_reviews<'a>(
    visit: &mut VisitFact,
    reviews: impl IntoIterator<Item = &'a EvidenceReview>,
) {
    for review in reviews {
        for piece in &mut visit.evidence {
            if (piece.evidence_id, piece.sha256) == (Some(review.evidence_id), Some(review.sha256))
                && piece
                    .review
                    .is_none_or(|known| known.version < review.version)
            {
                piece.review = Some(ReviewFact {
                    version: review.version,
                    verdict: review.verdict,
                });
            }
        }
    }
}

/// One entry, computed from arrivals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryFact {
    /// Its visit.
    pub document_id: DocumentId,
    /// Door: campaign, body, enterprise after aliases.
    pub campaign_id: CampaignId,
    /// Door.
    pub body_id: OrganisationId,
    /// Door.
    pub enterprise: EnterpriseKey,
    /// The roster, if any.
    pub team_id: Option<TeamId>,
    /// Arrivals that form it, earliest first by usable time, then id.
    pub arrivals: Vec<ArrivalFact>,
    /// When it began: the earliest arrival's time.
    pub entered: TimeFact,
    /// Declared joint entry.
    pub joint_entry_id: Option<JointEntryId>,
    /// A later day without a recorded suspension or grant, though the team had entered before: needs a ruling.
    pub unexplained_resumption_of: Option<EntryId>,
    /// Declared as the continuation of another entry of the door (handover, after a resolved refusal).
    pub continues: Option<ContinuationFact>,
    /// At least one sheet that is not voided was drawn in it, whatever was ruled on it since.
    pub drew_samples: bool,
}

/// Why an entry says that it is no second one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum ContinuationFact {
    /// A signed permission that the server knows and that fits this door.
    ReEntryGrant {
        /// Which.
        grant_id: ReEntryGrantId,
        /// Known to the server and for this door; a phone that has it cached says true as well.
        honoured: bool,
    },
    /// Another team of the body takes over.
    Handover {
        /// From which team.
        from: TeamId,
    },
    /// A refusal was resolved and sampling is resumed.
    ResolvedRefusal,
}

/// One phone's record of walking in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArrivalFact {
    /// Its id.
    pub arrival_id: ArrivalId,
    /// Certified device of the author, not what the record says.
    pub device_id: DeviceId,
    /// Certified person of the author.
    pub user_id: UserId,
    /// Samplers said to be present.
    pub samplers: BTreeSet<UserId>,
    /// When.
    pub entered: TimeFact,
    /// Number of the notice shown (监督抽查通知书).
    pub notice_no: Option<String>,
    /// Identification was shown (出示证件).
    pub id_shown: bool,
    /// Declared resumption after this suspension, and whether that suspension is recorded in the document.
    pub resumes: Option<(SuspensionId, bool)>,
    /// Local officers who came along (属地监管人员协助抽样).
    pub assisting: BTreeSet<UserId>,
    /// Where the phone was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// Where a sampling comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum SamplingSource {
    /// Captured with Fieldseal.
    Captured,
    /// Imported: history from e-CQS or spreadsheets.
    Imported {
        /// As in the file: `e-CQS`, …
        origin: String,
    },
    /// Claimed at the gate with proof (PriorSamplingClaim).
    Claimed,
}

/// One sample: a sheet that was drawn, or a prior sampling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleFact {
    /// Where it comes from.
    pub source: SamplingSource,
    /// Its visit and entry; none for prior samplings.
    pub document_id: Option<DocumentId>,
    /// The entry in which it was drawn.
    pub entry_id: Option<EntryId>,
    /// 编号
    pub sheet_no: Option<String>,
    /// 任务来源; none where the sheet names none.
    pub task_id: Option<TaskId>,
    /// `routine`, `special`, `emergency`, `tracking`, `linked`, `evaluative`, `recheck`.
    pub sampling_kind: String,
    /// `production`, `circulation`, `online`.
    pub channel: String,
    /// The authority for which it was drawn (through the task, or as imported).
    pub authority_id: Option<OrganisationId>,
    /// The body that drew it.
    pub body_id: Option<OrganisationId>,
    /// The sampled party after aliases.
    pub enterprise: Option<EnterpriseKey>,
    /// Product key, normalised; see `model::ProductKey`.
    pub product: ProductFact,
    /// 生产日期 and 批号 as one normalised text each.
    pub lot_no: Option<String>,
    /// ISO date.
    pub production_date: Option<String>,
    /// When it was drawn. A prior sampling has its whole civil day as claimed and proven interval.
    pub sampled: TimeFact,
    /// 抽样基数; quantities in thousandths of the unit, so that litres and kilograms are exact.
    pub lot_base_milli: Option<i64>,
    /// 检验样品量
    pub test_qty_milli: Option<i64>,
    /// 备用样品量
    pub spare_qty_milli: Option<i64>,
    /// `min_base` of the product rule in force, if one is known.
    pub min_base_milli: Option<i64>,
    /// 是否出口 only.
    pub export_only: bool,
    /// Goods marked 试制 / 处理 / 样品, or not for sale.
    pub not_for_sale: Option<String>,
    /// Why the sample was drawn when it was not for a plan.
    pub purpose: Purpose,
    /// Distinct samplers whose signature on the seal verifies.
    pub signers: BTreeSet<UserId>,
    /// The party signed, or refused with a witness.
    pub party_signed: bool,
    /// Seal numbers on test and spare samples.
    pub seal_numbers: BTreeSet<String>,
    /// Number of different seals over this sheet; two freeze the lab receipt.
    pub distinct_seals: u32,
    /// Changes to the sheet after its seal.
    pub amended: bool,
    /// How many of them carry no signed amendment that verifies. They count for nothing.
    #[serde(default)]
    pub unsigned_amendments: u32,
    /// Other visits that have a record under this sample's id; none of a visit is a sampling made elsewhere.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub also_claimed: BTreeSet<Option<DocumentId>>,
    /// A spoiled sheet, voided with a reason by its samplers.
    pub voided: Option<String>,
    /// What is wrong with the form itself, as codes (`sheet.uscc.check_digit`, …).
    pub faults: Vec<String>,
    /// What laboratory and service have fixed.
    pub custody: CustodyFact,
}

impl ProductFact {
    /// The key of the product scope: the producer alone. Standards that are shared only in part, and keys that are
    /// missing on an import or a claim, must meet what they may be the same as; a narrower key would hide them.
    pub fn scope_digest(&self) -> Digest {
        producer_digest("fieldseal/product-scope/1", &self.producer)
    }

    /// The key of the scope in which a producer that is known by its name alone meets those who bear the same name and
    /// have a code; none where nobody wrote a name down.
    pub fn name_digest(&self) -> Option<Digest> {
        self.name()
            .map(|name| producer_digest("fieldseal/producer-name/1", name))
    }

    /// The producer's normalised name, with or without a code.
    pub fn name(&self) -> Option<&str> {
        let name = match self.producer_has_uscc {
            true => &self.producer_name,
            false => &self.producer,
        };
        Some(name.as_str()).filter(|name| !name.is_empty())
    }
}

fn producer_digest(domain: &str, producer: &str) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(domain.as_bytes());
    hasher.update(b"\0");
    hasher.update(producer.as_bytes());
    Digest(hasher.finalize().into())
}

/// The product key and whether it may rule automatically. A missing text is empty (无 is explicit).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductFact {
    /// USCC of the producer, or the normalised name.
    pub producer: String,
    /// False where the producer has no USCC: then it is never ruled automatically.
    pub producer_has_uscc: bool,
    /// The normalised name beside a USCC, by which it meets the same producer known by its name alone; empty where the
    /// name is the key itself or nobody wrote one down.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub producer_name: String,
    /// Normalised codes with their years, sorted.
    pub standards: BTreeSet<String>,
    /// Normalised.
    pub trademark: String,
    /// Normalised.
    pub spec_model: String,
    /// A key field is missing (a claim or an import): needs a ruling.
    pub incomplete: bool,
}

/// 查处违法案件 and 处理质量纠纷、消费者投诉 have rules of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// A planned or approved task.
    Task,
    /// A case; the number of its filing (立案), if there is one.
    Case {
        /// 立案号
        case_no: Option<String>,
    },
    /// A dispute or complaint about one product.
    Dispute {
        /// Product name in dispute, normalised.
        disputed_product: Option<String>,
        /// Product name on the sheet, normalised.
        product: String,
    },
}

/// What has happened to the sample: server events, and facts for every later ruling.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustodyFact {
    /// Accepted at the laboratory, when and by whom.
    pub received_at_ms: Option<Millis>,
    /// Who received it.
    pub received_by: Option<UserId>,
    /// Testing has begun.
    pub testing_started_at_ms: Option<Millis>,
    /// Who began it.
    pub testing_started_by: Option<UserId>,
    /// The result was served.
    pub served_at_ms: Option<Millis>,
}

impl CustodyFact {
    /// Testing or service has fixed the sample: a change of outcome is never silent.
    pub fn fixed(&self) -> bool {
        self.testing_started_at_ms.is_some() || self.served_at_ms.is_some()
    }
}

/// A task as far as rules ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFact {
    /// Campaign that groups it.
    pub campaign_id: CampaignId,
    /// 组织抽查部门
    pub authority_id: OrganisationId,
    /// The assigned body, and earlier ones with when they lost it.
    pub body_id: Option<OrganisationId>,
    /// Bodies that had it before, with the instant of reassignment.
    pub former_bodies: Vec<(OrganisationId, Millis)>,
    /// In an approved plan, or approved by the authority.
    pub approved: bool,
    /// When it was cancelled.
    pub cancelled_at_ms: Option<Millis>,
    /// `routine`, …
    pub sampling_kind: String,
    /// Product kind in words.
    pub product_name: String,
    /// 透露: that its details went out to somebody who does not work on it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub disclosures: BTreeSet<DisclosureFact>,
}

/// Details of a task that went out: exports are logged, and what reached an enterprise is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DisclosureFact {
    /// When, by the server's clock.
    pub at_ms: Millis,
    /// The enterprise that heard of it, after aliases; none where nobody knows whom it reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enterprise: Option<EnterpriseKey>,
    /// Who gave it out, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// `export`, `told`: how it is known.
    pub how: String,
}

/// An organisation as far as rules ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationFact {
    /// What it is.
    pub kind: OrganisationKind,
    /// Shown in messages.
    pub name: String,
    /// `national`, `province`, `city`, `county` for authorities.
    pub level: Option<String>,
    /// GB/T 2260 code.
    pub region: Option<String>,
    /// Parent authority.
    pub parent_id: Option<OrganisationId>,
    /// Suspensions of eligibility, each from the decision until just before its end: [decision, +1 y).
    pub suspended: Vec<Interval>,
}
