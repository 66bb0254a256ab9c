//! What is asked of an authority of time stamps (可信时间戳, RFC 3161), and what of its answer is believed: that it granted, that
//! it stamped these bytes, that it answers this question, and that its signature leads to a root that the operator named.
//! Structures are read by `x509-tsp`, chains and signatures by `webpki`.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use cms::cert::CertificateChoices;
use cms::cert::x509::Certificate;
use cms::cert::x509::ext::pkix::{ExtendedKeyUsage, SubjectKeyIdentifier};
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode, Sequence};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use sync_core::limits::STAMP_ANSWER_BYTES_MAX;
use sync_core::model::Millis;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, aws_lc_rs as algorithms};
use x509_tsp::{MessageImprint, TimeStampReq, TspVersion};

const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// The same, as `webpki` wants it: the bytes of the identifier.
const TIME_STAMPING_BYTES: &[u8] = &[43, 6, 1, 5, 5, 7, 3, 8];

/// Signatures by digest: a key verifies under the one that is its kind.
const BY_SHA_256: [&dyn SignatureVerificationAlgorithm; 4] = [
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P521_SHA256,
];
const BY_SHA_384: [&dyn SignatureVerificationAlgorithm; 4] = [
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ECDSA_P521_SHA384,
];
const BY_SHA_512: [&dyn SignatureVerificationAlgorithm; 4] = [
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::ECDSA_P256_SHA512,
    algorithms::ECDSA_P384_SHA512,
    algorithms::ECDSA_P521_SHA512,
];

/// Why an answer is not believed, in a few words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unbelieved {
    /// It is no answer of the protocol.
    #[error("is no answer under RFC 3161: {0}")]
    Unreadable(String),
    /// The authority refused.
    #[error("the authority refused: {0}")]
    Refused(String),
    /// It stamped other bytes.
    #[error("is over other bytes")]
    OtherBytes,
    /// It answers another question.
    #[error("answers another question: its nonce is another one")]
    OtherQuestion,
    /// It was given under a policy that was not asked for.
    #[error("was given under the policy {0}")]
    OtherPolicy(String),
    /// The signature does not hold, or does not lead to a root that is believed.
    #[error("is not signed by an authority that is believed: {0}")]
    Signature(String),
}

/// A time stamp that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The authority's time, milliseconds.
    pub at_ms: Millis,
    /// The subject of its certificate.
    pub authority: String,
    /// The policy under which it was given.
    pub policy: String,
}

/// Roots that are believed, and what lies between them and an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    roots: Vec<Vec<u8>>,
    between: Vec<Vec<u8>>,
    /// As they were read.
    pub pem: String,
}

impl Roots {
    /// From certificates in PEM: those that are their own issuers are roots.
    ///
    /// # Errors
    /// A sentence about what is wrong with them.
    pub fn read(pem: &str) -> Result<Self, String> {
        use rustls_pki_types::pem::PemObject as _;
        let mut read = Self {
            roots: Vec::new(),
            between: Vec::new(),
            pem: pem.to_owned(),
        };
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let der = certificate.map_err(|error| format!("is no PEM: {error}"))?;
            let parsed = Certificate::from_der(&der).map_err(|error| error.to_string())?;
            let own = parsed.tbs_certificate.issuer == parsed.tbs_certificate.subject;
            let list = if own {
                &mut read.roots
            } else {
                &mut read.between
            };
            list.push(der.to_vec());
        }
        match read.roots.is_empty() {
            true => Err("has no root certificate in it".to_owned()),
            false => Ok(read),
        }
    }
}

/// What an authority signs; its time is read by hand, because authorities write fractions of a second, which a type of DER
/// for dates refuses.
#[derive(Clone, Debug, Eq, PartialEq, Sequence)]
struct Stamped {
    version: TspVersion,
    policy: ObjectIdentifier,
    message_imprint: MessageImprint,
    serial_number: Int,
    gen_time: Any,
    #[asn1(optional = "true")]
    accuracy: Option<x509_tsp::Accuracy>,
    #[asn1(default = "Default::default")]
    ordering: bool,
    #[asn1(optional = "true")]
    nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    tsa: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<cms::cert::x509::ext::Extensions>,
}

#[derive(Clone, Debug, Eq, PartialEq, Sequence)]
struct SigningCertificate {
    certs: Vec<Any>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

/// The hash that names a certificate: alone, or with its algorithm before it.
#[derive(Clone, Debug, Eq, PartialEq, Sequence)]
struct CertificateId {
    #[asn1(optional = "true")]
    algorithm: Option<cms::cert::x509::spki::AlgorithmIdentifierOwned>,
    hash: OctetString,
    #[asn1(optional = "true")]
    issuer: Option<Any>,
}

fn unreadable(error: impl std::fmt::Display) -> Unbelieved {
    Unbelieved::Unreadable(error.to_string())
}

fn doubted(why: impl std::fmt::Display) -> Unbelieved {
    Unbelieved::Signature(why.to_string())
}

/// A question about the SHA-256 of some bytes, DER. The nonce is answered with the stamp.
///
/// # Errors
/// Where a policy is named that is no identifier.
pub fn question(
    sha256: &[u8; 32],
    nonce: [u8; 8],
    policy: Option<&str>,
) -> Result<Vec<u8>, Unbelieved> {
    let imprint = MessageImprint {
        hash_algorithm: cms::cert::x509::spki::AlgorithmIdentifier {
            oid: SHA_256,
            parameters: Some(Any::null()),
        },
        hashed_message: OctetString::new(sha256.as_slice()).map_err(unreadable)?,
    };
    let policy = policy.map(ObjectIdentifier::new).transpose();
    let asked = TimeStampReq {
        version: TspVersion::V1,
        message_imprint: imprint,
        req_policy: policy.map_err(unreadable)?,
        nonce: Some(number(nonce)?),
        cert_req: true,
        extensions: None,
    };
    asked.to_der().map_err(unreadable)
}

/// A positive number as DER has it: without zeros before it, but for one where it would be negative.
fn number(bytes: [u8; 8]) -> Result<Int, Unbelieved> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    let mut digits = bytes[first..].to_vec();
    if digits[0] >= 0x80 {
        digits.insert(0, 0);
    }
    Int::new(&digits).map_err(unreadable)
}

/// What the answer to a question is worth: `message` is what was to be stamped. Without a nonce (in a bundle, years later)
/// any question is the right one.
///
/// # Errors
/// Why it is worth nothing.
pub fn believe(
    answer: &[u8],
    message: &[u8],
    nonce: Option<[u8; 8]>,
    policy: Option<&str>,
    roots: &Roots,
) -> Result<Stamp, Unbelieved> {
    if answer.len() as u64 > STAMP_ANSWER_BYTES_MAX {
        return Err(unreadable("it is too long"));
    }
    let signed = granted(answer)?;
    let content = signed.encap_content_info.econtent.as_ref();
    let content = content.ok_or_else(|| unreadable("it has no content"))?;
    if signed.encap_content_info.econtent_type != TST_INFO {
        return Err(unreadable("what is signed is no time stamp"));
    }
    let content = content.decode_as::<OctetString>().map_err(unreadable)?;
    let stamped = Stamped::from_der(content.as_bytes()).map_err(unreadable)?;
    let wanted = digest::digest(&SHA256, message);
    if stamped.message_imprint.hash_algorithm.oid != SHA_256
        || stamped.message_imprint.hashed_message.as_bytes() != wanted.as_ref()
    {
        return Err(Unbelieved::OtherBytes);
    }
    if let Some(nonce) = nonce
        && stamped.nonce != Some(number(nonce)?)
    {
        return Err(Unbelieved::OtherQuestion);
    }
    if policy.is_some_and(|policy| stamped.policy.to_string() != policy) {
        return Err(Unbelieved::OtherPolicy(stamped.policy.to_string()));
    }
    let text = std::str::from_utf8(stamped.gen_time.value()).map_err(unreadable)?;
    let at_ms = time(text).ok_or_else(|| unreadable(format!("“{text}” is no time")))?;
    let authority = signer(&signed, content.as_bytes(), at_ms, roots)?;
    Ok(Stamp {
        at_ms,
        authority,
        policy: stamped.policy.to_string(),
    })
}

/// The signed data of an answer, where the authority granted.
fn granted(answer: &[u8]) -> Result<SignedData, Unbelieved> {
    #[derive(Sequence)]
    struct Answer {
        status: Status,
        #[asn1(optional = "true")]
        token: Option<ContentInfo>,
    }
    #[derive(Sequence)]
    struct Status {
        status: u8,
        #[asn1(optional = "true")]
        words: Option<Vec<Any>>,
        #[asn1(optional = "true")]
        failure: Option<der::asn1::BitString>,
    }
    let answer = Answer::from_der(answer).map_err(unreadable)?;
    // Granted, and granted with modifications.
    if answer.status.status > 1 {
        let words = answer.status.words.unwrap_or_default();
        let words = words.iter();
        let mut words: Vec<String> = words
            .map(|word| String::from_utf8_lossy(word.value()).into_owned())
            .collect();
        let bits = answer.status.failure;
        let bits = bits.iter().flat_map(|bits| bits.bits().enumerate());
        words.extend(bits.filter(|(_, on)| *on).map(|(bit, _)| failure(bit)));
        words.insert(0, format!("status {}", answer.status.status));
        return Err(Unbelieved::Refused(words.join(", ")));
    }
    let token = answer
        .token
        .ok_or_else(|| unreadable("it has no time stamp in it"))?;
    if token.content_type != SIGNED_DATA {
        return Err(unreadable("its time stamp is not signed"));
    }
    token.content.decode_as().map_err(unreadable)
}

/// A reason of RFC 3161 §2.4.2.
fn failure(bit: usize) -> String {
    match bit {
        0 => "badAlg".to_owned(),
        2 => "badRequest".to_owned(),
        5 => "badDataFormat".to_owned(),
        14 => "timeNotAvailable".to_owned(),
        15 => "unacceptedPolicy".to_owned(),
        16 => "unacceptedExtension".to_owned(),
        17 => "addInfoNotAvailable".to_owned(),
        25 => "systemFailure".to_owned(),
        bit => format!("failure {bit}"),
    }
}

/// `YYYYMMDDHHMMSS[.fff]Z` as milliseconds.
fn time(text: &str) -> Option<Millis> {
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to)?.parse::<i8>().ok();
    let at = jiff::civil::DateTime::new(
        whole.get(..4)?.parse().ok()?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?,
        0,
    );
    let at = at.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    let ms: Millis = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(at.timestamp().as_millisecond() + ms)
}

/// Verifies the signature over the content, and that its key is certified for time stamps at that time; gives whose it is.
fn signer(
    signed: &SignedData,
    content: &[u8],
    at_ms: Millis,
    roots: &Roots,
) -> Result<String, Unbelieved> {
    let [info] = signed.signer_infos.0.as_slice() else {
        return Err(doubted("it has not one signature"));
    };
    let mut certificates = Vec::new();
    for choice in signed.certificates.iter().flat_map(|set| set.0.iter()) {
        if let CertificateChoices::Certificate(certificate) = choice {
            certificates.push(certificate);
        }
    }
    let own = certificates.iter().find(|it| is_of(info, it));
    let own = own.ok_or_else(|| doubted("the certificate of its signature is not in it"))?;
    let own_der = own.to_der().map_err(unreadable)?;
    signed_attributes(info, content, &own_der)?;
    is_for_stamps_alone(own)?;
    let (_, by_digest) = digest_of(&info.digest_alg.oid)?;
    let attributes = info.signed_attrs.as_ref();
    let attributes = attributes.ok_or_else(|| doubted("it has no signed attributes"))?;
    let message = attributes.to_der().map_err(unreadable)?;
    let end_der = CertificateDer::from(own_der);
    let end = EndEntityCert::try_from(&end_der).map_err(doubted)?;
    let signature = info.signature.as_bytes();
    let mut kinds = by_digest.into_iter();
    if !kinds.any(|kind| end.verify_signature(kind, &message, signature).is_ok()) {
        return Err(doubted("the signature does not verify"));
    }
    let ders = certificates.iter().map(|it| it.to_der());
    let mut between: Vec<CertificateDer<'_>> = Vec::new();
    for der in ders {
        between.push(der.map_err(unreadable)?.into());
    }
    let known = roots.between.iter();
    between.extend(known.map(|der| CertificateDer::from(der.as_slice())));
    let trusted: Vec<CertificateDer<'_>> = roots
        .roots
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let anchors = trusted.iter().map(anchor_from_trusted_cert);
    let anchors = anchors.collect::<Result<Vec<_>, _>>().map_err(doubted)?;
    let at = u64::try_from(at_ms.div_euclid(1_000)).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
    end.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &between,
        at,
        KeyUsage::required(TIME_STAMPING_BYTES),
        None,
        None,
    )
    .map_err(doubted)?;
    Ok(own.tbs_certificate.subject.to_string())
}

fn is_of(info: &SignerInfo, certificate: &Certificate) -> bool {
    let told = &certificate.tbs_certificate;
    match &info.sid {
        SignerIdentifier::IssuerAndSerialNumber(it) => {
            it.issuer == told.issuer && it.serial_number == told.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(wanted) => {
            let mut extensions = told.extensions.iter().flatten();
            let found = extensions.find(|it| it.extn_id == SUBJECT_KEY_IDENTIFIER);
            let found =
                found.and_then(|it| SubjectKeyIdentifier::from_der(it.extn_value.as_bytes()).ok());
            found.as_ref() == Some(wanted)
        }
    }
}

/// What is signed names the content by its hash, and the certificate by its own: neither can be exchanged.
fn signed_attributes(
    info: &SignerInfo,
    content: &[u8],
    certificate: &[u8],
) -> Result<(), Unbelieved> {
    let attribute = |oid: ObjectIdentifier| {
        let mut all = info.signed_attrs.iter().flat_map(|set| set.iter());
        let found = all.find(|it| it.oid == oid)?;
        match found.values.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    };
    let kind = attribute(CONTENT_TYPE).and_then(|it| it.decode_as::<ObjectIdentifier>().ok());
    if kind != Some(TST_INFO) {
        return Err(doubted("the signature is over something else"));
    }
    let (algorithm, _) = digest_of(&info.digest_alg.oid)?;
    let hash = attribute(MESSAGE_DIGEST).and_then(|it| it.decode_as::<OctetString>().ok());
    if hash.is_none_or(|it| it.as_bytes() != digest::digest(algorithm, content).as_ref()) {
        return Err(doubted("the signature is over another time stamp"));
    }
    let second = attribute(SIGNING_CERTIFICATE_V2);
    let named = second.or_else(|| attribute(SIGNING_CERTIFICATE));
    let named = named.and_then(|it| it.decode_as::<SigningCertificate>().ok());
    let named = named.and_then(|it| it.certs.first()?.decode_as::<CertificateId>().ok());
    let named = named.ok_or_else(|| doubted("it does not name its certificate"))?;
    let algorithm = match (&named.algorithm, second) {
        (Some(named), _) => digest_of(&named.oid)?.0,
        (None, Some(_)) => &SHA256,
        // The first form of the attribute is of SHA-1; it only tells which certificate, under a signature.
        (None, None) => &SHA1_FOR_LEGACY_USE_ONLY,
    };
    match named.hash.as_bytes() == digest::digest(algorithm, certificate).as_ref() {
        true => Ok(()),
        false => Err(doubted("it names another certificate")),
    }
}

/// RFC 3161 §2.3: the key is for time stamps and nothing else, and the certificate says so critically.
fn is_for_stamps_alone(certificate: &Certificate) -> Result<(), Unbelieved> {
    let mut extensions = certificate.tbs_certificate.extensions.iter().flatten();
    let usage = extensions.find(|it| it.extn_id == EXTENDED_KEY_USAGE);
    let alone = usage.is_some_and(|it| {
        let uses = ExtendedKeyUsage::from_der(it.extn_value.as_bytes());
        it.critical && uses.is_ok_and(|uses| uses.0 == [TIME_STAMPING])
    });
    match alone {
        true => Ok(()),
        false => Err(doubted("its certificate is not for time stamps alone")),
    }
}

type ByDigest = (
    &'static digest::Algorithm,
    [&'static dyn SignatureVerificationAlgorithm; 4],
);

fn digest_of(oid: &ObjectIdentifier) -> Result<ByDigest, Unbelieved> {
    match *oid {
        SHA_256 => Ok((&SHA256, BY_SHA_256)),
        SHA_384 => Ok((&SHA384, BY_SHA_384)),
        SHA_512 => Ok((&SHA512, BY_SHA_512)),
        other => Err(doubted(format!("the digest {other} is not known"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_an_authority_may_have_a_fraction() {
        assert_eq!(time("20250301013000Z"), Some(1_740_792_600_000));
        assert_eq!(time("20250301013000.5Z"), Some(1_740_792_600_500));
        assert_eq!(time("20250301013000.1239Z"), Some(1_740_792_600_123));
        for odd in [
            "",
            "Z",
            "20250301013000",
            "20251301013000Z",
            "2025030101300Z",
            "20250301013000.aZ",
        ] {
            assert_eq!(time(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_question_is_the_one_that_openssl_asks() {
        // openssl ts -query -digest <64 digits> -sha256 -cert, read back with `openssl asn1parse`.
        let asked = question(&[7; 32], [0, 0, 0, 0, 0, 0, 0x9a, 0x01], None).unwrap();
        let hex = hex::encode(&asked);
        let imprint = format!("3031300d060960864801650304020105000420{}", "07".repeat(32));
        assert_eq!(hex, format!("303e020101{imprint}0203009a010101ff"));
        assert!(question(&[7; 32], [1; 8], Some("1.2.3.4.1")).is_ok());
        assert!(question(&[7; 32], [1; 8], Some("policy")).is_err());
    }

    #[test]
    fn what_is_no_answer_is_refused_by_name() {
        let roots = Roots {
            roots: Vec::new(),
            between: Vec::new(),
            pem: String::new(),
        };
        let why = |bytes: &[u8]| believe(bytes, b"", None, None, &roots).unwrap_err();
        assert!(matches!(why(b""), Unbelieved::Unreadable(_)));
        assert!(matches!(why(b"<html>"), Unbelieved::Unreadable(_)));
        assert!(matches!(
            why(&vec![0x30; 1 << 21]),
            Unbelieved::Unreadable(_)
        ));
        // Status 2 with bit 5: badDataFormat, as `openssl ts -reply` answers garbage.
        let refused = hex::decode("300a30080201020303020520").unwrap();
        let told = why(&refused).to_string();
        assert!(
            told.starts_with("the authority refused: status 2, badDataFormat"),
            "{told}"
        );
        assert!(Roots::read("").is_err());
        assert!(
            Roots::read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err()
        );
    }
}
