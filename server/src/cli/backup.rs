//! `fieldseal backup`: a copy of everything, made while the server serves.

use std::path::PathBuf;

use super::Outcome;
use crate::backup::{self, Programs};
use crate::config::DataConfig;

/// The arguments of `backup`.
#[derive(Debug, clap::Args)]
pub struct Backup {
    /// The folder that the backup becomes; it appears when the backup is whole
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    data: DataConfig,
    #[command(flatten)]
    programs: PostgresPrograms,
}

/// Where PostgreSQL's programs are.
#[derive(Debug, clap::Args)]
pub struct PostgresPrograms {
    /// The folder of pg_dump and pg_restore; without it, where the system finds them
    #[arg(long, env = "FIELDSEAL_PG_BIN", value_name = "FOLDER")]
    pg_bin: Option<PathBuf>,
}

impl PostgresPrograms {
    /// For those who run them.
    pub fn programs(self) -> Programs {
        Programs {
            folder: self.pg_bin,
        }
    }
}

impl Backup {
    /// Makes it and says what is in it.
    pub async fn run(self) -> Outcome {
        let programs = self.programs.programs();
        let made = backup::make(&self.data, &self.to, &programs).await?;
        println!(
            "Backed up to {}: {}.",
            self.to.display(),
            super::told(&made.manifest)
        );
        println!(
            "Check it at any time: fieldseal restore --check --from {}",
            self.to.display()
        );
        if made.has_key {
            println!("The server's signing key is in it: keep it as you keep the key.");
        } else {
            eprintln!(
                "fieldseal: the server's signing key was not found, so it is not in the backup; phones would not know a \
                 server that is restored from it"
            );
        }
        Ok(())
    }
}
