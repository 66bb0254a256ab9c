//! `fieldseal migrate-store`: a server outgrows SQLite. Everything moves to PostgreSQL, checked table by table; a kill leaves
//! the target empty, and running it again does it again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sync_core::limits::POSTGRES_CONNECTIONS;
use sync_core::proof::KeyId;

use super::Outcome;
use crate::data_folder::OBJECTS;
use crate::keys::{KeyFolder, ServerKey};
use crate::store::access::server_keys;
use crate::store::transfer::{self, Moved};
use crate::store::{Store, Tx};

/// The arguments of `migrate-store`.
#[derive(Debug, clap::Args)]
pub struct MigrateStore {
    /// The SQLite file of a server that is stopped (sqlite://data/fieldseal.db); the server's key is read from beside it
    #[arg(long, value_name = "URL")]
    from: String,
    /// An empty PostgreSQL database (postgres://…)
    #[arg(long, value_name = "URL")]
    to: String,
}

impl MigrateStore {
    /// Moves.
    pub async fn run(self) -> Outcome {
        let path = self.from.strip_prefix("sqlite:").ok_or(
            "migrate_source_invalid: --from is no sqlite:// address, as sqlite://data/fieldseal.db",
        )?;
        let file = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
        if !file.is_file() {
            return Err(format!(
                "migrate_source_missing: there is no file {}",
                file.display()
            )
            .into());
        }
        if !self.to.starts_with("postgres://") && !self.to.starts_with("postgresql://") {
            return Err("migrate_target_invalid: --to is no postgres:// address".into());
        }
        let keys = match file.parent() {
            Some(folder) => KeyFolder::of(folder).read()?,
            None => BTreeMap::new(),
        };
        let from = Store::open_sqlite(&file).await?;
        let to = Store::open_postgres(&self.to, POSTGRES_CONNECTIONS).await?;
        match transfer::copy(&from, &to).await? {
            transfer::Outcome::Copied(moved, mut tx) => {
                keep_keys(&mut tx, &keys).await?;
                tx.commit().await?;
                tell(&moved);
                tell_of_objects(&file);
                println!(
                    "Moved and checked. Serve it with FIELDSEAL_DATABASE_URL set to the new address."
                );
            }
            transfer::Outcome::There(moved) => {
                tell(&moved);
                println!("All of this is there already; nothing was done.");
            }
            transfer::Outcome::Foreign(table, rows) => {
                return Err(format!(
                    "migrate_target_not_empty: the target holds {rows} rows in {table} that are not of this source; \
                     nothing was done"
                )
                .into());
            }
            transfer::Outcome::Differs(table) => {
                return Err(format!(
                    "migrate_check_failed: {table} is not the same on both sides; nothing was kept"
                )
                .into());
            }
        }
        from.close().await;
        to.close().await;
        Ok(())
    }
}

/// The private halves come along, or phones would not know the server that they enrolled with.
async fn keep_keys(tx: &mut Tx, keys: &BTreeMap<KeyId, ServerKey>) -> Outcome {
    for mut row in server_keys::list(tx).await? {
        let Some(key) = keys.get(&row.key_id) else {
            continue;
        };
        row.private_key = Some(key.pkcs8().to_vec());
        server_keys::put(tx, &row).await?;
    }
    Ok(())
}

/// Evidence is no part of the database and stays where it is.
fn tell_of_objects(database: &Path) {
    let objects = database.parent().map(|folder| folder.join(OBJECTS));
    if let Some(objects) = objects.filter(|folder| folder.is_dir()) {
        println!(
            "Evidence stays in {}: serve with the same data folder.",
            objects.display()
        );
    }
}

fn tell(moved: &[Moved]) {
    for table in moved {
        println!(
            "{:24} {:>9} rows  {}",
            table.table,
            table.rows,
            hex::encode(&table.hash[..8])
        );
    }
}
