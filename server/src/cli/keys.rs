//! `fieldseal keys`: the server's signing keys, where the data lies. A running server learns of it by itself. They are the
//! operator's alone: no administrator of a region orders them over the network.

use super::Outcome;
use crate::app::App;
use crate::config::DataConfig;
use crate::endpoints::server_keys::list::listed;
use crate::services::server_keys;

/// What to do about the keys.
#[derive(Debug, clap::Subcommand)]
pub enum Keys {
    /// Show them and what each does
    List(Data),
    /// Announce the next key, which signs a week later; one that is announced already is that one
    Rotate(Rotate),
    /// Do not believe a key any more, from now on: one that fell into wrong hands
    Revoke(Revoke),
}

/// Where the data lies.
#[derive(Debug, clap::Args)]
pub struct Data {
    #[command(flatten)]
    data: DataConfig,
}

/// The arguments of `keys rotate`.
#[derive(Debug, clap::Args)]
pub struct Rotate {
    /// Do not wait: others who keep a list of keys for an hour do not know it at first
    #[arg(long)]
    at_once: bool,
    #[command(flatten)]
    data: DataConfig,
}

/// The arguments of `keys revoke`.
#[derive(Debug, clap::Args)]
pub struct Revoke {
    /// Its name, as `keys list` shows it
    key_id: String,
    /// Why, for the audit trail
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    data: DataConfig,
}

impl Keys {
    /// Does it.
    pub async fn run(self) -> Outcome {
        let app = match &self {
            Self::List(Data { data }) | Self::Rotate(Rotate { data, .. }) => data,
            Self::Revoke(Revoke { data, .. }) => data,
        };
        let app = App::open(app, false).await?;
        match self {
            Self::List(_) => {}
            Self::Rotate(Rotate { at_once, .. }) => {
                let done = server_keys::rotate(&app, at_once).await;
                done.map_err(|problem| problem.to_string())?;
            }
            Self::Revoke(Revoke { key_id, reason, .. }) => {
                let done = server_keys::revoke(&app, &key_id, &reason).await;
                done.map_err(|problem| format!("{key_id}: {problem}"))?;
            }
        }
        for key in listed(&app) {
            let state = serde_json::to_value(key.state)?;
            println!(
                "{}  {:9}  from {}",
                key.key_id,
                state.as_str().unwrap_or_default(),
                key.activates_at
            );
        }
        app.store.close().await;
        Ok(())
    }
}
