//! A row as read from either database: names and cells, converted once, so that nothing above knows which one it was.

use std::sync::Arc;

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, Row as _, TypeInfo, ValueRef};
use uuid::Uuid;

use super::{Result, StoreError};

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// NULL of any type.
    Null,
    /// A whole number; PostgreSQL's booleans become 0 and 1.
    I64(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A row of a result.
#[derive(Clone, Debug)]
pub struct Row {
    names: Arc<[String]>,
    cells: Vec<Cell>,
}

impl Row {
    /// The column of that name as `T`. A missing column or another type is a fault of the program, told by name.
    pub fn get<T: FromCell>(&self, name: &'static str) -> Result<T> {
        let position = self.names.iter().position(|have| have == name);
        let cell = position
            .and_then(|position| self.cells.get(position))
            .ok_or(StoreError::Column {
                name,
                wanted: "a column of that name",
            })?;
        T::from_cell(cell).ok_or(StoreError::Column {
            name,
            wanted: std::any::type_name::<T>(),
        })
    }

    /// Every column by its name.
    pub(super) fn into_named_cells(self) -> impl Iterator<Item = (String, Cell)> {
        let names = Vec::from_iter(self.names.iter().cloned());
        names.into_iter().zip(self.cells)
    }

    /// The values in the order of the columns.
    pub(super) fn into_cells(self) -> Vec<Cell> {
        self.cells
    }

    /// The rows of one statement, which share the names of its columns.
    pub(super) fn all_from_sqlite(rows: &[SqliteRow]) -> Result<Vec<Self>> {
        let names = names(rows);
        let rows = rows.iter().map(|row| Self::from_sqlite(row, &names));
        rows.collect()
    }

    /// As [`Row::all_from_sqlite`].
    pub(super) fn all_from_postgres(rows: &[PgRow]) -> Result<Vec<Self>> {
        let names = names(rows);
        let rows = rows.iter().map(|row| Self::from_postgres(row, &names));
        rows.collect()
    }

    fn from_sqlite(row: &SqliteRow, names: &Arc<[String]>) -> Result<Self> {
        let mut cells = Vec::with_capacity(row.columns().len());
        for column in row.columns() {
            let index = column.ordinal();
            let raw = row.try_get_raw(index)?;
            cells.push(match raw.type_info().name() {
                _ if raw.is_null() => Cell::Null,
                "NULL" => Cell::Null,
                "TEXT" => Cell::Text(row.try_get_unchecked(index)?),
                "BLOB" => Cell::Blob(row.try_get_unchecked(index)?),
                _ => Cell::I64(row.try_get_unchecked(index)?),
            });
        }
        let names = names.clone();
        Ok(Self { names, cells })
    }

    fn from_postgres(row: &PgRow, names: &Arc<[String]>) -> Result<Self> {
        let mut cells = Vec::with_capacity(row.columns().len());
        for column in row.columns() {
            let index = column.ordinal();
            if row.try_get_raw(index)?.is_null() {
                cells.push(Cell::Null);
                continue;
            }
            cells.push(match column.type_info().name() {
                "BYTEA" => Cell::Blob(row.try_get(index)?),
                "BOOL" => Cell::I64(row.try_get::<bool, _>(index)?.into()),
                "INT2" => Cell::I64(row.try_get::<i16, _>(index)?.into()),
                "INT4" => Cell::I64(row.try_get::<i32, _>(index)?.into()),
                "INT8" => Cell::I64(row.try_get(index)?),
                _ => Cell::Text(row.try_get(index)?),
            });
        }
        let names = names.clone();
        Ok(Self { names, cells })
    }
}

fn names<R: sqlx::Row>(rows: &[R]) -> Arc<[String]> {
    let columns = rows.first().map_or(&[][..], |row| row.columns());
    columns.iter().map(|it| it.name().to_owned()).collect()
}

/// What a cell can be read as.
pub trait FromCell: Sized {
    /// None if the cell holds something else.
    fn from_cell(cell: &Cell) -> Option<Self>;
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        if *cell == Cell::Null {
            Some(None)
        } else {
            T::from_cell(cell).map(Some)
        }
    }
}

impl FromCell for i64 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        if let Cell::I64(number) = cell {
            Some(*number)
        } else {
            None
        }
    }
}

impl FromCell for u32 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        i64::from_cell(cell).and_then(|number| number.try_into().ok())
    }
}

impl FromCell for u64 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        i64::from_cell(cell).and_then(|number| number.try_into().ok())
    }
}

impl FromCell for bool {
    fn from_cell(cell: &Cell) -> Option<Self> {
        i64::from_cell(cell).map(|number| number != 0)
    }
}

impl FromCell for String {
    fn from_cell(cell: &Cell) -> Option<Self> {
        if let Cell::Text(text) = cell {
            Some(text.clone())
        } else {
            None
        }
    }
}

impl FromCell for Vec<u8> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        if let Cell::Blob(bytes) = cell {
            Some(bytes.clone())
        } else {
            None
        }
    }
}

impl<const N: usize> FromCell for [u8; N] {
    fn from_cell(cell: &Cell) -> Option<Self> {
        if let Cell::Blob(bytes) = cell {
            bytes.as_slice().try_into().ok()
        } else {
            None
        }
    }
}

impl FromCell for Uuid {
    fn from_cell(cell: &Cell) -> Option<Self> {
        if let Cell::Text(text) = cell {
            Uuid::parse_str(text).ok()
        } else {
            None
        }
    }
}

macro_rules! uuid_cells {
    ($($name:ident),*) => {$(
        impl FromCell for sync_core::model::$name {
            fn from_cell(cell: &Cell) -> Option<Self> { Uuid::from_cell(cell).map(Self) }
        }
    )*};
}
uuid_cells!(
    OrganisationId,
    UserId,
    DeviceId,
    CampaignId,
    TaskId,
    TeamId,
    RulingId,
    SampleId,
    EvidenceId,
    UploadId
);

macro_rules! byte_cells {
    ($($name:ident),*) => {$(
        impl FromCell for sync_core::model::$name {
            fn from_cell(cell: &Cell) -> Option<Self> { FromCell::from_cell(cell).map(Self) }
        }
    )*};
}
byte_cells!(Actor, DocumentId, ChangeHash, Digest);
