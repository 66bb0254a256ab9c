//! What every document is, whatever its kind: Automerge on the skeleton of its identity, so that each of its changes is
//! bound to it; creating, loading and merging it, its shelves and how items lie on them. Each edit is one commit and touches
//! only what it changes.

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{
    ActorId, Automerge, AutomergeError, Change, ChangeHash as Head, ObjId, ObjType, ROOT, ReadDoc,
    ScalarValue, Value,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::project::Surroundings;
use super::registers::{self, Registers};
use super::skeleton::{self, Identity};
use crate::model::{
    Actor, AnswerId, ChangeHash, DocumentId, EvidenceAnswer, EvidenceEntry, EvidenceId, Millis,
    SealSubject,
};

/// Why a document cannot be read or edited.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Automerge refused.
    #[error("automerge: {0}")]
    Automerge(#[from] AutomergeError),
    /// The bytes are no change.
    #[error("not a change: {0}")]
    NotAChange(String),
    /// The document does not begin with the skeleton of its identity.
    #[error("the document does not begin with the skeleton of its identity")]
    WrongSkeleton,
    /// What these changes depend on is not here.
    #[error("changes are missing: {0:?}")]
    Incomplete(Vec<ChangeHash>),
    /// Opened without an actor, to be read only.
    #[error("the document was opened without an actor")]
    ReadOnly,
    /// There is an item under this id already; nothing was written.
    #[error("{0} is there already")]
    AlreadyThere(String),
    /// There is no such item.
    #[error("{0} is not there")]
    NotThere(String),
    /// The item cannot be read.
    #[error("{0} cannot be read")]
    Unreadable(String),
    /// The subject is sealed: it changes only by a signed amendment.
    #[error("{0} is sealed and changes only by an amendment")]
    Sealed(String),
    /// 作废: the sheet is spoiled; it is neither filled in nor sealed any more.
    #[error("{0} is voided")]
    Voided(String),
    /// A reason must be given.
    #[error("{0} needs a reason")]
    NoReason(String),
    /// A seal or an edit speaks of something else than this document or item.
    #[error("{0} speaks of something else")]
    Mismatch(String),
}

impl DocumentError {
    /// The stable code of the catalogue.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Automerge(_) => "document.automerge",
            Self::NotAChange(_) => "document.not_a_change",
            Self::WrongSkeleton => "document.wrong_skeleton",
            Self::Incomplete(_) => "document.incomplete",
            Self::ReadOnly => "document.read_only",
            Self::AlreadyThere(_) => "document.already_there",
            Self::NotThere(_) => "document.not_there",
            Self::Unreadable(_) => "document.unreadable",
            Self::Sealed(_) => "document.sealed",
            Self::Voided(_) => "document.voided",
            Self::NoReason(_) => "document.no_reason",
            Self::Mismatch(_) => "document.mismatch",
        }
    }
}

/// One change as it is stored, signed for and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChange {
    /// Its hash.
    pub hash: ChangeHash,
    /// Whose.
    pub actor: Actor,
    /// Its number among the actor's changes of this document.
    pub seq: u64,
    /// The chunk.
    pub bytes: Vec<u8>,
}

impl RawChange {
    fn of(change: &Change) -> Option<Self> {
        Some(Self {
            hash: ChangeHash(change.hash().0),
            actor: Actor(change.actor_id().to_bytes().try_into().ok()?),
            seq: change.seq(),
            bytes: change.raw_bytes().to_vec(),
        })
    }
}

/// An item of the document, and which change made it (I5: its author is that change's).
#[derive(Debug, Clone)]
pub struct Item<T> {
    /// What it says.
    pub value: T,
    /// The change that made it.
    pub maker: ChangeHash,
    /// The change that set each register, by dotted key.
    pub(super) setters: std::collections::BTreeMap<String, ChangeHash>,
}

impl<T> Item<T> {
    /// The change that last set a register; the maker where nobody set it since.
    pub fn setter(&self, key: &str) -> ChangeHash {
        self.setters.get(key).copied().unwrap_or(self.maker)
    }
}

/// Items that can be read, and the paths of those that cannot: one bad item hides no other.
#[derive(Debug, Clone)]
pub struct Items<T> {
    /// By id.
    pub items: Vec<Item<T>>,
    /// As `sheets/<id>`.
    pub unreadable: Vec<String>,
}

/// Where a kind of item lies.
pub(super) struct Shelf {
    pub(super) collection: &'static str,
    pub(super) id: &'static str,
}

macro_rules! shelves {
    ($($name:ident = $collection:literal, $id:literal;)*) => {$(
        pub(super) const $name: Shelf = Shelf { collection: $collection, id: $id };
    )*};
}
shelves! {
    ARRIVALS = "arrivals", "arrival_id";
    SUSPENSIONS = "suspensions", "suspension_id";
    SHEETS = "sheets", "sample_id";
    SEALS = "seals", "seal_id";
    AMENDMENTS = "amendments", "amendment_id";
    EVIDENCE = "evidence", "evidence_id";
    RECUSALS = "recusals", "recusal_id";
    REFUSALS = "refusals", "refusal_id";
    NOT_SAMPLED = "not_sampled", "not_sampled_id";
    ON_SITE_REPORTS = "on_site_reports", "report_id";
    PRIOR_CLAIMS = "prior_claims", "claim_id";
    ENTERPRISE = "enterprise", "record_id";
    CONFIRMATIONS = "confirmations", "confirmation_id";
    OPINIONS = "opinions", "opinion_id";
    CO_SIGNATURES = "co_signatures", "co_signature_id";
}

/// Where a sealed subject lies.
pub(super) fn place_of(subject: &SealSubject) -> (&'static Shelf, String) {
    match subject {
        SealSubject::Sheet(id) => (&SHEETS, id.to_string()),
        SealSubject::Refusal(id) => (&REFUSALS, id.to_string()),
        SealSubject::NotSampled(id) => (&NOT_SAMPLED, id.to_string()),
        SealSubject::OnSiteReport(id) => (&ON_SITE_REPORTS, id.to_string()),
        SealSubject::Confirmation(id) => (&CONFIRMATIONS, id.to_string()),
    }
}

/// What people seal at a place; none where nobody does.
fn subject_at(collection: &str, id: &str) -> Option<SealSubject> {
    let of = |shelf: &Shelf| shelf.collection == collection;
    Some(match () {
        () if of(&SHEETS) => SealSubject::Sheet(id.parse().ok()?),
        () if of(&REFUSALS) => SealSubject::Refusal(id.parse().ok()?),
        () if of(&NOT_SAMPLED) => SealSubject::NotSampled(id.parse().ok()?),
        () if of(&ON_SITE_REPORTS) => SealSubject::OnSiteReport(id.parse().ok()?),
        () if of(&CONFIRMATIONS) => SealSubject::Confirmation(id.parse().ok()?),
        () => return None,
    })
}

fn json_of<T: Serialize>(value: &T) -> Result<serde_json::Value, DocumentError> {
    serde_json::to_value(value).map_err(|e| DocumentError::Unreadable(e.to_string()))
}

/// A document of one kind, bound to its identity.
#[derive(Debug, Clone)]
pub struct BoundDocument<I> {
    identity: I,
    id: DocumentId,
    pub(super) doc: Automerge,
}

impl<I: Identity> BoundDocument<I> {
    /// The skeleton, to be read or to apply changes to.
    pub fn new(identity: I) -> Result<Self, DocumentError> {
        Ok(Self {
            id: identity.document_id(),
            doc: skeleton::skeleton(&identity)?,
            identity,
        })
    }

    /// A new document for this install to write.
    pub fn create(identity: I, actor: Actor) -> Result<Self, DocumentError> {
        Ok(Self::new(identity)?.with_actor(actor))
    }

    /// Replays changes that passed the guard, in any order, on the skeleton.
    pub fn load_from_changes<B: AsRef<[u8]>>(
        identity: I,
        changes: impl IntoIterator<Item = B>,
    ) -> Result<Self, DocumentError> {
        let mut document = Self::new(identity)?;
        document.apply(changes)?;
        Ok(document)
    }

    /// Loads a snapshot that this side saved.
    pub fn load(snapshot: &[u8]) -> Result<Self, DocumentError> {
        Self::from_automerge(Automerge::load(snapshot)?)
    }

    /// Takes over a document from the guard, if it begins with the skeleton of the identity that it names.
    pub fn from_automerge(mut doc: Automerge) -> Result<Self, DocumentError> {
        let first = doc
            .get_changes_meta(&[])
            .into_iter()
            .find(|meta| meta.deps.is_empty())
            .map(|meta| meta.hash)
            .ok_or(DocumentError::WrongSkeleton)?;
        // As of the skeleton: a later change may have written over the root's fields.
        let preimage = match doc.get_at(ROOT, "identity", &[first])? {
            Some((Value::Scalar(scalar), _)) => scalar.as_str().map(str::to_owned),
            _ => None,
        };
        let identity = preimage
            .and_then(|text| I::from_preimage(&text).ok())
            .ok_or(DocumentError::WrongSkeleton)?;
        let roots: Vec<Head> = doc
            .get_changes_meta(&[])
            .into_iter()
            .filter(|meta| meta.deps.is_empty())
            .map(|meta| meta.hash)
            .collect();
        if roots != skeleton::skeleton(&identity)?.get_heads() {
            return Err(DocumentError::WrongSkeleton);
        }
        doc.set_actor(ActorId::from(&I::SKELETON_ACTOR[..]));
        Ok(Self {
            id: identity.document_id(),
            identity,
            doc,
        })
    }

    /// The same document, written by this install.
    pub fn with_actor(mut self, actor: Actor) -> Self {
        self.doc.set_actor(ActorId::from(&actor.0[..]));
        self
    }

    /// Who the document is.
    pub fn identity(&self) -> &I {
        &self.identity
    }
    /// The document's id.
    pub fn id(&self) -> DocumentId {
        self.id
    }
    /// For the guard's scratch copies, and for history and conflicts.
    pub fn automerge(&self) -> &Automerge {
        &self.doc
    }
    /// A snapshot: disposable, never signed, never sent.
    pub fn save(&self) -> Vec<u8> {
        self.doc.save()
    }
    /// The current heads, sorted.
    pub fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: Vec<_> = self
            .doc
            .get_heads()
            .iter()
            .map(|h| ChangeHash(h.0))
            .collect();
        heads.sort();
        heads
    }

    /// The changes that are no ancestors of `heads`, in causal order, without the skeleton, which nobody sends.
    pub fn changes_since(&self, heads: &[ChangeHash]) -> Vec<RawChange> {
        let heads: Vec<Head> = heads.iter().map(|h| Head(h.0)).collect();
        self.doc
            .get_changes(&heads)
            .iter()
            .filter(|change| !change.deps().is_empty())
            .filter_map(RawChange::of)
            .collect()
    }

    /// Applies changes that passed the guard. Nothing is kept of them where one cannot be read or a dependency is
    /// missing.
    pub fn apply<B: AsRef<[u8]>>(
        &mut self,
        changes: impl IntoIterator<Item = B>,
    ) -> Result<(), DocumentError> {
        let changes = changes
            .into_iter()
            .map(|bytes| {
                Change::from_bytes(bytes.as_ref().to_vec())
                    .map_err(|e| DocumentError::NotAChange(e.to_string()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut applied = self.doc.clone();
        applied.apply_changes(changes)?;
        let missing = applied.get_missing_deps(&[]);
        if !missing.is_empty() {
            let missing = missing.iter().map(|h| ChangeHash(h.0)).collect();
            return Err(DocumentError::Incomplete(missing));
        }
        self.doc = applied;
        Ok(())
    }

    /// One commit. An edit without operations leaves no change.
    pub(super) fn commit(
        &mut self,
        wall_ms: Millis,
        message: &str,
        edit: impl FnOnce(&mut Transaction<'_>) -> Result<(), DocumentError>,
    ) -> Result<Option<RawChange>, DocumentError> {
        if self.doc.get_actor().to_bytes() == I::SKELETON_ACTOR {
            return Err(DocumentError::ReadOnly);
        }
        let options = CommitOptions::default()
            .with_time(wall_ms)
            .with_message(message);
        let done = self
            .doc
            .transact_with(|()| options, edit)
            .map_err(|failure| failure.error)?;
        Ok(done
            .hash
            .and_then(|hash| self.doc.get_change_by_hash(&hash))
            .and_then(|change| RawChange::of(&change)))
    }

    /// The map of a shelf; an error where documents of this kind have no such shelf.
    pub(super) fn collection(shelf: &Shelf) -> Result<ObjId, DocumentError> {
        skeleton::collection::<I>(shelf.collection)
            .ok_or_else(|| DocumentError::NotThere(shelf.collection.to_owned()))
    }

    pub(super) fn find(&self, shelf: &Shelf, id: &str) -> Option<ObjId> {
        match self.doc.get(Self::collection(shelf).ok()?, id) {
            Ok(Some((Value::Object(ObjType::Map), item))) => Some(item),
            _ => None,
        }
    }

    fn registers_for<T: Serialize>(
        shelf: &Shelf,
        value: &T,
    ) -> Result<(String, Registers), DocumentError> {
        let mut json = json_of(value)?;
        // The id is the key and is not said twice.
        let id = json
            .as_object_mut()
            .and_then(|map| map.remove(shelf.id))
            .and_then(|id| id.as_str().map(str::to_owned))
            .ok_or_else(|| DocumentError::Mismatch(shelf.id.to_owned()))?;
        Ok((id, registers::registers_of(&json)))
    }

    pub(super) fn put_new<T: Serialize>(
        tx: &mut Transaction<'_>,
        shelf: &Shelf,
        value: &T,
    ) -> Result<(), DocumentError> {
        let (id, registers) = Self::registers_for(shelf, value)?;
        let collection = Self::collection(shelf)?;
        if tx.get(&collection, id.as_str())?.is_some() {
            return Err(DocumentError::AlreadyThere(format!(
                "{}/{id}",
                shelf.collection
            )));
        }
        let item = tx.put_object(&collection, id.as_str(), ObjType::Map)?;
        for (key, scalar) in registers {
            tx.put(&item, key, scalar)?;
        }
        Ok(())
    }

    pub(super) fn insert<T: Serialize>(
        &mut self,
        wall_ms: Millis,
        shelf: &Shelf,
        value: &T,
    ) -> Result<RawChange, DocumentError> {
        let message = format!("add {}", shelf.collection);
        self.commit(wall_ms, &message, |tx| Self::put_new(tx, shelf, value))?
            .ok_or_else(|| DocumentError::Mismatch(shelf.collection.to_owned()))
    }

    /// Puts what differs between two states of one item, and nothing else: what somebody else changed meanwhile stays.
    pub(super) fn put_differences<T: Serialize>(
        tx: &mut Transaction<'_>,
        shelf: &Shelf,
        before: &T,
        after: &T,
    ) -> Result<(), DocumentError> {
        let (id, old) = Self::registers_for(shelf, before)?;
        let (id_after, new) = Self::registers_for(shelf, after)?;
        if id != id_after {
            return Err(DocumentError::Mismatch(format!(
                "{}/{id_after}",
                shelf.collection
            )));
        }
        let Some((Value::Object(ObjType::Map), item)) =
            tx.get(Self::collection(shelf)?, id.as_str())?
        else {
            return Err(DocumentError::NotThere(format!(
                "{}/{id}",
                shelf.collection
            )));
        };
        for (key, scalar) in &new {
            if old.get(key) != Some(scalar) {
                tx.put(&item, key.as_str(), scalar.clone())?;
            }
        }
        for key in old.keys().filter(|key| !new.contains_key(*key)) {
            tx.put(&item, key.as_str(), ScalarValue::Null)?;
        }
        Ok(())
    }

    /// 影像: adds the manifest entry and, to a record that is not sealed yet, its hash, so that the seal covers it.
    pub fn add_evidence(
        &mut self,
        around: &dyn Surroundings,
        wall_ms: Millis,
        it: &EvidenceEntry,
    ) -> Result<RawChange, DocumentError> {
        let subject = it.subject.sealed_as();
        let open = subject.filter(|subject| self.shown_seal(subject, around).is_none());
        let open = open.and_then(|subject| {
            let (shelf, id) = place_of(&subject);
            self.find(shelf, &id)
        });
        self.commit(wall_ms, "add evidence", |tx| {
            Self::put_new(tx, &EVIDENCE, it)?;
            if let Some(record) = open {
                tx.put(
                    &record,
                    format!("evidence.{}", it.evidence_id),
                    it.sha256.to_string(),
                )?;
            }
            Ok(())
        })?
        .ok_or_else(|| DocumentError::Mismatch("evidence".to_owned()))
    }

    /// 影像补正: answers a review of a piece of evidence. Nothing of the entry itself changes, and of two phones that answer
    /// both answers stay.
    ///
    /// # Errors
    /// Where the piece or the supplementary picture is not in the manifest, or nothing is said.
    pub fn answer_evidence(
        &mut self,
        wall_ms: Millis,
        piece: EvidenceId,
        id: AnswerId,
        answer: &EvidenceAnswer,
    ) -> Result<RawChange, DocumentError> {
        let path = |id: EvidenceId| format!("{}/{id}", EVIDENCE.collection);
        if answer.supplement.is_none() && answer.words.trim().is_empty() {
            return Err(DocumentError::NoReason(path(piece)));
        }
        if answer.supplement == Some(piece) {
            return Err(DocumentError::Mismatch(path(piece)));
        }
        for needed in answer.supplement.iter().chain([&piece]) {
            if self.find(&EVIDENCE, &needed.to_string()).is_none() {
                return Err(DocumentError::NotThere(path(*needed)));
            }
        }
        let text = piece.to_string();
        let entry = self
            .find(&EVIDENCE, &text)
            .ok_or_else(|| DocumentError::NotThere(path(piece)))?;
        let before: EvidenceEntry = self.read_item(&EVIDENCE, &text, &entry, None)?.value;
        if before.answers.contains_key(&id) {
            let answered = format!("{}/answers/{id}", path(piece));
            return Err(DocumentError::AlreadyThere(answered));
        }
        let mut after = before.clone();
        after.answers.insert(id, answer.clone());
        self.commit(wall_ms, "answer review", |tx| {
            Self::put_differences(tx, &EVIDENCE, &before, &after)
        })?
        .ok_or_else(|| DocumentError::Mismatch(path(piece)))
    }

    /// 备注 of the document: replaces what lies between two places, counted in the document's text units.
    pub fn splice_notes(
        &mut self,
        wall_ms: Millis,
        at: usize,
        deleted: isize,
        inserted: &str,
    ) -> Result<Option<RawChange>, DocumentError> {
        self.commit(wall_ms, "edit notes", |tx| {
            Ok(tx.splice_text(skeleton::notes::<I>(), at, deleted, inserted)?)
        })
    }

    /// 备注 of the document.
    pub fn notes(&self) -> Result<String, DocumentError> {
        Ok(self.doc.text(skeleton::notes::<I>())?)
    }

    /// Closed is what is shown from a seal: one whose phone signed it. What merely looks like a seal closes nothing.
    pub(super) fn refuse_sealed(
        &self,
        subject: &SealSubject,
        around: &dyn Surroundings,
    ) -> Result<(), DocumentError> {
        if self.shown_seal(subject, around).is_some() {
            let (shelf, id) = place_of(subject);
            return Err(DocumentError::Sealed(format!("{}/{id}", shelf.collection)));
        }
        Ok(())
    }

    /// Settles an open conflict: of the values that people set apart, the one that `chosen` wrote is put anew, by this
    /// actor, so that the field has one value again. `path` is that of the [`ConflictRecord`](super::ConflictRecord).
    ///
    /// # Errors
    /// Where the field is not in conflict any more, where `chosen` wrote none of its values or a whole record, and where the
    /// record is sealed: then it is amended.
    pub fn settle(
        &mut self,
        around: &dyn Surroundings,
        wall_ms: Millis,
        path: &[String],
        chosen: &ChangeHash,
    ) -> Result<RawChange, DocumentError> {
        let told = path.join("/");
        let nothing = || DocumentError::NotThere(told.clone());
        let (Some((key, above)), Some(collection)) = (path.split_last(), path.first()) else {
            return Err(nothing());
        };
        if let Some(subject) = path.get(1).and_then(|id| subject_at(collection, id)) {
            self.refuse_sealed(&subject, around)?;
            self.refuse_voided(&subject)?;
        }
        let mut map = automerge::ROOT;
        for step in above {
            match self.doc.get(&map, step.as_str())? {
                Some((Value::Object(ObjType::Map), inner)) => map = inner,
                _ => return Err(nothing()),
            }
        }
        let values = self.doc.get_all(&map, key.as_str())?;
        if values.len() < 2 {
            return Err(nothing());
        }
        let written = values.iter().find(|(_, id)| {
            let hash = self.doc.hash_for_opid(id);
            hash.is_some_and(|hash| ChangeHash(hash.0) == *chosen)
        });
        let Some((Value::Scalar(value), _)) = written else {
            return Err(DocumentError::Mismatch(told));
        };
        let value = value.clone().into_owned();
        let change = self.commit(wall_ms, "settle a conflict", |tx| {
            Ok(tx.put(&map, key.as_str(), value)?)
        })?;
        change.ok_or_else(nothing)
    }

    /// 作废: a spoiled sheet stays as it was spoiled.
    pub(super) fn refuse_voided(&self, subject: &SealSubject) -> Result<(), DocumentError> {
        let SealSubject::Sheet(id) = subject else {
            return Ok(());
        };
        let voided = self
            .find(&SHEETS, &id.to_string())
            .and_then(|sheet| self.doc.get(&sheet, "voided_reason").ok().flatten())
            .is_some_and(|(value, _)| !matches!(&value, Value::Scalar(it) if it.is_null()));
        if voided {
            return Err(DocumentError::Voided(format!("sheets/{id}")));
        }
        Ok(())
    }

    pub(super) fn read_item<T: DeserializeOwned>(
        &self,
        shelf: &Shelf,
        id: &str,
        item: &ObjId,
        heads: Option<&[Head]>,
    ) -> Result<Item<T>, DocumentError> {
        let unreadable =
            |key: &str| DocumentError::Unreadable(format!("{}/{id}{key}", shelf.collection));
        let stored = registers::read(&self.doc, item, heads)
            .map_err(|key| unreadable(&format!("/{key}")))?;
        let mut json =
            registers::value_of(&stored.registers).map_err(|key| unreadable(&format!("/{key}")))?;
        json.insert(shelf.id.to_owned(), id.into());
        let value = serde_json::from_value(json.into()).map_err(|_| unreadable(""))?;
        let maker = self.doc.hash_for_opid(item).ok_or_else(|| unreadable(""))?;
        Ok(Item {
            value,
            maker: ChangeHash(maker.0),
            setters: stored.setters,
        })
    }

    /// Everything on a shelf, by id.
    pub(super) fn items<T: DeserializeOwned>(&self, shelf: &Shelf) -> Items<T> {
        let mut read = Items {
            items: Vec::new(),
            unreadable: Vec::new(),
        };
        let Ok(collection) = Self::collection(shelf) else {
            return read;
        };
        let keys: Vec<String> = self.doc.keys(collection).collect();
        for id in keys {
            let path = format!("{}/{id}", shelf.collection);
            match self
                .find(shelf, &id)
                .map(|item| self.read_item(shelf, &id, &item, None))
            {
                Some(Ok(item)) => read.items.push(item),
                Some(Err(DocumentError::Unreadable(path))) => read.unreadable.push(path),
                _ => read.unreadable.push(path),
            }
        }
        read
    }

    /// Everything that was ever put on a shelf, each as the change that made it left it: what somebody wrote over or
    /// deleted since is still there. By maker, in the order of changes.
    pub(super) fn every_made<T: DeserializeOwned>(&self, shelf: &Shelf) -> Items<T> {
        let mut made = Items {
            items: Vec::new(),
            unreadable: Vec::new(),
        };
        let Ok(collection) = Self::collection(shelf) else {
            return made;
        };
        let mut metas = self.doc.get_changes_meta(&[]);
        metas.sort_by_key(|meta| (meta.start_op, meta.hash));
        for meta in metas {
            let at = [meta.hash];
            for id in self.doc.keys_at(&collection, &at) {
                let item = match self.doc.get_at(&collection, id.as_str(), &at) {
                    Ok(Some((Value::Object(ObjType::Map), item))) => item,
                    _ => continue,
                };
                if self.doc.hash_for_opid(&item) != Some(meta.hash) {
                    continue;
                }
                match self.read_item(shelf, &id, &item, Some(&at)) {
                    Ok(item) => made.items.push(item),
                    Err(_) => made.unreadable.push(format!("{}/{id}", shelf.collection)),
                }
            }
        }
        made
    }

    /// 影像清单
    pub fn evidence(&self) -> Items<EvidenceEntry> {
        self.items(&EVIDENCE)
    }
}
