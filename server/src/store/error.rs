//! What can go wrong in the store, by what a service does about it.

use sqlx::error::{DatabaseError, ErrorKind};

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is taken. Named as PostgreSQL names it by default, on SQLite too: `users_username_key`, `users_pkey`.
    #[error("conflict on {constraint}")]
    Conflict {
        /// The key.
        constraint: String,
    },
    /// A reference points to nothing, or something still points here.
    #[error("a reference does not hold")]
    Reference,
    /// The databases ask to try the whole transaction again (busy, serialization, deadlock).
    #[error("try the transaction again")]
    Retry,
    /// No connection was free in time.
    #[error("no database connection was free in time")]
    Exhausted,
    /// The database is not there: it restarts, ends, refuses connections, or the network between is broken. What was under
    /// way was either done or not; sending the same again is safe.
    #[error("the database cannot be reached: {0}")]
    Unavailable(sqlx::Error),
    /// The disk of the database is full. What was under way was not done.
    #[error("the disk of the database is full: {0}")]
    Full(sqlx::Error),
    /// A statement that must give a row gave none.
    #[error("{statement} gave no row")]
    NoRow {
        /// Which statement.
        statement: &'static str,
    },
    /// A column is not what the program takes it for.
    #[error("column {name} is not {wanted}")]
    Column {
        /// Which column.
        name: &'static str,
        /// What it was read as.
        wanted: &'static str,
    },
    /// A migration that was applied is not the one this binary carries.
    #[error("migration {name} in the database differs from the one in this binary")]
    MigrationChanged {
        /// Which migration.
        name: String,
    },
    /// The database knows a migration that this binary does not: a newer one has been here.
    #[error("the database was migrated by a newer version ({name})")]
    MigrationUnknown {
        /// Which migration.
        name: String,
    },
    /// The database's file is not there any more.
    #[error("the file of the database is gone")]
    Gone,
    /// A restore into this database did not end.
    #[error(
        "restore_unfinished: a restore into this database did not end; run `fieldseal restore` again"
    )]
    HalfFilled,
    /// The database is none of ours.
    #[error("it is no database of Fieldseal's")]
    Foreign,
    /// A text holds U+0000, which PostgreSQL does not store.
    #[error("a text holds U+0000")]
    Nul,
    /// Anything else.
    #[error(transparent)]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) {
            return StoreError::Exhausted;
        }
        let Some(told) = error.as_database_error() else {
            return if connection_is_lost(&error) {
                StoreError::Unavailable(error)
            } else {
                StoreError::Database(error)
            };
        };
        let code = told.code().unwrap_or_default();
        if code == "22021" {
            return StoreError::Nul;
        }
        if asks_to_retry(&code) {
            return StoreError::Retry;
        }
        if disk_is_full(&code) {
            return StoreError::Full(error);
        }
        if database_is_away(&code) {
            return StoreError::Unavailable(error);
        }
        match told.kind() {
            ErrorKind::UniqueViolation => StoreError::Conflict {
                constraint: constraint_name(told),
            },
            ErrorKind::ForeignKeyViolation => StoreError::Reference,
            _ => StoreError::Database(error),
        }
    }
}

fn connection_is_lost(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed
    )
}

/// PostgreSQL's 53100, and SQLite's FULL.
fn disk_is_full(code: &str) -> bool {
    matches!(code, "53100" | "13")
}

/// PostgreSQL's classes 08 (connection exception) and 53 (no room for connections, memory or disk), what it says while it
/// ends or begins (57P01–57P05), while a database takes no connections (55000) or is dropped and after a
/// transaction that slept too long (25P03).
fn database_is_away(code: &str) -> bool {
    code.len() == 5
        && (code.starts_with("08")
            || code.starts_with("53")
            || matches!(
                code,
                "57P01" | "57P02" | "57P03" | "57P04" | "57P05" | "55000" | "25P03"
            ))
}

/// PostgreSQL: 40001 serialization failure, 40P01 deadlock, 55P03 a lock that was not free in time. SQLite: BUSY and LOCKED with their extended codes, whose
/// low byte is the primary code.
fn asks_to_retry(code: &str) -> bool {
    match code {
        "40001" | "40P01" | "55P03" => true,
        // Five characters are an SQLSTATE, which may look like a number.
        _ if code.len() == 5 => false,
        _ => code
            .parse::<u32>()
            .is_ok_and(|code| matches!(code & 0xff, 5 | 6)),
    }
}

/// PostgreSQL names the constraint. SQLite says `UNIQUE constraint failed: users.username` and, for a primary key, a code
/// of its own; both become the name that PostgreSQL gives by default.
fn constraint_name(told: &dyn DatabaseError) -> String {
    const SQLITE_PRIMARY_KEY: &str = "1555";
    if let Some(name) = told.constraint() {
        return name.to_owned();
    }
    let columns = told.message().rsplit(": ").next().unwrap_or_default();
    let table = columns.split('.').next().unwrap_or_default();
    if told.code().as_deref() == Some(SQLITE_PRIMARY_KEY) {
        return format!("{table}_pkey");
    }
    let mut name = table.to_owned();
    for column in columns
        .split(", ")
        .filter_map(|column| column.split('.').nth(1))
    {
        name.push('_');
        name.push_str(column);
    }
    name + "_key"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_by_what_one_does_about_them() {
        for code in ["40001", "40P01", "55P03", "5", "517", "6"] {
            assert!(asks_to_retry(code) && !database_is_away(code), "{code}");
        }
        for code in ["08006", "53300", "57P01", "57P03", "25P03"] {
            assert!(database_is_away(code) && !asks_to_retry(code), "{code}");
        }
        // A unique key, a syntax error, a full SQLite disk, and SQLSTATEs whose digits end like BUSY.
        for code in ["23505", "42601", "13", "10005", "22005"] {
            assert!(!database_is_away(code) && !asks_to_retry(code), "{code}");
        }
        for (code, full) in [
            ("53100", true),
            ("13", true),
            ("10013", false),
            ("53300", false),
        ] {
            assert_eq!(disk_is_full(code), full, "{code}");
        }
    }
}
