//! 密封包: what one phone hands another without a network, as a file: signed by the phone that made it, and sealed with HPKE
//! (RFC 9180) to the certified key of the phone that asked for it.
//!
//! The recipient showed a nonce in a QR code, with its certificate; the parcel names that nonce, so that one which nobody
//! asked for, or which was meant for another meeting, is not opened twice. The sender signs for whom it is before it is
//! sealed: whoever opens it cannot seal it again to a third and let it seem to come from the first.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::co_signature::Nonce;
use super::compact::{Reader, Unreadable, Writer};
use super::{BelievedKeys, CertificateKind, CertificatePayload, SignatureError, Signed, Verifier};
use crate::limits::{PARCEL_BYTES_MAX, PARCEL_HEADER_BYTES_MAX};
use crate::model::{DeviceId, Millis, ParcelId};

type Suite = DhP256HkdfSha256;
/// The first line of every parcel.
const MAGIC: &[u8] = b"fieldseal/parcel/1\n";
/// What the key that seals a parcel is derived for.
const INFO: &[u8] = b"fieldseal/parcel/1";

/// Why a parcel is not made or not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParcelError {
    /// No parcel, or one that was cut.
    #[error("this is no parcel")]
    Malformed,
    /// More than a parcel may be.
    #[error("the parcel is larger than {PARCEL_BYTES_MAX} bytes")]
    TooLarge,
    /// Nobody can seal to a phone whose certificate has no key for it.
    #[error("the recipient's certificate has no key to seal to")]
    NoAgreementKey,
    /// For another phone, or for a key that this one no longer has.
    #[error("the parcel is for another phone")]
    WrongRecipient,
    /// What is in it is not what was put there, or the address was changed.
    #[error("the parcel was tampered with")]
    Tampered,
    /// This phone never showed the code that it answers.
    #[error("the parcel answers no code that this phone has shown")]
    NotAskedFor,
    /// It was opened here before.
    #[error("the parcel was opened before")]
    Replayed,
    /// The sender's certificate is not the server's.
    #[error("the sender's certificate: {0}")]
    Certificate(#[from] SignatureError),
    /// The sender's certificate is no phone's, or was provably not in force.
    #[error("the sender's certificate is not one that sends parcels now")]
    Sender,
    /// The sender's signature does not hold for these contents and this recipient.
    #[error("the sender's signature does not hold")]
    Signature,
}

impl ParcelError {
    /// The stable code of the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "parcel.malformed",
            Self::TooLarge => "parcel.too_large",
            Self::NoAgreementKey => "parcel.no_agreement_key",
            Self::WrongRecipient => "parcel.wrong_recipient",
            Self::Tampered => "parcel.tampered",
            Self::NotAskedFor => "parcel.not_asked_for",
            Self::Replayed => "parcel.replayed",
            Self::Certificate(_) => "parcel.certificate",
            Self::Sender => "parcel.sender",
            Self::Signature => "parcel.signature",
        }
    }
}

impl From<Unreadable> for ParcelError {
    fn from(_: Unreadable) -> Self {
        Self::Malformed
    }
}

/// A phone's key for parcels. It lives beside the key that signs and is no use for signing.
#[derive(Clone)]
pub struct AgreementKey {
    private: <Suite as Kem>::PrivateKey,
    public: Vec<u8>,
}

impl std::fmt::Debug for AgreementKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AgreementKey({})", key_name(&self.public))
    }
}

impl AgreementKey {
    /// Derives a key from 32 random bytes (RFC 9180 §7.1.3), which are kept in its place.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let (private, public) = Suite::derive_keypair(seed);
        Self {
            private,
            public: public.to_bytes().to_vec(),
        }
    }

    /// SEC1, uncompressed: what the certificate holds, in base64.
    pub fn public(&self) -> &[u8] {
        &self.public
    }
}

/// The name of an agreement key: the first 16 hex digits of its SHA-256.
fn key_name(public: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(public).into();
    hex::encode(&hash[..8])
}

/// What stands outside, for whoever carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelHeader {
    /// Its id.
    pub parcel_id: ParcelId,
    /// For which phone.
    pub recipient: DeviceId,
    /// For which of its keys.
    pub recipient_key: String,
    /// The nonce that the recipient showed.
    pub answers: Nonce,
    /// The encapsulated key (RFC 9180), base64.
    pub enc: String,
}

/// What is to be sent, by whom and in answer to what.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// A new id, a UUIDv7.
    pub parcel_id: ParcelId,
    /// The nonce that the recipient showed.
    pub answers: Nonce,
    /// Of the recipient, verified.
    pub recipient: &'a CertificatePayload,
    /// Of this phone, as the server signed it.
    pub sender: &'a Signed<CertificatePayload>,
    /// What is inside.
    pub contents: &'a [u8],
}

/// What was sent, by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its id: kept, so that it is not opened again.
    pub parcel_id: ParcelId,
    /// Which of this phone's codes it answers.
    pub answers: Nonce,
    /// Who sent it.
    pub sender: CertificatePayload,
    /// As the server signed it, to be kept with the others.
    pub certificate: Signed<CertificatePayload>,
    /// What is inside.
    pub contents: Vec<u8>,
}

/// The phone that opens parcels, and what it remembers of them.
pub struct Recipient<'a> {
    /// This phone.
    pub device_id: DeviceId,
    /// Its keys for parcels, the present one and earlier ones.
    pub keys: &'a [AgreementKey],
    /// Keys of the server that it believes.
    pub believed: &'a BelievedKeys,
    /// The algorithms.
    pub verifier: &'a dyn Verifier,
    /// Whether it showed this nonce.
    pub asked: &'a dyn Fn(&Nonce) -> bool,
    /// Whether it opened this parcel before.
    pub seen: &'a dyn Fn(&ParcelId) -> bool,
    /// The earliest instant that it can be, milliseconds.
    pub earliest_now_ms: Millis,
}

/// What the sender signs: for whom, in answer to what, and what is inside.
fn statement(
    parcel: ParcelId,
    sender: DeviceId,
    recipient: DeviceId,
    recipient_key: &str,
    answers: &Nonce,
    contents: &[u8],
) -> Vec<u8> {
    let contents = hex::encode(Sha256::digest(contents));
    format!(
        "fieldseal/parcel/1\n{parcel}\n{sender}\n{recipient}\n{recipient_key}\n{answers}\n{contents}\n"
    )
    .into_bytes()
}

/// Makes a parcel. `sign` gives the P-256 signature of the sending phone over the bytes that it is given; `seed` is 32
/// random bytes, drawn for this parcel and never used again.
///
/// # Errors
/// Where the recipient has no key to seal to, or there is too much inside.
pub fn seal(
    sending: &Sending<'_>,
    seed: &[u8; 32],
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<Vec<u8>, ParcelError> {
    let key = sending.recipient.agreement_key.as_deref();
    let key = key.and_then(|key| STANDARD.decode(key).ok());
    let key = key.ok_or(ParcelError::NoAgreementKey)?;
    let recipient_key = key_name(&key);
    let sender = sending.sender.read_unverified()?;
    let signature = sign(&statement(
        sending.parcel_id,
        sender.device_id,
        sending.recipient.device_id,
        &recipient_key,
        &sending.answers,
        sending.contents,
    ));
    let mut inside = Writer::default();
    inside.signed(sending.sender)?;
    inside.bytes(&signature)?;
    inside.raw(sending.contents);

    let (enc, mut context) = sender_context(&key, seed)?;
    let header = ParcelHeader {
        parcel_id: sending.parcel_id,
        recipient: sending.recipient.device_id,
        recipient_key,
        answers: sending.answers,
        enc: STANDARD.encode(enc),
    };
    let mut parcel = MAGIC.to_vec();
    parcel.extend(serde_json::to_vec(&header).map_err(|_| ParcelError::Malformed)?);
    parcel.push(b'\n');
    let sealed = context.seal(&inside.0, &parcel);
    parcel.extend(sealed.map_err(|_| ParcelError::Malformed)?);
    match parcel.len() <= PARCEL_BYTES_MAX {
        true => Ok(parcel),
        false => Err(ParcelError::TooLarge),
    }
}

/// What stands outside a parcel, unverified: for whom it is.
///
/// # Errors
/// Where it is none, or too large.
pub fn header_of(parcel: &[u8]) -> Result<ParcelHeader, ParcelError> {
    parts(parcel).map(|(header, _, _)| header)
}

/// The header, the bytes that stand outside, and what is sealed.
fn parts(parcel: &[u8]) -> Result<(ParcelHeader, &[u8], &[u8]), ParcelError> {
    if parcel.len() > PARCEL_BYTES_MAX {
        return Err(ParcelError::TooLarge);
    }
    let rest = parcel.strip_prefix(MAGIC).ok_or(ParcelError::Malformed)?;
    let within = rest.iter().take(PARCEL_HEADER_BYTES_MAX);
    let line = within.take_while(|byte| **byte != b'\n').count();
    if rest.get(line) != Some(&b'\n') {
        return Err(ParcelError::Malformed);
    }
    let header = serde_json::from_slice(&rest[..line]).map_err(|_| ParcelError::Malformed)?;
    let (outside, sealed) = parcel.split_at(MAGIC.len() + line + 1);
    Ok((header, outside, sealed))
}

impl Recipient<'_> {
    /// Opens a parcel and verifies all of it. Nothing of what is inside was looked at: changes in it pass the guard and
    /// their authors' signatures as if they had come over the network.
    ///
    /// # Errors
    /// What does not hold; the parcel may be kept and shown with that code.
    pub fn open(&self, parcel: &[u8]) -> Result<Opened, ParcelError> {
        let (header, outside, sealed) = parts(parcel)?;
        let named = |key: &&AgreementKey| key_name(&key.public) == header.recipient_key;
        let key = self.keys.iter().find(named);
        let key = key.filter(|_| header.recipient == self.device_id);
        let key = key.ok_or(ParcelError::WrongRecipient)?;
        let enc = STANDARD.decode(&header.enc);
        let enc = enc.map_err(|_| ParcelError::Malformed)?;
        let inside = open_with(&key.private, &enc, outside, sealed)?;
        let mut reader = Reader(&inside);
        let certificate = reader.signed::<CertificatePayload>()?;
        let signature = reader.bytes()?;
        let contents = reader.0;
        let sender = self.believed.open(&certificate, self.verifier)?;
        if sender.kind != CertificateKind::Device || sender.not_after_ms < self.earliest_now_ms {
            return Err(ParcelError::Sender);
        }
        let signed = statement(
            header.parcel_id,
            sender.device_id,
            header.recipient,
            &header.recipient_key,
            &header.answers,
            contents,
        );
        let public = STANDARD.decode(&sender.public_key);
        let public = public.map_err(|_| ParcelError::Sender)?;
        if !self.verifier.verify_p256(&public, &signed, signature) {
            return Err(ParcelError::Signature);
        }
        // Only of what is proved to be theirs: who makes parcels up learns nothing of what was opened here.
        if (self.seen)(&header.parcel_id) {
            return Err(ParcelError::Replayed);
        }
        if !(self.asked)(&header.answers) {
            return Err(ParcelError::NotAskedFor);
        }
        Ok(Opened {
            parcel_id: header.parcel_id,
            answers: header.answers,
            contents: contents.to_vec(),
            sender,
            certificate,
        })
    }
}

type SenderContext = hpke::aead::AeadCtxS<ChaCha20Poly1305, HkdfSha256, Suite>;

/// HPKE in base mode to a public key, with the ephemeral key that follows from the seed.
fn sender_context(public: &[u8], seed: &[u8; 32]) -> Result<(Vec<u8>, SenderContext), ParcelError> {
    sender_context_for(public, seed, INFO)
}

fn sender_context_for(
    public: &[u8],
    seed: &[u8; 32],
    info: &[u8],
) -> Result<(Vec<u8>, SenderContext), ParcelError> {
    let public = <Suite as Kem>::PublicKey::from_bytes(public);
    let public = public.map_err(|_| ParcelError::NoAgreementKey)?;
    let mut drawn = Drawn { seed, count: 0 };
    let made = hpke::setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, Suite>(
        &OpModeS::Base,
        &public,
        info,
        &mut drawn,
    );
    let (enc, context) = made.map_err(|_| ParcelError::NoAgreementKey)?;
    Ok((enc.to_bytes().to_vec(), context))
}

fn open_with(
    private: &<Suite as Kem>::PrivateKey,
    enc: &[u8],
    outside: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, ParcelError> {
    open_for(private, enc, INFO, outside, sealed)
}

fn open_for(
    private: &<Suite as Kem>::PrivateKey,
    enc: &[u8],
    info: &[u8],
    outside: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, ParcelError> {
    let enc = <Suite as Kem>::EncappedKey::from_bytes(enc).map_err(|_| ParcelError::Tampered)?;
    let context = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, Suite>(
        &OpModeR::Base,
        private,
        &enc,
        info,
    );
    let mut context = context.map_err(|_| ParcelError::Tampered)?;
    let opened = context.open(sealed, outside);
    opened.map_err(|_| ParcelError::Tampered)
}

/// Randomness that was passed in: the seed itself, and should more be asked for, hashes of it.
struct Drawn<'a> {
    seed: &'a [u8; 32],
    count: u64,
}

impl Drawn<'_> {
    fn block(&mut self) -> [u8; 32] {
        let block = match self.count {
            0 => *self.seed,
            count => {
                let mut hasher = Sha256::new();
                hasher.update(self.seed);
                hasher.update(count.to_be_bytes());
                hasher.finalize().into()
            }
        };
        self.count += 1;
        block
    }
}

impl hpke::rand_core::TryRng for Drawn<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for part in bytes.chunks_mut(32) {
            let block = self.block();
            part.copy_from_slice(&block[..part.len()]);
        }
        Ok(())
    }
}

impl hpke::rand_core::TryCryptoRng for Drawn<'_> {}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::super::co_signature::tests::{Sums, believed, certificate, signed, sums};
    use super::super::{Role, tip_statement};
    use super::*;
    use crate::rules::testing::Random;

    fn key(number: u8) -> AgreementKey {
        AgreementKey::from_seed(&[number; 32])
    }

    /// A phone with a key for parcels.
    fn phone(number: u8) -> CertificatePayload {
        CertificatePayload {
            agreement_key: Some(STANDARD.encode(key(number).public())),
            ..certificate(number, Role::Sampler)
        }
    }

    fn parcel_id(number: u128) -> ParcelId {
        ParcelId(Uuid::from_u128(number))
    }

    const ASKED: Nonce = Nonce([8; 16]);

    fn sent(from: u8, to: u8, contents: &[u8]) -> Result<Vec<u8>, ParcelError> {
        let (sender, recipient) = (signed(&phone(from)), phone(to));
        let sending = Sending {
            parcel_id: parcel_id(1),
            answers: ASKED,
            recipient: &recipient,
            sender: &sender,
            contents,
        };
        seal(&sending, &[77; 32], |message| sums(&[from; 65], message))
    }

    /// Phone `number` opens it, having shown the nonce and opened these before.
    fn opens(number: u8, parcel: &[u8], before: &[ParcelId]) -> Result<Opened, ParcelError> {
        let (keys, believed) = ([key(9), key(number)], believed());
        let recipient = Recipient {
            device_id: phone(number).device_id,
            keys: &keys,
            believed: &believed,
            verifier: &Sums,
            asked: &|nonce| *nonce == ASKED,
            seen: &|id| before.contains(id),
            earliest_now_ms: 1_750_000_000_000,
        };
        recipient.open(parcel)
    }

    fn code(opened: Result<Opened, ParcelError>) -> &'static str {
        opened.map_or_else(|error| error.code(), |_| "opened")
    }

    #[test]
    fn what_one_phone_seals_to_another_comes_out_as_it_went_in_and_says_who_sent_it() {
        for contents in [&b""[..], b"the case", &[0; 100_000]] {
            let parcel = sent(1, 2, contents).unwrap();
            let opened = opens(2, &parcel, &[]).unwrap();
            assert_eq!(opened.contents, contents);
            assert_eq!(opened.sender, phone(1));
            assert_eq!((opened.parcel_id, opened.answers), (parcel_id(1), ASKED));
            assert_eq!(header_of(&parcel).unwrap().recipient, phone(2).device_id);
            let shown =
                contents.len() < 16 || !parcel.windows(contents.len()).any(|it| it == contents);
            assert!(shown, "nobody on the way reads it");
        }
    }

    #[test]
    fn the_wrong_recipient_a_replay_and_what_nobody_asked_for_have_codes_of_their_own() {
        let parcel = sent(1, 2, b"the case").unwrap();
        assert_eq!(code(opens(3, &parcel, &[])), "parcel.wrong_recipient");
        assert_eq!(code(opens(2, &parcel, &[parcel_id(1)])), "parcel.replayed");
        assert_eq!(code(opens(2, &parcel, &[parcel_id(2)])), "opened");
        let seen = RefCell::new(BTreeSet::new());
        let (keys, believed) = ([key(2)], believed());
        let opens_once = |nonce: Nonce| {
            let recipient = Recipient {
                device_id: phone(2).device_id,
                keys: &keys,
                believed: &believed,
                verifier: &Sums,
                asked: &|it| *it == nonce,
                seen: &|id| !seen.borrow_mut().insert(*id),
                earliest_now_ms: 0,
            };
            code(recipient.open(&parcel))
        };
        assert_eq!(opens_once(ASKED), "opened");
        assert_eq!(opens_once(ASKED), "parcel.replayed");
        seen.borrow_mut().clear();
        assert_eq!(opens_once(Nonce([9; 16])), "parcel.not_asked_for");
    }

    #[test]
    fn a_parcel_with_any_byte_changed_or_cut_is_not_opened() {
        let parcel = sent(1, 2, b"the case").unwrap();
        let mut random = Random(1);
        for _ in 0..600 {
            let mut odd = parcel.clone();
            let place = random.below(odd.len() as u64) as usize;
            odd[place] ^= 1 << random.below(8);
            let told = code(opens(2, &odd, &[]));
            assert!(
                [
                    "parcel.malformed",
                    "parcel.tampered",
                    "parcel.wrong_recipient"
                ]
                .contains(&told),
                "{place}: {told}"
            );
        }
        for cut in 0..parcel.len() {
            assert_ne!(code(opens(2, &parcel[..cut], &[])), "opened", "{cut}");
        }
        let longer = [parcel, vec![0]].concat();
        assert_eq!(code(opens(2, &longer, &[])), "parcel.tampered");
    }

    #[test]
    fn another_address_on_the_outside_is_tampering() {
        let parcel = sent(1, 2, b"the case").unwrap();
        let text = |it: &[u8]| it.iter().map(|byte| char::from(*byte)).collect::<String>();
        let bytes = |it: &str| it.chars().map(|it| it as u8).collect::<Vec<u8>>();
        for (was, is) in [
            (parcel_id(1).to_string(), parcel_id(2).to_string()),
            (ASKED.to_string(), Nonce([9; 16]).to_string()),
        ] {
            let odd = bytes(&text(&parcel).replacen(&was, &is, 1));
            assert_eq!(code(opens(2, &odd, &[])), "parcel.tampered");
        }
    }

    #[test]
    fn nobody_sends_in_anothers_name_and_nobody_passes_a_parcel_on_as_its_senders() {
        let (sender, recipient) = (signed(&phone(1)), phone(2));
        let sending = Sending {
            parcel_id: parcel_id(1),
            answers: ASKED,
            recipient: &recipient,
            sender: &sender,
            contents: b"the case",
        };
        let forged = seal(&sending, &[7; 32], |message| sums(&[3; 65], message)).unwrap();
        assert_eq!(code(opens(2, &forged, &[])), "parcel.signature");
        // Phone 2 opened it and seals the same signed contents to phone 3.
        let signature = RefCell::new(Vec::new());
        seal(&sending, &[7; 32], |message| {
            *signature.borrow_mut() = sums(&[1; 65], message);
            signature.borrow().clone()
        })
        .unwrap();
        let third = phone(3);
        let passed_on = Sending {
            recipient: &third,
            ..sending
        };
        let parcel = seal(&passed_on, &[8; 32], |_| signature.borrow().clone()).unwrap();
        assert_eq!(code(opens(3, &parcel, &[])), "parcel.signature");
        // What a phone signs for its changes is no signature of a parcel.
        let tip = tip_statement(&crate::proof::TipStatement {
            document_id: crate::model::DocumentId([1; 32]),
            actor: phone(1).actor,
            seq: 1,
            hash: crate::model::ChangeHash([1; 32]),
        });
        let tip = seal(&sending, &[7; 32], |_| sums(&[1; 65], &tip)).unwrap();
        assert_eq!(code(opens(2, &tip, &[])), "parcel.signature");
    }

    #[test]
    fn only_a_certified_phone_in_force_sends() {
        let told = |certificate: Signed<CertificatePayload>| {
            let recipient = phone(2);
            let sending = Sending {
                parcel_id: parcel_id(1),
                answers: ASKED,
                recipient: &recipient,
                sender: &certificate,
                contents: b"",
            };
            let parcel = seal(&sending, &[7; 32], |message| sums(&[1; 65], message)).unwrap();
            code(opens(2, &parcel, &[]))
        };
        assert_eq!(told(signed(&phone(1))), "opened");
        let mut signer = phone(1);
        signer.kind = CertificateKind::Signer;
        assert_eq!(told(signed(&signer)), "parcel.sender");
        let mut ended = phone(1);
        ended.not_after_ms = 1_749_999_999_999;
        assert_eq!(told(signed(&ended)), "parcel.sender");
        ended.not_after_ms += 1;
        assert_eq!(told(signed(&ended)), "opened");
        let own = Signed::sign(&phone(1), super::super::key_id(&[4; 32]), |it| {
            sums(&[4; 32], it)
        });
        assert_eq!(told(own), "parcel.certificate");
    }

    #[test]
    fn nobody_seals_to_a_phone_without_a_key_or_with_one_that_is_no_point() {
        let to = |agreement_key: Option<String>| {
            let recipient = CertificatePayload {
                agreement_key,
                ..phone(2)
            };
            let sender = signed(&phone(1));
            let sending = Sending {
                parcel_id: parcel_id(1),
                answers: ASKED,
                recipient: &recipient,
                sender: &sender,
                contents: b"",
            };
            seal(&sending, &[7; 32], |_| vec![]).unwrap_err().code()
        };
        for odd in [
            None,
            Some(String::new()),
            Some("?".into()),
            Some(STANDARD.encode([4; 65])),
        ] {
            assert_eq!(to(odd), "parcel.no_agreement_key");
        }
    }

    #[test]
    fn a_parcel_may_be_as_large_as_the_limit_and_no_larger() {
        let bare = sent(1, 2, b"").unwrap().len();
        let fits = vec![0; PARCEL_BYTES_MAX - bare];
        let parcel = sent(1, 2, &fits).unwrap();
        assert_eq!(parcel.len(), PARCEL_BYTES_MAX);
        assert_eq!(code(opens(2, &parcel, &[])), "opened");
        let over = [fits, vec![0]].concat();
        assert_eq!(sent(1, 2, &over).unwrap_err().code(), "parcel.too_large");
        let longer = [parcel, vec![0]].concat();
        assert_eq!(code(opens(2, &longer, &[])), "parcel.too_large");
    }

    #[test]
    fn a_line_that_never_ends_is_no_header() {
        let long = |bytes: usize| [MAGIC, &vec![b' '; bytes][..], b"\n"].concat();
        for bytes in [0, PARCEL_HEADER_BYTES_MAX, PARCEL_HEADER_BYTES_MAX + 1] {
            assert_eq!(header_of(&long(bytes)), Err(ParcelError::Malformed));
        }
        let parcel = sent(1, 2, b"").unwrap();
        let rest = &parcel[MAGIC.len()..];
        let line = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let padded = |bytes: usize| {
            let spaces = vec![b' '; bytes - line];
            [MAGIC, &rest[..line], &spaces, &rest[line..]].concat()
        };
        assert!(header_of(&padded(PARCEL_HEADER_BYTES_MAX)).is_ok());
        assert!(header_of(&padded(PARCEL_HEADER_BYTES_MAX + 1)).is_err());
    }

    /// RFC 9180, appendix A.5.1: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base mode.
    #[test]
    fn it_is_the_hpke_of_rfc_9180() {
        let hex = |text: &str| hex::decode(text).unwrap();
        let seed = |text: &str| <[u8; 32]>::try_from(hex(text)).unwrap();
        let recipient = AgreementKey::from_seed(&seed(
            "61092f3f56994dd424405899154a9918353e3e008171517ad576b900ddb275e7",
        ));
        let ephemeral = seed("f1f1a3bc95416871539ecb51c3a8f0cf608afb40fbbe305c0a72819d35c33f1f");
        let (info, aad) = (
            hex("4f6465206f6e2061204772656369616e2055726e"),
            hex("436f756e742d30"),
        );
        let plain = hex("4265617574792069732074727574682c20747275746820626561757479");
        let (enc, mut context) = sender_context_for(recipient.public(), &ephemeral, &info).unwrap();
        let sealed = context.seal(&plain, &aad).unwrap();
        assert_eq!(
            hex::encode(&enc),
            concat!(
                "04c07836a0206e04e31d8ae99bfd549380b072a1b1b82e563c935c095827824fc1",
                "559eac6fb9e3c70cd3193968994e7fe9781aa103f5b50e934b5b2f387e381291"
            )
        );
        assert_eq!(
            hex::encode(&sealed),
            "6469c41c5c81d3aa85432531ecf6460ec945bde1eb428cb2fedf7a29f5a685b4ccb0d057f03ea2952a27bb458b"
        );
        let opened = open_for(&recipient.private, &enc, &info, &aad, &sealed);
        assert_eq!(opened, Ok(plain));
    }
}
