//! Which database the servers of this process run on. The same tests are compiled into two binaries, so that nobody can
//! write one that runs on SQLite alone; a binary knows its database by the name that cargo gives it.

use std::sync::LazyLock;

/// The binary whose servers run on PostgreSQL.
const ON_POSTGRES: &str = "it_on_postgres";

/// A database that the server runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file in the server's folder.
    Sqlite,
    /// A private instance that the harness starts.
    Postgres,
}

impl Database {
    /// The one of this process.
    pub fn of_this_process() -> Self {
        static ANSWER: LazyLock<Database> = LazyLock::new(|| {
            let program = std::env::current_exe().expect("a program");
            let name = program.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(ON_POSTGRES) {
                Database::Postgres
            } else {
                Database::Sqlite
            }
        });
        *ANSWER
    }

    /// As `Store::kind` says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}
