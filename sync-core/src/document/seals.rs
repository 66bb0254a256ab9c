//! A seal covers one subject: people sign what a sheet, a refusal or a report said at certain heads, and that is what is
//! shown ever after (I6). Later or concurrent edits of that subject stand beside it as amendments.
//!
//! Never over the bytes of a snapshot: they depend on the order of arrival.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use automerge::{ChangeHash as Head, ObjType, ReadDoc, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::bound::{
    AMENDMENTS, BoundDocument, DocumentError, Item, Items, RawChange, SEALS, place_of,
};
use super::history::{self, Touched};
use super::project::{Surroundings, time_fact};
use super::registers;
use super::skeleton::{Identity, SCHEMA, SignedBy};
use crate::model::{
    Actor, Amendment, ChangeHash, Confirmation, DeviceId, Digest, DocumentId, Interval, Millis,
    NotSampled, OnSiteReport, PartySignature, PersonSignature, Refusal, Region, SampleSheet,
    SealId, SealSubject, TimeClaim, TimeFact, UserId, canonical_json,
};
use crate::proof::{CertificateKind, CertificatePayload, Verifier, seal_statement};

/// What a seal says: this subject of this document, as of these heads, has this content, and the party did this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealStatement {
    /// The document.
    pub document_id: DocumentId,
    /// What is sealed.
    pub subject: SealSubject,
    /// Sorted.
    pub heads: Vec<ChangeHash>,
    /// Version of the layout.
    pub schema: i64,
    /// SHA-256 of the canonical JSON of the subject.
    pub subtree_sha256: Digest,
    /// Of what the party did: its handwriting and stamp, or its refusal and the witness. The samplers sign it with the
    /// rest, so that neither can be exchanged afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_sha256: Option<Digest>,
}

impl SealStatement {
    /// SHA-256 of `fieldseal/seal/1\n` and the canonical JSON: what people sign.
    pub fn digest(&self) -> Digest {
        digest_of("fieldseal/seal/1\n", self)
    }

    /// Two seals of one subject say the same if they agree in this.
    pub(super) fn says(&self) -> (Digest, Option<Digest>) {
        (self.subtree_sha256, self.party_sha256)
    }
}

impl PartySignature {
    /// SHA-256 of `fieldseal/party/1\n` and the canonical JSON: what a seal's statement holds of it.
    pub fn digest(&self) -> Digest {
        digest_of("fieldseal/party/1\n", self)
    }

    /// Nothing that it must say is missing.
    fn is_whole(&self) -> bool {
        let said = |text: &str| !text.trim().is_empty();
        match self {
            Self::Signed { name, .. } => said(name),
            Self::RefusedToSign {
                reason, witness, ..
            } => said(reason) && said(witness),
        }
    }
}

pub(super) fn digest_of<T: Serialize>(context: &str, value: &T) -> Digest {
    let value = serde_json::to_value(value).unwrap_or_default();
    let mut hasher = Sha256::new();
    hasher.update(context.as_bytes());
    hasher.update(canonical_json(&value).as_bytes());
    Digest(hasher.finalize().into())
}

/// A record that people seal.
pub trait Sealable: Clone + PartialEq + Serialize + DeserializeOwned {
    /// The fields in which a signed amendment takes a record back: 作废, 撤回.
    const TAKES_BACK: [&str; 2] = ["voided_reason", "withdrawn_reason"];
    /// How a seal names it.
    fn subject(&self) -> SealSubject;
    /// Why it was taken back when it was sealed; none for most.
    fn taken_back(&self) -> Option<&str> {
        None
    }
}

impl Sealable for SampleSheet {
    fn subject(&self) -> SealSubject {
        SealSubject::Sheet(self.sample_id)
    }
    fn taken_back(&self) -> Option<&str> {
        self.voided_reason.as_deref()
    }
}

impl Sealable for Refusal {
    fn subject(&self) -> SealSubject {
        SealSubject::Refusal(self.refusal_id)
    }
    fn taken_back(&self) -> Option<&str> {
        self.withdrawn_reason.as_deref()
    }
}

impl Sealable for NotSampled {
    fn subject(&self) -> SealSubject {
        SealSubject::NotSampled(self.not_sampled_id)
    }
}

impl Sealable for Confirmation {
    fn subject(&self) -> SealSubject {
        SealSubject::Confirmation(self.confirmation_id)
    }
}

impl Sealable for OnSiteReport {
    fn subject(&self) -> SealSubject {
        SealSubject::OnSiteReport(self.report_id)
    }
}

/// 签字盖章: a seal with its signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealRecord {
    /// Its id.
    pub seal_id: SealId,
    /// What is sealed.
    pub statement: SealStatement,
    /// ≥ 2 samplers, each with their own key on the sealing phone. By person: nobody signs twice.
    #[serde(default)]
    pub signatures: BTreeMap<UserId, PersonSignature>,
    /// 受检单位
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_signature: Option<PartySignature>,
    /// P-256 of the sealing device over `proof::seal_statement(digest, "device", none, none)`, base64.
    pub device_signature: String,
    /// When.
    pub sealed_at: TimeClaim,
}

/// A seal as a bundle of proof (证据包) has it: whether it is true of the document, and every signature with its exact bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealProof {
    /// Its id.
    pub seal_id: SealId,
    /// What it says.
    pub statement: SealStatement,
    /// What was signed.
    pub digest: Digest,
    /// The subject at the sealed heads hashes to what the seal says.
    pub intact: bool,
    /// Whose install wrote it down.
    pub actor: Option<Actor>,
    /// Each with the serial of its certificate; none for the device's own.
    pub signatures: Vec<SealSignature>,
}

/// One signature of a seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealSignature {
    /// Of the signer's certificate; none for the sealing device's own.
    pub certificate_serial: Option<i64>,
    /// The bytes under it.
    pub message: Vec<u8>,
    /// P-256, base64.
    pub signature: String,
}

/// Whether what was sealed still is what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealStanding {
    /// It is.
    Stands,
    /// 更正: a signed amendment stands beside it.
    Amended,
    /// 作废、撤回: what was sealed was taken back by a signed amendment.
    Withdrawn,
    /// Another seal of the same record is the one that is shown.
    Replaced,
}

impl SealStanding {
    /// Its word, as stored and told.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::Amended => "amended",
            Self::Withdrawn => "withdrawn",
            Self::Replaced => "replaced",
        }
    }

    /// Of its word; none of any other.
    pub fn of_word(word: &str) -> Option<Self> {
        let all = [Self::Stands, Self::Amended, Self::Withdrawn, Self::Replaced];
        all.into_iter().find(|it| it.word() == word)
    }
}

/// A seal that is true of its document and that its device signed, as whoever holds the printed form may ask about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedSeal {
    /// Its id.
    pub seal_id: SealId,
    /// What was signed, and what the form shows.
    pub digest: Digest,
    /// When, as far as it can be known.
    pub sealed: TimeFact,
    /// Whether it is still what is shown.
    pub standing: SealStanding,
}

/// What holds of a seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealVerdict {
    /// What was signed.
    pub digest: Digest,
    /// The subject at the sealed heads hashes to what the seal says.
    pub intact: bool,
    /// The sealing device's signature verifies.
    pub device_signed: bool,
    /// Samplers whose signature holds: certified as samplers, on the phone that brought it, at that time.
    pub signers: BTreeSet<UserId>,
    /// The party signed and stamped, or refused before a witness, and that is what the samplers signed for.
    pub party_signed: bool,
    /// Stable codes of what is wrong, sorted.
    pub faults: Vec<&'static str>,
}

/// What holds of an edit beside a seal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AmendmentVerdict {
    /// What was signed; none where the edit carries no amendment, or the subject could not be read.
    pub digest: Option<Digest>,
    /// Whose signature it is, if it holds.
    pub author: Option<UserId>,
    /// A signed amendment with a reason. Whatever it says, the sealed record does not move.
    pub verified: bool,
    /// Stable codes of what is wrong, sorted.
    pub faults: Vec<&'static str>,
}

/// Certificates as they are known here, verified before.
pub trait Certificates {
    /// The device certificate of an actor.
    fn device(&self, actor: &Actor) -> Option<CertificatePayload>;
    /// A signer's certificate by serial.
    fn signer(&self, serial: i64) -> Option<CertificatePayload>;
}

/// One edit of a sealed subject that the seal does not cover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmendmentRecord {
    /// Beside which seal.
    pub seal_id: SealId,
    /// Which change.
    pub change: ChangeHash,
    /// Whose.
    pub actor: Actor,
    /// Which fields, old and new.
    pub fields: Vec<Touched>,
    /// The signed amendment that the change carries; none for a bare edit.
    pub amendment: Option<Amendment>,
}

/// The changes of a document, and the signed amendments among them.
pub(super) struct Edits {
    changes: Vec<Edit>,
    amendments: Vec<Item<Amendment>>,
}

/// A change; what it touched is read when a seal asks, which it does of few.
struct Edit {
    hash: Head,
    actor: Actor,
    deps: Vec<Head>,
    touched: OnceCell<Vec<Touched>>,
}

/// What a person signs who amends a sealed record.
#[derive(Debug, Serialize)]
struct AmendmentStatement<'a> {
    document_id: DocumentId,
    subject: SealSubject,
    seal_id: SealId,
    reason: &'a str,
    amended_at: &'a TimeClaim,
    /// Of the subject before and after, as in a seal.
    before: Digest,
    after: Digest,
}

/// Why a person's signature does not count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// No certificate of this person, or the signature does not fit the bytes.
    Signature,
    /// The certificate was provably not in force.
    CertificateTime,
    /// The certificate does not make the person a sampler, or an officer where officers sign.
    Role,
    /// An officer of another region.
    Region,
    /// Somebody of the inspection body where officers sign.
    Body,
    /// The key lives on another phone than the one that wrote the signature down.
    Device,
}

impl Doubt {
    fn on_seal(self, by: SignedBy) -> &'static str {
        match (self, by) {
            (Self::Signature, SignedBy::Samplers) => "seal.sampler_signature",
            (Self::Signature, SignedBy::Officers) => "seal.officer_signature",
            (Self::CertificateTime, _) => "seal.certificate_time",
            (Self::Role, SignedBy::Samplers) => "seal.sampler_role",
            (Self::Role, SignedBy::Officers) => "seal.officer_role",
            (Self::Region, _) => "seal.officer_region",
            (Self::Body, _) => "seal.officer_body",
            (Self::Device, _) => "seal.signer_device",
        }
    }
    fn on_amendment(self, by: SignedBy) -> &'static str {
        match (self, by) {
            (Self::Signature, _) => "amendment.signature",
            (Self::CertificateTime, _) => "amendment.certificate_time",
            (Self::Role, SignedBy::Samplers) => "amendment.sampler_role",
            (Self::Role, SignedBy::Officers) => "amendment.officer_role",
            (Self::Region, _) => "amendment.officer_region",
            (Self::Body, _) => "amendment.officer_body",
            (Self::Device, _) => "amendment.signer_device",
        }
    }
    pub(super) fn on_opinion(self) -> &'static str {
        match self {
            Self::Signature => "opinion.signature",
            Self::CertificateTime => "opinion.certificate_time",
            Self::Role => "opinion.officer_role",
            Self::Region => "opinion.officer_region",
            Self::Body => "opinion.officer_body",
            Self::Device => "opinion.signer_device",
        }
    }
}

/// Whose signature it is, over this digest, written down by `device` some time in `during`, in a document of this identity.
pub(super) fn judge_person<I: Identity>(
    identity: &I,
    around: &dyn Surroundings,
    signature: &PersonSignature,
    digest: &Digest,
    device: Option<DeviceId>,
    during: Interval,
) -> (Option<UserId>, Vec<Doubt>) {
    let by = I::SIGNED_BY;
    let message = seal_statement(digest, by.word(), Some(&signature.handwriting), None);
    let certificate = around
        .signer(signature.certificate_serial)
        .filter(|it| it.kind == CertificateKind::Signer)
        .filter(|it| verifies(around.verifier(), it, &message, &signature.signature));
    let Some(certificate) = certificate else {
        return (None, vec![Doubt::Signature]);
    };
    let mut doubts = Vec::new();
    if !was_in_force(&certificate, during) {
        doubts.push(Doubt::CertificateTime);
    }
    if !certificate.roles.contains(&by.role()) {
        doubts.push(Doubt::Role);
    }
    if identity
        .region()
        .is_some_and(|region| !governs(&certificate, region))
    {
        doubts.push(Doubt::Region);
    }
    if identity.barred() == Some(certificate.organisation_id) {
        doubts.push(Doubt::Body);
    }
    if device != Some(certificate.device_id) {
        doubts.push(Doubt::Device);
    }
    (Some(certificate.user_id), doubts)
}

/// 管辖: whether the jurisdiction that is certified covers a region.
pub(super) fn governs(certificate: &CertificatePayload, region: &Region) -> bool {
    let regions = certificate.regions.iter();
    let mut regions = regions.filter_map(|code| code.parse::<Region>().ok());
    regions.any(|it| it.contains(region))
}

/// Whether a certificate may have been in force at some instant of the interval: a phone without a clock to prove it
/// otherwise is believed.
fn was_in_force(certificate: &CertificatePayload, during: Interval) -> bool {
    Interval {
        lo: certificate.not_before_ms,
        hi: certificate.not_after_ms,
    }
    .overlaps(&during)
}

impl<I: Identity> BoundDocument<I> {
    pub(super) fn known(&self, heads: &[ChangeHash]) -> Option<Vec<Head>> {
        // Automerge answers unknown heads with the present, which is just what a seal must not show.
        let heads: Vec<Head> = heads.iter().map(|h| Head(h.0)).collect();
        (!heads.is_empty()
            && heads
                .iter()
                .all(|h| self.doc.get_change_meta_by_hash(h).is_some()))
        .then_some(heads)
    }

    fn subtree(&self, subject: &SealSubject, heads: &[Head]) -> Result<Digest, DocumentError> {
        let (shelf, id) = place_of(subject);
        let path = format!("{}/{id}", shelf.collection);
        let found = self
            .doc
            .get_at(Self::collection(shelf)?, id.as_str(), heads)?;
        let Some((Value::Object(ObjType::Map), item)) = found else {
            return Err(DocumentError::NotThere(path));
        };
        let json = registers::read(&self.doc, &item, Some(heads))
            .and_then(|stored| registers::value_of(&stored.registers))
            .map_err(|key| DocumentError::Unreadable(format!("{path}/{key}")))?;
        Ok(Digest(Sha256::digest(canonical_json(&json.into())).into()))
    }

    /// What people are to sign for a subject as it stands now, and for what the party did.
    pub fn statement_of(
        &self,
        subject: SealSubject,
        party: Option<&PartySignature>,
    ) -> Result<SealStatement, DocumentError> {
        self.refuse_voided(&subject)?;
        let heads = self.heads();
        let raw: Vec<Head> = heads.iter().map(|h| Head(h.0)).collect();
        Ok(SealStatement {
            document_id: self.id(),
            subject,
            subtree_sha256: self.subtree(&subject, &raw)?,
            heads,
            schema: SCHEMA,
            party_sha256: party.map(PartySignature::digest),
        })
    }

    /// Keeps a seal. The statement must be true of this document; the signatures are verified by whoever reads.
    pub fn seal(&mut self, wall_ms: Millis, seal: &SealRecord) -> Result<RawChange, DocumentError> {
        self.refuse_voided(&seal.statement.subject)?;
        if !self.is_intact(&seal.statement) {
            return Err(DocumentError::Mismatch(format!("seals/{}", seal.seal_id)));
        }
        self.insert(wall_ms, &SEALS, seal)
    }

    fn is_intact(&self, statement: &SealStatement) -> bool {
        statement.document_id == self.id()
            && statement.schema == SCHEMA
            && statement.heads.is_sorted()
            && self
                .known(&statement.heads)
                .and_then(|heads| self.subtree(&statement.subject, &heads).ok())
                == Some(statement.subtree_sha256)
    }

    /// All seals that can be read, as they were made: writing over one, deleting it or adding to it takes nothing from it
    /// and gives it nothing. All samplers sign on one phone, at once.
    pub fn seals(&self) -> Items<SealRecord> {
        let mut seals = self.every_made::<SealRecord>(&SEALS);
        // What lies on the shelf and is no seal of any kind.
        let now: Items<SealRecord> = self.items(&SEALS);
        let read: BTreeSet<String> = seals
            .items
            .iter()
            .map(|it| format!("seals/{}", it.value.seal_id))
            .collect();
        let odd = now.unreadable.into_iter();
        seals
            .unreadable
            .extend(odd.filter(|path| !read.iter().any(|id| path.starts_with(id.as_str()))));
        seals.unreadable.sort();
        seals.unreadable.dedup();
        seals
    }

    /// Every seal with what proves it, by its id.
    pub fn seal_proofs(&self) -> Vec<SealProof> {
        let mut proofs = Vec::new();
        for item in self.seals().items {
            let record = item.value;
            let digest = record.statement.digest();
            let mut signatures = vec![SealSignature {
                certificate_serial: None,
                message: seal_statement(&digest, "device", None, None),
                signature: record.device_signature,
            }];
            signatures.extend(record.signatures.into_values().map(|it| {
                let word = I::SIGNED_BY.word();
                SealSignature {
                    certificate_serial: Some(it.certificate_serial),
                    message: seal_statement(&digest, word, Some(&it.handwriting), None),
                    signature: it.signature,
                }
            }));
            let meta = self.doc.get_change_meta_by_hash(&Head(item.maker.0));
            let actor = meta.and_then(|meta| meta.actor.to_bytes().try_into().ok());
            proofs.push(SealProof {
                seal_id: record.seal_id,
                digest,
                intact: self.is_intact(&record.statement),
                statement: record.statement,
                actor: actor.map(Actor),
                signatures,
            });
        }
        proofs.sort_by_key(|proof| proof.seal_id);
        proofs
    }

    /// The seals over a subject that are true of this document, the earliest first in the order of changes. Two that
    /// differ are both kept; their statements tell.
    pub fn seals_of(&self, subject: &SealSubject) -> Vec<Item<SealRecord>> {
        self.true_seals(self.seals().items, subject)
    }

    pub(super) fn true_seals(
        &self,
        seals: Vec<Item<SealRecord>>,
        subject: &SealSubject,
    ) -> Vec<Item<SealRecord>> {
        let mut seals: Vec<_> = seals
            .into_iter()
            .filter(|seal| {
                seal.value.statement.subject == *subject && self.is_intact(&seal.value.statement)
            })
            .collect();
        seals.sort_by_key(|seal| {
            let meta = self.doc.get_change_meta_by_hash(&Head(seal.maker.0));
            (
                meta.map(|meta| meta.start_op),
                seal.maker,
                seal.value.seal_id,
            )
        });
        seals
    }

    /// Whether something covers the subject that says of itself that it is a seal, and that is true of the document.
    /// Whether its signatures hold is for `shown_seal` to say: a forged seal closes nothing.
    pub fn bears_seal(&self, subject: &SealSubject) -> bool {
        !self.seals_of(subject).is_empty()
    }

    /// The subject as it was sealed (I6).
    pub fn sealed_view<T: DeserializeOwned>(
        &self,
        statement: &SealStatement,
    ) -> Result<Item<T>, DocumentError> {
        let (shelf, id) = place_of(&statement.subject);
        let path = || DocumentError::NotThere(format!("{}/{id}", shelf.collection));
        let heads = self.known(&statement.heads).ok_or_else(path)?;
        match self
            .doc
            .get_at(Self::collection(shelf)?, id.as_str(), &heads)?
        {
            Some((Value::Object(ObjType::Map), item)) => {
                self.read_item(shelf, &id, &item, Some(&heads))
            }
            _ => Err(path()),
        }
    }

    fn amendment_statement(&self, amendment: &Amendment, before: Digest, after: Digest) -> Digest {
        digest_of(
            "fieldseal/amendment/1\n",
            &AmendmentStatement {
                document_id: self.id(),
                subject: amendment.subject,
                seal_id: amendment.seal_id,
                reason: &amendment.reason,
                amended_at: &amendment.amended_at,
                before,
                after,
            },
        )
    }

    /// What a person signs to amend a sealed record from `before`, which is how it stands now, to `after`. The draft's
    /// own signature does not matter yet.
    pub fn amendment_digest<T: Sealable>(
        &self,
        draft: &Amendment,
        before: &T,
        after: &T,
    ) -> Result<Digest, DocumentError> {
        let (shelf, _) = place_of(&draft.subject);
        let heads = self.doc.get_heads();
        let mut amended = self.clone();
        amended.commit(draft.amended_at.wall_ms, "amend", |tx| {
            Self::put_differences(tx, shelf, before, after)
        })?;
        Ok(self.amendment_statement(
            draft,
            self.subtree(&draft.subject, &heads)?,
            amended.subtree(&draft.subject, &amended.doc.get_heads())?,
        ))
    }

    /// Amends a sealed record: the edit and its signed reason are one change. The sealed view does not move.
    pub fn amend<T: Sealable>(
        &mut self,
        before: &T,
        after: &T,
        amendment: &Amendment,
    ) -> Result<RawChange, DocumentError> {
        let path = || format!("amendments/{}", amendment.amendment_id);
        if amendment.reason.trim().is_empty() {
            return Err(DocumentError::NoReason(path()));
        }
        let subject = before.subject();
        let (shelf, id) = place_of(&subject);
        // The signature is over the record as it stands: one that was read earlier is not what would be amended.
        let stands = self
            .find(shelf, &id)
            .and_then(|item| self.read_item::<T>(shelf, &id, &item, None).ok())
            .is_some_and(|item| item.value == *before);
        let fits = stands
            && before != after
            && amendment.subject == subject
            && self
                .seals_of(&subject)
                .iter()
                .any(|seal| seal.value.seal_id == amendment.seal_id);
        if !fits {
            return Err(DocumentError::Mismatch(path()));
        }
        self.commit(amendment.amended_at.wall_ms, "amend", |tx| {
            Self::put_differences(tx, shelf, before, after)?;
            Self::put_new(tx, &AMENDMENTS, amendment)
        })?
        .ok_or_else(|| DocumentError::Mismatch("amendments".to_owned()))
    }

    /// Every change to a sealed subject that its seal does not cover, later or concurrent, seal by seal.
    pub fn amendments(&self, subject: &SealSubject) -> Vec<AmendmentRecord> {
        let edits = self.edits();
        self.seals_of(subject)
            .iter()
            .flat_map(|seal| self.amendments_beside(&seal.value, &edits))
            .collect()
    }

    /// The changes in their order, read once for all seals.
    pub(super) fn edits(&self) -> Edits {
        let mut metas = self.doc.get_changes_meta(&[]);
        metas.sort_by_key(|meta| (meta.start_op, meta.hash));
        let changes = metas
            .into_iter()
            .filter(|meta| !meta.deps.is_empty())
            .filter_map(|meta| {
                Some(Edit {
                    actor: Actor(meta.actor.to_bytes().try_into().ok()?),
                    hash: meta.hash,
                    deps: meta.deps,
                    touched: OnceCell::new(),
                })
            })
            .collect();
        Edits {
            changes,
            amendments: self.every_made(&AMENDMENTS).items,
        }
    }

    pub(super) fn amendments_beside(
        &self,
        seal: &SealRecord,
        edits: &Edits,
    ) -> Vec<AmendmentRecord> {
        let subject = &seal.statement.subject;
        let (shelf, id) = place_of(subject);
        let Some(heads) = self.known(&seal.statement.heads) else {
            return Vec::new();
        };
        let metas = self.doc.get_changes_meta(&heads);
        let beside: BTreeSet<Head> = metas.into_iter().map(|meta| meta.hash).collect();
        let mut found = Vec::new();
        for edit in &edits.changes {
            if !beside.contains(&edit.hash) {
                continue;
            }
            let touched = edit
                .touched
                .get_or_init(|| history::touched(&self.doc, &edit.deps, &edit.hash));
            let of_subject = touched.iter().filter(|it| {
                it.path.first().is_some_and(|part| part == shelf.collection)
                    && it.path.get(1).is_some_and(|part| *part == id)
            });
            let fields: Vec<Touched> = of_subject.cloned().collect();
            if fields.is_empty() {
                continue;
            }
            let change = ChangeHash(edit.hash.0);
            let mut signed = edits.amendments.iter();
            found.push(AmendmentRecord {
                seal_id: seal.seal_id,
                change,
                actor: edit.actor,
                fields,
                amendment: signed
                    .find(|it| it.maker == change && it.value.subject == *subject)
                    .map(|it| it.value.clone()),
            });
        }
        found
    }

    pub(super) fn device_of(
        &self,
        change: &ChangeHash,
        certificates: &dyn Surroundings,
    ) -> Option<CertificatePayload> {
        certificates.device(&history::actor_of(&self.doc, &Head(change.0))?)
    }

    /// What holds of a seal: its content, its device, each sampler's own signature, the party.
    pub fn verify_seal(&self, seal: &Item<SealRecord>, around: &dyn Surroundings) -> SealVerdict {
        let record = &seal.value;
        let digest = record.statement.digest();
        let mut faults = Vec::new();
        let intact = self.is_intact(&record.statement);
        if !intact {
            faults.push("seal.content");
        }
        let device = self.device_of(&seal.maker, around);
        let message = seal_statement(&digest, "device", None, None);
        let device_signed = device.as_ref().is_some_and(|certificate| {
            verifies(
                around.verifier(),
                certificate,
                &message,
                &record.device_signature,
            )
        });
        if !device_signed {
            faults.push("seal.device_signature");
        }
        let device_id = device.as_ref().map(|it| it.device_id);
        let sealed = time_fact(around, device_id, &record.sealed_at, &seal.maker).usable();
        if device.is_some_and(|it| !was_in_force(&it, sealed)) {
            faults.push("seal.certificate_time");
        }
        let mut signers = BTreeSet::new();
        for (user_id, signature) in &record.signatures {
            let (signer, doubts) = judge_person(
                self.identity(),
                around,
                signature,
                &digest,
                device_id,
                sealed,
            );
            if signer.is_some_and(|it| it != *user_id) {
                faults.push(Doubt::Signature.on_seal(I::SIGNED_BY));
            } else if doubts.is_empty() {
                signers.insert(*user_id);
            }
            faults.extend(doubts.into_iter().map(|it| it.on_seal(I::SIGNED_BY)));
        }
        match I::SIGNED_BY {
            SignedBy::Samplers if signers.len() < 2 => faults.push("seal.two_samplers"),
            // How many must sign is the rulebook's.
            SignedBy::Officers if signers.is_empty() => faults.push("seal.no_officer"),
            _ => {}
        }
        let party = record.party_signature.as_ref();
        let bound = record.statement.party_sha256 == party.map(PartySignature::digest);
        if !bound {
            faults.push("seal.party_binding");
        }
        let whole = party.is_some_and(PartySignature::is_whole);
        // Nobody asks the enterprise to sign for what officers found.
        if !whole && I::SIGNED_BY == SignedBy::Samplers {
            faults.push("seal.party");
        }
        faults.sort_unstable();
        faults.dedup();
        SealVerdict {
            digest,
            intact,
            device_signed,
            signers,
            party_signed: bound && whole,
            faults,
        }
    }

    /// What holds of an edit beside a seal. Whether it is signed or not, it never moves the sealed record; what is
    /// forged counts for nothing and is shown as what it is.
    pub fn verify_amendment(
        &self,
        record: &AmendmentRecord,
        around: &dyn Surroundings,
    ) -> AmendmentVerdict {
        let Some(amendment) = &record.amendment else {
            return AmendmentVerdict {
                faults: vec!["amendment.unsigned"],
                ..AmendmentVerdict::default()
            };
        };
        let mut faults = Vec::new();
        if amendment.reason.trim().is_empty() {
            faults.push("amendment.reason");
        }
        if amendment.seal_id != record.seal_id {
            faults.push("amendment.other_seal");
        }
        let after = Head(record.change.0);
        let subtree = |heads: &[Head]| self.subtree(&amendment.subject, heads).ok();
        let digest = self
            .doc
            .get_change_meta_by_hash(&after)
            .and_then(|meta| Some((subtree(&meta.deps)?, subtree(&[after])?)))
            .map(|(before, after)| self.amendment_statement(amendment, before, after));
        let device = self
            .device_of(&record.change, around)
            .map(|it| it.device_id);
        let amended = time_fact(around, device, &amendment.amended_at, &record.change).usable();
        let author = digest.and_then(|digest| {
            let signature = &amendment.signature;
            let (author, doubts) =
                judge_person(self.identity(), around, signature, &digest, device, amended);
            faults.extend(doubts.into_iter().map(|it| it.on_amendment(I::SIGNED_BY)));
            author
        });
        if digest.is_none() {
            faults.push("amendment.content");
        }
        faults.sort_unstable();
        AmendmentVerdict {
            digest,
            author: author.filter(|_| faults.is_empty()),
            verified: faults.is_empty(),
            faults,
        }
    }
}

fn verifies(
    verifier: &dyn Verifier,
    certificate: &CertificatePayload,
    message: &[u8],
    signature: &str,
) -> bool {
    let key = STANDARD.decode(&certificate.public_key);
    let signature = STANDARD.decode(signature);
    matches!((key, signature), (Ok(key), Ok(signature)) if verifier.verify_p256(&key, message, &signature))
}
