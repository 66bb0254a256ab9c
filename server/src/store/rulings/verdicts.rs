//! Each scope's present word on each subject: what the merged rulings are made from.

use sync_core::rules::{Finding, Findings, Outcome, ScopeKey, Subject};

use crate::args;
use crate::store::{Result, Session, StoreError, Tx, statements};

statements! {
    /// A scope's verdicts.
    LIST_OF_SCOPE = "SELECT subject, outcome, findings FROM scope_verdicts WHERE scope = $1 ORDER BY subject";
    /// All verdicts on a subject, earliest stratum first.
    LIST_OF_SUBJECT = "SELECT scope, stratum, outcome, findings FROM scope_verdicts WHERE subject = $1 ORDER BY stratum, scope";
    /// Out with the old.
    DELETE = "DELETE FROM scope_verdicts WHERE scope = $1";
    /// In with the new.
    INSERT = "INSERT INTO scope_verdicts (scope, subject, stratum, outcome, findings) VALUES ($1, $2, $3, $4, $5)";
}

/// A subject as one text: `visit/…`, `entry/…`, `sample/…`.
pub fn subject_text(subject: &Subject) -> String {
    match subject {
        Subject::Visit(id) => format!("visit/{id}"),
        Subject::Entry(id) => format!("entry/{id}"),
        Subject::Sample(id) => format!("sample/{id}"),
    }
}

/// And back.
pub fn subject_of(text: &str) -> Option<Subject> {
    let (kind, id) = text.split_once('/')?;
    match kind {
        "visit" => id.parse().ok().map(Subject::Visit),
        "entry" => Some(Subject::Entry(sync_core::model::EntryId(id.to_owned()))),
        "sample" => id.parse().ok().map(Subject::Sample),
        _ => None,
    }
}

const UNREADABLE: StoreError = StoreError::Column {
    name: "outcome",
    wanted: "what ruling wrote",
};

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| UNREADABLE)
}

fn write(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| UNREADABLE)
}

/// One scope's word on one subject.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Of the scope.
    pub stratum: i64,
    /// The scope's text.
    pub scope: String,
    /// The outcome, if it has one.
    pub outcome: Option<Outcome>,
    /// Why.
    pub findings: Vec<Finding>,
}

/// What a scope said last.
pub async fn list_of_scope(db: &mut Session, key: &ScopeKey) -> Result<Findings> {
    let mut said = Findings::default();
    for row in db.all(&LIST_OF_SCOPE, args![key.to_string()]).await? {
        let subject = subject_of(&row.get::<String>("subject")?).ok_or(UNREADABLE)?;
        if let Some(outcome) = row.get::<Option<String>>("outcome")? {
            said.outcomes.insert(subject, read(&outcome)?);
        }
        said.findings
            .extend(read::<Vec<Finding>>(&row.get::<String>("findings")?)?);
    }
    Ok(said)
}

/// What all scopes say on a subject.
pub async fn list_of_subject(db: &mut Session, subject: &Subject) -> Result<Vec<Verdict>> {
    let rows = db
        .all(&LIST_OF_SUBJECT, args![subject_text(subject)])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Verdict {
                stratum: row.get("stratum")?,
                scope: row.get("scope")?,
                outcome: row
                    .get::<Option<String>>("outcome")?
                    .map(|text| read(&text))
                    .transpose()?,
                findings: read(&row.get::<String>("findings")?)?,
            })
        })
        .collect()
}

/// Replaces what a scope says.
pub async fn replace(tx: &mut Tx, key: &ScopeKey, said: &Findings) -> Result<()> {
    let scope = key.to_string();
    tx.exec(&DELETE, args![&scope]).await?;
    let mut subjects: Vec<&Subject> = said
        .outcomes
        .keys()
        .chain(said.findings.iter().map(|finding| &finding.subject))
        .collect();
    subjects.sort();
    subjects.dedup();
    for subject in subjects {
        let findings: Vec<&Finding> = said
            .findings
            .iter()
            .filter(|finding| finding.subject == *subject)
            .collect();
        let outcome = said.outcomes.get(subject).map(write).transpose()?;
        let values = args![
            &scope,
            subject_text(subject),
            i64::from(key.stratum()),
            outcome,
            write(&findings)?
        ];
        tx.exec(&INSERT, values).await?;
    }
    Ok(())
}
