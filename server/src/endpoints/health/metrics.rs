//! `GET /metrics`: counters, gauges and durations in Prometheus' text form. On the main address only callers on this
//! machine get them; `--metrics-listen` opens an address of their own.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;

use crate::app::App;
use crate::problem::{Code, Problem, ProblemBody};
use crate::services::gauges;
use crate::telemetry;

/// What a proxy in front adds: whoever comes through one is not on this machine.
const PROXIED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Metrics in Prometheus' text form; on the main address for callers on the server's machine alone
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = ProblemBody)))]
pub async fn metrics(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let proxied = PROXIED.iter().any(|name| headers.contains_key(*name));
    if proxied || !peer.ip().to_canonical().is_loopback() {
        return Err(Problem::new(Code::NotFound).detail("metrics are for callers on this machine"));
    }
    Ok(text(&app).await)
}

/// The same on an address of its own, for whoever reaches it.
pub async fn metrics_apart(State(app): State<App>) -> impl IntoResponse {
    text(&app).await
}

async fn text(app: &App) -> impl IntoResponse + use<> {
    gauges::set(app).await;
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        telemetry::metrics().render(),
    )
}
