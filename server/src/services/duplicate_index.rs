//! The duplicate index: which samplings count, as keyed hashes for the phones whose tasks they concern. Kept in the
//! transaction that rules a sampling, own or prior, so that the index says what the rulings say.

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
use crate::store::rulings::index::{self, StoredRow};
use crate::store::{Result, StoreError, Tx};

/// Words of validities that count (`Validity::counts`); one that was not ruled yet counts as pending.
const COUNTING: [&str; 3] = ["pending", "valid", "valid_with_violation"];

/// Brings the rows of a sampling into line with its facts and its ruling; gives what phones must learn.
pub async fn refresh(
    app: &App,
    tx: &mut Tx,
    facts: &Facts,
    id: SampleId,
    now: Millis,
) -> Result<Vec<NewRow>> {
    let key = key(app, tx).await?;
    let before = index::list_of_sample(tx, id).await?;
    let Some(after) = rows(tx, &key, facts, id).await? else {
        return Ok(Vec::new());
    };
    let mut published = Vec::new();
    for gone in before
        .iter()
        .filter(|row| !after.iter().any(|kept| kept.row.row_id == row.row.row_id))
    {
        index::remove(tx, &gone.row.row_id, now).await?;
        let page = page(&key, now, Vec::new(), vec![gone.row.row_id.clone()]);
        for audience in index::list_audiences(tx, gone).await? {
            published.push(NewRow::index(audience, Some(&gone.row.row_id), &page)?);
        }
    }
    for new in after.iter().filter(|row| !before.contains(row)) {
        index::put(tx, id, new, now).await?;
        let page = page(&key, now, vec![new.row.clone()], Vec::new());
        for audience in index::list_audiences(tx, new).await? {
            published.push(NewRow::index(audience, Some(&new.row.row_id), &page)?);
        }
    }
    Ok(published)
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
        Audience::Everyone | Audience::User(_) | Audience::Device(_) => Vec::new(),
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
async fn rows(
    tx: &mut Tx,
    key: &[u8],
    facts: &Facts,
    id: SampleId,
) -> Result<Option<Vec<StoredRow>>> {
    let Some(known) = index::find_sampling(tx, id).await? else {
        return Ok(Some(Vec::new()));
    };
    // It has left this scope: the scopes that it joined speak for it.
    let Some(sample) = facts.samples.get(&id) else {
        return Ok(None);
    };
    let imported = matches!(sample.source, SamplingSource::Imported { .. });
    let outcome = known.outcome.as_deref().unwrap_or("pending");
    // Of two records under one id nobody knows which one a row would be of.
    let shared = !sample.also_claimed.is_empty();
    if shared || !(known.signed || imported) || !COUNTING.contains(&outcome) {
        return Ok(Some(Vec::new()));
    }
    let authority = sample.authority_id.and_then(|authority_id| {
        let level = facts.organisations.get(&authority_id)?.level.clone()?;
        Some((authority_id, level))
    });
    let Some((authority_id, level)) = authority else {
        return Ok(Some(Vec::new()));
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
    Ok(Some(rows.collect()))
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
