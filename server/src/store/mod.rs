//! The store: one SQL text for SQLite and PostgreSQL behind a thin enum. Owns connections, transactions, migrations,
//! and the mapping of rows and errors; knows nothing of the domain (see `docs/adr/0003-two-databases.md`).
//!
//! Writers go through [`Store::begin`]: on SQLite that is the one writing connection with `BEGIN IMMEDIATE`, so
//! writers queue in the process instead of fighting for the file's lock. Readers get a snapshot by [`Store::read`].

pub mod access;
pub mod adoption;
pub mod bulk;
mod error;
pub mod evidence;
pub mod exports;
pub mod feed;
pub mod imports;
pub mod locks;
pub mod log;
pub mod media;
pub mod migrations;
pub mod reference;
pub mod reviews;
mod row;
pub mod rulings;
pub mod seals;
mod session;
mod statement;
pub mod sync;
pub mod transfer;
pub mod uploads;
mod value;
pub mod whole;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bulk::Bulk;
pub(crate) use bulk::bulk;
pub use error::StoreError;
use locks::Lock;
pub use row::{Cell, FromCell, Row};
pub use session::{Reader, Session, Tx};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Connection as _, Executor};
pub use statement::Statement;
pub(crate) use statement::statements;
use sync_core::limits::{DATABASE_WAIT_S, SQLITE_READERS_MAX, TRANSACTION_IDLE_S};
pub use value::Value;

/// A request may read while another one holds the writing connection.
const POSTGRES_CONNECTIONS_MIN: u32 = 2;
/// Statements that a connection keeps prepared: all that a sync and its rulings run.
const PREPARED_STATEMENTS: usize = 1_024;
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";

/// Whether a connection may be used again. SQLite ends a transaction by itself when its disk is full; the driver's `ROLLBACK`
/// then fails, and it takes the connection for one in a transaction for ever. Such a one is closed, and another opened.
async fn is_free(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    Ok(!connection.is_in_transaction())
}

/// A result of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Every statement of every store module, for the test that prepares them all: add yours.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    [
        &[
            adoption::ALL,
            migrations::ALL,
            locks::ALL,
            feed::ALL,
            evidence::ALL,
            exports::ALL,
            imports::ALL,
            log::ALL,
            media::ALL,
            reviews::ALL,
            seals::ALL,
            uploads::ALL,
        ],
        access::ALL,
        reference::ALL,
        sync::ALL,
        rulings::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
    .flatten()
    .copied()
    .chain(bulks().flat_map(|bulk| bulk.statements()))
    .chain(sync::search::composed_ones())
}

/// Every statement over many rows.
fn bulks() -> impl Iterator<Item = &'static Bulk> {
    [
        evidence::BULK,
        feed::BULK,
        exports::BULK,
        log::BULK,
        media::BULK,
        reviews::BULK,
        seals::BULK,
        reference::campaigns::BULK,
        reference::custody::BULK,
        reference::enterprises::BULK,
        rulings::cases::BULK,
        rulings::decisions::BULK,
        rulings::dirty::BULK,
        rulings::effects::BULK,
        rulings::index::BULK,
        rulings::ruled_facts::BULK,
        rulings::verdicts::BULK,
        rulings::versions::BULK,
        access::organisations::BULK,
        access::users::BULK,
        sync::changes::BULK,
        sync::confirmations::BULK,
        sync::documents::BULK,
        sync::not_sampled::BULK,
        sync::projections::BULK,
        sync::search::BULK,
        sync::tips::BULK,
        sync::visits::BULK,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// A pool of connections, as it is now.
#[derive(Clone, Copy, Debug)]
pub struct PoolState {
    /// `writer`, `readers` or `shared`.
    pub name: &'static str,
    /// How many it may have.
    pub allowed: u32,
    /// How many it has.
    pub open: u32,
    /// How many of these nobody uses.
    pub idle: u32,
}

impl PoolState {
    fn new(name: &'static str, allowed: u32, open: u32, idle: usize) -> Self {
        Self {
            name,
            allowed,
            open,
            idle: u32::try_from(idle).unwrap_or(u32::MAX),
        }
    }
}

/// The database, whichever it is. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store(Inner);

#[derive(Clone, Debug)]
enum Inner {
    Sqlite {
        file: PathBuf,
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres {
        pool: PgPool,
    },
}

impl Store {
    /// Opens (and makes, if need be) a SQLite file, and migrates it.
    pub async fn open_sqlite(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was acknowledged survives a power cut: FULL syncs the WAL at every commit.
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(PREPARED_STATEMENTS)
            .busy_timeout(Duration::from_secs(DATABASE_WAIT_S));
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(DATABASE_WAIT_S))
            .before_acquire(|connection, _| Box::pin(is_free(connection)))
            .connect_with(options.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS_MAX)
            .acquire_timeout(Duration::from_secs(DATABASE_WAIT_S))
            .before_acquire(|connection, _| Box::pin(is_free(connection)))
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        let file = file.to_owned();
        let store = Self(Inner::Sqlite {
            file,
            writer,
            readers,
        });
        migrations::run(&store).await?;
        Ok(store)
    }

    /// Connects to PostgreSQL, with so many connections at most, and migrates it; not where a restore was cut.
    pub async fn open_postgres(url: &str, connections_max: u32) -> Result<Self> {
        let store = Self::connect_postgres(url, connections_max).await?;
        whole::refuse_half_filled(&store).await?;
        migrations::run(&store).await?;
        Ok(store)
    }

    /// Connects to PostgreSQL and leaves the database as it is.
    pub async fn connect_postgres(url: &str, connections_max: u32) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("fieldseal")
            .statement_cache_capacity(PREPARED_STATEMENTS)
            .options([
                // The row scope looks dear to the planner: compiling a search took longer than the search.
                ("jit", "off".to_owned()),
                ("lock_timeout", format!("{DATABASE_WAIT_S}s")),
                (
                    "idle_in_transaction_session_timeout",
                    format!("{TRANSACTION_IDLE_S}s"),
                ),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(connections_max.max(POSTGRES_CONNECTIONS_MIN))
            .acquire_timeout(Duration::from_secs(DATABASE_WAIT_S))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // What was acknowledged survives: a database that is told to commit lazily does not with us.
                    connection.execute(DURABLE).await.map(drop)
                })
            })
            .connect_with(options)
            .await?;
        Ok(Self(Inner::Postgres { pool }))
    }

    /// Begins a transaction that may write, while no other one begun by this does: what it reads stays as it is until it
    /// ends, as with SQLite's one writer. Dropped without [`Tx::commit`] it leaves no trace.
    pub async fn begin(&self) -> Result<Tx> {
        let mut tx = self.begin_beside().await?;
        locks::take(&mut tx, &[Lock::Alone]).await?;
        Ok(tx)
    }

    /// Begins a transaction that may write while others do, on PostgreSQL: for what is done often, and takes the locks
    /// that it needs itself (see [`locks`]).
    pub async fn begin_beside(&self) -> Result<Tx> {
        Ok(Tx::new(match &self.0 {
            Inner::Sqlite { writer, .. } => {
                Session::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Inner::Postgres { pool } => Session::Postgres(pool.begin().await?),
        }))
    }

    /// Begins to read one snapshot; it cannot write.
    pub async fn read(&self) -> Result<Reader> {
        Ok(Reader::new(match &self.0 {
            Inner::Sqlite { readers, .. } => Session::Sqlite(readers.begin().await?),
            Inner::Postgres { pool } => Session::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        }))
    }

    /// Which database this is: `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match &self.0 {
            Inner::Sqlite { .. } => "sqlite",
            Inner::Postgres { .. } => "postgres",
        }
    }

    /// How many may read at once.
    pub fn readers_max(&self) -> u32 {
        match &self.0 {
            Inner::Sqlite { .. } => SQLITE_READERS_MAX,
            Inner::Postgres { pool } => pool.options().get_max_connections(),
        }
    }

    /// The pools of connections, as they are now.
    pub fn pools(&self) -> Vec<PoolState> {
        match &self.0 {
            Inner::Sqlite {
                writer, readers, ..
            } => vec![
                PoolState::new("writer", 1, writer.size(), writer.num_idle()),
                PoolState::new(
                    "readers",
                    SQLITE_READERS_MAX,
                    readers.size(),
                    readers.num_idle(),
                ),
            ],
            Inner::Postgres { pool } => vec![PoolState::new(
                "shared",
                pool.options().get_max_connections(),
                pool.size(),
                pool.num_idle(),
            )],
        }
    }

    /// Whether the database can be written now: its file is where it was opened, and a writing transaction begins.
    /// A file that was deleted under the process would still take writes, and lose them with it.
    pub async fn answers(&self) -> Result<()> {
        if let Inner::Sqlite { file, .. } = &self.0
            && !file.exists()
        {
            return Err(StoreError::Gone);
        }
        drop(self.begin_beside().await?);
        Ok(())
    }

    /// Closes every connection, after what is under way.
    pub async fn close(&self) {
        match &self.0 {
            Inner::Sqlite {
                writer, readers, ..
            } => {
                readers.close().await;
                writer.close().await;
            }
            Inner::Postgres { pool } => pool.close().await,
        }
    }
}
