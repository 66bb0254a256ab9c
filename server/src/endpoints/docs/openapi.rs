//! `GET /v1/openapi.json`: the document, made from the handlers.

use axum::Extension;
use axum::http::header;
use axum::response::IntoResponse;

use crate::openapi::Published;

/// This API as an OpenAPI document
#[utoipa::path(get, path = "/v1/openapi.json", tag = "docs",
    responses((status = 200, content_type = "application/json")))]
pub async fn openapi(Extension(published): Extension<Published>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        published.json.to_string(),
    )
}
