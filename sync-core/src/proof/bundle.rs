//! Bundles (证据包): a visit with everything that proves it, as files. What is checked of one without the server, by whoever
//! holds it; `VERIFY.md` in each bundle checks hashes, signatures, chain and tree with a shell, `sha256sum` and `openssl` alone,
//! and this checks them again, what they say of each other, and that the changes replay to what was sealed.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::log::{CheckpointPayload, Head, chain, tree};
use super::{CertificatePayload, KeyId, Payload, TipStatement, Verifier, key_id, tip_statement};
use crate::document::{BoundDocument, DocumentIdentity, Identity};
use crate::guard::{self, Admission};
use crate::model::{
    Actor, ChangeHash, ConfirmationIdentity, Digest, DocumentId, Millis, VisitIdentity,
};

/// The sums of all files.
pub const SUMS: &str = "SHA256SUMS";
/// The same in SM3 (GM/T 0004), where it was asked for.
pub const SM3_SUMS: &str = "SM3SUMS";
/// What the server signed of the bundle as a whole.
pub const STATEMENT: &str = "bundle.signed";
/// Its signature.
pub const STATEMENT_SIGNATURE: &str = "bundle.sig";
/// Every other signature: `<algorithm> <key> <message> <signature>`.
pub const SIGNATURES: &str = "signatures.txt";
/// The chain.
pub const LOG: &str = "log.txt";
/// The leaf of the chain.
pub const LEAF: &str = "proof/leaf.txt";
/// `<left or right> <hash>`, from the leaf up.
pub const PATH: &str = "proof/path.txt";
/// The checkpoint as signed.
pub const CHECKPOINT: &str = "proof/checkpoint.signed";
/// What an authority of time stamps (可信时间戳) answered over the checkpoint, where there is one (RFC 3161).
pub const STAMP: &str = "proof/checkpoint.tsr";
/// The certificates by which the server believed it.
pub const STAMP_ROOTS: &str = "proof/authority.pem";
/// Documents and their changes.
pub const DOCUMENTS: &str = "documents.json";
/// Seals as they were when the bundle was made.
pub const SEALS: &str = "seals.json";
/// What stands outside the sums: they name each other.
pub const BESIDE_SUMS: [&str; 3] = [SUMS, STATEMENT, STATEMENT_SIGNATURE];

/// What the server says of a bundle as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundlePayload {
    /// The visit.
    pub document_id: DocumentId,
    /// SHA-256 of the file of sums.
    pub sums: Digest,
    /// The export, as the log names it.
    pub export_id: String,
    /// When it was made, by the server's clock.
    pub made_at_ms: Millis,
    /// Which of the server's keys signed.
    pub key_id: KeyId,
}

impl Payload for BundlePayload {
    const CONTEXT: &'static str = "bundle";
}

/// A document of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledDocument {
    /// Its id, the hash of the preimage.
    pub document_id: DocumentId,
    /// `visit` or `confirmation`.
    pub kind: String,
    /// The exact text.
    pub preimage: String,
    /// Of the document when the bundle was made, sorted.
    pub heads: Vec<ChangeHash>,
    /// Files of the accepted changes, in causal order.
    pub changes: Vec<String>,
}

/// A seal of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BundledSeal {
    /// In which document.
    pub document_id: DocumentId,
    /// Its id.
    pub seal_id: String,
    /// What people signed.
    pub digest: Digest,
    /// The subject at the sealed heads hashes to what the seal says.
    pub intact: bool,
}

/// The files of a bundle.
pub trait Files {
    /// All names.
    fn names(&self) -> BTreeSet<String>;
    /// A file, whole; none if it is not there or cannot be read. Asked for small ones alone.
    fn read(&mut self, name: &str) -> Option<Vec<u8>>;
    /// SHA-256 of a file of any size.
    fn sha256(&mut self, name: &str) -> Option<Digest>;
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// Which check: `sums`, `signature`, `certificate`, `chain`, `checkpoint`, `stamp`, `ruling`, `change`, `evidence`, `replay`.
    pub check: &'static str,
    /// The file or the line.
    pub place: String,
    /// In a few words.
    pub why: String,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What does not hold; empty where everything does.
    pub faults: Vec<Fault>,
    /// The visit.
    pub visit: Option<DocumentId>,
    /// The server's keys that stand in the bundle: to be compared with what the server publishes.
    pub server_keys: Vec<KeyId>,
    /// When the bundle was made.
    pub made_at_ms: Option<Millis>,
    /// When the checkpoint was.
    pub checkpoint_at_ms: Option<Millis>,
    /// When an authority of time stamps says that the checkpoint was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamped_at_ms: Option<Millis>,
    /// Which authority, by the subject of its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamped_by: Option<String>,
    /// What was looked at, by check.
    pub checked: BTreeMap<&'static str, usize>,
}

/// Checks a bundle. `trusted` names the server's keys that are believed; empty, those in the bundle are taken, and the report
/// names them.
pub fn verify(files: &mut dyn Files, verifier: &dyn Verifier, trusted: &[KeyId]) -> Report {
    let mut check = Check {
        names: files.names(),
        files,
        verifier,
        report: Report::default(),
        server_keys: BTreeMap::new(),
        certificates: Vec::new(),
        sums: BTreeMap::new(),
        hashed: BTreeMap::new(),
    };
    check.keys(trusted);
    check.sums();
    check.statement();
    let signed = check.signatures();
    check.certificates(&signed);
    let lines = check.chain();
    check.records(&lines);
    check.replay();
    check.report.faults.sort();
    check.report.faults.dedup();
    check.report
}

struct Check<'f> {
    files: &'f mut dyn Files,
    names: BTreeSet<String>,
    verifier: &'f dyn Verifier,
    report: Report,
    server_keys: BTreeMap<KeyId, Vec<u8>>,
    certificates: Vec<CertificatePayload>,
    sums: BTreeMap<String, Digest>,
    /// What files hash to: a film is read once.
    hashed: BTreeMap<String, Option<Digest>>,
}

/// Before the key in a public key of P-256 as OpenSSL writes it (SubjectPublicKeyInfo), with the point in either form.
const P256_LONG: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P256_SHORT: &[u8] = &[
    0x30, 0x39, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x22, 0x00,
];
const ED25519: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----\n";
const PEM_END: &str = "-----END PUBLIC KEY-----\n";
/// Characters of a line of PEM.
const PEM_LINE: usize = 64;

/// A public key as OpenSSL reads it: 32 bytes of Ed25519, or a point of P-256.
pub fn pem(key: &[u8]) -> String {
    let before = match key.len() {
        32 => ED25519,
        33 => P256_SHORT,
        _ => P256_LONG,
    };
    let text = STANDARD.encode([before, key].concat());
    let mut pem = PEM_BEGIN.to_owned();
    for line in text.as_bytes().chunks(PEM_LINE) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem + PEM_END
}

/// The key of a PEM that [`pem`] wrote; any other spelling is none.
fn key_of_pem(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let inner = text.strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let der = STANDARD.decode(inner.replace('\n', "")).ok()?;
    let key = [ED25519, P256_LONG, P256_SHORT]
        .into_iter()
        .find_map(|before| der.strip_prefix(before))?;
    (pem(key) == text).then(|| key.to_vec())
}

/// ECDSA r‖s as the DER that OpenSSL wants; what is DER already stays.
pub fn der_signature(signature: &[u8]) -> Vec<u8> {
    const HALF: usize = 32;
    if signature.len() != 2 * HALF {
        return signature.to_vec();
    }
    let integer = |bytes: &[u8]| {
        let first = bytes.iter().position(|byte| *byte != 0);
        let mut value = bytes[first.unwrap_or(HALF - 1)..].to_vec();
        if value[0] >= 0x80 {
            value.insert(0, 0);
        }
        // At most 33 bytes, so that one byte holds the length.
        let mut der = vec![0x02, u8::try_from(value.len()).unwrap_or(u8::MAX)];
        der.extend(value);
        der
    };
    let inner = [integer(&signature[..HALF]), integer(&signature[HALF..])].concat();
    let mut der = vec![0x30, u8::try_from(inner.len()).unwrap_or(u8::MAX)];
    der.extend(inner);
    der
}

/// What is under a signature of the server: its context in the first line, the payload behind it.
fn payload_of<'t>(message: &'t [u8], context: &str) -> Option<&'t str> {
    let text = std::str::from_utf8(message).ok()?;
    text.strip_prefix(&format!("fieldseal/{context}/1\n"))
}

fn read_signed<T: Payload>(message: &[u8]) -> Option<T> {
    serde_json::from_str(payload_of(message, T::CONTEXT)?).ok()
}

fn text_of(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

impl Check<'_> {
    fn fault(&mut self, check: &'static str, place: impl Into<String>, why: impl Into<String>) {
        self.report.faults.push(Fault {
            check,
            place: place.into(),
            why: why.into(),
        });
    }

    fn count(&mut self, check: &'static str) {
        *self.report.checked.entry(check).or_default() += 1;
    }

    fn sha256(&mut self, name: &str) -> Option<Digest> {
        if let Some(known) = self.hashed.get(name) {
            return *known;
        }
        let found = self.files.sha256(name);
        self.hashed.insert(name.to_owned(), found);
        found
    }

    fn need(&mut self, check: &'static str, name: &str) -> Option<Vec<u8>> {
        let found = self.files.read(name);
        if found.is_none() {
            self.fault(check, name, "is missing or cannot be read");
        }
        found
    }

    fn keys(&mut self, trusted: &[KeyId]) {
        let names: Vec<String> = self.names.iter().cloned().collect();
        for name in names {
            let id = name.strip_prefix("keys/server-");
            let Some(id) = id.and_then(|rest| rest.strip_suffix(".pem")) else {
                continue;
            };
            let key = self.need("signature", &name);
            let key = key.as_deref().and_then(key_of_pem);
            match key.filter(|key| key_id(key) == id) {
                None => self.fault("signature", &name, "is not the key that its name says"),
                Some(_) if !trusted.is_empty() && !trusted.iter().any(|it| it == id) => {
                    self.fault("signature", &name, "is none of the keys that are trusted");
                }
                Some(key) => {
                    self.report.server_keys.push(id.to_owned());
                    self.server_keys.insert(id.to_owned(), key);
                }
            }
        }
    }

    fn sums(&mut self) {
        let Some(bytes) = self.need("sums", SUMS) else {
            return;
        };
        for (at, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let parts = line.split_once("  ");
            match parts.and_then(|(hash, name)| Some((hash.parse::<Digest>().ok()?, name))) {
                Some((hash, name)) => {
                    self.sums.insert(name.to_owned(), hash);
                }
                None => self.fault("sums", format!("{SUMS}, line {}", at + 1), "is no sum"),
            }
        }
        let names: BTreeSet<String> = self
            .names
            .union(&self.sums.keys().cloned().collect())
            .cloned()
            .collect();
        for name in names {
            if BESIDE_SUMS.contains(&name.as_str()) {
                continue;
            }
            self.count("sums");
            match (self.sums.get(&name).copied(), self.names.contains(&name)) {
                (None, _) => self.fault("sums", name, "is not in the list of sums"),
                (Some(_), false) => self.fault("sums", name, "is missing"),
                (Some(wanted), true) => {
                    if self.sha256(&name) != Some(wanted) {
                        self.fault("sums", name, "has other bytes than were listed");
                    }
                }
            }
        }
    }

    fn statement(&mut self) {
        let (Some(message), Some(signature)) = (
            self.need("signature", STATEMENT),
            self.need("signature", STATEMENT_SIGNATURE),
        ) else {
            return;
        };
        let Some(payload) = read_signed::<BundlePayload>(&message) else {
            return self.fault("signature", STATEMENT, "cannot be read");
        };
        self.count("signature");
        let key = self.server_keys.get(&payload.key_id);
        let holds = key.is_some_and(|key| self.verifier.verify_ed25519(key, &message, &signature));
        if !holds {
            self.fault("signature", STATEMENT_SIGNATURE, "does not verify");
        }
        if self.sha256(SUMS) != Some(payload.sums) {
            self.fault("sums", SUMS, "is not the list that the server signed");
        }
        self.report.visit = Some(payload.document_id);
        self.report.made_at_ms = Some(payload.made_at_ms);
    }

    /// Verifies every signature; what the server signed, by the name of the message.
    fn signatures(&mut self) -> BTreeSet<String> {
        let mut by_server = BTreeSet::new();
        let Some(list) = self.need("signature", SIGNATURES) else {
            return by_server;
        };
        for line in String::from_utf8_lossy(&list).lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            let [algorithm, key, message, signature] = parts[..] else {
                self.fault(
                    "signature",
                    SIGNATURES,
                    format!("“{line}” is no line of it"),
                );
                continue;
            };
            let read = (
                self.need("signature", key),
                self.need("signature", message),
                self.need("signature", signature),
            );
            let (Some(public), Some(bytes), Some(signed)) = read else {
                continue;
            };
            self.count("signature");
            let public = key_of_pem(&public);
            let holds = public.as_ref().is_some_and(|public| match algorithm {
                "ed25519" => self.verifier.verify_ed25519(public, &bytes, &signed),
                "p256" => self.verifier.verify_p256(public, &bytes, &signed),
                _ => false,
            });
            if !holds {
                self.fault(
                    "signature",
                    signature,
                    format!("does not verify over {message} by {key}"),
                );
            } else if algorithm == "ed25519"
                && public.is_some_and(|it| self.server_keys.contains_key(&key_id(&it)))
            {
                by_server.insert(message.to_owned());
            }
        }
        by_server
    }

    fn certificates(&mut self, signed: &BTreeSet<String>) {
        let names: Vec<String> = self.names.iter().cloned().collect();
        for name in names {
            let serial = name.strip_prefix("certificates/");
            let Some(serial) = serial.and_then(|rest| rest.strip_suffix(".signed")) else {
                continue;
            };
            self.count("certificate");
            let message = self.need("certificate", &name).unwrap_or_default();
            let Some(payload) = read_signed::<CertificatePayload>(&message) else {
                self.fault("certificate", name, "cannot be read");
                continue;
            };
            if !signed.contains(&name) {
                self.fault("certificate", &name, "is not signed by the server");
                continue;
            }
            let key_file = format!("keys/certified-{serial}.pem");
            let key = self.files.read(&key_file);
            let certified = STANDARD.decode(&payload.public_key).ok();
            if payload.serial.to_string() != serial
                || certified.is_none()
                || key.as_deref().and_then(key_of_pem) != certified
            {
                self.fault(
                    "certificate",
                    key_file,
                    "is not the key that the server certified",
                );
                continue;
            }
            self.certificates.push(payload);
        }
    }

    /// The chain up to its leaf, the leaf in the tree, and the checkpoint over it.
    fn chain(&mut self) -> Vec<chain::Line> {
        let (Some(visit), Some(log)) = (self.report.visit, self.need("chain", LOG)) else {
            return Vec::new();
        };
        let log = String::from_utf8_lossy(&log).into_owned();
        if !log.ends_with('\n') {
            self.fault("chain", LOG, "does not end with a whole line");
        }
        let (lines, head) = match chain::follow(visit, Head::EMPTY, log.lines()) {
            Ok(followed) => followed,
            Err(fault) => {
                self.fault("chain", format!("{LOG}, line {}", fault.number), fault.why);
                return Vec::new();
            }
        };
        *self.report.checked.entry("chain").or_default() += lines.len();
        let leaf = self.need("chain", LEAF).unwrap_or_default();
        if leaf != format!("{}\n", tree::leaf_text(visit, &head)).into_bytes() {
            self.fault(
                "chain",
                LOG,
                "does not end where the leaf of the tree says that it does",
            );
        }
        let leaf = Digest(Sha256::digest(&leaf).into());
        let path = self.need("checkpoint", PATH).unwrap_or_default();
        let mut steps = Vec::new();
        for line in String::from_utf8_lossy(&path).lines() {
            let step = match line.split_once(' ') {
                Some(("left", hash)) => hash.parse().ok().map(|hash| (true, hash)),
                Some(("right", hash)) => hash.parse().ok().map(|hash| (false, hash)),
                _ => None,
            };
            match step {
                Some(step) => steps.push(step),
                None => self.fault("checkpoint", PATH, format!("“{line}” is no step")),
            }
        }
        let root = tree::climb(&leaf, steps.iter().map(|(left, hash)| (*left, hash)));
        self.count("checkpoint");
        let message = self.need("checkpoint", CHECKPOINT).unwrap_or_default();
        match read_signed::<CheckpointPayload>(&message) {
            None => self.fault("checkpoint", CHECKPOINT, "cannot be read"),
            Some(payload) if payload.root != root => {
                self.fault(
                    "checkpoint",
                    PATH,
                    "does not lead from the leaf to the root of the checkpoint",
                );
            }
            Some(payload) => self.report.checkpoint_at_ms = Some(payload.made_at_ms),
        }
        lines
    }

    /// What the lines say against the files.
    fn records(&mut self, lines: &[chain::Line]) {
        let by_hash: BTreeMap<Digest, String> = self
            .sums
            .iter()
            .map(|(name, hash)| (*hash, name.clone()))
            .collect();
        let mut rulings = BTreeSet::new();
        let mut changes = BTreeSet::new();
        for line in lines {
            let place = format!("{LOG}, line {}", line.number);
            let Ok(body) = serde_json::from_str::<Value>(&line.body) else {
                self.fault("chain", place, "holds no record");
                continue;
            };
            let (kind, adopted) = line.record_kind();
            if adopted {
                self.count("adopted");
            }
            match kind {
                "ruling" => {
                    let name = format!("rulings/{}.signed", text_of(&body, "ruling_id"));
                    self.count("ruling");
                    if self.sha256(&name).map(|it| it.to_string()) != Some(text_of(&body, "sha256"))
                    {
                        self.fault(
                            "ruling",
                            &name,
                            format!("is not the ruling that line {} tells of", line.number),
                        );
                    }
                    rulings.insert(name);
                }
                "changes" => {
                    for change in body["changes"].as_array().into_iter().flatten() {
                        self.count("change");
                        let hash = text_of(change, "sha256").parse::<Digest>().ok();
                        match hash.and_then(|hash| by_hash.get(&hash)) {
                            Some(name)
                                if name.starts_with("changes/") || name.starts_with("aside/") =>
                            {
                                changes.insert(name.clone());
                            }
                            _ => self.fault(
                                "change",
                                &place,
                                format!(
                                    "tells of the change {}, which is not here",
                                    text_of(change, "hash")
                                ),
                            ),
                        }
                    }
                    self.tips(&place, &body);
                }
                _ => {}
            }
        }
        let names: Vec<String> = self.names.iter().cloned().collect();
        for name in names {
            if name.starts_with("rulings/") && name.ends_with(".signed") && !rulings.contains(&name)
            {
                self.fault("ruling", name, "stands in no line of the log");
            } else if (name.starts_with("changes/") || name.starts_with("aside/"))
                && !changes.contains(&name)
            {
                self.fault("change", name, "stands in no line of the log");
            } else if let Some(file) = name.strip_prefix("media/") {
                self.count("evidence");
                let named = file
                    .split('.')
                    .next()
                    .and_then(|hash| hash.parse::<Digest>().ok());
                if named.is_none() || self.sha256(&name) != named {
                    self.fault("evidence", name, "does not have the hash that is its name");
                }
            }
        }
    }

    /// Signatures of devices over their tips, as the log has them, by the certificates of this bundle.
    fn tips(&mut self, place: &str, body: &Value) {
        let document = text_of(body, "document_id").parse::<DocumentId>().ok();
        for tip in body["tips"].as_array().into_iter().flatten() {
            let statement = document.and_then(|document_id| {
                Some(TipStatement {
                    document_id,
                    actor: text_of(tip, "actor").parse::<Actor>().ok()?,
                    seq: tip["seq"].as_u64()?,
                    hash: text_of(tip, "hash").parse().ok()?,
                })
            });
            let signature = STANDARD
                .decode(text_of(tip, "signature"))
                .unwrap_or_default();
            let holds = statement.is_some_and(|tip| {
                let theirs = self.certificates.iter().filter(|it| it.actor == tip.actor);
                let mut keys = theirs.filter_map(|it| STANDARD.decode(&it.public_key).ok());
                keys.any(|key| {
                    self.verifier
                        .verify_p256(&key, &tip_statement(&tip), &signature)
                })
            });
            self.count("signature");
            if !holds {
                self.fault(
                    "signature",
                    place,
                    "has a device's signature that does not verify",
                );
            }
        }
    }

    /// Plays the changes through the guard, and compares heads and seals with those of the server.
    fn replay(&mut self) {
        let documents = self.need("replay", DOCUMENTS).unwrap_or_default();
        let seals = self.need("replay", SEALS).unwrap_or_default();
        let (Ok(documents), Ok(mut wanted)) = (
            serde_json::from_slice::<Vec<BundledDocument>>(&documents),
            serde_json::from_slice::<Vec<BundledSeal>>(&seals),
        ) else {
            return self.fault("replay", DOCUMENTS, "or the list of seals cannot be read");
        };
        let mut found = Vec::new();
        for document in documents {
            self.count("replay");
            match self.replayed(&document) {
                Ok(seals) => found.extend(seals),
                Err((place, why)) => self.fault("replay", place, why),
            }
        }
        found.sort();
        wanted.sort();
        if found != wanted {
            self.fault("replay", SEALS, "is not what the changes replay to");
        }
    }

    fn replayed(
        &mut self,
        document: &BundledDocument,
    ) -> Result<Vec<BundledSeal>, (String, String)> {
        let id = document.document_id;
        let fault = |why: &str| (format!("{DOCUMENTS}, {id}"), why.to_owned());
        let identity = DocumentIdentity::read(&document.kind, &document.preimage);
        let identity = identity
            .filter(|it| it.document_id() == id)
            .ok_or(fault("is not named by its identity"))?;
        let skeleton = identity
            .skeleton()
            .map_err(|error| fault(&error.to_string()))?;
        let mut chunks = Vec::new();
        for name in &document.changes {
            let bytes = self
                .files
                .read(name)
                .ok_or((name.clone(), "is missing".to_owned()))?;
            chunks.push((name, bytes));
        }
        let mut inspected = Vec::new();
        for (name, bytes) in &chunks {
            let change =
                guard::inspect(bytes).map_err(|error| ((*name).clone(), error.to_string()))?;
            let actor = change.header().actor;
            if !self.certificates.iter().any(|it| it.actor == actor) {
                return Err((
                    (*name).clone(),
                    "is by an author without a certificate here".to_owned(),
                ));
            }
            inspected.push(change);
        }
        let batch = guard::admit_batch(&skeleton, &inspected);
        for ((name, _), admission) in chunks.iter().zip(&batch.admissions) {
            if !matches!(admission, Admission::Admitted | Admission::AlreadyKnown) {
                return Err((
                    (*name).clone(),
                    "does not pass the guard behind the changes before it".to_owned(),
                ));
            }
        }
        let heads: BTreeSet<ChangeHash> = batch
            .document
            .get_heads()
            .iter()
            .map(|head| ChangeHash(head.0))
            .collect();
        if heads != document.heads.iter().copied().collect() {
            return Err(fault("does not replay to the heads that it had"));
        }
        let seals = match identity {
            DocumentIdentity::Visit(_) => seals_of::<VisitIdentity>(batch.document),
            DocumentIdentity::Confirmation(_) => seals_of::<ConfirmationIdentity>(batch.document),
        };
        seals.ok_or(fault("does not replay to a document"))
    }
}

/// The seals of a document, as a bundle lists them.
pub fn seals_of<I: Identity>(document: automerge::Automerge) -> Option<Vec<BundledSeal>> {
    let document = BoundDocument::<I>::from_automerge(document).ok()?;
    let proofs = document.seal_proofs().into_iter();
    let seals = proofs.map(|proof| BundledSeal {
        document_id: document.id(),
        seal_id: proof.seal_id.to_string(),
        digest: proof.digest,
        intact: proof.intact,
    });
    Some(seals.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_openssl_reads_them_and_read_back() {
        for length in [32, 33, 65] {
            let key = vec![7; length];
            assert_eq!(key_of_pem(pem(&key).as_bytes()), Some(key.clone()));
            let spoilt = pem(&key).replacen('A', "B", 1);
            assert_ne!(key_of_pem(spoilt.as_bytes()), Some(key));
        }
    }

    #[test]
    fn a_raw_signature_becomes_the_shortest_der() {
        let mut raw = [0; 64];
        (raw[31], raw[32]) = (1, 0x80);
        let der = der_signature(&raw);
        assert_eq!(&der[..6], &[0x30, 38, 0x02, 1, 1, 0x02]);
        assert_eq!(&der[6..9], &[33, 0, 0x80]);
        assert_eq!(der.len(), 40);
        assert_eq!(der_signature(&der), der);
    }
}
