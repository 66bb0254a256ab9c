//! The `fieldseal` command: `serve`, and what an operator does with or without a running server.

pub mod admin;
mod audit;
mod backup;
mod import;
mod keys;
mod migrate_store;
mod password;
mod restore;
mod serve;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::backup::Manifest;

/// Records of product-quality supervision sampling: phones sync, the server rules.
#[derive(Debug, Parser)]
#[command(name = "fieldseal", version)]
struct Cli {
    /// Log as JSON, one object a line
    #[arg(long, global = true, env = "FIELDSEAL_LOG_JSON")]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server; makes its data folder and migrates its database first
    Serve(Box<serve::Serve>),
    /// Make administrators
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Show, rotate and revoke the server's signing keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Import a CSV file into a running server; asks for the password, or takes it from standard input
    Import(import::Import),
    /// Move everything from SQLite to an empty PostgreSQL database, checked by counts and hashes
    MigrateStore(migrate_store::MigrateStore),
    /// Copy the database and the files into a folder, while the server serves
    Backup(backup::Backup),
    /// Put a backup where the server will start; what was there is set aside
    Restore(restore::Restore),
    /// Compare database and objects with the log; says what was changed behind the server's back
    Audit(audit::Audit),
    /// Check a bundle of a visit (证据包) without a server; says what does not hold
    Verify(verify::Verify),
}

/// What a command ends with when it fails: a sentence for the operator.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs the command of the process's arguments.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    crate::telemetry::start_logging(cli.log_json);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve(command) => command.run().await,
            Command::Admin(command) => command.run().await,
            Command::Keys(command) => command.run().await,
            Command::Import(command) => command.run(),
            Command::MigrateStore(command) => command.run().await,
            Command::Backup(command) => command.run().await,
            Command::Restore(command) => command.run().await,
            Command::Audit(command) => command.run().await,
            Command::Verify(command) => command.run(),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(error.as_ref()),
    }
}

/// A backup in a few words.
fn told(manifest: &Manifest) -> String {
    let changes = manifest.rows.get("changes").copied().unwrap_or_default();
    let visits = manifest.rows.get("visits").copied().unwrap_or_default();
    format!(
        "{} as of {}, {visits} visits, {changes} changes, {} files, {} bytes, schema {}",
        manifest.database,
        manifest.made_at,
        manifest.files.len(),
        manifest.bytes(),
        manifest.schema
    )
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("fieldseal: {error}");
    ExitCode::FAILURE
}
