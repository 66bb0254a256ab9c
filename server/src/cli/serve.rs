//! `fieldseal serve`: the server.

use tokio::net::TcpListener;

use super::Outcome;
use crate::app::App;
use crate::config::{DataConfig, ListenConfig};
use crate::serve::{serve, signalled};

/// The arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    #[command(flatten)]
    listen: ListenConfig,
    #[command(flatten)]
    data: DataConfig,
}

impl Serve {
    /// Serves until the process is told to end.
    pub async fn run(self) -> Outcome {
        let app = App::open(&self.data, self.listen.trust_forwarded_for).await?;
        let listener = TcpListener::bind(self.listen.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", self.listen.listen))?;
        println!("Fieldseal listens on http://{}", listener.local_addr()?);
        serve(app, listener, signalled()).await?;
        Ok(())
    }
}
