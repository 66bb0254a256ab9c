//! Evidence (影像证据): who may bring the bytes that a manifest names, what follows when they are verified, and the manifests
//! of documents that were stored before manifests were kept.
//!
//! Bytes are proved for a document by somebody who brings them for it, never by naming their hash: a hash is no secret, and
//! who learned one could otherwise read the picture through a visit of their own (docs/adr/0010-bytes-are-proved.md).

pub mod content;
pub mod reading;
pub mod reviewing;

use std::collections::HashMap;

use sync_core::model::{DeviceId, Digest, DocumentId, EvidenceId};
use sync_core::rules::ScopeKey;

use crate::access::Principal;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::services::media::brought;
use crate::services::projection;
use crate::services::sync::binding;
use crate::store::evidence::{self, EvidenceRow};
use crate::store::feed::{self, NewRow};
use crate::store::rulings::dirty;
use crate::store::sync::documents::{self, DocumentRow};
use crate::store::sync::visits;
use crate::store::{Result, Session, StoreError, Tx};

/// Documents whose manifests are told in one transaction.
const TOLD_AT_ONCE: i64 = 100;

/// What somebody wants to upload, as they say.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The document whose manifest names it.
    pub document_id: DocumentId,
    /// Its entry there.
    pub evidence_id: EvidenceId,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// Their number.
    pub size_bytes: i64,
}

/// Whether the caller may bring these bytes: a device of somebody on the document's roster, or of one of its authors, for an
/// entry of its manifest that names exactly them.
///
/// What the caller does not see and what has not come yet are not told apart: both are to be synced first.
pub async fn may_upload(
    db: &mut Session,
    caller: &Principal,
    claim: &Claim,
) -> Result<EvidenceRow, Problem> {
    caller.needed_device()?;
    let unlisted = || Problem::new(Code::EvidenceUnlisted);
    if !evidence::is_audience(db, claim.document_id, caller.user).await? {
        return Err(match visits::sees(db, caller, claim.document_id).await? {
            true => Problem::new(Code::ScopeForbidden),
            false => unlisted(),
        });
    }
    let row = evidence::find(db, claim.document_id, claim.evidence_id).await?;
    let row = row.ok_or_else(unlisted)?;
    let differs = |name: &str, named: String| {
        let detail = format!("the manifest says {named}");
        Problem::new(Code::EvidenceDiffers).field(name, detail)
    };
    if row.entry.sha256 != claim.sha256 {
        return Err(differs("sha256", row.entry.sha256.to_string()));
    }
    if row.entry.size_bytes != claim.size_bytes {
        return Err(differs("size_bytes", row.entry.size_bytes.to_string()));
    }
    Ok(row)
}

/// Bytes that lie in the object store under their hash, which was computed from what was stored.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    /// The document for which they were brought.
    pub document_id: DocumentId,
    /// Their SHA-256.
    pub sha256: Digest,
    /// Their number.
    pub size_bytes: i64,
    /// Who brought them.
    pub device_id: DeviceId,
}

/// Bytes are verified: notes the original, that it was brought for this document, publishes the receipts, and marks the
/// visit to be ruled. Call it last in the transaction, which then holds the counter of the feed, and run
/// [`super::ruling::rule_what_is_dirty`] after it. Again it changes nothing.
pub async fn verified(app: &App, tx: &mut Tx, proof: &Proof) -> Result<()> {
    let now = app.now();
    // Whoever stores the next state of the document does so before or after us: one of the two publishes each receipt.
    documents::hold(tx, proof.document_id).await?;
    if !evidence::insert_blob(tx, proof.sha256, proof.size_bytes, now).await? {
        return Err(StoreError::Column {
            name: "size_bytes",
            wanted: "one length for one hash",
        });
    }
    evidence::insert_proof(tx, proof.document_id, proof.sha256, proof.device_id, now).await?;
    let Some(row) = documents::find(tx, proof.document_id).await? else {
        return Ok(());
    };
    let receipts = receipts(tx, &[&row]).await?;
    let document_id = row.document_id;
    let mut marked = brought(tx, proof.sha256, now).await?;
    // Whether the bytes of a confirmation are here is no fact of the visit that it names.
    if row.kind == binding::VISIT {
        marked.push(ScopeKey::Visit { document_id });
    }
    dirty::mark(tx, &marked, now).await?;
    if !receipts.is_empty() {
        feed::append(tx, &receipts, now).await?;
    }
    Ok(())
}

/// Receipts that are due for documents, to be published in this transaction. The caller holds the documents.
pub async fn receipts(tx: &mut Tx, rows: &[&DocumentRow]) -> Result<Vec<NewRow>> {
    let audiences: HashMap<_, _> = rows
        .iter()
        .map(|row| (row.document_id, binding::audience(row)))
        .collect();
    let ids = audiences.keys().copied().collect();
    let due = evidence::take_without_receipt(tx, ids).await?;
    let receipts = due.iter().filter_map(|row| {
        let audience = audiences.get(&row.document_id)?.clone()?;
        Some(NewRow::evidence_receipt(audience, &row.receipt("")?))
    });
    receipts.collect()
}

/// Tells the manifests of documents that a server stored which kept none.
pub async fn list_manifests(app: &App) -> Result<()> {
    loop {
        let mut tx = app.store.begin().await?;
        let lagging = documents::list_without_evidence(&mut tx, TOLD_AT_ONCE).await?;
        if lagging.is_empty() {
            return Ok(());
        }
        let enterprises = lagging.iter().map(|(_, key)| key.clone()).collect();
        projection::lock_enterprises(&mut tx, enterprises).await?;
        let (mut marked, mut shared) = (Vec::new(), Vec::new());
        for (document_id, _) in &lagging {
            let document_id = *document_id;
            documents::hold(&mut tx, document_id).await?;
            // The scopes that it belongs to are as they were; its visit alone is ruled by what is told now.
            let placed = projection::project_again(&mut tx, &[document_id], app.now()).await?;
            shared.extend(placed.shared);
            documents::set_evidence_version(&mut tx, document_id).await?;
            marked.push(ScopeKey::Visit { document_id });
        }
        dirty::mark(&mut tx, &marked, app.now()).await?;
        if !shared.is_empty() {
            feed::append(&mut tx, &shared, app.now()).await?;
        }
        tx.commit().await?;
    }
}
