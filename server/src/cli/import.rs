//! `fieldseal import`: a CSV file through the API of a running server, so that a file from the command line passes the
//! same checks, scopes and audit as one from anywhere else.

use std::io::IsTerminal;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;
use sync_core::limits::IMPORT_REQUEST_S;

use super::{Outcome, password};
use crate::access::replays::IDEMPOTENCY_KEY;
use crate::rng::{Rng as _, SystemRng};
use crate::services::imports::{Kind, Report};

/// The arguments of `import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// What the file holds
    #[arg(value_enum)]
    kind: Kind,
    /// The file: UTF-8, headers in English or Chinese
    file: PathBuf,
    /// Check every row and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the good rows although there are bad ones
    #[arg(long)]
    skip_bad: bool,
    /// Where the server listens
    #[arg(
        long,
        env = "FIELDSEAL_SERVER",
        default_value = "http://127.0.0.1:8080"
    )]
    server: String,
    /// Who imports
    #[arg(long, env = "FIELDSEAL_USERNAME")]
    username: String,
    /// Read the password from standard input instead of FIELDSEAL_PASSWORD or asking for it
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

/// The fields of a problem that an operator acts on.
#[derive(Deserialize)]
struct Refused {
    code: String,
    title: String,
    detail: Option<String>,
}

impl Import {
    /// Imports and says what came of it; a bad row is a failure even where the good ones were written.
    pub fn run(self) -> Outcome {
        let file = std::fs::read(&self.file)
            .map_err(|error| format!("cannot read {}: {error}", self.file.display()))?;
        let password = match std::env::var("FIELDSEAL_PASSWORD") {
            Ok(password) if !self.password_stdin => password,
            // Nobody can be asked where no terminal is; what comes there is the password.
            _ if self.password_stdin || !std::io::stdin().is_terminal() => password::from_stdin()?,
            _ => password::ask(&self.username)?,
        };
        let agent = agent();
        let token = self.log_in(&agent, &password)?;
        let report = self.send(&agent, &token, &file, self.dry_run)?;
        let report = match report {
            Ok(report) => report,
            // The rows of a file that was refused as a whole are told by a dry run, as rows.
            Err(refused) if refused.code == "import_invalid" && !self.dry_run => {
                match self.send(&agent, &token, &file, true)? {
                    Ok(report) if !report.bad.is_empty() => report,
                    _ => return Err(refused.to_string().into()),
                }
            }
            Err(refused) => return Err(refused.to_string().into()),
        };
        self.tell(&report)
    }

    fn log_in(
        &self,
        agent: &ureq::Agent,
        password: &str,
    ) -> Result<String, Box<dyn std::error::Error>> {
        let grant = json!({ "grant": "password", "username": self.username, "password": password });
        let answer = agent
            .post(format!("{}/v1/tokens", self.base()))
            .header("content-type", "application/json")
            .header(IDEMPOTENCY_KEY, fresh_key())
            .send(grant.to_string())
            .map_err(|error| self.unreachable(&error))?;
        let tokens: Result<Tokens, Refused> = self.read(answer)?;
        Ok(tokens.map_err(|refused| refused.to_string())?.access_token)
    }

    fn send(
        &self,
        agent: &ureq::Agent,
        token: &str,
        file: &[u8],
        dry_run: bool,
    ) -> Result<Result<Report, Refused>, Box<dyn std::error::Error>> {
        let kind = self.kind.as_str();
        let skip_bad = self.skip_bad && !dry_run;
        let address = format!(
            "{}/v1/imports/{kind}?dry_run={dry_run}&skip_bad={skip_bad}",
            self.base()
        );
        let answer = agent
            .post(address)
            .header("content-type", "text/csv")
            .header(IDEMPOTENCY_KEY, fresh_key())
            .header("authorization", format!("Bearer {token}"))
            .send(file)
            .map_err(|error| self.unreachable(&error))?;
        self.read(answer)
    }

    fn read<T: serde::de::DeserializeOwned>(
        &self,
        mut answer: ureq::http::Response<ureq::Body>,
    ) -> Result<Result<T, Refused>, Box<dyn std::error::Error>> {
        let status = answer.status();
        let text = answer.body_mut().read_to_string()?;
        let strange = |error| {
            format!(
                "{} answered {status}, no answer of Fieldseal: {error}",
                self.server
            )
        };
        Ok(if status.is_success() {
            Ok(serde_json::from_str(&text).map_err(strange)?)
        } else {
            Err(serde_json::from_str(&text).map_err(strange)?)
        })
    }

    fn tell(&self, report: &Report) -> Outcome {
        let file = self.file.display();
        for bad in &report.bad {
            let column = match &bad.column {
                Some(column) => format!(", column {column}"),
                None => String::new(),
            };
            eprintln!(
                "{file}: line {}{column}: {} ({})",
                bad.line, bad.message, bad.code
            );
        }
        let (created, updated, unchanged) = (report.created, report.updated, report.unchanged);
        let counts = format!("{created} created, {updated} updated, {unchanged} unchanged");
        match (report.written, self.dry_run) {
            (true, _) => println!("Imported {file}: {counts}."),
            (false, true) => println!("Checked {file}, nothing written: {counts} if imported."),
            (false, false) => println!("Nothing written of {file}: {counts} without its bad rows."),
        }
        match report.bad.len() {
            0 => Ok(()),
            1 => Err("1 problem in the rows of the file".into()),
            count => Err(format!("{count} problems in the rows of the file").into()),
        }
    }

    fn base(&self) -> &str {
        self.server.trim_end_matches('/')
    }

    fn unreachable(&self, error: &ureq::Error) -> String {
        format!("cannot reach the server at {}: {error}", self.server)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = self.detail.as_ref().unwrap_or(&self.title);
        write!(f, "the server refused: {words} ({})", self.code)
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(std::time::Duration::from_secs(IMPORT_REQUEST_S)))
        .build()
        .new_agent()
}

/// A key for one request: whoever on the way sends it twice, it is one session and one import.
fn fresh_key() -> String {
    let mut key = [0; 16];
    SystemRng.fill(&mut key);
    hex::encode(key)
}
