//! Taking in what an answer brought: everything is verified first, then stored with the new cursor in one transaction.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::model::{Actor, ChangeHash, DocumentId, Millis};
use sync_core::proof::log::{Extension, SeenCheckpoints};
use sync_core::proof::{
    BelievedKeys, CertificateKind, CertificatePayload, Dated, EVIDENCE_RECEIPT,
    EvidenceReceiptPayload, EvidenceReceiptRecord, Payload, SignatureError, Signed,
    TimeTokenPayload,
};
use sync_core::sync::evidence::Received;
use sync_core::sync::intake::{Candidate, Intake, candidates, header_holds, judge, without};
use sync_core::sync::parcel::ParcelContents;
use sync_core::sync::session::Brought;
use sync_core::sync::wire::{ChangeStatus, DocumentHeader, FeedEntry, QuarantineKind, SignedTip};

use crate::error::ClientError;
use crate::keys::RustVerifier;
use crate::store::{Columns, DocumentState, Store, Write};

/// The setting that keeps the server's keys.
pub const SERVER_KEYS: &str = "server_keys";
/// The setting under which the checkpoints of the server's log are kept.
pub const CHECKPOINTS: &str = "checkpoints";

/// How a document is started and shown, which the document schema says.
pub trait Schema {
    /// The empty document of an identity; none if the preimage is none of this kind.
    fn start(&self, header: &DocumentHeader) -> Option<Automerge>;
    /// What a list shows of it.
    fn columns(&self, header: &DocumentHeader, document: &Automerge) -> Columns;
}

/// When an answer came, by the phone's clocks.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Wall.
    pub wall_ms: Millis,
    /// Monotonic.
    pub monotonic_ms: i64,
    /// Of which boot.
    pub boot_id: String,
    /// How long the answer took.
    pub round_trip_ms: i64,
}

/// The server's keys that enrolment pinned, and those that followed.
pub fn believed_keys(store: &Store) -> Result<BelievedKeys, ClientError> {
    let text = store.setting(SERVER_KEYS)?;
    Ok(text
        .and_then(|text| BelievedKeys::from_json(&text))
        .unwrap_or_default())
}

fn believed<T>(opened: Result<T, SignatureError>) -> Result<T, ClientError> {
    opened.map_err(|error| {
        ClientError::new(error.code(), "The server's signature does not hold").with(error)
    })
}

/// Opens something that the server signed, with a key that is believed.
pub fn open_signed<T: Payload>(store: &Store, signed: &Signed<T>) -> Result<T, ClientError> {
    believed(believed_keys(store)?.open(signed, &RustVerifier))
}

/// Opens what may have been signed before its key was revoked.
pub fn open_dated<T: Payload + Dated>(store: &Store, signed: &Signed<T>) -> Result<T, ClientError> {
    believed(believed_keys(store)?.open_dated(signed, &RustVerifier))
}

/// Keeps a verified server time with what the clocks said.
pub fn time_settings(
    token: &TimeTokenPayload,
    signed: &Signed<TimeTokenPayload>,
    arrival: &Arrival,
) -> Vec<(&'static str, String)> {
    let text = serde_json::to_string(signed).unwrap_or_default();
    vec![
        ("time_token", text),
        ("time_token_at", token.at_ms.to_string()),
        ("time_token_boot", arrival.boot_id.clone()),
        ("time_token_monotonic", arrival.monotonic_ms.to_string()),
        ("time_token_rtt", arrival.round_trip_ms.to_string()),
    ]
}

/// Documents as they will be after this answer.
struct Documents<'a> {
    store: &'a Store,
    schema: &'a dyn Schema,
    open: Open,
    /// What earlier pages of this answer brought and what a later one may let in, with the signatures they brought.
    waiting: BTreeMap<DocumentId, (Vec<Candidate>, Vec<SignedTip>)>,
}

impl Documents<'_> {
    fn get(&mut self, header: &DocumentHeader) -> Result<Option<Automerge>, ClientError> {
        if let Some((_, document, _)) = self.open.get(&header.document_id) {
            return Ok(Some(document.clone()));
        }
        match self.store.find_document(header.document_id)? {
            Some(row) => {
                let document = Automerge::load(&row.snapshot).map_err(|error| {
                    ClientError::new("store.failed", "A stored document cannot be read").with(error)
                })?;
                Ok(Some(document))
            }
            None => Ok(self.schema.start(header)),
        }
    }
}

/// The checkpoints of the server's log that this phone has seen.
pub fn seen_checkpoints(store: &Store) -> Result<SeenCheckpoints, ClientError> {
    let text = store.setting(CHECKPOINTS)?;
    Ok(text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

/// Takes in an answer; how many changes are unsent afterwards.
pub fn take(
    store: &mut Store,
    schema: &dyn Schema,
    brought: &Brought,
    arrival: &Arrival,
) -> Result<u32, ClientError> {
    // First of all: what else came may be signed by a key that came with it.
    let mut server_keys = believed_keys(store)?;
    let mut keys_changed = false;
    for notice in &brought.server_keys {
        match server_keys.take(notice, &RustVerifier) {
            Ok(changed) => keys_changed |= changed,
            Err(error) => tracing::warn!(%error, "news of the server's keys are not believed"),
        }
    }
    let mut keys = known_keys(store)?;
    let came = brought.items.iter().filter_map(|item| match &item.entry {
        FeedEntry::Certificate { certificate } => Some(certificate),
        _ => None,
    });
    let certificates = believe(&server_keys, came, &mut keys);

    let mut documents = Documents {
        store,
        schema,
        open: BTreeMap::new(),
        waiting: BTreeMap::new(),
    };
    let mut intakes: Vec<(DocumentId, Intake, Vec<String>)> = Vec::new();
    for item in &brought.items {
        let (FeedEntry::Changes(page) | FeedEntry::Grant(page)) = &item.entry else {
            continue;
        };
        let (offered, unreadable) = candidates(page);
        let offered = Offered {
            header: &page.document,
            candidates: offered,
            unreadable: unreadable.len(),
            tips: &page.tips,
        };
        if let Some(intake) = judge_page(&mut documents, offered, &keys)? {
            intakes.push(intake);
        }
    }
    let open = documents.open;

    let receipts: Vec<_> = brought
        .receipts
        .iter()
        .filter_map(|signed| Some((server_keys.open(signed, &RustVerifier).ok()?, signed)))
        .collect();
    let time = brought
        .time_token
        .as_ref()
        .and_then(|signed| Some((server_keys.open(signed, &RustVerifier).ok()?, signed)));

    let mut checkpoints = seen_checkpoints(store)?;
    let extension = brought
        .checkpoint
        .as_ref()
        .map(|news| checkpoints.take(news, &server_keys, &RustVerifier));
    if extension == Some(Extension::Broken) {
        tracing::error!("the server's log does not extend what this phone has seen of it");
    }

    store.write(|write| {
        if keys_changed {
            write.put_setting(SERVER_KEYS, &server_keys.to_json())?;
        }
        if extension.is_some() {
            let text = serde_json::to_string(&checkpoints).unwrap_or_default();
            write.put_setting(CHECKPOINTS, &text)?;
        }
        if brought.epoch_changed {
            write.offer_everything_again()?;
        }
        put_certificates(write, &certificates)?;
        put_intakes(write, schema, &intakes, &open, arrival.wall_ms)?;
        for (hash, status) in &brought.statuses {
            write.put_status(&hash.to_string(), None, status)?;
        }
        for (receipt, signed) in &receipts {
            let hashes: Vec<_> = receipt.hashes.iter().map(ToString::to_string).collect();
            let text = serde_json::to_string(signed).unwrap_or_default();
            let (document, at) = (receipt.document_id, receipt.received_at_ms);
            write.put_receipt(&signed.signature, document, &hashes, at, &text)?;
        }
        for item in &brought.items {
            match &item.entry {
                FeedEntry::Changes(page) | FeedEntry::Grant(page) => {
                    write.keep_copy(page.document.document_id)?;
                }
                FeedEntry::Certificate { .. } => {}
                FeedEntry::Revoke { document_id } => write.drop_copy(*document_id)?,
                FeedEntry::Status {
                    document_id,
                    hash,
                    status,
                } => write.put_status(&hash.to_string(), Some(*document_id), status)?,
                FeedEntry::Ruling(notice) => write.put_ruling(notice)?,
                FeedEntry::DeviceRevoked {
                    device_id,
                    revoked_at_ms,
                } => write.put_revoked_device(&device_id.to_string(), *revoked_at_ms)?,
                FeedEntry::Reference { kind, record, .. } if kind == EVIDENCE_RECEIPT => {
                    if let Some((receipt, signed)) = read_receipt(&server_keys, record.as_ref()) {
                        let key = (receipt.document_id, receipt.evidence_id);
                        write.put_evidence_receipt(key, &received(&receipt), &signed)?;
                    }
                }
                FeedEntry::Reference {
                    kind,
                    id,
                    version,
                    record,
                } => write.put_reference(kind, id, *version, record.as_ref())?,
                FeedEntry::Index(page) => write.put_index(page)?,
            }
        }
        if let Some(url) = &brought.public_url {
            write.put_setting("public_url", url)?;
        }
        if let Some(as_of_ms) = brought.as_of_ms {
            write.complete(as_of_ms)?;
        }
        if let Some(cursor) = &brought.cursor {
            let text = serde_json::to_string(cursor).unwrap_or_default();
            write.put_setting("cursor", &text)?;
        }
        if let Some((token, signed)) = &time {
            for (key, value) in time_settings(token, signed, arrival) {
                write.put_setting(key, &value)?;
            }
        }
        Ok(())
    })?;
    store.count_unsent()
}

/// A certificate that is believed, with the key that it certifies.
type Believed = (CertificatePayload, Vec<u8>, Signed<CertificatePayload>);
/// Documents by their ids, each with whether it changed.
type Open = BTreeMap<DocumentId, (DocumentHeader, Automerge, bool)>;

/// The certified keys of the authors whom this phone knows.
fn known_keys(store: &Store) -> Result<BTreeMap<Actor, Vec<u8>>, ClientError> {
    let mut keys = BTreeMap::new();
    for known in store.list_certificates()? {
        if known.kind == CertificateKind::Device
            && let Ok(key) = STANDARD.decode(&known.public_key)
        {
            keys.insert(known.actor, key);
        }
    }
    Ok(keys)
}

/// Those certificates that the server signed; the keys of their phones stand beside the others from now on.
fn believe<'c>(
    server_keys: &BelievedKeys,
    came: impl Iterator<Item = &'c Signed<CertificatePayload>>,
    keys: &mut BTreeMap<Actor, Vec<u8>>,
) -> Vec<Believed> {
    let mut certificates = Vec::new();
    for certificate in came {
        match server_keys.open(certificate, &RustVerifier) {
            Ok(payload) => {
                let Ok(key) = STANDARD.decode(&payload.public_key) else {
                    continue;
                };
                if payload.kind == CertificateKind::Device {
                    keys.insert(payload.actor, key.clone());
                }
                certificates.push((payload, key, certificate.clone()));
            }
            Err(error) => tracing::warn!(%error, "a certificate is not believed"),
        }
    }
    certificates
}

fn put_certificates(write: &Write<'_>, certificates: &[Believed]) -> Result<(), ClientError> {
    for (payload, key, signed) in certificates {
        write.put_certificate(payload, key, signed)?;
        if payload.kind == CertificateKind::Signer {
            write.renew_signer(payload, key, signed)?;
        }
    }
    Ok(())
}

fn put_intakes(
    write: &Write<'_>,
    schema: &dyn Schema,
    intakes: &[(DocumentId, Intake, Vec<String>)],
    open: &Open,
    wall_ms: Millis,
) -> Result<(), ClientError> {
    for (document, intake, held) in intakes {
        for taken in &intake.taken {
            write.put_taken(*document, taken)?;
            if held.contains(&taken.hash.to_string()) && taken.status == ChangeStatus::Accepted {
                write.move_behind(&taken.hash.to_string())?;
            }
        }
        for tip in &intake.tips {
            write.put_tip(tip)?;
        }
    }
    for (header, document, changed) in open.values() {
        if *changed {
            write.put_document(&DocumentState {
                header: header.clone(),
                snapshot: document.save(),
                columns: schema.columns(header, document),
                updated_at_ms: wall_ms,
            })?;
        }
    }
    Ok(())
}

/// Takes in what a parcel held, by the same guard, signatures and certificates as what comes down: what is no change of a
/// certified author stands beside its document with its reason. `opened` notes in the same transaction that it was opened.
/// How many changes are new in their documents, document by document.
pub fn take_parcel(
    store: &mut Store,
    schema: &dyn Schema,
    contents: &ParcelContents,
    wall_ms: Millis,
    opened: impl Fn(&Write<'_>) -> Result<(), ClientError>,
) -> Result<Vec<(DocumentHeader, usize)>, ClientError> {
    let server_keys = believed_keys(store)?;
    let mut keys = known_keys(store)?;
    let certificates = believe(&server_keys, contents.certificates.iter(), &mut keys);
    // Of a phone whose key is revoked only what the server had before stands, and it says nothing of what is in here.
    let known = store.list_certificates()?;
    for payload in known.iter().chain(certificates.iter().map(|it| &it.0)) {
        if store.revoked_at(payload.device_id)?.is_some() {
            keys.remove(&payload.actor);
        }
    }
    let mut documents = Documents {
        store,
        schema,
        open: BTreeMap::new(),
        waiting: BTreeMap::new(),
    };
    let mut intakes = Vec::new();
    for document in &contents.documents {
        let (offered, unreadable) = document.candidates();
        let offered = Offered {
            header: &document.document,
            candidates: offered,
            unreadable: unreadable.len(),
            tips: &document.tips,
        };
        intakes.extend(judge_page(&mut documents, offered, &keys)?);
    }
    let open = documents.open;
    let accepted = |intake: &Intake| {
        let taken = intake.taken.iter();
        let stand = taken.filter(|it| it.status == ChangeStatus::Accepted);
        stand.map(|it| it.hash).collect::<Vec<_>>()
    };
    store.write(|write| {
        put_certificates(write, &certificates)?;
        put_intakes(write, schema, &intakes, &open, wall_ms)?;
        for (_, intake, _) in &intakes {
            for hash in accepted(intake) {
                write.carry(&hash)?;
            }
        }
        opened(write)
    })?;
    let told = intakes.iter().filter_map(|(id, intake, _)| {
        let (header, _, _) = open.get(id)?;
        Some((header.clone(), accepted(intake).len()))
    });
    Ok(told.collect())
}

/// A receipt of evidence as it comes down, if it is believed, and the text to keep.
fn read_receipt(
    keys: &BelievedKeys,
    record: Option<&serde_json::Value>,
) -> Option<(EvidenceReceiptPayload, String)> {
    let record: EvidenceReceiptRecord = serde_json::from_value(record?.clone()).ok()?;
    match record.open(keys, &RustVerifier) {
        Ok(receipt) => Some((receipt, serde_json::to_string(&record).ok()?)),
        Err(error) => {
            tracing::warn!(%error, "a receipt of evidence is not believed");
            None
        }
    }
}

/// What a receipt says of bytes.
pub fn received(receipt: &EvidenceReceiptPayload) -> Received {
    Received {
        sha256: receipt.sha256,
        size_bytes: receipt.size_bytes,
        verified_at_ms: receipt.verified_at_ms,
    }
}

/// Takes documents back to what stood before these changes.
pub fn part(
    store: &mut Store,
    schema: &dyn Schema,
    forked: &[(DocumentId, ChangeHash)],
    wall_ms: Millis,
) -> Result<(), ClientError> {
    let mut lost: BTreeMap<DocumentId, BTreeSet<ChangeHash>> = BTreeMap::new();
    for (document, hash) in forked {
        lost.entry(*document).or_default().insert(*hash);
    }
    let mut states = Vec::new();
    for (id, hashes) in &lost {
        let Some(row) = store.find_document(*id)? else {
            continue;
        };
        let unreadable = |error: automerge::AutomergeError| {
            ClientError::new("store.failed", "A stored document cannot be read").with(error)
        };
        let document = Automerge::load(&row.snapshot).map_err(unreadable)?;
        let parted = without(&document, hashes).map_err(unreadable)?;
        states.push(DocumentState {
            columns: schema.columns(&row.header, &parted),
            snapshot: parted.save(),
            header: row.header,
            updated_at_ms: wall_ms,
        });
    }
    store.write(|write| {
        states
            .iter()
            .try_for_each(|state| write.put_document(state))
    })
}

/// The other documents of this phone, asked only where something waits.
struct Others<'a> {
    store: &'a Store,
    than: DocumentId,
    skeletons: OnceCell<BTreeSet<ChangeHash>>,
}

impl<'a> Others<'a> {
    fn new(store: &'a Store, than: DocumentId) -> Self {
        Self {
            store,
            than,
            skeletons: OnceCell::new(),
        }
    }

    /// Whether a change stands in one of them. A store that cannot say so now lets the change wait.
    fn hold(&self, hash: &ChangeHash) -> bool {
        let stands = self.store.stands_elsewhere(hash, self.than);
        stands.unwrap_or(false) || self.skeletons.get_or_init(|| self.begin()).contains(hash)
    }

    fn begin(&self) -> BTreeSet<ChangeHash> {
        let identities = self.store.list_other_identities(self.than);
        let identities = identities.unwrap_or_default().into_iter();
        identities
            .filter_map(|identity| identity.skeleton().ok())
            .flat_map(|begun| begun.get_heads())
            .map(|head| ChangeHash(head.0))
            .collect()
    }
}

/// Whether what comes later may let it in: what it builds on, or the signature that covers it. One signature covers many
/// changes, and the page that brings the signed one may come after those that bring the others.
fn may_stand_later(status: &ChangeStatus) -> bool {
    matches!(
        status,
        ChangeStatus::Held { .. }
            | ChangeStatus::Quarantined {
                quarantine: QuarantineKind::Unauthorised,
                ..
            }
    )
}

/// Changes of one document, from wherever they came.
struct Offered<'a> {
    header: &'a DocumentHeader,
    candidates: Vec<Candidate>,
    /// How many were no base64.
    unreadable: usize,
    tips: &'a [SignedTip],
}

/// Judges one page together with what was held before it; the hashes that were held are named.
fn judge_page(
    documents: &mut Documents<'_>,
    page: Offered<'_>,
    keys: &BTreeMap<Actor, Vec<u8>>,
) -> Result<Option<(DocumentId, Intake, Vec<String>)>, ClientError> {
    let header = page.header;
    let id = header.document_id;
    if !header_holds(header) {
        tracing::warn!(document = %id, "a document's id is not the hash of its identity");
        return Ok(None);
    }
    let Some(document) = documents.get(header)? else {
        tracing::warn!(document = %id, kind = %header.kind, "a document of an unknown kind");
        return Ok(None);
    };
    let mut offered = page.candidates;
    if page.unreadable > 0 {
        tracing::warn!(document = %id, count = page.unreadable, "changes that are no base64");
    }
    let mut held = Vec::new();
    for stored in documents.store.list_changes(Some(id))? {
        if stored.status.as_ref().is_some_and(may_stand_later) && !stored.own {
            held.push(stored.hash.to_string());
            offered.push(Candidate {
                bytes: stored.bytes,
                hash: stored.hash,
                received_at_ms: stored.received_at_ms,
            });
        }
    }
    let mut tips = documents.store.list_tips(id)?;
    let (earlier, earlier_tips) = documents.waiting.remove(&id).unwrap_or_default();
    held.extend(earlier.iter().map(|candidate| candidate.hash.to_string()));
    offered.extend(earlier);
    tips.extend(earlier_tips);
    tips.extend(page.tips.iter().cloned());
    let key_of = |actor: &Actor| keys.get(actor).cloned();
    let others = Others::new(documents.store, id);
    let elsewhere = |hash: &ChangeHash| others.hold(hash);
    let intake = judge(
        id,
        &document,
        &offered,
        &tips,
        &key_of,
        &elsewhere,
        &RustVerifier,
    );
    let later = intake.taken.iter().filter(|it| may_stand_later(&it.status));
    let later = later.map(|it| Candidate {
        bytes: it.bytes.clone(),
        hash: it.hash,
        received_at_ms: it.received_at_ms,
    });
    let waiting = (later.collect(), intake.tips.clone());
    documents.waiting.insert(id, waiting);
    let changed = intake.snapshot.is_some();
    let before = documents
        .open
        .get(&id)
        .is_some_and(|(_, _, changed)| *changed);
    let new = documents.store.find_document(id)?.is_none();
    documents.open.insert(
        id,
        (
            header.clone(),
            intake.document.clone(),
            changed || before || new,
        ),
    );
    Ok(Some((id, intake, held)))
}
