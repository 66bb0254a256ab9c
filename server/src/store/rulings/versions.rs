//! Rulings, version after version, and the one that stands.

use std::collections::{BTreeSet, HashMap};

use sync_core::model::{Digest, DocumentId, Millis, RulingId};
use sync_core::proof::log::HOUSE;
use sync_core::rules::{Finding, Outcome, Subject};
use sync_core::sync::wire::RulingNotice;

use super::verdicts::{subject_of, subject_text};
use crate::args;
use crate::store::log::{self, Note};
use crate::store::{Result, Row, Session, StoreError, Tx, Value, bulk, statements};

statements! {
    /// One version.
    FIND = "SELECT * FROM rulings WHERE ruling_id = $1";
    /// The version that stands.
    FIND_CURRENT = "SELECT r.* FROM rulings r JOIN subject_outcomes o ON o.ruling_id = r.ruling_id WHERE o.subject = $1";
    /// The versions that stand in a visit.
    LIST_CURRENT_OF_DOCUMENT = "SELECT r.* FROM rulings r JOIN subject_outcomes o ON o.ruling_id = r.ruling_id \
        WHERE r.document_id = $1 ORDER BY r.subject";
    /// All versions of a visit's subjects.
    LIST_OF_DOCUMENT = "SELECT * FROM rulings WHERE subject IN (SELECT subject FROM rulings WHERE document_id = $1 \
        UNION SELECT 'sample/' || sample_id FROM samples WHERE document_id = $1) ORDER BY subject, version";
    /// All versions on a subject.
    LIST_OF_SUBJECT = "SELECT * FROM rulings WHERE subject = $1 ORDER BY version";
    /// It is gone: an entry that arrivals no longer form.
    DELETE_OUTCOME = "DELETE FROM subject_outcomes WHERE subject = $1";
    /// And nothing is said of it.
    DELETE_FINDINGS = "DELETE FROM standing_findings WHERE subject = $1";
}

bulk! {
    /// Versions by id.
    LIST = ("SELECT * FROM rulings WHERE ruling_id IN (", 0, 1, ")");
    /// The versions that stand.
    LIST_CURRENT = ("SELECT r.* FROM rulings r JOIN subject_outcomes o ON o.ruling_id = r.ruling_id WHERE o.subject IN (", 0, 1, ")");
    /// The last versions, whether they stand or not.
    LIST_LAST = ("SELECT subject, MAX(version) AS version FROM rulings WHERE subject IN (", 0, 1, ") GROUP BY subject");
    /// Versions.
    INSERT = ("INSERT INTO rulings (ruling_id, subject, version, scope, document_id, outcome, findings, actor, rulebook, \
        facts, decided_at) VALUES", 0, 11, "");
    /// Other findings stand.
    DELETE_STANDING = ("DELETE FROM standing_findings WHERE subject IN (", 0, 1, ")");
    /// Which rules speak in the versions that stand, to be searched by.
    INSERT_STANDING = ("INSERT INTO standing_findings (rule_id, document_id, subject) VALUES", 0, 3, " ON CONFLICT DO NOTHING");
    /// They stand.
    PUT_OUTCOME = ("INSERT INTO subject_outcomes (subject, document_id, kind, outcome, door, ruling_id, version, findings) \
        VALUES", 0, 8, " ON CONFLICT (subject) DO UPDATE SET document_id = excluded.document_id, \
        outcome = excluded.outcome, door = excluded.door, ruling_id = excluded.ruling_id, version = excluded.version, \
        findings = excluded.findings");
}

/// The columns of a version, in the order of `INSERT`.
const COLUMNS: [&str; 11] = [
    "ruling_id",
    "subject",
    "version",
    "scope",
    "document_id",
    "outcome",
    "findings",
    "actor",
    "rulebook",
    "facts",
    "decided_at",
];

/// A version of a ruling.
#[derive(Clone, Debug)]
pub struct RulingRow {
    /// Its id.
    pub ruling_id: RulingId,
    /// On what.
    pub subject: Subject,
    /// 1, 2, …
    pub version: i64,
    /// Which scope brought it about.
    pub scope: String,
    /// The visit in which it is shown; none for a prior sampling.
    pub document: Option<DocumentId>,
    /// The outcome; a visit has findings alone.
    pub outcome: Option<Outcome>,
    /// Why.
    pub findings: Vec<Finding>,
    /// `engine`, or a user.
    pub actor: String,
    /// Rulebook versions.
    pub rulebook: String,
    /// Hash of the facts.
    pub facts: Digest,
    /// When.
    pub decided_at: Millis,
}

impl RulingRow {
    /// As it goes down to phones; none for a subject without an outcome.
    pub fn notice(self) -> Option<RulingNotice> {
        Some(RulingNotice {
            ruling_id: self.ruling_id,
            subject: self.subject,
            document_id: self.document,
            version: self.version,
            outcome: self.outcome?,
            findings: self.findings,
            actor: self.actor,
            rulebook: self.rulebook,
            facts: self.facts,
            decided_at_ms: self.decided_at,
        })
    }

    /// The outcome as one word; `none` where there is none.
    pub fn word(&self) -> String {
        match &self.outcome {
            Some(Outcome::Entry { standing }) => crate::access::role::word(standing),
            Some(Outcome::Sample { validity }) => crate::access::role::word(validity),
            Some(Outcome::Refusal { refusal }) => crate::access::role::word(refusal),
            None => "none".to_owned(),
        }
    }
}

const UNREADABLE: StoreError = StoreError::Column {
    name: "findings",
    wanted: "what ruling wrote",
};

fn from_row(row: &Row) -> Result<RulingRow> {
    let subject = subject_of(&row.get::<String>("subject")?).ok_or(UNREADABLE)?;
    let word = serde_json::Value::String(row.get("outcome")?);
    let outcome = match subject {
        Subject::Visit(_) => None,
        Subject::Entry(_) => Some(Outcome::Entry {
            standing: serde_json::from_value(word).map_err(|_| UNREADABLE)?,
        }),
        Subject::Sample(_) => Some(Outcome::Sample {
            validity: serde_json::from_value(word).map_err(|_| UNREADABLE)?,
        }),
        Subject::Refusal(_) => Some(Outcome::Refusal {
            refusal: serde_json::from_value(word).map_err(|_| UNREADABLE)?,
        }),
    };
    Ok(RulingRow {
        ruling_id: row.get("ruling_id")?,
        subject,
        version: row.get("version")?,
        scope: row.get("scope")?,
        document: row.get("document_id").ok(),
        outcome,
        findings: serde_json::from_str(&row.get::<String>("findings")?).map_err(|_| UNREADABLE)?,
        actor: row.get("actor")?,
        rulebook: row.get("rulebook")?,
        facts: row.get("facts")?,
        decided_at: row.get("decided_at")?,
    })
}

/// One version.
pub async fn find(db: &mut Session, id: RulingId) -> Result<Option<RulingRow>> {
    db.optional(&FIND, args![id])
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

/// Versions by id.
pub async fn list(
    db: &mut Session,
    ids: impl IntoIterator<Item = RulingId>,
) -> Result<HashMap<RulingId, RulingRow>> {
    let keys = ids.into_iter().map(Value::from);
    let rows = db.all_of(&LIST, args![], keys).await?;
    let rulings = rows.iter().map(|row| {
        let ruling = from_row(row)?;
        Ok((ruling.ruling_id, ruling))
    });
    rulings.collect()
}

/// Versions as the log records them, by id.
pub async fn list_records(
    db: &mut Session,
    ids: impl IntoIterator<Item = String>,
) -> Result<Vec<(String, serde_json::Value)>> {
    let keys = ids.into_iter().map(Value::from);
    let rows = db.all_of(&LIST, args![], keys).await?;
    let records = rows.into_iter().map(|row| {
        let id = row.get("ruling_id")?;
        Ok((id, log::record_of(row)))
    });
    records.collect()
}

/// The version that stands on a subject.
pub async fn find_current(db: &mut Session, subject: &Subject) -> Result<Option<RulingRow>> {
    db.optional(&FIND_CURRENT, args![subject_text(subject)])
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

/// The versions that stand on subjects, and the number of the last one on each, whether it stands or not.
pub async fn list_standing(
    db: &mut Session,
    subjects: &[Subject],
) -> Result<(HashMap<Subject, RulingRow>, HashMap<Subject, i64>)> {
    let texts = || subjects.iter().map(|subject| subject_text(subject).into());
    let (mut current, mut last) = (HashMap::new(), HashMap::new());
    for row in db.all_of(&LIST_CURRENT, args![], texts()).await? {
        let ruling = from_row(&row)?;
        current.insert(ruling.subject.clone(), ruling);
    }
    for row in db.all_of(&LIST_LAST, args![], texts()).await? {
        let subject = subject_of(&row.get::<String>("subject")?).ok_or(UNREADABLE)?;
        last.insert(subject, row.get("version")?);
    }
    Ok((current, last))
}

/// The rule that speaks where two records have one id.
const SHARED_ID: &str = "SAMPLEID";

/// All versions on the subjects of a visit.
pub async fn list_of_document(db: &mut Session, document: DocumentId) -> Result<Vec<RulingRow>> {
    let rows = db.all(&LIST_OF_DOCUMENT, args![document]).await?;
    let mut rulings: Vec<RulingRow> = rows.iter().map(from_row).collect::<Result<_>>()?;
    // Of a sample's id that another visit uses too: what was ruled since this one did, which is said in the version that
    // first said so, whichever of the two it names.
    let twice = |finding: &Finding| finding.rule_id == SHARED_ID;
    let mut since = BTreeSet::new();
    rulings.retain(|ruling| {
        if ruling.document == Some(document) || ruling.findings.iter().any(twice) {
            since.insert(ruling.subject.clone());
        }
        since.contains(&ruling.subject)
    });
    Ok(rulings)
}

/// The versions that stand on the subjects of a visit.
pub async fn list_current_of_document(
    db: &mut Session,
    document: DocumentId,
) -> Result<Vec<RulingRow>> {
    db.all(&LIST_CURRENT_OF_DOCUMENT, args![document])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

/// All versions on a subject.
pub async fn list_of_subject(db: &mut Session, subject: &Subject) -> Result<Vec<RulingRow>> {
    db.all(&LIST_OF_SUBJECT, args![subject_text(subject)])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

/// Adds versions and lets them stand, in this order. Beside each, the scope by which an entry stands.
pub async fn insert(tx: &mut Tx, rulings: &[(&RulingRow, Option<&str>)]) -> Result<()> {
    let (mut versions, mut outcomes) = (Vec::new(), Vec::new());
    let (mut subjects, mut standing) = (Vec::new(), Vec::new());
    for (ruling, door) in rulings {
        let subject = subject_text(&ruling.subject);
        let document = ruling
            .document
            .map_or_else(Vec::new, |document| document.0.to_vec());
        let findings = serde_json::to_string(&ruling.findings).map_err(|_| UNREADABLE)?;
        let count = i64::try_from(ruling.findings.len()).unwrap_or(i64::MAX);
        let version = args![
            ruling.ruling_id,
            &subject,
            ruling.version,
            &ruling.scope,
            document.clone(),
            ruling.word(),
            findings,
            &ruling.actor,
            &ruling.rulebook,
            ruling.facts,
            ruling.decided_at
        ];
        let record = log::record(&COLUMNS, &version);
        tx.note(Note {
            chain: ruling.document.unwrap_or(HOUSE),
            at: ruling.decided_at,
            kind: log::RULING,
            body: log::ruling_body(&record),
        });
        versions.push(version);
        if ruling.version > 1 {
            subjects.push(Value::from(&subject));
        }
        let rules: BTreeSet<&str> = ruling
            .findings
            .iter()
            .map(|it| it.rule_id.as_str())
            .collect();
        let speaking = rules
            .into_iter()
            .map(|rule| args![rule, document.clone(), &subject]);
        standing.extend(speaking);
        let kind = subject.split('/').next().unwrap_or_default();
        outcomes.push(args![
            &subject,
            document,
            kind,
            ruling.word(),
            *door,
            ruling.ruling_id,
            ruling.version,
            count
        ]);
    }
    tx.exec_rows(&INSERT, versions).await?;
    tx.exec_of(&DELETE_STANDING, args![], subjects).await?;
    tx.exec_rows(&INSERT_STANDING, standing).await?;
    tx.exec_rows(&PUT_OUTCOME, outcomes).await
}

/// The subject is gone.
pub async fn delete_outcome(tx: &mut Tx, subject: &Subject) -> Result<()> {
    tx.exec(&DELETE_FINDINGS, args![subject_text(subject)])
        .await?;
    tx.exec(&DELETE_OUTCOME, args![subject_text(subject)])
        .await
        .map(drop)
}
