//! The schema's history. Each migration stands twice under `/migrations`, once per database, under one name; both are
//! part of the binary and run at start. The list below is the only place to add one.
//!
//! Not sqlx's own migrator: that one locks PostgreSQL with advisory locks, which CockroachDB and Yugabyte lack. Here a
//! migration inserts its own row first, in the transaction that applies it: the primary key is the lock.

use aws_lc_rs::digest;

use super::{Result, Store, StoreError, statements};
use crate::args;

/// A migration, for both databases.
#[derive(Debug)]
pub struct Migration {
    /// `NNNN_name`, as the files are called.
    pub name: &'static str,
    /// The script for SQLite.
    pub sqlite: &'static str,
    /// The script for PostgreSQL.
    pub postgres: &'static str,
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        /// All migrations, in order. Each is safe under the binary before it: expand first, contract later.
        pub const MIGRATIONS: &[Migration] = &[$(Migration {
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../../migrations/postgres/", $name, ".sql")),
        }),*];
    };
}

migrations![
    "0001_access",
    "0002_reference",
    "0003_documents",
    "0004_rulings",
    "0005_server_keys",
    "0006_ruled_facts",
    "0007_epochs",
    "0008_lifts",
    "0009_origins",
    "0010_known_login_places",
    "0011_locks",
    "0012_shared_keys",
    "0013_leases",
    "0014_strata",
    "0015_replays",
    "0016_restores",
    "0017_keyring",
    "0018_former_certificates",
    "0019_session_places",
    "0020_receipt_attempts",
    "0021_oidc",
    "0022_evidence",
    "0023_uploads",
    "0024_media",
    "0025_confirmations",
    "0026_notice",
    "0028_sampling_notices",
    "0029_follow_up",
    "0030_setup_tokens",
    "0031_lists",
    "0032_evidence_reviews",
    "0033_log",
    "0034_packed_facts",
    "0035_seals",
    "0036_console",
    "0037_work",
];

statements! {
    /// What was applied before.
    APPLIED = "SELECT name, checksum FROM schema_migrations ORDER BY name";
    /// Claims a migration; waits for, and then yields to, another replica that claimed it first.
    CLAIM = "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
}

const LEDGER_SQLITE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
     (name TEXT PRIMARY KEY NOT NULL, checksum BLOB NOT NULL) STRICT";
const LEDGER_POSTGRES: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
     (name TEXT PRIMARY KEY, checksum BYTEA NOT NULL)";

/// Servers that begin at once on an empty database may collide on the ledger itself: PostgreSQL tells all but one that it
/// exists by then, `IF NOT EXISTS` or not.
const LEDGER_ATTEMPTS: usize = 5;

async fn make_ledger(store: &Store) -> Result<()> {
    let mut attempts = 1;
    loop {
        let mut tx = store.begin_beside().await?;
        let made = tx
            .script(if store.kind() == "sqlite" {
                LEDGER_SQLITE
            } else {
                LEDGER_POSTGRES
            })
            .await;
        match made {
            Ok(()) => return tx.commit().await,
            Err(_) if attempts < LEDGER_ATTEMPTS => attempts += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Applies what is missing, and refuses a database whose history is not a beginning of ours.
pub async fn run(store: &Store) -> Result<()> {
    let sqlite = store.kind() == "sqlite";
    make_ledger(store).await?;
    let mut tx = store.begin_beside().await?;
    for row in tx.all(&APPLIED, args![]).await? {
        let name: String = row.get("name")?;
        let Some(known) = MIGRATIONS.iter().find(|known| known.name == name) else {
            return Err(StoreError::MigrationUnknown { name });
        };
        let script = if sqlite { known.sqlite } else { known.postgres };
        if row.get::<Vec<u8>>("checksum")? != checksum(script) {
            return Err(StoreError::MigrationChanged { name });
        }
    }
    drop(tx);

    for migration in MIGRATIONS {
        let script = if sqlite {
            migration.sqlite
        } else {
            migration.postgres
        };
        let mut tx = store.begin_beside().await?;
        if tx
            .exec(&CLAIM, args![migration.name, checksum(script)])
            .await?
            == 1
        {
            tx.script(script).await?;
            tx.commit().await?;
            tracing::info!(migration = migration.name, "migrated the database");
        }
    }
    Ok(())
}

fn checksum(script: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, script.as_bytes())
        .as_ref()
        .to_vec()
}
