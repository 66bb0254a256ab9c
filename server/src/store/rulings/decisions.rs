//! What persons decided: append-only, the last one on a subject stands.

use std::collections::HashMap;

use sync_core::model::{DocumentId, Millis, UserId};
use sync_core::rules::{Decision, RefusalStanding, Standing, Subject, Validity};
use uuid::Uuid;

use super::verdicts::{subject_of, subject_text};
use crate::access::role::word;
use crate::args;
use crate::store::log::{self, Note};
use crate::store::reference::Sight;
use crate::store::{Result, Row, Session, StoreError, Tx, bulk, statements};

statements! {
    /// A decision.
    INSERT = "INSERT INTO decisions (decision_id, subject, document_id, standing, validity, user_id, reason, disposal, \
        make_up, decided_at, refusal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    /// Whether a visit lies in a region of somebody who enforces there.
    ENFORCES = "SELECT v.document_id FROM visits v JOIN user_regions r ON v.region LIKE r.prefix || '%' \
        WHERE v.document_id = $2 AND r.user_id = $1";
    /// Whether a person's authority commissioned the visit, or lies above the one that did. Where the campaign is not known
    /// nobody else could decide either, so that whoever sees it may.
    ANSWERS_FOR_VISIT = "SELECT v.document_id FROM visits v \
        LEFT JOIN campaigns c ON c.campaign_id = v.campaign_id \
        LEFT JOIN organisations o ON o.organisation_id = c.authority_id \
        WHERE v.document_id = $3 AND (c.campaign_id IS NULL OR c.authority_id = $2 \
          OR EXISTS (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%'))";
    /// The same for a sampling made elsewhere.
    ANSWERS_FOR_PRIOR = "SELECT p.prior_sampling_id FROM prior_samplings p \
        LEFT JOIN organisations o ON o.organisation_id = p.authority_id \
        WHERE p.prior_sampling_id = $3 AND (p.authority_id IS NULL OR p.authority_id = $2 \
          OR EXISTS (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND o.region LIKE r.prefix || '%'))";
    /// All in a visit.
    LIST_OF_DOCUMENT = "SELECT * FROM decisions WHERE document_id = $1 ORDER BY decided_at, decision_id";
}

bulk! {
    /// All on subjects.
    LIST_OF_SUBJECTS = ("SELECT * FROM decisions WHERE subject IN (", 0, 1, ") ORDER BY decided_at, decision_id");
}

/// A decision with what becomes of the goods.
#[derive(Clone, Debug)]
pub struct DecisionRow {
    /// Its id.
    pub decision_id: Uuid,
    /// The visit concerned; none for a prior sampling.
    pub document: Option<DocumentId>,
    /// As rules take it.
    pub decision: Decision,
    /// What becomes of the sample: `returned`, `paid_for`, `kept`.
    pub disposal: Option<String>,
    /// Whether the task's quota gets a make-up sample (补样).
    pub make_up: Option<bool>,
}

/// The columns of a decision, in the order of `INSERT`.
const COLUMNS: [&str; 11] = [
    "decision_id",
    "subject",
    "document_id",
    "standing",
    "validity",
    "user_id",
    "reason",
    "disposal",
    "make_up",
    "decided_at",
    "refusal",
];

const UNREADABLE: StoreError = StoreError::Column {
    name: "decision",
    wanted: "what was decided",
};

fn from_row(row: &Row) -> Result<DecisionRow> {
    let standing: Option<String> = row.get("standing")?;
    let validity: Option<String> = row.get("validity")?;
    let standing: Option<Standing> = standing
        .map(|word| serde_json::from_value(serde_json::Value::String(word)))
        .transpose()
        .map_err(|_| UNREADABLE)?;
    let validity: Option<Validity> = validity
        .map(|word| serde_json::from_value(serde_json::Value::String(word)))
        .transpose()
        .map_err(|_| UNREADABLE)?;
    let refusal: Option<String> = row.get("refusal")?;
    let refusal: Option<RefusalStanding> = refusal
        .map(|word| serde_json::from_value(serde_json::Value::String(word)))
        .transpose()
        .map_err(|_| UNREADABLE)?;
    Ok(DecisionRow {
        decision_id: row.get("decision_id")?,
        document: row.get("document_id").ok(),
        decision: Decision {
            subject: subject_of(&row.get::<String>("subject")?).ok_or(UNREADABLE)?,
            standing,
            validity,
            refusal,
            user_id: row.get("user_id")?,
            reason: row.get("reason")?,
            decided_at_ms: row.get::<Millis>("decided_at")?,
        },
        disposal: row.get("disposal")?,
        make_up: row.get("make_up")?,
    })
}

/// Adds one.
pub async fn insert(tx: &mut Tx, row: &DecisionRow) -> Result<()> {
    let decision = &row.decision;
    let values = args![
        row.decision_id,
        subject_text(&decision.subject),
        row.document
            .map_or_else(Vec::new, |document| document.0.to_vec()),
        decision.standing.as_ref().map(word),
        decision.validity.as_ref().map(word),
        decision.user_id,
        &decision.reason,
        row.disposal.clone(),
        row.make_up,
        decision.decided_at_ms,
        decision.refusal.as_ref().map(word)
    ];
    let (at, chain) = (decision.decided_at_ms, row.document);
    tx.note(Note::row(chain, at, log::DECISION, &COLUMNS, &values));
    tx.exec(&INSERT, values).await.map(drop)
}

/// Whether a caller's authority answers for what is to be decided: a visit, or a sampling made elsewhere.
pub async fn answers_for(
    db: &mut Session,
    sight: &Sight,
    subject: &Subject,
    document: Option<DocumentId>,
) -> Result<bool> {
    let row = match (document, subject) {
        (Some(document), _) => {
            let args = args![sight.user, sight.organisation, document];
            db.optional(&ANSWERS_FOR_VISIT, args).await?
        }
        (None, Subject::Sample(id)) => {
            let args = args![sight.user, sight.organisation, id.0];
            db.optional(&ANSWERS_FOR_PRIOR, args).await?
        }
        (None, _) => None,
    };
    Ok(row.is_some())
}

/// Whether a visit lies where somebody has jurisdiction.
pub async fn enforces(db: &mut Session, user: UserId, document: DocumentId) -> Result<bool> {
    let found = db.optional(&ENFORCES, args![user, document]).await?;
    Ok(found.is_some())
}

/// All on a subject, oldest first.
pub async fn list_of_subject(db: &mut Session, subject: &Subject) -> Result<Vec<DecisionRow>> {
    let rows = db
        .all_of(&LIST_OF_SUBJECTS, args![], [subject_text(subject).into()])
        .await?;
    rows.iter().map(from_row).collect()
}

/// All on subjects, oldest first.
pub async fn list_of_subjects(
    db: &mut Session,
    subjects: &[Subject],
) -> Result<HashMap<Subject, Vec<Decision>>> {
    let texts = subjects.iter().map(|subject| subject_text(subject).into());
    let mut decided: HashMap<Subject, Vec<Decision>> = HashMap::new();
    for row in db.all_of(&LIST_OF_SUBJECTS, args![], texts).await? {
        let decision = from_row(&row)?.decision;
        let on = decided.entry(decision.subject.clone()).or_default();
        on.push(decision);
    }
    Ok(decided)
}

/// All in a visit.
pub async fn list_of_document(db: &mut Session, document: DocumentId) -> Result<Vec<DecisionRow>> {
    db.all(&LIST_OF_DOCUMENT, args![document])
        .await?
        .iter()
        .map(from_row)
        .collect()
}
