//! Enterprises (企业) and the aliases between their keys.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use sync_core::model::{EnterpriseId, EnterpriseKey, Millis, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Sight, json, sees_task, to_json};
use crate::args;
use crate::store::{Result, Row, Session, StoreError, Tx, Value, bulk, statements};

/// Aliases of aliases: a longer chain is a fault of whoever made it.
const ALIAS_CHAIN_MAX: usize = 8;

macro_rules! sees_enterprise {
    () => {
        concat!(
            "(EXISTS (SELECT 1 FROM user_regions r WHERE r.user_id = $1 AND e.region LIKE r.prefix || '%') \
              OR EXISTS (SELECT 1 FROM tasks t WHERE t.state <> 'draft' AND ",
            sees_task!(),
            " AND (EXISTS (SELECT 1 FROM task_targets x WHERE x.task_id = t.task_id AND x.enterprise_id = e.enterprise_id) \
                OR EXISTS (SELECT 1 FROM task_regions g WHERE g.task_id = t.task_id AND e.region LIKE g.prefix || '%'))))"
        )
    };
}

statements! {
    /// Adds one.
    INSERT = "INSERT INTO enterprises (enterprise_id, enterprise_key, uscc, name, address, region, \
        legal_representative, sites, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
    /// Changes what is told about one; never its key.
    UPDATE = "UPDATE enterprises SET name = $2, address = $3, region = $4, legal_representative = $5, sites = $6, \
        changed_at = $7 WHERE enterprise_id = $1";
    /// Any by id.
    FIND = "SELECT * FROM enterprises WHERE enterprise_id = $1";
    /// Any by key.
    FIND_BY_KEY = "SELECT * FROM enterprises WHERE enterprise_key = $1";
    /// Any by name and region, among those without a code.
    FIND_BY_NAME = "SELECT * FROM enterprises WHERE name = $1 AND region = $2 AND uscc IS NULL ORDER BY enterprise_id";
    /// One that the caller sees.
    FIND_SEEN = concat!("SELECT e.* FROM enterprises e WHERE e.enterprise_id = $3 AND ", sees_enterprise!());
    /// Those that the caller sees, a page; `$4` is part of the name or code.
    LIST_SEEN = concat!("SELECT e.* FROM enterprises e WHERE e.enterprise_id > $3 \
        AND ($4 = '' OR e.uscc = $4 OR e.name LIKE '%' || $4 || '%') AND ", sees_enterprise!(),
        " ORDER BY e.enterprise_id LIMIT $5");
    /// What a task is about: its targets, and all that lie in its regions.
    LIST_OF_TASK = "SELECT e.* FROM enterprises e \
        WHERE EXISTS (SELECT 1 FROM task_targets x WHERE x.task_id = $1 AND x.enterprise_id = e.enterprise_id) \
          OR EXISTS (SELECT 1 FROM task_regions g WHERE g.task_id = $1 AND e.region LIKE g.prefix || '%') \
        ORDER BY e.enterprise_id";
    /// Where a key points now.
    FIND_ALIAS = "SELECT to_key FROM enterprise_aliases WHERE from_key = $1 AND undone_at IS NULL";
    /// Which keys point to one now.
    LIST_ALIASED = "SELECT from_key FROM enterprise_aliases WHERE to_key = $1 AND undone_at IS NULL ORDER BY from_key";
    /// Aliases that stand and begin or end at what a task is about.
    LIST_ALIASES_OF_TASK = "SELECT a.* FROM enterprise_aliases a WHERE a.undone_at IS NULL AND EXISTS (SELECT 1 FROM enterprises e \
        WHERE (e.enterprise_key = a.from_key OR e.enterprise_key = a.to_key) \
          AND (EXISTS (SELECT 1 FROM task_targets x WHERE x.task_id = $1 AND x.enterprise_id = e.enterprise_id) \
            OR EXISTS (SELECT 1 FROM task_regions g WHERE g.task_id = $1 AND e.region LIKE g.prefix || '%'))) \
        ORDER BY a.created_at, a.alias_id";
    /// The alias that stands at a key.
    FIND_STANDING = "SELECT * FROM enterprise_aliases WHERE from_key = $1 AND undone_at IS NULL";
    /// Any alias by id.
    FIND_ALIAS_BY_ID = "SELECT * FROM enterprise_aliases WHERE alias_id = $1";
    /// Aliases that begin or end at a key, undone ones too.
    LIST_ALIASES = "SELECT * FROM enterprise_aliases WHERE from_key = $1 OR to_key = $1 ORDER BY created_at, alias_id";
    /// Adds an alias.
    INSERT_ALIAS = "INSERT INTO enterprise_aliases (alias_id, from_key, to_key, reason, created_by, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// Undoes an alias, once.
    UNDO_ALIAS = "UPDATE enterprise_aliases SET undone_by = $2, undone_at = $3, undo_reason = $4 \
        WHERE alias_id = $1 AND undone_at IS NULL";
}

bulk! {
    /// By the key.
    LIST_BY_KEYS = ("SELECT * FROM enterprises WHERE enterprise_key IN (", 0, 1, ")");
    /// Where keys point now.
    LIST_ALIASES_OF_KEYS = ("SELECT from_key, to_key FROM enterprise_aliases WHERE undone_at IS NULL AND from_key IN (", 0, 1, ")");
}

/// An enterprise as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Enterprise {
    /// Its id.
    #[schema(value_type = String)]
    pub enterprise_id: EnterpriseId,
    /// What stands for it in identities: `uscc:…` or `server:…`.
    #[schema(value_type = String)]
    pub key: EnterpriseKey,
    /// 统一社会信用代码.
    pub uscc: Option<String>,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: Option<String>,
    /// GB/T 2260.
    pub region: String,
    /// 法定代表人.
    pub legal_representative: Option<String>,
    /// Plants under the one code.
    pub sites: Vec<String>,
    /// When it was last changed, milliseconds.
    pub changed_at_ms: Millis,
}

/// One key stands for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Alias {
    /// Its id.
    #[schema(value_type = String)]
    pub alias_id: Uuid,
    /// The key that is no longer used.
    #[schema(value_type = String)]
    pub from_key: EnterpriseKey,
    /// The key that stands for it.
    #[schema(value_type = String)]
    pub to_key: EnterpriseKey,
    /// Why.
    pub reason: String,
    /// Who.
    #[schema(value_type = String)]
    pub created_by: UserId,
    /// When, milliseconds.
    pub created_at_ms: Millis,
    /// When it was undone, milliseconds.
    pub undone_at_ms: Option<Millis>,
}

fn enterprise(row: &Row) -> Result<Enterprise> {
    Ok(Enterprise {
        enterprise_id: row.get("enterprise_id")?,
        key: row.get("enterprise_key")?,
        uscc: row.get("uscc")?,
        name: row.get("name")?,
        address: row.get("address")?,
        region: row.get("region")?,
        legal_representative: row.get("legal_representative")?,
        sites: json(row, "sites")?,
        changed_at_ms: row.get("changed_at")?,
    })
}

fn alias(row: &Row) -> Result<Alias> {
    Ok(Alias {
        alias_id: row.get("alias_id")?,
        from_key: row.get("from_key")?,
        to_key: row.get("to_key")?,
        reason: row.get("reason")?,
        created_by: row.get("created_by")?,
        created_at_ms: row.get("created_at")?,
        undone_at_ms: row.get("undone_at")?,
    })
}

/// Adds one.
pub async fn insert(tx: &mut Tx, row: &Enterprise) -> Result<()> {
    let args = args![
        row.enterprise_id,
        &row.key,
        row.uscc.clone(),
        &row.name,
        row.address.clone(),
        &row.region,
        row.legal_representative.clone(),
        to_json(&row.sites),
        row.changed_at_ms,
    ];
    tx.exec(&INSERT, args).await.map(drop)
}

/// Changes what is told about one.
pub async fn update(tx: &mut Tx, row: &Enterprise) -> Result<()> {
    let args = args![
        row.enterprise_id,
        &row.name,
        row.address.clone(),
        &row.region,
        row.legal_representative.clone(),
        to_json(&row.sites),
        row.changed_at_ms,
    ];
    tx.exec(&UPDATE, args).await.map(drop)
}

/// Any by id.
pub async fn find(db: &mut Session, id: EnterpriseId) -> Result<Option<Enterprise>> {
    db.optional(&FIND, args![id])
        .await?
        .as_ref()
        .map(enterprise)
        .transpose()
}

/// Any by key, before aliases.
pub async fn find_by_key(db: &mut Session, key: &EnterpriseKey) -> Result<Option<Enterprise>> {
    db.optional(&FIND_BY_KEY, args![key])
        .await?
        .as_ref()
        .map(enterprise)
        .transpose()
}

/// One without a code, by name and region.
pub async fn find_by_name(
    db: &mut Session,
    name: &str,
    region: &str,
) -> Result<Option<Enterprise>> {
    db.optional(&FIND_BY_NAME, args![name, region])
        .await?
        .as_ref()
        .map(enterprise)
        .transpose()
}

/// One that the caller sees.
pub async fn find_seen(
    db: &mut Session,
    sight: &Sight,
    id: EnterpriseId,
) -> Result<Option<Enterprise>> {
    let row = db
        .optional(&FIND_SEEN, args![sight.user, sight.organisation, id])
        .await?;
    row.as_ref().map(enterprise).transpose()
}

/// Those that the caller sees, after an id; `part` is of the name, or a whole code.
pub async fn list_seen(
    db: &mut Session,
    sight: &Sight,
    after: &str,
    part: &str,
    limit: u32,
) -> Result<Vec<Enterprise>> {
    let args = args![sight.user, sight.organisation, after, part, limit];
    db.all(&LIST_SEEN, args)
        .await?
        .iter()
        .map(enterprise)
        .collect()
}

/// What a task is about.
pub async fn list_of_task(
    db: &mut Session,
    task: sync_core::model::TaskId,
) -> Result<Vec<Enterprise>> {
    db.all(&LIST_OF_TASK, args![task])
        .await?
        .iter()
        .map(enterprise)
        .collect()
}

/// The key that stands for this one after all aliases. Whoever makes an alias sees to it that there is no circle.
pub async fn resolve_key(db: &mut Session, key: &EnterpriseKey) -> Result<EnterpriseKey> {
    let mut standing = key.clone();
    for _ in 0..ALIAS_CHAIN_MAX {
        match db.optional(&FIND_ALIAS, args![&standing]).await? {
            Some(row) => standing = row.get("to_key")?,
            None => return Ok(standing),
        }
    }
    Err(StoreError::NoRow {
        statement: FIND_ALIAS.name,
    })
}

/// Where keys point in the end.
pub async fn resolve_keys(
    db: &mut Session,
    keys: impl IntoIterator<Item = EnterpriseKey>,
) -> Result<HashMap<EnterpriseKey, EnterpriseKey>> {
    let mut standing: HashMap<_, _> = keys.into_iter().map(|key| (key.clone(), key)).collect();
    for _ in 0..ALIAS_CHAIN_MAX {
        let ends: BTreeSet<EnterpriseKey> = standing.values().cloned().collect();
        let ends = ends.iter().map(Value::from);
        let rows = db.all_of(&LIST_ALIASES_OF_KEYS, args![], ends).await?;
        if rows.is_empty() {
            return Ok(standing);
        }
        let mut next: HashMap<EnterpriseKey, EnterpriseKey> = HashMap::new();
        for row in rows {
            next.insert(row.get("from_key")?, row.get("to_key")?);
        }
        for end in standing.values_mut() {
            if let Some(to) = next.get(end) {
                end.clone_from(to);
            }
        }
    }
    Err(StoreError::NoRow {
        statement: LIST_ALIASES_OF_KEYS.name(),
    })
}

/// Those that are listed under keys.
pub async fn list_by_keys(
    db: &mut Session,
    keys: impl IntoIterator<Item = &EnterpriseKey>,
) -> Result<HashMap<EnterpriseKey, Enterprise>> {
    let keys = keys.into_iter().map(Value::from);
    let rows = db.all_of(&LIST_BY_KEYS, args![], keys).await?;
    let listed = rows.iter().map(|row| {
        let listed = enterprise(row)?;
        Ok((listed.key.clone(), listed))
    });
    listed.collect()
}

/// A key and all keys that point to it, whichever way it goes: the preimages that one enterprise may have been given.
pub async fn keys_of(db: &mut Session, key: &EnterpriseKey) -> Result<Vec<EnterpriseKey>> {
    let mut keys = vec![resolve_key(db, key).await?];
    let mut next = 0;
    while let Some(key) = keys.get(next).cloned() {
        next += 1;
        for row in db.all(&LIST_ALIASED, args![&key]).await? {
            keys.push(row.get("from_key")?);
        }
    }
    Ok(keys)
}

/// The aliases by which a phone resolves the keys of what a task is about, to the end of each chain.
pub async fn list_aliases_of_task(
    db: &mut Session,
    task: sync_core::model::TaskId,
) -> Result<Vec<Alias>> {
    let rows = db.all(&LIST_ALIASES_OF_TASK, args![task]).await?;
    let mut aliases: Vec<Alias> = rows.iter().map(alias).collect::<Result<_>>()?;
    let mut next = 0;
    while let Some(to) = aliases.get(next).map(|alias| alias.to_key.clone()) {
        next += 1;
        if aliases.iter().any(|known| known.from_key == to) {
            continue;
        }
        if let Some(row) = db.optional(&FIND_STANDING, args![&to]).await? {
            aliases.push(alias(&row)?);
        }
    }
    Ok(aliases)
}

/// Any alias.
pub async fn find_alias(db: &mut Session, id: Uuid) -> Result<Option<Alias>> {
    db.optional(&FIND_ALIAS_BY_ID, args![id])
        .await?
        .as_ref()
        .map(alias)
        .transpose()
}

/// Aliases that begin or end at a key.
pub async fn list_aliases(db: &mut Session, key: &EnterpriseKey) -> Result<Vec<Alias>> {
    db.all(&LIST_ALIASES, args![key])
        .await?
        .iter()
        .map(alias)
        .collect()
}

/// Adds an alias.
pub async fn insert_alias(tx: &mut Tx, row: &Alias) -> Result<()> {
    let args = args![
        row.alias_id,
        &row.from_key,
        &row.to_key,
        &row.reason,
        row.created_by,
        row.created_at_ms
    ];
    tx.exec(&INSERT_ALIAS, args).await.map(drop)
}

/// Undoes an alias; false if it was undone before.
pub async fn undo_alias(
    tx: &mut Tx,
    id: Uuid,
    by: UserId,
    at: Millis,
    reason: &str,
) -> Result<bool> {
    Ok(tx.exec(&UNDO_ALIAS, args![id, by, at, reason]).await? == 1)
}
