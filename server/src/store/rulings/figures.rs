//! Counting what stands: entries, samples, refusals, what was not sampled, duplicates and evidence, of the visits that a
//! caller sees, by body, region, day or product.

use sync_core::model::Millis;

use crate::access::Principal;
use crate::args;
use crate::store::sync::visits::{seen, sight};
use crate::store::{Result, Row, Session, Statement, statements};

/// The visits that are counted. A figure is of the day on which its visit stands in lists.
macro_rules! counted {
    ($rest:expr) => {
        concat!(
            "WITH w AS (SELECT v.document_id, v.body_id, COALESCE(v.region, '') AS region, \
               CAST((v.sort_at + 28800000) / 86400000 AS TEXT) AS day ",
            seen!(" AND v.sort_at >= $5 AND v.sort_at < $6 AND (CAST($7 AS TEXT) IS NULL OR v.campaign_id = $7) \
               AND (CAST($8 AS TEXT) IS NULL OR v.body_id = $8) AND (CAST($9 AS TEXT) IS NULL OR v.region LIKE $9 || '%'))"),
            " ",
            $rest
        )
    };
}

/// By something that a visit has one of.
macro_rules! outcomes {
    ($key:literal) => {
        counted!(concat!(
            "SELECT ", $key, " AS key, o.kind AS what, o.outcome AS word, COUNT(*) AS n FROM w \
             JOIN subject_outcomes o ON o.document_id = w.document_id AND o.kind IN ('entry', 'refusal') GROUP BY 1, 2, 3"
        ))
    };
}

/// Sealed sheets by validity; and sheets that were never sealed although a rule on duplicates spoke of them: those were
/// prevented.
macro_rules! samples {
    ($key:literal) => {
        counted!(concat!(
            "SELECT ", $key, " AS key, CASE WHEN s.signed = 1 THEN 'sample' ELSE 'prevented' END AS what, \
             CASE WHEN s.signed = 1 THEN COALESCE(o.outcome, 'pending') ELSE 'duplicate' END AS word, COUNT(*) AS n FROM w \
             JOIN samples s ON s.document_id = w.document_id \
             LEFT JOIN subject_outcomes o ON o.subject = 'sample/' || s.sample_id \
             WHERE s.signed = 1 OR EXISTS (SELECT 1 FROM standing_findings f WHERE f.subject = 'sample/' || s.sample_id \
                AND f.rule_id IN ('DUP6', 'UPPER', 'DUPLOT')) GROUP BY 1, 2, 3"
        ))
    };
}

macro_rules! not_sampled {
    ($key:literal) => {
        counted!(concat!(
            "SELECT ",
            $key,
            " AS key, 'not_sampled' AS what, n.reason AS word, COUNT(*) AS n FROM w \
             JOIN not_sampled n ON n.document_id = w.document_id GROUP BY 1, 2, 3"
        ))
    };
}

/// Each visit with what its manifest names and how much of that is verified.
macro_rules! manifests {
    ($key:literal, $rest:literal) => {
        counted!(concat!(
            ", m AS (SELECT v.document_id, v.evidence_listed AS pieces, v.evidence_here AS verified FROM visits v \
               WHERE v.evidence_listed > 0 AND v.document_id IN (SELECT w.document_id FROM w)) \
             SELECT ", $key, " AS key, COUNT(*) AS visits, CAST(SUM(m.pieces) AS BIGINT) AS pieces, \
               CAST(SUM(m.verified) AS BIGINT) AS verified, \
               CAST(SUM(CASE WHEN m.verified = m.pieces THEN 1 ELSE 0 END) AS BIGINT) AS complete FROM w \
             JOIN m ON m.document_id = w.document_id", $rest
        ))
    };
}

statements! {
    /// Entries and refusals of a body.
    OUTCOMES_BY_BODY = outcomes!("w.body_id");
    /// Of a region.
    OUTCOMES_BY_REGION = outcomes!("w.region");
    /// Of a day.
    OUTCOMES_BY_DAY = outcomes!("w.day");
    /// Entries at which a product was sampled; a refusal has no sheet.
    OUTCOMES_BY_PRODUCT = counted!("SELECT COALESCE(s.product_name, '') AS key, o.kind AS what, o.outcome AS word, \
        COUNT(DISTINCT o.subject) AS n FROM w JOIN samples s ON s.document_id = w.document_id \
        JOIN subject_outcomes o ON o.subject = 'entry/' || s.entry_id AND o.kind = 'entry' GROUP BY 1, 2, 3");
    /// Sheets of a body.
    SAMPLES_BY_BODY = samples!("w.body_id");
    /// Of a region.
    SAMPLES_BY_REGION = samples!("w.region");
    /// Of a day.
    SAMPLES_BY_DAY = samples!("w.day");
    /// Of a product.
    SAMPLES_BY_PRODUCT = samples!("COALESCE(s.product_name, '')");
    /// What a body did not sample.
    NOT_SAMPLED_BY_BODY = not_sampled!("w.body_id");
    /// In a region.
    NOT_SAMPLED_BY_REGION = not_sampled!("w.region");
    /// On a day.
    NOT_SAMPLED_BY_DAY = not_sampled!("w.day");
    /// Evidence of a body.
    MANIFESTS_BY_BODY = manifests!("w.body_id", " GROUP BY 1");
    /// Of a region.
    MANIFESTS_BY_REGION = manifests!("w.region", " GROUP BY 1");
    /// Of a day.
    MANIFESTS_BY_DAY = manifests!("w.day", " GROUP BY 1");
    /// Of the visits at which a product was sampled.
    MANIFESTS_BY_PRODUCT = manifests!("d.product_name", " JOIN (SELECT DISTINCT document_id, \
        COALESCE(product_name, '') AS product_name FROM samples) d ON d.document_id = w.document_id GROUP BY 1");
}

/// What figures are told by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// 承检机构
    Body,
    /// 行政区划
    Region,
    /// Civil day in Asia/Shanghai, as days since 1970.
    Day,
    /// 产品名称
    Product,
}

impl By {
    fn counts(self) -> &'static [&'static Statement] {
        match self {
            Self::Body => &[&OUTCOMES_BY_BODY, &SAMPLES_BY_BODY, &NOT_SAMPLED_BY_BODY],
            Self::Region => &[
                &OUTCOMES_BY_REGION,
                &SAMPLES_BY_REGION,
                &NOT_SAMPLED_BY_REGION,
            ],
            Self::Day => &[&OUTCOMES_BY_DAY, &SAMPLES_BY_DAY, &NOT_SAMPLED_BY_DAY],
            Self::Product => &[&OUTCOMES_BY_PRODUCT, &SAMPLES_BY_PRODUCT],
        }
    }

    fn manifests(self) -> &'static Statement {
        match self {
            Self::Body => &MANIFESTS_BY_BODY,
            Self::Region => &MANIFESTS_BY_REGION,
            Self::Day => &MANIFESTS_BY_DAY,
            Self::Product => &MANIFESTS_BY_PRODUCT,
        }
    }
}

/// Which visits are counted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// From this instant on.
    pub from: Option<Millis>,
    /// Before this instant.
    pub until: Option<Millis>,
    /// Of this campaign.
    pub campaign: Option<String>,
    /// Of this body.
    pub body: Option<String>,
    /// In this region, by its prefix.
    pub region: Option<String>,
}

/// How many of something there are.
#[derive(Clone, Debug)]
pub struct Count {
    /// Of which body, region, day or product.
    pub key: String,
    /// `entry`, `refusal`, `sample`, `prevented` or `not_sampled`.
    pub what: String,
    /// Its outcome, or the reason.
    pub word: String,
    /// How many.
    pub n: i64,
}

/// How complete evidence is.
#[derive(Clone, Debug)]
pub struct Manifests {
    /// Of which body, region, day or product.
    pub key: String,
    /// Visits whose manifest names anything.
    pub visits: i64,
    /// Those of which every piece is verified.
    pub complete: i64,
    /// What the manifests name.
    pub pieces: i64,
    /// What of that is verified.
    pub verified: i64,
}

fn count(row: &Row) -> Result<Count> {
    Ok(Count {
        key: row.get("key")?,
        what: row.get("what")?,
        word: row.get("word")?,
        n: row.get("n")?,
    })
}

fn manifests(row: &Row) -> Result<Manifests> {
    Ok(Manifests {
        key: row.get("key")?,
        visits: row.get("visits")?,
        complete: row.get("complete")?,
        pieces: row.get("pieces")?,
        verified: row.get("verified")?,
    })
}

/// Counts what the caller sees.
pub async fn list(
    db: &mut Session,
    caller: &Principal,
    by: By,
    filter: &Filter,
) -> Result<(Vec<Count>, Vec<Manifests>)> {
    let values = || {
        let mut values = sight(caller);
        values.extend(args![
            filter.from.unwrap_or(Millis::MIN),
            filter.until.unwrap_or(Millis::MAX),
            filter.campaign.clone(),
            filter.body.clone(),
            filter.region.clone()
        ]);
        values
    };
    let mut counts = Vec::new();
    for statement in by.counts() {
        for row in db.search(statement, values()).await? {
            counts.push(count(&row)?);
        }
    }
    let rows = db.search(by.manifests(), values()).await?;
    let manifests = rows.iter().map(manifests).collect::<Result<_>>()?;
    Ok((counts, manifests))
}
