//! `fieldseal audit`: whether database and objects are what the log says that they were.

use super::Outcome;
use crate::app::App;
use crate::clock::rfc3339;
use crate::config::DataConfig;
use crate::services::log::audit;

/// The arguments of `audit`.
#[derive(Debug, clap::Args)]
pub struct Audit {
    /// Leave out the bytes of evidence, which take as long as they are long
    #[arg(long)]
    without_objects: bool,
    #[command(flatten)]
    data: DataConfig,
}

impl Audit {
    /// Audits, and fails where anything is not as the log says.
    pub async fn run(self) -> Outcome {
        let app = App::open(&self.data, false).await?;
        let found = audit::audit(&app, !self.without_objects).await;
        let found = found.map_err(|problem| problem.to_string())?;
        app.store.close().await;
        for fault in &found.faults {
            println!("{}: {}", fault.place, fault.why);
        }
        let counted: Vec<String> = found
            .counted
            .iter()
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        println!("audited: {}", counted.join(", "));
        if let Some((at, _)) = found.adopted {
            println!(
                "of before the log, taken into it at {}: the lines whose kind begins with adopted-; they prove what stood then, \
                 and not that it was there before",
                rfc3339(at)
            );
        }
        match found.faults.len() {
            0 => {
                println!("OK: everything is as the log says");
                Ok(())
            }
            count => Err(format!("{count} faults").into()),
        }
    }
}
