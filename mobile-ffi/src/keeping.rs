//! What a phone's store takes up, what of it may go, and everything going: storage by what it is, cleaning against
//! receipts, and a wipe that does not take unsent work with it unless its amount is named.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use sync_core::model::Digest;

use crate::client::{Client, Done};
use crate::error::ClientError;
use crate::keys::SoftwareKey;
use crate::store::{EntryState, MediaEntry, Store, opening};
use crate::types::{Amount, Freed, StorageUse, UnsentWork};

fn unreadable(error: impl std::fmt::Display) -> ClientError {
    ClientError::new("store.failed", "The phone's files could not be read").with(error)
}

impl Client {
    /// What lies on the disk for this store, in bytes as the files say.
    pub fn storage(&self) -> Done<StorageUse> {
        let inner = self.lock();
        let path = self.path();
        let length = |suffix: &str| {
            let found = std::fs::metadata(opening::beside(path, suffix));
            found.map_or(0, |it| i64::try_from(it.len()).unwrap_or(i64::MAX))
        };
        let mut used = StorageUse {
            database_bytes: length("") + length("-wal") + length("-shm"),
            reserve_bytes: length(".reserve"),
            ..StorageUse::default()
        };
        let aside = opening::set_aside(path).map_err(unreadable)?;
        used.damaged = Amount::of(aside.iter().map(|(_, bytes)| *bytes));
        let entries = by_hash(inner.store.list_media_entries(None)?);
        for (sha256, bytes, _) in self.media.list().map_err(unreadable)? {
            let amount = match entries.get(&sha256) {
                None => &mut used.unnamed,
                Some(of) if of.iter().all(|it| it.received.is_some()) => &mut used.received,
                Some(of) if of.iter().any(|it| it.state == EntryState::Aside) => &mut used.aside,
                Some(of) if of.iter().any(|it| it.state == EntryState::Checking) => {
                    &mut used.checking
                }
                Some(_) => &mut used.waiting,
            };
            amount.files += 1;
            amount.bytes += bytes;
        }
        Ok(used)
    }

    /// Lets go of every original that the server has verified and signed for, and of no other: one that no manifest names, as
    /// after a salvage, stays until the server has signed for its bytes or the store is wiped.
    pub fn clean(&self) -> Done<Freed> {
        self.free_space(i64::MAX)
    }

    /// What this phone holds that no server has.
    pub fn unsent_work(&self) -> Done<UnsentWork> {
        self.unsent_in(&self.lock().store)
    }

    fn unsent_in(&self, store: &Store) -> Done<UnsentWork> {
        let entries = by_hash(store.list_media_entries(None)?);
        let originals = self.media.list().map_err(unreadable)?.into_iter();
        let originals = originals.filter(|(sha256, ..)| {
            let of = entries.get(sha256).into_iter().flatten();
            // One that nobody names may be of a change that was lost.
            of.clone().next().is_none() || of.clone().any(|it| it.received.is_none())
        });
        let lasting: BTreeSet<String> = {
            let aside = opening::set_aside(self.path()).map_err(unreadable)?;
            let names = aside
                .into_iter()
                .map(|(file, _)| file.display().to_string());
            names.collect()
        };
        let reports = store.salvages()?.into_iter();
        let broken = reports.filter(|it| !it.whole && lasting.contains(&it.aside));
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Ok(UnsentWork {
            changes: i64::from(store.count_unsent()?),
            originals: count(originals.count()),
            damaged_stores: count(broken.count()),
        })
    }

    /// Stops what syncs, and removes everything of this store from the disk: database, originals, keys, what was set aside. Where it holds work
    /// that no server has, only if the caller names how much ([`UnsentWork::total`]), which has not changed since. A kill
    /// in the middle of it is finished when the store is opened the next time. Afterwards this client does nothing any
    /// more (`store.wiped`); one that is opened anew is a new install. A host that keeps a key of the store lets it go too:
    /// no disk promises that what was overwritten is gone, a key that is gone does.
    ///
    /// # Errors
    /// `wipe.unsent_work` with the amounts in the details; `store.failed`.
    pub fn wipe(&self, unsent_named: Option<i64>) -> Done<()> {
        let _stopped = self.running.stop_all();
        // In the order in which an upload takes them.
        let uploading = self.uploading.lock();
        let _upload = uploading.unwrap_or_else(PoisonError::into_inner);
        let _sync = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut inner = self.lock();
        self.unless_wiped()?;
        let unsent = self.unsent_in(&inner.store)?;
        if unsent.total() > 0 && unsent_named != Some(unsent.total()) {
            let message = "This phone holds work that no server has; name how much, or send it";
            let amounts = format!(
                "{} in all: {} changes, {} originals, {} damaged stores",
                unsent.total(),
                unsent.changes,
                unsent.originals,
                unsent.damaged_stores
            );
            return Err(ClientError::new("wipe.unsent_work", message).with(amounts));
        }
        opening::begin_wipe(self.path()).map_err(unreadable)?;
        self.faults().pass("wipe_begun")?;
        inner.store = Store::wiped()?;
        inner.file.close();
        self.wiped.store(true, Ordering::SeqCst);
        inner.install.device_key.clear();
        inner.install.agreement_seeds.clear();
        inner.forget_session();
        let (key, _) = SoftwareKey::draw(self.host.rng.as_ref());
        inner.key = Arc::new(key);
        let gone = opening::finish_wipe(self.path()).map_err(unreadable);
        // Whoever opens it anew does the rest, if there is any.
        inner.in_use = None;
        gone
    }
}

fn by_hash(entries: Vec<MediaEntry>) -> BTreeMap<Digest, Vec<MediaEntry>> {
    let mut found: BTreeMap<Digest, Vec<MediaEntry>> = BTreeMap::new();
    for entry in entries.into_iter().filter(|it| it.on_phone) {
        found.entry(entry.sha256).or_default().push(entry);
    }
    found
}
