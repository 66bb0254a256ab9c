//! Databases as a whole, for backups: a copy of SQLite beside its writer, what a database holds, and whether a PostgreSQL
//! database is being filled.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Row as _};
use sync_core::limits::DATABASE_WAIT_S;

use super::{Inner, Result, Session, Store, StoreError, feed};

/// What a database holds, at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Its newest migration.
    pub schema: String,
    /// The epoch that stands.
    pub epoch: Option<String>,
    /// Where the feed ends.
    pub feed_position: i64,
    /// Rows of every table.
    pub rows: BTreeMap<String, i64>,
    /// Whether the key with which servers sign lies in it.
    pub has_key: bool,
}

/// The mark of a database that is being filled: a table, because it must be there when nothing else is.
const FILLING: &str = "fieldseal_restore_unfinished";

/// How far the filling of a PostgreSQL database has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillState {
    /// Nothing is in it.
    Empty,
    /// It was begun, and nothing came.
    Begun,
    /// Everything came, and the mark is still there.
    Filled,
    /// Tables that no restore has put there, and how many.
    Foreign(u64),
}

/// Copies a SQLite database as it stands at one instant into a new file, in one piece and without the free pages.
/// `VACUUM INTO` reads one snapshot: writers go on meanwhile, and what they write cannot break it or make it begin anew.
pub async fn copy_sqlite(from: &Path, to: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(from)
        .create_if_missing(false)
        .busy_timeout(std::time::Duration::from_secs(DATABASE_WAIT_S));
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    let copied = sqlx::query("VACUUM INTO $1")
        .bind(to.to_string_lossy().into_owned())
        .execute(&pool)
        .await;
    pool.close().await;
    copied.map(drop).map_err(StoreError::from)
}

/// A file that nobody writes, opened so that nothing is written beside it either.
async fn open_still(file: &Path) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .immutable(true);
    let pool = SqlitePoolOptions::new().max_connections(1);
    Ok(pool.connect_with(options).await?)
}

/// What SQLite finds wrong with a file that nobody writes; none where it is sound.
pub async fn fault_of_sqlite(file: &Path) -> Result<Option<String>> {
    let pool = open_still(file).await?;
    let told = sqlx::query("PRAGMA integrity_check(1)")
        .fetch_one(&pool)
        .await;
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_optional(&pool);
    let dangling = dangling.await;
    pool.close().await;
    let told: String = match told {
        Ok(row) => row.try_get(0)?,
        Err(error) => error.to_string(),
    };
    Ok(match (told.as_str(), dangling) {
        ("ok", Ok(None)) => None,
        ("ok", Ok(Some(row))) => {
            let table: String = row.try_get(0)?;
            Some(format!("a row of {table} refers to nothing"))
        }
        ("ok", Err(error)) => Some(error.to_string()),
        (fault, _) => Some(fault.to_owned()),
    })
}

/// What a SQLite file holds that nobody writes.
pub async fn contents_of_sqlite(file: &Path) -> Result<Contents> {
    let pool = open_still(file).await?;
    let store = Store(Inner::Sqlite {
        file: file.to_owned(),
        writer: pool.clone(),
        readers: pool,
    });
    let mut db = store.read().await?;
    let found = contents(&mut db).await?;
    drop(db);
    store.close().await;
    Ok(found)
}

async fn number(db: &mut Session, sql: String) -> Result<i64> {
    let sql = AssertSqlSafe(sql);
    Ok(match db {
        Session::Sqlite(tx) => sqlx::query(sql).fetch_one(&mut **tx).await?.try_get(0)?,
        Session::Postgres(tx) => sqlx::query(sql).fetch_one(&mut **tx).await?.try_get(0)?,
    })
}

async fn texts(
    db: &mut Session,
    sqlite: &'static str,
    postgres: &'static str,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    match db {
        Session::Sqlite(tx) => {
            for row in sqlx::query(sqlite).fetch_all(&mut **tx).await? {
                found.push(row.try_get(0)?);
            }
        }
        Session::Postgres(tx) => {
            for row in sqlx::query(postgres).fetch_all(&mut **tx).await? {
                found.push(row.try_get(0)?);
            }
        }
    }
    Ok(found)
}

async fn tables(db: &mut Session) -> Result<Vec<String>> {
    texts(
        db,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
         WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name",
    )
    .await
}

/// What a snapshot holds.
pub async fn contents(db: &mut Session) -> Result<Contents> {
    let mut rows = BTreeMap::new();
    for table in tables(db).await? {
        if table != FILLING {
            let count = number(db, format!("SELECT COUNT(*) FROM {table}")).await?;
            rows.insert(table, count);
        }
    }
    if [
        "schema_migrations",
        "server_epochs",
        "log_counters",
        "server_keys",
    ]
    .iter()
    .any(|table| !rows.contains_key(*table))
    {
        return Err(StoreError::Foreign);
    }
    let applied = "SELECT name FROM schema_migrations ORDER BY name";
    let mut applied = texts(db, applied, applied).await?;
    applied.sort();
    let keys = "SELECT COUNT(*) FROM server_keys WHERE private_key IS NOT NULL";
    let has_key = applied.iter().any(|name| name == "0012_shared_keys")
        && number(db, keys.to_owned()).await? > 0;
    Ok(Contents {
        schema: applied.pop().unwrap_or_default(),
        epoch: feed::find_epoch(db).await?,
        feed_position: feed::last_position(db).await?,
        rows,
        has_key,
    })
}

/// Lets other connections to PostgreSQL see what this transaction sees; its name. The transaction stays as long as theirs
/// last, however long it sleeps meanwhile.
pub async fn export_snapshot(db: &mut Session) -> Result<String> {
    let Session::Postgres(tx) = db else {
        return Err(StoreError::Foreign);
    };
    sqlx::query("SET LOCAL idle_in_transaction_session_timeout = 0")
        .execute(&mut **tx)
        .await?;
    let row = sqlx::query("SELECT pg_export_snapshot()")
        .fetch_one(&mut **tx)
        .await?;
    Ok(row.try_get(0)?)
}

/// How far a database has been filled.
pub async fn fill_state(store: &Store) -> Result<FillState> {
    let mut db = store.read().await?;
    let tables = tables(&mut db).await?;
    let begun = tables.iter().any(|table| table == FILLING);
    let others = tables.len() as u64 - u64::from(begun);
    Ok(match (begun, others) {
        (false, 0) => FillState::Empty,
        (true, 0) => FillState::Begun,
        (true, _) => FillState::Filled,
        (false, others) => FillState::Foreign(others),
    })
}

async fn run(store: &Store, sql: String) -> Result<()> {
    let mut tx = store.begin_beside().await?;
    if let Session::Postgres(tx) = &mut *tx {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut **tx).await?;
    }
    tx.commit().await
}

/// Marks a database before it is filled: no server starts on it.
pub async fn begin_filling(store: &Store) -> Result<()> {
    let sql = format!("CREATE TABLE IF NOT EXISTS {FILLING} (nothing BIGINT)");
    run(store, sql).await
}

/// Everything is there.
pub async fn end_filling(store: &Store) -> Result<()> {
    run(store, format!("DROP TABLE IF EXISTS {FILLING}")).await
}

/// A database whose filling was cut serves nobody.
pub(super) async fn refuse_half_filled(store: &Store) -> Result<()> {
    match fill_state(store).await? {
        FillState::Begun | FillState::Filled => Err(StoreError::HalfFilled),
        FillState::Empty | FillState::Foreign(_) => Ok(()),
    }
}
