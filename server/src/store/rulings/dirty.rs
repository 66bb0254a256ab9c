//! Scopes that must be ruled again, and the row that is the lock while one is.

use sync_core::model::Millis;
use sync_core::rules::ScopeKey;

use crate::args;
use crate::store::{Result, Session, StoreError, Tx, statements};

statements! {
    /// Marks a scope; a mark that is there grows, so that whoever rules it now does not clear this one too.
    MARK = "INSERT INTO dirty_scopes (scope, key, stratum, mark, marked_at) VALUES ($1, $2, $3, 1, $4) \
        ON CONFLICT (scope) DO UPDATE SET mark = dirty_scopes.mark + 1";
    /// The next ones to rule: those of the earliest stratum that waits, the oldest first.
    LIST_NEXT = "SELECT scope, key, mark FROM dirty_scopes WHERE stratum = (SELECT MIN(stratum) FROM dirty_scopes) \
        ORDER BY marked_at, scope LIMIT $1";
    /// Whether a scope is still marked, read under its lock.
    FIND = "SELECT mark FROM dirty_scopes WHERE scope = $1";
    /// Clears the mark that was seen, and no later one.
    CLEAR = "DELETE FROM dirty_scopes WHERE scope = $1 AND mark = $2";
    /// Takes the lock of a scope: the row is held until the transaction ends.
    LOCK = "INSERT INTO scopes (scope, key, ruled, facts, ruled_at) VALUES ($1, $2, 1, NULL, $3) \
        ON CONFLICT (scope) DO UPDATE SET ruled = scopes.ruled + 1";
    /// What was ruled last.
    FIND_SCOPE = "SELECT key, facts FROM scopes WHERE scope = $1";
    /// Notes what was ruled.
    SET_FACTS = "UPDATE scopes SET facts = $2, ruled_at = $3 WHERE scope = $1";
    /// How many wait, and since when the oldest does.
    WAITING = "SELECT COUNT(*) AS waiting, MIN(marked_at) AS oldest FROM dirty_scopes";
}

/// A marked scope.
#[derive(Clone, Debug)]
pub struct Marked {
    /// Which.
    pub key: ScopeKey,
    /// The mark as seen.
    pub mark: i64,
}

/// Marks scopes.
pub async fn mark(tx: &mut Tx, keys: &[ScopeKey], now: Millis) -> Result<()> {
    let mut sorted: Vec<&ScopeKey> = keys.iter().collect();
    // One order for all transactions, so that two of them never wait for each other.
    sorted.sort();
    sorted.dedup();
    for key in sorted {
        let json = serde_json::to_string(key).map_err(|_| StoreError::Column {
            name: "key",
            wanted: "a scope key",
        })?;
        tx.exec(
            &MARK,
            args![key.to_string(), json, i64::from(key.stratum()), now],
        )
        .await?;
    }
    Ok(())
}

/// How many of the next scopes are looked at: as many as may be ruled side by side.
const NEXT_ROWS: i64 = 16;

/// The next scopes to rule, all of one stratum.
pub async fn list_next(db: &mut Session) -> Result<Vec<Marked>> {
    let rows = db.all(&LIST_NEXT, args![NEXT_ROWS]).await?;
    rows.iter()
        .map(|row| {
            let key: String = row.get("key")?;
            Ok(Marked {
                key: serde_json::from_str(&key).map_err(|_| StoreError::Column {
                    name: "key",
                    wanted: "a scope key",
                })?,
                mark: row.get("mark")?,
            })
        })
        .collect()
}

/// Takes the lock of a scope and reads its mark under it; none if somebody else has ruled it meanwhile.
pub async fn lock(tx: &mut Tx, key: &ScopeKey, now: Millis) -> Result<Option<i64>> {
    let json = serde_json::to_string(key).map_err(|_| StoreError::Column {
        name: "key",
        wanted: "a scope key",
    })?;
    let scope = key.to_string();
    tx.exec(&LOCK, args![&scope, json, now]).await?;
    tx.optional(&FIND, args![&scope])
        .await?
        .map(|row| row.get("mark"))
        .transpose()
}

/// Clears the mark that was seen, and notes what was ruled.
pub async fn clear(
    tx: &mut Tx,
    key: &ScopeKey,
    mark: i64,
    facts: [u8; 32],
    now: Millis,
) -> Result<()> {
    let scope = key.to_string();
    tx.exec(&SET_FACTS, args![&scope, facts, now]).await?;
    tx.exec(&CLEAR, args![&scope, mark]).await.map(drop)
}

/// How many scopes wait to be ruled, and since when the oldest does.
pub async fn waiting(db: &mut Session) -> Result<(i64, Option<Millis>)> {
    let row = db.one(&WAITING, args![]).await?;
    Ok((row.get("waiting")?, row.get("oldest")?))
}
