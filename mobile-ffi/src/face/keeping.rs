//! What waits for the person, what the store takes up, what of it may go, and everything going.

use super::calls::Fieldseal;
use super::failure::FieldsealError;
use super::fields::word;
use super::records::{RecordRef, SpaceFreed};
use super::waiting::run;
use crate::store::Salvage;
use crate::types::UnsentWork;
use sync_core::sync::todos::Todo;

pub use crate::types::{Amount as FileAmount, StorageUse as StorageInfo};

/// One thing that waits (待办).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TodoInfo {
    /// `aside`, `case`, `answer`, `sheet`, `refusal`, `not_sampled`, `on_site_report` or `confirmation`.
    pub kind: String,
    /// Its document.
    pub document_id: String,
    /// Which record of it.
    pub subject: Option<RecordRef>,
    /// Which piece of evidence.
    pub evidence_id: Option<String>,
    /// How many changes are meant; 1 where it is one record.
    pub count: i64,
    /// Since when, in milliseconds of Unix time, by the clock of whoever wrote or decided it.
    pub since_ms: Option<i64>,
    /// 中文
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<Todo> for TodoInfo {
    fn from(it: Todo) -> Self {
        Self {
            kind: word(&it.kind),
            document_id: it.document_id.to_string(),
            subject: it.subject.map(RecordRef::sealed),
            evidence_id: it.evidence_id.map(|id| id.to_string()),
            count: it.count.into(),
            since_ms: it.since_ms,
            zh: it.zh,
            en: it.en,
        }
    }
}

/// What this phone holds that no server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct UnsentInfo {
    /// Changes.
    pub changes: i64,
    /// Originals that no server has signed for.
    pub originals: i64,
    /// Damaged stores that were set aside, and of which not everything could be read.
    pub damaged_stores: i64,
    /// All of them: the number that a wipe names.
    pub total: i64,
}

impl From<UnsentWork> for UnsentInfo {
    fn from(it: UnsentWork) -> Self {
        Self {
            changes: it.changes,
            originals: it.originals,
            damaged_stores: it.damaged_stores,
            total: it.total(),
        }
    }
}

/// A damaged store that was set aside when it was opened, and what came over from it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SalvageInfo {
    /// When, in milliseconds of Unix time.
    pub at_ms: i64,
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
    /// Changes that are known of and could not be read.
    pub lost: i64,
    /// Nothing that was written here is missing. Otherwise this install asks for an enrolment code.
    pub whole: bool,
}

impl From<Salvage> for SalvageInfo {
    fn from(it: Salvage) -> Self {
        Self {
            at_ms: it.at_ms,
            because: it.because,
            aside: it.aside,
            documents: it.documents,
            changes: it.changes,
            unsent: it.unsent,
            lost: i64::try_from(it.lost.len()).unwrap_or(i64::MAX),
            whole: it.whole,
        }
    }
}

#[uniffi::export]
impl Fieldseal {
    /// Everything that waits for the person, in one list, offline: what does not get through, cases to confirm, evidence to
    /// answer for, drafts to seal.
    pub async fn todos(&self) -> Result<Vec<TodoInfo>, FieldsealError> {
        self.list(|client| client.todos()).await
    }

    /// What the store takes up on the disk.
    pub async fn storage(&self) -> Result<StorageInfo, FieldsealError> {
        self.with(|client| client.storage()).await
    }

    /// Lets go of every original that the server has verified and signed for, and of no other: one that no manifest names, as
    /// after a salvage, stays until the server has signed for its bytes or the store is wiped.
    pub async fn clean(&self) -> Result<SpaceFreed, FieldsealError> {
        self.with(|client| Ok(client.clean()?.into())).await
    }

    /// What this phone holds that no server has: to be shown before a logout or a wipe.
    pub async fn unsent_work(&self) -> Result<UnsentInfo, FieldsealError> {
        self.with(|client| Ok(client.unsent_work()?.into())).await
    }

    /// Removes everything of this store from the disk. Where it holds work that no server has, only if its total is named
    /// and has not changed since (`wipe.unsent_work`). Afterwards every call answers `store.wiped`: the app opens anew, which
    /// needs no `close_store` then, and lets go of the key that it kept for the store.
    pub async fn wipe(&self, unsent_named: Option<i64>) -> Result<(), FieldsealError> {
        let client = self.client()?;
        // What fails in it is told as it is.
        run(move || client.heeding(|client| client.wipe(unsent_named))).await
    }

    /// Damaged stores that were set aside here, and what came over from each, the oldest first.
    pub async fn salvages(&self) -> Result<Vec<SalvageInfo>, FieldsealError> {
        self.list(|client| client.salvages()).await
    }
}
