//! What belongs to a dossier: printed forms, and letting quarantined changes in. Each is the API's own service.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use sync_core::model::DocumentId;
use uuid::Uuid;

use super::super::desk::Desk;
use super::super::on_to;
use crate::app::App;
use crate::endpoints::visits::forms::{FormQuery, page_of};
use crate::extract::{Form, Path, Query};
use crate::problem::Problem;
use crate::services::quarantine;

/// `GET /console/visits/{document}/forms/{kind}/{subject}`: a form to print.
pub async fn form(
    State(app): State<App>,
    desk: Desk,
    Path((document, kind, subject)): Path<(DocumentId, String, String)>,
    Query(query): Query<FormQuery>,
) -> Result<Response, Problem> {
    page_of(&app, &desk.principal, document, (&kind, &subject), &query).await
}

/// What is let in, and why.
#[derive(Debug, Deserialize)]
pub struct Admission {
    item: Uuid,
    reason: String,
}

/// `POST /console/visits/{document}/admission`.
pub async fn admit(
    State(app): State<App>,
    desk: Desk,
    Path(document): Path<DocumentId>,
    Form(typed): Form<Admission>,
) -> Result<Response, Problem> {
    quarantine::admit(&app, &desk.principal, typed.item, &typed.reason).await?;
    Ok(on_to(&format!("/console/visits/{document}#aside")))
}
