//! `GET /metrics`: counters and durations in Prometheus' text form.

use axum::http::header;
use axum::response::IntoResponse;

use crate::telemetry;

/// Metrics in Prometheus' text form
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String)))]
pub async fn metrics() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        telemetry::metrics().render(),
    )
}
