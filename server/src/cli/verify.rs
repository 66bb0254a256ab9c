//! `fieldseal verify`: checks a bundle without a server, a network or a database.

use std::path::PathBuf;

use sync_core::proof::bundle::Report;

use super::Outcome;
use crate::clock::rfc3339;
use crate::services::bundles::checking::{Trusted, check};
use crate::services::log::stamps::token::Roots;

/// The arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The bundle, as `GET /v1/visits/{id}/bundle` gave it, or the folder into which it was unpacked
    bundle: PathBuf,
    /// Trust this key of the server alone, by its name as `GET /v1/server-keys` lists it; may be said several times. Where
    /// none is said, the keys in the bundle are taken and named
    #[arg(long)]
    server_key: Vec<String>,
    /// Believe time stamps by these certificates (PEM) alone, which you have from the authority; where none are said, those
    /// in the bundle are taken
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// Tell what was found as JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Checks it, and fails where anything does not hold.
    pub fn run(self) -> Outcome {
        let authority = self.authority.as_deref().map(|file| {
            let read = std::fs::read_to_string(file).map_err(|error| error.to_string());
            let roots = read.and_then(|pem| Roots::read(&pem));
            roots.map_err(|why| format!("{}: {why}", file.display()))
        });
        let trusted = Trusted {
            server_keys: self.server_key.clone(),
            authority: authority.transpose()?,
        };
        let report = check(&self.bundle, &trusted)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            self.tell(&report);
        }
        match report.faults.len() {
            0 => {
                if !self.json {
                    println!("OK: everything holds");
                }
                Ok(())
            }
            count => Err(format!("{count} faults: the bundle does not hold").into()),
        }
    }

    /// For people who have never seen one.
    fn tell(&self, report: &Report) {
        for fault in &report.faults {
            println!("{:11} {}: {}", fault.check, fault.place, fault.why);
        }
        let checked: Vec<String> = report
            .checked
            .iter()
            .map(|(what, count)| format!("{what} {count}"))
            .collect();
        println!("checked: {}", checked.join(", "));
        if let Some(lines) = report.checked.get("adopted") {
            println!(
                "{lines} lines of the log tell of what was there before it began: as what it stood then, not that it was seen"
            );
        }
        if let Some(visit) = report.visit {
            println!("visit: {visit}");
        }
        if let Some(at) = report.made_at_ms {
            println!("made at: {}", rfc3339(at));
        }
        if let Some(at) = report.checkpoint_at_ms {
            println!("stands under a checkpoint of: {}", rfc3339(at));
        }
        if let (Some(at), Some(by)) = (report.stamped_at_ms, &report.stamped_by) {
            println!("which was there at: {}, says {by}", rfc3339(at));
            if self.authority.is_none() {
                println!(
                    "by the certificates in the bundle; get the authority's own and name them with --authority"
                );
            }
        }
        println!("server keys: {}", report.server_keys.join(" "));
        if self.server_key.is_empty() {
            println!("compare them with what the server publishes, or name one with --server-key");
        }
    }
}
