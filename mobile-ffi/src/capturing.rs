//! Evidence on the phone: files are copied in, hashed and durable before they are entered into a manifest; originals are let
//! go when space is wanted and the server has signed for them; and what a kill or a restored copy left is put in order.
//!
//! Between the file's place in the folder and the transaction that names it lies the one moment in which a kill leaves a
//! file that nobody was told of. Such a file is kept: it may as well be one that a database of yesterday no longer names.
//! It is taken up as soon as a manifest names its hash. It may be the only copy of what a damaged store named, so that space is
//! made of it only where the server has signed for its bytes and nobody has named it for [`ORPHAN_KEPT_MS`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use sync_core::document::{BoundDocument, Identity};
use sync_core::limits::{EVIDENCE_BYTES_MAX, ORPHAN_KEPT_MS};
use sync_core::model::{
    Digest, DocumentId, EvidenceEntry, EvidenceId, EvidenceSubject, Location, Millis, PaperForm,
    TimeClaim,
};
use sync_core::proof::EvidenceReceiptRecord;
use sync_core::sync::doctor::QueuedBecause;
use sync_core::sync::evidence::{
    EvidenceState, EvidenceTally, Held, Original, Received, Throttle, Waiting, share,
    state_on_phone, to_release,
};
use sync_core::sync::tus::DAMAGED;

use crate::client::{Client, Done};
use crate::error::ClientError;
use crate::keys::RustVerifier;
use crate::kinds::{Held as HeldDocument, held_in, unknown_visit};
use crate::media::{TakeInError, TakenIn, is_full};
use crate::store::{CapturedFile, EntryState, MediaEntry, Store, Write};
use crate::taking;
use crate::types::{
    CaptureInput, EvidenceAdded, EvidenceInput, EvidenceItem, EvidenceSummary, Freed,
};

/// What is captured, but for its bytes.
struct About {
    media_type: String,
    kind: String,
    subject: EvidenceSubject,
    location: Option<Location>,
    captured_at: TimeClaim,
    paper: Option<PaperForm>,
}

/// A source that tells how far it was read.
struct Told<R, F> {
    file: R,
    read: u64,
    tell: F,
}

impl<R: Read, F: FnMut(u64)> Read for Told<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read += read as u64;
        if read > 0 {
            (self.tell)(self.read);
        }
        Ok(read)
    }
}

fn no_space(error: impl std::fmt::Display) -> ClientError {
    let message = "There is no room for this file; forms are still saved";
    ClientError::new("evidence.no_space", message).with(error)
}

fn folder_failed(error: impl std::fmt::Display) -> ClientError {
    ClientError::new("evidence.failed", "The file could not be kept").with(error)
}

impl From<TakeInError> for ClientError {
    fn from(error: TakeInError) -> Self {
        match error {
            TakeInError::Full(error) => no_space(error),
            TakeInError::Folder(error) => folder_failed(error),
            TakeInError::Source(error) => {
                let message = "The file to capture cannot be read";
                Self::new("evidence.unreadable", message).with(error)
            }
            TakeInError::TooLarge => {
                let message = "This file is longer than evidence may be: divide it";
                Self::new("evidence.too_large", message)
            }
            TakeInError::Stopped(error) => error,
        }
    }
}

impl Client {
    /// Copies a file in and enters it into the manifest (影像清单). When this returns, the bytes, their hash and the entry are
    /// durable together; before, a kill leaves no entry. With `evidence.no_space` nothing was stored, and forms still are.
    pub fn capture(&self, visit: DocumentId, input: &CaptureInput) -> Done<EvidenceAdded> {
        self.capture_file(visit, input, None, &|_, _| {})
    }

    /// The same, telling how many bytes of how many are in. The callback must be quick.
    pub fn capture_told(
        &self,
        document: DocumentId,
        input: &CaptureInput,
        told: &dyn Fn(u64, u64),
    ) -> Done<EvidenceAdded> {
        self.capture_file(document, input, None, told)
    }

    /// The same of bytes that the app has in memory; the file that `input` names is not looked at.
    pub fn capture_bytes(
        &self,
        document: DocumentId,
        input: &CaptureInput,
        bytes: &[u8],
        told: &dyn Fn(u64, u64),
    ) -> Done<EvidenceAdded> {
        let about = self.about(input, None)?;
        let size_bytes = bytes.len() as u64;
        let source =
            || -> Done<Box<dyn Read + '_>> { Ok(Box::new(self.told_of(bytes, size_bytes, told))) };
        self.capture_from(document, about, size_bytes, source)
    }

    /// A source that tells now and then how far it was read, and that it was read to its end.
    fn told_of<'a, R: Read>(
        &'a self,
        file: R,
        size_bytes: u64,
        told: &'a dyn Fn(u64, u64),
    ) -> Told<R, impl FnMut(u64) + 'a> {
        let mut throttle = Throttle::default();
        let tell = move |read: u64| {
            if read == size_bytes || throttle.passes(self.host.clock.monotonic_ms()) {
                told(read, size_bytes);
            }
        };
        Told {
            file,
            read: 0,
            tell,
        }
    }

    /// The same of a photographed paper form (纸质文书): the number on the paper, and the digest where one is printed on it,
    /// go into the signed manifest with the photograph's hash.
    pub fn capture_paper(
        &self,
        visit: DocumentId,
        input: &CaptureInput,
        paper: PaperForm,
    ) -> Done<EvidenceAdded> {
        self.capture_file(visit, input, Some(paper), &|_, _| {})
    }

    fn capture_file(
        &self,
        visit: DocumentId,
        input: &CaptureInput,
        paper: Option<PaperForm>,
        told: &dyn Fn(u64, u64),
    ) -> Done<EvidenceAdded> {
        let about = self.about(input, paper)?;
        let found = std::fs::metadata(&input.file).map_err(TakeInError::Source)?;
        // A pipe may never end, nor begin.
        if !found.is_file() {
            let why = std::io::Error::new(ErrorKind::InvalidInput, "this is no file");
            return Err(TakeInError::Source(why).into());
        }
        let size_bytes = found.len();
        let source = || -> Done<Box<dyn Read + '_>> {
            let file = File::open(&input.file).map_err(TakeInError::Source)?;
            Ok(Box::new(self.told_of(file, size_bytes, told)))
        };
        self.capture_from(visit, about, size_bytes, source)
    }

    fn about(&self, input: &CaptureInput, paper: Option<PaperForm>) -> Done<About> {
        Ok(About {
            media_type: input.media_type.clone(),
            kind: input.kind.clone(),
            subject: input.subject.clone(),
            location: input.location.clone().or_else(|| self.host.place()),
            captured_at: self.time_claim()?,
            paper,
        })
    }

    /// Captures bytes that the app has in memory: a drawing, a small photograph.
    pub fn add_evidence(&self, visit: DocumentId, evidence: EvidenceInput) -> Done<EvidenceAdded> {
        let about = About {
            media_type: evidence.mime,
            kind: evidence.kind,
            subject: evidence
                .sample_id
                .map_or(EvidenceSubject::Visit, EvidenceSubject::Sheet),
            location: self.host.place(),
            captured_at: self.time_claim()?,
            paper: None,
        };
        let bytes = evidence.bytes;
        let source = || -> Done<Box<dyn Read + '_>> { Ok(Box::new(bytes.as_slice())) };
        self.capture_from(visit, about, bytes.len() as u64, source)
    }

    fn capture_from<'a>(
        &self,
        visit: DocumentId,
        about: About,
        size_bytes: u64,
        source: impl Fn() -> Done<Box<dyn Read + 'a>>,
    ) -> Done<EvidenceAdded> {
        if self.lock().store.find_document(visit)?.is_none() {
            return Err(unknown_visit(visit));
        }
        let size_bytes = i64::try_from(size_bytes).unwrap_or(i64::MAX);
        if size_bytes > EVIDENCE_BYTES_MAX {
            return Err(TakeInError::TooLarge.into());
        }
        let evidence_id = EvidenceId(self.new_uuid());
        let copied = match self.copy_in(evidence_id, source()?.as_mut()) {
            // What the server has signed for makes room, if that is enough.
            Err(error) if error.code == "evidence.no_space" => {
                let wanted = size_bytes.saturating_add(self.lock().store.reserve.missing());
                if self.free_space(wanted)?.files == 0 {
                    return Err(error);
                }
                self.copy_in(evidence_id, source()?.as_mut())
            }
            copied => copied,
        };
        self.enter(visit, evidence_id, about, &copied?)
    }

    /// The room that forms need is there before a file takes any.
    fn copy_in(&self, evidence_id: EvidenceId, source: &mut dyn Read) -> Done<TakenIn> {
        let reserve = self.lock().store.reserve.clone();
        reserve
            .fill(self.host.rng.as_ref())
            .map_err(|error| match is_full(&error) {
                true => no_space(error),
                false => folder_failed(error),
            })?;
        let name = evidence_id.to_string();
        let taken = self.media.take_in(&name, source, EVIDENCE_BYTES_MAX)?;
        if taken.size_bytes == 0 {
            let message = "The file to capture is empty";
            return Err(ClientError::new("evidence.empty", message));
        }
        self.media.make_durable(&taken)?;
        Ok(taken)
    }

    /// The file gets its place, and then the manifest its entry, in one transaction with the rows that know of it.
    fn enter(
        &self,
        visit: DocumentId,
        evidence_id: EvidenceId,
        about: About,
        taken: &TakenIn,
    ) -> Done<EvidenceAdded> {
        let (sha256, size_bytes) = (taken.sha256, taken.size_bytes);
        let file = CapturedFile {
            sha256,
            size_bytes,
            media_type: about.media_type.clone(),
            captured_at_ms: about.captured_at.wall_ms,
        };
        let device_id = self.person()?.device_id.parse().ok();
        let entry = EvidenceEntry {
            evidence_id,
            sha256,
            size_bytes,
            media_type: about.media_type,
            kind: about.kind,
            subject: about.subject,
            captured_at: about.captured_at,
            location: about.location,
            device_id,
            paper: about.paper,
            answers: BTreeMap::new(),
        };
        let beside = |write: &Write<'_>| {
            let change = write.last_change(visit)?;
            write.put_captured((visit, evidence_id), change, &file)
        };
        let of_confirmation = matches!(entry.subject, EvidenceSubject::Confirmation(_));
        let entered = match of_confirmation {
            true => self.edit_confirmation_with(
                visit,
                |d, now, s| self.list(d, now, s, &entry, taken),
                beside,
            ),
            false => self.edit_visit_with(
                visit,
                |d, now, s| self.list(d, now, s, &entry, taken),
                beside,
            ),
        };
        if let Err(error) = entered {
            self.take_back(&sha256, &error);
            return Err(error);
        }
        Ok(EvidenceAdded {
            evidence_id: evidence_id.to_string(),
            sha256,
        })
    }

    /// The file gets its place and the manifest its entry.
    fn list<I: Identity>(
        &self,
        document: &mut BoundDocument<I>,
        now: Millis,
        store: &Store,
        entry: &EvidenceEntry,
        taken: &TakenIn,
    ) -> Done<()> {
        // One copy for one hash: a second one takes the place of the first, which may be worn out by now.
        self.media.settle(taken)?;
        self.known_in(store, |known| {
            document.add_evidence(known, now, entry)?;
            Ok(())
        })
    }

    /// What was not entered does not keep room that a full disk has not got.
    fn take_back(&self, sha256: &Digest, error: &ClientError) {
        let inner = self.lock();
        let killed = error.code == "test.killed";
        if !killed && inner.store.has_media(sha256).is_ok_and(|here| !here) {
            // If it stays all the same, it is found when the phone is opened.
            let _ = self.media.remove(sha256);
        }
    }

    /// Where an original lies on this phone, to show it; none where it was let go or never was here.
    pub fn original(&self, sha256: &Digest) -> Done<Option<PathBuf>> {
        let here = self.lock().store.has_media(sha256)?;
        let place = self.media.place(sha256);
        Ok((here && place.is_file()).then_some(place))
    }

    /// Lets originals go until so many bytes are free: only those that the server has verified and signed for, by the
    /// receipts that this phone keeps and checks anew, oldest first, and no more than are wanted. One that no manifest names
    /// goes where such a receipt is for its bytes, and stays otherwise.
    pub fn free_space(&self, bytes_wanted: i64) -> Done<Freed> {
        let mut inner = self.lock();
        let store = &mut inner.store;
        let entries = store.list_media_entries(None)?;
        let mut originals: BTreeMap<Digest, Original> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.on_phone) {
            let original = originals.entry(entry.sha256).or_insert_with(|| Original {
                sha256: entry.sha256,
                size_bytes: entry.size_bytes,
                receipts: Vec::new(),
            });
            original.receipts.push(received(store, entry)?);
        }
        let originals: Vec<Original> = originals.into_values().collect();
        let mut freed = Freed::default();
        for sha256 in to_release(bytes_wanted, &originals) {
            let size = self.media.size(&sha256).unwrap_or(0);
            // First the row: what a kill leaves then is a file too many, never a file too few.
            store.write(|write| write.put_original_gone(&sha256))?;
            self.media.remove(&sha256).map_err(folder_failed)?;
            freed.files += 1;
            freed.bytes += size;
        }
        let known: BTreeSet<Digest> = store.list_media()?.into_iter().map(|it| it.0).collect();
        let now = self.host.clock.wall_ms();
        for (sha256, size, written_ms) in self.media.list().map_err(folder_failed)? {
            let left = bytes_wanted - freed.bytes;
            if left <= 0 {
                break;
            }
            let old = now - written_ms > ORPHAN_KEPT_MS;
            if old && !known.contains(&sha256) && is_received(store, &sha256, size)? {
                self.media.remove(&sha256).map_err(folder_failed)?;
                freed.files += 1;
                freed.bytes += size;
            }
        }
        // What forms took while the disk was full comes back first.
        let filled = store.reserve.fill(self.host.rng.as_ref());
        if let Err(error) = filled {
            tracing::info!(%error, "the reserve is not whole yet");
        }
        Ok(freed)
    }

    /// What the folder holds and what the store knows are made to agree, when the phone is opened and when manifests came
    /// down. Nothing that a manifest names is removed.
    pub(crate) fn put_media_in_order(&self) -> Done<()> {
        let mut inner = self.lock();
        let store = &mut inner.store;
        if let Err(error) = store.reserve.fill(self.host.rng.as_ref()) {
            tracing::warn!(%error, "there is no room for the reserve");
        }
        self.media.sweep_parts().map_err(folder_failed)?;
        let here: BTreeMap<Digest, i64> = self
            .media
            .list()
            .map_err(folder_failed)?
            .into_iter()
            .map(|(sha256, size, _)| (sha256, size))
            .collect();
        let mut orphans = here.clone();
        for (sha256, size, on_phone) in store.list_media()? {
            orphans.remove(&sha256);
            let found = here.get(&sha256);
            match (on_phone, found) {
                (true, Some(found)) if *found == size => {}
                (true, found) => self.note_lost(store, &sha256, found.is_some())?,
                // A kill came between letting it go and its going.
                (false, Some(found)) if *found == size => {
                    let now = self.host.clock.wall_ms();
                    store.write(|write| write.put_original(&sha256, size, now))?;
                }
                (false, _) => {}
            }
        }
        if orphans.is_empty() {
            return Ok(());
        }
        self.take_up(store, &orphans)
    }

    /// An original is not here as it was: where the server has it all is well, else its entries go aside.
    fn note_lost(&self, store: &mut Store, sha256: &Digest, damaged: bool) -> Done<()> {
        let code = match damaged {
            true => DAMAGED,
            false => "evidence.missing",
        };
        let entries = store.list_media_entries(None)?;
        let waiting = entries
            .iter()
            .filter(|it| it.sha256 == *sha256 && it.received.is_none());
        store.write(|write| {
            write.put_original_gone(sha256)?;
            waiting.clone().try_for_each(|it| {
                let key = (it.document_id, it.evidence_id);
                write.put_entry_state(key, EntryState::Aside, Some(code))
            })
        })
    }

    /// Files that no row names: those that a manifest names by their hash are its originals again.
    fn take_up(&self, store: &mut Store, orphans: &BTreeMap<Digest, i64>) -> Done<()> {
        let now = self.host.clock.wall_ms();
        let mut sound = BTreeSet::new();
        for (document, held) in held_in(store)? {
            for (entry, _) in held.manifest() {
                if orphans.get(&entry.sha256) != Some(&entry.size_bytes) {
                    continue;
                }
                if !sound.contains(&entry.sha256)
                    && !self.media.is_sound(&entry.sha256).map_err(folder_failed)?
                {
                    continue;
                }
                sound.insert(entry.sha256);
                let file = CapturedFile {
                    sha256: entry.sha256,
                    size_bytes: entry.size_bytes,
                    media_type: entry.media_type,
                    captured_at_ms: now,
                };
                let key = (document, entry.evidence_id);
                store.write(|write| write.put_captured(key, None, &file))?;
            }
        }
        Ok(())
    }

    /// Where every piece of evidence in the manifest of a visit stands, teammates' pieces among them.
    pub fn evidence(&self, visit: DocumentId) -> Done<Vec<EvidenceItem>> {
        Ok(self
            .states(visit)?
            .into_iter()
            .map(|(entry, held, state)| {
                let words = state.words();
                EvidenceItem {
                    document_id: visit,
                    evidence_id: entry.evidence_id,
                    sha256: entry.sha256,
                    size_bytes: entry.size_bytes,
                    media_type: entry.media_type,
                    kind: entry.kind,
                    on_phone: held.as_ref().is_some_and(|it| it.on_phone),
                    sent_bytes: held.map_or(0, |it| it.file.sent_bytes),
                    state: state.word().to_owned(),
                    waits: state.because().map(|it| it.name().to_owned()),
                    needs_attention: state.needs_attention(),
                    zh: words.zh,
                    en: words.en,
                }
            })
            .collect())
    }

    /// What a visit says of its evidence as a whole: `3 of 7 verified, 2 uploading, 2 on the phone`.
    pub fn evidence_summary(&self, visit: DocumentId) -> Done<EvidenceSummary> {
        let states = self.states(visit)?;
        let tally = EvidenceTally::of(states.iter().map(|(_, _, state)| state));
        let words = tally.words();
        Ok(EvidenceSummary {
            tally,
            complete: tally.is_complete(),
            zh: words.zh,
            en: words.en,
        })
    }

    fn states(&self, visit: DocumentId) -> Done<Vec<(EvidenceEntry, Option<Held>, EvidenceState)>> {
        let because = self.uploads_wait_because()?;
        let (line, going) = (self.line()?, self.uploads.going());
        let inner = self.lock();
        let row = inner.store.find_document(visit)?;
        let document = HeldDocument::read(&row.ok_or_else(|| unknown_visit(visit))?)?;
        let receipts: BTreeMap<EvidenceId, Vec<Received>> = {
            let mut found: BTreeMap<EvidenceId, Vec<Received>> = BTreeMap::new();
            for (id, received) in inner.store.list_received(visit)? {
                found.entry(id).or_default().push(received);
            }
            found
        };
        let manifest = document.manifest();
        let sealed: BTreeSet<EvidenceId> = manifest
            .iter()
            .filter(|(_, sealed)| *sealed)
            .map(|(it, _)| it.evidence_id)
            .collect();
        let manifest = manifest.into_iter().map(|(entry, _)| entry);
        let entries = inner.store.list_media_entries(Some(visit))?;
        let mut held: Vec<Held> = entries
            .iter()
            .map(|it| Held {
                file: waiting(it, sealed.contains(&it.evidence_id)),
                on_phone: it.on_phone,
                going: going == Some((visit, it.evidence_id)),
                aside: (it.state == EntryState::Aside).then(|| it.code.clone().unwrap_or_default()),
            })
            .collect();
        share(&mut held);
        let mut held: BTreeMap<EvidenceId, Held> = held
            .into_iter()
            .map(|it| (it.file.evidence_id, it))
            .collect();
        Ok(manifest
            .map(|entry| {
                let id = entry.evidence_id;
                let held = held.remove(&id);
                let of_entry = receipts.get(&id).into_iter().flatten();
                let received = of_entry.clone().find(|it| it.sha256 == entry.sha256);
                let state = state_on_phone(&entry, received, held.as_ref(), &line, &because);
                (entry, held, state)
            })
            .collect())
    }

    /// Whether anything keeps the queue from going.
    fn uploads_wait_because(&self) -> Done<QueuedBecause> {
        if self.enrolled()?.is_none() {
            return Ok(QueuedBecause::EnrolmentNeeded);
        }
        self.last_upload_end()
    }
}

/// The entry as the queue sees it.
pub(crate) fn waiting(entry: &MediaEntry, sealed: bool) -> Waiting {
    Waiting {
        document_id: entry.document_id,
        evidence_id: entry.evidence_id,
        sha256: entry.sha256,
        size_bytes: entry.size_bytes,
        media_type: entry.media_type.clone(),
        sealed,
        captured_at_ms: entry.captured_at_ms,
        paused: entry.paused,
        listed: entry.listed,
        sent_bytes: entry.sent_bytes,
        checking: entry.state == EntryState::Checking,
    }
}

/// Whether the server has signed for these bytes, whoever named them.
fn is_received(store: &Store, sha256: &Digest, size_bytes: i64) -> Done<bool> {
    let keys = taking::believed_keys(store)?;
    let receipts = store.list_receipts_of(sha256)?.into_iter();
    let records =
        receipts.filter_map(|it| serde_json::from_str::<EvidenceReceiptRecord>(&it.signed).ok());
    let mut opened = records.filter_map(|it| it.open(&keys, &RustVerifier).ok());
    Ok(opened.any(|it| (it.sha256, it.size_bytes) == (*sha256, size_bytes)))
}

/// What the receipt of an entry says, its signature checked anew by the keys that are believed now.
fn received(store: &Store, entry: &MediaEntry) -> Done<Option<Received>> {
    let keys = taking::believed_keys(store)?;
    let receipts = store.list_receipts_of(&entry.sha256)?;
    let own = receipts
        .iter()
        .filter(|it| it.document_id == entry.document_id && it.evidence_id == entry.evidence_id);
    for stored in own {
        let Ok(record) = serde_json::from_str::<EvidenceReceiptRecord>(&stored.signed) else {
            continue;
        };
        match record.open(&keys, &RustVerifier) {
            Ok(payload)
                if (payload.document_id, payload.evidence_id)
                    == (entry.document_id, entry.evidence_id) =>
            {
                return Ok(Some(taking::received(&payload)));
            }
            Ok(_) => tracing::warn!("a receipt is kept under another name"),
            Err(error) => tracing::warn!(%error, "a receipt of evidence is not believed any more"),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::{Duration, UNIX_EPOCH};

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ed25519_dalek::{Signer as _, SigningKey};
    use sync_core::proof::{BelievedKeys, EvidenceReceiptPayload, Signed, key_id};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn bytes_in_memory_tell_how_far_they_were_read_as_files_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phone.db");
        let client = Client::open(&path, crate::Host::system()).unwrap();
        let bytes = vec![7; 300_000];
        let steps = RefCell::new(Vec::new());
        let told = |read, total| steps.borrow_mut().push((read, total));
        let mut read = Vec::new();
        let mut source = client.told_of(bytes.as_slice(), 300_000, &told);
        source.read_to_end(&mut read).unwrap();
        drop(source);
        assert_eq!(read, bytes);
        let steps = steps.into_inner();
        assert_eq!(steps.last(), Some(&(300_000, 300_000)));
        assert!(steps.iter().all(|(_, total)| *total == 300_000));
    }

    #[test]
    fn an_original_that_nobody_names_goes_only_where_the_server_has_signed_for_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let phone = Client::open(&folder.path().join("phone.db"), crate::Host::system()).unwrap();
        let lay = |bytes: &[u8]| {
            let taken = phone.media.take_in("file", &mut &*bytes, 9).unwrap();
            phone.media.settle(&taken).unwrap();
            let file = File::options()
                .write(true)
                .open(phone.media.place(&taken.sha256));
            let long_ago = UNIX_EPOCH + Duration::from_secs(1);
            file.unwrap().set_modified(long_ago).unwrap();
            taken.sha256
        };
        let (only, sent, shorter) = (lay(b"only"), lay(b"sent"), lay(b"long"));
        let server = SigningKey::from_bytes(&[7; 32]);
        let public = server.verifying_key().to_bytes();
        let mut keys = BelievedKeys::default();
        assert!(keys.pin(&key_id(&public), &STANDARD.encode(public), 0));
        let receipt = |sha256: Digest, size_bytes: i64| {
            let payload = EvidenceReceiptPayload {
                document_id: DocumentId([1; 32]),
                evidence_id: EvidenceId(Uuid::nil()),
                sha256,
                size_bytes,
                verified_at_ms: 5,
                epoch: "e".to_owned(),
            };
            let sign = |message: &[u8]| server.sign(message).to_bytes().to_vec();
            let signed = Signed::sign(&payload, key_id(&public), sign);
            let text = serde_json::to_string(&EvidenceReceiptRecord { signed }).unwrap();
            let key = (payload.document_id, payload.evidence_id);
            (key, taking::received(&payload), text)
        };
        let receipts = [receipt(sent, 4), receipt(shorter, 3)];
        let put = |write: &Write<'_>| {
            write.put_setting(taking::SERVER_KEYS, &keys.to_json())?;
            let mut each = receipts.iter();
            each.try_for_each(|(key, received, text)| {
                write.put_evidence_receipt(*key, received, text)
            })
        };
        phone.lock().store.write(put).unwrap();
        assert_eq!(phone.unsent_work().unwrap().originals, 3);
        assert_eq!(phone.clean().unwrap(), Freed { files: 1, bytes: 4 });
        assert_eq!(phone.clean().unwrap().files, 0);
        assert!(phone.media.is_sound(&only).unwrap());
        assert_eq!(phone.media.size(&sent), None);
        assert_eq!(phone.media.size(&shorter), Some(4));
    }
}
