//! `GET /docs`: the OpenAPI document as a page to read, rendered here.

use std::fmt::Write;

use axum::Extension;
use axum::response::IntoResponse;
use serde_json::Value;

use super::html::{self, escape};
use crate::access::operations::{OPERATIONS, Who};
use crate::access::role::word;
use crate::openapi::Published;

/// This API for people
#[utoipa::path(get, path = "/docs", tag = "docs",
    responses((status = 200, content_type = "text/html")))]
pub async fn docs(Extension(published): Extension<Published>) -> impl IntoResponse {
    html::response(published.page.to_string())
}

/// The page for a document: operations by tag, then the shapes they use.
pub fn render(document: &Value) -> String {
    let mut body = String::from(
        "<p>Machines read <a href=\"/v1/openapi.json\">the OpenAPI document</a>; \
         errors are described under <a href=\"/docs/problems\">problems</a>.</p>\
         <p>Every operation but the public ones wants <code>Authorization: Bearer</code> with an access token of \
         <a href=\"#create_tokens\">POST /v1/tokens</a>. Lists come in pages of at most 200 rows: send <code>next</code> \
         of one page as <code>after</code> for the next. Times are RFC 3339, in UTC.</p>",
    );
    let mut by_tag = std::collections::BTreeMap::<String, String>::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if !operation["operationId"].is_string() {
                continue;
            }
            let tag = operation["tags"][0].as_str().unwrap_or("other").to_owned();
            by_tag
                .entry(tag)
                .or_default()
                .push_str(&operation_section(path, method, operation));
        }
    }
    body.push_str("<nav>");
    for tag in by_tag.keys() {
        let tag = escape(tag);
        let _ = write!(body, "<a href=\"#tag-{tag}\">{tag}</a>");
    }
    body.push_str("<a href=\"#shapes\">shapes</a></nav>");
    for (tag, sections) in by_tag {
        let tag = escape(&tag);
        let _ = write!(body, "<h2 id=\"tag-{tag}\">{tag}</h2>{sections}");
    }
    body.push_str("<h2 id=\"shapes\">Shapes</h2>");
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let schema = serde_json::to_string_pretty(schema).unwrap_or_default();
        let (name, schema) = (escape(name), escape(&schema));
        let _ = write!(body, "<h3 id=\"{name}\">{name}</h3><pre>{schema}</pre>");
    }
    html::page("Fieldseal API", &body)
}

fn operation_section(path: &str, method: &str, operation: &Value) -> String {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let mut section = format!(
        "<section><h3 id=\"{id}\"><span class=\"method\">{}</span> {}</h3><p>{} <span class=\"who\">{}</span></p>",
        method.to_uppercase(),
        escape(path),
        escape(operation["summary"].as_str().unwrap_or_default()),
        escape(&who(id)),
    );
    if let Some(text) = operation["description"].as_str() {
        let _ = write!(section, "<p>{}</p>", plain(text));
    }
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let _ = write!(
            section,
            "<p><code>{}</code> in {}: {}</p>",
            escape(parameter["name"].as_str().unwrap_or_default()),
            escape(parameter["in"].as_str().unwrap_or_default()),
            plain(parameter["description"].as_str().unwrap_or_default()),
        );
    }
    let request = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    section.push_str(&shape_link("takes", request));
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let content = response["content"].as_object().into_iter().flatten();
        for (_, media) in content {
            let schema = &media["schema"]["$ref"];
            section.push_str(&shape_link(&format!("{status}:"), schema));
        }
    }
    section.push_str("</section>");
    section
}

/// Text of a doc comment, its backticks as code.
fn plain(text: &str) -> String {
    let mut parts = text.split('`').map(escape);
    let mut out = parts.next().unwrap_or_default();
    let mut code = true;
    for part in parts {
        out.push_str(if code { "<code>" } else { "</code>" });
        out.push_str(&part);
        code = !code;
    }
    if !code {
        out.push_str("</code>");
    }
    out
}

fn shape_link(label: &str, reference: &Value) -> String {
    match reference.as_str().and_then(|text| text.rsplit('/').next()) {
        Some(name) => {
            let name = escape(name);
            format!("<p>{} <a href=\"#{name}\">{name}</a></p>", escape(label))
        }
        None => String::new(),
    }
}

fn who(id: &str) -> String {
    match OPERATIONS
        .iter()
        .find(|operation| operation.id == id)
        .map(|operation| operation.who)
    {
        Some(Who::Public) => "Without a token.".to_owned(),
        Some(Who::Anyone) => "Anybody who is logged in.".to_owned(),
        Some(Who::Roles(roles)) => {
            let names: Vec<_> = roles.iter().map(word).collect();
            format!("For {}.", names.join(", "))
        }
        None => String::new(),
    }
}
