//! Which scopes a change of reference data or custody concerns. Each of these is called in the transaction that changes
//! the fact, so that a kill between the two loses no ruling; whoever called then runs [`super::rule_what_is_dirty`].

use sync_core::model::{DocumentId, EnterpriseKey, Millis, OrganisationId, SampleId, TaskId};
use sync_core::rules::ScopeKey;

use crate::store::rulings::dirty;
use crate::store::sync::projections;
use crate::store::{Result, Tx};

/// Marks scopes to be ruled again.
pub async fn mark_dirty(tx: &mut Tx, keys: &[ScopeKey], now: Millis) -> Result<()> {
    dirty::mark(tx, keys, now).await
}

/// A task was cancelled, reassigned, approved or changed: all visits with sheets of it.
pub async fn mark_dirty_for_task(tx: &mut Tx, task: TaskId, now: Millis) -> Result<()> {
    let documents = projections::list_documents_of_task(tx, &task.to_string()).await?;
    mark_documents(tx, &documents, now).await
}

/// A body was suspended, or its suspension lifted: all its visits.
pub async fn mark_dirty_for_body(tx: &mut Tx, body: OrganisationId, now: Millis) -> Result<()> {
    let documents = projections::list_documents_of_body(tx, &body.to_string()).await?;
    mark_documents(tx, &documents, now).await
}

/// Something about an enterprise changed that is not its key: all visits there.
pub async fn mark_dirty_for_enterprise(
    tx: &mut Tx,
    enterprise: &EnterpriseKey,
    now: Millis,
) -> Result<()> {
    let documents = projections::list_documents_of_enterprise(tx, &enterprise.0).await?;
    mark_documents(tx, &documents, now).await
}

/// The laboratory received a sample, testing began, a result was served, or a person decided: its scopes.
pub async fn mark_dirty_for_sample(tx: &mut Tx, sample: SampleId, now: Millis) -> Result<()> {
    let keys = projections::list_scopes_of_member(tx, &sample.to_string()).await?;
    dirty::mark(tx, &keys, now).await
}

/// A rulebook was published.
pub async fn mark_dirty_for_everything(tx: &mut Tx, now: Millis) -> Result<()> {
    let keys = projections::list_all_scopes(tx).await?;
    dirty::mark(tx, &keys, now).await
}

/// All scopes of these documents.
pub async fn mark_documents(tx: &mut Tx, documents: &[DocumentId], now: Millis) -> Result<()> {
    let keys = projections::list_scopes_of_documents(tx, documents).await?;
    dirty::mark(tx, &keys, now).await
}
