//! Meets the network: binds, serves, and on a signal finishes what is under way before it ends.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::time::Duration;

use sync_core::limits::SHUTDOWN_S;
use tokio::net::TcpListener;

use crate::app::App;
use crate::router::router;

/// Serves until `shutdown` resolves, then takes no more and finishes what it began.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (store, held) = (app.store.clone(), app.clone());
    crate::services::sync::pull::begin_epoch(&app)
        .await
        .map_err(std::io::Error::other)?;
    crate::services::reference::rulebooks::deliver_builtin(&app)
        .await
        .map_err(std::io::Error::other)?;
    let ruling = tokio::spawn(crate::services::ruling::job::run(app.clone()));
    let media = tokio::spawn(crate::services::media::run(app.clone()));
    let keys = tokio::spawn(crate::services::server_keys::run(app.clone()));
    let finishing = tokio::spawn(crate::services::uploads::finish::run(app.clone()));
    let cleaning = tokio::spawn(crate::services::uploads::clean::run(app.clone()));
    let sealing = tokio::spawn(crate::services::log::checkpoints::run(app.clone()));
    let stamping = tokio::spawn(crate::services::log::stamps::run(app.clone()));
    let exporting = tokio::spawn(crate::services::bundles::run(app.clone()));
    let waking = tokio::spawn(crate::services::wakes::run(app.clone()));
    let publishing = tokio::spawn(crate::services::publicity::run(app.clone()));
    let importing = tokio::spawn(crate::services::imports::jobs::run(app.clone()));
    let listening = tokio::spawn(crate::services::events::run(app.clone()));
    let service = router(app)
        .map_err(std::io::Error::other)?
        .into_make_service_with_connect_info::<SocketAddr>();
    let (told, mut ending) = tokio::sync::watch::channel(false);
    let uploading = held.clone();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        shutdown.await;
        tracing::info!("ending: what is under way is finished first");
        told.send_replace(true);
        uploading.events.end_all();
        // A film may go on for hours: what was read of it is kept, and its phone goes on at the next server.
        uploading.uploads.writers.end_all().await;
    });
    let patience = async move {
        // Fails only when the server has ended, and then this is not waited for.
        let _ = ending.wait_for(|ending| *ending).await;
        tokio::time::sleep(Duration::from_secs(SHUTDOWN_S)).await;
    };
    let served = tokio::select! {
        served = server.into_future() => served,
        // Somebody who never finishes a request must not keep the server from ending: requests themselves are bounded.
        () = patience => {
            tracing::warn!("ending although a connection is still open");
            Ok(())
        }
    };
    ruling.abort();
    media.abort();
    keys.abort();
    finishing.abort();
    cleaning.abort();
    listening.abort();
    waking.abort();
    sealing.abort();
    stamping.abort();
    exporting.abort();
    publishing.abort();
    importing.abort();
    store.close().await;
    held.hold.let_go();
    served
}

/// Resolves on SIGTERM or SIGINT.
pub async fn signalled() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
