//! The whole story of a refusal between two phones that have no network, through what the crate shows to others: a code each
//! way, a parcel there, a confirmation, a parcel back, and the same verdict on both phones.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use sync_core::document::{
    BoundDocument, Certificates, ConfirmationDocument, DocumentIdentity, Identity, RawChange,
    SealRecord, Sealable, Surroundings, VisitDocument, lay_over, objection_to, project,
    project_confirmation,
};
use sync_core::model::*;
use sync_core::proof::co_signature::{
    Answer, CoSignature, Question, Shown, Spoken, Standpoint, answers,
};
use sync_core::proof::parcel::{AgreementKey, Opened, ParcelError, Recipient, Sending, seal};
use sync_core::proof::{
    BelievedKeys, CertificateKind, CertificatePayload, Nonce, OrganisationKind, Role, Signed,
    TimeTokenPayload, TipStatement, Verifier, key_id, seal_statement, tip_statement,
};
use sync_core::rules::{
    Effect, Facts, Outcome, RefusalStanding, Rulebooks, ScopeKey, Subject, effects, rule,
};
use sync_core::sync::intake::{Grounds, judge};
use sync_core::sync::parcel::{ParcelContents, ParcelDocument};
use sync_core::sync::wire::SignedTip;
use uuid::Uuid;

/// 2025-03-01 09:00 in Shanghai.
const NINE_MS: Millis = 1_740_790_800_000;
const HOUR_MS: Millis = 3_600_000;
const SERVER: [u8; 32] = [3; 32];

/// Stands for both algorithms: a signature is the hash of key and message, twice.
fn sums(key: &[u8], message: &[u8]) -> Vec<u8> {
    let sum = Sha256::digest([key, message].concat());
    [&sum[..], &sum[..]].concat()
}

struct Sums;
impl Verifier for Sums {
    fn verify_p256(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        sums(key, message) == signature
    }
    fn verify_ed25519(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        sums(key, message) == signature
    }
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

fn believed() -> BelievedKeys {
    let mut keys = BelievedKeys::default();
    assert!(keys.pin(&key_id(&SERVER), &STANDARD.encode(SERVER), 0));
    keys
}

fn by_server<T: sync_core::proof::Payload>(payload: &T) -> Signed<T> {
    Signed::sign(payload, key_id(&SERVER), |message| sums(&SERVER, message))
}

fn visit_identity() -> VisitIdentity {
    VisitIdentity {
        campaign: CampaignId(uuid(1)),
        body: OrganisationId(uuid(2)),
        enterprise: EnterpriseKey::from_uscc(&"921405020000B2F60D".parse().expect("a code")),
        team: TeamKey::Team(TeamId(uuid(3))),
    }
}

/// A phone with two people who sign on it: samplers 1 and 2 on phone 1, officers 21 and 22 on phone 21.
struct Phone {
    number: u8,
    certificates: Vec<Signed<CertificatePayload>>,
    visit: Option<VisitDocument>,
    confirmation: Option<ConfirmationDocument>,
    tips: Vec<SignedTip>,
    shown: BTreeSet<Nonce>,
    opened: RefCell<BTreeSet<ParcelId>>,
}

fn certified(device: u8, person: Option<u8>) -> CertificatePayload {
    let officer = device >= 20;
    let number = person.unwrap_or(device);
    CertificatePayload {
        serial: i64::from(device) * 100 + i64::from(person.unwrap_or(0)),
        kind: match person {
            Some(_) => CertificateKind::Signer,
            None => CertificateKind::Device,
        },
        device_id: DeviceId(uuid(100 + u128::from(device))),
        actor: Actor([device; 16]),
        public_key: STANDARD.encode([number; 65]),
        agreement_key: person
            .is_none()
            .then(|| STANDARD.encode(AgreementKey::from_seed(&[device; 32]).public())),
        user_id: UserId(uuid(200 + u128::from(number))),
        user_name: format!("示例{number}"),
        certificate_no: Some(format!("证{number}")),
        organisation_id: OrganisationId(uuid(if officer { 9 } else { 2 })),
        organisation_kind: match officer {
            true => OrganisationKind::Authority,
            false => OrganisationKind::InspectionBody,
        },
        roles: vec![if officer {
            Role::Enforcement
        } else {
            Role::Sampler
        }],
        regions: vec!["140502".to_owned()],
        not_before_ms: 0,
        not_after_ms: i64::MAX,
    }
}

impl Certificates for Phone {
    fn device(&self, actor: &Actor) -> Option<CertificatePayload> {
        self.payloads()
            .find(|it| it.kind == CertificateKind::Device && it.actor == *actor)
    }
    fn signer(&self, serial: i64) -> Option<CertificatePayload> {
        self.payloads()
            .find(|it| it.kind == CertificateKind::Signer && it.serial == serial)
    }
}

impl Surroundings for Phone {
    fn verifier(&self) -> &dyn Verifier {
        &Sums
    }
    fn received_at(&self, _: &ChangeHash) -> Option<Millis> {
        None
    }
    fn token(&self, wire: &str) -> Option<TimeTokenPayload> {
        let signed = serde_json::from_str(wire).ok()?;
        believed().open_dated(&signed, &Sums).ok()
    }
    fn region(&self, _: &EnterpriseKey) -> Option<String> {
        Some("140502".to_owned())
    }
}

impl Phone {
    fn new(number: u8) -> Self {
        let people = [number, number + 1];
        let signers = people.map(|person| certified(number, Some(person)));
        let certificates = std::iter::once(certified(number, None)).chain(signers);
        Self {
            number,
            certificates: certificates.map(|it| by_server(&it)).collect(),
            visit: None,
            confirmation: None,
            tips: Vec::new(),
            shown: BTreeSet::new(),
            opened: RefCell::default(),
        }
    }

    fn payloads(&self) -> impl Iterator<Item = CertificatePayload> {
        let keys = believed();
        let certificates = self.certificates.iter();
        certificates.filter_map(move |it| keys.open(it, &Sums).ok())
    }

    fn actor(&self) -> Actor {
        Actor([self.number; 16])
    }

    fn claim(&self, at_ms: Millis) -> TimeClaim {
        let token = by_server(&TimeTokenPayload {
            device_id: certified(self.number, None).device_id,
            at_ms: NINE_MS - HOUR_MS,
            nonce: "n".to_owned(),
        });
        TimeClaim {
            wall_ms: at_ms,
            token_at_ms: Some(NINE_MS - HOUR_MS),
            token: serde_json::to_string(&token).ok(),
            token_rtt_ms: 0,
            elapsed_ms: Some(at_ms - NINE_MS + HOUR_MS),
        }
    }

    fn stands(&self, at_ms: Millis, location: Option<Location>) -> Standpoint {
        let own = certified(self.number, None);
        Standpoint {
            device_id: own.device_id,
            actor: own.actor,
            at: self.claim(at_ms),
            location,
        }
    }

    /// Keeps the signature over its last change, as a phone does.
    fn wrote(&mut self, document_id: DocumentId, change: &RawChange) {
        let tip = TipStatement {
            document_id,
            actor: change.actor,
            seq: change.seq,
            hash: change.hash,
        };
        let signature = STANDARD.encode(sums(&[self.number; 65], &tip_statement(&tip)));
        self.tips
            .retain(|it| it.tip.document_id != document_id || it.tip.actor != change.actor);
        self.tips.push(SignedTip { tip, signature });
    }

    /// A seal by both of its people, as samplers or as officers.
    fn seals<I: Identity>(
        &self,
        document: &BoundDocument<I>,
        subject: SealSubject,
        at_ms: Millis,
        party: Option<PartySignature>,
    ) -> SealRecord {
        let statement = document
            .statement_of(subject, party.as_ref())
            .expect("a record");
        let digest = statement.digest();
        let sign = |person: u8| {
            let handwriting = Digest([person; 32]);
            let role = I::SIGNED_BY.word();
            let message = seal_statement(&digest, role, Some(&handwriting), None);
            let certificate = certified(self.number, Some(person));
            let signature = PersonSignature {
                certificate_serial: certificate.serial,
                handwriting,
                signature: STANDARD.encode(sums(&[person; 65], &message)),
            };
            (certificate.user_id, signature)
        };
        let message = seal_statement(&digest, "device", None, None);
        SealRecord {
            seal_id: SealId(uuid(700 + u128::from(self.number))),
            signatures: [self.number, self.number + 1].map(sign).into(),
            party_signature: party,
            device_signature: STANDARD.encode(sums(&[self.number; 65], &message)),
            sealed_at: self.claim(at_ms),
            statement,
        }
    }

    fn code<S: sync_core::proof::co_signature::Statement>(&self, what: &S) -> (Spoken, String) {
        let sign = |message: &[u8]| sums(&[self.number; 65], message);
        let spoken = Spoken::say(what, sign).expect("it is compact");
        let shown = Shown {
            spoken: spoken.clone(),
            certificate: self.certificates[0].clone(),
        };
        (spoken, shown.to_code::<S>().expect("a code holds it"))
    }

    fn parcel(&self, to: &CertificatePayload, answers: Nonce, id: u128) -> Vec<u8> {
        let of = |id: DocumentId| {
            let tips = self.tips.iter().filter(move |it| it.tip.document_id == id);
            tips.cloned().collect()
        };
        let visit = self
            .visit
            .as_ref()
            .map(|it| ParcelDocument::of(it, of(it.id())));
        let confirmation = self.confirmation.as_ref();
        let confirmation = confirmation.map(|it| ParcelDocument::of(it, of(it.id())));
        let contents = ParcelContents {
            documents: visit.into_iter().chain(confirmation).collect(),
            certificates: self.certificates.clone(),
        };
        let sending = Sending {
            parcel_id: ParcelId(uuid(id)),
            answers,
            recipient: to,
            sender: &self.certificates[0],
            contents: &contents.pack().expect("within the limits"),
        };
        let sign = |message: &[u8]| sums(&[self.number; 65], message);
        seal(&sending, &[id as u8; 32], sign).expect("a key to seal to")
    }

    fn opens(&self, parcel: &[u8]) -> Result<Opened, ParcelError> {
        let (keys, believed) = ([AgreementKey::from_seed(&[self.number; 32])], believed());
        let recipient = Recipient {
            device_id: certified(self.number, None).device_id,
            keys: &keys,
            believed: &believed,
            verifier: &Sums,
            asked: &|nonce| self.shown.contains(nonce),
            seen: &|id| self.opened.borrow().contains(id),
            earliest_now_ms: NINE_MS,
        };
        recipient.open(parcel)
    }

    /// Takes in what came in a parcel, each change judged by its author's certified key.
    fn takes(&mut self, parcel: &[u8]) -> Result<(), ParcelError> {
        let opened = self.opens(parcel)?;
        self.opened.borrow_mut().insert(opened.parcel_id);
        let contents = ParcelContents::unpack(&opened.contents)?;
        let known: BTreeSet<i64> = self.payloads().map(|it| it.serial).collect();
        for certificate in contents.certificates {
            let payload = believed().open(&certificate, &Sums)?;
            if !known.contains(&payload.serial) {
                self.certificates.push(certificate);
            }
        }
        for document in &contents.documents {
            let header = &document.document;
            let identity = DocumentIdentity::read(&header.kind, &header.preimage);
            let identity = identity.expect("unpacking checked it");
            let (candidates, unreadable) = document.candidates();
            assert_eq!(unreadable, []);
            let key_of = |actor: &Actor| {
                let certificate = self.device(actor)?;
                STANDARD.decode(certificate.public_key).ok()
            };
            let empty = identity.skeleton().expect("a skeleton");
            let intake = judge(
                header.document_id,
                &empty,
                &candidates,
                &document.tips,
                &Grounds {
                    key_of: &key_of,
                    belongs_elsewhere: &|_| false,
                    objection: &|_| None,
                    verifier: &Sums,
                },
            );
            self.tips.extend(intake.tips);
            match identity {
                DocumentIdentity::Visit(_) if self.visit.is_none() => {
                    self.visit = VisitDocument::from_automerge(intake.document).ok();
                }
                DocumentIdentity::Confirmation(_) => {
                    self.confirmation = ConfirmationDocument::from_automerge(intake.document).ok();
                }
                DocumentIdentity::Visit(_) => {}
            }
        }
        Ok(())
    }

    /// What this phone makes of the refusal, by all that it holds.
    fn verdict(&self) -> (RefusalStanding, BTreeSet<String>, BTreeSet<Effect>) {
        let visit = self.visit.as_ref().expect("the visit");
        let projection = project(visit, self);
        let mut facts = Facts::new(ScopeKey::Visit {
            document_id: visit.id(),
        });
        facts.visits.insert(visit.id(), projection.visit);
        facts.entries.extend(projection.entries);
        let confirmation = self.confirmation.as_ref();
        let confirmed = confirmation.map(|it| project_confirmation(it, self));
        lay_over(&mut facts, confirmed.and_then(|it| it.of_visit()));
        let said = rule(&facts, &Rulebooks::builtin());
        let standing = match said.outcomes[&Subject::Refusal(refusal_id())] {
            Outcome::Refusal { refusal } => refusal,
            _ => unreachable!("a refusal has no other outcome"),
        };
        let effects = effects(&facts, &said);
        let of_refusal = said
            .findings
            .into_iter()
            .filter(|it| it.rule_id == "REFUSE");
        (standing, of_refusal.map(|it| it.message).collect(), effects)
    }
}

fn refusal_id() -> RefusalId {
    RefusalId(uuid(21))
}

/// 五金店 refuses at nine; both samplers sign, the shopkeeper does not.
fn refused(phone: &mut Phone) -> Digest {
    let mut visit = VisitDocument::create(visit_identity(), phone.actor()).expect("a document");
    let samplers = [1, 2].map(|it| certified(1, Some(it)).user_id);
    let arrival: Arrival = serde_json::from_value(serde_json::json!({
        "arrival_id": uuid(11), "entered_at": phone.claim(NINE_MS), "id_shown": true, "samplers": samplers,
    }))
    .expect("an arrival");
    visit.record_arrival(NINE_MS, &arrival).expect("a change");
    let refusal: Refusal = serde_json::from_value(serde_json::json!({
        "refusal_id": refusal_id(), "kind": "no_reason", "fact_description": "店主锁门，拒绝抽样",
        "product_name": "电动车头盔", "party": { "name": "晋城示例五金店" }, "consequence_explained": true,
        "refused_at": phone.claim(NINE_MS + 60_000),
    }))
    .expect("a refusal");
    visit.record_refusal(NINE_MS, &refusal).expect("a change");
    let party = PartySignature::RefusedToSign {
        reason: "不愿被抽样".to_owned(),
        witness: "邻店店主".to_owned(),
        handwriting: None,
    };
    let seal = phone.seals(&visit, refusal.subject(), NINE_MS + 60_000, Some(party));
    let change = visit.seal(NINE_MS, &seal).expect("a seal");
    phone.wrote(visit.id(), &change);
    phone.visit = Some(visit);
    seal.statement.digest()
}

/// Half an hour later two officers find it to be one, with no place at all, but with the answer of the phone that was there.
fn confirms(phone: &mut Phone, sealed: Digest, co_signature: &CoSignature) {
    let identity = ConfirmationIdentity {
        confirmation: ConfirmationId(uuid(31)),
        visit: visit_identity(),
        region: "140502".parse().expect("a region"),
        subject: ConfirmedSubject::Refusal(refusal_id()),
        seal: sealed,
    };
    let own = certified(phone.number, None);
    assert_eq!(objection_to(&identity, &own), None);
    let samplers = certified(1, None);
    assert_eq!(objection_to(&identity, &samplers), Some("author.role"));
    let mut document =
        ConfirmationDocument::create(identity.clone(), phone.actor()).expect("a document");
    let officer = |person: u8| {
        let certificate = certified(phone.number, Some(person));
        let officer = Officer {
            name: certificate.user_name,
            certificate_no: certificate.certificate_no.expect("a number"),
        };
        (certificate.user_id, officer)
    };
    let form = Confirmation {
        confirmation_id: identity.confirmation,
        outcome: "confirmed".to_owned(),
        measures: "责令改正，列入跟踪抽查".to_owned(),
        opinion: "拒检成立".to_owned(),
        officers: [phone.number, phone.number + 1].map(officer).into(),
        location: None,
        evidence: BTreeMap::new(),
        confirmed_at: phone.claim(NINE_MS + HOUR_MS / 2),
    };
    document
        .record_confirmation(NINE_MS, &form)
        .expect("a change");
    document
        .add_co_signature(NINE_MS, co_signature)
        .expect("an answer to it");
    let subject = SealSubject::Confirmation(identity.confirmation);
    let seal = phone.seals(&document, subject, NINE_MS + HOUR_MS / 2, None);
    let change = document.seal(NINE_MS, &seal).expect("a seal");
    phone.wrote(document.id(), &change);
    phone.confirmation = Some(document);
}

#[test]
fn a_refusal_is_confirmed_between_two_phones_that_have_no_network() {
    let (mut sampler, mut supervisor) = (Phone::new(1), Phone::new(21));
    let sealed = refused(&mut sampler);
    assert_eq!(sampler.verdict().0, RefusalStanding::Unconfirmed);

    // One code each way.
    let half_past = NINE_MS + HOUR_MS / 2;
    let question = Question {
        nonce: Nonce([1; 16]),
        from: supervisor.stands(half_past, None),
    };
    supervisor.shown.insert(question.nonce);
    let (asked, code) = supervisor.code(&question);
    let (heard, _, theirs) =
        Shown::from_code::<Question>(&code, &believed(), &Sums).expect("a question");
    let answer = Answer {
        nonce: Nonce([2; 16]),
        question: heard.spoken.digest().expect("bytes"),
        document_id: visit_identity().document_id(),
        subject: ConfirmedSubject::Refusal(refusal_id()),
        from: sampler.stands(half_past + 20_000, None),
    };
    sampler.shown.insert(answer.nonce);
    let (answered, code) = sampler.code(&answer);
    let (_, back, ours) = Shown::from_code::<Answer>(&code, &believed(), &Sums).expect("an answer");
    assert_eq!(answers(&asked, &back), Ok(()));

    // The case goes there.
    let parcel = sampler.parcel(&theirs, question.nonce, 51);
    assert_eq!(sampler.opens(&parcel), Err(ParcelError::WrongRecipient));
    supervisor.takes(&parcel).expect("the case");
    assert_eq!(supervisor.takes(&parcel), Err(ParcelError::Replayed));
    assert_eq!(supervisor.verdict(), sampler.verdict(), "I4");

    // And the confirmation comes back.
    let co_signature = CoSignature {
        co_signature_id: CoSignatureId(uuid(41)),
        question: asked,
        answer: answered,
    };
    confirms(&mut supervisor, sealed, &co_signature);
    let parcel = supervisor.parcel(&ours, answer.nonce, 52);
    let mut tampered = parcel.clone();
    *tampered.last_mut().expect("bytes") ^= 1;
    assert_eq!(sampler.takes(&tampered), Err(ParcelError::Tampered));
    sampler.takes(&parcel).expect("the confirmation");

    let (standing, said, effects) = sampler.verdict();
    assert_eq!(standing, RefusalStanding::Confirmed, "{said:?}");
    let expected = ["REFUSE.published", "REFUSE.tracked"].map(str::to_owned);
    assert_eq!(said, BTreeSet::from(expected));
    assert_eq!(effects.len(), 2);
    assert_eq!(supervisor.verdict(), (standing, said, effects), "I4");
}

#[test]
fn without_the_answer_of_a_phone_that_was_there_nothing_counts() {
    let (mut sampler, mut supervisor) = (Phone::new(1), Phone::new(21));
    let sealed = refused(&mut sampler);
    let half_past = NINE_MS + HOUR_MS / 2;
    let question = Question {
        nonce: Nonce([1; 16]),
        from: supervisor.stands(half_past, None),
    };
    let (asked, _) = supervisor.code(&question);
    // Another phone of the body answers, which never walked in.
    let elsewhere = Phone::new(5);
    let answer = Answer {
        nonce: Nonce([2; 16]),
        question: asked.digest().expect("bytes"),
        document_id: visit_identity().document_id(),
        subject: ConfirmedSubject::Refusal(refusal_id()),
        from: elsewhere.stands(half_past, None),
    };
    let (answered, _) = elsewhere.code(&answer);
    supervisor.visit.clone_from(&sampler.visit);
    supervisor.certificates.extend(
        sampler
            .certificates
            .iter()
            .chain(&elsewhere.certificates)
            .cloned(),
    );
    let co_signature = CoSignature {
        co_signature_id: CoSignatureId(uuid(41)),
        question: asked,
        answer: answered,
    };
    confirms(&mut supervisor, sealed, &co_signature);
    let (standing, said, effects) = supervisor.verdict();
    assert_eq!(standing, RefusalStanding::Unconfirmed);
    assert!(said.contains("REFUSE.not_on_site"), "{said:?}");
    assert_eq!(effects.len(), 0);
}
