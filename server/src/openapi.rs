//! The OpenAPI document: its frame here, its operations from the handlers, and what their types cannot say: identifiers
//! are newtypes of the core, which knows no OpenAPI, so their formats follow from the names of the fields.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Map, Value, json};
use sync_core::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use utoipa::openapi::OpenApi as Api;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::access::replays;
use crate::extract::PAGING;

/// The frame of the document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Fieldseal",
        description = "Records of product-quality supervision sampling (产品质量监督抽查): phones sync, the server rules.",
    ),
    modifiers(&BearerTokens),
    components(schemas(crate::problem::ProblemBody, crate::services::imports::Kind))
)]
pub struct Document;

struct BearerTokens;

impl Modify for BearerTokens {
    fn modify(&self, document: &mut Api) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("access_token", SecurityScheme::Http(scheme));
    }
}

/// Makes the document say as much as is true: problems under their own media type, for every operation; formats of
/// identifiers, regions, codes and times.
fn sharpened(document: &Api) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(document)?;
    let schemas = value.pointer_mut("/components/schemas");
    for schema in schemas.and_then(Value::as_object_mut).into_iter().flatten() {
        sharpen_fields(schema.1);
    }
    let paths = value.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        let operations = item.as_object_mut().into_iter().flatten();
        for (method, operation) in operations.filter(|(_, it)| it["operationId"].is_string()) {
            tell_of_keys(method, operation);
            for parameter in parts(operation, "parameters") {
                let name = parameter["name"].as_str().unwrap_or_default().to_owned();
                let known = match (parameter["in"].as_str(), name.as_str()) {
                    (Some("path"), "id") => id_of_path(path),
                    (Some("query"), "after") => Some(match path.as_str() {
                        "/v1/visits" => ("pattern", "^-?[0-9]{1,18}_[0-9a-f]{64}$"),
                        "/v1/samples" => ("pattern", SAMPLE_PLACE),
                        "/v1/not-sampled" => ("pattern", NOT_SAMPLED_PLACE),
                        "/v1/cases" => ("pattern", CASE_PLACE),
                        _ => UUID,
                    }),
                    (Some("query"), "visit") => Some(HASH),
                    (Some("query"), "campaign" | "body") if path == "/v1/evidence" => Some(UUID),
                    _ => format_of(&name),
                };
                if let Some(schema) = parameter.get_mut("schema") {
                    constrain(schema, known);
                }
                let filters = parameter["in"] == "query" && !PAGING.contains(&name.as_str());
                if method == "get" && filters && parameter["required"] != true {
                    may_be_blank(parameter);
                }
            }
            if let Some(Value::Object(responses)) = operation.get_mut("responses") {
                sharpen_responses(responses);
            }
        }
    }
    Ok(value)
}

/// Says that a filter that is left blank is none, as `extract::Query` reads it.
fn may_be_blank(parameter: &mut Value) {
    let Some(schema) = parameter.get_mut("schema") else {
        return;
    };
    let blank =
        json!({ "type": "string", "pattern": "^\\s*$", "description": "Left blank: not asked" });
    *schema = json!({ "anyOf": [schema.take(), blank] });
}

/// Tells of the `Idempotency-Key` where an operation heeds it.
fn tell_of_keys(method: &str, operation: &mut Value) {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let method = method.to_uppercase().parse().unwrap_or(Method::GET);
    if !replays::heeds(&method, id) {
        return;
    }
    let key = json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Drawn by the client for one request: sent again under it within a day, the request is done once \
            and answered as before. Another request under it gets `idempotency_key_reused`. A UUID does well; any printable \
            ASCII without spaces is taken.",
        "schema": {
            "type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARS_MAX,
            "examples": ["0199082b-5a78-7d57-9615-b380de05f7a7"],
        },
    });
    if let Value::Object(operation) = operation {
        let list = operation.entry("parameters").or_insert_with(|| json!([]));
        list.as_array_mut()
            .into_iter()
            .for_each(|it| it.push(key.clone()));
    }
}

/// The parts of a list inside a value, if it has such a list.
fn parts<'a>(value: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
    // Indexing a mutable value would put a null where there is nothing.
    let list = value.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}

/// Problems have a media type of their own, and any operation may answer with one.
fn sharpen_responses(responses: &mut Map<String, Value>) {
    let problem = json!({ "schema": { "$ref": "#/components/schemas/ProblemBody" } });
    for (range, description) in [
        ("4XX", "A problem with the request: its code says which"),
        (
            "5XX",
            "The server is busy or failed: the same may be sent again",
        ),
    ] {
        let answer =
            json!({ "description": description, "content": { "application/json": problem } });
        responses.entry(range).or_insert(answer);
    }
    for (_, response) in responses {
        let Some(Value::Object(content)) = response.get_mut("content") else {
            continue;
        };
        if content.get("application/json") == Some(&problem) {
            content.remove("application/json");
            content.insert("application/problem+json".to_owned(), problem.clone());
        }
    }
}

/// Gives the fields of an object, at any depth, the formats that their names stand for.
fn sharpen_fields(schema: &mut Value) {
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.into_iter().flatten() {
        constrain(field, format_of(name));
        sharpen_fields(field);
        if let Some(items) = field.get_mut("items") {
            sharpen_fields(items);
        }
    }
    for group in ["oneOf", "allOf", "anyOf"] {
        for part in parts(schema, group) {
            sharpen_fields(part);
        }
    }
}

/// Adds a format or pattern to a text that has neither.
fn constrain(schema: &mut Value, known: Option<(&str, &str)>) {
    let text = match &schema["type"] {
        Value::String(kind) => kind == "string",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
    };
    let mut words = ["format", "pattern", "enum"].iter();
    let free = words.all(|word| schema.get(*word).is_none());
    if let (Some((key, value)), Value::Object(schema), true) = (known, schema, text && free) {
        schema.insert(key.to_owned(), json!(value));
    }
}

/// A SHA-256 in hex: documents, changes, facts.
const HASH: (&str, &str) = ("pattern", "^[0-9a-f]{64}$");
/// A sample and the document of its record.
const SAMPLE_PLACE: &str = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[0-9a-f]{64}$";
/// When a record was made, which one it is, and the document of its visit.
const NOT_SAMPLED_PLACE: &str =
    "^-?[0-9]{1,18}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_[0-9a-f]{64}$";
/// Latitude and longitude in degrees.
const NEAR: &str = "^-?[1-8]?[0-9](\\.[0-9]{1,7})?,-?(1[0-7][0-9]|[1-9]?[0-9])(\\.[0-9]{1,7})?$";
/// What a case is sorted by, its visit, and the refusal or report.
const CASE_PLACE: &str = "^-?[0-9]{1,18}_[0-9a-f]{64}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
const UUID: (&str, &str) = ("format", "uuid");

/// What `{id}` is in a path.
fn id_of_path(path: &str) -> Option<(&'static str, &'static str)> {
    match path.split('/').nth(2) {
        Some("visits") => Some(HASH),
        Some("rulebooks" | "entries") => None,
        _ => Some(UUID),
    }
}

/// What a field of this name holds, wherever it stands.
fn format_of(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "document_id" | "visit_id" => Some(HASH),
        // Words of people or of other programs.
        "rulebook_id" | "rule_id" | "key_id" | "request_id" => None,
        // Of two identifiers.
        "case_id" => None,
        "region" => Some(("pattern", "^[0-9]{6}$")),
        "uscc" | "producer_uscc" | "enterprise_uscc" => Some((
            "pattern",
            "^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$",
        )),
        "near" => Some(("pattern", NEAR)),
        "sampled_on" | "due_on" | "effective_from" | "from" | "to" => Some(("format", "date")),
        _ if name.ends_with("_id") => Some(UUID),
        _ if name.ends_with("_at") => Some(("format", "date-time")),
        _ => None,
    }
}

/// The document as this server publishes it, rendered once.
#[derive(Clone, Debug)]
pub struct Published {
    /// The document as JSON.
    pub json: Arc<str>,
    /// The document for people, as HTML.
    pub page: Arc<str>,
}

impl Published {
    /// Renders the document in both forms.
    pub fn new(document: &Api) -> Result<Self, serde_json::Error> {
        let document = sharpened(document)?;
        Ok(Self {
            json: serde_json::to_string_pretty(&document)?.into(),
            page: crate::endpoints::docs::page::render(&document).into(),
        })
    }
}
