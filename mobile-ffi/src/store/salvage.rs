//! What is carried out of a damaged store into a new one. Rows are read from the pages themselves (`pages`), and none is
//! believed that does not hold: a change by its hash, a document's header by its id. Changes are looked for in the trees,
//! in pages that nothing leads to, as records and as chunks inside damaged pages, and in the snapshots of documents.
//!
//! The bound: a change comes through if its row lies anywhere in the file or its log with every byte of it, or its chunk
//! lies whole in one page and a signature, a snapshot or what it builds on still names its document, or a snapshot that
//! holds it does. It is sent if its document is named in one of the two places that name it.
//!
//! Columns are read by their place: migrations of the phone add tables, and columns behind the others, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use automerge::Automerge;
use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension as _, Statement, Transaction, params_from_iter};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sync_core::document::DocumentIdentity;
use sync_core::guard::{admit_batch, inspect, wire_bytes};
use sync_core::model::{Actor, ChangeHash, DocumentId, Millis};
use sync_core::sync::intake::header_holds;
use sync_core::sync::wire::{ChangeStatus, DocumentHeader};

use super::pages::{FoundRow, Pages, Value};
use super::sealing::StoreKey;
use super::shapes::reads;
use super::writing::{put_setting, to_json};
use super::{DocumentState, Store, Write};
use crate::error::ClientError;
use crate::install::InstallFile;
use crate::kinds::Kinds;
use crate::taking::Schema as _;

/// The setting under which the reports are kept, the oldest first.
pub(super) const SALVAGES: &str = "salvages";
/// What the setting `actor` says where a number of this install may have been used by a change that is lost.
const NOBODY: &str = "salvaged";
/// What every Automerge chunk begins with.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
/// The chunk type of a plain change.
const CHANGE_CHUNK: u8 = 1;
/// How the record of a change begins behind the length of its header: a rowid, two hashes and an actor, as SQLite's serial
/// types.
const CHANGE_RECORD: [u8; 6] = [0x00, 0x81, 0x0D, 0x81, 0x0D, 0x4D];
/// The same of a signature: a hash, an actor.
const TIP_RECORD: [u8; 3] = [0x81, 0x0D, 0x4D];

/// Tables that are read by what they say and not by where they lie, or made anew.
const OWN_WAYS: [&str; 5] = [
    "changes",
    "tips",
    "documents",
    "document_headers",
    "visit_links",
];

/// What was saved from a damaged store, and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salvage {
    /// By the wall clock.
    pub at_ms: Millis,
    /// What was found, for a log.
    pub because: String,
    /// Where the damaged file lies now.
    pub aside: String,
    /// Documents that can be read again.
    pub documents: i64,
    /// Changes that were carried over.
    pub changes: i64,
    /// Of them, those that wait to be sent.
    pub unsent: i64,
    /// Keys of people who sign.
    pub signers: i64,
    /// Rows of other tables: reference data, rulings, receipts. What is missing of them comes with the next sync.
    pub other_rows: i64,
    /// Changes of which something is left that names them, and not they themselves.
    pub lost: Vec<LostChange>,
    /// Pages and rows that could not be read.
    pub troubles: i64,
    /// Nothing that was written here is missing: this install goes on. Otherwise it asks for an enrolment code, since a
    /// number of a lost change may have been used.
    pub whole: bool,
}

/// A change of which only the signature is left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LostChange {
    /// Its document.
    pub document_id: DocumentId,
    /// Its hash.
    pub hash: ChangeHash,
    /// Its number among those of this install in this document.
    pub seq: i64,
}

/// Whether these are the bytes that a hash stands for: a change, or what came as one and is none, which is kept aside under
/// the hash of all of it.
pub(super) fn holds(bytes: &[u8], hash: &ChangeHash) -> bool {
    plain_change(bytes).as_ref() == Some(hash) || hash.0[..] == Sha256::digest(bytes)[..]
}

/// The hash of a plain change, if its bytes are one, whole and unaltered: the chunk carries a part of it.
fn plain_change(bytes: &[u8]) -> Option<ChangeHash> {
    let (hash, end) = chunk(bytes)?;
    (end == bytes.len() && bytes[8] == CHANGE_CHUNK).then_some(hash)
}

/// Whether a snapshot is what was saved: chunk upon chunk, each as its checksum says.
pub(super) fn snapshot_holds(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match chunk(bytes) {
            Some((_, end)) => bytes = &bytes[end..],
            None => return false,
        }
    }
    true
}

/// The hash of the chunk at the beginning, and where it ends.
fn chunk(bytes: &[u8]) -> Option<(ChangeHash, usize)> {
    if !bytes.starts_with(&MAGIC) {
        return None;
    }
    let mut length = 0usize;
    let mut at = 9;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let end = at.checked_add(length)?;
            let hash: [u8; 32] = Sha256::digest(bytes.get(8..end)?).into();
            return (bytes[4..8] == hash[..4]).then_some((ChangeHash(hash), end));
        }
    }
    None
}

/// A change that holds.
struct FoundChange {
    position: Option<i64>,
    document: DocumentId,
    actor: Actor,
    seq: i64,
    bytes: Vec<u8>,
    own: bool,
    unsent: bool,
    /// The row as it was read; none where the change was found without one.
    row: Option<Vec<Value>>,
}

/// What was read.
#[derive(Default)]
pub(super) struct FoundStore {
    changes: BTreeMap<ChangeHash, FoundChange>,
    tips: BTreeMap<ChangeHash, (DocumentId, Actor, i64, String)>,
    headers: BTreeMap<DocumentId, DocumentHeader>,
    /// Documents that a tree leads to. Others were perhaps dropped on purpose.
    in_trees: BTreeSet<DocumentId>,
    snapshots: BTreeMap<DocumentId, (Vec<u8>, Option<Millis>)>,
    tables: BTreeMap<String, Vec<FoundRow>>,
    own_actors: BTreeSet<Actor>,
    troubles: i64,
    /// The trees of changes and signatures were walked to their ends.
    walked: bool,
    /// Evidence's rows were.
    evidence_walked: bool,
    sequence: i64,
}

/// Reads what can be read, by the files alone.
pub(super) fn read(path: &Path, key: Option<&StoreKey>) -> std::io::Result<FoundStore> {
    let pages = Pages::open(path, key.map(StoreKey::cipher))?;
    let mut found = FoundStore::default();
    if let Some(install) = InstallFile::beside(path).read() {
        found.own_actors.insert(install.actor);
    }
    let reached = found.walk(&pages);
    found.scan(&pages, &reached);
    found.open_snapshots();
    found.judge();
    Ok(found)
}

fn parsed<T: std::str::FromStr>(value: &Value) -> Option<T> {
    value.text()?.parse().ok()
}

impl FoundStore {
    /// The trees, as far as the schema names them.
    fn walk(&mut self, pages: &Pages) -> BTreeSet<u32> {
        let schema = pages.walk(1);
        self.troubles += schema.troubles;
        let mut reached = schema.reached;
        self.evidence_walked = schema.troubles == 0;
        let mut walked = Vec::new();
        for row in schema.rows {
            let [kind, name, _, root, ..] = row.values.as_slice() else {
                continue;
            };
            let root = root.int().and_then(|it| u32::try_from(it).ok());
            let (Some("table"), Some(name), Some(root)) = (kind.text(), name.text(), root) else {
                continue;
            };
            let tree = pages.walk(root);
            self.troubles += tree.troubles;
            reached.extend(&tree.reached);
            if tree.troubles == 0 {
                walked.push(name.to_owned());
            } else if ["media", "media_entries"].contains(&name) {
                self.evidence_walked = false;
            }
            match name {
                "changes" => tree
                    .rows
                    .into_iter()
                    .for_each(|it| self.take_change(it, true)),
                "tips" => tree.rows.into_iter().for_each(|it| self.take_tip(it)),
                "documents" => tree.rows.iter().for_each(|it| self.take_document(it, true)),
                "document_headers" => tree.rows.iter().for_each(|it| self.take_header(it, true)),
                _ => {
                    self.tables.insert(name.to_owned(), tree.rows);
                }
            }
        }
        let to_its_end = |name: &str| walked.iter().any(|it| it == name);
        self.walked = schema.troubles == 0
            && ["changes", "tips", "sqlite_sequence"]
                .iter()
                .all(|it| to_its_end(it));
        reached
    }

    /// Pages that no tree led to, and what lies in any page as a record or a chunk by itself.
    fn scan(&mut self, pages: &Pages, reached: &BTreeSet<u32>) {
        let mut loose = Vec::new();
        for (page, bytes) in pages.images() {
            if !reached.contains(&page) {
                for row in pages.leaf_rows(page, &bytes) {
                    self.take_by_shape(row);
                }
            }
            let begins = [CHANGE_RECORD[0], TIP_RECORD[0], MAGIC[0]];
            for at in (1..bytes.len()).filter(|at| begins.contains(&bytes[*at])) {
                let rest = &bytes[at..];
                if rest.starts_with(&CHANGE_RECORD) {
                    let row = pages.record_at(&bytes, at - 1);
                    row.into_iter().for_each(|it| self.take_change(it, false));
                } else if rest.starts_with(&TIP_RECORD) {
                    let row = pages.record_at(&bytes, at - 1);
                    row.into_iter().for_each(|it| self.take_tip(it));
                } else if rest.starts_with(&MAGIC)
                    && let Some((hash, end)) = chunk(rest)
                    && rest[8] == CHANGE_CHUNK
                {
                    loose.push((hash, rest[..end].to_vec()));
                }
            }
        }
        self.place(loose);
    }

    /// A row of a page that nothing leads to. Only what was written here, or names it, is taken: the rest may be what was
    /// dropped on purpose, and comes down again if it is still to be seen.
    fn take_by_shape(&mut self, row: FoundRow) {
        match row.values.len() {
            3 => self.take_header(&row, false),
            5 => self.take_tip(row),
            8 => {
                let is_signer = parsed::<uuid::Uuid>(&row.values[0]).is_some()
                    && row.values[6].blob().is_some()
                    && row.values[4].blob().is_some_and(|it| it.len() == 16);
                let signers = self.tables.entry("signers".to_owned()).or_default();
                if is_signer && signers.iter().all(|it| it.values[0] != row.values[0]) {
                    signers.push(row);
                }
            }
            11 if row.values[3].blob().is_some() => self.take_document(&row, false),
            _ => self.take_change(row, false),
        }
    }

    fn take_change(&mut self, row: FoundRow, in_tree: bool) {
        let read = (|| {
            let [_, said, document, actor, seq, bytes, own, _, _, unsent, ..] =
                row.values.as_slice()
            else {
                return None;
            };
            let bytes = bytes.blob()?.to_vec();
            let change = FoundChange {
                position: row.rowid,
                document: parsed(document)?,
                actor: parsed(actor)?,
                seq: seq.int()?,
                own: own.int()? == 1,
                unsent: unsent.int()? == 1,
                row: None,
                bytes,
            };
            let said = parsed::<ChangeHash>(said).filter(|it| holds(&change.bytes, it));
            Some((plain_change(&change.bytes).or(said)?, change))
        })();
        let Some((hash, mut change)) = read else {
            self.troubles += i64::from(in_tree);
            return;
        };
        if change.own {
            self.own_actors.insert(change.actor);
        }
        if self.changes.contains_key(&hash) {
            return;
        }
        change.row = Some(row.values);
        if in_tree || change.own || change.unsent || self.own_actors.contains(&change.actor) {
            self.changes.insert(hash, change);
        }
    }

    fn take_tip(&mut self, row: FoundRow) {
        let read = (|| {
            let [document, actor, seq, hash, signature] = row.values.as_slice() else {
                return None;
            };
            let signature = signature.text()?.to_owned();
            let tip = (parsed(document)?, parsed(actor)?, seq.int()?, signature);
            Some((parsed(hash)?, tip))
        })();
        if let Some((hash, tip)) = read {
            self.tips.entry(hash).or_insert(tip);
        }
    }

    fn take_header(&mut self, row: &FoundRow, in_tree: bool) {
        let [document, kind, preimage, ..] = row.values.as_slice() else {
            return;
        };
        let (Some(document_id), Some(kind), Some(preimage)) =
            (parsed(document), kind.text(), preimage.text())
        else {
            return;
        };
        let header = DocumentHeader {
            document_id,
            kind: kind.to_owned(),
            preimage: preimage.to_owned(),
        };
        if header_holds(&header) {
            if in_tree {
                self.in_trees.insert(document_id);
            }
            self.headers.insert(document_id, header);
        }
    }

    fn take_document(&mut self, row: &FoundRow, in_tree: bool) {
        self.take_header(row, in_tree);
        let [document, _, _, snapshot, rest @ ..] = row.values.as_slice() else {
            return;
        };
        let (Some(document), Some(snapshot)) = (parsed(document), snapshot.blob()) else {
            return;
        };
        if snapshot_holds(snapshot) {
            let updated_at = rest.get(6).and_then(Value::int);
            let of = || (snapshot.to_vec(), updated_at);
            self.snapshots.entry(document).or_insert_with(of);
        }
    }

    /// Chunks without a row: a signature names their document, or what they build on does.
    fn place(&mut self, mut loose: Vec<(ChangeHash, Vec<u8>)>) {
        let mut places: BTreeMap<ChangeHash, DocumentId> = BTreeMap::new();
        for header in self.headers.values() {
            let identity = DocumentIdentity::read(&header.kind, &header.preimage);
            let begun = identity.and_then(|it| it.skeleton().ok());
            let heads = begun.map(|it| it.get_heads()).unwrap_or_default();
            places.extend(
                heads
                    .iter()
                    .map(|it| (ChangeHash(it.0), header.document_id)),
            );
        }
        places.extend(self.changes.iter().map(|(hash, it)| (*hash, it.document)));
        places.extend(self.tips.iter().map(|(hash, it)| (*hash, it.0)));
        loop {
            let before = loose.len();
            loose.retain(|(hash, bytes)| {
                if self.changes.contains_key(hash) {
                    return false;
                }
                let Ok(inspected) = inspect(bytes) else {
                    return false;
                };
                let header = inspected.header();
                let named = places.get(hash);
                let named = named.or_else(|| header.deps.iter().find_map(|it| places.get(it)));
                let Some(document) = named.copied() else {
                    return true;
                };
                if self.own_actors.contains(&header.actor) {
                    places.insert(*hash, document);
                    let seq = i64::try_from(header.seq).unwrap_or(i64::MAX);
                    let change = unrecorded(document, header.actor, seq, bytes.clone());
                    self.changes.insert(*hash, change);
                }
                false
            });
            if loose.len() == before {
                return;
            }
        }
    }

    /// Changes that only a snapshot still holds.
    fn open_snapshots(&mut self) {
        for (document, (snapshot, _)) in &self.snapshots {
            // What holds by its checksum was saved here; a panic over it is one damaged document and no more.
            let loaded = catch_unwind(AssertUnwindSafe(|| Automerge::load(snapshot)));
            let Ok(Ok(loaded)) = loaded else {
                self.troubles += 1;
                continue;
            };
            for change in loaded.get_changes(&[]) {
                let hash = ChangeHash(change.hash().0);
                let actor = <[u8; 16]>::try_from(change.actor_id().to_bytes()).map(Actor);
                if let Ok(actor) = actor
                    && !change.deps().is_empty()
                    && !self.changes.contains_key(&hash)
                    && (self.in_trees.contains(document) || self.own_actors.contains(&actor))
                {
                    let seq = i64::try_from(change.seq()).unwrap_or(i64::MAX);
                    let mut found = unrecorded(*document, actor, seq, wire_bytes(&change));
                    found.own = self.own_actors.contains(&actor);
                    // Another's can be sent only under a signature of its author.
                    found.unsent = found.own || self.tips.contains_key(&hash);
                    self.changes.insert(hash, found);
                }
            }
        }
    }

    fn judge(&mut self) {
        self.put_right();
        let sequence = self.tables.get("sqlite_sequence").into_iter().flatten();
        let last = sequence
            .filter(|it| it.values.first().and_then(Value::text) == Some("changes"))
            .find_map(|it| it.values.get(1).and_then(Value::int));
        self.sequence = last.unwrap_or(0);
    }

    /// Rows whose bytes hold and which say something else around them: author and number stand in the change itself, its
    /// document in its signature or with what it builds on, and what the server has not spoken of is not sent.
    fn put_right(&mut self) {
        let places: BTreeMap<ChangeHash, DocumentId> = self
            .changes
            .iter()
            .filter(|(_, it)| self.headers.contains_key(&it.document))
            .map(|(hash, it)| (*hash, it.document))
            .chain(self.tips.iter().map(|(hash, it)| (*hash, it.0)))
            .collect();
        for (hash, change) in &mut self.changes {
            change.unsent |= change.own && is_queued(change.row.as_deref());
            let Ok(inspected) = inspect(&change.bytes) else {
                continue;
            };
            let header = inspected.header();
            change.actor = header.actor;
            change.seq = i64::try_from(header.seq).unwrap_or(i64::MAX);
            if !self.headers.contains_key(&change.document) {
                let known = |it: &ChangeHash| places.get(it).copied();
                let known = known(hash).or_else(|| header.deps.iter().find_map(known));
                change.document = known.unwrap_or(change.document);
            }
        }
    }

    /// Changes of this install that only a signature names any more.
    fn lost(&self) -> Vec<LostChange> {
        let ours = self.tips.iter();
        let ours = ours.filter(|(hash, (_, actor, _, _))| {
            self.own_actors.contains(actor) && !self.changes.contains_key(*hash)
        });
        ours.map(|(hash, (document_id, _, seq, _))| LostChange {
            document_id: *document_id,
            hash: *hash,
            seq: *seq,
        })
        .collect()
    }

    /// Whether the numbers of this install's changes have no gap.
    fn has_gaps(&self) -> bool {
        let mut numbers: BTreeMap<(DocumentId, Actor), BTreeSet<i64>> = BTreeMap::new();
        let ours = self.changes.values();
        for change in ours.filter(|it| self.own_actors.contains(&it.actor)) {
            let key = (change.document, change.actor);
            numbers.entry(key).or_default().insert(change.seq);
        }
        let whole = |seqs: &BTreeSet<i64>| seqs.last() == i64::try_from(seqs.len()).ok().as_ref();
        !numbers.values().all(whole)
    }
}

/// Whether the server has not spoken of a change, or nobody can read what it said.
fn is_queued(row: Option<&[Value]>) -> bool {
    let status = row.and_then(|it| it.get(7)?.text());
    status.is_none_or(|it| serde_json::from_str::<ChangeStatus>(it).is_err())
}

/// A change that was found without its row.
fn unrecorded(document: DocumentId, actor: Actor, seq: i64, bytes: Vec<u8>) -> FoundChange {
    FoundChange {
        position: None,
        document,
        actor,
        seq,
        bytes,
        own: true,
        unsent: true,
        row: None,
    }
}

/// Writes what was found into a new store, in one transaction; what was saved.
pub(super) fn write(
    found: FoundStore,
    store: &mut Store,
    (because, aside, wall_ms): (&str, &Path, Millis),
) -> Result<Salvage, ClientError> {
    let lost = found.lost();
    let mut report = Salvage {
        at_ms: wall_ms,
        because: because.to_owned(),
        aside: aside.display().to_string(),
        documents: 0,
        changes: 0,
        unsent: 0,
        signers: 0,
        other_rows: 0,
        whole: found.walked && lost.is_empty() && !found.has_gaps(),
        lost,
        troubles: found.troubles,
    };
    let (states, unreadable) = documents(&found, wall_ms);
    report.documents = i64::try_from(states.len()).unwrap_or(i64::MAX);
    report.troubles += unreadable;
    let counts = store.write(|write| {
        let mut counts = report.clone();
        // Rows of evidence are made again from manifests and files where not all of them can be read.
        let carried = found.tables.iter().filter(|(table, _)| {
            found.evidence_walked || !["media", "media_entries"].contains(&table.as_str())
        });
        // What others refer to goes first.
        let (first, then): (Vec<_>, Vec<_>) = carried.partition(|(table, _)| *table == "media");
        for (table, rows) in first.into_iter().chain(then) {
            let (put, bad) = put_rows(&write.tx, table, rows)?;
            counts.troubles += bad;
            match table.as_str() {
                "signers" => counts.signers = put,
                _ => counts.other_rows += put,
            }
        }
        put_changes(write, &found, &mut counts)?;
        for (hash, (document, actor, seq, signature)) in &found.tips {
            write.tx.execute(
                "INSERT INTO tips (document_id, actor, seq, hash, signature) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
                rusqlite::params![
                    document.to_string(),
                    actor.to_string(),
                    seq,
                    hash.to_string(),
                    signature
                ],
            )?;
        }
        states.iter().try_for_each(|state| write.put_document(state))?;
        write.tx.execute(
            "UPDATE sqlite_sequence SET seq = MAX(seq, ?1) WHERE name = 'changes'",
            [found.sequence],
        )?;
        // Nobody knows what of the feed is missing: it is read again from its beginning.
        write.remove_setting("cursor")?;
        write.remove_setting("index_as_of")?;
        if !counts.whole {
            write.put_setting("actor", NOBODY)?;
        }
        let kept: Option<String> = write
            .tx
            .query_row("SELECT value FROM settings WHERE key = ?1", [SALVAGES], |row| {
                row.get(0)
            })
            .optional()?;
        let kept = kept.and_then(|it| serde_json::from_str(&it).ok());
        let mut kept: Vec<Salvage> = kept.unwrap_or_default();
        kept.push(counts.clone());
        put_setting(&write.tx, SALVAGES, &to_json(&kept)?)?;
        Ok(counts)
    })?;
    Ok(counts)
}

/// Documents made again from their changes; how many could not be.
fn documents(found: &FoundStore, wall_ms: Millis) -> (Vec<DocumentState>, i64) {
    let mut of: BTreeMap<DocumentId, Vec<&FoundChange>> = BTreeMap::new();
    for change in found.changes.values() {
        of.entry(change.document).or_default().push(change);
    }
    let mut states = Vec::new();
    let mut unreadable = 0;
    for header in found.headers.values() {
        let changes = of.remove(&header.document_id).unwrap_or_default();
        if changes.is_empty() && !found.in_trees.contains(&header.document_id) {
            continue;
        }
        let changes = changes.into_iter().filter(|it| stands(it));
        let bytes: Vec<&[u8]> = changes.map(|it| it.bytes.as_slice()).collect();
        let Some(document) = again(header, &bytes) else {
            unreadable += 1;
            continue;
        };
        let updated_at = found.snapshots.get(&header.document_id);
        states.push(DocumentState {
            columns: Kinds.columns(header, &document),
            snapshot: document.save(),
            header: header.clone(),
            updated_at_ms: updated_at.and_then(|it| it.1).unwrap_or(wall_ms),
        });
    }
    let nameless = i64::try_from(of.len()).unwrap_or(i64::MAX);
    (states, unreadable + nameless)
}

/// Whether a change was part of its document: the server took it, or has not spoken.
fn stands(change: &FoundChange) -> bool {
    let status = change.row.as_ref().and_then(|it| it.get(7)?.text());
    is_queued(change.row.as_deref()) || status == Some(r#"{"status":"accepted"}"#)
}

/// A document from its changes, by the guard: what does not fit is left out, as it is where changes come down.
pub(super) fn again(header: &DocumentHeader, changes: &[&[u8]]) -> Option<Automerge> {
    let begun = DocumentIdentity::read(&header.kind, &header.preimage)?.skeleton();
    let inspected: Vec<_> = changes.iter().filter_map(|it| inspect(it).ok()).collect();
    Some(admit_batch(&begun.ok()?, &inspected).document)
}

fn put_changes(
    write: &Write<'_>,
    found: &FoundStore,
    counts: &mut Salvage,
) -> Result<(), ClientError> {
    let mut ordered: Vec<_> = found.changes.iter().collect();
    // Those without a place go last, each author's in their order.
    ordered.sort_by_key(|(hash, it)| {
        let place = it.position.unwrap_or(i64::MAX);
        (place, it.document, it.actor, it.seq, **hash)
    });
    let columns = columns(&write.tx, "changes")?;
    let mut into = RowsOf::new(&write.tx, "changes", &columns);
    let mut last = 0;
    for (hash, change) in ordered {
        // Two images of one page may name one place twice.
        let position = change.position.filter(|it| *it > last);
        let position = position.unwrap_or(last.saturating_add(1));
        last = position;
        let mut values = match &change.row {
            Some(row) => row.clone(),
            None => vec![Value::Null; 10],
        };
        values.truncate(columns.len());
        values[0] = Value::Int(position);
        values[1] = Value::Text(hash.to_string());
        values[2] = Value::Text(change.document.to_string());
        values[3] = Value::Text(change.actor.to_string());
        values[4] = Value::Int(change.seq);
        values[5] = Value::Blob(change.bytes.clone());
        values[6] = Value::Int(i64::from(change.own));
        if is_queued(change.row.as_deref()) {
            values[7] = Value::Text("queued".to_owned());
        }
        values[9] = Value::Int(i64::from(change.unsent));
        let row = FoundRow {
            rowid: Some(position),
            values,
        };
        match into.put(&row)? {
            true => {
                counts.changes += 1;
                counts.unsent += i64::from(change.unsent);
            }
            false => counts.troubles += 1,
        }
    }
    Ok(())
}

struct Column {
    name: String,
    is_rowid: bool,
}

fn columns(tx: &Transaction<'_>, table: &str) -> Result<Vec<Column>, ClientError> {
    let mut statement = tx.prepare(
        "SELECT name, pk = 1 AND type = 'INTEGER' FROM pragma_table_info(?1) ORDER BY cid",
    )?;
    let rows = statement.query_map([table], |row| {
        Ok(Column {
            name: row.get(0)?,
            is_rowid: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Rows into the table of this name, if there still is one; how many went in, and how many did not fit.
fn put_rows(
    tx: &Transaction<'_>,
    table: &str,
    rows: &[FoundRow],
) -> Result<(i64, i64), ClientError> {
    let columns = columns(tx, table)?;
    if columns.is_empty() || table.starts_with("sqlite_") || OWN_WAYS.contains(&table) {
        return Ok((0, 0));
    }
    let mut into = RowsOf::new(tx, table, &columns);
    let mut counts = (0, 0);
    for row in rows {
        let mut texts = columns.iter().zip(&row.values);
        let readable =
            texts.all(|(column, it)| it.text().is_none_or(|it| reads(table, &column.name, it)));
        match readable && into.put(row)? {
            true => counts.0 += 1,
            false => counts.1 += 1,
        }
    }
    Ok(counts)
}

/// A table that rows go into.
struct RowsOf<'a> {
    tx: &'a Transaction<'a>,
    table: &'a str,
    columns: &'a [Column],
    /// By the number of columns: rows from before a column was added are shorter.
    statements: BTreeMap<usize, Statement<'a>>,
}

impl<'a> RowsOf<'a> {
    fn new(tx: &'a Transaction<'a>, table: &'a str, columns: &'a [Column]) -> Self {
        Self {
            tx,
            table,
            columns,
            statements: BTreeMap::new(),
        }
    }

    fn sql(&self, length: usize) -> String {
        let named = self.columns[..length].iter().map(|it| it.name.as_str());
        let named = named.collect::<Vec<_>>().join(", ");
        let marks = vec!["?"; length].join(", ");
        // What migrations put there stays where it is the version; else what the old store said stands.
        let conflict = match self.table {
            "settings" => format!(
                "(key) DO UPDATE SET value = excluded.value WHERE key <> '{}'",
                super::opening::VERSION
            ),
            _ => "DO NOTHING".to_owned(),
        };
        let table = self.table;
        format!("INSERT INTO {table} ({named}) VALUES ({marks}) ON CONFLICT {conflict}")
    }

    /// One row; false where it does not fit its table.
    fn put(&mut self, row: &FoundRow) -> Result<bool, ClientError> {
        use rusqlite::ErrorCode::{ConstraintViolation, TypeMismatch};
        let length = row.values.len();
        if length == 0 || length > self.columns.len() {
            return Ok(false);
        }
        if !self.statements.contains_key(&length) {
            let statement = self.tx.prepare(&self.sql(length))?;
            self.statements.insert(length, statement);
        }
        let Some(statement) = self.statements.get_mut(&length) else {
            return Ok(false);
        };
        let values = self.columns.iter().zip(&row.values);
        let values = values.map(|(column, value)| match (value, row.rowid) {
            (Value::Null, Some(rowid)) if column.is_rowid => Sql::Integer(rowid),
            (Value::Null, _) => Sql::Null,
            (Value::Int(it), _) => Sql::Integer(*it),
            (Value::Real(it), _) => Sql::Real(*it),
            (Value::Text(it), _) => Sql::Text(it.clone()),
            (Value::Blob(it), _) => Sql::Blob(it.clone()),
        });
        match statement.execute(params_from_iter(values)) {
            Ok(put) => Ok(put > 0),
            Err(error) => match error.sqlite_error_code() {
                Some(ConstraintViolation | TypeMismatch) => Ok(false),
                _ => Err(error.into()),
            },
        }
    }
}

impl Store {
    /// What was saved from damaged stores of this phone, the oldest first.
    pub fn salvages(&self) -> Result<Vec<Salvage>, ClientError> {
        let text = self.setting(SALVAGES)?;
        Ok(text
            .and_then(|it| serde_json::from_str(&it).ok())
            .unwrap_or_default())
    }
}
