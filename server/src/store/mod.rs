//! The store: one SQL text for SQLite and PostgreSQL behind a thin enum. Owns connections, transactions, migrations,
//! and the mapping of rows and errors; knows nothing of the domain (see `docs/adr/0003-two-databases.md`).
//!
//! Writers go through [`Store::begin`]: on SQLite that is the one writing connection with `BEGIN IMMEDIATE`, so
//! writers queue in the process instead of fighting for the file's lock. Readers get a snapshot by [`Store::read`].

pub mod access;
mod error;
pub mod feed;
pub mod migrations;
pub mod reference;
mod row;
pub mod rulings;
mod session;
mod statement;
pub mod sync;
mod value;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::StoreError;
pub use row::{Cell, FromCell, Row};
pub use session::{Reader, Session, Tx};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
pub use statement::Statement;
pub(crate) use statement::statements;
pub use value::Value;

/// Connections that read a SQLite file beside its one writer.
const SQLITE_READERS: u32 = 8;
/// Connections to PostgreSQL, shared by readers and writers.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long a request waits for a connection before it is told to come again, in seconds.
const ACQUIRE_TIMEOUT_S: u64 = 20;

/// A result of the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Every statement of every store module, for the test that prepares them all: add yours.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    [
        &[migrations::ALL, feed::ALL],
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
            .busy_timeout(Duration::from_secs(ACQUIRE_TIMEOUT_S));
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(ACQUIRE_TIMEOUT_S))
            .connect_with(options.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(Duration::from_secs(ACQUIRE_TIMEOUT_S))
            .connect_with(options.pragma("query_only", "ON"))
            .await?;
        let file = file.to_owned();
        Self::migrated(Inner::Sqlite {
            file,
            writer,
            readers,
        })
        .await
    }

    /// Connects to PostgreSQL and migrates it.
    pub async fn open_postgres(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(Duration::from_secs(ACQUIRE_TIMEOUT_S))
            .connect_with(options)
            .await?;
        Self::migrated(Inner::Postgres { pool }).await
    }

    async fn migrated(inner: Inner) -> Result<Self> {
        let store = Self(inner);
        migrations::run(&store).await?;
        Ok(store)
    }

    /// Begins a transaction that may write. Dropped without [`Tx::commit`] it leaves no trace.
    pub async fn begin(&self) -> Result<Tx> {
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

    /// The pools of connections, as they are now.
    pub fn pools(&self) -> Vec<PoolState> {
        match &self.0 {
            Inner::Sqlite {
                writer, readers, ..
            } => vec![
                PoolState::new("writer", 1, writer.size(), writer.num_idle()),
                PoolState::new(
                    "readers",
                    SQLITE_READERS,
                    readers.size(),
                    readers.num_idle(),
                ),
            ],
            Inner::Postgres { pool } => vec![PoolState::new(
                "shared",
                POSTGRES_CONNECTIONS,
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
        drop(self.begin().await?);
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
