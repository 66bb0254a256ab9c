//! Samplings made elsewhere or before: what was told of them. They rule like our own, so that projection puts their facts
//! among the samples, with the enterprise after aliases.

use serde::Serialize;
use sync_core::model::{EnterpriseKey, Millis, OrganisationId, PriorSamplingId, SampleId};
use sync_core::rules::{Finding, SampleFact, Validity};
use utoipa::ToSchema;

use super::{Sight, json, to_json};
use crate::args;
use crate::store::{Result, Row, Session, Tx, statements};

macro_rules! columns {
    () => {
        "SELECT p.*, s.enterprise, s.sheet_no, o.outcome, r.findings AS why, r.rulebook FROM prior_samplings p \
         LEFT JOIN samples s ON s.sample_id = p.prior_sampling_id \
         LEFT JOIN organisations a ON a.organisation_id = p.authority_id \
         LEFT JOIN subject_outcomes o ON o.subject = 'sample/' || p.prior_sampling_id \
         LEFT JOIN rulings r ON r.ruling_id = o.ruling_id "
    };
}
/// Those of the caller's authority, of a region of theirs, or of an authority in one. What names neither is seen by those
/// who see the whole country. `p` is the prior sampling, `a` its authority.
macro_rules! sees_prior {
    () => {
        "(p.authority_id = $2 OR EXISTS (SELECT 1 FROM user_regions ur WHERE ur.user_id = $1 \
            AND (p.region LIKE ur.prefix || '%' OR a.region LIKE ur.prefix || '%' OR ur.prefix = '')))"
    };
}
pub(crate) use sees_prior;

statements! {
    /// The one that is told apart by this.
    FIND = concat!(columns!(), "WHERE p.natural_key = $1");
    /// What was told of the one that is told apart by this.
    FIND_TOLD = "SELECT fact FROM prior_samplings WHERE natural_key = $1";
    /// Adds one.
    INSERT = "INSERT INTO prior_samplings (prior_sampling_id, natural_key, source, confidence, authority_id, body_id, \
        region, product_name, product_kind, sampled_on, fact, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// Those at an enterprise after aliases, as they were told.
    LIST_AT = "SELECT p.prior_sampling_id, p.fact FROM prior_samplings p \
        JOIN samples s ON s.sample_id = p.prior_sampling_id WHERE s.enterprise = $1 ORDER BY p.prior_sampling_id";
    /// Those that the caller sees, a page.
    LIST_SEEN = concat!(columns!(), "WHERE p.prior_sampling_id > $3 AND ", sees_prior!(),
        " ORDER BY p.prior_sampling_id LIMIT $4");
    /// Whether the caller sees one.
    SEES = concat!("SELECT p.prior_sampling_id FROM prior_samplings p \
        LEFT JOIN organisations a ON a.organisation_id = p.authority_id \
        WHERE p.prior_sampling_id = $3 AND ", sees_prior!());
}

/// A prior sampling to add.
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
    /// What rules read, with the enterprise as it was told.
    pub fact: SampleFact,
    /// When it was imported.
    pub created_at: Millis,
}

/// A prior sampling and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PriorSampling {
    /// Its id.
    #[schema(value_type = String)]
    pub prior_sampling_id: PriorSamplingId,
    /// Where it comes from.
    pub source: String,
    /// confirmed, reported, uncertain
    pub confidence: String,
    /// 组织抽查部门.
    #[schema(value_type = Option<String>)]
    pub authority_id: Option<OrganisationId>,
    /// GB/T 2260.
    pub region: Option<String>,
    /// Key of the sampled party after aliases.
    pub enterprise: Option<String>,
    /// 编号.
    pub sheet_no: Option<String>,
    /// 产品名称.
    pub product_name: Option<String>,
    /// Civil day.
    pub sampled_on: String,
    /// How it is ruled: pending, valid, valid_with_violation, needs_ruling, duplicate, void.
    #[schema(value_type = String)]
    pub validity: Validity,
    /// Why.
    #[schema(value_type = Vec<Object>)]
    #[serde(serialize_with = "crate::wording::findings")]
    pub findings: Vec<Finding>,
    /// Under which rulebooks it is ruled.
    pub rulebook: Option<String>,
}

fn prior(row: &Row) -> Result<PriorSampling> {
    let outcome: Option<String> = row.get("outcome")?;
    let validity = outcome.and_then(|word| serde_json::from_value(word.into()).ok());
    Ok(PriorSampling {
        prior_sampling_id: row.get("prior_sampling_id")?,
        source: row.get("source")?,
        confidence: row.get("confidence")?,
        authority_id: row.get("authority_id")?,
        region: row.get("region")?,
        enterprise: row.get("enterprise")?,
        sheet_no: row.get("sheet_no")?,
        product_name: row.get("product_name")?,
        sampled_on: row.get("sampled_on")?,
        validity: validity.unwrap_or(Validity::Pending),
        findings: match row.get::<Option<String>>("why")? {
            Some(_) => json(row, "why")?,
            None => Vec::new(),
        },
        rulebook: row.get("rulebook")?,
    })
}

/// The one that is told apart by this.
pub async fn find_by_natural_key(
    db: &mut Session,
    natural_key: &[u8; 32],
) -> Result<Option<PriorSampling>> {
    let row = db.optional(&FIND, args![natural_key]).await?;
    row.as_ref().map(prior).transpose()
}

/// What was told of the one that is told apart by this, before aliases.
pub async fn find_told(db: &mut Session, natural_key: &[u8; 32]) -> Result<Option<SampleFact>> {
    let row = db.optional(&FIND_TOLD, args![natural_key]).await?;
    row.as_ref().map(|row| json(row, "fact")).transpose()
}

/// Those that the caller sees, after an id.
pub async fn list_seen(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    limit: u32,
) -> Result<Vec<PriorSampling>> {
    let args = args![sight.user, sight.organisation, after, limit];
    db.all(&LIST_SEEN, args).await?.iter().map(prior).collect()
}

/// Whether the caller sees one, by its id as a sample.
pub async fn sees(db: &mut Session, sight: &Sight, id: SampleId) -> Result<bool> {
    let args = args![sight.user, sight.organisation, id];
    Ok(db.optional(&SEES, args).await?.is_some())
}

/// Those at an enterprise after aliases, as they were told.
pub async fn list_at(
    db: &mut Session,
    enterprise: &EnterpriseKey,
) -> Result<Vec<(PriorSamplingId, SampleFact)>> {
    let rows = db.all(&LIST_AT, args![enterprise]).await?;
    rows.iter()
        .map(|row| Ok((row.get("prior_sampling_id")?, json(row, "fact")?)))
        .collect()
}

/// Adds one.
pub async fn insert(tx: &mut Tx, row: &PriorRow) -> Result<()> {
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
        to_json(&row.fact),
        row.created_at,
    ];
    tx.exec(&INSERT, columns).await.map(drop)
}
