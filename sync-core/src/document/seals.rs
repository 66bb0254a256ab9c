//! A seal covers one subject: people sign what a sheet, a refusal or a report said at certain heads, and that is what is
//! shown ever after (I6). Later or concurrent edits of that subject stand beside it as amendments.
//!
//! Never over the bytes of a snapshot: they depend on the order of arrival.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{ChangeHash as Head, ObjType, ReadDoc, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::history::{self, Touched};
use super::registers;
use super::skeleton::{self, SCHEMA};
use super::visit::{
    AMENDMENTS, DocumentError, Item, Items, RawChange, SEALS, SHEETS, VisitDocument, place_of,
};
use crate::model::{
    Actor, Amendment, ChangeHash, Digest, DocumentId, Millis, PartySignature, PersonSignature,
    SampleSheet, SealId, SealSubject, TimeClaim, UserId, canonical_json,
};
use crate::proof::{CertificateKind, CertificatePayload, Verifier, seal_statement};

/// What a seal says: this subject of this document, as of these heads, has this content.
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
}

impl SealStatement {
    /// SHA-256 of `fieldseal/seal/1\n` and the canonical JSON: what people sign.
    pub fn digest(&self) -> Digest {
        digest_of("fieldseal/seal/1\n", self)
    }
}

fn digest_of<T: Serialize>(context: &str, value: &T) -> Digest {
    let value = serde_json::to_value(value).unwrap_or_default();
    let mut hasher = Sha256::new();
    hasher.update(context.as_bytes());
    hasher.update(canonical_json(&value).as_bytes());
    Digest(hasher.finalize().into())
}

/// 签字盖章: a seal with its signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealRecord {
    /// Its id.
    pub seal_id: SealId,
    /// What is sealed.
    pub statement: SealStatement,
    /// ≥ 2 samplers, each with their own key. By person, so that a second phone can add its sampler's.
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

/// What holds of a seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealVerdict {
    /// What was signed.
    pub digest: Digest,
    /// The subject at the sealed heads hashes to what the seal says.
    pub intact: bool,
    /// The sealing device's signature verifies.
    pub device_signed: bool,
    /// Samplers whose signature verifies.
    pub signers: BTreeSet<UserId>,
    /// The party signed, or refused before a witness.
    pub party_signed: bool,
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

/// What a person signs who amends a sealed sheet.
#[derive(Debug, Serialize)]
struct AmendmentStatement<'a> {
    document_id: DocumentId,
    subject: SealSubject,
    seal_id: SealId,
    reason: &'a str,
    amended_at_ms: Millis,
    before: Digest,
    after: Digest,
}

impl VisitDocument {
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
            .get_at(skeleton::collection(shelf.collection), id.as_str(), heads)?;
        let Some((Value::Object(ObjType::Map), item)) = found else {
            return Err(DocumentError::NotThere(path));
        };
        let json = registers::read(&self.doc, &item, Some(heads))
            .and_then(|stored| registers::value_of(&stored.registers))
            .map_err(|key| DocumentError::Unreadable(format!("{path}/{key}")))?;
        Ok(Digest(Sha256::digest(canonical_json(&json.into())).into()))
    }

    /// What people are to sign for a subject as it stands now.
    pub fn statement_of(&self, subject: SealSubject) -> Result<SealStatement, DocumentError> {
        let heads = self.heads();
        let raw: Vec<Head> = heads.iter().map(|h| Head(h.0)).collect();
        Ok(SealStatement {
            document_id: self.id(),
            subject,
            subtree_sha256: self.subtree(&subject, &raw)?,
            heads,
            schema: SCHEMA,
        })
    }

    /// Keeps a seal. The statement must be true of this document; the signatures are verified by whoever reads.
    pub fn seal(&mut self, wall_ms: Millis, seal: &SealRecord) -> Result<RawChange, DocumentError> {
        if !self.is_intact(&seal.statement) {
            return Err(DocumentError::Mismatch(format!("seals/{}", seal.seal_id)));
        }
        self.insert(wall_ms, &SEALS, seal)
    }

    /// Adds a sampler's signature from another phone. A seal that the person signed already stays as it is.
    pub fn add_signature(
        &mut self,
        wall_ms: Millis,
        seal_id: SealId,
        user_id: UserId,
        signature: &PersonSignature,
    ) -> Result<Option<RawChange>, DocumentError> {
        let id = seal_id.to_string();
        let item = self
            .find(&SEALS, &id)
            .ok_or_else(|| DocumentError::NotThere(format!("seals/{id}")))?;
        let before: SealRecord = self.read_item(&SEALS, &id, &item, None)?.value;
        let mut after = before.clone();
        after
            .signatures
            .entry(user_id)
            .or_insert_with(|| signature.clone());
        self.commit(wall_ms, "sign seal", |tx| {
            Self::put_differences(tx, &SEALS, &before, &after)
        })
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

    /// All seals that can be read.
    pub fn seals(&self) -> Items<SealRecord> {
        self.items(&SEALS)
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

    /// Whether a true seal covers the subject.
    pub fn is_sealed(&self, subject: &SealSubject) -> bool {
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
            .get_at(skeleton::collection(shelf.collection), id.as_str(), &heads)?
        {
            Some((Value::Object(ObjType::Map), item)) => {
                self.read_item(shelf, &id, &item, Some(&heads))
            }
            _ => Err(path()),
        }
    }

    /// What a person signs to amend a sealed sheet from `before` to `after`.
    pub fn amendment_digest(
        &self,
        draft: &Amendment,
        before: &SampleSheet,
        after: &SampleSheet,
    ) -> Digest {
        digest_of(
            "fieldseal/amendment/1\n",
            &AmendmentStatement {
                document_id: self.id(),
                subject: draft.subject,
                seal_id: draft.seal_id,
                reason: &draft.reason,
                amended_at_ms: draft.amended_at_ms,
                before: digest_of("", before),
                after: digest_of("", after),
            },
        )
    }

    /// Amends a sealed sheet: the edit and its signed reason are one change. The sealed view does not move.
    pub fn amend_sheet(
        &mut self,
        before: &SampleSheet,
        after: &SampleSheet,
        amendment: &Amendment,
    ) -> Result<RawChange, DocumentError> {
        let subject = SealSubject::Sheet(before.sample_id);
        let fits = amendment.subject == subject
            && !amendment.reason.trim().is_empty()
            && self
                .seals_of(&subject)
                .iter()
                .any(|seal| seal.value.seal_id == amendment.seal_id);
        if !fits {
            return Err(DocumentError::Mismatch(format!(
                "amendments/{}",
                amendment.amendment_id
            )));
        }
        self.commit(amendment.amended_at_ms, "amend sheet", |tx| {
            Self::put_differences(tx, &SHEETS, before, after)?;
            Self::put_new(tx, &AMENDMENTS, amendment)
        })?
        .ok_or_else(|| DocumentError::Mismatch("amendments".to_owned()))
    }

    /// Every change to a sealed subject that its seal does not cover, later or concurrent, seal by seal.
    pub fn amendments(&self, subject: &SealSubject) -> Vec<AmendmentRecord> {
        let (shelf, id) = place_of(subject);
        let signed: Items<Amendment> = self.items(&AMENDMENTS);
        let mut found = Vec::new();
        for seal in self.seals_of(subject) {
            let Some(heads) = self.known(&seal.value.statement.heads) else {
                continue;
            };
            let mut metas = self.doc.get_changes_meta(&heads);
            metas.sort_by_key(|meta| (meta.start_op, meta.hash));
            for meta in metas {
                let fields: Vec<Touched> = history::touched(&self.doc, &meta.deps, &meta.hash)
                    .into_iter()
                    .filter(|it| {
                        it.path.first().is_some_and(|part| part == shelf.collection)
                            && it.path.get(1).is_some_and(|part| *part == id)
                    })
                    .collect();
                let Ok(actor) = meta.actor.to_bytes().try_into() else {
                    continue;
                };
                if fields.is_empty() {
                    continue;
                }
                let change = ChangeHash(meta.hash.0);
                let amendment = signed
                    .items
                    .iter()
                    .find(|it| it.maker == change && it.value.subject == *subject)
                    .map(|it| it.value.clone());
                found.push(AmendmentRecord {
                    seal_id: seal.value.seal_id,
                    change,
                    actor: Actor(actor),
                    fields,
                    amendment,
                });
            }
        }
        found
    }

    /// What holds of a seal: its content, its device, each sampler's own signature, the party.
    pub fn verify_seal(
        &self,
        seal: &Item<SealRecord>,
        verifier: &dyn Verifier,
        certificates: &dyn Certificates,
    ) -> SealVerdict {
        let record = &seal.value;
        let digest = record.statement.digest();
        let mut faults = Vec::new();
        let intact = self.is_intact(&record.statement);
        if !intact {
            faults.push("seal.content");
        }
        let device = history::actor_of(&self.doc, &Head(seal.maker.0))
            .and_then(|actor| certificates.device(&actor));
        let message = seal_statement(&digest, "device", None, None);
        let device_signed = device.is_some_and(|certificate| {
            verifies(verifier, &certificate, &message, &record.device_signature)
        });
        if !device_signed {
            faults.push("seal.device_signature");
        }
        let mut signers = BTreeSet::new();
        for (user_id, signature) in &record.signatures {
            let message = seal_statement(&digest, "sampler", Some(&signature.handwriting), None);
            let holds = certificates
                .signer(signature.certificate_serial)
                .filter(|it| it.kind == CertificateKind::Signer && it.user_id == *user_id)
                .is_some_and(|it| verifies(verifier, &it, &message, &signature.signature));
            if holds {
                signers.insert(*user_id);
            } else {
                faults.push("seal.sampler_signature");
            }
        }
        if signers.len() < 2 {
            faults.push("seal.two_samplers");
        }
        let party_signed = match &record.party_signature {
            Some(PartySignature::Signed { .. }) => true,
            Some(PartySignature::RefusedToSign { witness, .. }) => !witness.trim().is_empty(),
            None => false,
        };
        if !party_signed {
            faults.push("seal.party");
        }
        faults.sort_unstable();
        faults.dedup();
        SealVerdict {
            digest,
            intact,
            device_signed,
            signers,
            party_signed,
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
