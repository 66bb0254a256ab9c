//! `fieldseal serve`: the server.

use std::future::IntoFuture;

use tokio::net::TcpListener;

use super::Outcome;
use crate::app::App;
use crate::config::{
    DataConfig, ListenConfig, OidcArguments, PublicityArguments, StampArguments, WakeArguments,
};
use crate::problem::Problem;
use crate::router;
use crate::serve::{serve, signalled};
use crate::services::administrators;
use crate::services::oidc::provider::Provider;
use crate::services::publicity::Gateway;
use crate::services::wakes::provider::Providers;

/// The arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    #[command(flatten)]
    listen: ListenConfig,
    #[command(flatten)]
    data: DataConfig,
    #[command(flatten)]
    oidc: OidcArguments,
    #[command(flatten)]
    wake: WakeArguments,
    #[command(flatten)]
    publicity: PublicityArguments,
    #[command(flatten)]
    stamp: StampArguments,
}

impl Serve {
    /// Serves until the process is told to end.
    pub async fn run(self) -> Outcome {
        let provider = self.oidc.config()?;
        let providers = Providers::read(&self.wake.wake_endpoint, &self.wake.wake_secret)?;
        let gateway = Gateway::read(
            self.publicity.publicity_endpoint.as_deref(),
            &self.publicity.publicity_secret,
        )?;
        let authority = self.stamp.authority()?;
        let app = App::open(&self.data, self.listen.trust_forwarded_for).await?;
        if let Some(provider) = provider {
            // Freshly opened, so there is none yet.
            let _ = app.oidc.set(Provider::new(provider));
        }
        if let Some(providers) = providers {
            let _ = app.providers.set(providers);
        }
        if let Some(tiles) = &self.listen.tiles_url {
            let _ = app.tiles.set(tiles.clone());
        }
        if let Some(gateway) = gateway {
            let _ = app.publicity.set(gateway);
        }
        if let Some(authority) = authority {
            let _ = app.authority.set(authority);
        }
        let listener = TcpListener::bind(self.listen.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", self.listen.listen))?;
        let address = listener.local_addr()?;
        let here = || format!("http://{address}");
        let _ = app
            .public_url
            .set(self.listen.public_url.clone().unwrap_or_else(here));
        let metrics = match self.listen.metrics_listen {
            Some(wanted) => Some(
                TcpListener::bind(wanted)
                    .await
                    .map_err(|error| format!("cannot listen for metrics on {wanted}: {error}"))?,
            ),
            None => None,
        };
        println!(
            "Fieldseal listens on http://{address} (console: http://{address}/console, API: http://{address}/docs)"
        );
        if let Some(metrics) = &metrics {
            println!(
                "Metrics and health: http://{}/metrics",
                metrics.local_addr()?
            );
        }
        let failed = |problem: Problem| problem.to_string();
        if administrators::nobody_yet(&app).await.map_err(failed)? {
            let database = match &self.data.database_url {
                Some(_) => " with the same FIELDSEAL_DATABASE_URL",
                None => "",
            };
            let token = administrators::begin_first_run(&app).await;
            let token = token.map_err(failed)?;
            println!(
                "There is nobody yet. Make the first administrator in a browser, within an hour:\n  \
                 http://{address}/console/setup with the token {token}\nor in another terminal{database}:"
            );
            // As this process was started, so that the line can be pasted.
            let program = std::env::args().next().unwrap_or("fieldseal".to_owned());
            let data = self.data.data.display();
            println!("  {program} admin create --username admin --data {data}");
        }
        // Ends with the process: nobody waits for an answer of these.
        let apart = metrics.map(|listener| {
            tokio::spawn(axum::serve(listener, router::apart(app.clone())).into_future())
        });
        serve(app, listener, signalled()).await?;
        if let Some(apart) = apart {
            apart.abort();
        }
        Ok(())
    }
}
