//! From a document to rows: what lists show, what rules take, and which scopes it belongs to. Runs in the transaction
//! that changes the document; the scopes that it left and those that it joined are marked together.

mod cases;
mod read;

use automerge::Automerge;
use sync_core::document::{ConfirmationProjection, ConflictRecord, ListedEvidence};
use sync_core::model::{Actor, ChangeHash, DocumentId, EnterpriseKey, Millis, SampleId};
use sync_core::rules::{Facts, SampleFact, ScopeKey, scopes_of_sample};

use crate::services::sync::binding;
use crate::store::evidence;
use crate::store::feed::NewRow;
use crate::store::locks::{self, Lock};
use crate::store::reference::enterprises::{self, Enterprise};
use crate::store::seals;
use crate::store::sync::confirmations;
use crate::store::sync::documents::{self, DocumentRow};
use crate::store::sync::not_sampled;
use crate::store::sync::projections::{self, MemberKind, VisitRow};
use crate::store::{Result, Session, Tx};

pub use read::{Around, Certified, Projected, around, confirmation};

/// Documents that are projected again at a time: their snapshots are in memory meanwhile.
const PROJECTED_AT_ONCE: usize = 64;

/// A document as projected before the transaction that stores it: reading one is work for the processor, and nobody should
/// wait for the writer meanwhile.
pub struct Ahead {
    enterprise: EnterpriseKey,
    around: Around,
    projected: Option<Projected>,
}

impl Ahead {
    /// Reads what projecting will ask; `coming` are the changes that may stand in the document then.
    pub async fn of(
        db: &mut Session,
        certified: &mut Certified,
        row: &DocumentRow,
        coming: &[(ChangeHash, Actor, Millis)],
    ) -> Result<Self> {
        let enterprise = certified.enterprise(db, &row.enterprise_key).await?;
        Ok(Self {
            around: around(db, certified, row, &enterprise, coming).await?,
            enterprise,
            projected: None,
        })
    }

    /// Projects; no database is asked.
    pub fn project(&mut self, document: Automerge) {
        self.projected = read::project(document, &self.around);
    }
}

/// What projecting documents leads to.
#[derive(Default)]
pub struct Placed {
    /// Scopes that they left and joined: the caller marks them, with those of all other documents of the transaction, so
    /// that marks are taken in one order.
    pub marked: Vec<ScopeKey>,
    /// Documents that enforcement newly has to see, or no longer: the caller publishes them.
    pub shared: Vec<NewRow>,
}

/// Whether anything was written in the documents that are projected, or only around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Changes came.
    Written,
    /// An enterprise has another key or name.
    Again,
}

/// Projects documents. The caller holds the locks of their enterprises.
pub async fn project(
    tx: &mut Tx,
    documents: Vec<(&DocumentRow, Option<Ahead>)>,
    why: Why,
    now: Millis,
) -> Result<Placed> {
    let all: Vec<DocumentId> = documents.iter().map(|(row, _)| row.document_id).collect();
    let stored = documents.iter().filter(|(row, _)| row.is_stored());
    let stored: Vec<DocumentId> = stored.map(|(row, _)| row.document_id).collect();
    let mut marked = projections::list_scopes_of_documents(tx, &stored).await?;
    // A record that goes leaves another one under its id free, and one that comes freezes it.
    marked.extend(projections::list_scopes_of_shared(tx, &stored).await?);
    let keys = documents.iter().map(|(row, _)| row.enterprise_key.clone());
    let resolved = enterprises::resolve_keys(tx, keys.map(EnterpriseKey)).await?;
    let listed = enterprises::list_by_keys(tx, resolved.values()).await?;

    let mut certified = Certified::default();
    let (mut projected, mut confirmed) = (Vec::new(), Vec::new());
    for (row, ahead) in documents {
        let identity_key = EnterpriseKey(row.enterprise_key.clone());
        let enterprise = resolved.get(&identity_key).cloned().unwrap_or(identity_key);
        if row.kind == binding::CONFIRMATION {
            let certified = &mut certified;
            match read::project_stored_confirmation(tx, certified, row, &enterprise).await? {
                Some(read) => confirmed.push(read),
                None => tracing::error!(document = %row.document_id, "is no confirmation"),
            }
            continue;
        }
        // Whoever gave the enterprise another key since then did so before we held its lock.
        let ahead = ahead.filter(|ahead| ahead.enterprise == enterprise);
        let read = match ahead.and_then(|ahead| ahead.projected) {
            Some(read) => Some(read),
            None => {
                let around = around(tx, &mut certified, row, &enterprise, &[]).await?;
                let document = Automerge::load(&row.snapshot).ok();
                document.and_then(|document| read::project(document, &around))
            }
        };
        // The binding of a document is checked before its first change is stored; what is no visit shows no rows.
        let Some(mut read) = read else {
            tracing::error!(document = %row.document_id, "a stored document is no visit");
            continue;
        };
        let known = listed.get(&enterprise);
        let visit = visit_row(row, enterprise, known, &mut read);
        projected.push((visit, read));
    }

    let visits: Vec<_> = projected
        .iter()
        .map(|(visit, read)| (visit, &read.facts))
        .collect();
    projections::replace_visits(tx, &stored, &visits, now).await?;
    let shared = cases::put(tx, &visits, why, now).await?;
    let manifests = projected.iter();
    let manifests = manifests.map(|(visit, read)| (visit.document_id, read.evidence.as_slice()));
    let manifests = manifests.chain(confirmed.iter().map(manifest));
    evidence::replace(tx, &stored, manifests.collect()).await?;
    let sealed = projected.iter();
    let sealed = sealed.map(|(visit, read)| (visit.document_id, read.seals.as_slice()));
    let also = confirmed.iter();
    let sealed = sealed.chain(also.map(|it| (it.document_id, it.seals.as_slice())));
    seals::replace(tx, &stored, sealed).await?;
    let records = projected.iter();
    let records = records.map(|(visit, read)| (visit.document_id, read.not_sampled.as_slice()));
    not_sampled::replace(tx, &stored, records).await?;
    for (visit, read) in &projected {
        for (path, record) in &read.conflicts {
            projections::insert_conflict(tx, visit.document_id, path, record, now).await?;
        }
    }
    marked.extend(put_confirmations(tx, &confirmed, now).await?);
    let members: Vec<_> = projected
        .iter()
        .flat_map(|(visit, read)| members(visit.document_id, &read.facts))
        .collect();
    projections::replace_members(tx, &stored, &members).await?;
    marked.extend(members.into_iter().map(|(_, _, _, key)| key));
    marked.extend(projections::list_scopes_of_shared(tx, &all).await?);
    Ok(Placed { marked, shared })
}

fn manifest(read: &ConfirmationProjection) -> (DocumentId, &[ListedEvidence]) {
    (read.document_id, read.evidence.as_slice())
}

/// Stores confirmations (现场确认), and gives the scopes of the visits that they name: their facts lie over those of the
/// visit and of its door. A visit that is not here yet asks for them when it comes.
async fn put_confirmations(
    tx: &mut Tx,
    confirmed: &[ConfirmationProjection],
    now: Millis,
) -> Result<Vec<ScopeKey>> {
    confirmations::put(tx, confirmed, now).await?;
    for read in confirmed {
        for record in &read.conflicts {
            let (path, record) = told_conflict(record);
            projections::insert_conflict(tx, read.document_id, &path, &record, now).await?;
        }
    }
    let visits = confirmed.iter().map(|it| it.identity.visit.document_id());
    let visits: Vec<DocumentId> = visits.collect();
    let mut marked = projections::list_scopes_of_documents(tx, &visits).await?;
    marked.retain(|key| matches!(key, ScopeKey::Visit { .. } | ScopeKey::Door { .. }));
    Ok(marked)
}

/// A conflict as it is kept: where it is, and the record.
fn told_conflict(record: &ConflictRecord) -> (String, String) {
    let told = serde_json::to_string(record).unwrap_or_default();
    (record.path.join("/"), told)
}

/// What lists show of a visit, and the region that its rules go by: as listed, else as written.
fn visit_row(
    row: &DocumentRow,
    enterprise: EnterpriseKey,
    known: Option<&Enterprise>,
    read: &mut Projected,
) -> VisitRow {
    let visit = VisitRow {
        document_id: row.document_id,
        campaign_id: row.campaign_id,
        body_id: row.body_id,
        team_id: row.team_id,
        uscc: enterprise.0.strip_prefix("uscc:").map(str::to_owned),
        enterprise_name: known
            .map(|known| known.name.clone())
            .or(read.enterprise_name.clone()),
        region: known
            .map(|known| known.region.clone())
            .or(read.region.clone()),
        enterprise,
        product_names: std::mem::take(&mut read.product_names),
        refused_products: std::mem::take(&mut read.refused_products),
        state: read.state.to_owned(),
        entered_at: read.entered_at,
        sort_at: read.entered_at.unwrap_or(row.created_at),
        samples: i64::try_from(read.facts.samples.len()).unwrap_or(i64::MAX),
        conflicts: i64::try_from(read.conflicts.len()).unwrap_or(i64::MAX),
    };
    if let Some(fact) = read.facts.visits.get_mut(&row.document_id) {
        fact.region.clone_from(&visit.region);
    }
    visit
}

/// Holds the projection of every visit that names one of these enterprises: an alias and an append at one enterprise do not
/// run side by side, or the append would project by the alias of before.
pub async fn lock_enterprises(tx: &mut Tx, keys: Vec<String>) -> Result<()> {
    let locks: Vec<Lock> = keys.into_iter().map(Lock::Enterprise).collect();
    locks::take(tx, &locks).await
}

/// Projects documents again that were projected before: an enterprise has another key now, or another name. The caller
/// holds the locks of the enterprises that they name, marks the scopes that this gives, and publishes.
pub async fn project_again(tx: &mut Tx, documents: &[DocumentId], now: Millis) -> Result<Placed> {
    let mut placed = Placed::default();
    for documents in documents.chunks(PROJECTED_AT_ONCE) {
        let rows = documents::list(tx, documents.iter().copied()).await?;
        let rows = rows.values().map(|row| (row, None)).collect();
        let some = project(tx, rows, Why::Again, now).await?;
        placed.marked.extend(some.marked);
        placed.shared.extend(some.shared);
    }
    Ok(placed)
}

/// An alias was made or undone, or an enterprise corrected: every visit whose identity names one of these keys is
/// projected again. Gives the doors and years that it left and joined, which the caller marks, and publishes.
pub async fn project_enterprises_again(
    tx: &mut Tx,
    keys: &[EnterpriseKey],
    now: Millis,
) -> Result<Placed> {
    lock_enterprises(tx, keys.iter().map(|key| key.0.clone()).collect()).await?;
    let mut documents = Vec::new();
    for key in keys {
        documents.extend(documents::list_by_enterprise(tx, &key.0).await?);
    }
    project_again(tx, &documents, now).await
}

/// A sampling made elsewhere takes part in the scopes of its product and its enterprise's year. Gives those that it left
/// and joined, which the caller marks.
pub async fn project_prior(tx: &mut Tx, id: SampleId, fact: &SampleFact) -> Result<Vec<ScopeKey>> {
    let mut marked = projections::list_scopes_of_member(tx, &id.to_string()).await?;
    let mut fact = fact.clone();
    if let Some(key) = &fact.enterprise {
        fact.enterprise = Some(enterprises::resolve_key(tx, key).await?);
    }
    projections::replace_prior(tx, id, &fact).await?;
    let keys: Vec<ScopeKey> = scopes_of_sample(&fact).into_iter().collect();
    projections::replace_prior_member(tx, &id.to_string(), &keys).await?;
    marked.extend(keys);
    Ok(marked)
}

fn members(document: DocumentId, facts: &Facts) -> Vec<(DocumentId, MemberKind, String, ScopeKey)> {
    let visit_scope = ScopeKey::Visit {
        document_id: document,
    };
    let visit = document.to_string();
    let mut members = vec![(document, MemberKind::Visit, visit, visit_scope.clone())];
    let door = |campaign_id, body_id, enterprise: &EnterpriseKey| ScopeKey::Door {
        campaign_id,
        body_id,
        enterprise: enterprise.clone(),
    };
    for (id, entry) in &facts.entries {
        let entered = id.to_string();
        members.push((document, MemberKind::Entry, entered, visit_scope.clone()));
        members.push((
            document,
            MemberKind::Entry,
            id.to_string(),
            door(entry.campaign_id, entry.body_id, &entry.enterprise),
        ));
    }
    for (id, sample) in &facts.samples {
        for key in scopes_of_sample(sample) {
            members.push((document, MemberKind::Sample, id.to_string(), key));
        }
        if let Some(visit) = facts.visits.get(&document) {
            members.push((
                document,
                MemberKind::Sample,
                id.to_string(),
                door(visit.campaign_id, visit.body_id, &visit.enterprise),
            ));
        }
    }
    members
}
