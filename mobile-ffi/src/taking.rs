//! Taking in what an answer brought: everything is verified first, then stored with the new cursor in one transaction.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::document::DocumentIdentity;
use sync_core::guard::ChangeHeader;
use sync_core::model::{Actor, ChangeHash, DeviceId, DocumentId, Millis};
use sync_core::proof::log::{Extension, SeenCheckpoints};
use sync_core::proof::{
    BelievedKeys, CertificateKind, CertificatePayload, Dated, EVIDENCE_RECEIPT,
    EvidenceReceiptPayload, EvidenceReceiptRecord, Payload, SignatureError, Signed,
    TimeTokenPayload,
};
use sync_core::sync::authority::{Authority, Came, NOBODY, may_be_answered};
use sync_core::sync::evidence::Received;
use sync_core::sync::intake::{
    Candidate, Grounds, Intake, Taken, candidates, header_holds, judge, parted, without,
};
use sync_core::sync::parcel::ParcelDocument;
use sync_core::sync::session::Brought;
use sync_core::sync::wire::{
    ChangeStatus, DocumentHeader, FeedEntry, HeldReason, QuarantineKind, SignedTip,
};

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
    /// What the server says stands, of what does not stand here.
    admitted: Hashes,
    /// What lies in quarantine of the documents that were judged.
    lies: BTreeMap<DocumentId, BTreeMap<ChangeHash, ChangeStatus>>,
}

/// Changes by their documents.
type Hashes = BTreeMap<DocumentId, BTreeSet<ChangeHash>>;

impl<'a> Documents<'a> {
    fn new(store: &'a Store, schema: &'a dyn Schema) -> Self {
        Self {
            store,
            schema,
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
            admitted: BTreeMap::new(),
            lies: BTreeMap::new(),
        }
    }

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
    let mut authors = Authors::known(store)?;
    let came = brought.items.iter().filter_map(|item| match &item.entry {
        FeedEntry::Certificate { certificate } => Some(certificate),
        _ => None,
    });
    let certificates = believe(&server_keys, came, &mut authors);
    for item in &brought.items {
        if let FeedEntry::DeviceRevoked {
            device_id,
            revoked_at_ms,
        } = &item.entry
        {
            authors.revoked.insert(*device_id, *revoked_at_ms);
        }
    }

    let mut documents = Documents::new(store, schema);
    let spoken = Spoken::of(store, brought)?;
    documents.admitted = spoken.admitted.clone();
    let mut intakes: Vec<(DocumentId, Intake, Vec<String>)> = Vec::new();
    let mut vouched = BTreeSet::new();
    for item in &brought.items {
        let (FeedEntry::Changes(page) | FeedEntry::Grant(page)) = &item.entry else {
            continue;
        };
        vouched.extend(page.changes.iter().map(|it| it.hash));
        let (offered, unreadable) = candidates(page);
        let offered = Offered {
            header: &page.document,
            candidates: offered,
            unreadable: unreadable.len(),
            tips: &page.tips,
        };
        if let Some(intake) = judge_page(&mut documents, offered, &authors)? {
            intakes.push(intake);
        }
    }
    for id in spoken.admitted.keys() {
        if documents.open.contains_key(id) {
            continue;
        }
        let Some(row) = store.find_document(*id)? else {
            continue;
        };
        let nothing = Offered {
            header: &row.header,
            candidates: Vec::new(),
            unreadable: 0,
            tips: &[],
        };
        intakes.extend(judge_page(&mut documents, nothing, &authors)?);
    }
    let gone = set_aside(&mut documents, &spoken.aside, &vouched)?;
    let lies = std::mem::take(&mut documents.lies);
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
        for (document, hash, status) in &gone {
            write.put_waiting(hash, status)?;
            tracing::info!(%document, change = %hash, "what it builds on is quarantined");
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
        // After the statuses: what was said last holds.
        for (document, hash, status) in &spoken.quarantined {
            write.put_quarantined(*document, hash, status, true, arrival.wall_ms)?;
        }
        for (document, hashes) in &spoken.let_in {
            hashes
                .iter()
                .try_for_each(|it| write.let_in(*document, it))?;
        }
        for (document, lying) in &lies {
            let named = lying.keys().filter(|it| vouched.contains(it));
            for hash in named {
                write.let_in(*document, hash)?;
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

/// The authors whom this phone knows: their certified keys, under what they were certified, and whose were revoked.
struct Authors {
    keys: BTreeMap<Actor, Vec<u8>>,
    terms: BTreeMap<Actor, Vec<CertificatePayload>>,
    revoked: BTreeMap<DeviceId, Millis>,
    /// The earliest that it can be now.
    earliest_now_ms: Millis,
}

impl Authors {
    fn known(store: &Store) -> Result<Self, ClientError> {
        let told = store.setting("time_token_at")?;
        let mut authors = Self {
            keys: BTreeMap::new(),
            terms: BTreeMap::new(),
            revoked: store.list_revoked_devices()?,
            earliest_now_ms: told.and_then(|it| it.parse().ok()).unwrap_or(0),
        };
        for known in store.list_certificates()? {
            if let Ok(key) = STANDARD.decode(&known.public_key) {
                authors.learn(&known, key);
            }
        }
        Ok(authors)
    }

    fn learn(&mut self, certificate: &CertificatePayload, key: Vec<u8>) {
        if certificate.kind == CertificateKind::Device {
            self.keys.insert(certificate.actor, key);
            let terms = self.terms.entry(certificate.actor).or_default();
            terms.push(certificate.clone());
        }
    }

    /// Why a change that nobody vouches for may not stand, by the server's own measure. Of a phone whose key is revoked only
    /// what the server had before stands, and it says nothing of what is asked after here.
    fn objection(
        &self,
        identity: Option<&DocumentIdentity>,
        header: &ChangeHeader,
    ) -> Option<ChangeStatus> {
        let terms = self.terms.get(&header.actor).cloned().unwrap_or_default();
        let revoked_at = terms.iter().find_map(|it| self.revoked.get(&it.device_id));
        let came = Came {
            received_at: revoked_at
                .map_or(self.earliest_now_ms, |at| self.earliest_now_ms.max(*at)),
            claimed_at: header.time,
        };
        let objection = match identity {
            Some(identity) => {
                Authority::new(terms, revoked_at.copied()).objection(identity, came)?
            }
            None => NOBODY,
        };
        Some(ChangeStatus::Quarantined {
            quarantine: QuarantineKind::Unauthorised,
            code: objection.code.to_owned(),
            detail: objection.detail.to_owned(),
        })
    }
}

/// Those certificates that the server signed; what they say of phones is known from now on.
fn believe<'c>(
    server_keys: &BelievedKeys,
    came: impl Iterator<Item = &'c Signed<CertificatePayload>>,
    authors: &mut Authors,
) -> Vec<Believed> {
    let mut certificates = Vec::new();
    for certificate in came {
        match server_keys.open(certificate, &RustVerifier) {
            Ok(payload) => {
                let Ok(key) = STANDARD.decode(&payload.public_key) else {
                    continue;
                };
                authors.learn(&payload, key.clone());
                certificates.push((payload, key, certificate.clone()));
            }
            Err(error) => tracing::warn!(%error, "a certificate is not believed"),
        }
    }
    certificates
}

/// What an answer says of changes that came here in a parcel.
#[derive(Default)]
struct Spoken {
    /// They stand.
    let_in: Hashes,
    /// Of those, what does not stand here.
    admitted: Hashes,
    /// They do not stand, or wait for something that does not.
    aside: Hashes,
    /// Of those, what is quarantined itself, and why.
    quarantined: Vec<(DocumentId, ChangeHash, ChangeStatus)>,
}

impl Spoken {
    fn of(store: &Store, brought: &Brought) -> Result<Self, ClientError> {
        let mut last: BTreeMap<ChangeHash, (Option<DocumentId>, &ChangeStatus)> = BTreeMap::new();
        for (hash, status) in &brought.statuses {
            last.insert(*hash, (None, status));
        }
        for item in &brought.items {
            if let FeedEntry::Status {
                document_id,
                hash,
                status,
            } = &item.entry
            {
                last.insert(*hash, (Some(*document_id), status));
            }
        }
        let mut spoken = Self::default();
        for (hash, (named, status)) in last {
            let Some((document, stands)) = store.find_handed(&hash)? else {
                continue;
            };
            // What it says of a copy in another document is not said of this one.
            if named.is_some_and(|it| it != document) {
                continue;
            }
            match status {
                ChangeStatus::Accepted => {
                    spoken.let_in.entry(document).or_default().insert(hash);
                    if !stands {
                        spoken.admitted.entry(document).or_default().insert(hash);
                    }
                }
                ChangeStatus::Quarantined { .. } => {
                    spoken.aside.entry(document).or_default().insert(hash);
                    spoken.quarantined.push((document, hash, status.clone()));
                }
                ChangeStatus::Held {
                    reason: HeldReason::DependsOnQuarantined,
                    ..
                } => {
                    spoken.aside.entry(document).or_default().insert(hash);
                }
                ChangeStatus::Held { .. } | ChangeStatus::Refused { .. } => {}
            }
        }
        Ok(spoken)
    }
}

/// Takes documents back to what stood before what the server has set aside, as far as nothing of this phone's own stands on
/// it. What else is gone with it, and waits for it from now on.
fn set_aside(
    documents: &mut Documents<'_>,
    aside: &Hashes,
    vouched: &BTreeSet<ChangeHash>,
) -> Result<Vec<(DocumentId, ChangeHash, ChangeStatus)>, ClientError> {
    let mut waiting = Vec::new();
    for (id, hashes) in aside {
        let Some(row) = documents.store.find_document(*id)? else {
            continue;
        };
        let Some(document) = documents.get(&row.header)? else {
            continue;
        };
        let lost: BTreeSet<_> = hashes.difference(vouched).copied().collect();
        let stored = documents.store.list_changes(Some(*id))?.into_iter();
        // What this install wrote, under this actor or an earlier one, and what the server let in.
        let kept = stored.filter(|it| it.own || it.vouched);
        let kept = kept.map(|it| it.hash).collect();
        let (document, gone) = parted(&document, &lost, &kept).map_err(|error| {
            ClientError::new("store.failed", "A stored document cannot be read").with(error)
        })?;
        let Some(waiting_for) = gone.iter().find(|it| lost.contains(it)).copied() else {
            continue;
        };
        let status = ChangeStatus::Held {
            reason: HeldReason::DependsOnQuarantined,
            waiting_for,
        };
        let others = gone.difference(&lost);
        waiting.extend(others.map(|hash| (*id, *hash, status.clone())));
        documents.open.insert(*id, (row.header, document, true));
    }
    Ok(waiting)
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

/// What a parcel brought of one document.
#[derive(Debug)]
pub struct TakenIn {
    /// Which.
    pub header: DocumentHeader,
    /// Whether it may be read on this phone; if not, nothing of it was kept.
    pub is_for_us: bool,
    /// Whether this phone has it now: one that is new, of which nothing stands and nothing waits for a person, it has not.
    pub kept: bool,
    /// How many changes are new and stand in it.
    pub stand: usize,
    /// What does not stand, each with why.
    pub aside: Vec<(ChangeHash, ChangeStatus)>,
    /// How many were no changes at all.
    pub malformed: usize,
}

/// Whether the server is to have it, although it does not stand here: its author is known, so that a person may let it in,
/// or it waits for something like that.
fn is_for_a_person(status: &ChangeStatus) -> bool {
    match status {
        ChangeStatus::Held { reason, .. } => *reason == HeldReason::DependsOnQuarantined,
        _ => is_judged(status),
    }
}

/// Whether an author was judged, and not only unknown.
fn is_judged(status: &ChangeStatus) -> bool {
    matches!(
        status,
        ChangeStatus::Quarantined { quarantine: QuarantineKind::Unauthorised, code, .. }
            if !may_be_answered(code)
    )
}

/// What came in a parcel and when it was opened.
pub struct Handed<'a> {
    /// What is inside.
    pub documents: &'a [ParcelDocument],
    /// Certificates of whoever wrote in them, unverified.
    pub certificates: &'a [Signed<CertificatePayload>],
    /// By the wall clock.
    pub wall_ms: Millis,
    /// The earliest that it can be.
    pub earliest_now_ms: Millis,
    /// Whether a document that stands like this may be read on this phone. One that may not is not kept.
    pub is_for_us: &'a IsForUs<'a>,
}

/// Whether a document may be read on this phone.
pub type IsForUs<'a> =
    dyn Fn(&Store, &DocumentHeader, &Automerge) -> Result<bool, ClientError> + 'a;

/// Takes in what a parcel held, by the same guard, signatures and certificates as what comes down, and by the authority of
/// its authors as the server does: what does not stand lies beside its document with its reason, for good. `opened` notes
/// in the same transaction that it was opened.
pub fn take_parcel(
    store: &mut Store,
    schema: &dyn Schema,
    handed: &Handed<'_>,
    opened: impl Fn(&Write<'_>) -> Result<(), ClientError>,
) -> Result<Vec<TakenIn>, ClientError> {
    let server_keys = believed_keys(store)?;
    let mut authors = Authors::known(store)?;
    authors.earliest_now_ms = authors.earliest_now_ms.max(handed.earliest_now_ms);
    let certificates = believe(&server_keys, handed.certificates.iter(), &mut authors);
    let mut documents = Documents::new(store, schema);
    let (mut intakes, mut told) = (Vec::new(), Vec::new());
    for document in handed.documents {
        let (offered, unreadable) = document.candidates();
        let offered = Offered {
            header: &document.document,
            candidates: offered,
            unreadable: unreadable.len(),
            tips: &document.tips,
        };
        let Some((id, intake, held)) = judge_page(&mut documents, offered, &authors)? else {
            continue;
        };
        let header = &document.document;
        if !(handed.is_for_us)(documents.store, header, &intake.document)? {
            documents.open.remove(&id);
            told.push(TakenIn {
                header: header.clone(),
                is_for_us: false,
                kept: false,
                stand: 0,
                aside: Vec::new(),
                malformed: 0,
            });
            continue;
        }
        let is_of_use =
            |it: &Taken| it.status == ChangeStatus::Accepted || is_for_a_person(&it.status);
        let kept =
            documents.store.find_document(id)?.is_some() || intake.taken.iter().any(is_of_use);
        // A list shows no visit in which nothing is.
        if !kept {
            documents.open.remove(&id);
        }
        let taken = intake.taken.iter();
        let stand = taken
            .clone()
            .filter(|it| it.status == ChangeStatus::Accepted);
        // What lay here before is told where it came.
        let named: BTreeSet<ChangeHash> = document.changes.iter().map(|it| it.hash).collect();
        let lay = |hash: &ChangeHash| held.contains(&hash.to_string()) && !named.contains(hash);
        let aside = taken.filter(|it| it.status != ChangeStatus::Accepted && !lay(&it.hash));
        let aside = aside.map(|it| (it.hash, it.status.clone()));
        told.push(TakenIn {
            header: header.clone(),
            is_for_us: true,
            kept,
            stand: stand.count(),
            aside: aside.collect(),
            malformed: unreadable.len(),
        });
        intakes.push((id, intake, held));
    }
    let open = documents.open;
    store.write(|write| {
        put_certificates(write, &certificates)?;
        put_intakes(write, schema, &intakes, &open, handed.wall_ms)?;
        for (id, intake, _) in &intakes {
            for taken in &intake.taken {
                let (hash, status) = (&taken.hash, &taken.status);
                if *status == ChangeStatus::Accepted || is_for_a_person(status) {
                    write.carry(hash)?;
                }
                let harmful = matches!(
                    status,
                    ChangeStatus::Quarantined {
                        quarantine: QuarantineKind::Unsafe,
                        ..
                    }
                );
                if harmful || is_judged(status) {
                    write.put_quarantined(*id, hash, status, false, handed.wall_ms)?;
                }
            }
        }
        opened(write)
    })?;
    Ok(told)
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
    authors: &Authors,
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
    if page.unreadable > 0 {
        tracing::warn!(document = %id, count = page.unreadable, "changes that are no base64");
    }
    let lies = documents.store.list_quarantined(id)?;
    let admitted = documents.admitted.get(&id).cloned().unwrap_or_default();
    let mut offered = page.candidates;
    let (earlier, earlier_tips) = documents.waiting.remove(&id).unwrap_or_default();
    let mut held: Vec<String> = earlier.iter().map(|it| it.hash.to_string()).collect();
    offered.extend(earlier);
    let named: BTreeMap<ChangeHash, usize> = (0..)
        .zip(&offered)
        .map(|(place, it)| (it.hash, place))
        .collect();
    for stored in documents.store.list_changes(Some(id))? {
        let later = stored.status.as_ref().is_some_and(may_stand_later);
        let said = admitted.contains(&stored.hash);
        if stored.own || !(later || said) {
            continue;
        }
        held.push(stored.hash.to_string());
        let vouched = said || (stored.vouched && !lies.contains_key(&stored.hash));
        // By hash and not by name: what is stored is what it is called.
        match named.get(&stored.hash) {
            Some(place) if offered[*place].bytes == stored.bytes => {
                offered[*place].vouched |= vouched;
            }
            _ => offered.push(Candidate {
                bytes: stored.bytes,
                hash: stored.hash,
                received_at_ms: stored.received_at_ms,
                vouched,
            }),
        }
    }
    let mut tips = documents.store.list_tips(id)?;
    tips.extend(earlier_tips);
    tips.extend(page.tips.iter().cloned());
    let identity = DocumentIdentity::read(&header.kind, &header.preimage);
    let others = Others::new(documents.store, id);
    let grounds = Grounds {
        key_of: &|actor| authors.keys.get(actor).cloned(),
        belongs_elsewhere: &|hash| others.hold(hash),
        objection: &|change| {
            let known = lies.get(&change.hash).cloned();
            known.or_else(|| authors.objection(identity.as_ref(), change))
        },
        verifier: &RustVerifier,
    };
    let intake = judge(id, &document, &offered, &tips, &grounds);
    let later = intake.taken.iter().filter(|it| may_stand_later(&it.status));
    let later = later.map(|it| Candidate {
        bytes: it.bytes.clone(),
        hash: it.hash,
        received_at_ms: it.received_at_ms,
        vouched: it.vouched,
    });
    let waiting = (later.collect(), intake.tips.clone());
    documents.waiting.insert(id, waiting);
    documents.lies.insert(id, lies);
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
