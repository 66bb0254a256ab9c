//! 到场互签: two phones that meet without a network prove to each other that they stand together, by one QR code each way.
//!
//! The supervisor's phone *asks*: a nonce, its time, its place, its signature. The phone of the visit *answers*: the hash of
//! what it was asked, a nonce of its own, which visit and what in it, its time, its place, its signature. Whoever holds both
//! can show that the answering phone saw the question, and so was where the asking one was while that nonce was new. With
//! the question alone nobody shows more than that it was asked: where and when, as that phone says. A picture of a screen can
//! be carried further than a voice; that is why times and places are held against each other when all of it is ruled.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::compact::{Reader, Unreadable, Writer, base45, bytes_of};
use super::{BelievedKeys, CertificateKind, CertificatePayload, SignatureError, Signed, Verifier};
use crate::limits::{CO_SIGNATURE_BYTES_MAX, QR_CHARS_MAX};
use crate::model::{
    Actor, CoSignatureId, ConfirmedSubject, DeviceId, Digest, DocumentId, Location, OnSiteReportId,
    RefusalId, TimeClaim,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const VERSION: u8 = 1;
const OF_REFUSAL: u8 = 1;
const OF_REPORT: u8 = 2;

/// Drawn anew by a phone for each exchange: what answers it was made after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nonce(pub [u8; 16]);

impl std::fmt::Display for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}
impl std::fmt::Debug for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Nonce({self})")
    }
}
impl From<Nonce> for String {
    fn from(nonce: Nonce) -> String {
        nonce.to_string()
    }
}
impl TryFrom<String> for Nonce {
    type Error = hex::FromHexError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Why a code, a question or an answer is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoSignatureError {
    /// No code of ours, or one that was cut.
    #[error("this is no code of a co-signature")]
    Malformed,
    /// More than a QR code holds.
    #[error("this is more than a QR code holds")]
    TooLarge,
    /// The certificate is not the server's.
    #[error("the certificate: {0}")]
    Certificate(#[from] SignatureError),
    /// The certificate is another phone's than the one that speaks, or no phone's.
    #[error("the certificate is another phone's")]
    OtherDevice,
    /// The phone's signature does not hold.
    #[error("the signature does not hold")]
    Signature,
    /// The answer is to another question.
    #[error("the answer is to another question")]
    OtherQuestion,
}

impl CoSignatureError {
    /// The stable code of the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "co_signature.malformed",
            Self::TooLarge => "co_signature.too_large",
            Self::Certificate(_) => "co_signature.certificate",
            Self::OtherDevice => "co_signature.other_device",
            Self::Signature => "co_signature.signature",
            Self::OtherQuestion => "co_signature.other_question",
        }
    }
}

impl From<Unreadable> for CoSignatureError {
    fn from(_: Unreadable) -> Self {
        Self::Malformed
    }
}

/// Which phone speaks, when and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standpoint {
    /// The phone.
    pub device_id: DeviceId,
    /// Its actor, by which its certificate is found.
    pub actor: Actor,
    /// When, by its own clock.
    pub at: TimeClaim,
    /// Where, as it says.
    pub location: Option<Location>,
}

/// What the supervisor's phone shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// New for this exchange.
    pub nonce: Nonce,
    /// The phone that asks.
    pub from: Standpoint,
}

/// What the phone of the visit shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// New for this exchange: whoever answers with a parcel names it.
    pub nonce: Nonce,
    /// SHA-256 of the question's statement.
    pub question: Digest,
    /// The visit.
    pub document_id: DocumentId,
    /// What in it is to be confirmed.
    pub subject: ConfirmedSubject,
    /// The phone that answers.
    pub from: Standpoint,
}

/// A question or an answer: exact bytes, and who signs them.
pub trait Statement: Sized {
    /// What keeps a signature under one from being taken for another: `fieldseal/<context>/1\n` stands before the bytes.
    const CONTEXT: &'static str;
    /// What its code begins with.
    const PREFIX: &'static str;
    /// The bytes that are signed.
    ///
    /// # Errors
    /// Where something in it has no compact form.
    fn statement(&self) -> Result<Vec<u8>, CoSignatureError>;
    /// Reads them back.
    ///
    /// # Errors
    /// Where they are none of this kind.
    fn read(statement: &[u8]) -> Result<Self, CoSignatureError>;
    /// Who speaks.
    fn from(&self) -> &Standpoint;
}

fn message<S: Statement>(statement: &[u8]) -> Vec<u8> {
    let mut message = format!("fieldseal/{}/1\n", S::CONTEXT).into_bytes();
    message.extend_from_slice(statement);
    message
}

impl Standpoint {
    fn write(&self, writer: &mut Writer) -> Result<(), Unreadable> {
        writer.raw(self.device_id.0.as_bytes());
        writer.raw(&self.actor.0);
        writer.time(&self.at)?;
        writer.place(self.location.as_ref())
    }
    fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            device_id: DeviceId(Uuid::from_bytes(reader.array()?)),
            actor: Actor(reader.array()?),
            at: reader.time()?,
            location: reader.place()?,
        })
    }
}

fn begin() -> Writer {
    let mut writer = Writer::default();
    writer.byte(VERSION);
    writer
}

fn open(statement: &[u8]) -> Result<Reader<'_>, Unreadable> {
    let mut reader = Reader(statement);
    match reader.byte()? {
        VERSION => Ok(reader),
        _ => Err(Unreadable),
    }
}

impl Statement for Question {
    const CONTEXT: &'static str = "question";
    const PREFIX: &'static str = "FSQ1:";

    fn statement(&self) -> Result<Vec<u8>, CoSignatureError> {
        let mut writer = begin();
        writer.raw(&self.nonce.0);
        self.from.write(&mut writer)?;
        Ok(writer.0)
    }
    fn read(statement: &[u8]) -> Result<Self, CoSignatureError> {
        let mut reader = open(statement)?;
        let question = Self {
            nonce: Nonce(reader.array()?),
            from: Standpoint::read(&mut reader)?,
        };
        reader.end()?;
        Ok(question)
    }
    fn from(&self) -> &Standpoint {
        &self.from
    }
}

impl Statement for Answer {
    const CONTEXT: &'static str = "answer";
    const PREFIX: &'static str = "FSA1:";

    fn statement(&self) -> Result<Vec<u8>, CoSignatureError> {
        let mut writer = begin();
        writer.raw(&self.nonce.0);
        writer.raw(self.question.as_bytes());
        writer.raw(self.document_id.as_bytes());
        let (kind, id) = match self.subject {
            ConfirmedSubject::Refusal(id) => (OF_REFUSAL, id.0),
            ConfirmedSubject::OnSiteReport(id) => (OF_REPORT, id.0),
        };
        writer.byte(kind);
        writer.raw(id.as_bytes());
        self.from.write(&mut writer)?;
        Ok(writer.0)
    }
    fn read(statement: &[u8]) -> Result<Self, CoSignatureError> {
        let mut reader = open(statement)?;
        let (nonce, question) = (Nonce(reader.array()?), Digest(reader.array()?));
        let document_id = DocumentId(reader.array()?);
        let (kind, id) = (reader.byte()?, Uuid::from_bytes(reader.array()?));
        let answer = Self {
            nonce,
            question,
            document_id,
            subject: match kind {
                OF_REFUSAL => ConfirmedSubject::Refusal(RefusalId(id)),
                OF_REPORT => ConfirmedSubject::OnSiteReport(OnSiteReportId(id)),
                _ => return Err(CoSignatureError::Malformed),
            },
            from: Standpoint::read(&mut reader)?,
        };
        reader.end()?;
        Ok(answer)
    }
    fn from(&self) -> &Standpoint {
        &self.from
    }
}

/// A question or an answer under the signature of its phone, as it is kept in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spoken {
    /// The exact bytes that were signed, base64.
    pub statement: String,
    /// ECDSA P-256 of the phone, DER or raw r‖s, base64.
    pub signature: String,
}

impl Spoken {
    /// Says something: `sign` gives the phone's signature over the bytes that it is given.
    ///
    /// # Errors
    /// Where it has no compact form.
    pub fn say<S: Statement>(
        what: &S,
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Result<Self, CoSignatureError> {
        let statement = what.statement()?;
        Ok(Self {
            signature: STANDARD.encode(sign(&message::<S>(&statement))),
            statement: STANDARD.encode(&statement),
        })
    }

    fn parts(&self) -> Result<(Vec<u8>, Vec<u8>), CoSignatureError> {
        let held = self.statement.len().max(self.signature.len());
        if held > CO_SIGNATURE_BYTES_MAX {
            return Err(CoSignatureError::TooLarge);
        }
        let decode = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|_| CoSignatureError::Malformed)
        };
        Ok((decode(&self.statement)?, decode(&self.signature)?))
    }

    /// The exact bytes that were signed.
    ///
    /// # Errors
    /// Where they are no base64, or too many.
    pub fn statement_bytes(&self) -> Result<Vec<u8>, CoSignatureError> {
        self.parts().map(|(statement, _)| statement)
    }

    /// SHA-256 of the exact bytes: what an answer names.
    ///
    /// # Errors
    /// Where it is no base64.
    pub fn digest(&self) -> Result<Digest, CoSignatureError> {
        let statement = self.statement_bytes()?;
        Ok(Digest(Sha256::digest(statement).into()))
    }

    /// Verifies and reads it by the certificate of the phone that it names, which `certificate` gives by its actor.
    ///
    /// # Errors
    /// Where it is malformed, of another phone, or the signature does not hold.
    pub fn open<S: Statement>(
        &self,
        verifier: &dyn Verifier,
        certificate: impl FnOnce(&Actor) -> Option<CertificatePayload>,
    ) -> Result<(S, CertificatePayload), CoSignatureError> {
        let (statement, signature) = self.parts()?;
        let read = S::read(&statement)?;
        let from = read.from();
        let certificate = certificate(&from.actor)
            .filter(|it| it.kind == CertificateKind::Device && it.device_id == from.device_id)
            .filter(|it| it.actor == from.actor)
            .ok_or(CoSignatureError::OtherDevice)?;
        let key = STANDARD
            .decode(&certificate.public_key)
            .map_err(|_| CoSignatureError::OtherDevice)?;
        match verifier.verify_p256(&key, &message::<S>(&statement), &signature) {
            true => Ok((read, certificate)),
            false => Err(CoSignatureError::Signature),
        }
    }
}

/// A QR code: what is said, with the certificate of who says it, so that a phone that never heard of it can verify it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Signed by the phone.
    pub spoken: Spoken,
    /// Signed by the server.
    pub certificate: Signed<CertificatePayload>,
}

impl Shown {
    /// The text of the code, in the characters that codes hold most tightly.
    ///
    /// # Errors
    /// Where it is more than a code holds.
    pub fn to_code<S: Statement>(&self) -> Result<String, CoSignatureError> {
        let (statement, signature) = self.spoken.parts()?;
        S::read(&statement)?;
        let mut writer = Writer::default();
        writer.bytes(&statement)?;
        writer.bytes(&signature)?;
        writer.signed(&self.certificate)?;
        let text = format!("{}{}", S::PREFIX, base45(&writer.0));
        match text.len() <= QR_CHARS_MAX {
            true => Ok(text),
            false => Err(CoSignatureError::TooLarge),
        }
    }

    /// Reads a code and verifies all of it: the certificate by a key of the server's that is believed here, the rest by the
    /// certificate.
    ///
    /// # Errors
    /// What does not hold.
    pub fn from_code<S: Statement>(
        text: &str,
        keys: &BelievedKeys,
        verifier: &dyn Verifier,
    ) -> Result<(Self, S, CertificatePayload), CoSignatureError> {
        if text.len() > QR_CHARS_MAX {
            return Err(CoSignatureError::TooLarge);
        }
        let body = text.strip_prefix(S::PREFIX);
        let bytes = bytes_of(body.ok_or(CoSignatureError::Malformed)?)?;
        let mut reader = Reader(&bytes);
        let spoken = Spoken {
            statement: STANDARD.encode(reader.bytes()?),
            signature: STANDARD.encode(reader.bytes()?),
        };
        let certificate = reader.signed::<CertificatePayload>()?;
        reader.end()?;
        let payload = keys.open(&certificate, verifier)?;
        let (read, payload) = spoken.open(verifier, |_| Some(payload))?;
        let shown = Self {
            spoken,
            certificate,
        };
        Ok((shown, read, payload))
    }
}

/// A question and its answer, as the supervisor's phone writes them into the confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoSignature {
    /// Its id.
    pub co_signature_id: CoSignatureId,
    /// What the supervisor's phone asked.
    pub question: Spoken,
    /// What the phone of the visit answered.
    pub answer: Spoken,
}

/// Whether an answer is to this question.
///
/// # Errors
/// Where it is to another one.
pub fn answers(question: &Spoken, answer: &Answer) -> Result<(), CoSignatureError> {
    match question.digest()? == answer.question {
        true => Ok(()),
        false => Err(CoSignatureError::OtherQuestion),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::proof::{OrganisationKind, Role, TimeTokenPayload};
    use crate::rules::testing::Random;

    /// Stands for both algorithms: a signature is the hash of key and message, twice.
    pub(crate) struct Sums;

    pub(crate) fn sums(key: &[u8], message: &[u8]) -> Vec<u8> {
        let sum: [u8; 32] = Sha256::new()
            .chain_update(key)
            .chain_update(message)
            .finalize()
            .into();
        [sum, sum].concat()
    }

    impl Verifier for Sums {
        fn verify_p256(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
            sums(key, message) == signature
        }
        fn verify_ed25519(&self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
            sums(key, message) == signature
        }
    }

    pub(crate) const SERVER: [u8; 32] = [3; 32];

    pub(crate) fn believed() -> BelievedKeys {
        let mut keys = BelievedKeys::default();
        assert!(keys.pin(&super::super::key_id(&SERVER), &STANDARD.encode(SERVER), 0));
        keys
    }

    /// A phone's certificate, with keys as long as real ones.
    pub(crate) fn certificate(number: u8, role: Role) -> CertificatePayload {
        CertificatePayload {
            serial: 1_000 + i64::from(number),
            kind: CertificateKind::Device,
            device_id: DeviceId(Uuid::from_u128(
                0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number),
            )),
            actor: Actor([number; 16]),
            public_key: STANDARD.encode([number; 65]),
            agreement_key: Some(STANDARD.encode([number; 65])),
            user_id: crate::model::UserId(Uuid::from_u128(
                0x0190_0000_0000_7000_9000_0000_0000_0000 + u128::from(number),
            )),
            user_name: "欧阳示例".into(),
            certificate_no: Some("14050000001".into()),
            organisation_id: crate::model::OrganisationId(Uuid::from_u128(
                0x0190_0000_0000_7000_a000_0000_0000_0000,
            )),
            organisation_kind: OrganisationKind::Authority,
            roles: vec![role],
            regions: vec!["140502".into()],
            not_before_ms: 1_740_000_000_000,
            not_after_ms: 1_771_000_000_000,
        }
    }

    pub(crate) fn signed(payload: &CertificatePayload) -> Signed<CertificatePayload> {
        Signed::sign(payload, super::super::key_id(&SERVER), |it| {
            sums(&SERVER, it)
        })
    }

    fn standpoint(number: u8) -> Standpoint {
        let it = certificate(number, Role::Enforcement);
        let token = Signed::sign(
            &TimeTokenPayload {
                device_id: it.device_id,
                at_ms: 1_740_790_800_000,
                nonce: "0123456789abcdef".into(),
            },
            super::super::key_id(&SERVER),
            |message| sums(&SERVER, message),
        );
        Standpoint {
            device_id: it.device_id,
            actor: it.actor,
            at: TimeClaim {
                wall_ms: 1_740_790_900_000,
                token_at_ms: Some(1_740_790_800_000),
                token: serde_json::to_string(&token).ok(),
                token_rtt_ms: 80,
                elapsed_ms: Some(100_000),
            },
            location: Some(Location {
                latitude_e7: 354_900_000,
                longitude_e7: 1_128_500_000,
                accuracy_mm: 8_000,
                crs_source: "gcj02".into(),
                mocked: false,
            }),
        }
    }

    pub(crate) fn question(number: u8) -> Question {
        Question {
            nonce: Nonce([7; 16]),
            from: standpoint(number),
        }
    }

    pub(crate) fn say<S: Statement>(what: &S, number: u8) -> Spoken {
        Spoken::say(what, |message| sums(&[number; 65], message)).unwrap()
    }

    pub(crate) fn answer(number: u8, question: &Spoken) -> Answer {
        Answer {
            nonce: Nonce([8; 16]),
            question: question.digest().unwrap(),
            document_id: DocumentId([1; 32]),
            subject: ConfirmedSubject::Refusal(RefusalId(Uuid::from_u128(21))),
            from: standpoint(number),
        }
    }

    fn code<S: Statement>(what: &S, number: u8) -> String {
        let shown = Shown {
            spoken: say(what, number),
            certificate: signed(&certificate(number, Role::Enforcement)),
        };
        shown.to_code::<S>().unwrap()
    }

    fn read<S: Statement>(text: &str) -> Result<S, CoSignatureError> {
        Shown::from_code::<S>(text, &believed(), &Sums).map(|(_, read, _)| read)
    }

    /// Version 20 at the lowest level of correction: what any phone reads from another's screen.
    const EASY_CHARS: usize = 1_249;

    #[test]
    fn one_code_each_way_proves_that_two_phones_stood_together() {
        let asked = code(&question(1), 1);
        let (shown, heard, by) = Shown::from_code::<Question>(&asked, &believed(), &Sums).unwrap();
        assert_eq!(
            (heard, by.device_id),
            (question(1), standpoint(1).device_id)
        );
        let said = answer(2, &shown.spoken);
        let answered = code(&said, 2);
        let back: Answer = read(&answered).unwrap();
        assert_eq!(back, said);
        assert_eq!(answers(&shown.spoken, &back), Ok(()));
        for text in [&asked, &answered] {
            assert!(text.len() < EASY_CHARS, "{}", text.len());
            assert!(
                text.bytes()
                    .all(|it| it.is_ascii_uppercase() || b" $%*+-./:0123456789".contains(&it))
            );
        }
    }

    #[test]
    fn an_answer_to_another_question_answers_nothing() {
        let (one, mut other) = (question(1), question(1));
        other.nonce = Nonce([9; 16]);
        let (one, other) = (say(&one, 1), say(&other, 1));
        let said = answer(2, &one);
        assert_eq!(answers(&one, &said), Ok(()));
        let refused = answers(&other, &said).unwrap_err();
        assert_eq!(refused.code(), "co_signature.other_question");
    }

    #[test]
    fn a_question_is_no_answer_and_an_answer_is_no_question() {
        let asked = code(&question(1), 1);
        assert_eq!(
            read::<Answer>(&asked).unwrap_err().code(),
            "co_signature.malformed"
        );
        let relabelled = asked.replacen(Question::PREFIX, Answer::PREFIX, 1);
        assert_eq!(
            read::<Answer>(&relabelled).unwrap_err().code(),
            "co_signature.malformed"
        );
    }

    #[test]
    fn what_another_phone_or_no_server_vouches_for_is_not_believed() {
        let of = |spoken: Spoken, certificate: Signed<CertificatePayload>| {
            let shown = Shown {
                spoken,
                certificate,
            };
            let text = shown.to_code::<Question>().unwrap();
            read::<Question>(&text).unwrap_err().code()
        };
        let honest = signed(&certificate(1, Role::Enforcement));
        assert_eq!(
            of(say(&question(1), 2), honest.clone()),
            "co_signature.signature"
        );
        assert_eq!(
            of(say(&question(2), 2), honest.clone()),
            "co_signature.other_device"
        );
        let mut signer = certificate(1, Role::Enforcement);
        signer.kind = CertificateKind::Signer;
        assert_eq!(
            of(say(&question(1), 1), signed(&signer)),
            "co_signature.other_device"
        );
        let forged = Signed::sign(
            &certificate(1, Role::Enforcement),
            super::super::key_id(&SERVER),
            |it| sums(&[4; 32], it),
        );
        assert_eq!(of(say(&question(1), 1), forged), "co_signature.certificate");
        let own = Signed::sign(
            &certificate(1, Role::Enforcement),
            super::super::key_id(&[4; 32]),
            |it| sums(&[4; 32], it),
        );
        assert_eq!(of(say(&question(1), 1), own), "co_signature.certificate");
    }

    #[test]
    fn a_code_with_any_character_changed_proves_nothing_else() {
        let asked = code(&question(1), 1);
        let mut random = Random(9);
        for _ in 0..400 {
            let mut odd: Vec<u8> = asked.bytes().collect();
            let place = random.below(odd.len() as u64) as usize;
            let with = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"[random.below(45) as usize];
            if odd[place] == with {
                continue;
            }
            odd[place] = with;
            let odd = String::from_utf8(odd).unwrap();
            assert!(read::<Question>(&odd).is_err(), "{place} {with}");
        }
        for cut in 0..asked.len() {
            assert!(read::<Question>(&asked[..cut]).is_err(), "{cut}");
        }
        assert!(read::<Question>(&format!("{asked}00")).is_err());
    }

    #[test]
    fn what_no_code_holds_is_refused_at_the_limit_and_not_below_it() {
        let with_name = |chars: usize| {
            let mut it = certificate(1, Role::Enforcement);
            it.user_name = "x".repeat(chars);
            let shown = Shown {
                spoken: say(&question(1), 1),
                certificate: signed(&it),
            };
            shown.to_code::<Question>()
        };
        let bare = with_name(0).unwrap().len();
        // Two bytes are three characters.
        let fits = (QR_CHARS_MAX - bare) / 3 * 2;
        let largest = with_name(fits).unwrap();
        assert!(largest.len() <= QR_CHARS_MAX && largest.len() > QR_CHARS_MAX - 6);
        assert!(read::<Question>(&largest).is_ok());
        assert_eq!(
            with_name(fits + 4).unwrap_err().code(),
            "co_signature.too_large"
        );
        let longer = format!("{largest}{}", "0".repeat(QR_CHARS_MAX + 1 - largest.len()));
        assert_eq!(
            read::<Question>(&longer).unwrap_err().code(),
            "co_signature.too_large"
        );
        let longest_name = with_name(crate::limits::NAME_CHARS_MAX * 3);
        assert!(longest_name.is_ok(), "the longest name that is taken");
        let kept = Spoken {
            statement: "A".repeat(CO_SIGNATURE_BYTES_MAX + 4),
            signature: String::new(),
        };
        assert_eq!(kept.digest().unwrap_err().code(), "co_signature.too_large");
        let kept = Spoken {
            statement: "A".repeat(CO_SIGNATURE_BYTES_MAX),
            signature: String::new(),
        };
        assert!(kept.digest().is_ok());
    }

    #[test]
    fn the_statement_of_a_question_stays_as_it_was_released() {
        let mut it = question(1);
        it.from.at.token = None;
        let statement = it.statement().unwrap();
        assert_eq!(
            hex::encode(&statement),
            include_str!("../../golden/co_signature_question.hex").trim()
        );
        assert_eq!(Question::read(&statement), Ok(it));
    }
}
