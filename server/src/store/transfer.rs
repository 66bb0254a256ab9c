//! Moves everything from SQLite to PostgreSQL: table by table, in one transaction on each side, so that a kill leaves the
//! target as it was and the source is what it was when the move began. Nothing is committed before the target's rows give
//! the counts and hashes of the source's.

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use sqlx::postgres::Postgres;
use sqlx::sqlite::Sqlite;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Transaction};
use sync_core::limits::TRANSFER_ROWS;

use super::value::storable;
use super::{Cell, Result, Row, Session, Store, StoreError, Tx};

/// What is not moved: the ledger and the locks are each database's own.
const OWN: [&str; 2] = ["schema_migrations", "locks"];
/// Filled by a migration with counters at zero.
const COUNTERS: &str = "log_counters";
/// A column that only servers on PostgreSQL fill.
const SHARED_KEY: (&str, &str) = ("server_keys", "private_key");

/// How a table came across.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// Over all rows, whatever their order.
    pub hash: [u8; 32],
}

/// What came of a move.
pub enum Outcome {
    /// Everything was copied and checked; commit to keep it.
    Copied(Vec<Moved>, Tx),
    /// The target holds exactly this already.
    There(Vec<Moved>),
    /// The target holds something else: what, and how many rows of it.
    Foreign(String, u64),
    /// A table of the target is not what was copied into it.
    Differs(String),
}

struct Table {
    name: String,
    columns: Vec<String>,
}

/// Copies; the source is held meanwhile, so that nobody writes into what is being left.
pub async fn copy(from: &Store, to: &Store) -> Result<Outcome> {
    let (mut source, mut target) = (from.begin().await?, to.begin().await?);
    let tables = tables(sqlite(&mut source)?).await?;
    let mut known = Vec::new();
    for table in &tables {
        known.push(sum_source(sqlite(&mut source)?, table).await?);
    }
    if let Some((name, rows)) = first_filled(postgres(&mut target)?, &tables).await? {
        for (table, expected) in tables.iter().zip(&known) {
            if sum_target(postgres(&mut target)?, table).await? != *expected {
                return Ok(Outcome::Foreign(name, rows));
            }
        }
        return Ok(Outcome::There(known));
    }
    sqlx::query("DELETE FROM log_counters")
        .execute(&mut **postgres(&mut target)?)
        .await?;
    for table in &tables {
        copy_table(sqlite(&mut source)?, postgres(&mut target)?, table).await?;
    }
    for (table, expected) in tables.iter().zip(&known) {
        if sum_target(postgres(&mut target)?, table).await? != *expected {
            return Ok(Outcome::Differs(table.name.clone()));
        }
    }
    Ok(Outcome::Copied(known, target))
}

fn wrong_side() -> StoreError {
    StoreError::Column {
        name: "database",
        wanted: "SQLite to move from and PostgreSQL to move to",
    }
}

fn sqlite(tx: &mut Tx) -> Result<&mut Transaction<'static, Sqlite>> {
    match &mut **tx {
        Session::Sqlite(tx) => Ok(tx),
        Session::Postgres(_) => Err(wrong_side()),
    }
}

fn postgres(tx: &mut Tx) -> Result<&mut Transaction<'static, Postgres>> {
    match &mut **tx {
        Session::Postgres(tx) => Ok(tx),
        Session::Sqlite(_) => Err(wrong_side()),
    }
}

/// In the order in which they were made: what a table refers to comes before it.
async fn tables(source: &mut Transaction<'static, Sqlite>) -> Result<Vec<Table>> {
    let names = sqlx::query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    )
    .fetch_all(&mut **source)
    .await?;
    let mut tables = Vec::new();
    for row in names {
        let name: String = row.try_get(0)?;
        if OWN.contains(&name.as_str()) {
            continue;
        }
        let sql = format!("SELECT name FROM pragma_table_info('{name}') ORDER BY name");
        let listed = sqlx::query(AssertSqlSafe(sql))
            .fetch_all(&mut **source)
            .await?;
        let mut columns = Vec::new();
        for column in listed {
            let column: String = column.try_get(0)?;
            if (name.as_str(), column.as_str()) != SHARED_KEY {
                columns.push(column);
            }
        }
        tables.push(Table { name, columns });
    }
    Ok(tables)
}

/// The first table of the target that holds anything but counters at zero.
async fn first_filled(
    target: &mut Transaction<'static, Postgres>,
    tables: &[Table],
) -> Result<Option<(String, u64)>> {
    for table in tables {
        let condition = if table.name == COUNTERS {
            " WHERE position <> 0"
        } else {
            ""
        };
        let sql = format!("SELECT COUNT(*) FROM {}{condition}", table.name);
        let count: i64 = sqlx::query(AssertSqlSafe(sql))
            .fetch_one(&mut **target)
            .await?
            .try_get(0)?;
        if count > 0 {
            return Ok(Some((table.name.clone(), count.unsigned_abs())));
        }
    }
    Ok(None)
}

/// A page of a SQLite table behind a row, with the number of its last row.
async fn page(
    source: &mut Transaction<'static, Sqlite>,
    table: &Table,
    after: i64,
) -> Result<(Vec<Vec<Cell>>, i64)> {
    let columns = table.columns.join(", ");
    let sql = format!(
        "SELECT rowid AS row_number_, {columns} FROM {} WHERE rowid > {after} ORDER BY rowid LIMIT {TRANSFER_ROWS}",
        table.name
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut **source)
        .await?;
    let last = match rows.last() {
        Some(row) => row.try_get(0)?,
        None => after,
    };
    let mut cells = Vec::new();
    for row in Row::all_from_sqlite(&rows)? {
        let mut row = row.into_cells();
        row.remove(0);
        cells.push(row.into_iter().map(storable_cell).collect());
    }
    Ok((cells, last))
}

fn storable_cell(cell: Cell) -> Cell {
    match cell {
        Cell::Text(text) => Cell::Text(storable(&text)),
        other => other,
    }
}

async fn copy_table(
    source: &mut Transaction<'static, Sqlite>,
    target: &mut Transaction<'static, Postgres>,
    table: &Table,
) -> Result<()> {
    let mut after = i64::MIN;
    // Of rows that refer to rows of their own table, those wait whose parent has not come yet.
    let mut waiting: Vec<Vec<Cell>> = Vec::new();
    let mut there: BTreeSet<Vec<u8>> = BTreeSet::new();
    let refers = own_reference(table);
    loop {
        let (rows, last) = page(source, table, after).await?;
        if rows.is_empty() && waiting.is_empty() {
            return Ok(());
        }
        let ended = rows.is_empty();
        after = last;
        waiting.extend(rows);
        let ready = match refers {
            None => std::mem::take(&mut waiting),
            Some((key, parent)) => {
                let (ready, rest): (Vec<_>, Vec<_>) =
                    std::mem::take(&mut waiting).into_iter().partition(|row| {
                        row[parent] == Cell::Null || there.contains(&bytes(&row[parent]))
                    });
                there.extend(ready.iter().map(|row| bytes(&row[key])));
                waiting = rest;
                // A parent that never comes: the target says so itself.
                if ready.is_empty() && ended {
                    std::mem::take(&mut waiting)
                } else {
                    ready
                }
            }
        };
        if !ready.is_empty() {
            insert(target, table, ready).await?;
        }
    }
}

/// The places of the key and of the reference to it, where a table refers to itself.
fn own_reference(table: &Table) -> Option<(usize, usize)> {
    let place = |name: &str| table.columns.iter().position(|column| column == name);
    match table.name.as_str() {
        "organisations" => Some((place("organisation_id")?, place("parent_id")?)),
        _ => None,
    }
}

async fn insert(
    target: &mut Transaction<'static, Postgres>,
    table: &Table,
    rows: Vec<Vec<Cell>>,
) -> Result<()> {
    let types = column_types(target, table).await?;
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new(format!(
        "INSERT INTO {} ({}) ",
        table.name,
        table.columns.join(", ")
    ));
    query.push_values(rows, |mut values, row| {
        for (cell, kind) in row.into_iter().zip(&types) {
            match cell {
                Cell::I64(number) => values.push_bind(number),
                Cell::Text(text) => values.push_bind(text),
                Cell::Blob(bytes) => values.push_bind(bytes),
                // NULL keeps its type.
                Cell::Null if kind == "bytea" => values.push_bind(None::<Vec<u8>>),
                Cell::Null if kind == "bigint" => values.push_bind(None::<i64>),
                Cell::Null => values.push_bind(None::<String>),
            };
        }
    });
    query.build().execute(&mut **target).await?;
    Ok(())
}

async fn column_types(
    target: &mut Transaction<'static, Postgres>,
    table: &Table,
) -> Result<Vec<String>> {
    let mut types = Vec::new();
    for column in &table.columns {
        let row = sqlx::query(
            "SELECT CAST(data_type AS TEXT) FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 AND column_name = $2",
        )
        .bind(&table.name)
        .bind(column)
        .fetch_one(&mut **target)
        .await?;
        types.push(row.try_get(0)?);
    }
    Ok(types)
}

async fn sum_source(source: &mut Transaction<'static, Sqlite>, table: &Table) -> Result<Moved> {
    let mut sum = Sum::default();
    let mut after = i64::MIN;
    loop {
        let (rows, last) = page(source, table, after).await?;
        if rows.is_empty() {
            return Ok(sum.of(table));
        }
        after = last;
        rows.iter().for_each(|row| sum.add(row));
    }
}

async fn sum_target(target: &mut Transaction<'static, Postgres>, table: &Table) -> Result<Moved> {
    let columns = table.columns.join(", ");
    // A cursor of the database's: a table need not fit into memory. Named by the table, because statements are remembered
    // by their text, with the types of the columns that they gave first.
    let cursor = format!("rows_of_{}", table.name);
    let declare = format!(
        "DECLARE {cursor} CURSOR FOR SELECT {columns} FROM {}",
        table.name
    );
    sqlx::query(AssertSqlSafe(declare))
        .execute(&mut **target)
        .await?;
    let mut sum = Sum::default();
    loop {
        let fetch = format!("FETCH {TRANSFER_ROWS} FROM {cursor}");
        let rows = sqlx::query(AssertSqlSafe(fetch))
            .fetch_all(&mut **target)
            .await?;
        if rows.is_empty() {
            break;
        }
        for row in Row::all_from_postgres(&rows)? {
            sum.add(&row.into_cells());
        }
    }
    sqlx::query(AssertSqlSafe(format!("CLOSE {cursor}")))
        .execute(&mut **target)
        .await?;
    Ok(sum.of(table))
}

/// Rows and a hash over them that does not depend on their order: the sum of their hashes.
#[derive(Default)]
struct Sum {
    rows: u64,
    lanes: [u64; 4],
}

impl Sum {
    fn add(&mut self, row: &[Cell]) {
        let mut text = Vec::new();
        for cell in row {
            let bytes = bytes(cell);
            text.extend((bytes.len() as u64).to_be_bytes());
            text.extend(bytes);
        }
        let hash = digest::digest(&digest::SHA256, &text);
        for (lane, part) in self.lanes.iter_mut().zip(hash.as_ref().chunks_exact(8)) {
            let number = part
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte));
            *lane = lane.wrapping_add(number);
        }
        self.rows += 1;
    }

    fn of(self, table: &Table) -> Moved {
        let mut hash = [0; 32];
        for (part, lane) in hash.chunks_exact_mut(8).zip(self.lanes) {
            part.copy_from_slice(&lane.to_be_bytes());
        }
        Moved {
            table: table.name.clone(),
            rows: self.rows,
            hash,
        }
    }
}

/// A cell with its type, so that a text and the same bytes differ.
fn bytes(cell: &Cell) -> Vec<u8> {
    match cell {
        Cell::Null => vec![0],
        Cell::I64(number) => [&[1], number.to_be_bytes().as_slice()].concat(),
        Cell::Text(text) => [&[2], text.as_bytes()].concat(),
        Cell::Blob(bytes) => [&[3], bytes.as_slice()].concat(),
    }
}
