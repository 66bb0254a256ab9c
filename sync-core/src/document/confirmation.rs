//! A confirmation (现场确认) as a document of its own, beside the visit: who may write is decided per document, and a
//! supervisor never writes into a team's. It carries the identity of the visit, the region, what it confirms and the digest
//! of the seal that the officers had before them; all of that is its name, so that none of it can be exchanged.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::bound::{
    BoundDocument, CO_SIGNATURES, CONFIRMATIONS, DocumentError, Item, Items, OPINIONS, RawChange,
};
use super::conflicts::{ConflictRecord, conflicts};
use super::project::{
    ListedEvidence, ListedRecord, Reading, Shown, Surroundings, listed, shown, time_fact,
};
use super::reading::{ToldAmendment, ToldSeal, told_amendments, told_seals};
use super::seals::{ListedSeal, digest_of, governs, judge_person};
use crate::model::{
    Confirmation, ConfirmationIdentity, Digest, DocumentId, Fault, Millis, Opinion, OpinionId,
    Region, SealSubject, TimeClaim, TimeFact, UserId, VisitIdentity,
};
use crate::proof::co_signature::{
    Answer, CoSignature, CoSignatureError, Question, Statement, answers,
};
use crate::proof::{CertificatePayload, Role};
use crate::rules::{CoSignatureFact, ConfirmationFact, Facts, OpinionFact};

/// One confirmation: the document that supervisors write.
pub type ConfirmationDocument = BoundDocument<ConfirmationIdentity>;

/// Why who holds a certificate may not write in a confirmation, as a stable code; none if they may. Only enforcement of the
/// right jurisdiction does, and nobody of the body whose samplers were refused. That somebody took part in the sampling is
/// for the rules to say: it depends on the visit, which may come later.
pub fn objection_to(
    identity: &ConfirmationIdentity,
    certificate: &CertificatePayload,
) -> Option<&'static str> {
    if !certificate.roles.contains(&Role::Enforcement) {
        return Some("author.role");
    }
    if certificate.organisation_id == identity.visit.body {
        return Some("author.body");
    }
    (!governs(certificate, &identity.region)).then_some("author.region")
}

/// Whether a case may be handed to who holds a certificate: to the people of the body whose visit it is, and to enforcement
/// that governs its region (where that is known).
pub fn may_be_handed_to(
    visit: &VisitIdentity,
    region: Option<&Region>,
    certificate: &CertificatePayload,
) -> bool {
    let officer = certificate.roles.contains(&Role::Enforcement)
        && region.is_none_or(|region| governs(certificate, region));
    certificate.organisation_id == visit.body || officer
}

/// What a second officer signs.
#[derive(Debug, Serialize)]
struct OpinionStatement<'a> {
    document_id: DocumentId,
    opinion_id: OpinionId,
    seal: Digest,
    agrees: bool,
    reason: &'a str,
    given_at: &'a TimeClaim,
}

/// A second officer's word with what holds of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedOpinion {
    /// As it was made.
    pub opinion: Opinion,
    /// What was signed.
    pub digest: Digest,
    /// Whose signature it is, if it holds and they may confirm there.
    pub officer: Option<UserId>,
    /// Codes of what is wrong.
    pub faults: Vec<String>,
}

/// A co-signature with what holds of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedCoSignature {
    /// As it was made.
    pub co_signature: CoSignature,
    /// For the rules; none where something of it does not hold.
    pub fact: Option<CoSignatureFact>,
    /// Codes of what is wrong.
    pub faults: Vec<String>,
}

/// Everything that follows from a confirmation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmationProjection {
    /// Which.
    pub document_id: DocumentId,
    /// What it confirms.
    pub identity: ConfirmationIdentity,
    /// The form, as it was sealed; none where nobody filled it in.
    pub record: Option<ListedRecord<Confirmation>>,
    /// For the rules of the visit that it names; none before it is sealed, and where the outcome is no word of the list.
    pub fact: Option<ConfirmationFact>,
    /// 复核意见, by id.
    pub opinions: Vec<ListedOpinion>,
    /// 到场互签, by id.
    pub co_signatures: Vec<ListedCoSignature>,
    /// 影像清单, by id.
    pub evidence: Vec<ListedEvidence>,
    /// Seals that hold; what is read of them stands beside this.
    #[serde(skip)]
    pub seals: Vec<ListedSeal>,
    /// Everybody whose certified key wrote into it.
    pub authors: BTreeSet<UserId>,
    /// What is wrong with the form, its seal, its evidence and its opinions, as codes.
    pub faults: Vec<String>,
    /// Items that could not be read, as paths.
    pub unreadable: Vec<String>,
    /// Fields that two people set apart.
    pub conflicts: Vec<ConflictRecord>,
}

/// A confirmation, read whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfirmationReading {
    /// What follows from it.
    #[serde(flatten)]
    pub projection: ConfirmationProjection,
    /// 签字盖章
    pub seals: Vec<ToldSeal>,
    /// 补正: edits beside the seals, signed and unsigned ones.
    pub amendments: Vec<ToldAmendment>,
    /// 备注
    pub notes: String,
}

impl ConfirmationDocument {
    fn id_of_form(&self) -> String {
        self.identity().confirmation.to_string()
    }

    /// Begins the form; there is one in a document, under the id of its identity.
    ///
    /// # Errors
    /// Where the form is of another confirmation, or there is one.
    pub fn record_confirmation(
        &mut self,
        wall_ms: Millis,
        it: &Confirmation,
    ) -> Result<RawChange, DocumentError> {
        if it.confirmation_id != self.identity().confirmation {
            let other = format!("confirmations/{}", it.confirmation_id);
            return Err(DocumentError::Mismatch(other));
        }
        self.insert(wall_ms, &CONFIRMATIONS, it)
    }

    /// Changes the form from what the person saw to what they left; no change where nothing differs.
    ///
    /// # Errors
    /// Where it is sealed, or there is none.
    pub fn edit_confirmation(
        &mut self,
        around: &dyn Surroundings,
        wall_ms: Millis,
        before: &Confirmation,
        after: &Confirmation,
    ) -> Result<Option<RawChange>, DocumentError> {
        self.refuse_sealed(&SealSubject::Confirmation(before.confirmation_id), around)?;
        self.commit(wall_ms, "edit confirmation", |tx| {
            Self::put_differences(tx, &CONFIRMATIONS, before, after)
        })
    }

    /// 复核意见: a second officer's word. It speaks of one seal of the confirmation.
    ///
    /// # Errors
    /// Where it gives no reason, or speaks of a seal that is not here.
    pub fn give_opinion(
        &mut self,
        wall_ms: Millis,
        it: &Opinion,
    ) -> Result<RawChange, DocumentError> {
        let path = || format!("opinions/{}", it.opinion_id);
        if it.reason.trim().is_empty() {
            return Err(DocumentError::NoReason(path()));
        }
        if !self.seal_digests().contains(&it.seal) {
            return Err(DocumentError::Mismatch(path()));
        }
        self.insert(wall_ms, &OPINIONS, it)
    }

    /// 到场互签: what two phones said to each other on site. The supervisor's phone that asked writes it down.
    ///
    /// # Errors
    /// Where the answer is to another question, or of something else than this confirmation.
    pub fn add_co_signature(
        &mut self,
        wall_ms: Millis,
        it: &CoSignature,
    ) -> Result<RawChange, DocumentError> {
        let answer = it.answer.statement_bytes();
        let answer = answer.and_then(|bytes| Answer::read(&bytes));
        let fits = answer
            .is_ok_and(|answer| answers(&it.question, &answer).is_ok() && self.is_of(&answer));
        if !fits {
            let path = format!("co_signatures/{}", it.co_signature_id);
            return Err(DocumentError::Mismatch(path));
        }
        self.insert(wall_ms, &CO_SIGNATURES, it)
    }

    fn is_of(&self, answer: &Answer) -> bool {
        let identity = self.identity();
        answer.document_id == identity.visit.document_id() && answer.subject == identity.subject
    }

    /// 到场互签, each as the change that made it left it.
    pub fn co_signatures(&self) -> Items<CoSignature> {
        self.every_made(&CO_SIGNATURES)
    }

    /// What a second officer signs.
    pub fn opinion_digest(&self, it: &Opinion) -> Digest {
        digest_of(
            "fieldseal/opinion/1\n",
            &OpinionStatement {
                document_id: self.id(),
                opinion_id: it.opinion_id,
                seal: it.seal,
                agrees: it.agrees,
                reason: &it.reason,
                given_at: &it.given_at,
            },
        )
    }

    fn seal_digests(&self) -> BTreeSet<Digest> {
        let subject = SealSubject::Confirmation(self.identity().confirmation);
        let seals = self.seals_of(&subject).into_iter();
        seals.map(|seal| seal.value.statement.digest()).collect()
    }

    /// The form as it stands now; what is sealed is shown from its seal.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub fn confirmation(&self) -> Result<Item<Confirmation>, DocumentError> {
        let id = self.id_of_form();
        let item = self
            .find(&CONFIRMATIONS, &id)
            .ok_or_else(|| DocumentError::NotThere(format!("confirmations/{id}")))?;
        self.read_item(&CONFIRMATIONS, &id, &item, None)
    }

    /// 复核意见, each as the change that made it left it: writing over one takes nothing from it and gives it nothing.
    pub fn opinions(&self) -> Items<Opinion> {
        self.every_made(&OPINIONS)
    }
}

/// What follows from a confirmation: a pure function of its changes and of what is known around them.
pub fn project_confirmation(
    document: &ConfirmationDocument,
    around: &dyn Surroundings,
) -> ConfirmationProjection {
    let mut read = Reading::of(document, around);
    let identity = document.identity().clone();
    let id = document.id_of_form();
    let mut forms: Items<Confirmation> = document.items(&CONFIRMATIONS);
    // One document, one confirmation: what lies there under another id is no form of this one.
    let (own, strange): (Vec<_>, Vec<_>) = forms
        .items
        .drain(..)
        .partition(|it| it.value.confirmation_id == identity.confirmation);
    forms.items = own;
    let strange = strange.into_iter().map(|it| it.value.confirmation_id);
    forms
        .unreadable
        .extend(strange.map(|other| format!("confirmations/{other}")));
    let own = read.take(forms);
    let form = shown(&read, own)
        .into_iter()
        .find(|it| it.item.value.confirmation_id.to_string() == id);
    let evidence = read.evidence();
    let opinions = opinions(&mut read);
    let co_signatures = co_signatures(&mut read);
    let mut fact = form
        .as_ref()
        .and_then(|form| fact(&read, form, &opinions, &co_signatures));
    let signed = form.as_ref().map(|form| form.signers.clone());
    let seals = form.as_ref().map(|form| form.seals.clone());
    let mut record = listed(
        &read,
        "confirmation",
        form.into_iter().collect(),
        |it, change| {
            let now = read.time(&it.confirmed_at, change).proven.hi;
            it.faults(&identity.subject, now)
        },
    )
    .pop();
    if let Some(record) = &mut record {
        let unlike = unlike(document, around, record, &signed.unwrap_or_default());
        record.faults.extend(unlike);
        record.faults.sort();
        record.faults.dedup();
    }
    let shown_faults = evidence
        .iter()
        .flat_map(|it| it.entry.faults_by(it.device, it.captured.proven.hi));
    let mut faults: Vec<String> = shown_faults.map(|fault| fault.key("evidence")).collect();
    faults.extend(record.iter().flat_map(|it| it.faults.iter().cloned()));
    faults.extend(opinions.iter().flat_map(|it| it.faults.iter().cloned()));
    let of_co_signatures = co_signatures.iter().flat_map(|it| &it.faults);
    faults.extend(of_co_signatures.cloned());
    faults.sort();
    faults.dedup();
    if let Some(fact) = &mut fact {
        fact.faults = faults.iter().cloned().collect();
    }
    let mut unreadable = std::mem::take(&mut read.unreadable);
    unreadable.sort();
    unreadable.dedup();
    ConfirmationProjection {
        document_id: document.id(),
        identity,
        record,
        fact,
        opinions,
        co_signatures,
        evidence,
        seals: seals.unwrap_or_default(),
        authors: read.people(),
        faults,
        unreadable,
        conflicts: conflicts(document.automerge()),
    }
}

/// Reads a confirmation whole, for people.
pub fn read_confirmation(
    document: &ConfirmationDocument,
    around: &dyn Surroundings,
) -> ConfirmationReading {
    ConfirmationReading {
        projection: project_confirmation(document, around),
        seals: told_seals(document, around),
        amendments: told_amendments(document, around),
        notes: document.notes().unwrap_or_default(),
    }
}

/// Lays confirmations over the facts of the visits that they name; of one that is here twice the second says nothing.
pub fn lay_over(
    facts: &mut Facts,
    confirmations: impl IntoIterator<Item = (DocumentId, ConfirmationFact)>,
) {
    for (visit, confirmation) in confirmations {
        if let Some(visit) = facts.visits.get_mut(&visit)
            && !visit.confirmations.contains(&confirmation)
        {
            visit.confirmations.push(confirmation);
        }
    }
}

impl ConfirmationProjection {
    /// The visit that it names with what it says there, for [`lay_over`].
    pub fn of_visit(&self) -> Option<(DocumentId, ConfirmationFact)> {
        let visit = self.identity.visit.document_id();
        self.fact.clone().map(|fact| (visit, fact))
    }
}

fn fact(
    read: &Reading<'_, ConfirmationIdentity>,
    form: &Shown<Confirmation>,
    opinions: &[ListedOpinion],
    co_signatures: &[ListedCoSignature],
) -> Option<ConfirmationFact> {
    form.seal_id?;
    let identity = read.document.identity();
    let record = &form.item.value;
    let organisations = certified(read.document, read.around, &form.signers);
    let spoken = opinions.iter().filter_map(|it| {
        let officer = it.officer?;
        let organisation_id = read
            .around
            .signer(it.opinion.signature.certificate_serial)?
            .organisation_id;
        // What was said of another text is not said of this one.
        form.digests
            .contains(&it.opinion.seal)
            .then_some(OpinionFact {
                opinion_id: it.opinion.opinion_id,
                officer,
                organisation_id,
                agrees: it.opinion.agrees,
            })
    });
    Some(ConfirmationFact {
        confirmation_id: identity.confirmation,
        subject: identity.subject,
        seal: identity.seal,
        region: identity.region.to_string(),
        officers: form.signers.clone(),
        organisations: organisations
            .values()
            .map(|it| it.organisation_id)
            .collect(),
        outcome: record.known_outcome()?,
        confirmed: read.time(&record.confirmed_at, &form.item.setter("confirmed_at")),
        location: record.location.clone(),
        co_signatures: co_signatures
            .iter()
            .filter_map(|it| it.fact.clone())
            .collect(),
        opinions: spoken.collect(),
        faults: BTreeSet::new(),
    })
}

fn co_signatures(read: &mut Reading<'_, ConfirmationIdentity>) -> Vec<ListedCoSignature> {
    let (document, around) = (read.document, read.around);
    let made = read.take(document.co_signatures());
    let mut listed: Vec<ListedCoSignature> = made
        .into_iter()
        .map(|it| {
            let (fact, faults) = match co_signed(document, around, &it) {
                Ok(fact) => (Some(fact), Vec::new()),
                Err(code) => (None, vec![code.to_owned()]),
            };
            ListedCoSignature {
                co_signature: it.value,
                fact,
                faults,
            }
        })
        .collect();
    listed.sort_by_key(|it| it.co_signature.co_signature_id);
    listed
}

/// What a co-signature proves: both phones certified and in force, both signatures, the answer to this very question and of
/// this very confirmation, written down by the phone that asked.
fn co_signed(
    document: &ConfirmationDocument,
    around: &dyn Surroundings,
    it: &Item<CoSignature>,
) -> Result<CoSignatureFact, &'static str> {
    let code = |error: CoSignatureError| error.code();
    let (verifier, spoken) = (around.verifier(), &it.value);
    let (question, asker) = spoken
        .question
        .open::<Question>(verifier, |actor| around.device(actor))
        .map_err(code)?;
    let (answer, answerer) = spoken
        .answer
        .open::<Answer>(verifier, |actor| around.device(actor))
        .map_err(code)?;
    answers(&spoken.question, &answer).map_err(code)?;
    if !document.is_of(&answer) {
        return Err("co_signature.other_subject");
    }
    let author = document.device_of(&it.maker, around);
    if author.is_none_or(|author| author.device_id != asker.device_id) {
        return Err("co_signature.other_device");
    }
    let time = |device, at| time_fact(around, Some(device), at, &it.maker);
    let asked = time(asker.device_id, &question.from.at);
    let answered = time(answerer.device_id, &answer.from.at);
    // The newest certificate is known here, which may have been renewed since; what was over by then stays over.
    let over = |it: &CertificatePayload, at: &TimeFact| it.not_after_ms < at.usable().lo;
    if over(&asker, &asked) || over(&answerer, &answered) {
        return Err("co_signature.certificate_time");
    }
    Ok(CoSignatureFact {
        device_id: answerer.device_id,
        user_id: answerer.user_id,
        asked,
        answered,
        asked_from: question.from.location,
        answered_from: answer.from.location,
    })
}

/// What is certified of the officers whose signature holds on a seal.
fn certified(
    document: &ConfirmationDocument,
    around: &dyn Surroundings,
    signers: &BTreeSet<UserId>,
) -> BTreeMap<UserId, CertificatePayload> {
    let mut found = BTreeMap::new();
    for seal in document.seals().items {
        for (user, signature) in &seal.value.signatures {
            let certificate = around.signer(signature.certificate_serial);
            if let Some(certificate) = certificate.filter(|it| it.user_id == *user)
                && signers.contains(user)
            {
                found.insert(*user, certificate);
            }
        }
    }
    found
}

/// Where the officers whom the form names, those who signed and what is certified of them are not the same.
fn unlike(
    document: &ConfirmationDocument,
    around: &dyn Surroundings,
    record: &ListedRecord<Confirmation>,
    signed: &BTreeSet<UserId>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut also = |path: String, code: &str| {
        faults.push(Fault::new(path, code).key("confirmation"));
    };
    let named = &record.record.officers;
    let certified = certified(document, around, signed);
    for (number, (user, officer)) in named.iter().enumerate() {
        if record.seal_id.is_some() && !signed.contains(user) {
            also(format!("officers.{number}"), "unsigned");
        }
        let certificate = certified.get(user);
        let held = certificate.and_then(|it| it.certificate_no.as_deref());
        if held.is_some_and(|held| held.trim() != officer.certificate_no.trim()) {
            let path = format!("officers.{number}.certificate_no");
            also(path, "not_as_certified");
        }
    }
    if signed.iter().any(|user| !named.contains_key(user)) {
        also("officers".to_owned(), "unnamed");
    }
    faults
}

fn opinions(read: &mut Reading<'_, ConfirmationIdentity>) -> Vec<ListedOpinion> {
    let (document, around) = (read.document, read.around);
    let made = read.take(document.opinions());
    let seals = document.seal_digests();
    let mut listed: Vec<ListedOpinion> = made
        .into_iter()
        .map(|it| {
            let opinion = it.value;
            let digest = document.opinion_digest(&opinion);
            let mut faults: Vec<&'static str> = Vec::new();
            if opinion.reason.trim().is_empty() {
                faults.push("opinion.reason.required");
            }
            if !seals.contains(&opinion.seal) {
                faults.push("opinion.other_seal");
            }
            let device = document
                .device_of(&it.maker, around)
                .map(|certificate| certificate.device_id);
            let given = time_fact(around, device, &opinion.given_at, &it.maker).usable();
            let (officer, doubts) = judge_person(
                document.identity(),
                around,
                &opinion.signature,
                &digest,
                device,
                given,
            );
            faults.extend(doubts.into_iter().map(|doubt| doubt.on_opinion()));
            faults.sort_unstable();
            ListedOpinion {
                officer: officer.filter(|_| faults.is_empty()),
                opinion,
                digest,
                faults: faults.into_iter().map(str::to_owned).collect(),
            }
        })
        .collect();
    listed.sort_by_key(|it| it.opinion.opinion_id);
    listed
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use uuid::Uuid;

    use super::super::seals::{Certificates, SealRecord};
    use super::super::tests::{
        HOUR_MS, NINE_MS, Office, Toy, certificate, claim, confirmation_of, identity, phone,
        seal_subject, toy,
    };
    use super::super::{project, visit::VisitDocument};
    use super::*;
    use crate::model::*;
    use crate::proof::co_signature::{Spoken, Standpoint};
    use crate::proof::{
        CertificateKind, Nonce, OrganisationKind, TimeTokenPayload, Verifier, seal_statement,
    };
    use crate::rules::{ConfirmationOutcome, RefusalStanding};

    /// Devices 21 to 29 are officers' of the county bureau; officer 25 is of the neighbouring county, 26 no officer, 27 of
    /// the inspection body. Serials are `10 * device + person - 20`; all other devices are the office's.
    struct Bureau;
    fn officer(number: u8, kind: CertificateKind) -> CertificatePayload {
        CertificatePayload {
            organisation_id: OrganisationId(Uuid::from_u128(match number {
                27 => 2,
                _ => 140_525,
            })),
            organisation_kind: OrganisationKind::Authority,
            roles: match number {
                26 => vec![Role::Authority],
                _ => vec![Role::Enforcement],
            },
            regions: vec![match number {
                25 => "140502".into(),
                _ => "140525".into(),
            }],
            certificate_no: Some(format!("执{number}")),
            ..certificate(number, kind)
        }
    }
    impl Certificates for Bureau {
        fn device(&self, actor: &Actor) -> Option<CertificatePayload> {
            match actor.0[0] {
                number @ 21..=29 => Some(officer(number, CertificateKind::Device)),
                _ => Office.device(actor),
            }
        }
        fn signer(&self, serial: i64) -> Option<CertificatePayload> {
            let (device, person) = (serial / 10, (serial % 10) as u8 + 20);
            if !(21..=29).contains(&device) {
                return Office.signer(serial);
            }
            Some(CertificatePayload {
                serial,
                device_id: DeviceId(Uuid::from_u128(100 + device as u128)),
                ..officer(person, CertificateKind::Signer)
            })
        }
    }
    impl Surroundings for Bureau {
        fn verifier(&self) -> &dyn Verifier {
            &Toy
        }
        fn received_at(&self, _: &ChangeHash) -> Option<Millis> {
            None
        }
        fn token(&self, wire: &str) -> Option<TimeTokenPayload> {
            Office.token(wire)
        }
        fn region(&self, _: &EnterpriseKey) -> Option<String> {
            Some("140525".into())
        }
    }

    fn user(number: u8) -> UserId {
        UserId(Uuid::from_u128(number.into()))
    }

    fn signature(device: u8, person: u8, digest: &Digest) -> PersonSignature {
        let handwriting = Digest([person; 32]);
        let message = seal_statement(digest, "officer", Some(&handwriting), None);
        PersonSignature {
            certificate_serial: i64::from(10 * u16::from(device) + u16::from(person) - 20),
            handwriting,
            signature: STANDARD.encode(toy(&[person; 4], &message)),
        }
    }

    fn place(metres: i64) -> Location {
        Location {
            latitude_e7: 354_900_000 + metres * 10_000_000 / 110_950,
            longitude_e7: 1_128_500_000,
            accuracy_mm: 10_000,
            crs_source: "wgs84".into(),
            mocked: false,
        }
    }

    /// A visit in which two samplers walked in and sealed a refusal, and the digest of that seal.
    fn refused() -> (VisitDocument, ConfirmedSubject, Digest) {
        let mut visit = phone(1);
        let arrival: Arrival = serde_json::from_value(serde_json::json!({
            "arrival_id": Uuid::from_u128(11), "entered_at": claim(1, NINE_MS), "id_shown": true,
            "location": place(0), "samplers": [user(1), user(2)], "assisting": [user(24)],
        }))
        .unwrap();
        visit.record_arrival(NINE_MS, &arrival).unwrap();
        let refusal: Refusal = serde_json::from_value(serde_json::json!({
            "refusal_id": Uuid::from_u128(21), "kind": "no_reason", "fact_description": "负责人拒绝",
            "product_name": "检查井盖", "party": { "name": "泽州示例铸造" },
            "consequence_explained": true, "refused_at": claim(1, NINE_MS + 60_000),
        }))
        .unwrap();
        visit.record_refusal(NINE_MS, &refusal).unwrap();
        let subject = ConfirmedSubject::Refusal(refusal.refusal_id);
        let seal = seal_subject(&mut visit, subject.into(), 1, 60);
        (visit, subject, seal.statement.digest())
    }

    fn form(document: &ConfirmationDocument, officers: &[u8]) -> Confirmation {
        let named = |number: &u8| {
            let officer = Officer {
                name: format!("执法{number}"),
                certificate_no: format!("执{number}"),
            };
            (user(*number), officer)
        };
        Confirmation {
            confirmation_id: document.identity().confirmation,
            outcome: "confirmed".into(),
            measures: "责令改正".into(),
            opinion: "拒检成立".into(),
            officers: officers.iter().map(named).collect(),
            location: Some(place(20)),
            evidence: BTreeMap::new(),
            confirmed_at: claim(21, NINE_MS + HOUR_MS),
        }
    }

    fn sealed_by(document: &mut ConfirmationDocument, device: u8, officers: &[u8]) -> SealRecord {
        let subject = SealSubject::Confirmation(document.identity().confirmation);
        let statement = document.statement_of(subject, None).unwrap();
        let digest = statement.digest();
        let message = seal_statement(&digest, "device", None, None);
        let seal = SealRecord {
            seal_id: SealId(Uuid::from_u128(70)),
            signatures: officers
                .iter()
                .map(|number| (user(*number), signature(device, *number, &digest)))
                .collect(),
            statement,
            party_signature: None,
            device_signature: STANDARD.encode(toy(&[device; 4], &message)),
            sealed_at: claim(device, NINE_MS + HOUR_MS),
        };
        document.seal(NINE_MS + HOUR_MS, &seal).unwrap();
        seal
    }

    fn begun(device: u8) -> (ConfirmationDocument, ConfirmedSubject) {
        let (_, subject, seal) = refused();
        let identity = confirmation_of(subject, seal);
        let document = ConfirmationDocument::create(identity, Actor([device; 16])).unwrap();
        (document, subject)
    }

    /// A confirmation by these officers on the phone of the first of them.
    fn confirmed(officers: &[u8], change: impl FnOnce(&mut Confirmation)) -> ConfirmationDocument {
        let (mut document, _) = begun(officers[0]);
        let mut form = form(&document, officers);
        form.confirmed_at = claim(officers[0], NINE_MS + HOUR_MS);
        change(&mut form);
        document
            .record_confirmation(NINE_MS + HOUR_MS, &form)
            .unwrap();
        sealed_by(&mut document, officers[0], officers);
        document
    }

    /// What the visit's refusal is with these confirmations beside it.
    fn standing(documents: &[&ConfirmationDocument]) -> (RefusalStanding, BTreeSet<String>) {
        let (visit, subject, _) = refused();
        let projection = project(&visit, &Bureau);
        let mut facts = Facts::new(crate::rules::ScopeKey::Visit {
            document_id: visit.id(),
        });
        facts.visits.insert(visit.id(), projection.visit);
        facts.entries.extend(projection.entries);
        let projected = documents.iter().map(|it| project_confirmation(it, &Bureau));
        lay_over(&mut facts, projected.filter_map(|it| it.of_visit()));
        let said = crate::rules::rule(&facts, &crate::rules::Rulebooks::builtin());
        let ConfirmedSubject::Refusal(id) = subject else {
            unreachable!()
        };
        let outcome = said.outcomes[&crate::rules::Subject::Refusal(id)].clone();
        let crate::rules::Outcome::Refusal { refusal } = outcome else {
            unreachable!()
        };
        let of_refusal = said
            .findings
            .into_iter()
            .filter(|it| it.rule_id == "REFUSE");
        (refusal, of_refusal.map(|it| it.message).collect())
    }

    #[test]
    fn two_officers_on_site_confirm_a_refusal_in_a_document_of_their_own() {
        let document = confirmed(&[21, 22], |_| ());
        let projected = project_confirmation(&document, &Bureau);
        assert_eq!(projected.faults, [""; 0]);
        let fact = projected.fact.clone().unwrap();
        assert_eq!(fact.officers, BTreeSet::from([user(21), user(22)]));
        assert_eq!(fact.outcome, ConfirmationOutcome::Confirmed);
        assert_eq!(
            fact.confirmed.claimed.unwrap().lo,
            NINE_MS + HOUR_MS - 5_360
        );
        assert_eq!(projected.of_visit().unwrap().0, identity().document_id());
        let (told, said) = standing(&[&document]);
        assert_eq!(told, RefusalStanding::Confirmed);
        assert_eq!(
            said,
            BTreeSet::from(["REFUSE.tracked".to_owned(), "REFUSE.published".to_owned()])
        );
    }

    #[test]
    fn only_enforcement_of_the_right_jurisdiction_writes_and_nobody_of_the_body() {
        let (document, _) = begun(21);
        let may = |number| {
            objection_to(
                document.identity(),
                &officer(number, CertificateKind::Device),
            )
        };
        assert_eq!(may(21), None);
        assert_eq!(may(25), Some("author.region"));
        assert_eq!(may(26), Some("author.role"));
        assert_eq!(may(27), Some("author.body"));
        let mut city = officer(21, CertificateKind::Device);
        city.regions = vec!["nowhere".into(), "140500".into()];
        assert_eq!(
            objection_to(document.identity(), &city),
            None,
            "the city above"
        );
        city.regions = vec![];
        assert_eq!(
            objection_to(document.identity(), &city),
            Some("author.region")
        );
    }

    #[test]
    fn a_signature_counts_only_for_an_officer_of_the_region_on_the_own_phone() {
        for (number, code) in [
            (25, "seal.officer_region"),
            (26, "seal.officer_role"),
            (27, "seal.officer_body"),
        ] {
            let document = confirmed(&[21, number], |_| ());
            let projected = project_confirmation(&document, &Bureau);
            assert!(
                projected.faults.contains(&code.to_owned()),
                "{:?}",
                projected.faults
            );
            let fact = projected.fact.unwrap();
            assert_eq!(fact.officers, BTreeSet::from([user(21)]), "{code}");
            let (told, said) = standing(&[&document]);
            assert_eq!(told, RefusalStanding::Confirmed);
            assert!(said.contains("REFUSE.too_few_officers"));
        }
        let neighbour = confirmed(&[25], |_| ());
        let (told, said) = standing(&[&neighbour]);
        assert_eq!(told, RefusalStanding::Unconfirmed);
        assert!(said.contains("REFUSE.no_officer"), "{said:?}");
        // A sampler's signature, made as a sampler, is none of an officer's.
        let (mut document, _) = begun(21);
        let form = form(&document, &[21]);
        document.record_confirmation(NINE_MS, &form).unwrap();
        let seal = sealed_by(&mut document, 21, &[]);
        let digest = seal.statement.digest();
        let mut forged = seal.clone();
        forged.seal_id = SealId(Uuid::from_u128(71));
        let as_sampler = super::super::tests::person_signature(1, 1, &digest);
        forged.signatures.insert(user(1), as_sampler);
        document.seal(NINE_MS, &forged).unwrap();
        let fact = project_confirmation(&document, &Bureau).fact.unwrap();
        assert_eq!(fact.officers, BTreeSet::new());
    }

    #[test]
    fn an_accompanying_officer_may_confirm_and_a_sampler_may_not() {
        assert_eq!(
            standing(&[&confirmed(&[24, 22], |_| ())]).0,
            RefusalStanding::Confirmed
        );
        // Sampler 2 has an officer's certificate as well.
        struct Both;
        impl Certificates for Both {
            fn device(&self, actor: &Actor) -> Option<CertificatePayload> {
                Bureau.device(actor)
            }
            fn signer(&self, serial: i64) -> Option<CertificatePayload> {
                let certificate = Bureau.signer(serial)?;
                Some(match certificate.user_id == user(22) {
                    true => CertificatePayload {
                        user_id: user(2),
                        ..certificate
                    },
                    false => certificate,
                })
            }
        }
        impl Surroundings for Both {
            fn verifier(&self) -> &dyn Verifier {
                &Toy
            }
            fn received_at(&self, _: &ChangeHash) -> Option<Millis> {
                None
            }
            fn token(&self, wire: &str) -> Option<TimeTokenPayload> {
                Office.token(wire)
            }
        }
        let (mut document, _) = begun(21);
        let form = form(&document, &[21]);
        document.record_confirmation(NINE_MS, &form).unwrap();
        let subject = SealSubject::Confirmation(document.identity().confirmation);
        let statement = document.statement_of(subject, None).unwrap();
        let digest = statement.digest();
        let message = seal_statement(&digest, "device", None, None);
        let seal = SealRecord {
            seal_id: SealId(Uuid::from_u128(70)),
            signatures: [(user(2), signature(21, 22, &digest))].into(),
            statement,
            party_signature: None,
            device_signature: STANDARD.encode(toy(&[21; 4], &message)),
            sealed_at: claim(21, NINE_MS),
        };
        document.seal(NINE_MS, &seal).unwrap();
        let fact = project_confirmation(&document, &Both).fact.unwrap();
        assert_eq!(
            fact.officers,
            BTreeSet::from([user(2)]),
            "it is theirs, and the rules object"
        );
    }

    #[test]
    fn a_draft_says_nothing_and_what_is_sealed_is_read_from_its_seal() {
        let (mut document, _) = begun(21);
        let draft = form(&document, &[21, 22]);
        document.record_confirmation(NINE_MS, &draft).unwrap();
        assert_eq!(project_confirmation(&document, &Bureau).fact, None);
        let mut other = draft.clone();
        other.outcome = "not_established".into();
        document
            .edit_confirmation(&Bureau, NINE_MS, &draft, &other)
            .unwrap()
            .unwrap();
        sealed_by(&mut document, 21, &[21, 22]);
        let closed = document.edit_confirmation(&Bureau, NINE_MS, &other, &draft);
        assert_eq!(closed.unwrap_err().code(), "document.sealed");
        // Past every typed edit, as a hostile colleague would.
        use automerge::transaction::Transactable;
        let mut doc = document.automerge().fork();
        doc.set_actor(automerge::ActorId::from(&[22; 16][..]));
        let item = document
            .find(&CONFIRMATIONS, &document.id_of_form())
            .unwrap();
        doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(&item, "outcome", "confirmed"))
            .unwrap();
        let spoilt = ConfirmationDocument::from_automerge(doc).unwrap();
        let projected = project_confirmation(&spoilt, &Bureau);
        assert_eq!(
            projected.fact.unwrap().outcome,
            ConfirmationOutcome::NotEstablished
        );
        assert!(
            projected
                .faults
                .contains(&"confirmation.amendments.unsigned".to_owned())
        );
        let told = read_confirmation(&spoilt, &Bureau);
        assert_eq!((told.seals.len(), told.amendments.len()), (1, 1));
    }

    #[test]
    fn a_confirmation_is_of_one_seal_of_one_refusal_and_waits_until_that_is_there() {
        let (_, subject, _) = refused();
        let mut another = begun(21).0;
        let identity = confirmation_of(subject, Digest([9; 32]));
        another = ConfirmationDocument::create(identity, Actor([21; 16])).unwrap_or(another);
        let form = form(&another, &[21, 22]);
        another.record_confirmation(NINE_MS, &form).unwrap();
        sealed_by(&mut another, 21, &[21, 22]);
        let (told, said) = standing(&[&another]);
        assert_eq!(told, RefusalStanding::Unconfirmed);
        assert!(said.contains("REFUSE.other_seal"));
        let unknown = ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(99)));
        let identity = confirmation_of(unknown, Digest([9; 32]));
        let mut early = ConfirmationDocument::create(identity, Actor([21; 16])).unwrap();
        early.record_confirmation(NINE_MS, &form).unwrap();
        sealed_by(&mut early, 21, &[21, 22]);
        let (told, said) = standing(&[&early]);
        assert_eq!(told, RefusalStanding::Unconfirmed);
        assert!(said.contains("REFUSE.waits"));
    }

    #[test]
    fn a_form_of_another_confirmation_is_not_taken_and_one_that_lies_there_is_passed_over() {
        let (mut document, _) = begun(21);
        let mut strange = form(&document, &[21]);
        strange.confirmation_id = ConfirmationId(Uuid::from_u128(3));
        let refused = document.record_confirmation(NINE_MS, &strange);
        assert_eq!(refused.unwrap_err().code(), "document.mismatch");
        document.insert(NINE_MS, &CONFIRMATIONS, &strange).unwrap();
        let projected = project_confirmation(&document, &Bureau);
        assert_eq!(projected.record, None);
        let path = format!("confirmations/{}", strange.confirmation_id);
        assert_eq!(projected.unreadable, [path]);
    }

    #[test]
    fn officers_who_are_named_who_sign_and_who_are_certified_are_the_same() {
        let told = |officers: &[u8], change: fn(&mut Confirmation)| {
            project_confirmation(&confirmed(officers, change), &Bureau).faults
        };
        let unsigned = told(&[21, 22], |it| {
            it.officers.insert(user(23), it.officers[&user(21)].clone());
        });
        assert_eq!(unsigned, ["confirmation.officers.2.unsigned"]);
        let bare = confirmed(&[21, 22], |it| it.measures.clear());
        let (standing, said) = standing(&[&bare]);
        assert_eq!(standing, RefusalStanding::Confirmed, "a fault is told");
        assert!(said.contains("REFUSE.form_fault"));
        let unnamed = told(&[21, 22], |it| {
            it.officers.remove(&user(22));
        });
        assert_eq!(unnamed, ["confirmation.officers.unnamed"]);
        let number = told(&[21, 22], |it| {
            it.officers.get_mut(&user(22)).unwrap().certificate_no = "假".into();
        });
        assert_eq!(
            number,
            ["confirmation.officers.1.certificate_no.not_as_certified"]
        );
    }

    /// A second officer on another phone has the document and says this of it.
    fn opinion(document: &ConfirmationDocument, number: u8, agrees: bool) -> Opinion {
        let seal = document.seals().items[0].value.statement.digest();
        let mut opinion = Opinion {
            opinion_id: OpinionId(Uuid::from_u128(number.into())),
            seal,
            agrees,
            reason: "看过录像".into(),
            given_at: claim(number, NINE_MS + 2 * HOUR_MS),
            signature: signature(number, number, &seal),
        };
        let digest = document.opinion_digest(&opinion);
        opinion.signature = signature(number, number, &digest);
        opinion
    }

    #[test]
    fn a_second_officers_opinion_lets_a_confirmation_from_afar_count() {
        let afar = confirmed(&[21, 22], |it| it.location = Some(place(3_000)));
        assert_eq!(standing(&[&afar]).0, RefusalStanding::Unconfirmed);
        let with = |number: u8, spoil: fn(&mut Opinion)| {
            let mut document = afar.clone().with_actor(Actor([number; 16]));
            let mut it = opinion(&document, number, true);
            spoil(&mut it);
            document.give_opinion(NINE_MS + 2 * HOUR_MS, &it).unwrap();
            let projected = project_confirmation(&document, &Bureau);
            (
                standing(&[&document]).0,
                projected.opinions[0].faults.clone(),
            )
        };
        assert_eq!(with(23, |_| ()), (RefusalStanding::Confirmed, vec![]));
        assert_eq!(
            with(21, |_| ()).0,
            RefusalStanding::Unconfirmed,
            "who signed it"
        );
        type Case = (u8, fn(&mut Opinion), &'static str);
        let cases: [Case; 5] = [
            (25, |_| (), "opinion.officer_region"),
            (26, |_| (), "opinion.officer_role"),
            (27, |_| (), "opinion.officer_body"),
            (23, |it| it.reason = "另有所见".into(), "opinion.signature"),
            (23, |it| it.agrees = false, "opinion.signature"),
        ];
        for (number, spoil, code) in cases {
            let (told, faults) = with(number, spoil);
            assert_eq!(told, RefusalStanding::Unconfirmed, "{code}");
            assert_eq!(faults, [code]);
        }
        let mut document = afar.clone().with_actor(Actor([23; 16]));
        let mut silent = opinion(&document, 23, true);
        silent.reason = " ".into();
        let refused = document.give_opinion(NINE_MS, &silent).unwrap_err();
        assert_eq!(refused.code(), "document.no_reason");
        silent.reason = "看过录像".into();
        silent.seal = Digest([1; 32]);
        let refused = document.give_opinion(NINE_MS, &silent).unwrap_err();
        assert_eq!(refused.code(), "document.mismatch");
    }

    fn standpoint(device: u8, at_ms: Millis, location: Option<Location>) -> Standpoint {
        Standpoint {
            device_id: DeviceId(Uuid::from_u128(100 + u128::from(device))),
            actor: Actor([device; 16]),
            at: claim(device, at_ms),
            location,
        }
    }

    fn say<S: Statement>(what: &S, device: u8) -> Spoken {
        Spoken::say(what, |message| toy(&[device; 4], message)).unwrap()
    }

    /// Phone 21 asks and phone 1 answers, an hour after the refusal and a minute apart. What is changed of the question is
    /// changed after it was answered.
    fn co_signature(change: impl FnOnce(&mut Question, &mut Answer)) -> CoSignature {
        let (_, subject, _) = refused();
        let mut question = Question {
            nonce: Nonce([1; 16]),
            from: standpoint(21, NINE_MS + HOUR_MS, None),
        };
        let mut answer = Answer {
            nonce: Nonce([2; 16]),
            question: say(&question, 21).digest().unwrap(),
            document_id: identity().document_id(),
            subject,
            from: standpoint(1, NINE_MS + HOUR_MS + 60_000, None),
        };
        change(&mut question, &mut answer);
        CoSignature {
            co_signature_id: CoSignatureId(Uuid::from_u128(90)),
            question: say(&question, 21),
            answer: say(&answer, answer.from.actor.0[0]),
        }
    }

    #[test]
    fn without_a_fix_a_co_signature_of_a_phone_of_the_visit_lets_a_confirmation_count() {
        let blind = confirmed(&[21, 22], |it| it.location = None);
        assert_eq!(standing(&[&blind]).0, RefusalStanding::Unconfirmed);
        let mut document = blind.clone();
        let good = co_signature(|_, _| ());
        document.add_co_signature(NINE_MS, &good).unwrap();
        let projected = project_confirmation(&document, &Bureau);
        assert_eq!(projected.faults, [""; 0]);
        let fact = projected.co_signatures[0].fact.as_ref().unwrap();
        assert_eq!(fact.user_id, user(1));
        assert_eq!(fact.asked.claimed.unwrap().lo, NINE_MS + HOUR_MS - 5_360);
        assert_eq!(standing(&[&document]).0, RefusalStanding::Confirmed);
        let moved = co_signature(|question, _| question.from.location = Some(place(3_000)));
        let refused = blind.clone().add_co_signature(NINE_MS, &moved);
        assert_eq!(refused.unwrap_err().code(), "document.mismatch");
    }

    #[test]
    fn what_does_not_hold_of_a_co_signature_has_its_code_and_proves_nothing() {
        let blind = confirmed(&[21, 22], |it| it.location = None);
        // Past the typed edit, as a hostile phone would write it.
        let told = |by: u8, it: CoSignature| {
            let mut document = blind.clone().with_actor(Actor([by; 16]));
            document.insert(NINE_MS, &CO_SIGNATURES, &it).unwrap();
            let projected = project_confirmation(&document, &Bureau);
            assert_eq!(standing(&[&document]).0, RefusalStanding::Unconfirmed);
            projected.co_signatures[0].faults.clone()
        };
        let good = co_signature(|_, _| ());
        let by_another = told(22, good.clone());
        assert_eq!(by_another, ["co_signature.other_device"]);
        let other = co_signature(|question, _| question.nonce = Nonce([3; 16]));
        assert_eq!(told(21, other), ["co_signature.other_question"]);
        let another = co_signature(|_, answer| {
            answer.subject = ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(22)));
        });
        assert_eq!(told(21, another), ["co_signature.other_subject"]);
        let elsewhere = co_signature(|_, answer| answer.document_id = DocumentId([9; 32]));
        assert_eq!(told(21, elsewhere), ["co_signature.other_subject"]);
        let mut forged = good.clone();
        forged.answer.signature = forged.question.signature.clone();
        assert_eq!(told(21, forged), ["co_signature.signature"]);
        let stranger = co_signature(|_, answer| answer.from.actor = Actor([77; 16]));
        assert_eq!(told(21, stranger), ["co_signature.other_device"]);
        let mut odd = good;
        odd.question.statement = "?".into();
        assert_eq!(told(21, odd), ["co_signature.malformed"]);
    }

    #[test]
    fn a_co_signature_outlives_the_renewal_of_a_certificate_and_not_its_end() {
        struct Later(fn(&mut CertificatePayload));
        impl Certificates for Later {
            fn device(&self, actor: &Actor) -> Option<CertificatePayload> {
                let mut certificate = Bureau.device(actor)?;
                self.0(&mut certificate);
                Some(certificate)
            }
            fn signer(&self, serial: i64) -> Option<CertificatePayload> {
                Bureau.signer(serial)
            }
        }
        impl Surroundings for Later {
            fn verifier(&self) -> &dyn Verifier {
                &Toy
            }
            fn received_at(&self, _: &ChangeHash) -> Option<Millis> {
                None
            }
            fn token(&self, wire: &str) -> Option<TimeTokenPayload> {
                Office.token(wire)
            }
        }
        let mut document = confirmed(&[21, 22], |it| it.location = None);
        document
            .add_co_signature(NINE_MS, &co_signature(|_, _| ()))
            .unwrap();
        let told = |change| {
            let projected = project_confirmation(&document, &Later(change));
            projected.co_signatures[0].faults.clone()
        };
        assert_eq!(
            told(|it| it.not_before_ms = NINE_MS + 100 * HOUR_MS),
            [""; 0]
        );
        let ended = told(|it| it.not_after_ms = NINE_MS);
        assert_eq!(ended, ["co_signature.certificate_time"]);
    }

    #[test]
    fn a_phone_that_did_not_walk_in_and_an_officers_own_second_phone_prove_no_presence() {
        let blind = confirmed(&[21, 22], |it| it.location = None);
        for phone in [2, 22] {
            let it = co_signature(|_, answer| {
                answer.from = standpoint(phone, NINE_MS + HOUR_MS, None);
            });
            let mut document = blind.clone();
            document.add_co_signature(NINE_MS, &it).unwrap();
            assert_eq!(project_confirmation(&document, &Bureau).faults, [""; 0]);
            let (told, said) = standing(&[&document]);
            assert_eq!(told, RefusalStanding::Unconfirmed, "{phone}");
            assert!(said.contains("REFUSE.not_on_site"));
        }
    }

    #[test]
    fn two_supervisors_who_find_different_things_leave_it_to_a_person() {
        let one = confirmed(&[21, 22], |_| ());
        let mut other = {
            let (_, subject, seal) = refused();
            let mut identity = confirmation_of(subject, seal);
            identity.confirmation =
                ConfirmationId("01890000-0000-7000-8000-000000000002".parse().unwrap());
            ConfirmationDocument::create(identity, Actor([23; 16])).unwrap()
        };
        let mut it = form(&other, &[23, 24]);
        it.outcome = "not_established".into();
        it.confirmed_at = claim(23, NINE_MS + HOUR_MS);
        other.record_confirmation(NINE_MS, &it).unwrap();
        sealed_by(&mut other, 23, &[23, 24]);
        assert_ne!(one.id(), other.id());
        assert_eq!(standing(&[&one, &other]).0, RefusalStanding::Contested);
        assert_eq!(standing(&[&other, &one]).0, RefusalStanding::Contested);
        assert_eq!(standing(&[&one, &one]).0, RefusalStanding::Confirmed, "I9");
    }

    #[test]
    fn a_change_of_a_visit_or_of_another_confirmation_does_not_fit() {
        let (mut document, _) = begun(21);
        let form = form(&document, &[21]);
        let change = document.record_confirmation(NINE_MS, &form).unwrap();
        let mut visit = VisitDocument::new(identity()).unwrap();
        assert!(visit.apply([&change.bytes]).is_err());
        assert!(VisitDocument::from_automerge(document.automerge().clone()).is_err());
        let subject = ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(5)));
        let identity = confirmation_of(subject, Digest([1; 32]));
        let mut other = ConfirmationDocument::new(identity).unwrap();
        assert!(other.apply([&change.bytes]).is_err());
        assert!(ConfirmationDocument::load(&document.save()).is_ok());
        // A seal of something that documents of this kind do not have is no seal.
        let sheet = SealSubject::Sheet(SampleId(Uuid::from_u128(7)));
        assert!(document.statement_of(sheet, None).is_err());
        let confirmation = SealSubject::Confirmation(document.identity().confirmation);
        assert!(visit.statement_of(confirmation, None).is_err());
    }

    #[test]
    fn evidence_of_a_confirmation_is_its_own_and_bound_by_its_seal() {
        let (mut document, _) = begun(21);
        let form = form(&document, &[21, 22]);
        document.record_confirmation(NINE_MS, &form).unwrap();
        let evidence: EvidenceEntry = serde_json::from_value(serde_json::json!({
            "evidence_id": Uuid::from_u128(80), "sha256": Digest([8; 32]), "size_bytes": 1,
            "media_type": "image/jpeg", "kind": "place", "captured_at": claim(21, NINE_MS),
            "subject": { "kind": "confirmation", "id": form.confirmation_id },
        }))
        .unwrap();
        document.add_evidence(&Bureau, NINE_MS, &evidence).unwrap();
        sealed_by(&mut document, 21, &[21, 22]);
        let projected = project_confirmation(&document, &Bureau);
        assert_eq!(projected.evidence[0].entry, evidence);
        let bound = projected.record.unwrap().record.evidence;
        assert_eq!(bound[&evidence.evidence_id], evidence.sha256);
        assert_eq!(projected.faults, [""; 0]);
    }

    #[test]
    fn the_projection_does_not_depend_on_the_order_of_arrival() {
        // I3
        let mut document = confirmed(&[21, 22], |it| it.location = Some(place(3_000)));
        for number in [23, 24] {
            document = document.with_actor(Actor([number; 16]));
            let it = opinion(&document, number, number == 23);
            document.give_opinion(NINE_MS, &it).unwrap();
        }
        let expected = project_confirmation(&document, &Bureau);
        assert_eq!(expected.opinions.len(), 2);
        let changes = document.changes_since(&[]);
        let mut random = crate::rules::testing::Random(7);
        for _ in 0..20 {
            let mut held: Vec<_> = changes.iter().collect();
            random.shuffle(&mut held);
            let mut replayed = ConfirmationDocument::new(document.identity().clone()).unwrap();
            while !held.is_empty() {
                held.retain(|change| replayed.apply([&change.bytes]).is_err());
            }
            assert_eq!(project_confirmation(&replayed, &Bureau), expected);
        }
    }
}
