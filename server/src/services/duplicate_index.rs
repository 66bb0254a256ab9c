//! The duplicate index: which samplings count, as keyed hashes for the phones whose tasks they concern. Kept in the
//! transaction that rules a sampling, own or prior, so that the index says what the rulings say.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sync_core::limits::INDEX_PAGE_ROWS;
use sync_core::model::{Millis, SampleId, TaskId, TeamId, UserId, normalise_text};
use sync_core::rules::index::{index_keys, index_row_id};
use sync_core::rules::{Facts, SamplingSource};
use sync_core::sync::wire::{IndexPage, IndexRow};

use crate::app::App;
use crate::store::access::users;
use crate::store::feed::{Audience, NewRow};
use crate::store::reference::teams;
use crate::store::rulings::index::{self, Sampling, StoredRow};
use crate::store::{Result, StoreError, Tx};

/// Words of validities that count (`Validity::counts`); one that was not ruled yet counts as pending.
const COUNTING: [&str; 3] = ["pending", "valid", "valid_with_violation"];

/// Brings the rows of samplings into line with their facts and their rulings; gives what phones must learn.
pub async fn refresh(
    app: &App,
    tx: &mut Tx,
    samplings: &BTreeMap<SampleId, &Facts>,
    now: Millis,
) -> Result<Vec<NewRow>> {
    if samplings.is_empty() {
        return Ok(Vec::new());
    }
    let key = key(app, tx).await?;
    let ids = Vec::from_iter(samplings.keys().copied());
    let mut standing = index::list_of_samples(tx, &ids).await?;
    let known = index::list_samplings(tx, &ids).await?;
    let mut told = Told::default();
    let (mut published, mut put) = (Vec::new(), Vec::new());
    for (id, facts) in samplings {
        let before = standing.remove(id).unwrap_or_default();
        let Some(after) = rows(&key, facts, *id, known.get(id)) else {
            continue;
        };
        for gone in before
            .iter()
            .filter(|row| !after.iter().any(|kept| kept.row.row_id == row.row.row_id))
        {
            index::remove(tx, &gone.row.row_id, now).await?;
            let page = page(&key, now, Vec::new(), vec![gone.row.row_id.clone()]);
            for audience in told.of(tx, gone).await? {
                published.push(NewRow::index(audience, Some(&gone.row.row_id), &page)?);
            }
        }
        for new in after.into_iter().filter(|row| !before.contains(row)) {
            let page = page(&key, now, vec![new.row.clone()], Vec::new());
            for audience in told.of(tx, &new).await? {
                published.push(NewRow::index(audience, Some(&new.row.row_id), &page)?);
            }
            put.push((*id, new));
        }
    }
    // Two keys of one sampling may be one.
    put.dedup_by(|a, b| a.1.row.row_id == b.1.row.row_id);
    index::put(tx, &put, now).await?;
    Ok(published)
}

/// Whom rows concern, asked once for all rows that are alike in that.
#[derive(Default)]
struct Told(HashMap<(String, Option<String>, Option<String>), Vec<Audience>>);

impl Told {
    async fn of(&mut self, tx: &mut Tx, row: &StoredRow) -> Result<Vec<Audience>> {
        let alike = (
            row.row.kind.clone(),
            row.product_kind.clone(),
            row.region.clone(),
        );
        if let Some(audiences) = self.0.get(&alike) {
            return Ok(audiences.clone());
        }
        let audiences = index::list_audiences(tx, row).await?;
        self.0.insert(alike, audiences.clone());
        Ok(audiences)
    }
}

/// Everything that a phone needs for a task that is new to it: these rows lie behind its cursor.
pub async fn of_task(
    app: &App,
    tx: &mut Tx,
    task: TaskId,
    audience: &Audience,
    now: Millis,
) -> Result<Vec<NewRow>> {
    let stored = index::list_of_task(tx, task).await?;
    put(app, tx, &stored, audience, now).await
}

/// What a task's former holder must forget, since nothing else that it has concerns it; those of its people whom it
/// concerns by another team or by their body are given it again.
pub async fn withdrawn(
    app: &App,
    tx: &mut Tx,
    task: TaskId,
    from: &Audience,
    now: Millis,
) -> Result<Vec<NewRow>> {
    let lost = index::list_lost(tx, task, from).await?;
    let mut published = forget(app, tx, &lost, from, now).await?;
    let people = match from {
        Audience::Team(team) => Vec::from_iter(teams::roster(tx, *team).await?),
        Audience::Organisation(body) => users::list_of_organisation(tx, *body).await?,
        _ => Vec::new(),
    };
    for person in people {
        let mut kept = index::list_kept(tx, task, person).await?;
        kept.retain(|row| lost.iter().any(|gone| gone.row.row_id == row.row.row_id));
        published.extend(put(app, tx, &kept, &Audience::User(person), now).await?);
    }
    Ok(published)
}

/// What somebody must forget who left a team.
pub async fn left(
    app: &App,
    tx: &mut Tx,
    team: TeamId,
    person: UserId,
    now: Millis,
) -> Result<Vec<NewRow>> {
    let lost = index::list_left(tx, team, person).await?;
    forget(app, tx, &lost, &Audience::User(person), now).await
}

async fn put(
    app: &App,
    tx: &mut Tx,
    rows: &[StoredRow],
    audience: &Audience,
    now: Millis,
) -> Result<Vec<NewRow>> {
    let key = key(app, tx).await?;
    rows.chunks(INDEX_PAGE_ROWS)
        .map(|chunk| {
            let rows = chunk.iter().map(|stored| stored.row.clone()).collect();
            NewRow::index(audience.clone(), None, &page(&key, now, rows, Vec::new()))
        })
        .collect()
}

async fn forget(
    app: &App,
    tx: &mut Tx,
    rows: &[StoredRow],
    audience: &Audience,
    now: Millis,
) -> Result<Vec<NewRow>> {
    let key = key(app, tx).await?;
    rows.chunks(INDEX_PAGE_ROWS)
        .map(|chunk| {
            let removed = chunk.iter().map(|stored| stored.row.row_id.clone());
            let page = page(&key, now, Vec::new(), removed.collect());
            NewRow::index(audience.clone(), None, &page)
        })
        .collect()
}

/// The rows that a sampling should have: none where it does not count, or where nobody knows under which authority. `None`
/// where these facts do not tell.
fn rows(
    key: &[u8],
    facts: &Facts,
    id: SampleId,
    known: Option<&Sampling>,
) -> Option<Vec<StoredRow>> {
    let Some(known) = known else {
        return Some(Vec::new());
    };
    // It has left this scope: the scopes that it joined speak for it.
    let sample = facts.samples.get(&id)?;
    let imported = matches!(sample.source, SamplingSource::Imported { .. });
    let outcome = known.outcome.as_deref().unwrap_or("pending");
    // Of two records under one id nobody knows which one a row would be of.
    let shared = !sample.also_claimed.is_empty();
    if shared || !(known.signed || imported) || !COUNTING.contains(&outcome) {
        return Some(Vec::new());
    }
    let authority = sample.authority_id.and_then(|authority_id| {
        let level = facts.organisations.get(&authority_id)?.level.clone()?;
        Some((authority_id, level))
    });
    let Some((authority_id, level)) = authority else {
        return Some(Vec::new());
    };
    let (sampled_on, _) = sample.sampled.usable().shanghai_days();
    let rows = index_keys(key, sample)
        .into_iter()
        .map(|(kind, hash)| StoredRow {
            row: IndexRow {
                row_id: index_row_id(key, id, &hash),
                key_hash: hash,
                kind: kind.as_str().to_owned(),
                sampled_on: sampled_on.to_string(),
                authority_id,
                level: level.clone(),
                sampling_kind: sample.sampling_kind.clone(),
            },
            product_kind: known.product_name.as_deref().map(normalise_text),
            region: known.region.clone(),
        });
    Some(rows.collect())
}

fn page(key: &[u8], now: Millis, rows: Vec<IndexRow>, removed: Vec<String>) -> IndexPage {
    IndexPage {
        as_of_ms: now,
        key: STANDARD.encode(key),
        rows,
        removed,
    }
}

/// The key of this server's index; the first question makes it.
async fn key(app: &App, tx: &mut Tx) -> Result<Vec<u8>> {
    if let Some(key) = index::find_key(tx).await? {
        return Ok(key);
    }
    index::insert_key(tx, &app.random::<32>()).await?;
    index::find_key(tx).await?.ok_or(StoreError::Retry)
}
