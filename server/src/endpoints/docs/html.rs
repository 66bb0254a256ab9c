//! Pages without scripts and without anybody else's server: one frame, escaped text, a strict policy.

use axum::http::{HeaderName, header};
use axum::response::IntoResponse;

/// No script, no frame, no other origin; styles only from the page itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
    color:#1a1a1a;background:#fff}h2{margin-top:2.5rem}h3{font-family:ui-monospace,monospace;font-size:1rem}\
    code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f4f4f2;padding:.75rem;overflow-x:auto}\
    table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.35rem .6rem;\
    border-bottom:1px solid #ddd}.method{font-weight:700}.who{color:#555}\
    code,h3{overflow-wrap:anywhere}nav a{display:inline-block;margin:0 1rem .4rem 0}section p{margin:.3rem 0}\
    section{border-top:1px solid #ddd;padding:.2rem 0 .8rem}\
    @media(max-width:40rem){body{margin:1rem auto}table,tbody,tr,td{display:block}th{display:none}td{border:0;padding:.1rem 0}\
    tr{border-bottom:1px solid #ddd;padding:.6rem 0}}\
    @media(prefers-color-scheme:dark){body{color:#e8e8e6;background:#16181a}pre{background:#22262a}\
    td,th,tr,section{border-color:#3a3f44}.who{color:#a5a9ad}a{color:#8ab8f0}}";

/// Text as it may stand between tags and in quoted attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A whole page.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>\n"
    )
}

/// The page as a response.
pub fn response(page: String) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ];
    (headers, page)
}
