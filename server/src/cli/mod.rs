//! The `fieldseal` command: `serve`, and what an operator does with or without a running server.

pub mod admin;
mod import;
mod migrate_store;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Serve(serve::Serve),
    /// Make administrators
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Import a CSV file into a running server; the password comes from FIELDSEAL_PASSWORD or standard input
    Import(import::Import),
    /// Move everything from SQLite to an empty PostgreSQL database, checked by counts and hashes
    MigrateStore(migrate_store::MigrateStore),
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
            Command::Import(command) => command.run(),
            Command::MigrateStore(command) => command.run().await,
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(error.as_ref()),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("fieldseal: {error}");
    ExitCode::FAILURE
}
