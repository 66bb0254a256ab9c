//! `GET /health/live`: the process answers.

/// Whether the process is alive
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = String)))]
pub async fn live() -> &'static str {
    "live\n"
}
