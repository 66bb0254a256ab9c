//! Transaction 2: takes the scopes that are marked, rules them stratum after stratum with what depends on them, merges what
//! they say of each subject, and writes what changed. Scopes of one visit share most of their facts, so a pass reads and
//! writes for all of them at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::model::{Digest, DocumentId, Millis, RefusalId, RulingId, SampleId};
use sync_core::rules::{
    self, Decision, Facts, Finding, Findings, NormalFacts, Outcome, RefusalStanding, Rulebooks,
    ScopeKey, Standing, Subject, Validity, dirty_after, final_validity,
};
use tracing::Instrument;

use super::follow;
use super::gather::Known;
use super::rulebooks;
use crate::app::App;
use crate::crypto;
use crate::problem::Problem;
use crate::services::duplicate_index;
use crate::services::sync::binding;
use crate::store::feed::{self, Audience, NewRow};
use crate::store::locks::{self, Lock};
use crate::store::rulings::dirty::Marked;
use crate::store::rulings::ruled_facts::RuledFacts;
use crate::store::rulings::verdicts::Verdict;
use crate::store::rulings::versions::RulingRow;
use crate::store::rulings::{cases, dirty, ruled_facts, verdicts, versions};
use crate::store::sync::documents;
use crate::store::{Result, StoreError, Tx};

/// Marked scopes that one transaction takes up, of the earliest stratum that waits: it holds the writer meanwhile.
const MARKED_A_PASS: usize = 128;
/// Scopes that it rules with all that depends on them, and so what it has in memory.
const SCOPES_A_PASS: usize = 10 * MARKED_A_PASS;
/// Marks that it has seen before it reads any facts, and so may clear when what it takes up leads to them.
const MARKS_SEEN: usize = 4 * SCOPES_A_PASS;
/// Passes in one go before others get their turn; what is left is taken by the job.
const PASSES_AT_ONCE: u32 = 16;
/// How often a pass is tried when the database asks to try again.
const ATTEMPTS_MAX: u32 = 8;

/// Rules until nothing is marked, earlier strata first.
pub async fn rule_what_is_dirty(app: &App) -> Result<(), Problem> {
    // Who waits here for another's pass mostly finds their own scopes ruled by it.
    let _turn = app.ruling_turn.lock().await;
    let (mut passes, mut attempts) = (0, 0);
    while passes < PASSES_AT_ONCE {
        {
            let mut db = app.store.read().await?;
            if dirty::list_next(&mut db, 1).await?.is_empty() {
                return Ok(());
            }
        }
        match pass(app)
            .instrument(tracing::info_span!("ruling.pass"))
            .await
        {
            Ok(()) => passes += 1,
            Err(StoreError::Retry) if attempts < ATTEMPTS_MAX => attempts += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Rules what a sync has brought before it is answered, unless so many wait for that already that it would take long: then
/// the job rules it, and the phone gets it with its next sync. What it brought is durable either way.
pub async fn rule_before_answer(app: &App) -> Result<(), Problem> {
    let Ok(_place) = app.rulings_awaited.try_acquire() else {
        metrics::counter!("fieldseal_rulings_put_off_total").increment(1);
        app.ruling_wanted.notify_one();
        return Ok(());
    };
    rule_what_is_dirty(app).await
}

/// A scope as ruled in this pass.
pub(super) struct Ruled {
    pub(super) key: ScopeKey,
    pub(super) facts: NormalFacts,
    pub(super) hash: Digest,
    text: String,
    before: Findings,
    pub(super) after: Findings,
}

async fn pass(app: &App) -> Result<()> {
    let now = app.now();
    let mut tx = app.store.begin_beside().await?;
    locks::take(&mut tx, &[Lock::Ruling]).await?;
    let (marked, seen) = dirty::list_seen(&mut tx, MARKED_A_PASS, MARKS_SEEN).await?;
    let books = rulebooks::in_force(&app.rulebooks, &mut tx).await?;
    let mut known = Known::default();
    let Taken {
        ruled,
        cleared,
        left,
    } = rule(&mut tx, &mut known, marked, &seen, &books).await?;

    let changed = || ruled.iter().filter(|it| it.before != it.after);
    let spoke = changed().filter(|it| it.before != Findings::default());
    let spoke: Vec<&ScopeKey> = spoke.map(|it| &it.key).collect();
    let speak: Vec<_> = changed().map(|it| (&it.key, &it.after)).collect();
    verdicts::replace(&mut tx, &spoke, &speak).await?;

    let next = next_versions(app, &mut tx, &known, &ruled, &books).await?;
    let rulings: Vec<_> = next
        .iter()
        .map(|next| (&next.ruling, next.door.as_deref()))
        .collect();
    versions::insert(&mut tx, &rulings).await?;
    let mut published = Vec::new();
    let shown = next.iter().flat_map(|next| &next.shown_in).copied();
    let shown = shown.collect::<BTreeSet<_>>();
    let enforcing = BTreeMap::from_iter(cases::list_shared(&mut tx, shown.clone()).await?);
    let heads = documents::list_heads(&mut tx, shown).await?;
    for next in &next {
        let ruling = &next.ruling;
        metrics::counter!("fieldseal_rulings_total", "outcome" => ruling.word()).increment(1);
        if next.gone {
            versions::delete_outcome(&mut tx, &ruling.subject).await?;
        }
        for document in &next.shown_in {
            let head = heads.get(document);
            if let Some(audience) = head.and_then(binding::audience_of_head) {
                let enforcing = enforcing.get(document).cloned().map(Audience::Region);
                let told = [audience].into_iter().chain(enforcing);
                let id = ruling.ruling_id;
                published.extend(told.map(|to| NewRow::ruling(to, *document, id)));
            }
        }
    }
    published.extend(follow::keep(app, &mut tx, &ruled, now).await?);
    keep_facts(&mut tx, &ruled, &books, now).await?;
    let samplings = samplings(&ruled);
    published.extend(duplicate_index::refresh(app, &mut tx, &samplings, now).await?);
    dirty::clear(&mut tx, &cleared).await?;
    dirty::mark(&mut tx, &left, now).await?;
    if !published.is_empty() {
        feed::append(&mut tx, &published, now).await?;
    }
    tx.commit().await
}

/// What a pass has done with what was marked.
struct Taken {
    ruled: Vec<Ruled>,
    /// Marks that are met.
    cleared: Vec<Marked>,
    /// What depends on them, and comes in a later pass.
    left: Vec<ScopeKey>,
}

/// Rules what is marked and what depends on it. Strata go forward only, so each scope is ruled once, after everything that
/// it depends on.
async fn rule(
    tx: &mut Tx,
    known: &mut Known,
    marked: Vec<Marked>,
    seen: &HashMap<String, i64>,
    books: &Rulebooks,
) -> Result<Taken> {
    let mut queue: BTreeMap<(_, ScopeKey), Option<i64>> = marked
        .into_iter()
        .map(|Marked { key, mark }| ((key.stratum(), key), Some(mark)))
        .collect();
    let (mut ruled, mut cleared) = (Vec::new(), Vec::new());
    let mut read = None;
    while ruled.len() < SCOPES_A_PASS
        && let Some(((stratum, key), mark)) = queue.pop_first()
    {
        if read != Some(stratum) {
            // What depends on the strata before is all here.
            let others = queue.keys().take_while(|(other, _)| *other == stratum);
            let others = others.map(|(_, key)| key).take(SCOPES_A_PASS);
            let keys: Vec<&ScopeKey> = others.chain([&key]).collect();
            known.read_ahead(tx, &keys).await?;
            read = Some(stratum);
        }
        let facts = known.facts(tx, &key).await?.normalised();
        let before = known.said(&key);
        let after = rules::rule_normal(&facts, books);
        known.say(tx, &key, &before, &after).await?;
        for dependent in dirty_after(&facts, &before, &after) {
            let mark = seen.get(&dependent.to_string()).copied();
            let place = (dependent.stratum(), dependent);
            queue.entry(place).or_insert(mark);
        }
        if let Some(mark) = mark {
            cleared.push(Marked {
                key: key.clone(),
                mark,
            });
        }
        let text = rules::canonical(&facts);
        ruled.push(Ruled {
            hash: Digest(crypto::sha256(text.as_bytes())),
            key,
            facts,
            text,
            before,
            after,
        });
    }
    let left = queue.into_iter().filter(|(_, mark)| mark.is_none());
    Ok(Taken {
        ruled,
        cleared,
        left: left.map(|((_, key), _)| key).collect(),
    })
}

/// Every sampling that these scopes have or spoke of, with the facts that tell most of it. Facts may have moved one to
/// another product or party under the same outcome, so all members are looked at.
fn samplings(ruled: &[Ruled]) -> BTreeMap<SampleId, &Facts> {
    let mut samplings: BTreeMap<SampleId, &Facts> = BTreeMap::new();
    for it in ruled {
        for subject in subjects(&it.before, &it.after) {
            if let Subject::Sample(id) = subject {
                samplings.entry(id).or_insert(&it.facts);
            }
        }
    }
    for it in ruled {
        samplings.extend(it.facts.samples.keys().map(|id| (*id, &*it.facts)));
    }
    samplings
}

/// Keeps what the scopes were ruled from.
async fn keep_facts(tx: &mut Tx, ruled: &[Ruled], books: &Rulebooks, now: Millis) -> Result<()> {
    let names: Vec<String> = books.books().iter().map(|book| book.name()).collect();
    let rulebooks = json(&names)?;
    let kept = ruled.iter().map(|it| {
        Ok(RuledFacts {
            facts: it.hash,
            scope: it.key.to_string(),
            text: it.text.clone(),
            findings: json(&it.after)?,
            rulebooks: rulebooks.clone(),
            ruled_at: now,
        })
    });
    let kept: Vec<RuledFacts> = kept.collect::<Result<_>>()?;
    ruled_facts::put(tx, &kept).await?;
    let keys: Vec<&ScopeKey> = ruled.iter().map(|it| &it.key).collect();
    let earlier = dirty::list_facts(tx, &keys).await?;
    for it in &kept {
        if earlier.get(&it.scope).is_some_and(|hash| *hash != it.facts) {
            ruled_facts::forget(tx, &it.scope, it.facts).await?;
        }
    }
    let noted: Vec<_> = ruled.iter().map(|it| (&it.key, it.hash)).collect();
    dirty::note(tx, &noted, now).await
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
    /// Visits that it concerns: its own, and those with another record under its sample's id.
    shown_in: BTreeSet<DocumentId>,
}

/// Whether a subject is no longer among the facts.
fn is_gone(facts: &Facts, subject: &Subject) -> bool {
    match subject {
        Subject::Visit(id) => !facts.visits.contains_key(id),
        Subject::Entry(id) => !facts.entries.contains_key(id),
        Subject::Sample(id) => !facts.samples.contains_key(id),
        Subject::Refusal(id) => visit_of_refusal(facts, *id).is_none(),
    }
}

/// The merged rulings on everything that these scopes speak or spoke of, where they are others than stand.
async fn next_versions(
    app: &App,
    tx: &mut Tx,
    known: &Known,
    ruled: &[Ruled],
    books: &Rulebooks,
) -> Result<Vec<Next>> {
    // Who brought it about: the last scope whose word on it changed, else the last that has one.
    let mut brought: BTreeMap<Subject, (bool, &Ruled)> = BTreeMap::new();
    for it in ruled {
        let old = verdicts::by_subject(&it.key, &it.before);
        let new = verdicts::by_subject(&it.key, &it.after);
        let spoken_of: BTreeSet<&Subject> = old.keys().chain(new.keys()).collect();
        for subject in spoken_of {
            let changed = old.get(subject) != new.get(subject);
            match brought.get(subject) {
                Some((true, _)) if !changed => {}
                _ => {
                    brought.insert(subject.clone(), (changed, it));
                }
            }
        }
    }
    let subjects = Vec::from_iter(brought.keys().cloned());
    let (mut current, last) = versions::list_standing(tx, &subjects).await?;
    let mut next = Vec::new();
    for (subject, (_, by)) in &brought {
        let current = current.remove(subject);
        let facts = ruled.iter().rev().map(|it| &*it.facts);
        let mut facts = facts.filter(|facts| !is_gone(facts, subject));
        let facts = facts.next().unwrap_or(&by.facts);
        let merged = next_version(app, known, by, facts, books, subject, current);
        next.extend(merged.map(|mut next| {
            next.ruling.version = last.get(subject).copied().unwrap_or(0) + 1;
            next
        }));
    }
    // Demote before promote, or the index that watches over the doors would cry for nothing.
    next.sort_by_key(|next| {
        next.ruling.outcome
            == Some(Outcome::Entry {
                standing: Standing::First,
            })
    });
    Ok(next)
}

/// The subject's merged ruling, if it is another one than stands.
fn next_version(
    app: &App,
    known: &Known,
    by: &Ruled,
    facts: &Facts,
    books: &Rulebooks,
    subject: &Subject,
    current: Option<RulingRow>,
) -> Option<Next> {
    let said = known.verdicts_on(subject);
    let decided = known.decided_on(subject).last();
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
            standing: spoken(said).map_or(Standing::Pending, |(_, standing)| standing),
        }),
        Subject::Sample(_) => {
            let strata: Vec<Validity> = said
                .iter()
                .filter_map(|verdict| match verdict.outcome {
                    Some(Outcome::Sample { validity }) => Some(validity),
                    _ => None,
                })
                .collect();
            let decided = decided.and_then(|decision| decision.validity);
            Some(Outcome::Sample {
                validity: final_validity(&strata, decided),
            })
        }
        Subject::Refusal(_) => {
            let spoken = said.iter().find_map(|verdict| match verdict.outcome {
                Some(Outcome::Refusal { refusal }) => Some(refusal),
                _ => None,
            });
            Some(Outcome::Refusal {
                refusal: spoken.unwrap_or(RefusalStanding::Unconfirmed),
            })
        }
    };
    let unchanged = match &current {
        Some(current) => current.outcome == outcome && current.findings == findings,
        None => matches!(subject, Subject::Visit(_)) && findings.is_empty(),
    };
    if unchanged {
        return None;
    }
    // A person's word makes the version theirs when it is what stands and no version has said so yet.
    // What the engine makes of a decision that another one contradicts is the engine's word.
    let said_by_person = |decision: &&Decision| match &outcome {
        Some(Outcome::Entry { standing }) => decision.standing == Some(*standing),
        Some(Outcome::Sample { validity }) => decision.validity == Some(*validity),
        Some(Outcome::Refusal { refusal }) => decision.refusal == Some(*refusal),
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
        version: 0,
        scope: by.key.to_string(),
        document: document_of(facts, subject),
        outcome,
        rulebook: rulebook_names(&findings, books),
        findings,
        actor: by_person.map_or_else(
            || "engine".to_owned(),
            |decision| decision.user_id.to_string(),
        ),
        facts: by.hash,
        decided_at: app.now(),
    };
    Some(Next {
        shown_in: concerned(facts, &ruling),
        ruling,
        door: spoken(said).map(|(door, _)| door.to_owned()),
        // An entry that another key of its enterprise took to another door has left this one and lives on there.
        // A sample may have left these scopes and still belong to others.
        gone: said.is_empty() && !matches!(subject, Subject::Sample(_)) && is_gone(facts, subject),
    })
}

/// The door that speaks of an entry, and what it says.
fn spoken(said: &[Verdict]) -> Option<(&str, Standing)> {
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
        Subject::Refusal(id) => visit_of_refusal(facts, *id),
    }
}

fn visit_of_refusal(facts: &Facts, id: RefusalId) -> Option<DocumentId> {
    let mut visits = facts.visits.iter();
    visits
        .find(|(_, visit)| visit.refusals.contains_key(&id))
        .map(|(document, _)| *document)
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
