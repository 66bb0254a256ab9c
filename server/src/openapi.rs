//! The OpenAPI document: its frame here, its operations from the handlers.

use std::sync::Arc;

use utoipa::openapi::OpenApi as Api;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The frame of the document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Fieldseal",
        description = "Records of product-quality supervision sampling (产品质量监督抽查): phones sync, the server rules.",
    ),
    modifiers(&BearerTokens),
    components(schemas(crate::problem::ProblemBody))
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
    pub fn new(document: Api) -> Self {
        let json = document.to_pretty_json().unwrap_or_default();
        let page = crate::endpoints::docs::page::render(&document);
        Self {
            json: json.into(),
            page: page.into(),
        }
    }
}
