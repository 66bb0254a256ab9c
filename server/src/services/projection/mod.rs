//! From a document to rows: what lists show, what rules take, and which scopes it belongs to. Runs in the transaction
//! that changes the document; the scopes that it left and those that it joined are marked together.

mod read;

use automerge::Automerge;
use sync_core::model::{Actor, ChangeHash, DocumentId, EnterpriseKey, Millis, SampleId};
use sync_core::rules::{Facts, SampleFact, ScopeKey, scopes_of_sample};

use crate::store::evidence;
use crate::store::locks::{self, Lock};
use crate::store::reference::enterprises;
use crate::store::sync::documents::{self, DocumentRow};
use crate::store::sync::projections::{self, MemberKind, VisitRow};
use crate::store::{Result, Session, Tx};

pub use read::{Around, Certified, Projected, around};

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
        let identity_key = EnterpriseKey(row.enterprise_key.clone());
        let enterprise = enterprises::resolve_key(db, &identity_key).await?;
        Ok(Self {
            around: around(db, certified, row, &enterprise, coming).await?,
            enterprise,
            projected: None,
        })
    }

    /// Projects; no database is asked.
    pub fn project(&mut self, document: &Automerge) {
        self.projected = read::project(document, &self.around);
    }
}

/// Projects one document, and gives the scopes that it left and joined: the caller marks them, with those of all other
/// documents of the transaction, so that marks are taken in one order. The caller holds the lock of its enterprise.
pub async fn project(
    tx: &mut Tx,
    row: &DocumentRow,
    document: &Automerge,
    ahead: Option<Ahead>,
    now: Millis,
) -> Result<Vec<ScopeKey>> {
    let mut marked = Vec::new();
    if row.is_stored() {
        marked = projections::list_scopes_of_document(tx, row.document_id).await?;
        // A record that goes leaves another one under its id free, and one that comes freezes it.
        marked.extend(projections::list_scopes_of_shared(tx, row.document_id).await?);
    }
    let identity_key = EnterpriseKey(row.enterprise_key.clone());
    let enterprise = enterprises::resolve_key(tx, &identity_key).await?;
    let listed = enterprises::find_by_key(tx, &enterprise).await?;
    // Whoever gave the enterprise another key since then did so before we held its lock.
    let ahead = ahead.filter(|ahead| ahead.enterprise == enterprise);
    let projected = match ahead.and_then(|ahead| ahead.projected) {
        Some(projected) => Some(projected),
        None => {
            let mut certified = Certified::default();
            let around = around(tx, &mut certified, row, &enterprise, &[]).await?;
            read::project(document, &around)
        }
    };
    // The binding of a document is checked before its first change is stored; what is no visit shows no rows.
    let Some(mut projected) = projected else {
        tracing::error!(document = %row.document_id, "a stored document is no visit");
        return Ok(Vec::new());
    };

    let known = listed.as_ref();
    let visit = VisitRow {
        document_id: row.document_id,
        campaign_id: row.campaign_id,
        body_id: row.body_id,
        team_id: row.team_id,
        uscc: enterprise.0.strip_prefix("uscc:").map(str::to_owned),
        enterprise_name: known
            .map(|known| known.name.clone())
            .or(projected.enterprise_name.clone()),
        region: known
            .map(|known| known.region.clone())
            .or(projected.region.clone()),
        enterprise,
        product_names: std::mem::take(&mut projected.product_names),
        state: projected.state.to_owned(),
        entered_at: projected.entered_at,
        sort_at: projected.entered_at.unwrap_or(row.created_at),
        samples: i64::try_from(projected.facts.samples.len()).unwrap_or(i64::MAX),
        conflicts: i64::try_from(projected.conflicts.len()).unwrap_or(i64::MAX),
    };
    if let Some(fact) = projected.facts.visits.get_mut(&row.document_id) {
        fact.region.clone_from(&visit.region);
    }
    projections::replace_visit(tx, &visit, &projected.facts, row.is_stored(), now).await?;
    evidence::replace(tx, row.document_id, &projected.evidence, row.is_stored()).await?;
    for (path, record) in &projected.conflicts {
        projections::insert_conflict(tx, row.document_id, path, record, now).await?;
    }

    let members = members(row.document_id, &projected.facts);
    projections::replace_members(tx, row.document_id, &members, row.is_stored()).await?;
    marked.extend(members.into_iter().map(|(_, _, key)| key));
    marked.extend(projections::list_scopes_of_shared(tx, row.document_id).await?);
    Ok(marked)
}

/// Holds the projection of every visit that names one of these enterprises: an alias and an append at one enterprise do not
/// run side by side, or the append would project by the alias of before.
pub async fn lock_enterprises(tx: &mut Tx, keys: Vec<String>) -> Result<()> {
    let locks: Vec<Lock> = keys.into_iter().map(Lock::Enterprise).collect();
    locks::take(tx, &locks).await
}

/// Projects documents again that were projected before: an enterprise has another key now, or another name. The caller
/// holds the locks of the enterprises that they name, and marks the scopes that this gives.
pub async fn project_again(
    tx: &mut Tx,
    documents: &[DocumentId],
    now: Millis,
) -> Result<Vec<ScopeKey>> {
    let mut marked = Vec::new();
    for document in documents {
        if let Some(row) = documents::find(tx, *document).await?
            && let Ok(automerge) = Automerge::load(&row.snapshot)
        {
            marked.extend(project(tx, &row, &automerge, None, now).await?);
        }
    }
    Ok(marked)
}

/// An alias was made or undone, or an enterprise corrected: every visit whose identity names one of these keys is
/// projected again. Gives the doors and years that it left and joined, which the caller marks.
pub async fn project_enterprises_again(
    tx: &mut Tx,
    keys: &[EnterpriseKey],
    now: Millis,
) -> Result<Vec<ScopeKey>> {
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

fn members(document: DocumentId, facts: &Facts) -> Vec<(MemberKind, String, ScopeKey)> {
    let visit_scope = ScopeKey::Visit {
        document_id: document,
    };
    let mut members = vec![(MemberKind::Visit, document.to_string(), visit_scope.clone())];
    let door = |campaign_id, body_id, enterprise: &EnterpriseKey| ScopeKey::Door {
        campaign_id,
        body_id,
        enterprise: enterprise.clone(),
    };
    for (id, entry) in &facts.entries {
        members.push((MemberKind::Entry, id.to_string(), visit_scope.clone()));
        members.push((
            MemberKind::Entry,
            id.to_string(),
            door(entry.campaign_id, entry.body_id, &entry.enterprise),
        ));
    }
    for (id, sample) in &facts.samples {
        for key in scopes_of_sample(sample) {
            members.push((MemberKind::Sample, id.to_string(), key));
        }
        if let Some(visit) = facts.visits.get(&document) {
            members.push((
                MemberKind::Sample,
                id.to_string(),
                door(visit.campaign_id, visit.body_id, &visit.enterprise),
            ));
        }
    }
    members
}
