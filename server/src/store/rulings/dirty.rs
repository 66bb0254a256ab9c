//! Scopes that must be ruled again, and from what each was ruled last.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sync_core::model::{Digest, Millis};
use sync_core::rules::ScopeKey;

use crate::args;
use crate::store::{Result, Row, Session, StoreError, Tx, Value, bulk, statements};

statements! {
    /// The next ones to rule: those of the earliest stratum that waits, the oldest first.
    LIST_NEXT = "SELECT scope, key, mark FROM dirty_scopes ORDER BY stratum, marked_at, scope LIMIT $1";
    /// Clears the mark that was seen, and no later one.
    CLEAR = "DELETE FROM dirty_scopes WHERE scope = $1 AND mark = $2";
    /// How many wait, and since when the oldest does.
    WAITING = "SELECT COUNT(*) AS waiting, MIN(marked_at) AS oldest FROM dirty_scopes";
}

bulk! {
    /// Marks scopes; a mark that is there grows, so that whoever rules it now does not clear this one too.
    MARK = ("INSERT INTO dirty_scopes (scope, key, stratum, mark, marked_at) VALUES", 0, 5,
        " ON CONFLICT (scope) DO UPDATE SET mark = dirty_scopes.mark + 1");
    /// Clears marks as they were seen.
    CLEAR_ALL = ("DELETE FROM dirty_scopes WHERE mark = $1 AND scope IN (", 1, 1, ")");
    /// From what scopes were ruled last.
    LIST_FACTS = ("SELECT scope, facts FROM scopes WHERE scope IN (", 0, 1, ")");
    /// Notes from what scopes were ruled.
    NOTE = ("INSERT INTO scopes (scope, key, ruled, facts, ruled_at) VALUES", 0, 5,
        " ON CONFLICT (scope) DO UPDATE SET ruled = scopes.ruled + 1, facts = excluded.facts, ruled_at = excluded.ruled_at");
}

/// A marked scope.
#[derive(Clone, Debug)]
pub struct Marked {
    /// Which.
    pub key: ScopeKey,
    /// The mark as seen.
    pub mark: i64,
}

fn json(key: &ScopeKey) -> Result<String> {
    serde_json::to_string(key).map_err(|_| StoreError::Column {
        name: "key",
        wanted: "a scope key",
    })
}

/// Marks scopes.
pub async fn mark(tx: &mut Tx, keys: &[ScopeKey], now: Millis) -> Result<()> {
    // One order for all transactions, so that two of them never wait for each other.
    let sorted: BTreeSet<&ScopeKey> = keys.iter().collect();
    let rows = sorted.into_iter().map(|key| {
        let stratum = i64::from(key.stratum());
        Ok(args![key.to_string(), json(key)?, stratum, 1_i64, now])
    });
    let rows = rows.collect::<Result<_>>()?;
    tx.exec_rows(&MARK, rows).await
}

/// The next scopes to rule, at most so many, in the order in which they are ruled.
pub async fn list_next(db: &mut Session, scopes_max: usize) -> Result<Vec<Marked>> {
    let scopes_max = i64::try_from(scopes_max).unwrap_or(i64::MAX);
    let rows = db.all(&LIST_NEXT, args![scopes_max]).await?;
    rows.iter().map(marked).collect()
}

fn marked(row: &Row) -> Result<Marked> {
    let key: String = row.get("key")?;
    Ok(Marked {
        key: serde_json::from_str(&key).map_err(|_| StoreError::Column {
            name: "key",
            wanted: "a scope key",
        })?,
        mark: row.get("mark")?,
    })
}

/// The next scopes to rule, and the marks of those that wait behind them, by their text: at most so many of each.
pub async fn list_seen(
    db: &mut Session,
    scopes_max: usize,
    marks_max: usize,
) -> Result<(Vec<Marked>, HashMap<String, i64>)> {
    let rows_max = i64::try_from(marks_max).unwrap_or(i64::MAX);
    let rows = db.all(&LIST_NEXT, args![rows_max]).await?;
    let next = rows.iter().take(scopes_max).map(marked);
    let next = next.collect::<Result<_>>()?;
    let marks = rows
        .iter()
        .map(|row| Ok((row.get("scope")?, row.get("mark")?)));
    Ok((next, marks.collect::<Result<_>>()?))
}

/// Clears marks as they were seen, in the order in which everybody takes them.
pub async fn clear(tx: &mut Tx, seen: &[Marked]) -> Result<()> {
    let mut sorted: Vec<&Marked> = seen.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    if !tx.is_sqlite() {
        // One statement would take the rows in an order of its own, and wait for somebody who waits for it.
        for Marked { key, mark } in sorted {
            tx.exec(&CLEAR, args![key.to_string(), *mark]).await?;
        }
        return Ok(());
    }
    let mut by_mark: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
    for Marked { key, mark } in sorted {
        by_mark
            .entry(*mark)
            .or_default()
            .push(key.to_string().into());
    }
    for (mark, scopes) in by_mark {
        tx.exec_of(&CLEAR_ALL, args![mark], scopes).await?;
    }
    Ok(())
}

/// The hash of the facts from which scopes were ruled last, by their text.
pub async fn list_facts(db: &mut Session, keys: &[&ScopeKey]) -> Result<HashMap<String, Digest>> {
    let scopes = keys.iter().map(|key| key.to_string().into());
    let rows = db.all_of(&LIST_FACTS, args![], scopes).await?;
    let mut facts = HashMap::new();
    for row in rows {
        if let Some(hash) = row.get::<Option<Digest>>("facts")? {
            facts.insert(row.get("scope")?, hash);
        }
    }
    Ok(facts)
}

/// Notes from what scopes were ruled.
pub async fn note(tx: &mut Tx, ruled: &[(&ScopeKey, Digest)], now: Millis) -> Result<()> {
    let rows = ruled
        .iter()
        .map(|(key, facts)| Ok(args![key.to_string(), json(key)?, 1_i64, *facts, now]));
    let rows = rows.collect::<Result<_>>()?;
    tx.exec_rows(&NOTE, rows).await
}

/// How many scopes wait to be ruled, and since when the oldest does.
pub async fn waiting(db: &mut Session) -> Result<(i64, Option<Millis>)> {
    let row = db.one(&WAITING, args![]).await?;
    Ok((row.get("waiting")?, row.get("oldest")?))
}
