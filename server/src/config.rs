//! What an operator chooses: where to listen, where the data lies, which database.

use std::net::SocketAddr;
use std::path::PathBuf;

use sync_core::limits::POSTGRES_CONNECTIONS;

/// The settings of `fieldseal serve`; the other commands use those of the data.
#[derive(Clone, Debug, clap::Args)]
pub struct DataConfig {
    /// The folder for the database, the server's keys and the evidence; made if it is missing
    #[arg(
        long,
        env = "FIELDSEAL_DATA",
        default_value = "data",
        value_name = "FOLDER"
    )]
    pub data: PathBuf,
    /// A PostgreSQL database (postgres://…); without it, SQLite in the data folder
    #[arg(
        long,
        env = "FIELDSEAL_DATABASE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,
    /// Connections to PostgreSQL at most, of this server
    #[arg(
        long,
        env = "FIELDSEAL_DATABASE_CONNECTIONS",
        default_value_t = POSTGRES_CONNECTIONS,
        value_name = "NUMBER"
    )]
    pub database_connections: u32,
}

/// How the server meets the network.
#[derive(Clone, Debug, clap::Args)]
pub struct ListenConfig {
    /// The address to listen on
    #[arg(
        long,
        env = "FIELDSEAL_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Serve /metrics and /health at an address of their own too, for a Prometheus elsewhere; without it, /metrics
    /// is only for callers on this machine
    #[arg(long, env = "FIELDSEAL_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,
    /// Take a caller's address from the last X-Forwarded-For entry: only behind a proxy that sets it
    #[arg(long, env = "FIELDSEAL_TRUST_FORWARDED_FOR")]
    pub trust_forwarded_for: bool,
}
