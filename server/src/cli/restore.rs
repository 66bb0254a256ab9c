//! `fieldseal restore`: puts a backup where a server will start.

use std::path::PathBuf;

use super::Outcome;
use super::backup::PostgresPrograms;
use crate::backup;
use crate::config::DataConfig;

/// The arguments of `restore`.
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// The folder of the backup
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// Read and check the backup, and restore nothing
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    data: DataConfig,
    #[command(flatten)]
    programs: PostgresPrograms,
}

impl Restore {
    /// Restores, and says where things are now.
    pub async fn run(self) -> Outcome {
        let from = self.from.display();
        if self.check {
            let manifest = backup::check(&self.from)?;
            println!("The backup {from} is whole: {}.", super::told(&manifest));
            return Ok(());
        }
        let programs = self.programs.programs();
        let restored = backup::restore(&self.data, &self.from, &programs).await?;
        let data = self.data.data.display();
        println!(
            "Restored {from} into {data}: {}.",
            super::told(&restored.manifest)
        );
        if let Some(aside) = restored.set_aside {
            println!("What was there before was set aside: {}", aside.display());
        }
        println!(
            "Start the server. It has a new epoch ({}): every phone offers again what it holds. What nobody offers again \
             is listed in docs/backup.md.",
            restored.epoch
        );
        Ok(())
    }
}
