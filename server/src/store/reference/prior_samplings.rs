//! Samplings made elsewhere or before: they rule like our own, so their facts stand among the samples.

use std::collections::BTreeSet;

use sync_core::model::{Millis, PriorSamplingId, SampleId};
use sync_core::rules::{SampleFact, ScopeKey};

use super::to_json;
use crate::args;
use crate::store::sync::projections;
use crate::store::{Result, Session, Tx, statements};

statements! {
    /// The one that is told apart by this.
    FIND = "SELECT prior_sampling_id FROM prior_samplings WHERE natural_key = $1";
    /// Adds one.
    INSERT = "INSERT INTO prior_samplings (prior_sampling_id, natural_key, source, confidence, authority_id, body_id, \
        region, product_name, product_kind, sampled_on, fact, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// Its facts among those of our own samples, with an empty document.
    INSERT_SAMPLE = "INSERT INTO samples (sample_id, document_id, sheet_no, enterprise, product_name, sampled_on, signed, \
        fact) VALUES ($1, $2, $3, $4, $5, $6, 1, $7)";
}

/// A prior sampling.
pub struct PriorRow {
    /// Its id, as of a sample.
    pub id: PriorSamplingId,
    /// SHA-256 of what tells one from another.
    pub natural_key: [u8; 32],
    /// As in the file: e-CQS, …
    pub source: String,
    /// confirmed, reported, uncertain
    pub confidence: String,
    /// GB/T 2260.
    pub region: Option<String>,
    /// 产品名称.
    pub product_name: Option<String>,
    /// The same, normalised.
    pub product_kind: Option<String>,
    /// Civil day.
    pub sampled_on: String,
    /// What rules read.
    pub fact: SampleFact,
    /// When it was imported.
    pub created_at: Millis,
}

/// Whether one that is told apart by this is there.
pub async fn exists(db: &mut Session, natural_key: &[u8; 32]) -> Result<bool> {
    Ok(db.optional(&FIND, args![natural_key]).await?.is_some())
}

/// Adds one, as a member of its scopes.
pub async fn insert(tx: &mut Tx, row: &PriorRow, scopes: &BTreeSet<ScopeKey>) -> Result<()> {
    let fact = to_json(&row.fact);
    let columns = args![
        row.id,
        &row.natural_key,
        &row.source,
        &row.confidence,
        row.fact.authority_id,
        row.fact.body_id,
        row.region.clone(),
        row.product_name.clone(),
        row.product_kind.clone(),
        &row.sampled_on,
        &fact,
        row.created_at,
    ];
    tx.exec(&INSERT, columns).await?;
    let sample = SampleId(row.id.0).to_string();
    let enterprise = row.fact.enterprise.as_ref().map(|key| key.0.clone());
    let columns = args![
        &sample,
        Vec::new(),
        row.fact.sheet_no.clone(),
        enterprise,
        row.product_name.clone(),
        &row.sampled_on,
        &fact,
    ];
    tx.exec(&INSERT_SAMPLE, columns).await?;
    let keys: Vec<ScopeKey> = scopes.iter().cloned().collect();
    projections::replace_prior_member(tx, &sample, &keys).await
}
