//! Whose change is it that something waits for? One that belongs to another document will never come to this one: what
//! waits for it was transplanted, and says so as soon as the other document is known, in whichever order the two come.

use std::collections::{BTreeSet, HashMap, HashSet};

use sync_core::guard;
use sync_core::limits::{ORIGIN_DOCUMENTS_MAX, ORIGIN_STEPS_MAX};
use sync_core::model::{ChangeHash, DocumentId};
use sync_core::sync::wire::{ChangeStatus, HeldReason};

use super::binding;
use super::judge::{Pushed, Verdict};
use crate::app::App;
use crate::problem::Problem;
use crate::store::sync::changes::{self, ChangeRow};
use crate::store::sync::documents::{self, DocumentRow};
use crate::store::{Result, Session, Store, StoreError};

/// Documents whose first change is noted in one transaction.
const NOTED_AT_ONCE: i64 = 500;

/// Of what these changes build on and what is not here, that which belongs to another document.
pub async fn elsewhere(
    db: &mut Session,
    document: &DocumentRow,
    aside: &[ChangeRow],
    pushed: &[Pushed],
) -> Result<HashSet<ChangeHash>> {
    let mut here = HashSet::new();
    let mut wanted = BTreeSet::new();
    let stored = aside.iter().map(|change| change.bytes.as_slice());
    for bytes in stored.chain(pushed.iter().map(|item| item.bytes.as_slice())) {
        if let Ok(change) = guard::inspect(bytes) {
            here.insert(change.header().hash);
            wanted.extend(change.header().deps.iter().copied());
        }
    }
    let mut found = HashSet::new();
    for hash in wanted {
        let known = here.contains(&hash)
            || document.skeleton == Some(hash)
            || document.heads.contains(&hash);
        if !known && belongs_elsewhere(db, document.document_id, hash).await? {
            found.insert(hash);
        }
    }
    Ok(found)
}

/// Whether a change stands in another document, or builds on one that does. Where it was pushed to proves nothing, what
/// it builds on does.
async fn belongs_elsewhere(
    db: &mut Session,
    document: DocumentId,
    hash: ChangeHash,
) -> Result<bool> {
    let mut seen = HashSet::from([hash]);
    let mut open = vec![hash];
    for _ in 0..ORIGIN_STEPS_MAX {
        let Some(hash) = open.pop() else {
            break;
        };
        match documents::find_by_skeleton(db, hash).await? {
            Some(owner) if owner != document => return Ok(true),
            Some(_) => continue,
            None => {}
        }
        for row in changes::list_by_hash(db, hash).await? {
            if row.status == ChangeStatus::Accepted {
                if row.document_id != document {
                    return Ok(true);
                }
                break;
            }
            if let Ok(change) = guard::inspect(&row.bytes) {
                let deps = change.header().deps.iter();
                open.extend(deps.filter(|dep| seen.insert(**dep)));
                break;
            }
        }
    }
    Ok(false)
}

/// After a write: judges again where something waits for what now turned up in another document, or was stored while it
/// turned up. The documents that were.
pub async fn expose(app: &App, verdicts: &[Verdict]) -> Result<BTreeSet<DocumentId>, Problem> {
    let mut again = moved_within(verdicts);
    {
        let mut db = app.store.read().await?;
        let mut came: HashMap<ChangeHash, BTreeSet<DocumentId>> = HashMap::new();
        for verdict in verdicts.iter().filter(|verdict| verdict.writes()) {
            let skeleton = verdict.row.skeleton;
            let skeleton = skeleton.filter(|_| verdict.read_at_version == 0);
            let read = |change: &&ChangeRow| change.actor.is_some();
            let inserted = verdict.inserted.iter().filter(read);
            for hash in inserted.map(|change| change.hash).chain(skeleton) {
                came.entry(hash)
                    .or_default()
                    .insert(verdict.row.document_id);
            }
        }
        let waiting = changes::list_waiting(&mut db, came.keys().copied()).await?;
        for (hash, document) in waiting {
            // Where it came it does what it should.
            let elsewhere = came[&hash].iter().any(|home| *home != document);
            if elsewhere && again.len() < ORIGIN_DOCUMENTS_MAX {
                again.insert(document);
            }
        }
        if again.len() >= ORIGIN_DOCUMENTS_MAX {
            return judge_all_again(app, again).await;
        }
        for verdict in verdicts.iter().filter(|verdict| verdict.writes()) {
            let id = verdict.row.document_id;
            let waits = verdict
                .inserted
                .iter()
                .filter_map(|change| match change.status {
                    ChangeStatus::Held {
                        reason: HeldReason::WaitingFor,
                        waiting_for,
                    } => Some(waiting_for),
                    _ => None,
                });
            for waiting_for in waits.collect::<BTreeSet<_>>() {
                if !again.contains(&id) && belongs_elsewhere(&mut db, id, waiting_for).await? {
                    again.insert(id);
                }
            }
        }
    }
    judge_all_again(app, again).await
}

/// Documents of one page into which something of another document of the same page was put, whatever else is wrong with it:
/// they were judged side by side, and neither knew of the other.
fn moved_within(verdicts: &[Verdict]) -> BTreeSet<DocumentId> {
    let mut stands: HashMap<ChangeHash, DocumentId> = HashMap::new();
    for verdict in verdicts {
        let accepted = verdict
            .inserted
            .iter()
            .filter(|change| change.status == ChangeStatus::Accepted);
        let accepted = accepted.map(|change| change.hash);
        let hashes = verdict.row.skeleton.into_iter().chain(accepted);
        stands.extend(hashes.map(|hash| (hash, verdict.row.document_id)));
    }
    let foreign = |change: &&ChangeRow| {
        change.status != ChangeStatus::Accepted
            && guard::inspect(&change.bytes).is_ok_and(|read| {
                let mut deps = read.header().deps.iter();
                deps.any(|dep| {
                    stands
                        .get(dep)
                        .is_some_and(|owner| *owner != change.document_id)
                })
            })
    };
    verdicts
        .iter()
        .flat_map(|verdict| &verdict.inserted)
        .filter(foreign)
        .map(|change| change.document_id)
        .take(ORIGIN_DOCUMENTS_MAX)
        .collect()
}

async fn judge_all_again(
    app: &App,
    documents: BTreeSet<DocumentId>,
) -> Result<BTreeSet<DocumentId>, Problem> {
    for document in &documents {
        super::judge_again(app, *document).await?;
    }
    Ok(documents)
}

/// Reports what a page's changes are after their document was judged again.
pub async fn say_again(app: &App, verdict: &mut Verdict) -> Result<(), Problem> {
    let mut db = app.store.read().await?;
    for change in &verdict.inserted {
        let Some(now) = changes::find(&mut db, change.document_id, change.hash).await? else {
            continue;
        };
        for (_, status, _) in verdict
            .reports
            .iter_mut()
            .filter(|(_, status, _)| *status == change.status)
            .filter(|(_, _, durable)| durable.is_some_and(|(hash, _)| hash == change.hash))
        {
            *status = now.status.clone();
        }
    }
    Ok(())
}

/// Notes the first change of documents that were stored before first changes were noted.
pub async fn note_skeletons(store: &Store) -> Result<(), StoreError> {
    loop {
        let mut tx = store.begin().await?;
        let rows = documents::list_without_skeleton(&mut tx, NOTED_AT_ONCE).await?;
        let mut noted = 0;
        for (document, kind, preimage) in &rows {
            let skeleton = binding::identity(*document, kind, preimage)
                .and_then(|identity| binding::begin(&identity).ok())
                .and_then(|begun| begun.get_heads().first().map(|head| ChangeHash(head.0)));
            // One that cannot be read is told when it is next opened.
            if let Some(skeleton) = skeleton {
                documents::set_skeleton(&mut tx, *document, skeleton).await?;
                noted += 1;
            }
        }
        tx.commit().await?;
        if noted == 0 {
            return Ok(());
        }
    }
}
