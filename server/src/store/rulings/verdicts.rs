//! Each scope's present word on each subject: what the merged rulings are made from.

use std::collections::{BTreeMap, HashMap};

use sync_core::rules::{Finding, Findings, Outcome, ScopeKey, Subject};

use crate::args;
use crate::store::{Result, Row, Session, StoreError, Tx, bulk};

bulk! {
    /// Verdicts of scopes.
    LIST_OF_SCOPES = ("SELECT scope, subject, stratum, outcome, findings FROM scope_verdicts WHERE scope IN (", 0, 1, ")");
    /// Verdicts on subjects.
    LIST_OF_SUBJECTS = ("SELECT scope, subject, stratum, outcome, findings FROM scope_verdicts WHERE subject IN (", 0, 1, ")");
    /// Out with the old.
    DELETE = ("DELETE FROM scope_verdicts WHERE scope IN (", 0, 1, ")");
    /// In with the new.
    INSERT = ("INSERT INTO scope_verdicts (scope, subject, stratum, outcome, findings) VALUES", 0, 5, "");
}

/// A subject as one text: `visit/…`, `entry/…`, `sample/…`.
pub fn subject_text(subject: &Subject) -> String {
    match subject {
        Subject::Visit(id) => format!("visit/{id}"),
        Subject::Entry(id) => format!("entry/{id}"),
        Subject::Sample(id) => format!("sample/{id}"),
        Subject::Refusal(id) => format!("refusal/{id}"),
    }
}

/// And back.
pub fn subject_of(text: &str) -> Option<Subject> {
    let (kind, id) = text.split_once('/')?;
    match kind {
        "visit" => id.parse().ok().map(Subject::Visit),
        "entry" => Some(Subject::Entry(sync_core::model::EntryId(id.to_owned()))),
        "sample" => id.parse().ok().map(Subject::Sample),
        "refusal" => id.parse().ok().map(Subject::Refusal),
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
#[derive(Clone, Debug, PartialEq)]
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

impl Verdict {
    /// In which order words on one subject are read.
    pub fn place(&self) -> (i64, &str) {
        (self.stratum, &self.scope)
    }
}

impl Verdict {
    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            stratum: row.get("stratum")?,
            scope: row.get("scope")?,
            outcome: row
                .get::<Option<String>>("outcome")?
                .map(|text| read(&text))
                .transpose()?,
            findings: read(&row.get::<String>("findings")?)?,
        })
    }
}

/// What a scope says, taken apart by subject.
pub fn by_subject(key: &ScopeKey, said: &Findings) -> BTreeMap<Subject, Verdict> {
    let (scope, stratum) = (key.to_string(), i64::from(key.stratum()));
    let empty = || Verdict {
        stratum,
        scope: scope.clone(),
        outcome: None,
        findings: Vec::new(),
    };
    let mut verdicts: BTreeMap<Subject, Verdict> = BTreeMap::new();
    for (subject, outcome) in &said.outcomes {
        let verdict = verdicts.entry(subject.clone()).or_insert_with(empty);
        verdict.outcome = Some(outcome.clone());
    }
    for finding in &said.findings {
        let verdict = verdicts
            .entry(finding.subject.clone())
            .or_insert_with(empty);
        verdict.findings.push(finding.clone());
    }
    verdicts
}

/// What scopes said last, by their text; nothing of those that have not spoken.
pub async fn list_of_scopes(
    db: &mut Session,
    keys: &[&ScopeKey],
) -> Result<HashMap<String, Findings>> {
    let scopes = keys.iter().map(|key| key.to_string().into());
    let mut rows = db.all_of(&LIST_OF_SCOPES, args![], scopes).await?;
    let mut said: HashMap<String, Findings> = HashMap::new();
    let mut keyed = Vec::new();
    for row in rows.drain(..) {
        keyed.push((row.get::<String>("subject")?, row));
    }
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    for (subject, row) in keyed {
        let subject = subject_of(&subject).ok_or(UNREADABLE)?;
        let verdict = Verdict::of(&row)?;
        let said = said.entry(verdict.scope).or_default();
        if let Some(outcome) = verdict.outcome {
            said.outcomes.insert(subject, outcome);
        }
        said.findings.extend(verdict.findings);
    }
    Ok(said)
}

/// What all scopes say on subjects, earliest stratum first.
pub async fn list_of_subjects(
    db: &mut Session,
    subjects: &[Subject],
) -> Result<HashMap<Subject, Vec<Verdict>>> {
    let texts = subjects.iter().map(|subject| subject_text(subject).into());
    let mut said: HashMap<Subject, Vec<Verdict>> = subjects
        .iter()
        .map(|subject| (subject.clone(), Vec::new()))
        .collect();
    for row in db.all_of(&LIST_OF_SUBJECTS, args![], texts).await? {
        let subject = subject_of(&row.get::<String>("subject")?).ok_or(UNREADABLE)?;
        said.entry(subject).or_default().push(Verdict::of(&row)?);
    }
    for verdicts in said.values_mut() {
        verdicts.sort_by(|a, b| a.place().cmp(&b.place()));
    }
    Ok(said)
}

/// Replaces what scopes say: those of `spoke` have rows.
pub async fn replace(
    tx: &mut Tx,
    spoke: &[&ScopeKey],
    now: &[(&ScopeKey, &Findings)],
) -> Result<()> {
    let scopes = spoke.iter().map(|key| key.to_string().into());
    tx.exec_of(&DELETE, args![], scopes).await?;
    let mut rows = Vec::new();
    for (key, said) in now {
        for (subject, verdict) in by_subject(key, said) {
            rows.push(args![
                verdict.scope,
                subject_text(&subject),
                verdict.stratum,
                verdict.outcome.as_ref().map(write).transpose()?,
                write(&verdict.findings)?
            ]);
        }
    }
    tx.exec_rows(&INSERT, rows).await
}
