//! `GET /docs/problems`: the catalogue of problems, where each problem's `type` leads.

use std::fmt::Write;

use axum::response::IntoResponse;

use super::html;
use crate::problem::Code;

/// Every problem this API answers with, and its stable code
#[utoipa::path(get, path = "/docs/problems", tag = "docs",
    responses((status = 200, content_type = "text/html")))]
pub async fn problems() -> impl IntoResponse {
    let mut rows = String::new();
    for code in Code::ALL {
        let (name, status, title) = (code.as_str(), code.status().as_u16(), code.title());
        let meaning = html::escape(code.meaning());
        let _ = write!(
            rows,
            "<tr id=\"{name}\"><td><code>{name}</code></td><td>{status}</td><td>{title}. {meaning}</td></tr>"
        );
    }
    let table =
        format!("<table><tr><th>Code</th><th>Status</th><th>Meaning</th></tr>{rows}</table>");
    html::response(html::page("Problems", &table))
}
