//! A transaction on either database, and the few ways to run a statement in it.

use std::ops::{Deref, DerefMut};

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments};
use sqlx::{Executor, SqlSafeStr, SqlStr, Transaction};

use super::log::{self, Note};
use super::{Result, Row, Statement, StoreError, Value};

/// What reads need: store functions that only read take `&mut Session`, so that a [`Tx`] and a [`Reader`] both serve.
pub enum Session {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

fn sqlite_query(
    statement: &Statement,
    args: Vec<Value>,
) -> Query<'static, Sqlite, SqliteArguments> {
    args.into_iter()
        .fold(sqlx::query(statement.sql), |query, value| match value {
            Value::I64(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Blob(bytes) => query.bind(bytes),
        })
}

fn postgres_query(
    statement: &Statement,
    args: Vec<Value>,
) -> Query<'static, Postgres, PgArguments> {
    args.into_iter()
        .fold(sqlx::query(statement.sql), |query, value| match value {
            Value::I64(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Blob(bytes) => query.bind(bytes),
        })
}

impl Session {
    /// Every row.
    pub async fn all(&mut self, statement: &Statement, args: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Session::Sqlite(tx) => {
                let rows = sqlite_query(statement, args).fetch_all(&mut **tx).await?;
                Row::all_from_sqlite(&rows)
            }
            Session::Postgres(tx) => {
                let rows = postgres_query(statement, args).fetch_all(&mut **tx).await?;
                Row::all_from_postgres(&rows)
            }
        }
    }

    /// Every row of a search, planned for what is asked. After a few times PostgreSQL plans a prepared statement for any
    /// arguments, and takes a word that few visits have for one that many have.
    pub async fn search(&mut self, statement: &Statement, args: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Session::Sqlite(_) => self.all(statement, args).await,
            Session::Postgres(tx) => {
                let query = postgres_query(statement, args).persistent(false);
                Row::all_from_postgres(&query.fetch_all(&mut **tx).await?)
            }
        }
    }

    /// The first row, if there is one.
    pub async fn optional(
        &mut self,
        statement: &Statement,
        args: Vec<Value>,
    ) -> Result<Option<Row>> {
        match self {
            Session::Sqlite(tx) => {
                let row = sqlite_query(statement, args)
                    .fetch_optional(&mut **tx)
                    .await?;
                Ok(Row::all_from_sqlite(row.as_slice())?.pop())
            }
            Session::Postgres(tx) => {
                let row = postgres_query(statement, args)
                    .fetch_optional(&mut **tx)
                    .await?;
                Ok(Row::all_from_postgres(row.as_slice())?.pop())
            }
        }
    }

    /// The first row; none at all is an error.
    pub async fn one(&mut self, statement: &Statement, args: Vec<Value>) -> Result<Row> {
        self.optional(statement, args)
            .await?
            .ok_or(StoreError::NoRow {
                statement: statement.name,
            })
    }

    /// Lets the database check a statement against its schema without running it.
    pub async fn prepare(&mut self, statement: &Statement) -> Result<()> {
        let sql: SqlStr = statement.sql.into_sql_str();
        match self {
            Session::Sqlite(tx) => (&mut **tx).prepare(sql).await.map(drop)?,
            Session::Postgres(tx) => (&mut **tx).prepare(sql).await.map(drop)?,
        }
        Ok(())
    }
}

/// A transaction that writes. Dropped, it rolls back.
pub struct Tx {
    session: Session,
    noted: Vec<Note>,
}

impl Tx {
    pub(super) fn new(session: Session) -> Self {
        let noted = Vec::new();
        Self { session, noted }
    }

    /// Has a line written into the log when this commits, or none at all. Chains are taken up last, behind all other locks
    /// and in one order, so that nobody waits in a circle for one.
    pub fn note(&mut self, note: Note) {
        self.noted.push(note);
    }

    /// Runs a statement and says how many rows it touched.
    pub async fn exec(&mut self, statement: &Statement, args: Vec<Value>) -> Result<u64> {
        Ok(match &mut self.session {
            Session::Sqlite(tx) => sqlite_query(statement, args)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Session::Postgres(tx) => postgres_query(statement, args)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }

    /// Whether it is the one writer of a SQLite file.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.session, Session::Sqlite(_))
    }

    /// Runs a script of several statements without arguments: for migrations alone.
    pub(super) async fn script(&mut self, sql: &'static str) -> Result<()> {
        match &mut self.session {
            Session::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop)?,
            Session::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop)?,
        }
        Ok(())
    }

    /// Makes it durable; after this returns, a kill loses nothing of it.
    pub async fn commit(mut self) -> Result<()> {
        let noted = std::mem::take(&mut self.noted);
        log::write(&mut self, noted).await?;
        match self.session {
            Session::Sqlite(tx) => tx.commit().await?,
            Session::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Session;
    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

/// One snapshot to read from. The database itself refuses a write through it.
pub struct Reader(Session);

impl Reader {
    pub(super) fn new(session: Session) -> Self {
        Self(session)
    }
}

impl Deref for Reader {
    type Target = Session;
    fn deref(&self) -> &Session {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.0
    }
}
