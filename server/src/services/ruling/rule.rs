//! Transaction 2: takes one dirty scope, rules it, writes what changed, marks what depends on it; until nothing is left.

use std::collections::BTreeSet;

use sync_core::model::{Digest, DocumentId, RulingId, SampleId};
use sync_core::rules::{
    self, Decision, Facts, Finding, Findings, Outcome, Rulebooks, ScopeKey, Standing, Subject,
    Validity, dirty_after, final_validity,
};
use tracing::Instrument;

use super::{gather, rulebooks};
use crate::app::App;
use crate::crypto;
use crate::problem::Problem;
use crate::services::duplicate_index;
use crate::services::sync::binding;
use crate::store::feed::{self, Audience, NewRow};
use crate::store::locks::{self, Lock};
use crate::store::rulings::ruled_facts::RuledFacts;
use crate::store::rulings::verdicts::subject_text;
use crate::store::rulings::versions::RulingRow;
use crate::store::rulings::{decisions, dirty, ruled_facts, verdicts, versions};
use crate::store::sync::documents;
use crate::store::{Result, Session, StoreError, Tx};

/// Scopes ruled in one go before others get their turn; what is left is taken by the job.
const SCOPES_AT_ONCE: u32 = 2_000;
/// How often one scope is tried when the database asks to try again.
const ATTEMPTS_MAX: u32 = 8;

/// Rules until nothing is marked, earlier strata first.
pub async fn rule_what_is_dirty(app: &App) -> Result<(), Problem> {
    let mut attempts = 0;
    for _ in 0..SCOPES_AT_ONCE {
        let next = {
            let mut db = app.store.read().await?;
            dirty::list_next(&mut db).await?
        };
        // Any of the lowest stratum: servers that rule side by side would all wait for the very first one.
        let [dice] = app.random::<1>();
        let Some(marked) = next.get(usize::from(dice) % next.len().max(1)) else {
            return Ok(());
        };
        let span = tracing::info_span!("ruling.decide", stratum = marked.key.stratum());
        match rule_one(app, &marked.key).instrument(span).await {
            Ok(()) => attempts = 0,
            Err(StoreError::Retry) if attempts < ATTEMPTS_MAX => attempts += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn rule_one(app: &App, key: &ScopeKey) -> Result<()> {
    let now = app.now();
    let mut tx = app.store.begin_beside().await?;
    let Some(mark) = dirty::lock(&mut tx, key, now).await? else {
        // Somebody else has ruled it meanwhile.
        return tx.commit().await;
    };
    let books = rulebooks::in_force(&app.rulebooks, &mut tx).await?;
    let facts = gather::facts(&mut tx, key).await?;
    let before = verdicts::list_of_scope(&mut tx, key).await?;
    let after = rules::rule(&facts, &books);
    let text = rules::canonical(&facts);
    let hash = Digest(crypto::sha256(text.as_bytes()));
    verdicts::replace(&mut tx, key, &after).await?;

    let spoken_of = subjects(&before, &after);
    // Facts may have moved a sampling to another product or party under the same outcome, so all members are looked at.
    let mut samplings: BTreeSet<SampleId> = facts.samples.keys().copied().collect();
    samplings.extend(spoken_of.iter().filter_map(|subject| match subject {
        Subject::Sample(id) => Some(*id),
        _ => None,
    }));
    // Several scopes speak of one subject. Whoever merges their words holds it, and reads them only then.
    let members = samplings
        .iter()
        .map(|id| subject_text(&Subject::Sample(*id)));
    let held: Vec<Lock> = spoken_of
        .iter()
        .map(subject_text)
        .chain(members)
        .map(Lock::Subject)
        .collect();
    locks::take(&mut tx, &held).await?;

    let mut next = Vec::new();
    for subject in spoken_of {
        next.extend(next_version(app, &mut tx, key, &facts, &books, hash, &subject).await?);
    }
    // Demote before promote, or the index that watches over the doors would cry for nothing.
    next.sort_by_key(|next| {
        next.ruling.outcome
            == Some(Outcome::Entry {
                standing: Standing::First,
            })
    });
    let mut published = Vec::new();
    for Next { ruling, door, gone } in &next {
        metrics::counter!("fieldseal_rulings_total", "outcome" => ruling.word()).increment(1);
        versions::insert(&mut tx, ruling, door.as_deref()).await?;
        if *gone {
            versions::delete_outcome(&mut tx, &ruling.subject).await?;
        }
        for document in concerned(&facts, ruling) {
            if let Some(audience) = audience(&mut tx, document).await? {
                published.push(NewRow::ruling(audience, document, ruling.ruling_id));
            }
        }
    }
    let names: Vec<String> = books.books().iter().map(|book| book.name()).collect();
    let ruled = RuledFacts {
        facts: hash,
        scope: key.to_string(),
        text,
        findings: json(&after)?,
        rulebooks: json(&names)?,
        ruled_at: now,
    };
    ruled_facts::put(&mut tx, &ruled).await?;
    for id in samplings {
        published.extend(duplicate_index::refresh(app, &mut tx, &facts, id, now).await?);
    }
    let dependents: Vec<ScopeKey> = dirty_after(&facts, &before, &after).into_iter().collect();
    // Its own mark first: marks are taken in the order of their strata, and what depends on it lies further on.
    dirty::clear(&mut tx, key, mark, hash.0, now).await?;
    dirty::mark(&mut tx, &dependents, now).await?;
    if !published.is_empty() {
        feed::append(&mut tx, &published, now).await?;
    }
    tx.commit().await
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Column {
        name: "findings",
        wanted: "plain data",
    })
}

fn subjects(before: &Findings, after: &Findings) -> BTreeSet<Subject> {
    [before, after]
        .into_iter()
        .flat_map(|said| {
            said.outcomes
                .keys()
                .chain(said.findings.iter().map(|finding| &finding.subject))
        })
        .cloned()
        .collect()
}

/// A subject's next version.
struct Next {
    ruling: RulingRow,
    /// The door by which an entry stands.
    door: Option<String>,
    /// Nobody speaks of it any more: it is an entry that arrivals no longer form, or a visit that is no more.
    gone: bool,
}

/// A subject of which the scope spoke before, and which is no longer among the facts.
fn is_gone(facts: &Facts, subject: &Subject) -> bool {
    match subject {
        Subject::Visit(id) => !facts.visits.contains_key(id),
        Subject::Entry(id) => !facts.entries.contains_key(id),
        // A sample may have left this scope and still belong to others.
        Subject::Sample(_) => false,
    }
}

/// The subject's merged ruling, if it is another one than stands.
async fn next_version(
    app: &App,
    tx: &mut Tx,
    key: &ScopeKey,
    facts: &Facts,
    books: &Rulebooks,
    hash: Digest,
    subject: &Subject,
) -> Result<Option<Next>> {
    let said = verdicts::list_of_subject(tx, subject).await?;
    let decided = decisions::list_of_subject(tx, subject)
        .await?
        .pop()
        .map(|row| row.decision);
    let mut findings: Vec<Finding> = said
        .iter()
        .flat_map(|verdict| verdict.findings.clone())
        .collect();
    findings.sort_by(|a, b| {
        (&a.rule_id, &a.message, &a.arguments).cmp(&(&b.rule_id, &b.message, &b.arguments))
    });
    findings.dedup();
    let outcome = match subject {
        Subject::Visit(_) => None,
        Subject::Entry(_) => Some(Outcome::Entry {
            standing: spoken(&said).map_or(Standing::Pending, |(_, standing)| standing),
        }),
        Subject::Sample(_) => {
            let strata: Vec<Validity> = said
                .iter()
                .filter_map(|verdict| match verdict.outcome {
                    Some(Outcome::Sample { validity }) => Some(validity),
                    _ => None,
                })
                .collect();
            let decided = decided.as_ref().and_then(|decision| decision.validity);
            Some(Outcome::Sample {
                validity: final_validity(&strata, decided),
            })
        }
    };
    let current = versions::find_current(tx, subject).await?;
    let unchanged = match &current {
        Some(current) => current.outcome == outcome && current.findings == findings,
        None => matches!(subject, Subject::Visit(_)) && findings.is_empty(),
    };
    if unchanged {
        return Ok(None);
    }
    // A person's word makes the version theirs when it is what stands and no version has said so yet.
    // What the engine makes of a decision that another one contradicts is the engine's word.
    let said_by_person = |decision: &Decision| match &outcome {
        Some(Outcome::Entry { standing }) => decision.standing == Some(*standing),
        Some(Outcome::Sample { validity }) => decision.validity == Some(*validity),
        None => false,
    };
    let by_person = decided.filter(said_by_person).filter(|decision| {
        current
            .as_ref()
            .is_none_or(|current| current.decided_at <= decision.decided_at_ms)
    });
    let ruling = RulingRow {
        ruling_id: RulingId(app.new_uuid()),
        subject: subject.clone(),
        version: versions::last_version(tx, subject).await? + 1,
        scope: key.to_string(),
        document: document_of(facts, subject),
        outcome,
        rulebook: rulebook_names(&findings, books),
        findings,
        actor: by_person.map_or_else(
            || "engine".to_owned(),
            |decision| decision.user_id.to_string(),
        ),
        facts: hash,
        decided_at: app.now(),
    };
    Ok(Some(Next {
        ruling,
        door: spoken(&said).map(|(door, _)| door.to_owned()),
        // An entry that another key of its enterprise took to another door has left this one and lives on there.
        gone: said.is_empty() && is_gone(facts, subject),
    }))
}

/// The door that speaks of an entry, and what it says.
fn spoken(said: &[verdicts::Verdict]) -> Option<(&str, Standing)> {
    let mut doors = said.iter().filter_map(|verdict| match verdict.outcome {
        Some(Outcome::Entry { standing }) => Some((verdict.scope.as_str(), standing)),
        _ => None,
    });
    doors.next_back()
}

fn document_of(facts: &Facts, subject: &Subject) -> Option<DocumentId> {
    match subject {
        Subject::Visit(id) => Some(*id),
        Subject::Entry(id) => {
            let written = || {
                id.0.split('/')
                    .next()
                    .and_then(|document| document.parse().ok())
            };
            facts
                .entries
                .get(id)
                .map(|entry| entry.document_id)
                .or_else(written)
        }
        Subject::Sample(id) => facts.samples.get(id).and_then(|sample| sample.document_id),
    }
}

/// Visits that a ruling concerns: its own, and those with another record under its sample's id.
fn concerned(facts: &Facts, ruling: &RulingRow) -> BTreeSet<DocumentId> {
    let sample = match &ruling.subject {
        Subject::Sample(id) => facts.samples.get(id),
        _ => None,
    };
    let others = sample.into_iter().flat_map(|it| &it.also_claimed);
    others.copied().flatten().chain(ruling.document).collect()
}

fn rulebook_names(findings: &[Finding], books: &Rulebooks) -> String {
    let mut names: BTreeSet<String> = findings
        .iter()
        .map(|finding| finding.rulebook.clone())
        .collect();
    if names.is_empty() {
        names = books.books().iter().map(|book| book.name()).collect();
    }
    Vec::from_iter(names).join(",")
}

/// Whom rulings on a document are for.
async fn audience(db: &mut Session, document: DocumentId) -> Result<Option<Audience>> {
    Ok(documents::find(db, document)
        .await?
        .as_ref()
        .and_then(binding::audience))
}
