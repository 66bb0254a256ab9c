//! Samples as the laboratory and the quotas see them: what was projected from sheets, and how it stands.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::model::{DocumentId, OrganisationId, SampleId, TaskId, UserId};
use sync_core::rules::{Finding, SampleFact, Validity};
use utoipa::ToSchema;
use uuid::Uuid;

use super::prior_samplings::sees_prior;
use super::{Sight, json};
use crate::args;
use crate::store::{Result, Row, Session, statements};

// A sampling made elsewhere has no visit, so that joins to one must not lose it.
macro_rules! columns {
    () => {
        "SELECT s.sample_id, s.document_id, s.sheet_no, s.task_id, s.enterprise, s.sampled_on, s.fact, \
           COALESCE(s.product_name, p.product_name) AS product_name, p.source, v.body_id, o.outcome, o.ruling_id, \
           r.findings AS why \
         FROM samples s LEFT JOIN visits v ON v.document_id = s.document_id \
         LEFT JOIN prior_samplings p ON p.prior_sampling_id = s.sample_id \
         LEFT JOIN organisations a ON a.organisation_id = p.authority_id \
         LEFT JOIN subject_outcomes o ON o.subject = 'sample/' || s.sample_id \
         LEFT JOIN rulings r ON r.ruling_id = o.ruling_id "
    };
}
macro_rules! sees_sample {
    () => {
        concat!(
            "(v.body_id = $2 \
          OR EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = v.team_id AND m.user_id = $1) \
          OR EXISTS (SELECT 1 FROM user_regions ur WHERE ur.user_id = $1 AND v.region LIKE ur.prefix || '%') \
          OR EXISTS (SELECT 1 FROM campaigns c JOIN organisations o ON o.organisation_id = c.authority_id \
                     WHERE c.campaign_id = v.campaign_id AND (c.authority_id = $2 \
                       OR EXISTS (SELECT 1 FROM user_regions ur WHERE ur.user_id = $1 AND o.region LIKE ur.prefix || '%'))) \
          OR (p.prior_sampling_id IS NOT NULL AND ",
            sees_prior!(),
            "))"
        )
    };
}

/// How many signed sheets of a task count (domain.md §3): duplicates, void ones and those that need a ruling do not.
macro_rules! counting_of {
    ($task:literal) => {
        concat!(
            "SELECT COUNT(DISTINCT s.sample_id) AS counting FROM samples s \
             LEFT JOIN subject_outcomes o ON o.subject = 'sample/' || s.sample_id \
             WHERE s.task_id = ",
            $task,
            " AND s.signed = 1 AND (o.outcome IS NULL OR o.outcome IN ('pending', 'valid', 'valid_with_violation'))"
        )
    };
}
pub(crate) use counting_of;

statements! {
    /// One, whoever asks; of several records under one id the first.
    FIND = concat!(columns!(), "WHERE s.sample_id = $1 ORDER BY s.document_id LIMIT 1");
    /// One that the caller sees.
    FIND_SEEN = concat!(columns!(), "WHERE s.sample_id = $3 AND ", sees_sample!(), " ORDER BY s.document_id LIMIT 1");
    /// Those that the caller sees, a page; of several records under one id each has its row.
    LIST_SEEN = concat!(columns!(), "WHERE (s.sample_id > $3 OR (s.sample_id = $3 AND s.document_id > $4)) AND ",
        sees_sample!(), " ORDER BY s.sample_id, s.document_id LIMIT $5");
    /// Sheets of a task that count.
    COUNT_OF_TASK = counting_of!("$1");
    /// Samples of a task that a person ruled out and granted a make-up sample for (补样): the last decision on each.
    COUNT_MAKE_UPS = "SELECT COUNT(*) AS granted FROM samples s \
        JOIN decisions d ON d.subject = 'sample/' || s.sample_id \
        JOIN subject_outcomes o ON o.subject = d.subject \
        WHERE s.task_id = $1 AND d.make_up = 1 AND o.outcome IN ('needs_ruling', 'duplicate', 'void') \
          AND NOT EXISTS (SELECT 1 FROM decisions n WHERE n.subject = d.subject \
            AND (n.decided_at > d.decided_at OR (n.decided_at = d.decided_at AND n.decision_id > d.decision_id)))";
    /// Everybody whose key wrote into a visit with a record under the sample's id.
    LIST_AUTHORS = "SELECT DISTINCT a.user_id FROM document_authors a JOIN samples s ON s.document_id = a.document_id \
        WHERE s.sample_id = $1 ORDER BY a.user_id";
}

/// A sample and how it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sample {
    /// Its id.
    #[schema(value_type = String)]
    pub sample_id: SampleId,
    /// Its visit; none for one that was drawn elsewhere, and for one whose sheet is not known.
    #[schema(value_type = Option<String>)]
    pub document_id: Option<DocumentId>,
    /// Where it is known from, when it was drawn elsewhere: e-CQS, a spreadsheet, …
    pub source: Option<String>,
    /// A laboratory reported it, and no sheet is known (只做不录).
    pub without_sheet: bool,
    /// 编号.
    pub sheet_no: Option<String>,
    /// Its task.
    #[schema(value_type = Option<String>)]
    pub task_id: Option<TaskId>,
    /// Key of the sampled party after aliases.
    pub enterprise: Option<String>,
    /// 产品名称.
    pub product_name: Option<String>,
    /// Civil day in Asia/Shanghai.
    pub sampled_on: Option<String>,
    /// 承检机构.
    #[schema(value_type = Option<String>)]
    pub body_id: Option<OrganisationId>,
    /// 封条号, as the sheet has them.
    pub seal_numbers: BTreeSet<String>,
    /// How it is ruled: pending, valid, valid_with_violation, needs_ruling, duplicate, void.
    #[schema(value_type = String)]
    pub validity: Validity,
    /// The ruling that stands.
    pub ruling_id: Option<String>,
    /// Why.
    #[schema(value_type = Vec<Object>)]
    #[serde(serialize_with = "crate::wording::findings")]
    pub findings: Vec<Finding>,
    /// As projected; none without a sheet.
    #[serde(skip)]
    pub fact: Option<SampleFact>,
}

impl Sample {
    /// One of which nothing is known but that it is at a laboratory.
    pub fn without_sheet(id: SampleId) -> Self {
        Self {
            sample_id: id,
            document_id: None,
            source: None,
            without_sheet: true,
            sheet_no: None,
            task_id: None,
            enterprise: None,
            product_name: None,
            sampled_on: None,
            body_id: None,
            seal_numbers: BTreeSet::new(),
            validity: Validity::Pending,
            ruling_id: None,
            findings: Vec::new(),
            fact: None,
        }
    }
}

fn sample(row: &Row) -> Result<Sample> {
    let outcome: Option<String> = row.get("outcome")?;
    let validity = outcome.and_then(|word| serde_json::from_value(word.into()).ok());
    let task: Option<String> = row.get("task_id")?;
    let fact: SampleFact = json(row, "fact")?;
    Ok(Sample {
        sample_id: row.get::<Uuid>("sample_id").map(SampleId)?,
        // Empty for a sampling made elsewhere.
        document_id: row.get("document_id").ok(),
        source: row.get("source")?,
        without_sheet: false,
        sheet_no: row.get("sheet_no")?,
        task_id: task.and_then(|id| id.parse().ok()),
        enterprise: row.get("enterprise")?,
        product_name: row.get("product_name")?,
        sampled_on: row.get("sampled_on")?,
        body_id: row.get("body_id")?,
        seal_numbers: fact.seal_numbers.clone(),
        validity: validity.unwrap_or(Validity::Pending),
        ruling_id: row.get("ruling_id")?,
        findings: match row.get::<Option<String>>("why")? {
            Some(_) => json(row, "why")?,
            None => Vec::new(),
        },
        fact: Some(fact),
    })
}

/// One, whoever asks.
pub async fn find(db: &mut Session, id: SampleId) -> Result<Option<Sample>> {
    db.optional(&FIND, args![id.0])
        .await?
        .as_ref()
        .map(sample)
        .transpose()
}

/// One that the caller sees.
pub async fn find_seen(db: &mut Session, sight: &Sight, id: SampleId) -> Result<Option<Sample>> {
    let row = db
        .optional(&FIND_SEEN, args![sight.user, sight.organisation, id.0])
        .await?;
    row.as_ref().map(sample).transpose()
}

/// Those that the caller sees, after the record of an id in a document.
pub async fn list_seen(
    db: &mut Session,
    sight: &Sight,
    (after, document): (&str, DocumentId),
    limit: u32,
) -> Result<Vec<Sample>> {
    let args = args![sight.user, sight.organisation, after, document, limit];
    db.all(&LIST_SEEN, args).await?.iter().map(sample).collect()
}

/// How many samples count toward a task's quota.
pub async fn count_of_task(db: &mut Session, id: TaskId) -> Result<i64> {
    db.one(&COUNT_OF_TASK, args![id]).await?.get("counting")
}

/// How many make-up samples persons granted in place of samples of a task that do not count.
pub async fn count_make_ups(db: &mut Session, id: TaskId) -> Result<i64> {
    db.one(&COUNT_MAKE_UPS, args![id]).await?.get("granted")
}

/// Who took part in sampling: signers of the sheet, and whoever wrote in its visit.
pub async fn samplers(db: &mut Session, row: &Sample) -> Result<BTreeSet<UserId>> {
    let mut people = row
        .fact
        .as_ref()
        .map(|fact| fact.signers.clone())
        .unwrap_or_default();
    for author in db.all(&LIST_AUTHORS, args![row.sample_id]).await? {
        people.insert(author.get("user_id")?);
    }
    Ok(people)
}
